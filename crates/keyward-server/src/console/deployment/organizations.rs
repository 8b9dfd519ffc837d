//! All organizations: created, suspended, resumed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use keyward_core::id::OrganizationId;
use keyward_core::name::Name;
use keyward_core::organization::Organization;
use serde::Deserialize;

use super::{CURRENT, Operator};
use crate::app::App;
use crate::console::gate::{Fields, Id, Visitor};
use crate::console::page::{self, Notice, Refused};
use crate::console::people;
use crate::console::settings::Choice;
use crate::console::ui::{self, When, Wrong};
use crate::ops::context::Ctx;
use crate::ops::organizations::Founded;
use crate::ops::{Page, organizations, profiles};

/// Organizations on one page.
const ROWS: u32 = 50;
/// The fields beside which something may be wrong.
const FIELDS: [&str; 3] = ["name", "profiles", "super_admin"];

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    name: String,
    after: Option<OrganizationId>,
}

#[derive(Template)]
#[template(path = "console/deployment/list.html")]
struct List<'a> {
    rows: Vec<Row>,
    name: &'a str,
    first: bool,
    next: Option<String>,
}

struct Row {
    id: String,
    name: String,
    /// Where the visitor is a member.
    href: Option<String>,
    profiles: String,
    created: When,
    suspended: Option<When>,
}

#[derive(Template)]
#[template(path = "console/deployment/new.html")]
struct New<'a> {
    visitor: &'a Visitor,
    name: &'a str,
    super_admin: &'a str,
    /// Of two that are sent with the same, one makes an organization.
    once: &'a str,
    profiles: Vec<Choice>,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/deployment/created.html")]
struct Created<'a> {
    organization: &'a Organization,
    email: &'a str,
    link: &'a str,
    expires: When,
}

#[derive(Template)]
#[template(path = "console/deployment/switch.html")]
struct Switch<'a> {
    visitor: &'a Visitor,
    organization: &'a Organization,
    suspend: bool,
    verb: &'static str,
    typed: &'a str,
    wrong: Wrong,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    Query(Asked { name, after }): Query<Asked>,
) -> Result<Response, Refused> {
    let wanted = Some(name.trim()).filter(|name| !name.is_empty());
    let mut found = organizations::list(&app, &visitor.ctx, wanted, &Page { after, limit: ROWS + 1 }).await?;
    let more = people::cut(&mut found, ROWS);
    let next = found.last().filter(|_| more);
    let next = next.map(|last| people::with_query(CURRENT, &[("name", &name), ("after", &last.id.to_string())]));
    let rows = found.iter().map(|organization| Row::of(&visitor, organization)).collect();
    Ok(page::own_page(&visitor, "Deployment", CURRENT, &List { rows, name: &name, first: after.is_none(), next }))
}

pub(super) async fn open_new(State(app): State<Arc<App>>, Operator(visitor): Operator) -> Result<Response, Refused> {
    let choices = Choice::all(&profiles::list(&app, &visitor.ctx).await?, &["keyward".to_owned()]);
    Ok(new(StatusCode::OK, &visitor, ["", "", &ui::once(&app)], choices, Wrong::default()))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    fields: Fields,
) -> Result<Response, Refused> {
    let chosen: Vec<String> = fields.all("profiles").map(ToOwned::to_owned).collect();
    let choices = Choice::all(&profiles::list(&app, &visitor.ctx).await?, &chosen);
    let typed = [fields.text("name"), fields.text("super_admin"), fields.text("once")];
    let name = match Name::new(typed[0]) {
        Ok(name) => name,
        Err(error) => {
            let mut wrong = Wrong::default();
            wrong.add("name", error);
            return Ok(new(StatusCode::UNPROCESSABLE_ENTITY, &visitor, typed, choices, wrong));
        }
    };
    let ctx = Ctx { idempotency_key: fields.given("once").map(str::to_owned), ..visitor.ctx.clone() };
    match organizations::create(&app, &ctx, name, chosen, typed[1].to_owned()).await {
        Ok(done) => Ok(created(&visitor, &done.value)),
        Err(error) => match page::again(&error) {
            Some(status) => Ok(new(status, &visitor, typed, choices, Wrong::of(&error, &FIELDS))),
            None => Err(error.into()),
        },
    }
}

pub(super) async fn ask_suspend(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    Id(id): Id<OrganizationId>,
) -> Result<Response, Refused> {
    let organization = organizations::get(&app, &visitor.ctx, id).await?;
    Ok(switch(StatusCode::OK, &visitor, &organization, true, "", Wrong::default()))
}

