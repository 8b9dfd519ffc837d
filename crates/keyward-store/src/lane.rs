//! The write lane: one thread, one connection, one batch after another.
//!
//! A batch is what queued while the previous commit ran. It begins by locking the revision row, so that all batches of
//! all nodes are serial; it runs its jobs; it writes their changes and audit entries under consecutive revisions; it
//! commits; it brings the index up to its last revision; only then does it answer. Nobody can cancel a job: it lives
//! here, not in the task that asked for it.
//!
//! The first attempt at a batch has no savepoints, because failing jobs mostly fail before they write. When one fails
//! later, the whole batch runs again in careful mode, with a savepoint around each job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use keyward_core::change::Revision;
use keyward_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::audit::{self, Pending};
use crate::engine::{Engine, Writable};
use crate::error::{Fault, StoreError};
use crate::feed::{self, FeedRow, Follower, Hook, Start};
use crate::job::{End, Faults, Injected, Job, Kind, Point, Ran};
use crate::lock::FileLock;
use crate::tx::Tx;

/// The near end of a lane.
#[derive(Clone)]
pub(crate) struct Lane {
    queue: mpsc::Sender<Message>,
}

/// Everything a lane needs for its life.
pub(crate) struct LaneOptions {
    pub(crate) engine: Engine,
    /// Unique for this start of this program: batches are found again by it.
    pub(crate) name: String,
    pub(crate) duty: Duty,
    pub(crate) job_timeout: Duration,
    pub(crate) follower: Arc<Follower>,
    pub(crate) faults: Option<Faults>,
    /// Held until the last write is done.
    pub(crate) lock: Option<Arc<FileLock>>,
}

/// What a lane is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Everything: it locks the revision row.
    All,
    /// Writes without a revision only, which need not wait for other nodes.
    Unrevised,
}

enum Message {
    Run(Box<dyn Job>),
    Follow(Start, Hook, oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

impl Lane {
    /// Starts the thread. It makes its connection when the first job comes.
    pub(crate) fn start(options: LaneOptions) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let cannot = |e: std::io::Error| StoreError::Unavailable(format!("cannot start the write lane: {e}").into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let worker = Worker { options, session: None, batch: 0 };
        std::thread::Builder::new()
            .name("keyward-lane".into())
            .spawn(move || runtime.block_on(worker.serve(jobs)))
            .map_err(cannot)?;
        Ok(Self { queue })
    }

    /// Queues a job. Once this returned, the job will run whatever becomes of the caller.
    pub(crate) async fn run(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.queue.send(Message::Run(job)).await.map_err(|_| StoreError::Closed)
    }

    /// Gives the index to keep, between two batches.
    pub(crate) async fn follow(&self, start: Start, hook: Hook) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.queue.send(Message::Follow(start, hook, done)).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)
    }

