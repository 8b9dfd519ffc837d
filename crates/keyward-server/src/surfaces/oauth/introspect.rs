//! Introspection (RFC 7662): services that hold `credentials:verify` ask what a token is. Whatever is wrong with it, the
//! answer is that it is not active, and nothing else.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use keyward_api::operations;
use keyward_core::access_token::AccessToken;
use keyward_core::decision::{Purpose, Reason, Request as Question};
use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_verify::Identity;
use serde::Serialize;

use crate::app::App;
use crate::ops::admission::{self, Refused};
use crate::ops::context::{Caller, Ctx};
use crate::ops::presented::{Carried, Travelled};
use crate::ops::verify::{self, Judged, Known};
use crate::surfaces::oauth::client::{self, CHALLENGE, Parameters};
use crate::surfaces::oauth::refusal::Refusal;
use crate::surfaces::oauth::{answer as json, whole};
use crate::surfaces::presented::{self, X_API_KEY};
use crate::surfaces::visit::{tell, visit};

/// Answers what a token is.
pub(super) async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let challenge = if bearer(&head.headers) { "Bearer error=\"invalid_token\"" } else { CHALLENGE };
    match introspect(&app, &head, body).await {
        Ok(Some(active)) => json(StatusCode::OK, &active),
        Ok(None) => json(StatusCode::OK, &Inactive { active: false }),
        Err(refusal) if client::uses_header(&head.headers) => refusal.challenging(challenge).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn introspect(app: &App, head: &Parts, body: Body) -> Result<Option<Description>, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::method());
    }
    let parameters = Parameters::read(&head.headers, head.uri.query(), &whole(body).await?)?;
    let mut ctx = visit(app, head);
    ctx.caller = Caller::Credential(caller(app, &ctx, &head.headers, &parameters).await?);
    tell(head, &ctx);
    let organization = verify::admit(app, &ctx, &operations::CREDENTIALS_VERIFY)?;
    let token = parameters.get("token").ok_or(Refusal::invalid_request("token is missing"))?;
    let judged = Judged::Presented(Carried::Token(Secret::from_string(token.to_owned()), Travelled::Vouched));
    let question = verify::Question {
        judged,
        permission: None,
        namespace: None,
        groups: Vec::new(),
        source: None,
        secure: true,
        explain: false,
    };
    let answered = verify::answer(app, &ctx, organization, &question).await?;
    match answered.denial {
        // Not an answer about the token: this node cannot tell.
        Some(denial) if denial.reason == Reason::Stale => Err(denial.into()),
        Some(_) => Ok(None),
        None => Ok(answered.identity.and_then(|known| described(app, &known, token))),
    }
}

/// Who asks: a credential that holds `credentials:verify`, presented to the API itself or as a client.
async fn caller(app: &App, ctx: &Ctx, headers: &HeaderMap, parameters: &Parameters) -> Result<Identity, Refusal> {
    let carried = if headers.contains_key(X_API_KEY) || bearer(headers) {
        presented::from_headers(headers).ok().flatten().ok_or(Refusal::invalid_client())?
    } else {
        client::authenticate(headers, parameters)?
    };
    let question = |purpose| Question {
        permission: operations::CREDENTIALS_VERIFY.permission,
        namespace: None,
        groups: &[],
        source: ctx.source,
        secure: ctx.secure,
        purpose,
    };
    match admission::admit(app, ctx, &carried, &question(Purpose::Direct)).await {
        // A client authenticates here as it does for a token.
        Err(Refused::Denied(denial)) if denial.reason == Reason::WrongUse => {
            Ok(admission::admit(app, ctx, &carried, &question(Purpose::Exchange)).await?)
        }
        admitted => Ok(admitted?),
    }
}

fn bearer(headers: &HeaderMap) -> bool {
    let scheme = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().get(..7));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

fn described(app: &App, known: &Known, token: &str) -> Option<Description> {
    let index = app.index.snapshot();
    let view = index.credential(known.credential)?;
    let statement = AccessToken::open(&app.ring(), token).ok();
    let expires_at = statement.map(|statement| statement.expires_at).or(view.expires_at());
    let scope = statement.map(|statement| statement.scope).filter(|scope| !scope.is_everything());
    Some(Description {
        active: true,
        client_id: view.public_id().to_owned(),
        sub: view.id(),
        scope: scope.map(|scope| scope.as_str().to_owned()),
        token_type: statement.map(|_| "Bearer"),
        exp: expires_at.map(Timestamp::seconds),
        iat: statement.map(|statement| statement.issued_at.seconds()),
        keyward: Identified {
            kind: view.kind().id.to_string(),
            organization: view.organization(),
            namespace: view.namespace(),
            owner: view.owner(),
            only_in: statement.and_then(|statement| statement.namespace),
        },
    })
}

#[derive(Serialize)]
struct Inactive {
    active: bool,
}

/// RFC 7662 section 2.2. `scope` is what the token was narrowed to; without one it may do whatever its client may.
#[derive(Serialize)]
struct Description {
    active: bool,
    client_id: String,
    /// The credential itself: no name that a client could choose to be taken for a person.
    sub: CredentialId,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    keyward: Identified,
}

/// What only Keyward knows of a credential.
#[derive(Serialize)]
struct Identified {
    kind: String,
    organization: OrganizationId,
    /// Where it lives.
    namespace: NamespaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<UserId>,
    /// Where alone the token counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_in: Option<NamespaceId>,
}