pub(super) async fn ask_resume(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    Id(id): Id<OrganizationId>,
) -> Result<Response, Refused> {
    let organization = organizations::get(&app, &visitor.ctx, id).await?;
    Ok(switch(StatusCode::OK, &visitor, &organization, false, "", Wrong::default()))
}

pub(super) async fn suspend(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    Id(id): Id<OrganizationId>,
    fields: Fields,
) -> Result<Response, Refused> {
    switched(&app, &visitor, id, &fields, true).await
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Operator(visitor): Operator,
    Id(id): Id<OrganizationId>,
    fields: Fields,
) -> Result<Response, Refused> {
    switched(&app, &visitor, id, &fields, false).await
}

async fn switched(
    app: &App,
    visitor: &Visitor,
    id: OrganizationId,
    fields: &Fields,
    suspends: bool,
) -> Result<Response, Refused> {
    let organization = organizations::get(app, &visitor.ctx, id).await?;
    let typed = fields.text("typed");
    if !confirms(typed, &organization.name) {
        let mut wrong = Wrong::default();
        wrong.add("typed", format!("write the name of the organization, `{}`", organization.name));
        return Ok(switch(StatusCode::UNPROCESSABLE_ENTITY, visitor, &organization, suspends, typed, wrong));
    }
    let done = if suspends {
        organizations::suspend(app, &visitor.ctx, id).await
    } else {
        organizations::resume(app, &visitor.ctx, id).await
    };
    match done {
        Ok(done) => {
            let word = if suspends { "suspended" } else { "resumed" };
            let notice = Notice::proven(format!("{} was {word}.", done.value.name), &done.receipt);
            Ok(page::lead(visitor, CURRENT, Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => Ok(switch(status, visitor, &organization, suspends, typed, Wrong::of(&error, &[]))),
            None => Err(error.into()),
        },
    }
}

/// Whether somebody wrote the name, as people write names.
fn confirms(typed: &str, name: &Name) -> bool {
    Name::new(typed).is_ok_and(|typed| typed.folded() == name.folded())
}

fn new(
    status: StatusCode,
    visitor: &Visitor,
    [name, super_admin, once]: [&str; 3],
    profiles: Vec<Choice>,
    wrong: Wrong,
) -> Response {
    let dialog = New { visitor, name, super_admin, once, profiles, wrong };
    page::own_dialog(status, visitor, "New organization", CURRENT, &dialog)
}

/// What the operator hands to the first super admin; one who named themselves is led there.
fn created(visitor: &Visitor, Founded { organization, invited, replayed }: &Founded) -> Response {
    if *replayed {
        let told = "was created already, by the same form. If there was a link, it was shown then.";
        let notice = Notice::new(format!("{} {told}", organization.name));
        return page::lead(visitor, CURRENT, Some(notice));
    }
    let Some(invited) = invited else {
        let notice = Notice::new(format!("{} was created.", organization.name));
        return page::lead(visitor, &format!("/o/{}", organization.id), Some(notice));
    };
    let link = invited.link(&visitor.origin);
    let dialog = Created {
        organization,
        email: &invited.invitation.email,
        link: link.expose(),
        expires: When::of(invited.invitation.expires_at, visitor.ctx.at()),
    };
    page::own_dialog(StatusCode::OK, visitor, "Organization created", CURRENT, &dialog)
}

fn switch(
    status: StatusCode,
    visitor: &Visitor,
    organization: &Organization,
    suspend: bool,
    typed: &str,
    wrong: Wrong,
) -> Response {
    let (title, verb) = if suspend { ("Suspend organization", "suspend") } else { ("Resume organization", "resume") };
    let dialog = Switch { visitor, organization, suspend, verb, typed, wrong };
    page::own_dialog(status, visitor, title, CURRENT, &dialog)
}

impl Row {
    fn of(visitor: &Visitor, organization: &Organization) -> Self {
        let now = visitor.ctx.at();
        let member = visitor.organizations.iter().any(|(own, _)| own.id == organization.id);
        Self {
            id: organization.id.to_string(),
            name: organization.name.to_string(),
            href: member.then(|| format!("/o/{}", organization.id)),
            profiles: organization.profiles.join(", "),
            created: When::of(organization.created_at, now),
            suspended: organization.suspended_at.map(|at| When::of(at, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_confirmed_as_people_write_it() {
        let name = Name::new("Straße 7").unwrap();
        assert!(confirms(" straße 7 ", &name) && confirms("STRASSE 7", &name));
        assert!(!confirms("Straße", &name) && !confirms("", &name));
    }
}
