//! `/v1/grants`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::grants as wire;
use keyward_api::page;
use keyward_api::receipt::Confirmed;
use keyward_core::id::GrantId;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::grants;
use crate::ops::{GrantFilter, Page};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, Query, after_one, next, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List grants.
#[utoipa::path(get, path = "/v1/grants", operation_id = "grants.list", tag = "grants", params(wire::ListGrants),
    responses((status = 200, body = page::Page<wire::Grant>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListGrants>,
) -> Result<page::Page<wire::Grant>> {
    let limit = page_size(query.limit)?;
    let after = after_one(query.cursor.as_deref())?;
    let filter =
        GrantFilter { holder: query.holder, role: query.role, namespace: query.namespace, visible: Vec::new() };
    let found = grants::list(&app, &ctx, filter, &Page { after, limit }).await?;
    let next = next(&found, limit, |(last, _)| [last.id.to_string()]);
    let items = found.into_iter().map(|(grant, name)| wire::Grant::of(&grant, name)).collect();
    Ok(Answer::ok(page::Page { items, next }))
}

/// Grant a role at a namespace.
#[utoipa::path(post, path = "/v1/grants", operation_id = "grants.create", tag = "grants", request_body = wire::CreateGrant,
    responses((status = 201, body = wire::GrantCreated), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateGrant>,
) -> Result<wire::GrantCreated> {
    let done = grants::create(&app, &ctx, input.holder, input.role.to_string(), input.namespace).await?;
    let (grant, name) = &done.value;
    let answer = wire::GrantCreated { grant: wire::Grant::of(grant, Some(name.clone())), receipt: receipt_of(&done) };
    Ok(Answer::created(answer).at(done.revision))
}

/// Take a grant back.
#[utoipa::path(delete, path = "/v1/grants/{grant}", operation_id = "grants.delete", tag = "grants", params(("grant" = String, Path)),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<GrantId>) -> Result<Confirmed> {
    let done = grants::delete(&app, &ctx, id).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}
