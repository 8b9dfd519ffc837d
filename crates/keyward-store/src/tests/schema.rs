//! The schema is one schema, told in two dialects.

use std::collections::BTreeSet;

use keyward_core::change::Revision;
use keyward_core::time::Timestamp;

use super::support::*;
use crate::testing::{TestStore, options};
use crate::{Reader, Store};

pub(super) async fn both_engines_have_the_same_schema(store: TestStore) {
    let reference = TestStore::sqlite().await;
    let (found, expected) = (schema(&store).await, schema(&reference).await);
    let differing: Vec<&String> = found.symmetric_difference(&expected).collect();
    assert!(differing.is_empty(), "on one engine only: {differing:#?}");
    assert!(found.contains("credentials.place integer null"), "{found:#?}");
    assert!(found.contains("unique credentials_name (name_scope, kind, folded_name) where"), "{found:#?}");
    assert!(found.contains("key slots.number 2"), "{found:#?}");
}

pub(super) async fn an_older_feed_has_the_times_of_its_audit_log(store: TestStore) {
    scratch(&store).await;
    store.record(ORGANIZATION, entry("test.act", "no revision")).await.unwrap();
    for second in [7, 8] {
        put_at(&store, &second.to_string(), second).await;
    }
    // As it was before the migration.
    for undo in [
        "DROP INDEX credentials_listed_by_change",
        "DROP INDEX credentials_listed_by_id",
        "DROP TABLE summed_uses",
        "DROP TABLE recent_uses",
        "DELETE FROM _sqlx_migrations WHERE version = 7",
        "DROP INDEX credentials_listed_by_time",
        "DROP INDEX credentials_listed_by_name",
        "DROP INDEX credentials_listed_by_end",
        "DROP INDEX last_uses_by_time",
        "DELETE FROM _sqlx_migrations WHERE version = 6",
        "DROP TABLE sign_ins",
        "DROP TABLE recovery_codes",
        "DROP TABLE second_factors",
        "ALTER TABLE sessions DROP COLUMN source",
        "ALTER TABLE sessions DROP COLUMN user_agent",
        "DELETE FROM _sqlx_migrations WHERE version = 5",
        "ALTER TABLE changes DROP COLUMN at",
        "ALTER TABLE credentials DROP COLUMN public_key",
        "DROP TABLE nonces",
        "DELETE FROM _sqlx_migrations WHERE version = 4",
    ] {
        aside(&store, undo).await;
    }
    let migrated = Store::migrate(&store.database.url, &options()).await.unwrap();
    assert_eq!((migrated.from, migrated.to), (3, 7));
    let feed = store.another().await.read().await.unwrap().feed(Revision(0), 10).await.unwrap();
    assert_eq!(feed.iter().map(|row| row.at).collect::<Vec<_>>(), [7, 8].map(Timestamp::from_seconds));
}

/// Every column, primary key and index, as one line each.
async fn schema(store: &Store) -> BTreeSet<String> {
    let engine = store.check().await.unwrap().engine;
    let mut reader = store.read().await.unwrap();
    let is_sqlite = engine.starts_with("SQLite");
    let (columns, keys, indexes) = if is_sqlite { SQLITE } else { POSTGRES };
    let mut lines = BTreeSet::new();
    for (table, column, sort, nullable) in all::<(String, String, String, i64)>(&mut reader, columns).await {
        let sort = match sort.to_lowercase().as_str() {
            "integer" | "bigint" | "smallint" | "boolean" => "integer",
            // Without the collation, the same list would have another order.
            "text" | "text c" => "text",
            "blob" | "bytea" => "bytes",
            other => panic!("{table}.{column} is {other}"),
        };
        lines.insert(format!("{table}.{column} {sort} {}", if nullable == 1 { "null" } else { "not null" }));
    }
    for (table, column, position) in all::<(String, String, i64)>(&mut reader, keys).await {
        lines.insert(format!("key {table}.{column} {position}"));
    }
    for (definition,) in all::<(String,)>(&mut reader, indexes).await {
        let name = definition.split_once("INDEX ").unwrap().1.split(' ').next().unwrap();
        let unique = if definition.starts_with("CREATE UNIQUE") { "unique" } else { "index" };
        let (columns, rest) = definition.split_once('(').unwrap().1.split_once(')').unwrap();
        let partial = if rest.contains("WHERE") { " where" } else { "" };
        lines.insert(format!("{unique} {name} ({}){partial}", columns.replace('"', "")));
    }
    lines
}

async fn all<R: crate::FromRow>(reader: &mut Reader, sql: &'static str) -> Vec<R> {
    reader.all(sql, ()).await.unwrap()
}

/// Columns, primary keys, indexes.
const SQLITE: (&str, &str, &str) = (
    "SELECT t.name, c.name, c.type, 1 - c.\"notnull\" FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'",
    "SELECT t.name, c.name, c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND c.pk > 0 AND t.name NOT LIKE '\\_%' ESCAPE '\\'",
    "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
);
const POSTGRES: (&str, &str, &str) = (
    "SELECT table_name::TEXT, column_name::TEXT,
        data_type::TEXT || CASE data_type WHEN 'text' THEN COALESCE(' ' || collation_name, ' of the locale') ELSE '' END,
        CASE is_nullable WHEN 'YES' THEN 1::BIGINT ELSE 0::BIGINT END
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%'",
    "SELECT k.table_name::TEXT, k.column_name::TEXT, k.ordinal_position::BIGINT
        FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k
        ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name
        WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = 'public' AND k.table_name NOT LIKE '\\_%'",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey'",
);
