//! The index against the definitions: two implementations of one decision, over random histories.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod oracle;
mod questions;
mod world;

use std::collections::BTreeMap;

use keyward_core::change::{Committed, Revision};
use keyward_core::decision::{Check, Reason};
use keyward_core::entropy::{Entropy as _, Seeded};
use keyward_verify::{Decision, Explanation, Identity, Index, Outcome, Subject};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::oracle::{Oracle, Who};
use crate::questions::{Ask, Question, some_ask};
use crate::world::{Step, World, some_step};

/// Commits that arrive together, and what is asked then.
#[derive(Clone, Debug)]
struct Round {
    commits: Vec<Vec<Step>>,
    /// The commits of the round before arrive once more, in front of these.
    again: bool,
    asks: Vec<Ask>,
}

fn some_round() -> impl Strategy<Value = Round> {
    let commit = prop::collection::vec(some_step(), 0..8);
    (prop::collection::vec(commit, 1..4), any::<bool>(), prop::collection::vec(some_ask(), 1..24))
        .prop_map(|(commits, again, asks)| Round { commits, again, asks })
}

fn some_history() -> impl Strategy<Value = Vec<Round>> {
    prop::collection::vec(some_round(), 1..8)
}

proptest! {
    /// After every prefix of every history, every answer is the oracle's, reason included; and a node that starts from the
    /// present facts, in whatever order, gives the same ones.
    #[test]
    fn every_answer_is_the_oracles(history in some_history(), seed: u64) {
        let mut world = World::new();
        let index = Index::new(world.ring.clone());
        index.apply(&world.history).unwrap();
        let mut asked = 0;
        let last = history.last().map_or(vec![], |round| round.asks.clone());
        for round in history {
            let before = world.history.len();
            for steps in &round.commits {
                world.commit(steps);
            }
            let from = if round.again { before.saturating_sub(2) } else { before };
            prop_assert_eq!(index.apply(&world.history[from..]), Ok(world.history.last().unwrap().revision));
            index.fresh_until(world.fresh_until);
            let oracle = world.oracle();
            for ask in &round.asks {
                asked += 1;
                let Some(question) = Question::new(&world, ask, asked) else { continue };
                compare(&index, &oracle, &question)?;
            }
        }
        compare_with_a_new_node(&world, seed, &last)?;
    }
}

fn compare(index: &Index, oracle: &Oracle<'_>, question: &Question) -> Result<(), TestCaseError> {
    let (presented, request, now) = (question.presented(), question.request(), question.now);
    let expected = oracle.answer(Subject::Presented(presented), &request, now);

    // The explanation first: it must leave the allowance of the rate limit as it is.
    let explanation = index.explain(Subject::Presented(presented), &request, now);
    let decision = index.decide(&presented, &request, now);
    prop_assert_eq!(who(decision), expected.clone(), "{:?}", question);
    check_explanation(&explanation, &expected)?;

    let id = question.about.id;
    let expected = oracle.answer(Subject::Credential(id), &request, now);
    let explanation = index.explain(Subject::Credential(id), &request, now);
    check_explanation(&explanation, &expected)?;
    Ok(())
}

fn who(decision: Decision) -> Result<Who, Reason> {
    let permit = match decision {
        Decision::Allow(permit) => permit,
        Decision::Deny(denial) => return Err(denial.reason),
    };
    let (identity, to_be_recorded): (Identity, bool) = match permit.settle() {
        Ok(identity) => (identity, false),
        Err(unsettled) => (unsettled.to_record().clone(), true),
    };
    Ok(Who {
        organization: identity.organization,
        credential: identity.credential,
        public_id: identity.public_id.to_string(),
        kind: identity.kind.to_string(),
        owner: identity.owner,
        namespace: identity.namespace,
        slot: identity.slot,
        generation: identity.generation,
        to_be_recorded,
    })
}

