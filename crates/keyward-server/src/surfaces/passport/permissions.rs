//! Permission objects: who may do what with the resources of a namespace. Each is a part of the grants at it.
//!
//! A permission that is written becomes a grant of a role that has exactly its actions, and a name that says so; the
//! role is made when it is needed first. Permissions that only Keyward has words for, such as managing credentials, are
//! neither listed nor written here.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::id::{GrantId, UserGroupId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::{Pattern, PatternSet};
use keyward_core::role::{Grant, Holder};
use serde_json::{Map, Value, json};

use super::arrival::Visitor;
use super::lists::{self, Listing, MAX_PAGE};
use super::{ids, items, json as reply};
use crate::ops::error::OpError;
use crate::ops::{GrantFilter, Page, grants, roles};
use crate::surfaces::trouble::Trouble;

/// The most permissions that one request writes.
const MAX_WRITTEN: usize = 100;

/// What users and user groups may do at the namespace that `nsfilter` names, or at the one where the credential lives.
pub(super) async fn list(visitor: &Visitor<'_>) -> Result<Response, Trouble> {
    let mut listing = Listing::paged(visitor)?;
    let namespace = visitor.parameter("nsfilter")?.map_or(Some(visitor.home), |text| named(visitor, text));
    // What is not there, and what may not be seen, both have no permissions.
    let Some(namespace) = namespace else { return Ok(reply(StatusCode::OK, &listing.reply())) };
    let held = held_at(visitor, namespace).await?;
    let text = shown(visitor, namespace).await?;
    for (holder, patterns) in held {
        for permission in permissions(&patterns) {
            listing.add(|| permission.object(&text, holder));
        }
    }
    Ok(reply(StatusCode::OK, &listing.reply()))
}

/// Gives permissions: one, or those of a list.
pub(super) async fn create(visitor: &Visitor<'_>, body: Body) -> Result<Response, Trouble> {
    let body = visitor.json(body).await?;
    let mut given = Vec::new();
    for asked in written(visitor, &body)? {
        give(visitor, &asked).await?;
        let text = shown(visitor, asked.namespace).await?;
        given.push(asked.permission.object(&text, asked.holder));
    }
    Ok(reply(StatusCode::CREATED, &lists::all(given)))
}

/// Takes permissions back that were given here: one, or those of a list.
pub(super) async fn delete(visitor: &Visitor<'_>, body: Body) -> Result<Response, Trouble> {
    let body = visitor.json(body).await?;
    for asked in written(visitor, &body)? {
        take(visitor, &asked).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Actions on the resources of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Permission {
    /// `None`: all resources of all services.
    resource: Option<&'static Resource>,
    /// Places in [`ACTIONS`], in order.
    actions: Vec<usize>,
}

/// A permission that is to be given or taken.
struct Written {
    namespace: NamespaceId,
    holder: Holder,
    permission: Permission,
}

/// A type of resources, as Passport's names of resources (IRN) and Keyward's permissions write it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    irn: &'static str,
    permission: &'static str,
}

impl Permission {
    pub(super) fn object(&self, namespace: &str, holder: Holder) -> Value {
        let (id, kind) = match holder {
            Holder::User(id) => (id.bits(), "user"),
            Holder::UserGroup(id) => (id.bits(), "usergroup"),
            Holder::Credential(id) => (id.bits(), "credential"),
        };
        json!({
            "_namespace": namespace,
            "_resourceDesc": { "irn": self.irn() },
            "_user": { "_id": ids::uuid(id), "_type": kind },
            "_actions": self.actions.iter().map(|at| ACTIONS[*at].0).collect::<Vec<_>>(),
        })
    }

    fn irn(&self) -> String {
        self.resource.map_or_else(|| "*:*:*".to_owned(), |resource| format!("{}:*", resource.irn))
    }

    /// The name of the role that has exactly this.
    pub(super) fn role(&self) -> Result<Name, OpError> {
        let actions: Vec<_> = self.actions.iter().map(|at| ACTIONS[*at].0).collect();
        let name = format!("{} {}", self.irn(), actions.join(" "));
        Name::new(&name).map_err(|error| OpError::new(ErrorCode::InvalidValue, error.to_string()))
    }

    /// What that role lets its holders do. All actions on everything are all that Passport knows, not all of Keyward.
    pub(super) fn patterns(&self) -> PatternSet {
        let resources = RESOURCES.iter().filter(|one| self.resource.is_none_or(|only| only == *one));
        let permissions = resources.flat_map(|resource| {
            self.actions.iter().map(move |at| format!("{}:{}", resource.permission, ACTIONS[*at].1))
        });
        permissions.filter_map(|text| text.parse::<Pattern>().ok()).collect()
    }
}

/// What of a set of patterns Passport has words for.
pub(super) fn permissions(patterns: &PatternSet) -> Vec<Permission> {
    if patterns.contains(&Pattern::All) {
        return vec![Permission { resource: None, actions: (0..ACTIONS.len()).collect() }];
    }
    let of = |resource: &'static Resource| {
        let covered = |at: &usize| patterns.covers(&format!("{}:{}", resource.permission, ACTIONS[*at].1));
        Permission { resource: Some(resource), actions: (0..ACTIONS.len()).filter(covered).collect() }
    };
    RESOURCES.iter().map(of).filter(|permission| !permission.actions.is_empty()).collect()
}

