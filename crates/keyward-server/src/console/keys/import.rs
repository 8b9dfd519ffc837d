//! Using another application's credential here too: by its public id, with rights of its own. No secret is asked for, and
//! none is made.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::operations::CREDENTIALS_IMPORT;
use keyward_core::kind::{Authority, Kind};
use keyward_core::labels::{Dialog, Input, filled};
use keyward_core::namespace::{NamespaceId, NamespaceKind};

use super::create::{
    Asked, Control, Field, MOST, MayNot, Place, RoleOffered, RoleView, grouped, list_of, reachable, refused, roles_for,
};
use crate::app::App;
use crate::console::gate::{Fields, Visit};
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::{self, Notice, Refused, sentence};
use crate::console::ui::Wrong;
use crate::ops::authority;
use crate::ops::credentials::{self, RoleChoice};
use crate::ops::error::OpError;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/keys/{page}/import", get(open).post(submit))
}

async fn open(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let typed = Typed { namespace: asked.within, ..Typed::default() };
    let form = Form::of(&app, &visit, &page, asked.within, &typed).await?;
    Ok(form.shown(StatusCode::OK, &typed, Wrong::default()))
}

async fn submit(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    fields: Fields,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let typed = Typed::of(&fields, asked.within);
    let form = Form::of(&app, &visit, &page, asked.within, &typed).await?;
    let Some(home) = form.home.filter(|_| !fields.text("go").starts_with("again")) else {
        return Ok(form.shown(StatusCode::OK, &typed, Wrong::default()));
    };
    let roles = typed.roles.iter().map(|role| RoleChoice { role: role.clone(), namespace: None }).collect();
    match credentials::import(&app, visit.ctx(), typed.public_id.trim().to_owned(), home, roles).await {
        Ok(done) => {
            let credential = &done.value.credential;
            let said = filled(&form.kind.labels.import.done, credential.name.as_str(), &credential.public_id);
            Ok(page::lead(&visit.visitor, &list_of(&visit, &page, Some(home)), Some(Notice::new(said))))
        }
        Err(error) => {
            let (status, wrong) = refused(error, typed.roles.is_empty(), &FIELDS)?;
            Ok(form.shown(status, &typed, wrong))
        }
    }
}

/// The fields beside which something may be wrong.
const FIELDS: [&str; 3] = ["public_id", "roles", "namespace"];

/// What was typed.
#[derive(Default)]
struct Typed {
    public_id: String,
    roles: Vec<String>,
    namespace: Option<NamespaceId>,
}

impl Typed {
    fn of(fields: &Fields, within: Option<NamespaceId>) -> Self {
        Self {
            public_id: fields.text("public_id").to_owned(),
            roles: fields.all("roles").map(str::to_owned).collect(),
            namespace: fields.given("namespace").and_then(|text| text.parse().ok()).or(within),
        }
    }
}

/// The dialog for one visitor on one page.
struct Form<'a> {
    app: &'a App,
    visit: &'a Visit,
    page: &'a KeyPage,
    within: Option<NamespaceId>,
    kind: Arc<Kind>,
    /// The applications into which the visitor may import.
    places: Vec<Place>,
    /// The one into which this is.
    home: Option<NamespaceId>,
    /// Why into none.
    may_not: Option<String>,
    roles: Vec<RoleOffered>,
}

impl<'a> Form<'a> {
    async fn of(
        app: &'a App,
        visit: &'a Visit,
        page: &'a KeyPage,
        within: Option<NamespaceId>,
        typed: &Typed,
    ) -> Result<Self, OpError> {
        let kind = page.kinds.iter().find(|kind| kind.transferable).ok_or_else(|| OpError::not_found("page"))?;
        let kind = Arc::clone(kind);
        let mut may_not = None;
        let wanted: Vec<NamespaceId> = typed.namespace.into_iter().chain(within).collect();
        let mut places = reachable(app, visit, &[NamespaceKind::Application], MOST, &wanted).await?;
        places.retain(|place| match authority::door(app, visit.ctx(), &CREDENTIALS_IMPORT, place.id) {
            Ok(()) => true,
            Err(error) => {
                may_not = Some(sentence(&error.detail));
                false
            }
        });
        let possible = |at: &NamespaceId| places.iter().any(|place| place.id == *at);
        let home = typed.namespace.filter(possible).or_else(|| places.first().map(|place| place.id));
        let roles = roles_for(app, visit, &kind, home.as_slice()).await?;
        Ok(Self { app, visit, page, within: within.filter(possible), kind, places, home, may_not, roles })
    }

    fn shown(&self, status: StatusCode, typed: &Typed, wrong: Wrong) -> Response {
        let words = &self.kind.labels.import;
        let back = list_of(self.visit, self.page, self.within);
        let current = self.visit.href(&format!("/keys/{}", self.page.slug));
        if self.home.is_none() {
            let nowhere = "There is no application here into which you may import.";
            let reasons = vec![self.may_not.as_deref().unwrap_or(nowhere)];
            let dialog = MayNot { title: &words.title, reasons, notes: Vec::new(), back: &back };
            return page::dialog(StatusCode::FORBIDDEN, self.app, self.visit, &words.title, &current, &dialog);
        }
        let query = self.within.map_or_else(String::new, |at| format!("?in={at}"));
        let here = self.places.iter().find(|place| Some(place.id) == self.within);
        let dialog = ImportDialog {
            words,
            action: self.visit.href(&format!("/keys/{}/import{query}", self.page.slug)),
            back: &back,
            visit: self.visit,
            place: here.map(|place| place.path.as_str()),
            fields: self.fields(typed, wrong.is_empty()),
            wrong,
        };
        page::dialog(status, self.app, self.visit, &words.title, &current, &dialog)
    }

    fn fields<'v>(&'v self, typed: &'v Typed, begins: bool) -> Vec<Field<'v>> {
        let place = self.within.is_none().then(|| {
            let control = Control::Place { groups: grouped(&self.places), chosen: self.home, again: true };
            Field { name: "namespace", label: "Application", hint: "", help: None, control, first: false }
        });
        let asked = self.kind.labels.import.fields().filter_map(|field| {
            let (name, control) = match field.input {
                Input::PublicId => ("public_id", Control::Line { value: &typed.public_id }),
                Input::Roles => ("roles", self.roles(typed)?),
                _ => return None,
            };
            let first = begins && field.input == Input::PublicId;
            Some(Field { name, label: &field.label, hint: &field.hint, help: field.help.as_ref(), control, first })
        });
        place.into_iter().chain(asked).collect()
    }

    fn roles(&self, typed: &Typed) -> Option<Control<'_>> {
        let view = |role: &'_ RoleOffered| typed.roles.contains(&role.id.to_string());
        let choices: Vec<RoleView<'_>> = self.roles.iter().map(|role| RoleView::here(role, view(role))).collect();
        match self.kind.authority {
            Authority::Group => {
                let all = choices.len();
                let choices: Vec<RoleView<'_>> = choices.into_iter().filter(|role| role.possible).collect();
                Some(Control::OneRole { beyond: all - choices.len(), choices })
            }
            Authority::Roles { .. } => Some(Control::Roles { choices }),
            Authority::Namespace | Authority::Owner | Authority::Organization => None,
        }
    }
}

#[derive(Template)]
#[template(path = "console/keys/import.html")]
struct ImportDialog<'a> {
    words: &'a Dialog,
    action: String,
    back: &'a str,
    visit: &'a Visit,
    place: Option<&'a str>,
    fields: Vec<Field<'a>>,
    wrong: Wrong,
}
