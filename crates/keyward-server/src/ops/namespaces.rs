//! Applications, workspaces and user groups: the places where rights are granted.

use std::collections::{BTreeMap, BTreeSet};

use keyward_api::error::ErrorCode;
use keyward_api::operations::{self, Operation};
use keyward_core::credential::RevokeReason;
use keyward_core::entropy::Entropy as _;
use keyward_core::id::{ApplicationId, CredentialId, OrganizationId, UserGroupId, UserId, WorkspaceId};
use keyward_core::law;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::permission::PatternSet;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;
use keyward_core::user::{GroupMember, User};
use keyward_store::{NamespaceFilter, Page, Reader};

use crate::app::App;
use crate::ops::authority::{self, door};
use crate::ops::context::Ctx;
use crate::ops::credentials::revoke_in;
use crate::ops::error::OpError;
use crate::ops::names::{self, Place};
use crate::ops::receipts::{Done, Outcomes, change, recorded};
use crate::ops::visibility;

/// The four operations on one kind of namespace.
struct Operations {
    get: &'static Operation,
    list: &'static Operation,
    create: &'static Operation,
    edit: &'static Operation,
    delete: &'static Operation,
    what: &'static str,
}

/// Creates an application in the organization.
pub async fn create_application(app: &App, ctx: &Ctx, name: Name) -> Result<Done<Namespace>, OpError> {
    create(app, ctx, NamespaceKind::Application, None, name).await
}

/// Creates a workspace in an application.
pub async fn create_workspace(
    app: &App,
    ctx: &Ctx,
    application: ApplicationId,
    name: Name,
) -> Result<Done<Namespace>, OpError> {
    create(app, ctx, NamespaceKind::Workspace, Some(application), name).await
}

/// Creates a user group in an application, or in the organization.
pub async fn create_user_group(
    app: &App,
    ctx: &Ctx,
    application: Option<ApplicationId>,
    name: Name,
) -> Result<Done<Namespace>, OpError> {
    create(app, ctx, NamespaceKind::UserGroup, application, name).await
}

/// One of them, if it is within reach.
pub async fn get(app: &App, ctx: &Ctx, id: NamespaceId) -> Result<Namespace, OpError> {
    let organization = authority::organization(app, ctx)?;
    hide_unknown(app, organization, id)?;
    door(app, ctx, of(id.kind()).get, id).map_err(|e| hide_denied(e, id))?;
    let mut reader = app.store.read().await?;
    reader.namespace(organization, id).await?.ok_or_else(|| OpError::not_found(of(id.kind()).what))
}

/// Those within reach, a page of them. No reach is an empty list.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    mut filter: NamespaceFilter,
    page: &Page<(String, NamespaceId)>,
) -> Result<Vec<Namespace>, OpError> {
    let kind = filter.kind.unwrap_or(NamespaceKind::Application);
    authority::admit(ctx, of(kind).list)?;
    let organization = authority::organization(app, ctx)?;
    filter.visible =
        authority::with_giver(app, ctx, organization, |facts, giver| Ok(visibility::of_namespaces(facts, giver)))?;
    let mut reader = app.store.read().await?;
    Ok(reader.namespaces(organization, &filter, page).await?)
}

/// One of them by its name, if it is within reach; also the organization itself.
pub async fn place(app: &App, ctx: &Ctx, id: NamespaceId) -> Result<Place, OpError> {
    if let NamespaceId::Organization(organization) = id {
        // Operators may read every organization; here it is a place of the one that the request is about.
        if authority::organization(app, ctx)? != organization {
            return Err(OpError::not_found("namespace"));
        }
        let record = crate::ops::organizations::get(app, ctx, organization).await?;
        return Ok(Place { id, name: record.name, application: None });
    }
    let found = get(app, ctx, id).await?;
    let mut places = places(app, ctx, vec![found]).await?;
    places.pop().ok_or_else(|| OpError::not_found("namespace"))
}

/// These, which the caller has seen, with the names of the applications that they belong to.
pub async fn places(app: &App, ctx: &Ctx, found: Vec<Namespace>) -> Result<Vec<Place>, OpError> {
    let organization = authority::organization(app, ctx)?;
    let mut reader = app.store.read().await?;
    Ok(names::placed(&mut reader, organization, found).await?)
}

