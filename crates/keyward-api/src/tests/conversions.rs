//! From the core's records to what is shown of them.

use std::time::Duration;

use keyward_core::audit::{AuditEntry as Entry, Outcome};
use keyward_core::change::Change as Fact;
use keyward_core::credential::{self as core, CallerId, RevokeReason};
use keyward_core::decision::{Denial, Reason};
use keyward_core::kind::Denials;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::profile::Profile as Read;
use keyward_core::time::Timestamp;

use crate::audit::{AuditEntry, AuditOutcome};
use crate::changes::Change;
use crate::credentials::{Credential, CredentialFacts, CredentialState};
use crate::error::{ErrorCode, FieldError};
use crate::namespaces::{App, UserGroup, Workspace};
use crate::profiles::{ExpiryMode, Kind, KindAuthority};
use crate::sample;
use crate::values::{Network, Open, Time};
use crate::verify::{VerifiedCredential, VerifyAnswer};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_359_845 + seconds)
}

fn digest() -> String {
    format!("1.{}", "A".repeat(43))
}

fn record() -> core::Credential {
    let json = serde_json::json!({
        "id": sample::CREDENTIAL, "organization": sample::ORGANIZATION, "kind": "keyward/api", "name": "Nightly export",
        "public_id": sample::PUBLIC_ID, "namespace": NamespaceId::from(sample::WORKSPACE), "owner": sample::USER,
        "created_by": CallerId::User(sample::USER), "created_at": at(0), "updated_at": at(0),
        "state": {"state": "active"}, "generation": 2, "expires_at": at(1_000),
        "slots": [
            {"number": 1, "digest": digest(), "created_at": at(0), "ends_at": at(500)},
            {"number": 2, "digest": digest(), "created_at": at(0), "ends_at": null},
        ],
    });
    serde_json::from_value(json).expect("a record")
}

#[test]
fn the_state_of_a_credential_is_that_of_the_moment() {
    let state = |record: &core::Credential, now| Credential::of(record, CredentialFacts::default(), now).state;
    let active = record();
    assert_eq!(state(&active, at(999)), CredentialState::Active);
    assert_eq!(state(&active, at(1_000)), CredentialState::Expired);
    let disabled = active.clone().disable(at(5)).unwrap();
    assert_eq!(state(&disabled, at(999)), CredentialState::Disabled);
    assert_eq!(state(&disabled, at(1_000)), CredentialState::Expired);
    let revoked = disabled.revoke(at(6), RevokeReason::Compromised).unwrap();
    // Revoked is final, so it is what is said even after the end.
    assert_eq!(state(&revoked, at(1_000)), CredentialState::Revoked);
    let shown = Credential::of(&revoked, CredentialFacts::default(), at(1_000));
    assert_eq!((shown.revoked_at, shown.revoke_reason), (Some(Time(at(6))), Some(RevokeReason::Compromised)));
    assert_eq!((shown.disabled_at, shown.generation), (None, 3));
    assert!(shown.slots.is_empty());
}

#[test]
fn facts_beside_the_record_are_shown() {
    let mut record = record();
    record.sources = vec!["203.0.113.0/24".parse().unwrap()];
    record.denied = Denials { groups: vec!["security".to_owned()], ..Denials::default() };
    let facts = CredentialFacts {
        last_used: &[(1, at(10)), (2, at(20))],
        hint: Some("x7Qa".to_owned()),
        ..CredentialFacts::default()
    };
    let shown = Credential::of(&record, facts.clone(), at(30));
    let slots: Vec<_> = shown.slots.iter().map(|s| (s.number, s.ends_at, s.last_used_at)).collect();
    assert_eq!(slots, [(1, Some(Time(at(500))), Some(Time(at(10)))), (2, None, Some(Time(at(20))))]);
    let later = Credential::of(&record, facts, at(500));
    assert_eq!(later.slots.iter().map(|s| s.number).collect::<Vec<_>>(), [2]);
    assert_eq!(shown.last_used_at, Some(Time(at(20))));
    assert_eq!(shown.hint.as_deref(), Some("x7Qa"));
    assert_eq!(shown.sources, [sample::network()]);
    assert_eq!(shown.denied.map(|d| d.groups), Some(vec!["security".to_owned()]));
}

#[test]
fn a_refusal_waits_long_enough() {
    let denial = Denial { reason: Reason::RateLimited, retry_after: Some(Duration::from_millis(1_001)) };
    let answer = VerifyAnswer::denied(denial, Some(VerifiedCredential::of(&record(), Some(1))), 7);
    assert_eq!((answer.allowed, answer.retry_after, answer.revision), (false, Some(2), 7));
    assert_eq!(answer.reason, Some(Open::Known(Reason::RateLimited)));
    assert_eq!(answer.message.as_deref(), Some(Reason::RateLimited.sentence()));
}

