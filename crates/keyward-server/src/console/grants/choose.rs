//! Giving a role: who, where, which. What the address says already is not asked again.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use keyward_api::operations;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Holder, MAX_ROLES_PER_ORGANIZATION};
use serde::Deserialize;

use super::{back_to, holder_of, missing, place_of};
use crate::app::App;
use crate::console::gate::{Fields, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::{CHOICES, Somebody, Spot, cut, with_query};
use crate::console::ui::Wrong;
use crate::ops::error::OpError;
use crate::ops::names::{Called, Place};
use crate::ops::users::{self, MemberFilter};
use crate::ops::{NamespaceFilter, Page, authority, grants, namespaces, roles};

#[derive(Deserialize, Default)]
pub(super) struct Wanted {
    #[serde(default)]
    holder: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    back: String,
}

#[derive(Template)]
#[template(path = "console/grants/choose.html")]
struct Choose<'a> {
    title: &'a str,
    step: u8,
    action: &'a str,
    back: &'a str,
    wanted: &'a Wanted,
    holder: Option<Somebody>,
    place: Option<Spot>,
    groups: Vec<Choices>,
    more: bool,
}

impl Choose<'_> {
    fn nothing_found(&self) -> bool {
        self.groups.iter().all(|sort| sort.rows.is_empty())
    }
}

/// What can be chosen, of one sort.
struct Choices {
    title: &'static str,
    rows: Vec<Choice>,
}

struct Choice {
    icon: &'static str,
    name: String,
    detail: String,
    /// The next step; none where the visitor can give nothing.
    href: Option<String>,
}

/// What was chosen of the roles, and what is wrong with it.
struct Answered<'a> {
    status: StatusCode,
    role: &'a str,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/grants/role.html")]
struct ChooseRole<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    wanted: &'a Wanted,
    holder: Somebody,
    place: Spot,
    roles: Vec<RoleChoice>,
    sees_roles: bool,
    chosen: &'a str,
    wrong: Wrong,
}

struct RoleChoice {
    id: String,
    name: String,
    patterns: String,
    grantable: bool,
}

