//! The list of members, and of the invitations that are open.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use keyward_api::operations;
use keyward_core::id::UserId;
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::Visit;
use crate::console::page::{self, Refused};
use crate::console::people::{self, ROWS, Somebody, Spot, cut, with_query};
use crate::console::ui::{When, initial};
use crate::ops::users::{self, Held, Member, MemberFilter, Open};
use crate::ops::{Page, authority};

/// How many of what somebody holds are named in the list.
const SHOWN_GRANTS: usize = 3;

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    after: Option<String>,
    open: Option<String>,
}

#[derive(Template)]
#[template(path = "console/members/list.html")]
struct List<'a> {
    here: &'a str,
    q: &'a str,
    state: &'a str,
    sees: bool,
    sees_grants: bool,
    first: bool,
    members: Vec<Row>,
    next: Option<String>,
    invite: Option<String>,
    invitations: Vec<Invitation>,
    more_invitations: Option<String>,
}

struct Row {
    name: String,
    initial: String,
    email: String,
    href: String,
    is_visitor: bool,
    super_admin: bool,
    active: bool,
    grants: Vec<Holds>,
    more_grants: usize,
    since: When,
}

/// A role, and where it is held.
struct Holds {
    role: String,
    place: String,
    through: Option<String>,
}

struct Invitation {
    email: String,
    super_admin: bool,
    roles: Vec<Holds>,
    by: String,
    lapses: When,
    withdraw: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refused> {
    let here = visit.href("/members");
    let (q, state) = (wanted.q.trim(), state_named(&wanted.state));
    let filter = MemberFilter { search: Some(q.to_owned()).filter(|q| !q.is_empty()), suspended: suspended(state) };
    let page = Page { after: people::after(wanted.after.as_deref()), limit: ROWS + 1 };
    let first = page.after.is_none();
    let mut members = users::list(&app, visit.ctx(), &filter, &page).await?;
    let next = cut(&mut members, ROWS)
        .then(|| members.last().map(|last| people::cursor(&last.user.name, last.user.id)))
        .flatten();
    let ids: Vec<UserId> = members.iter().map(|member| member.user.id).collect();
    let held = users::held(&app, visit.ctx(), &ids).await?;
    let may = |permission| authority::may(&app, visit.ctx(), permission, visit.organization.id.into());
    let (invitations, more_invitations) = invitations(&app, &visit, &wanted).await?;
    let list = List {
        q,
        state,
        sees: may("users:read"),
        sees_grants: may("grants:read"),
        first,
        members: members.iter().map(|member| row(&app, &visit, member, &held)).collect(),
        next: next.map(|after| with_query(&here, &[("q", q), ("state", state), ("after", &after)])),
        invite: may(operations::USERS_INVITE.permission.unwrap_or("*")).then(|| format!("{here}/invite")),
        invitations,
        more_invitations,
        here: &here,
    };
    Ok(page::page(&app, &visit, "Members", &here, &list))
}

fn row(app: &App, visit: &Visit, member: &Member, held: &BTreeMap<UserId, Vec<Held>>) -> Row {
    let Member { user, membership } = member;
    let all = held.get(&user.id).map(Vec::as_slice).unwrap_or_default();
    Row {
        name: user.name.to_string(),
        initial: initial(user.name.as_str()),
        email: user.email.clone(),
        href: visit.href(&format!("/members/{}", user.id)),
        is_visitor: user.id == visit.visitor.user.id,
        super_admin: membership.super_admin,
        active: membership.is_active(),
        grants: all.iter().take(SHOWN_GRANTS).map(|held| holds(app, visit, held)).collect(),
        more_grants: all.len().saturating_sub(SHOWN_GRANTS),
        since: When::of(membership.created_at, visit.ctx().at()),
    }
}

fn holds(app: &App, visit: &Visit, held: &Held) -> Holds {
    let spot = Spot::of(app, visit, &held.grant.place);
    Holds {
        role: held.grant.role.to_string(),
        place: spot.line(),
        through: held.through.as_ref().map(|group| group.name.to_string()),
    }
}

/// The first page of the list shows the open invitations too; they are paged by themselves.
async fn invitations(app: &App, visit: &Visit, wanted: &Wanted) -> Result<(Vec<Invitation>, Option<String>), Refused> {
    if wanted.after.is_some() || !wanted.q.trim().is_empty() || !state_named(&wanted.state).is_empty() {
        return Ok((Vec::new(), None));
    }
    let after = wanted.open.as_deref().and_then(|text| text.parse().ok());
    let mut open = users::open(app, visit.ctx(), &Page { after, limit: ROWS + 1 }).await?;
    let more = cut(&mut open, ROWS).then(|| open.last().map(|last| last.invitation.id.to_string())).flatten();
    let more = more.map(|after| with_query(&visit.href("/members"), &[("open", &after)]));
    let may = authority::may(app, visit.ctx(), "users:invite", visit.organization.id.into());
    Ok((open.iter().map(|one| invitation(app, visit, one, may)).collect(), more))
}

fn invitation(app: &App, visit: &Visit, open: &Open, may_withdraw: bool) -> Invitation {
    let roles = open.roles.iter().map(|(role, place)| {
        let spot = Spot::of(app, visit, place);
        Holds { role: role.name.to_string(), place: spot.line(), through: None }
    });
    let by = open.invited_by.as_ref().map(|by| Somebody::of(app, visit, by).name);
    Invitation {
        email: open.invitation.email.clone(),
        super_admin: open.invitation.super_admin,
        roles: roles.collect(),
        by: by.unwrap_or_else(|| "the deployment".to_owned()),
        lapses: When::of(open.invitation.expires_at, visit.ctx().at()),
        withdraw: may_withdraw.then(|| visit.href(&format!("/members/invitations/{}/withdraw", open.invitation.id))),
    }
}

/// The states that the list can be narrowed to; empty for all.
fn state_named(text: &str) -> &'static str {
    match text {
        "active" => "active",
        "suspended" => "suspended",
        _ => "",
    }
}

fn suspended(state: &str) -> Option<bool> {
    match state {
        "active" => Some(false),
        "suspended" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_none_shows_all() {
        assert_eq!(suspended(state_named("suspended")), Some(true));
        assert_eq!(suspended(state_named("active")), Some(false));
        assert_eq!((state_named("gone"), suspended(state_named("gone"))), ("", None));
    }
}
