//! For people who look at one credential: what it may do and why, which roles may be given to it, what hangs on it. What
//! is said here is for what is offered; what is done is judged again.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::Credential;
use keyward_core::effective::{self, Effective};
use keyward_core::id::{CredentialId, RoleId};
use keyward_core::kind::{Field, Kind};
use keyward_core::law;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::role::Role;
use keyward_store::Page;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::credentials::{Held, door_of};
use crate::ops::error::OpError;
use crate::ops::roles;

/// Roles that are read at a time.
const ROLES: u32 = 200;

/// A role that may be chosen for a credential.
#[derive(Clone, Debug)]
pub struct RoleOffer {
    /// The role.
    pub role: Role,
    /// Whether the caller may give it to this credential there.
    pub grantable: bool,
}

/// What a credential may do now and why, where the caller may read it.
pub fn effective(app: &App, ctx: &Ctx, held: &Held) -> Result<Effective, OpError> {
    let credential = &held.credential;
    let (organization, imported) = match door_of(app, ctx, &operations::CREDENTIALS_GET, credential.id) {
        Err(refused) if refused.code == ErrorCode::PermissionDenied => {
            (authority::organization(app, ctx)?, Some(where_imported(app, ctx, held.clone()).ok_or(refused)?))
        }
        judged => (judged?, None),
    };
    let index = app.index.snapshot();
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    let kind = index.kind(&credential.kind).ok_or_else(|| OpError::not_found("kind"))?;
    let mut found = effective::effective(&world, world.record().is_active(), credential, kind, ctx.at());
    if let Some(seen) = imported {
        found.places.retain(|place| seen.imported_by.contains(&place.namespace));
    }
    Ok(found)
}

/// Whether the caller may read a credential where it lives.
pub fn may_read(app: &App, ctx: &Ctx, id: CredentialId) -> bool {
    door_of(app, ctx, &operations::CREDENTIALS_GET, id).is_ok()
}

/// What of a credential belongs to the namespaces that have imported it and where the caller may read; `None` when there
/// is no such namespace.
pub(super) fn where_imported(app: &App, ctx: &Ctx, mut held: Held) -> Option<Held> {
    held.imported_by.retain(|at| authority::door(app, ctx, &operations::CREDENTIALS_GET, *at).is_ok());
    held.grants.retain(|(grant, _)| held.imported_by.contains(&grant.namespace));
    (!held.imported_by.is_empty()).then_some(held)
}

/// The organization's roles, by name, as far as the caller may see them: which of them they may give to a credential at
/// a namespace. None where nobody may change the roles of its kind.
pub async fn role_offers(
    app: &App,
    ctx: &Ctx,
    credential: &Credential,
    at: NamespaceId,
) -> Result<Vec<RoleOffer>, OpError> {
    let Some(kind) = app.index.snapshot().kind(&credential.kind).cloned() else { return Ok(Vec::new()) };
    if !kind.may_edit(Field::Roles) {
        return Ok(Vec::new());
    }
    let mut offers = Vec::new();
    let mut after: Option<(String, RoleId)> = None;
    loop {
        let page = roles::list(app, ctx, None, &Page { after: after.take(), limit: ROLES }).await?;
        let full = page.len() == ROLES as usize;
        after = page.last().map(|role| (role.name.folded(), role.id));
        offers.extend(page.into_iter().map(|role| {
            let grantable = gives(app, ctx, &kind, credential, &[(at, &role.patterns)]);
            RoleOffer { role, grantable }
        }));
        if !full {
            return Ok(offers);
        }
    }
}

/// The credentials that this one has made, and those that they have made, however often: those that are not revoked.
pub async fn descendants(app: &App, ctx: &Ctx, id: CredentialId) -> Result<Vec<CredentialId>, OpError> {
    let organization = door_of(app, ctx, &operations::CREDENTIALS_GET, id)?;
    Ok(app.store.read().await?.descendants(organization, id).await?)
}

fn gives(app: &App, ctx: &Ctx, kind: &Kind, credential: &Credential, grants: &[(NamespaceId, &PatternSet)]) -> bool {
    authority::with_giver(app, ctx, credential.organization, |facts, giver| {
        Ok(law::may_make(facts, giver, kind, credential, grants)?)
    })
    .is_ok()
}

#[cfg(test)]
mod tests;
