//! The feed, the index that is made of it, and the nodes that follow it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_core::change::Revision;
use keyward_core::id::NodeId;
use keyward_core::time::Timestamp;
use tokio::sync::Notify;

use super::support::*;
use crate::testing::TestStore;
use crate::{Confirmed, FeedRow, Hook, Store, StoreError};

const NODE: NodeId = NodeId::from_bits(77);

/// An index that remembers what it was given.
#[derive(Clone, Default)]
struct Remembering(Arc<Mutex<Vec<FeedRow>>>);

impl Remembering {
    fn hook(&self) -> Hook {
        let rows = Arc::clone(&self.0);
        Arc::new(move |new| rows.lock().unwrap().extend_from_slice(new))
    }

    fn revisions(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(|row| row.revision.0).collect()
    }

    async fn follow(&self, store: &Store) {
        let start = store.read().await.unwrap().start().await.unwrap();
        store.follow(start, self.hook()).await.unwrap();
    }
}

pub(super) async fn a_tailing_reader_misses_nothing_of_two_writers(store: TestStore) {
    const EACH: u64 = 300;
    scratch(&store).await;
    let writers = [store.another().await, store.another().await];
    let index = Remembering::default();
    index.follow(&store).await;

    let tail = {
        let store = store.store.clone();
        tokio::spawn(async move {
            let wake = Notify::new();
            store.tail(NODE, Duration::from_millis(1), &wake, || (), |()| ()).await
        })
    };
    let mut writing = Vec::new();
    for (w, writer) in writers.iter().enumerate() {
        for task in 0..4 {
            let writer = writer.clone();
            writing.push(tokio::spawn(async move {
                for n in 0..EACH / 4 {
                    put(&writer, &format!("{w}-{task}-{n}")).await.unwrap();
                }
            }));
        }
    }
    for task in writing {
        task.await.unwrap();
    }
    let mut applied = store.applied();
    applied.wait_for(|applied| *applied == Revision(2 * EACH)).await.unwrap();
    tail.abort();
    assert_eq!(index.revisions(), (1..=2 * EACH).collect::<Vec<_>>());
    let mut seen: Vec<String> = index.0.lock().unwrap().iter().map(|row| names(&row.changes).concat()).collect();
    seen.sort();
    assert_eq!(seen, rows(&store).await);
}

pub(super) async fn the_index_has_a_write_when_it_returns(store: TestStore) {
    scratch(&store).await;
    put(&store, "before").await.unwrap();
    let index = Remembering::default();
    index.follow(&store).await;
    let revision = put(&store, "after").await.unwrap();
    assert_eq!(revision, Revision(2));
    assert_eq!(*store.applied().borrow(), revision);
    assert_eq!(index.revisions(), [2]);
}

pub(super) async fn the_index_is_exact_while_a_job_runs(store: TestStore) {
    scratch(&store).await;
    let other = store.another().await;
    let index = Remembering::default();
    index.follow(&store).await;
    for n in 0..600 {
        put(&other, &n.to_string()).await.unwrap();
    }
    assert_eq!(index.revisions(), [0; 0], "nobody tails");
    let applied = store.applied();
    let job = async move |tx: &mut crate::Tx| Ok::<_, StoreError>((*applied.borrow(), insert(tx, "last").await?));
    let (seen, revision) = store.write(ORGANIZATION, job).await.unwrap();
    assert_eq!((seen, revision), (Revision(600), Revision(601)));
    assert_eq!(index.revisions(), (1..=601).collect::<Vec<_>>());
}

pub(super) async fn lane_and_tail_apply_every_row_once(store: TestStore) {
    scratch(&store).await;
    let index = Remembering::default();
    index.follow(&store).await;
    let polls = async {
        for _ in 0..100 {
            store.poll(NODE).await.unwrap();
        }
    };
    let writes = async {
        for n in 0..100 {
            put(&store, &n.to_string()).await.unwrap();
        }
    };
    tokio::join!(polls, writes);
    assert_eq!(index.revisions(), (1..=100).collect::<Vec<_>>());
}

pub(super) async fn a_snapshot_stays_at_its_revision(store: TestStore) {
    scratch(&store).await;
    put(&store, "one").await.unwrap();
    let mut reader = store.read().await.unwrap();
    put(&store, "two").await.unwrap();
    assert_eq!(reader.revision(), Revision(1));
    assert_eq!(reader.all::<(String,)>("SELECT name FROM scratch", ()).await.unwrap().len(), 1);
    assert_eq!(reader.feed(Revision(0), 10).await.unwrap().len(), 1);
    assert_eq!(store.read().await.unwrap().revision(), Revision(2));
}

