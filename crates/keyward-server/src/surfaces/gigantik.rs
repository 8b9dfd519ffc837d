//! The dialect `gigantik`.

use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{StatusCode, header};
use keyward_core::decision::Reason;

use crate::ops::context::Ctx;
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::presented;
use crate::surfaces::trouble::Trouble;

/// What a request carries.
pub fn read(arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    Ok(Asked { carried: presented::from_headers(&arrived.head.headers)?, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
}

/// The answer to a request that is not served.
pub fn refuse(_: &Ctx, _: &Trouble) -> Response {
    StatusCode::FORBIDDEN.into_response()
}

/// How a reason is answered.
pub fn row(_: Reason) -> Row {
    Row { status: 403, code: "", text: "" }
}
