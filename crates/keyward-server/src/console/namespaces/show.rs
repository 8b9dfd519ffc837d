//! One namespace: what it is, who holds what there, what lives in it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::role::Holder;
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::{Id, Visit};
use crate::console::key_pages;
use crate::console::page::{self, Refused};
use crate::console::people::{self, GrantRow, ROWS, Spot, cut, href_of, with_query};
use crate::console::ui::When;
use crate::ops::names::Place;
use crate::ops::{GrantFilter, NamespaceFilter, Page, authority, grants, namespaces};

#[derive(Deserialize)]
pub(super) struct Further {
    children: Option<String>,
    members: Option<String>,
    grants: Option<String>,
}

#[derive(Template)]
#[template(path = "console/namespaces/show.html")]
struct Show<'a> {
    here: &'a str,
    all: &'a str,
    spot: Spot,
    above: Option<Spot>,
    organization: Option<&'a str>,
    site_key: Option<&'a str>,
    created: When,
    credentials: Option<u64>,
    key_pages: Vec<KeysHere>,
    edit: Option<String>,
    delete: Option<String>,
    grant: Option<String>,
    grants: Option<Part<GrantRow>>,
    held: Option<Held>,
    members: Option<Members>,
    children: Option<Children>,
}

/// A page of keys that can live here.
struct KeysHere {
    title: String,
    href: String,
}

/// Some rows, and where the list goes on.
struct Part<T> {
    rows: Vec<T>,
    first: bool,
    next: Option<String>,
}

/// What a user group holds.
struct Held {
    rows: Vec<GrantRow>,
    grant: Option<String>,
}

/// Who is in a user group.
struct Members {
    rows: Vec<InGroup>,
    first: bool,
    next: Option<String>,
    add: Option<String>,
}

struct InGroup {
    name: String,
    email: String,
    href: Option<String>,
    remove: Option<String>,
}

