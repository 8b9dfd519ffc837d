//! Durable truth on SQLite and PostgreSQL: write lane, revisions, change feed, audit, migrations.
//!
//! # What it is
//! One concrete [`Store`] over two engines, with the same answers on both. It keeps records and knows nothing of their
//! rules: no hashing of secrets, no HTTP, no clock, no random numbers. Entity modules (one per noun, named as in
//! `keyward-core`) add methods to [`Reader`] and [`Tx`]; nothing but `engine.rs` and `value.rs` names a driver.
//!
//! # Contract
//! - **Serial.** Jobs given to [`Store::write`] run one after another, over all nodes: load, check, write has no races.
//! - **All or nothing, and the truth about it.** A job is committed with its changes and its audit entry, or leaves
//!   nothing. The answer says which; where a failover makes that unknowable it says [`StoreError::Unknown`].
//! - **Owned.** Dropping the future of a write cancels nothing: the job runs, or was never queued.
//! - **Re-runnable.** A job may run several times and be committed once. Whatever must not differ between runs (ids,
//!   secrets, the time) is made before it. Jobs await nothing but their own `tx`, for
//!   [`StoreOptions::job_timeout`] at most, because every writer of every node waits for them.
//! - **Gap-free.** Each committed write has its own [`Revision`], one more than the one
//!   before, and one [`FeedRow`]. Whoever sees a revision sees all earlier ones. The feed is forgotten from its old end
//!   on only ([`Store::prune_feed`]), and who asks for what it forgot is told.
//! - **In force when answered.** When a write returns, the index given to [`Store::follow`] has it and everything before.
//! - **Exact.** While a job runs, that index is at the revision before the batch.
//! - **Never silent.** No commit without an audit entry in the chain of its [`Scope`].
//!
//! # Where to start
//! [`Store`], then [`Tx`], then `lane.rs`.

mod audit;
mod engine;
mod entities;
mod error;
mod feed;
mod job;
mod lane;
mod lock;
mod migrate;
mod nodes;
mod scope;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod tx;
mod value;

use std::sync::Arc;
use std::time::Duration;

use keyward_core::audit::AuditEntry;
use keyward_core::change::Revision;
use keyward_core::id::NodeId;
use tokio::sync::{oneshot, watch};

use crate::engine::{Engine, Readers};
use crate::feed::Follower;
use crate::job::{Job, Recording, Revised, Unrevised};
use crate::lane::{Duty, Lane, LaneOptions};
use crate::lock::FileLock;

pub use crate::audit::{AuditFilter, Broken, Checkpoint, Hash, Recorded, Verified, Verifier};
pub use crate::entities::{
    Attempts, Conflict, CredentialCursor, CredentialFilter, CredentialRow, CredentialSort, CredentialState, DailyUse,
    GrantFilter, IdempotencyRecord, IncludeEnded, Invitation, InvitedGrant, Link, MemberFilter, NamespaceFilter, Order,
    Page, PendingSignIn, Period, Placing, RoleUse, SecondFactor, SessionRecord, SetupToken, SortBy, SortKey,
    UsageFilter, Use, UseRecorded, UsedNonce, Visible, day_of,
};
pub use crate::error::{Constraint, StoreError};
pub use crate::feed::{FeedRow, Hook, Start};
#[doc(hidden)]
pub use crate::job::{Faults, Injected, Point};
pub use crate::migrate::Migrated;
pub use crate::nodes::{Confirmed, Node, Polled};
pub use crate::scope::Scope;
pub use crate::tx::{Query, Reader, Tx, Writer};
pub use crate::value::{Arg, Args, FromColumn, FromRow, Json, Row, ToArg};

/// Everything that must survive a restart. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    readers: Readers,
    lane: Lane,
    /// For writes without a revision. On SQLite, which has one writer, the same lane.
    side: Lane,
    follower: Arc<Follower>,
}

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// Names this start of this program: never the same twice.
    pub node: NodeId,
    /// The most connections that read at the same time.
    pub readers: u32,
    /// How long a job may take; every writer of every node waits meanwhile.
    pub job_timeout: Duration,
    /// Whether other processes may open the SQLite file. For tests of exactly that.
    #[doc(hidden)]
    pub shared_file: bool,
    /// Faults to suffer. For tests.
    #[doc(hidden)]
    pub faults: Option<Faults>,
}

