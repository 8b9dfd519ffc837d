//! One's own second factor: codes of an application, and recovery codes for who lost it.
//!
//! It counts once its first code was given: until then nobody is asked for one. Wrong codes stand on the ladder of
//! [`attempts`], on their own account, so that they cannot be guessed and nobody can lock another out.

use keyward_api::error::ErrorCode;
use keyward_api::operations::{self, Operation};
use keyward_core::digest::Digest;
use keyward_core::id::UserId;
use keyward_core::seal::{Binding, Sealed};
use keyward_core::second_factor as rules;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_store::{Reader, SecondFactor, StoreError, Tx, Writer};

use crate::app::App;
use crate::ops::attempts::{self, Attempt, Guess};
use crate::ops::authority;
use crate::ops::context::{Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::sessions;

/// Whether a user has a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Since when sign-ins need its codes; `None`: they do not.
    pub confirmed_at: Option<Timestamp>,
    /// How many recovery codes were not used.
    pub codes_left: u32,
}

/// A second factor to be taken over by an application: alive for this one answer.
pub struct Begun {
    /// The secret in base32, to be typed.
    pub secret: Secret,
    /// The same as `otpauth://totp/…`, to be shown as a QR code.
    pub uri: Secret,
}

/// A code that was right, on the way into a job.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    user: UserId,
    attempt: Attempt,
    used: Used,
}

/// Which code it was; it counts once.
#[derive(Clone, Debug)]
enum Used {
    /// That of a step of time, and what the secret is sealed as from now on.
    Step { step: u64, seen: Sealed, renewed: Option<Sealed> },
    /// A recovery code.
    Recovery(Digest),
}

/// Whether the caller has a second factor.
pub async fn status(app: &App, ctx: &Ctx) -> Result<Status, OpError> {
    authority::admit(ctx, &operations::USERS_FACTOR_GET)?;
    let user = sessions::signed_in(ctx)?.user;
    let mut reader = app.store.read().await?;
    let confirmed_at = reader.second_factor(user).await?.and_then(|factor| factor.confirmed_at);
    let codes = reader.recovery_codes(user).await?.len();
    Ok(Status { confirmed_at, codes_left: u32::try_from(codes).unwrap_or(u32::MAX) })
}

/// Makes the secret of a new second factor. What was begun before and not confirmed is void.
pub async fn begin(app: &App, ctx: &Ctx) -> Result<Done<Begun>, OpError> {
    let operation = &operations::USERS_FACTOR_BEGIN;
    let done = own(app, ctx, operation, async |signed_in| {
        let user = app.store.read().await?.user(signed_in.user).await?.ok_or_else(|| OpError::not_found("user"))?;
        let secret = rules::new_secret(&mut app.entropy());
        let factor = SecondFactor {
            user: user.id,
            sealed: sealed(app, user.id, &secret)?,
            begun_at: ctx.at(),
            confirmed_at: None,
            last_step: 0,
        };
        let done = change_deployment(app, ctx, operation, async move |tx| {
            sessions::must_be_open(tx, &signed_in).await?;
            if is_needed(tx, factor.user).await? {
                return Err(OpError::new(
                    ErrorCode::WrongState,
                    "you have a second factor: remove it before you begin with another",
                ));
            }
            tx.put_second_factor(&factor).await?;
            Ok(Outcomes::new((), factor.user))
        })
        .await?;
        let uri = rules::uri(&secret, ISSUER, &user.email);
        Ok(done.map(|()| Begun { secret, uri }))
    });
    done.await
}

