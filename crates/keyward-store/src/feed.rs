//! The change feed: what was committed, in order and without holes, and the one way it reaches this node's index.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyward_core::change::{Change, Revision};
use keyward_core::time::Timestamp;
use tokio::sync::watch;

use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};
use crate::value::{FromRow, Json, Row};
use crate::{Scope, Store};

/// One committed revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Which.
    pub revision: Revision,
    /// Whose records it changed.
    pub scope: Scope,
    /// When: the time of its audit entry, by the clock of the node that wrote it.
    pub at: Timestamp,
    /// The facts, in the order of recording. A job may commit none.
    pub changes: Vec<Change>,
}

/// Where an index begins: the moment its snapshot was taken, and the history that moment belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub(crate) revision: Revision,
    pub(crate) server: String,
}

impl Start {
    /// The revision of the snapshot.
    pub fn revision(&self) -> Revision {
        self.revision
    }
}

/// Applies committed rows to the index: consecutive ones, each once, never from two threads at a time. A panic in it
/// ends the process, because an index that missed a row would go on deciding.
pub type Hook = Arc<dyn Fn(&[FeedRow]) + Send + Sync>;

/// The only way into the index. The lane and the tail race to it; whoever comes second finds its rows applied.
pub(crate) struct Follower {
    state: Mutex<Option<Following>>,
    applied: watch::Sender<Revision>,
}

struct Following {
    applied: Revision,
    server: String,
    rewound: bool,
    hook: Hook,
}

impl Reader {
    /// The rows after `after`, at most `limit`, in order. [`StoreError::Gap`] when the feed does not go back that far,
    /// [`StoreError::Rewound`] when it never went that far.
    ///
    /// For snapshots; a job sees only the feed as it was before its batch.
    pub async fn feed(&mut self, after: Revision, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
        let current = self.revision();
        page(self, after, current, limit).await
    }
}

impl Store {
    /// Forgets the rows of the feed that were committed before `older_than` ([`FeedRow::at`]) and that every registered
    /// node has applied; how many. The feed loses its beginning only, and never its newest row. Who asks for what was
    /// forgotten is answered [`StoreError::Gap`].
    ///
    /// The feed repeats what the records forgot, sealed texts among it: this is how it forgets too.
    pub async fn prune_feed(&self, older_than: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            // The main lane's lock keeps the feed as it is meanwhile, and this node's own index is at its end.
            let job = async move |writer: &mut Writer| prune(writer, older_than).await;
            let piece = self.unrevised::<_, StoreError, _>(&self.inner.lane, job).await?;
            forgotten += piece;
            if piece < PIECE.into() {
                return Ok(forgotten);
            }
        }
    }
}

