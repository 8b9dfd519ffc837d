//! Credentials and their stored secrets.

use std::collections::BTreeMap;

use keyward_core::change::Change;
use keyward_core::credential::{Credential, RevokeReason, Slot, State};
use keyward_core::digest::Digest;
use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::kind::KindId;
use keyward_core::seal::Sealed;
use keyward_core::signed::PublicKey;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx, Writer};
use crate::value::{Arg, Json, ToArg};

/// What the unique indexes hold a new credential to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Within what the kind's limit counts: the id of an organization, application or user.
    pub scope_key: String,
    /// The number from 1 to the limit that it takes; `None` for kinds without a limit.
    pub place: Option<u32>,
    /// Within what its name is unique: the id of an organization or namespace; `None` where it need not be.
    pub name_scope: Option<String>,
}

impl Reader {
    /// The credential, if it belongs to the organization.
    pub async fn credential(
        &mut self,
        organization: OrganizationId,
        id: CredentialId,
    ) -> Result<Option<Credential>, StoreError> {
        Ok(self.credential_anywhere(id).await?.filter(|credential| credential.organization == organization))
    }

    /// The credential, of whatever organization.
    pub async fn credential_anywhere(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        let found: Option<Credential> = self.find(Query::new(SELECT).sql(" WHERE c.id = ").arg(id)).await?;
        let Some(mut credential) = found else { return Ok(None) };
        let query = Query::new(SELECT_SLOT).sql(" WHERE s.credential = ").arg(id).sql(" ORDER BY s.number");
        let slots: Vec<StoredSlot> = self.list(query).await?;
        credential.slots = slots.into_iter().map(|stored| stored.slot).collect();
        Ok(Some(credential))
    }

    /// The places under a kind's limit that are taken, by credentials that are not revoked; in order.
    pub async fn places(&mut self, scope_key: &str, kind: &KindId) -> Result<Vec<(u32, CredentialId)>, StoreError> {
        let sql = "SELECT place, id FROM credentials
            WHERE scope_key = $1 AND kind = $2 AND revoked_at IS NULL AND place IS NOT NULL ORDER BY place";
        self.all(sql, (scope_key, kind)).await
    }

    /// The credentials that this one made, and those that they made, however often; those of them that are not
    /// revoked, by id.
    pub async fn descendants(
        &mut self,
        organization: OrganizationId,
        id: CredentialId,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let sql = "SELECT id FROM credentials WHERE organization = $1 AND revoked_at IS NULL AND id IN (
                WITH RECURSIVE made (id) AS (
                    SELECT c.id FROM credentials c WHERE c.organization = $1 AND c.created_by = $2
                    UNION
                    SELECT c.id FROM credentials c JOIN made ON c.created_by = made.id WHERE c.organization = $1
                ) SELECT id FROM made
            ) ORDER BY id";
        let rows: Vec<(CredentialId,)> = self.all(sql, (organization, id)).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The credentials of an organization that a user owns and that are not revoked, by id.
    pub async fn credentials_owned_by(
        &mut self,
        organization: OrganizationId,
        owner: UserId,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let sql = "SELECT id FROM credentials
            WHERE organization = $1 AND owner = $2 AND revoked_at IS NULL ORDER BY id";
        let rows: Vec<(CredentialId,)> = self.all(sql, (organization, owner)).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// How many stored secrets need each version of the key ring: those of credentials that are not revoked, for their
    /// digest or to open what is sealed, which stays under the version that sealed it; and second factors with their
    /// recovery codes.
    pub async fn peppers_in_use(&mut self) -> Result<Vec<(u32, u64)>, StoreError> {
        let sql = "SELECT s.pepper, COUNT(*) FROM slots s JOIN credentials c ON c.id = s.credential
            WHERE c.revoked_at IS NULL GROUP BY s.pepper";
        let mut in_use: BTreeMap<u32, u64> = self.all::<(u32, u64)>(sql, ()).await?.into_iter().collect();
        let sql = "SELECT s.pepper, s.sealed FROM slots s JOIN credentials c ON c.id = s.credential
            WHERE c.revoked_at IS NULL AND s.sealed IS NOT NULL";
        for (pepper, sealed) in self.all::<(u32, String)>(sql, ()).await? {
            let sealed = Sealed::try_from(sealed).map_err(|e| StoreError::value("Sealed", e))?;
            if sealed.version().number() != pepper {
                *in_use.entry(sealed.version().number()).or_default() += 1;
            }
        }
        for version in self.second_factors_in_use().await? {
            *in_use.entry(version).or_default() += 1;
        }
        Ok(in_use.into_iter().collect())
    }
}

impl Writer {
    /// Replaces the digest of a slot by one of the same secret under another pepper, unless that was done already or the
    /// slot is gone. Whether it was replaced. No node is told: use [`Tx::move_digest`] where indexes must follow.
    pub async fn move_digest(
        &mut self,
        credential: CredentialId,
        slot: u32,
        from: &Digest,
        to: &Digest,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE slots SET pepper = $1, digest = $2
            WHERE credential = $3 AND number = $4 AND pepper = $5 AND digest = $6";
        let (to_pepper, from_pepper) = (to.pepper.number(), from.pepper.number());
        Ok(self.exec(sql, (to_pepper, to.bytes, credential, slot, from_pepper, from.bytes)).await? > 0)
    }
}

impl Tx {
    /// Creates a credential, or gives it a new state. Its organization, namespace, kind, public id, public key, maker,
    /// birth and end never change: a record in which they did is refused.
    ///
    /// A placing replaces the one before; without one that stays as it is, and a new credential has none. The digest of
    /// a slot that exists stays what it is: only [`Tx::move_digest`] changes it.
    pub async fn put_credential(
        &mut self,
        credential: &Credential,
        placing: Option<&Placing>,
    ) -> Result<(), StoreError> {
        let query = Query::new(INSERT)
            .tuple(columns_of(credential, placing)?)
            .sql(UPDATE)
            .sql(if placing.is_some() { UPDATE_PLACING } else { "" })
            .sql(IF_SAME);
        if self.exec_query(query).await? == 0 {
            return Err(StoreError::value("Credential", "what never changes of it was changed"));
        }
        let mut stated = credential.clone();
        stated.slots = self.put_slots(credential).await?;
        self.change(Change::Credential(Box::new(stated)));
        Ok(())
    }

