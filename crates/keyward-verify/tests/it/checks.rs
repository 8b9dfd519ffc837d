//! Each check of a decision, with a request that passes it and one that it refuses.

use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::RevokeReason;
use keyward_core::decision::{By, Check, Purpose, Reason, Request};
use keyward_core::kind::Denials;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;
use keyward_verify::{Outcome, Recorded, Subject};

use crate::support::*;

fn reason_at(fixture: &Fixture, issued: &Issued, time: Timestamp) -> Option<Reason> {
    answer(fixture.index.decide(&issued.presented(), &hello(), at(time))).err().map(|denial| denial.reason)
}

#[test]
fn fresh_until_the_bound_and_stale_from_then_on() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let boot = now().boot;
    for (until, reason) in [
        (None, None),
        (Some(boot + Duration::from_nanos(1)), None),
        (Some(boot), Some(Reason::Stale)),
        (Some(Duration::ZERO), Some(Reason::Stale)),
    ] {
        fixture.index.fresh_until(until);
        assert_eq!(fixture.reason(&key, &hello()), reason, "{until:?}");
    }
}

#[test]
fn every_kind_travels_as_it_says_and_in_no_other_way() {
    let mut fixture = Fixture::new();
    let cases = [
        ("plain", vec![By::Bearer, By::Vouched], vec![By::Header("x-api-key"), By::TokenScheme("key"), By::Basic]),
        (
            "pair",
            vec![By::Basic, By::Headers("x-id", "x-secret"), By::Vouched],
            vec![By::Headers("x-secret", "x-id"), By::Form("x-id", "x-secret")],
        ),
        ("bare", vec![By::Header("x-api-key"), By::Vouched], vec![By::Header("x-safe-key"), By::Bearer]),
    ];
    for (kind, allowed, refused) in cases {
        let key = fixture.issue(kind);
        let reason = |by| answer(fixture.index.decide(&key.presented_by(by), &hello(), now())).err().map(|d| d.reason);
        for by in allowed {
            assert_eq!(reason(by), None, "{kind} by {by:?}");
        }
        for by in refused {
            assert_eq!(reason(by), Some(Reason::WrongCarrier), "{kind} by {by:?}");
        }
    }
}

#[test]
fn what_is_for_exchange_is_not_served_directly_and_the_other_way_round() {
    let mut fixture = Fixture::new();
    let (key, client) = (fixture.issue("plain"), fixture.issue("client"));
    let exchange = Request { purpose: Purpose::Exchange, ..hello() };
    assert_eq!(fixture.reason(&key, &hello()), None);
    assert_eq!(fixture.reason(&key, &exchange), Some(Reason::WrongUse));
    assert_eq!(fixture.reason(&client, &exchange), None);
    assert_eq!(fixture.reason(&client, &hello()), Some(Reason::WrongUse));
}

#[test]
fn a_suspended_organization_is_refused() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    fixture.commit([Change::Organization(keyward_core::organization::Organization {
        suspended_at: Some(START),
        ..organization(ORG)
    })]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::OrganizationSuspended));
    fixture.commit([Change::Organization(organization(ORG))]);
    assert_eq!(fixture.reason(&key, &hello()), None);
}

#[test]
fn disabled_until_enabled_and_revoked_for_ever() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("plain");
    key.record = key.record.disable(START).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::Disabled));
    key.record = key.record.enable(START).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &hello()), None);
    let before = key.change();
    key.record = key.record.revoke(START, RevokeReason::Requested).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::Revoked));
    fixture.commit([before]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::Revoked), "no later fact takes a revocation back");
}

#[test]
fn a_replaced_secret_counts_until_its_grace_is_over() {
    for kind in ["plain", "bare", "pair"] {
        let mut fixture = Fixture::new();
        let old = fixture.issue(kind);
        let new = fixture.rotate(&old, Duration::from_mins(1));
        let end = START.plus(Duration::from_mins(1));
        let slot = |key: &Issued, time| {
            answer(fixture.index.decide(&key.presented(), &hello(), at(time)))
                .map(|permit| permit.settle().unwrap().slot)
        };
        assert_eq!(slot(&old, end.minus(Duration::from_micros(1))), Ok(1), "{kind}");
        assert_eq!(slot(&old, end), Err(Reason::Replaced.into()), "{kind}");
        assert_eq!(slot(&new, START), Ok(2), "{kind}");
        assert_eq!(slot(&new, end), Ok(2), "{kind}");
    }
}

#[test]
fn a_secret_that_was_replaced_without_grace_is_unknown() {
    for kind in ["plain", "bare", "pair"] {
        let mut fixture = Fixture::new();
        let old = fixture.issue(kind);
        let new = fixture.rotate(&old, Duration::ZERO);
        assert_eq!(fixture.reason(&old, &hello()), Some(Reason::Unknown), "{kind}");
        assert_eq!(fixture.reason(&new, &hello()), None, "{kind}");
    }
}

