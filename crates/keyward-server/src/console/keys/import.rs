//! Using another application's credential.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    Router::new()
}
