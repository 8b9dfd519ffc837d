//! May this credential do that, there? Asked by services that protect themselves with Keyward.

use std::fmt;
use std::net::IpAddr;

use keyward_core::credential;
use keyward_core::decision::{Check, Denial, Reason};
use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::kind::KindId;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::Permission;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Open, SecretText};

/// The body of `POST /v1/verify`: one request, or a list of 1 to 100.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum VerifyBody {
    /// One request; the answer is one answer.
    One(Box<VerifyRequest>),
    /// A list; the answer is the list of answers in the same order, all at one revision.
    Batch(Vec<VerifyRequest>),
}

/// Whether a credential may do something. Exactly one of `credential`, `id` with `secret`, and `credential_id` names it.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = VerifyRequest::sample)]
pub struct VerifyRequest {
    /// The token, as it was presented. Also takes an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretText>,
    /// The public id or `client_id`, as it was presented, with `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The secret or `client_secret`, as it was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretText>,
    /// A credential that was not presented, only with `explain`: what would be answered if it were, with its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::CredentialId>)]
    pub credential_id: Option<CredentialId>,
    /// The permission that the request needs. Absent: authentication alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Permission>)]
    pub permission: Option<Permission>,
    /// Where it needs it. Absent: the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
    /// The API groups to which the request belongs, beside those of its permission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16)]
    pub groups: Vec<String>,
    /// The address of the client. A credential that is bound to networks is refused without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::IpAddress>)]
    pub source: Option<IpAddr>,
    /// Whether the request came over https. Absent: the caller vouches that it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// The method of the request; kept where uses are logged, and without influence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32)]
    pub method: Option<String>,
    /// How the credential travelled: `bearer`, `basic`, `header:NAME`, `headers:ID,SECRET`, `form:ID,SECRET` or
    /// `token_scheme:NAME`. Absent: the caller vouches that it was as its kind allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Whether to list every check with its outcome. Uses nothing up: neither rate nor a record of use.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explain: bool,
    /// Answer only from this revision on, as an earlier answer named it; waits at most a second for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
}

/// The body of the answer: one answer, or the list of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum VerifyAnswers {
    /// To one request.
    One(Box<VerifyAnswer>),
    /// To a list, in its order.
    Batch(Vec<VerifyAnswer>),
}

/// Whether the credential may do it. A refusal is an answer like any other: status 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = VerifyAnswer::sample)]
pub struct VerifyAnswer {
    /// Whether it may.
    pub allowed: bool,
    /// Why not, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Open<Reason>>,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The revision at which this was true.
    pub revision: u64,
    /// The credential, once its secret was found right (or `credential_id` named it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<VerifiedCredential>,
    /// How many seconds to wait before trying again, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Every check, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// What a service may know of a credential that was presented to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = VerifiedCredential::sample)]
pub struct VerifiedCredential {
    /// Its name for machines.
    #[schema(value_type = schema::CredentialId)]
    pub id: CredentialId,
    /// What it presented to say which one it is.
    pub public_id: String,
    /// Its kind.
    #[schema(value_type = schema::KindId)]
    pub kind: KindId,
    /// The organization that it belongs to.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::UserId>)]
    pub owner: Option<UserId>,
    /// Where it lives.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
    /// Its generation; it grows when the secret is replaced or the credential revoked.
    pub generation: u32,
    /// Which of its secrets was presented. Absent if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
}

/// Every check of a decision, in the order in which they are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Explanation::sample)]
pub struct Explanation {
    /// The checks. The first that failed is the reason.
    pub checks: Vec<Checked>,
}

/// One check and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Checked::sample)]
pub struct Checked {
    /// Which check.
    #[schema(value_type = schema::Check)]
    pub check: Open<Check>,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What it looked at, in a few words for people.
    pub fact: String,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Nothing against it.
    Passed,
    /// It refuses the request.
    Failed,
    /// Not made: an earlier one failed, or it does not apply.
    Skipped,
}

impl VerifyAnswer {
    /// It may.
    pub const fn allowed(credential: VerifiedCredential, revision: u64) -> Self {
        Self {
            allowed: true,
            reason: None,
            message: None,
            revision,
            credential: Some(credential),
            retry_after: None,
            explanation: None,
        }
    }

    /// It may not. `credential`: only if the secret was right.
    pub fn denied(denial: Denial, credential: Option<VerifiedCredential>, revision: u64) -> Self {
        Self {
            allowed: false,
            reason: Some(denial.reason.into()),
            message: Some(denial.reason.sentence().to_owned()),
            revision,
            credential,
            // Rounded up: who waits that long has waited long enough.
            retry_after: denial.retry_after.map(crate::headers::retry_after),
            explanation: None,
        }
    }
}

impl VerifiedCredential {
    /// The credential whose secret number `slot` was presented.
    pub fn of(record: &credential::Credential, slot: Option<u32>) -> Self {
        Self {
            id: record.id,
            public_id: record.public_id.clone(),
            kind: record.kind.clone(),
            organization: record.organization,
            owner: record.owner,
            namespace: record.namespace,
            generation: record.generation,
            slot,
        }
    }
}

/// An object is one, an array many. Not `#[serde(untagged)]`, which would forget which field was wrong.
macro_rules! one_or_many {
    ($type:ident of $item:ident, $expecting:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$type, A::Error> {
                        $item::deserialize(MapAccessDeserializer::new(map)).map(|item| $type::One(Box::new(item)))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<$type, A::Error> {
                        Vec::deserialize(SeqAccessDeserializer::new(seq)).map($type::Batch)
                    }
                }

                d.deserialize_any(Visitor)
            }
        }
    };
}

one_or_many!(VerifyBody of VerifyRequest, "a request or an array of requests");
one_or_many!(VerifyAnswers of VerifyAnswer, "an answer or an array of answers");

impl Sample for VerifyBody {
    fn sample() -> Self {
        Self::One(Box::new(VerifyRequest::sample()))
    }
}

impl Sample for VerifyRequest {
    fn sample() -> Self {
        Self {
            credential: Some(sample::secret("kw_8QkJ2mVxw0TzR4pL_EXAMPLE")),
            permission: Some(sample::permission()),
            namespace: Some(sample::WORKSPACE.into()),
            source: Some(sample::ADDRESS),
            ..Self::default()
        }
    }
}

impl Sample for VerifyAnswers {
    fn sample() -> Self {
        Self::One(Box::new(VerifyAnswer::sample()))
    }
}

impl Sample for VerifyAnswer {
    fn sample() -> Self {
        Self::allowed(VerifiedCredential::sample(), 1_842)
    }
}

impl Sample for VerifiedCredential {
    fn sample() -> Self {
        Self {
            id: sample::CREDENTIAL,
            public_id: sample::PUBLIC_ID.to_owned(),
            kind: sample::kind(),
            organization: sample::ORGANIZATION,
            owner: Some(sample::USER),
            namespace: sample::WORKSPACE.into(),
            generation: 1,
            slot: Some(1),
        }
    }
}

impl Sample for Explanation {
    fn sample() -> Self {
        Self { checks: vec![Checked::sample()] }
    }
}

impl Sample for Checked {
    fn sample() -> Self {
        Self {
            check: Check::Grants.into(),
            outcome: CheckOutcome::Failed,
            fact: "no role held at the workspace covers `workspaces:read`".to_owned(),
        }
    }
}
