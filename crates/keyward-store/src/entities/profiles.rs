//! Profiles as they were recorded when first used.

use keyward_core::change::{Change, RecordedProfile};
use keyward_core::kind::KindId;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx};

impl Reader {
    /// The recorded profile of this name.
    pub async fn recorded_profile(&mut self, name: &str) -> Result<Option<RecordedProfile>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE name = ").arg(name)).await
    }

    /// All recorded profiles, by name.
    pub async fn recorded_profiles(&mut self) -> Result<Vec<RecordedProfile>, StoreError> {
        self.list(Query::new(SELECT).sql(" ORDER BY name")).await
    }

    /// The kinds of a profile of which there are credentials that are not revoked, and how many.
    pub async fn kinds_in_use(&mut self, profile: &str) -> Result<Vec<(KindId, u64)>, StoreError> {
        let sql = "SELECT kind, COUNT(*) FROM credentials
            WHERE kind >= $1 AND kind < $2 AND revoked_at IS NULL GROUP BY kind ORDER BY kind";
        // Everything that begins with `profile/`: the digit 0 is the character after the slash.
        self.all(sql, (format!("{profile}/"), format!("{profile}0"))).await
    }
}

impl Tx {
    /// Records a profile, or a newer text of it.
    pub async fn put_profile(&mut self, profile: &RecordedProfile) -> Result<(), StoreError> {
        let RecordedProfile { name, version, digest, text } = profile;
        self.exec(
            "INSERT INTO profiles (name, version, digest, text) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET version = excluded.version, digest = excluded.digest,
                text = excluded.text",
            (name, version, digest, text),
        )
        .await?;
        self.change(Change::Profile(profile.clone()));
        Ok(())
    }
}

impl Record for RecordedProfile {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(RecordedProfile {
            name: columns.take()?,
            version: columns.take()?,
            digest: columns.take()?,
            text: columns.take()?,
        })
    }
}

const SELECT: &str = "SELECT name, version, digest, text FROM profiles";
