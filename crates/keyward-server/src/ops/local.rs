//! What the operator at the machine does with the database and the key ring, without a serving node.

use keyward_core::id::{NodeId, RequestId};
use keyward_core::keyring::KeyRing;
use keyward_store::{Store, StoreOptions};

use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::setup::{self, First, SetUp};
use crate::start::{self, StartError};

pub use keyward_store::{Check, Migrated};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Configuration, key ring or database.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The operation itself.
    #[error(transparent)]
    Refused(#[from] OpError),
}

/// Brings the database to the schema of this program.
pub async fn migrate(config: &Config) -> Result<Migrated, StartError> {
    Ok(Store::migrate(&start::database_url(config)?, &options()).await?)
}

/// Looks at the database without changing it.
pub async fn check(config: &Config) -> Result<Check, StartError> {
    let store = open(config).await?;
    let found = store.check().await;
    store.close().await;
    Ok(found?)
}

/// How many records in the database stand under a version of the key ring, which must be the database's.
pub async fn in_use(config: &Config, ring: &KeyRing, version: u32) -> Result<u64, StartError> {
    let store = open(config).await?;
    let counted = async {
        start::recognise(&store, ring).await?;
        let counts = store.read().await?.peppers_in_use().await?;
        Ok(counts.into_iter().filter(|(pepper, _)| *pepper == version).map(|(_, count)| count).sum())
    };
    let counted = counted.await;
    store.close().await;
    counted
}

/// Makes the first operator and, if named, the first organization.
pub async fn init(config: Config, first: First) -> Result<SetUp, LocalError> {
    let app = App::open(config).await?;
    let ctx = Ctx {
        caller: Caller::System,
        organization: None,
        now: app.now(),
        request: RequestId::new(app.now().wall, &mut app.entropy()),
        source: None,
        user_agent: None,
        secure: true,
        idempotency_key: None,
        if_match: None,
    };
    let made = setup::init(&app, &ctx, first).await;
    if let Err(error) = app.nodes.unregister(&app.store).await {
        tracing::warn!(%error, "the node could not be taken off the list");
    }
    app.store.close().await;
    Ok(made?.value)
}

async fn open(config: &Config) -> Result<Store, StartError> {
    Ok(Store::open(&start::database_url(config)?, options()).await?)
}

fn options() -> StoreOptions {
    StoreOptions { readers: 1, ..StoreOptions::new(NodeId::new(clock::now(), &mut OsEntropy)) }
}
