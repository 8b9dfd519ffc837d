//! Invitations: how somebody becomes a member.

use std::sync::Arc;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::limits::{INVITATION_SECONDS, MAX_ROLES_PER_REQUEST};
use keyward_api::operations;
use keyward_core::credential::{CallerId, State};
use keyward_core::id::{GrantId, InvitationId, OrganizationId, UserId};
use keyward_core::kind::Kind;
use keyward_core::law::{self, Bounds, Giver};
use keyward_core::manage;
use keyward_core::name::Name;
use keyward_core::rights::Facts as _;
use keyward_core::role::{Grant, Holder};
use keyward_core::rows::Rows;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::{Membership, User};
use keyward_store::{Conflict, Invitation, InvitedGrant, Page, Reader, Scope, StoreError, Tx, Writer};

use super::{checked_email, must_be_super_admin};
use crate::app::App;
use crate::ops::authority::{self, Authority, door};
use crate::ops::context::Ctx;
use crate::ops::credentials::RoleChoice;
use crate::ops::error::OpError;
use crate::ops::passwords;
use crate::ops::receipts::{Done, Outcomes, change, change_in, recorded};
use crate::ops::sessions::{self, Shown, Whole};
use crate::ops::tokens::Sort;

/// How many invitations of an organization may be open: more than anybody keeps track of.
pub(super) const MAX_OPEN_INVITATIONS: usize = 1_000;

/// Who is invited, to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Whom.
    pub email: String,
    /// Whether they become super admin.
    pub super_admin: bool,
    /// What they are granted; at the organization where nothing is said.
    pub roles: Vec<RoleChoice>,
}

/// An invitation and its token, alive for this one answer.
pub struct Invited {
    /// What is kept of it.
    pub invitation: Invitation,
    /// What accepts it, once.
    pub token: Secret,
}

impl Invited {
    /// The link that accepts it, below the address under which people reach this server (an empty one gives the path
    /// alone). The token stands behind the `#`, which no server and no log sees.
    pub fn link(&self, origin: &str) -> Secret {
        // Joined at once: a text that grows leaves copies of the token behind.
        Secret::from_string([origin.trim_end_matches('/'), "/invitation#", self.token.expose()].concat())
    }
}

/// What somebody answers to an invitation.
pub struct Accept {
    /// The token that they were given.
    pub token: Secret,
    /// What a new user wants to be called.
    pub name: Option<Name>,
    /// The password that a new user chooses; that of an existing one proves who they are.
    pub password: Secret,
    /// A code of an existing user's second factor, or a recovery code.
    pub code: Option<Secret>,
}

/// Who accepted, and of what they are a member now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The user.
    pub user: UserId,
    /// The organization.
    pub organization: OrganizationId,
}

/// Who is about to become a member.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Newcomer {
    /// Somebody who had no account, with the hash of their password.
    New(User, String),
    /// Somebody who has one.
    Known(Whole),
}

/// Invites somebody to at most what the caller holds. An earlier invitation of the same address is void.
pub async fn invite(app: &App, ctx: &Ctx, input: Invite) -> Result<Done<Invited>, OpError> {
    let operation = &operations::USERS_INVITE;
    recorded(app, ctx, operation, None, async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        if input.roles.len() > MAX_ROLES_PER_REQUEST {
            let message = format!("name at most {MAX_ROLES_PER_REQUEST} roles");
            return Err(OpError::field(ErrorCode::InvalidValue, "/roles", message));
        }
        let token = Sort::Invitation.mint(app)?;
        let draft = Invitation {
            id: InvitationId::new(ctx.at(), &mut app.entropy()),
            organization,
            public_id: token.public_id,
            digest: token.digest,
            email: checked_email(&input.email)?,
            super_admin: input.super_admin,
            grants: Vec::new(),
            invited_by: ctx.caller_id(),
            created_at: ctx.at(),
            expires_at: ctx.at().plus(Duration::from_secs(INVITATION_SECONDS)),
            accepted: None,
        };
        let roles = input.roles;
        let done = change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, "users:invite", organization.into()).await?;
            if draft.super_admin {
                must_be_super_admin(authority)?;
            }
            not_a_member(tx, organization, &draft.email).await?;
            let grants = invited_grants(tx, authority, &roles).await?;
            let invitation = Invitation { grants, ..draft.clone() };
            replace_earlier(tx, &invitation).await?;
            tx.put_invitation(&invitation).await?;
            let outcome = Outcomes::new(invitation.clone(), invitation.id)
                .detail("email", invitation.email.as_str())
                .detail("super_admin", invitation.super_admin)
                .detail("grants", described(&invitation.grants));
            Ok(outcome)
        })
        .await?;
        Ok(done.map(|invitation| Invited { invitation, token: token.text }))
    })
    .await
}

