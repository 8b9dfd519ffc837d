//! The dialect `gateway_hub`: client credentials are exchanged at `/oauth2/token` for access tokens, which are bearer
//! tokens everywhere else; refusals are `{"title","body"}`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use keyward_core::decision::Reason;
use serde_json::json;

use crate::app::App;
use crate::net::limits::BodyFault;
use crate::ops::access_tokens::Place;
use crate::ops::context::Ctx;
use crate::surfaces::dialect::{Arrived, Asked, Row};
use crate::surfaces::hiding::without_secrets;
use crate::surfaces::oauth::token::{self, Rules};
use crate::surfaces::presented::{self, Unreadable};
use crate::surfaces::trouble::Trouble;

/// The endpoints of this dialect.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().route("/oauth2/token", any(exchange)).with_state(Arc::clone(app))
}

/// What a request carries.
pub fn read(arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    let mut authorization = arrived.head.headers.get_all(header::AUTHORIZATION).iter();
    let carried = match (authorization.next(), authorization.next()) {
        (None, _) => None,
        (Some(value), None) => Some(presented::authorized(value)?),
        (Some(_), Some(_)) => return Err(Unreadable::Several.into()),
    };
    Ok(Asked { carried, permission: None, namespace: None })
}

/// Takes the credential out of a request.
pub fn strip(head: &mut Parts) {
    head.headers.remove(header::AUTHORIZATION);
}

/// The answer to a request that is not served.
pub fn refuse(_: &Ctx, trouble: &Trouble) -> Response {
    let Told { status, title, body } = told(trouble);
    let mut response = trouble.answered(status, &json!({ "title": title, "body": without_secrets(&body) }));
    if let Some(challenge) = challenge(status, trouble) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// How a reason is answered: in the published words where no token is accepted, in the same shape elsewhere.
pub fn row(reason: Reason) -> Row {
    let row = |status, code, text| Row { status, code, text };
    match reason {
        Reason::Malformed
        | Reason::Unknown
        | Reason::OutOfWindow
        | Reason::WrongCarrier
        | Reason::WrongUse
        | Reason::OrganizationSuspended
        | Reason::Disabled
        | Reason::Revoked
        | Reason::Replaced
        | Reason::Expired
        | Reason::OwnerInactive
        | Reason::Replayed => row(401, UNAUTHORIZED, NEEDS_TOKEN),
        Reason::Denied => {
            row(403, FORBIDDEN, "An application key cannot do this, whatever its roles are. Use the Web Console.")
        }
        Reason::OutOfScope => row(403, FORBIDDEN, "The access token was not issued for this."),
        Reason::OutOfReach | Reason::NotGranted | Reason::OwnerLacks => {
            row(403, FORBIDDEN, "No role of the application key allows this.")
        }
        Reason::SourceNotAllowed => row(403, FORBIDDEN, "The application key may not be used from this address."),
        Reason::InsecureTransport => row(403, FORBIDDEN, "The application key may only be sent over https."),
        Reason::RateLimited => row(429, "Too many requests", "Wait before the next request."),
        Reason::Stale => row(503, UNAVAILABLE, "The request cannot be judged at the moment. Send it again."),
    }
}

struct Told {
    status: StatusCode,
    title: &'static str,
    body: Cow<'static, str>,
}

fn told(trouble: &Trouble) -> Told {
    let told = |status, title, body: &'static str| Told { status, title, body: body.into() };
    let invalid = |status, body: String| Told { status, title: "Invalid request", body: body.into() };
    match trouble {
        Trouble::Denied(denial) => {
            let Row { status, code, text } = row(denial.reason);
            told(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN), code, text)
        }
        Trouble::NoCredential | Trouble::Unreadable(Unreadable::Malformed) => {
            told(StatusCode::UNAUTHORIZED, UNAUTHORIZED, NEEDS_TOKEN)
        }
        Trouble::Unreadable(Unreadable::Several) => {
            told(StatusCode::BAD_REQUEST, "Invalid request", "The request carries more than one credential.")
        }
        Trouble::Missing(name) => invalid(StatusCode::BAD_REQUEST, format!("The parameter {name} is missing.")),
        Trouble::Invalid(name) => {
            invalid(StatusCode::BAD_REQUEST, format!("The parameter {name} is not what it has to be."))
        }
        Trouble::Form(error) => invalid(StatusCode::BAD_REQUEST, error.to_string()),
        Trouble::Body(fault @ (BodyFault::TooLarge | BodyFault::TooSlow | BodyFault::Broken)) => {
            invalid(fault.status(), fault.to_string())
        }
        Trouble::AmbiguousPath => {
            told(StatusCode::BAD_REQUEST, "Invalid request", "The path can be read in several ways.")
        }
        Trouble::NotFound => told(StatusCode::NOT_FOUND, "Not found", "There is no such resource."),
        Trouble::Method(allow) => {
            invalid(StatusCode::METHOD_NOT_ALLOWED, format!("The resource has the methods {allow}."))
        }
        Trouble::UpstreamDown => told(StatusCode::BAD_GATEWAY, UNAVAILABLE, "The service did not answer."),
        Trouble::UpstreamTimeout => {
            told(StatusCode::GATEWAY_TIMEOUT, UNAVAILABLE, "The service took too long to answer.")
        }
        Trouble::Failed(error) => match StatusCode::from_u16(error.code.status()) {
            Ok(StatusCode::UNAUTHORIZED) => told(StatusCode::UNAUTHORIZED, UNAUTHORIZED, NEEDS_TOKEN),
            Ok(status) if status.is_client_error() => invalid(status, error.detail.clone()),
            _ => {
                told(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, "The request could not be recorded. Send it again.")
            }
        },
    }
}

/// RFC 6750 section 3: without a credential no error is named.
fn challenge(status: StatusCode, trouble: &Trouble) -> Option<&'static str> {
    match (status, trouble) {
        (StatusCode::UNAUTHORIZED, Trouble::NoCredential) => Some("Bearer"),
        (StatusCode::UNAUTHORIZED, _) => Some("Bearer error=\"invalid_token\""),
        (StatusCode::FORBIDDEN, _) => Some("Bearer error=\"insufficient_scope\""),
        _ => None,
    }
}

async fn exchange(State(app): State<Arc<App>>, request: Request) -> Response {
    let place = Place { dialect: Some("gateway_hub"), ..Place::default() };
    token::answer(&app, request, Rules { place, ..Rules::default() }).await
}

const UNAUTHORIZED: &str = "Authorization failed";
const FORBIDDEN: &str = "Access denied";
const UNAVAILABLE: &str = "Service unavailable";
const NEEDS_TOKEN: &str = "The request needs a valid authorization token.";
