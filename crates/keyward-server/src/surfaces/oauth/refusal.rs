//! How OAuth endpoints say no: RFC 6749 section 5.2, in words that never repeat what was sent.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use keyward_api::error::ErrorCode;
use keyward_core::access_token::GrantError;
use keyward_core::decision::{Denial, Reason};
use serde::Serialize;

use crate::net::limits::BodyFault;
use crate::ops::access_tokens::NotIssued;
use crate::ops::admission::Refused;
use crate::ops::error::OpError;
use crate::surfaces::oauth::answer;

/// A refused request.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
    /// Printable ASCII without quotes and backslashes, as the RFC wants it.
    description: &'static str,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    challenge: Option<&'static str>,
}

impl Refusal {
    /// The request is not what this endpoint reads.
    pub const fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The client did not prove who it is. The same for everything that stands in its way, so that nobody learns which
    /// clients there are.
    pub const fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the client is unknown, its secret is wrong, or it can no longer be used",
        )
    }

    /// The client is known, and may not do this.
    pub const fn unauthorized_client(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", description)
    }

    /// Another grant than client credentials.
    pub const fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "only grant_type=client_credentials is served here",
        )
    }

    /// Not a scope, or one that the client does not hold.
    pub const fn invalid_scope() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            "the scope must be permissions that the client holds, joined by spaces",
        )
    }

    /// Only for those who hold a permission.
    pub const fn insufficient_scope() -> Self {
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", "this needs the permission credentials:verify")
    }

    /// Another method than POST.
    pub const fn method() -> Self {
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "send the request with POST");
        Self { allow: Some("POST"), ..refusal }
    }

    /// The same, with a challenge for a client that came with the header `Authorization` (RFC 6749 section 5.2).
    pub const fn challenging(mut self, challenge: &'static str) -> Self {
        if self.status.as_u16() == StatusCode::UNAUTHORIZED.as_u16() {
            self.challenge = Some(challenge);
        }
        self
    }

    const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, retry_after: None, allow: None, challenge: None }
    }

    const fn busy(status: StatusCode, description: &'static str, retry_after: Option<Duration>) -> Self {
        let wait = match retry_after {
            Some(wait) => wait,
            None => Duration::from_secs(1),
        };
        Self { retry_after: Some(wait), ..Self::new(status, "temporarily_unavailable", description) }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        match denial.reason {
            Reason::Malformed
            | Reason::Unknown
            | Reason::OutOfWindow
            | Reason::WrongCarrier
            | Reason::OrganizationSuspended
            | Reason::Disabled
            | Reason::Revoked
            | Reason::Replaced
            | Reason::Expired
            | Reason::OwnerInactive
            | Reason::Replayed => Self::invalid_client(),
            Reason::WrongUse => {
                Self::unauthorized_client("credentials of this kind are not exchanged: send them to the API itself")
            }
            Reason::SourceNotAllowed => Self::unauthorized_client("the client may not be used from this address"),
            Reason::Denied | Reason::OutOfScope | Reason::OutOfReach | Reason::NotGranted | Reason::OwnerLacks => {
                Self::insufficient_scope()
            }
            Reason::InsecureTransport => {
                Self::invalid_request("the client sends its secret over https alone: replace it, it was exposed")
            }
            Reason::Stale => Self::busy(
                StatusCode::SERVICE_UNAVAILABLE,
                "this node cannot prove that it knows of all revocations: retry",
                denial.retry_after,
            ),
            Reason::RateLimited => {
                Self::busy(StatusCode::TOO_MANY_REQUESTS, "too many requests of this client: wait", denial.retry_after)
            }
        }
    }
}

impl From<GrantError> for Refusal {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::NotExchanged => Reason::WrongUse.into(),
            GrantError::Scope => Self::invalid_scope(),
            GrantError::Lifetime => Self::invalid_request("the lifetime must be at least one second"),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Denial::from(reason).into()
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(denial) => denial.into(),
            Refused::Failed(error) => error.into(),
        }
    }
}

