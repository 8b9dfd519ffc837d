//! The methods of `admin.*`: what the vendor's console asks for.

use axum::response::Response;
use keyward_core::id::{ApplicationId, OrganizationId};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::surfaces::form::Form;
use crate::surfaces::gigya::envelope::{Code, Echo};

/// The answer to a call of `admin.METHOD` that may be made: who calls (`ctx.caller`) holds `admin:METHOD` at the site.
/// Changing methods arrive by POST alone. `method` is spelled as in the profile's permissions, if it is one of them.
#[expect(clippy::unused_async, reason = "operations are awaited")]
pub async fn answer(
    _: &App,
    _: &Ctx,
    _: (OrganizationId, ApplicationId),
    _: &str,
    _: &Form,
    echo: &Echo,
) -> Response {
    echo.failure(Code::Forbidden, "there is no such method")
}