#[test]
fn namespaces_are_shown_as_what_they_are() {
    let namespace = |id: NamespaceId, parent: NamespaceId| Namespace {
        id,
        organization: sample::ORGANIZATION,
        parent,
        name: sample::name("Shop"),
        site_key: None,
        created_at: at(0),
        updated_at: at(0),
    };
    let app = namespace(sample::APPLICATION.into(), sample::ORGANIZATION.into());
    let workspace = namespace(sample::WORKSPACE.into(), sample::APPLICATION.into());
    let group = namespace(sample::USER_GROUP.into(), sample::ORGANIZATION.into());
    assert!(App::of(&app).is_some() && Workspace::of(&app).is_none() && UserGroup::of(&app).is_none());
    assert_eq!(Workspace::of(&workspace).map(|w| w.app), Some(sample::APPLICATION));
    assert_eq!(UserGroup::of(&group).map(|g| g.app), Some(None));
    assert!(matches!(Change::of(&Fact::Namespace(group), at(0)), Some(Change::UserGroup(_))));
}

#[test]
fn refusals_in_the_audit_log_keep_their_code() {
    let mut entry = Entry {
        id: sample::AUDIT,
        at: at(0),
        operation: "credentials.create".to_owned(),
        caller: CallerId::Anonymous,
        target: None,
        outcome: Outcome::Refused("permission_denied".to_owned()),
        details: serde_json::Map::new(),
        request: None,
        source: None,
    };
    let shown = AuditEntry::from(&entry);
    assert_eq!((shown.outcome, shown.code), (AuditOutcome::Refused, Some(ErrorCode::PermissionDenied.into())));
    entry.outcome = Outcome::Refused("a_retired_code".to_owned());
    assert_eq!(AuditEntry::from(&entry).code, Some(Open::Other("a_retired_code".to_owned())));
}

#[test]
fn a_changed_credential_is_shown_without_its_digests() {
    let fact = Fact::Credential(Box::new(record()));
    assert!(serde_json::to_string(&fact).unwrap().contains(&digest()));
    let shown = serde_json::to_value(Change::of(&fact, at(0)).unwrap()).unwrap();
    assert_eq!(shown["change"], "credential");
    assert_eq!(shown["of"]["slots"].as_array().map(Vec::len), Some(2));
    assert!(!shown.to_string().contains(&digest()));
}

#[test]
fn kinds_of_the_built_in_profiles_can_be_shown() {
    for (file, text) in keyward_core::profile::BUILT_IN {
        let profile = Read::parse(file, text).expect(file);
        for kind in &profile.kinds {
            let shown = Kind::from(&**kind);
            assert_eq!(
                shown.min_roles.is_some(),
                matches!(shown.authority, KindAuthority::Roles | KindAuthority::Group)
            );
            assert!(shown.expiry.mode != ExpiryMode::Never || shown.expiry.max_seconds.is_none());
            assert_eq!(shown.present.len(), kind.present.len());
            let written = serde_json::to_value(&shown).unwrap();
            assert_eq!(serde_json::from_value::<Kind>(written).unwrap(), shown);
        }
    }
}

#[test]
fn faults_of_a_profile_name_line_and_key() {
    let faults = Read::parse("mine.toml", "nonsense = 1\n").expect_err("not a profile");
    let errors: Vec<FieldError> = faults.iter().map(FieldError::from).collect();
    assert!(errors.iter().any(|e| e.pointer == "/text" && e.message.starts_with("line 1")), "{errors:?}");
}

#[test]
fn networks_may_be_written_as_addresses() {
    for (written, read) in
        [("203.0.113.7", "203.0.113.7/32"), ("203.0.113.7/24", "203.0.113.0/24"), ("2001:db8::1", "2001:db8::1/128")]
    {
        assert_eq!(written.parse::<Network>().unwrap().to_string(), read);
    }
    let error = "everywhere".parse::<Network>().unwrap_err().to_string();
    assert!(error.starts_with("`everywhere` is neither"), "{error}");
}

#[test]
fn times_may_be_written_with_an_offset() {
    let time: Time = "2026-11-22T16:04:05+01:00".parse().unwrap();
    assert_eq!(time, sample::time(0));
    assert_eq!(time.to_string(), "2026-11-22T15:04:05Z");
    assert!("2026-11-22".parse::<Time>().is_err());
}
