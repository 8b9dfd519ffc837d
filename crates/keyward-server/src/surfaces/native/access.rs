//! `POST /access/v1/evaluation`: the same question in the words of AuthZEN Authorization API 1.0.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::access as wire;
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::operations;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::Permission;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::presented::{Carried, Travelled};
use crate::ops::verify::{self, Judged, Question};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::Json;
use crate::surfaces::native::verify::{carrier, rendered};

/// The same in the words of AuthZEN Authorization API 1.0.
#[utoipa::path(post, path = "/access/v1/evaluation", operation_id = "access.evaluate", tag = "verify", request_body = wire::Evaluation,
    responses((status = 200, body = wire::Evaluated), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn evaluate(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(asked): Json<wire::Evaluation>,
) -> Result<Answer<wire::Evaluated>, Problematic> {
    let organization = verify::admit(&app, &ctx, &operations::ACCESS_EVALUATE)?;
    verify::at_least(&app, asked.context.at_least).await?;
    let question = question(asked)?;
    let answer = rendered(&app, verify::answer(&app, &ctx, organization, &question).await?);
    let context = wire::EvaluatedContext {
        revision: answer.revision,
        reason: answer.reason,
        message: answer.message,
        credential: answer.credential,
        retry_after: answer.retry_after,
    };
    Ok(Answer::ok(wire::Evaluated { decision: answer.allowed, context }))
}

fn question(asked: wire::Evaluation) -> Result<Question, Problematic> {
    let wrong = |pointer: &str, message: String| -> Problematic {
        Problem::new(ErrorCode::InvalidValue).with_error(pointer, message).into()
    };
    if asked.subject.kind != "credential" {
        return Err(wrong("/subject/type", "the subject must be of type `credential`".into()));
    }
    let travelled = match asked.context.carrier.as_deref() {
        None => Travelled::Vouched,
        Some(text) => carrier(text).ok_or_else(|| wrong("/context/carrier", "this is not a carrier".into()))?,
    };
    let carried = match (asked.subject.properties.credential, asked.subject.properties.secret) {
        (Some(token), None) => Carried::Token(token.into_secret(), travelled),
        (None, Some(given)) => Carried::Pair(asked.subject.id, given.into_secret(), travelled),
        _ => {
            let message = "give exactly one of `credential` and `secret`";
            return Err(wrong("/subject/properties", message.into()));
        }
    };
    let permission: Permission = asked
        .action
        .name
        .parse()
        .map_err(|e| Problem::new(ErrorCode::InvalidPermission).with_error("/action/name", format!("{e}")))?;
    let namespace: NamespaceId = asked
        .resource
        .id
        .parse()
        .map_err(|e| Problem::new(ErrorCode::InvalidId).with_error("/resource/id", format!("{e}")))?;
    if asked.resource.kind != namespace.kind().as_str() {
        let message = format!("`{namespace}` is of type `{}`", namespace.kind().as_str());
        return Err(wrong("/resource/type", message));
    }
    Ok(Question {
        judged: Judged::Presented(carried),
        permission: Some(permission.to_string()),
        namespace: Some(namespace),
        groups: asked.context.groups,
        source: asked.context.source,
        secure: asked.context.secure.unwrap_or(true),
        explain: false,
    })
}
