//! Uses that are recorded before they are answered, and nonces that count once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use keyward_core::audit::AuditEntry;

use super::fixtures::{at, cred};
use super::support::*;
use crate::testing::{TestStore, options};
use crate::{Faults, Injected, Point, Store, StoreError, StoreOptions, UseRecorded, UsedNonce, Writer};

/// The nonce that `n` names, of the credential that `credential` names.
pub(super) fn a_nonce(credential: u128, n: u64) -> UsedNonce {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&n.to_le_bytes());
    UsedNonce { credential: cred(credential), digest, until: at(60) }
}

fn a_use(n: u64) -> AuditEntry {
    entry("credentials.use", &n.to_string())
}

/// What the audit log says was used, in order.
async fn recorded(store: &Store) -> Vec<String> {
    let entries = store.read().await.unwrap().audit_after(ORGANIZATION, 0, 10_000).await.unwrap();
    store.verify_audit(ORGANIZATION, Vec::new(), &[0; 32]).await.unwrap().unwrap();
    entries.iter().map(|recorded| recorded.entry().unwrap().target.unwrap()).collect()
}

/// How many nonces are known.
async fn nonces(store: &Store) -> u64 {
    store.read().await.unwrap().one::<(u64,)>("SELECT COUNT(*) FROM nonces", ()).await.unwrap().0
}

pub(super) async fn a_nonce_counts_once_however_many_ask(store: TestStore) {
    let nodes = [store.store.clone(), store.another().await, store.another().await];
    for (round, logged) in [(1, false), (2, true)] {
        let uses = (0..50_u64).map(|n| {
            let node = nodes[usize::try_from(n).unwrap() % nodes.len()].clone();
            let entry = logged.then(|| a_use(n));
            async move { node.record_use(ORGANIZATION, entry, Some(a_nonce(1, round))).await.unwrap() }
        });
        let answers = join_all(uses.map(tokio::spawn)).await;
        let first: Vec<usize> =
            (0..50).filter(|n| matches!(answers[*n].as_ref().unwrap(), UseRecorded::First)).collect();
        assert_eq!(first.len(), 1, "{first:?}");
        if logged {
            assert_eq!(recorded(&store).await, [first[0].to_string()], "the one that counts, and no other");
        }
    }
    assert_eq!(nonces(&store).await, 2);
    // A nonce belongs to its credential.
    for credential in 2..5 {
        let answer = store.record_use(ORGANIZATION, None, Some(a_nonce(credential, 1))).await.unwrap();
        assert_eq!(answer, UseRecorded::First);
    }
}

pub(super) async fn a_replay_leaves_its_neighbours_untouched(store: TestStore) {
    scratch(&store).await;
    let known = store.record_use(ORGANIZATION, Some(a_use(0)), Some(a_nonce(1, 0))).await.unwrap();
    assert_eq!(known, UseRecorded::First);
    let occupied = Occupied::new(&store).await;
    let runs = Arc::new(AtomicU32::new(0));
    let uses = [0, 1, 1, 2, 0].into_iter().enumerate().map(|(place, n)| {
        let (store, runs) = (store.store.clone(), Arc::clone(&runs));
        async move {
            let name = format!("neighbour {place}");
            let job = async move |tx: &mut crate::Tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                Ok::<_, StoreError>(((), insert(tx, &name).await?))
            };
            let (answer, written) = tokio::join!(
                store.record_use(ORGANIZATION, Some(a_use(n)), Some(a_nonce(1, n))),
                store.write(ORGANIZATION, job)
            );
            written.unwrap();
            answer.unwrap()
        }
    });
    let tasks = queued(uses.collect());
    occupied.release().await;
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let (first, replayed) = (UseRecorded::First, UseRecorded::Replayed);
    assert_eq!(answers, [replayed, first, replayed, first, replayed]);
    assert_eq!(runs.load(Ordering::Relaxed), 5, "nobody ran twice");
    assert_eq!(rows(&store).await.len(), 5);
    let targets = ["0", "neighbour 0", "1", "neighbour 1", "neighbour 2", "2", "neighbour 3", "neighbour 4"];
    assert_eq!(recorded(&store).await, targets);
}

/// A store that counts its commits.
async fn counting(store: &TestStore) -> (Store, Arc<AtomicU32>) {
    let commits = Arc::new(AtomicU32::new(0));
    let hook = {
        let commits = Arc::clone(&commits);
        move |at| {
            commits.fetch_add(u32::from(at == Point::AfterCommit), Ordering::Relaxed);
            async { Injected::Nothing }.boxed()
        }
    };
    let options = StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() };
    (store.database.open(options).await, commits)
}

