//! What changes do to the index, and what they cannot do.

use std::sync::Arc;

use keyward_core::change::{Change, Committed, RecordedProfile, Revision};
use keyward_core::decision::Reason;
use keyward_core::id::UserId;
use keyward_core::namespace::Namespace;
use keyward_core::rights::{self, Facts as _};
use keyward_core::role::Holder;
use keyward_core::user::GroupMember;
use keyward_verify::{ApplyError, Index, Standing};

use crate::support::*;

#[test]
fn commits_that_are_known_are_skipped_and_a_hole_is_refused() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let revision = fixture.index.revision();
    assert_eq!(fixture.index.apply(&fixture.log), Ok(revision), "all of it is known");
    assert_eq!(fixture.index.apply(&[]), Ok(revision));
    let late = Committed { revision: Revision(revision.0 + 2), changes: vec![] };
    let gap = ApplyError::Gap { applied: revision, next: late.revision };
    assert_eq!(fixture.index.apply(std::slice::from_ref(&late)), Err(gap));
    let before = Committed { revision: revision.next(), changes: vec![Change::Namespace(removed_sign())] };
    let known = fixture.log.iter().cloned();
    let commits: Vec<_> = known.chain([before, late.clone()]).collect();
    assert_eq!(fixture.index.apply(&commits), Ok(late.revision), "what is known is skipped, and the rest applied");
    assert_eq!(fixture.reason(&key, &hello()), None);
}

fn removed_sign() -> Namespace {
    Namespace { site_key: Some("3_site".into()), ..namespace(APP, ORG, ORG) }
}

#[test]
fn nothing_of_a_call_that_fails_is_published() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let revision = fixture.index.revision();
    let broken = Change::Profile(RecordedProfile::new("test", 2, "name = "));
    let changes = vec![Change::MembershipRemoved { organization: ORG, user: OWNER }, broken.clone()];
    let result = fixture.index.apply(&[
        Committed { revision: revision.next(), changes: vec![Change::Organization(organization(OTHER))] },
        Committed { revision: revision.next().next(), changes },
    ]);
    assert!(matches!(&result, Err(ApplyError::Profile { name, .. }) if name == "test"), "{result:?}");
    assert_eq!(fixture.index.revision(), revision);
    assert!(fixture.index.snapshot().organization(ORG).unwrap().member(OWNER).is_some());
    assert!(fixture.index.load(Revision(90), [broken]).is_err());
    assert_eq!((fixture.index.revision(), fixture.reason(&key, &hello())), (revision, None));
}

#[test]
fn a_profile_under_a_foreign_name_is_refused() {
    let fixture = Fixture::new();
    let change = Change::Profile(RecordedProfile::new("other", 1, KINDS));
    let commit = Committed { revision: fixture.index.revision().next(), changes: vec![change] };
    assert!(matches!(fixture.index.apply(&[commit]), Err(ApplyError::Profile { .. })));
}

#[test]
fn loading_replaces_everything() {
    let mut fixture = Fixture::new();
    let (kept, dropped) = (fixture.issue("plain"), fixture.issue("plain"));
    let changes = beginning().into_iter().chain([kept.change()]);
    assert_eq!(fixture.index.load(Revision(50), changes), Ok(()));
    assert_eq!(fixture.index.revision(), Revision(50));
    assert_eq!(fixture.reason(&kept, &hello()), None);
    assert_eq!(fixture.reason(&dropped, &hello()), Some(Reason::Unknown));
}

#[test]
fn the_order_of_facts_within_a_load_does_not_matter() {
    let mut fixture = Fixture::new();
    let keys = ["plain", "live", "bare", "pair"].map(|kind| fixture.issue(kind));
    let mut changes: Vec<Change> = fixture.log.iter().flat_map(|commit| commit.changes.clone()).collect();
    changes.reverse();
    let backwards = Index::new(Arc::clone(&fixture.ring));
    backwards.load(Revision(9), changes).unwrap();
    for key in &keys {
        let answer = answer(backwards.decide(&key.presented(), &may("items:edit", APP), now()));
        assert!(answer.is_ok(), "{}: {answer:?}", key.record.kind);
    }
}

