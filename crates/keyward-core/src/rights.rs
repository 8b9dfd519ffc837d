//! Who may do what where: the one definition, used by decisions on the index, by writes on the rows of their
//! transaction, and by the console's "effective rights".
//!
//! Two forms of the same rule stand side by side: `*_allow` answers for one permission and allocates nothing;
//! `*_rights` gives the whole set, for comparisons and for people. A property test holds them together.

#[cfg(test)]
pub(crate) mod tests;

use std::ops::ControlFlow;

use crate::administration::{administrative_patterns, is_administrative};
use crate::decision::Reason;
use crate::id::{CredentialId, OrganizationId, UserGroupId, UserId};
use crate::kind::{Authority, Denials, Kind};
use crate::namespace::{NamespaceId, NamespaceKind};
use crate::permission::{Pattern, PatternSet, Rights};
use crate::role::Holder;

/// What one organization knows that rights are computed from. Implemented by the index, and by the rows that a
/// transaction has read.
pub trait Facts {
    /// The organization in question.
    fn organization(&self) -> OrganizationId;

    /// What is directly above an application, workspace or user group of this organization; `None` when the
    /// organization has no such namespace.
    fn parent(&self, namespace: NamespaceId) -> Option<NamespaceId>;

    /// The membership of a user, if they are a member.
    fn member(&self, user: UserId) -> Option<Member>;

    /// Calls `visit` for every user group of which `user` is a member.
    fn groups(&self, user: UserId, visit: &mut dyn FnMut(UserGroupId) -> ControlFlow<()>) -> ControlFlow<()>;

    /// Calls `visit` with namespace and patterns of every grant that `holder` itself holds.
    fn grants(
        &self,
        holder: Holder,
        visit: &mut dyn FnMut(NamespaceId, &PatternSet) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
}

/// What counts of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Not suspended.
    pub active: bool,
    /// Holds every permission everywhere in the organization.
    pub super_admin: bool,
}

/// What counts of a credential.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// Which one.
    pub id: CredentialId,
    /// Its rules.
    pub kind: &'a Kind,
    /// Where it lives.
    pub namespace: NamespaceId,
    /// Who owns it.
    pub owner: Option<UserId>,
    /// What it can never do beyond its kind's denials.
    pub denied: &'a Denials,
}

impl Holding<'_> {
    /// Everything that it can never do: its kind's denials and its own.
    pub fn denials(&self) -> Denials {
        self.kind.deny.join(self.denied)
    }
}

/// Whether the organization has this namespace (or is it).
pub fn exists(facts: &impl Facts, namespace: NamespaceId) -> bool {
    namespace == facts.organization().into() || facts.parent(namespace).is_some()
}

