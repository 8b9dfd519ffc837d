//! Roles: all of them as a matrix of permissions, each by itself, and what is done with them.

mod delete;
mod edit;
mod matrix;
mod show;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use keyward_core::id::RoleId;
use keyward_core::organization::Organization;
use keyward_core::role::Role;
use serde::Deserialize;

use self::matrix::{Cell, Ranked, Section};
use super::gate::Visit;
use super::page::{self, Refused};
use super::people;
use crate::app::App;
use crate::ops::{Page, authority, roles};

/// The most roles side by side: as many as the style can pick one of on a narrow screen.
const COLUMNS: u32 = 24;
/// The most names of included roles that are written out.
const NAMES: usize = 6;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/roles", get(list))
        .route("/o/{organization}/roles/new", get(edit::open_new).post(edit::create))
        .route("/o/{organization}/roles/{role}", get(show::show))
        .route("/o/{organization}/roles/{role}/edit", get(edit::open).post(edit::save))
        .route("/o/{organization}/roles/{role}/delete", get(delete::ask).post(delete::delete))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    name: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "console/roles/list.html")]
struct List<'a> {
    roles: Vec<Listed>,
    matrix: Matrix,
    name: &'a str,
    first: bool,
    next: Option<String>,
    sees: bool,
    new: Option<String>,
    here: String,
}

/// A role in the list, and at the head of its column.
struct Listed {
    name: String,
    href: String,
    template: bool,
    beyond: bool,
    extent: String,
    includes: Vec<Link>,
    more: usize,
    equals: Vec<Link>,
}

struct Link {
    name: String,
    href: String,
}

/// What roles hold, line by line.
struct Matrix {
    sections: Vec<Lines>,
}

struct Lines {
    title: String,
    resources: Vec<Line>,
}

struct Line {
    name: String,
    whole: Vec<Option<String>>,
    rows: Vec<Row>,
}

struct Row {
    permission: String,
    cells: Vec<Cell>,
}

async fn list(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(Asked { name, after }): Query<Asked>,
) -> Result<Response, Refused> {
    let wanted = Some(name.trim()).filter(|name| !name.is_empty());
    let page: Page<(String, RoleId)> = Page { after: people::after(Some(&after)), limit: COLUMNS + 1 };
    let mut found = roles::list(&app, visit.ctx(), wanted, &page).await?;
    let more = people::cut(&mut found, COLUMNS);
    let here = visit.href("/roles");
    let next = found.last().filter(|_| more).map(|last| {
        people::with_query(&here, &[("name", name.as_str()), ("after", &people::cursor(&last.name, last.id))])
    });
    let sections = sections(&app, &visit.organization, &found);
    let ranked = matrix::ranked(found);
    let list = List {
        matrix: Matrix::of(&sections, &ranked),
        roles: ranked.iter().map(|role| Listed::of(&app, &visit, role, &ranked, &sections)).collect(),
        name: &name,
        first: page.after.is_none(),
        next,
        sees: may(&app, &visit, "roles:read"),
        new: may(&app, &visit, "roles:create").then(|| visit.href("/roles/new")),
        here,
    };
    Ok(page::page(&app, &visit, "Roles", &visit.href("/roles"), &list))
}

/// Every permission that the organization's profiles, Keyward itself and these roles name.
fn sections(app: &App, organization: &Organization, roles: &[Role]) -> Vec<Section> {
    let index = app.index.snapshot();
    let profiles = organization.profiles.iter().filter_map(|name| index.profile(name)).map(AsRef::as_ref);
    matrix::with_named_by(matrix::known(profiles), roles.iter().flat_map(|role| role.patterns.iter()))
}

/// Whether the visitor may do this with roles: for what is offered.
fn may(app: &App, visit: &Visit, permission: &str) -> bool {
    authority::may(app, visit.ctx(), permission, visit.organization.id.into())
}

/// Whether the visitor could not grant this role at the organization.
fn is_beyond(app: &App, visit: &Visit, role: &Role) -> bool {
    !roles::may_grant(app, visit.ctx(), visit.organization.id.into(), &role.patterns)
}

fn href(visit: &Visit, role: &Role) -> String {
    visit.href(&format!("/roles/{}", role.id))
}

impl Listed {
    fn of(app: &App, visit: &Visit, ranked: &Ranked, all: &[Ranked], sections: &[Section]) -> Self {
        let link = |place: &usize| {
            all.get(*place).map(|other| Link { name: other.role.name.to_string(), href: href(visit, &other.role) })
        };
        let role = &ranked.role;
        Self {
            name: role.name.to_string(),
            href: href(visit, role),
            template: role.template.is_some(),
            beyond: is_beyond(app, visit, role),
            extent: matrix::extent(&role.patterns, sections),
            includes: ranked.includes.iter().take(NAMES).filter_map(link).collect(),
            more: ranked.includes.len().saturating_sub(NAMES),
            equals: ranked.equals.iter().take(NAMES).filter_map(link).collect(),
        }
    }
}

impl Matrix {
    fn of(sections: &[Section], roles: &[Ranked]) -> Self {
        let sections = sections.iter().map(|section| Lines {
            title: section.title.clone(),
            resources: section
                .resources
                .iter()
                .map(|resource| Line {
                    name: resource.name.clone(),
                    whole: roles.iter().map(|ranked| matrix::whole(&ranked.role.patterns, resource)).collect(),
                    rows: resource
                        .permissions
                        .iter()
                        .map(|permission| Row {
                            permission: permission.clone(),
                            cells: roles.iter().map(|of| Cell::of(&of.role.patterns, permission)).collect(),
                        })
                        .collect(),
                })
                .collect(),
        });
        Self { sections: sections.collect() }
    }
}

impl Row {
    fn resource(&self) -> &str {
        self.permission.split_once(':').map_or("", |(resource, _)| resource)
    }

    fn action(&self) -> &str {
        matrix::action(&self.permission)
    }
}
