//! The two engines: how a connection is made, and how a statement is sent through it. With `value.rs`, the only code
//! that names a driver; with the statements in [`Engine`], the only place where the dialects differ.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions as _, Connection as _, PgPool, Postgres, SqlSafeStr as _, SqlStr, Sqlite, SqlitePool, Transaction,
};

use crate::error::StoreError;
use crate::value::{AnyRow, Arg, Row, postgres_arguments, sqlite_arguments};

/// Which engine, and where.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite { path: PathBuf, options: Box<SqliteConnectOptions> },
    Postgres { options: Box<PgConnectOptions>, job_timeout: Duration },
}

/// Read-only connections, shared.
#[derive(Clone)]
pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// One connection: a lane's own, or a reader's open transaction.
pub(crate) enum Conn {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
    SqliteReader(Transaction<'static, Sqlite>),
    PostgresReader(Transaction<'static, Postgres>),
}

/// A connection to write through, with what its lane must know of the other end.
pub(crate) struct Writable {
    pub(crate) conn: Conn,
    /// Names the history that the server writes: another text means that a commit may have been lost in between.
    pub(crate) server: String,
    /// Ends the running statement when set. PostgreSQL has `statement_timeout` instead.
    pub(crate) interrupt: Arc<AtomicBool>,
}

impl Engine {
    /// The engine that an address names.
    pub(crate) fn parse(url: &str, job_timeout: Duration) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Address(without_password(url)))?;
            let millis = |limit: Duration| limit.as_millis().to_string();
            let options = options.application_name("keyward").disable_statement_logging().options([
                ("lock_timeout", millis(LOCK_TIMEOUT)),
                ("idle_in_transaction_session_timeout", millis(job_timeout + IDLE_MARGIN)),
            ]);
            return Ok(Engine::Postgres { options: Box::new(options), job_timeout });
        }
        let address = || StoreError::Address(url.to_owned());
        let options = SqliteConnectOptions::from_str(url).map_err(|_| address())?;
        let path = options.get_filename().to_owned();
        // A database in memory belongs to one connection, and a read during an open write would wait for ever.
        if !url.starts_with("sqlite:") || url.contains(":memory:") || path.as_os_str().is_empty() {
            return Err(address());
        }
        let options = options
            .foreign_keys(true)
            .busy_timeout(LOCK_TIMEOUT)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        Ok(Engine::Sqlite { path, options: Box::new(options) })
    }

    /// The database file, where there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Engine::Sqlite { path, .. } => Some(path),
            Engine::Postgres { .. } => None,
        }
    }

    /// A connection that can write.
    pub(crate) async fn connect(&self) -> Result<Writable, StoreError> {
        let interrupt = Arc::new(AtomicBool::new(false));
        match self {
            Engine::Sqlite { options, .. } => {
                let options = options.as_ref().clone();
                let mut conn = options
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .connect()
                    .await?;
                let flag = Arc::clone(&interrupt);
                conn.lock_handle().await?.set_progress_handler(10_000, move || !flag.load(Ordering::Relaxed));
                Ok(Writable { conn: Conn::Sqlite(Box::new(conn)), server: String::new(), interrupt })
            }
            Engine::Postgres { options, job_timeout } => {
                let options =
                    options.as_ref().clone().options([("statement_timeout", job_timeout.as_millis().to_string())]);
                let mut conn = Conn::Postgres(Box::new(options.statement_cache_capacity(STATEMENTS).connect().await?));
                conn.execute(KEEP_COMMITS.into_sql_str(), Vec::new()).await?;
                let server = conn.server().await?;
                Ok(Writable { conn, server, interrupt })
            }
        }
    }

    /// The connections of the readers; opened when first used.
    pub(crate) fn readers(&self, connections: u32) -> Readers {
        match self {
            Engine::Sqlite { options, .. } => Readers::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(connections)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.as_ref().clone().read_only(true)),
            ),
            Engine::Postgres { options, .. } => Readers::Postgres(
                PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(
                    options.as_ref().clone().options([("statement_timeout", READ_TIMEOUT.as_millis().to_string())]),
                ),
            ),
        }
    }

    /// Begins a transaction that may write. On SQLite it excludes every other writer from here on.
    pub(crate) fn begin(&self) -> &'static str {
        match self {
            Engine::Sqlite { .. } => "BEGIN IMMEDIATE",
            Engine::Postgres { .. } => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// Reads the revision; on PostgreSQL this excludes every other lane from here on.
    pub(crate) fn lock_revision(&self) -> &'static str {
        match self {
            Engine::Sqlite { .. } => "SELECT current FROM revision",
            Engine::Postgres { .. } => "SELECT current FROM revision FOR UPDATE",
        }
    }

    /// Reads the lane's last batch, once no transaction of the lane is open any more.
    pub(crate) fn lock_lane(&self) -> &'static str {
        match self {
            Engine::Sqlite { .. } => "SELECT batch FROM lanes WHERE lane = $1",
            Engine::Postgres { .. } => "SELECT batch FROM lanes WHERE lane = $1 FOR UPDATE",
        }
    }
}

