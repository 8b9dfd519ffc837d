//! Deleting a role: only one that nobody holds.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_core::id::RoleId;
use keyward_core::role::Role;

use super::href;
use crate::app::App;
use crate::console::gate::{Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::roles::{self, RoleUse};

#[derive(Template)]
#[template(path = "console/roles/delete.html")]
struct Delete<'a> {
    visit: &'a Visit,
    role: &'a Role,
    used: RoleUse,
    back: String,
    wrong: Wrong,
}

pub(super) async fn ask(State(app): State<Arc<App>>, visit: Visit, Id(id): Id<RoleId>) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    Ok(dialog(StatusCode::OK, &app, &visit, &role, used, Wrong::default()))
}

pub(super) async fn delete(State(app): State<Arc<App>>, visit: Visit, Id(id): Id<RoleId>) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    match roles::delete(&app, visit.ctx(), id).await {
        Ok(done) => {
            let notice = Notice::proven(format!("The role {} was deleted.", role.name), &done.receipt);
            Ok(page::lead(&visit.visitor, &visit.href("/roles"), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => Ok(dialog(status, &app, &visit, &role, used, Wrong::of(&error, &[]))),
            None => Err(error.into()),
        },
    }
}

fn dialog(status: StatusCode, app: &App, visit: &Visit, role: &Role, used: RoleUse, wrong: Wrong) -> Response {
    let delete = Delete { visit, role, used, back: href(visit, role), wrong };
    page::dialog(status, app, visit, "Delete role", &visit.href("/roles"), &delete)
}
