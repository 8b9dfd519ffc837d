//! `keyward audit`.

use clap::{Args, Subcommand};
use keyward_api::audit::{AuditEntry, AuditLog, AuditOutcome, AuditVerification, ListAudit, VerifyAudit};
use keyward_api::{CallerId, Time};
use keyward_client::Client;

use super::show::{Listed, maybe, word};
use super::{list, parse};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was done and refused, newest first
    List {
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        paging: Paging,
    },
    /// Export the audit log, one JSON object a line
    Export {
        #[command(flatten)]
        filter: FilterArgs,
    },
    /// Check the hash chain of the audit log
    Verify {
        /// The deployment's log instead of the organization's; for operators
        #[arg(long)]
        deployment: bool,
    },
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// The deployment's log instead of the organization's; for operators
    #[arg(long)]
    deployment: bool,
    /// Only what this user or credential did, by id
    #[arg(long, value_parser = parse::word::<CallerId>)]
    caller: Option<CallerId>,
    /// Only what was done to this, by id
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only this operation, such as `credentials.revoke`, or this resource, such as `credentials`
    #[arg(long)]
    operation: Option<String>,
    /// Only what was `done` or `refused`
    #[arg(long, value_parser = parse::word::<AuditOutcome>)]
    outcome: Option<AuditOutcome>,
    /// Only from this instant on
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Only before this instant
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
}

pub(crate) async fn run(command: Audit, client: &Client, output: &Output) -> Result<Exit, Failure> {
    match command {
        Audit::List { filter, paging } => {
            let query = ListAudit { limit: paging.limit, cursor: paging.cursor.clone(), ..entries(filter) };
            list(output, &paging, client.audit().list(&query)).await
        }
        Audit::Export { filter } => {
            let mut export = client.audit().export(&entries(filter)).open().await?;
            while let Some(lines) = export.chunk().await? {
                output.bytes(&lines)?;
            }
            Ok(Exit::Done)
        }
        Audit::Verify { deployment } => {
            let found = output.answer(client.audit().verify(&VerifyAudit { log: log(deployment) })).await?;
            Ok(if found.intact { Exit::Done } else { Exit::Failed })
        }
    }
}

fn entries(filter: FilterArgs) -> ListAudit {
    let FilterArgs { deployment, caller, target, operation, outcome, since, until } = filter;
    ListAudit { log: log(deployment), caller, target, operation, outcome, since, until, limit: None, cursor: None }
}

fn log(deployment: bool) -> Option<AuditLog> {
    deployment.then_some(AuditLog::Deployment)
}

impl Listed for AuditEntry {
    const HEAD: &'static [&'static str] = &["at", "operation", "caller", "target", "outcome", "source"];

    fn row(&self) -> Vec<String> {
        let outcome = match &self.code {
            Some(code) => format!("{}: {}", word(&self.outcome), word(code)),
            None => word(&self.outcome),
        };
        vec![
            self.at.to_string(),
            self.operation.clone(),
            self.caller.to_string(),
            self.target.clone().unwrap_or_default(),
            outcome,
            maybe(self.source.as_ref()),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for AuditVerification {
    fn view(&self) -> Picture {
        let picture = Picture::fields([
            ("intact", if self.intact { "yes" } else { "no" }.to_owned()),
            ("entries", self.entries.to_string()),
            ("checkpoints", self.checkpoints.to_string()),
            ("head", self.head.clone().unwrap_or_default()),
        ]);
        match &self.fault {
            Some(fault) => {
                picture.line(format!("entry {} {}: {}", fault.sequence, maybe(fault.entry.as_ref()), fault.message))
            }
            None => picture,
        }
    }

    fn essence(&self) -> Vec<String> {
        self.head.iter().cloned().collect()
    }
}
