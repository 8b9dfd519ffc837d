//! The first start: a one-time link, and the first operator who uses it.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::digest::Digest;
use keyward_core::id::{OrganizationId, UserId};
use keyward_core::name::Name;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::User;
use keyward_store::{SetupToken, Writer};

use crate::app::App;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::organizations::{self, Founding};
use crate::ops::passwords;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::tokens::Sort;
use crate::ops::users;

/// How long the link of the first start can be used: as long as it takes to copy it into a browser and fill in a form.
pub const LINK_LIVES: Duration = Duration::from_mins(30);

/// The first operator and, if named, the first organization.
pub struct First {
    /// How the operator signs in.
    pub email: String,
    /// What they are called.
    pub name: Name,
    /// Their password.
    pub password: Secret,
    /// The name of the first organization, whose super admin they become.
    pub organization: Option<Name>,
    /// The profiles whose kinds it can create; `keyward` when none is named.
    pub profiles: Vec<String>,
}

/// What the set-up made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// The operator.
    pub user: UserId,
    /// The first organization, if one was named.
    pub organization: Option<OrganizationId>,
}

/// At the start of a node: a new token for the set-up, when there is no user yet. An earlier one is void.
pub async fn prepare(app: &App, now: Timestamp) -> Result<Option<Secret>, OpError> {
    let token = Sort::Setup.mint(app)?;
    let kept = SetupToken { digest: token.digest, created_at: now, used_at: None };
    let made = app
        .store
        .side_write(async move |writer: &mut Writer| {
            if writer.any_user().await? {
                return Ok::<_, OpError>(false);
            }
            writer.put_setup_token(&kept).await?;
            Ok(true)
        })
        .await?;
    Ok(made.then_some(token.text))
}

/// Sets the deployment up, with the token that the node printed.
pub async fn create(app: &App, ctx: &Ctx, token: Secret, first: First) -> Result<Done<SetUp>, OpError> {
    recorded(app, ctx, &operations::SETUP_CREATE, None, async {
        let confirmed = confirm(app, &token, ctx.at()).await?;
        carry_out(app, ctx, Some(confirmed), first).await
    })
    .await
}

/// Sets the deployment up without a token: for the operator at the machine.
pub async fn init(app: &App, ctx: &Ctx, first: First) -> Result<Done<SetUp>, OpError> {
    recorded(app, ctx, &operations::SETUP_CREATE, None, async {
        if !matches!(ctx.caller, Caller::System) {
            return Err(token_invalid());
        }
        carry_out(app, ctx, None, first).await
    })
    .await
}

/// Makes user and organization; `confirmed` is the digest of the token that was presented, where one is needed.
async fn carry_out(app: &App, ctx: &Ctx, confirmed: Option<Digest>, first: First) -> Result<Done<SetUp>, OpError> {
    let now = ctx.at();
    let email = users::checked_email(&first.email)?;
    passwords::accept(&first.password, &email, first.name.as_str())?;
    let user = User {
        id: UserId::new(now, &mut app.entropy()),
        email,
        name: first.name,
        operator: true,
        created_at: now,
        updated_at: now,
    };
    let founding = first.organization.map(|name| found(app, now, name, first.profiles, user.id)).transpose()?;
    let hash = app.passwords.hash(first.password, passwords::salt(&mut app.entropy())).await?;
    change_deployment(app, ctx, &operations::SETUP_CREATE, async move |tx| {
        if tx.any_user().await? {
            return Err(done_already());
        }
        let kept = tx.setup_token().await?.filter(|kept| is_open(kept, now));
        if confirmed.is_some() && kept.map(|kept| kept.digest) != confirmed {
            return Err(token_invalid());
        }
        tx.use_setup_token(now).await?;
        tx.put_user(&user).await?;
        tx.set_password(user.id, &hash).await?;
        if let Some(founding) = &founding {
            founding.carry_out(tx).await?;
        }
        let organization = founding.as_ref().map(Founding::id);
        let mut outcome = Outcomes::new(SetUp { user: user.id, organization }, user.id);
        if let Some(organization) = organization {
            outcome = outcome.detail("organization", organization.to_string());
        }
        Ok(outcome)
    })
    .await
}

fn found(
    app: &App,
    now: Timestamp,
    name: Name,
    mut profiles: Vec<String>,
    super_admin: UserId,
) -> Result<Founding, OpError> {
    if profiles.is_empty() {
        profiles.push("keyward".to_owned());
    }
    organizations::found(app, now, name, &profiles, Some(super_admin))
}

/// The digest of the token, if it is the one that opens the set-up now. Asked before anything costs time: everybody may
/// try.
async fn confirm(app: &App, token: &Secret, now: Timestamp) -> Result<Digest, OpError> {
    let mut reader = app.store.read().await?;
    if reader.any_user().await? {
        return Err(done_already());
    }
    match reader.setup_token().await? {
        Some(kept) if is_open(&kept, now) && Sort::Setup.confirms(&app.ring(), &kept.digest, token.expose()) => {
            Ok(kept.digest)
        }
        _ => Err(token_invalid()),
    }
}

fn is_open(kept: &SetupToken, now: Timestamp) -> bool {
    kept.used_at.is_none() && now.since(kept.created_at) < LINK_LIVES
}

fn done_already() -> OpError {
    OpError::new(ErrorCode::SetupDone, ErrorCode::SetupDone.sentence())
}

fn token_invalid() -> OpError {
    OpError::new(
        ErrorCode::SetupTokenInvalid,
        "the set-up token is wrong, older than 30 minutes or was replaced: use the one that the server printed last, or \
         restart it for a new one",
    )
}

#[cfg(test)]
mod tests;
