//! A decision allocates nothing, whatever the answer is.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::RevokeReason;
use keyward_core::decision::{By, Presented, Purpose, Reason, Request};
use keyward_core::kind::Denials;
use keyward_verify::{Decision, Recorded};

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use support::*;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only counts and passes on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The reason, and how much was allocated on the way to it.
fn cost(
    fixture: &Fixture,
    presented: &Presented<'_>,
    request: &Request<'_>,
    now: keyward_verify::Now,
) -> (Option<Reason>, u64) {
    let before = ALLOCATIONS.get();
    let decision = fixture.index.decide(presented, request, now);
    let reason = match decision {
        Decision::Deny(denial) => Some(denial.reason),
        Decision::Allow(permit) => {
            let identity = permit.settle().unwrap_or_else(|unsettled| unsettled.recorded(Recorded::after_commit()));
            std::hint::black_box(identity.clone());
            None
        }
    };
    (reason, ALLOCATIONS.get() - before)
}

#[test]
fn decide_allocates_nothing() {
    let mut fixture = Fixture::new();
    let all = [
        "plain",
        "live",
        "confined",
        "owned",
        "whole",
        "secure",
        "limited",
        "logged",
        "client",
        "pair",
        "bare",
        "bare_secure",
    ];
    let keys = all.map(|kind| fixture.issue(kind));
    let [plain, live, confined, .., limited, _, client, pair, _, _] = &keys;
    // The pointer's own bookkeeping is made once per thread.
    let _ = cost(&fixture, &plain.presented(), &hello(), now());

    let mut seen = Vec::new();
    let mut check = |fixture: &Fixture, presented: &Presented<'_>, request: &Request<'_>, expected: Option<Reason>| {
        assert_eq!(cost(fixture, presented, request, now()), (expected, 0));
        seen.extend(expected);
    };
    for key in &keys {
        let purpose = if key.record.kind.kind() == "client" { Purpose::Exchange } else { Purpose::Direct };
        check(&fixture, &key.presented(), &Request { purpose, ..hello() }, None);
    }
    for key in [plain, live] {
        check(&fixture, &key.presented(), &may("items:edit", APP), None);
        check(&fixture, &key.presented(), &may("credentials:read", WORKSPACE), Some(Reason::NotGranted));
    }
    let huge = "A".repeat(1 << 20);
    for junk in ["", "kw_", "\0", "é", &huge] {
        check(&fixture, &Presented::Token { token: junk, by: By::Bearer }, &hello(), Some(Reason::Malformed));
        check(&fixture, &Presented::Pair { id: junk, secret: junk, by: By::Basic }, &hello(), Some(Reason::Malformed));
    }
    for kind in ["plain", "pair", "bare"] {
        let unknown = fixture.make(kind);
        check(&fixture, &unknown.presented(), &hello(), Some(Reason::Unknown));
    }
    let wrong = fixture.make("pair").secret;
    let wrong = Presented::Pair { id: &pair.record.public_id, secret: &wrong, by: By::Basic };
    check(&fixture, &wrong, &hello(), Some(Reason::Unknown));
    check(&fixture, &plain.presented_by(By::Header("x-other")), &hello(), Some(Reason::WrongCarrier));
    check(&fixture, &client.presented(), &hello(), Some(Reason::WrongUse));
    check(&fixture, &confined.presented(), &may("items:edit", OTHER_APP), Some(Reason::OutOfReach));
    let plainly = Request { secure: false, ..hello() };
    check(&fixture, &keys[5].presented(), &plainly, Some(Reason::InsecureTransport));
    let _ =
        (cost(&fixture, &limited.presented(), &hello(), now()), cost(&fixture, &limited.presented(), &hello(), now()));
    check(&fixture, &limited.presented(), &hello(), Some(Reason::RateLimited));

    let change = |fixture: &mut Fixture, kind: &str, edit: &dyn Fn(&mut Issued)| {
        let mut key = fixture.make(kind);
        edit(&mut key);
        fixture.commit([key.change()]);
        key
    };
    let disabled = change(&mut fixture, "plain", &|key| key.record = key.record.clone().disable(START).unwrap());
    check(&fixture, &disabled.presented(), &hello(), Some(Reason::Disabled));
    let revoked = change(&mut fixture, "plain", &|key| {
        key.record = key.record.clone().revoke(START, RevokeReason::Requested).unwrap();
    });
    check(&fixture, &revoked.presented(), &hello(), Some(Reason::Revoked));
    let expired = change(&mut fixture, "plain", &|key| key.record.expires_at = Some(START));
    check(&fixture, &expired.presented(), &hello(), Some(Reason::Expired));
    let replaced = change(&mut fixture, "plain", &|key| key.record.slots[0].ends_at = Some(START));
    check(&fixture, &replaced.presented(), &hello(), Some(Reason::Replaced));
    let bound = change(&mut fixture, "plain", &|key| key.record.sources = vec!["10.0.0.0/8".parse().unwrap()]);
    check(&fixture, &bound.presented(), &hello(), Some(Reason::SourceNotAllowed));
    let denied = change(&mut fixture, "plain", &|key| {
        key.record.denied = Denials { groups: vec!["events".into()], ..Denials::default() };
    });
    check(&fixture, &denied.presented(), &Request { groups: &["events"], ..hello() }, Some(Reason::Denied));

    fixture.commit([Change::GrantRemoved {
        organization: ORG,
        id: OWNERS_GRANT,
        holder: keyward_core::role::Holder::User(OWNER),
    }]);
    check(&fixture, &live.presented(), &may("items:edit", APP), Some(Reason::OwnerLacks));
    fixture.commit([Change::MembershipRemoved { organization: ORG, user: OWNER }]);
    check(&fixture, &live.presented(), &hello(), Some(Reason::OwnerInactive));
    let suspended = keyward_core::organization::Organization { suspended_at: Some(START), ..organization(ORG) };
    fixture.commit([Change::Organization(suspended)]);
    check(&fixture, &plain.presented(), &hello(), Some(Reason::OrganizationSuspended));
    fixture.index.fresh_until(Some(Duration::ZERO));
    check(&fixture, &plain.presented(), &hello(), Some(Reason::Stale));

    let elsewhere = |reason: &&Reason| {
        matches!(
            reason,
            // Signed requests may allocate.
            Reason::OutOfWindow
            // Of no decision: found when the nonce is stored.
            | Reason::Replayed
            // Of access tokens: tried below.
            | Reason::OutOfScope
        )
    };
    let missing: Vec<&Reason> = Reason::ALL.iter().filter(|r| !seen.contains(r) && !elsewhere(r)).collect();
    assert!(missing.is_empty(), "not tried: {missing:?}");
}

