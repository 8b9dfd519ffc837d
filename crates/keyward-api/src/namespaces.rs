//! Applications, workspaces and user groups: where rights are granted, besides organizations.

use keyward_core::id::{ApplicationId, CredentialId, OrganizationId, UserGroupId, UserId, WorkspaceId};
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::receipt::Receipt;
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Time, present};

/// Which applications, workspaces or user groups to list: those that the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListNamespaces {
    /// Only workspaces or user groups of this application. Applications themselves have no such filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::ApplicationId>)]
    pub app: Option<ApplicationId>,
    /// Only those whose name contains this, without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Creates an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateApp::sample)]
pub struct CreateApp {
    /// Its name; unique in the organization.
    #[schema(value_type = schema::Name)]
    pub name: Name,
}

/// Creates a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateWorkspace::sample)]
pub struct CreateWorkspace {
    /// Its name; unique in the application.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// The application that it belongs to.
    #[schema(value_type = schema::ApplicationId)]
    pub app: ApplicationId,
}

/// Creates a user group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateUserGroup::sample)]
pub struct CreateUserGroup {
    /// Its name; unique in the application or organization.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// The application that it belongs to; absent for a group of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::ApplicationId>)]
    pub app: Option<ApplicationId>,
}

/// Edits an application, workspace or user group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditNamespace::sample)]
pub struct EditNamespace {
    /// The new name. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Name, required = false)]
    pub name: Option<Name>,
}

/// How to delete an application, workspace or user group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeleteNamespace {
    /// Its name: needed while credentials live in it, which are then revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = App::sample)]
pub struct App {
    /// Its name for machines; also the id of the namespace that it is.
    #[schema(value_type = schema::ApplicationId)]
    pub id: ApplicationId,
    /// The organization that it belongs to.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Its public site key, which some dialects send beside a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_key: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When its record last changed.
    pub updated_at: Time,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Workspace::sample)]
pub struct Workspace {
    /// Its name for machines; also the id of the namespace that it is.
    #[schema(value_type = schema::WorkspaceId)]
    pub id: WorkspaceId,
    /// The organization that it belongs to.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// The application that it belongs to.
    #[schema(value_type = schema::ApplicationId)]
    pub app: ApplicationId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// When it was created.
    pub created_at: Time,
    /// When its record last changed.
    pub updated_at: Time,
}

/// A user group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = UserGroup::sample)]
pub struct UserGroup {
    /// Its name for machines; also the id of the namespace that it is.
    #[schema(value_type = schema::UserGroupId)]
    pub id: UserGroupId,
    /// The organization that it belongs to.
    #[schema(value_type = schema::OrganizationId)]
    pub organization: OrganizationId,
    /// The application that it belongs to; absent for a group of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::ApplicationId>)]
    pub app: Option<ApplicationId>,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// When it was created.
    pub created_at: Time,
    /// When its record last changed.
    pub updated_at: Time,
}

/// Which members of a user group to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListGroupMembers {
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A member of a user group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = GroupMember::sample)]
pub struct GroupMember {
    /// Who.
    #[schema(value_type = schema::UserId)]
    pub user: UserId,
    /// What they are called.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Their e-mail address.
    pub email: String,
}

/// An application, workspace or user group was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = NamespaceDeleted::sample)]
pub struct NamespaceDeleted {
    /// The credentials that lived there; they are revoked.
    #[schema(value_type = Vec<schema::CredentialId>)]
    pub revoked: Vec<CredentialId>,
    /// Where that is in force.
    pub receipt: Receipt,
}

impl App {
    /// The record as an application; `None` if it is none.
    pub fn of(record: &Namespace) -> Option<Self> {
        let NamespaceId::Application(id) = record.id else { return None };
        Some(Self {
            id,
            organization: record.organization,
            name: record.name.clone(),
            site_key: record.site_key.clone(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        })
    }
}

impl Workspace {
    /// The record as a workspace; `None` if it is none.
    pub fn of(record: &Namespace) -> Option<Self> {
        let (NamespaceId::Workspace(id), NamespaceId::Application(app)) = (record.id, record.parent) else {
            return None;
        };
        Some(Self {
            id,
            organization: record.organization,
            app,
            name: record.name.clone(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        })
    }
}

impl UserGroup {
    /// The record as a user group; `None` if it is none.
    pub fn of(record: &Namespace) -> Option<Self> {
        let NamespaceId::UserGroup(id) = record.id else { return None };
        let app = match record.parent {
            NamespaceId::Application(app) => Some(app),
            _ => None,
        };
        Some(Self {
            id,
            organization: record.organization,
            app,
            name: record.name.clone(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        })
    }
}

impl Sample for ListNamespaces {
    fn sample() -> Self {
        Self { app: Some(sample::APPLICATION), name: None, limit: Some(20), cursor: None }
    }
}

impl Sample for CreateApp {
    fn sample() -> Self {
        Self { name: sample::name("Shop") }
    }
}

impl Sample for CreateWorkspace {
    fn sample() -> Self {
        Self { name: sample::name("Production"), app: sample::APPLICATION }
    }
}

impl Sample for CreateUserGroup {
    fn sample() -> Self {
        Self { name: sample::name("Release managers"), app: Some(sample::APPLICATION) }
    }
}

impl Sample for EditNamespace {
    fn sample() -> Self {
        Self { name: Some(sample::name("Shop Europe")) }
    }
}

impl Sample for DeleteNamespace {
    fn sample() -> Self {
        Self { confirm: Some("Shop".to_owned()) }
    }
}

impl Sample for App {
    fn sample() -> Self {
        Self {
            id: sample::APPLICATION,
            organization: sample::ORGANIZATION,
            name: sample::name("Shop"),
            site_key: Some("3_uSkX7vGGJZ9qYc1rT0dWmN4pLbHfEaQ2".to_owned()),
            created_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for Workspace {
    fn sample() -> Self {
        Self {
            id: sample::WORKSPACE,
            organization: sample::ORGANIZATION,
            app: sample::APPLICATION,
            name: sample::name("Production"),
            created_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for UserGroup {
    fn sample() -> Self {
        Self {
            id: sample::USER_GROUP,
            organization: sample::ORGANIZATION,
            app: None,
            name: sample::name("Release managers"),
            created_at: sample::time(0),
            updated_at: sample::time(60),
        }
    }
}

impl Sample for ListGroupMembers {
    fn sample() -> Self {
        Self { limit: Some(20), cursor: None }
    }
}

impl Sample for GroupMember {
    fn sample() -> Self {
        Self { user: sample::USER, name: sample::name("Ada Lovelace"), email: "ada@example.com".to_owned() }
    }
}

impl Sample for NamespaceDeleted {
    fn sample() -> Self {
        Self { revoked: vec![sample::CREDENTIAL], receipt: Receipt::sample() }
    }
}
