//! Open invitations: who is expected, and taking an invitation back.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::CallerId;
use keyward_core::id::{InvitationId, OrganizationId};
use keyward_core::role::{Holder, MAX_ROLES_PER_ORGANIZATION, Role};
use keyward_store::{Invitation, Page, Reader, StoreError};

use crate::app::App;
use crate::ops::authority::{self, door};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::names::{self, Called, Place};
use crate::ops::receipts::{Done, Outcomes, change, recorded};

/// An invitation that can still be accepted, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The record.
    pub invitation: Invitation,
    /// Who sent it; `None` when the deployment did.
    pub invited_by: Option<Called>,
    /// What they will hold, and where.
    pub roles: Vec<(Role, Place)>,
}

/// A page of the open invitations, by id; an empty one for callers who may not invite.
pub async fn open(app: &App, ctx: &Ctx, page: &Page<InvitationId>) -> Result<Vec<Open>, OpError> {
    let operation = &operations::INVITATIONS_LIST;
    authority::admit(ctx, operation)?;
    let organization = authority::organization(app, ctx)?;
    match door(app, ctx, operation, organization.into()) {
        Err(refused) if refused.code == ErrorCode::PermissionDenied => return Ok(Vec::new()),
        judged => judged?,
    }
    let mut reader = app.store.read().await?;
    let invitations = reader.open_invitations(organization, ctx.at(), page).await?;
    Ok(describe(&mut reader, organization, invitations).await?)
}

/// Takes an open invitation back: its link is worth nothing any more.
pub async fn withdraw(app: &App, ctx: &Ctx, id: InvitationId) -> Result<Done<String>, OpError> {
    let operation = &operations::INVITATIONS_WITHDRAW;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, "users:invite", organization.into()).await?;
            let found = tx.invitation(organization, id).await?;
            let invitation = found
                .filter(|invitation| invitation.accepted.is_none() && now < invitation.expires_at)
                .ok_or_else(|| OpError::not_found("invitation"))?;
            tx.remove_invitation(organization, id).await?;
            let email = invitation.email;
            Ok(Outcomes::new(email.clone(), id).detail("email", email))
        })
        .await
    })
    .await
}

async fn describe(
    reader: &mut Reader,
    organization: OrganizationId,
    invitations: Vec<Invitation>,
) -> Result<Vec<Open>, StoreError> {
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let roles = reader.roles(organization, None, &every).await?;
    let granted = || invitations.iter().flat_map(|invitation| &invitation.grants);
    let places = names::places(reader, organization, granted().map(|grant| grant.namespace)).await?;
    let holder = |by| match by {
        CallerId::User(id) => Some(Holder::User(id)),
        CallerId::Credential(id) => Some(Holder::Credential(id)),
        CallerId::System | CallerId::Anonymous => None,
    };
    let called = names::holders(reader, organization, invitations.iter().filter_map(|i| holder(i.invited_by))).await?;
    let described = invitations.into_iter().map(|invitation| {
        let named = |grant: &keyward_store::InvitedGrant| {
            let role = roles.iter().find(|role| role.id == grant.role)?;
            Some((role.clone(), places.get(&grant.namespace)?.clone()))
        };
        let roles = invitation.grants.iter().filter_map(named).collect();
        let invited_by = holder(invitation.invited_by).and_then(|holder| called.get(&holder).cloned());
        Open { invitation, invited_by, roles }
    });
    Ok(described.collect())
}

#[cfg(test)]
mod tests;
