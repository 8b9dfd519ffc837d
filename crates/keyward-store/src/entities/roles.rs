//! Roles.

use keyward_core::change::Change;
use keyward_core::id::{OrganizationId, RoleId};
use keyward_core::name::Name;
use keyward_core::role::Role;

use super::lists::{Page, containing};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};
use crate::value::Json;

/// How many hold a role, somewhere in the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleUse {
    /// Users who hold it themselves.
    pub users: u64,
    /// User groups.
    pub groups: u64,
    /// Credentials that are not revoked.
    pub credentials: u64,
}

impl RoleUse {
    /// Whether nobody holds it.
    pub const fn is_none(&self) -> bool {
        self.users == 0 && self.groups == 0 && self.credentials == 0
    }
}

impl Reader {
    /// The role.
    pub async fn role(&mut self, organization: OrganizationId, id: RoleId) -> Result<Option<Role>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE r.organization = ").arg(organization);
        self.find(query.sql(" AND r.id = ").arg(id)).await
    }

    /// The role that people would call so.
    pub async fn role_by_name(
        &mut self,
        organization: OrganizationId,
        name: &Name,
    ) -> Result<Option<Role>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE r.organization = ").arg(organization);
        self.find(query.sql(" AND r.folded_name = ").arg(name.folded())).await
    }

    /// Roles by folded name and id; with `name`, those whose name contains it.
    pub async fn roles(
        &mut self,
        organization: OrganizationId,
        name: Option<&str>,
        page: &Page<(String, RoleId)>,
    ) -> Result<Vec<Role>, StoreError> {
        let mut query = Query::new(SELECT).sql(" WHERE r.organization = ").arg(organization);
        if let Some(text) = name {
            query = query.sql(" AND r.folded_name LIKE ").arg(containing(text)).sql(" ESCAPE '\\'");
        }
        if let Some((name, id)) = &page.after {
            query = query.sql(" AND (r.folded_name, r.id) > ").tuple((name, id));
        }
        self.list(query.sql(" ORDER BY r.folded_name, r.id LIMIT ").arg(page.limit)).await
    }

    /// How many roles the organization has.
    pub async fn role_count(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let (count,) = self.one("SELECT COUNT(*) FROM roles WHERE organization = $1", (organization,)).await?;
        Ok(count)
    }

    /// How many hold the role.
    pub async fn role_use(&mut self, organization: OrganizationId, role: RoleId) -> Result<RoleUse, StoreError> {
        // Those who hold it, less the revoked: an index has both, and no row is looked up.
        let sql = "SELECT COUNT(CASE WHEN h.holder LIKE 'usr%' THEN 1 END),
                COUNT(CASE WHEN h.holder LIKE 'ugrp%' THEN 1 END),
                COUNT(CASE WHEN h.holder LIKE 'cred%' THEN 1 END) - (SELECT COUNT(*) FROM credentials c
                    WHERE c.organization = $1 AND c.revoked_at IS NOT NULL AND EXISTS (SELECT 1 FROM grants g
                        WHERE g.organization = $1 AND g.role = $2 AND g.holder = c.id))
            FROM (SELECT DISTINCT g.holder FROM grants g WHERE g.organization = $1 AND g.role = $2) h";
        let (users, groups, credentials) = self.one(sql, (organization, role)).await?;
        Ok(RoleUse { users, groups, credentials })
    }
}

impl Tx {
    /// Creates a role, or gives it a new state.
    pub async fn put_role(&mut self, role: &Role) -> Result<(), StoreError> {
        let Role { id, organization, name, patterns, template, created_at, updated_at } = role;
        self.exec(
            "INSERT INTO roles (organization, id, name, folded_name, patterns, template, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (organization, id) DO UPDATE SET name = excluded.name,
                folded_name = excluded.folded_name, patterns = excluded.patterns, template = excluded.template,
                updated_at = excluded.updated_at",
            (organization, id, name, name.folded(), Json(patterns), template, created_at, updated_at),
        )
        .await?;
        self.change(Change::Role(role.clone()));
        Ok(())
    }

    /// Deletes a role with whatever grants of it are left, such as those of revoked credentials. Whether there was one.
    pub async fn remove_role(&mut self, organization: OrganizationId, id: RoleId) -> Result<bool, StoreError> {
        self.remove_grants_of_role(organization, id).await?;
        let sql = "DELETE FROM roles WHERE organization = $1 AND id = $2";
        let found = self.exec(sql, (organization, id)).await? > 0;
        if found {
            self.change(Change::RoleRemoved { organization, id });
        }
        Ok(found)
    }
}

impl Record for Role {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Role {
            id: columns.take()?,
            organization: columns.take()?,
            name: columns.take()?,
            patterns: columns.take::<Json<_>>()?.0,
            template: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

pub(super) const SELECT: &str =
    "SELECT r.id, r.organization, r.name, r.patterns, r.template, r.created_at, r.updated_at FROM roles r";
