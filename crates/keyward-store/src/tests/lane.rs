//! Jobs, batches and answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use keyward_core::change::Revision;
use keyward_core::id::{OrganizationId, UserId};
use keyward_core::time::Timestamp;

use super::support::*;
use crate::testing::{TestStore, options};
use crate::{Constraint, Json, Query, Scope, StoreError, StoreOptions, Verifier};

pub(super) async fn every_write_has_its_own_revision_row_and_audit_entry(store: TestStore) {
    scratch(&store).await;
    let writes: Vec<_> = (0..200)
        .map(|n| {
            let store = store.store.clone();
            async move { (put(&store, &format!("{n:03}")).await.unwrap(), format!("{n:03}")) }
        })
        .collect();
    let mut written = futures_util::future::join_all(writes).await;
    written.sort();
    let revisions: Vec<u64> = written.iter().map(|(revision, _)| revision.0).collect();
    assert_eq!(revisions, (1..=200).collect::<Vec<u64>>());

    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.revision(), Revision(200));
    let feed = reader.feed(Revision(0), 1_000).await.unwrap();
    for ((revision, name), row) in written.iter().zip(&feed) {
        assert_eq!((row.revision, row.scope, names(&row.changes)), (*revision, ORGANIZATION, vec![name.as_str()]));
    }
    let audit = reader.audit_after(ORGANIZATION, 0, 1_000).await.unwrap();
    let audited: Vec<(Revision, String)> =
        audit.iter().map(|a| (a.revision, a.entry().unwrap().target.unwrap())).collect();
    assert_eq!(audited, written);
    assert!(store.check().await.unwrap().feed_complete);
}

pub(super) async fn a_failed_job_leaves_its_neighbours_untouched(store: TestStore) {
    scratch(&store).await;
    let occupied = Occupied::new(&store).await;
    let writes: Vec<_> = (0..64)
        .map(|n| {
            let store = store.store.clone();
            async move {
                let name = format!("{n:02}");
                let job = async move |tx: &mut crate::Tx| match n % 4 {
                    // Refuses before it wrote.
                    1 => Err(Refused::ByRule),
                    // Refuses after it wrote.
                    2 => insert(tx, &name).await.map_err(Refused::from).and(Err(Refused::ByRule)),
                    // The database refuses, after it wrote.
                    3 => {
                        insert(tx, &name).await?;
                        Ok(((), insert(tx, &name).await?))
                    }
                    _ => Ok(((), insert(tx, &name).await?)),
                };
                (n, store.write(ORGANIZATION, job).await)
            }
        })
        .collect();
    let tasks = queued(writes);
    occupied.release().await;

    let mut kept = Vec::new();
    for task in tasks {
        let (n, answer) = task.await.unwrap();
        match (n % 4, answer) {
            (0, Ok(((), revision))) => kept.push((revision, format!("{n:02}"))),
            (1 | 2, Err(Refused::ByRule))
            | (3, Err(Refused::Store(StoreError::Constraint { kind: Constraint::Unique, .. }))) => {}
            (_, answer) => panic!("job {n}: {answer:?}"),
        }
    }
    assert_eq!(kept.len(), 16);
    assert_eq!(rows(&store).await, kept.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>());
    let feed = store.read().await.unwrap().feed(Revision(0), 100).await.unwrap();
    let in_feed: Vec<_> = feed.iter().map(|row| (row.revision, names(&row.changes).concat())).collect();
    assert_eq!(in_feed, kept, "consecutive revisions, in the order of asking");
}

pub(super) async fn a_job_that_swallows_an_sql_error_fails(store: TestStore) {
    scratch(&store).await;
    let job = async |tx: &mut crate::Tx| {
        let audit = insert(tx, "first").await?;
        let _ = tx.exec("INSERT INTO scratch (name, value) VALUES ($1, $2)", ("second", -1_i64)).await;
        Ok(((), audit))
    };
    let error = store.write::<(), StoreError, _>(ORGANIZATION, job).await.unwrap_err();
    assert!(matches!(error, StoreError::Constraint { kind: Constraint::Check, .. }), "{error:?}");
    assert_eq!(rows(&store).await, [""; 0]);
}

