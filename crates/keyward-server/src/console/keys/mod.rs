//! Key pages: what is listed on them, and how credentials are made there. Every word comes from the labels of the kinds.
//!
//! | address below `/o/{organization}` | what |
//! |---|---|
//! | `/keys/{page}` | the list; `?in=` names the namespace whose keys are meant |
//! | `/keys/{page}/new` | the dialog `create`; `?in=` as before, `?kind=` where several kinds share the page |
//! | `/keys/{page}/import` | the dialog `import`, into the namespace `?in=` |
//! | `/keys/{page}/bulk` | disabling or revoking what was ticked |
//! | `/keys/{page}/export.csv` | the list as CSV |

mod bulk;
mod create;
mod export;
mod import;
pub(super) mod issued;
mod list;
mod rows;
mod wanted;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(import::routes())
        .merge(bulk::routes())
        .merge(export::routes())
}
