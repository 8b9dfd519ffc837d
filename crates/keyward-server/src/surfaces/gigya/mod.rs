//! The dialect `gigya`.

pub mod admin;
pub mod envelope;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::request::Parts;
use keyward_core::decision::Reason;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::surfaces::dialect::{self, Arrived, Asked, InvalidSurface, Row};
use crate::surfaces::form::Form;
use crate::surfaces::trouble::Trouble;

/// What the profile lets choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether answers may be JSONP.
    pub jsonp: bool,
    /// How far the clocks of signing clients may be off, in seconds.
    pub signature_window_seconds: u32,
    /// The hosts that clients may have signed.
    pub hosts: Vec<String>,
}

impl Settings {
    /// Reads the settings of a profile.
    pub fn read(settings: &mut dialect::Settings<'_>) -> Result<Self, InvalidSurface> {
        Ok(Self {
            jsonp: settings.flag("jsonp", false)?,
            signature_window_seconds: settings.number("signature_window_seconds", 120, 1..=3_600)?,
            hosts: settings.texts("hosts")?,
        })
    }
}

/// What a request carries and asks for.
pub fn read(_: &Settings, _: &App, _: &Ctx, _: Arrived<'_>) -> Result<Asked, Trouble> {
    Err(Trouble::NoCredential)
}

/// Takes the credential out of a request.
pub fn strip(_: &mut Parts, _: &mut Form, _: Option<&mut Form>) {}

/// The answer to a request that is not served.
pub fn refuse(_: &Settings, _: &Ctx, _: Option<Arrived<'_>>, _: &Trouble) -> Response {
    StatusCode::FORBIDDEN.into_response()
}

/// How a reason is answered.
pub fn row(_: Reason) -> Row {
    Row { status: 403, code: "", text: "" }
}

/// Whether Keyward itself answers this path (`/admin.createGroup`, `/socialize.getToken`), and not a server behind it.
pub fn is_own(_: &str) -> bool {
    false
}

/// The answer to a request for a path of Keyward's own ([`is_own`]).
pub async fn answer(_: &App, _: &Settings, _: Request) -> Response {
    StatusCode::FORBIDDEN.into_response()
}
