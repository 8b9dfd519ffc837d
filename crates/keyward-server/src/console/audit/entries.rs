//! Entries of the log as people read them.

use keyward_api::error::ErrorCode;
use keyward_api::operations::Operation;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::CallerId;
use keyward_core::time::Timestamp;
use serde_json::Value;

use crate::console::gate::Visit;
use crate::console::page::sentence;
use crate::console::ui::When;
use crate::ops::Recorded;
use crate::ops::names::Names;

/// A use that was recorded because its kind asks for it: the one act that is no operation.
pub(super) const USE: &str = "credentials.use";

/// One act.
pub(super) struct Entry {
    /// When.
    pub(super) at: When,
    /// Who.
    pub(super) who: Party,
    /// What, in words.
    pub(super) what: String,
    /// On what.
    pub(super) target: Option<Party>,
    /// What tells more of it at a glance: the public id that was used.
    pub(super) note: Option<String>,
    /// Whether it was refused, and why.
    pub(super) refused: Option<Refusal>,
    /// From where.
    pub(super) source: Option<String>,
    /// Its place in the chain.
    pub(super) position: u64,
    /// Everything else.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What else was kept, as JSON; empty where there is nothing.
    pub(super) details: String,
}

/// Somebody or something in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    /// What it is called; its id where it has no name any more.
    pub(super) name: String,
    /// Whether `name` is an id.
    pub(super) is_id: bool,
    /// Its page.
    pub(super) href: Option<String>,
}

/// Why an act was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code.
    pub(super) code: String,
    /// The same in words.
    pub(super) words: String,
}

impl Entry {
    /// An entry, as the visitor sees it.
    pub(super) fn of(visit: &Visit, recorded: &Recorded, entry: &AuditEntry, names: &Names, now: Timestamp) -> Self {
        let (caller, target) = (entry.caller.to_string(), entry.target.clone());
        let base = visit.href("");
        Self {
            at: When::of(entry.at, now),
            who: caller_party(&entry.caller, names, &base),
            what: words(&entry.operation),
            target: target.as_ref().filter(|_| entry.operation != USE).map(|id| party(id, names, &base)),
            note: note(entry, names),
            refused: refusal(&entry.outcome),
            source: entry.source.map(|source| source.to_string()),
            position: recorded.position,
            facts: facts(recorded, entry, &caller, target),
            details: if entry.details.is_empty() { String::new() } else { pretty(entry) },
        }
    }
}

/// What an operation is, in plain words: the first part of its sentence in the table of operations.
pub(super) fn words(operation: &str) -> String {
    match (operation, Operation::find(operation)) {
        (USE, _) => "Use a key".to_owned(),
        ("credentials.renew_digest", _) => "Move a secret to the current pepper".to_owned(),
        (_, Some(found)) => {
            let first = found.summary.split([';', ':']).next().unwrap_or(found.summary);
            first.trim_end_matches('.').to_owned()
        }
        (other, None) => other.to_owned(),
    }
}

/// Who acted.
pub(super) fn caller_name(caller: &CallerId, names: &Names) -> String {
    match caller {
        CallerId::System => "Keyward itself".to_owned(),
        CallerId::Anonymous => "Nobody who is known".to_owned(),
        CallerId::User(_) | CallerId::Credential(_) => names.or_id(caller),
    }
}

fn caller_party(caller: &CallerId, names: &Names, base: &str) -> Party {
    match caller {
        CallerId::System | CallerId::Anonymous => Party { name: caller_name(caller, names), is_id: false, href: None },
        CallerId::User(_) | CallerId::Credential(_) => party(&caller.to_string(), names, base),
    }
}

