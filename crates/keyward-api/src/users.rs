//! Users as an organization sees them: its members.

use keyward_core::id::{CredentialId, UserId};
use keyward_core::name::Name;
use keyward_core::user as core;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::receipt::Receipt;
use crate::roles::RoleAt;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{SecretText, Time, present};

/// Which members to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListUsers {
    /// Only those whose name or e-mail address contains this, without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only those in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<UserState>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Invites somebody to the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = InviteUser::sample)]
pub struct InviteUser {
    /// Their e-mail address. An earlier invitation of the same address to this organization stops working.
    #[schema(max_length = 254)]
    pub email: String,
    /// Whether they become super admin.
    #[serde(default)]
    pub super_admin: bool,
    /// What they are granted when they accept. The caller must hold all of it, then and now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub roles: Vec<RoleAt>,
}

/// Edits a membership.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditUser::sample)]
pub struct EditUser {
    /// Whether they are super admin. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub super_admin: Option<bool>,
}

/// Changes what one is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditProfile::sample)]
pub struct EditProfile {
    /// The name from now on.
    #[schema(value_type = schema::Name)]
    pub name: Name,
}

/// Changes one's own password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = ChangePassword::sample)]
pub struct ChangePassword {
    /// The password until now; it proves who asks, as at a sign-in.
    pub current: SecretText,
    /// The password from now on, at least 15 characters.
    pub new: SecretText,
}

/// A member of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = User::sample)]
pub struct User {
    /// Their name for machines.
    #[schema(value_type = schema::UserId)]
    pub id: UserId,
    /// What they are called.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// How they sign in.
    pub email: String,
    /// Holds every permission at every namespace of the organization.
    pub super_admin: bool,
    /// Whether they may act in this organization.
    pub state: UserState,
    /// When an admin suspended them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Time>,
    /// Since when they are a member.
    pub joined_at: Time,
    /// When their membership last changed.
    pub updated_at: Time,
}

/// Whether a member may act in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Yes.
    Active,
    /// Not until they are enabled again.
    Suspended,
}

/// A member was edited, suspended or enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = UserChanged::sample)]
pub struct UserChanged {
    /// The member as they are now.
    pub user: User,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// A member was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = UserRemoved::sample)]
pub struct UserRemoved {
    /// Their live credentials; they are revoked.
    #[schema(value_type = Vec<schema::CredentialId>)]
    pub revoked: Vec<CredentialId>,
    /// Where that is in force.
    pub receipt: Receipt,
}

impl User {
    /// A user as a member.
    pub fn of(user: &core::User, membership: &core::Membership) -> Self {
        Self {
            id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            super_admin: membership.super_admin,
            state: if membership.is_active() { UserState::Active } else { UserState::Suspended },
            suspended_at: membership.suspended_at.map(Time),
            joined_at: membership.created_at.into(),
            updated_at: membership.updated_at.into(),
        }
    }
}

impl Sample for ListUsers {
    fn sample() -> Self {
        Self { name: Some("ada".to_owned()), state: Some(UserState::Active), limit: Some(20), cursor: None }
    }
}

impl Sample for InviteUser {
    fn sample() -> Self {
        Self { email: "grace@example.com".to_owned(), super_admin: false, roles: vec![RoleAt::sample()] }
    }
}

impl Sample for EditUser {
    fn sample() -> Self {
        Self { super_admin: Some(true) }
    }
}

impl Sample for EditProfile {
    fn sample() -> Self {
        Self { name: sample::name("Ada King") }
    }
}

impl Sample for ChangePassword {
    fn sample() -> Self {
        Self {
            current: sample::secret("correct horse battery staple"),
            new: sample::secret("nine violets under a tin roof"),
        }
    }
}

impl Sample for User {
    fn sample() -> Self {
        Self {
            id: sample::USER,
            name: sample::name("Ada Lovelace"),
            email: "ada@example.com".to_owned(),
            super_admin: true,
            state: UserState::Active,
            suspended_at: None,
            joined_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for UserChanged {
    fn sample() -> Self {
        Self { user: User::sample(), receipt: Receipt::sample() }
    }
}

impl Sample for UserRemoved {
    fn sample() -> Self {
        Self { revoked: vec![sample::CREDENTIAL], receipt: Receipt::sample() }
    }
}
