//! How a request that is not served is answered.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, header};
use keyward_api::error::ErrorCode;
use keyward_core::decision::Reason;
use keyward_verify::Means;

use crate::ops::error::OpError;
use crate::surfaces::gigya::envelope::{Code, Echo};
use crate::surfaces::gigya::parameters::API_KEY;
use crate::surfaces::presented::Unreadable;
use crate::surfaces::trouble::Trouble;

/// What stands for the credential where nothing else is known.
pub const USUAL: Means = Means::Secret;

/// The code for a reason. What is wrong with a token or a signature is told apart from what is wrong with a key.
pub const fn of_reason(reason: Reason, means: Means) -> Code {
    match reason {
        Reason::Malformed | Reason::Unknown => match means {
            Means::Secret => Code::Unauthorized,
            Means::Token => Code::InvalidToken,
            Means::SignedForm | Means::SignedJwt => Code::InvalidSignature,
        },
        // Clients set their clock by the answer to an expired signature; nothing heals an expired token.
        Reason::OrganizationSuspended
        | Reason::Disabled
        | Reason::Revoked
        | Reason::Replaced
        | Reason::Expired
        | Reason::OwnerInactive => match means {
            Means::Token => Code::InvalidToken,
            Means::Secret | Means::SignedForm | Means::SignedJwt => Code::Unauthorized,
        },
        Reason::OutOfReach => Code::Unauthorized,
        Reason::OutOfWindow => Code::Expired,
        Reason::Replayed => Code::DuplicateNonce,
        Reason::InsecureTransport => Code::SecretOverHttp,
        Reason::WrongCarrier
        | Reason::WrongUse
        | Reason::SourceNotAllowed
        | Reason::Denied
        | Reason::OutOfScope
        | Reason::NotGranted
        | Reason::OwnerLacks => Code::PermissionDenied,
        Reason::RateLimited => Code::RateLimited,
        Reason::Stale => Code::ServerError,
    }
}

/// The code for an operation that refused or failed.
pub fn of_operation(error: &OpError) -> Code {
    match error.code {
        ErrorCode::NameTaken | ErrorCode::AlreadyImported | ErrorCode::AlreadyGranted | ErrorCode::AlreadyMember => {
            Code::Duplicate
        }
        ErrorCode::MissingField => Code::MissingParameter,
        other => match other.status() {
            401 | 403 => Code::PermissionDenied,
            429 => Code::RateLimited,
            413..=415 | 431 => Code::InvalidFormat,
            400..=499 => Code::InvalidParameter,
            _ => Code::ServerError,
        },
    }
}

/// The answer to an operation that refused or failed.
pub fn failed(echo: &Echo, error: &OpError) -> Response {
    if let Some(cause) = &error.cause {
        tracing::error!(code = error.code.as_str(), error = %cause, "an operation failed");
    } else if error.code.status() >= 500 {
        tracing::error!(code = error.code.as_str(), error = %error.detail, "an operation failed");
    }
    echo.wait(of_operation(error), &error.detail, error.retry_after)
}

/// The answer to a request that is not served.
pub(super) fn answer(echo: &Echo, means: Means, trouble: &Trouble) -> Response {
    match trouble {
        Trouble::Failed(error) => failed(echo, error),
        Trouble::Denied(denial) => denied(echo, of_reason(denial.reason, means), denial.reason, denial.retry_after),
        Trouble::Method(allowed) => {
            let mut response = echo.failure(Code::InvalidFormat, &format!("this method must be called by {allowed}"));
            if let Ok(allowed) = HeaderValue::from_str(allowed) {
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            response
        }
        other => {
            let (code, details) = told(other);
            echo.failure(code, &details)
        }
    }
}

/// The answer to a denial, with a code that was chosen for it.
pub(super) fn denied(echo: &Echo, code: Code, reason: Reason, retry_after: Option<Duration>) -> Response {
    echo.wait(code, reason.sentence(), retry_after)
}

fn told(trouble: &Trouble) -> (Code, Cow<'static, str>) {
    match trouble {
        Trouble::Denied(denial) => (of_reason(denial.reason, USUAL), denial.reason.sentence().into()),
        Trouble::Failed(error) => (of_operation(error), error.detail.clone().into()),
        Trouble::NoCredential => {
            (Code::MissingParameter, "the request carries no credential: send `userKey` and `secret`".into())
        }
        Trouble::Unreadable(Unreadable::Several) => {
            let text = "the request carries a credential, or a part of one, twice: send exactly one, in one place";
            (Code::InvalidFormat, text.into())
        }
        Trouble::Unreadable(Unreadable::Malformed) => {
            (Code::InvalidFormat, "the header `Authorization` must be `Bearer JWT` or `OAuth TOKEN`".into())
        }
        Trouble::Missing(name) => (Code::MissingParameter, format!("the parameter `{name}` is missing").into()),
        Trouble::Invalid(API_KEY) => (Code::InvalidApiKey, "there is no site with this `apiKey`".into()),
        Trouble::Invalid(name) => {
            let text = format!("the parameter `{name}` has a value that it cannot have here, or is there twice");
            (Code::InvalidParameter, text.into())
        }
        Trouble::Form(invalid) => (Code::InvalidFormat, invalid.to_string().into()),
        Trouble::Body(fault) => {
            let text = format!("{fault}: send a form (`application/x-www-form-urlencoded`) of at most 1 MiB");
            (Code::InvalidFormat, text.into())
        }
        Trouble::AmbiguousPath => (Code::InvalidFormat, "the path can be read in several ways".into()),
        Trouble::NotFound => (Code::Forbidden, "there is no such method".into()),
        Trouble::Method(allowed) => (Code::InvalidFormat, format!("this method must be called by {allowed}").into()),
        Trouble::UpstreamDown => (Code::ServerError, "the server behind this one cannot be reached".into()),
        Trouble::UpstreamTimeout => (Code::ServerError, "the server behind this one took too long".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_and_a_wrong_secret_have_one_code_for_each_way() {
        for (means, code) in [
            (Means::Secret, Code::Unauthorized),
            (Means::Token, Code::InvalidToken),
            (Means::SignedForm, Code::InvalidSignature),
            (Means::SignedJwt, Code::InvalidSignature),
        ] {
            assert_eq!(of_reason(Reason::Unknown, means), code);
            assert_eq!(of_reason(Reason::Malformed, means), code);
        }
    }

    #[test]
    fn every_reason_is_a_refusal_that_clients_know() {
        for reason in Reason::ALL {
            let code = of_reason(*reason, USUAL);
            assert!(code.number() == 500_001 || code.number() / 1_000 == 403, "{reason:?}: {code:?}");
        }
    }
}
