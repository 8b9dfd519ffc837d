//! Organizations: created and suspended by operators, edited by their own admins.

use ipnet::IpNet;
use keyward_api::error::ErrorCode;
use keyward_api::operations::{self, Operation};
use keyward_core::change::RecordedProfile;
use keyward_core::credential::MAX_SOURCES;
use keyward_core::id::{OrganizationId, RoleId, UserId};
use keyward_core::name::Name;
use keyward_core::organization::Organization;
use keyward_core::role::Role;
use keyward_core::time::Timestamp;
use keyward_core::user::Membership;
use keyward_store::{CredentialFilter, CredentialState, Page, Tx};

use crate::app::App;
use crate::ops::authority::{self, Authority, admit, door};
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::idempotency;
use crate::ops::profiles;
use crate::ops::receipts::{Done, Outcomes, change, change_deployment, recorded};
use crate::ops::users::{self, Invited};

/// Most profiles that one organization names: each adds kinds to choose from.
pub const MAX_PROFILES: usize = 16;

/// What an edit asks for; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EditRequest {
    /// The new name.
    pub name: Option<Name>,
    /// All profiles that it may use.
    pub profiles: Option<Vec<String>>,
    /// The new list of networks from which alone its credentials may be used.
    pub sources: Option<Vec<IpNet>>,
}

/// Everything that a new organization is made of, prepared outside the job.
#[derive(Clone, Debug)]
pub struct Founding {
    organization: Organization,
    profiles: Vec<RecordedProfile>,
    roles: Vec<Role>,
    super_admin: Option<UserId>,
}

/// A page of the organizations that the caller may know, by id: a member's own, all for an operator.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    name: Option<&str>,
    page: &Page<OrganizationId>,
) -> Result<Vec<Organization>, OpError> {
    admit(ctx, &operations::ORGANIZATIONS_LIST)?;
    let mut reader = app.store.read().await?;
    match &ctx.caller {
        Caller::Session(SignedIn { operator: true, .. }) | Caller::System => {
            Ok(reader.organizations(None, name, page).await?)
        }
        Caller::Session(signed_in) => Ok(reader.organizations(Some(signed_in.user), name, page).await?),
        _ => {
            let id = authority::organization(app, ctx)?;
            let readable = door_read(app, ctx, id).is_ok();
            Ok(if readable { reader.organization(id).await?.into_iter().collect() } else { Vec::new() })
        }
    }
}

/// One organization.
pub async fn get(app: &App, ctx: &Ctx, id: OrganizationId) -> Result<Organization, OpError> {
    admit(ctx, &operations::ORGANIZATIONS_GET)?;
    if !matches!(&ctx.caller, Caller::Session(SignedIn { operator: true, .. }) | Caller::System) {
        if authority::organization(app, &named(ctx, id))? != id {
            return Err(OpError::not_found("organization"));
        }
        let member = matches!(ctx.caller, Caller::Session(_));
        if !member {
            door_read(app, ctx, id).map_err(|_| OpError::not_found("organization"))?;
        }
    }
    app.store.read().await?.organization(id).await?.ok_or_else(|| OpError::not_found("organization"))
}

/// A new organization.
pub struct Founded {
    /// The organization.
    pub organization: Organization,
    /// The invitation of its first super admin, where one is needed; only in the answer that made it.
    pub invited: Option<Invited>,
    /// Whether an idempotency key says that it was made by an earlier request.
    pub replayed: bool,
}

/// Creates an organization with the roles of its profiles, and invites its first super admin; an operator who names
/// themselves is super admin at once.
pub async fn create(
    app: &App,
    ctx: &Ctx,
    name: Name,
    profiles: Vec<String>,
    super_admin: String,
) -> Result<Done<Founded>, OpError> {
    let operation = &operations::ORGANIZATIONS_CREATE;
    recorded(app, ctx, operation, None, async {
        admit(ctx, operation)?;
        let email = users::checked_email(&super_admin)?;
        let own = match &ctx.caller {
            Caller::Session(signed_in) => {
                let user = app.store.read().await?.user(signed_in.user).await?;
                user.filter(|user| user.email == email).map(|user| user.id)
            }
            _ => None,
        };
        let replay = idempotency::of(app, ctx, &format!("{} {name:?} {profiles:?} {email:?}", operation.id));
        let founding = found(app, ctx.at(), name, &profiles, own)?;
        // Sent by the deployment: an operator holds no rights inside the organization, and so could invite nobody.
        let invited = match own {
            Some(_) => None,
            None => Some(users::first_super_admin(app, ctx, founding.id(), email)?),
        };
        let invitation = invited.as_ref().map(|invited| invited.invitation.clone());
        let now = ctx.at();
        let done = change_deployment(app, ctx, operation, async move |tx| {
            if let Some(earlier) = idempotency::replayed::<OrganizationId>(tx, replay.as_ref(), now).await? {
                let organization = tx.organization(earlier).await?.ok_or_else(|| OpError::not_found("organization"))?;
                return Ok(Outcomes::new((organization, true), earlier).detail("replayed", true));
            }
            let organization = founding.carry_out(tx).await?;
            if let Some(invitation) = &invitation {
                tx.put_invitation(invitation).await?;
            }
            let id = organization.id;
            idempotency::keep(tx, replay.as_ref(), id, now).await?;
            let outcome = Outcomes::new((organization.clone(), false), id);
            Ok(outcome.detail("name", organization.name.as_str()))
        })
        .await?;
        let invited = invited.filter(|_| !done.value.1);
        Ok(done.map(|(organization, replayed)| Founded { organization, invited, replayed }))
    })
    .await
}

