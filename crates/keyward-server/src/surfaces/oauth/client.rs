//! How a client proves who it is (RFC 6749 section 2.3.1): HTTP Basic, or two parameters of the body; never both, never
//! the query.

use http::{HeaderMap, header};
use keyward_core::secret::Secret;

use crate::ops::presented::{Carried, Travelled};
use crate::surfaces::form::{Form, is_form};
use crate::surfaces::oauth::refusal::Refusal;
use crate::surfaces::presented::{self, Unreadable};

/// What a client is told that failed with the header `Authorization`.
pub(super) const CHALLENGE: &str = "Basic realm=\"oauth2\"";

/// The parameters of a body, read as OAuth reads them: names have a case, and none is there twice.
pub(super) struct Parameters(Form);

impl Parameters {
    /// Reads a request's body, given its whole head and query.
    pub(super) fn read(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        if !is_form(headers) {
            return Err(Refusal::invalid_request("the body must be of the type application/x-www-form-urlencoded"));
        }
        Self::of(query, body)
    }

    /// The same for a body that is announced as nothing in particular.
    pub(super) fn of(query: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        let malformed = |_| Refusal::invalid_request("the parameters are not percent-encoded UTF-8, or too many");
        let query = Form::parse(query.unwrap_or_default().as_bytes()).map_err(malformed)?;
        // Queries are kept in logs and histories, where a secret has no place.
        if query.iter().any(|(name, _)| OF_THE_BODY.contains(&name)) {
            return Err(Refusal::invalid_request("parameters belong into the body, never into the query"));
        }
        let form = Form::parse(body).map_err(malformed)?;
        let names: Vec<&str> = form.iter().map(|(name, _)| name).collect();
        if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
            return Err(Refusal::invalid_request("a parameter is there more than once"));
        }
        Ok(Self(form))
    }

    /// The value of a parameter; an empty one is none (RFC 6749 section 3.2).
    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value).filter(|value| !value.is_empty())
    }
}

/// Whether the client used the header that is answered with a challenge.
pub(super) fn uses_header(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// The credential of the client.
pub(super) fn authenticate(headers: &HeaderMap, parameters: &Parameters) -> Result<Carried, Refusal> {
    let (id, secret) = (parameters.get("client_id"), parameters.get("client_secret"));
    let mut header = headers.get_all(header::AUTHORIZATION).iter();
    match (header.next(), header.next()) {
        (Some(_), Some(_)) => Err(two_ways()),
        (Some(_), None) if secret.is_some() => Err(two_ways()),
        (Some(value), None) => match presented::authorized(value) {
            // A client may name itself in the body as well.
            Ok(Carried::Pair(named, ..)) if id.is_some_and(|id| id != named) => Err(two_ways()),
            Ok(pair @ Carried::Pair(..)) => Ok(pair),
            Ok(_) | Err(Unreadable::Malformed | Unreadable::Several) => Err(Refusal::invalid_client()),
        },
        (None, _) => match (id, secret) {
            (Some(id), Some(secret)) => {
                let by = Travelled::Form("client_id".to_owned(), "client_secret".to_owned());
                Ok(Carried::Pair(id.to_owned(), Secret::from_string(secret.to_owned()), by))
            }
            _ => Err(Refusal::invalid_client()),
        },
    }
}

fn two_ways() -> Refusal {
    Refusal::invalid_request("the client must authenticate in exactly one way, and as one client")
}

/// What must not be in a query.
const OF_THE_BODY: [&str; 6] = ["grant_type", "client_id", "client_secret", "scope", "token", "access_token"];
