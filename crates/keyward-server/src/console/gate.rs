//! Who asks for a page, and whether a form came from one of our own pages.
//!
//! The session's token travels in a cookie that scripts cannot read and other sites cannot make a browser send with a
//! form. On top of that, whatever may change something must say that it comes from here (`Sec-Fetch-Site`, or `Origin`
//! where a browser has no such header) and must carry the form token, which is derived from the session's token: it
//! changes at every sign-in and is worth nothing to anybody else.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt as _, Limited};
use keyward_core::id::OrganizationId;
use keyward_core::organization::Organization;
use keyward_core::secret::Secret;
use keyward_core::user::{Membership, User};

use super::page::{self, Again, Notice, Refused};
use super::sign_in::{self, Carried};
use crate::app::App;
use crate::ops::context::{Caller, Ctx};
use crate::ops::sessions::{self, Who};
use crate::ops::{authority, error::OpError};
use crate::surfaces::form::{Form, is_form};
use crate::surfaces::visit::{tell, visit};

/// The field of every form that carries its token.
pub(super) const FORM_TOKEN: &str = "form_token";
/// The longest form that is read.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// What a cookie of ours holds: the token of a session, or of a sign-in that waits for its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A session.
    Session,
    /// A sign-in.
    SignIn,
}

impl Cookie {
    /// Its name. Over https browsers take it from this host alone, and send it over https alone; plain http is for
    /// development on one's own machine.
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-keyward",
            (Self::Session, false) => "keyward",
            (Self::SignIn, true) => "__Host-keyward-sign-in",
            (Self::SignIn, false) => "keyward-sign-in",
        }
    }

    /// The token that the browser sends.
    pub(super) fn sent(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        cookie(headers, self.name(secure))
    }

    /// Puts a token into the browser.
    pub(super) fn keep(self, headers: &mut HeaderMap, secure: bool, token: &Secret) {
        self.set(headers, secure, &format!("={}", token.expose()));
    }

    /// Takes it out again.
    pub(super) fn forget(self, headers: &mut HeaderMap, secure: bool) {
        self.set(headers, secure, "=; Max-Age=0");
    }

    fn set(self, headers: &mut HeaderMap, secure: bool, value: &str) {
        let (name, also) = (self.name(secure), if secure { "; Secure" } else { "" });
        let text = format!("{name}{value}; Path=/; HttpOnly; SameSite=Lax{also}");
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            headers.append(header::SET_COOKIE, value);
        }
    }
}

/// A signed-in person who asks for a page.
#[derive(Clone)]
pub(super) struct Visitor {
    /// Everything about the request.
    pub(super) ctx: Ctx,
    /// Who they are.
    pub(super) user: User,
    /// Where they are a member.
    pub(super) organizations: Arc<[(Organization, Membership)]>,
    /// What forms of this session carry.
    pub(super) form_token: Arc<str>,
    /// Whether a part of a page is wanted, to be put into the page that is open.
    pub(super) part: bool,
    /// Under which origin this server is known to the visitor: `https://keys.example.com`.
    pub(super) origin: Arc<str>,
    /// What is said once, about what was done before.
    pub(super) notice: Option<Notice>,
}

/// A visitor within one organization, of which they are a member. The path names it as `{organization}`.
#[derive(Clone)]
pub(super) struct Visit {
    /// Who; their context names the organization.
    pub(super) visitor: Visitor,
    /// Where.
    pub(super) organization: Organization,
    /// What they are there.
    pub(super) membership: Membership,
}

impl Visit {
    /// Everything about the request.
    pub(super) const fn ctx(&self) -> &Ctx {
        &self.visitor.ctx
    }

    /// The address of a page of the organization: `path` begins with a slash, or is empty.
    pub(super) fn href(&self, path: &str) -> String {
        format!("/o/{}{path}", self.organization.id)
    }
}

/// What a form carried, less its token. Wiped when dropped.
#[derive(Clone)]
pub(super) struct Fields(Arc<Form>);

impl Fields {
    /// The text of a field; empty when there is none.
    pub(super) fn text<'f>(&'f self, name: &'f str) -> &'f str {
        self.0.get(name).unwrap_or_default()
    }

    /// The text of a field without white space around it, if there is any.
    pub(super) fn given<'f>(&'f self, name: &'f str) -> Option<&'f str> {
        Some(self.text(name).trim()).filter(|text| !text.is_empty())
    }

