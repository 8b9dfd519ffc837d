//! What goes on after it was admitted, judged once more.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::RevokeReason;
use keyward_core::decision::{Check, Reason, Request};
use keyward_core::organization::Organization;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;
use keyward_core::user::Membership;
use keyward_verify::{Identity, Outcome, Permit, Recorded, Subject};

use crate::support::sign::RSA;
use crate::support::*;

fn settled(permit: Permit) -> Identity {
    permit.settle().unwrap_or_else(|unsettled| unsettled.recorded(Recorded::after_commit()))
}

fn admit(fixture: &Fixture, key: &Issued) -> Identity {
    settled(fixture.ask(key, &hello()).unwrap())
}

fn still(fixture: &Fixture, identity: &Identity, request: &Request<'_>) -> Option<Reason> {
    still_at(fixture, identity, request, START)
}

fn still_at(fixture: &Fixture, identity: &Identity, request: &Request<'_>, time: Timestamp) -> Option<Reason> {
    let snapshot = fixture.index.snapshot();
    let reason = snapshot.still_admits(identity, request, at(time)).err().map(|denial| denial.reason);
    let explained = snapshot.explain(Subject::Admitted(identity), request, at(time));
    assert_eq!(explained.denial.map(|denial| denial.reason), reason);
    assert_eq!(explained.findings.iter().map(|finding| finding.check).collect::<Vec<_>>(), Check::ALL);
    reason
}

#[test]
fn what_is_revoked_disabled_or_suspended_is_admitted_no_more() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("plain");
    let identity = admit(&fixture, &key);
    assert_eq!(still(&fixture, &identity, &hello()), None);
    key.record = key.record.disable(START).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::Disabled));
    key.record = key.record.enable(START).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(still(&fixture, &identity, &hello()), None);
    fixture.commit([Change::Organization(Organization { suspended_at: Some(START), ..organization(ORG) })]);
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::OrganizationSuspended));
    fixture.commit([Change::Organization(organization(ORG))]);
    key.record = key.record.revoke(START, RevokeReason::Requested).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::Revoked));
}

#[test]
fn a_replaced_secret_is_admitted_until_its_grace_is_over() {
    for kind in ["plain", "pair", "bare", "signing"] {
        let mut fixture = Fixture::new();
        let key = fixture.issue(kind);
        let old = admit(&fixture, &key);
        let second = fixture.rotate(&key, Duration::from_mins(1));
        let new = admit(&fixture, &second);
        let end = START.plus(Duration::from_mins(1));
        assert_eq!(still_at(&fixture, &old, &hello(), end.minus(Duration::from_micros(1))), None, "{kind}");
        assert_eq!(still_at(&fixture, &old, &hello(), end), Some(Reason::Replaced), "{kind}");
        assert_eq!(still_at(&fixture, &new, &hello(), end), None, "{kind}");
        fixture.rotate(&second, Duration::ZERO);
        assert_eq!(still(&fixture, &new, &hello()), Some(Reason::Replaced), "{kind}: without a grace");
        assert_eq!(still(&fixture, &old, &hello()), Some(Reason::Replaced), "{kind}: it is not even kept");
    }
}

#[test]
fn what_its_owner_or_its_roles_lose_is_lost() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("live");
    let identity = admit(&fixture, &key);
    let edit = may("items:edit", APP);
    assert_eq!(still(&fixture, &identity, &edit), None);
    fixture.commit([Change::Membership(Membership { suspended_at: Some(START), ..membership(OWNER) })]);
    assert_eq!(still(&fixture, &identity, &edit), Some(Reason::OwnerInactive));
    fixture.commit([Change::Membership(membership(OWNER))]);
    fixture.commit([Change::GrantRemoved { organization: ORG, id: OWNERS_GRANT, holder: Holder::User(OWNER) }]);
    assert_eq!(still(&fixture, &identity, &edit), Some(Reason::OwnerLacks));
    fixture.commit([Change::RoleRemoved { organization: ORG, id: EDITOR }]);
    assert_eq!(still(&fixture, &identity, &edit), Some(Reason::NotGranted));
    assert_eq!(still(&fixture, &identity, &hello()), None);
}

