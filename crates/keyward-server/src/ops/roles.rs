//! Roles: named sets of permission patterns.

use std::collections::BTreeSet;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::id::{OrganizationId, RoleId};
use keyward_core::law::{self, Exceeds};
use keyward_core::manage;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::{Pattern, PatternSet};
use keyward_core::role::{
    Holder, MAX_PATTERNS_PER_ROLE, MAX_PERMISSIONS_PER_ORGANIZATION, MAX_ROLES_PER_ORGANIZATION, Role,
};
use keyward_store::{Page, Reader, StoreError};

use crate::app::App;
use crate::ops::authority::{self, Authority, door};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change, recorded};

pub use keyward_store::RoleUse;

/// What an edit asks for; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EditRequest {
    /// The new name.
    pub name: Option<Name>,
    /// The new patterns.
    pub patterns: Option<PatternSet>,
}

/// A page of the organization's roles; an empty one for callers who may not see them.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    name: Option<&str>,
    page: &Page<(String, RoleId)>,
) -> Result<Vec<Role>, OpError> {
    authority::admit(ctx, &operations::ROLES_LIST)?;
    let organization = authority::organization(app, ctx)?;
    let sees = authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(manage::holds(facts, giver, organization.into(), "roles:read").is_ok())
    })?;
    if !sees {
        return Ok(Vec::new());
    }
    Ok(app.store.read().await?.roles(organization, name, page).await?)
}

/// One role.
pub async fn get(app: &App, ctx: &Ctx, id: RoleId) -> Result<Role, OpError> {
    let organization = authority::organization(app, ctx)?;
    door(app, ctx, &operations::ROLES_GET, organization.into())?;
    must_exist(&mut app.store.read().await?, organization, id).await
}

/// The role with this id or name, if there is one.
pub async fn find(app: &App, ctx: &Ctx, text: &str) -> Result<Option<Role>, OpError> {
    let organization = authority::organization(app, ctx)?;
    door(app, ctx, &operations::ROLES_GET, organization.into())?;
    Ok(named(&mut app.store.read().await?, organization, text).await?)
}

/// How many users and credentials an edit of the role would change.
pub async fn preview(app: &App, ctx: &Ctx, id: RoleId) -> Result<(Role, RoleUse), OpError> {
    let organization = authority::organization(app, ctx)?;
    door(app, ctx, &operations::ROLES_PREVIEW, organization.into())?;
    let mut reader = app.store.read().await?;
    let role = must_exist(&mut reader, organization, id).await?;
    let used = reader.role_use(organization, id).await?;
    Ok((role, used))
}

/// Whether the caller may grant these patterns at a namespace of the request's organization now: for what is offered,
/// not for what is done.
pub fn may_grant(app: &App, ctx: &Ctx, at: NamespaceId, patterns: &PatternSet) -> bool {
    authority::organization(app, ctx)
        .and_then(|organization| {
            authority::with_giver(app, ctx, organization, |facts, giver| {
                Ok(law::may_grant(facts, giver, at, patterns)?)
            })
        })
        .is_ok()
}

/// Creates a role of at most the creator's own rights at the organization.
pub async fn create(app: &App, ctx: &Ctx, name: Name, patterns: PatternSet) -> Result<Done<Role>, OpError> {
    let operation = &operations::ROLES_CREATE;
    recorded(app, ctx, operation, None, async {
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        let patterns = checked(patterns)?;
        let role = Role {
            id: RoleId::new(ctx.at(), &mut app.entropy()),
            organization,
            name,
            patterns,
            template: None,
            created_at: ctx.at(),
            updated_at: ctx.at(),
        };
        change(app, ctx, operation, organization, async move |tx, authority| {
            let at = NamespaceId::from(organization);
            authority.require(tx, "roles:create", at).await?;
            if tx.role_count(organization).await? >= MAX_ROLES_PER_ORGANIZATION as u64 {
                return Err(OpError::new(
                    ErrorCode::LimitReached,
                    format!("the limit of {MAX_ROLES_PER_ORGANIZATION} roles is reached: delete one that is not used"),
                ));
            }
            law::may_grant(&authority.rows, &authority.giver(), at, &role.patterns).map_err(too_much)?;
            within_limit(tx, &role).await?;
            tx.put_role(&role).await.map_err(|e| OpError::name_taken(e, &role.name))?;
            Ok(Outcomes::new(role.clone(), role.id)
                .detail("name", role.name.as_str())
                .detail("patterns", texts(&role.patterns)))
        })
        .await
    })
    .await
}

