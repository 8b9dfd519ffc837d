//! Organizations, applications, workspaces and user groups.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::id::{ApplicationId, OrganizationId, UserGroupId};
use keyward_core::name::Name;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::rights::Facts as _;
use serde_json::{Map, Value};

use super::arrival::Visitor;
use super::items::{self, Edit, Record};
use super::lists::{self, Listing, MAX_PAGE};
use super::{ids, json};
use crate::ops::error::OpError;
use crate::ops::{NamespaceFilter, Page, namespaces, organizations};
use crate::surfaces::trouble::Trouble;

/// The most records that one request creates: each is a commit of its own.
const MAX_CREATED: usize = 100;

/// The credential's organization, if it may know it.
pub(super) async fn list_organizations(visitor: &Visitor<'_>) -> Result<Response, Trouble> {
    let mut listing = Listing::asked(visitor)?;
    for organization in organizations::list(visitor.app, &visitor.ctx, None, &Page::first(1)).await? {
        let record = Record::from(organization);
        listing.offer(&record.name, || record.shown(false));
    }
    Ok(json(StatusCode::OK, &listing.reply()))
}

/// Those of a kind that are within reach. What may be seen is a condition of the database; what is asked for is sorted
/// out here, since the database knows neither short names nor wild cards.
pub(super) async fn list(visitor: &Visitor<'_>, kind: NamespaceKind) -> Result<Response, Trouble> {
    let mut listing = Listing::asked(visitor)?;
    let application = application(visitor.parameter("_appId")?)?;
    let of_another = match visitor.parameter("_orgId")? {
        Some(text) => ids::parse::<OrganizationId>(text).ok_or(Trouble::Invalid("_orgId"))? != visitor.organization,
        None => false,
    };
    if of_another {
        return Ok(json(StatusCode::OK, &listing.reply()));
    }
    let filter = NamespaceFilter {
        kind: Some(kind),
        parent: application.map(NamespaceId::from),
        search: listing.only_name().map(str::to_owned),
        ..NamespaceFilter::default()
    };
    let groups = groups(visitor);
    let mut page = Page::first(u32::try_from(MAX_PAGE).unwrap_or(u32::MAX));
    loop {
        let found = namespaces::list(visitor.app, &visitor.ctx, filter.clone(), &page).await?;
        let full = found.len() == MAX_PAGE;
        page.after = found.last().map(|last| (last.name.folded(), last.id));
        for namespace in found {
            let record = Record::from(namespace);
            listing.offer(&record.name, || record.shown(is_member(&groups, record.id)));
        }
        if !full {
            return Ok(json(StatusCode::OK, &listing.reply()));
        }
    }
}

/// One of them.
pub(super) async fn get(visitor: &Visitor<'_>, kind: NamespaceKind, id: &str) -> Result<Response, Trouble> {
    let record = found(visitor, kind, id).await?;
    Ok(json(StatusCode::OK, &shown(visitor, &record)))
}

