//! May this credential do that, there? Asked by services that hold `credentials:verify`.

use std::net::IpAddr;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::limits::AT_LEAST_WAIT_MS;
use keyward_api::operations::Operation;
use keyward_core::change::Revision;
use keyward_core::decision::{Denial, Purpose, Reason, Request};
use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::namespace::NamespaceId;
use keyward_verify::{Explanation, Subject};

use crate::app::App;
use crate::ops::admission::{self, Refused};
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::presented::Carried;

/// What is judged.
pub enum Judged {
    /// What was presented.
    Presented(Carried),
    /// A credential that was not presented; only to explain.
    Unpresented(CredentialId),
}

/// One question.
pub struct Question {
    /// What is judged.
    pub judged: Judged,
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
    let Judged::Presented(carried) = &question.judged else {
        return Err(OpError::field(
            ErrorCode::InvalidValue,
            "/credential_id",
            "a credential that was not presented can only be explained: set `explain`, or send the credential",
        ));
    };
    match admission::judge(app, ctx, carried, &request) {
        Ok(yes) => {
            let about = yes.as_ref().unwrap_or_else(|unsettled| unsettled.to_record());
            if about.organization != organization {
                return Ok(unknown(about.revision));
            }
            match admission::settle(app, ctx, carried, yes).await {
                Ok(identity) => Ok(Answered {
                    denial: None,
                    identity: Some(Known { credential: identity.credential, slot: Some(identity.slot) }),
                    explanation: None,
                    revision: identity.revision,
                }),
                Err(refused) => Ok(denied(refused, None, app.index.revision())?),
            }
        }
        // Another organization's: as unknown as one that does not exist.
        Err(no) if no.about.as_ref().is_some_and(|about| about.organization != organization) => {
            Ok(unknown(app.index.revision()))
        }
        Err(no) => {
            let known = no.about.as_ref().map(|about| Known { credential: about.credential, slot: None });
            let revision = app.index.revision();
            denied(admission::conclude(app, ctx, no).await, known, revision)
        }
    }
}

fn denied(refused: Refused, identity: Option<Known>, revision: Revision) -> Result<Answered, OpError> {
    match refused {
        Refused::Denied(denial) => Ok(Answered { denial: Some(denial), identity, explanation: None, revision }),
        Refused::Failed(error) => Err(error),
    }
}

fn explained(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    question: &Question,
    request: &Request<'_>,
) -> Answered {
    let explain = |subject: Subject<'_>| app.index.explain(subject, request, ctx.now);
    let explanation = match &question.judged {
        Judged::Unpresented(id) => explain(Subject::Credential(*id)),
        Judged::Presented(carried) => carried.present(|presented| explain(Subject::Presented(*presented))),
    };
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

#[cfg(test)]
mod tests;
