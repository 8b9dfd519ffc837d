//! `/v1/audit`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header;
use keyward_api::audit as wire;
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::headers::NDJSON;
use keyward_api::page;

use crate::app::App;
use crate::ops::audit::{self, Export, Log};
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;
use crate::ops::{AuditFilter, Recorded};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::{Query, after_one, next, page_size};

type Result<T> = std::result::Result<T, Problematic>;

/// List what was done and refused.
#[utoipa::path(get, path = "/v1/audit", operation_id = "audit.list", tag = "audit", params(wire::ListAudit),
    responses((status = 200, body = page::Page<wire::AuditEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListAudit>,
) -> Result<Answer<page::Page<wire::AuditEntry>>> {
    let limit = page_size(query.limit)?;
    let before = after_one(query.cursor.as_deref())?;
    let found = audit::list(&app, &ctx, log(&app, &ctx, query.log), &filter(query), before, limit).await?;
    let next = next(&found, limit, |last| [last.position.to_string()]);
    let items = found.iter().map(view).collect::<std::result::Result<_, _>>()?;
    Ok(Answer::ok(page::Page { items, next }))
}

/// Export the audit log, one JSON object a line.
#[utoipa::path(get, path = "/v1/audit/export", operation_id = "audit.export", tag = "audit", params(wire::ListAudit),
    responses((status = 200, body = wire::AuditEntry, content_type = "application/x-ndjson"),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListAudit>,
) -> Result<Response> {
    for (name, given) in [("?limit", query.limit.is_some()), ("?cursor", query.cursor.is_some())] {
        if given {
            let message = "an export has no pages: leave it out";
            return Err(Problem::new(ErrorCode::InvalidValue).with_error(name, message).into());
        }
    }
    let export = audit::export(&app, &ctx, log(&app, &ctx, query.log), filter(query))?;
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(lines(export))).into_response())
}

/// Check the hash chain of the audit log.
#[utoipa::path(get, path = "/v1/audit/verification", operation_id = "audit.verify", tag = "audit", params(wire::VerifyAudit),
    responses((status = 200, body = wire::AuditVerification), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::VerifyAudit>,
) -> Result<Answer<wire::AuditVerification>> {
    let found = audit::verify(&app, &ctx, log(&app, &ctx, query.log), Vec::new()).await?;
    Ok(Answer::ok(wire::AuditVerification {
        intact: found.fault.is_none(),
        entries: found.entries,
        checkpoints: found.checkpoints,
        head: found.head.map(|head| blake3::Hash::from_bytes(head).to_string()),
        fault: found.fault.map(|fault| wire::AuditFault {
            sequence: fault.position,
            entry: fault.entry,
            message: fault.message,
        }),
    }))
}

fn filter(query: wire::ListAudit) -> AuditFilter {
    AuditFilter {
        operation: query.operation,
        callers: query.caller.map(|caller| caller.to_string()).into_iter().collect(),
        targets: query.target.into_iter().collect(),
        request: None,
        refused: query.outcome.map(|outcome| outcome == wire::AuditOutcome::Refused),
        from: query.since.map(Into::into),
        until: query.until.map(Into::into),
    }
}

/// The one that was named; else the organization's, as everywhere. An operator who is a member of none, and names none,
/// can only mean the deployment's own.
fn log(app: &App, ctx: &Ctx, named: Option<wire::AuditLog>) -> Log {
    match named {
        Some(wire::AuditLog::Organization) => return Log::Organization,
        Some(wire::AuditLog::Deployment) => return Log::Deployment,
        None => {}
    }
    match &ctx.caller {
        Caller::Session(SignedIn { operator: true, user, .. })
            if ctx.organization.is_none() && app.index.snapshot().organizations_of(*user).next().is_none() =>
        {
            Log::Deployment
        }
        _ => Log::Organization,
    }
}

fn view(recorded: &Recorded) -> std::result::Result<wire::AuditEntry, OpError> {
    Ok((&recorded.entry()?).into())
}

/// The entries, a page at a time as the client takes them. When the database fails on the way, the answer breaks off,
/// which the client sees: its end is missing.
fn lines(export: Export) -> impl Stream<Item = std::result::Result<Bytes, OpError>> + Send {
    stream::try_unfold(export, async |mut export| {
        let page = next_lines(&mut export).await;
        let page = page.inspect_err(|error| tracing::error!(%error, "an export of the audit log broke off"))?;
        Ok(page.map(|lines| (lines, export)))
    })
}

async fn next_lines(export: &mut Export) -> std::result::Result<Option<Bytes>, OpError> {
    let Some(page) = export.next().await? else { return Ok(None) };
    let mut lines = Vec::new();
    for recorded in &page {
        serde_json::to_writer(&mut lines, &view(recorded)?)
            .map_err(|e| OpError::new(ErrorCode::Internal, format!("an entry cannot be written as JSON: {e}")))?;
        lines.push(b'\n');
    }
    Ok(Some(lines.into()))
}
