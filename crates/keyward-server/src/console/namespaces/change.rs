//! Making, renaming and deleting namespaces.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::name::{MAX_NAME_CHARS, Name};
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::time::Timestamp;
use serde::Deserialize;

use super::list::kind_named;
use super::show::new_words;
use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::{Spot, counted, href_of};
use crate::console::ui::Wrong;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::namespaces::{self, Ending};
use crate::ops::receipts::Done;

#[derive(Deserialize)]
pub(super) struct Where {
    #[serde(default)]
    kind: String,
    #[serde(default, rename = "in")]
    within: String,
}

#[derive(Template)]
#[template(path = "console/namespaces/new.html")]
struct New<'a> {
    form_token: &'a str,
    title: &'static str,
    kind: &'static str,
    action: &'a str,
    back: &'a str,
    within: Spot,
    name: &'a str,
    longest: usize,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/namespaces/edit.html")]
struct Edit<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    name: &'a str,
    changed: &'a str,
    longest: usize,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/namespaces/delete.html")]
struct Delete<'a> {
    form_token: &'a str,
    title: &'a str,
    kind: &'a str,
    action: &'a str,
    back: &'a str,
    name: &'a str,
    typed: &'a str,
    ends: Vec<String>,
    credentials: u64,
    is_application: bool,
    is_group: bool,
    wrong: Wrong,
}

pub(super) async fn new(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(wanted): Query<Where>,
) -> Result<Response, Refused> {
    let (kind, within) = wanted.read(&visit)?;
    new_dialog(StatusCode::OK, &app, &visit, kind, within, "", Wrong::default()).await
}

pub(super) async fn create(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let wanted = Where { kind: fields.text("kind").to_owned(), within: fields.text("in").to_owned() };
    let (kind, within) = wanted.read(&visit)?;
    let typed = fields.text("name");
    let made = match Name::new(typed) {
        Ok(name) => make(&app, visit.ctx(), kind, within, name).await,
        Err(error) => Err(OpError::field(ErrorCode::InvalidValue, "/name", error)),
    };
    match made {
        Ok(done) => Ok(made_one(&app, &visit, &done)),
        Err(error) => match page::again(&error) {
            Some(status) => new_dialog(status, &app, &visit, kind, within, typed, Wrong::of(&error, &["name"])).await,
            None => Err(error.into()),
        },
    }
}

async fn make(
    app: &App,
    ctx: &Ctx,
    kind: NamespaceKind,
    within: NamespaceId,
    name: Name,
) -> Result<Done<Namespace>, OpError> {
    match (kind, within) {
        (NamespaceKind::Workspace, NamespaceId::Application(application)) => {
            namespaces::create_workspace(app, ctx, application, name).await
        }
        (NamespaceKind::UserGroup, NamespaceId::Application(application)) => {
            namespaces::create_user_group(app, ctx, Some(application), name).await
        }
        (NamespaceKind::UserGroup, _) => namespaces::create_user_group(app, ctx, None, name).await,
        _ => namespaces::create_application(app, ctx, name).await,
    }
}

/// Leads to the new namespace, or to all of them when its maker may not see it: rights are not inherited.
fn made_one(app: &App, visit: &Visit, done: &Done<Namespace>) -> Response {
    let Namespace { id, name, .. } = &done.value;
    if authority::may(app, visit.ctx(), id.kind().read(), *id) {
        return page::lead(&visit.visitor, &href_of(visit, *id), Some(Notice::new(format!("{name} was created."))));
    }
    let text = format!("{name} was created. You hold no role there, so you do not see it: ask a super admin for one.");
    page::lead(&visit.visitor, &visit.href("/namespaces"), Some(Notice::new(text)))
}

async fn new_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    kind: NamespaceKind,
    within: NamespaceId,
    name: &str,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let place = namespaces::place(app, visit.ctx(), within).await?;
    let all = visit.href("/namespaces");
    let back = if within == visit.organization.id.into() { all.clone() } else { href_of(visit, within) };
    let dialog = New {
        form_token: &visit.visitor.form_token,
        title: new_words(kind),
        kind: kind.as_str(),
        action: &visit.href("/namespaces/new"),
        back: &back,
        within: Spot::of(app, visit, &place),
        name,
        longest: MAX_NAME_CHARS,
        wrong,
    };
    Ok(page::dialog(status, app, visit, dialog.title, &all, &dialog))
}

impl Where {
    /// What is wanted, and where it may stand; the organization where nothing is said.
    fn read(&self, visit: &Visit) -> Result<(NamespaceKind, NamespaceId), OpError> {
        let kind = kind_named(&self.kind).unwrap_or(NamespaceKind::Application);
        let within: NamespaceId = match self.within.as_str() {
            "" => visit.organization.id.into(),
            text => text.parse().map_err(|_| OpError::not_found("namespace"))?,
        };
        let elsewhere = within.kind() == NamespaceKind::Organization && within != visit.organization.id.into();
        if !elsewhere && Namespace::may_hold(within.kind(), kind) {
            Ok((kind, within))
        } else {
            Err(OpError::not_found("namespace"))
        }
    }
}

