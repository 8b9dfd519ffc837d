//! Which records a caller may see in lists: conditions for the database, never a filter on a fetched page.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use keyward_core::administration::is_administrative;
use keyward_core::id::UserId;
use keyward_core::kind::Authority;
use keyward_core::law::Giver;
use keyward_core::manage;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::permission::PatternSet;
use keyward_core::rights::{Facts, Holding};
use keyward_core::role::Holder;
use keyward_store::Visible;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;

/// The namespaces whose records (P25–P36) a caller may read: all conditions hold together.
pub fn of_namespaces(facts: &impl Facts, giver: &Giver<'_>) -> Vec<Visible> {
    match giver {
        Giver::System => Vec::new(),
        Giver::User(user) => of_user(facts, *user),
        Giver::Credential { holding, .. } => {
            let mut conditions = of_holding(facts, holding);
            if holding.kind.is_live() {
                conditions.extend(holding.owner.map_or_else(|| vec![nothing()], |owner| of_user(facts, owner)));
            }
            conditions
        }
    }
}

/// Whether the caller holds nothing anywhere in the organization: no role, no place.
pub fn sees_nothing(app: &App, ctx: &Ctx) -> bool {
    let conditions = authority::organization(app, ctx).and_then(|organization| {
        authority::with_giver(app, ctx, organization, |facts, giver| Ok(of_namespaces(facts, giver)))
    });
    conditions.is_err() || conditions.is_ok_and(|conditions| conditions.contains(&nothing()))
}

/// The namespaces in which a caller holds `permission`, an administrative one: everywhere, when held at the organization.
pub fn of_administration(facts: &impl Facts, giver: &Giver<'_>, permission: &str) -> Visible {
    debug_assert!(is_administrative(permission));
    if manage::holds(facts, giver, facts.organization().into(), permission).is_ok() {
        return Visible::All;
    }
    let mut places = BTreeSet::new();
    let mut note = |at: NamespaceId, _: &PatternSet| {
        places.insert(at);
        ControlFlow::Continue(())
    };
    match giver {
        Giver::System => return Visible::All,
        Giver::User(user) => each_grant(facts, *user, &mut note),
        Giver::Credential { holding, .. } => {
            let _ = note(holding.namespace, &PatternSet::none());
            let _ = facts.grants(Holder::Credential(holding.id), &mut note);
            if let (Authority::Owner, Some(owner)) = (holding.kind.authority, holding.owner) {
                each_grant(facts, owner, &mut note);
            }
        }
    }
    let ids = places.into_iter().filter(|at| manage::holds(facts, giver, *at, permission).is_ok()).collect();
    Visible::Some { ids, children_of: None }
}

fn of_user(facts: &impl Facts, user: UserId) -> Vec<Visible> {
    match facts.member(user) {
        Some(member) if member.active && member.super_admin => Vec::new(),
        Some(member) if member.active => {
            let mut seen = BTreeSet::new();
            each_grant(facts, user, &mut |at, _| with_ancestors(facts, at, &mut seen));
            vec![Visible::Some { ids: seen.into_iter().collect(), children_of: None }]
        }
        _ => vec![nothing()],
    }
}

fn of_holding(facts: &impl Facts, holding: &Holding<'_>) -> Vec<Visible> {
    let mut seen = BTreeSet::new();
    match holding.kind.authority {
        Authority::Roles { .. } | Authority::Group => {
            let _ = facts.grants(Holder::Credential(holding.id), &mut |at, _| with_ancestors(facts, at, &mut seen));
            vec![Visible::Some { ids: seen.into_iter().collect(), children_of: None }]
        }
        Authority::Namespace => {
            let _ = with_ancestors(facts, holding.namespace, &mut seen);
            let is_application = holding.namespace.kind() == NamespaceKind::Application;
            let children_of = is_application.then_some(holding.namespace);
            vec![Visible::Some { ids: seen.into_iter().collect(), children_of }]
        }
        Authority::Owner | Authority::Organization => Vec::new(),
    }
}

fn with_ancestors(facts: &impl Facts, at: NamespaceId, seen: &mut BTreeSet<NamespaceId>) -> ControlFlow<()> {
    let mut next = Some(at);
    while let Some(namespace) = next {
        seen.insert(namespace);
        next = facts.parent(namespace);
    }
    ControlFlow::Continue(())
}

fn each_grant(facts: &impl Facts, user: UserId, note: &mut dyn FnMut(NamespaceId, &PatternSet) -> ControlFlow<()>) {
    let _ = facts.grants(Holder::User(user), note);
    let _ = facts.groups(user, &mut |group| facts.grants(Holder::UserGroup(group), note));
}

fn nothing() -> Visible {
    Visible::Some { ids: Vec::new(), children_of: None }
}
