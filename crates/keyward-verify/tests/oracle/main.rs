//! The index against the definitions: two implementations of one decision, over random histories.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod oracle;
mod questions;
#[path = "../support/sign.rs"]
mod sign;
mod world;

use std::collections::BTreeMap;

use keyward_core::change::{Committed, Revision};
use keyward_core::decision::{Check, Reason};
use keyward_core::entropy::{Entropy as _, Seeded};
use keyward_verify::{Decision, Explanation, Identity, Index, Means, Now, Outcome, Owed, Subject};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::oracle::{Oracle, Shown, Who};
use crate::questions::{Ask, Question, some_ask};
use crate::world::{Step, World, organizations_and_kinds, some_step};

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
        let mut admitted: Vec<Admitted> = vec![];
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
            compare_what_there_is_one_of(&index, &oracle)?;
            for (number, earlier) in admitted.iter().enumerate() {
                compare_again(&index, &oracle, earlier, earlier.question.again(&world, number))?;
            }
            for ask in &round.asks {
                asked += 1;
                let Some(question) = Question::new(&world, ask, asked) else { continue };
                admitted.extend(compare(&index, &oracle, &question)?);
            }
        }
        compare_with_a_new_node(&world, seed, &last)?;
    }
}

/// A use that was admitted, to be judged once more later.
struct Admitted {
    identity: Identity,
    shown: Shown,
    question: Question,
}

/// Compares the answers, and returns the use if it is admitted.
fn compare(index: &Index, oracle: &Oracle<'_>, question: &Question) -> Result<Option<Admitted>, TestCaseError> {
    let (request, now) = (question.request(), question.now);
    let id = question.about.id;
    let expected = oracle.answer_about(id, &request, now);
    let as_such = index.explain(Subject::Credential(id), &request, now);
    check_explanation(&as_such, &expected)?;

    question.present(|presented| {
        let expected = oracle.answer(&presented, &request, now);
        // The explanation first: it must leave the allowance of the rate limit as it is.
        let explanation = index.explain(Subject::Presented(presented), &request, now);
        let (answered, identity) = match who(index.decide(&presented, &request, now)) {
            Ok((who, identity)) => (Ok(who), Some(identity)),
            Err(reason) => (Err(reason), None),
        };
        prop_assert_eq!(&answered, &expected, "{:?}", question);
        check_explanation(&explanation, &expected)?;
        // Whatever it is narrowed to, no access token does more than the credential that it stands for.
        let by_token = identity.as_ref().is_some_and(|identity| identity.means == Means::Token);
        let beyond = as_such.denial.is_some_and(|denial| denial.reason != Reason::WrongUse);
        prop_assert!(!by_token || !beyond, "{:?}: {:#?}", question, as_such);
        let shown = oracle.recognise(&presented);
        Ok(identity.zip(shown).map(|(identity, shown)| Admitted { identity, shown, question: question.clone() }))
    })
}

/// Compares the answers to the question whether an earlier use would be admitted now.
fn compare_again(index: &Index, oracle: &Oracle<'_>, earlier: &Admitted, now: Now) -> Result<(), TestCaseError> {
    let request = earlier.question.request();
    let expected = oracle.answer_again(&earlier.shown, &request, now);
    let snapshot = index.snapshot();
    let again = snapshot.still_admits(&earlier.identity, &request, now).map_err(|denial| denial.reason);
    prop_assert_eq!(again, expected.as_ref().map(drop).map_err(|reason| *reason), "again: {:?}", earlier.question);
    check_explanation(&snapshot.explain(Subject::Admitted(&earlier.identity), &request, now), &expected)
}

fn compare_what_there_is_one_of(index: &Index, oracle: &Oracle<'_>) -> Result<(), TestCaseError> {
    let snapshot = index.snapshot();
    for (organization, kind) in organizations_and_kinds() {
        let only = snapshot.only_credential(organization, &kind).map(|credential| credential.id());
        prop_assert_eq!(only, oracle.only(organization, &kind), "{} in {}", kind, organization);
    }
    Ok(())
}

fn who(decision: Decision) -> Result<(Who, Identity), Reason> {
    let permit = match decision {
        Decision::Allow(permit) => permit,
        Decision::Deny(denial) => return Err(denial.reason),
    };
    let (identity, owed) = match permit.settle() {
        Ok(identity) => (identity, Owed { log_use: false, nonce: None }),
        Err(unsettled) => (unsettled.to_record().clone(), unsettled.owed()),
    };
    let who = Who {
        organization: identity.organization,
        credential: identity.credential,
        public_id: identity.public_id.to_string(),
        kind: identity.kind.to_string(),
        owner: identity.owner,
        namespace: identity.namespace,
        means: identity.means,
        slot: identity.slot,
        generation: identity.generation,
        token_ends_at: identity.token_ends_at,
        narrowed: identity.narrowed,
        to_be_recorded: owed.log_use,
        nonce_until: owed.nonce.map(|nonce| nonce.until),
    };
    Ok((who, identity))
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
        Reason::OutOfWindow => &[Check::Window],
        Reason::OutOfScope => &[Check::Scope],
        // Found only when the nonce is stored.
        Reason::Replayed => &[],
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
    compare_what_there_is_one_of(&index, &oracle)?;
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

/// The random histories are not beside the point: every reason but those of the rate limit and of stored nonces comes
/// up, and so does a yes to everything that can stand for a credential.
#[test]
fn the_questions_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut means = [0; 4];
    let mut seen: BTreeMap<Option<Reason>, u32> = BTreeMap::new();
    for _ in 0..150 {
        let history = some_history().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for round in history {
            round.commits.iter().for_each(|steps| world.commit(steps));
            let oracle = world.oracle();
            for (number, ask) in (0..).zip(&round.asks) {
                let Some(question) = Question::new(&world, ask, number) else { continue };
                let answer = question.present(|presented| oracle.answer(&presented, &question.request(), question.now));
                if let Ok(who) = &answer {
                    means[who.means as usize] += 1;
                }
                *seen.entry(answer.err()).or_default() += 1;
            }
        }
    }
    let never: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(|reason| {
            !matches!(reason, Reason::RateLimited | Reason::Replayed) && !seen.contains_key(&Some(**reason))
        })
        .collect();
    assert!(never.is_empty(), "{never:?} never came up: {seen:?}");
    assert!(seen[&None] > 300, "{seen:?}");
    assert!(means.iter().all(|count| *count > 12), "{means:?}");
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
