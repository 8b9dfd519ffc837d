//! Nonces of signed requests, which count once.

use keyward_core::id::CredentialId;
use keyward_core::time::Timestamp;

use crate::error::StoreError;
use crate::tx::Writer;

/// A nonce of a signed request, to count once: see [`Store::record_use`](crate::Store::record_use).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedNonce {
    /// Whose request: others may use the same nonce.
    pub credential: CredentialId,
    /// Tells the nonce from every other of the credential.
    pub digest: [u8; 16],
    /// From then on the request holds no more, and its nonce can be forgotten.
    pub until: Timestamp,
}

/// Whether a use counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a replayed use does not count"]
pub enum UseRecorded {
    /// It was not recorded before, and is now.
    First,
    /// Its nonce was used before: nothing was recorded.
    Replayed,
}

impl Writer {
    /// Forgets nonces whose time is over at `now`; how many.
    pub async fn purge_nonces(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.exec("DELETE FROM nonces WHERE until <= $1", (now,)).await
    }

    /// Uses a nonce. The primary key decides, whichever node asks: one that another transaction is writing is waited for.
    pub(crate) async fn use_nonce(&mut self, nonce: &UsedNonce) -> Result<UseRecorded, StoreError> {
        let sql = "INSERT INTO nonces (credential, nonce, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let inserted = self.exec(sql, (nonce.credential, nonce.digest, nonce.until)).await?;
        Ok(if inserted == 0 { UseRecorded::Replayed } else { UseRecorded::First })
    }
}
