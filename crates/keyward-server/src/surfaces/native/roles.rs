//! `/v1/roles`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::page;
use keyward_api::receipt::Confirmed;
use keyward_api::roles as wire;
use keyward_core::id::RoleId;
use keyward_core::permission::PatternSet;
use keyward_core::role::Role;

use crate::app::App;
use crate::ops::Page;
use crate::ops::context::Ctx;
use crate::ops::roles;
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, Query, after_two, next, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List roles.
#[utoipa::path(get, path = "/v1/roles", operation_id = "roles.list", tag = "roles", params(wire::ListRoles),
    responses((status = 200, body = page::Page<wire::Role>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListRoles>,
) -> Result<page::Page<wire::Role>> {
    let limit = page_size(query.limit)?;
    let after = after_two(query.cursor.as_deref())?;
    let found = roles::list(&app, &ctx, query.name.as_deref(), &Page { after, limit }).await?;
    let next = next(&found, limit, |last| [last.name.folded(), last.id.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().map(view).collect(), next }))
}

/// Create a role.
#[utoipa::path(post, path = "/v1/roles", operation_id = "roles.create", tag = "roles", request_body = wire::CreateRole,
    responses((status = 201, body = wire::Role), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateRole>,
) -> Result<wire::Role> {
    let done = roles::create(&app, &ctx, input.name, input.patterns).await?;
    Ok(Answer::created(view(&done.value)).at(done.revision).tagged(done.value.updated_at))
}

/// Get a role.
#[utoipa::path(get, path = "/v1/roles/{role}", operation_id = "roles.get", tag = "roles", params(("role" = String, Path)),
    responses((status = 200, body = wire::Role), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<RoleId>) -> Result<wire::Role> {
    let role = roles::get(&app, &ctx, id).await?;
    Ok(Answer::ok(view(&role)).tagged(role.updated_at))
}

/// Edit a role: everybody who holds it holds the new one.
#[utoipa::path(patch, path = "/v1/roles/{role}", operation_id = "roles.edit", tag = "roles", params(("role" = String, Path)),
    request_body = wire::EditRole,
    responses((status = 200, body = wire::RoleChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<RoleId>,
    Json(input): Json<wire::EditRole>,
) -> Result<wire::RoleChanged> {
    let request = roles::EditRequest { name: input.name, patterns: input.patterns };
    let done = roles::edit(&app, &ctx, id, request).await?;
    let answer = wire::RoleChanged { role: view(&done.value), receipt: receipt_of(&done) };
    Ok(Answer::ok(answer).at(done.revision).tagged(done.value.updated_at))
}

/// Delete a role that nobody holds.
#[utoipa::path(delete, path = "/v1/roles/{role}", operation_id = "roles.delete", tag = "roles", params(("role" = String, Path)),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<RoleId>) -> Result<Confirmed> {
    let done = roles::delete(&app, &ctx, id).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

/// Say how many users and credentials an edit of a role would change, without making it.
#[utoipa::path(post, path = "/v1/roles/{role}/preview", operation_id = "roles.preview", tag = "roles",
    params(("role" = String, Path)), request_body = wire::PreviewRole,
    responses((status = 200, body = wire::RolePreview), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<RoleId>,
    Json(input): Json<wire::PreviewRole>,
) -> Result<wire::RolePreview> {
    let (role, affected) = roles::preview(&app, &ctx, id).await?;
    let beyond = |a: &PatternSet, b: &PatternSet| a.iter().filter(|p| !b.contains(p)).cloned().collect();
    Ok(Answer::ok(wire::RolePreview {
        users: affected.users,
        credentials: affected.credentials,
        gained: beyond(&input.patterns, &role.patterns),
        lost: beyond(&role.patterns, &input.patterns),
    }))
}

fn view(role: &Role) -> wire::Role {
    wire::Role {
        id: role.id,
        name: role.name.clone(),
        patterns: role.patterns.clone(),
        template: role.template.clone(),
        created_at: role.created_at.into(),
        updated_at: role.updated_at.into(),
    }
}
