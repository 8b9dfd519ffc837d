//! Access tokens: what they let their bearer do, and when not.

use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::RevokeReason;
use keyward_core::decision::{By, Check, Presented, Purpose, Reason, Request};
use keyward_core::id::CredentialId;
use keyward_core::keyring::KeyRing;
use keyward_core::namespace::NamespaceId;
use keyward_verify::{Means, Outcome, Subject};

use crate::support::*;

#[test]
fn a_token_does_what_its_credential_may_do_now() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |_| {});
    let identity = fixture.ask_with(&token, &may("items:edit", APP)).unwrap().settle().unwrap();
    assert_eq!((identity.credential, identity.means), (key.record.id, Means::Token));
    assert_eq!(identity.token_ends_at, Some(START.plus(Duration::from_hours(1))));
    assert!(!identity.narrowed);
    assert_eq!(identity.pepper, fixture.ring.current_version(), "there is no digest to renew");
    fixture.commit([Change::Role(role(EDITOR, &["items:read"]))]);
    assert_eq!(fixture.reason_with(&token, &may("items:edit", APP)), Some(Reason::NotGranted));
    assert_eq!(fixture.reason_with(&token, &may("items:read", APP)), None);
}

#[test]
fn a_narrowed_token_does_nothing_beyond_its_scope() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |token| token.scope = "items:read orders:*".parse().unwrap());
    assert_eq!(fixture.reason_with(&token, &may("items:read", APP)), None);
    assert_eq!(fixture.reason_with(&token, &may("items:edit", APP)), Some(Reason::OutOfScope));
    assert_eq!(
        fixture.reason_with(&token, &may("orders:read", APP)),
        Some(Reason::NotGranted),
        "a scope gives nothing"
    );
    let identity = fixture.ask_with(&token, &hello()).unwrap().settle().unwrap();
    assert!(identity.narrowed, "who asks for authentication alone is told");
}

#[test]
fn a_token_for_one_place_counts_there_alone() {
    let mut fixture = Fixture::new();
    let mut key = fixture.make("both");
    key.record.namespace = APP.into();
    let holder = keyward_core::role::Holder::Credential(key.record.id);
    let at = |id, place: NamespaceId| grant(id, holder, EDITOR, place);
    fixture.commit([key.change(), at(81, APP.into()), at(82, ORG.into()), at(83, WORKSPACE.into())]);
    let token = fixture.token(&key, |token| token.namespace = Some(APP.into()));
    assert_eq!(fixture.reason_with(&token, &may("items:edit", APP)), None);
    for place in [ORG.into(), WORKSPACE.into(), NamespaceId::from(OTHER_APP)] {
        assert_eq!(fixture.reason_with(&token, &may("items:edit", place)), Some(Reason::OutOfReach), "{place}");
    }
    let identity = fixture.ask_with(&token, &hello()).unwrap().settle().unwrap();
    assert!(identity.narrowed);
}

/// A request that names no place is about the organization. Were it about the place of the token, narrowing a token would
/// let it do what its credential may not.
#[test]
fn a_token_for_one_place_never_does_what_its_credential_may_not() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |token| token.namespace = Some(APP.into()));
    let nowhere = Request { permission: Some("items:edit"), ..hello() };
    assert_eq!(fixture.reason(&key, &nowhere), Some(Reason::NotGranted));
    assert_eq!(fixture.reason_with(&token, &nowhere), Some(Reason::OutOfReach));
    let at_organization = Request { namespace: Some(ORG.into()), ..hello() };
    assert_eq!(fixture.reason(&key, &at_organization), None);
    assert_eq!(fixture.reason_with(&token, &at_organization), Some(Reason::OutOfReach), "the place was named");
}

#[test]
fn a_token_dies_with_its_generation_whatever_the_grace_of_the_secret() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |_| {});
    let mut rotated = fixture.make("both");
    rotated.record = key.record.clone();
    rotated.record.generation += 1;
    fixture.commit([rotated.change()]);
    assert_eq!(fixture.reason(&key, &hello()), None, "the secret is still good");
    assert_eq!(fixture.reason_with(&token, &hello()), Some(Reason::Replaced));
    let newer = fixture.token(&rotated, |_| {});
    assert_eq!(fixture.reason_with(&newer, &hello()), None);
    let ahead = fixture.token(&rotated, |token| token.generation += 1);
    assert_eq!(fixture.reason_with(&ahead, &hello()), Some(Reason::Replaced), "this node has not heard of it yet");
    rotated.record = rotated.record.revoke(START, RevokeReason::Requested).unwrap();
    fixture.commit([rotated.change()]);
    assert_eq!(fixture.reason_with(&newer, &hello()), Some(Reason::Revoked));
}

#[test]
fn a_token_expires_by_itself_and_with_its_credential() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("both");
    let end = START.plus(Duration::from_secs(10));
    let token = fixture.token(&key, |token| token.expires_at = end);
    let at_time = |fixture: &Fixture, time| {
        let presented = Presented::Token { token: &token, by: By::Bearer };
        answer(fixture.index.decide(&presented, &hello(), at(time))).err().map(|denial| denial.reason)
    };
    assert_eq!(at_time(&fixture, end.minus(Duration::from_micros(1))), None);
    assert_eq!(at_time(&fixture, end), Some(Reason::Expired));
    key.record.expires_at = Some(START.plus(Duration::from_secs(1)));
    fixture.commit([key.change()]);
    assert_eq!(at_time(&fixture, START.plus(Duration::from_secs(1))), Some(Reason::Expired));
}