/// Puts the second factor that was begun into force, with a first code of it. The recovery codes are shown this once.
pub async fn confirm(app: &App, ctx: &Ctx, code: Secret) -> Result<Done<Vec<Secret>>, OpError> {
    let operation = &operations::USERS_FACTOR_CONFIRM;
    own(app, ctx, operation, async |signed_in| {
        let user = signed_in.user;
        let begun = app.store.read().await?.second_factor(user).await?;
        let begun = begun.filter(|factor| factor.confirmed_at.is_none()).ok_or_else(not_begun)?;
        let attempt = attempts::begin(app, ctx, Guess::Code(user)).await?;
        let secret = opened(app, &begun)?;
        let Some(step) = rules::step_of(&secret, code.expose(), ctx.at(), begun.last_step) else {
            attempt.failed(app).await?;
            return Err(wrong_code());
        };
        let (codes, digests) = new_codes(app, user)?;
        let now = ctx.at();
        let done = change_deployment(app, ctx, operation, async move |tx| {
            sessions::must_be_open(tx, &signed_in).await?;
            if tx.second_factor(user).await?.as_ref() != Some(&begun) {
                return Err(not_begun());
            }
            tx.put_second_factor(&SecondFactor { confirmed_at: Some(now), last_step: step, ..begun.clone() }).await?;
            tx.put_recovery_codes(user, &digests).await?;
            attempt.succeeded(tx).await?;
            Ok(Outcomes::new((), user))
        })
        .await?;
        Ok(done.map(|()| codes))
    })
    .await
}

/// New recovery codes, shown this once; the earlier ones are void.
pub async fn renew_codes(app: &App, ctx: &Ctx) -> Result<Done<Vec<Secret>>, OpError> {
    let operation = &operations::USERS_FACTOR_RENEW;
    own(app, ctx, operation, async |signed_in| {
        let user = signed_in.user;
        let (codes, digests) = new_codes(app, user)?;
        let done = change_deployment(app, ctx, operation, async move |tx| {
            sessions::must_be_open(tx, &signed_in).await?;
            must_be_confirmed(tx, user).await?;
            tx.put_recovery_codes(user, &digests).await?;
            Ok(Outcomes::new((), user))
        })
        .await?;
        Ok(done.map(|()| codes))
    })
    .await
}

/// Takes the caller's second factor away, with its recovery codes: their password alone signs in again.
pub async fn remove(app: &App, ctx: &Ctx) -> Result<Done<()>, OpError> {
    let operation = &operations::USERS_FACTOR_REMOVE;
    own(app, ctx, operation, async |signed_in| {
        let user = signed_in.user;
        change_deployment(app, ctx, operation, async move |tx| {
            sessions::must_be_open(tx, &signed_in).await?;
            must_be_confirmed(tx, user).await?;
            tx.remove_second_factor(user).await?;
            tx.end_sign_ins_of(user).await?;
            Ok(Outcomes::new((), user))
        })
        .await
    })
    .await
}

/// Lets a user with a second factor prove it with one of its codes, or with a recovery code.
pub(super) async fn prove(app: &App, ctx: &Ctx, user: UserId, code: &Secret) -> Result<Passed, OpError> {
    let attempt = attempts::begin(app, ctx, Guess::Code(user)).await?;
    let mut reader = app.store.read().await?;
    let factor = reader.second_factor(user).await?.filter(|factor| factor.confirmed_at.is_some());
    let stored = reader.recovery_codes(user).await?;
    drop(reader);
    let factor = factor.ok_or_else(sessions::ended)?;
    let secret = opened(app, &factor)?;
    let used = match rules::step_of(&secret, code.expose(), ctx.at(), factor.last_step) {
        Some(step) => {
            // Keys that are to be retired are left behind at the next use.
            let outdated = factor.sealed.version() != app.ring().current_version();
            let renewed = if outdated { Some(sealed(app, user, &secret)?) } else { None };
            Some(Used::Step { step, seen: factor.sealed, renewed })
        }
        None => rules::matching_code(&app.ring(), &stored, user, code.expose()).map(Used::Recovery),
    };
    let Some(used) = used else {
        attempt.failed(app).await?;
        return Err(wrong_code());
    };
    Ok(Passed { user, attempt, used })
}

