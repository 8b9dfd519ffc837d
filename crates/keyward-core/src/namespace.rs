//! The four places where rights are granted, and who is above whom. Never nested for rights: see [`crate::rights`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, InvalidId, OrganizationId, UserGroupId, WorkspaceId};
use crate::name::Name;
use crate::time::Timestamp;

/// Names one namespace. The id's prefix tells which of the four it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceId {
    /// A whole organization, itself a namespace like the others.
    Organization(OrganizationId),
    /// An application of an organization.
    Application(ApplicationId),
    /// A workspace of an application.
    Workspace(WorkspaceId),
    /// A user group of an organization or of an application.
    UserGroup(UserGroupId),
}

impl NamespaceId {
    /// Which of the four it is.
    pub const fn kind(self) -> NamespaceKind {
        match self {
            NamespaceId::Organization(_) => NamespaceKind::Organization,
            NamespaceId::Application(_) => NamespaceKind::Application,
            NamespaceId::Workspace(_) => NamespaceKind::Workspace,
            NamespaceId::UserGroup(_) => NamespaceKind::UserGroup,
        }
    }
}

/// The four kinds of namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamespaceKind {
    /// The tenant itself.
    Organization,
    /// An application.
    Application,
    /// A workspace.
    Workspace,
    /// A user group.
    UserGroup,
}

impl NamespaceKind {
    /// The resource that records of this kind are, in permissions and paths.
    pub const fn resource(self) -> &'static str {
        match self {
            NamespaceKind::Organization => "organizations",
            NamespaceKind::Application => "apps",
            NamespaceKind::Workspace => "workspaces",
            NamespaceKind::UserGroup => "usergroups",
        }
    }

    /// `resource:read` of this kind of record.
    pub const fn read(self) -> &'static str {
        match self {
            NamespaceKind::Organization => "organizations:read",
            NamespaceKind::Application => "apps:read",
            NamespaceKind::Workspace => "workspaces:read",
            NamespaceKind::UserGroup => "usergroups:read",
        }
    }

    /// As written in profiles and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            NamespaceKind::Organization => "organization",
            NamespaceKind::Application => "application",
            NamespaceKind::Workspace => "workspace",
            NamespaceKind::UserGroup => "user_group",
        }
    }
}

/// The record of an application, workspace or user group. (An organization's record is
/// [`crate::organization::Organization`].)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name for machines; never an organization's.
    pub id: NamespaceId,
    /// The organization that it belongs to.
    pub organization: OrganizationId,
    /// Directly above it: an organization for an application; an application for a workspace; either for a user group.
    pub parent: NamespaceId,
    /// Its name for people.
    pub name: Name,
    /// The public site key of an application; `None` for the others.
    pub site_key: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub updated_at: Timestamp,
}

impl Namespace {
    /// Whether a namespace of kind `child` may stand directly below one of kind `parent`.
    pub const fn may_hold(parent: NamespaceKind, child: NamespaceKind) -> bool {
        matches!(
            (parent, child),
            (NamespaceKind::Organization, NamespaceKind::Application | NamespaceKind::UserGroup)
                | (NamespaceKind::Application, NamespaceKind::Workspace | NamespaceKind::UserGroup)
        )
    }
}

impl fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamespaceId::Organization(id) => id.fmt(f),
            NamespaceId::Application(id) => id.fmt(f),
            NamespaceId::Workspace(id) => id.fmt(f),
            NamespaceId::UserGroup(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text names no namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNamespace {
    /// The prefix is none of the four.
    #[error("`{0}` names no namespace: it must begin with `org_`, `app_`, `ws_` or `ugrp_`")]
    Prefix(String),
    /// The prefix is right, the rest is not.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl FromStr for NamespaceId {
    type Err = InvalidNamespace;

    fn from_str(text: &str) -> Result<Self, InvalidNamespace> {
        Ok(match text.split_once('_').map(|(prefix, _)| prefix) {
            Some(OrganizationId::PREFIX) => NamespaceId::Organization(text.parse()?),
            Some(ApplicationId::PREFIX) => NamespaceId::Application(text.parse()?),
            Some(WorkspaceId::PREFIX) => NamespaceId::Workspace(text.parse()?),
            Some(UserGroupId::PREFIX) => NamespaceId::UserGroup(text.parse()?),
            _ => return Err(InvalidNamespace::Prefix(text.chars().take(48).collect())),
        })
    }
}

impl Serialize for NamespaceId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NamespaceId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! into_namespace {
    ($($id:ident => $variant:ident),*) => {
        $(impl From<$id> for NamespaceId {
            fn from(id: $id) -> Self { NamespaceId::$variant(id) }
        })*
    };
}

into_namespace!(OrganizationId => Organization, ApplicationId => Application, WorkspaceId => Workspace, UserGroupId => UserGroup);
