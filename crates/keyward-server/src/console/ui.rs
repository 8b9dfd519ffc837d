//! Pieces of pages: times, states, ids, what is wrong with a field.

use std::collections::BTreeMap;
use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use keyward_core::credential::Credential;
use keyward_core::entropy::Entropy as _;
use keyward_core::time::Timestamp;

use super::assets::HREFS;
use super::page::sentence;
use crate::app::App;
use crate::ops::CredentialState;
use crate::ops::error::OpError;
use crate::surfaces::hiding::without_secrets;

/// The address of the icons.
pub(super) fn icons() -> &'static str {
    &HREFS.icons
}

/// The status of the page that tells of a refusal.
pub(super) fn status(error: &OpError) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The first letter of a name, in capitals: all that a small picture of it needs.
pub(super) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "#".to_owned(), |c| c.to_uppercase().collect())
}

/// What a form carries that makes something: of two that carry the same, one makes it.
pub(super) fn once(app: &App) -> String {
    let mut random = [0_u8; 18];
    app.entropy().fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// An instant as people read it: how long ago or ahead, with the exact one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// For machines: RFC 3339.
    pub(super) exact: String,
    /// For people who want it exactly.
    pub(super) full: String,
    /// For people: `3 days ago`, `in 2 hours`.
    pub(super) relative: String,
}

impl When {
    /// `at`, as seen from `now`.
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let exact = at.to_string();
        let full = match (exact.get(..10), exact.get(11..19)) {
            (Some(day), Some(time)) => format!("{day} {time} UTC"),
            _ => exact.clone(),
        };
        Self { relative: relative(at, now), exact, full }
    }
}

/// How long ago, or ahead.
fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at > now;
    let seconds = if ahead { at.since(now) } else { now.since(at) }.as_secs();
    let (count, unit) = match seconds {
        0..45 => return if ahead { "in a moment".into() } else { "just now".into() },
        45..5_400 => ((seconds + 30) / 60, "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        129_600..3_888_000 => ((seconds + 43_200) / 86_400, "day"),
        3_888_000..47_304_000 => ((seconds + 1_314_000) / 2_628_000, "month"),
        _ => ((seconds + 15_768_000) / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if ahead { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// The state of a credential: a word, and the class that colours its dot.
pub(super) const fn state_words(state: CredentialState) -> (&'static str, &'static str) {
    match state {
        CredentialState::Active => ("Active", "active"),
        CredentialState::Disabled => ("Disabled", "disabled"),
        CredentialState::Expired => ("Expired", "expired"),
        CredentialState::Revoked => ("Revoked", "revoked"),
    }
}

/// The state of a credential now.
pub(super) fn state_of(credential: &Credential, now: Timestamp) -> CredentialState {
    use keyward_core::credential::State;
    match credential.state {
        State::Revoked { .. } => CredentialState::Revoked,
        _ if credential.is_expired(now) => CredentialState::Expired,
        State::Disabled { .. } => CredentialState::Disabled,
        State::Active => CredentialState::Active,
    }
}

/// What is wrong with a form: beside its fields, and what belongs to none above them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    general: Option<String>,
    fields: BTreeMap<String, String>,
}

impl Wrong {
    /// What an operation refused, for a form with these fields. A pointer such as `/roles/0` belongs to `roles`; what
    /// points to none of them is said above.
    pub(super) fn of(error: &OpError, fields: &[&str]) -> Self {
        let mut wrong = Self::default();
        for fault in &error.fields {
            let name = fault.pointer.split('/').nth(1).unwrap_or_default();
            if fields.contains(&name) {
                wrong.add(name, &fault.message);
            } else {
                wrong.general.get_or_insert_with(|| told(&fault.message));
            }
        }
        if error.fields.is_empty() {
            wrong.general = Some(told(&error.detail));
        }
        wrong
    }

    /// Says what is wrong with a field; the first thing that is said stays.
    pub(super) fn add(&mut self, field: &str, message: impl Display) {
        self.fields.entry(field.to_owned()).or_insert_with(|| told(&message.to_string()));
    }

    /// Says something above all fields.
    pub(super) fn say(&mut self, message: impl Display) {
        self.general.get_or_insert_with(|| told(&message.to_string()));
    }

    /// What is wrong with a field.
    pub(super) fn with(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }

    /// What is said above all fields.
    pub(super) fn general(&self) -> Option<&str> {
        self.general.as_deref()
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.general.is_none() && self.fields.is_empty()
    }
}

fn told(detail: &str) -> String {
    sentence(&without_secrets(detail))
}

#[cfg(test)]
mod tests {
    use keyward_api::error::ErrorCode;

    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        let now = Timestamp::from_seconds(1_000_000_000);
        let ago = |seconds: u64| relative(now.minus(std::time::Duration::from_secs(seconds)), now);
        let ahead = |seconds: u64| relative(now.plus(std::time::Duration::from_secs(seconds)), now);
        assert_eq!(ago(0), "just now");
        assert_eq!(ago(44), "just now");
        assert_eq!(ago(45), "1 minute ago");
        assert_eq!(ago(89 * 60), "89 minutes ago");
        assert_eq!(ago(90 * 60), "2 hours ago");
        assert_eq!(ago(24 * 3_600), "24 hours ago");
        assert_eq!(ago(3 * 86_400), "3 days ago");
        assert_eq!(ago(60 * 86_400), "2 months ago");
        assert_eq!(ago(800 * 86_400), "2 years ago");
        assert_eq!(ahead(10), "in a moment");
        assert_eq!(ahead(2 * 86_400), "in 2 days");
        let when = When::of(now, now);
        assert_eq!((when.full.as_str(), &when.exact[..19]), ("2001-09-09 01:46:40 UTC", "2001-09-09T01:46:40"));
    }

    #[test]
    fn faults_stand_beside_their_fields() {
        let mut error = OpError::field(ErrorCode::InvalidValue, "/roles/0", "no such role");
        let wrong = Wrong::of(&error, &["name", "roles"]);
        assert_eq!((wrong.with("roles"), wrong.general()), (Some("No such role."), None));
        let elsewhere = Wrong::of(&error, &["name"]);
        assert_eq!((elsewhere.with("roles"), elsewhere.general()), (None, Some("No such role.")));
        error.fields.clear();
        assert_eq!(Wrong::of(&error, &["roles"]).general(), Some("No such role."));
    }
}
