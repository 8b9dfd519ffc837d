//! The running servers: who has applied what. Receipts and freshness are made of this.

use std::time::Duration;

use keyward_core::change::Revision;
use keyward_core::id::NodeId;
use keyward_core::time::Timestamp;
use tokio::sync::Notify;

use crate::Store;
use crate::error::StoreError;
use crate::feed::{self, PAGE};
use crate::value::{FromRow, Row};

/// A registered node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub node: NodeId,
    /// The revision up to which its index is complete; zero until it published one.
    pub applied: Revision,
    /// When it last polled, on the database's clock.
    pub heartbeat: Timestamp,
}

/// How far a revision has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Nodes that have applied it.
    pub applied: u64,
    /// Nodes that are registered.
    pub registered: u64,
}

impl Confirmed {
    /// Whether no registered node is missing.
    pub fn by_all(self) -> bool {
        self.applied == self.registered
    }
}

impl Store {
    /// Registers this node. Do it **before** taking the snapshot that its index begins with: a revision committed in
    /// between is then waited for.
    pub async fn register(&self, node: NodeId) -> Result<(), StoreError> {
        self.side_write(async move |writer| {
            let now = writer.database_time().await?;
            writer.exec(HEARTBEAT, (node, Revision(0), now)).await.map(drop)
        })
        .await
    }

    /// Removes a node that stops serving.
    pub async fn unregister(&self, node: NodeId) -> Result<(), StoreError> {
        self.side_write(async move |writer| writer.exec("DELETE FROM nodes WHERE node = $1", (node,)).await.map(drop))
            .await
    }

    /// Removes nodes that have not polled for `silence`; how many. Choose it many times longer than the freshness
    /// bound: until then a dead node delays receipts by that bound, but a living one must never be forgotten.
    pub async fn expire_nodes(&self, silence: Duration) -> Result<u64, StoreError> {
        self.side_write(async move |writer| {
            let now = writer.database_time().await?;
            writer.exec("DELETE FROM nodes WHERE heartbeat < $1", (now.minus(silence),)).await
        })
        .await
    }

    /// The registered nodes.
    pub async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        self.read().await?.all("SELECT node, applied, heartbeat FROM nodes ORDER BY node", ()).await
    }

    /// On how many nodes `revision` is in force.
    pub async fn applied_by_all(&self, revision: Revision) -> Result<Confirmed, StoreError> {
        let (registered, applied) = self
            .read()
            .await?
            .one("SELECT COUNT(*), COUNT(CASE WHEN applied >= $1 THEN 1 END) FROM nodes", (revision,))
            .await?;
        Ok(Confirmed { applied, registered })
    }

    /// Publishes what this node has applied, reads what was committed since, and applies it. Whether there is more.
    ///
    /// It succeeds only on a server that committed the heartbeat, which a standby and a cut-off primary cannot: what was
    /// committed before the call began is then applied.
    pub async fn poll(&self, node: NodeId) -> Result<Polled, StoreError> {
        let after = self.inner.follower.applied()?;
        let (rows, current) = self
            .side_write::<_, StoreError, _>(async move |writer| {
                let now = writer.database_time().await?;
                writer.exec(HEARTBEAT, (node, after.unwrap_or_default(), now)).await?;
                let (current,) = writer.one("SELECT current FROM revision", ()).await?;
                match after {
                    Some(after) => Ok((feed::page(writer, after, current, PAGE).await?, current)),
                    None => Ok((Vec::new(), current)),
                }
            })
            .await?;
        self.inner.follower.apply(&rows)?;
        let applied = self.inner.follower.applied()?;
        Ok(Polled {
            applied: applied.unwrap_or_default(),
            more: applied.is_some_and(|applied| applied < current),
            unpublished: applied != after,
        })
    }

    /// Polls for ever, on PostgreSQL (a SQLite database has no other nodes): every `every`, sooner when `wake` is
    /// notified, at once while there is more.
    ///
    /// `clock` is read before each poll is sent, and handed to `fresh` if the poll succeeded and left nothing to read:
    /// at that moment the node knew everything. Returns when the index must be loaded again ([`StoreError::Gap`],
    /// [`StoreError::Rewound`]) or the store was closed; everything else passes or leaves the node stale.
    pub async fn tail<C>(
        &self,
        node: NodeId,
        every: Duration,
        wake: &Notify,
        clock: impl Fn() -> C,
        fresh: impl Fn(C),
    ) -> StoreError {
        loop {
            let sent = clock();
            match self.poll(node).await {
                Ok(Polled { more: true, .. }) => continue,
                Ok(Polled { unpublished, .. }) => {
                    fresh(sent);
                    // Receipts on other nodes wait for this one to say that it has applied what it just read.
                    if unpublished {
                        continue;
                    }
                }
                Err(error @ (StoreError::Gap { .. } | StoreError::Rewound | StoreError::Closed)) => return error,
                Err(error) => tracing::warn!(%error, "the change feed cannot be read"),
            }
            // Notifications may be lost or never come: they only shorten the wait.
            let _ = tokio::time::timeout(every, wake.notified()).await;
        }
    }
}

/// What a poll led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polled {
    /// The revision up to which the index is complete.
    pub applied: Revision,
    /// Whether more was committed than one poll reads.
    pub more: bool,
    /// Whether the index came further than this poll told the other nodes: the next one does.
    pub unpublished: bool,
}

impl FromRow for Node {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { node: row.get(0)?, applied: row.get(1)?, heartbeat: row.get(2)? })
    }
}

const HEARTBEAT: &str = "INSERT INTO nodes (node, applied, heartbeat) VALUES ($1, $2, $3)
    ON CONFLICT (node) DO UPDATE SET applied = excluded.applied, heartbeat = excluded.heartbeat";
