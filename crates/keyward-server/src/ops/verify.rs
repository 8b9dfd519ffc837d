//! May this credential do that, there? Asked by services that hold `credentials:verify`.

use std::net::IpAddr;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::limits::AT_LEAST_WAIT_MS;
use keyward_api::operations::Operation;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::change::Revision;
use keyward_core::credential::CallerId;
use keyward_core::decision::{By, Denial, Presented, Purpose, Reason, Request};
use keyward_core::id::{AuditId, CredentialId, OrganizationId};
use keyward_core::mint;
use keyward_core::namespace::NamespaceId;
use keyward_core::secret::Secret;
use keyward_store::{Scope, StoreError, Tx};
use keyward_verify::{Decision, Explanation, Identity, Now, Permit, Recorded, Subject, Unsettled};

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::telemetry::metrics::DECISIONS;

/// What is judged.
pub enum Judged {
    /// One string that was presented.
    Token(Secret),
    /// An id and a secret that were presented.
    Pair(String, Secret),
    /// A credential that was not presented; only to explain.
    Unpresented(CredentialId),
}

/// How it travelled, as the service saw it; owned, because it comes out of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travelled {
    /// The service vouches for the carrier.
    Vouched,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// One header; lower-case name.
    Header(String),
    /// Two headers; lower-case names.
    Headers(String, String),
    /// Two parameters.
    Form(String, String),
    /// `Authorization:` with another scheme.
    TokenScheme(String),
}

/// One question.
pub struct Question {
    /// What is judged.
    pub judged: Judged,
    /// How it travelled.
    pub travelled: Travelled,
    /// The permission needed.
    pub permission: Option<String>,
    /// Where.
    pub namespace: Option<NamespaceId>,
    /// The API groups of the request.
    pub groups: Vec<String>,
    /// The client's address.
    pub source: Option<IpAddr>,
    /// Whether the request came over https.
    pub secure: bool,
    /// Whether every check is wanted; then nothing is used up.
    pub explain: bool,
}

/// One answer.
pub struct Answered {
    /// The refusal, if it is one.
    pub denial: Option<Denial>,
    /// The credential, where its secret was right or it was named by id.
    pub identity: Option<Known>,
    /// Every check, where that was asked for.
    pub explanation: Option<Explanation>,
    /// The revision at which this was true.
    pub revision: Revision,
}

/// What the asking service may know of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The credential.
    pub credential: CredentialId,
    /// The slot that was presented, if one was.
    pub slot: Option<u32>,
}

/// Whether the caller may ask, and for which organization.
pub fn admit(app: &App, ctx: &Ctx, operation: &Operation) -> Result<OrganizationId, OpError> {
    authority::admit(ctx, operation)?;
    let organization = authority::organization(app, ctx)?;
    authority::door(app, ctx, operation, organization.into())?;
    Ok(organization)
}

/// Waits until the index has a revision, at most a second.
pub async fn at_least(app: &App, revision: Option<u64>) -> Result<(), OpError> {
    let Some(wanted) = revision.map(Revision) else { return Ok(()) };
    let mut applied = app.store.applied();
    let reached = applied.wait_for(|now| *now >= wanted);
    match tokio::time::timeout(Duration::from_millis(AT_LEAST_WAIT_MS), reached).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(OpError::wait(
            ErrorCode::RevisionNotReached,
            format!("this node is at revision {}, not yet at {wanted}: retry", app.index.revision()),
            Duration::from_secs(1),
        )),
    }
}

/// Answers one question for `organization`: a credential of another one is unknown.
pub async fn answer(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    question: &Question,
) -> Result<Answered, OpError> {
    let groups: Vec<&str> = question.groups.iter().map(String::as_str).collect();
    let request = Request {
        permission: question.permission.as_deref(),
        namespace: question.namespace,
        groups: &groups,
        source: question.source,
        secure: question.secure,
        purpose: Purpose::Direct,
    };
    if question.explain {
        return Ok(explained(app, ctx, organization, question, &request));
    }
    let Some(presented) = question.presented() else {
        return Err(OpError::field(
            ErrorCode::InvalidValue,
            "/credential_id",
            "a credential that was not presented can only be explained: set `explain`, or send the credential",
        ));
    };
    // Both at one revision: a refusal says whose credential it was only if that is true of the same facts.
    let (decision, explanation) = {
        let index = app.index.snapshot();
        let decision = counted(index.decide(&presented, &request, ctx.now));
        let refused = matches!(decision, Decision::Deny(_));
        (decision, refused.then(|| index.explain(Subject::Presented(presented), &request, ctx.now)))
    };
    let denial = match decision {
        Decision::Allow(permit) => {
            let settled = permit.settle();
            let about = settled.as_ref().unwrap_or_else(|unsettled| unsettled.to_record());
            if about.organization != organization {
                return Ok(unknown(about.revision));
            }
            let identity = used(app, settled, ctx).await?;
            renew_digest(app, &identity, &presented, ctx);
            let known = Known { credential: identity.credential, slot: Some(identity.slot) };
            return Ok(Answered {
                denial: None,
                identity: Some(known),
                explanation: None,
                revision: identity.revision,
            });
        }
        Decision::Deny(denial) => denial,
    };
    let Some(explanation) = explanation else { return Ok(unknown(app.index.revision())) };
    let secret_was_right =
        !matches!(denial.reason, Reason::Malformed | Reason::Unknown | Reason::Stale | Reason::InsecureTransport);
    Ok(match explanation.found {
        // Another organization's: as unknown as one that does not exist.
        Some((of, _)) if of != organization => unknown(explanation.revision),
        found => Answered {
            denial: Some(denial),
            identity: found.filter(|_| secret_was_right).map(|(_, credential)| Known { credential, slot: None }),
            explanation: None,
            revision: explanation.revision,
        },
    })
}

