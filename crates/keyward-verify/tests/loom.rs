//! Every interleaving of a decision with the publication of changes. Built with `--cfg loom` alone.
//!
//! A key loses the role by which it edits items, and then the role is widened. At no revision may the key do what the
//! role allows in the end; whoever looks twice while deciding finds the grant of the first revision with the patterns
//! of the last.
#![cfg(loom)]

use std::sync::LazyLock;

use keyward_core::change::{Change, Committed, Revision};
use keyward_core::decision::Reason;
use keyward_core::id::GrantId;
use keyward_core::role::Holder;
use keyward_verify::{Index, Snapshot};
use loom::sync::Arc;
use loom::thread::{Builder, JoinHandle};

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use support::*;

/// A key and what happens to it. Made once: only the index is explored.
struct Story {
    key: Issued,
    start: Snapshot,
    /// The key loses [`READER`]; then the role allows everything.
    commits: [Committed; 2],
}

static STORY: LazyLock<Story> = LazyLock::new(|| {
    let mut maker = Maker::new();
    let key = maker.make("plain");
    let holder = Holder::Credential(key.record.id);
    let held = grant(70, holder, READER, APP);
    let start = beginning().into_iter().chain([key.change(), held]);
    let start = Snapshot::load(maker.ring, Revision(1), start).unwrap();
    let lost = Change::GrantRemoved { organization: ORG, id: GrantId::from_bits(70), holder };
    let widened = Change::Role(role(READER, &["*"]));
    let commits = [(2, lost), (3, widened)]
        .map(|(revision, change)| Committed { revision: Revision(revision), changes: vec![change] });
    Story { key, start, commits }
});

/// Runs `read` beside a writer that applies the two commits, one call each, in every possible interleaving.
fn beside_the_writer(read: fn(&Index)) {
    LazyLock::force(&STORY);
    loom::model(move || {
        let index = Arc::new(Index::from(STORY.start.clone()));
        let writer = spawn(&index, |index| {
            for commit in &STORY.commits {
                index.apply(std::slice::from_ref(commit)).unwrap();
            }
        });
        let reader = spawn(&index, read);
        writer.join().unwrap();
        reader.join().unwrap();
    });
}

/// A thread with a stack of the usual size; loom's own are small.
fn spawn(index: &Arc<Index>, run: fn(&Index)) -> JoinHandle<()> {
    let index = Arc::clone(index);
    Builder::new().stack_size(1 << 20).spawn(move || run(&index)).unwrap()
}

#[test]
fn no_interleaving_allows_what_no_revision_allows() {
    beside_the_writer(|index| {
        let denial = answer(index.decide(&STORY.key.presented(), &may("items:edit", APP), now())).unwrap_err();
        assert_eq!(denial.reason, Reason::NotGranted);
    });
}

#[test]
fn a_decision_is_of_the_revision_that_it_names() {
    beside_the_writer(|index| {
        let before = index.revision();
        let decision = answer(index.decide(&STORY.key.presented(), &may("items:read", APP), now()));
        let after = index.revision();
        assert!(before <= after, "revisions never go back");
        match decision {
            Ok(permit) => assert_eq!(permit.settle().unwrap().revision, Revision(1), "only the first allows it"),
            Err(denial) => assert!(denial.reason == Reason::NotGranted && after > Revision(1)),
        }
    });
}

#[test]
fn what_was_taken_when_the_call_returned_is_refused() {
    LazyLock::force(&STORY);
    loom::model(|| {
        let index = Arc::new(Index::from(STORY.start.clone()));
        let other = spawn(&index, |index| index.fresh_until(Some(now().boot * 2)));
        let writer = spawn(&index, |index| {
            index.apply(&STORY.commits).unwrap();
            let read = answer(index.decide(&STORY.key.presented(), &may("items:read", APP), now()));
            assert_eq!(read.unwrap_err().reason, Reason::NotGranted);
        });
        other.join().unwrap();
        writer.join().unwrap();
        assert_eq!(index.revision(), Revision(3), "two writers lose nothing of each other");
    });
}

/// The test of the test: a decision that loads the pointer twice is caught.
#[test]
#[should_panic(expected = "allowed by no revision")]
fn looking_twice_is_caught() {
    beside_the_writer(|index| {
        let held: Vec<_> = {
            let first = index.snapshot();
            first.organization(ORG).unwrap().held(Holder::Credential(STORY.key.record.id)).collect()
        };
        let second = index.snapshot();
        let world = second.organization(ORG).unwrap();
        let allowed = held.iter().any(|(role, _)| world.patterns(*role).is_some_and(|p| p.covers("items:edit")));
        assert!(!allowed, "allowed by no revision");
    });
}
