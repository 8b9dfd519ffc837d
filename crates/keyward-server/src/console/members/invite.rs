//! Inviting somebody. There is no mail: whoever invites gets the link, sees it this once, and hands it over.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_api::limits::MAX_ROLES_PER_REQUEST;
use keyward_api::operations;
use keyward_core::id::InvitationId;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{MAX_ROLES_PER_ORGANIZATION, Role};

use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::Spot;
use crate::console::ui::{When, Wrong};
use crate::ops::credentials::RoleChoice;
use crate::ops::error::OpError;
use crate::ops::names::Place;
use crate::ops::users::{self, Invitation, Invite, Invited};
use crate::ops::{NamespaceFilter, Page, authority, namespaces, roles};

/// How many places the form offers: what nobody finds in a list any more is given after they have joined.
const PLACES: u32 = 200;

#[derive(Template)]
#[template(path = "console/members/invite.html")]
struct InviteDialog<'a> {
    form_token: &'a str,
    action: &'a str,
    back: &'a str,
    email: &'a str,
    super_admin: bool,
    may_super_admin: bool,
    sees_roles: bool,
    rows: Vec<Row>,
    more_places: bool,
    full: bool,
    wrong: Wrong,
}

/// A role at a place, as it is chosen in the form.
struct Row {
    number: usize,
    role: String,
    roles: Vec<Choice>,
    places: Vec<Choice>,
    fault: Option<String>,
}

#[derive(Clone)]
struct Choice {
    id: String,
    name: String,
    chosen: bool,
    /// Whether the visitor may give it somewhere.
    offered: bool,
}

#[derive(Template)]
#[template(path = "console/members/invited.html")]
struct Done<'a> {
    back: &'a str,
    email: &'a str,
    link: &'a str,
    lapses: When,
}

#[derive(Template)]
#[template(path = "console/members/withdraw.html")]
struct Withdraw<'a> {
    form_token: &'a str,
    action: &'a str,
    back: &'a str,
    wrong: Wrong,
}

/// What was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    email: String,
    super_admin: bool,
    /// Roles and places, by their ids or, of roles, their names.
    rows: Vec<(String, String)>,
}

pub(super) async fn open(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let typed = Typed { rows: vec![Default::default()], ..Typed::default() };
    form(StatusCode::OK, &app, &visit, &typed, Wrong::default(), None).await
}

pub(super) async fn submit(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let mut typed = Typed::of(fields.iter());
    // The buttons that only change the form.
    if fields.ticked("add") {
        typed.rows.push(Default::default());
        return form(StatusCode::OK, &app, &visit, &typed, Wrong::default(), None).await;
    }
    if let Some(row) = fields.given("drop").and_then(|text| text.parse::<usize>().ok()) {
        typed.rows = typed.rows.into_iter().enumerate().filter(|(i, _)| *i != row).map(|(_, row)| row).collect();
        return form(StatusCode::OK, &app, &visit, &typed, Wrong::default(), None).await;
    }
    let (input, numbers) = typed.read()?;
    match users::invite(&app, visit.ctx(), input).await {
        Ok(done) => Ok(invited(&app, &visit, &done.value)),
        Err(error) => match page::again(&error) {
            Some(status) => {
                let fault = fault_of_row(&error, &numbers);
                let wrong = if fault.is_some() { Wrong::default() } else { Wrong::of(&error, &["email"]) };
                form(status, &app, &visit, &typed, wrong, fault).await
            }
            None => Err(error.into()),
        },
    }
}

/// The answer to the form, which is in no history: the link, this once.
fn invited(app: &App, visit: &Visit, made: &Invited) -> Response {
    let invitation = &made.invitation;
    let link = made.link(&visit.visitor.origin);
    let back = visit.href("/members");
    let dialog = Done { back: &back, email: &invitation.email, link: link.expose(), lapses: lapses(visit, invitation) };
    page::dialog(StatusCode::CREATED, app, visit, "Invitation", &back, &dialog)
}

