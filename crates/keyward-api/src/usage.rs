//! How often credentials are used.

use keyward_core::id::CredentialId;
use keyward_core::namespace::NamespaceId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::Time;

/// Which uses to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct GetUsage {
    /// Only those of this credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::CredentialId>)]
    pub credential: Option<CredentialId>,
    /// Only those of credentials that live in this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
    /// Only periods that begin at this instant or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Only periods that begin before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The uses of one credential in one period. Counts arrive with some delay, and those of a node that crashed are lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = UsageCount::sample)]
pub struct UsageCount {
    /// The credential.
    #[schema(value_type = schema::CredentialId)]
    pub credential: CredentialId,
    /// When the period begins.
    pub from: Time,
    /// When it ends.
    pub to: Time,
    /// How many requests it was allowed.
    pub allowed: u64,
    /// How many it was refused after its secret was found right.
    pub denied: u64,
}

impl Sample for GetUsage {
    fn sample() -> Self {
        Self { credential: Some(sample::CREDENTIAL), since: Some(sample::time(0)), ..Self::default() }
    }
}

impl Sample for UsageCount {
    fn sample() -> Self {
        Self {
            credential: sample::CREDENTIAL,
            from: sample::time(0),
            to: sample::time(86_400),
            allowed: 12_804,
            denied: 3,
        }
    }
}
