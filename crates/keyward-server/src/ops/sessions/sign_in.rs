//! Signing in, in one step or two, and anew.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::id::SessionId;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::User;
use keyward_store::{PendingSignIn, StoreError, Tx, Writer};
use serde_json::{Map, Value};

use super::proof::{Proven, Shown, prove_whole};
use super::{SessionRecord, ended, is_live, must_be_open, signed_in};
use crate::app::App;
use crate::config;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::second_factor;
use crate::ops::tokens::Sort;
use crate::ops::users;

/// How long a sign-in waits for its code: long enough to find one's phone, or one's recovery codes.
const PENDING_LIVES: Duration = Duration::from_mins(10);

/// How many sessions one user has at most; one more ends the one that was not used for the longest time.
pub(super) const MAX_SESSIONS_PER_USER: usize = 100;

/// A new session and its token, alive for this one answer.
pub struct Opened {
    /// The session.
    pub session: SessionRecord,
    /// Whose it is.
    pub user: User,
    /// What the client sends from now on.
    pub token: Secret,
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
    /// What [`complete`] takes, within ten minutes.
    pub token: Secret,
    /// Until when.
    pub expires_at: Timestamp,
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
