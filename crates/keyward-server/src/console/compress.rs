//! Pages in fewer bytes, where their length can tell nobody anything.
//!
//! What is compressed gets shorter when it repeats itself. Whoever can make a browser ask for pages with texts of their
//! choice, and sees how long the answers are, could so guess what else a page holds. Other sites can make a browser ask;
//! but then it says so (`Sec-Fetch-Site`), and the answer goes as it is. Nor is the answer to a form ever compressed: it
//! may show a new secret beside what was typed.

use std::io::Write as _;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, header};

/// Below this, a page fits into the first packets anyway.
const SHORT: usize = 1_024;

/// Compresses a page for who asked for it on their own, or on one of our pages.
pub(super) async fn pages(request: Request, next: Next) -> Response {
    let wanted = request.method() == Method::GET && is_own(request.headers()) && accepts_gzip(request.headers());
    let mut response = next.run(request).await;
    if !is_page(response.headers()) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding, sec-fetch-site"));
    if !wanted {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Pages are made whole: nothing is waited for, and nothing fails.
    let Ok(page) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let compressed = if page.len() < SHORT { None } else { gzipped(&page) };
    let Some(compressed) = compressed else { return Response::from_parts(parts, page.into()) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, compressed.into())
}

/// Whether a client takes what is compressed.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| coding.trim() == "gzip")
}

/// Whether the browser says that nobody else made it ask. Those that are too old to say so, and those on plain `http`,
/// get pages as they are.
fn is_own(headers: &HeaderMap) -> bool {
    let mut from = headers.get_all("sec-fetch-site").iter();
    matches!((from.next().map(HeaderValue::as_bytes), from.next()), (Some(b"same-origin" | b"none"), None))
}

fn is_page(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    media.starts_with(b"text/html") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Quickly rather than tightly: pages are made anew for each who asks.
fn gzipped(page: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 4), Compression::fast());
    // Writing into memory does not fail; were it to, the page would be sent as it is.
    encoder.write_all(page).and_then(|()| encoder.finish()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::response::Html;
    use axum::routing::get;
    use tower::ServiceExt as _;

    /// How the page is encoded, and how long it is.
    async fn asked(method: &str, headers: &[(&str, &str)]) -> (Option<String>, usize) {
        let page = || async { Html("<li>Nightly import</li>".repeat(500)) };
        let app: Router = Router::new().route("/", get(page).post(page)).layer(axum::middleware::from_fn(pages));
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()[header::VARY], "accept-encoding, sec-fetch-site");
        let coding = response.headers().get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap().to_owned());
        let announced =
            response.headers().get(header::CONTENT_LENGTH).map(|length| length.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(announced.is_none_or(|length| length == body.len().to_string()));
        (coding, body.len())
    }

    #[tokio::test]
    async fn only_who_asks_on_their_own_gets_fewer_bytes() {
        const GZIP: (&str, &str) = ("accept-encoding", "br, gzip");
        for own in ["same-origin", "none"] {
            let (coding, length) = asked("GET", &[GZIP, ("sec-fetch-site", own)]).await;
            assert_eq!(coding.as_deref(), Some("gzip"));
            assert!(length < 500, "{length}");
        }
        let whole = (None, 23 * 500);
        for other in ["same-site", "cross-site", "", "None"] {
            assert_eq!(asked("GET", &[GZIP, ("sec-fetch-site", other)]).await, whole, "{other}");
        }
        assert_eq!(asked("GET", &[GZIP]).await, whole);
        assert_eq!(asked("GET", &[("sec-fetch-site", "none")]).await, whole);
        assert_eq!(asked("GET", &[GZIP, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]).await, whole);
        assert_eq!(asked("POST", &[GZIP, ("sec-fetch-site", "same-origin")]).await, whole);
    }
}
