//! Answers: JSON with the revision it is of, problems as `application/problem+json`, and the headers of both.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::headers;
use keyward_api::operations::Operation;
use keyward_api::receipt;
use keyward_core::change::Revision;
use serde::Serialize;

use crate::app::App;
use crate::net::Arrival;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Receipt};
use crate::surfaces::hiding::without_secrets;
use crate::telemetry::requests::Facts;

/// A failed request.
#[derive(Debug)]
pub struct Problematic(pub Box<Problem>);

impl From<Problem> for Problematic {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<Box<Problem>> for Problematic {
    fn from(problem: Box<Problem>) -> Self {
        Self(problem)
    }
}

impl From<OpError> for Problematic {
    fn from(error: OpError) -> Self {
        if let Some(cause) = &error.cause {
            tracing::error!(code = error.code.as_str(), error = %cause, "an operation failed");
        } else if error.code.status() >= 500 {
            tracing::error!(code = error.code.as_str(), error = %error.detail, "an operation failed");
        }
        let mut problem = Problem::new(error.code).with_detail(error.detail);
        problem.errors = error.fields;
        problem.retry_after = error.retry_after.map(headers::retry_after);
        problem.into()
    }
}

impl IntoResponse for Problematic {
    fn into_response(self) -> Response {
        let mut problem = self.0;
        problem.detail = without_secrets(&problem.detail);
        for error in &mut problem.errors {
            error.pointer = without_secrets(&error.pointer);
            error.message = without_secrets(&error.message);
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = problem.retry_after;
        let mut response = json(status, &*problem);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(headers::PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, challenge(&problem));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Unfinished(problem));
        response
    }
}

/// A problem whose `instance` is not filled in yet.
#[derive(Clone)]
struct Unfinished(Box<Problem>);

/// An answer with the revision of the index that it was made from, or of the commit that it tells of.
pub(super) struct Answer<T> {
    status: StatusCode,
    value: T,
    revision: Option<Revision>,
    etag: Option<HeaderValue>,
}

impl<T> Answer<T> {
    pub(super) fn ok(value: T) -> Self {
        Self { status: StatusCode::OK, value, revision: None, etag: None }
    }

    pub(super) fn created(value: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(value) }
    }

    pub(super) fn at(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// With the entity tag of the one record that it shows: when it last changed.
    pub(super) fn tagged(mut self, updated_at: keyward_core::time::Timestamp) -> Self {
        self.etag = HeaderValue::from_str(&format!("\"{}\"", updated_at.micros())).ok();
        self
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self.value);
        if let Some(revision) = self.revision {
            let name = HeaderName::from_static(headers::REVISION);
            response.headers_mut().insert(name, HeaderValue::from(revision.0));
        }
        if let Some(etag) = self.etag {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

/// The receipt as it goes over the wire.
pub(super) fn receipt_of<T>(done: &Done<T>) -> receipt::Receipt {
    let Receipt { confirmed, applied, nodes, waited } = done.receipt;
    let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    receipt::Receipt { revision: done.revision.0, confirmed, nodes, applied, waited_ms }
}

/// Names the request and the revision in every answer and in every problem, and keeps answers out of caches.
pub(super) async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // Before anything is read: what the answer tells is at least as new.
    let revision = app.index.revision();
    let facts = request.extensions().get::<Facts>();
    // Before anything is refused, so that a refusal is told with what was asked for.
    if let (Some(facts), Some(route)) = (facts, request.extensions().get::<MatchedPath>())
        && let Some(operation) = Operation::answering(request.method().as_str(), route.as_str())
    {
        facts.operation(operation.id);
    }
    let id = facts.map(|facts| facts.id().to_string());
    let https = request.extensions().get::<Arrival>().is_some_and(|arrival| arrival.https);
    let mut response = next.run(request).await;
    if let (Some(id), Some(Unfinished(mut problem))) = (&id, response.extensions_mut().remove::<Unfinished>()) {
        problem.instance = Some(id.clone());
        let (parts, _) = response.into_parts();
        let body = serde_json::to_vec(&*problem).unwrap_or_default();
        response = Response::from_parts(parts, body.into());
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let set = response.headers_mut();
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        set.insert(HeaderName::from_static(headers::REQUEST_ID), id);
    }
    set.entry(HeaderName::from_static(headers::REVISION)).or_insert(HeaderValue::from(revision.0));
    set.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in SECURITY_HEADERS {
        set.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        set.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// What answers of an API let a browser do: nothing.
const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A refusal for a method or a path that is not there.
pub(super) fn problem(code: ErrorCode) -> Response {
    Problematic::from(Problem::new(code)).into_response()
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// RFC 6750, section 3: without a credential no error is named; a wrong one is `invalid_token`.
pub(super) fn challenge(problem: &Problem) -> HeaderValue {
    HeaderValue::from_static(if problem.is(ErrorCode::InvalidCredential) || problem.is(ErrorCode::SessionEnded) {
        "Bearer error=\"invalid_token\""
    } else {
        "Bearer"
    })
}
