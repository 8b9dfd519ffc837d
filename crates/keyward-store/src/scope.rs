//! Whose records a write belongs to.

use std::fmt;
use std::str::FromStr;

use keyward_core::id::{InvalidId, OrganizationId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whose records a write belongs to; each scope has its own audit chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One organization.
    Organization(OrganizationId),
    /// The deployment: users, sessions, operators, and organizations themselves.
    Deployment,
}

impl fmt::Display for Scope {
    /// The organization's id, or `deployment`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Organization(id) => id.fmt(f),
            Scope::Deployment => f.write_str(DEPLOYMENT),
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == DEPLOYMENT { Ok(Scope::Deployment) } else { text.parse().map(Scope::Organization) }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

const DEPLOYMENT: &str = "deployment";
