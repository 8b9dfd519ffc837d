//! The members of an organization: who they are, what they hold, who is invited.

mod change;
mod invite;
mod list;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    let member = "/o/{organization}/members/{user}";
    Router::new()
        .route("/o/{organization}/members", get(list::list))
        .route("/o/{organization}/members/invite", get(invite::open).post(invite::submit))
        .route(
            "/o/{organization}/members/invitations/{invitation}/withdraw",
            get(invite::confirm).post(invite::withdraw),
        )
        .route(member, get(show::show))
        .route(&format!("{member}/super-admin"), get(change::confirm_super_admin).post(change::super_admin))
        .route(&format!("{member}/suspend"), get(change::confirm_suspend).post(change::suspend))
        .route(&format!("{member}/enable"), get(change::confirm_enable).post(change::enable))
        .route(&format!("{member}/remove"), get(change::confirm_remove).post(change::remove))
}
