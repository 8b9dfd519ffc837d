//! The dialect `passport`.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header;
use http::request::Parts;
use keyward_core::decision::Reason;

use crate::app::App;
use crate::surfaces::dialect::{self, Arrived, Asked, InvalidSurface, Row};
use crate::surfaces::presented;
use crate::surfaces::trouble::Trouble;

/// What the profile lets choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether API keys may travel as `X-API-Key-Id` and `X-API-Key-Secret` too.
    pub api_key_headers: bool,
}

impl Settings {
    /// Reads the settings of a profile.
    pub fn read(settings: &mut dialect::Settings<'_>) -> Result<Self, InvalidSurface> {
        Ok(Self { api_key_headers: settings.flag("api_key_headers", false)? })
    }
}

/// What a request carries.
pub fn read(_: &Settings, arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    Ok(Asked { carried: presented::from_headers(&arrived.head.headers)?, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
}

/// The answer to a request that is not served.
pub fn refuse(_: &Trouble) -> Response {
    StatusCode::FORBIDDEN.into_response()
}

/// How a reason is answered.
pub fn row(_: Reason) -> Row {
    Row { status: 403, code: "", text: "" }
}

/// The endpoints of this dialect.
pub fn router(_: &Arc<App>, _: &Settings) -> Router {
    Router::new()
}
