//! What describes the OAuth endpoints to clients (RFC 8414), and the page for who comes looking for a sign-in.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::app::App;
use crate::net::Arrival;
use crate::net::hosts::split_authority;

/// The document and the page.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(WELL_KNOWN, get(document))
        .route(&format!("{WELL_KNOWN}/{{*path}}"), get(document_at))
        .route("/oauth2/authorize", any(page))
}

async fn document(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    described(&issuer(&app, &head))
}

/// An issuer with a path has its document at the root of its host, with the path behind (RFC 8414 section 3.1).
async fn document_at(State(app): State<Arc<App>>, Path(path): Path<String>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let issuer = issuer(&app, &head);
    if issuer.path.strip_prefix('/') == Some(&path) {
        described(&issuer)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// Nobody signs in here: there is only the grant of client credentials. Never a redirect, whatever is asked for.
async fn page() -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::BAD_REQUEST, headers, PAGE).into_response()
}

/// The name of this authorization server.
struct Issuer {
    origin: String,
    /// Without a slash at the end; usually empty.
    path: String,
}

/// `server.public_url` where the request is for its host, or else the origin of the request: clients compare the issuer
/// with the address that they asked. Hosts that this node does not serve never come so far.
fn issuer(app: &App, head: &Parts) -> Issuer {
    let arrival = head.extensions.get::<Arrival>();
    let prefix = arrival.map_or("", |arrival| &*arrival.prefix);
    let authority = head.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = split_authority(authority).map_or(authority, |(host, _)| host);
    match &app.config.server.public_url {
        Some(url) if url.host().eq_ignore_ascii_case(host) => {
            let path = url.path();
            let path = if path.ends_with(prefix) { path.to_owned() } else { format!("{path}{prefix}") };
            Issuer { origin: url.origin(), path }
        }
        _ => {
            let scheme = if arrival.is_some_and(|arrival| arrival.https) { "https" } else { "http" };
            Issuer { origin: format!("{scheme}://{}", authority.to_ascii_lowercase()), path: prefix.to_owned() }
        }
    }
}

fn described(Issuer { origin, path }: &Issuer) -> Response {
    let issuer = format!("{origin}{path}");
    let document = Document {
        token_endpoint: format!("{issuer}/oauth2/token"),
        introspection_endpoint: format!("{issuer}/oauth2/introspect"),
        authorization_endpoint: format!("{issuer}/oauth2/authorize"),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "Bearer"],
        grant_types_supported: ["client_credentials"],
        response_types_supported: ["none"],
        issuer,
    };
    let mut response = super::answer(StatusCode::OK, &document);
    // It says nothing about anybody, and changes with the configuration alone.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response.headers_mut().remove(header::PRAGMA);
    response
}

/// RFC 8414 section 2. Some clients refuse a document without `authorization_endpoint` and `response_types_supported`,
/// so both are there, although no response type can be had.
#[derive(Serialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
    introspection_endpoint: String,
    authorization_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 1],
}

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>No sign-in here</title>\n\
    <h1>No sign-in here</h1>\n\
    <p>This server gives access tokens to programs, for their own <code>client_id</code> and <code>client_secret</code>. \
    It signs no people in for other applications. If an application brought you here, it has to be set to the grant \
    <code>client_credentials</code>.</p>\n</html>\n";
