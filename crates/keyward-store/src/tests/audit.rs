//! The audit log, and every way to tamper with it.

use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::change::Revision;
use keyward_core::entropy::Seeded;
use keyward_core::id::RequestId;
use keyward_core::keyring::{KeyRing, SignPurpose};
use keyward_core::time::Timestamp;

use super::support::*;
use crate::testing::TestStore;
use crate::{AuditFilter, Broken, Checkpoint, Scope, Store, Verified};

const NOW: Timestamp = Timestamp::from_seconds(2_000);

pub(super) async fn refused_acts_are_recorded(store: TestStore) {
    scratch(&store).await;
    put(&store, "done").await.unwrap();
    let mut refused = entry("scratch.create", "undone");
    refused.outcome = Outcome::Refused("denied".into());
    store.record(ORGANIZATION, refused.clone()).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.revision(), Revision(1));
    let recorded = reader.audit_after(ORGANIZATION, 1, 10).await.unwrap();
    let [last] = recorded.as_slice() else { panic!("{recorded:?}") };
    let only = AuditFilter { refused: Some(true), ..AuditFilter::default() };
    assert_eq!(reader.audit(ORGANIZATION, &only, None, 10).await.unwrap(), recorded);
    assert_eq!((last.position, last.revision, last.entry().unwrap()), (2, Revision(0), refused));
}

