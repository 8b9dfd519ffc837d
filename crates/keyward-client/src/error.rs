//! What can go wrong with a call.

use std::error::Error as _;
use std::fmt;

use keyward_api::Problem;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused it and says why. Branch on [`Problem::code`].
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The server was not reached, or its answer did not arrive. A change may have been made all the same, unless
    /// [`Transport::is_connect`].
    #[error("{0}")]
    Transport(Transport),
    /// Something answered that does not speak like a Keyward server: another program, or a proxy in front of it.
    #[error("the server answered {status} with {what}: check that its address is the one of a Keyward server")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What the answer was instead of what was expected. Never quotes it: it may hold a secret.
        what: String,
    },
    /// The client or the request cannot be made of what was given.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// The problem, if the server named one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Error::Problem(problem) => Some(problem),
            _ => None,
        }
    }
}

/// The server was not reached, or its answer did not arrive.
#[derive(Debug)]
pub struct Transport {
    base: String,
    cause: reqwest::Error,
}

impl Transport {
    /// `base` is the address of the server, without the path and query of the request.
    pub(crate) fn new(base: &str, cause: reqwest::Error) -> Self {
        Self { base: base.to_owned(), cause: cause.without_url() }
    }

    /// Whether nothing was sent: no connection could be made.
    pub fn is_connect(&self) -> bool {
        self.cause.is_connect()
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        self.cause.is_timeout()
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, cause } = self;
        if cause.is_connect() {
            write!(f, "`{base}` cannot be reached")?;
        } else if cause.is_timeout() {
            return write!(
                f,
                "`{base}` did not answer in time: a change may have been made, so read before repeating it"
            );
        } else {
            write!(f, "the connection to `{base}` failed")?;
        }
        // The outer texts only say that a request failed; the innermost says why.
        let mut innermost = cause.source();
        while let Some(deeper) = innermost.and_then(std::error::Error::source) {
            innermost = Some(deeper);
        }
        innermost.map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

impl std::error::Error for Transport {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
