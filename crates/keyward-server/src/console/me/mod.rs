//! A person's own pages, outside any organization: profile, Authenticator & Access, sessions.

mod access;
mod profile;
mod sessions;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().merge(profile::routes()).merge(access::routes()).merge(sessions::routes())
}