/// How many credentials live in each of these: of those whose credentials the caller may see, and which have any.
pub async fn credential_counts(
    app: &App,
    ctx: &Ctx,
    ids: &[NamespaceId],
) -> Result<BTreeMap<NamespaceId, u64>, OpError> {
    let organization = authority::organization(app, ctx)?;
    let seen: Vec<NamespaceId> =
        ids.iter().copied().filter(|id| authority::may(app, ctx, "credentials:read", *id)).collect();
    let mut reader = app.store.read().await?;
    Ok(reader.credential_counts(organization, &seen).await?.into_iter().collect())
}

/// Renames one.
pub async fn edit(app: &App, ctx: &Ctx, id: NamespaceId, name: Option<Name>) -> Result<Done<Namespace>, OpError> {
    let operation = of(id.kind()).edit;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        must_be_seen(app, ctx, organization, id)?;
        door(app, ctx, operation, id)?;
        let (now, if_match) = (ctx.at(), ctx.if_match);
        change(app, ctx, operation, organization, async move |tx, authority| {
            let found = must_exist_as(tx, organization, id).await?;
            authority.require(tx, operation.permission.unwrap_or("*"), id).await?;
            if if_match.is_some_and(|seen| seen != found.updated_at) {
                return Err(OpError::new(
                    ErrorCode::StaleIfMatch,
                    "it was changed since you read it: read it again and repeat the change",
                ));
            }
            let name = name.clone().unwrap_or_else(|| found.name.clone());
            let changed = Namespace { name, updated_at: now, ..found };
            tx.put_namespace(&changed).await.map_err(|e| OpError::name_taken(e, &changed.name))?;
            Ok(Outcomes::new(changed.clone(), id).detail("name", changed.name.as_str()))
        })
        .await
    })
    .await
}

/// What a deletion would end, besides the namespace itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How many credentials would be revoked.
    pub credentials: u64,
    /// How many namespaces below it would go too.
    pub namespaces: u64,
}

/// What deleting one would end.
pub async fn ending(app: &App, ctx: &Ctx, id: NamespaceId) -> Result<Ending, OpError> {
    let organization = authority::organization(app, ctx)?;
    must_be_seen(app, ctx, organization, id)?;
    door(app, ctx, of(id.kind()).delete, id)?;
    let mut reader = app.store.read().await?;
    must_exist_as(&mut reader, organization, id).await?;
    let mut doomed = below(&mut reader, organization, id).await?;
    let namespaces = doomed.len() as u64;
    doomed.push(id);
    let mut credentials = 0;
    for some in doomed.chunks(1_000) {
        credentials += reader.credential_counts(organization, some).await?.iter().map(|(_, count)| count).sum::<u64>();
    }
    Ok(Ending { credentials, namespaces })
}

/// Deletes one. While something is in it, its name must be given as confirmation; then its credentials are revoked in
/// the same commit, and what stands below it goes too. People need a fresh sign-in.
pub async fn delete(
    app: &App,
    ctx: &Ctx,
    id: NamespaceId,
    confirm: Option<String>,
) -> Result<Done<Vec<CredentialId>>, OpError> {
    let operation = of(id.kind()).delete;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        must_be_seen(app, ctx, organization, id)?;
        door(app, ctx, operation, id)?;
        authority::fresh(ctx)?;
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            let found = must_exist_as(tx, organization, id).await?;
            authority.require(tx, operation.permission.unwrap_or("*"), id).await?;
            let mut doomed = below(tx, organization, id).await?;
            doomed.push(id);
            let mut living = Vec::new();
            for namespace in &doomed {
                living.extend(tx.credentials_living_in(organization, *namespace).await?);
            }
            let empty = living.is_empty() && doomed.len() == 1;
            if !empty && confirm.as_deref().map(str::trim) != Some(found.name.as_str()) {
                return Err(OpError::new(
                    ErrorCode::NamespaceNotEmpty,
                    format!(
                        "{} credentials and {} namespaces live in `{}`: repeat with its name in `confirm` to revoke and delete them",
                        living.len(),
                        doomed.len() - 1,
                        found.name
                    ),
                ));
            }
            for credential in &living {
                revoke_in(tx, organization, *credential, RevokeReason::NamespaceDeleted, now).await?;
            }
            for namespace in &doomed {
                tx.remove_namespace(organization, *namespace).await?;
            }
            let revoked = living.len();
            Ok(Outcomes::new(living, id).detail("name", found.name.as_str()).detail("revoked", revoked))
        })
        .await
    })
    .await
}