#[test]
fn expired_from_the_very_instant() {
    let mut fixture = Fixture::new();
    let mut key = fixture.make("plain");
    let end = START.plus(Duration::from_secs(5));
    key.record.expires_at = Some(end);
    fixture.commit([key.change()]);
    assert_eq!(reason_at(&fixture, &key, end.minus(Duration::from_micros(1))), None);
    assert_eq!(reason_at(&fixture, &key, end), Some(Reason::Expired));
    assert_eq!(reason_at(&fixture, &key, end.plus(Duration::from_secs(1))), Some(Reason::Expired));
}

#[test]
fn live_kinds_stop_with_their_owner_and_others_do_not() {
    let mut fixture = Fixture::new();
    let (live, plain) = (fixture.issue("live"), fixture.issue("plain"));
    let mut nobodys = fixture.make("live");
    nobodys.record.owner = None;
    fixture.commit([nobodys.change()]);
    assert_eq!(fixture.reason(&nobodys, &hello()), Some(Reason::OwnerInactive));
    assert_eq!(fixture.reason(&live, &hello()), None);
    let mut suspended = membership(OWNER);
    suspended.suspended_at = Some(START);
    fixture.commit([Change::Membership(suspended)]);
    assert_eq!(fixture.reason(&live, &hello()), Some(Reason::OwnerInactive));
    fixture.commit([Change::Membership(membership(OWNER))]);
    assert_eq!(fixture.reason(&live, &hello()), None);
    fixture.commit([Change::MembershipRemoved { organization: ORG, user: OWNER }]);
    assert_eq!(fixture.reason(&live, &hello()), Some(Reason::OwnerInactive));
    assert_eq!(fixture.reason(&plain, &hello()), None);
}

#[test]
fn networks_of_credential_and_organization_both_have_to_allow() {
    let mut fixture = Fixture::new();
    let mut key = fixture.make("plain");
    key.record.sources = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    fixture.commit([key.change()]);
    let from = |address: &str| Request { source: Some(address.parse().unwrap()), ..hello() };
    for (address, reason) in [
        ("10.1.2.3", None),
        ("::ffff:10.1.2.3", None),
        ("2001:db8::1", None),
        ("11.1.2.3", Some(Reason::SourceNotAllowed)),
    ] {
        assert_eq!(fixture.reason(&key, &from(address)), reason, "{address}");
    }
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::SourceNotAllowed), "the address is not known");
    let mut strict = organization(ORG);
    strict.sources = vec!["10.1.0.0/16".parse().unwrap()];
    fixture.commit([Change::Organization(strict)]);
    assert_eq!(fixture.reason(&key, &from("10.1.2.3")), None);
    assert_eq!(fixture.reason(&key, &from("10.2.2.3")), Some(Reason::SourceNotAllowed));
    let free = fixture.issue("plain");
    assert_eq!(fixture.reason(&free, &from("10.2.2.3")), Some(Reason::SourceNotAllowed));
    assert_eq!(fixture.reason(&free, &from("10.1.2.3")), None);
}

#[test]
fn what_its_kind_or_its_maker_denies_is_denied_by_permission_and_by_group() {
    let mut fixture = Fixture::new();
    let whole = fixture.issue("whole");
    assert_eq!(fixture.reason(&whole, &may("items:edit", APP)), None);
    assert_eq!(fixture.reason(&whole, &may("credentials:create", ORG)), Some(Reason::Denied));
    let grouped = Request { groups: &["security"], ..hello() };
    assert_eq!(fixture.reason(&whole, &grouped), Some(Reason::Denied));
    let mut key = fixture.issue("plain");
    key.record.denied =
        Denials { patterns: vec!["items:delete".parse().unwrap()].into(), groups: vec!["events".into()] };
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &may("items:edit", APP)), None);
    assert_eq!(fixture.reason(&key, &may("items:delete", APP)), Some(Reason::Denied));
    let events = Request { groups: &["other", "events"], ..hello() };
    assert_eq!(fixture.reason(&key, &events), Some(Reason::Denied));
}

#[test]
fn a_confined_credential_reaches_its_namespace() {
    let mut fixture = Fixture::new();
    let mut key = fixture.make("confined");
    key.record.namespace = APP.into();
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &may("items:edit", APP)), None);
    assert_eq!(fixture.reason(&key, &may("items:edit", ORG)), Some(Reason::OutOfReach));
    assert_eq!(fixture.reason(&key, &may("organizations:read", ORG)), None);
    assert_eq!(fixture.reason(&key, &may("items:edit", WORKSPACE)), Some(Reason::OutOfReach));
    assert_eq!(fixture.reason(&key, &may("items:edit", OTHER_APP)), Some(Reason::OutOfReach));
    assert_eq!(fixture.reason(&key, &hello()), None);
}

#[test]
fn what_no_role_gives_is_not_granted() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    assert_eq!(fixture.reason(&key, &may("items:edit", APP)), None);
    assert_eq!(fixture.reason(&key, &may("orders:edit", APP)), Some(Reason::NotGranted));
    assert_eq!(fixture.reason(&key, &may("items:edit", WORKSPACE)), Some(Reason::NotGranted));
    let at_organization = Request { permission: Some("items:edit"), ..hello() };
    assert_eq!(fixture.reason(&key, &at_organization), Some(Reason::NotGranted), "no namespace is the organization");
}

