//! The dialect `passport`: what clients of Twinit's Passport Service send, and what they are answered.
//!
//! API keys travel as HTTP Basic on every endpoint, access tokens as bearer tokens; sessions are for the console and the
//! native API. Organizations, applications, workspaces and user groups are served by the operations that serve the
//! native API, so that who sees and may do what is the same.

mod arrival;
mod ids;
mod items;
mod lists;
mod namespaces;
mod permissions;
mod refusal;
#[cfg(test)]
mod tests;
mod token;

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, delete, get, patch, post, put};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keyward_core::namespace::NamespaceKind;
use serde_json::Value;

use crate::app::App;
use crate::ops::presented::{Carried, Travelled};
use crate::surfaces::dialect::{self, Arrived, Asked, InvalidSurface};
use crate::surfaces::presented::{self, Unreadable};
use crate::surfaces::trouble::Trouble;

use arrival::Visitor;
pub use refusal::{refuse, row};

/// What the profile lets choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether API keys may travel as `X-API-Key-Id` and `X-API-Key-Secret` too.
    pub api_key_headers: bool,
}

impl Settings {
    /// Reads the settings of a profile.
    pub fn read(settings: &mut dialect::Settings<'_>) -> Result<Self, InvalidSurface> {
        Ok(Self { api_key_headers: settings.flag("api_key_headers", false)? })
    }
}

/// What a request carries. Where it goes on to another service, the route says what it asks for.
pub fn read(settings: &Settings, arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    Ok(Asked { carried: carried(settings, &arrived.head.headers)?, permission: None, namespace: None })
}

/// Takes the credential out of a request; the pair of headers also where the profile does not read it.
pub fn strip(head: &mut Parts) {
    for name in [header::AUTHORIZATION.as_str(), KEY_ID, KEY_SECRET] {
        head.headers.remove(name);
    }
}

/// The endpoints of this dialect.
pub fn router(app: &Arc<App>, settings: &Settings) -> Router {
    let passport = Passport { app: Arc::clone(app), settings: settings.clone() };
    let mut router = Router::new()
        .route(&format!("{BASE}/auth/token"), token())
        .route(&format!("{BASE}/permissions"), permissions())
        .route(&format!("{BASE}/permissions/"), permissions());
    for kind in KINDS {
        let path = format!("{BASE}/{}", kind.resource());
        router = router
            .route(&path, collection(kind))
            .route(&format!("{path}/"), collection(kind))
            .route(&format!("{path}/{{id}}"), record(kind));
    }
    router.with_state(passport)
}

/// What the handlers share.
#[derive(Clone)]
struct Passport {
    app: Arc<App>,
    settings: Settings,
}

/// What is asked for.
enum Call {
    List(NamespaceKind),
    Create(NamespaceKind),
    Get(NamespaceKind, String),
    Replace(NamespaceKind, String),
    Change(NamespaceKind, String),
    Delete(NamespaceKind, String),
    Permissions,
    Permit,
    Withdraw,
}

impl Passport {
    async fn serve(self, request: Request, call: Call) -> Response {
        self.reply(request, call).await.unwrap_or_else(|trouble| refuse(&trouble))
    }

    /// Who asks comes first: whoever is nobody learns nothing of what else is wrong.
    async fn reply(&self, request: Request, call: Call) -> Result<Response, Trouble> {
        let (head, body) = request.into_parts();
        let visitor = Visitor::admitted(self, &head).await?;
        match call {
            Call::List(NamespaceKind::Organization) => namespaces::list_organizations(&visitor).await,
            Call::List(kind) => namespaces::list(&visitor, kind).await,
            Call::Create(kind) => namespaces::create(&visitor, body, kind).await,
            Call::Get(kind, id) => namespaces::get(&visitor, kind, &id).await,
            Call::Replace(kind, id) => namespaces::edit(&visitor, body, kind, &id, items::Edit::Whole).await,
            Call::Change(kind, id) => namespaces::edit(&visitor, body, kind, &id, items::Edit::Part).await,
            Call::Delete(kind, id) => namespaces::delete(&visitor, kind, &id).await,
            Call::Permissions => permissions::list(&visitor).await,
            Call::Permit => permissions::create(&visitor, body).await,
            Call::Withdraw => permissions::delete(&visitor, body).await,
        }
    }
}

