//! The members of an organization: who they are, who comes and who goes.

mod invitations;
mod open;
mod password;
mod profile;
mod standing;

use keyward_api::error::ErrorCode;
use keyward_api::limits::MAX_EMAIL_BYTES;
use keyward_api::operations::{self, Operation};
use keyward_core::credential::RevokeReason;
use keyward_core::id::{CredentialId, OrganizationId, UserGroupId, UserId};
use keyward_core::law::{self, Giver};
use keyward_core::manage;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::rights::Facts as _;
use keyward_core::role::Holder;
use keyward_core::rows::Rows;
use keyward_core::user::{Membership, User};
use keyward_store::{Page, Reader, StoreError, Tx};

use crate::app::App;
use crate::ops::authority::{self, Authority, door};
use crate::ops::context::{Caller, Ctx};
use crate::ops::credentials::revoke_in;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change, recorded};

pub use keyward_store::{Invitation, MemberFilter};

pub use invitations::{Accept, Accepted, Invite, Invited, Offer, accept, first_super_admin, invite, offer};
pub use open::{Open, open, withdraw};
pub use password::password;
pub use profile::profile;
pub use standing::{Ending, Held, ending, held, is_last_super_admin, may_manage};

/// A user as an organization sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// Their place in the organization.
    pub membership: Membership,
}

/// A page of the members; an empty one for callers who may not see them.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    filter: &MemberFilter,
    page: &Page<(String, UserId)>,
) -> Result<Vec<Member>, OpError> {
    authority::admit(ctx, &operations::USERS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    let sees = authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(manage::holds(facts, giver, organization.into(), "users:read").is_ok())
    })?;
    if !sees {
        return Ok(Vec::new());
    }
    let members = app.store.read().await?.members(organization, filter, page).await?;
    Ok(members.into_iter().map(|(user, membership)| Member { user, membership }).collect())
}

/// One member. Everybody sees themselves.
pub async fn get(app: &App, ctx: &Ctx, id: UserId) -> Result<Member, OpError> {
    authority::admit(ctx, &operations::USERS_GET)?;
    let organization = authority::organization(app, ctx)?;
    let themselves = matches!(&ctx.caller, Caller::Session(signed_in) if signed_in.user == id);
    if !themselves {
        door(app, ctx, &operations::USERS_GET, organization.into())?;
    }
    member(&mut app.store.read().await?, organization, id).await
}

/// Makes a member super admin, or no longer.
pub async fn edit(app: &App, ctx: &Ctx, id: UserId, super_admin: Option<bool>) -> Result<Done<Member>, OpError> {
    let operation = &operations::USERS_EDIT;
    let (now, if_match) = (ctx.at(), ctx.if_match);
    manage_member(app, ctx, operation, id, async move |tx, authority, member| {
        if if_match.is_some_and(|seen| seen != member.membership.updated_at) {
            return Err(OpError::new(
                ErrorCode::StaleIfMatch,
                "the membership was changed since you read it: read it again and repeat the change",
            ));
        }
        let wanted = super_admin.unwrap_or(member.membership.super_admin);
        if wanted != member.membership.super_admin {
            must_be_super_admin(authority)?;
        }
        if !wanted {
            not_the_last_super_admin(tx, &member.membership).await?;
        }
        let membership = Membership { super_admin: wanted, updated_at: now, ..member.membership };
        tx.put_membership(&membership).await?;
        let details = Outcomes::new(Member { membership, ..member }, id);
        Ok(details.detail("super_admin", wanted))
    })
    .await
}

/// Stops a member here: their live credentials and their sessions act no more in this organization until they are
/// enabled again.
pub async fn suspend(app: &App, ctx: &Ctx, id: UserId) -> Result<Done<Member>, OpError> {
    let now = ctx.at();
    manage_member(app, ctx, &operations::USERS_SUSPEND, id, async move |tx, _, member| {
        if !member.membership.is_active() {
            return Err(OpError::new(ErrorCode::WrongState, "the member is suspended already"));
        }
        not_the_last_super_admin(tx, &member.membership).await?;
        let membership = Membership { suspended_at: Some(now), updated_at: now, ..member.membership };
        tx.put_membership(&membership).await?;
        Ok(Outcomes::new(Member { membership, ..member }, id))
    })
    .await
}

/// Lets a suspended member act again.
pub async fn enable(app: &App, ctx: &Ctx, id: UserId) -> Result<Done<Member>, OpError> {
    let now = ctx.at();
    manage_member(app, ctx, &operations::USERS_ENABLE, id, async move |tx, _, member| {
        if member.membership.is_active() {
            return Err(OpError::new(ErrorCode::WrongState, "the member is not suspended"));
        }
        let membership = Membership { suspended_at: None, updated_at: now, ..member.membership };
        tx.put_membership(&membership).await?;
        Ok(Outcomes::new(Member { membership, ..member }, id))
    })
    .await
}

/// Removes a member with their grants, and revokes their live credentials here, which are the answer.
pub async fn remove(app: &App, ctx: &Ctx, id: UserId) -> Result<Done<Vec<CredentialId>>, OpError> {
    let now = ctx.at();
    manage_member(app, ctx, &operations::USERS_REMOVE, id, async move |tx, authority, member| {
        let organization = member.membership.organization;
        not_the_last_super_admin(tx, &member.membership).await?;
        let mut revoked = Vec::new();
        for credential in live_credentials_of(tx, authority, organization, id).await? {
            if revoke_in(tx, organization, credential, RevokeReason::OwnerRemoved, now).await? {
                revoked.push(credential);
            }
        }
        tx.remove_membership(organization, id).await?;
        let listed: Vec<String> = revoked.iter().map(ToString::to_string).collect();
        Ok(Outcomes::new(revoked, id).detail("email", member.user.email).detail("revoked", listed))
    })
    .await
}

