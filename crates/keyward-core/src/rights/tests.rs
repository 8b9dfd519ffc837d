//! The two forms of every rule agree; nothing exceeds its owner; nothing crosses organizations.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::credential::tests::kind;
use crate::id::{ApplicationId, WorkspaceId};
use crate::kind::Cap;
use crate::rows::Rows;

pub(crate) const ORGANIZATION: OrganizationId = OrganizationId::from_bits(1);
const FOREIGN: OrganizationId = OrganizationId::from_bits(2);
pub(crate) const APP: NamespaceId = NamespaceId::Application(ApplicationId::from_bits(10));
const OTHER_APP: NamespaceId = NamespaceId::Application(ApplicationId::from_bits(11));
pub(crate) const WORKSPACE: NamespaceId = NamespaceId::Workspace(WorkspaceId::from_bits(20));
const SIBLING: NamespaceId = NamespaceId::Workspace(WorkspaceId::from_bits(21));
const OTHER_WORKSPACE: NamespaceId = NamespaceId::Workspace(WorkspaceId::from_bits(22));
const ORG_GROUP: NamespaceId = NamespaceId::UserGroup(UserGroupId::from_bits(30));
const APP_GROUP: NamespaceId = NamespaceId::UserGroup(UserGroupId::from_bits(31));
pub(crate) const GROUPS: [UserGroupId; 2] = [UserGroupId::from_bits(30), UserGroupId::from_bits(31)];
pub(crate) const USERS: [UserId; 3] = [UserId::from_bits(40), UserId::from_bits(41), UserId::from_bits(42)];

/// Everything below the organization, with what is above it.
pub(crate) const TREE: [(NamespaceId, NamespaceId); 7] = [
    (APP, NamespaceId::Organization(ORGANIZATION)),
    (OTHER_APP, NamespaceId::Organization(ORGANIZATION)),
    (WORKSPACE, APP),
    (SIBLING, APP),
    (OTHER_WORKSPACE, OTHER_APP),
    (ORG_GROUP, NamespaceId::Organization(ORGANIZATION)),
    (APP_GROUP, APP),
];

/// Places to ask about: all of the organization's, one of another organization, one that never was.
pub(crate) fn places() -> Vec<NamespaceId> {
    let strange = [FOREIGN.into(), NamespaceId::Workspace(WorkspaceId::from_bits(99))];
    [ORGANIZATION.into()].into_iter().chain(TREE.map(|(namespace, _)| namespace)).chain(strange).collect()
}

/// Permissions to ask about: for every pattern below some that it covers and some that it just does not.
pub(crate) const PERMISSIONS: [&str; 23] = [
    "organizations:read",
    "organizations:edit",
    "apps:read",
    "apps:edit",
    "workspaces:read",
    "workspaces:create",
    "workspaces:edit",
    "workspaces:archive",
    "workspaces.settings:edit",
    "usergroups:read",
    "usergroups:delete",
    "credentials:create",
    "credentials:read",
    "credentials.policies:edit",
    "roles:edit",
    "users:read",
    "users.list:read",
    "audit.log:search",
    "orders:read",
    "orders:write",
    "orders.lines:read",
    "ordersheet:read",
    "reports:read",
];

pub(crate) const PATTERNS: [&str; 14] = [
    "*",
    "orders:*",
    "orders.lines:*",
    "orders:read",
    "reports:read",
    "workspaces:*",
    "workspaces:edit",
    "apps:read",
    "usergroups:*",
    "credentials:*",
    "credentials:create",
    "roles:edit",
    "users:*",
    "audit.log:search",
];

pub(crate) fn set(patterns: &[&str]) -> PatternSet {
    patterns.iter().map(|p| p.parse::<Pattern>().unwrap()).collect()
}

pub(crate) fn some_patterns() -> impl Strategy<Value = PatternSet> {
    subsequence(PATTERNS.to_vec(), 0..4).prop_map(|patterns| set(&patterns))
}

pub(crate) fn some_place() -> impl Strategy<Value = NamespaceId> {
    select(places())
}

const CREDENTIAL: CredentialId = CredentialId::from_bits(50);

fn some_holder() -> impl Strategy<Value = Holder> {
    let users = USERS.map(Holder::User).into_iter();
    let holders = users.chain(GROUPS.map(Holder::UserGroup)).chain([Holder::Credential(CREDENTIAL)]);
    select(holders.collect::<Vec<_>>())
}

