//! The first page: where a signed-in person begins, and what an organization looks like at a glance.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use keyward_core::credential::Credential;
use keyward_core::time::Timestamp;

use super::chart::{Chart, every_day};
use super::gate::{Visit, Visitor};
use super::page::{self, Refused};
use super::ui::{When, state_of, state_words};
use super::{key_pages, key_pages::KeyPage};
use crate::app::App;
use crate::ops::error::OpError;
use crate::ops::{CredentialFilter, CredentialSort, CredentialState, Order, Page, SortBy};
use crate::ops::{authority, credentials, second_factor, usage, visibility};

/// How many rows each list of the overview has.
const SHOWN: u32 = 6;
/// How many days of use it shows.
const DAYS: u32 = 30;
/// What ends within this is told of.
const SOON: Duration = Duration::from_hours(30 * 24);
/// What was not used for this long is told of.
const LONG: Duration = Duration::from_hours(90 * 24);

#[derive(Template)]
#[template(path = "console/home.html")]
struct Home<'a> {
    visit: &'a Visit,
    /// Whether this node cannot prove that it knows of all revocations.
    stale: bool,
    view: View,
}

/// What the visitor is shown.
enum View {
    /// The organization, or their membership of it, is suspended.
    Stopped,
    /// They may see and do nothing.
    Nothing,
    /// There are no keys yet.
    Begin(Steps),
    /// The organization at a glance.
    Glance(Box<Glance>),
}

struct Steps {
    /// The pages on which the visitor may create keys.
    pages: Vec<Link>,
    may_invite: bool,
    has_factor: bool,
}

struct Link {
    title: String,
    href: String,
}

struct Glance {
    uses: Chart,
    expiring: Few,
    unused: Few,
    changed: Few,
}

/// The first rows of a list.
struct Few {
    rows: Vec<Row>,
    /// Whether it has more.
    cut: bool,
}

struct Row {
    name: String,
    href: String,
    kind: String,
    state: (&'static str, &'static str),
    created: When,
    changed: When,
    expires: Option<When>,
    last_used: Option<When>,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(begin)).route("/o/{organization}", get(overview))
}

/// Leads on to the first organization of which the visitor is an active member, or that tells them why there is none.
async fn begin(visitor: Visitor) -> Response {
    let mut all = visitor.organizations.iter();
    let stopped = all.clone().next();
    match (all.find(|(of, membership)| of.is_active() && membership.is_active()), stopped) {
        (None, _) if visitor.user.operator => page::lead_on("/deployment"),
        (Some((organization, _)), _) | (None, Some((organization, _))) => {
            page::lead_on(&format!("/o/{}", organization.id))
        }
        (None, None) => page::lead_on("/me"),
    }
}

async fn overview(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let view = if visit.organization.is_active() && visit.membership.is_active() {
        Box::pin(view(&app, &visit)).await?
    } else {
        View::Stopped
    };
    let stale = !app.index.snapshot().is_fresh(visit.ctx().now.boot);
    Ok(page::page(&app, &visit, "Overview", &visit.href(""), &Home { visit: &visit, stale, view }))
}

async fn view(app: &App, visit: &Visit) -> Result<View, OpError> {
    let any = list(app, visit, CredentialFilter::default(), CredentialSort::NEWEST, 1).await?;
    if !any.rows.is_empty() {
        return Ok(View::Glance(Box::new(Box::pin(glance(app, visit)).await?)));
    }
    let may_create =
        |page: &KeyPage| page.kinds.iter().any(|kind| credentials::may_create(app, visit.ctx(), kind, None));
    let pages: Vec<Link> = key_pages::of(app, &visit.organization)
        .iter()
        .filter(|page| may_create(page))
        .map(|page| link(visit, page))
        .collect();
    if pages.is_empty() && visibility::sees_nothing(app, visit.ctx()) {
        return Ok(View::Nothing);
    }
    let may_invite = authority::may(app, visit.ctx(), "users:invite", visit.organization.id.into());
    let has_factor = second_factor::status(app, visit.ctx()).await?.confirmed_at.is_some();
    Ok(View::Begin(Steps { pages, may_invite, has_factor }))
}

fn link(visit: &Visit, page: &KeyPage) -> Link {
    Link { title: page.labels().title.clone(), href: visit.href(&format!("/keys/{}", page.slug)) }
}

async fn glance(app: &App, visit: &Visit) -> Result<Glance, OpError> {
    let now = visit.ctx().at();
    let alive = || vec![CredentialState::Active, CredentialState::Disabled];
    let sorted = |by, order| CredentialSort { by, order };
    let ending =
        CredentialFilter { states: alive(), expires_before: Some(now.plus(SOON)), ..CredentialFilter::default() };
    let unused = CredentialFilter {
        states: vec![CredentialState::Active],
        unused_since: Some(now.minus(LONG)),
        ..CredentialFilter::default()
    };
    let every_state = [alive(), vec![CredentialState::Expired, CredentialState::Revoked]].concat();
    let changed = CredentialFilter { states: every_state, ..CredentialFilter::default() };
    let last_days = usage::of_last(DAYS, now);
    let span = (last_days.from_day, last_days.until_day.unwrap_or(last_days.from_day));
    let (expiring, unused, changed, by_day) = tokio::try_join!(
        list(app, visit, ending, sorted(SortBy::ExpiresAt, Order::Ascending), SHOWN),
        list(app, visit, unused, sorted(SortBy::LastUsedAt, Order::Ascending), SHOWN),
        list(app, visit, changed, sorted(SortBy::UpdatedAt, Order::Descending), SHOWN),
        usage::by_day(app, visit.ctx(), last_days),
    )?;
    let uses = Chart::of_days(&every_day(&by_day, span.0, span.1), "Uses in the last 30 days");
    Ok(Glance { uses, expiring, unused, changed })
}

async fn list(
    app: &App,
    visit: &Visit,
    filter: CredentialFilter,
    sort: CredentialSort,
    count: u32,
) -> Result<Few, OpError> {
    let now = visit.ctx().at();
    let listed = credentials::list(app, visit.ctx(), filter, sort, &Page::first(count + 1)).await?;
    let cut = listed.len() > count as usize;
    let shown = listed.into_iter().take(count as usize).map(|listed| listed.row);
    Ok(Few { cut, rows: shown.map(|shown| row(app, visit, &shown.credential, shown.last_used_at, now)).collect() })
}

fn row(app: &App, visit: &Visit, credential: &Credential, last_used: Option<Timestamp>, now: Timestamp) -> Row {
    let index = app.index.snapshot();
    Row {
        name: credential.name.to_string(),
        href: visit.href(&format!("/credentials/{}", credential.id)),
        kind: index.kind(&credential.kind).map_or_else(String::new, |kind| kind.labels.singular.clone()),
        state: state_words(state_of(credential, now)),
        created: When::of(credential.created_at, now),
        changed: When::of(credential.updated_at, now),
        expires: credential.expires_at.map(|at| When::of(at, now)),
        last_used: last_used.map(|at| When::of(at, now)),
    }
}
