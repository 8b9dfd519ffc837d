//! `keyward db`: the database of this machine's configuration, without a running node.

use clap::Subcommand;
use keyward_server::ops::local;
use serde::Serialize;

use super::config::{load, tell_warnings};
use super::show::flag;
use crate::arguments::NodeFlags;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Bring the database to the schema of this version; `serve` does the same when it starts
    Migrate(NodeFlags),
    /// Look at the database without changing it
    Check(NodeFlags),
}

pub(crate) async fn run(command: Db, output: &Output) -> Result<Exit, Failure> {
    match command {
        Db::Migrate(flags) => {
            let loaded = load(&flags)?;
            tell_warnings(&loaded, output);
            let migrated = local::migrate(&loaded.config).await?;
            output.value(&Migrated { from: migrated.from, to: migrated.to })?;
        }
        Db::Check(flags) => {
            let loaded = load(&flags)?;
            tell_warnings(&loaded, output);
            let found = local::check(&loaded.config).await?;
            let complete = found.feed_complete;
            let (engine, schema) = (found.engine, found.schema);
            output.value(&Checked { engine, schema, revision: found.revision.0, feed_complete: complete })?;
            if !complete {
                return Ok(Exit::Failed);
            }
        }
    }
    Ok(Exit::Done)
}

/// What a migration did.
#[derive(Serialize)]
struct Migrated {
    from: i64,
    to: i64,
}

/// The state of a database.
#[derive(Serialize)]
struct Checked {
    engine: String,
    schema: i64,
    revision: u64,
    feed_complete: bool,
}

impl View for Migrated {
    fn view(&self) -> Picture {
        Picture::text(match self {
            Migrated { from, to } if from == to => format!("the schema is {to} already"),
            Migrated { from, to } => format!("the schema was {from} and is {to}"),
        })
    }

    fn essence(&self) -> Vec<String> {
        vec![self.to.to_string()]
    }
}

impl View for Checked {
    fn view(&self) -> Picture {
        let picture = Picture::fields([
            ("engine", self.engine.clone()),
            ("schema", self.schema.to_string()),
            ("revision", self.revision.to_string()),
            ("feed complete", flag(self.feed_complete)),
        ]);
        if self.feed_complete {
            picture
        } else {
            picture.line("the change feed has a hole: restore the database from a backup")
        }
    }

    fn essence(&self) -> Vec<String> {
        vec![self.revision.to_string()]
    }
}