pub(super) async fn uses_are_committed_together(store: TestStore) {
    for logged in [true, false] {
        let (store, commits) = counting(&store).await;
        let occupied = if logged { Occupied::new(&store).await } else { Occupied::aside(&store).await };
        let uses = (0..60).map(|n| {
            let (store, entry) = (store.clone(), logged.then(|| a_use(n)));
            async move { store.record_use(ORGANIZATION, entry, Some(a_nonce(u128::from(logged), n))).await.unwrap() }
        });
        let tasks = queued(uses.collect());
        occupied.release().await;
        for task in tasks {
            assert_eq!(task.await.unwrap(), UseRecorded::First);
        }
        assert_eq!(commits.load(Ordering::Relaxed), 1);
    }
    assert_eq!((nonces(&store).await, recorded(&store).await.len()), (120, 60));
}

pub(super) async fn nonces_are_forgotten_when_their_time_is_over(store: TestStore) {
    let later = UsedNonce { until: at(61), ..a_nonce(1, 2) };
    for nonce in [a_nonce(1, 1), later] {
        assert_eq!(store.record_use(ORGANIZATION, None, Some(nonce)).await.unwrap(), UseRecorded::First);
    }
    let purge = async |seconds| -> u64 {
        let job = async move |writer: &mut Writer| writer.purge_nonces(at(seconds)).await;
        store.side_write::<_, StoreError, _>(job).await.unwrap()
    };
    assert_eq!(purge(59).await, 0);
    assert_eq!(purge(60).await, 1);
    assert_eq!(store.record_use(ORGANIZATION, None, Some(later)).await.unwrap(), UseRecorded::Replayed);
    assert_eq!(store.record_use(ORGANIZATION, None, Some(a_nonce(1, 1))).await.unwrap(), UseRecorded::First);
}

pub(super) async fn a_use_without_record_needs_no_database(store: TestStore) {
    store.close().await;
    assert_eq!(store.record_use(ORGANIZATION, None, None).await.unwrap(), UseRecorded::First);
    let answers = [
        store.record_use(ORGANIZATION, Some(a_use(1)), None).await,
        store.record_use(ORGANIZATION, None, Some(a_nonce(1, 1))).await,
    ];
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Closed))), "{answers:?}");
}

/// A database that cannot be written, or has no room.
pub(super) async fn what_cannot_be_recorded_is_not_used(store: TestStore) {
    let is_sqlite = store.check().await.unwrap().engine.starts_with("SQLite");
    let read_only = if is_sqlite { "PRAGMA query_only = 1" } else { "SET default_transaction_read_only = on" };
    let faulty = suffering(&store, read_only).await;
    for (entry, nonce) in combinations(1) {
        let error = faulty.record_use(ORGANIZATION, entry, nonce).await.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(_) | StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!((nonces(&store).await, recorded(&store).await.len()), (0, 0));

    let full = if is_sqlite {
        "PRAGMA max_page_count = 1"
    } else {
        // The server's own words for a full disk, from the 20th row on.
        aside(&store, FULL).await;
        aside(&store, FULL_AUDIT).await;
        aside(&store, FULL_NONCES).await;
        "SELECT 1"
    };
    let faulty = suffering(&store, full).await;
    let (mut used, mut refused) = ((0, 0), 0);
    // Until nothing fits: an entry is larger than a nonce.
    for n in 1..2_000 {
        for (entry, nonce) in combinations(n) {
            let counts = (usize::from(entry.is_some()), u64::from(nonce.is_some()));
            match faulty.record_use(ORGANIZATION, entry, nonce).await {
                Ok(UseRecorded::First) => used = (used.0 + counts.0, used.1 + counts.1),
                Err(StoreError::Full) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        if refused >= 3 {
            break;
        }
    }
    assert!(refused >= 3);
    assert_eq!((recorded(&store).await.len(), nonces(&store).await), used);
}

/// A use of a logged kind, of a signed request, and of both.
fn combinations(n: u64) -> [(Option<AuditEntry>, Option<UsedNonce>); 3] {
    let (logged, signed, both) = (a_use(n), a_nonce(1, n), a_nonce(2, n));
    [(Some(logged.clone()), None), (None, Some(signed)), (Some(logged), Some(both))]
}

/// A store whose connections begin with this.
async fn suffering(store: &TestStore, sql: &'static str) -> Store {
    let hook =
        move |at| async move { if at == Point::Connected { Injected::Sql(sql) } else { Injected::Nothing } }.boxed();
    store.database.open(StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await
}

const FULL: &str = "CREATE FUNCTION no_room() RETURNS TRIGGER LANGUAGE plpgsql AS
    'BEGIN
        IF (SELECT COUNT(*) FROM nonces) + (SELECT COUNT(*) FROM audit) < 20 THEN RETURN NEW; END IF;
        RAISE EXCEPTION USING ERRCODE = ''53100'';
    END'";
const FULL_AUDIT: &str = "CREATE TRIGGER no_room BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_room()";
const FULL_NONCES: &str = "CREATE TRIGGER no_room BEFORE INSERT ON nonces FOR EACH ROW EXECUTE FUNCTION no_room()";
