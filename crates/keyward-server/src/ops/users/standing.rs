//! How members stand: what they hold and from where, what would end with them, and what the caller may do about it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use keyward_api::error::ErrorCode;
use keyward_api::operations::{self, Operation};
use keyward_core::id::{OrganizationId, UserGroupId, UserId};
use keyward_core::law::{self, Giver};
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::rights::Facts;
use keyward_core::role::Holder;
use keyward_core::user::Membership;
use keyward_store::Visible;

use super::{Member, member};
use crate::app::App;
use crate::ops::authority::{self, door};
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::grants::{self, Described};
use crate::ops::names::{self, Place};

/// A grant of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The grant.
    pub grant: Described,
    /// The user group by which they hold it; `None` when it is their own.
    pub through: Option<Place>,
}

/// What ends with a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How many live credentials of theirs would be revoked.
    pub live_credentials: u64,
    /// The user groups that they are in.
    pub groups: Vec<Place>,
}

/// The grants of these users, their own and through groups, as far as the caller may see grants. Everybody sees their
/// own.
pub async fn held(app: &App, ctx: &Ctx, users: &[UserId]) -> Result<BTreeMap<UserId, Vec<Held>>, OpError> {
    authority::admit(ctx, &operations::GRANTS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    let visible = if users.iter().all(|user| is_caller(ctx, *user)) {
        Visible::All
    } else {
        grants::seen(app, ctx, organization)?
    };
    let mut reader = app.store.read().await?;
    let memberships = reader.several_group_members(organization, users).await?;
    let groups = memberships.iter().map(|in_group| Holder::UserGroup(in_group.group));
    let mut holders: Vec<Holder> = users.iter().copied().map(Holder::User).chain(groups).collect();
    holders.sort_unstable();
    holders.dedup();
    let found = reader.several_grants(organization, &holders, &[visible]).await?;
    let described = grants::describe(&mut reader, organization, found).await?;
    let places = names::places(&mut reader, organization, memberships.iter().map(|m| m.group.into())).await?;
    let of = |holder: Holder| described.iter().filter(move |described| described.grant.holder == holder).cloned();
    let of_user = |user: UserId| {
        let own = of(Holder::User(user)).map(|grant| Held { grant, through: None });
        let in_groups = memberships.iter().filter(move |in_group| in_group.user == user);
        let through = in_groups.flat_map(|in_group| {
            let group = places.get(&in_group.group.into()).cloned();
            of(Holder::UserGroup(in_group.group)).map(move |grant| Held { grant, through: group.clone() })
        });
        own.chain(through).collect::<Vec<_>>()
    };
    Ok(users.iter().map(|user| (*user, of_user(*user))).collect())
}

/// What would end if a member were removed.
pub async fn ending(app: &App, ctx: &Ctx, id: UserId) -> Result<Ending, OpError> {
    let organization = authority::organization(app, ctx)?;
    if !is_caller(ctx, id) {
        door(app, ctx, &operations::USERS_GET, organization.into())?;
    }
    let mut reader = app.store.read().await?;
    member(&mut reader, organization, id).await?;
    let memberships = reader.several_group_members(organization, &[id]).await?;
    let groups = names::places(&mut reader, organization, memberships.iter().map(|m| m.group.into())).await?;
    let mut live_credentials = 0;
    let owned = reader.credentials_owned_by(organization, id).await?;
    let index = app.index.snapshot();
    for id in owned {
        // Of a kind that nobody knows, it is assumed.
        live_credentials += u64::from(index.credential(id).is_none_or(|view| view.kind().is_live()));
    }
    Ok(Ending { live_credentials, groups: groups.into_values().collect() })
}

/// Whether the caller may do `operation` to a member now: for what is offered, not for what is done. Says why not.
pub fn may_manage(app: &App, ctx: &Ctx, operation: &Operation, of: &Member) -> Result<(), OpError> {
    let Membership { organization, user, super_admin, .. } = of.membership;
    door(app, ctx, operation, organization.into())?;
    authority::with_giver(app, ctx, organization, |facts, giver| match giver {
        Giver::System => Ok(()),
        Giver::User(caller) if *caller == user => Ok(()),
        _ if super_admin && !giver.user().is_some_and(|user| is_super_admin(facts, user)) => {
            Err(OpError::new(ErrorCode::ExceedsOwnRights, "only a super admin may make or change a super admin"))
        }
        _ => {
            holdings(facts, user).iter().try_for_each(|(at, patterns)| Ok(law::may_grant(facts, giver, *at, patterns)?))
        }
    })
}

/// Whether this member is the only super admin who may act: without them nobody could manage the organization.
pub fn is_last_super_admin(app: &App, membership: &Membership) -> bool {
    let index = app.index.snapshot();
    let others = |organization: OrganizationId| {
        let world = index.organization(organization);
        world.is_some_and(|w| w.members().any(|(id, m)| id != membership.user && m.active && m.super_admin))
    };
    membership.super_admin && membership.is_active() && !others(membership.organization)
}

fn is_caller(ctx: &Ctx, user: UserId) -> bool {
    matches!(&ctx.caller, Caller::Session(signed_in) if signed_in.user == user)
}

fn is_super_admin(facts: &impl Facts, user: UserId) -> bool {
    facts.member(user).is_some_and(|member| member.active && member.super_admin)
}

fn holdings(facts: &impl Facts, user: UserId) -> Vec<(NamespaceId, PatternSet)> {
    let mut held = Vec::new();
    let mut note = |at: NamespaceId, patterns: &PatternSet| {
        held.push((at, patterns.clone()));
        ControlFlow::Continue(())
    };
    let _ = facts.grants(Holder::User(user), &mut note);
    let mut groups: Vec<UserGroupId> = Vec::new();
    let _ = facts.groups(user, &mut |group| {
        groups.push(group);
        ControlFlow::Continue(())
    });
    for group in groups {
        let _ = facts.grants(Holder::UserGroup(group), &mut note);
    }
    held
}

#[cfg(test)]
mod tests;