/// Changes a role for all its holders at once: nobody may widen it beyond their own rights wherever it is held.
pub async fn edit(app: &App, ctx: &Ctx, id: RoleId, input: EditRequest) -> Result<Done<Role>, OpError> {
    let operation = &operations::ROLES_EDIT;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        let patterns = input.patterns.map(checked).transpose()?;
        let (name, now, if_match) = (input.name, ctx.at(), ctx.if_match);
        change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, "roles:edit", organization.into()).await?;
            let role = must_exist(tx, organization, id).await?;
            if if_match.is_some_and(|seen| seen != role.updated_at) {
                return Err(OpError::new(
                    ErrorCode::StaleIfMatch,
                    "the role was changed since you read it: read it again and repeat the change",
                ));
            }
            writable(&role)?;
            let changed = Role {
                name: name.clone().unwrap_or_else(|| role.name.clone()),
                patterns: patterns.clone().unwrap_or_else(|| role.patterns.clone()),
                updated_at: now,
                ..role.clone()
            };
            may_edit(tx, authority, &role.patterns, &changed).await?;
            within_limit(tx, &changed).await?;
            tx.put_role(&changed).await.map_err(|e| OpError::name_taken(e, &changed.name))?;
            let used = tx.role_use(organization, id).await?;
            Ok(Outcomes::new(changed.clone(), id)
                .detail("name", changed.name.as_str())
                .detail("before", texts(&role.patterns))
                .detail("patterns", texts(&changed.patterns))
                .detail("users", used.users)
                .detail("credentials", used.credentials))
        })
        .await
    })
    .await
}

/// Deletes a role that nobody holds.
pub async fn delete(app: &App, ctx: &Ctx, id: RoleId) -> Result<Done<()>, OpError> {
    let operation = &operations::ROLES_DELETE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        door(app, ctx, operation, organization.into())?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, "roles:delete", organization.into()).await?;
            let role = must_exist(tx, organization, id).await?;
            writable(&role)?;
            let used = tx.role_use(organization, id).await?;
            if !used.is_none() {
                return Err(OpError::new(
                    ErrorCode::RoleInUse,
                    format!(
                        "the role is held by {} users, {} groups and {} credentials: take it from them first",
                        used.users, used.groups, used.credentials
                    ),
                ));
            }
            tx.remove_role(organization, id).await?;
            Ok(Outcomes::new((), id).detail("name", role.name.as_str()))
        })
        .await
    })
    .await
}

/// The role with this id or name.
pub async fn named(reader: &mut Reader, organization: OrganizationId, text: &str) -> Result<Option<Role>, StoreError> {
    if let Ok(id) = text.parse() {
        return reader.role(organization, id).await;
    }
    match Name::new(text) {
        Ok(name) => reader.role_by_name(organization, &name).await,
        Err(_) => Ok(None),
    }
}

/// The role, which must exist.
pub async fn must_exist(reader: &mut Reader, organization: OrganizationId, id: RoleId) -> Result<Role, OpError> {
    reader.role(organization, id).await?.ok_or_else(|| OpError::not_found("role"))
}

/// Patterns as the audit log keeps them.
pub fn texts(patterns: &PatternSet) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

async fn may_edit(
    tx: &mut Reader,
    authority: &mut Authority,
    before: &PatternSet,
    changed: &Role,
) -> Result<(), OpError> {
    if changed.patterns.within(before) {
        return Ok(());
    }
    let organization = changed.organization;
    law::may_grant(&authority.rows, &authority.giver(), organization.into(), &changed.patterns).map_err(too_much)?;
    let widens_to_all = changed.patterns.contains(&Pattern::All) && !before.contains(&Pattern::All);
    for grant in tx.grants_of_role(organization, changed.id).await? {
        if widens_to_all && matches!(grant.holder, Holder::Credential(_)) && grant.namespace == organization.into() {
            // It makes a credential able to do everything.
            authority.fresh()?;
        }
        tx.load_namespace(&mut authority.rows, grant.namespace).await?;
        law::may_grant(&authority.rows, &authority.giver(), grant.namespace, &changed.patterns).map_err(too_much)?;
    }
    Ok(())
}

/// Whether the roles of the organization name no more distinct permissions with this one than there may be.
async fn within_limit(tx: &mut Reader, role: &Role) -> Result<(), OpError> {
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let others = tx.roles(role.organization, None, &every).await?;
    let named: BTreeSet<&Pattern> = others
        .iter()
        .filter(|other| other.id != role.id)
        .flat_map(|other| other.patterns.iter())
        .chain(role.patterns.iter())
        .collect();
    if named.len() > MAX_PERMISSIONS_PER_ORGANIZATION {
        return Err(OpError::new(
            ErrorCode::LimitReached,
            format!(
                "the roles of the organization would name {} permissions, more than {MAX_PERMISSIONS_PER_ORGANIZATION}: use patterns such as `resource:*`",
                named.len()
            ),
        ));
    }
    Ok(())
}

fn writable(role: &Role) -> Result<(), OpError> {
    match &role.template {
        Some(template) => Err(OpError::new(
            ErrorCode::TemplateRoleReadOnly,
            format!("this role comes from the profile (`{template}`) and cannot be changed: create one of your own"),
        )),
        None => Ok(()),
    }
}

/// A role of more than its maker holds: what is wrong is its patterns.
fn too_much(exceeds: Exceeds) -> OpError {
    let error = OpError::from(exceeds);
    OpError::field(error.code, "/patterns", error.detail)
}

fn checked(patterns: PatternSet) -> Result<PatternSet, OpError> {
    match patterns.len() {
        0 => Err(OpError::field(ErrorCode::InvalidValue, "/patterns", "a role needs at least one permission pattern")),
        n if n > MAX_PATTERNS_PER_ROLE => Err(OpError::field(
            ErrorCode::InvalidValue,
            "/patterns",
            format!("{n} patterns are too many: at most {MAX_PATTERNS_PER_ROLE}"),
        )),
        _ => Ok(patterns),
    }
}