/// The users and user groups that hold something at a namespace, with all that they hold there.
async fn held_at(visitor: &Visitor<'_>, namespace: NamespaceId) -> Result<BTreeMap<Holder, PatternSet>, Trouble> {
    let grants = grants_at(visitor, namespace, None).await?;
    let index = visitor.app.index.snapshot();
    let Some(world) = index.organization(visitor.organization) else { return Ok(BTreeMap::new()) };
    let mut held = BTreeMap::<Holder, PatternSet>::new();
    for (grant, _) in grants {
        let (Holder::User(_) | Holder::UserGroup(_)) = grant.holder else { continue };
        let Some(patterns) = world.patterns(grant.role) else { continue };
        let all = held.entry(grant.holder).or_default();
        *all = all.join(patterns);
    }
    Ok(held)
}

async fn grants_at(
    visitor: &Visitor<'_>,
    namespace: NamespaceId,
    holder: Option<Holder>,
) -> Result<Vec<(Grant, Option<Name>)>, Trouble> {
    let filter = GrantFilter { namespace: Some(namespace), holder, ..GrantFilter::default() };
    let mut page = Page::<GrantId>::first(u32::try_from(MAX_PAGE).unwrap_or(u32::MAX));
    let mut all = Vec::new();
    loop {
        let found = grants::list(visitor.app, &visitor.ctx, filter.clone(), &page).await?;
        let full = found.len() == MAX_PAGE;
        page.after = found.last().map(|(last, _)| last.id);
        all.extend(found);
        if !full {
            return Ok(all);
        }
    }
}

async fn give(visitor: &Visitor<'_>, asked: &Written) -> Result<(), Trouble> {
    let Written { namespace, holder, permission } = asked;
    let role = permission.role()?;
    let grant = || grants::create(visitor.app, &visitor.ctx, *holder, role.as_str().to_owned(), Some(*namespace));
    let (granted, made) = match grant().await {
        Err(error) if error.code == ErrorCode::UnknownRole => {
            let made = match roles::create(visitor.app, &visitor.ctx, role.clone(), permission.patterns()).await {
                Ok(done) => Some(done.value.id),
                // Somebody else made it meanwhile.
                Err(error) if error.code == ErrorCode::NameTaken => None,
                Err(error) => return Err(error.into()),
            };
            (grant().await, made)
        }
        granted => (granted, None),
    };
    match granted {
        Ok(_) => Ok(()),
        // What is held already is what was asked for.
        Err(error) if error.code == ErrorCode::AlreadyGranted => Ok(()),
        Err(error) => {
            if let Some(role) = made {
                // Nobody holds it; if it cannot be deleted now, it is there for the next time.
                let _ = roles::delete(visitor.app, &visitor.ctx, role).await;
            }
            Err(error.into())
        }
    }
}

async fn take(visitor: &Visitor<'_>, asked: &Written) -> Result<(), Trouble> {
    let Written { namespace, holder, permission } = asked;
    let role = permission.role()?.folded();
    let grants = grants_at(visitor, *namespace, Some(*holder)).await?;
    let given = grants.into_iter().find(|(_, name)| name.as_ref().is_some_and(|name| name.folded() == role));
    let (grant, _) = given.ok_or_else(|| {
        let detail =
            "no such permission was given by itself: what comes with a role is taken with the grant of the role";
        OpError::new(ErrorCode::NotFound, detail)
    })?;
    grants::delete(visitor.app, &visitor.ctx, grant.id).await?;
    Ok(())
}

