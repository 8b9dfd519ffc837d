//! Doing one thing with many credentials of a list, after a typed confirmation.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::future::join_all;
use http::StatusCode;
use keyward_core::credential::RevokeReason;
use keyward_core::id::CredentialId;
use keyward_core::labels::{Dialog, Labels};

use super::list::base;
use super::wanted::{STATES, Wanted};
use crate::app::App;
use crate::console::gate::{Fields, Visit};
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::{self, Notice, Refused, sentence};
use crate::console::ui::Wrong;
use crate::console::why::{self, Why};
use crate::ops::credentials::{self, Offer};
use crate::ops::error::OpError;
use crate::ops::receipts::Receipt;
use crate::ops::{CredentialFilter, CredentialSort, Page};
use crate::surfaces::hiding::without_secrets;

/// The most that are done at once: more than one page of a list has.
const MOST: usize = 100;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    let path = "/o/{organization}/keys/{page}/bulk";
    Router::new().route(path, post(bulk)).route(path, get(nothing))
}

/// What is done with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Disable,
    Revoke(RevokeReason),
}

/// One that was ticked.
#[derive(Clone)]
struct Ticked {
    id: CredentialId,
    name: String,
    /// Whether it is offered to do this with it.
    offered: bool,
}

#[derive(Template)]
#[template(path = "console/keys/bulk.html")]
struct Confirm<'a> {
    title: String,
    labels: &'a Labels,
    dialog: &'a Dialog,
    form_token: &'a str,
    address: String,
    back: String,
    query: String,
    act: &'static str,
    ticked: Vec<Ticked>,
    whys: Vec<Why>,
    word: String,
    wrong: Wrong,
}

/// What became of them, where not all went as wanted.
#[derive(Template)]
#[template(path = "console/keys/bulk_done.html")]
struct Outcome {
    title: String,
    done: Vec<String>,
    refused: Vec<(String, String)>,
    receipt: Option<String>,
    back: String,
}

/// The address is only posted to: whoever opens it finds the list.
async fn nothing(visit: Visit, Path((_, slug)): Path<(String, String)>) -> Response {
    page::lead_on(&visit.href(&format!("/keys/{slug}"))).into_response()
}

/// Asks for a confirmation, or does it.
async fn bulk(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let act = if fields.text("act") == "revoke" { Act::Revoke(why::given(&fields)) } else { Act::Disable };
    let back = {
        let wanted = Wanted::read(fields.text("back").strip_prefix('?'), &page);
        format!("{}{}", base(&visit, &page), wanted.query())
    };
    let ticked = ticked(&app, &visit, &page, &fields, act).await?;
    if ticked.is_empty() {
        let notice = format!("Tick the {} first.", page.labels().plural);
        return Ok(page::lead(&visit.visitor, &back, Some(Notice::new(notice))));
    }
    let word = word(act.dialog(page.labels()), ticked.len());
    let typed = fields.given("confirm");
    if typed.is_some_and(|typed| typed.eq_ignore_ascii_case(&word)) {
        return Ok(carry_out(&app, &visit, &page, act, ticked, &back).await);
    }
    let mut wrong = Wrong::default();
    if fields.ticked("confirm") {
        wrong.add("confirm", format!("type `{word}` to confirm"));
    }
    Ok(confirm(&app, &visit, &page, act, ticked, word, back, wrong))
}

#[expect(clippy::too_many_arguments, reason = "each part of the dialog comes from another place")]
fn confirm(
    app: &App,
    visit: &Visit,
    page: &KeyPage,
    act: Act,
    ticked: Vec<Ticked>,
    word: String,
    back: String,
    wrong: Wrong,
) -> Response {
    let labels = page.labels();
    let dialog = act.dialog(labels);
    let title = format!("{} {}?", first_word(&dialog.button), counted(ticked.len(), labels));
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let address = base(visit, page);
    let view = Confirm {
        title: title.clone(),
        labels,
        dialog,
        form_token: &visit.visitor.form_token,
        query: back.strip_prefix(&address).unwrap_or_default().to_owned(),
        address: format!("{address}/bulk"),
        back,
        act: act.name(),
        ticked,
        whys: act.whys(),
        word,
        wrong,
    };
    page::dialog(status, app, visit, &title, &address, &view)
}

