//! The dialect `gainsight`: an Access key in a header of its own, or an access token of M2M OAuth; one envelope for
//! everything.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use keyward_core::decision::Reason;
use keyward_core::id::RequestId;
use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::net::limits::BodyFault;
use crate::ops::access_tokens::Place;
use crate::ops::context::Ctx;
use crate::ops::presented::{Carried, Travelled};
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::oauth::token::{self, FormRule, Rules};
use crate::surfaces::presented::{self, Unreadable};
use crate::surfaces::trouble::Trouble;

/// The endpoints of this dialect.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().route("/v1/users/m2m/oauth/token", any(exchange)).with_state(Arc::clone(app))
}

/// What a request carries.
pub fn read(arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    let headers = &arrived.head.headers;
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let mut access_key = headers.get_all(ACCESS_KEY).iter();
    let carried = match (authorization.next(), authorization.next(), access_key.next(), access_key.next()) {
        (None, None, None, None) => None,
        (Some(value), None, None, None) => Some(presented::authorized(value)?),
        (None, None, Some(value), None) => {
            Some(Carried::Token(presented::text(value)?, Travelled::Header(ACCESS_KEY.to_owned())))
        }
        _ => return Err(Unreadable::Several.into()),
    };
    Ok(Asked { carried, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
    head.headers.remove(ACCESS_KEY);
}

/// The answer to a request that is not served.
pub fn refuse(ctx: &Ctx, trouble: &Trouble) -> Response {
    let Told { status, code, message } = told(trouble);
    let message = without_secrets(&message);
    let failure = Failure {
        result: false,
        error_code: code.as_str(),
        error_desc: code.description(),
        request_id: uuid(ctx.request),
        message: &message,
    };
    let mut response = trouble.answered(status, &failure);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// How a reason is answered. What is known and may not do this is told by the status 403: the gateway of the vendor has
/// no code of its own for that.
pub fn row(reason: Reason) -> Row {
    let (status, code) = mapped(reason);
    Row { status: status.as_u16(), code: code.as_str(), text: code.description() }
}

fn mapped(reason: Reason) -> (StatusCode, Code) {
    match reason {
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
        | Reason::Replayed => (StatusCode::UNAUTHORIZED, Code::Unauthorized),
        Reason::InsecureTransport
        | Reason::Denied
        | Reason::OutOfScope
        | Reason::OutOfReach
        | Reason::NotGranted
        | Reason::OwnerLacks => (StatusCode::FORBIDDEN, Code::Unauthorized),
        Reason::SourceNotAllowed => (StatusCode::FORBIDDEN, Code::Address),
        Reason::RateLimited => (StatusCode::TOO_MANY_REQUESTS, Code::TooMany),
        Reason::Stale => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
    }
}

/// What clients branch on: the codes that the vendor publishes for its gateway and its objects, and two of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Unauthorized,
    Address,
    TooMany,
    NoRoute,
    Headers,
    Path,
    /// Ours: the request cannot be read.
    BadRequest,
    /// Ours: not now.
    Unavailable,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Code::Unauthorized => "GS_APIG_2401",
            Code::Address => "GS_APIG_2402",
            Code::TooMany => "GS_APIG_2404",
            Code::NoRoute => "GS_APIG_1000",
            Code::Headers => "GSOBJ_1024",
            Code::Path => "GSOBJ_1023",
            Code::BadRequest => "GS_APIG_2400",
            Code::Unavailable => "GS_APIG_2503",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Code::Unauthorized => "Unauthorized",
            Code::Address => "IP Address does not lie in range of whitelisted ips",
            Code::TooMany => "Too many requests",
            Code::NoRoute => "No such route",
            Code::Headers => "Invalid authorization headers",
            Code::Path => "Invalid path",
            Code::BadRequest => "Bad request",
            Code::Unavailable => "Service unavailable",
        }
    }
}

struct Told {
    status: StatusCode,
    code: Code,
    message: Cow<'static, str>,
}

