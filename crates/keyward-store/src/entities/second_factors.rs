//! Second factors of users, and their recovery codes.

use keyward_core::digest::Digest;
use keyward_core::id::UserId;
use keyward_core::seal::Sealed;
use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};

/// A user's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose it is.
    pub user: UserId,
    /// The secret that their application shares.
    pub sealed: Sealed,
    /// When the secret was made.
    pub begun_at: Timestamp,
    /// When the user proved that their application has it; from then on, sign-ins need its codes.
    pub confirmed_at: Option<Timestamp>,
    /// The last step of time whose code was used; 0 before the first.
    pub last_step: u64,
}

impl Reader {
    /// A user's second factor, confirmed or not.
    pub async fn second_factor(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE user_id = ").arg(user)).await
    }

    /// The digests of a user's recovery codes that were not used.
    pub async fn recovery_codes(&mut self, user: UserId) -> Result<Vec<Digest>, StoreError> {
        let sql = "SELECT pepper, digest FROM recovery_codes WHERE user_id = ";
        self.list(Query::new(sql).arg(user).sql(" ORDER BY digest")).await
    }

    /// The version of the key ring that each second factor and each recovery code needs.
    pub(super) async fn second_factors_in_use(&mut self) -> Result<Vec<u32>, StoreError> {
        let codes: Vec<(u32,)> = self.all("SELECT pepper FROM recovery_codes", ()).await?;
        let sealed: Vec<(Sealed,)> = self.all("SELECT sealed FROM second_factors", ()).await?;
        let versions = sealed.into_iter().map(|(sealed,)| sealed.version().number());
        Ok(codes.into_iter().map(|(pepper,)| pepper).chain(versions).collect())
    }
}

impl Writer {
    /// Creates a user's second factor, or replaces it.
    pub async fn put_second_factor(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        let SecondFactor { user, sealed, begun_at, confirmed_at, last_step } = factor;
        self.exec(
            "INSERT INTO second_factors (user_id, sealed, begun_at, confirmed_at, last_step)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, begun_at = excluded.begun_at,
                confirmed_at = excluded.confirmed_at, last_step = excluded.last_step",
            (user, sealed, begun_at, confirmed_at, last_step),
        )
        .await?;
        Ok(())
    }

    /// Takes a user's second factor away, with its recovery codes. Whether there was one.
    pub async fn remove_second_factor(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.exec("DELETE FROM recovery_codes WHERE user_id = $1", (user,)).await?;
        Ok(self.exec("DELETE FROM second_factors WHERE user_id = $1", (user,)).await? > 0)
    }

    /// Replaces all recovery codes of a user.
    pub async fn put_recovery_codes(&mut self, user: UserId, codes: &[Digest]) -> Result<(), StoreError> {
        self.exec("DELETE FROM recovery_codes WHERE user_id = $1", (user,)).await?;
        for code in codes {
            let sql = "INSERT INTO recovery_codes (user_id, pepper, digest) VALUES ($1, $2, $3)";
            self.exec(sql, (user, code.pepper.number(), code.bytes)).await?;
        }
        Ok(())
    }

    /// Uses a recovery code up. Whether it was there.
    pub async fn use_recovery_code(&mut self, user: UserId, code: &Digest) -> Result<bool, StoreError> {
        let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND pepper = $2 AND digest = $3";
        Ok(self.exec(sql, (user, code.pepper.number(), code.bytes)).await? > 0)
    }
}

impl Record for SecondFactor {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(SecondFactor {
            user: columns.take()?,
            sealed: columns.take()?,
            begun_at: columns.take()?,
            confirmed_at: columns.take()?,
            last_step: columns.take()?,
        })
    }
}

const SELECT: &str = "SELECT user_id, sealed, begun_at, confirmed_at, last_step FROM second_factors";
