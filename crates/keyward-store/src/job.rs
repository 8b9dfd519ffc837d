//! A job as the lane sees it: something to run, perhaps again, and to answer once.

use std::sync::Arc;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use keyward_core::audit::AuditEntry;
use keyward_core::change::Revision;
use keyward_core::id::CredentialId;
use tokio::sync::oneshot;

use crate::Scope;
use crate::entities::{UseRecorded, UsedNonce};
use crate::error::StoreError;
use crate::tx::{Tx, Writer};

/// Work for a lane.
pub(crate) trait Job: Send {
    /// What the job does to revisions.
    fn kind(&self) -> Kind;

    /// Runs the job and keeps its output. Its future lives on the lane's thread and need not be `Send`.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran>;

    /// The nonce whose row the job locks. Lanes of several nodes that lock several wait for each other in a circle,
    /// unless all of them lock in one order.
    fn nonce(&self) -> Option<(CredentialId, [u8; 16])> {
        None
    }

    /// Tells the caller, if they still wait.
    fn answer(self: Box<Self>, end: End);
}

/// What a job does to revisions.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Its writes become one revision of this scope.
    Revised(Scope),
    /// Its writes are not part of the feed.
    Unrevised,
}

/// How a run of a job ended.
pub(crate) enum Ran {
    /// It wants to be committed, with this for the audit log.
    Done(Option<Box<(Scope, AuditEntry)>>),
    /// It failed by its own error, which it keeps.
    Refused,
}

/// How a job ended for good.
#[derive(Clone)]
pub(crate) enum End {
    /// Committed; a job without a revision gets the zero one.
    Committed(Revision),
    /// Undone, because of the error it kept.
    Refused,
    /// Undone, because of this.
    Failed(StoreError),
}

/// `Store::write`.
pub(crate) struct Revised<T, E, F> {
    pub(crate) scope: Scope,
    pub(crate) job: F,
    pub(crate) kept: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<(T, Revision), E>>,
}

impl<T, E, F> Job for Revised<T, E, F>
where
    F: AsyncFn(&mut Tx) -> Result<(T, AuditEntry), E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn kind(&self) -> Kind {
        Kind::Revised(self.scope)
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran> {
        Box::pin(async move {
            self.kept = None;
            match (self.job)(tx).await {
                Ok((value, entry)) => {
                    self.kept = Some(Ok(value));
                    Ran::Done(Some(Box::new((self.scope, entry))))
                }
                Err(error) => {
                    self.kept = Some(Err(error));
                    Ran::Refused
                }
            }
        })
    }

    fn answer(self: Box<Self>, end: End) {
        let Self { kept, reply, .. } = *self;
        // A caller who went away asked for nothing else.
        let _ = reply.send(conclude(kept, end));
    }
}

/// `Store::side_write`, and whatever the store itself runs on a lane.
pub(crate) struct Unrevised<T, E, F> {
    pub(crate) job: F,
    pub(crate) kept: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<(T, Revision), E>>,
}

impl<T, E, F> Job for Unrevised<T, E, F>
where
    F: AsyncFn(&mut Writer) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn kind(&self) -> Kind {
        Kind::Unrevised
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran> {
        Box::pin(async move {
            self.kept = None;
            let result = (self.job)(tx).await;
            let ran = if result.is_ok() { Ran::Done(None) } else { Ran::Refused };
            self.kept = Some(result);
            ran
        })
    }

    fn answer(self: Box<Self>, end: End) {
        let Self { kept, reply, .. } = *self;
        let _ = reply.send(conclude(kept, end));
    }
}

/// `Store::record_use`.
pub(crate) struct Recording {
    pub(crate) audit: Option<(Scope, AuditEntry)>,
    pub(crate) nonce: Option<UsedNonce>,
    pub(crate) kept: Option<Result<UseRecorded, StoreError>>,
    pub(crate) reply: oneshot::Sender<Result<(UseRecorded, Revision), StoreError>>,
}

impl Job for Recording {
    fn kind(&self) -> Kind {
        Kind::Unrevised
    }

    fn nonce(&self) -> Option<(CredentialId, [u8; 16])> {
        self.nonce.map(|nonce| (nonce.credential, nonce.digest))
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran> {
        Box::pin(async move {
            let recorded = match &self.nonce {
                Some(nonce) => tx.use_nonce(nonce).await,
                None => Ok(UseRecorded::First),
            };
            let ran = match &recorded {
                Ok(UseRecorded::First) => Ran::Done(self.audit.clone().map(Box::new)),
                // It wrote nothing: there is nothing to undo, and its neighbours go on.
                Ok(UseRecorded::Replayed) => Ran::Done(None),
                Err(_) => Ran::Refused,
            };
            self.kept = Some(recorded);
            ran
        })
    }

    fn answer(self: Box<Self>, end: End) {
        let Self { kept, reply, .. } = *self;
        let _ = reply.send(conclude(kept, end));
    }
}

fn conclude<T, E: From<StoreError>>(kept: Option<Result<T, E>>, end: End) -> Result<(T, Revision), E> {
    match (end, kept) {
        (End::Committed(revision), Some(Ok(value))) => Ok((value, revision)),
        (End::Refused, Some(Err(error))) => Err(error),
        (End::Failed(error), _) => Err(error.into()),
        (End::Committed(_) | End::Refused, _) => Err(StoreError::Panicked.into()),
    }
}

/// Faults for tests to put where a network or a disk would.
#[derive(Clone)]
pub struct Faults(pub Arc<dyn Fn(Point) -> BoxFuture<'static, Injected> + Send + Sync>);

/// Where a fault can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A lane has a new connection.
    Connected,
    /// All rows of a batch are written, COMMIT was not sent.
    BeforeCommit,
    /// COMMIT was answered; nobody was told.
    AfterCommit,
}

/// What to do there, besides what the hook itself did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// Go on.
    Nothing,
    /// Go on as if the connection had been lost.
    Lost,
    /// Run this on the lane's connection, then go on.
    Sql(&'static str),
}
