//! The first start: one operator, one organization.

use keyward_core::id::{OrganizationId, UserId};
use keyward_core::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::SecretText;

/// Creates the first operator and, if named, the first organization with them as its super admin.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = Setup::sample)]
pub struct Setup {
    /// The token that the server printed when it started.
    pub token: SecretText,
    /// What the operator is called.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// How the operator signs in.
    #[schema(max_length = 254)]
    pub email: String,
    /// The operator's password, at least 15 characters.
    pub password: SecretText,
    /// The name of the first organization. Absent: none is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub organization: Option<Name>,
    /// The profiles whose kinds the organization can create; `keyward` if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

/// The deployment is set up. Sign in to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = SetupDone::sample)]
pub struct SetupDone {
    /// The operator.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
    /// The first organization, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OrganizationId>)]
    pub organization: Option<OrganizationId>,
}

impl Sample for Setup {
    fn sample() -> Self {
        Self {
            token: sample::secret("kwset_EXAMPLE"),
            name: sample::name("Ada Lovelace"),
            email: "ada@example.com".to_owned(),
            password: sample::secret("correct horse battery staple"),
            organization: Some(sample::name("Acme")),
            profiles: vec!["keyward".to_owned()],
        }
    }
}

impl Sample for SetupDone {
    fn sample() -> Self {
        Self { user: sample::USER, organization: Some(sample::ORGANIZATION) }
    }
}
