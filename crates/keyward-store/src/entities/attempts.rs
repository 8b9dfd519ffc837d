//! Failed sign-ins, counted by what they are held against.

use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};

/// The failed sign-ins of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// How many, since they began to count.
    pub failures: u32,
    /// Until when it may not try again.
    pub locked_until: Option<Timestamp>,
    /// When the last one was.
    pub updated_at: Timestamp,
}

impl Reader {
    /// The failures that are held against `key`.
    pub async fn attempts(&mut self, key: &str) -> Result<Option<Attempts>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE subject = ").arg(key)).await
    }
}

impl Writer {
    /// Counts one more failure, and says how many there are. Those before `since` are forgotten: they count from one
    /// again. Exact, however many nodes count at once.
    pub async fn record_attempt(&mut self, key: &str, at: Timestamp, since: Timestamp) -> Result<Attempts, StoreError> {
        let sql = "INSERT INTO attempts (subject, failures, locked_until, updated_at) VALUES ($1, 1, NULL, $2)
            ON CONFLICT (subject) DO UPDATE SET updated_at = excluded.updated_at,
            failures = CASE WHEN attempts.updated_at < $3 THEN 1 ELSE attempts.failures + 1 END
            RETURNING failures, locked_until, updated_at";
        let counted = self.returning(sql, (key, at, since)).await?;
        counted.into_iter().next().ok_or_else(|| StoreError::value("attempts", "nothing was counted"))
    }

    /// Bars `key` until then. Never shortens.
    pub async fn lock_attempts(&mut self, key: &str, until: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET locked_until = $1
            WHERE subject = $2 AND (locked_until IS NULL OR locked_until < $1)";
        self.exec(sql, (until, key)).await?;
        Ok(())
    }

    /// Forgets the failures of `key`: it signed in.
    pub async fn clear_attempts(&mut self, key: &str) -> Result<(), StoreError> {
        self.exec("DELETE FROM attempts WHERE subject = $1", (key,)).await?;
        Ok(())
    }

    /// Forgets whose last failure was before `before` and who is not barred at that time; how many.
    pub async fn purge_attempts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM attempts
            WHERE updated_at < $1 AND (locked_until IS NULL OR locked_until < $1)";
        self.exec(sql, (before,)).await
    }
}

impl Record for Attempts {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Attempts { failures: columns.take()?, locked_until: columns.take()?, updated_at: columns.take()? })
    }
}

const SELECT: &str = "SELECT failures, locked_until, updated_at FROM attempts";