impl Readers {
    /// Begins a read-only transaction, which sees one moment from its first statement on.
    pub(crate) async fn begin(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Readers::Sqlite(pool) => Conn::SqliteReader(pool.begin_with("BEGIN DEFERRED").await?),
            Readers::Postgres(pool) => {
                Conn::PostgresReader(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
    }
}

/// The same expression for each driver's connection.
macro_rules! on {
    ($self:expr, $args:expr, $arguments:ident, $conn:ident => $sqlite:expr, $postgres:expr) => {
        match $self {
            Conn::Sqlite(c) => {
                let ($conn, $arguments) = (&mut **c, sqlite_arguments($args)?);
                $sqlite
            }
            Conn::SqliteReader(c) => {
                let ($conn, $arguments) = (&mut **c, sqlite_arguments($args)?);
                $sqlite
            }
            Conn::Postgres(c) => {
                let ($conn, $arguments) = (&mut **c, postgres_arguments($args)?);
                $postgres
            }
            Conn::PostgresReader(c) => {
                let ($conn, $arguments) = (&mut **c, postgres_arguments($args)?);
                $postgres
            }
        }
    };
}

impl Conn {
    /// Runs a statement; how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<u64, StoreError> {
        Ok(on!(self, args, bound, conn =>
            sqlx::query_with::<Sqlite, _>(sql, bound).execute(conn).await?.rows_affected(),
            sqlx::query_with::<Postgres, _>(sql, bound).execute(conn).await?.rows_affected()
        ))
    }

    /// Runs a statement; its rows.
    pub(crate) async fn fetch_all(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        Ok(on!(self, args, bound, conn =>
            sqlx::query_with::<Sqlite, _>(sql, bound).fetch_all(conn).await?
                .into_iter().map(|row| Row(AnyRow::Sqlite(row))).collect(),
            sqlx::query_with::<Postgres, _>(sql, bound).fetch_all(conn).await?
                .into_iter().map(|row| Row(AnyRow::Postgres(row))).collect()
        ))
    }

    /// Names the history that the server writes. A standby writes none, and is refused.
    pub(crate) async fn server(&mut self) -> Result<String, StoreError> {
        if matches!(self, Conn::Sqlite(_) | Conn::SqliteReader(_)) {
            return Ok(String::new());
        }
        let rows = self.fetch_all(WHICH_SERVER.into_sql_str(), Vec::new()).await?;
        let server = rows.first().map_or(Ok(None), |row| row.get::<Option<String>>(0))?;
        server.ok_or_else(|| StoreError::Unavailable("the server is a standby".into()))
    }

    /// Says goodbye to the server, or folds the log into the file. Dropping does the same later and without waiting.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        match self {
            Conn::Sqlite(conn) => conn.close().await?,
            Conn::Postgres(conn) => conn.close().await?,
            Conn::SqliteReader(transaction) => transaction.rollback().await?,
            Conn::PostgresReader(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }

    /// Reads the database's own clock, in microseconds since 1970.
    pub(crate) fn clock(&self) -> &'static str {
        match self {
            Conn::Sqlite(_) | Conn::SqliteReader(_) => "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            Conn::Postgres(_) | Conn::PostgresReader(_) => {
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
            }
        }
    }
}

fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("postgres://…@{rest}"),
        None => url.to_owned(),
    }
}

/// How long a writer waits for another node's batch. Long enough for a full batch, short enough to answer.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer than a job may take a paused node may keep the revision locked: a slow job loses no more than itself.
const IDLE_MARGIN: Duration = Duration::from_secs(2);
/// How long one statement of a reader may take: exports read page by page.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a reader waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection: more than this program has.
const STATEMENTS: usize = 512;

/// `off` would let the server forget what it acknowledged; every other setting is the operator's choice.
const KEEP_COMMITS: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";
/// System identifier and timeline: a promotion begins a new timeline. Null on a standby.
const WHICH_SERVER: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE
    (SELECT system_identifier FROM pg_control_system())::text || '/' ||
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";