#[test]
fn an_edit_of_a_role_reaches_every_grant_of_it() {
    let mut fixture = Fixture::new();
    let keys = ["plain", "live"].map(|kind| fixture.issue(kind));
    fixture.commit([Change::Role(role(EDITOR, &["items:read"]))]);
    for key in &keys {
        assert_eq!(fixture.reason(key, &may("items:edit", APP)), Some(Reason::NotGranted));
        assert_eq!(fixture.reason(key, &may("items:read", APP)), None);
    }
    fixture.commit([Change::RoleRemoved { organization: ORG, id: EDITOR }]);
    for key in &keys {
        assert_eq!(fixture.reason(key, &may("items:read", APP)), Some(Reason::NotGranted));
    }
}

#[test]
fn a_grant_that_is_taken_back_gives_nothing() {
    let mut fixture = Fixture::new();
    let key = fixture.make("plain");
    let holder = Holder::Credential(key.record.id);
    let grants = [(71, READER, APP.into()), (72, EDITOR, ORG.into()), (73, EDITOR, WORKSPACE.into())];
    fixture.commit(
        grants.map(|(id, role, place): (u128, _, keyward_core::namespace::NamespaceId)| grant(id, holder, role, place)),
    );
    fixture.commit([key.change()]);
    let allowed = |fixture: &Fixture| {
        [may("items:read", APP), may("items:edit", ORG), may("items:edit", WORKSPACE)]
            .map(|request| fixture.reason(&key, &request).is_none())
    };
    assert_eq!(allowed(&fixture), [true, true, true], "grants that came before their holder count");
    for (taken, left) in [(72, [true, false, true]), (71, [false, false, true]), (73, [false, false, false])] {
        let id = keyward_core::id::GrantId::from_bits(taken);
        fixture.commit([Change::GrantRemoved { organization: ORG, id, holder }]);
        assert_eq!(allowed(&fixture), left, "without {taken}");
    }
}

#[test]
fn what_depends_on_a_namespace_ends_with_it() {
    let mut fixture = Fixture::new();
    let granted = fixture.issue("plain");
    let mut living = fixture.make("whole");
    living.record.namespace = APP.into();
    fixture.commit([living.change()]);
    assert_eq!(fixture.reason(&living, &hello()), None);
    fixture.commit([Change::NamespaceRemoved { organization: ORG, id: APP.into() }]);
    assert_eq!(fixture.reason(&granted, &may("items:read", APP)), Some(Reason::OutOfReach));
    assert_eq!(fixture.reason(&granted, &hello()), None);
    assert_eq!(fixture.reason(&living, &hello()), Some(Reason::OutOfReach));
    assert_eq!(fixture.reason(&living, &may("items:read", ORG)), Some(Reason::OutOfReach));
}

#[test]
fn members_of_a_group_hold_what_it_holds_as_long_as_it_is_there() {
    let mut fixture = Fixture::new();
    let user = UserId::from_bits(600);
    let member = GroupMember { organization: ORG, group: GROUP, user };
    fixture.commit([
        Change::Membership(membership(user)),
        Change::GroupMember(member),
        grant(60, Holder::UserGroup(GROUP), EDITOR, APP),
    ]);
    let may_edit = |fixture: &Fixture| {
        let snapshot = fixture.index.snapshot();
        rights::user_allow(&snapshot.organization(ORG).unwrap(), user, APP.into(), "items:edit")
    };
    assert!(may_edit(&fixture));
    fixture.commit([Change::NamespaceRemoved { organization: ORG, id: GROUP.into() }]);
    assert!(!may_edit(&fixture));
    fixture.commit([Change::Namespace(namespace(GROUP, ORG, APP))]);
    assert!(may_edit(&fixture));
    fixture.commit([Change::GroupMemberRemoved(member)]);
    assert!(!may_edit(&fixture));
}

#[test]
fn a_snapshot_answers_what_the_door_asks() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("pair");
    fixture.commit([Change::Namespace(removed_sign())]);
    key.record = key.record.revoke(START, keyward_core::credential::RevokeReason::Requested).unwrap();
    fixture.commit([key.change()]);
    let snapshot = fixture.index.snapshot();
    let view = snapshot.credential_by_public_id(&key.record.public_id).unwrap();
    assert_eq!((view.id(), view.standing(), view.generation()), (key.record.id, Standing::Revoked, 2));
    assert_eq!(snapshot.credential(key.record.id).unwrap().public_id(), key.record.public_id);
    assert_eq!(snapshot.credentials().count(), 1);
    assert_eq!(snapshot.organizations_of(OWNER).collect::<Vec<_>>(), [ORG]);
    assert_eq!(snapshot.site("3_site"), Some((ORG, APP)));
    assert_eq!(snapshot.site("3_other"), None);
    assert!(snapshot.profile("test").is_some());
    assert!(snapshot.kind(&key.record.kind).is_some());
    assert!(snapshot.organization(keyward_core::id::OrganizationId::from_bits(404)).is_none());
    let world = snapshot.organization(ORG).unwrap();
    assert_eq!(world.held(Holder::User(OWNER)).collect::<Vec<_>>(), [(EDITOR, APP.into())]);
    assert!(world.patterns(EDITOR).unwrap().covers("items:delete"));
    assert_eq!(world.namespaces().count(), 3);
    drop(snapshot);
    fixture.commit([Change::Namespace(namespace(APP, ORG, ORG))]);
    assert_eq!(fixture.index.snapshot().site("3_site"), None);
}

