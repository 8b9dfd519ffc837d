//! Grants: roles held at namespaces by users, user groups and credentials.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::id::{GrantId, OrganizationId, RoleId};
use keyward_core::kind::{Authority as Source, Field};
use keyward_core::law;
use keyward_core::manage::Act;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Grant, Holder, MAX_ROLES_PER_ORGANIZATION, Role};
use keyward_store::{GrantFilter, Page, Reader, StoreError, Visible};

use crate::app::App;
use crate::ops::authority::{self, Authority, door};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::names::{self, Called, Place};
use crate::ops::receipts::{Done, Outcomes, change, recorded};
use crate::ops::visibility;

/// A page of the grants that the caller may see.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    mut filter: GrantFilter,
    page: &Page<GrantId>,
) -> Result<Vec<(Grant, Option<Name>)>, OpError> {
    authority::admit(ctx, &operations::GRANTS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    filter.visible = vec![seen(app, ctx, organization)?];
    let mut reader = app.store.read().await?;
    let mut shown = Vec::new();
    for grant in reader.grants(organization, &filter, page).await? {
        let role = reader.role(organization, grant.role).await?;
        shown.push((grant, role.map(|r| r.name)));
    }
    Ok(shown)
}

/// A grant as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The record.
    pub grant: Grant,
    /// What the role is called.
    pub role: Name,
    /// Who holds it.
    pub holder: Called,
    /// Where.
    pub place: Place,
}

/// The same as [`list`], as people read it. Who may see a grant may know who holds it.
pub async fn described(
    app: &App,
    ctx: &Ctx,
    mut filter: GrantFilter,
    page: &Page<GrantId>,
) -> Result<Vec<Described>, OpError> {
    authority::admit(ctx, &operations::GRANTS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    filter.visible = vec![seen(app, ctx, organization)?];
    let mut reader = app.store.read().await?;
    let grants = reader.grants(organization, &filter, page).await?;
    Ok(describe(&mut reader, organization, grants).await?)
}

/// One grant, as people read it.
pub async fn get(app: &App, ctx: &Ctx, id: GrantId) -> Result<Described, OpError> {
    authority::admit(ctx, &operations::GRANTS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    let mut reader = app.store.read().await?;
    let found = reader.grant(organization, id).await?;
    let found = found.filter(|grant| authority::may(app, ctx, "grants:read", grant.namespace));
    let mut described = describe(&mut reader, organization, found.into_iter().collect()).await?;
    described.pop().ok_or_else(|| OpError::not_found("grant"))
}

/// Whether the caller may give roles anywhere: for what is offered, not for what is done.
pub fn offered(app: &App, ctx: &Ctx) -> bool {
    let places = authority::organization(app, ctx).and_then(|organization| {
        authority::with_giver(app, ctx, organization, |facts, giver| {
            Ok(visibility::of_administration(facts, giver, operations::GRANTS_CREATE.permission.unwrap_or("*")))
        })
    });
    places.is_ok_and(|places| !matches!(places, Visible::Some { ids, .. } if ids.is_empty()))
}

/// The namespaces whose grants the caller may see.
pub(super) fn seen(app: &App, ctx: &Ctx, organization: OrganizationId) -> Result<Visible, OpError> {
    authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(visibility::of_administration(facts, giver, "grants:read"))
    })
}

/// Grants with the names of what they are about; those whose role or place is gone give nothing, and are left out.
pub(super) async fn describe(
    reader: &mut Reader,
    organization: OrganizationId,
    grants: Vec<Grant>,
) -> Result<Vec<Described>, StoreError> {
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let roles = reader.roles(organization, None, &every).await?;
    let places = names::places(reader, organization, grants.iter().map(|grant| grant.namespace)).await?;
    let holders = names::holders(reader, organization, grants.iter().map(|grant| grant.holder)).await?;
    let describe = |grant: Grant| {
        let role = roles.iter().find(|role| role.id == grant.role)?.name.clone();
        let place = places.get(&grant.namespace)?.clone();
        let holder = holders.get(&grant.holder).cloned().unwrap_or(Called::Gone(grant.holder));
        Some(Described { grant, role, holder, place })
    };
    Ok(grants.into_iter().filter_map(describe).collect())
}

/// Gives a role at a namespace: at most what the caller holds there.
pub async fn create(
    app: &App,
    ctx: &Ctx,
    holder: Holder,
    role: String,
    namespace: Option<NamespaceId>,
) -> Result<Done<(Grant, Name)>, OpError> {
    let operation = &operations::GRANTS_CREATE;
    recorded(app, ctx, operation, Some(holder.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        let namespace = namespace.unwrap_or_else(|| organization.into());
        crate::ops::namespaces::must_be_known(app, organization, namespace, "/namespace")?;
        door(app, ctx, operation, namespace)?;
        let id = GrantId::new(ctx.at(), &mut app.entropy());
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            crate::ops::namespaces::must_exist(tx, organization, namespace).await.map_err(|_| {
                let message = format!("there is no namespace `{namespace}`");
                OpError::field(ErrorCode::UnknownNamespace, "/namespace", message)
            })?;
            authority.require(tx, "grants:create", namespace).await?;
            let role = crate::ops::roles::named(tx, organization, &role)
                .await?
                .ok_or_else(|| OpError::field(ErrorCode::UnknownRole, "/role", format!("there is no role `{role}`")))?;
            may_hold(tx, authority, holder).await?;
            law::may_grant(&authority.rows, &authority.giver(), namespace, &role.patterns)?;
            one_a_place(tx, authority, holder, namespace, role.id).await?;
            fresh_if_unlimited(tx, authority, holder, namespace, &role).await?;
            let grant = Grant { id, organization, holder, role: role.id, namespace, created_at: now };
            tx.put_grant(&grant).await.map_err(held_already)?;
            Ok(Outcomes::new((grant, role.name.clone()), id)
                .detail("holder", holder.to_string())
                .detail("role", role.name.as_str())
                .detail("namespace", namespace.to_string()))
        })
        .await
    })
    .await
}

