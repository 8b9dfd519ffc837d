//! One role: what it lets its holders do, and who they are.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use keyward_core::id::{GrantId, RoleId};
use keyward_core::role::{Holder, Role};
use serde::Deserialize;

use super::matrix::{self, Cell};
use super::{href, is_beyond, may, sections};
use crate::app::App;
use crate::console::gate::{Id, Visit};
use crate::console::page::{self, Refused};
use crate::console::ui::When;
use crate::ops::roles::{self, Held, RoleUse};
use crate::ops::{Page, authority};

/// Holders that are shown at a time.
const ROWS: u32 = 25;

#[derive(Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "console/roles/show.html")]
struct Show<'a> {
    role: &'a Role,
    here: String,
    all: String,
    created: When,
    changed: When,
    beyond: bool,
    extent: String,
    patterns: Vec<String>,
    resources: Vec<OneResource>,
    without: Vec<String>,
    used: RoleUse,
    holders: Vec<HeldBy>,
    sees_holders: bool,
    next: Option<String>,
    may_edit: bool,
    may_delete: bool,
    copy: Option<String>,
}

struct OneResource {
    name: String,
    whole: Option<String>,
    actions: Vec<(String, Cell)>,
}

struct HeldBy {
    sort: &'static str,
    icon: &'static str,
    id: String,
    name: Option<String>,
    href: Option<String>,
    place: String,
    since: When,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<RoleId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    let after: Option<GrantId> = asked.after.and_then(|after| after.parse().ok());
    let held = roles::holders(&app, visit.ctx(), id, &Page { after, limit: ROWS }).await?;
    let show = Show::of(&app, &visit, &role, used, &held);
    Ok(page::page(&app, &visit, role.name.as_str(), &visit.href("/roles"), &show))
}

impl<'a> Show<'a> {
    fn of(app: &App, visit: &Visit, role: &'a Role, used: RoleUse, held: &[Held]) -> Self {
        let here = href(visit, role);
        let now = visit.ctx().at();
        let sections = sections(app, &visit.organization, std::slice::from_ref(role));
        let (with, without): (Vec<_>, Vec<_>) =
            sections.iter().flat_map(|section| &section.resources).partition(|resource| {
                matrix::whole(&role.patterns, resource).is_some()
                    || resource.permissions.iter().any(|permission| role.patterns.covers(permission))
            });
        let full = held.len() == ROWS as usize;
        let own = role.template.is_none();
        Show {
            created: When::of(role.created_at, now),
            changed: When::of(role.updated_at, now),
            beyond: is_beyond(app, visit, role),
            extent: matrix::extent(&role.patterns, &sections),
            patterns: roles::texts(&role.patterns),
            resources: with.into_iter().map(|resource| OneResource::of(role, resource)).collect(),
            without: without.into_iter().map(|resource| resource.name.clone()).collect(),
            used,
            holders: held.iter().map(|held| HeldBy::of(visit, held)).collect(),
            sees_holders: authority::may(app, visit.ctx(), "grants:read", visit.organization.id.into()),
            next: held.last().filter(|_| full).map(|last| format!("{here}?after={}", last.grant.id)),
            may_edit: own && may(app, visit, "roles:edit"),
            may_delete: own && may(app, visit, "roles:delete"),
            copy: may(app, visit, "roles:create").then(|| visit.href(&format!("/roles/new?from={}", role.id))),
            all: visit.href("/roles"),
            here,
            role,
        }
    }
}

impl OneResource {
    fn of(role: &Role, resource: &matrix::Resource) -> Self {
        let cell = |permission: &String| (matrix::action(permission).to_owned(), Cell::of(&role.patterns, permission));
        Self {
            name: resource.name.clone(),
            whole: matrix::whole(&role.patterns, resource),
            actions: resource.permissions.iter().map(cell).collect(),
        }
    }
}

impl HeldBy {
    fn of(visit: &Visit, Held { grant, holder, place }: &Held) -> Self {
        let (sort, icon, path) = match grant.holder {
            Holder::User(id) => ("User", "user-round", format!("/members/{id}")),
            Holder::UserGroup(id) => ("User group", "users-round", format!("/namespaces/{id}")),
            Holder::Credential(id) => ("Credential", "key-round", format!("/credentials/{id}")),
        };
        Self {
            sort,
            icon,
            id: grant.holder.to_string(),
            name: holder.as_ref().map(ToString::to_string),
            href: holder.is_some().then(|| visit.href(&path)),
            place: place.as_ref().map_or_else(|| grant.namespace.to_string(), ToString::to_string),
            since: When::of(grant.created_at, visit.ctx().at()),
        }
    }
}
