//! Invitations to join an organization.

use keyward_core::credential::CallerId;
use keyward_core::digest::Digest;
use keyward_core::id::{InvitationId, OrganizationId, RoleId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::lists::Page;
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};
use crate::value::Json;

/// An invitation to join an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its name for machines.
    pub id: InvitationId,
    /// Where to.
    pub organization: OrganizationId,
    /// The part of its link by which it is found; not a secret.
    pub public_id: String,
    /// Proves knowledge of the link.
    pub digest: Digest,
    /// Whom; lower-cased.
    pub email: String,
    /// Whether they will be super admin.
    pub super_admin: bool,
    /// What they will hold.
    pub grants: Vec<InvitedGrant>,
    /// By whom.
    pub invited_by: CallerId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When and by whom it was accepted.
    pub accepted: Option<(Timestamp, UserId)>,
}

/// A role that an invited user will hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitedGrant {
    /// What.
    pub role: RoleId,
    /// Where.
    pub namespace: NamespaceId,
}

impl Reader {
    /// The invitation whose link has this public id.
    pub async fn invitation_by_public_id(&mut self, public_id: &str) -> Result<Option<Invitation>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE public_id = ").arg(public_id)).await
    }

    /// The invitation.
    pub async fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE organization = ").arg(organization);
        self.find(query.sql(" AND id = ").arg(id)).await
    }

    /// Invitations that were not accepted, by id; some may have expired.
    pub async fn invitations(
        &mut self,
        organization: OrganizationId,
        page: &Page<InvitationId>,
    ) -> Result<Vec<Invitation>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE organization = ").arg(organization);
        let query = query.sql(" AND accepted_at IS NULL").when(" AND id > ", page.after);
        self.list(query.sql(" ORDER BY id LIMIT ").arg(page.limit)).await
    }

    /// Invitations that can still be accepted at `now`, by id.
    pub async fn open_invitations(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        page: &Page<InvitationId>,
    ) -> Result<Vec<Invitation>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE organization = ").arg(organization);
        let query = query.sql(" AND accepted_at IS NULL AND expires_at > ").arg(now).when(" AND id > ", page.after);
        self.list(query.sql(" ORDER BY id LIMIT ").arg(page.limit)).await
    }
}

impl Writer {
    /// Invites somebody.
    pub async fn put_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let i = invitation;
        self.exec(
            "INSERT INTO invitations (id, organization, public_id, pepper, digest, email, super_admin, grants,
                invited_by, created_at, expires_at, accepted_at, accepted_by)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            (
                i.id,
                i.organization,
                &i.public_id,
                i.digest.pepper.number(),
                i.digest.bytes,
                &i.email,
                i.super_admin,
                Json(&i.grants),
                i.invited_by,
                i.created_at,
                i.expires_at,
                i.accepted.map(|(at, _)| at),
                i.accepted.map(|(_, user)| user),
            ),
        )
        .await?;
        Ok(())
    }

    /// Uses an invitation up. Whether it had not been accepted.
    pub async fn accept_invitation(
        &mut self,
        id: InvitationId,
        user: UserId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE invitations SET accepted_at = $1, accepted_by = $2 WHERE id = $3 AND accepted_at IS NULL";
        Ok(self.exec(sql, (at, user, id)).await? > 0)
    }

    /// Takes an invitation back. Whether there was one that had not been accepted.
    pub async fn remove_invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM invitations WHERE organization = $1 AND id = $2 AND accepted_at IS NULL";
        Ok(self.exec(sql, (organization, id)).await? > 0)
    }
}

impl Record for Invitation {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Invitation {
            id: columns.take()?,
            organization: columns.take()?,
            public_id: columns.take()?,
            digest: Digest::read(columns)?,
            email: columns.take()?,
            super_admin: columns.take()?,
            grants: columns.take::<Json<_>>()?.0,
            invited_by: columns.take()?,
            created_at: columns.take()?,
            expires_at: columns.take()?,
            accepted: Option::zip(columns.take()?, columns.take()?),
        })
    }
}

const SELECT: &str = "SELECT id, organization, public_id, pepper, digest, email, super_admin, grants, invited_by,
    created_at, expires_at, accepted_at, accepted_by FROM invitations";
