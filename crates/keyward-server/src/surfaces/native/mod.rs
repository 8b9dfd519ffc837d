//! The native REST API: `/v1/…`, problems as RFC 9457, described by OpenAPI 3.1.

mod access;
mod answer;
mod audit;
mod changes;
mod credentials;
pub mod document;
mod extract;
mod grants;
mod health;
mod namespaces;
mod organizations;
mod profiles;
mod reference;
mod roles;
mod sessions;
mod setup;
mod usage;
mod users;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::app::App;

pub use answer::Problematic;
pub use document::document;

/// Everything that is served where the management API is mounted.
pub fn router(app: &Arc<App>) -> Router {
    document::routes().with_state(Arc::clone(app)).layer(from_fn_with_state(Arc::clone(app), answer::finish))
}

/// The verification endpoint alone, for listeners where nothing is managed.
pub fn verification(app: &Arc<App>) -> Router {
    document::verification().with_state(Arc::clone(app)).layer(from_fn_with_state(Arc::clone(app), answer::finish))
}
