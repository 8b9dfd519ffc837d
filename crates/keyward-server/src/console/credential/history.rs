//! What was done with a credential: the newest entries of the audit log that are about it.

use keyward_api::error::ErrorCode;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::CallerId;
use serde_json::Value;

use super::Subject;
use crate::app::App;
use crate::console::page::Refused;
use crate::console::ui::When;
use crate::console::why;
use crate::ops::AuditFilter;
use crate::ops::audit::{self, Log};
use crate::ops::authority;
use crate::ops::names::Names;

/// How many entries are shown.
const SHOWN: u32 = 20;

/// One entry.
pub(super) struct Entry {
    pub(super) at: When,
    /// What was done, or tried.
    pub(super) what: String,
    /// Why it was done, as the end of a sentence; empty where nothing is kept of it.
    pub(super) why: &'static str,
    /// By whom.
    pub(super) who: String,
    /// From where.
    pub(super) source: String,
    /// Why it was refused, if it was.
    pub(super) refused: Option<&'static str>,
}

/// The newest entries, for those who may read the log.
pub(super) async fn of(app: &App, subject: &Subject) -> Result<Option<Vec<Entry>>, Refused> {
    let ctx = subject.visit.ctx();
    if !authority::may(app, ctx, "audit:read", subject.visit.organization.id.into()) {
        return Ok(None);
    }
    let filter = AuditFilter { targets: vec![subject.credential().id.to_string()], ..AuditFilter::default() };
    let recorded = audit::list(app, ctx, Log::Organization, &filter, None, SHOWN).await?;
    let entries: Vec<AuditEntry> = recorded.iter().filter_map(|recorded| recorded.entry().ok()).collect();
    let names = audit::names(app, ctx, &entries).await?;
    Ok(Some(entries.iter().map(|entry| told(subject, &names, entry)).collect()))
}

fn told(subject: &Subject, names: &Names, entry: &AuditEntry) -> Entry {
    let refused = match &entry.outcome {
        Outcome::Done => None,
        Outcome::Refused(code) => {
            let code = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
            Some(code.map_or("Refused", |code| code.title()))
        }
    };
    let who = match entry.caller {
        CallerId::Anonymous => "somebody who was not signed in".to_owned(),
        CallerId::System => "Keyward itself".to_owned(),
        CallerId::User(user) if user == subject.visit.visitor.user.id => "you".to_owned(),
        CallerId::User(_) | CallerId::Credential(_) => names.or_id(entry.caller),
    };
    Entry {
        at: subject.when(entry.at),
        what: words(&entry.operation).to_owned(),
        why: entry.details.get("reason").and_then(Value::as_str).map_or("", why::because_of),
        who,
        source: entry.source.map(|source| source.to_string()).unwrap_or_default(),
        refused,
    }
}

/// What was done, in a word or two.
fn words(operation: &str) -> &str {
    match operation {
        "credentials.create" => "Created",
        "credentials.edit" => "Edited",
        "credentials.rotate" => "Secret replaced",
        "credentials.reveal" => "Secret shown again",
        "credentials.disable" => "Disabled",
        "credentials.enable" => "Enabled",
        "credentials.revoke" => "Revoked",
        "credentials.import" => "Added to another application",
        "credentials.unlink" => "Removed from another application",
        other => other,
    }
}