/// The invitation of a new organization's first super admin, sent by the deployment. The caller stores it.
pub fn first_super_admin(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    email: String,
) -> Result<Invited, OpError> {
    let token = Sort::Invitation.mint(app)?;
    let invitation = Invitation {
        id: InvitationId::new(ctx.at(), &mut app.entropy()),
        organization,
        public_id: token.public_id,
        digest: token.digest,
        email,
        super_admin: true,
        grants: Vec::new(),
        invited_by: CallerId::System,
        created_at: ctx.at(),
        expires_at: ctx.at().plus(Duration::from_secs(INVITATION_SECONDS)),
        accepted: None,
    };
    Ok(Invited { invitation, token: token.text })
}

/// What the holder of an invitation's token may know before they accept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// To which organization.
    pub organization: Name,
    /// Whom it is for.
    pub email: String,
    /// Whether they have signed in here before, and so have a password.
    pub known: bool,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// What an invitation offers, to whoever has its token.
pub async fn offer(app: &App, ctx: &Ctx, token: &Secret) -> Result<Offer, OpError> {
    let invitation = find(app, token, ctx.at()).await?.ok_or_else(invalid)?;
    let mut reader = app.store.read().await?;
    let organization = reader.organization(invitation.organization).await?.ok_or_else(invalid)?;
    let known = reader.user_by_email(&invitation.email).await?.is_some();
    let Invitation { email, expires_at, .. } = invitation;
    Ok(Offer { organization: organization.name, email, known, expires_at })
}

/// Accepts an invitation, as a new user or as one who has an account. Whoever sent it must still be able to give all of
/// it.
pub async fn accept(app: &App, ctx: &Ctx, input: Accept) -> Result<Done<Accepted>, OpError> {
    let operation = &operations::INVITATIONS_ACCEPT;
    let found = find(app, &input.token, ctx.at()).await?;
    let target = found.as_ref().map(|invitation| invitation.id.to_string());
    recorded(app, ctx, operation, target, async {
        let invitation = found.ok_or_else(invalid)?;
        let newcomer = newcomer(app, ctx, &invitation, input).await?;
        let grants: Vec<GrantId> =
            invitation.grants.iter().map(|_| GrantId::new(ctx.at(), &mut app.entropy())).collect();
        let kind = inviting_kind(app, invitation.invited_by);
        let now = ctx.at();
        let (id, organization) = (invitation.id, invitation.organization);
        // Into the organization's own log: it is there that somebody arrives.
        change_in(app, ctx, Scope::Organization(organization), operation, async move |tx| {
            let invitation = tx.invitation(organization, id).await?.filter(|i| is_open(i, now)).ok_or_else(invalid)?;
            if !tx.organization(organization).await?.is_some_and(|o| o.is_active()) {
                return Err(OpError::new(
                    ErrorCode::OrganizationSuspended,
                    ErrorCode::OrganizationSuspended.sentence(),
                ));
            }
            may_still_invite(tx, &invitation, kind.as_deref(), now).await?;
            let user = newcomer.arrive(tx).await?;
            join(tx, &invitation, user, &grants, now).await?;
            tx.accept_invitation(id, user, now).await?;
            Ok(Outcomes::new(Accepted { user, organization }, id).detail("user", user.to_string()))
        })
        .await
    })
    .await
}

/// The open invitation that this token accepts.
async fn find(app: &App, token: &Secret, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
    let Some(public_id) = Sort::Invitation.public_id(token.expose()) else { return Ok(None) };
    let found = app.store.read().await?.invitation_by_public_id(public_id).await?;
    Ok(found.filter(|invitation| {
        is_open(invitation, now) && Sort::Invitation.confirms(&app.ring(), &invitation.digest, token.expose())
    }))
}

