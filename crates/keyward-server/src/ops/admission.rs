//! From what a request carried to who it is: decided on the index, and recorded before it is answered where its kind or
//! the nonce of a signed request asks for that. Every surface that lets somebody in goes through here.

#[cfg(test)]
mod tests;

use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::CallerId;
use keyward_core::decision::{Denial, Reason, Request};
use keyward_core::id::{AuditId, CredentialId, OrganizationId};
use keyward_core::mint;
use keyward_core::time::Timestamp;
use keyward_store::{Scope, StoreError, Tx, UseRecorded, UsedNonce, Writer};
use keyward_verify::{Decision, Identity, Owed, Recorded, Subject, Unsettled};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::presented::Carried;
use crate::telemetry::metrics::DECISIONS;

/// Why nobody is let in.
#[derive(Debug)]
pub enum Refused {
    /// The decision is no.
    Denied(Denial),
    /// It would have been yes, and could not be recorded.
    Failed(OpError),
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Refused::Denied(reason.into())
    }
}

impl From<OpError> for Refused {
    fn from(error: OpError) -> Self {
        Refused::Failed(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Failed(error.into())
    }
}

/// Who the request is from, if what it carried may do what is requested.
pub async fn admit(app: &App, ctx: &Ctx, carried: &Carried, request: &Request<'_>) -> Result<Identity, Refused> {
    match judge(app, ctx, carried, request) {
        Ok(yes) => settle(app, ctx, carried, yes).await,
        Err(no) => Err(conclude(app, ctx, no).await),
    }
}

/// A yes, perhaps with something to be stored before it is answered.
pub type Yes = Result<Identity, Unsettled>;

/// A no.
#[derive(Debug)]
pub struct No {
    /// Why.
    pub denial: Denial,
    /// Whose it was, where its secret was right.
    pub about: Option<About>,
}

/// A credential whose use was refused.
#[derive(Clone, Debug)]
pub struct About {
    /// Its organization.
    pub organization: OrganizationId,
    /// Which one.
    pub credential: CredentialId,
    public_id: String,
    log_use: bool,
}

/// Decides, and counts the decision by its reason. Nothing is stored yet.
pub fn judge(app: &App, ctx: &Ctx, carried: &Carried, request: &Request<'_>) -> Result<Yes, No> {
    carried.present(|presented| {
        // Both at one revision: a refusal says whose credential it was only if that is true of the same facts.
        let index = app.index.snapshot();
        let decision = index.decide(presented, request, ctx.now);
        let reason = match &decision {
            Decision::Allow(_) => "allow",
            Decision::Deny(denial) => denial.reason.code(),
        };
        DECISIONS.counter(&[reason]).increment(1);
        match decision {
            Decision::Allow(permit) => Ok(permit.settle()),
            Decision::Deny(denial) => {
                // Until the secret is known to be right, nobody is told of, and junk costs nothing more.
                let found = was_recognised(denial.reason)
                    .then(|| index.explain(Subject::Presented(*presented), request, ctx.now).found)
                    .flatten();
                let about = found.and_then(|(organization, credential)| {
                    let view = index.credential(credential)?;
                    let (public_id, log_use) = (view.public_id().to_owned(), view.kind().log_use);
                    Some(About { organization, credential, public_id, log_use })
                });
                Err(No { denial, about })
            }
        }
    })
}

/// Stores what a yes owes; then it is an answer.
pub async fn settle(app: &App, ctx: &Ctx, carried: &Carried, yes: Yes) -> Result<Identity, Refused> {
    let identity = match yes {
        Ok(identity) => identity,
        Err(unsettled) => {
            pay(app, ctx, unsettled.to_record(), unsettled.owed()).await?;
            unsettled.recorded(Recorded::after_commit())
        }
    };
    app.usage.record(identity.credential, identity.slot, ctx.at(), true);
    renew_digest(app, &identity, carried, ctx);
    Ok(identity)
}

/// Counts a refused use, and records it where the kind records uses; then it is an answer.
pub async fn conclude(app: &App, ctx: &Ctx, no: No) -> Refused {
    if let Some(about) = &no.about {
        // What was refused was no use of any of its secrets: it counts for the credential alone.
        app.usage.record(about.credential, 0, ctx.at(), false);
    }
    if let Some(about) = no.about.filter(|about| about.log_use) {
        let outcome = Outcome::Refused(no.denial.reason.code().to_owned());
        let recorded = async {
            let entry = use_of(app, ctx, about.organization, about.credential, &about.public_id, outcome).await?;
            app.store.record_use(Scope::Organization(about.organization), Some(entry), None).await
        };
        if let Err(error) = recorded.await {
            return error.into();
        }
    }
    Refused::Denied(no.denial)
}

/// Forgets the nonces that nobody asks for any more; how many there were.
pub async fn purge(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    app.store.side_write(async move |writer: &mut Writer| writer.purge_nonces(now).await).await
}

/// Whether a refusal for this reason says that the secret, token or signature was right.
pub const fn was_recognised(reason: Reason) -> bool {
    !matches!(reason, Reason::Malformed | Reason::Unknown | Reason::Stale | Reason::InsecureTransport)
}

async fn pay(app: &App, ctx: &Ctx, identity: &Identity, owed: Owed) -> Result<(), Refused> {
    let entry = if owed.log_use {
        let Identity { organization, credential, public_id, .. } = identity;
        Some(use_of(app, ctx, *organization, *credential, public_id.as_str(), Outcome::Done).await?)
    } else {
        None
    };
    let nonce =
        owed.nonce.map(|nonce| UsedNonce { credential: identity.credential, digest: nonce.digest, until: nonce.until });
    match app.store.record_use(Scope::Organization(identity.organization), entry, nonce).await? {
        UseRecorded::First => Ok(()),
        UseRecorded::Replayed => Err(Reason::Replayed.into()),
    }
}

/// A use as the audit log keeps it: with the public id, and the name that the credential had then.
async fn use_of(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    credential: CredentialId,
    public_id: &str,
    outcome: Outcome,
) -> Result<AuditEntry, StoreError> {
    let name = app.store.read().await?.credential(organization, credential).await?.map(|record| record.name);
    let details = [("public_id", Some(public_id.to_owned())), ("name", name.map(|name| name.to_string()))];
    let details = details.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
    Ok(AuditEntry {
        id: AuditId::new(ctx.at(), &mut app.entropy()),
        at: ctx.at(),
        operation: "credentials.use".to_owned(),
        caller: CallerId::Credential(credential),
        target: Some(credential.to_string()),
        outcome,
        details: details.collect(),
        request: Some(ctx.request),
        source: ctx.source,
    })
}

/// Moves the digest of a secret that was just used to the key ring's current pepper, beside the answer: when that
/// fails, the next use tries again.
fn renew_digest(app: &App, identity: &Identity, carried: &Carried, ctx: &Ctx) {
    let ring = app.ring();
    if identity.pepper == ring.current_version() {
        return;
    }
    let Some(old) = ring.pepper(identity.pepper) else { return };
    let digests = carried
        .present(|presented| mint::digest_of(presented, old).zip(mint::digest_of(presented, ring.current_pepper())));
    let Some((from, to)) = digests else { return };
    let (store, credential, slot) = (app.store.clone(), identity.credential, identity.slot);
    let scope = Scope::Organization(identity.organization);
    let entry = AuditEntry {
        id: AuditId::new(ctx.at(), &mut app.entropy()),
        at: ctx.at(),
        operation: "credentials.renew_digest".to_owned(),
        caller: CallerId::System,
        target: Some(credential.to_string()),
        outcome: Outcome::Done,
        details: serde_json::Map::from_iter([("pepper".to_owned(), to.pepper.number().into())]),
        request: Some(ctx.request),
        source: None,
    };
    tokio::spawn(async move {
        let moved = store.write(scope, async move |tx: &mut Tx| {
            tx.move_digest(credential, slot, &from, &to).await?;
            Ok::<_, StoreError>(((), entry.clone()))
        });
        if let Err(error) = moved.await {
            tracing::warn!(%error, credential = %credential, "a digest could not be moved to the current pepper");
        }
    });
}