#[test]
fn decide_allocates_nothing_for_access_tokens() {
    let mut fixture = Fixture::new();
    let (mut both, live, plain) = (fixture.issue("both"), fixture.issue("both_live"), fixture.issue("plain"));
    let whole = fixture.token(&both, |_| {});
    let longest: String = [(); 29].map(|()| "items:read").join(" ");
    let scoped = fixture.token(&both, |token| token.scope = longest.parse().unwrap());
    let there = fixture.token(&both, |token| token.namespace = Some(APP.into()));
    let over = fixture.token(&both, |token| token.expires_at = START);
    let older = fixture.token(&both, |token| token.generation = 0);
    let nobodys = fixture.token(&both, |token| token.credential = keyward_core::id::CredentialId::from_bits(404));
    let (secure, unfit) = (fixture.token(&live, |_| {}), fixture.token(&plain, |_| {}));
    let junk = format!("kwat_{}", "A".repeat(1 << 20));
    // The pointer's own bookkeeping is made once per thread.
    let _ = cost(&fixture, &plain.presented(), &hello(), now());

    let check = |fixture: &Fixture, token: &str, request: &Request<'_>, expected: Option<Reason>| {
        let presented = Presented::Token { token, by: By::Bearer };
        assert_eq!(cost(fixture, &presented, request, now()), (expected, 0));
    };
    for token in [&whole, &scoped, &there, &secure] {
        check(&fixture, token, &hello(), None);
    }
    for token in [&whole, &scoped, &there] {
        check(&fixture, token, &may("items:read", APP), None);
    }
    check(&fixture, &scoped, &may("items:edit", APP), Some(Reason::OutOfScope));
    check(&fixture, &there, &may("items:read", ORG), Some(Reason::OutOfReach));
    check(&fixture, &over, &hello(), Some(Reason::Expired));
    check(&fixture, &older, &hello(), Some(Reason::Replaced));
    check(&fixture, &nobodys, &hello(), Some(Reason::Unknown));
    check(&fixture, &unfit, &hello(), Some(Reason::WrongUse));
    check(&fixture, &secure, &Request { secure: false, ..hello() }, Some(Reason::InsecureTransport));
    check(&fixture, &scoped[..scoped.len() - 4], &hello(), Some(Reason::Unknown));
    for text in [&junk, "kwat_"] {
        check(&fixture, text, &hello(), Some(Reason::Malformed));
    }
    let by_header = Presented::Token { token: &whole, by: By::Header("x-other") };
    assert_eq!(cost(&fixture, &by_header, &hello(), now()), (Some(Reason::WrongCarrier), 0));
    both.record = both.record.revoke(START, RevokeReason::Requested).unwrap();
    fixture.commit([both.change()]);
    check(&fixture, &whole, &hello(), Some(Reason::Revoked));
}

/// To be asked often, of everything that goes on.
#[test]
fn asking_whether_it_is_still_admitted_allocates_nothing() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("live");
    let identity = fixture.ask(&key, &hello()).unwrap().settle().unwrap();
    let still = |fixture: &Fixture| {
        let snapshot = fixture.index.snapshot();
        let before = ALLOCATIONS.get();
        let answer = snapshot.still_admits(&identity, &may("items:edit", APP), now());
        (answer.err().map(|denial| denial.reason), ALLOCATIONS.get() - before)
    };
    assert_eq!(still(&fixture), (None, 0));
    fixture.commit([Change::MembershipRemoved { organization: ORG, user: OWNER }]);
    assert_eq!(still(&fixture), (Some(Reason::OwnerInactive), 0));
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    std::hint::black_box(Box::new(1));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}
