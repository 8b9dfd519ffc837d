//! Nodes, freshness, key ring and profiles.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keyward_core::keyring::VersionState;
use keyward_core::time::Timestamp;

use super::{CURRENT, Operator};
use crate::app::App;
use crate::console::page::{self, Refused};
use crate::console::settings::Current;
use crate::console::ui::When;
use crate::ops::deployment::{self, FileState, ProfileState, RingVersion, Server, Status};

#[derive(Template)]
#[template(path = "console/deployment/system.html")]
struct System {
    version: &'static str,
    database: &'static str,
    schema: i64,
    revision: String,
    freshness: Current,
    nodes: Vec<Node>,
    fingerprint: String,
    ring: Vec<Version>,
    profiles: Vec<Profile>,
    other_files: bool,
}

struct Node {
    id: String,
    this: bool,
    applied: String,
    seen: When,
    /// A word and the class of its dot.
    state: (&'static str, &'static str),
}

struct Version {
    number: String,
    state: (&'static str, &'static str),
    created: When,
    in_use: u64,
    check: String,
}

struct Profile {
    name: String,
    title: String,
    version: u32,
    digest: String,
    file: FileState,
}

pub(super) async fn show(State(app): State<Arc<App>>, Operator(visitor): Operator) -> Result<Response, Refused> {
    let status = deployment::status(&app, &visitor.ctx).await?;
    let system = System::of(&status, visitor.ctx.at());
    Ok(page::own_page(&visitor, "Deployment", CURRENT, &system))
}

impl System {
    fn of(status: &Status, now: Timestamp) -> Self {
        let profiles: Vec<Profile> = status.profiles.iter().map(Profile::of).collect();
        Self {
            version: status.version,
            database: status.database,
            schema: status.schema,
            revision: status.revision.0.to_string(),
            freshness: Current::of(&status.freshness),
            nodes: status.nodes.iter().map(|server| Node::of(server, status, now)).collect(),
            fingerprint: status.fingerprint.clone(),
            ring: status.ring.iter().map(|version| Version::of(version, now)).collect(),
            other_files: profiles.iter().any(|profile| matches!(profile.file, FileState::Other(_))),
            profiles,
        }
    }
}

impl Node {
    fn of(server: &Server, status: &Status, now: Timestamp) -> Self {
        let Server { node, this } = server;
        let state = match (server.is_fresh(status.freshness.bound, now), node.applied < status.revision) {
            (false, _) => ("Silent", "bad"),
            (true, true) => ("Catching up", "warn"),
            (true, false) => ("Current", "good"),
        };
        Self {
            id: node.node.to_string(),
            this: *this,
            applied: node.applied.0.to_string(),
            seen: When::of(node.heartbeat, now),
            state,
        }
    }
}

impl Version {
    fn of(version: &RingVersion, now: Timestamp) -> Self {
        let RingVersion { info, in_use } = version;
        Self {
            number: info.version.to_string(),
            state: match info.state {
                VersionState::Current => ("Current", "good"),
                VersionState::Accepted => ("Accepted", "warn"),
                VersionState::Retired => ("Retired", "off"),
            },
            created: When::of(info.created_at, now),
            in_use: *in_use,
            check: info.check.to_string(),
        }
    }
}

impl Profile {
    fn of(state: &ProfileState) -> Self {
        Self {
            name: state.recorded.name.clone(),
            title: state.title.clone(),
            version: state.recorded.version,
            digest: state.recorded.digest.clone(),
            file: state.file,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keyward_core::change::{RecordedProfile, Revision};
    use keyward_core::id::NodeId;

    use super::*;
    use crate::ops::deployment::Freshness;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    /// A node of several that last heard from the database `age` seconds ago.
    fn status(age: u64) -> Status {
        let second = Duration::from_secs(1);
        Status {
            version: "1",
            revision: Revision(9),
            database: "PostgreSQL",
            schema: 7,
            freshness: Freshness {
                bound: 5 * second,
                serve_stale: Duration::ZERO,
                poll: second,
                age: Some(Duration::from_secs(age)),
            },
            nodes: vec![server(9, 999)],
            fingerprint: "f1".into(),
            ring: Vec::new(),
            profiles: vec![ProfileState {
                recorded: RecordedProfile::new("own", 1, "a text"),
                title: "Own".into(),
                file: FileState::Other(2),
            }],
        }
    }

    fn server(applied: u64, heard: i64) -> Server {
        let node = deployment::Node {
            node: NodeId::from_bits(1),
            applied: Revision(applied),
            heartbeat: Timestamp::from_seconds(heard),
        };
        Server { node, this: true }
    }

    #[test]
    fn a_node_is_current_catching_up_or_silent() {
        let state = |applied, heard| Node::of(&server(applied, heard), &status(0), NOW).state.0;
        assert_eq!([state(9, 999), state(8, 999)], ["Current", "Catching up"]);
        assert_eq!([state(9, 994), state(8, 994)], ["Silent", "Silent"]);
    }

    #[test]
    fn what_an_operator_must_know_stands_above_everything() {
        let page = |age| System::of(&status(age), NOW).render().unwrap();
        let stale = page(7);
        assert!(stale.contains("This server is stale.") && stale.contains("7 seconds ago"), "{stale}");
        assert!(!page(4).contains("This server is stale."));
        assert!(stale.contains("another file of a profile") && stale.contains("this one"), "{stale}");
    }
}
