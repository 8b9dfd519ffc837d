//! The deployment as a whole: which nodes there are, how current this one is, which secrets and profiles are in use.
//! Facts to look at; nothing here changes anything.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::change::{RecordedProfile, Revision};
use keyward_core::keyring::VersionInfo;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;

pub use keyward_store::Node;

/// How current this node is, and must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// How long after a change no node decides from what was before it.
    pub bound: Duration,
    /// For how long beyond the bound nodes answer from old knowledge, where the operator chose that.
    pub serve_stale: Duration,
    /// How often a node asks the database when nothing wakes it.
    pub poll: Duration,
    /// How long ago this node last heard from the database; `None` for a node that is alone and so never stale.
    pub age: Option<Duration>,
}

impl Freshness {
    /// Whether this node denies everything, because it has not heard from the database for too long.
    pub fn is_stale(&self) -> bool {
        self.age.is_some_and(|age| age > self.bound + self.serve_stale)
    }
}

/// A node of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What it has applied, and when it was heard of last.
    pub node: Node,
    /// Whether it is the one that answers this.
    pub this: bool,
}

impl Server {
    /// Whether it was heard of within the bound.
    pub fn is_fresh(&self, bound: Duration, now: Timestamp) -> bool {
        now.since(self.node.heartbeat) <= bound
    }
}

/// A version of the key ring as this node has it. No secret of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingVersion {
    /// Its number and where it stands.
    pub info: VersionInfo,
    /// How many stored secrets need it.
    pub in_use: u64,
}

/// What a node's file of a profile is, beside the text that the deployment decides from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The same text.
    Same,
    /// Another text, of this version: see what it changes before it is applied.
    Other(u32),
    /// There is no file here.
    Missing,
}

/// A profile that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileState {
    /// Its recorded text.
    pub recorded: RecordedProfile,
    /// What people call it.
    pub title: String,
    /// This node's file of it.
    pub file: FileState,
}

/// What there is to know of a deployment.
#[derive(Clone, Debug)]
pub struct Status {
    /// The program's version on this node.
    pub version: &'static str,
    /// The last change that this node has applied.
    pub revision: Revision,
    /// What it is kept in: `SQLite` or `PostgreSQL`.
    pub database: &'static str,
    /// The number of its last migration.
    pub schema: i64,
    /// How current this node is.
    pub freshness: Freshness,
    /// Every registered node; a node that is alone is not registered.
    pub nodes: Vec<Server>,
    /// Recognises the key ring.
    pub fingerprint: String,
    /// Its versions, by number.
    pub ring: Vec<RingVersion>,
    /// Profiles that organizations use or have used, by name.
    pub profiles: Vec<ProfileState>,
}

/// How current this node is: for everybody who is known, because the bound is a promise to all of them.
pub fn freshness(app: &App, ctx: &Ctx) -> Result<Freshness, OpError> {
    match ctx.caller {
        Caller::Anonymous => Err(authority::unauthenticated()),
        Caller::Session(_) | Caller::Credential(_) | Caller::System => Ok(current(app, ctx)),
    }
}

/// Everything, for operators.
pub async fn status(app: &App, ctx: &Ctx) -> Result<Status, OpError> {
    authority::admit(ctx, &operations::DEPLOYMENT_GET)?;
    let this = app.nodes.node();
    let nodes = if app.nodes.alone() { Vec::new() } else { app.store.nodes().await? };
    let mut reader = app.store.read().await?;
    let in_use = reader.peppers_in_use().await?;
    let recorded = reader.recorded_profiles().await?;
    drop(reader);
    let index = app.index.snapshot();
    let ring = app.ring();
    let count = |number| in_use.iter().filter(|(version, _)| *version == number).map(|(_, count)| count).sum();
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        revision: index.revision(),
        database: if app.config.sqlite_file().is_some() { "SQLite" } else { "PostgreSQL" },
        schema: app.store.schema(),
        freshness: current(app, ctx),
        nodes: nodes.into_iter().map(|node| Server { this: node.node == this, node }).collect(),
        fingerprint: ring.fingerprint().to_string(),
        ring: ring
            .versions()
            .into_iter()
            .map(|info| RingVersion { in_use: count(info.version.number()), info })
            .collect(),
        profiles: recorded
            .into_iter()
            .map(|recorded| ProfileState {
                title: index.profile(&recorded.name).map_or_else(|| recorded.name.clone(), |p| p.title.clone()),
                file: file_of(app, &recorded),
                recorded,
            })
            .collect(),
    })
}

