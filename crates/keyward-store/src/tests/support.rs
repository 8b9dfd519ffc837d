//! Small things that many tests do.

use std::sync::Mutex;

use futures_util::FutureExt as _;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::change::{Change, RecordedProfile, Revision};
use keyward_core::credential::CallerId;
use keyward_core::id::{AuditId, OrganizationId};
use keyward_core::time::Timestamp;
use tokio::sync::oneshot;

use crate::{Scope, Store, StoreError, Tx, Writer};

pub(super) const ORGANIZATION: Scope = Scope::Organization(OrganizationId::from_bits(1));
pub(super) const OTHER: Scope = Scope::Organization(OrganizationId::from_bits(2));

/// Why a test's job refuses.
#[derive(Debug)]
pub(super) enum Refused {
    ByRule,
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Store(error)
    }
}

pub(super) fn entry(operation: &str, target: &str) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bits(7),
        at: Timestamp::from_seconds(1_000),
        operation: operation.to_owned(),
        caller: CallerId::System,
        target: Some(target.to_owned()),
        outcome: Outcome::Done,
        details: serde_json::Map::new(),
        request: None,
        source: None,
    }
}

/// A change that can be told from others by its name.
pub(super) fn change(name: &str) -> Change {
    Change::Profile(RecordedProfile::new(name, 1, "text"))
}

pub(super) fn names<'a>(changes: &'a [Change]) -> Vec<&'a str> {
    let name = |change: &'a Change| match change {
        Change::Profile(profile) => profile.name.as_str(),
        other => panic!("not a change of a test: {other:?}"),
    };
    changes.iter().map(name).collect()
}

/// A table for jobs to write to.
pub(super) async fn scratch(store: &Store) {
    let create = "CREATE TABLE IF NOT EXISTS scratch
        (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL CHECK (value >= 0))";
    store.side_write(async move |writer| writer.exec(create, ()).await).await.unwrap();
}

/// What the table holds, by name.
pub(super) async fn rows(store: &Store) -> Vec<String> {
    let rows: Vec<(String,)> =
        store.read().await.unwrap().all("SELECT name FROM scratch ORDER BY name", ()).await.unwrap();
    rows.into_iter().map(|(name,)| name).collect()
}

/// The body of an ordinary job: a row, a change.
pub(super) async fn insert(tx: &mut Tx, name: &str) -> Result<AuditEntry, StoreError> {
    tx.exec("INSERT INTO scratch (name, value) VALUES ($1, 0)", (name,)).await?;
    tx.change(change(name));
    Ok(entry("scratch.create", name))
}

/// An ordinary write.
pub(super) async fn put(store: &Store, name: &str) -> Result<Revision, StoreError> {
    let name = name.to_owned();
    let written = store.write(ORGANIZATION, async move |tx| Ok(((), insert(tx, &name).await?))).await;
    written.map(|((), revision)| revision)
}

/// An ordinary write at a time.
pub(super) async fn put_at(store: &Store, name: &str, seconds: i64) -> Revision {
    let name = name.to_owned();
    let job = async move |tx: &mut Tx| {
        let entry = AuditEntry { at: Timestamp::from_seconds(seconds), ..insert(tx, &name).await? };
        Ok::<_, StoreError>(((), entry))
    };
    store.write(ORGANIZATION, job).await.unwrap().1
}

/// Occupies a lane until released, so that what is queued meanwhile becomes one batch.
pub(super) struct Occupied {
    release: Option<oneshot::Sender<()>>,
    occupant: tokio::task::JoinHandle<()>,
}

impl Occupied {
    /// The lane of ordinary writes.
    pub(super) async fn new(store: &Store) -> Self {
        let store = store.clone();
        Self::by(async move |wait| {
            let job = async move |_: &mut Tx| {
                wait.wait().await;
                Err::<((), AuditEntry), Refused>(Refused::ByRule)
            };
            store.write(Scope::Deployment, job).await.unwrap_err();
        })
        .await
    }

    /// The lane of side writes.
    pub(super) async fn aside(store: &Store) -> Self {
        let store = store.clone();
        Self::by(async move |wait| {
            let job = async move |_: &mut Writer| {
                wait.wait().await;
                Err::<(), Refused>(Refused::ByRule)
            };
            store.side_write(job).await.unwrap_err();
        })
        .await
    }

    async fn by<F: Future<Output = ()> + Send + 'static>(occupy: impl FnOnce(Wait) -> F) -> Self {
        let (started, running) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let occupant = tokio::spawn(occupy(Wait(Mutex::new(Some((started, released))))));
        running.await.unwrap();
        Self { release: Some(release), occupant }
    }

    /// Lets the lane go on.
    pub(super) async fn release(mut self) {
        drop(self.release.take());
        self.occupant.await.unwrap();
    }
}

/// How an occupant waits, the first time that it runs.
struct Wait(Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>);

impl Wait {
    async fn wait(&self) {
        let taken = self.0.lock().unwrap().take();
        if let Some((started, released)) = taken {
            started.send(()).unwrap();
            let _ = released.await;
        }
    }
}

/// Starts `futures` and makes sure that all of them are queued, in this order.
pub(super) fn queued<F>(futures: Vec<F>) -> Vec<tokio::task::JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut tasks = Vec::new();
    for future in futures {
        let mut future = Box::pin(future);
        // The queue has room, so the first poll puts the job into it.
        assert!((&mut future).now_or_never().is_none());
        tasks.push(tokio::spawn(future));
    }
    tasks
}

/// Does to the database what nobody should.
pub(super) async fn aside(store: &Store, sql: &'static str) {
    store.side_write(async move |writer| writer.exec(sql, ()).await).await.map_err(|e: StoreError| e).unwrap();
}
