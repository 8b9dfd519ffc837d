//! Grants: roles held at namespaces by users, user groups and credentials.

use keyward_core::id::{GrantId, RoleId};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{self as core, Holder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::receipt::Receipt;
use crate::roles::RoleRef;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::Time;

/// Which grants to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListGrants {
    /// Only those of this user, user group or credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::Holder>)]
    pub holder: Option<Holder>,
    /// Only those of this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::RoleId>)]
    pub role: Option<RoleId>,
    /// Only those at this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Grants a role at a namespace. The caller must hold there all that the role gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateGrant::sample)]
pub struct CreateGrant {
    /// To whom.
    #[schema(value_type = schema::Holder)]
    pub holder: Holder,
    /// What, by id or by name.
    pub role: RoleRef,
    /// Where. Absent: the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Grant::sample)]
pub struct Grant {
    /// Its name for machines.
    #[schema(value_type = schema::GrantId)]
    pub id: GrantId,
    /// Who holds it.
    #[schema(value_type = schema::Holder)]
    pub holder: Holder,
    /// What they hold.
    #[schema(value_type = schema::RoleId)]
    pub role: RoleId,
    /// The name of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub role_name: Option<Name>,
    /// Where exactly: rights are never inherited by other namespaces.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
    /// Since when.
    pub created_at: Time,
}

/// A role was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = GrantCreated::sample)]
pub struct GrantCreated {
    /// The grant.
    pub grant: Grant,
    /// Where it is in force.
    pub receipt: Receipt,
}

impl Grant {
    /// A grant with the name of its role, where that is known.
    pub fn of(grant: &core::Grant, role_name: Option<Name>) -> Self {
        Self {
            id: grant.id,
            holder: grant.holder,
            role: grant.role,
            role_name,
            namespace: grant.namespace,
            created_at: grant.created_at.into(),
        }
    }
}

impl Sample for ListGrants {
    fn sample() -> Self {
        Self { holder: Some(Holder::User(sample::USER)), role: Some(sample::ROLE), ..Self::default() }
    }
}

impl Sample for CreateGrant {
    fn sample() -> Self {
        Self {
            holder: Holder::UserGroup(sample::USER_GROUP),
            role: RoleRef::Id(sample::ROLE),
            namespace: Some(sample::WORKSPACE.into()),
        }
    }
}

impl Sample for Grant {
    fn sample() -> Self {
        Self {
            id: sample::GRANT,
            holder: Holder::UserGroup(sample::USER_GROUP),
            role: sample::ROLE,
            role_name: Some(sample::name("Exporter")),
            namespace: sample::WORKSPACE.into(),
            created_at: sample::time(0),
        }
    }
}

impl Sample for GrantCreated {
    fn sample() -> Self {
        Self { grant: Grant::sample(), receipt: Receipt::sample() }
    }
}
