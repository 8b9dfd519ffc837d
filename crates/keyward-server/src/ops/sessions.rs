//! Sessions: signing in, in one step or two, who a token belongs to, signing out.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::Credential;
use keyward_core::id::SessionId;
use keyward_core::organization::Organization;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::{Membership, User};
use keyward_store::{PendingSignIn, Reader, StoreError, Tx, Writer};
use serde_json::{Map, Value};

use crate::app::App;
use crate::config;
use crate::ops::attempts::{self, Attempt, Guess};
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::passwords::{Checked, salt};
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::second_factor::{self, Passed};
use crate::ops::tokens::Sort;
use crate::ops::users;

pub use keyward_store::SessionRecord;

/// How many sessions one user has at most; one more ends the one that was not used for the longest time.
pub const MAX_SESSIONS_PER_USER: usize = 100;
/// How long a sign-in waits for its code: long enough to find one's phone, or one's recovery codes.
pub const PENDING_LIVES: Duration = Duration::from_mins(10);

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

/// What somebody signs in with.
pub struct SignIn {
    /// Their address; upper and lower case are the same.
    pub email: String,
    /// Their password.
    pub password: Secret,
    /// A code of their second factor or a recovery code. Not looked at for users who have none.
    pub code: Option<Secret>,
}

/// How far a sign-in has come.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Step {
    /// To its end.
    Open(Opened),
    /// The password was right; [`complete`] wants a code.
    CodeNeeded(Pending),
}

/// A sign-in that waits for its code. Its token is no session's: [`authenticate`] refuses it.
pub struct Pending {
    /// What [`complete`] takes, within [`PENDING_LIVES`].
    pub token: Secret,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Who has proved who they are, with everything that it takes, or with the password alone.
pub(super) enum Shown {
    /// Everything.
    Whole(Whole),
    /// The password; a code is missing.
    CodeMissing(Proven),
}

/// A user who has proved who they are with everything that it takes, on the way into a job.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) proven: Proven,
    passed: Option<Passed>,
}

/// Signs in, or takes the first of two steps.
pub async fn create(app: &App, ctx: &Ctx, input: SignIn) -> Result<Done<Step>, OpError> {
    let code_needed = async |proven| Ok(wait_for_code(app, ctx, proven).await?.map(Step::CodeNeeded));
    sign_in(app, ctx, input, code_needed, Step::Open).await
}

/// Signs in for a client that has only one step: where a code is needed and missing, it is told to send one.
pub async fn create_at_once(app: &App, ctx: &Ctx, input: SignIn) -> Result<Done<Opened>, OpError> {
    sign_in(app, ctx, input, async |proven| Err(proven.lacks_code(app).await?), |opened| opened).await
}

/// Takes the second step: with a code of the second factor or a recovery code. The session has a token of its own, and
/// the sign-in ends: nobody who knows its token has gained anything.
pub async fn complete(app: &App, ctx: &Ctx, pending: &str, code: Secret) -> Result<Done<Opened>, OpError> {
    let operation = &operations::SESSIONS_CREATE;
    let found = find_pending(app, pending, ctx.at()).await?;
    let target = found.as_ref().map(|pending| pending.user.to_string());
    recorded(app, ctx, operation, target, async {
        let pending = found.ok_or_else(ended)?;
        let passed = second_factor::prove(app, ctx, pending.user, &code).await?;
        let user = app.store.read().await?.user(pending.user).await?.ok_or_else(ended)?;
        open(app, ctx, user, async move |tx| {
            // Gone also when the password was changed, or the second factor taken away.
            if !tx.end_sign_in(&pending.public_id).await? {
                return Err(ended());
            }
            passed.settle(tx).await?;
            Ok(Map::from_iter([("second_factor".to_owned(), passed.as_str().into())]))
        })
        .await
    })
    .await
}

