//! Signing in and out, and going on where one was interrupted.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use keyward_api::error::ErrorCode;
use keyward_core::secret::Secret;
use serde::Deserialize;

use super::gate::{self, Cookie, FORM_TOKEN, Fields, Open, Visitor};
use super::page::{self, Again, Refused};
use super::ui::{self, Wrong};
use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::second_factor;
use crate::ops::sessions::{self, Opened, SignIn, Step};
use crate::surfaces::form::Form;

/// What somebody was about to do when they had to sign in: nothing of it is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// Where they wanted to go, or where their form goes.
    pub(super) to: String,
    /// What they had filled in, as a form travels; it may be a button and nothing else. `None` when there was no form.
    pub(super) form: Option<String>,
}

impl Carried {
    /// What was asked for, and what was filled in.
    pub(super) fn of(target: &str, form: Option<&Form>) -> Self {
        let form = form.map(|form| {
            let kept = form.iter().filter(|(name, _)| is_carried(name));
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
        });
        Self { to: own_path(target).to_owned(), form }
    }

    /// What a form of ours carried on.
    fn from_fields(fields: &Fields) -> Self {
        let form = fields.ticked("form").then(|| fields.text("form").to_owned());
        Self { to: own_path(fields.text("to")).to_owned(), form }
    }

    /// Whether anything was filled in.
    pub(super) fn has_fields(&self) -> bool {
        self.form.as_ref().is_some_and(|form| !form.is_empty())
    }

    /// The fields that were filled in.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.form.as_deref().unwrap_or_default().as_bytes()).into_owned().collect()
    }
}

/// Whether a field is kept. What is secret, or proves who somebody is, is asked for again.
fn is_carried(name: &str) -> bool {
    !name.ends_with("password") && ![FORM_TOKEN, "code", "secret"].contains(&name)
}

/// A path on this server, whatever was asked for: never another host.
fn own_path(target: &str) -> &str {
    // Browsers take `\` for `/`, and leave out tabs and line ends wherever they stand.
    let changed = |c: char| c == '\\' || c.is_ascii_control();
    let own = target.starts_with('/') && !target.starts_with("//") && !target.contains(changed);
    if own { target } else { "/" }
}

#[derive(Template)]
#[template(path = "console/sign_in/sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    carried: &'a Carried,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/sign_in/code.html")]
struct CodePage<'a> {
    carried: &'a Carried,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/sign_in/again.html")]
struct AgainPage<'a> {
    visitor: &'a Visitor,
    carried: &'a Carried,
    with_code: bool,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/sign_in/continue.html")]
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

/// What people reach who are not signed in.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in", get(open).post(submit)).route("/sign-in/code", get(ask_code).post(submit_code))
}

/// What people reach who are.
pub(super) fn own_routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in/again", get(ask_again).post(submit_again)).route("/sign-out", post(leave))
}

async fn open(visitor: Option<Extension<Visitor>>, Query(To { to }): Query<To>) -> Response {
    let carried = Carried { to: own_path(&to).to_owned(), form: None };
    if visitor.is_some() {
        return page::lead_on(&carried.to);
    }
    sign_in_page(StatusCode::OK, "", &carried, Wrong::default())
}

async fn submit(State(app): State<Arc<App>>, Open(ctx): Open, fields: Fields) -> Response {
    let carried = Carried::from_fields(&fields);
    let email = fields.text("email").trim();
    let input = SignIn { email: email.to_owned(), password: fields.secret("password"), code: None };
    match sessions::create(&app, &ctx, input).await.map(|done| done.value) {
        Ok(Step::Open(opened)) => welcome(&ctx, &opened, &carried),
        Ok(Step::CodeNeeded(pending)) => {
            let mut response = code_page(StatusCode::OK, &carried, Wrong::default());
            Cookie::SignIn.keep(response.headers_mut(), ctx.secure, &pending.token);
            response
        }
        Err(error) => sign_in_page(ui::status(&error), email, &carried, Wrong::of(&error, &["email", "password"])),
    }
}

/// Only after a reload: the page comes as the answer to the first step.
async fn ask_code(Open(ctx): Open, headers: HeaderMap) -> Response {
    if Cookie::SignIn.sent(&headers, ctx.secure).is_none() {
        return page::lead_on("/sign-in");
    }
    code_page(StatusCode::OK, &Carried { to: "/".to_owned(), form: None }, Wrong::default())
}

