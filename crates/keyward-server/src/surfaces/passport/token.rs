//! `POST /auth/token?appId=…[&expires_in=…]`: a user access key is exchanged for an access token, where it lives.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use keyward_core::id::ApplicationId;
use keyward_core::namespace::NamespaceId;

use super::ids;
use crate::app::App;
use crate::ops::access_tokens::Place;
use crate::surfaces::form::Form;
use crate::surfaces::oauth::refusal::Refusal;
use crate::surfaces::oauth::token::{self, FormRule, Rules};

/// The token, or why there is none, in the words of OAuth.
pub(super) async fn answer(app: &App, request: Request) -> Response {
    match asked(request.uri().query().unwrap_or_default()) {
        Ok((namespace, lifetime)) => {
            let place = Place { dialect: Some("passport"), namespace: Some(namespace), ..Place::default() };
            token::answer(app, request, Rules { place, form: FormRule::Optional, lifetime, namespace: None }).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The application, and how long the token is to live.
fn asked(query: &str) -> Result<(NamespaceId, Option<Duration>), Refusal> {
    let wrong = Refusal::invalid_request;
    let query = Form::parse(query.as_bytes()).map_err(|_| wrong("the query is not percent-encoded UTF-8"))?;
    if query.repeated().is_some() {
        return Err(wrong("a parameter is there more than once"));
    }
    let application = query.get("appId").and_then(ids::parse::<ApplicationId>);
    let application = application.ok_or(wrong("appId must be the UUID of an application"))?;
    let seconds =
        query.get("expires_in").map(|text| text.parse().map_err(|_| wrong("expires_in must be whole seconds")));
    Ok((application.into(), seconds.transpose()?.map(Duration::from_secs)))
}
