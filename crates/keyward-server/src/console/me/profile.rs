//! Who one is, and where one's own ways in are: password, second factor, sessions, keys.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_core::kind::Kind;
use keyward_core::name::Name;

use crate::app::App;
use crate::console::gate::{Fields, Visitor};
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::{When, Wrong};
use crate::console::{key_pages, ui};
use crate::ops::second_factor::{self, Status};
use crate::ops::{sessions, users};

#[derive(Template)]
#[template(path = "console/account/profile.html")]
struct Profile<'a> {
    visitor: &'a Visitor,
    since: When,
    factor: Status,
    sessions: usize,
    keys: Vec<OwnKeys<'a>>,
    name: &'a str,
    wrong: Wrong,
}

/// A page with keys that people make for themselves, in one organization.
struct OwnKeys<'a> {
    organization: &'a str,
    href: String,
    label: String,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/me", get(show).post(rename))
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let name = visitor.user.name.to_string();
    view(&app, &visitor, StatusCode::OK, &name, Wrong::default()).await
}

async fn rename(State(app): State<Arc<App>>, visitor: Visitor, fields: Fields) -> Result<Response, Refused> {
    let typed = fields.text("name");
    let mut wrong = Wrong::default();
    let Ok(name) = Name::new(typed).map_err(|error| wrong.add("name", error)) else {
        return view(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, typed, wrong).await;
    };
    match users::profile(&app, &visitor.ctx, name).await {
        Ok(_) => Ok(page::lead(&visitor, "/me", Some(Notice::new("Your name was changed.")))),
        Err(error) => view(&app, &visitor, ui::status(&error), typed, Wrong::of(&error, &["name"])).await,
    }
}

async fn view(app: &App, visitor: &Visitor, status: StatusCode, name: &str, wrong: Wrong) -> Result<Response, Refused> {
    let main = Profile {
        visitor,
        since: When::of(visitor.user.created_at, visitor.ctx.at()),
        factor: second_factor::status(app, &visitor.ctx).await?,
        sessions: sessions::list(app, &visitor.ctx).await?.len(),
        keys: own_keys(app, visitor),
        name,
        wrong,
    };
    Ok(page::own_page_with(status, visitor, "Your profile", "/me", &main))
}

/// The pages of kinds that live by what their owner may do.
fn own_keys<'a>(app: &App, visitor: &'a Visitor) -> Vec<OwnKeys<'a>> {
    let active = visitor.organizations.iter().filter(|(of, membership)| of.is_active() && membership.is_active());
    active
        .flat_map(|(organization, _)| {
            let personal = |page: &key_pages::KeyPage| page.kinds.iter().any(|kind: &Arc<Kind>| kind.is_live());
            key_pages::of(app, organization).into_iter().filter(personal).map(|page| OwnKeys {
                organization: organization.name.as_str(),
                href: format!("/o/{}/keys/{}", organization.id, page.slug),
                label: own_label(&page),
            })
        })
        .collect()
}

/// What the page is called here: its pane, or the last word of its menu path.
fn own_label(page: &key_pages::KeyPage) -> String {
    let labels = page.labels();
    labels.menu.last().filter(|_| labels.pane.is_empty()).unwrap_or(&labels.pane).clone()
}
