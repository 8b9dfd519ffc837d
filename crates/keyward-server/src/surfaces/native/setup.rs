//! `POST /v1/setup`. The same as a form is the console's.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::setup as wire;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::setup::{self, First, SetUp};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::Json;

/// Create the first operator, once, with the set-up token that the server printed.
#[utoipa::path(post, path = "/v1/setup", operation_id = "setup.create", tag = "setup", security(()), request_body = wire::Setup,
    responses((status = 201, body = wire::SetupDone), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::Setup>,
) -> Result<Answer<wire::SetupDone>, Problematic> {
    let first = First {
        email: input.email,
        name: input.name,
        password: input.password.into_secret(),
        organization: input.organization,
        profiles: input.profiles,
    };
    let done = setup::create(&app, &ctx, input.token.into_secret(), first).await?;
    let SetUp { user, organization } = done.value;
    Ok(Answer::created(wire::SetupDone { user, organization }).at(done.revision))
}
