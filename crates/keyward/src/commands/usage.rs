//! `keyward usage`.

use clap::Args;
use keyward_api::Time;
use keyward_api::id::CredentialId;
use keyward_api::usage::{GetUsage, UsageCount};
use keyward_client::Client;

use super::list;
use super::show::Listed;
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::Output;

/// Which uses to count.
#[derive(Debug, Args)]
pub(crate) struct UsageArgs {
    /// Only those of this credential
    #[arg(long)]
    credential: Option<CredentialId>,
    /// Only those of credentials that live in this namespace, by id or name
    #[arg(long)]
    namespace: Option<String>,
    /// Only periods that begin at this instant or later
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Only periods that begin before this instant
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    #[command(flatten)]
    paging: Paging,
}

pub(crate) async fn run(args: UsageArgs, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let UsageArgs { credential, namespace, since, until, paging } = args;
    let namespace = match namespace {
        Some(text) => Some(names::namespace(client, &text).await?),
        None => None,
    };
    let query = GetUsage { credential, namespace, since, until, limit: paging.limit, cursor: paging.cursor.clone() };
    list(output, &paging, client.usage().get(&query)).await
}

impl Listed for UsageCount {
    const HEAD: &'static [&'static str] = &["credential", "from", "to", "allowed", "denied"];

    fn row(&self) -> Vec<String> {
        vec![
            self.credential.to_string(),
            self.from.to_string(),
            self.to.to_string(),
            self.allowed.to_string(),
            self.denied.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.credential.to_string()
    }
}
