//! What can go wrong below the operations, and what it means for the batch it happened in.

use std::path::PathBuf;
use std::sync::Arc;

use keyward_core::change::Revision;

use crate::entities::Conflict;

/// Why the store could not do what it was asked.
///
/// Cheap to clone: one broken connection fails every job of its batch. Callers branch on the variant; operators read
/// the text and the source chain.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A row would break a constraint of the schema. Rules check before they write, and writes are serial, so this is
    /// a backstop: expect it only where a job says so.
    #[error("the database refused a row: {text}")]
    Constraint {
        /// Which sort of constraint.
        kind: Constraint,
        /// The database's own words, which name the constraint.
        text: String,
    },
    /// A row would break a promise of the schema that callers can tell apart.
    #[error("the database refused a row: {constraint}")]
    Conflict {
        /// Which.
        constraint: Conflict,
    },
    /// A statement, its arguments or its rows are not what the schema says: a fault of this program.
    #[error("a statement of this program does not fit the database: {0}")]
    Statement(#[source] Arc<sqlx::Error>),
    /// A stored value cannot be read as what it should be.
    #[error("a stored value cannot be read: {0}")]
    Value(String),
    /// The connection was lost, could not be made, or leads to a server that cannot write.
    #[error("the database cannot be reached: {0}")]
    Unavailable(Arc<str>),
    /// Another writer held the lock for too long, or the database asked to try again, repeatedly.
    #[error("the database is busy: {0}; try again")]
    Busy(Arc<str>),
    /// No space is left for the database.
    #[error("the disk that holds the database is full: free space on it, then try again")]
    Full,
    /// The database, its directory or its server accepts no writes.
    #[error("the database is read-only: give this program write access to the file and its directory ({0})")]
    ReadOnly(Arc<str>),
    /// The storage under the database failed.
    #[error("the storage of the database failed: {0}; check the disk and restore a backup if it is damaged")]
    Storage(Arc<str>),
    /// A job, or a statement, ran longer than it may.
    #[error("the database took too long: the work was undone")]
    TimedOut,
    /// A job panicked. Its work was undone.
    #[error("the write failed inside this program and was undone; the log says where")]
    Panicked,
    /// The connection was lost at COMMIT and the database cannot say any more whether the write happened.
    #[error(
        "the outcome of the write is unknown: the database failed over while it was committed; look before repeating it"
    )]
    Unknown,
    /// The feed no longer holds, or never held, the revision after the one asked for: read a snapshot again.
    #[error("the change feed does not go on at revision {wanted}{}: load a snapshot again", but_at(*.found))]
    Gap {
        /// The revision that should have come next.
        wanted: Revision,
        /// What came instead: where the feed begins, if `wanted` was forgotten ([`Store::prune_feed`](crate::Store::prune_feed)).
        found: Option<Revision>,
    },
    /// The database's history changed: it failed over, or a backup was restored. What was read before may not be true.
    #[error("the database failed over or was restored: load a snapshot again")]
    Rewound,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another process serves this file.
    #[error("another `keyward serve` (pid {pid}) holds `{}`: stop it, or send it the command", .path.display())]
    Held {
        /// The database file.
        path: PathBuf,
        /// The holder's process id, as it wrote it.
        pid: String,
    },
    /// The database has not been migrated, or not far enough.
    #[error("the database has schema {found} and this program needs {needed}: run `keyward migrate`")]
    SchemaOlder {
        /// The last migration in the database; 0 is an empty database.
        found: i64,
        /// The last migration this program knows.
        needed: i64,
    },
    /// A newer program migrated the database.
    #[error("the database has schema {found} and this program knows schemas up to {known}: use the newer program")]
    SchemaNewer {
        /// The last migration in the database.
        found: i64,
        /// The last migration this program knows.
        known: i64,
    },
    /// A migration failed, or one that was applied differs from this program's.
    #[error("the schema of the database cannot be used: {0}")]
    Schema(Arc<str>),
    /// The address of the database is not one of ours.
    #[error("`{0}` is not a database: expected `sqlite:PATH` or `postgres://USER@HOST/NAME`")]
    Address(String),
}

/// A sort of constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// A unique index or primary key.
    Unique,
    /// A reference to a row that is not there, or from a row that still is.
    ForeignKey,
    /// A column that must have a value.
    NotNull,
    /// A check.
    Check,
}

