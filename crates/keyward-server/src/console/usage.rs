//! How much credentials are used: by day, by whom most, and which never.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use keyward_core::credential::Credential;
use keyward_core::kind::KindId;
use keyward_core::time::Timestamp;
use serde::Deserialize;

use super::chart::{Chart, Spark, every_day, grouped};
use super::gate::Visit;
use super::key_pages::{self, KeyPage};
use super::page::{self, Refused};
use super::ui::{When, state_of, state_words};
use crate::app::App;
use crate::ops::credentials;
use crate::ops::error::OpError;
use crate::ops::usage::{self, Period, Used};
use crate::ops::{CredentialFilter, CredentialSort, CredentialState, Order, Page, SortBy, UsageFilter};

/// What one may look at.
const PERIODS: [Period; 2] = [Period::Month, Period::Quarter];
/// How many of the most used, and of the never used, are shown.
const SHOWN: u32 = 20;

#[derive(Template)]
#[template(path = "console/usage/usage.html")]
struct UsagePage<'a> {
    visit: &'a Visit,
    pages: Vec<Choice>,
    days: u32,
    periods: [u32; 2],
    uses: Chart,
    most: Vec<MostUsed>,
    never: Vec<NeverUsed>,
    never_cut: bool,
}

/// A key page that one may look at alone.
struct Choice {
    slug: String,
    title: String,
    chosen: bool,
}

/// What every row says of its credential.
struct Named {
    name: String,
    href: String,
    kind: String,
    state: (&'static str, &'static str),
}

struct MostUsed {
    named: Named,
    allowed: String,
    refused: String,
    last: Option<When>,
    line: Spark,
}

struct NeverUsed {
    named: Named,
    created: When,
    expires: Option<When>,
}

#[derive(Deserialize)]
#[serde(default)]
struct Asked {
    days: u32,
    keys: String,
}

impl Default for Asked {
    fn default() -> Self {
        Self { days: PERIODS[0].days(), keys: String::new() }
    }
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/usage", get(show))
}

async fn show(State(app): State<Arc<App>>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Refused> {
    let pages = key_pages::of(&app, &visit.organization);
    let chosen = pages.iter().find(|page| page.slug == asked.keys);
    let period = PERIODS.into_iter().find(|period| period.days() == asked.days).unwrap_or(PERIODS[0]);
    let now = visit.ctx().at();
    let kinds: Vec<_> = chosen.into_iter().flat_map(|page| &page.kinds).map(|kind| kind.id.clone()).collect();
    let filter = UsageFilter { kinds: kinds.clone(), ..usage::of_last(period.days(), now) };
    let span = (filter.from_day, filter.until_day.unwrap_or(filter.from_day));
    let (by_day, most, never) = tokio::try_join!(
        usage::by_day(&app, visit.ctx(), filter),
        usage::most_used(&app, visit.ctx(), kinds.clone(), period, SHOWN),
        never_used(&app, &visit, kinds),
    )?;
    let body = UsagePage {
        visit: &visit,
        pages: pages.iter().map(|page| choice(page, &asked.keys)).collect(),
        days: period.days(),
        periods: PERIODS.map(Period::days),
        uses: Chart::of_days(&every_day(&by_day, span.0, span.1), "Uses by day"),
        most: most.iter().map(|used| most_row(&app, &visit, used, span, now)).collect(),
        never_cut: never.len() > SHOWN as usize,
        never: never.iter().take(SHOWN as usize).map(|unused| never_row(&app, &visit, unused, now)).collect(),
    };
    Ok(page::page(&app, &visit, "Usage", &visit.href("/usage"), &body))
}

/// Those that could be used and never were, the oldest first; one more than are shown, where there are more.
async fn never_used(app: &App, visit: &Visit, kinds: Vec<KindId>) -> Result<Vec<Credential>, OpError> {
    let states = vec![CredentialState::Active, CredentialState::Disabled];
    let filter = CredentialFilter { kinds, states, never_used: true, ..CredentialFilter::default() };
    let oldest = CredentialSort { by: SortBy::CreatedAt, order: Order::Ascending };
    let listed = credentials::list(app, visit.ctx(), filter, oldest, &Page::first(SHOWN + 1)).await?;
    Ok(listed.into_iter().map(|listed| listed.row.credential).collect())
}

fn choice(page: &KeyPage, chosen: &str) -> Choice {
    Choice { slug: page.slug.clone(), title: page.labels().title.clone(), chosen: page.slug == chosen }
}

fn most_row(app: &App, visit: &Visit, used: &Used, (from, until): (i64, i64), now: Timestamp) -> MostUsed {
    MostUsed {
        named: named(app, visit, &used.row.credential, now),
        allowed: grouped(used.allowed),
        refused: grouped(used.refused),
        last: used.row.last_used_at.map(|at| When::of(at, now)),
        line: Spark::of_days(&every_day(&used.days, from, until)),
    }
}

fn never_row(app: &App, visit: &Visit, credential: &Credential, now: Timestamp) -> NeverUsed {
    NeverUsed {
        named: named(app, visit, credential, now),
        created: When::of(credential.created_at, now),
        expires: credential.expires_at.map(|at| When::of(at, now)),
    }
}

fn named(app: &App, visit: &Visit, credential: &Credential, now: Timestamp) -> Named {
    let index = app.index.snapshot();
    let kind = index.kind(&credential.kind).map_or_else(String::new, |kind| kind.labels.singular.clone());
    Named {
        name: credential.name.to_string(),
        href: visit.href(&format!("/credentials/{}", credential.id)),
        kind,
        state: state_words(state_of(credential, now)),
    }
}