pub(super) async fn edit(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<NamespaceId>,
) -> Result<Response, Refused> {
    let found = namespaces::get(&app, visit.ctx(), id).await?;
    let changed = found.updated_at.micros().to_string();
    Ok(edit_dialog(StatusCode::OK, &app, &visit, &found, found.name.as_str(), &changed, Wrong::default()))
}

pub(super) async fn rename(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<NamespaceId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let changed = fields.text("changed");
    let mut ctx = visit.ctx().clone();
    ctx.if_match = changed.parse().ok().map(Timestamp::from_micros);
    let renamed = match Name::new(fields.text("name")) {
        Ok(name) => namespaces::edit(&app, &ctx, id, Some(name)).await,
        Err(error) => Err(OpError::field(ErrorCode::InvalidValue, "/name", error)),
    };
    match renamed {
        Ok(done) => {
            let notice = Notice::new(format!("It is called {} now.", done.value.name));
            Ok(page::lead(&visit.visitor, &href_of(&visit, id), Some(notice)))
        }
        Err(error) => {
            let Some(status) = page::again(&error) else { return Err(error.into()) };
            let found = namespaces::get(&app, visit.ctx(), id).await?;
            let wrong = Wrong::of(&error, &["name"]);
            Ok(edit_dialog(status, &app, &visit, &found, fields.text("name"), changed, wrong))
        }
    }
}

fn edit_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    found: &Namespace,
    name: &str,
    changed: &str,
    wrong: Wrong,
) -> Response {
    let back = href_of(visit, found.id);
    let title = format!("Rename {}", found.name);
    let dialog = Edit {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &format!("{back}/edit"),
        back: &back,
        name,
        changed,
        longest: MAX_NAME_CHARS,
        wrong,
    };
    page::dialog(status, app, visit, &title, &visit.href("/namespaces"), &dialog)
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<NamespaceId>,
) -> Result<Response, Refused> {
    delete_dialog(StatusCode::OK, &app, &visit, id, "", Wrong::default()).await
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<NamespaceId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let typed = fields.text("confirm");
    let found = namespaces::get(&app, visit.ctx(), id).await?;
    match namespaces::delete(&app, visit.ctx(), id, Some(typed.to_owned())).await {
        Ok(done) => {
            let revoked = done.value.len() as u64;
            let text = match revoked {
                0 => format!("{} was deleted.", found.name),
                n => format!("{} was deleted and {} revoked.", found.name, counted(n, "credential")),
            };
            let above = if found.parent == visit.organization.id.into() {
                visit.href("/namespaces")
            } else {
                href_of(&visit, found.parent)
            };
            Ok(page::lead(&visit.visitor, &above, Some(Notice::proven(text, &done.receipt))))
        }
        Err(error) => {
            let Some(status) = page::again(&error) else { return Err(error.into()) };
            let wrong = if error.code == ErrorCode::NamespaceNotEmpty {
                let mut wrong = Wrong::default();
                wrong.add("confirm", "this is not its name: type it as it is written above");
                wrong
            } else {
                Wrong::of(&error, &["confirm"])
            };
            delete_dialog(status, &app, &visit, id, typed, wrong).await
        }
    }
}

async fn delete_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    id: NamespaceId,
    typed: &str,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let place = namespaces::place(app, visit.ctx(), id).await?;
    let ending = namespaces::ending(app, visit.ctx(), id).await?;
    let back = href_of(visit, id);
    let spot = Spot::of(app, visit, &place);
    let title = format!("Delete {}", place.name);
    let dialog = Delete {
        form_token: &visit.visitor.form_token,
        title: &title,
        kind: &spot.kind.to_lowercase(),
        action: &format!("{back}/delete"),
        back: &back,
        name: place.name.as_str(),
        typed,
        ends: ends(ending),
        credentials: ending.credentials,
        is_application: id.kind() == NamespaceKind::Application,
        is_group: id.kind() == NamespaceKind::UserGroup,
        wrong,
    };
    Ok(page::dialog(status, app, visit, &title, &visit.href("/namespaces"), &dialog))
}

/// What goes with it, one line each; nothing when it is empty.
fn ends(ending: Ending) -> Vec<String> {
    let mut ends = Vec::new();
    if ending.credentials > 0 {
        let stop = if ending.credentials == 1 { "is revoked and stops" } else { "are revoked and stop" };
        ends.push(format!("{} {stop} working at once, for good.", counted(ending.credentials, "credential")));
    }
    if ending.namespaces > 0 {
        let goes = if ending.namespaces == 1 { "goes" } else { "go" };
        ends.push(format!("{} below it {goes} too.", counted(ending.namespaces, "namespace")));
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_along_is_counted() {
        assert!(ends(Ending { credentials: 0, namespaces: 0 }).is_empty());
        assert_eq!(
            ends(Ending { credentials: 1, namespaces: 2 }),
            ["1 credential is revoked and stops working at once, for good.", "2 namespaces below it go too."]
        );
        assert_eq!(
            ends(Ending { credentials: 3, namespaces: 0 })[0],
            "3 credentials are revoked and stop working at once, for good."
        );
    }
}
