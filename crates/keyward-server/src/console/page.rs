//! How answers are made: pages in their frame, dialogs, redirections with a notice, refusals.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use keyward_api::error::ErrorCode;
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;

use super::gate::{self, Visit, Visitor};
use super::nav;
use super::nav::Nav;
use super::sign_in::{self, Carried};
use super::ui;
use crate::app::App;
use crate::net::Arrival;
use crate::ops::error::OpError;
use crate::ops::receipts::Receipt;
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::native;

/// What a page may load, where its forms may go, and who may frame it: this server, this server, nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every page tells the browser.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The frame around every page of a signed-in person.
#[derive(Template)]
#[template(path = "console/layout.html")]
struct Layout<'a> {
    title: &'a str,
    visitor: &'a Visitor,
    organization: Option<&'a Visit>,
    nav: Nav,
    notice: Option<&'a Notice>,
    main: &'a str,
}

/// The frame around what stands alone: signing in, and what is not there.
#[derive(Template)]
#[template(path = "console/alone.html")]
struct Alone<'a> {
    title: &'a str,
    main: &'a str,
}

/// A dialog that was opened by its address: the page on which it stands alone.
#[derive(Template)]
#[template(path = "console/dialog_page.html")]
struct DialogPage<'a> {
    dialog: &'a str,
}

#[derive(Template)]
#[template(path = "console/refusal.html")]
struct Refusal<'a> {
    title: &'a str,
    detail: &'a str,
    request: Option<String>,
    again: Option<Again<'a>>,
}

/// What failed on our side and can be asked for again, as it was.
#[derive(Clone, Copy)]
pub(super) struct Again<'a> {
    /// What was asked for.
    pub(super) carried: &'a Carried,
    /// What its form carries.
    pub(super) form_token: &'a str,
}

#[derive(Template)]
#[template(path = "console/refusal_dialog.html")]
struct RefusalDialog<'a> {
    title: &'a str,
    detail: &'a str,
}

/// A page of an organization. `current` is the address in the navigation that it belongs to.
pub(super) fn page(app: &App, visit: &Visit, title: &str, current: &str, main: &impl Template) -> Response {
    let nav = nav::of(app, visit, current);
    framed(StatusCode::OK, title, &visit.visitor, Some(visit), nav, main)
}

/// The same with a status of its own: what was typed is there again, and what is wrong with it.
pub(super) fn page_with(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    title: &str,
    current: &str,
    main: &impl Template,
) -> Response {
    framed(status, title, &visit.visitor, Some(visit), nav::of(app, visit, current), main)
}

/// A page of the signed-in person, outside any organization.
pub(super) fn own_page(visitor: &Visitor, title: &str, current: &str, main: &impl Template) -> Response {
    own_page_with(StatusCode::OK, visitor, title, current, main)
}

/// The same with a status of its own.
pub(super) fn own_page_with(
    status: StatusCode,
    visitor: &Visitor,
    title: &str,
    current: &str,
    main: &impl Template,
) -> Response {
    framed(status, title, visitor, None, nav::outside(visitor, current), main)
}

/// A dialog of an organization's page: alone where the page is open below it, else on a page of its own.
pub(super) fn dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    title: &str,
    current: &str,
    dialog: &impl Template,
) -> Response {
    if visit.visitor.part {
        return rendered(status, dialog);
    }
    match dialog.render() {
        Ok(dialog) => page_with(status, app, visit, title, current, &DialogPage { dialog: &dialog }),
        Err(error) => unrendered(&error),
    }
}

/// A dialog outside any organization.
pub(super) fn own_dialog(
    status: StatusCode,
    visitor: &Visitor,
    title: &str,
    current: &str,
    dialog: &impl Template,
) -> Response {
    if visitor.part {
        return rendered(status, dialog);
    }
    match dialog.render() {
        Ok(dialog) => {
            framed(status, title, visitor, None, nav::outside(visitor, current), &DialogPage { dialog: &dialog })
        }
        Err(error) => unrendered(&error),
    }
}

