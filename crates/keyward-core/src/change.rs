//! Committed facts: what the change feed carries and every node's index is made of.
//!
//! A change carries the whole new state of one record, so that applying it needs no other knowledge and applying it
//! twice is harmless.

use serde::{Deserialize, Serialize};

use crate::credential::Credential;
use crate::id::{GrantId, OrganizationId, RoleId, UserId};
use crate::namespace::{Namespace, NamespaceId};
use crate::organization::Organization;
use crate::role::{Grant, Holder, Role};
use crate::user::{GroupMember, Membership};

/// The number of a commit: consecutive, starting at 1. Zero is the empty deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The one after this.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What one commit changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Its number.
    pub revision: Revision,
    /// Its facts, in the order in which they were stated.
    pub changes: Vec<Change>,
}

/// One committed fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", content = "of")]
pub enum Change {
    /// A profile was recorded, or a newer text of it applied.
    Profile(RecordedProfile),
    /// An organization was created, edited, suspended or resumed.
    Organization(Organization),
    /// An application, workspace or user group was created or edited.
    Namespace(Namespace),
    /// An application, workspace or user group was deleted.
    NamespaceRemoved {
        /// Where.
        organization: OrganizationId,
        /// Which.
        id: NamespaceId,
    },
    /// A user became member, or their membership changed.
    Membership(Membership),
    /// A member left.
    MembershipRemoved {
        /// Where.
        organization: OrganizationId,
        /// Who.
        user: UserId,
    },
    /// A user joined a user group.
    GroupMember(GroupMember),
    /// A user left a user group.
    GroupMemberRemoved(GroupMember),
    /// A role was created or edited.
    Role(Role),
    /// A role was deleted.
    RoleRemoved {
        /// Where.
        organization: OrganizationId,
        /// Which.
        id: RoleId,
    },
    /// A role was granted.
    Grant(Grant),
    /// A grant was taken back.
    GrantRemoved {
        /// Where.
        organization: OrganizationId,
        /// Which.
        id: GrantId,
        /// From whom.
        holder: Holder,
    },
    /// A credential was created or changed. Its slots carry their sealed text: signatures
    /// are checked with it.
    Credential(Box<Credential>),
}

/// A profile as it was recorded when first used: nodes decide from this text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedProfile {
    /// Its name.
    pub name: String,
    /// Its version, as written in the file.
    pub version: u32,
    /// BLAKE3 of the text, in hex.
    pub digest: String,
    /// The whole file.
    pub text: String,
}

impl RecordedProfile {
    /// Records `text` of the profile `name`.
    pub fn new(name: &str, version: u32, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            version,
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
            text: text.to_owned(),
        }
    }
}