#[test]
fn a_loaded_snapshot_stays_as_it_was() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let before = fixture.index.snapshot();
    fixture
        .index
        .apply(&[Committed {
            revision: before.revision().next(),
            changes: vec![Change::RoleRemoved { organization: ORG, id: EDITOR }],
        }])
        .unwrap();
    let request = may("items:edit", APP);
    assert!(answer(before.decide(&key.presented(), &request, now())).is_ok());
    assert!(answer(fixture.index.decide(&key.presented(), &request, now())).is_err());
}

/// Of a kind of which an organization has one: the one that was not revoked, in whatever order that is stated.
#[test]
fn the_only_credential_of_a_kind_is_found_in_whatever_order_it_is_stated() {
    let kind = "test/single".parse().unwrap();
    let mut fixture = Fixture::new();
    let only = |fixture: &Fixture, organization| {
        fixture.index.snapshot().only_credential(organization, &kind).map(|credential| credential.id())
    };
    assert_eq!(only(&fixture, ORG), None);
    let (mut first, second) = (fixture.make("single"), fixture.make("single"));
    let stated = first.change();
    fixture.commit([stated.clone()]);
    assert_eq!((only(&fixture, ORG), only(&fixture, OTHER)), (Some(first.record.id), None));
    first.record = first.record.revoke(START, keyward_core::credential::RevokeReason::Superseded).unwrap();
    let facts = [profile_change(), Change::Organization(organization(ORG)), first.change(), second.change()];
    for order in [[0, 1, 2, 3], [0, 1, 3, 2], [3, 2, 1, 0], [2, 3, 1, 0], [3, 0, 2, 1]] {
        let facts = || order.map(|at| facts[at].clone());
        let mut superseded = Fixture::new();
        superseded.commit([stated.clone()]);
        superseded.commit(facts());
        assert_eq!(only(&superseded, ORG), Some(second.record.id), "{order:?}");
        superseded.commit([stated.clone()]);
        assert_eq!(only(&superseded, ORG), Some(second.record.id), "{order:?}: it stays revoked");
        superseded.index.load(Revision(9), facts()).unwrap();
        assert_eq!(only(&superseded, ORG), Some(second.record.id), "{order:?} at once");
    }
    let mut disabled = fixture.make("single");
    disabled.record = disabled.record.disable(START).unwrap();
    fixture.commit([first.change(), disabled.change()]);
    assert_eq!(only(&fixture, ORG), Some(disabled.record.id), "it is still the one that there is");
    disabled.record = disabled.record.revoke(START, keyward_core::credential::RevokeReason::Requested).unwrap();
    fixture.commit([disabled.change()]);
    assert_eq!(only(&fixture, ORG), None);
}

#[test]
fn of_a_kind_that_there_may_be_more_of_none_is_the_only_one() {
    let mut fixture = Fixture::new();
    let (key, single) = (fixture.issue("plain"), fixture.issue("single"));
    let only = |fixture: &Fixture, kind: &str| {
        let kind = format!("test/{kind}").parse().unwrap();
        fixture.index.snapshot().only_credential(ORG, &kind).map(|credential| credential.id())
    };
    assert_eq!((only(&fixture, "plain"), only(&fixture, "unheard")), (None, None));
    let change = |text: &str| Change::Profile(RecordedProfile::new("test", 2, text));
    fixture.commit([change(&KINDS.replace("[kinds.plain]", "[kinds.plain]\nlimit = \"1 per organization\""))]);
    assert_eq!(only(&fixture, "plain"), Some(key.record.id));
    fixture.commit([change(&KINDS.replace("limit = \"1 per organization\"", "limit = \"2 per organization\""))]);
    assert_eq!((only(&fixture, "plain"), only(&fixture, "single")), (None, None));
    fixture.commit([profile_change()]);
    assert_eq!(only(&fixture, "single"), Some(single.record.id));
}
