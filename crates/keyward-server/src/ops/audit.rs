//! The audit log: reading it, taking it out, proving that it is as it was written.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_api::operations::{self, Operation};
use keyward_core::id::AuditId;
use keyward_core::keyring::{KeyRing, SignPurpose};
use keyward_core::time::Timestamp;
use keyward_store::{Broken, Hash, Page, Reader, Scope, Store, StoreError};

use crate::app::App;
use crate::clock;
use crate::ops::authority::{self, admit, door};
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::error::OpError;

pub use keyward_store::{AuditFilter, Checkpoint, Recorded};
pub use names::{matching, names};

/// How often chains that have grown are signed.
pub const CHECKPOINT_EVERY: Duration = Duration::from_hours(1);
/// The file in the data folder to which every checkpoint is appended, one JSON object a line. Copies of it belong on
/// another machine: they show what happened to the log even to who can write the database and has the key ring.
pub const CHECKPOINT_FILE: &str = "audit-checkpoints.jsonl";

/// Rows read at a time.
const ROWS: u32 = 500;

/// Whose log is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// The organization's of the request.
    Organization,
    /// The deployment's: users, sessions, organizations themselves. For operators.
    Deployment,
}

/// What checking a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many entries were checked.
    pub entries: u64,
    /// How many signed checkpoints were checked.
    pub checkpoints: u64,
    /// The hash of the last entry, when the log is intact and has any.
    pub head: Option<Hash>,
    /// Where it stops being as it was written.
    pub fault: Option<Fault>,
}

/// Where a log stops being as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place in the chain, from 1.
    pub position: u64,
    /// The entry there, if it can be read.
    pub entry: Option<AuditId>,
    /// What is wrong, for people.
    pub message: String,
}

/// Entries on their way out, page by page, newest first. Entries that are recorded meanwhile are not among them.
pub struct Export {
    store: Store,
    scope: Scope,
    filter: AuditFilter,
    before: Option<u64>,
    ended: bool,
}

/// A page of the log, newest first: of the entries at earlier places than `before`.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    log: Log,
    filter: &AuditFilter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Recorded>, OpError> {
    let scope = readable(app, ctx, log, &operations::AUDIT_LIST)?;
    Ok(app.store.read().await?.audit(scope, filter, before, limit).await?)
}

/// The whole log, or what of it fits.
pub fn export(app: &App, ctx: &Ctx, log: Log, filter: AuditFilter) -> Result<Export, OpError> {
    let scope = readable(app, ctx, log, &operations::AUDIT_EXPORT)?;
    Ok(Export { store: app.store.clone(), scope, filter, before: None, ended: false })
}

impl Export {
    /// The next entries; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>, OpError> {
        if self.ended {
            return Ok(None);
        }
        let page = self.store.read().await?.audit(self.scope, &self.filter, self.before, ROWS).await?;
        self.before = page.last().map(|last| last.position);
        self.ended = page.len() < ROWS as usize;
        Ok((!page.is_empty()).then_some(page))
    }
}

/// Checks the whole chain against every checkpoint that this deployment's key ring signed: those that the database
/// keeps, and `kept`, which were kept elsewhere.
pub async fn verify(app: &App, ctx: &Ctx, log: Log, kept: Vec<Checkpoint>) -> Result<Verification, OpError> {
    let scope = readable(app, ctx, log, &operations::AUDIT_VERIFY)?;
    let mut reader = app.store.read().await?;
    let stored = reader.checkpoints(scope).await?;
    let groups = by_key(&app.ring(), kept, stored).map_err(|stranger| {
        let message = format!("the checkpoint at entry {stranger} was not signed by a key of this deployment");
        OpError::field(ErrorCode::InvalidValue, "/checkpoints", message)
    })?;
    let mut verification = Verification { entries: 0, checkpoints: 0, head: None, fault: None };
    for (key, checkpoints) in groups {
        let count = checkpoints.len() as u64;
        match app.store.verify_audit(scope, checkpoints, &key).await? {
            Ok(verified) => {
                verification.entries = verified.count;
                verification.checkpoints += count;
                verification.head = (verified.count > 0).then_some(verified.head);
            }
            Err(broken) => {
                let position = place_of(&broken);
                let entry = entry_at(&mut reader, scope, position).await?;
                let entries = position.saturating_sub(1);
                let fault = Some(Fault { position, entry, message: broken.to_string() });
                return Ok(Verification { entries, head: None, fault, ..verification });
            }
        }
    }
    Ok(verification)
}

/// Signs every chain that has grown, for ever.
pub async fn sign_checkpoints(app: Arc<App>) {
    let mut signed = BTreeMap::new();
    loop {
        let made = checkpoint(&app, clock::now(), &mut signed).await;
        let written = match made {
            Ok(checkpoints) => keep(&app, checkpoints).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(%error, "the audit log could not be signed");
        }
        tokio::time::sleep(CHECKPOINT_EVERY).await;
    }
}