/// What stands directly below an application or the organization.
struct Children {
    rows: Vec<Spot>,
    first: bool,
    next: Option<String>,
    new: Vec<(&'static str, String)>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<NamespaceId>,
    Query(further): Query<Further>,
) -> Result<Response, Refused> {
    let place = namespaces::place(&app, visit.ctx(), id).await?;
    let record = match id {
        NamespaceId::Organization(_) => None,
        _ => Some(namespaces::get(&app, visit.ctx(), id).await?),
    };
    let here = href_of(&visit, id);
    let may = |permission: &str| authority::may(&app, visit.ctx(), permission, id);
    let acts = |action: &str| may(&format!("{}:{action}", id.kind().resource())) && record.is_some();
    let counts = namespaces::credential_counts(&app, visit.ctx(), &[id]).await?;
    let sees_credentials = may("credentials:read");
    let created = record.as_ref().map_or(visit.organization.created_at, |record| record.created_at);
    let all = visit.href("/namespaces");
    let page = Show {
        spot: Spot::of(&app, &visit, &place),
        above: above(&app, &visit, &place),
        organization: record.as_ref().map(|_| visit.organization.name.as_str()),
        site_key: record.as_ref().and_then(|record| record.site_key.as_deref()),
        created: When::of(created, visit.ctx().at()),
        credentials: sees_credentials.then(|| counts.get(&id).copied().unwrap_or_default()),
        key_pages: keys_here(&app, &visit, id),
        edit: acts("edit").then(|| format!("{here}/edit")),
        delete: acts("delete").then(|| format!("{here}/delete")),
        grant: may("grants:create").then(|| {
            with_query(&visit.href("/grants/new"), &[("namespace", &id.to_string()), ("back", &id.to_string())])
        }),
        grants: grants_here(&app, &visit, id, &further).await?,
        held: held(&app, &visit, id).await?,
        members: members(&app, &visit, id, &further).await?,
        children: children(&app, &visit, id, &further).await?,
        here: &here,
        all: &all,
    };
    Ok(page::page(&app, &visit, place.name.as_str(), &all, &page))
}

fn above(app: &App, visit: &Visit, place: &Place) -> Option<Spot> {
    let (id, name) = place.application.clone()?;
    Some(Spot::of(app, visit, &Place { id, name, application: None }))
}

/// The pages of the kinds that can live here, with only those that do.
fn keys_here(app: &App, visit: &Visit, id: NamespaceId) -> Vec<KeysHere> {
    let lives = |page: &key_pages::KeyPage| page.kinds.iter().any(|kind| kind.lives_in.contains(&id.kind()));
    let pages = key_pages::of(app, &visit.organization).into_iter().filter(lives);
    let here = |page: key_pages::KeyPage| KeysHere {
        title: page.labels().menu.last().unwrap_or(&page.labels().title).clone(),
        href: with_query(&visit.href(&format!("/keys/{}", page.slug)), &[("in", &id.to_string())]),
    };
    pages.map(here).collect()
}

async fn grants_here(
    app: &App,
    visit: &Visit,
    id: NamespaceId,
    further: &Further,
) -> Result<Option<Part<GrantRow>>, Refused> {
    if !authority::may(app, visit.ctx(), "grants:read", id) {
        return Ok(None);
    }
    let filter = GrantFilter { namespace: Some(id), ..GrantFilter::default() };
    let after = further.grants.as_deref().and_then(|text| text.parse().ok());
    let first = after.is_none();
    let mut found = grants::described(app, visit.ctx(), filter, &Page { after, limit: ROWS + 1 }).await?;
    let next = cut(&mut found, ROWS).then(|| found.last().map(|last| last.grant.id.to_string())).flatten();
    let next = next.map(|after| with_query(&href_of(visit, id), &[("grants", &after)]));
    let back = id.to_string();
    let rows = found.iter().map(|described| GrantRow::of(app, visit, described, None, &back)).collect();
    Ok(Some(Part { rows, first, next }))
}

/// What a user group itself holds; nothing else that has a page here holds anything.
async fn held(app: &App, visit: &Visit, id: NamespaceId) -> Result<Option<Held>, Refused> {
    let NamespaceId::UserGroup(group) = id else { return Ok(None) };
    let filter = GrantFilter { holder: Some(Holder::UserGroup(group)), ..GrantFilter::default() };
    let found = grants::described(app, visit.ctx(), filter, &Page::first(100)).await?;
    let (holder, back) = (group.to_string(), id.to_string());
    let rows = found.iter().map(|described| GrantRow::of(app, visit, described, None, &back)).collect();
    let grant = with_query(&visit.href("/grants/new"), &[("holder", &holder), ("back", &back)]);
    Ok(Some(Held { rows, grant: grants::offered(app, visit.ctx()).then_some(grant) }))
}

async fn members(app: &App, visit: &Visit, id: NamespaceId, further: &Further) -> Result<Option<Members>, Refused> {
    let NamespaceId::UserGroup(group) = id else { return Ok(None) };
    let after = people::after(further.members.as_deref());
    let first = after.is_none();
    let mut found = namespaces::members(app, visit.ctx(), group, &Page { after, limit: ROWS + 1 }).await?;
    let next = cut(&mut found, ROWS).then(|| found.last().map(|last| people::cursor(&last.name, last.id))).flatten();
    let here = href_of(visit, id);
    let may = |permission| authority::may(app, visit.ctx(), permission, id);
    let (removes, sees) =
        (may("grants:delete"), authority::may(app, visit.ctx(), "users:read", visit.organization.id.into()));
    let rows = found.iter().map(|user| InGroup {
        name: user.name.to_string(),
        email: user.email.clone(),
        href: sees.then(|| visit.href(&format!("/members/{}", user.id))),
        remove: removes.then(|| with_query(&format!("{here}/members/remove"), &[("user", &user.id.to_string())])),
    });
    Ok(Some(Members {
        rows: rows.collect(),
        first,
        next: next.map(|after| with_query(&here, &[("members", &after)])),
        add: may("grants:create").then(|| format!("{here}/members/new")),
    }))
}

async fn children(app: &App, visit: &Visit, id: NamespaceId, further: &Further) -> Result<Option<Children>, Refused> {
    if !matches!(id.kind(), NamespaceKind::Organization | NamespaceKind::Application) {
        return Ok(None);
    }
    let filter = NamespaceFilter { parent: Some(id), ..NamespaceFilter::default() };
    let after = people::after(further.children.as_deref());
    let first = after.is_none();
    let mut found: Vec<Namespace> =
        namespaces::list(app, visit.ctx(), filter, &Page { after, limit: ROWS + 1 }).await?;
    let next = cut(&mut found, ROWS).then(|| found.last().map(|last| people::cursor(&last.name, last.id))).flatten();
    let places = namespaces::places(app, visit.ctx(), found).await?;
    let new = |kind: NamespaceKind| {
        let may = Namespace::may_hold(id.kind(), kind)
            && authority::may(app, visit.ctx(), &format!("{}:create", kind.resource()), id);
        let query = [("kind", kind.as_str()), ("in", &id.to_string())];
        may.then(|| (new_words(kind), with_query(&visit.href("/namespaces/new"), &query)))
    };
    let kinds = [NamespaceKind::Application, NamespaceKind::Workspace, NamespaceKind::UserGroup];
    Ok(Some(Children {
        rows: places.iter().map(|place| Spot::of(app, visit, place)).collect(),
        first,
        next: next.map(|after| with_query(&href_of(visit, id), &[("children", &after)])),
        new: kinds.into_iter().filter_map(new).collect(),
    }))
}

/// What makes one of these.
pub(super) const fn new_words(kind: NamespaceKind) -> &'static str {
    match kind {
        NamespaceKind::Organization => "New organization",
        NamespaceKind::Application => "New application",
        NamespaceKind::Workspace => "New workspace",
        NamespaceKind::UserGroup => "New user group",
    }
}
