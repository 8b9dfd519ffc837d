//! One's own profile: what one is called, everywhere.

use keyward_api::operations;
use keyward_core::name::Name;
use keyward_core::user::User;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::ops::sessions;

/// Changes what the caller is called. Names are read where users are kept, so all lists show the new one at once.
pub async fn profile(app: &App, ctx: &Ctx, name: Name) -> Result<Done<User>, OpError> {
    let operation = &operations::USERS_PROFILE;
    recorded(app, ctx, operation, ctx.own_id(), async {
        authority::admit(ctx, operation)?;
        let signed_in = *sessions::signed_in(ctx)?;
        let now = ctx.at();
        change_deployment(app, ctx, operation, async move |tx| {
            sessions::must_be_open(tx, &signed_in).await?;
            let user = tx.user(signed_in.user).await?.ok_or_else(|| OpError::not_found("user"))?;
            let before = user.name.clone();
            let user = User { name: name.clone(), updated_at: now, ..user };
            tx.put_user(&user).await?;
            Ok(Outcomes::new(user, signed_in.user).detail("before", before.as_str()).detail("name", name.as_str()))
        })
        .await
    })
    .await
}