/// Changes its name or its networks.
pub async fn edit(app: &App, ctx: &Ctx, id: OrganizationId, input: EditRequest) -> Result<Done<Organization>, OpError> {
    let operation = &operations::ORGANIZATIONS_EDIT;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let ctx = &named(ctx, id);
        admit(ctx, operation)?;
        if authority::organization(app, ctx)? != id {
            return Err(OpError::not_found("organization"));
        }
        door(app, ctx, operation, id.into())?;
        if let Some(sources) = &input.sources
            && sources.len() > MAX_SOURCES
        {
            return Err(OpError::field(
                ErrorCode::WrongSources,
                "/sources",
                format!("list at most {MAX_SOURCES} networks"),
            ));
        }
        let arriving = arriving(app, ctx, id, input.profiles.as_deref())?;
        let (now, if_match) = (ctx.at(), ctx.if_match);
        change(app, ctx, operation, id, async move |tx, authority| {
            authority.require(tx, operation.permission.unwrap_or("*"), id.into()).await?;
            if input.profiles.is_some() || input.sources.is_some() {
                authority.require(tx, "settings:edit", id.into()).await?;
            }
            let before = tx.organization(id).await?.ok_or_else(|| OpError::not_found("organization"))?;
            if if_match.is_some_and(|seen| seen != before.updated_at) {
                return Err(OpError::new(
                    ErrorCode::StaleIfMatch,
                    "the organization was changed since you read it: read it again and repeat the change",
                ));
            }
            if let Some(profiles) = &input.profiles {
                let leaving = before.profiles.iter().filter(|p| !profiles.contains(p));
                not_in_use(tx, authority, id, leaving, now).await?;
                arriving.carry_out(tx, id).await?;
            }
            let changed = Organization {
                name: input.name.clone().unwrap_or(before.name),
                profiles: input.profiles.clone().unwrap_or(before.profiles),
                sources: input.sources.as_ref().map_or(before.sources, IpNet::aggregate),
                updated_at: now,
                ..before
            };
            tx.put_organization(&changed).await?;
            Ok(Outcomes::new(changed.clone(), id).detail("name", changed.name.as_str()))
        })
        .await
    })
    .await
}

/// Refuses it everywhere until it is resumed.
pub async fn suspend(app: &App, ctx: &Ctx, id: OrganizationId) -> Result<Done<Organization>, OpError> {
    switch(app, ctx, id, &operations::ORGANIZATIONS_SUSPEND, true).await
}

/// Serves it again.
pub async fn resume(app: &App, ctx: &Ctx, id: OrganizationId) -> Result<Done<Organization>, OpError> {
    switch(app, ctx, id, &operations::ORGANIZATIONS_RESUME, false).await
}

/// Profiles that are new to an organization, with the roles they bring.
#[derive(Clone, Debug, Default)]
struct Arriving {
    profiles: Vec<RecordedProfile>,
    roles: Vec<Role>,
}

impl Arriving {
    async fn carry_out(&self, tx: &mut Tx, organization: OrganizationId) -> Result<(), OpError> {
        for profile in &self.profiles {
            if tx.recorded_profile(&profile.name).await?.is_none() {
                tx.put_profile(profile).await?;
            }
        }
        for role in &self.roles {
            if tx.role_by_name(organization, &role.name).await?.is_none() {
                tx.put_role(role).await?;
            }
        }
        Ok(())
    }
}

/// What an edit of the profiles brings that is not there yet.
fn arriving(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    profiles: Option<&[String]>,
) -> Result<Arriving, OpError> {
    let Some(profiles) = profiles else { return Ok(Arriving::default()) };
    let name = Name::new("arriving").map_err(|e| OpError::new(ErrorCode::Internal, e.to_string()))?;
    let founding = found(app, ctx.at(), name, profiles, None)?;
    let roles = founding.roles.into_iter().map(|role| Role { organization, ..role }).collect();
    Ok(Arriving { profiles: founding.profiles, roles })
}

