//! OAuth 2.0: the token endpoint, for every path on which a dialect has one; introspection; and what describes them.

mod client;
mod introspect;
mod metadata;
pub mod refusal;
pub mod token;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::app::App;
use crate::net::limits::{BodyFault, RequestLimits, is_too_large};

/// Keyward's own OAuth endpoints.
pub fn router(app: &Arc<App>) -> Router {
    metadata::routes()
        .route("/oauth2/token", any(exchange))
        .route("/oauth2/introspect", any(introspect::answer))
        .with_state(Arc::clone(app))
}

async fn exchange(State(app): State<Arc<App>>, request: Request) -> Response {
    token::answer(&app, request, token::Rules::default()).await
}

/// An answer that nobody keeps (RFC 6749 section 5.1).
fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}

/// The whole body; wiped when dropped, because it may hold a secret.
async fn whole(body: Body) -> Result<Zeroizing<Vec<u8>>, BodyFault> {
    match Limited::new(body, RequestLimits::default().body).collect().await {
        Ok(collected) => Ok(Zeroizing::new(collected.to_bytes().into())),
        Err(error) if is_too_large(&*error) => Err(BodyFault::TooLarge),
        Err(_) => Err(BodyFault::Broken),
    }
}
