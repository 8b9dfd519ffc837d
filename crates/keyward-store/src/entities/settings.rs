//! Settings of the deployment that are no part of any index: which key ring it belongs to.

use crate::error::StoreError;
use crate::tx::{Reader, Writer};

impl Reader {
    /// The value of a setting.
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let found: Option<(String,)> = self.optional("SELECT value FROM settings WHERE name = $1", (name,)).await?;
        Ok(found.map(|(value,)| value))
    }
}

impl Writer {
    /// Sets a setting.
    pub async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.exec(sql, (name, value)).await.map(drop)
    }
}