impl StoreOptions {
    /// The defaults, for the node named `node`.
    pub fn new(node: NodeId) -> Self {
        Self { node, readers: 8, job_timeout: Duration::from_secs(3), shared_file: false, faults: None }
    }
}

/// The state of a database, as `keyward check` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The engine and its version.
    pub engine: String,
    /// The last migration.
    pub schema: i64,
    /// The last revision.
    pub revision: Revision,
    /// The oldest revision that the feed still has ([`Store::prune_feed`]); `None` while there is none.
    pub feed_from: Option<Revision>,
    /// Whether the feed is complete from there on, up to the last revision.
    pub feed_complete: bool,
}

impl Store {
    /// Opens the database at `url`: `sqlite:PATH` or `postgres://…`. It must exist and have this program's schema
    /// ([`Store::migrate`]); a SQLite file is held exclusively until the last clone is dropped, or [`Store::close`].
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let engine = Engine::parse(url, options.job_timeout)?;
        if engine.path().is_some_and(|path| !path.exists()) {
            return Err(StoreError::SchemaOlder { found: 0, needed: migrate::needed() });
        }
        let lock = hold(&engine, &options)?;
        // The writer comes first: a reader of a SQLite file needs the files that the writer makes.
        let mut conn = engine.connect().await?.conn;
        migrate::require(&mut conn).await?;
        conn.close().await?;