/// Decides, and counts the decision by its reason.
pub fn decide(app: &App, presented: &Presented<'_>, request: &Request<'_>, now: Now) -> Decision {
    counted(app.index.decide(presented, request, now))
}

fn counted(decision: Decision) -> Decision {
    let reason = match &decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(denial) => denial.reason.code(),
    };
    DECISIONS.counter(&[reason]).increment(1);
    decision
}

/// Turns a permit for what was presented into the identity that it is about, after recording the use where its kind
/// asks for that.
pub async fn settle(app: &App, permit: Permit, presented: &Presented<'_>, ctx: &Ctx) -> Result<Identity, OpError> {
    let identity = used(app, permit.settle(), ctx).await?;
    renew_digest(app, &identity, presented, ctx);
    Ok(identity)
}

/// Moves the digest of a secret that was just used to the key ring's current pepper, beside the answer: when that
/// fails, the next use tries again.
fn renew_digest(app: &App, identity: &Identity, presented: &Presented<'_>, ctx: &Ctx) {
    let ring = app.ring();
    if identity.pepper == ring.current_version() {
        return;
    }
    let Some(old) = ring.pepper(identity.pepper) else { return };
    let (from, to) = (mint::digest_of(presented, old), mint::digest_of(presented, ring.current_pepper()));
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

async fn used(app: &App, settled: Result<Identity, Unsettled>, ctx: &Ctx) -> Result<Identity, OpError> {
    let identity = match settled {
        Ok(identity) => identity,
        Err(unsettled) => {
            record_use(app, ctx, unsettled.to_record()).await?;
            unsettled.recorded(Recorded::after_commit())
        }
    };
    app.usage.record(identity.credential, identity.slot, ctx.at(), true);
    Ok(identity)
}

/// Puts a use into the audit log, for kinds whose uses are recorded before they are answered: no record, no answer.
async fn record_use(app: &App, ctx: &Ctx, identity: &Identity) -> Result<(), OpError> {
    let entry = AuditEntry {
        id: AuditId::new(ctx.at(), &mut app.entropy()),
        at: ctx.at(),
        operation: "credentials.use".to_owned(),
        caller: CallerId::Credential(identity.credential),
        target: Some(identity.credential.to_string()),
        outcome: Outcome::Done,
        details: serde_json::Map::from_iter([("public_id".to_owned(), identity.public_id.as_str().into())]),
        request: Some(ctx.request),
        source: ctx.source,
    };
    Ok(app.store.record(Scope::Organization(identity.organization), entry).await?)
}

impl Question {
    fn presented(&self) -> Option<Presented<'_>> {
        let by = match &self.travelled {
            Travelled::Vouched => By::Vouched,
            Travelled::Bearer => By::Bearer,
            Travelled::Basic => By::Basic,
            Travelled::Header(name) => By::Header(name),
            Travelled::Headers(id, secret) => By::Headers(id, secret),
            Travelled::Form(id, secret) => By::Form(id, secret),
            Travelled::TokenScheme(name) => By::TokenScheme(name),
        };
        match &self.judged {
            Judged::Token(token) => Some(Presented::Token { token: token.expose(), by }),
            Judged::Pair(id, secret) => Some(Presented::Pair { id, secret: secret.expose(), by }),
            Judged::Unpresented(_) => None,
        }
    }
}

fn explained(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    question: &Question,
    request: &Request<'_>,
) -> Answered {
    let subject = match (&question.judged, question.presented()) {
        (Judged::Unpresented(id), _) => Subject::Credential(*id),
        (_, Some(presented)) => Subject::Presented(presented),
        // Not reached: what was presented can be presented.
        (_, None) => return unknown(app.index.revision()),
    };
    let explanation = app.index.explain(subject, request, ctx.now);
    match explanation.found {
        Some((of, _)) if of != organization => unknown(explanation.revision),
        found => Answered {
            denial: explanation.denial,
            identity: found.map(|(_, credential)| Known { credential, slot: None }),
            revision: explanation.revision,
            explanation: Some(explanation),
        },
    }
}

fn unknown(revision: Revision) -> Answered {
    Answered { denial: Some(Reason::Unknown.into()), identity: None, explanation: None, revision }
}
