//! Organizations.

use keyward_core::change::Change;
use keyward_core::id::{OrganizationId, UserId};
use keyward_core::organization::Organization;
use keyward_core::user::Membership;

use super::lists::{Page, containing};
use super::{Both, Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};
use crate::value::Json;

impl Reader {
    /// The organization.
    pub async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE o.id = ").arg(id)).await
    }

    /// Organizations by id, so by age: all of the deployment, or those of which `member` is one; with `name`, those
    /// whose name contains it.
    pub async fn organizations(
        &mut self,
        member: Option<UserId>,
        name: Option<&str>,
        page: &Page<OrganizationId>,
    ) -> Result<Vec<Organization>, StoreError> {
        let mut query = Query::new(SELECT).sql(" WHERE 1 = 1").when(" AND o.id > ", page.after);
        if let Some(user) = member {
            query = query.sql(" AND o.id IN (SELECT organization FROM memberships WHERE user_id = ").arg(user).sql(")");
        }
        if let Some(text) = name {
            query = query.sql(" AND o.folded_name LIKE ").arg(containing(text)).sql(" ESCAPE '\\'");
        }
        self.list(query.sql(" ORDER BY o.id LIMIT ").arg(page.limit)).await
    }

    /// The organizations of which `user` is a member, by id.
    pub async fn organizations_of(&mut self, user: UserId) -> Result<Vec<(Organization, Membership)>, StoreError> {
        let query = Query::new(
            "SELECT o.id, o.name, o.profiles, o.sources, o.suspended_at, o.created_at, o.updated_at,
                m.organization, m.user_id, m.super_admin, m.suspended_at, m.created_at, m.updated_at
            FROM memberships m JOIN organizations o ON o.id = m.organization WHERE m.user_id = ",
        );
        let rows: Vec<Both<_, _>> = self.list(query.arg(user).sql(" ORDER BY o.id")).await?;
        Ok(rows.into_iter().map(|Both(organization, membership)| (organization, membership)).collect())
    }
}

impl Tx {
    /// Creates an organization, or gives it a new state.
    pub async fn put_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let Organization { id, name, profiles, sources, suspended_at, created_at, updated_at } = organization;
        self.exec(
            "INSERT INTO organizations (id, name, folded_name, profiles, sources, suspended_at, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, folded_name = excluded.folded_name,
                profiles = excluded.profiles, sources = excluded.sources, suspended_at = excluded.suspended_at, updated_at = excluded.updated_at",
            (id, name, name.folded(), Json(profiles), Json(sources), suspended_at, created_at, updated_at),
        )
        .await?;
        self.change(Change::Organization(organization.clone()));
        Ok(())
    }
}

impl Record for Organization {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Organization {
            id: columns.take()?,
            name: columns.take()?,
            profiles: columns.take::<Json<_>>()?.0,
            sources: columns.take::<Json<_>>()?.0,
            suspended_at: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

pub(super) const SELECT: &str = "SELECT o.id, o.name, o.profiles, o.sources, o.suspended_at, o.created_at, o.updated_at
    FROM organizations o";