pub(super) async fn a_hole_in_the_feed_is_refused(store: TestStore) {
    scratch(&store).await;
    let index = Remembering::default();
    for n in 0..5 {
        put(&store, &n.to_string()).await.unwrap();
    }
    aside(&store, "DELETE FROM changes WHERE revision = 3").await;
    let mut reader = store.read().await.unwrap();
    let error = reader.feed(Revision(1), 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Gap { wanted: Revision(3), found: Some(Revision(4)) }), "{error:?}");
    assert_eq!(reader.feed(Revision(3), 10).await.unwrap().len(), 2);
    assert!(!store.check().await.unwrap().feed_complete);

    index.follow(&store).await;
    aside(&store, "UPDATE revision SET current = 6").await;
    let error = store.poll(NODE).await.unwrap_err();
    assert!(matches!(error, StoreError::Gap { wanted: Revision(6), found: None }), "{error:?}");
    let error = put(&store, "onto a hole").await.unwrap_err();
    assert!(matches!(error, StoreError::Gap { .. }), "{error:?}");
}

pub(super) async fn a_feed_is_forgotten_once_every_node_has_applied_it(store: TestStore) {
    scratch(&store).await;
    let (a, b) = (NodeId::from_bits(1), NodeId::from_bits(2));
    let (other, index) = (store.another().await, Remembering::default());
    let start = store.read().await.unwrap().start().await.unwrap();
    for second in 1..=3 {
        put_at(&store, &second.to_string(), second).await;
    }
    store.register(a).await.unwrap();
    index.follow(&store).await;
    assert_eq!(prune(&store, 9).await, 0, "a node that is about to load has applied nothing yet");
    store.poll(a).await.unwrap();
    for second in 4..=6 {
        put_at(&store, &second.to_string(), second).await;
    }
    assert_eq!(prune(&store, 3).await, 2, "what is old enough");
    assert_eq!(prune(&store, 9).await, 1, "what was applied");
    store.poll(a).await.unwrap();
    store.register(b).await.unwrap();
    assert_eq!(prune(&store, 9).await, 0, "not by every node");
    store.unregister(b).await.unwrap();
    assert_eq!(prune(&store, 9).await, 2, "never the newest");

    let check = store.check().await.unwrap();
    assert_eq!((check.feed_from, check.revision, check.feed_complete), (Some(Revision(6)), Revision(6), true));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.feed(Revision(5), 10).await.unwrap().len(), 1);
    for after in [0, 4] {
        let error = reader.feed(Revision(after), 10).await.unwrap_err();
        let wanted = Revision(after + 1);
        assert!(matches!(error, StoreError::Gap { wanted: w, found: Some(Revision(6)) } if w == wanted), "{error:?}");
        let said = format!("the change feed does not go on at revision {wanted} but at 6: load a snapshot again");
        assert_eq!(error.to_string(), said);
    }
    // An index that is older cannot be followed from, and nothing is skipped.
    let error = other.follow(start, index.hook()).await.unwrap_err();
    assert!(matches!(error, StoreError::Gap { wanted: Revision(1), found: Some(Revision(6)) }), "{error:?}");
    index.follow(&other).await;
    put(&other, "on").await.unwrap();
}

pub(super) async fn only_the_beginning_of_a_feed_is_forgotten(store: TestStore) {
    scratch(&store).await;
    assert_eq!(prune(&store, 100).await, 0);
    // Clocks of nodes differ.
    for (name, second) in [("a", 1), ("b", 50), ("c", 2), ("d", 60)] {
        put_at(&store, name, second).await;
    }
    assert_eq!(prune(&store, 20).await, 1, "not over one that stays");
    assert_eq!(prune(&store, 55).await, 2);
    let feed = store.read().await.unwrap().feed(Revision(3), 10).await.unwrap();
    assert_eq!(feed[0].at, Timestamp::from_seconds(60));
    // A node that nobody knew, and that comes back, must load again. Another node's snapshot does not help it.
    let (late, index) = (store.another().await, Remembering::default());
    index.follow(&late).await;
    for name in ["e", "f"] {
        put_at(&store, name, 1).await;
    }
    assert_eq!(prune(&store, 100).await, 2);
    let wake = Notify::new();
    let ended = late.tail(NODE, Duration::from_millis(1), &wake, || (), |()| panic!("it is not fresh")).await;
    assert!(matches!(ended, StoreError::Gap { wanted: Revision(5), found: Some(Revision(6)) }), "{ended:?}");
    assert_eq!(index.revisions(), [0; 0]);
    assert!(store.nodes().await.unwrap().is_empty(), "it must not hold back what it cannot use");
}

