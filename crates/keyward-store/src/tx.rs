//! What reads and writes go through: [`Reader`] ⊂ [`Writer`] ⊂ [`Tx`].
//!
//! SQL is written once, with `$1` for arguments, and must mean the same on both engines: no functions that only one of
//! them has, `BIGINT` results (`SUM` of integers is not one on PostgreSQL: cast it), no `now()`. Statements are
//! `&'static str`; lists with optional conditions are put together by [`Query`], which accepts nothing else.

use std::ops::{Deref, DerefMut};

use keyward_core::change::{Change, Revision};
use keyward_core::time::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::Scope;
use crate::engine::Conn;
use crate::error::StoreError;
use crate::feed::Start;
use crate::value::{Arg, Args, FromRow, Row, ToArg};

/// Reads of one moment.
///
/// From [`Store::read`](crate::Store::read) it is a snapshot, and dropping it ends the transaction. Inside a job it sees
/// the job's own writes and everything committed before.
pub struct Reader {
    conn: Conn,
    revision: Revision,
    /// The worst error so far. A job whose SQL failed has failed, even if it went on: SQLite would commit the rest of
    /// it, PostgreSQL would not.
    failed: Option<StoreError>,
}

/// Reads and writes without a revision: what no index is made of, such as last uses and counters.
pub struct Writer {
    reader: Reader,
    /// Whether anything was written since the last [`Writer::clean`].
    dirty: bool,
}

/// One job of the write lane: its writes become one revision.
pub struct Tx {
    writer: Writer,
    scope: Scope,
    changes: Vec<Change>,
}

impl Reader {
    /// Outside a job: the revision this snapshot is of. Inside a job: the revision that its writes will have.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The only row of a `SELECT`. No row is an error of the statement: use it for aggregates and rows that must exist.
    pub async fn one<R: FromRow>(&mut self, sql: &'static str, args: impl Args) -> Result<R, StoreError> {
        self.optional(sql, args).await?.ok_or_else(|| StoreError::Value(format!("no row from `{sql}`")))
    }

    /// The first row of a `SELECT`, if there is one.
    pub async fn optional<R: FromRow>(&mut self, sql: &'static str, args: impl Args) -> Result<Option<R>, StoreError> {
        let rows = self.select(sql.into_sql_str(), args).await?;
        rows.first().map(R::from_row).transpose()
    }

    /// All rows of a `SELECT`, which must bound them itself.
    pub async fn all<R: FromRow>(&mut self, sql: &'static str, args: impl Args) -> Result<Vec<R>, StoreError> {
        let rows = self.select(sql.into_sql_str(), args).await?;
        rows.iter().map(R::from_row).collect()
    }

    /// All rows of a [`Query`], which must bound them itself.
    pub async fn list<R: FromRow>(&mut self, query: Query) -> Result<Vec<R>, StoreError> {
        let (sql, args) = query.finish()?;
        let rows = self.select(sql, args).await?;
        rows.iter().map(R::from_row).collect()
    }

    /// The database's own clock: the one clock that all nodes share. It may step; compare it only to itself.
    pub async fn database_time(&mut self) -> Result<Timestamp, StoreError> {
        let (now,) = self.one(self.conn.clock(), ()).await?;
        Ok(now)
    }

    /// Where an index begins that is made of what this snapshot holds: for [`Store::follow`](crate::Store::follow).
    pub async fn start(&mut self) -> Result<Start, StoreError> {
        let server = self.conn.server().await;
        Ok(Start { revision: self.revision, server: self.note(server)? })
    }

    /// Reads never begin with another word, so that what writes is known to have written.
    async fn select(&mut self, sql: SqlStr, args: impl Args) -> Result<Vec<Row>, StoreError> {
        if !sql.as_str().trim_start().starts_with("SELECT") {
            return Err(StoreError::Value(format!("`{}` is not a SELECT: use `exec` or `returning`", sql.as_str())));
        }
        self.fetch(sql, args).await
    }

    async fn fetch(&mut self, sql: SqlStr, args: impl Args) -> Result<Vec<Row>, StoreError> {
        let result = self.conn.fetch_all(sql, args.into_args()?).await;
        self.note(result)
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && (self.failed.is_none() || error.fault().is_some())
        {
            self.failed = Some(error.clone());
        }
        result
    }

    /// A snapshot, whose first statement reads the revision.
    pub(crate) async fn begin(conn: Conn) -> Result<Self, StoreError> {
        let mut reader = Reader { conn, revision: Revision(0), failed: None };
        (reader.revision,) = reader.one("SELECT current FROM revision", ()).await?;
        Ok(reader)
    }
}