fn lapses(visit: &Visit, invitation: &Invitation) -> When {
    When::of(invitation.expires_at, visit.ctx().at())
}

async fn form(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    typed: &Typed,
    wrong: Wrong,
    fault: Option<(usize, String)>,
) -> Result<Response, Refused> {
    let organization = NamespaceId::from(visit.organization.id);
    authority::door(app, visit.ctx(), &operations::USERS_INVITE, organization)?;
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let roles = roles::list(app, visit.ctx(), None, &every).await?;
    let mut found = namespaces::list(app, visit.ctx(), NamespaceFilter::default(), &Page::first(PLACES)).await?;
    let more_places = found.len() == PLACES as usize;
    found.truncate(PLACES as usize - 1);
    let mut places = vec![Place { id: organization, name: visit.organization.name.clone(), application: None }];
    places.extend(namespaces::places(app, visit.ctx(), found).await?);
    let offers = Offers::of(app, visit, &roles, &places);
    let row = |(number, (role, place)): (usize, &(String, String))| Row {
        number,
        role: role.clone(),
        roles: chosen(&offers.roles, role),
        places: chosen(&offers.places, place),
        fault: fault.as_ref().filter(|(row, _)| *row == number).map(|(_, text)| page::sentence(text)),
    };
    let back = visit.href("/members");
    let dialog = InviteDialog {
        form_token: &visit.visitor.form_token,
        action: &format!("{back}/invite"),
        back: &back,
        email: &typed.email,
        super_admin: typed.super_admin,
        may_super_admin: visit.membership.super_admin,
        sees_roles: authority::may(app, visit.ctx(), "roles:read", organization),
        rows: typed.rows.iter().enumerate().map(row).collect(),
        more_places,
        full: typed.rows.len() >= MAX_ROLES_PER_REQUEST,
        wrong,
    };
    Ok(page::dialog(status, app, visit, "Invite somebody", &back, &dialog))
}

/// What every row of the form offers.
struct Offers {
    roles: Vec<Choice>,
    places: Vec<Choice>,
}

impl Offers {
    /// A role is offered when the visitor may give it at some of the places. At which, the invitation says: which place
    /// is chosen beside it, nobody knows yet.
    fn of(app: &App, visit: &Visit, roles: &[Role], places: &[Place]) -> Self {
        let gives =
            |role: &Role| places.iter().any(|place| roles::may_grant(app, visit.ctx(), place.id, &role.patterns));
        let choice = |id: String, name: String, offered| Choice { id, name, chosen: false, offered };
        let line = |place: &Place| {
            let spot = Spot::of(app, visit, place);
            format!("{} ({})", spot.line(), spot.kind.to_lowercase())
        };
        Self {
            roles: roles.iter().map(|role| choice(role.id.to_string(), role.name.to_string(), gives(role))).collect(),
            places: places.iter().map(|place| choice(place.id.to_string(), line(place), true)).collect(),
        }
    }
}

fn chosen(choices: &[Choice], id: &str) -> Vec<Choice> {
    choices.iter().map(|choice| Choice { chosen: choice.id == id, ..choice.clone() }).collect()
}

/// The row of the form that a refused role stands in. `numbers` are the rows of the roles that were sent.
fn fault_of_row(error: &OpError, numbers: &[usize]) -> Option<(usize, String)> {
    let of_field = error.fields.iter().find_map(|fault| {
        let place: usize = fault.pointer.strip_prefix("/roles/")?.split('/').next()?.parse().ok()?;
        Some((*numbers.get(place)?, fault.message.clone()))
    });
    // Of what exceeds the inviter, the operation says the pattern and the place; with one row, it is that.
    let exceeds = error.code == ErrorCode::ExceedsOwnRights && numbers.len() == 1;
    of_field.or_else(|| exceeds.then(|| (numbers[0], error.detail.clone())))
}

