//! Invitations: how somebody joins an organization.

use keyward_core::credential::CallerId;
use keyward_core::id::{InvitationId, OrganizationId, UserId};
use keyward_core::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::roles::RoleHeld;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{SecretText, Time};

/// Which open invitations to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListInvitations {
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Accepts an invitation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = AcceptInvitation::sample)]
pub struct AcceptInvitation {
    /// The token of the link.
    pub token: SecretText,
    /// What they are called. Needed by a new user; an existing one keeps their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub name: Option<Name>,
    /// The password that a new user chooses, at least 15 characters; that of an existing user proves who they are.
    pub password: SecretText,
    /// A code of an existing user's second factor, or a recovery code, where they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretText>,
}

/// An invitation, as the one who made it sees it, once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = Invitation::sample)]
pub struct Invitation {
    /// Its name in the audit log.
    #[schema(value_type = schema::InvitationId)]
    pub id: InvitationId,
    /// Whom it invites.
    pub email: String,
    /// What accepts it, once.
    pub token: SecretText,
    /// The page where it can be accepted; contains the token. Hand it over on a safe way.
    #[schema(value_type = String, format = "uri")]
    pub url: SecretText,
    /// Until when it can be accepted.
    pub expires_at: Time,
}

/// An invitation that can still be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = OpenInvitation::sample)]
pub struct OpenInvitation {
    /// Its name in the audit log.
    #[schema(value_type = schema::InvitationId)]
    pub id: InvitationId,
    /// Whom it invites.
    pub email: String,
    /// Whether they become super admin.
    pub super_admin: bool,
    /// What they will hold. A role or a namespace that is gone meanwhile is left out.
    pub roles: Vec<RoleHeld>,
    /// Who sent it.
    #[schema(value_type = schema::CallerId)]
    pub invited_by: CallerId,
    /// Since when it stands.
    pub created_at: Time,
    /// Until when it can be accepted.
    pub expires_at: Time,
}

/// An invitation was accepted. Sign in to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = InvitationAccepted::sample)]
pub struct InvitationAccepted {
    /// Who accepted it.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
    /// Of what they are a member now.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
}

impl Sample for ListInvitations {
    fn sample() -> Self {
        Self { limit: Some(20), cursor: None }
    }
}

impl Sample for AcceptInvitation {
    fn sample() -> Self {
        Self {
            token: sample::secret("kwinv_EXAMPLE"),
            name: Some(sample::name("Grace Hopper")),
            password: sample::secret("correct horse battery staple"),
            code: None,
        }
    }
}

impl Sample for Invitation {
    fn sample() -> Self {
        Self {
            id: sample::INVITATION,
            email: "grace@example.com".to_owned(),
            token: sample::secret("kwinv_EXAMPLE"),
            url: sample::secret("https://keys.example.com/invitation#kwinv_EXAMPLE"),
            expires_at: sample::time(259_200),
        }
    }
}

impl Sample for OpenInvitation {
    fn sample() -> Self {
        Self {
            id: sample::INVITATION,
            email: "grace@example.com".to_owned(),
            super_admin: false,
            roles: vec![RoleHeld::sample()],
            invited_by: CallerId::User(sample::USER),
            created_at: sample::time(0),
            expires_at: sample::time(259_200),
        }
    }
}

impl Sample for InvitationAccepted {
    fn sample() -> Self {
        Self { user: sample::USER, organization: sample::ORGANIZATION }
    }
}
