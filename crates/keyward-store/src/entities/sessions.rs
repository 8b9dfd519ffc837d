//! Sessions of signed-in users.

use std::net::IpAddr;

use keyward_core::digest::Digest;
use keyward_core::id::{SessionId, UserId};
use keyward_core::time::Timestamp;

use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Writer};

/// A user's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its name for machines.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The part of its token by which it is found; not a secret.
    pub public_id: String,
    /// Proves knowledge of the token.
    pub digest: Digest,
    /// When it began.
    pub created_at: Timestamp,
    /// When its user last proved who they are.
    pub signed_in_at: Timestamp,
    /// When it was last used, as far as was noted.
    pub last_seen_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// The address from which it was opened.
    pub source: Option<IpAddr>,
    /// What it was opened with: the `User-Agent` of the request, shortened.
    pub user_agent: Option<String>,
}

/// A sign-in whose password was right and whose code is missing. Its token opens nothing but the second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSignIn {
    /// The part of its token by which it is found; not a secret.
    pub public_id: String,
    /// Who is signing in.
    pub user: UserId,
    /// Proves knowledge of the token.
    pub digest: Digest,
    /// When the password was given.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Reader {
    /// The session whose token has this public id.
    pub async fn session_by_public_id(&mut self, public_id: &str) -> Result<Option<SessionRecord>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE public_id = ").arg(public_id)).await
    }

    /// A user's sessions that were not ended, by id; some may have expired.
    pub async fn sessions_of(&mut self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let query = Query::new(SELECT).sql(" WHERE user_id = ").arg(user);
        self.list(query.sql(" AND ended_at IS NULL ORDER BY id")).await
    }

    /// The sign-in whose token has this public id; it may have expired.
    pub async fn sign_in_by_public_id(&mut self, public_id: &str) -> Result<Option<PendingSignIn>, StoreError> {
        self.find(Query::new(SELECT_SIGN_IN).sql(" WHERE public_id = ").arg(public_id)).await
    }
}

impl Writer {
    /// Begins a session, or gives it a new state: another sign-in, a later end. Where it came from stays.
    pub async fn put_session(&mut self, session: &SessionRecord) -> Result<(), StoreError> {
        let s = session;
        self.exec(
            "INSERT INTO sessions (id, user_id, public_id, pepper, digest, created_at, signed_in_at, last_seen_at,
                expires_at, ended_at, source, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                ON CONFLICT (id) DO UPDATE SET signed_in_at = excluded.signed_in_at,
                last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at, ended_at = excluded.ended_at",
            (
                s.id,
                s.user,
                &s.public_id,
                s.digest.pepper.number(),
                s.digest.bytes,
                s.created_at,
                s.signed_in_at,
                s.last_seen_at,
                s.expires_at,
                s.ended_at,
                s.source,
                &s.user_agent,
            ),
        )
        .await?;
        Ok(())
    }

    /// Notes that a session was used. Never moves back, and never revives one that was ended.
    pub async fn touch_session(&mut self, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1 AND ended_at IS NULL";
        Ok(self.exec(sql, (at, id)).await? > 0)
    }

    /// Ends a session. Whether it had not been ended.
    pub async fn end_session(&mut self, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL";
        Ok(self.exec(sql, (at, id)).await? > 0)
    }

    /// Ends all sessions of a user; how many.
    pub async fn end_sessions_of(&mut self, user: UserId, at: Timestamp) -> Result<u64, StoreError> {
        self.exec("UPDATE sessions SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL", (at, user)).await
    }

    /// Forgets sessions that expired before `before`; how many.
    pub async fn purge_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.exec("DELETE FROM sessions WHERE expires_at < $1", (before,)).await
    }

    /// Keeps a sign-in that waits for its code.
    pub async fn put_sign_in(&mut self, pending: &PendingSignIn) -> Result<(), StoreError> {
        let PendingSignIn { public_id, user, digest, created_at, expires_at } = pending;
        self.exec(
            "INSERT INTO sign_ins (public_id, user_id, pepper, digest, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)",
            (public_id, user, digest.pepper.number(), digest.bytes, created_at, expires_at),
        )
        .await?;
        Ok(())
    }

    /// Ends a sign-in that waits for its code. Whether it was there.
    pub async fn end_sign_in(&mut self, public_id: &str) -> Result<bool, StoreError> {
        Ok(self.exec("DELETE FROM sign_ins WHERE public_id = $1", (public_id,)).await? > 0)
    }

    /// Ends all sign-ins of a user that wait for their code; how many.
    pub async fn end_sign_ins_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.exec("DELETE FROM sign_ins WHERE user_id = $1", (user,)).await
    }

    /// Forgets sign-ins whose time was over before `before`; how many.
    pub async fn purge_sign_ins(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.exec("DELETE FROM sign_ins WHERE expires_at < $1", (before,)).await
    }
}

impl Record for SessionRecord {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(SessionRecord {
            id: columns.take()?,
            user: columns.take()?,
            public_id: columns.take()?,
            digest: Digest::read(columns)?,
            created_at: columns.take()?,
            signed_in_at: columns.take()?,
            last_seen_at: columns.take()?,
            expires_at: columns.take()?,
            ended_at: columns.take()?,
            source: columns.take()?,
            user_agent: columns.take()?,
        })
    }
}

impl Record for PendingSignIn {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(PendingSignIn {
            public_id: columns.take()?,
            user: columns.take()?,
            digest: Digest::read(columns)?,
            created_at: columns.take()?,
            expires_at: columns.take()?,
        })
    }
}

const SELECT: &str =
    "SELECT id, user_id, public_id, pepper, digest, created_at, signed_in_at, last_seen_at, expires_at,
    ended_at, source, user_agent FROM sessions";
const SELECT_SIGN_IN: &str = "SELECT public_id, user_id, pepper, digest, created_at, expires_at FROM sign_ins";
