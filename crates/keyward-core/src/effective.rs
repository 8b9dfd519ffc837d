//! What a credential may do now, and why: for people who look at one. The rules themselves are those of
//! [`crate::rights`]; here is where they are asked, and in what order the reasons for "nothing at present" are told.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::credential::{Credential, RevokeReason, State};
use crate::id::UserId;
use crate::kind::{Authority, Kind};
use crate::namespace::NamespaceId;
use crate::permission::{PatternSet, Rights};
use crate::rights::{Facts, Holding, Member, credential_rights, exists};
use crate::role::Holder;
use crate::time::Timestamp;

/// What a credential may do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Why it may do nothing at present.
    pub stopped: Option<Stopped>,
    /// What it may do where, as soon as nothing stops it. In the order of the namespaces.
    pub places: Vec<Place>,
    /// Whether what it may do at its one place holds in every namespace of the organization.
    pub everywhere: bool,
}

/// One namespace where a credential has rights of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which one.
    pub namespace: NamespaceId,
    /// What its roles there give, or its kind, before anything is taken away.
    pub given: PatternSet,
    /// What is left of it, less denials and, for live kinds, what the owner may not do now.
    pub rights: Rights,
}

/// Why a credential may do nothing at present: the first reason of those that a decision would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Its organization is suspended.
    Organization,
    /// It was revoked, for ever.
    Revoked(Timestamp, RevokeReason),
    /// It is disabled, until it is enabled again.
    Disabled(Timestamp),
    /// It has ended by itself.
    Expired(Timestamp),
    /// Whose rights bound it is suspended, no member any more, or nobody.
    Owner,
    /// The namespace where it lives is gone.
    Namespace,
    /// It holds no role, or its owner holds none.
    NoRoles,
    /// Nothing of what it was given may its owner do now.
    OwnerLacks,
    /// Everything that it was given is denied to it.
    Denied,
}

/// What `credential` of `kind` may do at `now` in an organization that is `active` or suspended.
pub fn effective(facts: &impl Facts, active: bool, credential: &Credential, kind: &Kind, now: Timestamp) -> Effective {
    let Credential { id, namespace, owner, ref denied, .. } = *credential;
    let holding = Holding { id, kind, namespace, owner, denied };
    let (given, everywhere) = given(facts, &holding);
    let with_rights =
        |(namespace, given)| Place { namespace, given, rights: credential_rights(facts, &holding, namespace) };
    let places: Vec<Place> = given.into_iter().map(with_rights).collect();
    let stopped = if active { stopped(facts, credential, &holding, &places, now) } else { Some(Stopped::Organization) };
    Effective { stopped, places, everywhere }
}

impl Place {
    /// Whether nothing is left of what was given.
    pub fn is_empty(&self) -> bool {
        self.rights.granted.iter().all(|pattern| self.rights.denied.contains(pattern))
    }

    /// What was given and cannot be used, because the owner may not do it now.
    pub fn beyond_owner(&self) -> PatternSet {
        self.given.iter().filter(|pattern| !self.rights.granted.contains(pattern)).cloned().collect()
    }
}

/// Where something is given, and what; and whether it holds in every namespace.
fn given(facts: &impl Facts, holding: &Holding<'_>) -> (BTreeMap<NamespaceId, PatternSet>, bool) {
    let organization = NamespaceId::from(facts.organization());
    let only = |namespace| BTreeMap::from([(namespace, PatternSet::all())]);
    match (holding.kind.authority, holding.owner) {
        (Authority::Roles { .. } | Authority::Group, _) => {
            (grants(facts, &mut [Holder::Credential(holding.id)].into_iter()), false)
        }
        (Authority::Namespace, _) if exists(facts, holding.namespace) => (only(holding.namespace), false),
        (Authority::Organization, _) => (only(organization), true),
        (Authority::Owner, Some(owner)) => match facts.member(owner) {
            Some(Member { active: true, super_admin: true }) => (only(organization), true),
            Some(Member { active: true, .. }) => (grants(facts, &mut holders(facts, owner).into_iter()), false),
            _ => (BTreeMap::new(), false),
        },
        (Authority::Namespace | Authority::Owner, _) => (BTreeMap::new(), false),
    }
}

/// What the holders themselves hold, at namespaces that are still there.
fn grants(facts: &impl Facts, holders: &mut dyn Iterator<Item = Holder>) -> BTreeMap<NamespaceId, PatternSet> {
    let mut held: BTreeMap<NamespaceId, PatternSet> = BTreeMap::new();
    for holder in holders {
        let _ = facts.grants(holder, &mut |at, patterns| {
            if exists(facts, at) {
                let there = held.entry(at).or_default();
                *there = there.join(patterns);
            }
            ControlFlow::Continue(())
        });
    }
    held
}

/// A user and the groups of which they are a member.
fn holders(facts: &impl Facts, user: UserId) -> Vec<Holder> {
    let mut holders = vec![Holder::User(user)];
    let _ = facts.groups(user, &mut |group| {
        holders.push(Holder::UserGroup(group));
        ControlFlow::Continue(())
    });
    holders
}

fn stopped(
    facts: &impl Facts,
    credential: &Credential,
    holding: &Holding<'_>,
    places: &[Place],
    now: Timestamp,
) -> Option<Stopped> {
    match credential.state {
        State::Revoked { at, reason } => return Some(Stopped::Revoked(at, reason)),
        State::Disabled { at } => return Some(Stopped::Disabled(at)),
        State::Active => {}
    }
    if let (true, Some(end)) = (credential.is_expired(now), credential.expires_at) {
        return Some(Stopped::Expired(end));
    }
    let live = holding.kind.is_live();
    if live && !holding.owner.and_then(|owner| facts.member(owner)).is_some_and(|member| member.active) {
        return Some(Stopped::Owner);
    }
    if holding.kind.authority == Authority::Namespace && places.is_empty() {
        return Some(Stopped::Namespace);
    }
    if places.iter().all(|place| place.given.is_empty()) {
        return Some(Stopped::NoRoles);
    }
    match places.iter().all(Place::is_empty) {
        true if live && places.iter().all(|place| place.rights.granted.is_empty()) => Some(Stopped::OwnerLacks),
        true => Some(Stopped::Denied),
        false => None,
    }
}
