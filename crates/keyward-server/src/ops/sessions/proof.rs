//! Proving who one is: with a password, and with a code where a second factor is on.

use keyward_api::error::ErrorCode;
use keyward_core::secret::Secret;
use keyward_core::user::User;
use keyward_store::Writer;
use serde_json::{Map, Value};

use crate::app::App;
use crate::ops::attempts::{self, Attempt, Guess};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::passwords::{Checked, salt};
use crate::ops::second_factor::{self, Passed};

/// A user who has proved who they are, on the way into a job.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Proven {
    pub(in crate::ops) user: User,
    attempt: Attempt,
    /// The hash that the password matched.
    stored: Option<String>,
    /// Its successor, where that was made with outdated parameters.
    renewed: Option<String>,
}

/// Who has proved who they are, with everything that it takes, or with the password alone.
pub(in crate::ops) enum Shown {
    /// Everything.
    Whole(Whole),
    /// The password; a code is missing.
    CodeMissing(Proven),
}

/// A user who has proved who they are with everything that it takes, on the way into a job.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Whole {
    pub(in crate::ops) proven: Proven,
    passed: Option<Passed>,
}

/// Lets `known`, the user with this address, prove with their password who they are. Who does not exist is answered as
/// late as who does.
pub(in crate::ops) async fn prove(
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
    pub(in crate::ops) async fn lacks_code(&self, app: &App) -> Result<OpError, OpError> {
        self.attempt.forgiven(app).await?;
        Ok(second_factor::required())
    }

    /// Inside the job that acts on the proof: refuses when the password was changed meanwhile, forgives what failed
    /// before, and keeps the renewed hash.
    pub(in crate::ops) async fn settle(&self, writer: &mut Writer) -> Result<(), OpError> {
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
pub(in crate::ops) async fn prove_whole(
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
    pub(in crate::ops) async fn settle(&self, writer: &mut Writer) -> Result<Map<String, Value>, OpError> {
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

fn sign_in_failed() -> OpError {
    OpError::new(ErrorCode::SignInFailed, ErrorCode::SignInFailed.sentence())
}
