//! Roles: named sets of permission patterns.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use keyward_core::id::RoleId;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::role as core;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::receipt::Receipt;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Time, present};

/// Which roles to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListRoles {
    /// Only those whose name contains this, without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Creates a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateRole::sample)]
pub struct CreateRole {
    /// Its name; unique in the organization.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What it lets its holders do. The caller must hold all of it at the organization.
    #[schema(value_type = Vec<schema::Pattern>, max_items = 500)]
    pub patterns: PatternSet,
}

/// Edits a role. Everybody who holds it holds the new one as soon as the call returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditRole::sample)]
pub struct EditRole {
    /// The new name. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Name, required = false)]
    pub name: Option<Name>,
    /// All that it lets its holders do. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::Pattern>, required = false, max_items = 500)]
    pub patterns: Option<PatternSet>,
}

/// Asks what an edit of a role would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = PreviewRole::sample)]
pub struct PreviewRole {
    /// All that it would let its holders do.
    #[schema(value_type = Vec<schema::Pattern>, max_items = 500)]
    pub patterns: PatternSet,
}

/// What an edit of a role would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = RolePreview::sample)]
pub struct RolePreview {
    /// How many users hold it, themselves or through a user group.
    pub users: u64,
    /// How many credentials hold it, or are bound to the rights of such a user.
    pub credentials: u64,
    /// Patterns of the new text that the present one does not cover.
    #[schema(value_type = Vec<schema::Pattern>)]
    pub gained: PatternSet,
    /// Patterns of the present text that the new one does not cover.
    #[schema(value_type = Vec<schema::Pattern>)]
    pub lost: PatternSet,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Role::sample)]
pub struct Role {
    /// Its name for machines.
    #[schema(value_type = schema::RoleId)]
    pub id: RoleId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What it lets its holders do.
    #[schema(value_type = Vec<schema::Pattern>)]
    pub patterns: PatternSet,
    /// `profile/role` when a profile brought it; such roles are read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// A role was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = RoleChanged::sample)]
pub struct RoleChanged {
    /// The role as it is now.
    pub role: Role,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// A role that is to be held at a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = RoleAt::sample)]
pub struct RoleAt {
    /// Which one, by id or by name.
    pub role: RoleRef,
    /// Where. Absent: where the credential lives; for a person, the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
}

/// A role that is held at a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = RoleHeld::sample)]
pub struct RoleHeld {
    /// Which one.
    #[schema(value_type = schema::RoleId)]
    pub role: RoleId,
    /// Its name, if the caller may read roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub role_name: Option<Name>,
    /// Where.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
}

/// Names a role in a request: by its id, or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleRef {
    /// By its id.
    Id(RoleId),
    /// By its name, compared without regard to case. What looks like an id is one.
    Name(String),
}

impl FromStr for RoleRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| RoleRef::Name(text.to_owned()), RoleRef::Id))
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoleRef::Id(id) => id.fmt(f),
            RoleRef::Name(name) => name.fmt(f),
        }
    }
}

impl From<RoleId> for RoleRef {
    fn from(id: RoleId) -> Self {
        RoleRef::Id(id)
    }
}

impl Serialize for RoleRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Ok(text.parse().map_or_else(|_| RoleRef::Name(text), RoleRef::Id))
    }
}

impl PartialSchema for RoleRef {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("The id or the name of a role."))
            .examples(["Exporter", "role_01kap30392e000000000000001"])
            .into()
    }
}

impl ToSchema for RoleRef {}

impl From<&core::Role> for Role {
    fn from(role: &core::Role) -> Self {
        Self {
            id: role.id,
            name: role.name.clone(),
            patterns: role.patterns.clone(),
            template: role.template.clone(),
            created_at: role.created_at.into(),
            updated_at: role.updated_at.into(),
        }
    }
}

impl Sample for ListRoles {
    fn sample() -> Self {
        Self { name: Some("export".to_owned()), limit: Some(20), cursor: None }
    }
}

impl Sample for CreateRole {
    fn sample() -> Self {
        Self { name: sample::name("Exporter"), patterns: sample::patterns() }
    }
}

impl Sample for EditRole {
    fn sample() -> Self {
        Self { name: None, patterns: Some(sample::patterns()) }
    }
}

impl Sample for PreviewRole {
    fn sample() -> Self {
        Self { patterns: sample::patterns() }
    }
}

impl Sample for RolePreview {
    fn sample() -> Self {
        Self { users: 4, credentials: 12, gained: sample::patterns(), lost: PatternSet::none() }
    }
}

impl Sample for Role {
    fn sample() -> Self {
        Self {
            id: sample::ROLE,
            name: sample::name("Exporter"),
            patterns: sample::patterns(),
            template: None,
            created_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for RoleChanged {
    fn sample() -> Self {
        Self { role: Role::sample(), receipt: Receipt::sample() }
    }
}

impl Sample for RoleAt {
    fn sample() -> Self {
        Self { role: RoleRef::Name("Exporter".to_owned()), namespace: Some(sample::WORKSPACE.into()) }
    }
}

impl Sample for RoleHeld {
    fn sample() -> Self {
        Self { role: sample::ROLE, role_name: Some(sample::name("Exporter")), namespace: sample::WORKSPACE.into() }
    }
}