#[test]
fn a_live_credential_does_what_its_owner_may_do_now() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("live");
    assert_eq!(fixture.reason(&key, &may("items:edit", APP)), None);
    fixture.commit([
        Change::GrantRemoved { organization: ORG, id: OWNERS_GRANT, holder: Holder::User(OWNER) },
        grant(700, Holder::User(OWNER), READER, APP),
    ]);
    assert_eq!(fixture.reason(&key, &may("items:edit", APP)), Some(Reason::OwnerLacks));
    assert_eq!(fixture.reason(&key, &may("items:read", APP)), None);
}

#[test]
fn over_plain_http_nothing_is_learned_of_a_secret_for_https_alone() {
    let mut fixture = Fixture::new();
    let plainly = Request { secure: false, ..hello() };
    for kind in ["secure", "bare_secure"] {
        let known = fixture.issue(kind);
        let unknown = fixture.make(kind);
        assert_eq!(fixture.reason(&known, &hello()), None);
        assert_eq!(fixture.reason(&unknown, &hello()), Some(Reason::Unknown));
        for key in [known, unknown] {
            assert_eq!(fixture.reason(&key, &plainly), Some(Reason::InsecureTransport));
            let explained = fixture.index.explain(Subject::Presented(key.presented()), &plainly, now());
            let of = |check: Check| explained.findings.iter().find(|f| f.check == check).unwrap().outcome;
            assert_eq!((of(Check::Known), of(Check::Transport)), (Outcome::NotReached, Outcome::Failed));
        }
    }
    let other = fixture.issue("plain");
    assert_eq!(fixture.reason(&other, &plainly), None);
}

#[test]
fn what_looks_like_a_kind_for_plain_http_too_is_looked_up() {
    let mut fixture = Fixture::new();
    let (open, secure) = (fixture.issue("pair"), fixture.issue("pair_secure"));
    let plainly = Request { secure: false, ..hello() };
    assert_eq!(fixture.reason(&open, &plainly), None);
    assert_eq!(fixture.reason(&secure, &plainly), Some(Reason::InsecureTransport));
    let unknown = fixture.make("pair_secure");
    assert_eq!(fixture.reason(&unknown, &plainly), Some(Reason::Unknown));
    let headers = By::Headers("x-id", "x-secret");
    assert_eq!(fixture.reason(&secure, &hello()), None);
    let sent = |by| answer(fixture.index.decide(&secure.presented_by(by), &plainly, now())).err().map(|d| d.reason);
    assert_eq!(sent(headers), Some(Reason::WrongCarrier), "by headers it could only be a `pair`");
}

#[test]
fn only_what_is_allowed_otherwise_counts_for_the_rate() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("limited");
    let at_app = may("items:edit", APP);
    for _ in 0..20 {
        assert_eq!(fixture.reason(&key, &may("orders:edit", APP)), Some(Reason::NotGranted));
        let explained = fixture.index.explain(Subject::Presented(key.presented()), &at_app, now());
        assert_eq!(explained.denial, None, "explaining takes no use");
    }
    assert!((0..3).all(|_| fixture.reason(&key, &at_app).is_none()));
    let denial = fixture.ask(&key, &at_app).unwrap_err();
    assert_eq!(denial.reason, Reason::RateLimited);
    let wait = denial.retry_after.unwrap();
    let later = |wait| answer(fixture.index.decide(&key.presented(), &at_app, at(START.plus(wait))));
    assert!(later(wait.saturating_sub(Duration::from_micros(1))).is_err());
    assert!(later(wait).is_ok());
}

#[test]
fn a_change_of_the_credential_forgets_no_use() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("limited");
    assert!((0..3).all(|_| fixture.reason(&key, &hello()).is_none()));
    fixture.commit([key.change()]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::RateLimited));
}

#[test]
fn a_logged_use_has_to_be_recorded_before_it_says_whose_it_is() {
    let mut fixture = Fixture::new();
    let (logged, plain) = (fixture.issue("logged"), fixture.issue("plain"));
    let unsettled = fixture.ask(&logged, &hello()).unwrap().settle().unwrap_err();
    assert_eq!(unsettled.to_record().credential, logged.record.id);
    assert_eq!(unsettled.recorded(Recorded::after_commit()).credential, logged.record.id);
    assert_eq!(fixture.ask(&plain, &hello()).unwrap().settle().unwrap().credential, plain.record.id);
}

#[test]
fn a_permit_says_who_was_allowed() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let identity = fixture.ask(&key, &may("items:edit", APP)).unwrap().settle().unwrap();
    assert_eq!(identity.public_id.as_str(), key.record.public_id);
    assert_eq!(identity.kind.as_str(), "test/plain");
    assert_eq!((identity.organization, identity.owner, identity.namespace), (ORG, Some(OWNER), ORG.into()));
    assert_eq!((identity.slot, identity.generation), (1, 1));
    assert_eq!(identity.pepper, fixture.ring.current_version());
    assert_eq!(identity.revision, fixture.index.revision());
}