async fn submit_code(State(app): State<Arc<App>>, Open(ctx): Open, headers: HeaderMap, fields: Fields) -> Response {
    let carried = Carried::from_fields(&fields);
    let Some(pending) = Cookie::SignIn.sent(&headers, ctx.secure) else { return lapsed(&carried) };
    match sessions::complete(&app, &ctx, pending, typed_code(&fields)).await {
        Ok(done) => welcome(&ctx, &done.value, &carried),
        Err(error) if error.code == ErrorCode::SessionEnded => lapsed(&carried),
        Err(error) => code_page(ui::status(&error), &carried, Wrong::of(&error, &["code"])),
    }
}

/// The sign-in waited too long for its code, or was finished elsewhere.
fn lapsed(carried: &Carried) -> Response {
    let mut wrong = Wrong::default();
    wrong.say("this sign-in has waited too long: begin again");
    sign_in_page(StatusCode::UNAUTHORIZED, "", carried, wrong)
}

async fn ask_again(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(To { to }): Query<To>,
) -> Result<Response, Refused> {
    let with_code = second_factor::status(&app, &visitor.ctx).await?.confirmed_at.is_some();
    let carried = Carried { to: own_path(&to).to_owned(), form: None };
    Ok(again_page(StatusCode::OK, &visitor, &carried, with_code, Wrong::default()))
}

async fn submit_again(State(app): State<Arc<App>>, visitor: Visitor, fields: Fields) -> Result<Response, Refused> {
    let carried = Carried::from_fields(&fields);
    let code = fields.given("code").map(|_| typed_code(&fields));
    match sessions::again(&app, &visitor.ctx, fields.secret("password"), code).await {
        Ok(done) => Ok(welcome(&visitor.ctx, &done.value, &carried)),
        Err(error) if error.code == ErrorCode::SessionEnded => Err(error.into()),
        Err(error) => {
            let with_code = second_factor::status(&app, &visitor.ctx).await?.confirmed_at.is_some();
            let wrong = Wrong::of(&error, &["password", "code"]);
            Ok(again_page(ui::status(&error), &visitor, &carried, with_code, wrong))
        }
    }
}

async fn leave(State(app): State<Arc<App>>, visitor: Visitor) -> Response {
    let mut response = page::lead_on("/sign-in");
    // What has ended already needs no ending.
    if let Err(error) = sessions::delete(&app, &visitor.ctx, None).await
        && !error.is_refusal()
    {
        return page::failed(&error, visitor.part, None);
    }
    Cookie::Session.forget(response.headers_mut(), visitor.ctx.secure);
    response
}

/// Lets somebody in who has just proved who they are, and leads them to where they wanted to go.
pub(super) fn welcome(ctx: &Ctx, opened: &Opened, carried: &Carried) -> Response {
    let mut response = if carried.form.is_none() {
        page::lead_on(&carried.to)
    } else {
        continue_page(carried, &gate::form_token(opened.token.expose()))
    };
    Cookie::Session.keep(response.headers_mut(), ctx.secure, &opened.token);
    Cookie::SignIn.forget(response.headers_mut(), ctx.secure);
    response
}

/// The answer to somebody who is not signed in.
pub(super) fn needed(parts: &Parts, carried: Carried) -> Response {
    let part = parts.headers.contains_key("hx-request");
    // Who signs out has what they want.
    if carried.to == "/sign-out" {
        return page::lead_on("/sign-in");
    }
    if carried.form.is_none() {
        return lead_to_sign_in("/sign-in", part, &current(parts, part, carried));
    }
    let mut wrong = Wrong::default();
    wrong.say("your session has ended: sign in, and go on with what you had filled in");
    let mut response = sign_in_page(StatusCode::UNAUTHORIZED, "", &carried, wrong);
    if part {
        whole_page(&mut response);
    }
    response
}

