//! `/v1/apps`, `/v1/workspaces`, `/v1/usergroups`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::namespaces as wire;
use keyward_api::page;
use keyward_api::receipt::Confirmed;
use keyward_core::id::{ApplicationId, UserGroupId, UserId, WorkspaceId};
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::namespaces;
use crate::ops::{NamespaceFilter, Page};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Ids, Json, Query, after_two, next, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List applications.
#[utoipa::path(get, path = "/v1/apps", operation_id = "apps.list", tag = "apps", params(wire::ListNamespaces),
    responses((status = 200, body = page::Page<wire::App>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_apps(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListNamespaces>,
) -> Result<page::Page<wire::App>> {
    list(&app, &ctx, NamespaceKind::Application, query, wire::App::of).await
}

/// Create an application.
#[utoipa::path(post, path = "/v1/apps", operation_id = "apps.create", tag = "apps", request_body = wire::CreateApp,
    responses((status = 201, body = wire::App), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create_app(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateApp>,
) -> Result<wire::App> {
    created(namespaces::create_application(&app, &ctx, input.name).await?, wire::App::of)
}

/// Get an application.
#[utoipa::path(get, path = "/v1/apps/{app}", operation_id = "apps.get", tag = "apps", params(("app" = String, Path)),
    responses((status = 200, body = wire::App), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get_app(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<ApplicationId>) -> Result<wire::App> {
    get(&app, &ctx, id.into(), wire::App::of).await
}

/// Edit an application.
#[utoipa::path(patch, path = "/v1/apps/{app}", operation_id = "apps.edit", tag = "apps", params(("app" = String, Path)),
    request_body = wire::EditNamespace,
    responses((status = 200, body = wire::App), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit_app(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<ApplicationId>,
    Json(input): Json<wire::EditNamespace>,
) -> Result<wire::App> {
    edit(&app, &ctx, id.into(), input, wire::App::of).await
}

/// Delete an application with everything in it.
#[utoipa::path(delete, path = "/v1/apps/{app}", operation_id = "apps.delete", tag = "apps",
    params(("app" = String, Path), wire::DeleteNamespace),
    responses((status = 200, body = wire::NamespaceDeleted), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_app(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<ApplicationId>,
    Query(query): Query<wire::DeleteNamespace>,
) -> Result<wire::NamespaceDeleted> {
    delete(&app, &ctx, id.into(), query).await
}

/// List workspaces.
#[utoipa::path(get, path = "/v1/workspaces", operation_id = "workspaces.list", tag = "workspaces", params(wire::ListNamespaces),
    responses((status = 200, body = page::Page<wire::Workspace>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_workspaces(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListNamespaces>,
) -> Result<page::Page<wire::Workspace>> {
    list(&app, &ctx, NamespaceKind::Workspace, query, wire::Workspace::of).await
}

/// Create a workspace.
#[utoipa::path(post, path = "/v1/workspaces", operation_id = "workspaces.create", tag = "workspaces",
    request_body = wire::CreateWorkspace,
    responses((status = 201, body = wire::Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create_workspace(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateWorkspace>,
) -> Result<wire::Workspace> {
    created(namespaces::create_workspace(&app, &ctx, input.app, input.name).await?, wire::Workspace::of)
}

/// Get a workspace.
#[utoipa::path(get, path = "/v1/workspaces/{workspace}", operation_id = "workspaces.get", tag = "workspaces",
    params(("workspace" = String, Path)),
    responses((status = 200, body = wire::Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get_workspace(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<WorkspaceId>,
) -> Result<wire::Workspace> {
    get(&app, &ctx, id.into(), wire::Workspace::of).await
}

/// Edit a workspace.
#[utoipa::path(patch, path = "/v1/workspaces/{workspace}", operation_id = "workspaces.edit", tag = "workspaces",
    params(("workspace" = String, Path)), request_body = wire::EditNamespace,
    responses((status = 200, body = wire::Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit_workspace(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<WorkspaceId>,
    Json(input): Json<wire::EditNamespace>,
) -> Result<wire::Workspace> {
    edit(&app, &ctx, id.into(), input, wire::Workspace::of).await
}

/// Delete a workspace.
#[utoipa::path(delete, path = "/v1/workspaces/{workspace}", operation_id = "workspaces.delete", tag = "workspaces",
    params(("workspace" = String, Path), wire::DeleteNamespace),
    responses((status = 200, body = wire::NamespaceDeleted), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_workspace(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<WorkspaceId>,
    Query(query): Query<wire::DeleteNamespace>,
) -> Result<wire::NamespaceDeleted> {
    delete(&app, &ctx, id.into(), query).await
}

/// List user groups.
#[utoipa::path(get, path = "/v1/usergroups", operation_id = "usergroups.list", tag = "usergroups", params(wire::ListNamespaces),
    responses((status = 200, body = page::Page<wire::UserGroup>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_groups(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListNamespaces>,
) -> Result<page::Page<wire::UserGroup>> {
    list(&app, &ctx, NamespaceKind::UserGroup, query, wire::UserGroup::of).await
}

/// Create a user group.
#[utoipa::path(post, path = "/v1/usergroups", operation_id = "usergroups.create", tag = "usergroups",
    request_body = wire::CreateUserGroup,
    responses((status = 201, body = wire::UserGroup), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create_group(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateUserGroup>,
) -> Result<wire::UserGroup> {
    created(namespaces::create_user_group(&app, &ctx, input.app, input.name).await?, wire::UserGroup::of)
}

/// Get a user group.
#[utoipa::path(get, path = "/v1/usergroups/{usergroup}", operation_id = "usergroups.get", tag = "usergroups",
    params(("usergroup" = String, Path)),
    responses((status = 200, body = wire::UserGroup), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get_group(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<UserGroupId>,
) -> Result<wire::UserGroup> {
    get(&app, &ctx, id.into(), wire::UserGroup::of).await
}

/// Edit a user group.
#[utoipa::path(patch, path = "/v1/usergroups/{usergroup}", operation_id = "usergroups.edit", tag = "usergroups",
    params(("usergroup" = String, Path)), request_body = wire::EditNamespace,
    responses((status = 200, body = wire::UserGroup), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit_group(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<UserGroupId>,
    Json(input): Json<wire::EditNamespace>,
) -> Result<wire::UserGroup> {
    edit(&app, &ctx, id.into(), input, wire::UserGroup::of).await
}

/// Delete a user group; its members lose what it granted them.
#[utoipa::path(delete, path = "/v1/usergroups/{usergroup}", operation_id = "usergroups.delete", tag = "usergroups",
    params(("usergroup" = String, Path), wire::DeleteNamespace),
    responses((status = 200, body = wire::NamespaceDeleted), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_group(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<UserGroupId>,
    Query(query): Query<wire::DeleteNamespace>,
) -> Result<wire::NamespaceDeleted> {
    delete(&app, &ctx, id.into(), query).await
}

/// List the members of a user group.
#[utoipa::path(get, path = "/v1/usergroups/{usergroup}/members", operation_id = "usergroups.members.list", tag = "usergroups",
    params(("usergroup" = String, Path), wire::ListGroupMembers),
    responses((status = 200, body = page::Page<wire::GroupMember>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_members(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(group): Id<UserGroupId>,
    Query(query): Query<wire::ListGroupMembers>,
) -> Result<page::Page<wire::GroupMember>> {
    let limit = page_size(query.limit)?;
    let after = after_two(query.cursor.as_deref())?;
    let users = namespaces::members(&app, &ctx, group, &Page { after, limit }).await?;
    let next = next(&users, limit, |user| [user.name.folded(), user.id.to_string()]);
    let items =
        users.into_iter().map(|user| wire::GroupMember { user: user.id, name: user.name, email: user.email }).collect();
    Ok(Answer::ok(page::Page { items, next }))
}

/// Add a member to a user group: they hold everything that it holds.
#[utoipa::path(put, path = "/v1/usergroups/{usergroup}/members/{user}", operation_id = "usergroups.members.add", tag = "usergroups",
    params(("usergroup" = String, Path), ("user" = String, Path)),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add_member(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Ids(group, user): Ids<UserGroupId, UserId>,
) -> Result<Confirmed> {
    let done = namespaces::add_member(&app, &ctx, group, user).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

/// Remove a member from a user group.
#[utoipa::path(delete, path = "/v1/usergroups/{usergroup}/members/{user}", operation_id = "usergroups.members.remove", tag = "usergroups",
    params(("usergroup" = String, Path), ("user" = String, Path)),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Ids(group, user): Ids<UserGroupId, UserId>,
) -> Result<Confirmed> {
    let done = namespaces::remove_member(&app, &ctx, group, user).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

async fn list<T>(
    app: &App,
    ctx: &Ctx,
    kind: NamespaceKind,
    query: wire::ListNamespaces,
    view: fn(&Namespace) -> Option<T>,
) -> Result<page::Page<T>> {
    let limit = page_size(query.limit)?;
    let filter = NamespaceFilter {
        kind: Some(kind),
        parent: query.app.map(NamespaceId::from),
        search: query.name,
        ..NamespaceFilter::default()
    };
    let after = after_two(query.cursor.as_deref())?;
    let found = namespaces::list(app, ctx, filter, &Page { after, limit }).await?;
    let next = next(&found, limit, |last| [last.name.folded(), last.id.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().filter_map(view).collect(), next }))
}

async fn get<T>(app: &App, ctx: &Ctx, id: NamespaceId, view: fn(&Namespace) -> Option<T>) -> Result<T> {
    shown(&namespaces::get(app, ctx, id).await?, view)
}

async fn edit<T>(
    app: &App,
    ctx: &Ctx,
    id: NamespaceId,
    input: wire::EditNamespace,
    view: fn(&Namespace) -> Option<T>,
) -> Result<T> {
    let done = namespaces::edit(app, ctx, id, input.name).await?;
    Ok(shown(&done.value, view)?.at(done.revision))
}

async fn delete(app: &App, ctx: &Ctx, id: NamespaceId, query: wire::DeleteNamespace) -> Result<wire::NamespaceDeleted> {
    let done = namespaces::delete(app, ctx, id, query.confirm).await?;
    let receipt = receipt_of(&done);
    Ok(Answer::ok(wire::NamespaceDeleted { revoked: done.value, receipt }).at(done.revision))
}

fn created<T>(done: crate::ops::receipts::Done<Namespace>, view: fn(&Namespace) -> Option<T>) -> Result<T> {
    match view(&done.value) {
        Some(value) => Ok(Answer::created(value).at(done.revision).tagged(done.value.updated_at)),
        None => Err(Problem::new(ErrorCode::NotFound).into()),
    }
}

fn shown<T>(namespace: &Namespace, view: fn(&Namespace) -> Option<T>) -> Result<T> {
    match view(namespace) {
        Some(value) => Ok(Answer::ok(value).tagged(namespace.updated_at)),
        None => Err(Problem::new(ErrorCode::NotFound).into()),
    }
}
