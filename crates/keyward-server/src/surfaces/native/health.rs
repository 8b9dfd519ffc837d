//! `/healthz`, `/readyz` and `/metrics`: for supervisors, without a credential and without a word about records.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::app::App;
use crate::telemetry::metrics::{FEED_AGE, INDEX_CREDENTIALS, INDEX_REVISION, NODES};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// Ready: the database answers, and this node is fresh enough to decide.
async fn ready(State(app): State<Arc<App>>) -> Response {
    if !app.index.snapshot().is_fresh(app.now().boot) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stale: no word from the database within the freshness bound\n")
            .into_response();
    }
    match app.store.read().await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// What is read when it is asked for, rather than counted when it happens.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers; these stay far below 2^52")]
fn gauge(app: &App) {
    let index = app.index.snapshot();
    INDEX_CREDENTIALS.gauge(&[]).set(f64::from(index.credential_count()));
    INDEX_REVISION.gauge(&[]).set(index.revision().0 as f64);
    FEED_AGE.gauge(&[]).set(app.nodes.age(&index, app.now().boot).as_secs_f64());
    NODES.gauge(&[]).set(f64::from(app.nodes.count()));
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    match &app.metrics {
        Some(metrics) => {
            gauge(&app);
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
