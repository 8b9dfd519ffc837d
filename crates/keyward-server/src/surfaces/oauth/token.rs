//! The token endpoint (RFC 6749 sections 3.2, 4.4 and 5): one handler for every path that has one, with the rules of the
//! path.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use keyward_core::access_token::Asked;
use keyward_core::namespace::NamespaceId;
use serde::Serialize;

use crate::app::App;
use crate::ops::access_tokens::{self, Issued, Place};
use crate::ops::context::{Caller, Ctx};
use crate::surfaces::oauth::client::{self, CHALLENGE, Parameters};
use crate::surfaces::oauth::refusal::Refusal;
use crate::surfaces::oauth::{answer as json, whole};
use crate::surfaces::visit::{tell, visit};

/// What the token endpoint of one path does in its own way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'r> {
    /// Which credentials are exchanged here; anything else is unknown here.
    pub place: Place<'r>,
    /// What the body has to say.
    pub form: FormRule,
    /// How long tokens are to live; their kind says so when nothing is said here, and is never exceeded.
    pub lifetime: Option<Duration>,
    /// Where alone tokens are to count.
    pub namespace: Option<NamespaceId>,
}

/// What a body has to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormRule {
    /// It is a form that names the grant.
    #[default]
    Required,
    /// It may be empty, whatever type it is announced as, and need not name the grant.
    Optional,
}

/// Answers a request for an access token.
pub async fn answer(app: &App, request: Request, rules: Rules<'_>) -> Response {
    let (head, body) = request.into_parts();
    let ctx = visit(app, &head);
    match exchange(app, &ctx, &head, body, rules).await {
        Ok(issued) => {
            tell(&head, &Ctx { caller: Caller::Credential(issued.identity.clone()), ..ctx });
            granted(&issued)
        }
        Err(refusal) if client::uses_header(&head.headers) => refusal.challenging(CHALLENGE).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn exchange(app: &App, ctx: &Ctx, head: &Parts, body: Body, rules: Rules<'_>) -> Result<Issued, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::method());
    }
    let body = whole(body).await?;
    let parameters = match rules.form {
        FormRule::Optional if body.is_empty() => Parameters::of(head.uri.query(), &body)?,
        FormRule::Optional | FormRule::Required => Parameters::read(&head.headers, head.uri.query(), &body)?,
    };
    match (parameters.get("grant_type"), rules.form) {
        (Some("client_credentials"), _) | (None, FormRule::Optional) => {}
        (Some(_), _) => return Err(Refusal::unsupported_grant_type()),
        (None, FormRule::Required) => return Err(Refusal::invalid_request("grant_type is missing")),
    }
    let carried = client::authenticate(&head.headers, &parameters)?;
    let Rules { place, lifetime, namespace, .. } = rules;
    let asked = Asked { scope: parameters.get("scope"), lifetime, namespace };
    Ok(access_tokens::issue(app, ctx, &carried, place, asked).await?)
}

fn granted(issued: &Issued) -> Response {
    let scope = (!issued.scope.is_everything()).then(|| issued.scope.as_str());
    let body =
        Granted { access_token: issued.token.expose(), token_type: "Bearer", expires_in: issued.expires_in, scope };
    json(StatusCode::OK, &body)
}

/// RFC 6749 section 5.1. There is no refresh token: the client can ask again.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}
