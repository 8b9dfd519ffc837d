//! A new secret, shown once. The answer to the form itself, so that no address leads to it again.

use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::KeyPage;
use crate::ops::credentials::Issued;
use crate::ops::receipts::Done;

/// Why the secret is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Why {
    /// The credential was made.
    Created,
    /// Its secret was replaced.
    Rotated,
    /// It is shown again.
    Revealed,
}

/// The dialog that shows a secret, in the words of the credential's kind; without a secret (a repeated creation) it says
/// that it cannot be shown again. Closing it leads to `after`.
pub(in crate::console) fn shown(
    _app: &App,
    _visit: &Visit,
    _page: &KeyPage,
    _issued: &Done<Issued>,
    _why: Why,
    _after: &str,
) -> Response {
    http::StatusCode::NOT_IMPLEMENTED.into_response()
}
