//! `POST /v1/verify`.

use std::sync::Arc;

use axum::extract::{Request, State};
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::values::Open;
use keyward_api::verify as wire;
use keyward_api::{json, limits, operations};
use keyward_core::id::OrganizationId;
use keyward_core::permission::Permission;
use keyward_verify::Outcome;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::presented::{Carried, Travelled};
use crate::ops::verify::{self, Answered, Judged, Question};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::{body, is_json};

/// Say whether a presented credential may do something.
#[utoipa::path(post, path = "/v1/verify", operation_id = "credentials.verify", tag = "verify", request_body = wire::VerifyBody,
    responses((status = 200, body = wire::VerifyAnswers), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    request: Request,
) -> Result<Answer<wire::VerifyAnswers>, Problematic> {
    is_json(request.headers())?;
    let organization = verify::admit(&app, &ctx, &operations::CREDENTIALS_VERIFY)?;
    let asked: wire::VerifyBody = json::from_json(&body(request, limits::MAX_VERIFY_BODY_BYTES).await?)?;
    let answers = match asked {
        wire::VerifyBody::One(one) => {
            wire::VerifyAnswers::One(Box::new(answer(&app, &ctx, organization, *one, "").await?))
        }
        wire::VerifyBody::Batch(many) if many.is_empty() || many.len() > limits::MAX_VERIFY_BATCH => {
            let detail = format!("a batch holds 1 to {} requests, not {}", limits::MAX_VERIFY_BATCH, many.len());
            return Err(Problem::new(ErrorCode::BatchTooLarge).with_detail(detail).into());
        }
        wire::VerifyBody::Batch(many) => {
            let mut answers = Vec::with_capacity(many.len());
            for (place, one) in many.into_iter().enumerate() {
                answers.push(answer(&app, &ctx, organization, one, &format!("/{place}")).await?);
            }
            wire::VerifyAnswers::Batch(answers)
        }
    };
    Ok(Answer::ok(answers).at(app.index.revision()))
}

async fn answer(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    asked: wire::VerifyRequest,
    place: &str,
) -> Result<wire::VerifyAnswer, Problematic> {
    verify::at_least(app, asked.at_least).await?;
    let question = question(asked, place)?;
    let answered = verify::answer(app, ctx, organization, &question).await?;
    Ok(rendered(app, answered))
}

fn question(asked: wire::VerifyRequest, place: &str) -> Result<Question, Problematic> {
    let wrong = |field: &str, message: String| -> Problematic {
        Problem::new(ErrorCode::InvalidValue).with_error(format!("{place}/{field}"), message).into()
    };
    if asked.groups.len() > limits::MAX_GROUPS_PER_REQUEST {
        return Err(wrong("groups", format!("name at most {} API groups", limits::MAX_GROUPS_PER_REQUEST)));
    }
    let travelled = match asked.carrier.as_deref() {
        None => Travelled::Vouched,
        Some(text) => carrier(text).ok_or_else(|| {
            wrong(
                "carrier",
                "write `bearer`, `basic`, `header:NAME`, `headers:ID,SECRET`, `form:ID,SECRET` or `token_scheme:NAME`"
                    .into(),
            )
        })?,
    };
    let judged = match (asked.credential, asked.id, asked.secret, asked.credential_id) {
        (Some(token), None, None, None) => Judged::Presented(Carried::Token(token.into_secret(), travelled)),
        (None, Some(id), Some(given), None) => Judged::Presented(Carried::Pair(id, given.into_secret(), travelled)),
        (None, None, None, Some(id)) if asked.explain => Judged::Unpresented(id),
        (None, None, None, Some(_)) => {
            return Err(wrong(
                "credential_id",
                "it needs `explain`: without the secret nothing can be verified".into(),
            ));
        }
        _ => {
            let message = "give exactly one of `credential`, `id` with `secret`, and `credential_id`";
            return Err(wrong("credential", message.into()));
        }
    };
    Ok(Question {
        judged,
        permission: asked.permission.as_ref().map(Permission::to_string),
        namespace: asked.namespace,
        groups: asked.groups,
        source: asked.source,
        secure: asked.secure.unwrap_or(true),
        explain: asked.explain,
    })
}

/// How a credential travelled, as the caller writes it.
pub(super) fn carrier(text: &str) -> Option<Travelled> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let lower = rest.to_ascii_lowercase();
    let two = |s: &str| s.split_once(',').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
    Some(match (name, rest.is_empty()) {
        ("bearer", true) => Travelled::Bearer,
        ("basic", true) => Travelled::Basic,
        ("header", false) => Travelled::Header(lower),
        ("headers", false) => two(&lower).map(|(id, secret)| Travelled::Headers(id, secret))?,
        ("form", false) => two(rest).map(|(id, secret)| Travelled::Form(id, secret))?,
        ("token_scheme", false) => Travelled::TokenScheme(rest.to_owned()),
        _ => return None,
    })
}

/// The answer as it goes over the wire.
pub(super) fn rendered(app: &App, answered: Answered) -> wire::VerifyAnswer {
    let index = app.index.snapshot();
    let credential = answered.identity.and_then(|known| {
        let view = index.credential(known.credential)?;
        Some(wire::VerifiedCredential {
            id: view.id(),
            public_id: view.public_id().to_owned(),
            kind: view.kind().id.clone(),
            organization: view.organization(),
            owner: view.owner(),
            namespace: view.namespace(),
            generation: view.generation(),
            slot: known.slot,
        })
    });
    let mut answer = match (answered.denial, credential) {
        (None, Some(credential)) => wire::VerifyAnswer::allowed(credential, answered.revision.0),
        (Some(denial), credential) => wire::VerifyAnswer::denied(denial, credential, answered.revision.0),
        // Revoked between the decision and now, and gone: nothing to say about it any more.
        (None, None) => {
            wire::VerifyAnswer::denied(keyward_core::decision::Reason::Unknown.into(), None, answered.revision.0)
        }
    };
    answer.explanation = answered.explanation.map(|explanation| wire::Explanation {
        checks: explanation
            .findings
            .into_iter()
            .map(|finding| wire::Checked {
                check: Open::Known(finding.check),
                outcome: match finding.outcome {
                    Outcome::Passed => wire::CheckOutcome::Passed,
                    Outcome::Failed => wire::CheckOutcome::Failed,
                    Outcome::NotReached | Outcome::NotApplicable => wire::CheckOutcome::Skipped,
                },
                fact: finding.fact,
            })
            .collect(),
    });
    answer
}