#[test]
fn a_token_is_served_and_never_exchanged() {
    let mut fixture = Fixture::new();
    for kind in ["both", "client"] {
        let key = fixture.issue(kind);
        let token = fixture.token(&key, |_| {});
        assert_eq!(fixture.reason_with(&token, &hello()), None, "{kind}");
        let exchange = Request { purpose: Purpose::Exchange, ..hello() };
        assert_eq!(fixture.reason_with(&token, &exchange), Some(Reason::WrongUse), "{kind}");
    }
    let key = fixture.issue("plain");
    let token = fixture.token(&key, |_| {});
    assert_eq!(fixture.reason_with(&token, &hello()), Some(Reason::WrongUse), "its kind is not exchanged");
}

#[test]
fn a_token_travels_as_one() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |_| {});
    let reason = |by| {
        let presented = Presented::Token { token: &token, by };
        answer(fixture.index.decide(&presented, &hello(), now())).err().map(|denial| denial.reason)
    };
    for by in [By::Bearer, By::Vouched, By::TokenScheme("Tok")] {
        assert_eq!(reason(by), None, "{by:?}");
    }
    for by in [By::TokenScheme("tok"), By::TokenScheme("Other"), By::Header("x-api-key"), By::Basic] {
        assert_eq!(reason(by), Some(Reason::WrongCarrier), "{by:?}");
    }
}

#[test]
fn a_token_of_another_ring_or_of_nobody_is_unknown_and_junk_is_malformed() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |_| {});
    let nobodys = fixture.token(&key, |token| token.credential = CredentialId::from_bits(404));
    let middle = token.len() / 2;
    let other = if token.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let changed = format!("{}{other}{}", &token[..middle], &token[middle + 1..]);
    for text in [&nobodys, &changed] {
        assert_eq!(fixture.reason_with(text, &hello()), Some(Reason::Unknown), "{text}");
    }
    for text in ["kwat_", "kwat_AAAA", &format!("{token}="), &token.replace("kwat_", "kwat__!")] {
        assert_eq!(fixture.reason_with(text, &hello()), Some(Reason::Malformed), "{text}");
    }
    fixture.index.set_key_ring(KeyRing::generate(START, &mut keyward_core::entropy::Seeded::new(8)).unwrap().into());
    assert_eq!(fixture.reason_with(&token, &hello()), Some(Reason::Unknown));
}

#[test]
fn over_plain_http_a_token_is_judged_like_a_secret_of_its_kind() {
    let mut fixture = Fixture::new();
    let plainly = Request { secure: false, ..hello() };
    let (open, secure) = (fixture.issue("both"), fixture.issue("both_live"));
    let [open, secure] = [open, secure].map(|key| fixture.token(&key, |_| {}));
    assert_eq!(fixture.reason_with(&open, &plainly), None);
    assert_eq!(fixture.reason_with(&secure, &plainly), Some(Reason::InsecureTransport));
    assert_eq!(fixture.reason_with(&secure, &hello()), None);
}

/// When all kinds that are exchanged are for https alone, so is every token, and nothing is looked up.
#[test]
fn over_plain_http_nothing_is_learned_of_a_token_for_https_alone() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both_live");
    let token = fixture.token(&key, |_| {});
    let unknown = fixture.token(&key, |token| token.credential = CredentialId::from_bits(404));
    let text = KINDS.replace("[kinds.both]", "[kinds.both]\nhttps_only = true");
    let text = text.replace("[kinds.client]", "[kinds.client]\nhttps_only = true");
    fixture.commit([Change::Profile(keyward_core::change::RecordedProfile::new("test", 2, &text))]);
    let plainly = Request { secure: false, ..hello() };
    for text in [&token, &unknown] {
        assert_eq!(fixture.reason_with(text, &plainly), Some(Reason::InsecureTransport));
        let presented = Presented::Token { token: text, by: By::Bearer };
        let explained = fixture.index.explain(Subject::Presented(presented), &plainly, now());
        let of = |check: Check| explained.findings.iter().find(|f| f.check == check).unwrap().outcome;
        assert_eq!((of(Check::Known), of(Check::Transport)), (Outcome::NotReached, Outcome::Failed));
        assert_eq!(explained.found, None);
    }
    assert_eq!(fixture.reason_with(&token, &hello()), None);
    assert_eq!(fixture.reason_with(&unknown, &hello()), Some(Reason::Unknown));
}

/// A token changed in any one character says nothing of its credential, whatever that may do.
#[test]
fn no_character_of_a_token_can_be_changed() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both");
    let token = fixture.token(&key, |token| token.scope = "items:read".parse().unwrap());
    for at in 0..token.len() {
        let other = if token.as_bytes()[at] == b'A' { "Q" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        let reason = fixture.reason_with(&changed, &hello());
        assert!(matches!(reason, Some(Reason::Unknown | Reason::Malformed)), "character {at}: {reason:?}");
    }
}

#[test]
fn the_rate_is_the_credentials_whatever_stands_for_it() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("both_live");
    let tokens = [(); 2].map(|()| fixture.token(&key, |_| {}));
    assert_eq!(fixture.reason(&key, &hello()), None);
    assert!(tokens.iter().all(|token| fixture.reason_with(token, &hello()).is_none()));
    assert_eq!(fixture.reason_with(&tokens[0], &hello()), Some(Reason::RateLimited));
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::RateLimited));
}
