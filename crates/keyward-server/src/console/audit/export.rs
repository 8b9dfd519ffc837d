//! The log taken out: everything that fits the filter, a page at a time as the browser takes it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use keyward_api::audit as wire;
use keyward_api::error::ErrorCode;
use keyward_core::audit::{AuditEntry, Outcome};

use super::entries::{caller_name, words};
use super::filter::{self, Asked};
use crate::app::App;
use crate::console::gate::Visit;
use crate::console::page::{self, Refused};
use crate::ops::Recorded;
use crate::ops::audit::{self, Export, Log};
use crate::ops::error::OpError;
use crate::ops::names::Names;

/// What stands above the columns of a CSV.
const COLUMNS: [&str; 13] = [
    "place",
    "time",
    "operation",
    "what",
    "who",
    "who_name",
    "target",
    "target_name",
    "outcome",
    "code",
    "address",
    "request",
    "details",
];

#[derive(Clone, Copy)]
enum Format {
    JsonLines,
    Csv,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/audit/export.jsonl", get(json_lines))
        .route("/o/{organization}/audit/export.csv", get(csv))
}

async fn json_lines(app: State<Arc<App>>, visit: Visit, asked: Query<Asked>) -> Result<Response, Refused> {
    export(app, visit, asked, Format::JsonLines).await
}

async fn csv(app: State<Arc<App>>, visit: Visit, asked: Query<Asked>) -> Result<Response, Refused> {
    export(app, visit, asked, Format::Csv).await
}

async fn export(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(asked): Query<Asked>,
    format: Format,
) -> Result<Response, Refused> {
    let Ok(filter) = filter::of(&app, visit.ctx(), &asked).await? else {
        // The log's own page tells what is wrong.
        return Ok(page::lead_on(&visit.href(&format!("/audit{}", asked.query(None)))));
    };
    let export = audit::export(&app, visit.ctx(), Log::Organization, filter)?;
    let (content_type, name) = match format {
        Format::JsonLines => ("application/x-ndjson", "attachment; filename=\"audit.jsonl\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    let first = match format {
        Format::JsonLines => Bytes::new(),
        Format::Csv => Bytes::from(line(COLUMNS.map(str::to_owned))),
    };
    Ok((headers, Body::from_stream(pieces(app, visit, export, format, first))).into_response())
}

/// What stands first, then a piece for each page. When the database fails on the way, the answer breaks off, which the
/// browser tells.
fn pieces(
    app: Arc<App>,
    visit: Visit,
    export: Export,
    format: Format,
    first: Bytes,
) -> impl stream::Stream<Item = Result<Bytes, OpError>> + Send {
    stream::try_unfold((Some(first), export), move |(first, mut export)| {
        let (app, visit) = (Arc::clone(&app), visit.clone());
        async move {
            if let Some(first) = first {
                return Ok(Some((first, (None, export))));
            }
            let Some(page) = export.next().await? else { return Ok(None) };
            let entries = page.iter().map(Recorded::entry).collect::<Result<Vec<_>, _>>()?;
            let text = match format {
                Format::JsonLines => entries.iter().map(json).collect::<Result<String, OpError>>()?,
                Format::Csv => {
                    let names = audit::names(&app, visit.ctx(), &entries).await?;
                    page.iter().zip(&entries).map(|(recorded, entry)| line(cells(recorded, entry, &names))).collect()
                }
            };
            Ok(Some((Bytes::from(text), (None, export))))
        }
    })
}

/// An entry as the REST API gives it.
fn json(entry: &AuditEntry) -> Result<String, OpError> {
    let text = serde_json::to_string(&wire::AuditEntry::from(entry))
        .map_err(|e| OpError::new(ErrorCode::Internal, format!("an entry cannot be written as JSON: {e}")))?;
    Ok(text + "\n")
}

fn cells(recorded: &Recorded, entry: &AuditEntry, names: &Names) -> [String; 13] {
    let target = entry.target.clone().unwrap_or_default();
    let (outcome, code) = match &entry.outcome {
        Outcome::Done => ("done", String::new()),
        Outcome::Refused(code) => ("refused", code.clone()),
    };
    [
        recorded.position.to_string(),
        entry.at.to_string(),
        entry.operation.clone(),
        words(&entry.operation),
        entry.caller.to_string(),
        caller_name(&entry.caller, names),
        target.clone(),
        names.get(&target).map(ToString::to_string).unwrap_or_default(),
        outcome.to_owned(),
        code,
        entry.source.map(|source| source.to_string()).unwrap_or_default(),
        entry.request.map(|request| request.to_string()).unwrap_or_default(),
        if entry.details.is_empty() {
            String::new()
        } else {
            serde_json::Value::from(entry.details.clone()).to_string()
        },
    ]
}

/// A line of RFC 4180. A program that calculates takes none of its cells for a formula.
fn line(cells: [String; 13]) -> String {
    let cells = cells.map(|cell| {
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    });
    cells.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_another() {
        let mut cells = [const { String::new() }; 13];
        let given = ["=1+1", "+1", "-1", "@x", "\tx", "a \"b\", c", "plain"];
        for (cell, text) in cells.iter_mut().zip(given) {
            *cell = text.to_owned();
        }
        let expected = "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",\"a \"\"b\"\", c\",\"plain\"";
        assert!(line(cells).starts_with(expected));
        assert!(line(COLUMNS.map(str::to_owned)).ends_with("\"details\"\r\n"));
    }
}