pub(super) async fn a_wrong_statement_fails_its_job_alone(store: TestStore) {
    scratch(&store).await;
    let occupied = Occupied::new(&store).await;
    let wrong = async |tx: &mut crate::Tx| {
        insert(tx, "wrong").await?;
        tx.exec("UPDATE no_such_table SET a = 1", ()).await?;
        Ok(((), entry("never", "seen")))
    };
    let stores = [store.store.clone(), store.store.clone()];
    let [a, b] = stores;
    let first = queued(vec![async move { a.write::<(), StoreError, _>(ORGANIZATION, wrong).await }]);
    let second = queued(vec![async move { put(&b, "right").await }]);
    occupied.release().await;
    for task in first {
        let error = task.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Statement(_)), "{error:?}");
    }
    for task in second {
        assert_eq!(task.await.unwrap().unwrap(), Revision(1));
    }
    assert_eq!(rows(&store).await, ["right"]);
}

pub(super) async fn a_panic_fails_its_job_alone(store: TestStore) {
    scratch(&store).await;
    let runs = Arc::new(AtomicU32::new(0));
    let occupied = Occupied::new(&store).await;
    let writes: Vec<_> = (0..3)
        .map(|n| {
            let (store, runs) = (store.store.clone(), Arc::clone(&runs));
            async move {
                let job = async move |tx: &mut crate::Tx| {
                    let audit = insert(tx, &n.to_string()).await?;
                    if n == 1 {
                        runs.fetch_add(1, Ordering::Relaxed);
                        panic!("a test's job panics on purpose");
                    }
                    Ok::<_, StoreError>(((), audit))
                };
                store.write(ORGANIZATION, job).await.map(|((), revision)| revision)
            }
        })
        .collect();
    let tasks = queued(writes);
    occupied.release().await;
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(matches!(answers.as_slice(), [Ok(Revision(1)), Err(StoreError::Panicked), Ok(Revision(2))]), "{answers:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 1, "a job that panicked is not run again");
    assert_eq!(rows(&store).await, ["0", "2"]);
}

pub(super) async fn a_job_that_hangs_fails_alone(store: TestStore) {
    let impatient = StoreOptions { job_timeout: Duration::from_millis(300), ..options() };
    hangs(store, impatient, async |_| std::future::pending::<Result<(), StoreError>>().await).await;
}

pub(super) async fn a_slow_statement_fails_alone(store: TestStore) {
    let impatient = StoreOptions { job_timeout: Duration::from_millis(300), ..options() };
    hangs(store, impatient, async |tx| {
        let slow = "SELECT COUNT(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
            WHERE i < 2000000000) SELECT i FROM n) AS numbers";
        tx.one::<(i64,)>(slow, ()).await.map(drop)
    })
    .await;
}

async fn hangs(
    store: TestStore,
    options: StoreOptions,
    hang: impl AsyncFn(&mut crate::Tx) -> Result<(), StoreError> + Clone + Send + 'static,
) {
    scratch(&store).await;
    let impatient = store.database.open(options).await;
    let occupied = Occupied::new(&impatient).await;
    let mut writes = Vec::new();
    for n in 0..3 {
        let (store, hang) = (impatient.clone(), hang.clone());
        writes.push(async move {
            let job = async move |tx: &mut crate::Tx| {
                let audit = insert(tx, &n.to_string()).await?;
                if n == 1 {
                    hang(tx).await?;
                }
                Ok::<_, StoreError>(((), audit))
            };
            store.write(ORGANIZATION, job).await.map(|((), revision)| revision)
        });
    }
    let tasks = queued(writes);
    occupied.release().await;
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(matches!(answers.as_slice(), [Ok(Revision(1)), Err(StoreError::TimedOut), Ok(Revision(2))]), "{answers:?}");
    assert_eq!(rows(&store).await, ["0", "2"]);
}

pub(super) async fn a_dropped_request_loses_nothing(store: TestStore) {
    scratch(&store).await;
    let occupied = Occupied::new(&store).await;
    for n in 0..10 {
        let name = n.to_string();
        let mut write = Box::pin(put(&store, &name));
        assert!((&mut write).now_or_never().is_none());
    }
    occupied.release().await;
    assert_eq!(put(&store, "last").await.unwrap(), Revision(11));
    assert_eq!(rows(&store).await.len(), 11);
    assert_eq!(store.read().await.unwrap().audit_after(ORGANIZATION, 0, 100).await.unwrap().len(), 11);
}

pub(super) async fn a_broken_constraint_is_named(store: TestStore) {
    scratch(&store).await;
    put(&store, "taken").await.unwrap();
    let error = put(&store, "taken").await.unwrap_err();
    assert!(matches!(error, StoreError::Constraint { kind: Constraint::Unique, .. }), "{error:?}");
    let null = async |writer: &mut crate::Writer| {
        writer.exec("INSERT INTO scratch (name, value) VALUES ($1, $2)", ("null", None::<i64>)).await
    };
    let error: StoreError = store.side_write(null).await.unwrap_err();
    assert!(matches!(error, StoreError::Constraint { kind: Constraint::NotNull, .. }), "{error:?}");
}