    /// Every text of a field that may be there several times.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.values(name).filter(|text| !text.is_empty())
    }

    /// Whether a box is ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// The secret of a field.
    pub(super) fn secret(&self, name: &str) -> Secret {
        Secret::from_string(self.text(name).to_owned())
    }

    /// The token of a link of ours, in the field `token`: people paste the whole link.
    pub(super) fn linked_token(&self) -> Secret {
        let typed = self.text("token").trim();
        Secret::from_string(typed.rsplit('#').next().unwrap_or(typed).to_owned())
    }

    /// Every field in its order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(|(name, _)| *name != FORM_TOKEN)
    }
}

/// Lets signed-in people in. Everybody else is led to the sign-in page, and what they had filled in with them.
pub(super) async fn signed_in(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let changes = changes(&parts.method);
    if changes && !is_own(&parts.headers) {
        return page::foreign_form();
    }
    let visitor = visitor(&app, &parts).await;
    let fields = if changes { fields(&parts.headers, body).await } else { Ok(Form::default()) };
    let form = match fields {
        Ok(form) => Arc::new(form),
        Err(response) => return response,
    };
    let target = target(&parts);
    let carried = || Carried::of(&target, changes.then_some(&*form));
    let visitor = match visitor {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return sign_in::needed(&parts, carried()),
        Err(error) => {
            // Whose form it is nobody can find out now: it is given back with the token that it came with.
            let form_token = form.get(FORM_TOKEN).unwrap_or_default();
            return page::failed(&error, is_part(&parts.headers), Some(Again { carried: &carried(), form_token }));
        }
    };
    if changes && !confirms(&visitor.form_token, form.get(FORM_TOKEN)) {
        return sign_in::again_with_new_token(&visitor, &carried());
    }
    let seen = visitor.notice.is_some();
    let clear_notice = seen && !visitor.part;
    parts.extensions.insert(visitor.clone());
    parts.extensions.insert(Fields(Arc::clone(&form)));
    let mut response = next.run(Request::from_parts(parts, axum::body::Body::empty())).await;
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        response = page::refused(&app, &visitor, &refused, carried()).await;
    }
    if clear_notice && !response.headers().contains_key(header::SET_COOKIE) {
        Notice::clear(response.headers_mut());
    }
    response
}

/// Lets everybody in, and forms of our own pages alone.
pub(super) async fn open(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let changes = changes(&parts.method);
    if changes && !is_own(&parts.headers) {
        return page::foreign_form();
    }
    if changes {
        match fields(&parts.headers, body).await {
            Ok(form) => drop(parts.extensions.insert(Fields(Arc::new(form)))),
            Err(response) => return response,
        }
    }
    if let Ok(Some(visitor)) = visitor(&app, &parts).await {
        parts.extensions.insert(visitor);
    }
    next.run(Request::from_parts(parts, axum::body::Body::empty())).await
}

/// The visitor whom the cookie names; `None` when it names no session that is in force.
async fn visitor(app: &App, parts: &Parts) -> Result<Option<Visitor>, OpError> {
    let mut ctx = visit(app, parts);
    let Some(token) = Cookie::Session.sent(&parts.headers, ctx.secure) else { return Ok(None) };
    let signed_in = match sessions::authenticate(app, token, ctx.at()).await {
        Ok(signed_in) => signed_in,
        Err(error) if error.is_refusal() => return Ok(None),
        Err(error) => return Err(error),
    };
    ctx.caller = Caller::Session(signed_in);
    tell(parts, &ctx);
    let Who::User { user, organizations, .. } = sessions::get(app, &ctx).await? else { return Ok(None) };
    Ok(Some(Visitor {
        user,
        organizations: organizations.into(),
        form_token: form_token(token).into(),
        part: is_part(&parts.headers),
        origin: origin(app, parts, ctx.secure).into(),
        notice: Notice::of(&parts.headers),
        ctx,
    }))
}

/// Whether a page that is open asks for a part of itself.
pub(super) fn is_part(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request") && !headers.contains_key("hx-history-restore-request")
}

/// The value of a cookie. Of two with one name neither is believed: a neighbouring host may have planted one.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = all
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(given, value)| (given == name).then_some(value));
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

/// What forms of the session with this token carry: tells nothing about the token.
pub(super) fn form_token(session_token: &str) -> String {
    let key = blake3::derive_key("keyward console form token v1", session_token.as_bytes());
    URL_SAFE_NO_PAD.encode(key)
}

