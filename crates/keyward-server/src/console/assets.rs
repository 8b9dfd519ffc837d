//! What pages load: style, script, icons. Part of the program, named by their digest, and so kept by browsers for good.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, StatusCode, header};

use super::compress::accepts_gzip;
use crate::app::App;

macro_rules! joined {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        concat!($(include_str!(concat!("../../assets/console/", $folder, "/", $file))),+)
    };
}

/// The style, in its layers.
const STYLE: &str = joined!("css":
    "tokens.css", "base.css", "frame.css", "parts.css", "dialog.css", "issued.css", "list.css",
    "key.css", "people.css", "roles.css", "insight.css", "account.css",
);

/// The script: one file for each thing that it makes nicer, none of which a page needs.
const SCRIPT: &str = joined!("js":
    "dialog.js", "lost.js", "hash.js", "copy.js", "secret.js", "time.js", "forms.js", "search.js", "list.js",
);

/// The addresses of the files.
pub(super) struct Hrefs {
    /// The style.
    pub(super) style: String,
    /// The script.
    pub(super) script: String,
    /// htmx.
    pub(super) htmx: String,
    /// The icons, each a symbol with a name.
    pub(super) icons: String,
    /// The icon of the pages.
    pub(super) favicon: String,
}

/// The addresses of the files.
pub(super) static HREFS: LazyLock<Hrefs> = LazyLock::new(|| {
    let href = |name: &str| {
        let file = FILES.iter().find(|file| file.name == name);
        file.map_or_else(String::new, |file| format!("/assets/{}/{name}", file.digest))
    };
    Hrefs {
        style: href("console.css"),
        script: href("console.js"),
        htmx: href("htmx.js"),
        icons: href("icons.svg"),
        favicon: href("favicon.svg"),
    }
});

struct File {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// The same, smaller. Nothing in it is anybody's secret, so its length tells nothing.
    compressed: Vec<u8>,
    digest: String,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let script = "text/javascript; charset=utf-8";
    let htmx: &[u8] = include_bytes!("../../assets/vendor/htmx.org-4.0.1/htmx.min.js");
    let icons: &[u8] = include_bytes!("../../assets/console/icons.svg");
    let favicon: &[u8] = include_bytes!("../../assets/console/favicon.svg");
    vec![
        File::new("console.css", "text/css; charset=utf-8", STYLE.as_bytes()),
        File::new("console.js", script, SCRIPT.as_bytes()),
        File::new("htmx.js", script, htmx),
        File::new("icons.svg", "image/svg+xml", icons),
        File::new("favicon.svg", "image/svg+xml", favicon),
    ]
});

impl File {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing into memory does not fail; were it to, the file would be sent as it is.
        let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
        let digest = blake3::hash(bytes).to_hex()[..16].to_owned();
        Self { name, content_type, bytes, compressed: written.unwrap_or_default(), digest }
    }
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/assets/{digest}/{name}", get(file))
}

async fn file(Path((digest, name)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name && file.digest == digest) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    if accepts_gzip(&asked) && !file.compressed.is_empty() {
        return (headers, [(header::CONTENT_ENCODING, "gzip")], file.compressed.as_slice()).into_response();
    }
    (headers, file.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the largest page, a first visit stays below the 60 kB that the console may weigh.
    #[test]
    fn a_first_visit_is_light() {
        let all: usize = FILES.iter().map(|file| file.compressed.len()).sum();
        assert!(all < 40_000, "{all} bytes");
    }

    #[test]
    fn addresses_name_what_is_served() {
        let hrefs = &*HREFS;
        for href in [&hrefs.style, &hrefs.script, &hrefs.htmx, &hrefs.icons, &hrefs.favicon] {
            let (digest, name) = href.strip_prefix("/assets/").and_then(|rest| rest.split_once('/')).unwrap();
            assert!(FILES.iter().any(|file| file.name == name && file.digest == digest), "{href}");
        }
    }
}
