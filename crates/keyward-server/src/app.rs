//! A node: everything that operations share, and how it comes to life. The wiring; no rules here.

use std::sync::Arc;

use arc_swap::ArcSwap;
use keyward_core::change::Committed;
use keyward_core::entropy::Entropy;
use keyward_core::id::NodeId;
use keyward_core::keyring::KeyRing;
use keyward_store::{FeedRow, Store, StoreOptions};
use keyward_verify::{Index, Now};

use crate::clock::{self, Boot};
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::ops::passwords::Passwords;
use crate::ops::profiles::Shelf;
use crate::ops::usage::Usage;
use crate::start::{self, StartError};
use crate::tasks::nodes::Nodes;
use crate::tasks::refusals::Refusals;
use crate::telemetry::metrics::Metrics;

/// A node. One per process, shared by everything that answers requests.
pub struct App {
    /// How it was configured.
    pub config: Arc<Config>,
    /// What survives a restart.
    pub store: Store,
    /// What decisions are made from.
    pub index: Arc<Index>,
    /// The other nodes, and how current this one is.
    pub nodes: Nodes,
    /// The pool that checks passwords.
    pub passwords: Passwords,
    /// Uses that wait to be written.
    pub usage: Usage,
    /// How many refusals are recorded.
    pub refusals: Refusals,
    /// The profiles that can be used.
    pub profiles: Shelf,
    /// What is counted; nothing where the configuration says so.
    pub metrics: Option<Metrics>,
    ring: ArcSwap<KeyRing>,
}

impl App {
    /// Opens everything that the configuration names: key ring, database, profiles; loads the index and follows the
    /// feed. Refuses with a precise message when something is missing, foreign or newer than this program.
    pub async fn open(config: Config) -> Result<Arc<Self>, StartError> {
        let node = NodeId::new(clock::now(), &mut OsEntropy);
        let profiles = Shelf::load(config.profiles.as_deref())?;
        let url = start::database_url(&config)?;
        let options = StoreOptions { readers: config.database.connections, ..StoreOptions::new(node) };
        Store::migrate(&url, &options).await.map_err(StartError::Store)?;
        let metrics = config.metrics.enabled.then(Metrics::install).transpose();
        let metrics = metrics.map_err(|e| StartError::Metrics(e.to_string()))?;
        let store = Store::open(&url, options).await.map_err(StartError::Store)?;
        let ring = match start::key_ring_of(&config, &store).await {
            Ok(ring) => Arc::new(ring),
            Err(error) => {
                store.close().await;
                return Err(error);
            }
        };
        let app = Arc::new(Self {
            store,
            index: Arc::new(Index::new(Arc::clone(&ring))),
            nodes: Nodes::new(&config, node),
            passwords: Passwords::new(&config.passwords),
            usage: Usage::new(),
            refusals: Refusals::new(),
            config: Arc::new(config),
            profiles,
            metrics,
            ring: ArcSwap::new(ring),
        });
        match app.join().await {
            Ok(()) => Ok(app),
            Err(error) => {
                app.leave().await;
                Err(error)
            }
        }
    }

    /// Becomes one of the deployment's nodes, with an index that is current.
    async fn join(&self) -> Result<(), StartError> {
        crate::ops::profiles::check_files(self).await?;
        self.nodes.register(&self.store).await.map_err(StartError::Store)?;
        self.load().await
    }

    /// Lets the database go. No receipt waits for this node any more.
    pub async fn leave(&self) {
        if let Err(error) = self.nodes.unregister(&self.store).await {
            tracing::warn!(%error, "the node could not be taken off the list");
        }
        self.store.close().await;
    }

    /// Loads the whole index from the database and follows the feed from there.
    pub async fn load(&self) -> Result<(), StartError> {
        let (start, changes) = self.store.snapshot().await.map_err(StartError::Store)?;
        self.index.load(start.revision(), changes).map_err(|e| StartError::Index(e.to_string()))?;
        let index = Arc::clone(&self.index);
        let hook = move |rows: &[FeedRow]| {
            let commits: Vec<Committed> =
                rows.iter().map(|row| Committed { revision: row.revision, changes: row.changes.clone() }).collect();
            if let Err(error) = index.apply(&commits) {
                // An index that missed a commit would go on deciding, so nothing may go on.
                tracing::error!(%error, "the index cannot take a commit: this node ends");
                std::process::abort();
            }
        };
        self.store.follow(start, Arc::new(hook)).await.map_err(StartError::Store)
    }

    /// The key ring as it is now.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Puts another state of the key ring into force.
    pub fn set_ring(&self, ring: KeyRing) {
        let ring = Arc::new(ring);
        self.index.set_key_ring(Arc::clone(&ring));
        self.ring.store(ring);
    }

    /// Reads the key ring's file again; keeps the one in force when that fails.
    pub fn reload_ring(&self) {
        match start::key_ring(&self.config) {
            Ok(ring) if ring.fingerprint() == self.ring().fingerprint() => {
                self.set_ring(ring);
                tracing::info!("the key ring was read again");
            }
            Ok(_) => tracing::error!("the key ring's file is of another ring: the one in force stays"),
            Err(error) => tracing::error!(%error, "the key ring cannot be read: the one in force stays"),
        }
    }

    /// Where operations draw their randomness from.
    pub fn entropy(&self) -> impl Entropy + use<> {
        OsEntropy
    }

    /// This instant on every clock that a decision looks at.
    pub fn now(&self) -> Now {
        Now {
            wall: clock::now(),
            boot: Boot::now().since_start(),
            coarse: keyward_core::time::Timestamp::EPOCH.plus(clock::coarse()),
        }
    }
}