fn party(id: &str, names: &Names, base: &str) -> Party {
    let page = match id.split_once('_').map_or("", |(prefix, _)| prefix) {
        "cred" => Some(format!("/credentials/{id}")),
        "usr" => Some(format!("/members/{id}")),
        "role" => Some(format!("/roles/{id}")),
        "app" | "ws" | "ugrp" => Some(format!("/namespaces/{id}")),
        "org" => Some("/settings".to_owned()),
        _ => None,
    };
    let is_named = names.get(id).is_some();
    Party {
        is_id: !is_named,
        // What has no name any more has no page either.
        href: page.filter(|_| is_named).map(|page| format!("{base}{page}")),
        name: names.or_id(id),
    }
}

/// A use tells the public id; what is gone, or was never made, tells the name that was kept.
fn note(entry: &AuditEntry, names: &Names) -> Option<String> {
    let kept = |key: &str| entry.details.get(key).and_then(Value::as_str).map(str::to_owned);
    if entry.operation == USE {
        return kept("public_id");
    }
    let named = entry.target.as_ref().is_some_and(|target| names.get(target).is_some());
    kept("name").filter(|_| !named)
}

fn refusal(outcome: &Outcome) -> Option<Refusal> {
    let Outcome::Refused(code) = outcome else { return None };
    let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
    let reason = keyward_core::decision::Reason::ALL.iter().find(|reason| reason.code() == code);
    let words =
        known.map(|known| known.title().to_owned()).or_else(|| reason.map(|reason| sentence(reason.sentence())));
    Some(Refusal { words: words.unwrap_or_else(|| code.clone()), code: code.clone() })
}

fn facts(recorded: &Recorded, entry: &AuditEntry, caller: &str, target: Option<String>) -> Vec<(&'static str, String)> {
    let outcome = match &entry.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Refused(code) => format!("refused: {code}"),
    };
    let revision = (recorded.revision.0 > 0).then(|| recorded.revision.0.to_string());
    let facts = [
        ("Entry", Some(entry.id.to_string())),
        ("Time", Some(entry.at.to_string())),
        ("Operation", Some(entry.operation.clone())),
        ("Who", Some(caller.to_owned())),
        ("On what", target),
        ("Outcome", Some(outcome)),
        ("Address", entry.source.map(|source| source.to_string())),
        ("Request", entry.request.map(|request| request.to_string())),
        ("Revision", revision),
        ("Place in the chain", Some(recorded.position.to_string())),
        ("Hash of the chain up to here", Some(blake3::Hash::from_bytes(recorded.hash).to_string())),
    ];
    facts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

fn pretty(entry: &AuditEntry) -> String {
    serde_json::to_string_pretty(&entry.details).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_api::operations;

    #[test]
    fn every_operation_has_plain_words() {
        for operation in operations::ALL.iter().filter(|operation| operation.changes) {
            let words = words(operation.id);
            assert!(words.starts_with(char::is_uppercase) && !words.ends_with('.'), "{}: {words}", operation.id);
        }
        assert_eq!(words("credentials.revoke"), "End a credential for ever");
        assert_eq!(words("credentials.create"), "Create a credential");
        assert_eq!(words("something.else"), "something.else");
    }

    #[test]
    fn what_has_a_name_leads_to_its_page_and_what_has_none_is_an_id() {
        let names = Names::from_iter([("role_1", keyward_core::name::Name::new("Admin").unwrap())]);
        let named = party("role_1", &names, "/o/org_1");
        assert_eq!((named.name.as_str(), named.href.as_deref()), ("Admin", Some("/o/org_1/roles/role_1")));
        let gone = party("cred_1", &names, "/o/org_1");
        assert_eq!((gone.name.as_str(), gone.is_id, gone.href), ("cred_1", true, None));
    }

    #[test]
    fn a_refusal_is_told_in_words_whatever_its_code_is() {
        let words = |code: &str| refusal(&Outcome::Refused(code.to_owned())).unwrap().words;
        assert_eq!(words("not_granted"), "No role of the credential allows this here.");
        assert_eq!(words("name_taken"), ErrorCode::NameTaken.title());
        assert_eq!(words("of_old"), "of_old");
        assert_eq!(refusal(&Outcome::Done), None);
    }
}