    /// [`Writer::move_digest`], told to every node.
    pub async fn move_digest(
        &mut self,
        credential: CredentialId,
        slot: u32,
        from: &Digest,
        to: &Digest,
    ) -> Result<bool, StoreError> {
        let moved = Writer::move_digest(self, credential, slot, from, to).await?;
        if moved && let Some(credential) = self.credential_anywhere(credential).await? {
            self.change(Change::Credential(Box::new(credential)));
        }
        Ok(moved)
    }

    /// Writes the slots, and says what is stored now.
    async fn put_slots(&mut self, credential: &Credential) -> Result<Vec<Slot>, StoreError> {
        let id = credential.id;
        match credential.slots.first() {
            None => drop(self.exec("DELETE FROM slots WHERE credential = $1", (id,)).await?),
            // Numbers count up: before the first secret there is none to forget.
            Some(Slot { number: 1, .. }) => {}
            Some(first) => {
                let sql = "DELETE FROM slots WHERE credential = $1 AND number < $2";
                self.exec(sql, (id, first.number)).await?;
            }
        }
        let mut stored = Vec::with_capacity(credential.slots.len());
        for slot in &credential.slots {
            let sealed = slot.sealed.clone().map(String::from);
            let (pepper, digest) = (slot.digest.pepper.number(), slot.digest.bytes);
            let args = (id, slot.number, pepper, digest, sealed, slot.created_at, slot.ends_at);
            let digests: Vec<Digest> = self.returning(PUT_SLOT, args).await?;
            let digest = digests.first().copied().unwrap_or(slot.digest);
            stored.push(Slot { digest, ..slot.clone() });
        }
        Ok(stored)
    }
}

fn columns_of(credential: &Credential, placing: Option<&Placing>) -> Result<Vec<Arg>, StoreError> {
    let c = credential;
    let (disabled_at, revoked) = match c.state {
        State::Active => (None, None),
        State::Disabled { at } => (Some(at), None),
        State::Revoked { at, reason } => (None, Some((at, reason))),
    };
    Ok(vec![
        c.id.to_arg()?,
        c.organization.to_arg()?,
        c.kind.to_arg()?,
        c.name.to_arg()?,
        c.name.folded().to_arg()?,
        c.public_id.to_arg()?,
        c.namespace.to_arg()?,
        c.owner.to_arg()?,
        c.created_by.to_arg()?,
        c.created_at.to_arg()?,
        c.updated_at.to_arg()?,
        disabled_at.to_arg()?,
        revoked.map(|(at, _)| at).to_arg()?,
        revoked.map(|(_, reason)| reason.as_str()).to_arg()?,
        c.generation.to_arg()?,
        c.expires_at.to_arg()?,
        Json(&c.sources).to_arg()?,
        Json(&c.denied).to_arg()?,
        c.public_key.clone().map(String::from).to_arg()?,
        placing.map(|p| p.scope_key.as_str()).to_arg()?,
        placing.and_then(|p| p.place).to_arg()?,
        placing.and_then(|p| p.name_scope.as_deref()).to_arg()?,
    ])
}

/// Reads everything but the slots.
impl Record for Credential {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Credential {
            id: columns.take()?,
            organization: columns.take()?,
            kind: columns.take()?,
            name: columns.take()?,
            public_id: columns.take()?,
            namespace: columns.take()?,
            owner: columns.take()?,
            created_by: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
            state: state(columns)?,
            generation: columns.take()?,
            expires_at: columns.take()?,
            sources: columns.take::<Json<_>>()?.0,
            denied: columns.take::<Json<_>>()?.0,
            public_key: public_key(columns.take()?)?,
            slots: Vec::new(),
        })
    }
}