impl Typed {
    /// What a form carried: a role begins a row, a place belongs to the row before it.
    fn of<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> Self {
        let mut typed = Self::default();
        for (name, text) in fields {
            match name {
                "email" => text.trim().clone_into(&mut typed.email),
                "super_admin" => typed.super_admin = true,
                "role" => typed.rows.push((text.trim().to_owned(), String::new())),
                "place" => {
                    if let Some((_, place)) = typed.rows.last_mut() {
                        text.trim().clone_into(place);
                    }
                }
                _ => {}
            }
        }
        typed
    }

    /// What the operation takes, and in which row of the form each role stands. Rows without a role say nothing.
    fn read(&self) -> Result<(Invite, Vec<usize>), OpError> {
        let mut numbers = Vec::new();
        let mut roles = Vec::new();
        for (number, (role, place)) in self.rows.iter().enumerate().filter(|(_, (role, _))| !role.is_empty()) {
            let namespace = match place.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| OpError::not_found("namespace"))?),
            };
            roles.push(RoleChoice { role: role.clone(), namespace });
            numbers.push(number);
        }
        Ok((Invite { email: self.email.clone(), super_admin: self.super_admin, roles }, numbers))
    }
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<InvitationId>,
) -> Result<Response, Refused> {
    authority::door(&app, visit.ctx(), &operations::INVITATIONS_WITHDRAW, visit.organization.id.into())?;
    Ok(withdraw_dialog(StatusCode::OK, &app, &visit, id, Wrong::default()))
}

pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<InvitationId>,
) -> Result<Response, Refused> {
    match users::withdraw(&app, visit.ctx(), id).await {
        Ok(done) => {
            let notice = Notice::new(format!("The invitation of {} was withdrawn.", done.value));
            Ok(page::lead(&visit.visitor, &visit.href("/members"), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => Ok(withdraw_dialog(status, &app, &visit, id, Wrong::of(&error, &[]))),
            None => Err(error.into()),
        },
    }
}

fn withdraw_dialog(status: StatusCode, app: &App, visit: &Visit, id: InvitationId, wrong: Wrong) -> Response {
    let back = visit.href("/members");
    let dialog = Withdraw {
        form_token: &visit.visitor.form_token,
        action: &format!("{back}/invitations/{id}/withdraw"),
        back: &back,
        wrong,
    };
    page::dialog(status, app, visit, "Withdraw an invitation", &back, &dialog)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_in_their_order() {
        let fields = [
            ("email", " ada@example.com "),
            ("role", "r1"),
            ("place", ""),
            ("role", ""),
            ("place", "x"),
            ("super_admin", "yes"),
            ("role", "r3"),
        ];
        let typed = Typed::of(fields.into_iter());
        assert_eq!(typed.email, "ada@example.com");
        assert!(typed.super_admin);
        let rows = [("r1", ""), ("", "x"), ("r3", "")].map(|(role, place)| (role.to_owned(), place.to_owned()));
        assert_eq!(typed.rows, rows);
        let (invite, numbers) = typed.read().unwrap();
        assert_eq!((invite.roles.len(), numbers), (2, vec![0, 2]));
    }

    #[test]
    fn a_place_that_is_none_is_not_found() {
        let typed = Typed::of([("role", "r"), ("place", "x")].into_iter());
        assert_eq!(typed.read().unwrap_err().code, ErrorCode::NotFound);
    }

    #[test]
    fn a_refused_role_is_told_beside_its_row() {
        let error = OpError::field(ErrorCode::UnknownRole, "/roles/1/role", "there is no role");
        assert_eq!(fault_of_row(&error, &[0, 2]), Some((2, "there is no role".to_owned())));
        assert_eq!(fault_of_row(&OpError::field(ErrorCode::InvalidValue, "/email", "x"), &[0]), None);
    }
}