pub(super) async fn choose(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refused> {
    let holder = holder_of(&wanted.holder)?;
    let place = place_of(&wanted.namespace)?;
    match (holder, place) {
        (Some(holder), Some(place)) => {
            let nothing = Answered { status: StatusCode::OK, role: "", wrong: Wrong::default() };
            role_dialog(&app, &visit, holder, place, &wanted, nothing).await
        }
        (None, place) => who(&app, &visit, place, &wanted).await,
        (Some(holder), None) => place_dialog(&app, &visit, holder, &wanted).await,
    }
}

pub(super) async fn give(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let text = |name| fields.text(name).to_owned();
    let wanted = Wanted { holder: text("holder"), namespace: text("namespace"), q: String::new(), back: text("back") };
    let holder = holder_of(&wanted.holder)?.ok_or_else(|| OpError::not_found("holder"))?;
    let place = place_of(&wanted.namespace)?.ok_or_else(|| OpError::not_found("namespace"))?;
    let chosen = fields.text("role").trim();
    let given = if chosen.is_empty() {
        Err(missing("a role"))
    } else {
        grants::create(&app, visit.ctx(), holder, chosen.to_owned(), Some(place)).await
    };
    match given {
        Ok(done) => {
            let name = somebody(&app, &visit, holder).await?.name;
            let at = Spot::of(&app, &visit, &namespaces::place(&app, visit.ctx(), place).await?).line();
            let notice = Notice::proven(format!("{name} holds {} at {at} now.", done.value.1), &done.receipt);
            Ok(page::lead(&visit.visitor, &back_to(&visit, &wanted.back).0, Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => {
                let answered = Answered { status, role: chosen, wrong: Wrong::of(&error, &["role"]) };
                role_dialog(&app, &visit, holder, place, &wanted, answered).await
            }
            None => Err(error.into()),
        },
    }
}

/// The first step: people and user groups that were searched for.
async fn who(app: &App, visit: &Visit, place: Option<NamespaceId>, wanted: &Wanted) -> Result<Response, Refused> {
    let at = place.unwrap_or_else(|| visit.organization.id.into());
    let place = match place {
        Some(id) => Some(namespaces::place(app, visit.ctx(), id).await?),
        None => None,
    };
    authority::door(app, visit.ctx(), &operations::GRANTS_CREATE, at)?;
    let search = searched(wanted);
    let filter = MemberFilter { search: search.clone(), suspended: None };
    let mut people = users::list(app, visit.ctx(), &filter, &Page::first(CHOICES + 1)).await?;
    let filter = groups_filter(search);
    let mut groups = namespaces::list(app, visit.ctx(), filter, &Page::first(CHOICES + 1)).await?;
    let more = cut(&mut people, CHOICES) | cut(&mut groups, CHOICES);
    let groups = namespaces::places(app, visit.ctx(), groups).await?.into_iter().map(Called::UserGroup);
    let people = people.into_iter().map(|member| Called::User(member.user));
    let choice = |called: Called| {
        let Somebody { id, name, detail, icon, .. } = Somebody::of(app, visit, &called);
        Choice { icon, name, detail, href: Some(wanted.further(visit, &[("holder", &id)])) }
    };
    let groups = vec![
        Choices { title: "Members", rows: people.map(choice).collect() },
        Choices { title: "User groups", rows: groups.map(choice).collect() },
    ];
    let place = place.map(|place| Spot::of(app, visit, &place));
    Ok(choose_dialog(app, visit, wanted, Found { step: 1, holder: None, place, groups, more }))
}

/// The second step: places that were searched for, the organization first.
async fn place_dialog(app: &App, visit: &Visit, holder: Holder, wanted: &Wanted) -> Result<Response, Refused> {
    let holder = somebody(app, visit, holder).await?;
    let filter = NamespaceFilter { search: searched(wanted), ..NamespaceFilter::default() };
    let mut found = namespaces::list(app, visit.ctx(), filter, &Page::first(CHOICES + 1)).await?;
    let more = cut(&mut found, CHOICES);
    let mut places = namespaces::places(app, visit.ctx(), found).await?;
    let organization = &visit.organization;
    if wanted.q.trim().is_empty() {
        let itself = Place { id: organization.id.into(), name: organization.name.clone(), application: None };
        places.insert(0, itself);
    }
    let choice = |place: &Place| {
        let spot = Spot::of(app, visit, place);
        let detail = match &spot.within {
            Some(within) => format!("{} of {within}", spot.kind),
            None => spot.kind.to_owned(),
        };
        let may = authority::may(app, visit.ctx(), "grants:create", place.id);
        let href = may.then(|| wanted.further(visit, &[("namespace", &spot.id)]));
        Choice { icon: spot.icon, name: spot.name, detail, href }
    };
    let groups = vec![Choices { title: "", rows: places.iter().map(choice).collect() }];
    Ok(choose_dialog(app, visit, wanted, Found { step: 2, holder: Some(holder), place: None, groups, more }))
}

/// What a step found.
struct Found {
    step: u8,
    holder: Option<Somebody>,
    place: Option<Spot>,
    groups: Vec<Choices>,
    more: bool,
}

fn choose_dialog(app: &App, visit: &Visit, wanted: &Wanted, found: Found) -> Response {
    let (back, current) = back_to(visit, &wanted.back);
    let title = "Give a role";
    let action = visit.href("/grants/new");
    let Found { step, holder, place, groups, more } = found;
    let dialog = Choose { title, step, action: &action, back: &back, wanted, holder, place, groups, more };
    page::dialog(StatusCode::OK, app, visit, title, &current, &dialog)
}

/// The last step: the roles, and which of them the visitor may give at this place.
async fn role_dialog(
    app: &App,
    visit: &Visit,
    holder: Holder,
    place: NamespaceId,
    wanted: &Wanted,
    answered: Answered<'_>,
) -> Result<Response, Refused> {
    let at = namespaces::place(app, visit.ctx(), place).await?;
    authority::door(app, visit.ctx(), &operations::GRANTS_CREATE, place)?;
    let holder = somebody(app, visit, holder).await?;
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let roles = roles::list(app, visit.ctx(), None, &every).await?;
    let choice = |role: &keyward_core::role::Role| RoleChoice {
        id: role.id.to_string(),
        name: role.name.to_string(),
        patterns: shortened(&roles::texts(&role.patterns)),
        grantable: roles::may_grant(app, visit.ctx(), place, &role.patterns),
    };
    let (back, current) = back_to(visit, &wanted.back);
    let title = format!("Give {} a role", holder.name);
    let dialog = ChooseRole {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &visit.href("/grants/new"),
        back: &back,
        wanted,
        holder,
        place: Spot::of(app, visit, &at),
        roles: roles.iter().map(choice).collect(),
        sees_roles: authority::may(app, visit.ctx(), "roles:read", visit.organization.id.into()),
        chosen: answered.role,
        wrong: answered.wrong,
    };
    Ok(page::dialog(answered.status, app, visit, &title, &current, &dialog))
}

/// Who is to hold it, if the visitor may know of them.
async fn somebody(app: &App, visit: &Visit, holder: Holder) -> Result<Somebody, OpError> {
    let called = match holder {
        Holder::User(user) => Called::User(users::get(app, visit.ctx(), user).await?.user),
        Holder::UserGroup(group) => Called::UserGroup(namespaces::place(app, visit.ctx(), group.into()).await?),
        Holder::Credential(_) => return Err(OpError::not_found("holder")),
    };
    Ok(Somebody::of(app, visit, &called))
}

impl Wanted {
    /// The address of the next step.
    fn further(&self, visit: &Visit, chosen: &[(&str, &str)]) -> String {
        let known = [("holder", self.holder.as_str()), ("namespace", &self.namespace), ("back", &self.back)];
        let pairs: Vec<_> = known.into_iter().chain(chosen.iter().copied()).collect();
        with_query(&visit.href("/grants/new"), &pairs)
    }
}

fn searched(wanted: &Wanted) -> Option<String> {
    Some(wanted.q.trim().to_owned()).filter(|text| !text.is_empty())
}

fn groups_filter(search: Option<String>) -> NamespaceFilter {
    let kind = Some(keyward_core::namespace::NamespaceKind::UserGroup);
    NamespaceFilter { kind, search, ..NamespaceFilter::default() }
}

/// The first few patterns, and how many more there are.
pub(super) fn shortened(patterns: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = patterns.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match patterns.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_roles_are_shortened() {
        let patterns: Vec<String> = (1..=6).map(|n| format!("a:{n}")).collect();
        assert_eq!(shortened(&patterns[..2]), "a:1, a:2");
        assert_eq!(shortened(&patterns), "a:1, a:2, a:3, a:4 and 2 more");
    }
}
