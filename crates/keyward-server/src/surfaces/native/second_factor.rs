//! `/v1/users/current/second-factor`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::receipt::Confirmed;
use keyward_api::second_factor as wire;
use keyward_api::values::SecretText;
use keyward_core::secret::Secret;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::receipts::Done;
use crate::ops::second_factor::{self, Status};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::Json;

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// Say whether one has a second factor, and how many recovery codes are left.
#[utoipa::path(get, path = "/v1/users/current/second-factor", operation_id = "users.factor.get", tag = "users",
    responses((status = 200, body = wire::SecondFactor), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx) -> Result<wire::SecondFactor> {
    let Status { confirmed_at, codes_left } = second_factor::status(&app, &ctx).await?;
    let confirmed_at = confirmed_at.map(Into::into);
    Ok(Answer::ok(wire::SecondFactor { confirmed_at, recovery_codes_left: codes_left }))
}

/// Begin with a second factor: the answer carries the secret for one's application; needs a fresh sign-in.
#[utoipa::path(post, path = "/v1/users/current/second-factor", operation_id = "users.factor.begin", tag = "users",
    responses((status = 201, body = wire::BegunSecondFactor), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn begin(State(app): State<Arc<App>>, ctx: Ctx) -> Result<wire::BegunSecondFactor> {
    let done = second_factor::begin(&app, &ctx).await?;
    let begun = wire::BegunSecondFactor {
        secret: SecretText::from(&done.value.secret),
        uri: SecretText::from(&done.value.uri),
    };
    Ok(Answer::created(begun).at(done.revision))
}

/// Confirm a second factor with its first code: from then on sign-ins need one; the answer carries recovery codes.
#[utoipa::path(post, path = "/v1/users/current/second-factor/confirm", operation_id = "users.factor.confirm", tag = "users",
    request_body = wire::ConfirmSecondFactor,
    responses((status = 200, body = wire::RecoveryCodes), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::ConfirmSecondFactor>,
) -> Result<wire::RecoveryCodes> {
    Ok(codes(&second_factor::confirm(&app, &ctx, input.code.into_secret()).await?))
}

/// Replace one's recovery codes; needs a fresh sign-in.
#[utoipa::path(post, path = "/v1/users/current/second-factor/recovery-codes", operation_id = "users.factor.renew", tag = "users",
    responses((status = 200, body = wire::RecoveryCodes), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn renew_codes(State(app): State<Arc<App>>, ctx: Ctx) -> Result<wire::RecoveryCodes> {
    Ok(codes(&second_factor::renew_codes(&app, &ctx).await?))
}

/// Remove one's second factor with its recovery codes; needs a fresh sign-in.
#[utoipa::path(delete, path = "/v1/users/current/second-factor", operation_id = "users.factor.remove", tag = "users",
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(State(app): State<Arc<App>>, ctx: Ctx) -> Result<Confirmed> {
    let done = second_factor::remove(&app, &ctx).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

fn codes(done: &Done<Vec<Secret>>) -> Answer<wire::RecoveryCodes> {
    let recovery_codes = done.value.iter().map(SecretText::from).collect();
    Answer::ok(wire::RecoveryCodes { recovery_codes }).at(done.revision)
}
