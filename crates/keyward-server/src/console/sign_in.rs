//! Signing in and out, and going on where one was interrupted.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::gate::{self, FORM_TOKEN, Fields, Visitor};
use super::page;
use super::ui::Wrong;
use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::sessions::{self, Opened};
use crate::surfaces::form::Form;
use crate::surfaces::visit::visit;

/// What somebody was about to do when they had to sign in: nothing of it is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// Where they wanted to go, or where their form goes.
    pub(super) to: String,
    /// What they had filled in, as a form travels; empty when there was no form.
    pub(super) form: String,
}

/// Fields that are asked for again instead of being carried.
const NEVER_CARRIED: [&str; 6] = [FORM_TOKEN, "password", "new_password", "current_password", "code", "secret"];

impl Carried {
    /// What was asked for, and what was filled in.
    pub(super) fn of(target: &str, form: Option<&Form>) -> Self {
        let form = form.map(|form| {
            let kept = form.iter().filter(|(name, _)| !NEVER_CARRIED.contains(name));
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
        });
        Self { to: own_path(target).to_owned(), form: form.unwrap_or_default() }
    }

    /// What a form of ours carried on.
    fn from_fields(fields: &Fields) -> Self {
        Self { to: own_path(fields.text("to")).to_owned(), form: fields.text("form").to_owned() }
    }

    /// The fields that were filled in.
    fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.form.as_bytes()).into_owned().collect()
    }
}

/// A path on this server, whatever was asked for: never another host.
fn own_path(target: &str) -> &str {
    let own = target.starts_with('/') && !target.starts_with("//") && !target.contains(['\\', '\r', '\n']);
    if own { target } else { "/" }
}

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    carried: &'a Carried,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/continue.html")]
struct Continue<'a> {
    carried: &'a Carried,
    fields: Vec<(String, String)>,
    form_token: &'a str,
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in", get(open).post(submit)).route("/sign-out", post(leave))
}

async fn open(visitor: Option<axum::Extension<Visitor>>, Query(To { to }): Query<To>) -> Response {
    let carried = Carried { to: own_path(&to).to_owned(), form: String::new() };
    if visitor.is_some() {
        return page::lead_on(&carried.to);
    }
    sign_in_page(StatusCode::OK, "", &carried, Wrong::default())
}

async fn submit(State(app): State<Arc<App>>, request: axum::extract::Request) -> Response {
    let (parts, _) = request.into_parts();
    let ctx = visit(&app, &parts);
    let Some(fields) = parts.extensions.get::<Fields>().cloned() else { return page::lead_on("/sign-in") };
    let carried = Carried::from_fields(&fields);
    let email = fields.text("email").trim();
    let input = sessions::SignIn { email: email.to_owned(), password: fields.secret("password"), code: None };
    match sessions::create_at_once(&app, &ctx, input).await {
        Ok(done) => welcome(&app, &ctx, &done.value, &carried),
        Err(error) => {
            let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            sign_in_page(status, email, &carried, Wrong::of(&error, &["email", "password"]))
        }
    }
}

async fn leave(State(app): State<Arc<App>>, visitor: Option<axum::Extension<Visitor>>) -> Response {
    let mut response = page::lead_on("/sign-in");
    if let Some(axum::Extension(visitor)) = visitor {
        // What has ended already needs no ending.
        if let Err(error) = sessions::delete(&app, &visitor.ctx, None).await
            && !error.is_refusal()
        {
            return page::failed(&error);
        }
        gate::forget(response.headers_mut(), visitor.ctx.secure);
    }
    response
}

/// Lets somebody in who has just proved who they are, and leads them to where they wanted to go.
fn welcome(_app: &App, ctx: &Ctx, opened: &Opened, carried: &Carried) -> Response {
    let mut response = if carried.form.is_empty() {
        page::lead_on(&carried.to)
    } else {
        let form_token = gate::form_token(opened.token.expose());
        continue_page(carried, &form_token)
    };
    gate::keep(response.headers_mut(), ctx.secure, &opened.token);
    response
}

/// The answer to somebody who is not signed in.
pub(super) fn needed(parts: &Parts, carried: Carried) -> Response {
    let part = parts.headers.contains_key("hx-request");
    if carried.form.is_empty() {
        // A part of a page is asked for by a page that is open: there one goes on.
        let to = if part { current_path(parts).unwrap_or(carried.to) } else { carried.to };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", &to).finish();
        let href = if to == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
        return if part { page::lead_part(&href) } else { page::lead_on(&href) };
    }
    let mut wrong = Wrong::default();
    wrong.say("your session has ended: sign in, and go on with what you had filled in");
    let mut response = sign_in_page(StatusCode::UNAUTHORIZED, "", &carried, wrong);
    if part {
        whole_page(&mut response);
    }
    response
}

/// The answer to somebody who has to prove anew who they are.
pub(super) fn fresh_needed(_visitor: &Visitor, _carried: Carried) -> Response {
    StatusCode::NOT_IMPLEMENTED.into_response()
}

/// A form of an earlier session of the same person: nothing was changed yet, and they decide again.
pub(super) fn again_with_new_token(visitor: &Visitor, carried: &Carried) -> Response {
    let mut response = continue_page(carried, &visitor.form_token);
    if visitor.part {
        whole_page(&mut response);
    }
    response
}

fn sign_in_page(status: StatusCode, email: &str, carried: &Carried, wrong: Wrong) -> Response {
    page::alone(status, "Sign in", &SignInPage { email, carried, wrong })
}

fn continue_page(carried: &Carried, form_token: &str) -> Response {
    let fields = carried.fields();
    page::alone(StatusCode::OK, "Continue", &Continue { carried, fields, form_token })
}

/// Puts an answer in place of the whole page that is open.
fn whole_page(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("hx-retarget"), HeaderValue::from_static("body"));
    headers.insert(HeaderName::from_static("hx-reswap"), HeaderValue::from_static("innerHTML"));
}

/// The path of the page that is open.
fn current_path(parts: &Parts) -> Option<String> {
    let url: http::Uri = parts.headers.get("hx-current-url")?.to_str().ok()?.parse().ok()?;
    Some(own_path(url.path_and_query()?.as_str()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_host() {
        for (asked, led) in [
            ("/o/org_1?x=1", "/o/org_1?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/a\r\nb", "/"),
        ] {
            assert_eq!(own_path(asked), led, "{asked}");
        }
    }

    #[test]
    fn secrets_are_not_carried() {
        let form = Form::parse(b"form_token=t&name=Zo%C3%AB&password=p&code=1&role=a&role=b").unwrap();
        let carried = Carried::of("/o/org_1/keys/x/new", Some(&form));
        assert_eq!(carried.form, "name=Zo%C3%AB&role=a&role=b");
        let pairs = [("name", "Zoë"), ("role", "a"), ("role", "b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(carried.fields(), pairs);
    }
}
