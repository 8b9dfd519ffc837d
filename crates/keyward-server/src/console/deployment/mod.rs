//! The deployment, for its operators: organizations, nodes, secrets, profiles. For everybody else there is no such page.

mod organizations;
mod system;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::get;
use http::request::Parts;

use super::gate::Visitor;
use super::page::Refused;
use crate::app::App;
use crate::ops::deployment::must_be_operator;
use crate::ops::error::OpError;

/// The page of the navigation that all of this belongs to.
const CURRENT: &str = "/deployment";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/deployment", get(organizations::list))
        .route("/deployment/new", get(organizations::open_new).post(organizations::create))
        .route("/deployment/system", get(system::show))
        .route("/deployment/{id}/suspend", get(organizations::ask_suspend).post(organizations::suspend))
        .route("/deployment/{id}/resume", get(organizations::ask_resume).post(organizations::resume))
}

/// A visitor who runs this deployment. Nobody else is told that there is anything.
struct Operator(Visitor);

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        must_be_operator(&visitor.ctx).map_err(|_| OpError::not_found("page"))?;
        Ok(Self(visitor))
    }
}