/// What stands alone, for people who are not signed in.
pub(super) fn alone(status: StatusCode, title: &str, main: &impl Template) -> Response {
    match main.render() {
        Ok(main) => rendered(status, &Alone { title, main: &main }),
        Err(error) => unrendered(&error),
    }
}

/// A part of a page, or one that has its frame already.
pub(super) fn rendered(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html)
            .into_response(),
        Err(error) => unrendered(&error),
    }
}

fn framed(
    status: StatusCode,
    title: &str,
    visitor: &Visitor,
    organization: Option<&Visit>,
    nav: Nav,
    main: &impl Template,
) -> Response {
    match main.render() {
        Ok(main) => {
            let notice = visitor.notice.as_ref();
            rendered(status, &Layout { title, visitor, organization, nav, notice, main: &main })
        }
        Err(error) => unrendered(&error),
    }
}

/// Leads on after something was done: to `to`, where `notice` is said once.
pub(super) fn lead(visitor: &Visitor, to: &str, notice: Option<Notice>) -> Response {
    let mut response = if visitor.part { lead_part(to) } else { lead_on(to) };
    if let Some(notice) = notice {
        notice.keep(response.headers_mut(), visitor.ctx.secure);
    }
    response
}

/// Leads a whole page elsewhere.
pub(super) fn lead_on(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// Leads the page elsewhere into which a part was to be put.
pub(super) fn lead_part(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::OK, [(HeaderName::from_static("hx-redirect"), to)]).into_response()
}

/// Something that is said once, on the next page. It travels in a cookie of a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notice {
    /// What is said.
    pub(super) text: String,
    /// How far it has come, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) receipt: Option<String>,
}

impl Notice {
    const COOKIE: &'static str = "keyward-notice";
    const SECURE_COOKIE: &'static str = "__Host-keyward-notice";

    /// That something was done.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), receipt: None }
    }

    /// With the proof of how far it has come.
    pub(super) fn proven(text: impl Into<String>, receipt: &Receipt) -> Self {
        Self { text: text.into(), receipt: Some(receipt_text(receipt)) }
    }

    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = gate::cookie(headers, Self::SECURE_COOKIE).or_else(|| gate::cookie(headers, Self::COOKIE))?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    pub(super) fn keep(&self, headers: &mut HeaderMap, secure: bool) {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let (name, also) = if secure { (Self::SECURE_COOKIE, "; Secure") } else { (Self::COOKIE, "") };
        let text = URL_SAFE_NO_PAD.encode(json);
        let cookie = format!("{name}={text}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax{also}");
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }

    /// Takes what was said out of the browser.
    pub(super) fn clear(headers: &mut HeaderMap) {
        for (name, also) in [(Self::COOKIE, ""), (Self::SECURE_COOKIE, "; Secure")] {
            let cookie = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{also}");
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }
}

/// `Confirmed on 3 of 3 nodes in 12 ms`.
pub(super) fn receipt_text(receipt: &Receipt) -> String {
    let Receipt { confirmed, applied, nodes, waited } = receipt;
    let took = waited.as_millis();
    if *confirmed {
        format!("Confirmed on {applied} of {nodes} nodes in {took} ms")
    } else {
        format!("Confirmed on {applied} of {nodes} nodes; the others were waited for until they can no longer decide")
    }
}

/// What an operation refused, on its way to becoming a page.
#[derive(Clone)]
pub(super) struct Refused(pub(super) Arc<OpError>);

impl From<OpError> for Refused {
    fn from(error: OpError) -> Self {
        Self(Arc::new(error))
    }
}

impl IntoResponse for Refused {
    /// Only a mark: the gate knows for whom the page is, and makes it.
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.0.code.status()).unwrap_or_default().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The status of a form that is shown again with what is wrong with it. `None` for what gets a page of its own: that one
/// must sign in again, that it is not there, and what failed on our side.
pub(super) fn again(error: &OpError) -> Option<StatusCode> {
    let own_page = matches!(error.code, ErrorCode::FreshSignInRequired | ErrorCode::NotFound) || !error.is_refusal();
    if own_page { None } else { StatusCode::from_u16(error.code.status()).ok() }
}