/// Whether `ancestor` is `namespace` or above it.
pub fn is_at_or_above(facts: &impl Facts, ancestor: NamespaceId, namespace: NamespaceId) -> bool {
    let mut at = namespace;
    // Three levels at most: organization, application, workspace or user group.
    for _ in 0..3 {
        if at == ancestor {
            return true;
        }
        match facts.parent(at) {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    at == ancestor
}

/// Whether a user may do `permission` at `namespace` now.
pub fn user_allow(facts: &impl Facts, user: UserId, namespace: NamespaceId, permission: &str) -> bool {
    match facts.member(user) {
        Some(Member { active: true, super_admin: true }) => exists(facts, namespace),
        Some(Member { active: true, .. }) => each_grant_of_user(facts, user, &mut |at, patterns| {
            stop_when(grant_allows(facts, at, patterns, namespace, permission))
        })
        .is_break(),
        _ => false,
    }
}

/// What a user may do at `namespace` now.
pub fn user_rights(facts: &impl Facts, user: UserId, namespace: NamespaceId) -> Rights {
    match facts.member(user) {
        Some(Member { active: true, super_admin: true }) if exists(facts, namespace) => Rights::all(),
        Some(Member { active: true, .. }) => {
            let mut granted = PatternSet::none();
            let _ = each_grant_of_user(facts, user, &mut |at, patterns| {
                granted = granted.join(&grant_gives(facts, at, patterns, namespace));
                ControlFlow::Continue(())
            });
            Rights::of(granted)
        }
        _ => Rights::none(),
    }
}

/// Whether a user has any right at all at `namespace`: what `access` in a kind's requirements asks for.
pub fn user_has_access(facts: &impl Facts, user: UserId, namespace: NamespaceId) -> bool {
    match facts.member(user) {
        Some(Member { active: true, super_admin: true }) => exists(facts, namespace),
        Some(Member { active: true, .. }) => {
            exists(facts, namespace)
                && each_grant_of_user(facts, user, &mut |at, _| stop_when(at == namespace)).is_break()
        }
        _ => false,
    }
}

/// Whether a credential may do `permission` (or, without one, be known) at `namespace` now; the reason if not.
/// Looks at denials, reach, grants and the owner's live rights, in this order.
pub fn credential_allow(
    facts: &impl Facts,
    holding: &Holding<'_>,
    namespace: NamespaceId,
    permission: Option<&str>,
    groups: &[&str],
) -> Result<(), Reason> {
    if holding.kind.deny.refuse(permission, groups) || holding.denied.refuse(permission, groups) {
        return Err(Reason::Denied);
    }
    if !reaches(facts, holding, namespace, permission) {
        return Err(Reason::OutOfReach);
    }
    let Some(permission) = permission else { return Ok(()) };
    if !own_grants_allow(facts, holding, namespace, permission) {
        return Err(Reason::NotGranted);
    }
    if holding.kind.is_live() && !owner_allows(facts, holding, namespace, permission) {
        return Err(Reason::OwnerLacks);
    }
    Ok(())
}

/// What a credential may do at `namespace` now.
pub fn credential_rights(facts: &impl Facts, holding: &Holding<'_>, namespace: NamespaceId) -> Rights {
    if !exists(facts, namespace) {
        return Rights::none();
    }
    let granted = match holding.kind.authority {
        Authority::Roles { .. } | Authority::Group => {
            let mut granted = PatternSet::none();
            let _ = facts.grants(Holder::Credential(holding.id), &mut |at, patterns| {
                granted = granted.join(&grant_gives(facts, at, patterns, namespace));
                ControlFlow::Continue(())
            });
            granted
        }
        Authority::Namespace => reach_gives(facts, holding.namespace, namespace),
        Authority::Owner | Authority::Organization => PatternSet::all(),
    };
    let mut rights = Rights { granted, denied: holding.denials().patterns };
    if holding.kind.is_live() {
        let owner = holding.owner.map_or_else(Rights::none, |owner| user_rights(facts, owner, namespace));
        rights = rights.meet(&owner);
    }
    rights
}

/// Whether the namespace is within a credential's reach for `permission` (or at all, without one).
pub fn reaches(facts: &impl Facts, holding: &Holding<'_>, namespace: NamespaceId, permission: Option<&str>) -> bool {
    match (holding.kind.authority, permission) {
        (Authority::Namespace, Some(permission)) => reach_allows(facts, holding.namespace, namespace, permission),
        // Asking for authentication alone, "the organization" is no place that the answer depends on.
        (Authority::Namespace, None) => {
            namespace == facts.organization().into() || reach_includes(facts, holding.namespace, namespace)
        }
        _ => exists(facts, namespace),
    }
}

/// Whether a credential's own grants allow `permission` at `namespace`; always true for kinds that hold none.
pub fn own_grants_allow(facts: &impl Facts, holding: &Holding<'_>, namespace: NamespaceId, permission: &str) -> bool {
    match holding.kind.authority {
        Authority::Roles { .. } | Authority::Group => facts
            .grants(Holder::Credential(holding.id), &mut |at, patterns| {
                stop_when(grant_allows(facts, at, patterns, namespace, permission))
            })
            .is_break(),
        Authority::Namespace | Authority::Owner | Authority::Organization => true,
    }
}

/// Whether a credential's owner may do `permission` at `namespace` now.
pub fn owner_allows(facts: &impl Facts, holding: &Holding<'_>, namespace: NamespaceId, permission: &str) -> bool {
    holding.owner.is_some_and(|owner| user_allow(facts, owner, namespace, permission))
}

/// What any role held at `namespace` gives besides its own patterns: the record there, and those above it, can be read.
pub fn comes_with_a_role(
    facts: &impl Facts,
    namespace: NamespaceId,
) -> impl Iterator<Item = (NamespaceId, PatternSet)> {
    std::iter::successors(Some(namespace), |at| facts.parent(*at)).take(3).map(|at| (at, read_of(at)))
}

/// One grant's part of [`user_allow`]: a role held `at` one namespace, asked for `permission` at `namespace`.
fn grant_allows(
    facts: &impl Facts,
    at: NamespaceId,
    patterns: &PatternSet,
    namespace: NamespaceId,
    permission: &str,
) -> bool {
    // A grant that outlived its namespace gives nothing there.
    if !exists(facts, namespace) {
        return false;
    }
    if at == namespace && patterns.covers(permission) {
        return true;
    }
    // Administrative resources are judged at the object's namespace or at the organization.
    if at == facts.organization().into() && is_administrative(permission) && patterns.covers(permission) {
        return true;
    }
    // Any grant lets its holder read the record of its namespace and of those above.
    permission == namespace.kind().read() && is_at_or_above(facts, namespace, at)
}

/// One grant's part of [`user_rights`].
fn grant_gives(facts: &impl Facts, at: NamespaceId, patterns: &PatternSet, namespace: NamespaceId) -> PatternSet {
    let mut given = PatternSet::none();
    if !exists(facts, namespace) {
        return given;
    }
    if at == namespace {
        given = given.join(patterns);
    }
    if at == facts.organization().into() {
        given = given.join(&patterns.meet(&administrative_patterns()));
    }
    if is_at_or_above(facts, namespace, at) {
        given = given.join(&read_of(namespace));
    }
    given
}

/// The special rules of the namespaces' own records (P25–P34), for a credential confined to `home`.
fn reach_allows(facts: &impl Facts, home: NamespaceId, namespace: NamespaceId, permission: &str) -> bool {
    if !exists(facts, namespace) {
        return false;
    }
    if namespace == home || (home == facts.organization().into() && is_administrative(permission)) {
        return true;
    }
    if is_at_or_above(facts, namespace, home) {
        return permission == namespace.kind().read();
    }
    reaches_down(facts, home, namespace) && is_crud_of(namespace.kind(), permission)
}

/// What a credential confined to `home` may at most do at `namespace`.
fn reach_gives(facts: &impl Facts, home: NamespaceId, namespace: NamespaceId) -> PatternSet {
    if namespace == home {
        return PatternSet::all();
    }
    let mut given = PatternSet::none();
    if home == facts.organization().into() {
        given = given.join(&administrative_patterns());
    }
    if is_at_or_above(facts, namespace, home) {
        given = given.join(&read_of(namespace));
    } else if reaches_down(facts, home, namespace) {
        // Not `workspaces:*`, which would cover resources below it: exactly the actions on the records.
        given = given.join(&crud_of(namespace.kind()));
    }
    given
}

/// Whether a credential confined to `home` reaches anything of `namespace`.
fn reach_includes(facts: &impl Facts, home: NamespaceId, namespace: NamespaceId) -> bool {
    exists(facts, namespace)
        && (namespace == home || is_at_or_above(facts, namespace, home) || reaches_down(facts, home, namespace))
}

/// An application reaches the workspaces and user groups inside it (P34).
fn reaches_down(facts: &impl Facts, home: NamespaceId, namespace: NamespaceId) -> bool {
    home.kind() == NamespaceKind::Application && facts.parent(namespace) == Some(home)
}

fn read_of(namespace: NamespaceId) -> PatternSet {
    namespace.kind().read().parse::<Pattern>().into_iter().collect()
}

/// The actions on a namespace's own record.
const CRUD: [&str; 4] = ["read", "create", "edit", "delete"];

fn is_crud_of(kind: NamespaceKind, permission: &str) -> bool {
    permission.split_once(':').is_some_and(|(resource, action)| resource == kind.resource() && CRUD.contains(&action))
}

fn crud_of(kind: NamespaceKind) -> PatternSet {
    CRUD.iter().filter_map(|action| format!("{}:{action}", kind.resource()).parse::<Pattern>().ok()).collect()
}

fn each_grant_of_user(
    facts: &impl Facts,
    user: UserId,
    visit: &mut dyn FnMut(NamespaceId, &PatternSet) -> ControlFlow<()>,
) -> ControlFlow<()> {
    facts.grants(Holder::User(user), visit)?;
    facts.groups(user, &mut |group| facts.grants(Holder::UserGroup(group), visit))
}

fn stop_when(found: bool) -> ControlFlow<()> {
    if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
