//! How Passport says no. Its pages document statuses and no bodies; ours are `{"_error":{"code":…,"message":…}}`.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use keyward_core::decision::{Denial, Reason};
use serde_json::json;

use crate::ops::error::OpError;
use crate::surfaces::dialect::Row;
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::presented::Unreadable;
use crate::surfaces::trouble::Trouble;

/// The answer to a request that is not served.
pub fn refuse(trouble: &Trouble) -> Response {
    let Told { status, code, message } = told(trouble);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let body = json!({ "_error": { "code": code, "message": without_secrets(&message) } });
    let mut response = trouble.answered(status, &body);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if status == StatusCode::UNAUTHORIZED {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"passport\""));
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// How a reason is answered: 401 when the key is not accepted at all, 403 when it may not do this.
pub fn row(reason: Reason) -> Row {
    let status = match reason {
        Reason::Malformed
        | Reason::Unknown
        | Reason::OutOfWindow
        | Reason::WrongCarrier
        | Reason::WrongUse
        | Reason::Disabled
        | Reason::Revoked
        | Reason::Replaced
        | Reason::Expired
        | Reason::OwnerInactive
        | Reason::Replayed => 401,
        Reason::OrganizationSuspended
        | Reason::InsecureTransport
        | Reason::SourceNotAllowed
        | Reason::Denied
        | Reason::OutOfScope
        | Reason::OutOfReach
        | Reason::NotGranted
        | Reason::OwnerLacks => 403,
        Reason::RateLimited => 429,
        Reason::Stale => 503,
    };
    Row { status, code: reason.code(), text: reason.sentence() }
}

struct Told<'t> {
    status: u16,
    code: &'t str,
    message: Cow<'t, str>,
}

fn told(trouble: &Trouble) -> Told<'_> {
    let told = |status, code, message| Told { status, code, message };
    match trouble {
        Trouble::Denied(Denial { reason, .. }) => {
            let Row { status, code, text } = row(*reason);
            Told { status, code, message: text.into() }
        }
        Trouble::NoCredential => told(
            401,
            "unauthenticated",
            "send an API key as `Authorization: Basic`, or an access token as `Authorization: Bearer`".into(),
        ),
        Trouble::Unreadable(error @ Unreadable::Several) => told(400, "two_credentials", error.to_string().into()),
        Trouble::Unreadable(error @ Unreadable::Malformed) => {
            told(401, "unreadable_credential", error.to_string().into())
        }
        Trouble::Missing(name) => told(400, "missing", format!("`{name}` is missing").into()),
        Trouble::Invalid(name) => told(400, "invalid", format!("`{name}` is not what it has to be").into()),
        Trouble::Form(error) => told(400, "invalid", error.to_string().into()),
        Trouble::Body(fault) => told(fault.status().as_u16(), "body", fault.to_string().into()),
        Trouble::AmbiguousPath => told(
            400,
            "ambiguous_path",
            "the path can be read in several ways: send it without `//`, dot segments and encoded slashes".into(),
        ),
        Trouble::NotFound => told(404, "not_found", "there is no such endpoint".into()),
        Trouble::Method(allow) => {
            told(405, "method_not_allowed", format!("this endpoint has the methods {allow}").into())
        }
        Trouble::UpstreamDown => told(502, "upstream_down", "the service behind this did not answer: retry".into()),
        Trouble::UpstreamTimeout => {
            told(503, "upstream_timeout", "the service behind this took too long: retry".into())
        }
        Trouble::Failed(error) => failed(error),
    }
}

/// Passport answers in few statuses: what is wrong with a request in itself or as things stand is 400.
fn failed(error: &OpError) -> Told<'_> {
    let OpError { code, detail, .. } = error;
    let status = match code.status() {
        status @ (401 | 403 | 404 | 405 | 408 | 413 | 429) => status,
        status if status < 500 => 400,
        _ => 503,
    };
    Told { status, code: code.as_str(), message: detail.into() }
}
