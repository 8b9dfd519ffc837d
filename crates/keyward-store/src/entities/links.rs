//! Imports: the namespaces that use a credential besides the one where it lives.
//!
//! A link by itself gives no right, so no index is told of it: what it is for are grants at its namespace.

use keyward_core::credential::CallerId;
use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};

/// A credential was imported into another namespace of its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Of both.
    pub organization: OrganizationId,
    /// What was imported.
    pub credential: CredentialId,
    /// Where to.
    pub namespace: NamespaceId,
    /// Who did it.
    pub created_by: CallerId,
    /// When.
    pub created_at: Timestamp,
}

impl Reader {
    /// The import of a credential into a namespace.
    pub async fn link(
        &mut self,
        organization: OrganizationId,
        credential: CredentialId,
        namespace: NamespaceId,
    ) -> Result<Option<Link>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE organization = ").arg(organization);
        self.find(query.sql(" AND credential = ").arg(credential).sql(" AND namespace = ").arg(namespace)).await
    }

    /// All imports of a credential, by namespace.
    pub async fn links_of(
        &mut self,
        organization: OrganizationId,
        credential: CredentialId,
    ) -> Result<Vec<Link>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE organization = ").arg(organization);
        self.list(query.sql(" AND credential = ").arg(credential).sql(" ORDER BY namespace")).await
    }
}

impl Tx {
    /// Imports a credential. Nothing happens when it is there.
    pub async fn put_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let Link { organization, credential, namespace, created_by, created_at } = link;
        self.exec(
            "INSERT INTO links (organization, credential, namespace, created_by, created_at)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization, credential, namespace) DO NOTHING",
            (organization, credential, namespace, created_by, created_at),
        )
        .await?;
        Ok(())
    }

    /// Ends an import. The grants at its namespace are the caller's to take back. Whether there was one.
    pub async fn remove_link(
        &mut self,
        organization: OrganizationId,
        credential: CredentialId,
        namespace: NamespaceId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM links WHERE organization = $1 AND credential = $2 AND namespace = $3";
        Ok(self.exec(sql, (organization, credential, namespace)).await? > 0)
    }
}

impl Record for Link {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Link {
            organization: columns.take()?,
            credential: columns.take()?,
            namespace: columns.take()?,
            created_by: columns.take()?,
            created_at: columns.take()?,
        })
    }
}

const SELECT: &str = "SELECT organization, credential, namespace, created_by, created_at FROM links";
