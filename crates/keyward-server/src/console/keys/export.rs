//! A list as CSV (RFC 4180): what it shows, and the ids.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::header;
use keyward_core::kind::Kind;
use keyward_core::labels::{Column, Shown};

use super::rows::{Content, Rows};
use super::wanted::Wanted;
use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::Refused;
use crate::ops::credentials::{self, Listed};
use crate::ops::error::OpError;
use crate::ops::{CredentialCursor, Page};

/// How many rows are read at a time.
const PART: u32 = 500;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/keys/{page}/export.csv", get(export))
}

/// The part of the list that is read next.
enum Next {
    First,
    After(CredentialCursor),
    None,
}

/// Reading one part after another: the whole is never in memory.
struct Reading {
    app: Arc<App>,
    visit: Visit,
    page: KeyPage,
    wanted: Wanted,
    next: Next,
}

async fn export(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let wanted = Wanted::read(query.as_deref(), &page).at_start();
    let disposition = format!("attachment; filename=\"{slug}-{}.csv\"", day(&visit));
    let mut reading = Reading { app, visit, page, wanted, next: Next::First };
    // What refuses the first part refuses the whole, before anything is sent.
    let mut first = line(heads(&reading.page).iter().map(String::as_str));
    first.push_str(&reading.part().await?);
    let rest = stream::try_unfold(reading, async |mut reading: Reading| {
        if matches!(reading.next, Next::None) {
            return Ok::<_, OpError>(None);
        }
        let part = reading.part().await?;
        Ok(Some((Bytes::from(part), reading)))
    });
    let whole = stream::once(async { Ok(Bytes::from(first)) });
    let body = Body::from_stream(futures_util::StreamExt::chain(whole, rest));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, body).into_response())
}

impl Reading {
    /// The next rows as lines.
    async fn part(&mut self) -> Result<String, OpError> {
        let after = match std::mem::replace(&mut self.next, Next::None) {
            Next::First => None,
            Next::After(cursor) => Some(cursor),
            Next::None => return Ok(String::new()),
        };
        let Self { app, visit, page, wanted, .. } = self;
        let ctx = visit.ctx();
        let filter = wanted.filter(page, visit.visitor.user.id, ctx.at());
        let part = Page { after, limit: PART };
        let listed = credentials::list(app, ctx, filter, wanted.sort, &part).await?;
        let names = credentials::names(app, ctx, &listed).await?;
        let rows = Rows { app, visit, page, place: wanted.place, names: &names };
        let mut lines = String::new();
        for one in &listed {
            let kind = page.kinds.iter().find(|kind| kind.id == one.row.credential.kind).unwrap_or(&page.kinds[0]);
            lines.push_str(&line(cells(&rows, one, kind, page).iter().map(String::as_str)));
        }
        if let Some(last) = listed.last().filter(|_| listed.len() == PART as usize) {
            self.next = Next::After(last.row.cursor(self.wanted.sort));
        }
        Ok(lines)
    }
}

fn columns(page: &KeyPage) -> impl Iterator<Item = &Column> {
    page.labels().columns.iter().filter(|column| column.shows != Shown::Actions)
}

fn heads(page: &KeyPage) -> Vec<String> {
    let headings = columns(page).map(|column| column.heading.clone());
    headings.chain(IDS.map(str::to_owned)).collect()
}

fn cells(rows: &Rows<'_>, listed: &Listed, kind: &Kind, page: &KeyPage) -> Vec<String> {
    let credential = &listed.row.credential;
    let shown = columns(page).map(|column| match column.shows {
        Shown::Name => credential.name.to_string(),
        // Of a token, too: it is no secret, and whoever sorts files needs the whole.
        Shown::PublicId => credential.public_id.clone(),
        other => text(rows.content(listed, kind, other)),
    });
    let ids = [
        credential.id.to_string(),
        credential.public_id.clone(),
        credential.kind.to_string(),
        credential.namespace.to_string(),
        credential.owner.map_or_else(String::new, |owner| owner.to_string()),
        credential.created_by.to_string(),
    ];
    shown.chain(ids).collect()
}

/// The ids, in the words of the REST API.
const IDS: [&str; 6] = ["id", "public_id", "kind", "namespace", "owner", "created_by"];

fn text(content: Content) -> String {
    match content {
        Content::Name | Content::Actions | Content::Absent(_) => String::new(),
        Content::Word(text) | Content::Id(text) | Content::End(text) => text,
        Content::Named { name, .. } => name,
        Content::Badges(texts) | Content::Networks(texts) => texts.join("; "),
        Content::Time { at, .. } => at.exact,
        Content::State(word, _) => word.to_owned(),
    }
}

/// The day of the request, as file names carry it.
fn day(visit: &Visit) -> String {
    visit.ctx().at().to_string().chars().take(10).collect()
}

fn line<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let mut line = cells.map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell: quoted where it must be, and never a formula for the program that opens it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n', ';']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (given, written) in [
            ("Nightly import", "Nightly import"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("a; b", "\"a; b\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell(given), written);
        }
        assert_eq!(line(["a", "b,c", ""].into_iter()), "a,\"b,c\",\r\n");
    }
}
