//! Sessions: who a token belongs to, which ones somebody has, signing out. [`create`] is how one begins.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::Credential;
use keyward_core::id::SessionId;
use keyward_core::organization::Organization;
use keyward_core::time::Timestamp;
use keyward_core::user::{Membership, User};
use keyward_store::{Reader, StoreError, Writer};

use crate::app::App;
use crate::config;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::tokens::Sort;

mod proof;
mod sign_in;

pub use keyward_store::SessionRecord;
pub use sign_in::{Opened, Pending, SignIn, Step, again, complete, create, create_at_once};

pub(super) use proof::{Shown, Whole, prove, prove_whole};

/// Who the caller is.
#[derive(Clone, Debug)]
pub enum Who {
    /// A signed-in user.
    User {
        /// The session.
        session: SessionRecord,
        /// The user.
        user: User,
        /// Where they are a member, and how.
        organizations: Vec<(Organization, Membership)>,
    },
    /// A credential.
    Credential(Credential),
}

/// Whether what was presented can only be meant as the token of a session.
pub fn is_session_token(text: &str) -> bool {
    text.strip_prefix(Sort::Session.prefix()).is_some_and(|rest| rest.starts_with('_'))
}

/// Whose session a token belongs to, if it is in force at `now`. Notes that it was used, at most once a minute.
pub async fn authenticate(app: &App, token: &str, now: Timestamp) -> Result<SignedIn, OpError> {
    let unknown = || OpError::new(ErrorCode::InvalidCredential, "the token of the session is not valid: sign in");
    let public_id = Sort::Session.public_id(token).ok_or_else(unknown)?;
    let mut reader = app.store.read().await?;
    let session = reader.session_by_public_id(public_id).await?.ok_or_else(unknown)?;
    if !Sort::Session.confirms(&app.ring(), &session.digest, token) {
        return Err(unknown());
    }
    if !is_live(&session, &app.config.sessions, now) {
        return Err(ended());
    }
    let user = reader.user(session.user).await?.ok_or_else(ended)?;
    // A reader holds a snapshot, which nothing below needs.
    drop(reader);
    if now.since(session.last_seen_at) >= note_every(&app.config.sessions) {
        note_use(app, session.id, now).await;
    }
    Ok(SignedIn { session: session.id, user: user.id, operator: user.operator, signed_in_at: session.signed_in_at })
}

/// The caller's own sessions that are in force, the oldest first.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<SessionRecord>, OpError> {
    authority::admit(ctx, &operations::SESSIONS_LIST)?;
    let signed_in = signed_in(ctx)?;
    let mut sessions = app.store.read().await?.sessions_of(signed_in.user).await?;
    sessions.retain(|session| is_live(session, &app.config.sessions, ctx.at()));
    Ok(sessions)
}

/// Who the caller is.
pub async fn get(app: &App, ctx: &Ctx) -> Result<Who, OpError> {
    authority::admit(ctx, &operations::SESSIONS_GET)?;
    let mut reader = app.store.read().await?;
    if let Caller::Credential(identity) = &ctx.caller {
        let found = reader.credential(identity.organization, identity.credential).await?;
        return found.map(Who::Credential).ok_or_else(|| OpError::not_found("credential"));
    }
    let signed_in = signed_in(ctx)?;
    let session = reader.sessions_of(signed_in.user).await?.into_iter().find(|s| s.id == signed_in.session);
    let session = session.ok_or_else(ended)?;
    let user = reader.user(signed_in.user).await?.ok_or_else(|| OpError::not_found("user"))?;
    let organizations = reader.organizations_of(signed_in.user).await?;
    Ok(Who::User { session, user, organizations })
}