/// The answer to somebody who has to prove anew who they are, before what they asked for is done.
pub(super) async fn fresh_needed(app: &App, visitor: &Visitor, carried: Carried) -> Response {
    if carried.form.is_none() {
        return lead_to_sign_in("/sign-in/again", visitor.part, &carried.to);
    }
    let with_code = match second_factor::status(app, &visitor.ctx).await {
        Ok(status) => status.confirmed_at.is_some(),
        Err(error) => {
            let again = Again { carried: &carried, form_token: &visitor.form_token };
            return page::failed(&error, visitor.part, Some(again));
        }
    };
    let mut response = again_page(StatusCode::FORBIDDEN, visitor, &carried, with_code, Wrong::default());
    if visitor.part {
        whole_page(&mut response);
    }
    response
}

/// A form of an earlier session of the same person: nothing was changed yet, and they decide again.
pub(super) fn again_with_new_token(visitor: &Visitor, carried: &Carried) -> Response {
    let mut response = continue_page(carried, &visitor.form_token);
    if visitor.part {
        whole_page(&mut response);
    }
    response
}

/// Where one goes on: a part of a page is asked for by a page that is open.
fn current(parts: &Parts, part: bool, carried: Carried) -> String {
    let open = || -> Option<String> {
        let url: http::Uri = parts.headers.get("hx-current-url")?.to_str().ok()?.parse().ok()?;
        Some(own_path(url.path_and_query()?.as_str()).to_owned())
    };
    part.then(open).flatten().unwrap_or(carried.to)
}

fn lead_to_sign_in(page: &str, part: bool, to: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
    let href = if to == "/" { page.to_owned() } else { format!("{page}?{query}") };
    if part { page::lead_part(&href) } else { page::lead_on(&href) }
}

/// A code that was typed; people put spaces into it.
pub(super) fn typed_code(fields: &Fields) -> Secret {
    Secret::from_string(fields.text("code").split_whitespace().collect())
}

fn sign_in_page(status: StatusCode, email: &str, carried: &Carried, wrong: Wrong) -> Response {
    page::alone(status, "Sign in", &SignInPage { email, carried, wrong })
}

fn code_page(status: StatusCode, carried: &Carried, wrong: Wrong) -> Response {
    page::alone(status, "Second factor", &CodePage { carried, wrong })
}

fn again_page(status: StatusCode, visitor: &Visitor, carried: &Carried, with_code: bool, wrong: Wrong) -> Response {
    page::alone(status, "Confirm that it is you", &AgainPage { visitor, carried, with_code, wrong })
}

fn continue_page(carried: &Carried, form_token: &str) -> Response {
    let fields = carried.fields();
    page::alone(StatusCode::OK, "Go on", &Continue { carried, fields, form_token })
}

/// Puts an answer in place of the whole page that is open.
fn whole_page(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("hx-retarget"), HeaderValue::from_static("body"));
    headers.insert(HeaderName::from_static("hx-reswap"), HeaderValue::from_static("innerHTML"));
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
            ("/\t/evil.example", "/"),
        ] {
            assert_eq!(own_path(asked), led, "{asked}");
        }
    }

    #[test]
    fn secrets_are_not_carried() {
        let form = Form::parse(b"form_token=t&name=Zo%C3%AB&password=p&code=1&role=a&role=b").unwrap();
        let carried = Carried::of("/o/org_1/keys/x/new", Some(&form));
        assert_eq!(carried.form.as_deref(), Some("name=Zo%C3%AB&role=a&role=b"));
        let pairs = [("name", "Zoë"), ("role", "a"), ("role", "b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(carried.fields(), pairs);
    }

    #[test]
    fn a_form_without_fields_is_a_form() {
        let pressed = Carried::of("/me/access/second-factor", Some(&Form::parse(b"form_token=t").unwrap()));
        assert!(pressed.form.is_some() && !pressed.has_fields());
        assert_eq!(Carried::of("/me/access", None).form, None);
    }

    #[test]
    fn no_field_for_a_password_or_a_code_is_carried() {
        let mut open = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/console"))];
        let mut secret = Vec::new();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let fields =
                text.split("<input").filter(|tag| tag.contains("type=\"password\"") || tag.contains("one-time-code"));
            let name = |tag: &str| tag.split_once(" name=\"").unwrap().1.split('"').next().unwrap().to_owned();
            secret.extend(fields.map(name));
        }
        assert!(secret.len() > 8, "{secret:?}");
        assert_eq!(secret.iter().filter(|name| is_carried(name)).collect::<Vec<_>>(), [""; 0]);
    }
}