/// Does it with each by itself: each is judged, recorded, and told of.
async fn carry_out(app: &App, visit: &Visit, page: &KeyPage, act: Act, ticked: Vec<Ticked>, back: &str) -> Response {
    // All at once, so that the write lane commits them together.
    let results = join_all(ticked.iter().map(|one| act.carry_out(app, visit, one.id))).await;
    let (mut done, mut refused, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
    for (one, result) in ticked.into_iter().zip(results) {
        match result {
            Ok(receipt) => {
                done.push(one.name);
                receipts.push(receipt);
            }
            Err(error) => {
                if let Some(cause) = &error.cause {
                    tracing::error!(error = %cause, credential = %one.id, "one of many could not be done");
                }
                refused.push((one.name, sentence(&without_secrets(&error.detail))));
            }
        }
    }
    let told = format!("{} {}", counted(done.len(), page.labels()), act.was(done.len()));
    // The one that took the longest says how far all of them have come.
    let receipt = receipts.into_iter().max_by_key(|receipt| (!receipt.confirmed, receipt.waited));
    if refused.is_empty() {
        let notice = match &receipt {
            Some(receipt) => Notice::proven(format!("{told}."), receipt),
            None => Notice::new(format!("{told}.")),
        };
        return page::lead(&visit.visitor, back, Some(notice));
    }
    let title = format!("{told}, {} refused", refused.len());
    let receipt = receipt.as_ref().map(page::receipt_text);
    let view = Outcome { title: title.clone(), done, refused, receipt, back: back.to_owned() };
    page::dialog(StatusCode::OK, app, visit, &title, &base(visit, page), &view)
}

impl Act {
    const fn name(self) -> &'static str {
        match self {
            Act::Disable => "disable",
            Act::Revoke(_) => "revoke",
        }
    }

    const fn dialog(self, labels: &Labels) -> &Dialog {
        match self {
            Act::Disable => &labels.disable,
            Act::Revoke(_) => &labels.revoke,
        }
    }

    const fn offer(self) -> Offer {
        match self {
            Act::Disable => Offer::Disable,
            Act::Revoke(_) => Offer::Revoke,
        }
    }

    /// The reasons that may be given.
    fn whys(self) -> Vec<Why> {
        match self {
            Act::Disable => Vec::new(),
            Act::Revoke(reason) => why::offered(reason),
        }
    }

    const fn was(self, count: usize) -> &'static str {
        match (self, count) {
            (Act::Disable, 1) => "was disabled",
            (Act::Disable, _) => "were disabled",
            (Act::Revoke(_), 1) => "was revoked",
            (Act::Revoke(_), _) => "were revoked",
        }
    }

    async fn carry_out(self, app: &App, visit: &Visit, id: CredentialId) -> Result<Receipt, OpError> {
        Ok(match self {
            Act::Disable => credentials::disable(app, visit.ctx(), id).await?.receipt,
            Act::Revoke(reason) => credentials::revoke(app, visit.ctx(), id, reason, false).await?.receipt,
        })
    }
}

/// What was ticked, as far as the visitor sees it on this page, in the order of the list; each once.
async fn ticked(app: &App, visit: &Visit, page: &KeyPage, fields: &Fields, act: Act) -> Result<Vec<Ticked>, OpError> {
    let mut ids: Vec<CredentialId> = fields.all("id").filter_map(|id| id.parse().ok()).take(MOST).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = CredentialFilter {
        ids,
        kinds: page.kinds.iter().map(|kind| kind.id.clone()).collect(),
        // Also those that ended since they were ticked: what becomes of each is told.
        states: STATES.map(|(_, state)| state).to_vec(),
        ..CredentialFilter::default()
    };
    let most = Page::first(u32::try_from(MOST).unwrap_or(u32::MAX));
    let listed = credentials::list(app, visit.ctx(), filter, CredentialSort::NEWEST, &most).await?;
    let one = |listed: &credentials::Listed| {
        let credential = &listed.row.credential;
        let offers = credentials::offers(app, visit.ctx(), credential)?;
        Ok(Ticked { id: credential.id, name: credential.name.to_string(), offered: offers.contains(&act.offer()) })
    };
    listed.iter().map(one).collect()
}

/// What has to be typed: `revoke 3`.
fn word(dialog: &Dialog, count: usize) -> String {
    format!("{} {count}", first_word(&dialog.button).to_lowercase())
}

/// What a button says that is done: `Delete` of `Delete Connection`.
fn first_word(button: &str) -> &str {
    button.split_whitespace().next().unwrap_or(button)
}

fn counted(count: usize, labels: &Labels) -> String {
    let what = if count == 1 { &labels.singular } else { &labels.plural };
    format!("{count} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_typed_says_what_is_done_and_to_how_many() {
        let dialog = |button: &str| Dialog { button: button.to_owned(), ..Dialog::default() };
        assert_eq!(word(&dialog("Revoke"), 3), "revoke 3");
        assert_eq!(word(&dialog("Delete Connection"), 1), "delete 1");
        let labels = Labels { singular: "API key".into(), plural: "API keys".into(), ..Labels::default() };
        assert_eq!((counted(1, &labels), counted(2, &labels)), ("1 API key".into(), "2 API keys".into()));
    }
}
