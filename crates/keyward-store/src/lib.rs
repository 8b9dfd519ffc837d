//! Durable truth on SQLite and PostgreSQL: write lane, revisions, change feed, audit, migrations.