/// All of one kind. Organizations come from the operators of the deployment.
fn collection(kind: NamespaceKind) -> MethodRouter<Passport> {
    let list = get(move |State(passport): State<Passport>, request: Request| passport.serve(request, Call::List(kind)));
    if kind == NamespaceKind::Organization {
        return list.fallback(|| only("GET, HEAD"));
    }
    list.merge(post(move |State(passport): State<Passport>, request: Request| {
        passport.serve(request, Call::Create(kind))
    }))
    .fallback(|| only("GET, HEAD, POST"))
}

/// One of a kind.
fn record(kind: NamespaceKind) -> MethodRouter<Passport> {
    let handler = |call: fn(NamespaceKind, String) -> Call| {
        move |State(passport): State<Passport>, id: Result<Path<String>, PathRejection>, request: Request| {
            // A path that is not even text names nothing.
            passport.serve(request, call(kind, id.map(|Path(id)| id).unwrap_or_default()))
        }
    };
    let record = get(handler(Call::Get)).merge(put(handler(Call::Replace))).merge(patch(handler(Call::Change)));
    if kind == NamespaceKind::Organization {
        return record.fallback(|| only("GET, HEAD, PUT, PATCH"));
    }
    record.merge(delete(handler(Call::Delete))).fallback(|| only("GET, HEAD, PUT, PATCH, DELETE"))
}

fn permissions() -> MethodRouter<Passport> {
    let handler =
        |call: fn() -> Call| move |State(passport): State<Passport>, request: Request| passport.serve(request, call());
    get(handler(|| Call::Permissions))
        .merge(put(handler(|| Call::Permit)))
        .merge(post(handler(|| Call::Permit)))
        .merge(delete(handler(|| Call::Withdraw)))
        .fallback(|| only("GET, HEAD, PUT, POST, DELETE"))
}

fn token() -> MethodRouter<Passport> {
    any(|State(passport): State<Passport>, request: Request| async move { token::answer(&passport.app, request).await })
}

fn only(methods: &'static str) -> Ready<Response> {
    ready(refuse(&Trouble::Method(methods.to_owned())))
}

/// The one credential of a request.
fn carried(settings: &Settings, headers: &HeaderMap) -> Result<Option<Carried>, Unreadable> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let authorization = match (authorization.next(), authorization.next()) {
        (Some(_), Some(_)) => return Err(Unreadable::Several),
        (one, _) => one.map(presented::authorized).transpose()?,
    };
    if !settings.api_key_headers {
        return Ok(authorization);
    }
    match (authorization, pair(headers)?) {
        (Some(_), Some(_)) => Err(Unreadable::Several),
        (one, other) => Ok(one.or(other)),
    }
}

/// An API key in its pair of headers.
fn pair(headers: &HeaderMap) -> Result<Option<Carried>, Unreadable> {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Unreadable::Several),
            (one, _) => Ok(one),
        }
    };
    match (one(KEY_ID)?, one(KEY_SECRET)?) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let id = id.to_str().map_err(|_| Unreadable::Malformed)?.to_owned();
            let travelled = Travelled::Headers(KEY_ID.to_owned(), KEY_SECRET.to_owned());
            Ok(Some(Carried::Pair(id, presented::text(secret)?, travelled)))
        }
        _ => Err(Unreadable::Malformed),
    }
}

/// An answer with a body.
fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

const BASE: &str = "/passportsvc/api/v1";
const KINDS: [NamespaceKind; 4] =
    [NamespaceKind::Organization, NamespaceKind::Application, NamespaceKind::Workspace, NamespaceKind::UserGroup];
const KEY_ID: &str = "x-api-key-id";
const KEY_SECRET: &str = "x-api-key-secret";