impl Writer {
    /// Runs a statement that changes rows; how many it changed.
    pub async fn exec(&mut self, sql: &'static str, args: impl Args) -> Result<u64, StoreError> {
        self.run(sql.into_sql_str(), args.into_args()?).await
    }

    /// Runs a [`Query`] that changes rows; how many it changed.
    pub async fn exec_query(&mut self, query: Query) -> Result<u64, StoreError> {
        let (sql, args) = query.finish()?;
        self.run(sql, args).await
    }

    /// Runs a statement that changes rows and returns some: `INSERT … RETURNING …`.
    pub async fn returning<R: FromRow>(&mut self, sql: &'static str, args: impl Args) -> Result<Vec<R>, StoreError> {
        self.dirty = true;
        let rows = self.reader.fetch(sql.into_sql_str(), args).await?;
        rows.iter().map(R::from_row).collect()
    }

    async fn run(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<u64, StoreError> {
        self.dirty = true;
        let result = self.reader.conn.execute(sql, args).await;
        self.reader.note(result)
    }

    /// Whether the transaction holds work of the job that cannot simply be left out: writes, or (PostgreSQL) any
    /// failed statement.
    pub(crate) fn touched(&self) -> bool {
        self.dirty || self.reader.failed.is_some()
    }

    /// What made the job's SQL fail.
    pub(crate) fn failure(&self) -> Option<&StoreError> {
        self.reader.failed.as_ref()
    }

    fn clean(&mut self) {
        self.dirty = false;
        self.reader.failed = None;
    }
}

impl Tx {
    /// Records a committed fact: the index of every node will be told, in the order of recording.
    pub fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Whose records the job works on.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    pub(crate) fn new(conn: Conn) -> Self {
        let reader = Reader { conn, revision: Revision(0), failed: None };
        Tx { writer: Writer { reader, dirty: false }, scope: Scope::Deployment, changes: Vec::new() }
    }

    pub(crate) fn into_conn(self) -> Conn {
        self.writer.reader.conn
    }

    /// Makes the transaction ready for the next job of a batch.
    pub(crate) fn prepare(&mut self, scope: Scope, revision: Revision) {
        self.writer.clean();
        self.writer.reader.revision = revision;
        self.scope = scope;
        self.changes.clear();
    }

    /// What the job recorded.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}

impl Deref for Writer {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

impl Deref for Tx {
    type Target = Writer;
    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

/// A statement put together from fixed pieces and arguments: for lists with optional conditions, and for many rows at
/// once. Nothing that came from outside can become part of its text.
#[derive(Debug)]
pub struct Query {
    sql: String,
    args: Vec<Arg>,
    invalid: Option<StoreError>,
}

impl Query {
    /// Begins a statement.
    pub fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), args: Vec::new(), invalid: None }
    }

    /// Appends a piece of the text.
    pub fn sql(mut self, piece: &'static str) -> Self {
        self.sql.push_str(piece);
        self
    }

    /// Appends a placeholder for `value`.
    pub fn arg(mut self, value: impl ToArg) -> Self {
        match value.to_arg() {
            Ok(arg) => self.args.push(arg),
            Err(error) => self.invalid = Some(error),
        }
        self.sql.push('$');
        self.sql.push_str(&self.args.len().to_string());
        self
    }

    /// Appends `piece` and a placeholder for the value, when there is one: `.when(" AND owner = ", owner)`.
    pub fn when(self, piece: &'static str, value: Option<impl ToArg>) -> Self {
        match value {
            Some(value) => self.sql(piece).arg(value),
            None => self,
        }
    }

    /// Appends `(…, …)` with a placeholder for each value: for `IN` and for the rows of an `INSERT`.
    pub fn tuple(mut self, values: impl Args) -> Self {
        let values = match values.into_args() {
            Ok(values) => values,
            Err(error) => {
                self.invalid = Some(error);
                return self;
            }
        };
        for (index, value) in values.into_iter().enumerate() {
            self.args.push(value);
            self.sql.push_str(if index == 0 { "($" } else { ", $" });
            self.sql.push_str(&self.args.len().to_string());
        }
        self.sql.push(')');
        self
    }

    fn finish(self) -> Result<(SqlStr, Vec<Arg>), StoreError> {
        match self.invalid {
            Some(error) => Err(error),
            // Safe: made of `&'static str` pieces and numbers only.
            None => Ok((AssertSqlSafe(self.sql).into_sql_str(), self.args)),
        }
    }
}
