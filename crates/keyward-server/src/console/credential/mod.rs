//! One credential: its page, and everything that is done with it. Dialogs stand at `/o/{organization}/credentials/{id}/…`.

mod edit;
mod pause;
mod reveal;
mod revoke;
mod rotate;
mod unlink;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(edit::routes())
        .merge(pause::routes())
        .merge(reveal::routes())
        .merge(revoke::routes())
        .merge(rotate::routes())
        .merge(unlink::routes())
}
