//! What the audit log keeps of one act.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::credential::CallerId;
use crate::id::{AuditId, RequestId};
use crate::time::Timestamp;

/// One act, done or refused. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its name.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// What, spelled as everywhere: `credentials.revoke`.
    pub operation: String,
    /// Who.
    pub caller: CallerId,
    /// On what: an id, or `None` when there was none yet.
    pub target: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What else is worth keeping, a JSON object.
    pub details: serde_json::Map<String, serde_json::Value>,
    /// The request that asked for it.
    pub request: Option<RequestId>,
    /// Where the request came from.
    pub source: Option<IpAddr>,
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "code")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, with the code of the error.
    Refused(String),
}