/// Creates one, or those of a list. All are looked at before the first is made; when one cannot be made nevertheless,
/// those before it are there.
pub(super) async fn create(visitor: &Visitor<'_>, body: Body, kind: NamespaceKind) -> Result<Response, Trouble> {
    let body = visitor.json(body).await?;
    let sent = match &body {
        Value::Array(several) if several.is_empty() || several.len() > MAX_CREATED => {
            let detail = format!("the body has to list 1 to {MAX_CREATED} records");
            return Err(OpError::new(ErrorCode::InvalidValue, detail).into());
        }
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut drafts = Vec::with_capacity(sent.len());
    for one in sent {
        drafts.push(draft(visitor, kind, items::object(one)?).await?);
    }
    let mut made = Vec::with_capacity(drafts.len());
    for (application, name) in drafts {
        let record = make(visitor, kind, application, name).await?;
        made.push(shown(visitor, &record));
    }
    let reply = match (body.is_array(), made.pop()) {
        (false, Some(one)) => one,
        (_, last) => lists::all(made.into_iter().chain(last).collect()),
    };
    Ok(json(StatusCode::CREATED, &reply))
}

/// Changes the name of one.
pub(super) async fn edit(
    visitor: &Visitor<'_>,
    body: Body,
    kind: NamespaceKind,
    id: &str,
    edit: Edit,
) -> Result<Response, Trouble> {
    let record = found(visitor, kind, id).await?;
    let body = visitor.json(body).await?;
    let name = items::edited(edit, items::object(&body)?, &shown(visitor, &record), &record)?;
    let (app, ctx) = (visitor.app, &visitor.ctx);
    let record = match record.id {
        NamespaceId::Organization(id) => {
            let input = organizations::EditRequest { name, ..Default::default() };
            Record::from(organizations::edit(app, ctx, id, input).await?.value)
        }
        id => Record::from(namespaces::edit(app, ctx, id, name).await?.value),
    };
    Ok(json(StatusCode::OK, &shown(visitor, &record)))
}

/// Deletes one. While something is in it, `confirm` has to be its name.
pub(super) async fn delete(visitor: &Visitor<'_>, kind: NamespaceKind, id: &str) -> Result<Response, Trouble> {
    let record = found(visitor, kind, id).await?;
    let confirm = visitor.parameter("confirm")?.map(str::to_owned);
    namespaces::delete(visitor.app, &visitor.ctx, record.id, confirm).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What may not be seen is not there, whatever is to be done with it.
async fn found(visitor: &Visitor<'_>, kind: NamespaceKind, id: &str) -> Result<Record, Trouble> {
    let id = ids::parse_namespace(kind, id).ok_or_else(|| {
        OpError::new(ErrorCode::InvalidId, "the last part of the path has to be the `_id` of a record: a UUID")
    })?;
    Ok(match id {
        NamespaceId::Organization(id) => organizations::get(visitor.app, &visitor.ctx, id).await?.into(),
        id => namespaces::get(visitor.app, &visitor.ctx, id).await?.into(),
    })
}

/// Where a new record is to be, and its name. Who asks with the key of an application means that application.
async fn draft(
    visitor: &Visitor<'_>,
    kind: NamespaceKind,
    sent: &Map<String, Value>,
) -> Result<(Option<ApplicationId>, Name), Trouble> {
    let mut sent = sent.clone();
    let own = match visitor.home {
        NamespaceId::Application(id) => Some(id),
        _ => None,
    };
    let application = match (kind, sent.remove("_appId").filter(|value| !value.is_null())) {
        (NamespaceKind::Application, None) => None,
        (NamespaceKind::Application, Some(_)) => return Err(Trouble::Invalid("_appId")),
        (_, Some(value)) => application(Some(value.as_str().ok_or(Trouble::Invalid("_appId"))?))?,
        (_, None) => application(visitor.parameter("_appId")?)?.or(own),
    };
    if kind == NamespaceKind::Workspace && application.is_none() {
        return Err(Trouble::Missing("_appId"));
    }
    if let Some(application) = application {
        namespaces::get(visitor.app, &visitor.ctx, application.into()).await?;
    }
    let name = items::created(kind, &sent, visitor.organization.into())?;
    Ok((application, name))
}

async fn make(
    visitor: &Visitor<'_>,
    kind: NamespaceKind,
    application: Option<ApplicationId>,
    name: Name,
) -> Result<Record, Trouble> {
    let (app, ctx) = (visitor.app, &visitor.ctx);
    let done = match (kind, application) {
        (NamespaceKind::Workspace, Some(application)) => {
            namespaces::create_workspace(app, ctx, application, name).await?
        }
        (NamespaceKind::UserGroup, application) => namespaces::create_user_group(app, ctx, application, name).await?,
        (NamespaceKind::Application, _) => namespaces::create_application(app, ctx, name).await?,
        (NamespaceKind::Workspace, None) | (NamespaceKind::Organization, _) => return Err(Trouble::Missing("_appId")),
    };
    Ok(done.value.into())
}

fn application(text: Option<&str>) -> Result<Option<ApplicationId>, Trouble> {
    text.map(|text| ids::parse(text).ok_or(Trouble::Invalid("_appId"))).transpose()
}

fn shown(visitor: &Visitor<'_>, record: &Record) -> Value {
    let groups = match record.id {
        NamespaceId::UserGroup(_) => groups(visitor),
        _ => BTreeSet::new(),
    };
    record.shown(is_member(&groups, record.id))
}

/// The user groups of which the owner of the credential is a member.
fn groups(visitor: &Visitor<'_>) -> BTreeSet<UserGroupId> {
    let mut groups = BTreeSet::new();
    let index = visitor.app.index.snapshot();
    if let (Some(world), Some(owner)) = (index.organization(visitor.organization), visitor.owner) {
        let _ = world.groups(owner, &mut |group| {
            groups.insert(group);
            ControlFlow::Continue(())
        });
    }
    groups
}

fn is_member(groups: &BTreeSet<UserGroupId>, id: NamespaceId) -> bool {
    matches!(id, NamespaceId::UserGroup(group) if groups.contains(&group))
}