/// Whether the caller may change what concerns `user`: nobody touches those whose rights exceed their own. People may
/// always touch themselves, as far as they may do what they do at all.
pub async fn may_touch(tx: &mut Reader, authority: &mut Authority, user: UserId) -> Result<(), OpError> {
    let organization = authority.rows.organization();
    let Some(membership) = tx.membership(organization, user).await? else {
        return Err(OpError::not_found("user"));
    };
    match authority.giver() {
        Giver::System => return Ok(()),
        Giver::User(caller) if caller == user => return Ok(()),
        _ => {}
    }
    if membership.super_admin {
        must_be_super_admin(authority)?;
    }
    for (namespace, patterns) in held_by(tx, organization, user).await? {
        tx.load_namespace(&mut authority.rows, namespace).await?;
        law::may_grant(&authority.rows, &authority.giver(), namespace, &patterns)?;
    }
    Ok(())
}

/// An e-mail address as it is kept and compared.
pub fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The address of a new user or invitation.
pub(super) fn checked_email(email: &str) -> Result<String, OpError> {
    let folded = folded(email);
    let well_formed = folded.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    let visible = !folded.chars().any(|c| c.is_whitespace() || c.is_control());
    if well_formed && visible && folded.len() <= MAX_EMAIL_BYTES {
        return Ok(folded);
    }
    Err(OpError::field(
        ErrorCode::InvalidValue,
        "/email",
        format!("this is not an e-mail address: write `name@example.com`, at most {MAX_EMAIL_BYTES} bytes"),
    ))
}

/// The shape of every operation on a member: door, job { permission, the member, their rights ≤ the caller's, `job` }.
async fn manage_member<T, J>(
    app: &App,
    ctx: &Ctx,
    operation: &'static Operation,
    id: UserId,
    job: J,
) -> Result<Done<T>, OpError>
where
    T: Send + 'static,
    J: AsyncFn(&mut Tx, &mut Authority, Member) -> Result<Outcomes<T>, OpError> + Send + 'static,
{
    recorded(app, ctx, operation, Some(id.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, operation.permission.unwrap_or("*"), organization.into()).await?;
            let member = member(tx, organization, id).await?;
            may_touch(tx, authority, id).await?;
            job(tx, authority, member).await
        })
        .await
    })
    .await
}

async fn member(reader: &mut Reader, organization: OrganizationId, id: UserId) -> Result<Member, OpError> {
    let membership = reader.membership(organization, id).await?;
    let user = reader.user(id).await?;
    match (user, membership) {
        (Some(user), Some(membership)) => Ok(Member { user, membership }),
        _ => Err(OpError::not_found("user")),
    }
}

/// Every role's patterns that a user holds, themselves or through a group, and where.
async fn held_by(
    tx: &mut Reader,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<(NamespaceId, PatternSet)>, StoreError> {
    let mut of = Rows::new(organization);
    tx.load_user(&mut of, user).await?;
    let mut groups: Vec<UserGroupId> = Vec::new();
    let _ = of.groups(user, &mut |group| {
        groups.push(group);
        std::ops::ControlFlow::Continue(())
    });
    let holders = groups.into_iter().map(Holder::UserGroup).chain([Holder::User(user)]);
    Ok(holders.flat_map(|holder| of.grants_of(holder).to_vec()).collect())
}

/// The credentials that can do what their owner can: those end with the membership.
async fn live_credentials_of(
    tx: &mut Reader,
    authority: &Authority,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<CredentialId>, StoreError> {
    let mut live = Vec::new();
    for id in tx.credentials_owned_by(organization, user).await? {
        let Some(record) = tx.credential(organization, id).await? else { continue };
        // Of a kind that nobody knows, it is assumed.
        if authority.kind(&record.kind).is_ok_and(|kind| !kind.is_live()) {
            continue;
        }
        live.push(id);
    }
    Ok(live)
}

/// Only a signed-in super admin, or Keyward itself, makes and unmakes super admins.
fn must_be_super_admin(authority: &Authority) -> Result<(), OpError> {
    let is_one = match authority.giver() {
        Giver::System => true,
        Giver::User(user) => authority.rows.member(user).is_some_and(|m| m.active && m.super_admin),
        Giver::Credential { .. } => {
            return Err(OpError::new(
                ErrorCode::SessionRequired,
                "super admins are managed by signed-in super admins only, never by a credential",
            ));
        }
    };
    if is_one {
        Ok(())
    } else {
        Err(OpError::new(ErrorCode::ExceedsOwnRights, "only a super admin may make or change a super admin"))
    }
}

async fn not_the_last_super_admin(tx: &mut Reader, membership: &Membership) -> Result<(), OpError> {
    let counts = membership.super_admin && membership.is_active();
    if counts && tx.active_super_admins(membership.organization).await? <= 1 {
        return Err(OpError::new(ErrorCode::LastSuperAdmin, ErrorCode::LastSuperAdmin.sentence()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
