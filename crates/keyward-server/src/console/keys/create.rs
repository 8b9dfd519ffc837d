//! Making a credential: the dialog of its kind, step by step.

mod offered;
mod places;
mod typed;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::id::CredentialId;
use keyward_core::labels::Dialog;
use keyward_core::namespace::NamespaceId;
use serde::Deserialize;

use self::offered::Offered;
pub(super) use self::offered::{RoleOffered, roles_for};
pub(super) use self::places::{MOST, Place, grouped, reachable};
use self::typed::{FIELDS, Go, Typed};
use self::view::StepView;
pub(super) use self::view::{Control, Field, RoleView};
use super::issued::{self, Superseded, Why};
use crate::app::App;
use crate::console::gate::{Fields, Visit};
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::{self, Refused};
use crate::console::ui::Wrong;
use crate::ops::credentials;
use crate::ops::error::OpError;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/keys/{page}/new", get(open).post(submit))
}

/// What the address asks for.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// The namespace whose keys are meant.
    #[serde(rename = "in")]
    pub(super) within: Option<NamespaceId>,
    /// The kind to begin with.
    #[serde(default)]
    pub(super) kind: String,
}

async fn open(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let typed = Typed { kind: asked.kind, ..Typed::nothing(&app, visit.ctx().at()) };
    let offered = Offered::of(&app, &visit, &page, &typed, asked.within).await?;
    Ok(Form { app: &app, visit: &visit, page: &page, within: asked.within }.shown(
        StatusCode::OK,
        &typed,
        &offered,
        Wrong::default(),
        "",
    ))
}

async fn submit(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    fields: Fields,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let mut typed = Typed::of(&app, &fields, visit.ctx().at());
    let offered = Offered::of(&app, &visit, &page, &typed, asked.within).await?;
    let form = Form { app: &app, visit: &visit, page: &page, within: asked.within };
    match Go::of(&fields) {
        Go::Again => Ok(form.shown(StatusCode::OK, &typed, &offered, Wrong::default(), fields.text("go"))),
        Go::Back => {
            typed.step = typed.step.saturating_sub(1);
            Ok(form.shown(StatusCode::OK, &typed, &offered, Wrong::default(), ""))
        }
        Go::Next => Ok(form.next(typed, &offered)),
        Go::Create => form.create(typed, &offered).await,
    }
}

/// The list to which a dialog of the page leads back.
pub(super) fn list_of(visit: &Visit, page: &KeyPage, within: Option<NamespaceId>) -> String {
    let query = within.map_or_else(String::new, |at| format!("?in={at}"));
    visit.href(&format!("/keys/{}{query}", page.slug))
}

/// The dialog for one visitor on one page.
struct Form<'a> {
    app: &'a App,
    visit: &'a Visit,
    page: &'a KeyPage,
    within: Option<NamespaceId>,
}

