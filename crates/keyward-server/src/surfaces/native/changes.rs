//! `/v1/changes`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::changes as wire;
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::limits;
use keyward_core::change::Revision;

use crate::app::App;
use crate::ops::changes;
use crate::ops::context::Ctx;
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::Query;

/// List committed changes after a revision.
#[utoipa::path(get, path = "/v1/changes", operation_id = "changes.list", tag = "changes", params(wire::ListChanges),
    responses((status = 200, body = wire::Changes), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListChanges>,
) -> Result<Answer<wire::Changes>, Problematic> {
    let limit = most(query.limit)?;
    let found = changes::list(&app, &ctx, Revision(query.after), limit).await?;
    let shown = |(revision, fact): &(Revision, _)| {
        wire::Change::of(fact, ctx.at()).map(|change| wire::RecordedChange { revision: revision.0, change })
    };
    let items = found.items.iter().filter_map(shown).collect();
    Ok(Answer::ok(wire::Changes { items, up_to: found.up_to.0, more: found.more }).at(found.up_to))
}

fn most(asked: Option<u16>) -> Result<usize, Problematic> {
    match asked.unwrap_or(limits::DEFAULT_PAGE) {
        n if (1..=limits::MAX_CHANGES).contains(&n) => Ok(n.into()),
        0 => Err(Problem::new(ErrorCode::InvalidValue).with_error("?limit", "ask for at least 1 change").into()),
        _ => Err(Problem::new(ErrorCode::PageTooLarge)
            .with_error("?limit", format!("one answer holds at most {} changes", limits::MAX_CHANGES))
            .into()),
    }
}