/// Ends one of the caller's own sessions; `None` is the one that asks.
pub async fn delete(app: &App, ctx: &Ctx, id: Option<SessionId>) -> Result<Done<()>, OpError> {
    let operation = &operations::SESSIONS_DELETE;
    recorded(app, ctx, operation, id.map(|id| id.to_string()), async {
        authority::admit(ctx, operation)?;
        let signed_in = *signed_in(ctx)?;
        let id = id.unwrap_or(signed_in.session);
        let now = ctx.at();
        change_deployment(app, ctx, operation, async move |tx| {
            let own = tx.sessions_of(signed_in.user).await?;
            if !own.iter().any(|session| session.id == id) {
                return Err(OpError::not_found("session"));
            }
            tx.end_session(id, now).await?;
            Ok(Outcomes::new((), id))
        })
        .await
    })
    .await
}

/// Ends all of the caller's own sessions but the one that asks, and sign-ins that wait for a code; how many sessions.
pub async fn delete_others(app: &App, ctx: &Ctx) -> Result<Done<usize>, OpError> {
    let operation = &operations::SESSIONS_OTHERS_DELETE;
    recorded(app, ctx, operation, ctx.own_id(), async {
        authority::admit(ctx, operation)?;
        let signed_in = *signed_in(ctx)?;
        let now = ctx.at();
        change_deployment(app, ctx, operation, async move |tx| {
            let ended = end_others(tx, &signed_in, now).await?;
            Ok(Outcomes::new(ended, signed_in.user).detail("sessions_ended", ended))
        })
        .await
    })
    .await
}

/// Forgets sessions that have expired, and sign-ins that nobody went on with.
pub async fn purge(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    let purge =
        async move |writer: &mut Writer| Ok(writer.purge_sessions(now).await? + writer.purge_sign_ins(now).await?);
    app.store.side_write(purge).await
}

/// The asking session, if it was not ended meanwhile: whoever was signed out changes nothing any more.
pub(super) async fn must_be_open(reader: &mut Reader, asking: &SignedIn) -> Result<SessionRecord, OpError> {
    let own = reader.sessions_of(asking.user).await?;
    own.into_iter().find(|session| session.id == asking.session).ok_or_else(ended)
}

/// Ends all sessions of a user but the asking one, which must be open, and the sign-ins that wait for a code.
pub(super) async fn end_others(writer: &mut Writer, asking: &SignedIn, now: Timestamp) -> Result<usize, OpError> {
    must_be_open(writer, asking).await?;
    let mut others = writer.sessions_of(asking.user).await?;
    others.retain(|session| session.id != asking.session);
    for session in &others {
        writer.end_session(session.id, now).await?;
    }
    writer.end_sign_ins_of(asking.user).await?;
    Ok(others.len())
}

/// The answer to a session, or to a sign-in, that is in force no more.
pub(super) fn ended() -> OpError {
    OpError::new(ErrorCode::SessionEnded, "the session has ended: sign in again")
}

/// The session that asks.
pub(super) fn signed_in(ctx: &Ctx) -> Result<&SignedIn, OpError> {
    match &ctx.caller {
        Caller::Session(signed_in) => Ok(signed_in),
        Caller::Anonymous | Caller::Credential(_) | Caller::System => Err(authority::unauthenticated()),
    }
}

/// Whether a session is in force: not ended, not too old, and not unused for too long.
fn is_live(session: &SessionRecord, limits: &config::Sessions, now: Timestamp) -> bool {
    session.ended_at.is_none() && now < session.expires_at && now.since(session.last_seen_at) < limits.idle
}

/// How exactly uses are noted: to the minute, or finer where sessions end soon without them.
fn note_every(limits: &config::Sessions) -> Duration {
    Duration::from_mins(1).min(limits.idle / 4)
}

async fn note_use(app: &App, id: SessionId, now: Timestamp) {
    let noted = app.store.side_write(async move |writer: &mut Writer| writer.touch_session(id, now).await).await;
    // The request can be answered all the same; the session ends a little earlier than it should.
    if let Err(error) = noted {
        tracing::warn!(%error, session = %id, "the use of a session could not be noted");
    }
}

#[cfg(test)]
mod tests;