/// The members of a user group.
pub async fn members(
    app: &App,
    ctx: &Ctx,
    group: UserGroupId,
    page: &Page<(String, UserId)>,
) -> Result<Vec<User>, OpError> {
    let organization = authority::organization(app, ctx)?;
    hide_unknown(app, organization, group.into())?;
    door(app, ctx, &operations::USERGROUPS_MEMBERS_LIST, group.into()).map_err(|e| hide_denied(e, group.into()))?;
    let mut reader = app.store.read().await?;
    Ok(reader.group_members(organization, group, page).await?)
}

/// Which of these users are in a group already.
pub async fn members_among(
    app: &App,
    ctx: &Ctx,
    group: UserGroupId,
    users: &[UserId],
) -> Result<BTreeSet<UserId>, OpError> {
    let organization = authority::organization(app, ctx)?;
    must_be_seen(app, ctx, organization, group.into())?;
    let mut reader = app.store.read().await?;
    let found = reader.several_group_members(organization, users).await?;
    Ok(found.into_iter().filter(|member| member.group == group).map(|member| member.user).collect())
}

/// Puts a user into a group: gives them every grant that the group holds.
pub async fn add_member(app: &App, ctx: &Ctx, group: UserGroupId, user: UserId) -> Result<Done<()>, OpError> {
    let operation = &operations::USERGROUPS_MEMBERS_ADD;
    recorded(app, ctx, operation, Some(group.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        must_be_seen(app, ctx, organization, group.into())?;
        door(app, ctx, operation, group.into())?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            must_exist_as(tx, organization, group.into()).await?;
            authority.require(tx, operation.permission.unwrap_or("*"), group.into()).await?;
            if tx.membership(organization, user).await?.is_none() {
                let message = format!("`{user}` is not a member of the organization");
                return Err(OpError::field(ErrorCode::UnknownUser, "/user", message));
            }
            for (namespace, patterns) in group_grants(tx, organization, group).await? {
                tx.load_namespace(&mut authority.rows, namespace).await?;
                law::may_grant(&authority.rows, &authority.giver(), namespace, &patterns)?;
            }
            tx.put_group_member(&GroupMember { organization, group, user }).await?;
            Ok(Outcomes::new((), group).detail("user", user.to_string()))
        })
        .await
    })
    .await
}

/// Takes a user out of a group.
pub async fn remove_member(app: &App, ctx: &Ctx, group: UserGroupId, user: UserId) -> Result<Done<()>, OpError> {
    let operation = &operations::USERGROUPS_MEMBERS_REMOVE;
    recorded(app, ctx, operation, Some(group.to_string()), async {
        let organization = authority::organization(app, ctx)?;
        must_be_seen(app, ctx, organization, group.into())?;
        door(app, ctx, operation, group.into())?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            must_exist_as(tx, organization, group.into()).await?;
            authority.require(tx, operation.permission.unwrap_or("*"), group.into()).await?;
            tx.remove_group_member(&GroupMember { organization, group, user }).await?;
            Ok(Outcomes::new((), group).detail("user", user.to_string()))
        })
        .await
    })
    .await
}

/// What stands directly below a namespace that can be deleted: nothing stands deeper.
async fn below(
    reader: &mut Reader,
    organization: OrganizationId,
    id: NamespaceId,
) -> Result<Vec<NamespaceId>, OpError> {
    let filter = NamespaceFilter { parent: Some(id), ..NamespaceFilter::default() };
    let mut page = Page::first(1_000);
    let mut found = Vec::new();
    loop {
        let some = reader.namespaces(organization, &filter, &page).await?;
        let Some(last) = some.last() else { return Ok(found) };
        page.after = Some((last.name.folded(), last.id));
        found.extend(some.iter().map(|namespace| namespace.id));
    }
}

/// Refuses, at the door, a field that names a namespace which the organization does not have.
pub fn must_be_known(app: &App, organization: OrganizationId, id: NamespaceId, pointer: &str) -> Result<(), OpError> {
    hide_unknown(app, organization, id)
        .map_err(|_| OpError::field(ErrorCode::UnknownNamespace, pointer, format!("there is no namespace `{id}`")))
}

/// Refuses a namespace that the organization does not have.
pub async fn must_exist(reader: &mut Reader, organization: OrganizationId, id: NamespaceId) -> Result<(), OpError> {
    if id == organization.into() {
        return Ok(());
    }
    must_exist_as(reader, organization, id).await.map(|_| ())
}

