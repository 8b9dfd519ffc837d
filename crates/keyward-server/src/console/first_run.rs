//! The first start: the first operator and the first organization. The token of the link stands behind its `#`, which no
//! log ever sees: a script puts it into the form, or the operator does.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_api::limits::{MAX_EMAIL_BYTES, MIN_PASSWORD_CHARS};
use keyward_core::name::Name;
use keyward_core::profile::Profile;

use super::gate::{Fields, Open};
use super::page;
use super::sign_in::{self, Carried};
use super::ui::{self, Wrong};
use crate::app::App;
use crate::ops::error::OpError;
use crate::ops::sessions::{self, SignIn, Step};
use crate::ops::setup::{self, First};

/// What is chosen where nothing was.
const USUAL_PROFILE: &str = "keyward";
const FIELDS: [&str; 6] = ["token", "email", "name", "password", "organization", "profiles"];

#[derive(Template)]
#[template(path = "console/first_run.html")]
struct FirstRun<'a> {
    token: &'a str,
    email: &'a str,
    name: &'a str,
    organization: &'a str,
    profiles: Vec<Choice<'a>>,
    shortest_password: usize,
    longest_email: usize,
    wrong: Wrong,
}

/// A profile to choose.
struct Choice<'a> {
    name: &'a str,
    title: &'a str,
    /// What its kinds are called.
    makes: String,
    chosen: bool,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/setup", get(empty).post(submit))
}

async fn empty(State(app): State<Arc<App>>, fields: Fields) -> Response {
    form(StatusCode::OK, &app, &fields, Wrong::default())
}

async fn submit(State(app): State<Arc<App>>, Open(ctx): Open, fields: Fields) -> Response {
    let first = match first(&fields) {
        Ok(first) => first,
        Err(wrong) => return form(StatusCode::UNPROCESSABLE_ENTITY, &app, &fields, wrong),
    };
    let made = match setup::create(&app, &ctx, fields.linked_token(), first).await {
        Ok(done) => done.value,
        Err(error) => return form(ui::status(&error), &app, &fields, wrong(&error)),
    };
    let to = made.organization.map_or_else(|| "/deployment".to_owned(), |id| format!("/o/{id}"));
    let email = fields.text("email").trim().to_owned();
    let input = SignIn { email, password: fields.secret("password"), code: None };
    match sessions::create(&app, &ctx, input).await.map(|done| done.value) {
        Ok(Step::Open(opened)) => sign_in::welcome(&ctx, &opened, &Carried { to, form: None }),
        Ok(Step::CodeNeeded(_)) | Err(_) => page::lead_on("/sign-in"),
    }
}

/// What was filled in. Names that are none are told together.
fn first(fields: &Fields) -> Result<First, Wrong> {
    let mut wrong = Wrong::default();
    let name = Name::new(fields.text("name")).map_err(|error| wrong.add("name", error)).ok();
    let organization = fields.given("organization").map(Name::new).transpose();
    let organization = organization.map_err(|error| wrong.add("organization", error)).ok();
    let profiles: Vec<String> = fields.all("profiles").map(str::to_owned).collect();
    match (name, organization) {
        (Some(name), Some(organization)) => Ok(First {
            email: fields.text("email").trim().to_owned(),
            name,
            password: fields.secret("password"),
            organization,
            profiles,
        }),
        _ => Err(wrong),
    }
}

/// What the set-up refused, each fault beside its field.
fn wrong(error: &OpError) -> Wrong {
    if error.code == ErrorCode::SetupTokenInvalid {
        let mut wrong = Wrong::default();
        wrong.add("token", &error.detail);
        return wrong;
    }
    Wrong::of(error, &FIELDS)
}

/// What credentials of the profile are called, each once.
fn kinds_of(profile: &Profile) -> String {
    let mut words: Vec<&str> = Vec::new();
    for kind in &profile.kinds {
        let word = if kind.labels.choice.is_empty() { &kind.labels.plural } else { &kind.labels.choice };
        if !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// The form with everything that was typed, less the password.
fn form(status: StatusCode, app: &App, fields: &Fields, wrong: Wrong) -> Response {
    let given = fields.all("profiles").next().is_some();
    let chosen = |name: &str| if given { fields.all("profiles").any(|one| one == name) } else { name == USUAL_PROFILE };
    let mut profiles: Vec<Choice<'_>> = app
        .profiles
        .iter()
        .map(|(text, profile)| Choice {
            name: &text.name,
            title: &profile.title,
            makes: kinds_of(profile),
            chosen: chosen(&text.name),
        })
        .collect();
    // The usual one first, the others by name.
    profiles.sort_by_key(|choice| choice.name != USUAL_PROFILE);
    let page = FirstRun {
        token: fields.text("token").trim(),
        email: fields.text("email"),
        name: fields.text("name"),
        organization: fields.text("organization"),
        profiles,
        shortest_password: MIN_PASSWORD_CHARS,
        longest_email: MAX_EMAIL_BYTES,
        wrong,
    };
    page::alone(status, "Set up", &page)
}
