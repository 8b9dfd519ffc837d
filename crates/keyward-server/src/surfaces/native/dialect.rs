//! Keyward's own dialect on proxied routes: bearer token, `X-API-Key` or Basic; problems (RFC 9457).

use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::headers::PROBLEM_JSON;
use keyward_core::decision::Reason;

use crate::net::limits::BodyFault;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::native::answer::challenge;
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
    problem.detail = without_secrets(&problem.detail);
    problem.retry_after = trouble.retry_after();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = trouble.answered(status, &problem);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge(&problem));
    }
    response
}

/// How a reason is answered.
pub(in crate::surfaces) fn row(reason: Reason) -> Row {
    let code = ErrorCode::from(reason);
    Row { status: code.status(), code: code.as_str(), text: code.title() }
}

fn problem(trouble: &Trouble) -> Problem {
    let told = |code: ErrorCode, detail: &str| Problem::new(code).with_detail(detail.to_owned());
    match trouble {
        Trouble::Denied(denial) => Problem::from(denial.reason),
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
        Trouble::UpstreamDown => Problem::new(ErrorCode::UpstreamDown),
        Trouble::UpstreamTimeout => Problem::new(ErrorCode::UpstreamTimeout),
        Trouble::Failed(OpError { code, detail, fields, .. }) => {
            Problem { errors: fields.clone(), ..told(*code, detail) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use keyward_core::decision::Denial;
    use keyward_core::time::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::ops::context::Caller;
    use crate::ops::testing::at;
    use crate::surfaces::form::InvalidForm;

    async fn said(trouble: Trouble) -> (u16, http::HeaderMap, Value) {
        let (head, body) = refuse(&at(Timestamp::EPOCH, Caller::Anonymous), &trouble).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn every_reason_is_told_as_the_reference_says() {
        for reason in Reason::ALL {
            let row = row(*reason);
            let (status, headers, body) = said((*reason).into()).await;
            assert_eq!((status, body["status"].as_u64()), (row.status, Some(u64::from(row.status))), "{reason:?}");
            assert_eq!((body["code"].as_str(), body["title"].as_str()), (Some(row.code), Some(row.text)), "{reason:?}");
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{reason:?}");
            let waits = matches!(reason, Reason::Stale | Reason::RateLimited);
            assert_eq!(headers.contains_key("retry-after"), waits, "{reason:?}");
            assert!(body["instance"].as_str().is_some_and(|id| id.starts_with("req_")), "{body}");
        }
    }

    #[tokio::test]
    async fn everything_else_that_goes_wrong_has_its_status_and_code() {
        let wait = Denial { reason: Reason::RateLimited, retry_after: Some(Duration::from_millis(1_500)) };
        let failed = OpError::wait(ErrorCode::Unavailable, "the database is away", Duration::from_secs(3));
        let table = [
            (Trouble::Denied(wait), 429, "rate_limited", Some("2")),
            (Trouble::NoCredential, 401, "unauthenticated", None),
            (Unreadable::Several.into(), 400, "two_credentials", None),
            (Unreadable::Malformed.into(), 401, "invalid_credential", None),
            (Trouble::Missing("app"), 400, "missing_field", None),
            (Trouble::Invalid("app"), 400, "invalid_value", None),
            (InvalidForm::Encoding.into(), 400, "invalid_value", None),
            (BodyFault::TooLarge.into(), 413, "body_too_large", None),
            (BodyFault::TooSlow.into(), 408, "request_timeout", None),
            (BodyFault::Broken.into(), 400, "invalid_value", None),
            (Trouble::AmbiguousPath, 400, "invalid_value", None),
            (Trouble::NotFound, 404, "not_found", None),
            (Trouble::Method("GET".to_owned()), 405, "method_not_allowed", None),
            (Trouble::UpstreamDown, 502, "upstream_down", None),
            (Trouble::UpstreamTimeout, 504, "upstream_timeout", None),
            (failed.into(), 503, "unavailable", Some("3")),
        ];
        for (trouble, status, code, retry_after) in table {
            let name = format!("{trouble:?}");
            let (told, headers, body) = said(trouble).await;
            assert_eq!((told, body["code"].as_str()), (status, Some(code)), "{name}: {body}");
            assert_eq!(headers.get("retry-after").map(|value| value.to_str().unwrap()), retry_after, "{name}");
            let allow = headers.get("allow").map(|value| value.to_str().unwrap());
            assert_eq!(allow, (status == 405).then_some("GET"), "{name}");
        }
    }
}
