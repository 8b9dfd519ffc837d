//! The audit log: what was done, and what was refused.

use std::net::IpAddr;

use keyward_core::audit::{self as core, Outcome};
use keyward_core::credential::CallerId;
use keyward_core::id::{AuditId, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ErrorCode;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Open, Time};

/// Which entries to list or export, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListAudit {
    /// Whose log; the organization's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub log: Option<AuditLog>,
    /// Only what this user or credential did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::CallerId>)]
    pub caller: Option<CallerId>,
    /// Only what was done to this: an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Only this operation: `credentials.revoke`; or a resource: `credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only what ended so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub outcome: Option<AuditOutcome>,
    /// Only from this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Only before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many items a page holds: 1 to 200, 50 if absent. An export has no pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which log to check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct VerifyAudit {
    /// Whose log; the organization's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub log: Option<AuditLog>,
}

/// Whose log: every organization has one, and the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditLog {
    /// What was done in the organization.
    Organization,
    /// What belongs to no organization: set-up, sign-ins, organizations themselves. For operators.
    Deployment,
}

/// One act. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = AuditEntry::sample)]
pub struct AuditEntry {
    /// Its name.
    #[schema(value_type = schema::AuditId)]
    pub id: AuditId,
    /// When.
    pub at: Time,
    /// What: the id of the operation.
    #[schema(example = "credentials.revoke")]
    pub operation: String,
    /// Who.
    #[schema(value_type = schema::CallerId)]
    pub caller: CallerId,
    /// On what: an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorCode>)]
    pub code: Option<Open<ErrorCode>>,
    /// What else is worth keeping; depends on the operation.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub details: serde_json::Map<String, serde_json::Value>,
    /// The request that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::RequestId>)]
    pub request: Option<RequestId>,
    /// From where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::IpAddress>)]
    pub source: Option<IpAddr>,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// Whether the audit log is as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = AuditVerification::sample)]
pub struct AuditVerification {
    /// Whether every entry is linked to the one before and every signed checkpoint fits.
    pub intact: bool,
    /// How many entries were checked.
    pub entries: u64,
    /// How many signed checkpoints were checked.
    pub checkpoints: u64,
    /// The hash of the last entry, in hexadecimal: keep it elsewhere to notice a truncation by yourself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Where it stops being as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<AuditFault>,
}

/// Where an audit log stops being as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = AuditFault::sample)]
pub struct AuditFault {
    /// The place of the entry in the chain, from 1.
    pub sequence: u64,
    /// The entry, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::AuditId>)]
    pub entry: Option<AuditId>,
    /// What is wrong, for people.
    pub message: String,
}

impl From<&core::AuditEntry> for AuditEntry {
    fn from(entry: &core::AuditEntry) -> Self {
        let (outcome, code) = match &entry.outcome {
            Outcome::Done => (AuditOutcome::Done, None),
            Outcome::Refused(code) => {
                let code = code.parse().map_or_else(|_| Open::Other(code.clone()), Open::Known);
                (AuditOutcome::Refused, Some(code))
            }
        };
        Self {
            id: entry.id,
            at: entry.at.into(),
            operation: entry.operation.clone(),
            caller: entry.caller,
            target: entry.target.clone(),
            outcome,
            code,
            details: entry.details.clone(),
            request: entry.request,
            source: entry.source,
        }
    }
}

impl Sample for ListAudit {
    fn sample() -> Self {
        Self {
            caller: Some(CallerId::User(sample::USER)),
            operation: Some("credentials.revoke".to_owned()),
            outcome: Some(AuditOutcome::Done),
            since: Some(sample::time(0)),
            ..Self::default()
        }
    }
}

impl Sample for VerifyAudit {
    fn sample() -> Self {
        Self { log: Some(AuditLog::Deployment) }
    }
}

impl Sample for AuditEntry {
    fn sample() -> Self {
        Self {
            id: sample::AUDIT,
            at: sample::time(7_200),
            operation: "credentials.revoke".to_owned(),
            caller: CallerId::User(sample::USER),
            target: Some(sample::CREDENTIAL.to_string()),
            outcome: AuditOutcome::Done,
            code: None,
            details: serde_json::Map::from_iter([("reason".to_owned(), "compromised".into())]),
            request: Some(sample::REQUEST),
            source: Some(sample::ADDRESS),
        }
    }
}

impl Sample for AuditVerification {
    fn sample() -> Self {
        Self { intact: true, entries: 18_420, checkpoints: 18, head: Some("9f".repeat(32)), fault: None }
    }
}

impl Sample for AuditFault {
    fn sample() -> Self {
        Self {
            sequence: 4_711,
            entry: Some(sample::AUDIT),
            message: "the entry does not hash to what the next one was linked to".to_owned(),
        }
    }
}