async fn create(
    app: &App,
    ctx: &Ctx,
    kind: NamespaceKind,
    application: Option<ApplicationId>,
    name: Name,
) -> Result<Done<Namespace>, OpError> {
    let operation = of(kind).create;
    recorded(app, ctx, operation, None, async {
        let organization = authority::organization(app, ctx)?;
        let parent = application.map_or_else(|| organization.into(), NamespaceId::from);
        must_be_known(app, organization, parent, "/app")?;
        door(app, ctx, operation, parent)?;
        let now = ctx.at();
        let created = Namespace {
            id: new_id(app, kind, now)?,
            organization,
            parent,
            name,
            site_key: (kind == NamespaceKind::Application).then(|| site_key(app)),
            created_at: now,
            updated_at: now,
        };
        change(app, ctx, operation, organization, async move |tx, authority| {
            must_exist(tx, organization, parent).await?;
            authority.require(tx, operation.permission.unwrap_or("*"), parent).await?;
            tx.put_namespace(&created).await.map_err(|e| OpError::name_taken(e, &created.name))?;
            Ok(Outcomes::new(created.clone(), created.id).detail("name", created.name.as_str()))
        })
        .await
    })
    .await
}

fn new_id(app: &App, kind: NamespaceKind, now: Timestamp) -> Result<NamespaceId, OpError> {
    let mut entropy = app.entropy();
    Ok(match kind {
        NamespaceKind::Application => ApplicationId::new(now, &mut entropy).into(),
        NamespaceKind::Workspace => WorkspaceId::new(now, &mut entropy).into(),
        NamespaceKind::UserGroup => UserGroupId::new(now, &mut entropy).into(),
        NamespaceKind::Organization => return Err(OpError::not_found("namespace")),
    })
}

/// A public site key: `3_` and 64 base64url characters (G24).
fn site_key(app: &App) -> String {
    use base64::Engine as _;
    let mut random = [0_u8; 48];
    app.entropy().fill(&mut random);
    format!("3_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random))
}

/// What the caller may not know of, and what does not exist, is never told apart.
fn hide_unknown(app: &App, organization: OrganizationId, id: NamespaceId) -> Result<(), OpError> {
    let index = app.index.snapshot();
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    if keyward_core::rights::exists(&world, id) { Ok(()) } else { Err(OpError::not_found(of(id.kind()).what)) }
}

/// The same before something is changed: who may not read it learns no more from being refused.
fn must_be_seen(app: &App, ctx: &Ctx, organization: OrganizationId, id: NamespaceId) -> Result<(), OpError> {
    hide_unknown(app, organization, id)?;
    door(app, ctx, of(id.kind()).get, id).map_err(|e| hide_denied(e, id))
}

fn hide_denied(error: OpError, id: NamespaceId) -> OpError {
    if error.code == ErrorCode::PermissionDenied { OpError::not_found(of(id.kind()).what) } else { error }
}

async fn must_exist_as(
    reader: &mut Reader,
    organization: OrganizationId,
    id: NamespaceId,
) -> Result<Namespace, OpError> {
    reader.namespace(organization, id).await?.ok_or_else(|| OpError::not_found(of(id.kind()).what))
}

async fn group_grants(
    reader: &mut Reader,
    organization: OrganizationId,
    group: UserGroupId,
) -> Result<Vec<(NamespaceId, PatternSet)>, OpError> {
    let mut held = Vec::new();
    for grant in reader.grants_of(organization, Holder::UserGroup(group)).await? {
        if let Some(role) = reader.role(organization, grant.role).await? {
            held.push((grant.namespace, role.patterns));
        }
    }
    Ok(held)
}

const fn of(kind: NamespaceKind) -> &'static Operations {
    match kind {
        NamespaceKind::Organization | NamespaceKind::Application => &Operations {
            get: &operations::APPS_GET,
            list: &operations::APPS_LIST,
            create: &operations::APPS_CREATE,
            edit: &operations::APPS_EDIT,
            delete: &operations::APPS_DELETE,
            what: "application",
        },
        NamespaceKind::Workspace => &Operations {
            get: &operations::WORKSPACES_GET,
            list: &operations::WORKSPACES_LIST,
            create: &operations::WORKSPACES_CREATE,
            edit: &operations::WORKSPACES_EDIT,
            delete: &operations::WORKSPACES_DELETE,
            what: "workspace",
        },
        NamespaceKind::UserGroup => &Operations {
            get: &operations::USERGROUPS_GET,
            list: &operations::USERGROUPS_LIST,
            create: &operations::USERGROUPS_CREATE,
            edit: &operations::USERGROUPS_EDIT,
            delete: &operations::USERGROUPS_DELETE,
            what: "user group",
        },
    }
}

#[cfg(test)]
mod tests;
