//! Every operation, asked once by everybody; what was answered, and what the audit logs kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use keyward_api::headers;
use keyward_api::operations::{self, Operation};
use serde_json::Value;

use super::requests::{Request, request};
use super::rules::{Answer, wanted};
use super::world::{Who, World};
use crate::harness::Reply;

/// One question and its answer.
pub(crate) struct Asked {
    pub(crate) operation: &'static Operation,
    pub(crate) who: Who,
    pub(crate) request: Request,
    pub(crate) wanted: Answer,
    pub(crate) reply: Reply,
}

/// Whose log an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Log {
    /// The deployment's.
    Deployment,
    /// That of the organization that the requests are about.
    Organization,
    /// That of the other one.
    Other,
}

/// Everything that was asked.
pub(crate) struct Run {
    pub(crate) asked: Vec<Asked>,
    /// The entries of the audit logs, by the request that they are about.
    pub(crate) audit: BTreeMap<String, Vec<(Log, Value)>>,
    /// What checking each log found, and how many entries its export had.
    pub(crate) verified: Vec<(Log, Value, usize)>,
    /// How the audit log names everybody.
    pub(crate) names: BTreeMap<Who, String>,
    /// The ids of what the organization has.
    pub(crate) records: BTreeSet<String>,
}

/// The one run, made by whichever test needs it first.
pub(crate) fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(everything())
    })
}

/// The name of the request that is answered.
pub(crate) fn request_id(reply: &Reply) -> &str {
    reply.headers[headers::REQUEST_ID].to_str().unwrap()
}

async fn everything() -> Run {
    let world = World::start().await;
    let mut asked = Vec::new();
    for operation in operations::ALL {
        // What refuses changes nothing, so that the next one can be asked the same.
        let shared = request(operation, &world).await;
        for who in Who::ALL {
            let wanted = wanted(operation, who, &shared);
            let uses_up = operation.changes && wanted == Answer::Done;
            let request = if uses_up { request(operation, &world).await } else { shared.clone() };
            let reply = world.ask(who, &request).await;
            asked.push(Asked { operation, who, request, wanted, reply });
        }
    }
    let mut run = Run {
        asked,
        audit: BTreeMap::new(),
        verified: Vec::new(),
        names: Who::ALL.into_iter().map(|who| (who, world.audited(who).to_owned())).collect(),
        records: [&world.organization, &world.app, &world.workspace, &world.group, &world.role]
            .into_iter()
            .cloned()
            .collect(),
    };
    for (log, who) in [(Log::Deployment, Who::Operator), (Log::Organization, Who::Admin), (Log::Other, Who::Elsewhere)]
    {
        let caller = world.caller(who);
        let verification = world.server.get(&caller, "/v1/audit/verification").await.expect(200).body;
        let export = world.server.get(&caller, "/v1/audit/export").await.expect(200).text;
        let entries: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        run.verified.push((log, verification, entries.len()));
        for entry in entries {
            let request = entry["request"].as_str().unwrap().to_owned();
            run.audit.entry(request).or_default().push((log, entry));
        }
    }
    world.server.stop().await;
    run
}
