//! What handlers take: the caller with everything about the request, and parsed paths, queries and bodies. Each refuses
//! with its own problem.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use http_body_util::{BodyExt as _, Limited};
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::{headers, json, limits};
use keyward_core::decision::{Purpose, Request as Question};
use keyward_core::id::InvalidId;
use keyward_core::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::net::limits::is_too_large;
use crate::ops::admission::{self, Refused};
use crate::ops::context::{Caller, Ctx};
use crate::ops::sessions;
use crate::surfaces::native::answer::Problematic;
use crate::surfaces::presented::{self, Unreadable};
use crate::surfaces::visit::{tell, visit};

impl FromRequestParts<Arc<App>> for Ctx {
    type Rejection = Problematic;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problematic> {
        let mut ctx = Ctx {
            organization: header_value(&parts.headers, headers::ORGANIZATION)?,
            idempotency_key: idempotency_key(&parts.headers)?,
            if_match: if_match(&parts.headers)?,
            ..visit(app, parts)
        };
        ctx.caller = caller(app, &ctx, &parts.headers).await?;
        tell(parts, &ctx);
        Ok(ctx)
    }
}

/// Who asks: a session's token or a credential, in one of the carriers that standards define.
async fn caller(app: &Arc<App>, ctx: &Ctx, headers: &HeaderMap) -> Result<Caller, Problematic> {
    let carried = presented::from_headers(headers).map_err(|unreadable| {
        let code = match unreadable {
            Unreadable::Several => ErrorCode::TwoCredentials,
            Unreadable::Malformed => ErrorCode::InvalidCredential,
        };
        Problem::new(code).with_detail(unreadable.to_string())
    })?;
    let Some(carried) = carried else { return Ok(Caller::Anonymous) };
    if let Some(token) = carried.bearer()
        && sessions::is_session_token(token)
    {
        return Ok(Caller::Session(sessions::authenticate(app, token, ctx.at()).await?));
    }
    let question = Question {
        permission: None,
        namespace: None,
        groups: &[],
        source: ctx.source,
        secure: ctx.secure,
        purpose: Purpose::Direct,
    };
    match admission::admit(app, ctx, &carried, &question).await {
        Ok(identity) if identity.narrowed => {
            let detail =
                "an access token that was narrowed to a scope or a namespace does not manage: ask for one without";
            Err(Problem::new(ErrorCode::PermissionDenied).with_detail(detail).into())
        }
        Ok(identity) => Ok(Caller::Credential(identity)),
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(Refused::Denied(denial)) => {
            let mut problem = Problem::from(denial.reason);
            problem.retry_after = denial.retry_after.map(headers::retry_after);
            Err(problem.into())
        }
    }
}

/// One parameter of the path; a wrong id is a problem of its own.
pub(super) struct Id<T>(pub(super) T);

impl<T> FromRequestParts<Arc<App>> for Id<T>
where
    T: FromStr<Err: Unrepeated> + Send,
{
    type Rejection = Problematic;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problematic> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, app).await;
        let text = path.map_err(|_| Problem::new(ErrorCode::InvalidId))?.0;
        parsed(&text).map(Id)
    }
}

/// Two parameters of the path.
pub(super) struct Ids<A, B>(pub(super) A, pub(super) B);

impl<A, B> FromRequestParts<Arc<App>> for Ids<A, B>
where
    A: FromStr<Err: Unrepeated> + Send,
    B: FromStr<Err: Unrepeated> + Send,
{
    type Rejection = Problematic;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problematic> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, app).await;
        let (a, b) = path.map_err(|_| Problem::new(ErrorCode::InvalidId))?.0;
        Ok(Ids(parsed(&a)?, parsed(&b)?))
    }
}

fn parsed<T: FromStr<Err: Unrepeated>>(text: &str) -> Result<T, Problematic> {
    text.parse().map_err(|error: T::Err| Problem::new(ErrorCode::InvalidId).with_detail(error.told()).into())
}

/// Why a part of a path cannot be read, without that part: it may be a secret that was put into the wrong place.
pub(super) trait Unrepeated {
    fn told(&self) -> String;
}

impl Unrepeated for InvalidId {
    fn told(&self) -> String {
        format!("what stands in the path is not {}", self.wanted())
    }
}

impl Unrepeated for Infallible {
    fn told(&self) -> String {
        match *self {}
    }
}

/// The query, parsed; unknown and repeated parameters are problems.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = Problematic;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problematic> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer).map(Query).map_err(|error| {
            let at = error.path().to_string();
            let parameter = (!at.is_empty() && at != ".").then_some(at.as_str());
            json::from_query_error(&error.inner().to_string(), parameter).into()
        })
    }
}

/// The body as JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problematic;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Problematic> {
        is_json(request.headers())?;
        let body = body(request, limits::MAX_BODY_BYTES).await?;
        is_no_list(&body)?;
        Ok(Json(json::from_json(&body)?))
    }
}

/// The body as JSON, or nothing where every field has its default.
pub(super) struct OptionalJson<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for OptionalJson<T> {
    type Rejection = Problematic;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Problematic> {
        let typed = is_json(request.headers());
        let body = body(request, limits::MAX_BODY_BYTES).await?;
        if !body.is_empty() {
            typed?;
        }
        is_no_list(&body)?;
        Ok(OptionalJson(json::from_optional_json(&body)?))
    }
}

