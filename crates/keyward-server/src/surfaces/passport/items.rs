//! Records as Passport shows them, and what a client may write of them: the name. Everything else is made from what
//! Keyward keeps, or is empty; a value that would be lost is refused, one that is there already is taken.

use keyward_api::error::ErrorCode;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::organization::Organization;
use keyward_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::ids::{namespace_name, slug, uuid_of};
use crate::ops::error::OpError;

/// The `_userType` of every record.
pub(super) const USER_TYPE: &str = "";

/// A record of one of the four kinds.
pub(super) struct Record {
    pub(super) id: NamespaceId,
    pub(super) organization: NamespaceId,
    pub(super) name: Name,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// How much of a record an edit sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// All of it: `PUT`.
    Whole,
    /// What is to change: `PATCH`.
    Part,
}

impl From<Namespace> for Record {
    fn from(namespace: Namespace) -> Self {
        let Namespace { id, organization, name, created_at, updated_at, .. } = namespace;
        Self { id, organization: organization.into(), name, created_at, updated_at }
    }
}

impl From<Organization> for Record {
    fn from(organization: Organization) -> Self {
        let Organization { id, name, created_at, updated_at, .. } = organization;
        Self { id: id.into(), organization: id.into(), name, created_at, updated_at }
    }
}

impl Record {
    /// As clients see it. Who made a record is in the audit log alone.
    pub(super) fn shown(&self, is_member: bool) -> Value {
        let mut item = described(self.id.kind(), &self.name, self.organization);
        item.insert("_id".to_owned(), uuid_of(self.id).into());
        item.insert("_namespaces".to_owned(), json!([namespace_name(self.name.as_str(), self.id)]));
        item.insert(
            "_metadata".to_owned(),
            json!({
                "_createdAt": self.created_at.millis(), "_updatedAt": self.updated_at.millis(),
                "_createdById": null, "_updatedById": null,
            }),
        );
        if self.id.kind() == NamespaceKind::UserGroup {
            item.insert("_isMember".to_owned(), is_member.into());
        }
        Value::Object(item)
    }
}

/// What is known of a record by its name.
fn described(kind: NamespaceKind, name: &Name, organization: NamespaceId) -> Map<String, Value> {
    let mut item = Map::new();
    let mut say = |field: &str, value: Value| drop(item.insert(field.to_owned(), value));
    say("_name", name.as_str().into());
    say("_shortName", slug(name.as_str()).into());
    say("_description", "".into());
    say("_userType", USER_TYPE.into());
    say("_userAttributes", json!({}));
    match kind {
        NamespaceKind::Application => {
            say("_authorizedGrantTypes", "client_credentials".into());
            say("_orgId", uuid_of(organization).into());
            say("_redirectUris", "".into());
            say("_whitelistedApps", json!([]));
        }
        // There may be several super admins, and none of them is the owner.
        NamespaceKind::Organization => say("_orgOwner", Value::Null),
        NamespaceKind::Workspace | NamespaceKind::UserGroup => {}
    }
    item
}

/// The name of a record that is to be created.
pub(super) fn created(
    kind: NamespaceKind,
    sent: &Map<String, Value>,
    organization: NamespaceId,
) -> Result<Name, OpError> {
    let name = named(sent)?.ok_or_else(|| OpError::new(ErrorCode::MissingField, "`_name` is missing"))?;
    let would_be = described(kind, &name, organization);
    kept(sent, |field, value| would_be.get(field) == Some(value))?;
    Ok(name)
}

/// The new name of a record, if it is to have another. What was read of it may be sent back with it.
pub(super) fn edited(
    edit: Edit,
    sent: &Map<String, Value>,
    before: &Value,
    record: &Record,
) -> Result<Option<Name>, OpError> {
    let name = named(sent)?;
    if name.is_none() && edit == Edit::Whole {
        return Err(OpError::new(ErrorCode::MissingField, "`_name` is missing: send the whole record, or use `PATCH`"));
    }
    let after = name.as_ref().map(|name| {
        let mut after = described(record.id.kind(), name, record.organization);
        after.insert("_namespaces".to_owned(), json!([namespace_name(name.as_str(), record.id)]));
        after
    });
    kept(sent, |field, value| {
        before.get(field) == Some(value) || after.as_ref().is_some_and(|after| after.get(field) == Some(value))
    })?;
    Ok(name.filter(|name| *name != record.name))
}

/// The fields of an object.
pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, OpError> {
    value
        .as_object()
        .ok_or_else(|| OpError::new(ErrorCode::InvalidValue, "the body is not what it has to be: send an object"))
}

fn named(sent: &Map<String, Value>) -> Result<Option<Name>, OpError> {
    match sent.get("_name") {
        None => Ok(None),
        Some(Value::String(text)) => match Name::new(text) {
            Ok(name) => Ok(Some(name)),
            Err(error) => Err(OpError::new(ErrorCode::InvalidValue, format!("`_name`: {error}"))),
        },
        Some(_) => Err(OpError::new(ErrorCode::InvalidValue, "`_name` has to be a text")),
    }
}

/// Refuses whatever would not be there when the record is read again.
fn kept(sent: &Map<String, Value>, is_kept: impl Fn(&str, &Value) -> bool) -> Result<(), OpError> {
    for (field, value) in sent {
        if field == "_name" || value.is_null() || is_kept(field, value) {
            continue;
        }
        return Err(if FIELDS.contains(&field.as_str()) {
            let detail = format!("`{field}` would be lost, since Keyward keeps no other than its own: leave it out");
            OpError::new(ErrorCode::InvalidValue, detail)
        } else {
            OpError::new(ErrorCode::UnknownField, format!("there is no field `{field}`: leave it out"))
        });
    }
    Ok(())
}

const FIELDS: [&str; 14] = [
    "_id",
    "_shortName",
    "_description",
    "_userType",
    "_namespaces",
    "_userAttributes",
    "_metadata",
    "_authorizedGrantTypes",
    "_orgId",
    "_redirectUris",
    "_whitelistedApps",
    "_orgOwner",
    "_isMember",
    "_appId",
];