/// Everything about the one who accepts that takes time, or can be refused, before the job.
async fn newcomer(app: &App, ctx: &Ctx, invitation: &Invitation, input: Accept) -> Result<Newcomer, OpError> {
    let email = &invitation.email;
    let Accept { name, password, code, .. } = input;
    let known = app.store.read().await?.user_by_email(email).await?;
    if known.is_some() {
        return match sessions::prove_whole(app, ctx, email, known, password, code).await? {
            Shown::Whole(whole) => Ok(Newcomer::Known(whole)),
            Shown::CodeMissing(proven) => Err(proven.lacks_code(app).await?),
        };
    }
    let name = name.ok_or_else(|| {
        OpError::field(ErrorCode::MissingField, "/name", "a new user needs a name: say what you want to be called")
    })?;
    passwords::accept(&password, email, name.as_str())?;
    let hash = app.passwords.hash(password, passwords::salt(&mut app.entropy())).await?;
    let now = ctx.at();
    let id = UserId::new(now, &mut app.entropy());
    let user = User { id, email: email.clone(), name, operator: false, created_at: now, updated_at: now };
    Ok(Newcomer::New(user, hash))
}

impl Newcomer {
    /// Inside the job: the user is there afterwards.
    async fn arrive(&self, writer: &mut Writer) -> Result<UserId, OpError> {
        match self {
            Newcomer::New(user, hash) => {
                writer.put_user(user).await.map_err(account_made_meanwhile)?;
                writer.set_password(user.id, hash).await?;
                Ok(user.id)
            }
            Newcomer::Known(whole) => {
                whole.settle(writer).await?;
                Ok(whole.proven.user.id)
            }
        }
    }
}

async fn join(
    tx: &mut Tx,
    invitation: &Invitation,
    user: UserId,
    ids: &[GrantId],
    now: Timestamp,
) -> Result<(), OpError> {
    let organization = invitation.organization;
    if tx.membership(organization, user).await?.is_some() {
        return Err(already_member());
    }
    tx.put_membership(&Membership {
        organization,
        user,
        super_admin: invitation.super_admin,
        suspended_at: None,
        created_at: now,
        updated_at: now,
    })
    .await?;
    for (grant, id) in standing(tx, invitation).await?.into_iter().zip(ids) {
        let InvitedGrant { role, namespace } = grant;
        let holder = Holder::User(user);
        tx.put_grant(&Grant { id: *id, organization, holder, role, namespace, created_at: now }).await?;
    }
    Ok(())
}

/// Whether whoever sent the invitation could send it now: nobody gives what they no longer hold.
async fn may_still_invite(
    tx: &mut Reader,
    invitation: &Invitation,
    kind: Option<&Kind>,
    now: Timestamp,
) -> Result<(), OpError> {
    let organization = invitation.organization;
    let mut rows = Rows::new(organization);
    let record = match invitation.invited_by {
        CallerId::System => return Ok(()),
        CallerId::Anonymous => return Err(withdrawn()),
        CallerId::User(user) => {
            tx.load_user(&mut rows, user).await?;
            None
        }
        CallerId::Credential(id) => {
            tx.load_credential(&mut rows, id).await?;
            let found = tx.credential(organization, id).await?;
            Some(found.filter(|c| c.state == State::Active && !c.is_expired(now)).ok_or_else(withdrawn)?)
        }
    };
    let giver = match (&record, kind, invitation.invited_by) {
        (Some(record), Some(kind), _) => {
            Giver::Credential { holding: authority::holding(record, kind), bounds: Bounds::of(record) }
        }
        (None, _, CallerId::User(user)) => Giver::User(user),
        _ => return Err(withdrawn()),
    };
    if invitation.super_admin
        && !giver.user().is_some_and(|user| rows.member(user).is_some_and(|m| m.active && m.super_admin))
    {
        return Err(withdrawn());
    }
    manage::holds(&rows, &giver, organization.into(), "users:invite").map_err(|_| withdrawn())?;
    for grant in standing(tx, invitation).await? {
        let Some(role) = tx.role(organization, grant.role).await? else { continue };
        tx.load_namespace(&mut rows, grant.namespace).await?;
        law::may_grant(&rows, &giver, grant.namespace, &role.patterns).map_err(|_| withdrawn())?;
    }
    Ok(())
}

