//! One role: what it lets its holders do, and who they are.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use keyward_core::id::{GrantId, RoleId};
use keyward_core::role::Role;
use serde::Deserialize;

use super::matrix::{self, Cell};
use super::{href, is_beyond, may, sections};
use crate::app::App;
use crate::console::gate::{Id, Visit};
use crate::console::page::{self, Refused};
use crate::console::people::{self, GrantRow, ROWS};
use crate::console::ui::When;
use crate::ops::grants::{self, Described};
use crate::ops::roles::{self, RoleUse};
use crate::ops::{GrantFilter, Page, authority};

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
    holders: Vec<GrantRow>,
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

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<RoleId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    let after: Option<GrantId> = asked.after.and_then(|after| after.parse().ok());
    let filter = GrantFilter { role: Some(id), ..GrantFilter::default() };
    let mut held = grants::described(&app, visit.ctx(), filter, &Page { after, limit: ROWS + 1 }).await?;
    let more = people::cut(&mut held, ROWS);
    let show = Show::of(&app, &visit, &role, used, &held, more);
    Ok(page::page(&app, &visit, role.name.as_str(), &visit.href("/roles"), &show))
}

impl<'a> Show<'a> {
    fn of(app: &App, visit: &Visit, role: &'a Role, used: RoleUse, held: &[Described], more: bool) -> Self {
        let here = href(visit, role);
        let now = visit.ctx().at();
        let sections = sections(app, &visit.organization, std::slice::from_ref(role));
        let (with, without): (Vec<_>, Vec<_>) =
            sections.iter().flat_map(|section| &section.resources).partition(|resource| {
                matrix::whole(&role.patterns, resource).is_some()
                    || resource.permissions.iter().any(|permission| role.patterns.covers(permission))
            });
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
            holders: held.iter().map(|held| GrantRow::of(app, visit, held, None, &here)).collect(),
            sees_holders: authority::may(app, visit.ctx(), "grants:read", visit.organization.id.into()),
            next: held.last().filter(|_| more).map(|last| format!("{here}?after={}", last.grant.id)),
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
