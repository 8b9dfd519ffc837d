//! The first page: where a signed-in person begins.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::gate::{Visit, Visitor};
use super::page;
use crate::app::App;

#[derive(Template)]
#[template(path = "console/home.html")]
struct Home;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(begin)).route("/o/{organization}", get(overview))
}

/// Leads on to the first organization of which the visitor is an active member.
async fn begin(visitor: Visitor) -> Response {
    let mut open = visitor.organizations.iter().filter(|(of, membership)| of.is_active() && membership.is_active());
    match open.next() {
        Some((organization, _)) => page::lead_on(&format!("/o/{}", organization.id)),
        None if visitor.user.operator => page::lead_on("/deployment"),
        None => page::lead_on("/me"),
    }
}

async fn overview(State(app): State<Arc<App>>, visit: Visit) -> Response {
    page::page(&app, &visit, "Overview", &visit.href(""), &Home)
}
