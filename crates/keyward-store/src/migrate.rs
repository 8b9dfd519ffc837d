//! The schema: numbered pairs of migrations, embedded, forward only.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr as _, SqlStr};

use crate::engine::{Conn, Engine};
use crate::error::StoreError;

/// From one list for both engines, so that neither can have a migration that the other lacks.
macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        const MIGRATIONS: &[Pair] = &[$(Pair {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }),*];
    };
}

migrations! {
    1 "0001_machinery";
    2 "0002_records";
    3 "0003_settings";
    4 "0004_signed_requests";
    5 "0005_sign_in";
    6 "0006_credential_lists";
    7 "0007_large_organizations";
}

struct Pair {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The schema before; 0 is an empty database.
    pub from: i64,
    /// The schema now.
    pub to: i64,
}

/// The schema this program needs.
pub(crate) fn needed() -> i64 {
    MIGRATIONS.last().map_or(0, |pair| pair.version)
}

/// Refuses a database that this program cannot serve; otherwise its schema.
pub(crate) async fn require(conn: &mut Conn) -> Result<i64, StoreError> {
    let needed = needed();
    match version(conn).await? {
        found if found < needed => Err(StoreError::SchemaOlder { found, needed }),
        found if found > needed => Err(StoreError::SchemaNewer { found, known: needed }),
        found => Ok(found),
    }
}

/// Brings the database to this program's schema.
pub(crate) async fn run(engine: &Engine) -> Result<Migrated, StoreError> {
    let mut conn = engine.connect().await?.conn;
    let from = version(&mut conn).await?;
    let to = needed();
    if from > to {
        return Err(StoreError::SchemaNewer { found: from, known: to });
    }
    let ran = match &mut conn {
        Conn::Sqlite(conn) => migrator(|pair| pair.sqlite).run_direct(None, &mut **conn, false).await,
        Conn::Postgres(conn) => migrator(|pair| pair.postgres).run_direct(None, &mut **conn, false).await,
        Conn::SqliteReader(_) | Conn::PostgresReader(_) => return Err(StoreError::ReadOnly("a reader".into())),
    };
    ran.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => StoreError::from(error),
        other => StoreError::Schema(other.to_string().into()),
    })?;
    conn.close().await?;
    Ok(Migrated { from, to })
}

/// The last migration in the database; 0 when there is none.
async fn version(conn: &mut Conn) -> Result<i64, StoreError> {
    let present = match conn {
        Conn::Sqlite(_) | Conn::SqliteReader(_) => "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
        Conn::Postgres(_) | Conn::PostgresReader(_) => {
            "SELECT COUNT(*) FROM (SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL) AS present"
        }
    };
    if number(conn, present).await? == 0 {
        return Ok(0);
    }
    number(conn, "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations").await
}

async fn number(conn: &mut Conn, sql: &'static str) -> Result<i64, StoreError> {
    let rows = conn.fetch_all(sql.into_sql_str(), Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

fn migrator(text: fn(&Pair) -> &'static str) -> Migrator {
    let migration = |pair: &Pair| {
        let sql = SqlStr::from_static(text(pair));
        Migration::new(pair.version, pair.name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_under_its_number() {
        for engine in ["sqlite", "postgres"] {
            let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let mut files: Vec<String> = std::fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let listed: Vec<String> = MIGRATIONS.iter().map(|pair| format!("{}.sql", pair.name)).collect();
            assert_eq!(files, listed, "migrations/{engine}");
        }
        for (index, pair) in MIGRATIONS.iter().enumerate() {
            assert_eq!(pair.version, i64::try_from(index).unwrap() + 1);
            assert!(pair.name.starts_with(&format!("{:04}_", pair.version)), "{}", pair.name);
        }
    }
}
