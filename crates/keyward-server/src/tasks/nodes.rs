//! The nodes of a deployment: who is there, how current this one is, and when a commit is in force everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keyward_core::change::Revision;
use keyward_core::id::NodeId;
use keyward_store::{Store, StoreError};
use keyward_verify::Snapshot;
use tokio::sync::Notify;

use crate::app::App;
use crate::clock::{Boot, Stopwatch};
use crate::config::Config;

/// Nodes that have been silent for so many bounds are forgotten: they have denied everything since the first one.
const FORGOTTEN_AFTER: u32 = 120;
/// How often a waiting change asks how far it has come.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// This node's place among the others.
pub struct Nodes {
    node: NodeId,
    alone: bool,
    bound: Duration,
    serve_stale: Duration,
    poll: Duration,
    wake: Arc<Notify>,
    /// How many nodes were registered when this one last asked.
    registered: AtomicU32,
}

impl Nodes {
    /// From the configuration. On SQLite a node is alone and never stale.
    pub fn new(config: &Config, node: NodeId) -> Self {
        Self {
            node,
            alone: config.sqlite_file().is_some(),
            bound: config.freshness.bound,
            serve_stale: config.freshness.serve_stale.unwrap_or_default(),
            poll: config.freshness.poll,
            wake: Arc::new(Notify::new()),
            registered: AtomicU32::new(1),
        }
    }

    /// This node's name.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Whether there can be no other node.
    pub const fn alone(&self) -> bool {
        self.alone
    }

    /// How many nodes were registered when this one last asked: at a change, or when it forgot silent ones.
    pub fn count(&self) -> u32 {
        self.registered.load(Ordering::Relaxed)
    }

    /// How long ago the last successful poll was sent; zero for a node that is alone.
    pub fn age(&self, index: &Snapshot, boot: Duration) -> Duration {
        let until = index.fresh_until().unwrap_or(boot + self.bound + self.serve_stale);
        (boot + self.bound + self.serve_stale).saturating_sub(until)
    }

    /// Registers the node, before it reads the revision that its index begins with.
    pub async fn register(&self, store: &Store) -> Result<(), StoreError> {
        if self.alone { Ok(()) } else { store.register(self.node).await }
    }

    /// Takes the node off the list of those that a receipt waits for.
    pub async fn unregister(&self, store: &Store) -> Result<(), StoreError> {
        if self.alone { Ok(()) } else { store.unregister(self.node).await }
    }

    /// Waits until every registered node has applied `revision` (true), or can no longer decide from anything older
    /// because the bound and 1 % have passed since the commit (false). How many are registered, and how many have it.
    pub async fn confirm(&self, store: &Store, revision: Revision, since_commit: Stopwatch) -> (u32, u32, bool) {
        if self.alone {
            return (1, 1, true);
        }
        let patience = self.bound + self.serve_stale + (self.bound + self.serve_stale) / 100;
        let mut seen = (0, 0);
        loop {
            // This node has applied it already; saying so need not wait for its next poll.
            let asked = async {
                store.poll(self.node).await?;
                store.applied_by_all(revision).await
            };
            if let Ok(confirmed) = asked.await {
                let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
                seen = (count(confirmed.registered), count(confirmed.applied));
                self.registered.store(seen.0, Ordering::Relaxed);
                if confirmed.by_all() {
                    return (seen.0, seen.1, true);
                }
            }
            if since_commit.elapsed() >= patience {
                return (seen.0, seen.1, false);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

/// Follows the feed for ever, and keeps the node as fresh as its last successful poll.
pub async fn follow(app: Arc<App>) {
    let nodes = &app.nodes;
    if nodes.alone {
        return;
    }
    let fresh = |sent: Boot| {
        app.index.fresh_until(Some(sent.since_start() + nodes.bound + nodes.serve_stale));
    };
    // Until the first poll succeeds, nothing is known to be current.
    app.index.fresh_until(Some(Duration::ZERO));
    loop {
        let ended = app.store.tail(nodes.node, nodes.poll, &nodes.wake, Boot::now, fresh).await;
        match ended {
            StoreError::Closed => return,
            // The feed does not go back as far as this node's index: begin again from a snapshot.
            StoreError::Gap { .. } | StoreError::Rewound => {
                tracing::warn!(error = %ended, "the index is loaded again");
                if let Err(error) = app.load().await {
                    tracing::error!(%error, "the index cannot be loaded");
                    tokio::time::sleep(nodes.poll).await;
                }
            }
            other => {
                tracing::error!(error = %other, "the change feed ended");
                tokio::time::sleep(nodes.poll).await;
            }
        }
    }
}

/// Forgets nodes that have been silent for long.
pub async fn forget_silent(app: Arc<App>) {
    if app.nodes.alone {
        return;
    }
    let silence = app.nodes.bound * FORGOTTEN_AFTER;
    loop {
        tokio::time::sleep(silence / 4).await;
        let nodes = async {
            app.store.expire_nodes(silence).await?;
            app.store.nodes().await
        };
        match nodes.await {
            Ok(nodes) => {
                let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                app.nodes.registered.store(count, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "silent nodes cannot be forgotten"),
        }
    }
}
