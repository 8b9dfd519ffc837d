//! Organizations: the tenants.

use keyward_core::id::OrganizationId;
use keyward_core::name::Name;
use keyward_core::organization as core;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::invitations::Invitation;
use crate::receipt::Receipt;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Network, Time, present};

/// Which organizations to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListOrganizations {
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

/// Creates an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateOrganization::sample)]
pub struct CreateOrganization {
    /// Its name; unique in the deployment.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// The profiles whose kinds it can create; `keyward` if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The e-mail address of its first super admin, who is invited.
    pub super_admin: String,
}

/// Edits an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditOrganization::sample)]
pub struct EditOrganization {
    /// The new name. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Name, required = false)]
    pub name: Option<Name>,
    /// All profiles whose kinds it can create; also takes `settings:edit`. Refused while a kind that would go is in
    /// use. Absent: they stay.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    pub profiles: Option<Vec<String>>,
    /// All networks from which its credentials may be used, empty for anywhere; also takes `settings:edit`. Absent:
    /// they stay.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Network>, required = false, max_items = 64)]
    pub sources: Option<Vec<Network>>,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Organization::sample)]
pub struct Organization {
    /// Its name for machines; also the id of the namespace that it is.
    #[schema(value_type = schema::OrganizationId)]
    pub id: OrganizationId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// The profiles whose kinds it can create.
    pub profiles: Vec<String>,
    /// Networks from which its credentials may be used; empty means anywhere.
    pub sources: Vec<Network>,
    /// When an operator suspended it; then it is refused everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Time>,
    /// When it was created.
    pub created_at: Time,
    /// When its record last changed.
    pub updated_at: Time,
}

/// An organization was created.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = CreatedOrganization::sample)]
pub struct CreatedOrganization {
    /// The organization.
    pub organization: Organization,
    /// The invitation of its first super admin; absent when that is the operator who created it, and
    /// when an idempotency key repeats an earlier creation: take the open one back and invite again if its link is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

/// An organization was edited, suspended or resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = OrganizationChanged::sample)]
pub struct OrganizationChanged {
    /// The organization as it is now.
    pub organization: Organization,
    /// Where that is in force.
    pub receipt: Receipt,
}

impl From<&core::Organization> for Organization {
    fn from(organization: &core::Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name.clone(),
            profiles: organization.profiles.clone(),
            sources: organization.sources.iter().copied().map(Network).collect(),
            suspended_at: organization.suspended_at.map(Time),
            created_at: organization.created_at.into(),
            updated_at: organization.updated_at.into(),
        }
    }
}

impl Sample for ListOrganizations {
    fn sample() -> Self {
        Self { name: Some("acme".to_owned()), limit: Some(20), cursor: None }
    }
}

impl Sample for CreateOrganization {
    fn sample() -> Self {
        Self {
            name: sample::name("Acme"),
            profiles: vec!["keyward".to_owned()],
            super_admin: "ada@example.com".to_owned(),
        }
    }
}

impl Sample for EditOrganization {
    fn sample() -> Self {
        Self { sources: Some(vec![sample::network()]), ..Self::default() }
    }
}

impl Sample for Organization {
    fn sample() -> Self {
        Self {
            id: sample::ORGANIZATION,
            name: sample::name("Acme"),
            profiles: vec!["keyward".to_owned()],
            sources: Vec::new(),
            suspended_at: None,
            created_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for CreatedOrganization {
    fn sample() -> Self {
        Self { organization: Organization::sample(), invitation: Some(Invitation::sample()) }
    }
}

impl Sample for OrganizationChanged {
    fn sample() -> Self {
        Self { organization: Organization::sample(), receipt: Receipt::sample() }
    }
}