impl Follower {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(None), applied: watch::Sender::new(Revision(0)) }
    }

    /// Takes over an index, in place of the one before.
    pub(crate) fn start(&self, start: Start, hook: Hook) {
        let mut state = self.lock();
        self.applied.send_replace(start.revision);
        *state = Some(Following { applied: start.revision, server: start.server, rewound: false, hook });
    }

    /// The revision up to which the index is complete; `None` without an index.
    pub(crate) fn applied(&self) -> Result<Option<Revision>, StoreError> {
        match &*self.lock() {
            Some(following) if following.rewound => Err(StoreError::Rewound),
            following => Ok(following.as_ref().map(|following| following.applied)),
        }
    }

    /// A new connection was made: to the history that the index is made of?
    pub(crate) fn connected(&self, server: &str) {
        if let Some(following) = &mut *self.lock() {
            following.rewound |= following.server != server;
        }
    }

    /// Applies committed rows in order. Rows that are applied already are skipped; a hole is an error.
    pub(crate) fn apply(&self, rows: &[FeedRow]) -> Result<(), StoreError> {
        let mut state = self.lock();
        let Some(following) = &mut *state else { return Ok(()) };
        if following.rewound {
            return Err(StoreError::Rewound);
        }
        let known = rows.iter().take_while(|row| row.revision <= following.applied).count();
        let (_, new) = rows.split_at(known);
        let Some(last) = new.last() else { return Ok(()) };
        consecutive(following.applied, new)?;
        if std::panic::catch_unwind(AssertUnwindSafe(|| (following.hook)(new))).is_err() {
            tracing::error!(revision = %last.revision, "applying a revision to the index panicked: stopping");
            std::process::abort();
        }
        following.applied = last.revision;
        self.applied.send_replace(last.revision);
        Ok(())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Revision> {
        self.applied.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Following>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings the index up to `current`, which `reader` can see.
pub(crate) async fn catch_up(reader: &mut Reader, follower: &Follower, current: Revision) -> Result<(), StoreError> {
    while let Some(applied) = follower.applied()? {
        if applied == current {
            break;
        }
        let rows = page(reader, applied, current, PAGE).await?;
        follower.apply(&rows)?;
    }
    Ok(())
}

/// The rows after `after`, of a feed that is known to go to `current` at least.
pub(crate) async fn page(
    reader: &mut Reader,
    after: Revision,
    current: Revision,
    limit: u32,
) -> Result<Vec<FeedRow>, StoreError> {
    if after > current {
        return Err(StoreError::Rewound);
    }
    let rows: Vec<FeedRow> = reader
        .all(
            "SELECT revision, scope, at, changes FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2",
            (after, limit),
        )
        .await?;
    consecutive(after, &rows)?;
    if rows.is_empty() && after < current {
        return Err(StoreError::Gap { wanted: after.next(), found: None });
    }
    Ok(rows)
}

/// Adds rows to the feed.
pub(crate) async fn append(tx: &mut Writer, mut rows: &[FeedRow]) -> Result<(), StoreError> {
    while !rows.is_empty() {
        let (chunk, rest) = rows.split_at(chunk(rows.len()));
        rows = rest;
        let mut query = Query::new("INSERT INTO changes (revision, scope, at, changes) VALUES ");
        for (index, row) in chunk.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            query = query.sql(comma).tuple((row.revision, row.scope, row.at, Json(&row.changes)));
        }
        tx.exec_query(query).await?;
    }
    Ok(())
}

/// One piece of [`Store::prune_feed`], so that other writes wait for no more than that.
///
/// A node that registers meanwhile takes its snapshot afterwards, and the newest row is in that.
async fn prune(writer: &mut Writer, older_than: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT (SELECT MAX(revision) FROM changes), (SELECT MIN(applied) FROM nodes)";
    let (newest, slowest): (Option<Revision>, Option<Revision>) = writer.one(sql, ()).await?;
    let Some(newest) = newest else { return Ok(0) };
    let sql = "SELECT revision, at FROM changes WHERE revision < $1 AND revision <= $2 ORDER BY revision LIMIT $3";
    let rows: Vec<(Revision, Timestamp)> = writer.all(sql, (newest, slowest.unwrap_or(newest), PIECE)).await?;
    match rows.iter().take_while(|(_, at)| *at < older_than).last() {
        Some((last, _)) => writer.exec("DELETE FROM changes WHERE revision <= $1", (last,)).await,
        None => Ok(0),
    }
}

/// The largest power of two within `rows`: few different statements to keep prepared.
pub(crate) fn chunk(rows: usize) -> usize {
    rows.checked_ilog2().map_or(0, |power| 1 << power)
}

fn consecutive(after: Revision, rows: &[FeedRow]) -> Result<(), StoreError> {
    let mut wanted = after.next();
    for row in rows {
        if row.revision != wanted {
            return Err(StoreError::Gap { wanted, found: Some(row.revision) });
        }
        wanted = wanted.next();
    }
    Ok(())
}

impl FromRow for FeedRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let Json(changes) = row.get(3)?;
        Ok(Self { revision: row.get(0)?, scope: row.get(1)?, at: row.get(2)?, changes })
    }
}

/// Rows read at a time.
pub(crate) const PAGE: u32 = 256;
/// Rows forgotten at a time.
const PIECE: u32 = 1_000;