/// Lets a signed-in user prove anew who they are. The session that results is fresh and takes the place of the asking
/// one, whose token is refused from then on.
pub async fn again(app: &App, ctx: &Ctx, password: Secret, code: Option<Secret>) -> Result<Done<Opened>, OpError> {
    let operation = &operations::SESSIONS_CREATE;
    let asking = *signed_in(ctx)?;
    recorded(app, ctx, operation, Some(asking.user.to_string()), async {
        let known = app.store.read().await?.user(asking.user).await?.ok_or_else(ended)?;
        let email = known.email.clone();
        let proving = prove_whole(app, ctx, &email, Some(known), password, code);
        let whole = Box::pin(proving).await.map_err(not_their_password)?;
        let whole = match whole {
            Shown::Whole(whole) => whole,
            Shown::CodeMissing(proven) => return Err(proven.lacks_code(app).await?),
        };
        let now = ctx.at();
        open(app, ctx, whole.proven.user.clone(), async move |tx| {
            must_be_open(tx, &asking).await?;
            let mut details = whole.settle(tx).await.map_err(not_their_password)?;
            tx.end_session(asking.session, now).await?;
            details.insert("replaces".to_owned(), asking.session.to_string().into());
            Ok(details)
        })
        .await
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

/// Lets `known`, the user with this address, prove with their password who they are. Who does not exist is answered as
/// late as who does.
pub(super) async fn prove(
    app: &App,
    ctx: &Ctx,
    email: &str,
    known: Option<User>,
    password: Secret,
) -> Result<Proven, OpError> {
    let attempt = attempts::begin(app, ctx, Guess::Password(email)).await?;
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
    /// The refusal of a proof that lacks its code. The password was right, so no wrong one is counted.
    pub(super) async fn lacks_code(&self, app: &App) -> Result<OpError, OpError> {
        self.attempt.forgiven(app).await?;
        Ok(second_factor::required())
    }

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

/// Lets `known` prove who they are with everything that their sign-in needs.
pub(super) async fn prove_whole(
    app: &App,
    ctx: &Ctx,
    email: &str,
    known: Option<User>,
    password: Secret,
    code: Option<Secret>,
) -> Result<Shown, OpError> {
    let proven = prove(app, ctx, email, known, password).await?;
    if !second_factor::is_needed(&mut app.store.read().await?, proven.user.id).await? {
        return Ok(Shown::Whole(Whole { proven, passed: None }));
    }
    let Some(code) = code else { return Ok(Shown::CodeMissing(proven)) };
    // What fails from here on is no wrong password.
    proven.attempt.forgiven(app).await?;
    let passed = second_factor::prove(app, ctx, proven.user.id, &code).await?;
    Ok(Shown::Whole(Whole { proven, passed: Some(passed) }))
}

impl Whole {
    /// Inside the job that acts on the proof: refuses when it does not suffice any more, and says what the audit log
    /// keeps of it.
    pub(super) async fn settle(&self, writer: &mut Writer) -> Result<Map<String, Value>, OpError> {
        self.proven.settle(writer).await?;
        let mut details = Map::new();
        match &self.passed {
            Some(passed) => {
                passed.settle(writer).await?;
                details.insert("second_factor".to_owned(), passed.as_str().into());
            }
            // Confirmed meanwhile.
            None if second_factor::is_needed(writer, self.proven.user.id).await? => {
                return Err(second_factor::required());
            }
            None => {}
        }
        Ok(details)
    }
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

/// The shape of a first step: the password, and the code if there is one; `missing` says what happens without.
async fn sign_in<T>(
    app: &App,
    ctx: &Ctx,
    input: SignIn,
    missing: impl AsyncFnOnce(Proven) -> Result<Done<T>, OpError>,
    opened: impl FnOnce(Opened) -> T,
) -> Result<Done<T>, OpError> {
    let email = users::folded(&input.email);
    let known = app.store.read().await?.user_by_email(&email).await?;
    let target = known.as_ref().map(|user| user.id.to_string());
    recorded(app, ctx, &operations::SESSIONS_CREATE, target, async {
        match Box::pin(prove_whole(app, ctx, &email, known, input.password, input.code)).await? {
            Shown::CodeMissing(proven) => missing(proven).await,
            Shown::Whole(whole) => {
                let user = whole.proven.user.clone();
                Ok(open(app, ctx, user, async move |tx| whole.settle(tx).await).await?.map(opened))
            }
        }
    })
    .await
}

/// Opens a session for a user in whose favour `settle`, in the same job, has the last word. It says what the audit log
/// keeps besides.
async fn open<S>(app: &App, ctx: &Ctx, user: User, settle: S) -> Result<Done<Opened>, OpError>
where
    S: AsyncFn(&mut Tx) -> Result<Map<String, Value>, OpError> + Send + 'static,
{
    let token = Sort::Session.mint(app)?;
    let now = ctx.at();
    let session = SessionRecord {
        id: SessionId::new(now, &mut app.entropy()),
        user: user.id,
        public_id: token.public_id,
        digest: token.digest,
        created_at: now,
        signed_in_at: now,
        last_seen_at: now,
        expires_at: now.plus(app.config.sessions.absolute),
        ended_at: None,
        source: ctx.source,
        user_agent: ctx.user_agent.clone(),
    };
    let limits = app.config.sessions.clone();
    let opening = change_deployment(app, ctx, &operations::SESSIONS_CREATE, async move |tx| {
        let details = settle(tx).await?;
        make_room(tx, &session, &limits, now).await?;
        tx.put_session(&session).await?;
        let outcome = Outcomes::new(session.clone(), session.user).detail("session", session.id.to_string());
        Ok(details.into_iter().fold(outcome, |outcome, (key, value)| outcome.detail(&key, value)))
    });
    let done = Box::pin(opening).await?;
    Ok(done.map(|session| Opened { session, user, token: token.text }))
}

/// Keeps a sign-in whose password was right until its code comes.
async fn wait_for_code(app: &App, ctx: &Ctx, proven: Proven) -> Result<Done<Pending>, OpError> {
    let token = Sort::SignIn.mint(app)?;
    let now = ctx.at();
    let expires_at = now.plus(PENDING_LIVES);
    let pending = PendingSignIn {
        public_id: token.public_id,
        user: proven.user.id,
        digest: token.digest,
        created_at: now,
        expires_at,
    };
    let waiting = change_deployment(app, ctx, &operations::SESSIONS_CREATE, async move |tx| {
        proven.settle(tx).await?;
        tx.purge_sign_ins(now).await?;
        tx.put_sign_in(&pending).await?;
        Ok(Outcomes::new((), pending.user).detail("second_factor", "missing"))
    });
    let done = Box::pin(waiting).await?;
    Ok(done.map(|()| Pending { token: token.text, expires_at }))
}

/// The sign-in that this token goes on with, while it waits.
async fn find_pending(app: &App, token: &str, now: Timestamp) -> Result<Option<PendingSignIn>, StoreError> {
    let Some(public_id) = Sort::SignIn.public_id(token) else { return Ok(None) };
    let found = app.store.read().await?.sign_in_by_public_id(public_id).await?;
    Ok(found.filter(|pending| now < pending.expires_at && Sort::SignIn.confirms(&app.ring(), &pending.digest, token)))
}

/// The answer to a wrong password of somebody who stays signed in: not what a failed sign-in is answered.
fn not_their_password(error: OpError) -> OpError {
    match error.code {
        ErrorCode::SignInFailed => {
            OpError::field(ErrorCode::WrongPassword, "/password", ErrorCode::WrongPassword.sentence())
        }
        _ => error,
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
