//! What a connection and a request may take of a node's time and memory.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use tower_http::catch_panic::CatchPanicLayer;

/// What a listener's connections may take.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Open connections of one listener. Each listener has its own count, so that a flood of one leaves the others
    /// reachable. One more is told 503 and closed (over TLS: closed).
    pub connections: usize,
    /// Time for the TLS handshake, and for each request's head once it has begun to arrive.
    pub header_timeout: Duration,
    /// Time between requests, and time that an answer may wait for a client that does not read it.
    pub idle_timeout: Duration,
    /// Time for requests in flight to finish when the node stops.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            drain: Duration::from_secs(20),
        }
    }
}

/// Bytes of a request's line and headers: tokens and cookies fit many times over, and 431 is what more of it gets.
pub const HEAD_BYTES: u32 = 16 * 1024;

/// Number of headers, after which the answer is 431.
pub const HEADERS: usize = 100;

/// HTTP/2 streams at once in one connection: what a gateway multiplexes, times the cap on connections.
pub const STREAMS: u32 = 256;

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Time from the head of the request to the head of the answer.
    pub timeout: Duration,
    /// Bytes of the body.
    pub body: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), body: 64 * 1024 }
    }
}

/// Holds every request of `router` to `limits`, and turns a panic into 500 instead of a closed connection.
///
/// Whoever reads a body that is too large finds that out, at once when `Content-Length` says so, and tells it in the words
/// of its surface. A request whose body or answer takes too long is 503; what it had begun goes on where that is promised
/// (the write lane never depends on its requester).
pub fn apply(router: Router, limits: RequestLimits) -> Router {
    router.layer(CatchPanicLayer::custom(panicked)).layer(middleware::from_fn_with_state(limits, limited))
}

async fn limited(State(limits): State<RequestLimits>, request: Request, next: Next) -> Response {
    let too_large = announced(request.headers()).is_some_and(|length| length > limits.body as u64);
    let request = request.map(|body| {
        if too_large {
            // One byte over its limit: whoever reads it is refused without waiting for what was announced.
            Body::new(Limited::new(Body::from("."), 0))
        } else {
            Body::new(Limited::new(body, limits.body))
        }
    });
    tokio::time::timeout(limits.timeout, next.run(request)).await.unwrap_or_else(|_| {
        let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "the request took too long\n");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        response
    })
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// It is larger than the limit.
    #[error("the body is too large")]
    TooLarge,
    /// It did not arrive in time.
    #[error("the body took too long to arrive")]
    TooSlow,
    /// The connection broke, or the body is malformed.
    #[error("the body is broken")]
    Broken,
}

impl BodyFault {
    /// The status that says so.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// Whether a body could not be read because it is larger than a limit: the reader's own, or that of all requests.
pub fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<LengthLimitError>)
}

/// The whole body within `limits`, for the endpoints that answer before the router.
pub async fn read(body: Incoming, limits: RequestLimits) -> Result<Bytes, BodyFault> {
    let whole = tokio::time::timeout(limits.timeout, Limited::new(body, limits.body).collect());
    match whole.await {
        Err(_) => Err(BodyFault::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if is_too_large(&*error) => Err(BodyFault::TooLarge),
        Ok(Err(_)) => Err(BodyFault::Broken),
    }
}

fn announced(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refuse(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// The panic's own text is for the log (the panic hook has written it), never for the client.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n")
}
