//! How a command ends: its exit codes, and what is said when it failed.

use std::io;
use std::process::ExitCode;

use keyward_api::Problem;
use keyward_client::Error;
use keyward_server::ops::local::LocalError;
use serde_json::json;

/// How the program ends. Scripts branch on it, so a code keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was done.
    Done = 0,
    /// It failed in a way that has no code of its own.
    Failed = 1,
    /// The command line, or a value in it, is wrong.
    Usage = 2,
    /// The caller is not known or may not do it.
    Refused = 3,
    /// There is no such thing, or the caller may not see it.
    NotFound = 4,
    /// What exists stands against it.
    Conflict = 5,
    /// The server cannot be reached or cannot do it now.
    Unavailable = 6,
    /// The judged credential may not do it. Only of `verify` and `explain`.
    NotAllowed = 7,
}

impl Exit {
    /// Every code with its meaning, for the reference.
    pub(crate) const ALL: [(Exit, &str); 8] = [
        (Exit::Done, "it was done; for `verify`: the credential is allowed"),
        (Exit::Failed, "it failed in a way that has no code of its own; for `audit verify`: the log was changed"),
        (Exit::Usage, "the command line, or a value in it, is wrong"),
        (Exit::Refused, "the caller is not signed in, or may not do this"),
        (Exit::NotFound, "there is no such thing, or the caller may not see it"),
        (Exit::Conflict, "something that exists stands against it"),
        (Exit::Unavailable, "the server cannot be reached, or cannot do it now: try again"),
        (Exit::NotAllowed, "`verify` and `explain`: the credential is not allowed"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused it, or was not reached.
    Server(Error),
    /// What was given cannot be meant.
    Usage(String),
    /// Nobody is signed in.
    NotSignedIn(String),
    /// There is no such thing.
    NotFound(String),
    /// Something on this machine.
    Local(anyhow::Error),
    /// The reader of the output is gone.
    Unread,
}

impl Failure {
    /// Something on this machine, in words.
    pub(crate) fn local(text: impl Into<String>) -> Self {
        Failure::Local(anyhow::Error::msg(text.into()))
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Server(Error::Problem(problem)) => exit_of(problem),
            Failure::Server(Error::Transport(_)) => Exit::Unavailable,
            Failure::Server(Error::Unexpected { status, .. }) if *status >= 502 => Exit::Unavailable,
            Failure::Server(Error::Unexpected { .. }) | Failure::Local(_) => Exit::Failed,
            Failure::Server(Error::Invalid(_)) | Failure::Usage(_) => Exit::Usage,
            Failure::NotSignedIn(_) => Exit::Refused,
            Failure::NotFound(_) => Exit::NotFound,
            Failure::Unread => Exit::Done,
        }
    }

    /// What is said to people.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Server(Error::Problem(problem)) => {
                let request = problem.instance.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
                format!("{problem}{request}")
            }
            Failure::Server(error) => error.to_string(),
            Failure::Usage(text) | Failure::NotSignedIn(text) | Failure::NotFound(text) => text.clone(),
            Failure::Local(error) => format!("{error:#}"),
            Failure::Unread => "nobody reads the output any more".to_owned(),
        }
    }

    /// What is said to programs: the server's own problem, or one in its form.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Failure::Server(Error::Problem(problem)) => serde_json::to_value(&**problem).unwrap_or_default(),
            other => json!({ "title": title(other.exit()), "detail": other.text() }),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Server(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Local(error)
    }
}

impl From<keyward_server::start::StartError> for Failure {
    fn from(error: keyward_server::start::StartError) -> Self {
        Failure::Local(error.into())
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        match error {
            LocalError::Start(error) => error.into(),
            // Said and numbered as the server would.
            LocalError::Refused(error) => {
                let mut problem = Problem::new(error.code).with_detail(error.detail);
                problem.errors = error.fields;
                Failure::Server(Error::Problem(Box::new(problem)))
            }
        }
    }
}

impl From<io::Error> for Failure {
    /// Of writing the output; other errors of files say which file.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::local(format!("the output cannot be written: {error}")),
        }
    }
}

fn exit_of(problem: &Problem) -> Exit {
    match problem.status {
        401 | 403 => Exit::Refused,
        404 => Exit::NotFound,
        409 | 412 => Exit::Conflict,
        408 | 429 | 502..=504 | 507 => Exit::Unavailable,
        400..=499 => Exit::Usage,
        _ => Exit::Failed,
    }
}

fn title(exit: Exit) -> &'static str {
    match exit {
        Exit::Usage => "Wrong usage",
        Exit::Refused => "Not signed in",
        Exit::NotFound => "Not found",
        Exit::Unavailable => "Server not available",
        Exit::Done | Exit::Failed | Exit::Conflict | Exit::NotAllowed => "Failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_api::ErrorCode;

    #[test]
    fn every_code_of_the_catalogue_has_an_exit() {
        for (code, expected) in [
            (ErrorCode::Unauthenticated, Exit::Refused),
            (ErrorCode::PermissionDenied, Exit::Refused),
            (ErrorCode::NotFound, Exit::NotFound),
            (ErrorCode::NameTaken, Exit::Conflict),
            (ErrorCode::StaleIfMatch, Exit::Conflict),
            (ErrorCode::UnknownRole, Exit::Usage),
            (ErrorCode::InvalidValue, Exit::Usage),
            (ErrorCode::RateLimited, Exit::Unavailable),
            (ErrorCode::Stale, Exit::Unavailable),
            (ErrorCode::StorageFull, Exit::Unavailable),
            (ErrorCode::Internal, Exit::Failed),
        ] {
            assert_eq!(exit_of(&Problem::new(code)), expected, "{code}");
        }
        assert!(ErrorCode::ALL.iter().all(|code| exit_of(&Problem::new(*code)) != Exit::Done));
        assert!(ErrorCode::ALL.iter().all(|code| exit_of(&Problem::new(*code)) != Exit::NotAllowed));
    }

    #[test]
    fn exits_are_numbered_as_documented() {
        assert!(Exit::ALL.iter().enumerate().all(|(number, (exit, _))| *exit as usize == number));
    }
}
