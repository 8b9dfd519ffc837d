//! The dialect `gigantik`: a key as `Authorization: Bearer` or `X-API-Key`, and `{"error":{"code","message"}}`.

use std::borrow::Cow;

use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use keyward_core::decision::Reason;
use serde_json::json;

use crate::net::limits::BodyFault;
use crate::ops::context::Ctx;
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::presented::{self, X_API_KEY};
use crate::surfaces::trouble::Trouble;

/// What a request carries.
pub fn read(arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    Ok(Asked { carried: presented::from_headers(&arrived.head.headers)?, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
    head.headers.remove(X_API_KEY);
}

/// The answer to a request that is not served.
pub fn refuse(_: &Ctx, trouble: &Trouble) -> Response {
    let (status, code, message) = told(trouble);
    let body = json!({ "error": { "code": code, "message": without_secrets(&message) } });
    let mut response = trouble.answered(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = match trouble {
            Trouble::NoCredential => "Bearer",
            _ => "Bearer error=\"invalid_token\"",
        };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// How a reason is answered: 401 where the key is not accepted, always in the same words; 403 where its role is too low.
pub fn row(reason: Reason) -> Row {
    let status = match reason {
        Reason::Malformed
        | Reason::Unknown
        | Reason::OutOfWindow
        | Reason::WrongCarrier
        | Reason::WrongUse
        | Reason::OrganizationSuspended
        | Reason::Disabled
        | Reason::Revoked
        | Reason::Replaced
        | Reason::Expired
        | Reason::OwnerInactive
        | Reason::Replayed => {
            return Row { status: 401, code: "unauthorized", text: "there is no such API key, or it was deleted" };
        }
        Reason::InsecureTransport
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

fn told(trouble: &Trouble) -> (StatusCode, &'static str, Cow<'static, str>) {
    let told = |status: StatusCode, code, message: &'static str| (status, code, Cow::Borrowed(message));
    match trouble {
        Trouble::Denied(denial) => {
            let Row { status, code, text } = row(denial.reason);
            told(status_of(status), code, text)
        }
        Trouble::NoCredential => told(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "send the API key: `Authorization: Bearer …` or `X-API-Key: …`",
        ),
        Trouble::Unreadable(unreadable) => {
            (StatusCode::UNAUTHORIZED, "unreadable_credential", unreadable.to_string().into())
        }
        Trouble::Missing(name) => {
            (StatusCode::BAD_REQUEST, "missing_parameter", format!("the parameter `{name}` is missing").into())
        }
        Trouble::Invalid(name) => {
            let message = format!("the parameter `{name}` is not what it has to be");
            (StatusCode::BAD_REQUEST, "invalid_parameter", message.into())
        }
        Trouble::Form(error) => (StatusCode::BAD_REQUEST, "invalid_parameter", error.to_string().into()),
        Trouble::Body(fault @ (BodyFault::TooLarge | BodyFault::TooSlow | BodyFault::Broken)) => {
            (fault.status(), "invalid_body", fault.to_string().into())
        }
        Trouble::AmbiguousPath => told(
            StatusCode::BAD_REQUEST,
            "ambiguous_path",
            "the path can be read in several ways: send it without `//`, dot segments and encoded slashes",
        ),
        Trouble::NotFound => told(StatusCode::NOT_FOUND, "not_found", "there is no such path"),
        Trouble::Method(allow) => {
            let message = format!("the path has the methods {allow}");
            (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message.into())
        }
        Trouble::UpstreamDown => {
            told(StatusCode::BAD_GATEWAY, "unavailable", "the service did not answer: try again later")
        }
        Trouble::UpstreamTimeout => {
            told(StatusCode::GATEWAY_TIMEOUT, "unavailable", "the service took too long to answer: try again later")
        }
        Trouble::Failed(error) => (status_of(error.code.status()), error.code.as_str(), error.detail.clone().into()),
    }
}

fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_accepted_is_401_and_one_that_may_not_is_403() {
        for (reason, status, code) in [
            (Reason::Unknown, 401, "unauthorized"),
            (Reason::Revoked, 401, "unauthorized"),
            (Reason::NotGranted, 403, "not_granted"),
            (Reason::RateLimited, 429, "rate_limited"),
            (Reason::Stale, 503, "stale"),
        ] {
            assert_eq!((row(reason).status, row(reason).code), (status, code), "{reason:?}");
        }
    }
}
