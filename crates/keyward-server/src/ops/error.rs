//! How operations fail: a closed code for callers, a sentence for people, a source for the operator.

use std::time::Duration;

use keyward_api::error::{ErrorCode, FieldError};
use keyward_core::credential::{InvalidExpiry, Transition};
use keyward_core::law::Exceeds;
use keyward_core::limit::LimitReached;
use keyward_core::manage::Lacks;
use keyward_core::name::Name;
use keyward_store::{Conflict, StoreError};

/// A refusal or failure of an operation.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct OpError {
    /// What callers branch on.
    pub code: ErrorCode,
    /// What people read; says the remedy.
    pub detail: String,
    /// The fields that are wrong, where the request has fields.
    pub fields: Vec<FieldError>,
    /// How long to wait, where waiting helps.
    pub retry_after: Option<Duration>,
    /// Whether the failure is ours: logged where it becomes an answer.
    #[source]
    pub cause: Option<StoreError>,
}

impl OpError {
    /// A refusal with a sentence of its own.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), fields: Vec::new(), retry_after: None, cause: None }
    }

    /// One wrong field, named by its JSON pointer.
    pub fn field(code: ErrorCode, pointer: &str, message: impl std::fmt::Display) -> Self {
        let message = message.to_string();
        Self {
            fields: vec![FieldError { pointer: pointer.to_owned(), code: None, message: message.clone() }],
            ..Self::new(code, message)
        }
    }

    /// There is no such thing, or the caller may not know that there is: never told apart.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}: check the id"))
    }

    /// What a write failed with; in words of its own when another thing has the name already.
    pub fn name_taken(error: StoreError, name: &Name) -> Self {
        match error {
            StoreError::Conflict {
                constraint: Conflict::NamespaceName | Conflict::RoleName | Conflict::CredentialName,
            } => Self::field(ErrorCode::NameTaken, "/name", format!("the name `{name}` is taken here: choose another")),
            other => other.into(),
        }
    }

    /// A refusal that asks to wait.
    pub fn wait(code: ErrorCode, detail: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(code, detail) }
    }

    /// Whether this refuses the caller (and belongs into the audit log) rather than being a failure of ours.
    pub fn is_refusal(&self) -> bool {
        self.cause.is_none() && self.code.status() < 500
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        let (code, detail) = match &error {
            StoreError::Conflict { .. } => (ErrorCode::WrongState, "another change came first: read again and retry"),
            StoreError::Full => (ErrorCode::StorageFull, "the storage is full: nothing was changed; free some space"),
            StoreError::ReadOnly(_) => (ErrorCode::ReadOnly, "the database cannot be written: nothing was changed"),
            StoreError::Unknown => (
                ErrorCode::Timeout,
                "the database failed over while the change was committed: look whether it was made before repeating it",
            ),
            _ => (ErrorCode::Unavailable, "the database did not answer: nothing was changed; retry"),
        };
        Self { cause: Some(error), ..Self::new(code, detail) }
    }
}

impl From<Lacks> for OpError {
    fn from(lacks: Lacks) -> Self {
        let code = match lacks {
            Lacks::Session(_) => ErrorCode::SessionRequired,
            Lacks::Denied(_) => ErrorCode::DeniedKind,
            Lacks::Permission { .. } | Lacks::SuperAdmin(_) | Lacks::Access(_) => ErrorCode::PermissionDenied,
        };
        Self::new(code, lacks.to_string())
    }
}

impl From<Exceeds> for OpError {
    fn from(exceeds: Exceeds) -> Self {
        let code = match exceeds {
            Exceeds::NotOwner(_) => ErrorCode::OwnerOnly,
            _ => ErrorCode::ExceedsOwnRights,
        };
        Self::new(code, exceeds.to_string())
    }
}

impl From<LimitReached> for OpError {
    fn from(limit: LimitReached) -> Self {
        Self::new(ErrorCode::LimitReached, limit.to_string())
    }
}

impl From<Transition> for OpError {
    fn from(transition: Transition) -> Self {
        let code = match transition {
            Transition::Revoked { .. } | Transition::Already(_) | Transition::Expired(_) => ErrorCode::WrongState,
            Transition::NeverRotates(_) => ErrorCode::NeverRotates,
            Transition::Grace { .. } => ErrorCode::GraceTooLong,
            Transition::Fixed { .. } => ErrorCode::ImmutableField,
            Transition::Sources(_) | Transition::NoSources(_) => {
                return Self::field(ErrorCode::WrongSources, "/sources", transition);
            }
        };
        Self::new(code, transition.to_string())
    }
}

impl From<InvalidExpiry> for OpError {
    fn from(expiry: InvalidExpiry) -> Self {
        let code = match expiry {
            InvalidExpiry::Never(_) => ErrorCode::ExpiryNotSupported,
            InvalidExpiry::Required(_) => ErrorCode::ExpiryRequired,
            InvalidExpiry::Past(_) => ErrorCode::ExpiryInPast,
            InvalidExpiry::TooLate { .. } => ErrorCode::ExpiryTooLate,
        };
        Self::field(code, "/expires_at", expiry)
    }
}
