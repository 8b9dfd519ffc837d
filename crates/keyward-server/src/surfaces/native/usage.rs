//! `/v1/usage`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::page;
use keyward_api::usage as wire;
use keyward_core::id::CredentialId;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::usage;
use crate::ops::{DailyUse, Page, UsageFilter, Visible, day_of};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::{Query, after_two, next, page_size};

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Count the uses of credentials.
#[utoipa::path(get, path = "/v1/usage", operation_id = "usage.get", tag = "usage", params(wire::GetUsage),
    responses((status = 200, body = page::Page<wire::UsageCount>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::GetUsage>,
) -> Result<Answer<page::Page<wire::UsageCount>>, Problematic> {
    let limit = page_size(query.limit)?;
    let after = after_two(query.cursor.as_deref())?;
    let found = usage::get(&app, &ctx, filter(&query), &Page { after, limit }).await?;
    let next = next(&found, limit, |(credential, uses)| [uses.day.to_string(), credential.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().map(view).collect(), next }))
}

/// Periods are days: the first that begins at `since` or later, and the first that does not begin before `until`.
fn filter(query: &wire::GetUsage) -> UsageFilter {
    UsageFilter {
        credential: query.credential,
        kinds: Vec::new(),
        namespace: query.namespace,
        from_day: query.since.map_or(0, |since| next_day(since.into())),
        until_day: query.until.map(|until| next_day(until.into())),
        // The operation says what the caller may see.
        visible: Visible::All,
        owned_by_caller_too: None,
    }
}

/// The day that begins at this instant, or else the one after.
fn next_day(at: Timestamp) -> i64 {
    let day = day_of(at);
    if start_of(day) == at { day } else { day + 1 }
}

fn view((credential, uses): &(CredentialId, DailyUse)) -> wire::UsageCount {
    wire::UsageCount {
        credential: *credential,
        from: start_of(uses.day).into(),
        to: start_of(uses.day + 1).into(),
        allowed: uses.allowed,
        denied: uses.refused,
    }
}

fn start_of(day: i64) -> Timestamp {
    Timestamp::from_seconds(day * SECONDS_A_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_belongs_to_the_instants_up_to_its_beginning() {
        assert_eq!(next_day(Timestamp::from_seconds(0)), 0);
        assert_eq!(next_day(Timestamp::from_seconds(1)), 1);
        assert_eq!(next_day(Timestamp::from_micros(1)), 1);
        assert_eq!(next_day(Timestamp::from_seconds(SECONDS_A_DAY)), 1);
        assert_eq!(next_day(Timestamp::from_seconds(-1)), 0);
    }
}