fn told(trouble: &Trouble) -> Told {
    let told = |status, code: Code, message: &'static str| Told { status, code, message: message.into() };
    let bad = |status, message: String| Told { status, code: Code::BadRequest, message: message.into() };
    match trouble {
        Trouble::Denied(denial) => {
            let (status, code) = mapped(denial.reason);
            told(status, code, denial.reason.sentence())
        }
        Trouble::NoCredential => told(
            StatusCode::UNAUTHORIZED,
            Code::Unauthorized,
            "send the access key in the header `Accesskey`, or an access token as `Authorization: Bearer …`",
        ),
        Trouble::Unreadable(unreadable @ (Unreadable::Several | Unreadable::Malformed)) => {
            Told { status: StatusCode::BAD_REQUEST, code: Code::Headers, message: unreadable.to_string().into() }
        }
        Trouble::Missing(name) => bad(StatusCode::BAD_REQUEST, format!("the parameter `{name}` is missing")),
        Trouble::Invalid(name) => {
            bad(StatusCode::BAD_REQUEST, format!("the parameter `{name}` is not what it has to be"))
        }
        Trouble::Form(error) => bad(StatusCode::BAD_REQUEST, error.to_string()),
        Trouble::Body(fault @ (BodyFault::TooLarge | BodyFault::TooSlow | BodyFault::Broken)) => {
            bad(fault.status(), fault.to_string())
        }
        Trouble::AmbiguousPath => told(
            StatusCode::BAD_REQUEST,
            Code::Path,
            "the path can be read in several ways: send it without `//`, dot segments and encoded slashes",
        ),
        Trouble::NotFound => told(StatusCode::NOT_FOUND, Code::NoRoute, "there is no such route"),
        Trouble::Method(allow) => Told {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: Code::NoRoute,
            message: format!("the route has the methods {allow}").into(),
        },
        Trouble::UpstreamDown => {
            told(StatusCode::BAD_GATEWAY, Code::Unavailable, "the service did not answer: try again later")
        }
        Trouble::UpstreamTimeout => {
            told(StatusCode::GATEWAY_TIMEOUT, Code::Unavailable, "the service took too long to answer: try again later")
        }
        Trouble::Failed(error) => {
            let code = match error.code.status() {
                401 | 403 => Code::Unauthorized,
                404 => Code::NoRoute,
                429 => Code::TooMany,
                400..500 => Code::BadRequest,
                _ => Code::Unavailable,
            };
            let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Told { status, code, message: error.detail.clone().into() }
        }
    }
}

async fn exchange(State(app): State<Arc<App>>, request: Request) -> Response {
    let place = Place { dialect: Some("gainsight"), ..Place::default() };
    // Clients of the vendor send no body at all, announced as JSON, or a form.
    token::answer(&app, request, Rules { place, form: FormRule::Optional, ..Rules::default() }).await
}

/// The name of the request in the only form that the vendor's clients know.
fn uuid(request: RequestId) -> String {
    Uuid::from_u128(request.bits()).to_string()
}

/// The envelope of the vendor, as far as it tells of failures.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    result: bool,
    error_code: &'static str,
    error_desc: &'static str,
    request_id: String,
    message: &'a str,
}

/// In whatever case it is written.
const ACCESS_KEY: &str = "accesskey";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_a_uuid() {
        let request = RequestId::from_bits(0x0193_5f2e_8c11_7abc_8def_0123_4567_89ab);
        assert_eq!(uuid(request), "01935f2e-8c11-7abc-8def-0123456789ab");
        assert_eq!(uuid(RequestId::from_bits(1)), "00000000-0000-0000-0000-000000000001");
    }

    #[test]
    fn published_codes_are_used_for_what_they_are_published_for() {
        for (reason, status, code) in [
            (Reason::Unknown, 401, "GS_APIG_2401"),
            (Reason::Denied, 403, "GS_APIG_2401"),
            (Reason::SourceNotAllowed, 403, "GS_APIG_2402"),
            (Reason::RateLimited, 429, "GS_APIG_2404"),
            (Reason::Stale, 503, "GS_APIG_2503"),
        ] {
            assert_eq!((row(reason).status, row(reason).code), (status, code), "{reason:?}");
        }
    }
}
