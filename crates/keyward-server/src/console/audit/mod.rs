//! The audit log: what was done and refused, taken out of it, and proved.
//!
//! | address below `/o/{organization}` | what |
//! |---|---|
//! | `/audit` | the log, newest first; the filter is its query |
//! | `/audit/export.jsonl`, `/audit/export.csv` | everything that fits the filter |
//! | `/audit/verification` | checks the chain; only as a form |

mod entries;
mod export;
mod filter;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;

use self::entries::Entry;
use self::filter::{Asked, Choices};
use super::gate::Visit;
use super::page::{self, Refused};
use super::ui::Wrong;
use crate::app::App;
use crate::ops::AuditFilter;
use crate::ops::audit::{self, Log, Verification};
use crate::ops::error::OpError;
use crate::ops::names::Names;

/// Entries on one page.
const SHOWN: u32 = 50;

#[derive(Template)]
#[template(path = "console/audit/audit.html")]
struct AuditPage<'a> {
    visit: &'a Visit,
    asked: &'a Asked,
    choices: Choices,
    wrong: Wrong,
    entries: Vec<Entry>,
    /// The query of the next page.
    older: Option<String>,
    /// The query of the filter alone.
    query: String,
    checked: Option<Checked>,
}

/// What checking the chain found, alone.
#[derive(Template)]
#[template(path = "console/audit/chain.html")]
struct Chain<'a> {
    visit: &'a Visit,
    checked: Option<Checked>,
}

/// What checking the chain found.
struct Checked {
    entries: u64,
    checkpoints: u64,
    head: Option<String>,
    fault: Option<(u64, String, Option<String>)>,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/audit", get(show))
        .route("/o/{organization}/audit/verification", post(verify).get(back))
        .merge(export::routes())
}

async fn show(State(app): State<Arc<App>>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Refused> {
    listed(&app, &visit, &asked, None).await
}

/// Checks the whole chain. What was found is told on the log's own page, or put into it.
async fn verify(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let verification = audit::verify(&app, visit.ctx(), Log::Organization, Vec::new()).await?;
    let checked = Some(Checked::of(verification));
    if visit.visitor.part {
        return Ok(page::rendered(StatusCode::OK, &Chain { visit: &visit, checked }));
    }
    listed(&app, &visit, &Asked::default(), checked).await
}

/// Whoever loads the answer of the check again.
async fn back(visit: Visit) -> Response {
    page::lead_on(&visit.href("/audit"))
}

async fn listed(app: &App, visit: &Visit, asked: &Asked, checked: Option<Checked>) -> Result<Response, Refused> {
    let wanted = filter::of(app, visit.ctx(), asked).await?;
    let (status, recorded, wrong) = match wanted {
        Ok(filter) => (StatusCode::OK, recorded(app, visit, &filter, asked).await?, Wrong::default()),
        Err(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, (Vec::new(), None), wrong),
    };
    let (entries, last) = recorded;
    let body = AuditPage {
        visit,
        choices: filter::choices(asked),
        wrong,
        entries,
        older: last.map(|last| asked.query(Some(last))),
        query: asked.query(None),
        checked,
        asked,
    };
    Ok(page::page_with(status, app, visit, "Audit log", &visit.href("/audit"), &body))
}

/// The entries of a page, and the place of the last one where there may be more.
async fn recorded(
    app: &App,
    visit: &Visit,
    filter: &AuditFilter,
    asked: &Asked,
) -> Result<(Vec<Entry>, Option<u64>), OpError> {
    let found = audit::list(app, visit.ctx(), Log::Organization, filter, asked.before, SHOWN).await?;
    let last = found.last().filter(|_| found.len() == SHOWN as usize).map(|last| last.position);
    let read = found.iter().map(|recorded| Ok((recorded, recorded.entry()?)));
    let read = read.collect::<Result<Vec<_>, OpError>>()?;
    let told: Vec<_> = read.iter().map(|(_, entry)| entry.clone()).collect();
    let names: Names = audit::names(app, visit.ctx(), &told).await?;
    let now = visit.ctx().at();
    let entries = read.iter().map(|(recorded, entry)| Entry::of(visit, recorded, entry, &names, now));
    Ok((entries.collect(), last))
}

impl Checked {
    fn of(verification: Verification) -> Self {
        Self {
            entries: verification.entries,
            checkpoints: verification.checkpoints,
            head: verification.head.map(|head| blake3::Hash::from_bytes(head).to_string()),
            fault: verification.fault.map(|fault| {
                (fault.position, page::sentence(&fault.message), fault.entry.map(|entry| entry.to_string()))
            }),
        }
    }
}