/// Signs every chain that has grown beyond what `signed` says, and notes there how far.
pub async fn checkpoint(
    app: &App,
    now: Timestamp,
    signed: &mut BTreeMap<Scope, u64>,
) -> Result<Vec<Checkpoint>, OpError> {
    let ring = app.ring();
    let (_, key) = ring.current_signing_key(SignPurpose::AuditCheckpoint);
    let mut made = Vec::new();
    for scope in scopes(app).await? {
        let newest = app.store.read().await?.audit(scope, &AuditFilter::default(), None, 1).await?;
        let length = newest.first().map_or(0, |entry| entry.position);
        if length > signed.get(&scope).copied().unwrap_or(0) {
            let checkpoint = app.store.checkpoint(scope, now, key).await?;
            signed.insert(scope, checkpoint.count);
            made.push(checkpoint);
        }
    }
    Ok(made)
}

/// Puts checkpoints where they can be taken from: into the log of the process and into [`CHECKPOINT_FILE`].
async fn keep(app: &App, checkpoints: Vec<Checkpoint>) -> Result<(), OpError> {
    if checkpoints.is_empty() {
        return Ok(());
    }
    let path = app.config.data_dir.join(CHECKPOINT_FILE);
    let failed = |e: &dyn std::fmt::Display| {
        OpError::new(ErrorCode::Internal, format!("checkpoints of the audit log could not be written: {e}"))
    };
    let mut lines = String::new();
    for checkpoint in &checkpoints {
        let line = serde_json::to_string(checkpoint).map_err(|e| failed(&e))?;
        tracing::info!(target: "keyward::audit", checkpoint = %line, "the audit log was signed");
        lines.push_str(&line);
        lines.push('\n');
    }
    let written = tokio::task::spawn_blocking(move || append(path, &lines)).await;
    written.map_err(|e| failed(&e))?.map_err(|e| failed(&e))
}

fn append(path: PathBuf, lines: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

/// Whose chain is read, if the caller may read it.
fn readable(app: &App, ctx: &Ctx, log: Log, operation: &Operation) -> Result<Scope, OpError> {
    admit(ctx, operation)?;
    match (log, &ctx.caller) {
        (Log::Deployment, Caller::System | Caller::Session(SignedIn { operator: true, .. })) => Ok(Scope::Deployment),
        (Log::Deployment, _) => Err(OpError::new(
            ErrorCode::OperatorRequired,
            "only an operator reads the deployment's own audit log: name an organization",
        )),
        (Log::Organization, _) => {
            let organization = authority::organization(app, ctx)?;
            door(app, ctx, operation, organization.into())?;
            Ok(Scope::Organization(organization))
        }
    }
}

async fn scopes(app: &App) -> Result<Vec<Scope>, StoreError> {
    let mut scopes = vec![Scope::Deployment];
    let mut after = None;
    loop {
        let page = app.store.read().await?.organizations(None, None, &Page { after, limit: ROWS }).await?;
        let Some(last) = page.last() else { return Ok(scopes) };
        after = Some(last.id);
        scopes.extend(page.iter().map(|organization| Scope::Organization(organization.id)));
    }
}

/// Checkpoints by the key that claims them, with an empty group where there are none. A stored one of a key that the ring
/// does not have (any more) proves nothing and is left out; one that the caller gives must be ours.
fn by_key(
    ring: &KeyRing,
    given: Vec<Checkpoint>,
    stored: Vec<Checkpoint>,
) -> Result<BTreeMap<[u8; 32], Vec<Checkpoint>>, u64> {
    let ours: BTreeSet<[u8; 32]> = ring
        .versions()
        .iter()
        .filter_map(|version| ring.signing_key(SignPurpose::AuditCheckpoint, version.version))
        .map(keyward_core::keyring::SigningKey::public_key)
        .collect();
    if let Some(stranger) = given.iter().find(|checkpoint| !ours.contains(&checkpoint.public_key)) {
        return Err(stranger.count);
    }
    let (_, current) = ring.current_signing_key(SignPurpose::AuditCheckpoint);
    let mut groups: BTreeMap<_, Vec<Checkpoint>> = BTreeMap::from([(current.public_key(), Vec::new())]);
    for checkpoint in given.into_iter().chain(stored) {
        if ours.contains(&checkpoint.public_key) {
            let group = groups.entry(checkpoint.public_key).or_default();
            if !group.contains(&checkpoint) {
                group.push(checkpoint);
            }
        }
    }
    Ok(groups)
}

/// The place in the chain that a fault is about.
fn place_of(broken: &Broken) -> u64 {
    match broken {
        Broken::Position { expected, .. } => *expected,
        Broken::Truncated { found, .. } => found + 1,
        Broken::Hash(place)
        | Broken::Columns(place)
        | Broken::Rewritten(place)
        | Broken::Signature(place)
        | Broken::Scope(place) => *place,
        Broken::Head => 1,
    }
}

async fn entry_at(reader: &mut Reader, scope: Scope, position: u64) -> Result<Option<AuditId>, StoreError> {
    let next = reader.audit_after(scope, position.saturating_sub(1), 1).await?;
    let found = next.first().filter(|recorded| recorded.position == position);
    Ok(found.and_then(|recorded| recorded.entry().ok()).map(|entry| entry.id))
}

#[cfg(test)]
mod tests;