/// The page for what an operation refused.
pub(super) async fn refused(app: &App, visitor: &Visitor, Refused(error): &Refused, carried: Carried) -> Response {
    if error.code == ErrorCode::FreshSignInRequired {
        return sign_in::fresh_needed(app, visitor, carried).await;
    }
    log_cause(error);
    let status = ui::status(error);
    let (title, detail) = told(error);
    if visitor.part {
        return rendered(status, &RefusalDialog { title, detail: &detail });
    }
    let failed = status.is_server_error();
    let request = failed.then(|| visitor.ctx.request.to_string());
    let again = failed.then_some(Again { carried: &carried, form_token: &visitor.form_token });
    alone(status, title, &Refusal { title, detail: &detail, request, again })
}

/// A page for somebody of whom nothing is known, because the database does not answer.
pub(super) fn failed(error: &OpError, part: bool, again: Option<Again<'_>>) -> Response {
    log_cause(error);
    let status = ui::status(error);
    let (title, detail) = told(error);
    if part {
        return rendered(status, &RefusalDialog { title, detail: &detail });
    }
    alone(status, title, &Refusal { title, detail: &detail, request: None, again })
}

/// How a refusal is told: a title, and a sentence. What is not there and what one may not know of are the same.
fn told(error: &OpError) -> (&'static str, String) {
    match error.code {
        ErrorCode::NotFound => (NOT_HERE.0, NOT_HERE.1.to_owned()),
        code => (code.title(), sentence(&without_secrets(&error.detail))),
    }
}

/// A detail as a sentence: begins with a capital letter, ends with a full stop.
pub(super) fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let mut text: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    if !text.ends_with(['.', '!', '?']) && !text.is_empty() {
        text.push('.');
    }
    text
}

fn log_cause(error: &OpError) {
    if let Some(cause) = &error.cause {
        tracing::error!(error = %cause, code = error.code.as_str(), "a page could not be made");
    }
}

const NOT_HERE: (&str, &str) =
    ("There is nothing here", "The page may have moved, or what it showed may be gone, or you may not see it.");

/// A path that is no page: a page for people, a problem for programs.
pub(super) async fn nothing_here(State(app): State<Arc<App>>, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        let (title, detail) = NOT_HERE;
        return alone(StatusCode::NOT_FOUND, title, &Refusal { title, detail, request: None, again: None });
    }
    match native::nowhere(&app).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A form that was sent from somebody else's page.
pub(super) fn foreign_form() -> Response {
    let title = "This form was not sent from here";
    let detail = "Nothing was changed. Open the page on this server and send its own form.";
    alone(StatusCode::FORBIDDEN, title, &Refusal { title, detail, request: None, again: None })
}

/// A body that is no form.
pub(super) fn unreadable_form(why: &str) -> Response {
    let title = "This form cannot be read";
    let detail = sentence(&format!("nothing was changed: {why}"));
    alone(StatusCode::BAD_REQUEST, title, &Refusal { title, detail: &detail, request: None, again: None })
}

fn unrendered(error: &askama::Error) -> Response {
    tracing::error!(%error, "a page cannot be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Tells the browser what pages may do, and keeps them out of caches.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let https = request.extensions().get::<Arrival>().is_some_and(|arrival| arrival.https);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_carried_and_cleared() {
        let notice = Notice { text: "„Zoë‟ was deleted; x=1".into(), receipt: Some("Confirmed".into()) };
        let mut headers = HeaderMap::new();
        notice.keep(&mut headers, false);
        let set = headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Max-Age=60"), "{set}");
        let mut sent = HeaderMap::new();
        sent.insert(header::COOKIE, HeaderValue::from_str(set.split(';').next().unwrap()).unwrap());
        assert_eq!(Notice::of(&sent), Some(notice));
        sent.insert(header::COOKIE, HeaderValue::from_static("keyward-notice=junk"));
        assert_eq!(Notice::of(&sent), None);
    }

    #[test]
    fn details_become_sentences() {
        assert_eq!(sentence("the name is taken: choose another"), "The name is taken: choose another.");
        assert_eq!(sentence("Ärger?"), "Ärger?");
        assert_eq!(sentence(""), "");
    }
}