fn confirms(expected: &str, given: Option<&str>) -> bool {
    // Equal in constant time, because the expected one is a secret of the session.
    given.is_some_and(|given| blake3::hash(given.as_bytes()) == blake3::hash(expected.as_bytes()))
}

const fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether one of our own pages sent this, as far as the browser says.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), ..) => site == "same-origin",
        (None, Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
        }
        (None, ..) => false,
    }
}

async fn fields(headers: &HeaderMap, sent: axum::body::Body) -> Result<Form, Response> {
    if !is_form(headers) {
        return Err(page::unreadable_form("the form must be sent as `application/x-www-form-urlencoded`"));
    }
    let collected = Limited::new(sent, MAX_FORM_BYTES).collect().await;
    let bytes = collected.map_err(|_| page::unreadable_form("the form is longer than 64 KiB, or ended early"))?;
    Form::parse(&bytes.to_bytes()).map_err(|error| page::unreadable_form(&error.to_string()))
}

/// `server.public_url`, or what the browser asked: hosts that this node does not serve never come so far.
fn origin(app: &App, parts: &Parts, secure: bool) -> String {
    if let Some(url) = &app.config.server.public_url {
        return url.to_string();
    }
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    format!("{}://{}", if secure { "https" } else { "http" }, host.to_ascii_lowercase())
}

fn target(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned()
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| authority::unauthenticated().into())
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(Arc::default())))
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let mut visitor = Visitor::from_request_parts(parts, app).await?;
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let named = path.ok().and_then(|Path(all)| all.into_iter().find(|(name, _)| name == "organization"));
        let id: Option<OrganizationId> = named.and_then(|(_, text)| text.parse().ok());
        visitor.ctx.organization = Some(id.ok_or_else(|| OpError::not_found("organization"))?);
        let id = authority::organization(app, &visitor.ctx)?;
        let found = visitor.organizations.iter().find(|(organization, _)| organization.id == id).cloned();
        let (organization, membership) = found.ok_or_else(|| OpError::not_found("organization"))?;
        tell(parts, &visitor.ctx);
        Ok(Self { visitor, organization, membership })
    }
}

/// A request of anybody, signed in or not: who they are is what the page finds out.
pub(super) struct Open(pub(super) Ctx);

impl FromRequestParts<Arc<App>> for Open {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self(visit(app, parts)))
    }
}

/// An id of the path, by the name of its place: one that is none is told as one that does not exist.
pub(super) struct Id<T>(pub(super) T);

impl<T: std::str::FromStr> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let last = path.ok().and_then(|Path(all)| all.into_iter().rev().find(|(name, _)| name != "organization"));
        let id = last.and_then(|(_, text)| text.parse().ok());
        id.map(Id).ok_or_else(|| OpError::not_found("page").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_form_is_taken_from_our_own_pages_alone() {
        let own: &[&[(&str, &str)]] = &[
            &[("sec-fetch-site", "same-origin")],
            &[("host", "keys.example:8080"), ("origin", "http://keys.example:8080")],
        ];
        for given in own {
            assert!(is_own(&headers(given)), "{given:?}");
        }
        let foreign: &[&[(&str, &str)]] = &[
            &[],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("host", "a"), ("origin", "http://a")],
            &[("host", "a"), ("origin", "http://b")],
            &[("host", "a"), ("origin", "http://a:8080")],
            &[("host", "a"), ("origin", "null")],
        ];
        for given in foreign {
            assert!(!is_own(&headers(given)), "{given:?}");
        }
    }

    #[test]
    fn of_two_cookies_with_one_name_neither_is_believed() {
        assert_eq!(cookie(&headers(&[("cookie", "a=1; keyward=x; b=2")]), "keyward"), Some("x"));
        assert_eq!(cookie(&headers(&[("cookie", "keyward=x; keyward=y")]), "keyward"), None);
        assert_eq!(cookie(&headers(&[("cookie", "keyward=x"), ("cookie", "keyward=y")]), "keyward"), None);
        assert_eq!(cookie(&headers(&[("cookie", "notkeyward=x")]), "keyward"), None);
    }

    #[test]
    fn a_form_token_belongs_to_one_session() {
        let (one, other) = (form_token("kwses_a"), form_token("kwses_b"));
        assert!(confirms(&one, Some(&one)));
        assert!(!confirms(&one, Some(&other)) && !confirms(&one, Some("")) && !confirms(&one, None));
        assert!(!one.contains("kwses"));
    }
}