impl From<NotIssued> for Refusal {
    fn from(error: NotIssued) -> Self {
        match error {
            NotIssued::Denied(denial) => denial.into(),
            NotIssued::Grant(error) => error.into(),
            NotIssued::Failed(error) => error.into(),
        }
    }
}

/// An operation behind an OAuth endpoint refuses those who may not, or fails; nothing else.
impl From<OpError> for Refusal {
    fn from(error: OpError) -> Self {
        match error.code.status() {
            401 => return Self::invalid_client(),
            403 | 404 => return Self::insufficient_scope(),
            400..500 => return Self::invalid_request("the request cannot be served"),
            _ => {}
        }
        let cause = error.cause.as_ref().map(ToString::to_string).unwrap_or(error.detail);
        tracing::error!(code = error.code.as_str(), error = %cause, "an operation failed");
        match error.code {
            ErrorCode::Internal => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the request failed within the server")
            }
            _ => Self::busy(
                StatusCode::SERVICE_UNAVAILABLE,
                "the request could not be recorded: retry",
                error.retry_after,
            ),
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        let description = match fault {
            BodyFault::TooLarge => "the body is too large",
            BodyFault::TooSlow => "the body took too long to arrive",
            BodyFault::Broken => "the body broke off",
        };
        Self::new(fault.status(), "invalid_request", description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body { error: self.error, error_description: self.description };
        let mut response = answer(self.status, &body);
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(keyward_api::headers::retry_after(wait)));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(refusal: Refusal) -> (u16, &'static str, &'static str, bool) {
        (refusal.status.as_u16(), refusal.error, refusal.description, refusal.retry_after.is_some())
    }

    #[test]
    fn every_reason_is_told_in_the_words_of_the_rfc() {
        const CODES: [&str; 8] = [
            "invalid_request",
            "invalid_client",
            "invalid_scope",
            "unauthorized_client",
            "unsupported_grant_type",
            "insufficient_scope",
            "temporarily_unavailable",
            "server_error",
        ];
        let reasons = Reason::ALL.iter().map(|reason| Refusal::from(*reason));
        let others = [
            Refusal::invalid_scope(),
            Refusal::unsupported_grant_type(),
            Refusal::method(),
            GrantError::Lifetime.into(),
            BodyFault::TooLarge.into(),
            BodyFault::TooSlow.into(),
            BodyFault::Broken.into(),
            OpError::new(ErrorCode::Internal, "x").into(),
            OpError::new(ErrorCode::Unavailable, "x").into(),
            OpError::new(ErrorCode::PermissionDenied, "x").into(),
        ];
        for (status, error, description, _) in reasons.chain(others).map(read) {
            assert!(CODES.contains(&error) && (400..600).contains(&status), "{error} {status}");
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(description.bytes().all(allowed), "{description}");
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_client_is_told_alike() {
        let unknown = read(Reason::Unknown.into());
        assert_eq!((unknown.0, unknown.1), (401, "invalid_client"));
        for reason in [
            Reason::Malformed,
            Reason::WrongCarrier,
            Reason::Disabled,
            Reason::Revoked,
            Reason::Replaced,
            Reason::Expired,
            Reason::OwnerInactive,
            Reason::OrganizationSuspended,
        ] {
            assert_eq!(read(reason.into()), unknown, "{reason:?}");
        }
        assert_eq!(read(Reason::WrongUse.into()).1, "unauthorized_client");
        assert_eq!(read(Reason::Stale.into()).0, 503);
        assert_eq!(read(Reason::RateLimited.into()).0, 429);
        assert!(read(Reason::Stale.into()).3 && read(Reason::RateLimited.into()).3);
    }

    #[test]
    fn only_a_failed_authentication_is_challenged() {
        assert_eq!(Refusal::invalid_client().challenging("Basic").challenge, Some("Basic"));
        assert_eq!(Refusal::invalid_scope().challenging("Basic").challenge, None);
    }
}