/// The explanation has the same answer, lists every check once and in order, and fails the one that gave the reason.
fn check_explanation(explanation: &Explanation, expected: &Result<Who, Reason>) -> Result<(), TestCaseError> {
    let reason = expected.as_ref().err().copied();
    prop_assert_eq!(explanation.denial.map(|denial| denial.reason), reason, "{:#?}", explanation);
    let checks: Vec<Check> = explanation.findings.iter().map(|finding| finding.check).collect();
    prop_assert_eq!(&checks, Check::ALL);
    let failed: Vec<Check> =
        explanation.findings.iter().filter(|f| f.outcome == Outcome::Failed).map(|f| f.check).collect();
    match reason {
        None => prop_assert!(failed.is_empty(), "{:#?}", explanation),
        Some(reason) => prop_assert!(
            matches!(failed.as_slice(), [check] if checks_of(reason).contains(check)),
            "{reason:?} by {failed:?}"
        ),
    }
    if let Ok(who) = expected {
        prop_assert_eq!(explanation.found, Some((who.organization, who.credential)));
        let not_reached = explanation.findings.iter().any(|finding| finding.outcome == Outcome::NotReached);
        prop_assert!(!not_reached, "{:#?}", explanation);
    }
    Ok(())
}

fn checks_of(reason: Reason) -> &'static [Check] {
    match reason {
        Reason::Malformed => &[Check::WellFormed],
        Reason::Stale => &[Check::Fresh],
        Reason::Unknown => &[Check::Known, Check::Secret],
        Reason::WrongCarrier => &[Check::Carrier],
        Reason::WrongUse => &[Check::Use],
        Reason::OrganizationSuspended => &[Check::Organization],
        Reason::Disabled | Reason::Revoked => &[Check::State],
        Reason::Replaced => &[Check::Slot],
        Reason::Expired => &[Check::Expiry],
        Reason::OwnerInactive => &[Check::Owner],
        Reason::InsecureTransport => &[Check::Transport],
        Reason::SourceNotAllowed => &[Check::Source],
        Reason::Denied => &[Check::Denials],
        Reason::OutOfReach => &[Check::Reach],
        Reason::NotGranted => &[Check::Grants],
        Reason::OwnerLacks => &[Check::OwnerRights],
        Reason::RateLimited => &[Check::Rate],
    }
}

/// A node that starts now has only the present facts, in an order of its own, and answers as one that lived through it.
fn compare_with_a_new_node(world: &World, seed: u64, asks: &[Ask]) -> Result<(), TestCaseError> {
    let index = Index::new(world.ring.clone());
    index.fresh_until(world.fresh_until);
    let mut facts = world.present();
    shuffle(&mut facts, seed);
    let revision = world.history.last().map_or(Revision::default(), |commit| commit.revision);
    index.load(revision, facts).unwrap();
    prop_assert_eq!(index.revision(), revision);
    let oracle = world.oracle();
    for (number, ask) in asks.iter().enumerate() {
        let Some(question) = Question::new(world, ask, u32::try_from(number).unwrap()) else { break };
        compare(&index, &oracle, &question)?;
    }
    Ok(())
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut entropy = Seeded::new(seed);
    for last in (1..items.len()).rev() {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let span = u64::try_from(last + 1).unwrap();
        items.swap(last, usize::try_from(u64::from_le_bytes(bytes) % span).unwrap());
    }
}

/// The random histories are not beside the point: every reason but the rate limit comes up, and so does a yes.
#[test]
fn the_questions_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<Option<Reason>, u32> = BTreeMap::new();
    for _ in 0..150 {
        let history = some_history().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for round in history {
            round.commits.iter().for_each(|steps| world.commit(steps));
            let oracle = world.oracle();
            for (number, ask) in (0..).zip(&round.asks) {
                let Some(question) = Question::new(&world, ask, number) else { continue };
                let answer = oracle.answer(Subject::Presented(question.presented()), &question.request(), question.now);
                *seen.entry(answer.err()).or_default() += 1;
            }
        }
    }
    let never: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(|reason| **reason != Reason::RateLimited && !seen.contains_key(&Some(**reason)))
        .collect();
    assert!(never.is_empty(), "{never:?} never came up: {seen:?}");
    assert!(seen[&None] > 300, "{seen:?}");
}

/// A commit that does not follow is refused, and changes nothing.
#[test]
fn a_hole_in_the_history_is_never_stepped_over() {
    let world = World::new();
    let index = Index::new(world.ring.clone());
    let later = Committed { revision: Revision(2), changes: vec![] };
    assert!(index.apply(std::slice::from_ref(&later)).is_err());
    assert_eq!(index.revision(), Revision(0));
    assert_eq!(index.apply(&[world.history[0].clone(), later]), Ok(Revision(2)));
}