/// A slot, and whose it is.
pub(super) struct StoredSlot {
    pub(super) credential: CredentialId,
    pub(super) slot: Slot,
}

impl Record for StoredSlot {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(StoredSlot {
            credential: columns.take()?,
            slot: Slot {
                number: columns.take()?,
                digest: Digest::read(columns)?,
                sealed: sealed(columns.take()?)?,
                created_at: columns.take()?,
                ends_at: columns.take()?,
            },
        })
    }
}

fn sealed(text: Option<String>) -> Result<Option<Sealed>, StoreError> {
    text.map(|text| Sealed::try_from(text).map_err(|e| StoreError::value("Sealed", e))).transpose()
}

fn public_key(text: Option<String>) -> Result<Option<PublicKey>, StoreError> {
    text.map(|text| PublicKey::try_from(text).map_err(|e| StoreError::value("PublicKey", e))).transpose()
}

fn state(columns: &mut Columns<'_>) -> Result<State, StoreError> {
    let (disabled_at, revoked_at, reason): (_, _, Option<String>) = (columns.take()?, columns.take()?, columns.take()?);
    Ok(match (revoked_at, reason, disabled_at) {
        (Some(at), Some(reason), _) => State::Revoked { at, reason: reason_of(&reason)? },
        (_, _, Some(at)) => State::Disabled { at },
        _ => State::Active,
    })
}

fn reason_of(text: &str) -> Result<RevokeReason, StoreError> {
    Ok(match text {
        "requested" => RevokeReason::Requested,
        "compromised" => RevokeReason::Compromised,
        "superseded" => RevokeReason::Superseded,
        "owner_removed" => RevokeReason::OwnerRemoved,
        "namespace_deleted" => RevokeReason::NamespaceDeleted,
        "ancestor_revoked" => RevokeReason::AncestorRevoked,
        other => return Err(StoreError::value("RevokeReason", other)),
    })
}

pub(super) const SELECT: &str = "SELECT c.id, c.organization, c.kind, c.name, c.public_id, c.namespace, c.owner,
    c.created_by, c.created_at, c.updated_at, c.disabled_at, c.revoked_at, c.revoke_reason, c.generation,
    c.expires_at, c.sources, c.denied, c.public_key FROM credentials c";
pub(super) const SELECT_SLOT: &str =
    "SELECT s.credential, s.number, s.pepper, s.digest, s.sealed, s.created_at, s.ends_at FROM slots s";

const INSERT: &str = "INSERT INTO credentials (id, organization, kind, name, folded_name, public_id, namespace,
    owner, created_by, created_at, updated_at, disabled_at, revoked_at, revoke_reason, generation, expires_at,
    sources, denied, public_key, scope_key, place, name_scope) VALUES ";
const UPDATE: &str = " ON CONFLICT (id) DO UPDATE SET name = excluded.name, folded_name = excluded.folded_name,
    owner = excluded.owner, updated_at = excluded.updated_at, disabled_at = excluded.disabled_at,
    revoked_at = excluded.revoked_at, revoke_reason = excluded.revoke_reason, generation = excluded.generation,
    sources = excluded.sources, denied = excluded.denied";
const UPDATE_PLACING: &str =
    ", scope_key = excluded.scope_key, place = excluded.place, name_scope = excluded.name_scope";
const IF_SAME: &str = " WHERE credentials.organization = excluded.organization
    AND credentials.namespace = excluded.namespace AND credentials.kind = excluded.kind
    AND credentials.public_id = excluded.public_id AND credentials.created_by = excluded.created_by
    AND credentials.created_at = excluded.created_at
    AND credentials.expires_at IS NOT DISTINCT FROM excluded.expires_at
    AND credentials.public_key IS NOT DISTINCT FROM excluded.public_key";
/// The digest of a slot that exists stays: it may have moved to a newer pepper since it was read.
const PUT_SLOT: &str = "INSERT INTO slots (credential, number, pepper, digest, sealed, created_at, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (credential, number) DO UPDATE SET sealed = excluded.sealed, ends_at = excluded.ends_at
    RETURNING pepper, digest";