impl Form<'_> {
    /// On to the next step, unless something in this one cannot be read.
    fn next(&self, mut typed: Typed, offered: &Offered) -> Response {
        let here = self.steps(offered, &typed);
        let names = here.get(typed.step).into_iter().flatten().map(|field| field.name).collect::<Vec<_>>();
        let wrong = typed.wanted(offered.kind(), offered.home).err().map(|all| only(&all, &names)).unwrap_or_default();
        drop(here);
        if !wrong.is_empty() {
            return self.shown(StatusCode::UNPROCESSABLE_ENTITY, &typed, offered, wrong, "");
        }
        typed.step += 1;
        self.shown(StatusCode::OK, &typed, offered, wrong, "")
    }

    async fn create(&self, mut typed: Typed, offered: &Offered) -> Result<Response, Refused> {
        let kind = offered.kind();
        let input = match typed.wanted(kind, typed.namespace.or(offered.home)) {
            Ok(input) => input,
            Err(wrong) => return Ok(self.wrong(StatusCode::UNPROCESSABLE_ENTITY, typed, offered, wrong)),
        };
        let mut ctx = self.visit.ctx().clone();
        ctx.idempotency_key = Some(typed.once.clone());
        let done = match credentials::create(self.app, &ctx, input).await {
            Ok(done) => done,
            Err(error) if error.code == ErrorCode::IdempotencyKeyReused => {
                typed.another(self.app);
                let mut wrong = Wrong::default();
                wrong.say("this form has made one already: send it again to make another");
                return Ok(self.wrong(StatusCode::CONFLICT, typed, offered, wrong));
            }
            Err(error) => {
                let (status, wrong) = refused(error, typed.roles.is_empty(), &FIELDS)?;
                return Ok(self.wrong(status, typed, offered, wrong));
            }
        };
        let superseded = self.superseded(&done.value.superseded).await?;
        let after = list_of(self.visit, self.page, self.within);
        Ok(issued::in_place_of(self.app, self.visit, self.page, &done, Why::Created, &after, &superseded))
    }

    async fn superseded(&self, ids: &[CredentialId]) -> Result<Vec<Superseded>, OpError> {
        let mut named = Vec::with_capacity(ids.len());
        for id in ids {
            let (held, _) = credentials::get(self.app, self.visit.ctx(), *id).await?;
            let credential = held.credential;
            named.push(Superseded { name: credential.name.to_string(), public_id: credential.public_id });
        }
        Ok(named)
    }

    /// The dialog with what is wrong, open where that can be mended.
    fn wrong(&self, status: StatusCode, mut typed: Typed, offered: &Offered, wrong: Wrong) -> Response {
        let step = view::step_of(&self.steps(offered, &typed), |name| wrong.with(name).is_some());
        typed.step = step.unwrap_or(typed.step);
        self.shown(status, &typed, offered, wrong, "")
    }

    fn steps<'v>(&self, offered: &'v Offered, typed: &'v Typed) -> Vec<Vec<Field<'v>>> {
        let index = self.app.index.snapshot();
        let native = index.profile(offered.kind().id.profile()).is_some_and(|profile| profile.surface.is_native());
        view::steps(offered, typed, self.within, native, self.visit.ctx().at())
    }

    fn shown(&self, status: StatusCode, typed: &Typed, offered: &Offered, wrong: Wrong, again: &str) -> Response {
        let current = self.visit.href(&format!("/keys/{}", self.page.slug));
        let back = list_of(self.visit, self.page, self.within);
        let words = &offered.kind().labels.create;
        if offered.is_refused() {
            let reasons = offered.kinds.iter().filter_map(|choice| choice.refused.as_deref()).collect();
            let notes = offered.kinds.iter().flat_map(|choice| &choice.kind.labels.notes).collect();
            let dialog = MayNot { title: &words.title, reasons, notes, back: &back };
            return page::dialog(StatusCode::FORBIDDEN, self.app, self.visit, &words.title, &current, &dialog);
        }
        let mut steps = self.steps(offered, typed);
        let last = steps.len().saturating_sub(1);
        let step = typed.step.min(last);
        if wrong.is_empty() {
            view::begin(&mut steps[step], again.strip_prefix("again-").unwrap_or_default());
        }
        let query = self.within.map_or_else(String::new, |at| format!("?in={at}"));
        let asks_for_kind = steps[step].iter().any(|field| field.name == "kind");
        let all = offered.kinds.iter().map(|choice| choice.kind.labels.create.submit.as_str());
        let dialog = CreateDialog {
            words,
            action: self.visit.href(&format!("/keys/{}/new{query}", self.page.slug)),
            back: &back,
            visit: self.visit,
            step_list: view::step_list(&steps, step),
            carried: view::carried(typed, &steps, step),
            fields: steps.swap_remove(step),
            submits: if asks_for_kind { all.collect() } else { vec![words.submit.as_str()] },
            full: offered.kinds[offered.kind].full.as_deref().filter(|_| offered.kinds.len() == 1),
            place: self.place(offered),
            typed,
            step,
            last: step == last,
            wrong,
        };
        page::dialog(status, self.app, self.visit, &words.title, &current, &dialog)
    }

    /// Where it is made, where the address says so and the dialog does not ask.
    fn place<'v>(&self, offered: &'v Offered) -> Option<&'v str> {
        let within = self.within.filter(|_| !offered::asks_for_place(offered.kind(), self.within))?;
        offered.places.iter().find(|place| place.id == within).map(|place| place.path.as_str())
    }
}

impl Go {
    fn of(fields: &Fields) -> Self {
        match fields.text("go") {
            "next" => Go::Next,
            "back" => Go::Back,
            again if again.starts_with("again-") => Go::Again,
            _ => Go::Create,
        }
    }
}

/// What an operation refused, for a form with these fields; what concerns no form becomes a page.
pub(super) fn refused(error: OpError, no_roles: bool, fields: &[&str]) -> Result<(StatusCode, Wrong), Refused> {
    let elsewhere = matches!(error.code, ErrorCode::FreshSignInRequired | ErrorCode::Unauthenticated);
    if elsewhere || !error.is_refusal() {
        return Err(error.into());
    }
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    if error.code == ErrorCode::WrongRoles && no_roles {
        let mut wrong = Wrong::default();
        wrong.add("roles", "choose at least one");
        return Ok((status, wrong));
    }
    Ok((status, Wrong::of(&error, fields)))
}

/// What is wrong with these fields.
fn only(all: &Wrong, fields: &[&str]) -> Wrong {
    let mut wrong = Wrong::default();
    for (field, text) in fields.iter().filter_map(|field| Some((field, all.with(field)?))) {
        wrong.add(field, text);
    }
    wrong
}

#[derive(Template)]
#[template(path = "console/keys/create.html")]
struct CreateDialog<'a> {
    words: &'a Dialog,
    action: String,
    back: &'a str,
    visit: &'a Visit,
    typed: &'a Typed,
    step_list: Vec<StepView<'a>>,
    carried: Vec<(String, String)>,
    fields: Vec<Field<'a>>,
    /// What the button says for each of the kinds.
    submits: Vec<&'a str>,
    full: Option<&'a str>,
    place: Option<&'a str>,
    step: usize,
    last: bool,
    wrong: Wrong,
}

/// That somebody may not, and why.
#[derive(Template)]
#[template(path = "console/keys/may_not.html")]
pub(super) struct MayNot<'a> {
    pub(super) title: &'a str,
    pub(super) reasons: Vec<&'a str>,
    pub(super) notes: Vec<&'a String>,
    pub(super) back: &'a str,
}
