//! The index of a node: the current snapshot, and the one way to the next.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use keyward_core::change::{Change, Committed, Revision};
use keyward_core::decision::{Presented, Request};
use keyward_core::keyring::KeyRing;

use crate::apply::ApplyError;
use crate::cell::{Cell, Mutex};
use crate::decide::{Now, Subject};
use crate::explain::Explanation;
use crate::permit::Decision;
use crate::snapshot::Snapshot;

/// The read model of a node. Shared by `Arc`; nobody who reads it ever waits.
///
/// A reader loads the current [`Snapshot`] once and sees one revision, one key ring and one freshness bound, whatever
/// happens meanwhile. A writer copies the snapshot (everything unchanged is shared), changes the copy and publishes it.
pub struct Index {
    current: Cell<Snapshot>,
    /// Held by whoever makes the next snapshot.
    writer: Mutex<()>,
}

impl Index {
    /// Nothing is known yet, at revision 0. Never stale until [`Index::fresh_until`] says otherwise.
    pub fn new(ring: Arc<KeyRing>) -> Index {
        Index::from(Snapshot::empty(ring))
    }

    /// Confirms digests with this ring from now on.
    pub fn set_key_ring(&self, ring: Arc<KeyRing>) {
        let Ok(()) = self.change(|snapshot| {
            snapshot.set_key_ring(ring);
            Ok::<_, Infallible>(())
        });
    }

    /// Replaces everything by the state at `revision`: for the start. Key ring and freshness stay. On an error, nothing is
    /// replaced.
    pub fn load(&self, revision: Revision, changes: impl IntoIterator<Item = Change>) -> Result<(), ApplyError> {
        self.change(|snapshot| {
            let mut loaded = Snapshot::load(Arc::clone(&snapshot.ring), revision, changes)?;
            loaded.fresh_until = snapshot.fresh_until;
            *snapshot = loaded;
            Ok(())
        })
    }

    /// Brings the index forward, publishes once, and returns the revision that it has then. Commits that it knows are
    /// skipped, so what an older one said can never come back. On an error, nothing is published.
    pub fn apply(&self, commits: &[Committed]) -> Result<Revision, ApplyError> {
        let applied = self.revision();
        if commits.iter().all(|commit| commit.revision <= applied) {
            return Ok(applied);
        }
        self.change(|snapshot| {
            for commit in commits {
                if commit.revision <= snapshot.revision {
                    continue;
                }
                if commit.revision != snapshot.revision.next() {
                    return Err(ApplyError::Gap { applied: snapshot.revision, next: commit.revision });
                }
                for change in &commit.changes {
                    snapshot.apply(change)?;
                }
                snapshot.revision = commit.revision;
            }
            Ok(snapshot.revision)
        })
    }

    /// The last commit that decisions see.
    pub fn revision(&self) -> Revision {
        self.current.load().revision()
    }

    /// From this time on, on the clock that counts since the machine started (`CLOCK_BOOTTIME`), every decision is
    /// `Stale`; `None`: never. What was read from the database before goes to [`Index::apply`] first: a decision that sees
    /// the new time sees it too.
    pub fn fresh_until(&self, boot: Option<Duration>) {
        let Ok(()) = self.change(|snapshot| {
            snapshot.fresh_until = boot;
            Ok::<_, Infallible>(())
        });
    }

    /// The current snapshot, for several questions at one revision. Let go of it soon: it keeps its memory.
    pub fn snapshot(&self) -> impl Deref<Target = Snapshot> {
        self.current.load()
    }

    /// Whether what was presented may do what is requested: [`Snapshot::decide`] on the current snapshot.
    #[inline]
    pub fn decide(&self, presented: &Presented<'_>, request: &Request<'_>, now: Now) -> Decision {
        self.current.load().decide(presented, request, now)
    }

    /// Why: [`Snapshot::explain`] on the current snapshot.
    pub fn explain(&self, subject: Subject<'_>, request: &Request<'_>, now: Now) -> Explanation {
        self.current.load().explain(subject, request, now)
    }

    /// Copies the current snapshot, changes the copy, and publishes it unless that failed.
    fn change<T, E>(&self, change: impl FnOnce(&mut Snapshot) -> Result<T, E>) -> Result<T, E> {
        // A writer that panicked published nothing, so there is nothing to mend.
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = self.current.load().clone();
        let result = change(&mut next)?;
        self.current.publish(next);
        Ok(result)
    }
}

impl From<Snapshot> for Index {
    fn from(snapshot: Snapshot) -> Self {
        Index { current: Cell::new(snapshot), writer: Mutex::new(()) }
    }
}
