//! OAuth 2.0: the token endpoint, for every path on which a dialect has one, and what describes it.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// Keyward's own OAuth endpoints.
pub fn router(_: &Arc<App>) -> Router {
    Router::new()
}
