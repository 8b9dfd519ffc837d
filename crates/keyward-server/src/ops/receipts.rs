//! Changes: through the lane, into the audit log, and confirmed on every node.

use std::sync::Arc;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations::Operation;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::change::Revision;
use keyward_core::id::{AuditId, OrganizationId};
use keyward_store::{Scope, Tx};
use serde_json::{Map, Value};

use crate::app::App;
use crate::clock::Stopwatch;
use crate::ops::authority::Authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::telemetry::metrics::{RECEIPT_DURATION, RECEIPTS_BY_BOUND, WRITE_JOBS};

/// What a job hands back for the answer and for the audit log.
pub struct Outcomes<T> {
    /// For the answer.
    pub value: T,
    /// What it was done to.
    pub target: String,
    /// What else the audit log should keep. Never a secret.
    pub details: Map<String, Value>,
}

impl<T> Outcomes<T> {
    /// A value and what it was done to.
    pub fn new(value: T, target: impl ToString) -> Self {
        Self { value, target: target.to_string(), details: Map::new() }
    }

    /// Keeps a detail.
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}

/// A committed change with the proof of how far it has come.
#[derive(Debug)]
pub struct Done<T> {
    /// What the operation answers.
    pub value: T,
    /// The commit.
    pub revision: Revision,
    /// Which nodes have it in force.
    pub receipt: Receipt,
}

impl<T> Done<T> {
    /// Keeps the proof and changes the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Done<U> {
        Done { value: f(self.value), revision: self.revision, receipt: self.receipt }
    }
}

/// Which nodes have a change in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whether every registered node has applied it. If not, the bound was waited for: no node can decide from
    /// anything older any more.
    pub confirmed: bool,
    /// How many have.
    pub applied: u32,
    /// How many are registered.
    pub nodes: u32,
    /// How long it took after the commit.
    pub waited: Duration,
}

/// Makes a change in an organization: judges the caller on the rows of the transaction, runs `job`, records what was
/// done, or what was refused, and waits until every node has it where the operation promises that.
///
/// `job` may run again; everything random and the time are made before it.
pub async fn change<T, J>(
    app: &App,
    ctx: &Ctx,
    operation: &'static Operation,
    organization: OrganizationId,
    job: J,
) -> Result<Done<T>, OpError>
where
    T: Send + 'static,
    J: AsyncFn(&mut Tx, &mut Authority) -> Result<Outcomes<T>, OpError> + Send + 'static,
{
    let entry = entry(app, ctx, operation);
    let caller = ctx.caller.clone();
    let index = Arc::new(app.index.snapshot().clone());
    let now = ctx.at();
    let written = app
        .store
        .write(Scope::Organization(organization), async move |tx: &mut Tx| {
            let mut authority = Authority::load(tx, index.clone(), caller.clone(), organization, now).await?;
            let outcome = job(tx, &mut authority).await?;
            let entry = AuditEntry {
                target: Some(outcome.target),
                details: outcome.details,
                outcome: Outcome::Done,
                ..entry.clone()
            };
            Ok::<_, OpError>((outcome.value, entry))
        })
        .await;
    count(&written);
    let (value, revision) = written?;
    Ok(Done { value, revision, receipt: confirm(app, operation, revision).await })
}

/// The same for what belongs to no organization: users, sessions, organizations themselves.
pub async fn change_deployment<T, J>(
    app: &App,
    ctx: &Ctx,
    operation: &'static Operation,
    job: J,
) -> Result<Done<T>, OpError>
where
    T: Send + 'static,
    J: AsyncFn(&mut Tx) -> Result<Outcomes<T>, OpError> + Send + 'static,
{
    change_in(app, ctx, Scope::Deployment, operation, job).await
}

/// The same for a caller whom the job itself judges: one who proves by a token that they may do this one thing.
pub async fn change_in<T, J>(
    app: &App,
    ctx: &Ctx,
    scope: Scope,
    operation: &'static Operation,
    job: J,
) -> Result<Done<T>, OpError>
where
    T: Send + 'static,
    J: AsyncFn(&mut Tx) -> Result<Outcomes<T>, OpError> + Send + 'static,
{
    let entry = entry(app, ctx, operation);
    let written = app
        .store
        .write(scope, async move |tx: &mut Tx| {
            let outcome = job(tx).await?;
            let entry = AuditEntry {
                target: Some(outcome.target),
                details: outcome.details,
                outcome: Outcome::Done,
                ..entry.clone()
            };
            Ok::<_, OpError>((outcome.value, entry))
        })
        .await;
    count(&written);
    let (value, revision) = written?;
    Ok(Done { value, revision, receipt: confirm(app, operation, revision).await })
}

/// Runs an operation that changes something; when it refuses, the refusal is recorded before it is answered. Not when
/// nobody asked: that would be the record of no one's deed, which everybody could write for ever.
pub async fn recorded<T>(
    app: &App,
    ctx: &Ctx,
    operation: &'static Operation,
    target: Option<String>,
    body: impl Future<Output = Result<T, OpError>>,
) -> Result<T, OpError> {
    let error = match body.await {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let by_nobody = error.code == ErrorCode::Unauthenticated;
    if error.is_refusal() && !by_nobody && app.refusals.admits(ctx) {
        let scope = crate::ops::authority::organization(app, ctx).map_or(Scope::Deployment, Scope::Organization);
        let entry = AuditEntry {
            target,
            outcome: Outcome::Refused(error.code.as_str().to_owned()),
            ..entry(app, ctx, operation)
        };
        app.store
            .record(scope, entry)
            .await
            // The refusal stands either way; that it could not be recorded is for the operator to know.
            .inspect_err(|e| tracing::error!(error = %e, operation = operation.id, "a refusal could not be recorded"))
            .ok();
    }
    Err(error)
}

fn count<T>(written: &Result<T, OpError>) {
    let result = match written {
        Ok(_) => "committed",
        Err(error) if error.is_refusal() => "refused",
        Err(_) => "failed",
    };
    WRITE_JOBS.counter(&[result]).increment(1);
}

async fn confirm(app: &App, operation: &Operation, revision: Revision) -> Receipt {
    let watch = Stopwatch::start();
    let (nodes, applied, confirmed) = if operation.confirms {
        app.nodes.confirm(&app.store, revision, watch).await
    } else {
        (1, 1, app.nodes.alone())
    };
    let waited = watch.elapsed();
    if operation.confirms {
        RECEIPT_DURATION.histogram(&[]).record(waited.as_secs_f64());
        RECEIPTS_BY_BOUND.counter(&[]).increment(u64::from(!confirmed));
    }
    Receipt { confirmed, applied, nodes, waited }
}

fn entry(app: &App, ctx: &Ctx, operation: &Operation) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(ctx.at(), &mut app.entropy()),
        at: ctx.at(),
        operation: operation.id.to_owned(),
        caller: ctx.caller_id(),
        target: None,
        outcome: Outcome::Done,
        details: Map::new(),
        request: Some(ctx.request),
        source: ctx.source,
    }
}