pub(super) async fn a_long_feed_is_forgotten_in_pieces(store: TestStore) {
    let long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO changes (revision, scope, at, changes) SELECT i, 'deployment', i, '[]' FROM n";
    aside(&store, long).await;
    aside(&store, "UPDATE revision SET current = 2500").await;
    assert_eq!(store.prune_feed(Timestamp::from_micros(2_001)).await.unwrap(), 2_000);
    assert_eq!(store.prune_feed(Timestamp::from_micros(9_999)).await.unwrap(), 499);
    let check = store.check().await.unwrap();
    assert_eq!((check.feed_from, check.feed_complete), (Some(Revision(2_500)), true));
}

pub(super) async fn whoever_follows_misses_nothing_that_is_forgotten(store: TestStore) {
    const WRITES: u64 = 300;
    scratch(&store).await;
    let (follower, index) = (store.another().await, Remembering::default());
    follower.register(NODE).await.unwrap();
    index.follow(&follower).await;
    let applied = follower.applied();
    let tail = tokio::spawn(async move {
        let wake = Notify::new();
        follower.tail(NODE, Duration::from_millis(1), &wake, || (), |()| ()).await
    });
    let mut forgotten = 0;
    for n in 0..WRITES {
        put(&store, &n.to_string()).await.unwrap();
        forgotten += prune(&store, 9_999).await;
    }
    applied.clone().wait_for(|applied| *applied == Revision(WRITES)).await.unwrap();
    tail.abort();
    assert_eq!(index.revisions(), (1..=WRITES).collect::<Vec<_>>());
    let left = store.check().await.unwrap().feed_from.unwrap();
    assert_eq!(left.0 - 1, forgotten);
}

/// Forgets what was committed before so many seconds.
async fn prune(store: &Store, seconds: i64) -> u64 {
    store.prune_feed(Timestamp::from_seconds(seconds)).await.unwrap()
}

pub(super) async fn a_feed_that_went_back_is_refused(store: TestStore) {
    scratch(&store).await;
    put(&store, "one").await.unwrap();
    let index = Remembering::default();
    index.follow(&store).await;
    aside(&store, "DELETE FROM changes").await;
    aside(&store, "UPDATE revision SET current = 0").await;
    let error = store.poll(NODE).await.unwrap_err();
    assert!(matches!(error, StoreError::Rewound), "{error:?}");
    let error = put(&store, "two").await.unwrap_err();
    assert!(matches!(error, StoreError::Rewound), "{error:?}");
    // A new snapshot heals it.
    index.follow(&store).await;
    put(&store, "two").await.unwrap();
}

pub(super) async fn nodes_confirm_what_they_applied(store: TestStore) {
    scratch(&store).await;
    let (a, b) = (NodeId::from_bits(1), NodeId::from_bits(2));
    let other = store.another().await;
    let index = [Remembering::default(), Remembering::default()];
    for (store, node, index) in [(&store.store, a, &index[0]), (&other, b, &index[1])] {
        store.register(node).await.unwrap();
        index.follow(store).await;
    }
    let revision = put(&store, "revoked").await.unwrap();
    assert_eq!(store.applied_by_all(revision).await.unwrap(), Confirmed { applied: 0, registered: 2 });
    store.poll(a).await.unwrap();
    assert!(!store.applied_by_all(revision).await.unwrap().by_all());
    // The poll that brings the revision cannot yet publish it.
    assert_eq!(other.poll(b).await.unwrap().applied, revision);
    assert_eq!(store.applied_by_all(revision).await.unwrap(), Confirmed { applied: 1, registered: 2 });
    other.poll(b).await.unwrap();
    assert!(store.applied_by_all(revision).await.unwrap().by_all());
    other.unregister(b).await.unwrap();
    assert_eq!(store.applied_by_all(revision).await.unwrap(), Confirmed { applied: 1, registered: 1 });
}

pub(super) async fn silent_nodes_are_forgotten(store: TestStore) {
    for bits in [1, 2] {
        store.register(NodeId::from_bits(bits)).await.unwrap();
    }
    aside(&store, "UPDATE nodes SET heartbeat = heartbeat - 60000000 WHERE node LIKE '%1'").await;
    assert_eq!(store.expire_nodes(Duration::from_secs(50)).await.unwrap(), 1);
    let nodes = store.nodes().await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.node).collect::<Vec<_>>(), [NodeId::from_bits(2)]);
    // A node that was only slow is back with its next poll.
    store.poll(NodeId::from_bits(1)).await.unwrap();
    assert_eq!(store.nodes().await.unwrap().len(), 2);
}
