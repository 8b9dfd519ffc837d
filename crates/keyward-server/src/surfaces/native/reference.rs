//! The reference page at `/docs`: vendored, no inline script or style, nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

use crate::app::App;

/// What the page may load: its own files, and the document.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Keyward API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/docs.css">
<body data-document="openapi.json">
<main id="reference"></main>
<noscript><p>This page needs JavaScript. The document it shows is <a href="openapi.json">openapi.json</a>.</p></noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/docs.js"></script>
"#;

macro_rules! vendored {
    ($file:literal) => {
        include_bytes!(concat!("../../../assets/vendor/swagger-ui-dist-5.35.0/", $file)).as_slice()
    };
}

/// The files of the page: name, content type, bytes.
const FILES: &[(&str, &str, &[u8])] = &[
    ("swagger-ui.css", "text/css; charset=utf-8", vendored!("swagger-ui.css")),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", vendored!("swagger-ui-bundle.js")),
    ("favicon-32x32.png", "image/png", vendored!("favicon-32x32.png")),
    ("docs.css", "text/css; charset=utf-8", include_bytes!("../../../assets/docs.css")),
    ("docs.js", "text/javascript; charset=utf-8", include_bytes!("../../../assets/docs.js")),
];

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/docs", get(page)).route("/docs/{file}", get(file))
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, PAGE).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, content_type, bytes)) => {
            let headers = [(header::CONTENT_TYPE, *content_type), (header::CACHE_CONTROL, "public, max-age=3600")];
            (headers, *bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
