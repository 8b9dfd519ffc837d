//! The same question in the words of AuthZEN Authorization API 1.0.
//!
//! Not strict about unknown fields, unlike the rest: the standard lets its objects carry more than the receiver uses,
//! and enforcement points do send more.

use std::net::IpAddr;

use keyward_core::decision::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Open, SecretText};
use crate::verify::{VerifiedCredential, VerifyAnswer};

/// May the subject do the action on the resource?
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = Evaluation::sample)]
pub struct Evaluation {
    /// Who: a presented credential.
    pub subject: Subject,
    /// What: the permission.
    pub action: Action,
    /// On what: the namespace.
    pub resource: Resource,
    /// How the request was made.
    #[serde(default)]
    pub context: EvaluationContext,
}

/// A presented credential.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// `credential`.
    #[serde(rename = "type")]
    #[schema(example = "credential")]
    pub kind: String,
    /// The public id or `client_id` of a credential that has two parts. For one that is a single token it is not looked
    /// at, and may be anything.
    pub id: String,
    /// What proves it.
    #[serde(default)]
    pub properties: SubjectProperties,
}

/// What proves a subject: exactly one of them.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SubjectProperties {
    /// The token, as it was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretText>,
    /// The secret that belongs to the `id` of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretText>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// The permission: `resource:action`.
    #[schema(value_type = schema::Permission)]
    pub name: String,
}

/// What it is to be done on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resource {
    /// `organization`, `application`, `workspace` or `user_group`, as the prefix of the id says too.
    #[serde(rename = "type")]
    #[schema(value_type = schema::NamespaceKind)]
    pub kind: String,
    /// The namespace.
    #[schema(value_type = schema::NamespaceId)]
    pub id: String,
}

/// How the request was made, as in a [`crate::verify::VerifyRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationContext {
    /// The API groups to which the request belongs, beside those of its permission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The address of the client. A credential that is bound to networks is refused without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::IpAddress>)]
    pub source: Option<IpAddr>,
    /// Whether the request came over https. Absent: the caller vouches that it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// How the credential travelled. Absent: the caller vouches that it was as its kind allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Answer only from this revision on; waits at most a second for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Evaluated::sample)]
pub struct Evaluated {
    /// Whether it may.
    pub decision: bool,
    /// Why, and by whom it was asked.
    pub context: EvaluatedContext,
}

/// What goes with an answer, as in a [`crate::verify::VerifyAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluatedContext {
    /// The revision at which this was true.
    pub revision: u64,
    /// Why not, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Open<Reason>>,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The credential, once its secret was found right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<VerifiedCredential>,
    /// How many seconds to wait before trying again, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl From<VerifyAnswer> for Evaluated {
    fn from(answer: VerifyAnswer) -> Self {
        let VerifyAnswer { allowed, reason, message, revision, credential, retry_after, explanation: _ } = answer;
        Self { decision: allowed, context: EvaluatedContext { revision, reason, message, credential, retry_after } }
    }
}

impl Sample for Evaluation {
    fn sample() -> Self {
        Self {
            subject: Subject {
                kind: "credential".to_owned(),
                id: sample::PUBLIC_ID.to_owned(),
                properties: SubjectProperties {
                    credential: Some(sample::secret("kw_8QkJ2mVxw0TzR4pL_EXAMPLE")),
                    secret: None,
                },
            },
            action: Action { name: sample::permission().to_string() },
            resource: Resource { kind: "workspace".to_owned(), id: sample::WORKSPACE.to_string() },
            context: EvaluationContext { source: Some(sample::ADDRESS), ..EvaluationContext::default() },
        }
    }
}

impl Sample for Evaluated {
    fn sample() -> Self {
        VerifyAnswer::sample().into()
    }
}