/// Refuses to take profiles away whose kinds have credentials here.
async fn not_in_use(
    tx: &mut Tx,
    authority: &Authority,
    organization: OrganizationId,
    leaving: impl Iterator<Item = &String>,
    now: Timestamp,
) -> Result<(), OpError> {
    for name in leaving {
        let filter = CredentialFilter {
            kinds: authority.kinds_of(name),
            states: vec![CredentialState::Active, CredentialState::Disabled, CredentialState::Expired],
            ..CredentialFilter::default()
        };
        let count = tx.credential_count(organization, &filter, now).await?;
        if count > 0 && !filter.kinds.is_empty() {
            return Err(OpError::new(
                ErrorCode::ProfileConflict,
                format!(
                    "{count} credentials of the profile `{name}` are not revoked: revoke them before taking it away"
                ),
            ));
        }
    }
    Ok(())
}

/// Prepares a new organization.
pub fn found(
    app: &App,
    now: Timestamp,
    name: Name,
    profiles: &[String],
    super_admin: Option<UserId>,
) -> Result<Founding, OpError> {
    if profiles.is_empty() || profiles.len() > MAX_PROFILES {
        return Err(OpError::field(
            ErrorCode::InvalidValue,
            "/profiles",
            format!("name 1 to {MAX_PROFILES} profiles, such as `keyward`"),
        ));
    }
    let mut entropy = app.entropy();
    let id = OrganizationId::new(now, &mut entropy);
    let mut founding = Founding {
        organization: Organization {
            id,
            name,
            profiles: profiles.to_vec(),
            sources: Vec::new(),
            suspended_at: None,
            created_at: now,
            updated_at: now,
        },
        profiles: Vec::new(),
        roles: Vec::new(),
        super_admin,
    };
    for (place, name) in profiles.iter().enumerate() {
        let (recorded, profile) = profiles::available(app, name).ok_or_else(|| {
            let message = format!("there is no profile `{name}`");
            OpError::field(ErrorCode::UnknownProfile, &format!("/profiles/{place}"), message)
        })?;
        founding.profiles.extend(recorded);
        for template in &profile.roles {
            let role_name = profiles::role_name(&template.title, &profile.name, |wanted| {
                founding.roles.iter().any(|role| role.name.folded() == wanted.folded())
            })?;
            founding.roles.push(Role {
                id: RoleId::new(now, &mut entropy),
                organization: id,
                name: role_name,
                patterns: template.patterns.clone(),
                template: Some(format!("{name}/{}", template.name)),
                created_at: now,
                updated_at: now,
            });
        }
    }
    Ok(founding)
}

impl Founding {
    /// Which organization it will be.
    pub const fn id(&self) -> OrganizationId {
        self.organization.id
    }

    /// Writes everything.
    pub async fn carry_out(&self, tx: &mut Tx) -> Result<Organization, OpError> {
        for profile in &self.profiles {
            if tx.recorded_profile(&profile.name).await?.is_none() {
                tx.put_profile(profile).await?;
            }
        }
        tx.put_organization(&self.organization).await?;
        for role in &self.roles {
            tx.put_role(role).await?;
        }
        if let Some(user) = self.super_admin {
            tx.put_membership(&Membership {
                organization: self.organization.id,
                user,
                super_admin: true,
                suspended_at: None,
                created_at: self.organization.created_at,
                updated_at: self.organization.created_at,
            })
            .await?;
        }
        Ok(self.organization.clone())
    }
}

async fn switch(
    app: &App,
    ctx: &Ctx,
    id: OrganizationId,
    operation: &'static Operation,
    suspend: bool,
) -> Result<Done<Organization>, OpError> {
    recorded(app, ctx, operation, Some(id.to_string()), async {
        admit(ctx, operation)?;
        let now = ctx.at();
        change_deployment(app, ctx, operation, async move |tx| {
            let before = tx.organization(id).await?.ok_or_else(|| OpError::not_found("organization"))?;
            if before.suspended_at.is_some() == suspend {
                let word = if suspend { "suspended" } else { "active" };
                return Err(OpError::new(ErrorCode::WrongState, format!("the organization is {word} already")));
            }
            let changed = Organization { suspended_at: suspend.then_some(now), updated_at: now, ..before };
            tx.put_organization(&changed).await?;
            Ok(Outcomes::new(changed, id))
        })
        .await
    })
    .await
}

fn door_read(app: &App, ctx: &Ctx, id: OrganizationId) -> Result<(), OpError> {
    door(app, ctx, &operations::ORGANIZATIONS_GET, id.into())
}

/// The request as one about this organization: the path names it as well as the header would.
fn named(ctx: &Ctx, id: OrganizationId) -> Ctx {
    Ctx { organization: Some(id), ..ctx.clone() }
}