/// What of the invitation's grants can still be made: the others' role or namespace is gone.
async fn standing(tx: &mut Reader, invitation: &Invitation) -> Result<Vec<InvitedGrant>, StoreError> {
    let organization = invitation.organization;
    let mut standing = Vec::with_capacity(invitation.grants.len());
    for grant in &invitation.grants {
        let is_there =
            grant.namespace == organization.into() || tx.namespace(organization, grant.namespace).await?.is_some();
        if is_there && tx.role(organization, grant.role).await?.is_some() {
            standing.push(*grant);
        }
    }
    Ok(standing)
}

/// The roles that were named, checked, each of them within what the caller holds.
async fn invited_grants(
    tx: &mut Reader,
    authority: &mut Authority,
    choices: &[RoleChoice],
) -> Result<Vec<InvitedGrant>, OpError> {
    let organization = authority.rows.organization();
    let mut grants = Vec::with_capacity(choices.len());
    for (place, choice) in choices.iter().enumerate() {
        let role = crate::ops::roles::named(tx, organization, &choice.role).await?.ok_or_else(|| {
            let message = format!("there is no role `{}`", choice.role);
            OpError::field(ErrorCode::UnknownRole, &format!("/roles/{place}/role"), message)
        })?;
        let namespace = choice.namespace.unwrap_or_else(|| organization.into());
        crate::ops::namespaces::must_exist(tx, organization, namespace).await.map_err(|_| {
            let pointer = format!("/roles/{place}/namespace");
            OpError::field(ErrorCode::UnknownNamespace, &pointer, "there is no such namespace")
        })?;
        tx.load_namespace(&mut authority.rows, namespace).await?;
        law::may_grant(&authority.rows, &authority.giver(), namespace, &role.patterns)?;
        let grant = InvitedGrant { role: role.id, namespace };
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// Takes back earlier invitations of the same address, and clears away those that nobody can accept any more.
async fn replace_earlier(writer: &mut Writer, new: &Invitation) -> Result<(), OpError> {
    let organization = new.organization;
    let most = u32::try_from(MAX_OPEN_INVITATIONS + 1).unwrap_or(u32::MAX);
    let mut open = 0;
    for earlier in writer.invitations(organization, &Page::first(most)).await? {
        if earlier.email == new.email || !is_open(&earlier, new.created_at) {
            writer.remove_invitation(organization, earlier.id).await?;
        } else {
            open += 1;
        }
    }
    if open >= MAX_OPEN_INVITATIONS {
        return Err(OpError::new(
            ErrorCode::LimitReached,
            format!("{MAX_OPEN_INVITATIONS} invitations are open: wait until some were accepted or have ended"),
        ));
    }
    Ok(())
}

async fn not_a_member(tx: &mut Reader, organization: OrganizationId, email: &str) -> Result<(), OpError> {
    let Some(user) = tx.user_by_email(email).await? else { return Ok(()) };
    match tx.membership(organization, user.id).await? {
        Some(_) => Err(already_member()),
        None => Ok(()),
    }
}

/// The rules of the credential that sent an invitation, if one did.
fn inviting_kind(app: &App, by: CallerId) -> Option<Arc<Kind>> {
    let CallerId::Credential(id) = by else { return None };
    let index = app.index.snapshot();
    index.credential(id).map(|view| Arc::clone(view.kind()))
}

fn is_open(invitation: &Invitation, now: Timestamp) -> bool {
    invitation.accepted.is_none() && now < invitation.expires_at
}

fn described(grants: &[InvitedGrant]) -> Vec<String> {
    grants.iter().map(|grant| format!("{} at {}", grant.role, grant.namespace)).collect()
}

fn account_made_meanwhile(error: StoreError) -> OpError {
    match error {
        StoreError::Conflict { constraint: Conflict::Email } => OpError::new(
            ErrorCode::WrongState,
            "an account with this address was made a moment ago: accept again with its password",
        ),
        other => other.into(),
    }
}

fn already_member() -> OpError {
    OpError::new(ErrorCode::AlreadyMember, ErrorCode::AlreadyMember.sentence())
}

fn invalid() -> OpError {
    OpError::new(ErrorCode::InvitationInvalid, ErrorCode::InvitationInvalid.sentence())
}

fn withdrawn() -> OpError {
    OpError::new(
        ErrorCode::InvitationInvalid,
        "whoever sent the invitation may not give all of it any more: ask for a new one",
    )
}
