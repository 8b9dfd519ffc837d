//! Sessions of signed-in users, and who the caller is.

use std::net::IpAddr;

use keyward_core::id::{CredentialId, OrganizationId, SessionId, UserId};
use keyward_core::kind::KindId;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::receipt::Receipt;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{SecretText, Time};

/// Signs in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateSession::sample)]
pub struct CreateSession {
    /// The e-mail address; upper and lower case are the same.
    pub email: String,
    /// The password.
    pub password: SecretText,
    /// A code of the user's second factor, or a recovery code. Where one is needed and missing, the answer is
    /// `second_factor_required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretText>,
}

/// Signed in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = CreatedSession::sample)]
pub struct CreatedSession {
    /// Send it as `Authorization: Bearer`.
    pub token: SecretText,
    /// The session.
    pub session: Session,
}

/// Which of one's own sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListSessions {
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One's other sessions have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = SessionsEnded::sample)]
pub struct SessionsEnded {
    /// How many.
    pub ended: u64,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// A session of a signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Session::sample)]
pub struct Session {
    /// Its name.
    #[schema(value_type = schema::SessionId)]
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When the user signed in.
    pub created_at: Time,
    /// Until when it counts as a fresh sign-in, which what is sensitive needs: a reveal, for example.
    pub fresh_until: Time,
    /// When it ends by itself.
    pub expires_at: Time,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
    /// From where the user signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::IpAddress>)]
    pub source: Option<IpAddr>,
    /// What they signed in with: the `User-Agent` of the request, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "caller")]
#[schema(example = WhoAmI::sample)]
pub enum WhoAmI {
    /// A signed-in user.
    Session(SessionCaller),
    /// A credential.
    Credential(CredentialCaller),
}

/// A signed-in user as a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionCaller {
    /// The session.
    pub session: Session,
    /// The user.
    pub user: SignedInUser,
    /// Where they are a member.
    pub organizations: Vec<MemberOf>,
}

/// The user of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedInUser {
    /// Their name for machines.
    #[schema(value_type = schema::UserId)]
    pub id: UserId,
    /// What they are called.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// How they sign in.
    pub email: String,
    /// Whether they run the deployment.
    pub operator: bool,
}

/// An organization of a signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberOf {
    /// The organization.
    #[schema(value_type = schema::OrganizationId)]
    pub id: OrganizationId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Whether they hold every permission in it.
    pub super_admin: bool,
    /// Whether they, or the whole organization, are suspended.
    pub suspended: bool,
}

/// A credential as a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialCaller {
    /// Its name for machines.
    #[schema(value_type = schema::CredentialId)]
    pub id: CredentialId,
    /// The organization that it belongs to.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Its kind.
    #[schema(value_type = schema::KindId)]
    pub kind: KindId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What it presents to say which one it is.
    pub public_id: String,
    /// Where it lives.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::UserId>)]
    pub owner: Option<UserId>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

impl From<&keyward_core::user::User> for SignedInUser {
    fn from(user: &keyward_core::user::User) -> Self {
        Self { id: user.id, name: user.name.clone(), email: user.email.clone(), operator: user.operator }
    }
}

impl From<&keyward_core::credential::Credential> for CredentialCaller {
    fn from(credential: &keyward_core::credential::Credential) -> Self {
        Self {
            id: credential.id,
            organization: credential.organization,
            kind: credential.kind.clone(),
            name: credential.name.clone(),
            public_id: credential.public_id.clone(),
            namespace: credential.namespace,
            owner: credential.owner,
            expires_at: credential.expires_at.map(Time),
        }
    }
}

impl Sample for CreateSession {
    fn sample() -> Self {
        Self {
            email: "ada@example.com".to_owned(),
            password: sample::secret("correct horse battery staple"),
            code: None,
        }
    }
}

impl Sample for CreatedSession {
    fn sample() -> Self {
        Self { token: sample::secret("kwses_EXAMPLE"), session: Session::sample() }
    }
}

impl Sample for ListSessions {
    fn sample() -> Self {
        Self { limit: Some(20), cursor: None }
    }
}

impl Sample for SessionsEnded {
    fn sample() -> Self {
        Self { ended: 2, receipt: Receipt::sample() }
    }
}

impl Sample for Session {
    fn sample() -> Self {
        Self {
            id: sample::SESSION,
            current: true,
            created_at: sample::time(0),
            fresh_until: sample::time(300),
            expires_at: sample::time(43_200),
            last_used_at: Some(sample::time(60)),
            source: Some(sample::ADDRESS),
            user_agent: Some("keyward/0.1.0".to_owned()),
        }
    }
}

impl Sample for WhoAmI {
    fn sample() -> Self {
        Self::Session(SessionCaller::sample())
    }
}

impl Sample for SessionCaller {
    fn sample() -> Self {
        Self { session: Session::sample(), user: SignedInUser::sample(), organizations: vec![MemberOf::sample()] }
    }
}

impl Sample for SignedInUser {
    fn sample() -> Self {
        Self {
            id: sample::USER,
            name: sample::name("Ada Lovelace"),
            email: "ada@example.com".to_owned(),
            operator: false,
        }
    }
}

impl Sample for MemberOf {
    fn sample() -> Self {
        Self { id: sample::ORGANIZATION, name: sample::name("Acme"), super_admin: true, suspended: false }
    }
}

impl Sample for CredentialCaller {
    fn sample() -> Self {
        Self {
            id: sample::CREDENTIAL,
            organization: sample::ORGANIZATION,
            kind: sample::kind(),
            name: sample::name("Nightly export"),
            public_id: sample::PUBLIC_ID.to_owned(),
            namespace: sample::WORKSPACE.into(),
            owner: Some(sample::USER),
            expires_at: Some(sample::time(7_776_000)),
        }
    }
}
