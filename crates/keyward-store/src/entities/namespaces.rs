//! Applications, workspaces and user groups.

use keyward_core::change::Change;
use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::role::Holder;
use keyward_core::user::GroupMember;

use super::lists::{Page, Visible, all_visible, containing};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};

/// Which namespaces a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// Of this kind.
    pub kind: Option<NamespaceKind>,
    /// Directly below this one.
    pub parent: Option<NamespaceId>,
    /// With this in their name.
    pub search: Option<String>,
    /// In all of these; with none of them, every one.
    pub visible: Vec<Visible>,
}

impl Reader {
    /// The application, workspace or user group. An organization has a record of its own.
    pub async fn namespace(
        &mut self,
        organization: OrganizationId,
        id: NamespaceId,
    ) -> Result<Option<Namespace>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE n.organization = ").arg(organization);
        self.find(query.sql(" AND n.id = ").arg(id)).await
    }

    /// The application that is publicly known by this site key, of whatever organization.
    pub async fn namespace_by_site_key(&mut self, site_key: &str) -> Result<Option<Namespace>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE n.site_key = ").arg(site_key)).await
    }

    /// Namespaces by folded name and id.
    pub async fn namespaces(
        &mut self,
        organization: OrganizationId,
        filter: &NamespaceFilter,
        page: &Page<(String, NamespaceId)>,
    ) -> Result<Vec<Namespace>, StoreError> {
        let mut query = Query::new(SELECT).sql(" WHERE n.organization = ").arg(organization);
        query = query.when(" AND n.kind = ", filter.kind.map(NamespaceKind::as_str));
        query = query.when(" AND n.parent = ", filter.parent);
        if let Some(text) = &filter.search {
            query = query.sql(" AND n.folded_name LIKE ").arg(containing(text)).sql(" ESCAPE '\\'");
        }
        query = all_visible(query, &filter.visible, "n.id", organization);
        if let Some((name, id)) = &page.after {
            query = query.sql(" AND (n.folded_name, n.id) > ").tuple((name, id));
        }
        self.list(query.sql(" ORDER BY n.folded_name, n.id LIMIT ").arg(page.limit)).await
    }

    /// How many namespaces are directly below this one.
    pub async fn namespace_children(
        &mut self,
        organization: OrganizationId,
        id: NamespaceId,
    ) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM namespaces WHERE organization = $1 AND parent = $2";
        let (count,) = self.one(sql, (organization, id)).await?;
        Ok(count)
    }

    /// The credentials that live in exactly this namespace and are not revoked, by id.
    pub async fn credentials_living_in(
        &mut self,
        organization: OrganizationId,
        id: NamespaceId,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let sql = "SELECT id FROM credentials
            WHERE organization = $1 AND namespace = $2 AND revoked_at IS NULL ORDER BY id";
        let rows: Vec<(CredentialId,)> = self.all(sql, (organization, id)).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}

impl Tx {
    /// Creates an application, workspace or user group, or gives it a new state.
    pub async fn put_namespace(&mut self, namespace: &Namespace) -> Result<(), StoreError> {
        let Namespace { id, organization, parent, name, site_key, created_at, updated_at } = namespace;
        self.exec(
            "INSERT INTO namespaces
                (organization, id, kind, parent, name, folded_name, site_key, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (organization, id) DO UPDATE SET parent = excluded.parent, name = excluded.name,
                folded_name = excluded.folded_name, site_key = excluded.site_key, updated_at = excluded.updated_at",
            (organization, id, id.kind().as_str(), parent, name, name.folded(), site_key, created_at, updated_at),
        )
        .await?;
        self.change(Change::Namespace(namespace.clone()));
        Ok(())
    }

    /// Deletes an application, workspace or user group with the grants and links at it and, for a group, its members
    /// and what it holds. What lives in it or stands below it is the caller's to settle before. Whether there was one.
    pub async fn remove_namespace(
        &mut self,
        organization: OrganizationId,
        id: NamespaceId,
    ) -> Result<bool, StoreError> {
        self.remove_grants_at(organization, id).await?;
        if let NamespaceId::UserGroup(group) = id {
            self.remove_grants_of(organization, Holder::UserGroup(group)).await?;
            let sql = "DELETE FROM group_members WHERE organization = $1 AND user_group = $2
                RETURNING organization, user_group, user_id";
            let members: Vec<GroupMember> = self.returning(sql, (organization, id)).await?;
            self.state_left(members);
        }
        self.exec("DELETE FROM links WHERE organization = $1 AND namespace = $2", (organization, id)).await?;
        let sql = "DELETE FROM namespaces WHERE organization = $1 AND id = $2";
        let found = self.exec(sql, (organization, id)).await? > 0;
        if found {
            self.change(Change::NamespaceRemoved { organization, id });
        }
        Ok(found)
    }
}

impl Record for Namespace {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Namespace {
            id: columns.take()?,
            organization: columns.take()?,
            parent: columns.take()?,
            name: columns.take()?,
            site_key: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

pub(super) const SELECT: &str = "SELECT n.id, n.organization, n.parent, n.name, n.site_key, n.created_at, n.updated_at
    FROM namespaces n";