pub(super) async fn scopes_have_chains_of_their_own(store: TestStore) {
    for (scope, target) in [(ORGANIZATION, "a"), (OTHER, "b"), (Scope::Deployment, "c"), (ORGANIZATION, "d")] {
        store.record(scope, entry("test.act", target)).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    for (scope, targets) in [(ORGANIZATION, vec!["a", "d"]), (OTHER, vec!["b"]), (Scope::Deployment, vec!["c"])] {
        let recorded = reader.audit_after(scope, 0, 10).await.unwrap();
        let found: Vec<_> = recorded.iter().map(|a| (a.position, a.entry().unwrap().target.unwrap())).collect();
        let expected: Vec<_> = (1..).zip(targets.into_iter().map(str::to_owned)).collect();
        assert_eq!(found, expected);
    }
}

pub(super) async fn entries_are_listed_newest_first_by_key(store: TestStore) {
    for n in 0_i64..10 {
        let mut act = entry(if n % 2 == 0 { "test.even" } else { "test.odd" }, "thing");
        act.at = Timestamp::from_seconds(n);
        store.record(ORGANIZATION, act).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let even = AuditFilter { operation: Some("test.even".into()), ..AuditFilter::default() };
    let page = reader.audit(ORGANIZATION, &even, None, 3).await.unwrap();
    assert_eq!(page.iter().map(|a| a.position).collect::<Vec<_>>(), [9, 7, 5]);
    let page = reader.audit(ORGANIZATION, &even, Some(5), 3).await.unwrap();
    assert_eq!(page.iter().map(|a| a.position).collect::<Vec<_>>(), [3, 1]);

    let of_resource = |name: &str| AuditFilter { operation: Some(name.into()), ..AuditFilter::default() };
    assert_eq!(reader.audit(ORGANIZATION, &of_resource("test"), None, 20).await.unwrap().len(), 10);
    assert!(reader.audit(ORGANIZATION, &of_resource("tes"), None, 20).await.unwrap().is_empty());
    for (refused, count) in [(true, 0), (false, 10)] {
        let filter = AuditFilter { refused: Some(refused), ..AuditFilter::default() };
        assert_eq!(reader.audit(ORGANIZATION, &filter, None, 20).await.unwrap().len(), count);
    }

    let between = AuditFilter {
        from: Some(Timestamp::from_seconds(2)),
        until: Some(Timestamp::from_seconds(4)),
        callers: vec!["usr_nobody".into(), "system".into()],
        targets: vec!["thing".into()],
        ..AuditFilter::default()
    };
    let page = reader.audit(ORGANIZATION, &between, None, 10).await.unwrap();
    assert_eq!(page.iter().map(|a| a.position).collect::<Vec<_>>(), [4, 3]);
    let elsewhere = AuditFilter { targets: vec!["nothing".into()], ..between };
    assert!(reader.audit(ORGANIZATION, &elsewhere, None, 10).await.unwrap().is_empty());
    assert!(reader.audit(OTHER, &AuditFilter::default(), None, 10).await.unwrap().is_empty());
}

pub(super) async fn entries_are_found_by_their_request(store: TestStore) {
    let request = |n| RequestId::from_bits(n);
    for n in [1, 2, 1] {
        let act = AuditEntry { request: Some(request(n)), ..entry("test.act", "thing") };
        store.record(ORGANIZATION, act).await.unwrap();
    }
    store.record(ORGANIZATION, entry("test.act", &request(1).to_string())).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let filter = AuditFilter { request: Some(request(1)), ..AuditFilter::default() };
    let found = reader.audit(ORGANIZATION, &filter, None, 10).await.unwrap();
    assert_eq!(found.iter().map(|a| a.position).collect::<Vec<_>>(), [3, 1]);
}

/// Five entries, a checkpoint at the fourth, and what the check says after `tampering`.
async fn tampered(store: &Store, tampering: &[&'static str]) -> Result<Verified, Broken> {
    for n in 1..=5 {
        store.record(ORGANIZATION, entry("test.act", &n.to_string())).await.unwrap();
        if n == 4 {
            let ring = KeyRing::generate(NOW, &mut Seeded::new(7)).unwrap();
            let (_, key) = ring.current_signing_key(SignPurpose::AuditCheckpoint);
            store.checkpoint(ORGANIZATION, NOW, key).await.unwrap();
        }
    }
    let checkpoints = store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap();
    for sql in tampering {
        aside(store, sql).await;
    }
    verified(store, checkpoints).await
}

async fn verified(store: &Store, checkpoints: Vec<Checkpoint>) -> Result<Verified, Broken> {
    let key = checkpoints[0].public_key;
    store.verify_audit(ORGANIZATION, checkpoints, &key).await.unwrap()
}

pub(super) async fn an_intact_chain_verifies(store: TestStore) {
    let verified = tampered(&store, &[]).await.unwrap();
    assert_eq!(verified.count, 5);

    // What leaves the database comes back the same, and only the right key signed it.
    let [checkpoint] = &store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap()[..] else { panic!() };
    let exported: Checkpoint = serde_json::from_str(&serde_json::to_string(checkpoint).unwrap()).unwrap();
    assert_eq!(&exported, checkpoint);
    assert_eq!(exported.verify(&[9; 32]), Err(Broken::Signature(4)));
    let forged = Checkpoint { count: 5, ..exported.clone() };
    assert_eq!(forged.verify(&exported.public_key), Err(Broken::Signature(5)));
    let other = store.verify_audit(OTHER, vec![exported.clone()], &exported.public_key).await.unwrap();
    assert_eq!(other, Err(Broken::Scope(4)));
}

pub(super) async fn an_edit_is_found(store: TestStore) {
    let edit = "UPDATE audit SET entry = REPLACE(entry, '\"3\"', '\"9\"'), target = '9' WHERE position = 3";
    assert_eq!(tampered(&store, &[edit]).await, Err(Broken::Hash(3)));
}

pub(super) async fn an_edited_column_is_found(store: TestStore) {
    let edit = "UPDATE audit SET target = 'another' WHERE position = 3";
    assert_eq!(tampered(&store, &[edit]).await, Err(Broken::Columns(3)));
}

const COPY: &str = "INSERT INTO audit (scope, position, revision, entry, at, operation, caller, target, hash)
    SELECT scope, 6, revision, entry, at, operation, caller, target, hash FROM audit WHERE position = 3";

pub(super) async fn an_insertion_is_found(store: TestStore) {
    assert_eq!(tampered(&store, &[COPY]).await, Err(Broken::Hash(6)));
}

pub(super) async fn a_deletion_is_found(store: TestStore) {
    let delete = "DELETE FROM audit WHERE position = 3";
    assert_eq!(tampered(&store, &[delete]).await, Err(Broken::Position { expected: 3, found: 4 }));
    // Closing the ranks does not help.
    aside(&store, "UPDATE audit SET position = 3 WHERE position = 4").await;
    aside(&store, "UPDATE audit SET position = 4 WHERE position = 5").await;
    let checkpoints = store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap();
    assert_eq!(verified(&store, checkpoints).await, Err(Broken::Hash(3)));
}

pub(super) async fn a_reordering_is_found(store: TestStore) {
    let swap = [
        "UPDATE audit SET position = 30 WHERE position = 3",
        "UPDATE audit SET position = 3 WHERE position = 2",
        "UPDATE audit SET position = 2 WHERE position = 30",
    ];
    assert_eq!(tampered(&store, &swap).await, Err(Broken::Hash(2)));
}

/// An entry that was once a good one at this very place, of another chain.
pub(super) async fn an_exchange_is_found(store: TestStore) {
    tampered(&store, &[]).await.unwrap();
    let checkpoints = store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap();
    for sql in ["CREATE TABLE kept AS SELECT * FROM audit", "DELETE FROM audit", "DELETE FROM audit_heads"] {
        aside(&store, sql).await;
    }
    for target in ["1", "2", "another"] {
        store.record(ORGANIZATION, entry("test.act", target)).await.unwrap();
    }
    for sql in [
        "DELETE FROM kept WHERE position = 3",
        "INSERT INTO kept SELECT * FROM audit WHERE position = 3",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT * FROM kept",
        "UPDATE audit_heads SET count = 5, hash = (SELECT hash FROM audit WHERE position = 5)",
    ] {
        aside(&store, sql).await;
    }
    assert_eq!(verified(&store, checkpoints).await, Err(Broken::Hash(4)));
}

pub(super) async fn a_truncation_is_found(store: TestStore) {
    // The head that the database keeps gives a careless cut away, the checkpoint a careful one.
    let cut = "DELETE FROM audit WHERE position = 5";
    assert_eq!(tampered(&store, &[cut]).await, Err(Broken::Truncated { expected: 5, found: 4 }));
    let careful = [
        "DELETE FROM audit WHERE position > 3",
        "UPDATE audit_heads SET count = 3, hash = (SELECT hash FROM audit WHERE position = 3)",
    ];
    let checkpoints = store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap();
    for sql in careful {
        aside(&store, sql).await;
    }
    assert_eq!(verified(&store, checkpoints).await, Err(Broken::Truncated { expected: 4, found: 3 }));
}

pub(super) async fn a_full_rewrite_is_found(store: TestStore) {
    tampered(&store, &[]).await.unwrap();
    let checkpoints = store.read().await.unwrap().checkpoints(ORGANIZATION).await.unwrap();
    for sql in ["DELETE FROM audit", "DELETE FROM audit_heads", "DELETE FROM audit_checkpoints"] {
        aside(&store, sql).await;
    }
    for n in 1..=5 {
        store.record(ORGANIZATION, entry("test.another_act", &n.to_string())).await.unwrap();
    }
    assert_eq!(verified(&store, checkpoints.clone()).await, Err(Broken::Rewritten(4)));
    // Without the checkpoint it would pass: that is what checkpoints are for.
    let key = checkpoints[0].public_key;
    assert!(store.verify_audit(ORGANIZATION, Vec::new(), &key).await.unwrap().is_ok());
}