    /// Runs what is queued, refuses what comes later, and ends the thread.
    pub(crate) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// The far end: owns the connection.
struct Worker {
    options: LaneOptions,
    session: Option<Session>,
    /// The number of the batch being written.
    batch: u64,
}

/// A connection and what it is connected to.
struct Session {
    tx: Tx,
    server: String,
    interrupt: Arc<std::sync::atomic::AtomicBool>,
}

/// A job of the running batch.
struct Slot {
    job: Box<dyn Job>,
    end: Option<End>,
    /// Whether `end` stands even if the batch runs again: a job that hung or panicked would do it again.
    settled: bool,
}

impl Slot {
    fn new(job: Box<dyn Job>) -> Self {
        Self { job, end: None, settled: false }
    }
}

/// Why an attempt at a batch did not come to its end. The transaction is undone.
enum Stop {
    /// A job failed after it wrote: run again with savepoints. The connection is good.
    Careful,
    /// A job was settled in a way that cost the connection: run again without it.
    Again,
    /// The database failed.
    Fault(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Fault(error)
    }
}

/// What a batch adds to the feed and to the audit log.
#[derive(Default)]
struct Written {
    rows: Vec<FeedRow>,
    audit: Vec<Pending>,
    jobs: usize,
}

impl Worker {
    async fn serve(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut closing = None;
        let mut next = queue.recv().await;
        while let Some(message) = next.take() {
            match message {
                Message::Run(job) => {
                    let mut batch = vec![Slot::new(job)];
                    while batch.len() < BATCH {
                        match queue.try_recv() {
                            Ok(Message::Run(job)) => batch.push(Slot::new(job)),
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.run(batch).await;
                }
                Message::Follow(start, hook, done) => {
                    self.options.follower.start(start, hook);
                    let _ = done.send(());
                }
                Message::Close(done) => {
                    queue.close();
                    closing = Some(done);
                }
            }
            if next.is_none() {
                next = queue.recv().await;
            }
        }
        if let Some(mut session) = self.session.take() {
            // Tidiness only: a lane's name is never used again.
            let _ = session.tx.exec("DELETE FROM lanes WHERE lane = $1", (&self.options.name,)).await;
            let _ = session.tx.into_conn().close().await;
        }
        drop(self.options.lock.take());
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// Runs a batch to its end, whatever that is, and answers every job of it.
    async fn run(&mut self, mut batch: Vec<Slot>) {
        self.batch += 1;
        // The revision's lock keeps the others from waiting for each other in a circle; here only the order does.
        if self.options.duty == Duty::Unrevised {
            batch.sort_by_key(|slot| slot.job.nonce());
        }
        let mut careful = false;
        let mut tries = 0;
        let result = loop {
            match self.attempt(&mut batch, careful).await {
                Ok(()) => break Ok(()),
                Err(Stop::Careful) => careful = true,
                Err(Stop::Again) => {}
                Err(Stop::Fault(error)) => {
                    tries += 1;
                    if error.fault() != Some(Fault::Retry) || tries == TRIES {
                        tracing::warn!(%error, jobs = batch.len(), "a batch of writes failed");
                        break Err(error);
                    }
                    tracing::info!(%error, tries, "a batch of writes runs again");
                    tokio::time::sleep(PAUSE * 4_u32.pow(tries)).await;
                }
            }
        };
        for slot in batch {
            let end = match (slot.end, &result) {
                (Some(End::Committed(_)) | None, Err(error)) => End::Failed(error.clone()),
                // What failed by itself did so whatever became of the others.
                (Some(end), _) => end,
                (None, Ok(())) => End::Failed(StoreError::Panicked),
            };
            slot.job.answer(end);
        }
    }

    /// One attempt. The connection survives only if it is put back: every early return discards it.
    async fn attempt(&mut self, batch: &mut [Slot], careful: bool) -> Result<(), Stop> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.connect().await?,
        };
        let start = answered(self.begin(&mut session.tx)).await?;
        let written = match self.run_jobs(&mut session, batch, start, careful).await {
            Err(Stop::Careful) => {
                session.tx.exec("ROLLBACK", ()).await?;
                self.session = Some(session);
                return Err(Stop::Careful);
            }
            other => other?,
        };
        if written.jobs == 0 {
            session.tx.exec("ROLLBACK", ()).await?;
            self.session = Some(session);
            return Ok(());
        }
        answered(write(&mut session.tx, &written, start, &self.options.name, self.batch)).await?;
        let server = session.server.clone();
        match answered(self.commit(&mut session)).await {
            Ok(()) => self.session = Some(session),
            Err(error) => {
                drop(session);
                self.resolve(&server, error).await?;
            }
        }
        match self.options.follower.apply(&written.rows) {
            Ok(()) => Ok(()),
            // Another lane already met the server that took over: the commit went to the one that was replaced.
            Err(StoreError::Rewound) => Err(Stop::Fault(StoreError::Unknown)),
            Err(error) => {
                // The index was brought up to `start` under the lock: only a fault of this program leads here, and
                // going on would decide from a wrong index.
                tracing::error!(%error, "the index has a hole: stopping");
                std::process::abort();
            }
        }
    }

    async fn connect(&self) -> Result<Session, StoreError> {
        let Writable { conn, server, interrupt } = answered(Box::pin(self.options.engine.connect())).await?;
        self.options.follower.connected(&server);
        let mut tx = Tx::new(conn);
        // The row is there before the first batch: afterwards, who can lock it knows that no batch is under way.
        tx.exec("INSERT INTO lanes (lane, batch) VALUES ($1, 0) ON CONFLICT (lane) DO NOTHING", (&self.options.name,))
            .await?;
        self.inject(Point::Connected, &mut tx).await?;
        Ok(Session { tx, server, interrupt })
    }

    /// Begins the transaction, reads the revision, and brings the index up to it: under the lock, so the index is exact
    /// while the jobs run.
    async fn begin(&self, tx: &mut Tx) -> Result<Revision, StoreError> {
        tx.exec(self.options.engine.begin(), ()).await?;
        if self.options.duty == Duty::Unrevised {
            return Ok(Revision(0));
        }
        let (current,) = match tx.one(self.options.engine.lock_revision(), ()).await {
            Err(StoreError::TimedOut) => return Err(StoreError::Busy("other nodes are writing".into())),
            other => other?,
        };
        feed::catch_up(tx, &self.options.follower, current).await?;
        Ok(current)
    }

    /// Runs the jobs that are not settled, in order.
    async fn run_jobs(
        &self,
        session: &mut Session,
        batch: &mut [Slot],
        start: Revision,
        careful: bool,
    ) -> Result<Written, Stop> {
        let mut written = Written::default();
        let mut last = start;
        for slot in batch.iter_mut().filter(|slot| !slot.settled) {
            slot.end = None;
            if careful {
                session.tx.exec("SAVEPOINT job", ()).await?;
            }
            let (scope, revision) = match slot.job.kind() {
                Kind::Revised(scope) => (Some(scope), last.next()),
                Kind::Unrevised => (None, last),
            };
            session.tx.prepare(scope.unwrap_or(crate::Scope::Deployment), revision);
            if let Ran::Done(audit) = self.run_job(session, slot).await? {
                written.jobs += 1;
                let audit = audit.map(|audit| *audit);
                if let Some(scope) = scope {
                    last = revision;
                    let at = audit.as_ref().map_or(Timestamp::from_micros(0), |(_, entry)| entry.at);
                    written.rows.push(FeedRow { revision, scope, at, changes: session.tx.take_changes() });
                }
                let committed = scope.map_or(Revision(0), |_| revision);
                if let Some((scope, entry)) = audit {
                    written.audit.push(Pending { scope, revision: committed, entry });
                }
                slot.end = Some(End::Committed(committed));
            } else if session.tx.touched() {
                if !careful {
                    return Err(Stop::Careful);
                }
                session.tx.exec("ROLLBACK TO SAVEPOINT job", ()).await?;
            }
            if careful {
                session.tx.exec("RELEASE SAVEPOINT job", ()).await?;
            }
        }
        Ok(written)
    }

    /// Runs one job; when it failed, `slot.end` says how.
    async fn run_job(&self, session: &mut Session, slot: &mut Slot) -> Result<Ran, Stop> {
        let run = AssertUnwindSafe(slot.job.run(&mut session.tx)).catch_unwind();
        let ran = tokio::time::timeout(self.options.job_timeout, run).await;
        let failure = session.tx.failure().cloned();
        let end = match (ran, failure) {
            (Err(_), _) => {
                // The statement may still run: end it, and leave the connection to its fate.
                session.interrupt.store(true, Ordering::Relaxed);
                slot.settled = true;
                slot.end = Some(End::Failed(StoreError::TimedOut));
                return Err(Stop::Again);
            }
            // The database's state decides about the batch, never what the job made of it.
            (_, Some(error)) if error.fault().is_some() => return Err(Stop::Fault(error)),
            (Ok(Err(_)), _) => {
                slot.settled = true;
                End::Failed(StoreError::Panicked)
            }
            (Ok(Ok(Ran::Refused)), failure) => {
                slot.settled = matches!(failure, Some(StoreError::TimedOut));
                End::Refused
            }
            (Ok(Ok(Ran::Done(_))), Some(error)) => End::Failed(error),
            (Ok(Ok(done @ Ran::Done(_))), None) => return Ok(done),
        };
        slot.end = Some(end);
        Ok(Ran::Refused)
    }

    async fn commit(&self, session: &mut Session) -> Result<(), StoreError> {
        self.inject(Point::BeforeCommit, &mut session.tx).await?;
        session.tx.exec("COMMIT", ()).await?;
        self.inject(Point::AfterCommit, &mut session.tx).await
    }

    /// COMMIT failed or was not answered: finds out whether it happened. `Ok` when it did.
    async fn resolve(&mut self, server: &str, error: StoreError) -> Result<(), Stop> {
        let asking = async {
            loop {
                match answered(self.last_batch()).await {
                    Ok(answer) => return answer,
                    Err(error) => tracing::warn!(%error, "the outcome of a commit is not known yet"),
                }
                tokio::time::sleep(PAUSE * 16).await;
            }
        };
        let Ok((session, last)) = tokio::time::timeout(PATIENCE, asking).await else {
            return Err(Stop::Fault(StoreError::Unknown));
        };
        let same_server = session.server == server;
        self.session = Some(session);
        match (last == self.batch, same_server) {
            (true, _) => Ok(()),
            (false, true) => Err(Stop::Fault(error)),
            // Another history: the commit may have happened in the old one, and been seen there.
            (false, false) => Err(Stop::Fault(StoreError::Unknown)),
        }
    }

    /// A new connection, and the last batch of this lane that was committed. Locking what the old connection had
    /// locked proves that its transaction has ended.
    async fn last_batch(&self) -> Result<(Session, u64), StoreError> {
        let mut session = self.connect().await?;
        session.tx.exec(self.options.engine.begin(), ()).await?;
        let (last,) = session.tx.one(self.options.engine.lock_lane(), (&self.options.name,)).await?;
        session.tx.exec("ROLLBACK", ()).await?;
        Ok((session, last))
    }

    async fn inject(&self, point: Point, tx: &mut Tx) -> Result<(), StoreError> {
        let Some(Faults(hook)) = &self.options.faults else { return Ok(()) };
        match hook(point).await {
            Injected::Nothing => Ok(()),
            Injected::Lost => Err(StoreError::Unavailable("lost by a test".into())),
            Injected::Sql(sql) => tx.exec(sql, ()).await.map(drop),
        }
    }
}

/// Writes what the jobs of a batch leave behind besides their own rows.
async fn write(tx: &mut Tx, written: &Written, start: Revision, lane: &str, batch: u64) -> Result<(), StoreError> {
    feed::append(tx, &written.rows).await?;
    audit::append(tx, &written.audit).await?;
    if let Some(last) = written.rows.last()
        && tx.exec("UPDATE revision SET current = $1 WHERE current = $2", (last.revision, start)).await? != 1
    {
        return Err(StoreError::Storage("the revision changed under its lock".into()));
    }
    match tx.exec("UPDATE lanes SET batch = $1 WHERE lane = $2", (batch, lane)).await? {
        1 => Ok(()),
        _ => Err(StoreError::Unavailable("the lane's row is gone".into())),
    }
}

/// Statements have time limits on the server; a server that says nothing for this long is not there any more.
async fn answered<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(SILENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable(format!("no answer for {} s", SILENCE.as_secs()).into())),
    }
}

/// The most jobs in one batch: PostgreSQL keeps 64 subtransactions of a session in shared memory, and slows every
/// reader down beyond that.
const BATCH: usize = 64;
/// The most jobs that wait in front of a lane before callers wait too.
const QUEUE: usize = 1024;
/// See [`answered`].
const SILENCE: Duration = Duration::from_secs(20);
/// How often a batch is tried before its jobs fail.
const TRIES: u32 = 4;
/// What pauses are multiples of: a lost connection is back at once, a restarting server in a second.
const PAUSE: Duration = Duration::from_millis(5);
/// How long to ask for the outcome of a commit: a failover takes about 20 s.
const PATIENCE: Duration = Duration::from_secs(30);