/// The rows of an organization from which some namespaces were removed without their grants.
fn some_rows() -> impl Strategy<Value = Rows> {
    let tree = subsequence(TREE.to_vec(), TREE.len() - 2..=TREE.len());
    let member = (any::<bool>(), prop::bool::weighted(0.2));
    let members = prop::array::uniform3(prop::option::weighted(0.8, member));
    let groups = prop::collection::vec((select(USERS.to_vec()), select(GROUPS.to_vec())), 0..4);
    let grants = prop::collection::vec((some_holder(), some_place(), some_patterns()), 0..8);
    (tree, members, groups, grants).prop_map(|(tree, members, groups, grants)| {
        let mut rows = Rows::new(ORGANIZATION);
        for (namespace, parent) in tree {
            rows.add_namespace(namespace, parent);
        }
        for (user, member) in USERS.into_iter().zip(members) {
            if let Some((active, super_admin)) = member {
                rows.add_member(user, Member { active, super_admin });
            }
        }
        for (user, group) in groups {
            rows.add_group_member(user, group);
        }
        for (holder, namespace, patterns) in grants {
            rows.add_grant(holder, namespace, patterns);
        }
        rows
    })
}

fn some_kind() -> impl Strategy<Value = Kind> {
    let authority = select(vec![
        Authority::Roles { min: 0, max: 9 },
        Authority::Group,
        Authority::Namespace,
        Authority::Owner,
        Authority::Organization,
    ]);
    (authority, select(vec![Cap::None, Cap::AtCreation, Cap::Live]), some_denials())
        .prop_map(|(authority, cap, deny)| Kind { authority, cap, deny, ..kind("test/any") })
}

pub(crate) fn some_denials() -> impl Strategy<Value = Denials> {
    (prop::bool::weighted(0.3), some_patterns(), subsequence(vec!["events", "security"], 0..=2)).prop_map(
        |(any, patterns, groups)| {
            let denials = Denials { patterns, groups: groups.into_iter().map(str::to_owned).collect() };
            if any { denials } else { Denials::default() }
        },
    )
}

proptest! {
    #[test]
    fn what_a_user_may_do_is_the_same_in_both_forms(rows in some_rows()) {
        for user in USERS {
            for place in places() {
                let rights = user_rights(&rows, user, place);
                for permission in PERMISSIONS {
                    let allowed = user_allow(&rows, user, place, permission);
                    prop_assert_eq!(allowed, rights.covers(permission), "{} at {:?}", permission, place);
                }
                if user_has_access(&rows, user, place) {
                    prop_assert!(user_allow(&rows, user, place, place.kind().read()), "{:?}", place);
                }
            }
        }
    }

    #[test]
    fn what_a_credential_may_do_is_the_same_in_both_forms(
        rows in some_rows(),
        kind in some_kind(),
        home in some_place(),
        owner in prop::option::weighted(0.9, select(USERS.to_vec())),
        denied in some_denials(),
    ) {
        let holding = Holding { id: CREDENTIAL, kind: &kind, namespace: home, owner, denied: &denied };
        for place in places() {
            let rights = credential_rights(&rows, &holding, place);
            for permission in PERMISSIONS {
                let answer = credential_allow(&rows, &holding, place, Some(permission), &[]);
                prop_assert_eq!(answer.is_ok(), rights.covers(permission), "{} at {:?}: {:?}", permission, place, answer);
                // What may be done somewhere includes being known there; but that a key of the organization administers
                // every place does not make it a key of every place.
                let administers = home == ORGANIZATION.into() && is_administrative(permission);
                if answer.is_ok() && !administers {
                    prop_assert_eq!(credential_allow(&rows, &holding, place, None, &[]), Ok(()));
                }
                if answer.is_ok() {
                    prop_assert!(exists(&rows, place));
                    prop_assert!(!kind.deny.patterns.covers(permission) && !denied.patterns.covers(permission));
                }
            }
            if kind.is_live() {
                let owner = owner.map_or_else(Rights::none, |owner| user_rights(&rows, owner, place));
                prop_assert!(rights.within(&owner), "{:?} exceeds {:?} at {:?}", rights, owner, place);
            }
        }
    }

    #[test]
    fn a_denied_group_is_refused_whatever_else_is_asked(
        rows in some_rows(),
        kind in some_kind(),
        denied in some_denials(),
        place in some_place(),
        permission in prop::option::of(select(PERMISSIONS.to_vec())),
        group in select(vec!["events", "security", "billing"]),
    ) {
        let holding =
            Holding { id: CREDENTIAL, kind: &kind, namespace: place, owner: Some(USERS[0]), denied: &denied };
        let is_denied = |denials: &Denials| denials.groups.iter().any(|g| g == group);
        let with = credential_allow(&rows, &holding, place, permission, &["billing", group]);
        let without = credential_allow(&rows, &holding, place, permission, &["billing"]);
        prop_assert_eq!(with, if is_denied(&kind.deny) || is_denied(&denied) { Err(Reason::Denied) } else { without });
    }

    /// A member of two organizations is nobody in one by what they are in the other: facts hold one organization, and
    /// every place outside it is refused.
    #[test]
    fn no_answer_crosses_organizations(rows in some_rows(), kind in some_kind(), home in some_place()) {
        let denied = Denials::default();
        let holding = Holding { id: CREDENTIAL, kind: &kind, namespace: home, owner: Some(USERS[0]), denied: &denied };
        let foreign = NamespaceId::from(FOREIGN);
        prop_assert_eq!(user_rights(&rows, USERS[0], foreign), Rights::none());
        prop_assert_eq!(credential_rights(&rows, &holding, foreign), Rights::none());
        prop_assert!(!user_has_access(&rows, USERS[0], foreign));
        for permission in PERMISSIONS {
            prop_assert!(!user_allow(&rows, USERS[0], foreign, permission));
        }
        prop_assert!(credential_allow(&rows, &holding, foreign, None, &[]).is_err());
    }
}

