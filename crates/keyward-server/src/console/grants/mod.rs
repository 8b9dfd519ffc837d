//! Grants: giving a role at a place, in up to three steps that are pages of their own, and taking one away.

mod choose;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::id::{GrantId, UserGroupId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::role::Holder;
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::{Somebody, Spot, href_of};
use crate::console::ui::Wrong;
use crate::ops::error::OpError;
use crate::ops::grants::{self, Described};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/grants/new", get(choose::choose).post(choose::give))
        .route("/o/{organization}/grants/{grant}/remove", get(confirm).post(remove))
}

#[derive(Template)]
#[template(path = "console/grants/remove.html")]
struct Remove<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    back_to: &'a str,
    holder: Somebody,
    role: &'a str,
    place: Spot,
    is_group: bool,
    wrong: Wrong,
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn confirm(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<GrantId>,
    Query(Back { back }): Query<Back>,
) -> Result<Response, Refused> {
    let described = grants::get(&app, visit.ctx(), id).await?;
    Ok(remove_dialog(StatusCode::OK, &app, &visit, &described, &back, Wrong::default()))
}

async fn remove(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<GrantId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let described = grants::get(&app, visit.ctx(), id).await?;
    let back = fields.text("back");
    match grants::delete(&app, visit.ctx(), id).await {
        Ok(done) => {
            let Somebody { name, .. } = Somebody::of(&app, &visit, &described.holder);
            let place = Spot::of(&app, &visit, &described.place).line();
            let text = format!("{} at {place} was taken from {name}.", described.role);
            let to = back_to(&visit, back).0;
            Ok(page::lead(&visit.visitor, &to, Some(Notice::proven(text, &done.receipt))))
        }
        Err(error) => match page::again(&error) {
            Some(status) => Ok(remove_dialog(status, &app, &visit, &described, back, Wrong::of(&error, &[]))),
            None => Err(error.into()),
        },
    }
}

fn remove_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    described: &Described,
    back: &str,
    wrong: Wrong,
) -> Response {
    let (href, current) = back_to(visit, back);
    let holder = Somebody::of(app, visit, &described.holder);
    let title = format!("Take {} from {}", described.role, holder.name);
    let dialog = Remove {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &visit.href(&format!("/grants/{}/remove", described.grant.id)),
        back: &href,
        back_to: back,
        holder,
        role: described.role.as_str(),
        place: Spot::of(app, visit, &described.place),
        is_group: matches!(described.grant.holder, Holder::UserGroup(_)),
        wrong,
    };
    page::dialog(status, app, visit, &title, &current, &dialog)
}

/// The page that a dialog leads back to, named by the id that it is about, and where that stands in the navigation.
fn back_to(visit: &Visit, back: &str) -> (String, String) {
    if let Ok(user) = back.parse::<UserId>() {
        return (visit.href(&format!("/members/{user}")), visit.href("/members"));
    }
    let all = visit.href("/namespaces");
    match back.parse::<NamespaceId>() {
        Ok(id) => (href_of(visit, id), all),
        Err(_) => (all.clone(), all),
    }
}

/// The holder of an address, as far as this dialog is for them: what a credential holds is managed with it.
fn holder_of(text: &str) -> Result<Option<Holder>, OpError> {
    if text.is_empty() {
        return Ok(None);
    }
    let user = text.parse::<UserId>().map(Holder::User);
    let holder = user.or_else(|_| text.parse::<UserGroupId>().map(Holder::UserGroup));
    holder.map(Some).map_err(|_| OpError::not_found("holder"))
}

/// The place of an address.
fn place_of(text: &str) -> Result<Option<NamespaceId>, OpError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| OpError::not_found("namespace"))
}

/// What must be said where nothing was chosen.
fn missing(what: &str) -> OpError {
    OpError::field(ErrorCode::MissingField, "/role", format!("choose {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_given_to_people_and_groups() {
        let (user, group) = (UserId::from_bits(1), UserGroupId::from_bits(2));
        assert_eq!(holder_of(&user.to_string()).unwrap(), Some(Holder::User(user)));
        assert_eq!(holder_of(&group.to_string()).unwrap(), Some(Holder::UserGroup(group)));
        assert_eq!(holder_of("").unwrap(), None);
        for other in ["cred_0000000000000000000000000000", "app_x", "x"] {
            assert_eq!(holder_of(other).unwrap_err().code, ErrorCode::NotFound, "{other}");
        }
        assert_eq!(place_of("usr_x").unwrap_err().code, ErrorCode::NotFound);
    }
}