#[test]
fn an_end_is_an_end_also_for_what_began_before() {
    let mut fixture = Fixture::new();
    let mut key = fixture.make("plain");
    let end = START.plus(Duration::from_secs(5));
    key.record.expires_at = Some(end);
    fixture.commit([key.change()]);
    let identity = admit(&fixture, &key);
    assert_eq!(still_at(&fixture, &identity, &hello(), end.minus(Duration::from_micros(1))), None);
    assert_eq!(still_at(&fixture, &identity, &hello(), end), Some(Reason::Expired));
    fixture.index.fresh_until(Some(Duration::ZERO));
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::Stale));
}

#[test]
fn a_token_ends_by_itself_and_with_its_generation() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("both");
    let end = START.plus(Duration::from_secs(5));
    let token = fixture.token(&key, |token| token.expires_at = end);
    let identity = settled(fixture.ask_with(&token, &hello()).unwrap());
    let by_secret = admit(&fixture, &key);
    assert_eq!(still(&fixture, &identity, &hello()), None);
    assert_eq!(still_at(&fixture, &identity, &hello(), end), Some(Reason::Expired));
    assert_eq!(still_at(&fixture, &by_secret, &hello(), end), None);
    key.record.generation += 1;
    fixture.commit([key.change()]);
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::Replaced));
    assert_eq!(still(&fixture, &by_secret, &hello()), None, "the secret is the same");
    let exchanged = Request { purpose: keyward_core::decision::Purpose::Exchange, ..hello() };
    assert_eq!(still(&fixture, &identity, &exchanged), Some(Reason::WrongUse));
}

/// A token for one place is admitted to that place, and judged there again.
#[test]
fn a_token_for_one_place_is_judged_where_it_was() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |token| token.namespace = Some(APP.into()));
    let edit = may("items:edit", APP);
    let identity = settled(fixture.ask_with(&token, &edit).unwrap());
    assert_eq!(still(&fixture, &identity, &edit), None);
    fixture.commit([Change::NamespaceRemoved { organization: ORG, id: APP.into() }]);
    assert_eq!(still(&fixture, &identity, &edit), Some(Reason::OutOfReach));
}

#[test]
fn a_signed_request_is_judged_as_one_also_when_its_window_is_over() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("signing");
    let (id, signature) = (key.record.public_id.clone(), RSA[0].sign(MESSAGE));
    let plainly = Request { secure: false, ..hello() };
    let by_form = settled(fixture.ask_signed(&form(&id, &key.secret), &plainly).unwrap());
    let by_jwt = settled(fixture.ask_signed(&jwt(&id, &signature), &plainly).unwrap());
    let later = START.plus(Duration::from_hours(3));
    for identity in [&by_form, &by_jwt] {
        assert_eq!(still_at(&fixture, identity, &plainly, later), None, "nothing secret was sent over plain http");
    }
    fixture.rotate(&key, Duration::ZERO);
    assert_eq!(still(&fixture, &by_form, &plainly), Some(Reason::Replaced));
    assert_eq!(still(&fixture, &by_jwt, &plainly), None, "the key pair stays");
}

/// Asking again takes no use, and one that took the last use goes on.
#[test]
fn asking_again_neither_counts_for_the_rate_nor_fails_by_it() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("limited");
    let identity = admit(&fixture, &key);
    for _ in 0..20 {
        assert_eq!(still(&fixture, &identity, &hello()), None);
    }
    assert!((0..2).all(|_| fixture.reason(&key, &hello()).is_none()), "two of three uses are left");
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::RateLimited));
    assert_eq!(still(&fixture, &identity, &hello()), None);
    let snapshot = fixture.index.snapshot();
    let explained = snapshot.explain(Subject::Admitted(&identity), &hello(), now());
    let rate = explained.findings.iter().find(|finding| finding.check == Check::Rate).unwrap();
    assert_eq!(rate.outcome, Outcome::NotApplicable);
}

#[test]
fn a_credential_that_is_gone_is_unknown() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let identity = admit(&fixture, &key);
    fixture.index.load(fixture.index.revision(), beginning()).unwrap();
    assert_eq!(still(&fixture, &identity, &hello()), Some(Reason::Unknown));
}
