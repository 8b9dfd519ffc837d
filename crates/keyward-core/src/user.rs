//! People: users, their membership in organizations and in user groups.

use serde::{Deserialize, Serialize};

use crate::id::{OrganizationId, UserGroupId, UserId};
use crate::name::Name;
use crate::time::Timestamp;

/// A person who signs in. Belongs to the deployment; an organization sees a [`Membership`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their name for machines.
    pub id: UserId,
    /// How they sign in; lower-cased, unique in the deployment.
    pub email: String,
    /// What they are called.
    pub name: Name,
    /// Whether they run the deployment: create and suspend organizations. No rights inside one by that alone.
    pub operator: bool,
    /// When they were created.
    pub created_at: Timestamp,
    /// When their record last changed.
    pub updated_at: Timestamp,
}

/// A user's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// Holds every permission at every namespace of the organization.
    pub super_admin: bool,
    /// When an admin suspended the member; their live keys and sessions stop here until they are enabled again.
    pub suspended_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Membership {
    /// Whether the member may act.
    pub const fn is_active(&self) -> bool {
        self.suspended_at.is_none()
    }
}

/// A user's place in a user group: every grant that the group holds, the user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupMember {
    /// Where the group is.
    pub organization: OrganizationId,
    /// The group.
    pub group: UserGroupId,
    /// The member.
    pub user: UserId,
}
