//! `/v1/organizations`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::organizations as wire;
use keyward_api::page;
use keyward_api::values::Network;
use keyward_core::id::OrganizationId;
use keyward_core::organization::Organization;

use crate::app::App;
use crate::ops::Page;
use crate::ops::context::Ctx;
use crate::ops::organizations;
use crate::ops::receipts::Done;
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, Query, after_one, next, page_size};
use crate::surfaces::native::users::invitation;

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List the organizations that the caller belongs to; for operators, all.
#[utoipa::path(get, path = "/v1/organizations", operation_id = "organizations.list", tag = "organizations",
    params(wire::ListOrganizations),
    responses((status = 200, body = page::Page<wire::Organization>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListOrganizations>,
) -> Result<page::Page<wire::Organization>> {
    let limit = page_size(query.limit)?;
    let after = after_one(query.cursor.as_deref())?;
    let found = organizations::list(&app, &ctx, query.name.as_deref(), &Page { after, limit }).await?;
    let next = next(&found, limit, |last| [last.id.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().map(view).collect(), next }))
}

/// Create an organization and invite its first super admin.
#[utoipa::path(post, path = "/v1/organizations", operation_id = "organizations.create", tag = "organizations",
    request_body = wire::CreateOrganization,
    responses((status = 201, body = wire::CreatedOrganization), (status = 200, description = "The same creation was answered before", body = wire::CreatedOrganization),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateOrganization>,
) -> Result<wire::CreatedOrganization> {
    let profiles = if input.profiles.is_empty() { vec!["keyward".to_owned()] } else { input.profiles };
    let done = organizations::create(&app, &ctx, input.name, profiles, input.super_admin).await?;
    let (revision, founded) = (done.revision, done.value);
    let updated_at = founded.organization.updated_at;
    let answer = wire::CreatedOrganization {
        organization: view(&founded.organization),
        invitation: founded.invited.map(|made| invitation(&app, &made)),
    };
    let answer = if founded.replayed { Answer::ok(answer) } else { Answer::created(answer) };
    Ok(answer.at(revision).tagged(updated_at))
}

/// Get an organization.
#[utoipa::path(get, path = "/v1/organizations/{organization}", operation_id = "organizations.get", tag = "organizations",
    params(("organization" = String, Path)),
    responses((status = 200, body = wire::Organization), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<OrganizationId>,
) -> Result<wire::Organization> {
    let found = organizations::get(&app, &ctx, id).await?;
    Ok(Answer::ok(view(&found)).tagged(found.updated_at))
}

/// Edit an organization.
#[utoipa::path(patch, path = "/v1/organizations/{organization}", operation_id = "organizations.edit", tag = "organizations",
    params(("organization" = String, Path)), request_body = wire::EditOrganization,
    responses((status = 200, body = wire::OrganizationChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<OrganizationId>,
    Json(input): Json<wire::EditOrganization>,
) -> Result<wire::OrganizationChanged> {
    let request = organizations::EditRequest {
        name: input.name,
        profiles: input.profiles,
        sources: input.sources.map(|sources| sources.into_iter().map(|network| network.0).collect()),
    };
    Ok(changed(&organizations::edit(&app, &ctx, id, request).await?))
}

/// Suspend an organization: its credentials and members are refused everywhere.
#[utoipa::path(post, path = "/v1/organizations/{organization}/suspend", operation_id = "organizations.suspend", tag = "organizations",
    params(("organization" = String, Path)),
    responses((status = 200, body = wire::OrganizationChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn suspend(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<OrganizationId>,
) -> Result<wire::OrganizationChanged> {
    Ok(changed(&organizations::suspend(&app, &ctx, id).await?))
}

/// Resume a suspended organization.
#[utoipa::path(post, path = "/v1/organizations/{organization}/resume", operation_id = "organizations.resume", tag = "organizations",
    params(("organization" = String, Path)),
    responses((status = 200, body = wire::OrganizationChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<OrganizationId>,
) -> Result<wire::OrganizationChanged> {
    Ok(changed(&organizations::resume(&app, &ctx, id).await?))
}

/// An organization as it is shown.
pub(super) fn view(organization: &Organization) -> wire::Organization {
    wire::Organization {
        id: organization.id,
        name: organization.name.clone(),
        profiles: organization.profiles.clone(),
        sources: organization.sources.iter().copied().map(Network).collect(),
        suspended_at: organization.suspended_at.map(Into::into),
        created_at: organization.created_at.into(),
        updated_at: organization.updated_at.into(),
    }
}

fn changed(done: &Done<Organization>) -> Answer<wire::OrganizationChanged> {
    let answer = wire::OrganizationChanged { organization: view(&done.value), receipt: receipt_of(done) };
    Answer::ok(answer).at(done.revision).tagged(done.value.updated_at)
}
