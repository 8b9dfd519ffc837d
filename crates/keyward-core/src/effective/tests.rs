//! Every reason in its turn, and what is left where.

use super::*;
use crate::credential::tests::{credential, kind};
use crate::id::{OrganizationId, UserGroupId};
use crate::kind::{Cap, Denials};
use crate::permission::Pattern;
use crate::rights::tests::{APP, GROUPS, ORGANIZATION, TREE, USERS, WORKSPACE};
use crate::rows::Rows;

const NOW: Timestamp = Timestamp::from_seconds(1_000);
const OWNER: UserId = USERS[0];

fn patterns(texts: &[&str]) -> PatternSet {
    texts.iter().map(|text| text.parse::<Pattern>().unwrap()).collect()
}

/// The whole tree, with one active member.
fn rows() -> Rows {
    let mut rows = Rows::new(ORGANIZATION);
    for (namespace, parent) in TREE {
        rows.add_namespace(namespace, parent);
    }
    rows.add_member(OWNER, Member { active: true, super_admin: false });
    rows
}

fn of(rows: &Rows, credential: &Credential, kind: &Kind) -> Effective {
    effective(rows, true, credential, kind, NOW)
}

#[test]
fn roles_are_told_at_their_places_less_what_is_denied() {
    let kind = Kind {
        deny: Denials { patterns: patterns(&["orders:write"]), groups: vec!["events".into()] },
        ..kind("test/roles")
    };
    let key = credential(&kind, 1);
    let mut rows = rows();
    rows.add_grant(Holder::Credential(key.id), WORKSPACE, patterns(&["reports:read"]));
    rows.add_grant(Holder::Credential(key.id), APP, patterns(&["orders:*"]));
    rows.add_grant(Holder::Credential(key.id), APP, patterns(&["items:read"]));
    let found = of(&rows, &key, &kind);
    assert_eq!((found.stopped, found.everywhere), (None, false));
    let [app, workspace] = found.places.as_slice() else { panic!("{found:?}") };
    assert_eq!((app.namespace, &app.given), (APP, &patterns(&["orders:*", "items:read"])));
    assert!(app.rights.covers("orders:read") && !app.rights.covers("orders:write"));
    assert!(app.beyond_owner().is_empty());
    assert_eq!((workspace.namespace, &workspace.given), (WORKSPACE, &patterns(&["reports:read"])));
}

#[test]
fn a_role_at_a_place_that_is_gone_is_not_told() {
    let kind = kind("test/roles");
    let key = credential(&kind, 1);
    let mut rows = Rows::new(ORGANIZATION);
    rows.add_grant(Holder::Credential(key.id), APP, patterns(&["*"]));
    assert_eq!(
        of(&rows, &key, &kind),
        Effective { stopped: Some(Stopped::NoRoles), places: vec![], everywhere: false }
    );
}

#[test]
fn a_live_key_has_what_its_owner_has_too() {
    let kind = Kind { cap: Cap::Live, ..kind("test/live") };
    let key = Credential { owner: Some(OWNER), ..credential(&kind, 1) };
    let mut rows = rows();
    rows.add_grant(Holder::Credential(key.id), APP, patterns(&["orders:read", "reports:read"]));
    assert_eq!(of(&rows, &key, &kind).stopped, Some(Stopped::OwnerLacks));
    rows.add_grant(Holder::User(OWNER), APP, patterns(&["orders:*"]));
    let found = of(&rows, &key, &kind);
    assert_eq!(found.stopped, None);
    assert_eq!(found.places[0].beyond_owner(), patterns(&["reports:read"]));
    rows.add_member(OWNER, Member { active: false, super_admin: true });
    assert_eq!(of(&rows, &key, &kind).stopped, Some(Stopped::Owner));
}

#[test]
fn a_key_of_one_namespace_has_what_its_owner_has_there() {
    let kind = Kind { authority: Authority::Namespace, ..kind("test/namespace") };
    let key = Credential { owner: Some(OWNER), namespace: APP, ..credential(&kind, 1) };
    let mut rows = rows();
    rows.add_grant(Holder::User(OWNER), APP, patterns(&["orders:read"]));
    rows.add_grant(Holder::User(OWNER), WORKSPACE, patterns(&["*"]));
    let found = of(&rows, &key, &kind);
    assert_eq!(found.stopped, None);
    let [place] = found.places.as_slice() else { panic!("{found:?}") };
    assert_eq!(place.namespace, APP);
    assert!(place.rights.covers("orders:read") && !place.rights.covers("orders:write"));
    let gone = Credential { namespace: NamespaceId::Organization(OrganizationId::from_bits(9)), ..key };
    assert_eq!(of(&rows, &gone, &kind).stopped, Some(Stopped::Namespace));
}

#[test]
fn an_owners_key_is_told_where_the_owner_holds_something() {
    let kind = Kind { authority: Authority::Owner, ..kind("test/owner") };
    let key = Credential { owner: Some(OWNER), ..credential(&kind, 1) };
    let mut rows = rows();
    assert_eq!(of(&rows, &key, &kind).stopped, Some(Stopped::NoRoles));
    let group: UserGroupId = GROUPS[1];
    rows.add_group_member(OWNER, group);
    rows.add_grant(Holder::UserGroup(group), WORKSPACE, patterns(&["orders:read"]));
    let found = of(&rows, &key, &kind);
    assert_eq!(found.places.iter().map(|place| place.namespace).collect::<Vec<_>>(), [WORKSPACE]);
    rows.add_member(OWNER, Member { active: true, super_admin: true });
    let found = of(&rows, &key, &kind);
    assert!(found.everywhere && found.places[0].rights.covers("anything:at_all"));
}

#[test]
fn a_key_of_the_organization_has_everything_everywhere_but_what_is_denied() {
    let denied = Denials { patterns: patterns(&["credentials:*"]), groups: vec![] };
    let kind = Kind { authority: Authority::Organization, deny: denied, ..kind("test/organization") };
    let found = of(&rows(), &credential(&kind, 1), &kind);
    assert_eq!((found.stopped, found.everywhere, found.places.len()), (None, true, 1));
    assert!(found.places[0].rights.covers("orders:read") && !found.places[0].rights.covers("credentials:create"));
    let all = Kind { deny: Denials { patterns: PatternSet::all(), groups: vec![] }, ..kind };
    assert_eq!(of(&rows(), &credential(&all, 1), &all).stopped, Some(Stopped::Denied));
}

#[test]
fn the_first_reason_that_a_decision_would_meet_is_told() {
    let kind = kind("test/roles");
    let key = Credential { expires_at: Some(NOW), ..credential(&kind, 1) };
    let rows = rows();
    assert_eq!(effective(&rows, false, &key, &kind, NOW).stopped, Some(Stopped::Organization));
    assert_eq!(of(&rows, &key, &kind).stopped, Some(Stopped::Expired(NOW)));
    let disabled = key.clone().disable(NOW).unwrap();
    assert_eq!(of(&rows, &disabled, &kind).stopped, Some(Stopped::Disabled(NOW)));
    let revoked = disabled.revoke(NOW, RevokeReason::Requested).unwrap();
    assert_eq!(of(&rows, &revoked, &kind).stopped, Some(Stopped::Revoked(NOW, RevokeReason::Requested)));
}