/// Takes a grant back.
pub async fn delete(app: &App, ctx: &Ctx, id: GrantId) -> Result<Done<()>, OpError> {
    let operation = &operations::GRANTS_DELETE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        let found = app.store.read().await?.grant(organization, id).await?;
        let found = found.ok_or_else(|| OpError::not_found("grant"))?;
        door(app, ctx, operation, found.namespace)?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            let grant = tx.grant(organization, id).await?.ok_or_else(|| OpError::not_found("grant"))?;
            authority.require(tx, "grants:delete", grant.namespace).await?;
            if let Holder::User(user) = grant.holder {
                crate::ops::users::may_touch(tx, authority, user).await?;
            }
            may_hold(tx, authority, grant.holder).await?;
            tx.remove_grant(&grant).await?;
            Ok(Outcomes::new((), id)
                .detail("holder", grant.holder.to_string())
                .detail("namespace", grant.namespace.to_string()))
        })
        .await
    })
    .await
}

/// Whether the holder exists and its grants may be changed by a grant operation.
async fn may_hold(tx: &mut Reader, authority: &mut Authority, holder: Holder) -> Result<(), OpError> {
    use keyward_core::rights::Facts as _;
    let organization = authority.rows.organization();
    match holder {
        Holder::User(user) => match tx.membership(organization, user).await? {
            Some(_) => Ok(()),
            None => Err(OpError::field(
                ErrorCode::UnknownUser,
                "/holder",
                format!("`{user}` is not a member of the organization"),
            )),
        },
        Holder::UserGroup(group) => {
            crate::ops::namespaces::must_exist(tx, organization, group.into()).await.map_err(|_| {
                OpError::field(ErrorCode::UnknownNamespace, "/holder", format!("there is no user group `{group}`"))
            })
        }
        Holder::Credential(id) => {
            let missing =
                || OpError::field(ErrorCode::InvalidValue, "/holder", format!("there is no credential `{id}`"));
            let record = tx.credential(organization, id).await?.ok_or_else(missing)?;
            let kind = authority.kind(&record.kind)?;
            let act = Act::Manage { owner: record.owner, permission: "credentials:edit" };
            authority.require_kind(tx, &kind, record.namespace, act).await?;
            if kind.may_edit(Field::Roles) {
                Ok(())
            } else {
                Err(OpError::new(
                    ErrorCode::ImmutableField,
                    format!("the roles of a `{}` cannot be changed after creation", kind.id),
                ))
            }
        }
    }
}

/// Refuses a second role at a place for a credential of a kind that holds one.
async fn one_a_place(
    tx: &mut Reader,
    authority: &Authority,
    holder: Holder,
    namespace: NamespaceId,
    role: RoleId,
) -> Result<(), OpError> {
    use keyward_core::rights::Facts as _;
    let organization = authority.rows.organization();
    let Holder::Credential(id) = holder else { return Ok(()) };
    let Some(record) = tx.credential(organization, id).await? else { return Ok(()) };
    let kind = authority.kind(&record.kind)?;
    let held = tx.grants_of(organization, holder).await?;
    if kind.authority == Source::Group && held.iter().any(|held| held.namespace == namespace && held.role != role) {
        let message = format!("a `{}` holds exactly 1 role at each place: edit its roles instead", kind.id);
        return Err(OpError::field(ErrorCode::WrongRoles, "/role", message));
    }
    Ok(())
}

/// Whoever makes a credential able to do everything has to have proved lately who they are.
async fn fresh_if_unlimited(
    tx: &mut Reader,
    authority: &Authority,
    holder: Holder,
    namespace: NamespaceId,
    role: &Role,
) -> Result<(), OpError> {
    use keyward_core::rights::Facts as _;
    let organization = authority.rows.organization();
    let Holder::Credential(id) = holder else { return Ok(()) };
    let Some(record) = tx.credential(organization, id).await? else { return Ok(()) };
    let kind = authority.kind(&record.kind)?;
    let unlimited = law::is_unlimited(&kind, organization, &[(namespace, &role.patterns)]);
    if unlimited { authority.fresh() } else { Ok(()) }
}

fn held_already(error: StoreError) -> OpError {
    match error {
        StoreError::Conflict { .. } => {
            OpError::new(ErrorCode::AlreadyGranted, "the holder has this role at this namespace already")
        }
        other => other.into(),
    }
}
