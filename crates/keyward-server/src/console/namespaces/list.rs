//! The namespaces that a visitor may see: as a tree, or those that were searched for.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::Visit;
use crate::console::page::{self, Refused};
use crate::console::people::{self, ROWS, Spot, cut, with_query};
use crate::ops::names::Place;
use crate::ops::{NamespaceFilter, Page, authority, namespaces};

/// How many of what an application holds are shown below it.
const SHOWN_BELOW: u32 = 10;

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "console/namespaces/list.html")]
struct List<'a> {
    here: &'a str,
    q: &'a str,
    kind: &'a str,
    flat: bool,
    first: bool,
    organization: Row,
    branches: Vec<Branch>,
    groups: Vec<Row>,
    more_groups: Option<String>,
    next: Option<String>,
    new: Option<String>,
    new_group: Option<String>,
}

/// An application with what it holds, or a namespace that was found.
struct Branch {
    row: Row,
    below: Vec<Row>,
    more: bool,
}

struct Row {
    spot: Spot,
    site_key: Option<String>,
    credentials: u64,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refused> {
    let kind = kind_named(&wanted.kind);
    let flat = kind.is_some() || !wanted.q.trim().is_empty();
    let found = if flat { found(&app, &visit, &wanted, kind).await? } else { tree(&app, &visit, &wanted).await? };
    let here = visit.href("/namespaces");
    let Found { branches, groups, more_groups, next, organization } = found;
    let may = |permission| authority::may(&app, visit.ctx(), permission, visit.organization.id.into());
    let new = |kind| with_query(&visit.href("/namespaces/new"), &[("kind", kind)]);
    let list = List {
        q: wanted.q.trim(),
        kind: kind.map_or("", NamespaceKind::as_str),
        flat,
        first: wanted.after.is_none(),
        organization,
        branches,
        groups,
        more_groups: more_groups.then(|| with_query(&here, &[("kind", "user_group")])),
        next: next.map(|after| with_query(&here, &[("q", wanted.q.trim()), ("kind", &wanted.kind), ("after", &after)])),
        new: may("apps:create").then(|| new("application")),
        new_group: may("usergroups:create").then(|| new("user_group")),
        here: &here,
    };
    Ok(page::page(&app, &visit, "Namespaces", &here, &list))
}

struct Found {
    organization: Row,
    branches: Vec<Branch>,
    groups: Vec<Row>,
    more_groups: bool,
    next: Option<String>,
}

/// A page of the applications with what they hold, and the organization's own user groups.
async fn tree(app: &App, visit: &Visit, wanted: &Wanted) -> Result<Found, Refused> {
    let organization = NamespaceId::from(visit.organization.id);
    let below = |parent, kind| NamespaceFilter { parent: Some(parent), kind, ..NamespaceFilter::default() };
    let after = people::after(wanted.after.as_deref());
    let page = Page { after, limit: ROWS + 1 };
    let applications = below(organization, Some(NamespaceKind::Application));
    let mut applications = namespaces::list(app, visit.ctx(), applications, &page).await?;
    let next =
        cut(&mut applications, ROWS).then(|| applications.last().map(|last| people::cursor(&last.name, last.id)));
    let groups = below(organization, Some(NamespaceKind::UserGroup));
    let mut groups = namespaces::list(app, visit.ctx(), groups, &Page::first(SHOWN_BELOW + 1)).await?;
    let more_groups = cut(&mut groups, SHOWN_BELOW);
    let mut held = Vec::with_capacity(applications.len());
    for application in &applications {
        let filter = below(application.id, None);
        let mut some = namespaces::list(app, visit.ctx(), filter, &Page::first(SHOWN_BELOW + 1)).await?;
        let more = cut(&mut some, SHOWN_BELOW);
        held.push((some, more));
    }
    let every = applications.iter().chain(&groups).chain(held.iter().flat_map(|(some, _)| some));
    let ids: Vec<NamespaceId> = every.map(|namespace| namespace.id).chain([organization]).collect();
    let counts = namespaces::credential_counts(app, visit.ctx(), &ids).await?;
    let row = |namespace: &Namespace, within: Option<&Namespace>| {
        let application = within.map(|within| (within.id, within.name.clone()));
        let place = Place { id: namespace.id, name: namespace.name.clone(), application };
        row(app, visit, &place, namespace.site_key.clone(), &counts)
    };
    let branches = applications.iter().zip(&held).map(|(application, (some, more))| Branch {
        row: row(application, None),
        below: some.iter().map(|one| row(one, Some(application))).collect(),
        more: *more,
    });
    Ok(Found {
        branches: branches.collect(),
        groups: groups.iter().map(|group| row(group, None)).collect(),
        more_groups,
        next: next.flatten(),
        organization: organization_row(app, visit, &counts),
    })
}

/// A page of those with a text in their names, or of one kind.
async fn found(app: &App, visit: &Visit, wanted: &Wanted, kind: Option<NamespaceKind>) -> Result<Found, Refused> {
    let search = Some(wanted.q.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = NamespaceFilter { kind, search, ..NamespaceFilter::default() };
    let page = Page { after: people::after(wanted.after.as_deref()), limit: ROWS + 1 };
    let mut found = namespaces::list(app, visit.ctx(), filter, &page).await?;
    let next = cut(&mut found, ROWS).then(|| found.last().map(|last| people::cursor(&last.name, last.id)));
    let ids: Vec<NamespaceId> = found.iter().map(|namespace| namespace.id).collect();
    let counts = namespaces::credential_counts(app, visit.ctx(), &ids).await?;
    let site_keys: Vec<_> = found.iter().map(|namespace| namespace.site_key.clone()).collect();
    let places = namespaces::places(app, visit.ctx(), found).await?;
    let branch = |(place, site_key): (&Place, Option<String>)| Branch {
        row: row(app, visit, place, site_key, &counts),
        below: Vec::new(),
        more: false,
    };
    Ok(Found {
        branches: places.iter().zip(site_keys).map(branch).collect(),
        groups: Vec::new(),
        more_groups: false,
        next: next.flatten(),
        organization: organization_row(app, visit, &counts),
    })
}

fn organization_row(app: &App, visit: &Visit, counts: &BTreeMap<NamespaceId, u64>) -> Row {
    let place = Place { id: visit.organization.id.into(), name: visit.organization.name.clone(), application: None };
    row(app, visit, &place, None, counts)
}

fn row(app: &App, visit: &Visit, place: &Place, site_key: Option<String>, counts: &BTreeMap<NamespaceId, u64>) -> Row {
    let credentials = counts.get(&place.id).copied().unwrap_or_default();
    Row { spot: Spot::of(app, visit, place), site_key, credentials }
}

/// The kinds that a list can be of.
pub(super) fn kind_named(text: &str) -> Option<NamespaceKind> {
    [NamespaceKind::Application, NamespaceKind::Workspace, NamespaceKind::UserGroup]
        .into_iter()
        .find(|kind| kind.as_str() == text)
}
