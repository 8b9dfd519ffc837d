//! One's own password: changed by whoever knows it, and by nobody else.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::secret::Secret;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::passwords;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::second_factor;
use crate::ops::sessions::{self, SessionRecord};

/// Changes the caller's own password. `current` is proved as at a sign-in, on the same ladder of failures; so the session
/// that asks counts as freshly signed in, unless its user has a second factor. All others of the user end: whoever knew the old password is out.
pub async fn password(app: &App, ctx: &Ctx, current: Secret, new: Secret) -> Result<Done<()>, OpError> {
    let operation = &operations::USERS_PASSWORD;
    recorded(app, ctx, operation, ctx.own_id(), async {
        authority::admit(ctx, operation)?;
        let signed_in = *sessions::signed_in(ctx)?;
        let user = app.store.read().await?.user(signed_in.user).await?.ok_or_else(|| OpError::not_found("user"))?;
        let email = user.email.clone();
        // Before the proof: it tells nothing about the current one, and costs nothing.
        passwords::accept(&new, &email, user.name.as_str())
            .map_err(|refused| OpError::field(refused.code, "/new", refused.detail))?;
        let proven = sessions::prove(app, ctx, &email, Some(user), current).await.map_err(not_the_current)?;
        let hash = app.passwords.hash(new, passwords::salt(&mut app.entropy())).await?;
        let now = ctx.at();
        change_deployment(app, ctx, operation, async move |tx| {
            proven.settle(tx).await.map_err(not_the_current)?;
            tx.set_password(signed_in.user, &hash).await?;
            let asking = sessions::must_be_open(tx, &signed_in).await?;
            let ended = sessions::end_others(tx, &signed_in, now).await?;
            // A password alone is no fresh sign-in of somebody who also needs a code.
            if !second_factor::is_needed(tx, signed_in.user).await? {
                tx.put_session(&SessionRecord { signed_in_at: now, ..asking }).await?;
            }
            Ok(Outcomes::new((), signed_in.user).detail("sessions_ended", ended))
        })
        .await
    })
    .await
}

/// A proof that failed. The caller stays signed in, so this is not what a failed sign-in is answered.
fn not_the_current(error: OpError) -> OpError {
    match error.code {
        ErrorCode::SignInFailed => {
            OpError::field(ErrorCode::WrongPassword, "/current", ErrorCode::WrongPassword.sentence())
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests;