pub(super) async fn a_side_write_has_no_revision(store: TestStore) {
    scratch(&store).await;
    let insert = async |writer: &mut crate::Writer| {
        let names: Vec<(String,)> =
            writer.returning("INSERT INTO scratch (name, value) VALUES ($1, 5) RETURNING name", ("aside",)).await?;
        Ok::<_, StoreError>(names)
    };
    assert_eq!(store.side_write(insert).await.unwrap(), [("aside".to_owned(),)]);
    assert_eq!(rows(&store).await, ["aside"]);
    assert_eq!(store.read().await.unwrap().revision(), Revision(0));
}

pub(super) async fn closing_finishes_the_queue(store: TestStore) {
    scratch(&store).await;
    let occupied = Occupied::new(&store).await;
    let writes = (0..5).map(|n| {
        let store = store.store.clone();
        async move { put(&store, &n.to_string()).await }
    });
    let tasks = queued(writes.collect());
    let closing = queued(vec![{
        let store = store.store.clone();
        async move { store.close().await }
    }]);
    occupied.release().await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for task in closing {
        task.await.unwrap();
    }
    let error = put(&store, "late").await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
    assert_eq!(rows(&store.another().await).await.len(), 5);
}

type Kinds = (Option<String>, Option<i64>, bool, Json<Vec<i32>>, UserId, Timestamp);

pub(super) async fn values_come_back_as_they_went_in(store: TestStore) {
    let create = "CREATE TABLE kinds (t TEXT, i BIGINT, b BOOLEAN NOT NULL, j TEXT NOT NULL, id TEXT NOT NULL,
        at BIGINT NOT NULL)";
    store.side_write(async move |writer| writer.exec(create, ()).await).await.map_err(|e: StoreError| e).unwrap();
    let user = UserId::from_bits(5);
    let insert = async move |writer: &mut crate::Writer| {
        let query = Query::new("INSERT INTO kinds (t, i, b, j, id, at) VALUES ")
            .tuple((None::<String>, Some(i64::MIN), true, Json(vec![1, 2]), user, Timestamp::from_micros(-1)))
            .sql(", ")
            .tuple(("ü\u{1F511}", None::<i64>, false, Json(Vec::<i32>::new()), user, Timestamp::from_micros(1)));
        writer.exec_query(query).await
    };
    let inserted: Result<u64, StoreError> = store.side_write(insert).await;
    assert_eq!(inserted.unwrap(), 2);

    let mut reader = store.read().await.unwrap();
    let list = Query::new("SELECT t, i, b, j, id, at FROM kinds WHERE id = ").arg(user);
    let list = list.when(" AND at > ", None::<Timestamp>).sql(" ORDER BY at LIMIT ").arg(10_u32);
    let rows: Vec<Kinds> = reader.list(list).await.unwrap();
    let first = (None, Some(i64::MIN), true, Json(vec![1, 2]), user, Timestamp::from_micros(-1));
    let second = (Some("ü\u{1F511}".to_owned()), None, false, Json(vec![]), user, Timestamp::from_micros(1));
    assert_eq!(rows, [first, second]);

    let foreign = reader.one::<(OrganizationId,)>("SELECT id FROM kinds LIMIT 1", ()).await.unwrap_err();
    assert!(foreign.to_string().contains("expected `org_`"), "{foreign}");
    let write = reader.all::<(i64,)>("DELETE FROM kinds RETURNING at", ()).await.unwrap_err();
    assert!(write.to_string().contains("is not a SELECT"), "{write}");
}

#[test]
fn nobody_needs_to_keep_the_futures_on_one_thread() {
    fn spawnable<F: Future + Send>(_: F) {}
    fn never(store: crate::Store) {
        let name = String::new();
        spawnable(async move {
            let job = async move |tx: &mut crate::Tx| Ok::<_, StoreError>(((), insert(tx, &name).await?));
            store.write(Scope::Deployment, job).await?;
            let mut reader = store.read().await?;
            let _: Vec<(i64,)> = reader.all("SELECT 1", ()).await?;
            let verifier = Verifier::new(Scope::Deployment, Vec::new(), &[0; 32]);
            drop(verifier);
            Ok::<(), StoreError>(())
        });
    }
    let _ = never;
}
