//! Several records at once, by their ids: what a page needs to say who and where without a query for each row.

use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::role::{Grant, Holder};
use keyward_core::user::{GroupMember, User};

use super::lists::{Visible, all_visible, one_of};
use super::{grants, namespaces, users};
use crate::error::StoreError;
use crate::tx::{Query, Reader};

impl Reader {
    /// The users with these ids, in no order.
    pub async fn several_users(&mut self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.list(one_of(Query::new(users::SELECT).sql(" WHERE u.id"), ids)).await
    }

    /// The namespaces of an organization with these ids, in no order.
    pub async fn several_namespaces(
        &mut self,
        organization: OrganizationId,
        ids: &[NamespaceId],
    ) -> Result<Vec<Namespace>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::new(namespaces::SELECT).sql(" WHERE n.organization = ").arg(organization);
        self.list(one_of(query.sql(" AND n.id"), ids)).await
    }

    /// The names of the credentials of an organization with these ids, in no order.
    pub async fn several_credential_names(
        &mut self,
        organization: OrganizationId,
        ids: &[CredentialId],
    ) -> Result<Vec<(CredentialId, Name)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Joined with nothing, the organization is no way into an index: SQLite would go through all that it has.
        let query = Query::new("SELECT id, name FROM credentials WHERE organization || '' = ").arg(organization);
        self.list(one_of(query.sql(" AND id"), ids)).await
    }

    /// The grants that any of these holders itself holds at namespaces in all of `visible`, by id.
    pub async fn several_grants(
        &mut self,
        organization: OrganizationId,
        holders: &[Holder],
        visible: &[Visible],
    ) -> Result<Vec<Grant>, StoreError> {
        if holders.is_empty() {
            return Ok(Vec::new());
        }
        let query = grants::held_by(Query::new(grants::SELECT).sql(grants::WHERE), organization, holders);
        self.list(all_visible(query, visible, "g.namespace", organization).sql(" ORDER BY g.id")).await
    }

    /// Which of these users are in which user groups of an organization.
    pub async fn several_group_members(
        &mut self,
        organization: OrganizationId,
        users: &[UserId],
    ) -> Result<Vec<GroupMember>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::new("SELECT organization, user_group, user_id FROM group_members WHERE organization = ");
        let query = one_of(query.arg(organization).sql(" AND user_id"), users);
        self.list(query.sql(" ORDER BY user_group, user_id")).await
    }

    /// How many credentials that are not revoked live in each of these namespaces; those without any are left out.
    pub async fn credential_counts(
        &mut self,
        organization: OrganizationId,
        namespaces: &[NamespaceId],
    ) -> Result<Vec<(NamespaceId, u64)>, StoreError> {
        if namespaces.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::new("SELECT namespace, COUNT(*) FROM credentials WHERE organization = ").arg(organization);
        let query = one_of(query.sql(" AND namespace"), namespaces);
        self.list(query.sql(" AND revoked_at IS NULL GROUP BY namespace ORDER BY namespace")).await
    }
}