/// Whether sign-ins of this user need a code.
pub(super) async fn is_needed(reader: &mut Reader, user: UserId) -> Result<bool, StoreError> {
    Ok(reader.second_factor(user).await?.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// The answer to who gave no code and needs one.
pub(super) fn required() -> OpError {
    OpError::new(ErrorCode::SecondFactorRequired, ErrorCode::SecondFactorRequired.sentence())
}

impl Passed {
    /// Inside the job that acts on the proof: uses the code up, refuses one that was used meanwhile, and forgives what
    /// failed before.
    pub(super) async fn settle(&self, writer: &mut Writer) -> Result<(), OpError> {
        match &self.used {
            Used::Step { step, seen, renewed } => {
                let factor = writer.second_factor(self.user).await?;
                let factor = factor.filter(|f| f.sealed == *seen && f.last_step < *step).ok_or_else(wrong_code)?;
                let sealed = renewed.clone().unwrap_or_else(|| factor.sealed.clone());
                writer.put_second_factor(&SecondFactor { last_step: *step, sealed, ..factor }).await?;
            }
            Used::Recovery(digest) => {
                if !writer.use_recovery_code(self.user, digest).await? {
                    return Err(wrong_code());
                }
            }
        }
        Ok(self.attempt.succeeded(writer).await?)
    }

    /// What the audit log keeps of it.
    pub(super) const fn as_str(&self) -> &'static str {
        match self.used {
            Used::Step { .. } => "code",
            Used::Recovery(_) => "recovery_code",
        }
    }
}

/// The shape of every change of one's own second factor: a signed-in user with a fresh sign-in, and a record of it.
async fn own<T>(
    app: &App,
    ctx: &Ctx,
    operation: &'static Operation,
    body: impl AsyncFnOnce(SignedIn) -> Result<T, OpError>,
) -> Result<T, OpError> {
    recorded(app, ctx, operation, ctx.own_id(), async {
        authority::admit(ctx, operation)?;
        let signed_in = *sessions::signed_in(ctx)?;
        authority::fresh(ctx)?;
        body(signed_in).await
    })
    .await
}

async fn must_be_confirmed(tx: &mut Tx, user: UserId) -> Result<(), OpError> {
    if is_needed(tx, user).await? {
        Ok(())
    } else {
        Err(OpError::new(ErrorCode::WrongState, "you have no second factor: begin with one first"))
    }
}

fn new_codes(app: &App, user: UserId) -> Result<(Vec<Secret>, Vec<Digest>), OpError> {
    let ring = app.ring();
    let codes = rules::new_recovery_codes(&mut app.entropy());
    let digest = |code: &Secret| rules::recovery_digest(ring.current_pepper(), user, code.expose());
    let digests: Option<Vec<Digest>> = codes.iter().map(digest).collect();
    let digests = digests.ok_or_else(|| OpError::new(ErrorCode::Internal, "a recovery code could not be made"))?;
    Ok((codes, digests))
}

fn sealed(app: &App, user: UserId, secret: &Secret) -> Result<Sealed, OpError> {
    let sealed = app.ring().seal(Binding::SecondFactor { user }, secret, &mut app.entropy());
    sealed.map_err(|error| OpError::new(ErrorCode::Internal, error.to_string()))
}

fn opened(app: &App, factor: &SecondFactor) -> Result<Secret, OpError> {
    let opened = app.ring().open(Binding::SecondFactor { user: factor.user }, &factor.sealed);
    opened.map_err(|error| OpError::new(ErrorCode::Internal, error.to_string()))
}

fn not_begun() -> OpError {
    OpError::new(ErrorCode::WrongState, "there is no second factor to confirm: begin with one first")
}

fn wrong_code() -> OpError {
    OpError::field(ErrorCode::WrongCode, "/code", ErrorCode::WrongCode.sentence())
}

/// How applications name where the account is.
const ISSUER: &str = "Keyward";

#[cfg(test)]
mod tests;
