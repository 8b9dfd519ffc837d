//! Grants: roles held at namespaces.

use keyward_core::change::Change;
use keyward_core::id::{GrantId, OrganizationId, RoleId};
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Grant, Holder};

use super::lists::{Page, Visible, all_visible, each_of};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};

/// Which grants a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Held by this one itself.
    pub holder: Option<Holder>,
    /// Of this role.
    pub role: Option<RoleId>,
    /// At exactly this namespace.
    pub namespace: Option<NamespaceId>,
    /// At namespaces in all of these; with none of them, every one.
    pub visible: Vec<Visible>,
}

impl Reader {
    /// The grant.
    pub async fn grant(&mut self, organization: OrganizationId, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE g.organization = ").arg(organization);
        self.find(query.sql(" AND g.id = ").arg(id)).await
    }

    /// The grants that `holder` itself holds, by id.
    pub async fn grants_of(&mut self, organization: OrganizationId, holder: Holder) -> Result<Vec<Grant>, StoreError> {
        let query = held_by(Query::new(SELECT).sql(WHERE), organization, &[holder]);
        self.list(query.sql(" ORDER BY g.id")).await
    }

    /// Everybody's grants of a role, by id.
    pub async fn grants_of_role(
        &mut self,
        organization: OrganizationId,
        role: RoleId,
    ) -> Result<Vec<Grant>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE g.organization = ").arg(organization);
        self.list(query.sql(" AND g.role = ").arg(role).sql(" ORDER BY g.id")).await
    }

    /// Grants by id.
    pub async fn grants(
        &mut self,
        organization: OrganizationId,
        filter: &GrantFilter,
        page: &Page<GrantId>,
    ) -> Result<Vec<Grant>, StoreError> {
        let query = Query::new(SELECT).sql(WHERE);
        let query = match filter.holder {
            Some(holder) => held_by(query, organization, &[holder]),
            None => query.arg(organization),
        };
        let query = query.when(" AND g.role = ", filter.role).when(" AND g.namespace = ", filter.namespace);
        let query = all_visible(query, &filter.visible, "g.namespace", organization);
        self.list(query.when(" AND g.id > ", page.after).sql(" ORDER BY g.id LIMIT ").arg(page.limit)).await
    }
}

impl Tx {
    /// Gives a role. A grant never changes.
    pub async fn put_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        let Grant { id, organization, holder, role, namespace, created_at } = grant;
        self.exec(
            "INSERT INTO grants (organization, id, holder, role, namespace, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)",
            (organization, id, holder, role, namespace, created_at),
        )
        .await?;
        self.change(Change::Grant(grant.clone()));
        Ok(())
    }

    /// Takes a role back. Whether it was held.
    pub async fn remove_grant(&mut self, grant: &Grant) -> Result<bool, StoreError> {
        let sql = "DELETE FROM grants WHERE organization = $1 AND id = $2
            RETURNING id, organization, holder, role, namespace, created_at";
        let removed = self.returning(sql, (grant.organization, grant.id)).await?;
        Ok(self.state_taken(removed))
    }

    /// Takes back all that `holder` itself holds.
    pub(super) async fn remove_grants_of(
        &mut self,
        organization: OrganizationId,
        holder: Holder,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM grants WHERE organization = $1 AND holder = $2
            RETURNING id, organization, holder, role, namespace, created_at";
        let removed = self.returning(sql, (organization, holder)).await?;
        self.state_taken(removed);
        Ok(())
    }

    /// Takes back all that is held at a namespace.
    pub(super) async fn remove_grants_at(
        &mut self,
        organization: OrganizationId,
        namespace: NamespaceId,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM grants WHERE organization = $1 AND namespace = $2
            RETURNING id, organization, holder, role, namespace, created_at";
        let removed = self.returning(sql, (organization, namespace)).await?;
        self.state_taken(removed);
        Ok(())
    }

    /// Takes a role back from everybody.
    pub(super) async fn remove_grants_of_role(
        &mut self,
        organization: OrganizationId,
        role: RoleId,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM grants WHERE organization = $1 AND role = $2
            RETURNING id, organization, holder, role, namespace, created_at";
        let removed = self.returning(sql, (organization, role)).await?;
        self.state_taken(removed);
        Ok(())
    }

    /// States that these are not held any more. Whether there were any.
    pub(super) fn state_taken(&mut self, mut grants: Vec<Grant>) -> bool {
        // The order in which a statement returns rows is nobody's promise.
        grants.sort_by_key(|grant| grant.id);
        let any = !grants.is_empty();
        for Grant { id, organization, holder, .. } in grants {
            self.change(Change::GrantRemoved { organization, id, holder });
        }
        any
    }
}

impl Record for Grant {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Grant {
            id: columns.take()?,
            organization: columns.take()?,
            holder: columns.take()?,
            role: columns.take()?,
            namespace: columns.take()?,
            created_at: columns.take()?,
        })
    }
}

/// Appends to [`WHERE`] what any of these holds. The ids of the grants are found first, by an index that has them: for
/// whole rows SQLite would look among all grants, in the order of their ids.
pub(super) fn held_by(query: Query, organization: OrganizationId, holders: &[Holder]) -> Query {
    let query = each_of(query.arg(organization).sql(" AND g.id IN (SELECT i.id FROM "), holders);
    query.sql(" CROSS JOIN grants i WHERE i.holder = h.id AND i.organization = ").arg(organization).sql(")")
}

pub(super) const SELECT: &str =
    "SELECT g.id, g.organization, g.holder, g.role, g.namespace, g.created_at FROM grants g";
/// The beginning of every condition on grants; the organization follows.
pub(super) const WHERE: &str = " WHERE g.organization = ";