/// The whole organization with one user who may do everything in it.
fn whole() -> Rows {
    let mut rows = Rows::new(ORGANIZATION);
    for (namespace, parent) in TREE {
        rows.add_namespace(namespace, parent);
    }
    rows.add_member(USERS[0], Member { active: true, super_admin: true });
    rows
}

/// Which of `permissions` a key confined to `home` may do at `place`, for an owner who may do everything.
fn reached(home: NamespaceId, place: NamespaceId, permissions: &[&'static str]) -> Vec<&'static str> {
    let kind = Kind { authority: Authority::Namespace, ..kind("test/confined") };
    let denied = Denials::default();
    let holding = Holding { id: CREDENTIAL, kind: &kind, namespace: home, owner: Some(USERS[0]), denied: &denied };
    let allowed = |p: &&str| credential_allow(&whole(), &holding, place, Some(p), &[]).is_ok();
    permissions.iter().copied().filter(allowed).collect()
}

#[test]
fn a_confined_key_reaches_its_own_place_whole() {
    let all = ["orders:read", "workspaces:edit", "apps:delete", "credentials:create", "organizations:read"];
    for (place, _) in TREE {
        assert_eq!(reached(place, place, &all), all, "{place}");
    }
    assert_eq!(reached(ORGANIZATION.into(), ORGANIZATION.into(), &all), all);
}

#[test]
fn a_confined_key_reads_the_records_above_it_and_nothing_else_there() {
    let at_app = ["apps:read", "apps:edit", "workspaces:create", "orders:read", "credentials:read"];
    let at_organization = ["organizations:read", "organizations:edit", "apps:read", "credentials:read", "orders:read"];
    for home in [WORKSPACE, APP_GROUP] {
        assert_eq!(reached(home, APP, &at_app), ["apps:read"], "{home}");
        assert_eq!(reached(home, OTHER_APP, &at_app), [""; 0], "{home}");
    }
    for home in [WORKSPACE, APP_GROUP, ORG_GROUP, APP] {
        assert_eq!(reached(home, ORGANIZATION.into(), &at_organization), ["organizations:read"], "{home}");
    }
    assert_eq!(reached(ORG_GROUP, APP, &at_app), [""; 0]);
}

#[test]
fn an_application_key_has_the_records_inside_it_and_not_what_they_hold() {
    let at_workspace = [
        "workspaces:read",
        "workspaces:create",
        "workspaces:edit",
        "workspaces:delete",
        "workspaces:archive",
        "workspaces.settings:edit",
        "usergroups:edit",
        "orders:read",
        "credentials:read",
    ];
    assert_eq!(reached(APP, WORKSPACE, &at_workspace), at_workspace[..4]);
    assert_eq!(reached(APP, SIBLING, &at_workspace), at_workspace[..4]);
    let at_group = ["usergroups:read", "usergroups:create", "usergroups:edit", "usergroups:delete", "workspaces:edit"];
    assert_eq!(reached(APP, APP_GROUP, &at_group), at_group[..4]);
    for outside in [OTHER_WORKSPACE, OTHER_APP, ORG_GROUP] {
        let all = [at_workspace.as_slice(), &at_group, &["apps:read"]].concat();
        assert_eq!(reached(APP, outside, &all), [""; 0], "{outside}");
    }
}

#[test]
fn a_workspace_key_reaches_no_sibling_and_an_organization_key_nothing_below() {
    assert_eq!(reached(WORKSPACE, SIBLING, &["workspaces:read", "orders:read"]), [""; 0]);
    assert_eq!(reached(WORKSPACE, APP_GROUP, &["usergroups:read"]), [""; 0]);
    for (place, _) in TREE {
        let below = reached(ORGANIZATION.into(), place, &["orders:read", place.kind().read(), "credentials:read"]);
        assert_eq!(below, ["credentials:read"], "at {place}: administrative resources alone");
    }
}

/// Denials, then reach, then grants, then the owner: whoever fails all of them hears the first.
#[test]
fn the_first_failure_is_the_reason() {
    let mut rows = whole();
    rows.add_member(USERS[1], Member { active: true, super_admin: false });
    let confined = Kind { authority: Authority::Namespace, ..kind("test/confined") };
    let by_role = Kind { cap: Cap::Live, ..kind("test/role") };
    let (none, denied) = (Denials::default(), Denials { patterns: set(&["orders:*"]), groups: vec![] });
    let ask = |kind: &Kind, denied: &Denials, place| {
        let holding = Holding { id: CREDENTIAL, kind, namespace: WORKSPACE, owner: Some(USERS[1]), denied };
        credential_allow(&rows, &holding, place, Some("orders:read"), &[])
    };
    assert_eq!(ask(&confined, &denied, SIBLING), Err(Reason::Denied));
    assert_eq!(ask(&confined, &none, SIBLING), Err(Reason::OutOfReach));
    assert_eq!(ask(&confined, &none, WORKSPACE), Err(Reason::OwnerLacks));
    assert_eq!(ask(&by_role, &none, WORKSPACE), Err(Reason::NotGranted));
    rows.add_grant(Holder::Credential(CREDENTIAL), WORKSPACE, set(&["orders:read"]));
    let ask = |owner| {
        let holding = Holding { id: CREDENTIAL, kind: &by_role, namespace: WORKSPACE, owner, denied: &none };
        credential_allow(&rows, &holding, WORKSPACE, Some("orders:read"), &[])
    };
    assert_eq!(ask(Some(USERS[1])), Err(Reason::OwnerLacks));
    assert_eq!(ask(None), Err(Reason::OwnerLacks));
    assert_eq!(ask(Some(USERS[0])), Ok(()));
}

/// Role at the organization: administrative resources everywhere, all else at the organization alone.
#[test]
fn a_role_at_the_organization_reaches_down_for_administrative_resources_alone() {
    let mut rows = whole();
    rows.add_member(USERS[1], Member { active: true, super_admin: false });
    rows.add_grant(Holder::User(USERS[1]), ORGANIZATION.into(), set(&["*"]));
    let may = |place, permission| user_allow(&rows, USERS[1], place, permission);
    assert!(may(WORKSPACE, "credentials:create"));
    assert!(may(ORGANIZATION.into(), "orders:read"));
    assert!(!may(WORKSPACE, "orders:read"));
    assert!(!may(WORKSPACE, "workspaces:read"), "rights are never inherited by what is below");
}

/// A vendor's own resource below one of Keyward's is the vendor's: `users:*` covers it where the role is held, and
/// nowhere else.
#[test]
fn what_a_vendor_declares_below_an_administrative_resource_is_held_where_it_is_granted() {
    let mut rows = whole();
    rows.add_member(USERS[1], Member { active: true, super_admin: false });
    rows.add_grant(Holder::User(USERS[1]), ORGANIZATION.into(), set(&["users:*", "audit.log:search"]));
    let may = |place, permission| user_allow(&rows, USERS[1], place, permission);
    let (above, below) = (ORGANIZATION.into(), APP);
    for permission in ["users:read", "users.list:read", "audit.log:search"] {
        assert!(may(above, permission), "{permission}");
    }
    assert!(may(below, "users:read"));
    assert!(!may(below, "users.list:read") && !may(below, "audit.log:search"));
    assert!(!user_rights(&rows, USERS[1], below).covers("users.list:read"));
    assert_eq!(reached(above, below, &["users:read", "users.list:read", "audit.log:search"]), ["users:read"]);
}
