//! Connections that go away, and databases that are not what they should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::FutureExt as _;
use keyward_core::change::Revision;

use super::support::*;
use crate::testing::{TestStore, options};
use crate::{Faults, Injected, Migrated, Point, Store, StoreError, StoreOptions};

/// Loses the connection the first time it comes to `point`.
fn once(point: Point) -> StoreOptions {
    let armed = AtomicBool::new(true);
    let hook = move |at| {
        let lost = at == point && armed.swap(false, Ordering::Relaxed);
        async move { if lost { Injected::Lost } else { Injected::Nothing } }.boxed()
    };
    StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }
}

/// Writes twice through a store with `options`; how often the first job ran.
async fn runs(store: &TestStore, options: StoreOptions) -> u32 {
    scratch(store).await;
    let faulty = store.database.open(options).await;
    let runs = Arc::new(AtomicU32::new(0));
    let job = {
        let runs = Arc::clone(&runs);
        async move |tx: &mut crate::Tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            Ok::<_, StoreError>(((), insert(tx, "first").await?))
        }
    };
    assert_eq!(faulty.write(ORGANIZATION, job).await.unwrap().1, Revision(1));
    assert_eq!(put(&faulty, "second").await.unwrap(), Revision(2));
    assert_eq!(rows(store).await, ["first", "second"]);
    assert!(store.check().await.unwrap().feed_complete);
    runs.load(Ordering::Relaxed)
}

pub(super) async fn a_connection_lost_before_commit_is_tried_again(store: TestStore) {
    assert_eq!(runs(&store, once(Point::BeforeCommit)).await, 2);
}

pub(super) async fn a_connection_lost_after_commit_is_not_repeated(store: TestStore) {
    assert_eq!(runs(&store, once(Point::AfterCommit)).await, 1);
}

pub(super) async fn a_side_write_lost_after_commit_is_not_repeated(store: TestStore) {
    scratch(&store).await;
    put(&store, "counter").await.unwrap();
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let faulty = store.database.open(once(point)).await;
        aside(&faulty, "UPDATE scratch SET value = value + 1").await;
    }
    let value: (i64,) = store.read().await.unwrap().one("SELECT value FROM scratch", ()).await.unwrap();
    assert_eq!(value, (2,));
}

pub(super) async fn a_database_that_stays_away_fails_the_jobs(store: TestStore) {
    scratch(&store).await;
    let away = Arc::new(AtomicBool::new(true));
    let hook = {
        let away = Arc::clone(&away);
        move |_| {
            let away = away.load(Ordering::Relaxed);
            async move { if away { Injected::Lost } else { Injected::Nothing } }.boxed()
        }
    };
    let faulty = store.database.open(StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await;
    let error = put(&faulty, "lost").await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    away.store(false, Ordering::Relaxed);
    put(&faulty, "kept").await.unwrap();
    assert_eq!(rows(&store).await, ["kept"]);
}

pub(super) async fn a_newer_schema_is_refused(store: TestStore) {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    aside(&store, newer).await;
    let opened = Store::open(&store.database.url, options()).await.err().unwrap();
    let migrated = Store::migrate(&store.database.url, &options()).await.unwrap_err();
    for error in [opened, migrated] {
        assert!(matches!(error, StoreError::SchemaNewer { found: 9999, .. }), "{error:?}");
        assert!(error.to_string().contains("schema 9999 and this program knows schemas up to"), "{error}");
    }
}

pub(super) async fn migrating_twice_changes_nothing(store: TestStore) {
    let schema = store.check().await.unwrap().schema;
    let again = Store::migrate(&store.database.url, &options()).await.unwrap();
    assert_eq!(again, Migrated { from: schema, to: schema });
}
