//! Roles (named sets of permission patterns) and grants (a role held at a namespace).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{CredentialId, GrantId, InvalidId, OrganizationId, RoleId, UserGroupId, UserId};
use crate::name::Name;
use crate::namespace::NamespaceId;
use crate::permission::PatternSet;
use crate::time::Timestamp;

/// How many roles an organization may have: a list that people can still read and compare.
pub const MAX_ROLES_PER_ORGANIZATION: usize = 500;
/// How many patterns one role may have.
pub const MAX_PATTERNS_PER_ROLE: usize = 500;
/// How many distinct permission patterns an organization's roles may name.
pub const MAX_PERMISSIONS_PER_ORGANIZATION: usize = 4_096;

/// A named set of permission patterns in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name for machines.
    pub id: RoleId,
    /// Where it is defined.
    pub organization: OrganizationId,
    /// Its name for people; unique in the organization.
    pub name: Name,
    /// What it lets its holders do.
    pub patterns: PatternSet,
    /// `profile/role` when it was made from a profile's template; such roles are read-only.
    pub template: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Who holds a grant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// One user.
    User(UserId),
    /// All members of a user group.
    UserGroup(UserGroupId),
    /// One credential.
    Credential(CredentialId),
}

/// A role held at a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name for machines.
    pub id: GrantId,
    /// Where.
    pub organization: OrganizationId,
    /// By whom.
    pub holder: Holder,
    /// What.
    pub role: RoleId,
    /// Where exactly: rights are never inherited by other namespaces.
    pub namespace: NamespaceId,
    /// Since when.
    pub created_at: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::User(id) => id.fmt(f),
            Holder::UserGroup(id) => id.fmt(f),
            Holder::Credential(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text names no holder of grants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHolder {
    /// The prefix is none of the three.
    #[error("`{0}` cannot hold a role: it must begin with `usr_`, `ugrp_` or `cred_`")]
    Prefix(String),
    /// The prefix is right, the rest is not.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl FromStr for Holder {
    type Err = InvalidHolder;

    fn from_str(text: &str) -> Result<Self, InvalidHolder> {
        Ok(match text.split_once('_').map(|(prefix, _)| prefix) {
            Some(UserId::PREFIX) => Holder::User(text.parse()?),
            Some(UserGroupId::PREFIX) => Holder::UserGroup(text.parse()?),
            Some(CredentialId::PREFIX) => Holder::Credential(text.parse()?),
            _ => return Err(InvalidHolder::Prefix(text.chars().take(48).collect())),
        })
    }
}

impl Serialize for Holder {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Holder {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