/// What an error means for the whole batch, whatever the job made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The batch is undone; running it again may succeed.
    Retry,
    /// The batch is undone; running it again cannot succeed now.
    Fatal,
}

impl StoreError {
    /// What this error means for the batch it happened in; `None` when it is the job's own affair.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            StoreError::Unavailable(_) | StoreError::Busy(_) => Some(Fault::Retry),
            StoreError::Full | StoreError::ReadOnly(_) | StoreError::Storage(_) | StoreError::Closed => {
                Some(Fault::Fatal)
            }
            StoreError::Constraint { .. }
            | StoreError::Conflict { .. }
            | StoreError::Statement(_)
            | StoreError::Value(_)
            | StoreError::TimedOut
            | StoreError::Panicked
            | StoreError::Unknown
            | StoreError::Gap { .. }
            | StoreError::Rewound
            | StoreError::Held { .. }
            | StoreError::SchemaOlder { .. }
            | StoreError::SchemaNewer { .. }
            | StoreError::Schema(_)
            | StoreError::Address(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(database) => {
                classify(database.as_ref()).unwrap_or_else(|| StoreError::Statement(Arc::new(error)))
            }
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::WorkerCrashed | E::BeginFailed => {
                StoreError::Unavailable(error.to_string().into())
            }
            E::PoolClosed => StoreError::Closed,
            _ => StoreError::Statement(Arc::new(error)),
        }
    }
}

/// The meaning of a code that a database answered; `None` for a statement that does not fit.
fn classify(error: &dyn sqlx::error::DatabaseError) -> Option<StoreError> {
    use sqlx::error::ErrorKind;

    let text = error.message().to_owned();
    let constraint = match error.kind() {
        ErrorKind::UniqueViolation | ErrorKind::ExclusionViolation => Some(Constraint::Unique),
        ErrorKind::ForeignKeyViolation => Some(Constraint::ForeignKey),
        ErrorKind::NotNullViolation => Some(Constraint::NotNull),
        ErrorKind::CheckViolation => Some(Constraint::Check),
        _ => None,
    };
    if let Some(constraint) = Conflict::of(&text, error.constraint()) {
        return Some(StoreError::Conflict { constraint });
    }
    if let Some(kind) = constraint {
        return Some(StoreError::Constraint { kind, text });
    }
    let code = error.code()?;
    match error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        Some(_) => sqlite(code.parse().ok()?, text),
        None => postgres(&code, text),
    }
}

/// SQLite's extended result codes: the low byte is the class (<https://www.sqlite.org/rescode.html>).
fn sqlite(code: i32, text: String) -> Option<StoreError> {
    match code & 0xff {
        // BUSY, LOCKED, INTERRUPT (only our own time limit interrupts, and it discards the batch itself).
        5 | 6 | 9 => Some(StoreError::Busy(text.into())),
        8 => Some(StoreError::ReadOnly(text.into())),
        13 => Some(StoreError::Full),
        // NOMEM, IOERR, CORRUPT, NOTADB.
        7 | 10 | 11 | 26 => Some(StoreError::Storage(text.into())),
        // CANTOPEN.
        14 => Some(StoreError::Unavailable(text.into())),
        _ => None,
    }
}

/// PostgreSQL's SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn postgres(code: &str, text: String) -> Option<StoreError> {
    match code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Some(StoreError::Busy(text.into())),
        // A prepared plan that a migration outdated: a new connection prepares it again.
        "0A000" if text.contains("cached plan") => Some(StoreError::Busy(text.into())),
        "53100" => Some(StoreError::Full),
        // Idle for too long in a transaction: we were paused. A read-only transaction: the server became a standby.
        "25P03" | "25006" => Some(StoreError::Unavailable(text.into())),
        // statement_timeout, which stands at the time a job may take.
        "57014" => Some(StoreError::TimedOut),
        _ => match code.get(..2)? {
            // Connection exceptions, operator intervention (shutdown, crash), a server out of resources or with another
            // password than ours.
            "08" | "57" | "53" | "28" => Some(StoreError::Unavailable(text.into())),
            "58" | "XX" => Some(StoreError::Storage(text.into())),
            _ => None,
        },
    }
}

fn but_at(found: Option<Revision>) -> String {
    found.map_or_else(String::new, |found| format!(" but at {found}"))
}

impl StoreError {
    /// A stored value of `what` that cannot be read.
    pub(crate) fn value(what: &str, why: impl std::fmt::Display) -> Self {
        StoreError::Value(format!("{what}: {why}"))
    }
}
