//! An explanation lists every check, and agrees with the decision.

use keyward_core::decision::{By, Check, Presented, Reason};
use keyward_core::id::CredentialId;
use keyward_verify::{Explanation, Outcome, Subject};

use crate::support::sign::RSA;
use crate::support::*;

fn outcome(explained: &Explanation, check: Check) -> Option<Outcome> {
    explained.findings.iter().find(|finding| finding.check == check).map(|finding| finding.outcome)
}

#[test]
fn every_check_is_listed_once_in_order() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("live");
    for request in [hello(), may("items:edit", APP), may("items:edit", ORG)] {
        let explained = fixture.index.explain(Subject::Presented(key.presented()), &request, now());
        assert_eq!(explained.findings.iter().map(|f| f.check).collect::<Vec<_>>(), Check::ALL);
        assert_eq!(explained.denial, fixture.ask(&key, &request).err());
        assert_eq!(explained.found, Some((ORG, key.record.id)));
        let reached = explained.findings.iter().filter(|f| f.outcome != Outcome::NotReached);
        assert!(reached.clone().all(|f| !f.fact.is_empty()));
        let failed = explained.findings.iter().filter(|f| f.outcome == Outcome::Failed).count();
        assert_eq!(failed, usize::from(explained.denial.is_some()));
    }
}

#[test]
fn what_comes_after_the_reason_is_not_reached() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let explained = fixture.index.explain(Subject::Presented(key.presented()), &may("orders:edit", APP), now());
    assert_eq!(outcome(&explained, Check::Reach), Some(Outcome::Passed));
    assert_eq!(outcome(&explained, Check::Grants), Some(Outcome::Failed));
    assert_eq!(outcome(&explained, Check::Rate), Some(Outcome::NotReached));
    assert_eq!(outcome(&explained, Check::Owner), Some(Outcome::NotApplicable));
}

#[test]
fn without_a_secret_the_checks_of_secrets_do_not_apply() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("live");
    let explained = fixture.index.explain(Subject::Credential(key.record.id), &may("items:edit", APP), now());
    assert_eq!(explained.denial, None);
    for check in [Check::WellFormed, Check::Secret, Check::Carrier, Check::Slot] {
        assert_eq!(outcome(&explained, check), Some(Outcome::NotApplicable), "{check:?}");
    }
    for check in [Check::Fresh, Check::Known, Check::State, Check::Owner, Check::Grants, Check::OwnerRights] {
        assert_eq!(outcome(&explained, check), Some(Outcome::Passed), "{check:?}");
    }
    let nothing = fixture.index.explain(Subject::Credential(CredentialId::from_bits(77)), &hello(), now());
    assert_eq!(nothing.denial, Some(Reason::Unknown.into()));
    assert_eq!(outcome(&nothing, Check::Known), Some(Outcome::Failed));
}

#[test]
fn a_wrong_secret_and_an_unknown_id_differ_for_whoever_may_know_of_the_credential() {
    let mut fixture = Fixture::new();
    let (mut wrong, unknown) = (fixture.issue("pair"), fixture.make("pair"));
    wrong.secret = unknown.secret.clone();
    let explain = |key: &Issued| fixture.index.explain(Subject::Presented(key.presented()), &hello(), now());
    let (wrong, unknown) = (explain(&wrong), explain(&unknown));
    assert_eq!(wrong.denial, unknown.denial);
    assert_eq!(outcome(&wrong, Check::Known), Some(Outcome::Passed));
    assert_eq!(outcome(&wrong, Check::Secret), Some(Outcome::Failed));
    assert_eq!(outcome(&unknown, Check::Known), Some(Outcome::Failed));
    assert_eq!(unknown.found, None);
    assert!(wrong.found.is_some(), "the server sees whose credential it is, and decides who may read this");
}

#[test]
fn what_was_signed_and_what_was_issued_have_checks_of_their_own() {
    let mut fixture = Fixture::new();
    let (signing, both) = (fixture.issue("signing"), fixture.issue("both"));
    let token = fixture.token(&both, |token| token.scope = "items:read".parse().unwrap());
    let form = form(&signing.record.public_id, &signing.secret);
    let signature = RSA[0].sign(MESSAGE);
    let jwt = jwt(&signing.record.public_id, &signature);
    let applicable = |presented: Presented<'_>| {
        let explained = fixture.index.explain(Subject::Presented(presented), &may("items:read", APP), now());
        assert_eq!(explained.denial, None);
        assert_eq!(explained.findings.iter().map(|f| f.check).collect::<Vec<_>>(), Check::ALL);
        assert!(explained.findings.iter().all(|finding| !finding.fact.is_empty()));
        [Check::Window, Check::Slot, Check::Transport, Check::Scope].map(|c| outcome(&explained, c).unwrap())
    };
    let (passed, not) = (Outcome::Passed, Outcome::NotApplicable);
    assert_eq!(applicable(both.presented()), [not, passed, not, not]);
    assert_eq!(applicable(Presented::Token { token: &token, by: By::Bearer }), [not, passed, not, passed]);
    assert_eq!(applicable(Presented::Signed(&form)), [passed, passed, not, not]);
    assert_eq!(applicable(Presented::Signed(&jwt)), [passed, not, not, not]);
    assert_eq!(applicable(signing.presented()), [not, passed, passed, not]);
}

#[test]
fn the_window_is_looked_at_before_the_carrier_and_the_scope_before_the_reach() {
    let mut fixture = Fixture::new();
    let (signing, both) = (fixture.issue("signing"), fixture.issue("both"));
    let early = keyward_core::signed::Signed { until: START, ..form(&signing.record.public_id, &signing.secret) };
    let explained = fixture.index.explain(Subject::Presented(Presented::Signed(&early)), &hello(), now());
    let of = |check| outcome(&explained, check).unwrap();
    assert_eq!(
        [Check::Secret, Check::Window, Check::Carrier].map(of),
        [Outcome::Passed, Outcome::Failed, Outcome::NotReached]
    );
    let token = fixture.token(&both, |token| token.scope = "orders:*".parse().unwrap());
    let presented = Presented::Token { token: &token, by: By::Bearer };
    let explained = fixture.index.explain(Subject::Presented(presented), &may("items:read", OTHER_APP), now());
    let of = |check| outcome(&explained, check).unwrap();
    assert_eq!(
        [Check::Denials, Check::Scope, Check::Reach].map(of),
        [Outcome::Passed, Outcome::Failed, Outcome::NotReached]
    );
}
