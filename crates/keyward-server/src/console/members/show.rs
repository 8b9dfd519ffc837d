//! One member: what they are here, what they hold and from where, and what can be done about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keyward_api::operations::{self, Operation};
use keyward_core::id::UserId;

use crate::app::App;
use crate::console::gate::{Id, Visit};
use crate::console::page::{self, Refused};
use crate::console::people::{GrantRow, Spot, with_query};
use crate::console::ui::When;
use crate::ops::users::{self, Ending, Member};
use crate::ops::{authority, grants};

#[derive(Template)]
#[template(path = "console/members/show.html")]
struct Show<'a> {
    all: &'a str,
    member: &'a Member,
    is_visitor: bool,
    since: When,
    suspended: Option<When>,
    live: u64,
    groups: Vec<Spot>,
    grants: Vec<GrantRow>,
    sees_grants: bool,
    grant: Option<String>,
    actions: Vec<Action>,
    untouchable: Option<&'static str>,
}

impl Show<'_> {
    /// Why some of what is shown cannot be done.
    fn refused_words(&self) -> Option<&'static str> {
        self.actions.iter().find_map(|action| action.refused)
    }
}

/// Something that can be done to the member, or why it cannot.
struct Action {
    words: &'static str,
    icon: &'static str,
    href: String,
    class: &'static str,
    refused: Option<&'static str>,
}

pub(super) async fn show(State(app): State<Arc<App>>, visit: Visit, Id(id): Id<UserId>) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    let Ending { live_credentials, groups } = users::ending(&app, visit.ctx(), id).await?;
    let held = users::held(&app, visit.ctx(), &[id]).await?.remove(&id).unwrap_or_default();
    let (here, all, now) = (visit.href(&format!("/members/{id}")), visit.href("/members"), visit.ctx().at());
    let back = id.to_string();
    let is_visitor = id == visit.visitor.user.id;
    let (actions, untouchable) = actions(&app, &visit, &member, &here);
    let show = Show {
        is_visitor,
        since: When::of(member.membership.created_at, now),
        suspended: member.membership.suspended_at.map(|at| When::of(at, now)),
        live: live_credentials,
        groups: groups.iter().map(|group| Spot::of(&app, &visit, group)).collect(),
        grants: held.iter().map(|held| GrantRow::of(&app, &visit, &held.grant, held.through.as_ref(), &back)).collect(),
        sees_grants: is_visitor || authority::may(&app, visit.ctx(), "grants:read", visit.organization.id.into()),
        grant: grants::offered(&app, visit.ctx())
            .then(|| with_query(&visit.href("/grants/new"), &[("holder", &back), ("back", &back)])),
        actions,
        untouchable,
        member: &member,
        all: &all,
    };
    Ok(page::page(&app, &visit, member.user.name.as_str(), &all, &show))
}

/// What is offered, and the sentence that is said once when the visitor may touch this member in no way.
fn actions(app: &App, visit: &Visit, member: &Member, here: &str) -> (Vec<Action>, Option<&'static str>) {
    let membership = &member.membership;
    let last = users::is_last_super_admin(app, membership);
    let permits = |operation: &Operation| {
        authority::may(app, visit.ctx(), operation.permission.unwrap_or("*"), visit.organization.id.into())
    };
    let any =
        [&operations::USERS_EDIT, &operations::USERS_SUSPEND, &operations::USERS_ENABLE, &operations::USERS_REMOVE];
    let mut allowed = any.into_iter().filter(|operation| permits(operation)).peekable();
    if allowed.peek().is_none() {
        return (Vec::new(), None);
    }
    if allowed.all(|operation| users::may_manage(app, visit.ctx(), operation, member).is_err()) {
        let why = if membership.super_admin { SUPER_ADMIN } else { EXCEEDS };
        return (Vec::new(), Some(why));
    }
    let mut actions = Vec::new();
    let mut offer = |operation, words, icon, path, class, refused| {
        if permits(operation) {
            actions.push(Action { words, icon, href: format!("{here}/{path}"), class, refused });
        }
    };
    let last = last.then_some(LAST);
    if visit.membership.super_admin {
        if membership.super_admin {
            let words = "Take super admin away";
            offer(&operations::USERS_EDIT, words, "shield-off", "super-admin", "", last);
        } else {
            offer(&operations::USERS_EDIT, "Make super admin", "shield-check", "super-admin", "", None);
        }
    }
    if membership.is_active() {
        offer(&operations::USERS_SUSPEND, "Suspend", "pause", "suspend", "", last);
    } else {
        offer(&operations::USERS_ENABLE, "Enable", "play", "enable", "", None);
    }
    offer(&operations::USERS_REMOVE, "Remove", "trash-2", "remove", "danger-quiet", last);
    (actions, None)
}

const SUPER_ADMIN: &str = "Only a super admin can change a super admin.";
const EXCEEDS: &str = "This member holds more than you do, so you cannot change, suspend or remove them.";
const LAST: &str = "The last super admin who can act stays: make somebody else super admin first.";
