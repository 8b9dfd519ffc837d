//! Sessions: signing in, who a token belongs to, signing out.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::Credential;
use keyward_core::id::SessionId;
use keyward_core::organization::Organization;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::{Membership, User};
use keyward_store::{StoreError, Writer};

use crate::app::App;
use crate::config;
use crate::ops::attempts::{self, Attempt};
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::passwords::{Checked, salt};
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::tokens::Sort;
use crate::ops::users;

pub use keyward_store::SessionRecord;

/// How many sessions one user has at most; one more ends the one that was not used for the longest time.
pub const MAX_SESSIONS_PER_USER: usize = 100;

/// A new session and its token, alive for this one answer.
pub struct Opened {
    /// The session.
    pub session: SessionRecord,
    /// Whose it is.
    pub user: User,
    /// What the client sends from now on.
    pub token: Secret,
}

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

/// A user who has proved who they are, on the way into a job.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    pub(super) user: User,
    attempt: Attempt,
    /// The hash that the password matched.
    stored: Option<String>,
    /// Its successor, where that was made with outdated parameters.
    renewed: Option<String>,
}

/// Signs in.
pub async fn create(app: &App, ctx: &Ctx, email: &str, password: Secret) -> Result<Done<Opened>, OpError> {
    let operation = &operations::SESSIONS_CREATE;
    let email = users::folded(email);
    let known = app.store.read().await?.user_by_email(&email).await?;
    let target = known.as_ref().map(|user| user.id.to_string());
    recorded(app, ctx, operation, target, async {
        let proven = prove(app, ctx, &email, known, password).await?;
        let token = Sort::Session.mint(app)?;
        let now = ctx.at();
        let session = SessionRecord {
            id: SessionId::new(now, &mut app.entropy()),
            user: proven.user.id,
            public_id: token.public_id,
            digest: token.digest,
            created_at: now,
            signed_in_at: now,
            last_seen_at: now,
            expires_at: now.plus(app.config.sessions.absolute),
            ended_at: None,
        };
        let limits = app.config.sessions.clone();
        let done = change_deployment(app, ctx, operation, async move |tx| {
            proven.settle(tx).await?;
            make_room(tx, &session, &limits, now).await?;
            tx.put_session(&session).await?;
            let user = proven.user.clone();
            let target = user.id;
            Ok(Outcomes::new((session.clone(), user), target).detail("session", session.id.to_string()))
        })
        .await?;
        Ok(done.map(|(session, user)| Opened { session, user, token: token.text }))
    })
    .await
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

/// Forgets sessions that have expired.
pub async fn purge(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    app.store.side_write(async move |writer: &mut Writer| writer.purge_sessions(now).await).await
}

/// Lets `known`, the user with this address, prove with their password who they are. Who does not exist is answered as
/// late as who does.
pub(super) async fn prove(
    app: &App,
    ctx: &Ctx,
    email: &str,
    known: Option<User>,
    password: Secret,
) -> Result<Proven, OpError> {
    let attempt = attempts::begin(app, ctx, email).await?;
    let stored = match &known {
        Some(user) => app.store.read().await?.password(user.id).await?,
        None => None,
    };
    let checked = app.passwords.check(password, stored.clone(), salt(&mut app.entropy())).await?;
    if let (Some(user), Checked::Match { renewed }) = (known, checked) {
        return Ok(Proven { user, attempt, stored, renewed });
    }
    attempt.failed(app).await?;
    Err(sign_in_failed())
}

impl Proven {
    /// Inside the job that acts on the proof: refuses when the password was changed meanwhile, forgives what failed
    /// before, and keeps the renewed hash.
    pub(super) async fn settle(&self, writer: &mut Writer) -> Result<(), OpError> {
        if writer.password(self.user.id).await? != self.stored {
            return Err(sign_in_failed());
        }
        if let Some(renewed) = &self.renewed {
            writer.set_password(self.user.id, renewed).await?;
        }
        Ok(self.attempt.succeeded(writer).await?)
    }
}

/// The answer to a session that is in force no more.
pub(super) fn ended() -> OpError {
    OpError::new(ErrorCode::SessionEnded, "the session has ended: sign in again")
}

fn sign_in_failed() -> OpError {
    OpError::new(ErrorCode::SignInFailed, ErrorCode::SignInFailed.sentence())
}

/// The session that asks.
pub(super) fn signed_in(ctx: &Ctx) -> Result<&SignedIn, OpError> {
    match &ctx.caller {
        Caller::Session(signed_in) => Ok(signed_in),
        Caller::Anonymous | Caller::Credential(_) | Caller::System => Err(authority::unauthenticated()),
    }
}

/// Ends sessions that make room for one more.
async fn make_room(
    writer: &mut Writer,
    new: &SessionRecord,
    limits: &config::Sessions,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut live = writer.sessions_of(new.user).await?;
    live.retain(|session| is_live(session, limits, now));
    live.sort_by_key(|session| session.last_seen_at);
    let room = live.len().saturating_sub(MAX_SESSIONS_PER_USER - 1);
    for session in &live[..room] {
        writer.end_session(session.id, now).await?;
    }
    Ok(())
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
