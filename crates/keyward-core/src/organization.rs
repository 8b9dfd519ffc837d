//! Organizations: the tenants.

use serde::{Deserialize, Serialize};

use crate::id::OrganizationId;
use crate::name::Name;
use crate::time::Timestamp;

/// A tenant. Everything else carries its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Its name for machines.
    pub id: OrganizationId,
    /// Its name for people.
    pub name: Name,
    /// The profiles whose kinds it can create, by name.
    pub profiles: Vec<String>,
    /// Networks from which its credentials may be used; empty means anywhere.
    pub sources: Vec<ipnet::IpNet>,
    /// When an operator suspended it; a suspended organization is refused everywhere.
    pub suspended_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub updated_at: Timestamp,
}

impl Organization {
    /// Whether its credentials and members are served.
    pub const fn is_active(&self) -> bool {
        self.suspended_at.is_none()
    }
}