/// Refuses a list where an object is read: the parser would take its items for the fields in their order, which no
/// document says.
fn is_no_list(body: &[u8]) -> Result<(), Problematic> {
    if body.trim_ascii_start().starts_with(b"[") {
        let message = "the body has to be a JSON object, not a list";
        return Err(Problem::new(ErrorCode::InvalidValue).with_detail(message).with_error("", message).into());
    }
    Ok(())
}

/// The whole body, if it is not longer than `limit`.
pub(super) async fn body(request: Request, limit: usize) -> Result<bytes::Bytes, Problematic> {
    let collected = Limited::new(request.into_body(), limit).collect().await.map_err(|error| {
        if is_too_large(&*error) {
            Problem::new(ErrorCode::BodyTooLarge).with_detail(format!("the body is longer than {limit} bytes"))
        } else {
            Problem::new(ErrorCode::MalformedJson).with_detail("the body ended early or could not be read")
        }
    })?;
    Ok(collected.to_bytes())
}

/// Refuses another content type.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), Problematic> {
    let essence = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next());
    if essence.is_some_and(|e| e.trim().eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(Problem::new(ErrorCode::WrongContentType)
            .with_detail("send the body as JSON with `Content-Type: application/json`")
            .into())
    }
}

/// How many items a page may hold.
pub(super) fn page_size(asked: Option<u16>) -> Result<u32, Problematic> {
    match asked.unwrap_or(limits::DEFAULT_PAGE) {
        0 => Err(Problem::new(ErrorCode::InvalidValue).with_error("?limit", "a page holds at least 1 item").into()),
        n if n > limits::MAX_PAGE => Err(Problem::new(ErrorCode::PageTooLarge)
            .with_error("?limit", format!("a page holds at most {} items", limits::MAX_PAGE))
            .into()),
        n => Ok(u32::from(n)),
    }
}

/// The place that a cursor of one value names: opaque to callers, checked when it comes back.
pub(super) fn after_one<A: FromStr>(cursor: Option<&str>) -> Result<Option<A>, Problematic> {
    let read = |[a]: [String; 1]| a.parse().ok();
    cursor.map(|text| values(text).and_then(read).ok_or_else(invalid_cursor)).transpose()
}

/// The same for a cursor of two values.
pub(super) fn after_two<A: FromStr, B: FromStr>(cursor: Option<&str>) -> Result<Option<(A, B)>, Problematic> {
    let read = |[a, b]: [String; 2]| Some((a.parse().ok()?, b.parse().ok()?));
    cursor.map(|text| values(text).and_then(read).ok_or_else(invalid_cursor)).transpose()
}

/// The cursor of the page after this one; none when this one is not full, and so is the last.
pub(super) fn next<T, const N: usize>(page: &[T], limit: u32, place: impl Fn(&T) -> [String; N]) -> Option<String> {
    let full = page.len() == limit as usize;
    page.last().filter(|_| full).map(|last| cursor(&place(last)))
}

/// A cursor for values that name the place after an item.
pub(super) fn cursor(values: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(values).unwrap_or_default())
}

fn values<const N: usize>(cursor: &str) -> Option<[String; N]> {
    if cursor.len() > limits::MAX_CURSOR_BYTES * 4 {
        return None;
    }
    let values: Vec<String> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    values.try_into().ok()
}

fn invalid_cursor() -> Problematic {
    Problem::new(ErrorCode::InvalidCursor).into()
}

fn header_value<T: FromStr<Err: Display>>(headers: &HeaderMap, name: &'static str) -> Result<Option<T>, Problematic> {
    single(headers, name)?
        .map(|text| text.parse().map_err(|error: T::Err| invalid_header(name, error.to_string())))
        .transpose()
}

fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problematic> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(invalid_header(name, "its value is not plain text")),
        },
        (Some(_), Some(_)) => Err(invalid_header(name, "it is there twice: send it once")),
    }
}

fn invalid_header(name: &str, why: impl Into<String>) -> Problematic {
    Problem::new(ErrorCode::InvalidHeader).with_error(name, why).into()
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problematic> {
    match single(headers, headers::IDEMPOTENCY_KEY)? {
        Some(key) if key.is_empty() || key.chars().count() > limits::MAX_IDEMPOTENCY_KEY_CHARS => {
            let message = format!("it must have 1 to {} characters", limits::MAX_IDEMPOTENCY_KEY_CHARS);
            Err(invalid_header(headers::IDEMPOTENCY_KEY, message))
        }
        key => Ok(key.map(str::to_owned)),
    }
}

/// `If-Match` carries the entity tag of an earlier answer: when the record last changed. `*` asks for nothing.
fn if_match(headers: &HeaderMap) -> Result<Option<Timestamp>, Problematic> {
    match single(headers, "if-match")? {
        None | Some("*") => Ok(None),
        Some(text) => {
            let micros = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
            match micros {
                Some(micros) => Ok(Some(Timestamp::from_micros(micros))),
                None => Err(invalid_header("if-match", "send the `ETag` of an earlier answer, with its quotes")),
            }
        }
    }
}
