//! The services behind the proxy: each answers as the vendor's own would, and tells what reached it.

use std::net::SocketAddr;

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Json;
use axum::routing::{MethodRouter, any};
use keyward_api::Time;
use keyward_core::id::RequestId;
use keyward_server::clock;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// All of them, at one address of this machine. They end with this.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Upstream {
    pub(super) async fn start() -> Result<Self, Failure> {
        let failed = |error| Failure::local(format!("the services behind the proxy cannot listen: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, services()).await {
                tracing::error!(%error, "the services behind the proxy ended");
            }
        });
        Ok(Self { address, serving })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Each below the path that the demo's routes put before the request's.
fn services() -> Router {
    Router::new()
        .route("/gigantik/content/articles", service(articles))
        .route("/gigya/accounts.search", service(found_accounts))
        .route("/gainsight/v1/meta/services/objects/list", service(objects))
        .route("/gateway_hub/entities", service(entities))
        .route("/passport/filesvc/api/v1/files", service(files))
}

fn service(answer: fn(&HeaderMap) -> Value) -> MethodRouter {
    any(move |head: Parts, body: String| async move {
        let mut answer = answer(&head.headers);
        answer["received"] = received(&head, body);
        Json(answer)
    })
}

/// Who the proxy says is asking, the names of all other headers, and the body: whatever is not here did not arrive.
fn received(head: &Parts, body: String) -> Value {
    let names = head.headers.keys().map(HeaderName::as_str);
    // The one that is different each time is left out, so that lines can be repeated.
    let (ours, mut others): (Vec<_>, Vec<_>) =
        names.filter(|name| *name != REQUEST_ID).partition(|name| name.starts_with("x-keyward-"));
    others.sort_unstable();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let identity: Map<String, Value> = ours.into_iter().map(|name| (name.to_owned(), text(name).into())).collect();
    json!({ "identity": identity, "other_headers": others.join(", "), "body": body })
}

fn articles(_: &HeaderMap) -> Value {
    json!({ "articles": [{ "id": 1, "title": "Hello" }] })
}

fn found_accounts(headers: &HeaderMap) -> Value {
    let request = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()?.parse::<RequestId>().ok());
    json!({
        "callId": format!("{:032x}", request.map_or(0, RequestId::bits)),
        "errorCode": 0,
        "apiVersion": 2,
        "statusCode": 200,
        "statusReason": "OK",
        "time": Time(clock::now()),
        "results": [{ "UID": "e1f2", "identities": [{ "provider": "site" }] }],
        "objectsCount": 1,
        "totalCount": 1,
    })
}

fn objects(headers: &HeaderMap) -> Value {
    json!({
        "result": true,
        "errorCode": null,
        "errorDesc": null,
        "requestId": headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()),
        "data": [{ "objectName": "Company", "label": "Company" }],
        "message": null,
    })
}

fn entities(_: &HeaderMap) -> Value {
    json!({ "entities": [{ "id": 1, "attributes": { "gateway": "Demo Gateway", "probe": "localhost" } }] })
}

fn files(_: &HeaderMap) -> Value {
    json!({ "_list": [{ "_name": "terminal.ifc" }] })
}

const REQUEST_ID: &str = "x-keyward-request-id";
