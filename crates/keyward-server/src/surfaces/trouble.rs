//! What can go wrong with a request before anything vendor-specific: the closed list that every dialect has an answer to.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use keyward_core::decision::{Denial, Reason};
use serde::Serialize;

use crate::net::limits::BodyFault;
use crate::ops::admission::Refused;
use crate::ops::error::OpError;
use crate::surfaces::form::InvalidForm;
use crate::surfaces::presented::Unreadable;

/// Why a request is not served. Every dialect renders each in one exhaustive `match`.
#[derive(Debug)]
pub enum Trouble {
    /// The decision is no.
    Denied(Denial),
    /// Nothing was presented.
    NoCredential,
    /// What was presented cannot be read.
    Unreadable(Unreadable),
    /// A parameter that must be there is not: its name.
    Missing(&'static str),
    /// A parameter has a value that it cannot have: its name.
    Invalid(&'static str),
    /// The query or the body is no form.
    Form(InvalidForm),
    /// The body cannot be had.
    Body(BodyFault),
    /// Servers would disagree about which path is meant.
    AmbiguousPath,
    /// There is no such path.
    NotFound,
    /// The path does not have this method; the ones it has, as `Allow` lists them.
    Method(String),
    /// The server behind the route could not be reached, or broke off.
    UpstreamDown,
    /// The server behind the route took too long.
    UpstreamTimeout,
    /// The operation refused or failed.
    Failed(OpError),
}

impl Trouble {
    /// In how many whole seconds to ask again, where waiting helps: `Retry-After`.
    pub fn retry_after(&self) -> Option<u64> {
        let wait = match self {
            Trouble::Denied(Denial { reason: Reason::Stale | Reason::RateLimited, retry_after: None }) => {
                Some(A_MOMENT)
            }
            Trouble::Denied(denial) => denial.retry_after,
            Trouble::Failed(error) if error.code.status() >= 500 => Some(error.retry_after.unwrap_or(A_MOMENT)),
            Trouble::Failed(error) => error.retry_after,
            _ => None,
        };
        wait.map(keyward_api::headers::retry_after)
    }

    /// The answer in the shape that a dialect gives it, with the headers that go with what went wrong. Tells the operator
    /// of what is a failure of ours.
    pub fn answered(&self, status: StatusCode, body: &impl Serialize) -> Response {
        self.report();
        let Ok(body) = serde_json::to_vec(body) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let fixed = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (status, fixed, body).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Trouble::Method(allow) = self
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }

    fn report(&self) {
        let Trouble::Failed(error) = self else { return };
        if let Some(cause) = &error.cause {
            tracing::error!(code = error.code.as_str(), error = %cause, "an operation failed");
        } else if error.code.status() >= 500 {
            tracing::error!(code = error.code.as_str(), error = %error.detail, "an operation failed");
        }
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(denial) => Trouble::Denied(denial),
            Refused::Failed(error) => Trouble::Failed(error),
        }
    }
}

impl From<Reason> for Trouble {
    fn from(reason: Reason) -> Self {
        Trouble::Denied(reason.into())
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        Trouble::Unreadable(unreadable)
    }
}

impl From<InvalidForm> for Trouble {
    fn from(form: InvalidForm) -> Self {
        Trouble::Form(form)
    }
}

impl From<BodyFault> for Trouble {
    fn from(fault: BodyFault) -> Self {
        Trouble::Body(fault)
    }
}

impl From<OpError> for Trouble {
    fn from(error: OpError) -> Self {
        Trouble::Failed(error)
    }
}

/// When to ask again what will soon be answered otherwise.
const A_MOMENT: Duration = Duration::from_secs(1);
