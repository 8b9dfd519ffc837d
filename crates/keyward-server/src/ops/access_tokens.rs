//! Access tokens: a credential is exchanged for a sealed statement about it (OAuth 2.0 client credentials, RFC 6749
//! section 4.4, and its vendors' forms). Nothing is stored; what kills a token is the credential's generation.

use keyward_api::error::ErrorCode;
use keyward_core::access_token::{self, Asked, Exchanged, GrantError, Scope};
use keyward_core::decision::{Denial, Purpose, Reason, Request};
use keyward_core::id::OrganizationId;
use keyward_core::kind::KindId;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::{PatternSet, Rights};
use keyward_core::rights;
use keyward_core::role::Holder;
use keyward_core::secret::Secret;
use keyward_verify::Identity;

use crate::app::App;
use crate::ops::admission::{self, Refused};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::presented::Carried;

/// A token for its bearer.
pub struct Issued {
    /// The text.
    pub token: Secret,
    /// How long it lives, in whole seconds.
    pub expires_in: u64,
    /// What it was narrowed to.
    pub scope: Scope,
    /// Whose it is.
    pub identity: Identity,
}

/// Why no token is issued.
#[derive(Debug)]
pub enum NotIssued {
    /// The credential is refused.
    Denied(Denial),
    /// The credential is good, what was asked for is not.
    Grant(GrantError),
    /// It could not be recorded or sealed.
    Failed(OpError),
}

/// Where an exchange is made: what a credential must be to be exchanged there. Anything else is unknown there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The dialect of the profile of its kind.
    pub dialect: Option<&'a str>,
    /// Its organization.
    pub organization: Option<OrganizationId>,
    /// The namespace where it lives.
    pub namespace: Option<NamespaceId>,
}

/// Exchanges what was presented for an access token.
pub async fn issue(
    app: &App,
    ctx: &Ctx,
    carried: &Carried,
    place: Place<'_>,
    asked: Asked<'_>,
) -> Result<Issued, NotIssued> {
    let request = Request {
        permission: None,
        namespace: None,
        groups: &[],
        source: ctx.source,
        secure: ctx.secure,
        purpose: Purpose::Exchange,
    };
    let yes = match admission::judge(app, ctx, carried, &request) {
        Ok(yes) => yes,
        Err(no) => return Err(admission::conclude(app, ctx, no).await.into()),
    };
    let about = yes.as_ref().unwrap_or_else(|unsettled| unsettled.to_record());
    if !place.admits(app, about) {
        return Err(Refused::from(Reason::Unknown).into());
    }
    let token = granted(app, ctx, about, asked)?;
    let identity = admission::settle(app, ctx, carried, yes).await?;
    let sealed = token.seal(&app.ring(), &mut app.entropy());
    let text = sealed.map_err(|e| NotIssued::Failed(OpError::new(ErrorCode::Internal, e.to_string())))?;
    Ok(Issued { token: text, expires_in: token.expires_in(ctx.at()), scope: token.scope, identity })
}

/// The one credential of a kind in an organization, by the public id that its clients do not know.
pub fn only_public_id(app: &App, organization: OrganizationId, kind: &KindId) -> Option<String> {
    let index = app.index.snapshot();
    index.only_credential(organization, kind).map(|view| view.public_id().to_owned())
}

fn granted(
    app: &App,
    ctx: &Ctx,
    identity: &Identity,
    asked: Asked<'_>,
) -> Result<access_token::AccessToken, NotIssued> {
    let index = app.index.snapshot();
    let (Some(view), Some(world)) = (index.credential(identity.credential), index.organization(identity.organization))
    else {
        return Err(Refused::from(Reason::Unknown).into());
    };
    let holding = view.holding();
    let places = || {
        let own = [identity.namespace, identity.organization.into()];
        own.into_iter().chain(world.held(Holder::Credential(identity.credential)).map(|(_, namespace)| namespace))
    };
    // A pattern of the scope must be held somewhere; where, is judged whenever the token is used.
    let holds = |patterns: &PatternSet| {
        patterns.iter().all(|pattern| {
            let asked = Rights::of([pattern.clone()].into_iter().collect());
            places().any(|at| asked.within(&rights::credential_rights(&world, &holding, at)))
        })
    };
    let exchanged = Exchanged {
        credential: view.id(),
        kind: holding.kind,
        generation: identity.generation,
        // Neither beyond the credential nor beyond the secret that was exchanged, should that be in its grace.
        expires_at: [view.expires_at(), identity.slot_ends_at].into_iter().flatten().min(),
    };
    access_token::grant(exchanged, asked, holds, ctx.at()).map_err(NotIssued::Grant)
}

impl Place<'_> {
    fn admits(&self, app: &App, identity: &Identity) -> bool {
        let speaks = |wanted: &str| {
            let profile = identity.kind.as_str().split('/').next().unwrap_or_default();
            app.index.snapshot().profile(profile).is_some_and(|profile| profile.surface.dialect == wanted)
        };
        self.dialect.is_none_or(speaks)
            && self.organization.is_none_or(|wanted| identity.organization == wanted)
            && self.namespace.is_none_or(|wanted| identity.namespace == wanted)
    }
}

impl From<Refused> for NotIssued {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(denial) => NotIssued::Denied(denial),
            Refused::Failed(error) => NotIssued::Failed(error),
        }
    }
}
