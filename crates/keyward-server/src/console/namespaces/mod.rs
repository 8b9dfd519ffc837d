//! Namespaces: the organization, its applications with their site keys, workspaces and user groups.

mod change;
mod group;
mod list;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/namespaces", get(list::list))
        .route("/o/{organization}/namespaces/new", get(change::new).post(change::create))
        .route("/o/{organization}/namespaces/{namespace}", get(show::show))
        .route("/o/{organization}/namespaces/{namespace}/edit", get(change::edit).post(change::rename))
        .route("/o/{organization}/namespaces/{namespace}/delete", get(change::confirm).post(change::delete))
        .route("/o/{organization}/namespaces/{namespace}/members/new", get(group::choose).post(group::add))
        .route("/o/{organization}/namespaces/{namespace}/members/remove", get(group::confirm).post(group::remove))
}
