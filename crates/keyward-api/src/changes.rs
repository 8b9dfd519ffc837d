//! The change feed of an organization, for those who keep a copy: facts in the order of their revisions, without
//! digests or secrets.

use keyward_core::change::{Change as Fact, RecordedProfile};
use keyward_core::id::{GrantId, OrganizationId, RoleId, UserGroupId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;
use keyward_core::user::{GroupMember, Membership};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::credentials::{Credential, CredentialFacts};
use crate::grants::Grant;
use crate::namespaces::{App, UserGroup, Workspace};
use crate::organizations::Organization;
use crate::roles::Role;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::Time;

/// Which changes to list, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListChanges {
    /// Only those after this revision; 0 for all that are kept.
    pub after: u64,
    /// How many at most: 1 to 1000, 50 if absent. Those of one revision are never parted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// Changes after a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Changes::sample)]
pub struct Changes {
    /// The changes, in order.
    pub items: Vec<RecordedChange>,
    /// Up to where the list is complete: ask for what is `after` it next time.
    pub up_to: u64,
    /// Whether there are more already.
    pub more: bool,
}

/// One committed fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = RecordedChange::sample)]
pub struct RecordedChange {
    /// The commit that it belongs to.
    pub revision: u64,
    /// The fact: the whole new state of one record, or that it is gone.
    #[serde(flatten)]
    pub change: Change,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "change", content = "of")]
pub enum Change {
    /// A profile was recorded, or a newer text of it applied.
    Profile(ProfileFact),
    /// The organization was created, edited, suspended or resumed.
    Organization(Organization),
    /// An application was created or edited.
    App(App),
    /// A workspace was created or edited.
    Workspace(Workspace),
    /// A user group was created or edited.
    UserGroup(UserGroup),
    /// An application, workspace or user group was deleted.
    NamespaceRemoved(NamespaceRemoved),
    /// A user became member, or their membership changed.
    Membership(MembershipFact),
    /// A member left.
    MembershipRemoved(MembershipRemoved),
    /// A user joined a user group.
    GroupMember(GroupMemberFact),
    /// A user left a user group.
    GroupMemberRemoved(GroupMemberFact),
    /// A role was created or edited.
    Role(Role),
    /// A role was deleted.
    RoleRemoved(RoleRemoved),
    /// A role was granted.
    Grant(Grant),
    /// A grant was taken back.
    GrantRemoved(GrantRemoved),
    /// A credential was created or changed. Its roles are facts of their own (`grant`), and its uses are none.
    Credential(Box<Credential>),
}

/// A recorded profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileFact {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
}

/// A deleted namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamespaceRemoved {
    /// Where it was.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Which one.
    #[schema(value_type = schema::NamespaceId)]
    pub id: NamespaceId,
}

/// A membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MembershipFact {
    /// Where.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Who.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
    /// Holds every permission at every namespace of the organization.
    pub super_admin: bool,
    /// When an admin suspended them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Time>,
}

/// A membership that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MembershipRemoved {
    /// Where it was.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Who.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
}

/// A user in a user group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupMemberFact {
    /// Where the group is.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// The group.
    #[schema(value_type = schema::UserGroupId)]
    pub group: UserGroupId,
    /// The member.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
}

/// A deleted role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleRemoved {
    /// Where it was.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Which one.
    #[schema(value_type = schema::RoleId)]
    pub id: RoleId,
}

/// A grant that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantRemoved {
    /// Where it was.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Which one.
    #[schema(value_type = schema::GrantId)]
    pub id: GrantId,
    /// Who held it.
    #[schema(value_type = schema::Holder)]
    pub holder: Holder,
}

impl Change {
    /// What is shown of a fact at `now`; `None` for a record that contradicts itself, which nothing writes.
    pub fn of(fact: &Fact, now: Timestamp) -> Option<Self> {
        Some(match fact {
            Fact::Profile(profile) => Change::Profile(profile.into()),
            Fact::Organization(organization) => Change::Organization(organization.into()),
            Fact::Namespace(record) => match record.id {
                NamespaceId::Application(_) => Change::App(App::of(record)?),
                NamespaceId::Workspace(_) => Change::Workspace(Workspace::of(record)?),
                NamespaceId::UserGroup(_) => Change::UserGroup(UserGroup::of(record)?),
                NamespaceId::Organization(_) => return None,
            },
            Fact::NamespaceRemoved { organization, id } => {
                Change::NamespaceRemoved(NamespaceRemoved { organization: *organization, id: *id })
            }
            Fact::Membership(membership) => Change::Membership(membership.into()),
            Fact::MembershipRemoved { organization, user } => {
                Change::MembershipRemoved(MembershipRemoved { organization: *organization, user: *user })
            }
            Fact::GroupMember(member) => Change::GroupMember(member.into()),
            Fact::GroupMemberRemoved(member) => Change::GroupMemberRemoved(member.into()),
            Fact::Role(role) => Change::Role(role.into()),
            Fact::RoleRemoved { organization, id } => {
                Change::RoleRemoved(RoleRemoved { organization: *organization, id: *id })
            }
            Fact::Grant(grant) => Change::Grant(Grant::of(grant, None)),
            Fact::GrantRemoved { organization, id, holder } => {
                Change::GrantRemoved(GrantRemoved { organization: *organization, id: *id, holder: *holder })
            }
            Fact::Credential(record) => {
                Change::Credential(Box::new(Credential::of(record, CredentialFacts::default(), now)))
            }
        })
    }
}

impl From<&RecordedProfile> for ProfileFact {
    fn from(profile: &RecordedProfile) -> Self {
        Self { name: profile.name.clone(), version: profile.version, digest: profile.digest.clone() }
    }
}

impl From<&Membership> for MembershipFact {
    fn from(membership: &Membership) -> Self {
        Self {
            organization: membership.organization,
            user: membership.user,
            super_admin: membership.super_admin,
            suspended_at: membership.suspended_at.map(Time),
        }
    }
}

impl From<&GroupMember> for GroupMemberFact {
    fn from(member: &GroupMember) -> Self {
        Self { organization: member.organization, group: member.group, user: member.user }
    }
}

impl Sample for ListChanges {
    fn sample() -> Self {
        Self { after: 1_800, limit: Some(100) }
    }
}

impl Sample for Changes {
    fn sample() -> Self {
        Self { items: vec![RecordedChange::sample()], up_to: 1_842, more: false }
    }
}

impl Sample for RecordedChange {
    fn sample() -> Self {
        Self { revision: 1_842, change: Change::sample() }
    }
}

impl Sample for Change {
    fn sample() -> Self {
        Change::GrantRemoved(GrantRemoved {
            organization: sample::ORGANIZATION,
            id: sample::GRANT,
            holder: Holder::User(sample::USER),
        })
    }
}
