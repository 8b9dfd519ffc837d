//! The one-time link of a first start.

use keyward_core::digest::Digest;
use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};

/// What is kept of the newest set-up link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupToken {
    /// Proves knowledge of it.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Reader {
    /// The newest set-up link.
    pub async fn setup_token(&mut self) -> Result<Option<SetupToken>, StoreError> {
        self.find(Query::new("SELECT pepper, digest, created_at, used_at FROM setup_token")).await
    }
}

impl Writer {
    /// Makes this the only set-up link.
    pub async fn put_setup_token(&mut self, token: &SetupToken) -> Result<(), StoreError> {
        self.exec(
            "INSERT INTO setup_token (one, pepper, digest, created_at, used_at) VALUES (1, $1, $2, $3, $4)
                ON CONFLICT (one) DO UPDATE SET pepper = excluded.pepper, digest = excluded.digest,
                created_at = excluded.created_at, used_at = excluded.used_at",
            (token.digest.pepper.number(), token.digest.bytes, token.created_at, token.used_at),
        )
        .await?;
        Ok(())
    }

    /// Uses the set-up link up. Whether it had not been used.
    pub async fn use_setup_token(&mut self, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.exec("UPDATE setup_token SET used_at = $1 WHERE used_at IS NULL", (at,)).await? > 0)
    }
}

impl Record for SetupToken {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(SetupToken { digest: Digest::read(columns)?, created_at: columns.take()?, used_at: columns.take()? })
    }
}
