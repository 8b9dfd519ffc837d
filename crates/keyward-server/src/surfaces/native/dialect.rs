//! Keyward's own dialect on proxied routes: bearer token, `X-API-Key` or Basic; problems (RFC 9457).

use axum::response::{IntoResponse as _, Response};
use http::header;
use http::request::Parts;
use keyward_api::error::{ErrorCode, Problem};
use keyward_core::decision::Reason;

use crate::net::limits::BodyFault;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::native::answer::Problematic;
use crate::surfaces::presented::{self, Unreadable, X_API_KEY};
use crate::surfaces::trouble::Trouble;

/// What a request carries.
pub(in crate::surfaces) fn read(arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    Ok(Asked { carried: presented::from_headers(&arrived.head.headers)?, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub(in crate::surfaces) fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
    head.headers.remove(X_API_KEY);
}

/// The answer to a request that is not served.
pub(in crate::surfaces) fn refuse(ctx: &Ctx, trouble: &Trouble) -> Response {
    let mut problem = problem(trouble);
    problem.instance = Some(ctx.request.to_string());
    Problematic::from(problem).into_response()
}

/// How a reason is answered.
pub(in crate::surfaces) fn row(reason: Reason) -> Row {
    let code = ErrorCode::from(reason);
    Row { status: code.status(), code: code.as_str(), text: code.title() }
}

fn problem(trouble: &Trouble) -> Problem {
    let told = |code: ErrorCode, detail: &str| Problem::new(code).with_detail(detail.to_owned());
    match trouble {
        Trouble::Denied(denial) => {
            let mut problem = Problem::from(denial.reason);
            problem.retry_after = denial.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            problem
        }
        Trouble::NoCredential => Problem::new(ErrorCode::Unauthenticated),
        Trouble::Unreadable(Unreadable::Several) => Problem::new(ErrorCode::TwoCredentials),
        Trouble::Unreadable(Unreadable::Malformed) => Problem::new(ErrorCode::InvalidCredential),
        Trouble::Missing(name) => told(ErrorCode::MissingField, &format!("the parameter `{name}` is missing")),
        Trouble::Invalid(name) => {
            told(ErrorCode::InvalidValue, &format!("the parameter `{name}` is not what it has to be"))
        }
        Trouble::Form(error) => told(ErrorCode::InvalidValue, &error.to_string()),
        Trouble::Body(BodyFault::TooLarge) => Problem::new(ErrorCode::BodyTooLarge),
        Trouble::Body(BodyFault::TooSlow) => Problem::new(ErrorCode::RequestTimeout),
        Trouble::Body(BodyFault::Broken) => told(ErrorCode::InvalidValue, "the body broke off: send it again"),
        Trouble::AmbiguousPath => told(
            ErrorCode::InvalidValue,
            "the path can be read in several ways: send it without `//`, dot segments and encoded slashes",
        ),
        Trouble::NotFound => Problem::new(ErrorCode::NotFound),
        Trouble::Method(allow) => told(ErrorCode::MethodNotAllowed, &format!("the path has the methods {allow}")),
        Trouble::UpstreamDown | Trouble::UpstreamTimeout => {
            told(ErrorCode::Unavailable, "the server behind this route did not answer: retry")
        }
        Trouble::Failed(OpError { code, detail, .. }) => told(*code, detail),
    }
}
