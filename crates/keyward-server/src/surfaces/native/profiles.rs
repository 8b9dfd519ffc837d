//! `/v1/profiles`.

use std::sync::Arc;

use axum::extract::{Request, State};
use keyward_api::error::Problem;
use keyward_api::profiles as wire;
use keyward_api::{json, limits, page};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::profiles::{self, Effect, KindChange, KindEffect};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Query, after_one, body, cursor, is_json, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List the recorded profiles.
#[utoipa::path(get, path = "/v1/profiles", operation_id = "profiles.list", tag = "profiles", params(wire::ListProfiles),
    responses((status = 200, body = page::Page<wire::ProfileSummary>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListProfiles>,
) -> Result<page::Page<wire::ProfileSummary>> {
    let limit = page_size(query.limit)?;
    let after: Option<String> = after_one(query.cursor.as_deref())?;
    let found = profiles::list(&app, &ctx).await?;
    let mut rest = found.iter().filter(|known| after.as_ref().is_none_or(|after| known.text.name > *after));
    let items: Vec<_> =
        rest.by_ref().take(limit as usize).map(|known| wire::ProfileSummary::of(&known.text, &known.profile)).collect();
    let next = rest.next().and(items.last()).map(|last| cursor(std::slice::from_ref(&last.name)));
    Ok(Answer::ok(page::Page { items, next }))
}

/// Get a recorded profile and its kinds.
#[utoipa::path(get, path = "/v1/profiles/{profile}", operation_id = "profiles.get", tag = "profiles",
    params(("profile" = String, Path)),
    responses((status = 200, body = wire::Profile), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx, Id(name): Id<String>) -> Result<wire::Profile> {
    let found = profiles::get(&app, &ctx, &name).await?;
    Ok(Answer::ok(wire::Profile::of(&found.text, &found.profile)))
}

/// Record a newer text of a profile, or say what that would change.
#[utoipa::path(put, path = "/v1/profiles/{profile}", operation_id = "profiles.apply", tag = "profiles",
    params(("profile" = String, Path)), request_body = wire::ApplyProfile,
    responses((status = 200, body = wire::AppliedProfile), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn apply(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(name): Id<String>,
    request: Request,
) -> Result<wire::AppliedProfile> {
    is_json(request.headers())?;
    let input: wire::ApplyProfile = json::from_json(&body(request, limits::MAX_PROFILE_BODY_BYTES).await?)?;
    if input.dry_run {
        let effect = profiles::preview(&app, &ctx, &name, &input.text).await?;
        return Ok(Answer::ok(wire::AppliedProfile { dry_run: true, ..view(effect) }));
    }
    let done = profiles::apply(&app, &ctx, &name, &input.text).await?;
    let (revision, receipt) = (done.revision, Some(receipt_of(&done)));
    Ok(Answer::ok(wire::AppliedProfile { receipt, ..view(done.value) }).at(revision))
}

fn view(effect: Effect) -> wire::AppliedProfile {
    wire::AppliedProfile {
        name: effect.text.name,
        from_version: effect.from_version,
        version: effect.text.version,
        digest: effect.text.digest,
        dry_run: false,
        effects: effect.kinds.into_iter().map(kind_effect).collect(),
        receipt: None,
    }
}

fn kind_effect(effect: KindEffect) -> wire::KindEffect {
    wire::KindEffect {
        kind: effect.kind,
        change: match effect.change {
            KindChange::Added => wire::KindChange::Added,
            KindChange::Changed => wire::KindChange::Changed,
            KindChange::Removed => wire::KindChange::Removed,
        },
        credentials: effect.credentials,
        details: effect.details,
    }
}
