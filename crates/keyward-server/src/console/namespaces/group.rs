//! Who is in a user group: every member holds everything that the group holds.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::id::{UserGroupId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::role::Holder;
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::{CHOICES, Spot, cut, href_of};
use crate::console::ui::Wrong;
use crate::ops::error::OpError;
use crate::ops::users::{self, MemberFilter};
use crate::ops::{GrantFilter, Page, authority, grants, namespaces};

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

#[derive(Deserialize)]
pub(super) struct Whom {
    #[serde(default)]
    user: String,
}

#[derive(Template)]
#[template(path = "console/namespaces/add_member.html")]
struct Add<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    q: &'a str,
    sees_members: bool,
    choices: Vec<Choice>,
    more: bool,
    gives: Vec<String>,
    chosen: &'a str,
    wrong: Wrong,
}

/// Somebody who can be chosen.
struct Choice {
    id: String,
    name: String,
    email: String,
    /// They are in the group already.
    inside: bool,
}

#[derive(Template)]
#[template(path = "console/namespaces/remove_member.html")]
struct Remove<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    user: String,
    name: &'a str,
    group: &'a str,
    ends: Vec<String>,
    wrong: Wrong,
}

pub(super) async fn choose(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(group): Id<UserGroupId>,
    Query(search): Query<Search>,
) -> Result<Response, Refused> {
    add_dialog(StatusCode::OK, &app, &visit, group, &search.q, "", Wrong::default()).await
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(group): Id<UserGroupId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let chosen = fields.text("user").trim();
    let added = match chosen.parse() {
        Ok(user) => namespaces::add_member(&app, visit.ctx(), group, user).await.map(|done| (user, done)),
        Err(_) => Err(OpError::field(ErrorCode::MissingField, "/user", "choose who is to be in the group")),
    };
    match added {
        Ok((user, done)) => {
            let name = name_of(&app, &visit, user).await;
            let notice = Notice::proven(format!("{name} is in the group now."), &done.receipt);
            Ok(page::lead(&visit.visitor, &href_of(&visit, group.into()), Some(notice)))
        }
        Err(error) => {
            let Some(status) = page::again(&error) else { return Err(error.into()) };
            add_dialog(status, &app, &visit, group, fields.text("q"), chosen, Wrong::of(&error, &["user"])).await
        }
    }
}

async fn add_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    group: UserGroupId,
    q: &str,
    chosen: &str,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let id = NamespaceId::from(group);
    let place = namespaces::place(app, visit.ctx(), id).await?;
    authority::door(app, visit.ctx(), &keyward_api::operations::USERGROUPS_MEMBERS_ADD, id)?;
    let search = Some(q.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = MemberFilter { search, suspended: None };
    let mut found = users::list(app, visit.ctx(), &filter, &Page::first(CHOICES + 1)).await?;
    let more = cut(&mut found, CHOICES);
    let ids: Vec<UserId> = found.iter().map(|member| member.user.id).collect();
    let inside = namespaces::members_among(app, visit.ctx(), group, &ids).await?;
    let back = href_of(visit, id);
    let title = format!("Add a member to {}", place.name);
    let dialog = Add {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &format!("{back}/members/new"),
        back: &back,
        q: q.trim(),
        sees_members: authority::may(app, visit.ctx(), "users:read", visit.organization.id.into()),
        choices: found
            .into_iter()
            .map(|member| Choice {
                id: member.user.id.to_string(),
                name: member.user.name.to_string(),
                email: member.user.email,
                inside: inside.contains(&member.user.id),
            })
            .collect(),
        more,
        gives: gives(app, visit, group).await?,
        chosen,
        wrong,
    };
    Ok(page::dialog(status, app, visit, &title, &visit.href("/namespaces"), &dialog))
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(group): Id<UserGroupId>,
    Query(whom): Query<Whom>,
) -> Result<Response, Refused> {
    let user = whom.user.parse().map_err(|_| OpError::not_found("user"))?;
    remove_dialog(StatusCode::OK, &app, &visit, group, user, Wrong::default()).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(group): Id<UserGroupId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let user = fields.text("user").parse().map_err(|_| OpError::not_found("user"))?;
    let name = name_of(&app, &visit, user).await;
    match namespaces::remove_member(&app, visit.ctx(), group, user).await {
        Ok(done) => {
            let notice = Notice::proven(format!("{name} is no longer in the group."), &done.receipt);
            Ok(page::lead(&visit.visitor, &href_of(&visit, group.into()), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => remove_dialog(status, &app, &visit, group, user, Wrong::of(&error, &[])).await,
            None => Err(error.into()),
        },
    }
}

async fn remove_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    group: UserGroupId,
    user: UserId,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let id = NamespaceId::from(group);
    let place = namespaces::place(app, visit.ctx(), id).await?;
    let name = name_of(app, visit, user).await;
    let back = href_of(visit, id);
    let title = format!("Take {name} out of {}", place.name);
    let dialog = Remove {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &format!("{back}/members/remove"),
        back: &back,
        user: user.to_string(),
        name: &name,
        group: place.name.as_str(),
        ends: gives(app, visit, group).await?,
        wrong,
    };
    Ok(page::dialog(status, app, visit, &title, &visit.href("/namespaces"), &dialog))
}

/// What every member of the group holds by it, as far as the visitor may see grants: `Viewer at Shop`.
async fn gives(app: &App, visit: &Visit, group: UserGroupId) -> Result<Vec<String>, OpError> {
    let filter = GrantFilter { holder: Some(Holder::UserGroup(group)), ..GrantFilter::default() };
    let held = grants::described(app, visit.ctx(), filter, &Page::first(CHOICES)).await?;
    let line = |held: &grants::Described| format!("{} at {}", held.role, Spot::of(app, visit, &held.place).line());
    Ok(held.iter().map(line).collect())
}

/// What somebody is called; their id for those who may not know.
async fn name_of(app: &App, visit: &Visit, user: UserId) -> String {
    let found = users::get(app, visit.ctx(), user).await;
    found.map_or_else(|_| user.to_string(), |member| member.user.name.to_string())
}
