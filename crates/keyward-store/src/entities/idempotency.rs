//! Creations that were asked for under an idempotency key.

use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};

/// What a caller's key has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Tells the same request from another under the same key.
    pub request_hash: [u8; 32],
    /// The id of what it made. The column is called `credential`, of which alone keys were kept at first.
    pub made: String,
    /// When.
    pub created_at: Timestamp,
}

impl Reader {
    /// What `caller` has made under `key`.
    pub async fn idempotency(&mut self, caller: &str, key: &str) -> Result<Option<IdempotencyRecord>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE caller = ").arg(caller);
        self.find(query.sql(" AND idempotency_key = ").arg(key)).await
    }
}

impl Writer {
    /// Keeps what `caller` has made under `key`.
    pub async fn put_idempotency(
        &mut self,
        caller: &str,
        key: &str,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        self.exec(
            "INSERT INTO idempotency (caller, idempotency_key, request_hash, credential, created_at)
                VALUES ($1, $2, $3, $4, $5)",
            (caller, key, record.request_hash, record.made.as_str(), record.created_at),
        )
        .await?;
        Ok(())
    }

    /// Forgets what was made before `before`; how many.
    pub async fn purge_idempotency(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.exec("DELETE FROM idempotency WHERE created_at < $1", (before,)).await
    }
}

impl Record for IdempotencyRecord {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(IdempotencyRecord { request_hash: columns.take()?, made: columns.take()?, created_at: columns.take()? })
    }
}

const SELECT: &str = "SELECT request_hash, credential, created_at FROM idempotency";