/// Refuses everybody but the operators of this deployment.
pub fn must_be_operator(ctx: &Ctx) -> Result<(), OpError> {
    match &ctx.caller {
        Caller::Session(SignedIn { operator: true, .. }) | Caller::System => Ok(()),
        Caller::Anonymous => Err(authority::unauthenticated()),
        Caller::Session(_) | Caller::Credential(_) => {
            Err(OpError::new(ErrorCode::OperatorRequired, "only an operator of this deployment may see this"))
        }
    }
}

fn current(app: &App, ctx: &Ctx) -> Freshness {
    let settings = &app.config.freshness;
    let age = (!app.nodes.alone()).then(|| app.nodes.age(&app.index.snapshot(), ctx.now.boot));
    Freshness { bound: settings.bound, serve_stale: settings.serve_stale.unwrap_or_default(), poll: settings.poll, age }
}

fn file_of(app: &App, recorded: &RecordedProfile) -> FileState {
    match app.profiles.get(&recorded.name) {
        None => FileState::Missing,
        Some((file, _)) if file.digest == recorded.digest => FileState::Same,
        Some((file, _)) => FileState::Other(file.version),
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::keyring::VersionState;

    use super::*;
    use crate::ops::testing::{START, TestApp, at};

    #[tokio::test]
    async fn an_operator_sees_the_deployment_and_nobody_else_does() {
        let (app, admin) = TestApp::set_up().await;
        let seen = status(&app, &at(START, admin.caller.clone())).await.unwrap();
        assert_eq!(seen.database, "SQLite");
        assert_eq!(seen.revision, app.index.snapshot().revision());
        let [version] = seen.ring.as_slice() else { panic!("{:?}", seen.ring) };
        assert_eq!((version.info.state, version.in_use), (VersionState::Current, 0));
        assert_eq!(seen.fingerprint, app.ring().fingerprint().to_string());
        let [profile] = seen.profiles.as_slice() else { panic!("{:?}", seen.profiles) };
        assert_eq!((profile.title.as_str(), profile.file), ("Keyward", FileState::Same));

        // Even a super admin is none.
        let (_, member) = app.member(&admin, "grace@example.com", true).await;
        let code = async |caller| status(&app, &at(START, caller)).await.unwrap_err().code;
        assert_eq!(code(member).await, ErrorCode::OperatorRequired);
        assert_eq!(code(Caller::Anonymous).await, ErrorCode::Unauthenticated);
    }

    #[tokio::test]
    async fn a_node_that_is_alone_is_never_stale() {
        let (app, admin) = TestApp::set_up().await;
        let seen = freshness(&app, &at(START, admin.caller)).unwrap();
        assert_eq!((seen.age, seen.is_stale(), seen.bound), (None, false, Duration::from_secs(5)));
        assert!(freshness(&app, &at(START, Caller::Anonymous)).is_err());
    }

    #[test]
    fn a_node_is_stale_once_it_heard_nothing_for_longer_than_it_may_serve() {
        let heard = |age: u64| Freshness {
            bound: Duration::from_secs(5),
            serve_stale: Duration::from_mins(1),
            poll: Duration::from_millis(500),
            age: Some(Duration::from_secs(age)),
        };
        assert!(!heard(65).is_stale());
        assert!(heard(66).is_stale());
    }

    #[tokio::test]
    async fn a_file_that_differs_from_the_recorded_text_is_told() {
        let (app, _) = TestApp::set_up().await;
        let recorded = |name: &str, text: &str| RecordedProfile::new(name, 7, text);
        assert_eq!(file_of(&app, &recorded("keyward", "an older text")), FileState::Other(1));
        assert_eq!(file_of(&app, &recorded("elsewhere", "a text")), FileState::Missing);
    }
}