        let follower = Arc::new(Follower::new());
        let lane = |duty, name| {
            Lane::start(LaneOptions {
                engine: engine.clone(),
                name: format!("{}/{name}", options.node),
                duty,
                job_timeout: options.job_timeout,
                follower: Arc::clone(&follower),
                faults: options.faults.clone(),
                lock: lock.clone(),
            })
        };
        let main = lane(Duty::All, "main")?;
        let side = match engine {
            Engine::Sqlite { .. } => main.clone(),
            Engine::Postgres { .. } => lane(Duty::Unrevised, "side")?,
        };
        let readers = engine.readers(options.readers);
        Ok(Self { inner: Arc::new(Inner { readers, lane: main, side, follower, engine }) })
    }

    /// Brings the database at `url` to this program's schema, creating a SQLite file if need be. No server may run on a
    /// SQLite file meanwhile; PostgreSQL lets one migration run at a time.
    pub async fn migrate(url: &str, options: &StoreOptions) -> Result<Migrated, StoreError> {
        let engine = Engine::parse(url, options.job_timeout)?;
        let _lock = hold(&engine, options)?;
        migrate::run(&engine).await
    }

    /// The number of the last migration: of the database and of this program, which are the same while it is open.
    pub fn schema(&self) -> i64 {
        migrate::needed()
    }

    /// Looks at the database without changing it.
    pub async fn check(&self) -> Result<Check, StoreError> {
        let mut reader = self.read().await?;
        let (engine,) = match self.inner.engine {
            Engine::Sqlite { .. } => reader.one("SELECT 'SQLite ' || sqlite_version()", ()).await?,
            Engine::Postgres { .. } => {
                reader.one("SELECT 'PostgreSQL ' || current_setting('server_version')", ()).await?
            }
        };
        let (rows, feed_from, last): (u64, Option<Revision>, Option<Revision>) =
            reader.one("SELECT COUNT(*), MIN(revision), MAX(revision) FROM changes", ()).await?;
        let revision = reader.revision();
        let feed_complete = match (feed_from, last) {
            (Some(first), Some(last)) => last == revision && last.0 - first.0 + 1 == rows,
            _ => revision == Revision(0),
        };
        let (schema,) = reader.one("SELECT MAX(version) FROM _sqlx_migrations", ()).await?;
        Ok(Check { engine, schema, revision, feed_from, feed_complete })
    }

    /// A snapshot of the last committed moment, and the revision it is of. Dropping it ends it.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Reader::begin(self.inner.readers.begin().await?).await
    }

    /// Runs `job` on the write lane and commits it as one revision.
    ///
    /// The answer comes once the write is durable and in force on this node; an error means that nothing was written,
    /// except [`StoreError::Unknown`]. See the contract in the crate's documentation.
    pub async fn write<T, E, F>(&self, scope: Scope, job: F) -> Result<(T, Revision), E>
    where
        F: AsyncFn(&mut Tx) -> Result<(T, AuditEntry), E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        submit(&self.inner.lane, Box::new(Revised { scope, job, kept: None, reply }), answer).await
    }

    /// Runs `job` and commits it without a revision: for what no index is made of, such as last uses and counters.
    /// Group-committed with others; durable when it returns.
    pub async fn side_write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Writer) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.unrevised(&self.inner.side, job).await
    }

    /// Puts an act that changed nothing into the audit log: a refusal, a failed sign-in.
    pub async fn record(&self, scope: Scope, entry: AuditEntry) -> Result<(), StoreError> {
        self.record_use(scope, Some(entry), None).await.map(drop)
    }

    /// Records a use before it is answered: `entry` enters the audit log, `nonce` counts for this use and for no later
    /// one, of whatever node. A replayed nonce leaves nothing, no entry either.
    ///
    /// Group-committed with others; durable when it returns. An error means that the use must not be answered: nothing
    /// was recorded, or ([`StoreError::Unknown`]) perhaps.
    pub async fn record_use(
        &self,
        scope: Scope,
        entry: Option<AuditEntry>,
        nonce: Option<UsedNonce>,
    ) -> Result<UseRecorded, StoreError> {
        // Only chains need the lock that all nodes share.
        let lane = match (&entry, &nonce) {
            (Some(_), _) => &self.inner.lane,
            (None, Some(_)) => &self.inner.side,
            (None, None) => return Ok(UseRecorded::First),
        };
        let (reply, answer) = oneshot::channel();
        let job = Recording { audit: entry.map(|entry| (scope, entry)), nonce, kept: None, reply };
        submit(lane, Box::new(job), answer).await.map(|(recorded, _)| recorded)
    }

    /// Keeps an index up to date from `start` on ([`Reader::start`] of the snapshot it was made of), in place of the one
    /// before. From the next batch on, writes return when `hook` has their rows; [`Store::tail`] brings those of other
    /// nodes. [`StoreError::Gap`] when the feed does not go on from there: `start` is too old.
    pub async fn follow(&self, start: Start, hook: Hook) -> Result<(), StoreError> {
        self.read().await?.feed(start.revision, 1).await?;
        self.inner.lane.follow(start, hook).await
    }

    /// The revision up to which the index is complete, and every later one as it comes.
    pub fn applied(&self) -> watch::Receiver<Revision> {
        self.inner.follower.watch()
    }

    /// Finishes what is queued, refuses what comes later, closes all connections and lets the SQLite file go.
    pub async fn close(&self) {
        self.inner.lane.close().await;
        self.inner.side.close().await;
        self.inner.readers.close().await;
    }

    async fn unrevised<T, E, F>(&self, lane: &Lane, job: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Writer) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        submit(lane, Box::new(Unrevised { job, kept: None, reply }), answer).await.map(|(value, _)| value)
    }
}

async fn submit<T, E: From<StoreError>>(
    lane: &Lane,
    job: Box<dyn Job>,
    answer: oneshot::Receiver<Result<(T, Revision), E>>,
) -> Result<(T, Revision), E> {
    lane.run(job).await?;
    answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}

fn hold(engine: &Engine, options: &StoreOptions) -> Result<Option<Arc<FileLock>>, StoreError> {
    match engine.path() {
        Some(path) if !options.shared_file => Ok(Some(Arc::new(FileLock::take(path)?))),
        _ => Ok(None),
    }
}
