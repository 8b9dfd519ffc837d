//! What may be offered to somebody who wants to make a credential: the rules of a creation, asked beforehand. Whether
//! it is done is decided when it is done.

use keyward_core::id::OrganizationId;
use keyward_core::kind::{Kind, LimitScope};
use keyward_core::law;
use keyward_core::limit;
use keyward_core::manage::{self, Act};
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::permission::Rights;
use keyward_core::rights::{Facts as _, comes_with_a_role};
use keyward_core::role::Role;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;

/// Whether the caller may create a credential of `kind` in `namespace`, as far as that depends on the two alone.
pub fn creatable(app: &App, ctx: &Ctx, kind: &Kind, namespace: NamespaceId) -> Result<(), OpError> {
    let organization = authority::organization(app, ctx)?;
    authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(manage::may_manage(facts, giver, kind, namespace, Act::Create)?)
    })
}

/// For each role, at which of `places` the caller may give it to a credential of `kind`.
pub fn givable(
    app: &App,
    ctx: &Ctx,
    kind: &Kind,
    roles: &[Role],
    places: &[NamespaceId],
) -> Result<Vec<Vec<NamespaceId>>, OpError> {
    let organization = authority::organization(app, ctx)?;
    authority::with_giver(app, ctx, organization, |facts, giver| {
        let denied = &kind.deny.patterns;
        let may = |role: &Role, at: NamespaceId| {
            let own = Rights { granted: role.patterns.clone(), denied: denied.clone() };
            law::may_give(facts, giver, at, &own).is_ok()
                && comes_with_a_role(facts, at).all(|(above, granted)| {
                    law::may_give(facts, giver, above, &Rights { granted, denied: denied.clone() }).is_ok()
                })
        };
        let at = |role: &Role| places.iter().copied().filter(|at| may(role, *at)).collect();
        Ok(roles.iter().map(at).collect())
    })
}

/// Refuses when there may be no further credential of `kind` in `namespace` beside those that there are.
pub async fn room(app: &App, ctx: &Ctx, kind: &Kind, namespace: NamespaceId) -> Result<(), OpError> {
    let Some(limit) = kind.limit else { return Ok(()) };
    let organization = authority::organization(app, ctx)?;
    let scope_key = match (limit.per, &ctx.caller) {
        (LimitScope::Organization, _) => organization.to_string(),
        (LimitScope::Application, _) => application_of(app, organization, namespace)?.to_string(),
        (LimitScope::User, Caller::Session(signed_in)) if kind.is_live() => signed_in.user.to_string(),
        (LimitScope::User, _) => String::new(),
    };
    let taken = app.store.read().await?.places(&scope_key, &kind.id).await?;
    limit::admit(kind, &taken)?;
    Ok(())
}

/// The application that a namespace is, or stands in; else its organization.
fn application_of(app: &App, organization: OrganizationId, namespace: NamespaceId) -> Result<NamespaceId, OpError> {
    let index = app.index.snapshot();
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    Ok(match namespace.kind() {
        NamespaceKind::Organization | NamespaceKind::Application => namespace,
        NamespaceKind::Workspace | NamespaceKind::UserGroup => world.parent(namespace).unwrap_or(namespace),
    })
}
