//! Everything that an index is made of, as of one moment: what folding the whole change feed would leave.

use keyward_core::change::Change;
use keyward_core::credential::Credential;
use keyward_core::id::CredentialId;
use keyward_core::user::GroupMember;

use super::credentials::{self, StoredSlot};
use super::{grants, namespaces, organizations, roles, users};
use crate::Store;
use crate::error::StoreError;
use crate::feed::Start;
use crate::tx::{Query, Reader};
use crate::value::FromRow;

impl Store {
    /// Everything that an index is made of, and where it begins: for [`Store::follow`].
    pub async fn snapshot(&self) -> Result<(Start, Vec<Change>), StoreError> {
        let mut reader = self.read().await?;
        let start = reader.start().await?;
        Ok((start, reader.snapshot().await?))
    }
}

impl Reader {
    /// Everything that an index is made of, of this reader's moment: profiles, then organizations, namespaces (what is
    /// above before what is below), memberships, groups, roles, grants, credentials.
    pub async fn snapshot(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut changes: Vec<Change> = self.recorded_profiles().await?.into_iter().map(Change::Profile).collect();
        let query = Query::new(organizations::SELECT).sql(" ORDER BY o.id");
        self.append(&mut changes, query, Change::Organization).await?;
        // Prefixes sort applications before the groups and workspaces below them.
        let query = Query::new(namespaces::SELECT).sql(" ORDER BY n.organization, n.id");
        self.append(&mut changes, query, Change::Namespace).await?;
        let query = Query::new(users::SELECT_MEMBERSHIP).sql(" ORDER BY m.organization, m.user_id");
        self.append(&mut changes, query, Change::Membership).await?;
        let query = Query::new("SELECT organization, user_group, user_id FROM group_members")
            .sql(" ORDER BY organization, user_group, user_id");
        self.append::<GroupMember>(&mut changes, query, Change::GroupMember).await?;
        let query = Query::new(roles::SELECT).sql(" ORDER BY r.organization, r.id");
        self.append(&mut changes, query, Change::Role).await?;
        let query = Query::new(grants::SELECT).sql(" ORDER BY g.organization, g.id");
        self.append(&mut changes, query, Change::Grant).await?;
        self.append_credentials(&mut changes).await?;
        Ok(changes)
    }

    async fn append<R: FromRow>(
        &mut self,
        changes: &mut Vec<Change>,
        query: Query,
        change: fn(R) -> Change,
    ) -> Result<(), StoreError> {
        let records: Vec<R> = self.list(query).await?;
        changes.extend(records.into_iter().map(change));
        Ok(())
    }

    /// In pieces: rows as a driver holds them are many times larger than what they say.
    async fn append_credentials(&mut self, changes: &mut Vec<Change>) -> Result<(), StoreError> {
        let mut after: Option<CredentialId> = None;
        loop {
            let query = Query::new(credentials::SELECT).when(" WHERE c.id > ", after);
            let piece: Vec<Credential> = self.list(query.sql(" ORDER BY c.id LIMIT ").arg(PIECE)).await?;
            let (Some(first), Some(last)) = (piece.first(), piece.last()) else { return Ok(()) };
            after = Some(last.id);
            let query = Query::new(credentials::SELECT_SLOT).sql(" WHERE s.credential >= ").arg(first.id);
            let query = query.sql(" AND s.credential <= ").arg(last.id).sql(" ORDER BY s.credential, s.number");
            let mut slots = self.list::<StoredSlot>(query).await?.into_iter().peekable();
            for mut credential in piece {
                while let Some(StoredSlot { slot, .. }) = slots.next_if(|s| s.credential == credential.id) {
                    credential.slots.push(slot);
                }
                changes.push(Change::Credential(Box::new(credential)));
            }
        }
    }
}

/// Credentials read at a time.
const PIECE: u32 = 2_000;