/// Reads permission objects.
fn written(visitor: &Visitor<'_>, body: &Value) -> Result<Vec<Written>, Trouble> {
    let objects = match body {
        Value::Array(several) if several.is_empty() || several.len() > MAX_WRITTEN => {
            let detail = format!("the body has to list 1 to {MAX_WRITTEN} permissions");
            return Err(OpError::new(ErrorCode::InvalidValue, detail).into());
        }
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    objects.iter().map(|object| read(visitor, items::object(object)?)).collect()
}

fn read(visitor: &Visitor<'_>, object: &Map<String, Value>) -> Result<Written, Trouble> {
    if let Some(field) = object.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let detail = format!("there is no field `{field}`: leave it out");
        return Err(OpError::new(ErrorCode::UnknownField, detail).into());
    }
    let text = |pointer: &[&str]| {
        let first = object.get(pointer[0]);
        pointer[1..].iter().fold(first, |value, field| value?.get(field)).and_then(Value::as_str)
    };
    let namespace = text(&["_namespace"]).ok_or(Trouble::Missing("_namespace"))?;
    let namespace = named(visitor, namespace).ok_or(Trouble::Invalid("_namespace"))?;
    let id = text(&["_user", "_id"]).ok_or(Trouble::Missing("_user"))?;
    let holder = match text(&["_user", "_type"]) {
        Some("user") => ids::parse::<UserId>(id).map(Holder::User),
        Some("usergroup") => ids::parse::<UserGroupId>(id).map(Holder::UserGroup),
        _ => None,
    };
    let irn = text(&["_resourceDesc", "irn"]).or_else(|| text(&["_resourceDesc", "_irn"]));
    let irn = irn.ok_or(Trouble::Missing("_resourceDesc"))?;
    let resource = if irn == "*:*:*" {
        None
    } else {
        let of_all = irn.strip_suffix(":*").ok_or(Trouble::Invalid("_resourceDesc"))?;
        Some(RESOURCES.iter().find(|known| known.irn == of_all).ok_or(Trouble::Invalid("_resourceDesc"))?)
    };
    let asked = object.get("_actions").and_then(Value::as_array).ok_or(Trouble::Missing("_actions"))?;
    let known = |action: &Value| ACTIONS.iter().position(|(name, _)| action.as_str() == Some(name));
    let mut actions: Vec<usize> = asked.iter().map(known).collect::<Option<_>>().ok_or(Trouble::Invalid("_actions"))?;
    actions.sort_unstable();
    actions.dedup();
    if actions.is_empty() {
        return Err(Trouble::Invalid("_actions"));
    }
    let holder = holder.ok_or(Trouble::Invalid("_user"))?;
    Ok(Written { namespace, holder, permission: Permission { resource, actions } })
}

fn named(visitor: &Visitor<'_>, text: &str) -> Option<NamespaceId> {
    ids::named(&visitor.app.index.snapshot().organization(visitor.organization)?, text)
}

/// A namespace as permissions name it, to those who may read its record; its id to others.
async fn shown(visitor: &Visitor<'_>, id: NamespaceId) -> Result<String, Trouble> {
    let (app, ctx) = (visitor.app, &visitor.ctx);
    let name = match id {
        NamespaceId::Organization(id) => crate::ops::organizations::get(app, ctx, id).await.map(|found| found.name),
        id => crate::ops::namespaces::get(app, ctx, id).await.map(|found| found.name),
    };
    match name {
        Ok(name) => Ok(ids::namespace_name(name.as_str(), id)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(ids::uuid_of(id)),
        Err(error) => Err(error.into()),
    }
}

const FIELDS: [&str; 4] = ["_namespace", "_resourceDesc", "_user", "_actions"];

/// The actions, as Passport and as Keyward's permissions write them.
const ACTIONS: [(&str, &str); 7] = [
    ("READ", "read"),
    ("CREATE", "create"),
    ("EDIT", "edit"),
    ("DELETE", "delete"),
    ("SHARE", "share"),
    ("RUN", "run"),
    ("ASSIGN", "assign"),
];

const RESOURCES: [Resource; 9] = [
    Resource { irn: "passportsvc:organization", permission: "organizations" },
    Resource { irn: "passportsvc:application", permission: "apps" },
    Resource { irn: "passportsvc:workspace", permission: "workspaces" },
    Resource { irn: "passportsvc:usergroup", permission: "usergroups" },
    Resource { irn: "passportsvc:permission_profile", permission: "permission_profiles" },
    Resource { irn: "filesvc:file", permission: "files" },
    Resource { irn: "itemsvc:nameduseritem", permission: "items" },
    Resource { irn: "scriptsvc:script", permission: "scripts" },
    Resource { irn: "datasourcesvc:orchestrator", permission: "orchestrators" },
];
