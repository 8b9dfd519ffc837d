//! `keyward changes`.

use clap::Subcommand;
use keyward_api::changes::ListChanges;
use keyward_client::Client;

use super::show::word;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with the change feed.
#[derive(Debug, Subcommand)]
pub(crate) enum Changes {
    /// List committed changes after a revision, oldest first
    List {
        /// Only those after this revision
        #[arg(long, value_name = "REVISION", default_value_t = 0)]
        after: u64,
        /// How many: 1 to 1000, 50 if absent
        #[arg(long, value_name = "COUNT")]
        limit: Option<u16>,
    },
}

pub(crate) async fn run(command: Changes, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let Changes::List { after, limit } = command;
    let changes = output.answer(client.changes().list(&ListChanges { after, limit })).await?;
    if changes.more {
        output.note(&format!("there is more: `--after {}`", changes.up_to));
    }
    Ok(Exit::Done)
}

impl View for keyward_api::changes::Changes {
    fn view(&self) -> Picture {
        let rows = self.items.iter().map(|recorded| {
            let change = serde_json::to_value(&recorded.change).unwrap_or_default();
            let of = &change["of"];
            let about = ["id", "user", "name"].iter().find_map(|key| of[key].as_str()).unwrap_or_default();
            vec![recorded.revision.to_string(), word(&change["change"]), about.to_owned()]
        });
        Picture::rows(&["revision", "change", "of"], rows)
    }

    fn essence(&self) -> Vec<String> {
        vec![self.up_to.to_string()]
    }
}
