//! Every type reads what it writes; requests refuse fields that they do not know, answers ignore them.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::receipt::Receipt;
use crate::sample::Sample;
use crate::{
    access, audit, changes, credentials, deployment, error, grants, invitations, namespaces, organizations, profiles,
    receipt, roles, second_factor, sessions, setup, usage, users, verify,
};

fn round_trip<T: Sample + Serialize + DeserializeOwned>() -> Value {
    let written = serde_json::to_value(T::sample()).expect("a sample can be written");
    let read: T = serde_json::from_value(written.clone()).expect("what was written can be read");
    assert_eq!(serde_json::to_value(read).unwrap(), written);
    // As it comes over the wire: from text, where nothing can be borrowed by accident.
    let read: T = serde_json::from_reader(written.to_string().as_bytes()).expect("it can be read from a stream");
    assert_eq!(serde_json::to_value(read).unwrap(), written);
    written
}

fn refuses_unknown_fields<T: Sample + Serialize + DeserializeOwned + Debug>() {
    let mut written = round_trip::<T>();
    written.as_object_mut().expect("a request is an object").insert("surprise".to_owned(), json!(1));
    let error = serde_json::from_value::<T>(written).expect_err("an unknown field was read").to_string();
    assert!(error.starts_with("unknown field `surprise`"), "{error}");
}

fn ignores_unknown_fields<T: Sample + Serialize + DeserializeOwned>() {
    let written = round_trip::<T>();
    let mut grown = written.clone();
    grown.as_object_mut().expect("an answer is an object").insert("surprise".to_owned(), json!({"a": [1]}));
    let read: T = serde_json::from_value(grown).expect("an answer may grow");
    assert_eq!(serde_json::to_value(read).unwrap(), written);
}

macro_rules! each {
    ($check:ident, $names:ident: $($(#[$_doc:meta])* $module:ident::$type:ident),* $(,)?) => {
        pub(super) const $names: &[&str] = &[$(stringify!($type)),*];

        #[test]
        fn $check() {
            $(super::$check::<$module::$type>();)*
        }
    };
}

mod requests {
    use super::*;

    each! { refuses_unknown_fields, NAMES:
        setup::Setup,
        sessions::CreateSession, sessions::ListSessions,
        organizations::ListOrganizations, organizations::CreateOrganization, organizations::EditOrganization,
        namespaces::ListNamespaces, namespaces::CreateApp, namespaces::CreateWorkspace, namespaces::CreateUserGroup,
        namespaces::EditNamespace, namespaces::DeleteNamespace, namespaces::ListGroupMembers,
        users::ListUsers, users::InviteUser, users::EditUser, users::EditProfile, users::ChangePassword,
        second_factor::ConfirmSecondFactor,
        invitations::ListInvitations, invitations::AcceptInvitation,
        roles::ListRoles, roles::CreateRole, roles::EditRole, roles::PreviewRole, roles::RoleAt,
        grants::ListGrants, grants::CreateGrant,
        credentials::ListCredentials, credentials::CreateCredential, credentials::EditCredential,
        credentials::RotateCredential, credentials::RevokeCredential, credentials::ImportCredential,
        credentials::UnlinkCredential,
        verify::VerifyRequest, verify::VerifyBody,
        audit::ListAudit, audit::VerifyAudit, usage::GetUsage, changes::ListChanges,
        profiles::ListProfiles, profiles::ApplyProfile,
    }

    #[test]
    fn every_strict_type_is_listed() {
        let strict = types_after("deny_unknown_fields");
        let listed: BTreeSet<String> = NAMES.iter().map(ToString::to_string).collect();
        // Reads one of the listed requests or an array of them, so it has no attribute of its own.
        let by_hand = BTreeSet::from(["VerifyBody".to_owned()]);
        assert_eq!(strict.union(&by_hand).cloned().collect::<BTreeSet<_>>(), listed);
    }
}

mod answers {
    use super::*;

    each! { ignores_unknown_fields, NAMES:
        error::Problem, error::FieldError, receipt::Receipt, receipt::Confirmed,
        setup::SetupDone,
        sessions::CreatedSession, sessions::Session, sessions::WhoAmI, sessions::SessionCaller,
        sessions::SignedInUser, sessions::MemberOf, sessions::CredentialCaller, sessions::SessionsEnded,
        second_factor::SecondFactor, second_factor::BegunSecondFactor, second_factor::RecoveryCodes,
        organizations::Organization, organizations::CreatedOrganization, organizations::OrganizationChanged,
        namespaces::App, namespaces::Workspace, namespaces::UserGroup, namespaces::GroupMember,
        namespaces::NamespaceDeleted,
        users::User, users::UserChanged, users::UserRemoved,
        invitations::Invitation, invitations::OpenInvitation, invitations::InvitationAccepted,
        roles::Role, roles::RolePreview, roles::RoleChanged, roles::RoleHeld,
        grants::Grant, grants::GrantCreated,
        credentials::Credential, credentials::CreatedCredential, credentials::RotatedCredential,
        credentials::RevokedCredential, credentials::CredentialChanged, credentials::RevealedCredential,
        credentials::IssuedSecret, credentials::Denied, credentials::Slot,
        verify::VerifyAnswers, verify::VerifyAnswer, verify::VerifiedCredential, verify::Explanation,
        verify::Checked,
        // A request, but in the words of a standard that lets senders say more.
        access::Evaluation, access::Evaluated,
        deployment::Deployment, deployment::Database, deployment::Freshness, deployment::Node, deployment::KeyRing,
        deployment::KeyRingVersion, deployment::DeployedProfile,
        audit::AuditEntry, audit::AuditVerification, audit::AuditFault,
        usage::UsageCount,
        changes::Changes, changes::RecordedChange, changes::Change,
        profiles::ProfileSummary, profiles::Profile, profiles::Kind, profiles::AppliedProfile, profiles::KindEffect,
    }

    #[test]
    fn every_sample_is_listed() {
        let sampled = sources().flat_map(|source| {
            let lines: Vec<String> = source.lines().filter_map(sampled_type).map(str::to_owned).collect();
            lines
        });
        let listed: BTreeSet<String> = NAMES.iter().chain(requests::NAMES).map(ToString::to_string).collect();
        assert_eq!(sampled.collect::<BTreeSet<_>>(), listed);
    }

    fn sampled_type(line: &str) -> Option<&str> {
        line.strip_prefix("impl Sample for ")?.strip_suffix(" {")
    }
}

/// The types that are declared within a few lines after an attribute with `word`.
fn types_after(word: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources() {
        let mut wanted = false;
        for line in source.lines() {
            wanted |= line.starts_with("#[serde(") && line.contains(word);
            if let Some(rest) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) {
                if wanted {
                    found.insert(rest.split([' ', '<', '(']).next().unwrap_or(rest).to_owned());
                }
                wanted = false;
            }
        }
    }
    found
}

fn sources() -> impl Iterator<Item = String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap())
}

#[test]
fn null_is_no_edit() {
    for body in [r#"{"name": null}"#, r#"{"sources": null}"#, r#"{"roles": null}"#] {
        assert!(serde_json::from_str::<credentials::EditCredential>(body).is_err(), "{body}");
    }
    let nothing: credentials::EditCredential = serde_json::from_str("{}").unwrap();
    assert_eq!(nothing, credentials::EditCredential::default());
    let empty: credentials::EditCredential = serde_json::from_str(r#"{"sources": [], "roles": []}"#).unwrap();
    assert_eq!((empty.sources, empty.roles), (Some(vec![]), Some(vec![])));
}

#[test]
fn a_replayed_creation_says_null() {
    let created = credentials::CreatedCredential { secret: None, ..Sample::sample() };
    let written = serde_json::to_value(created).unwrap();
    assert_eq!(written.get("secret"), Some(&Value::Null));
}

#[test]
fn each_form_of_a_secret_is_its_own() {
    for body in
        [json!({"token": "t"}), json!({"id": "i", "secret": "s"}), json!({"client_id": "i", "client_secret": "s"})]
    {
        let secret: credentials::IssuedSecret = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(serde_json::to_value(&secret).unwrap(), body);
        assert!(!format!("{secret:?}").contains("\"s\"") && !format!("{secret:?}").contains("\"t\""));
    }
}

#[test]
fn verify_takes_one_or_many() {
    use verify::VerifyBody;
    let one: VerifyBody = serde_json::from_str(r#"{"credential": "a"}"#).unwrap();
    assert!(matches!(one, VerifyBody::One(_)));
    let many: VerifyBody = serde_json::from_str(r#"[{"credential": "a"}, {"id": "b", "secret": "c"}]"#).unwrap();
    assert!(matches!(&many, VerifyBody::Batch(requests) if requests.len() == 2));
    let written = serde_json::to_value(&many).unwrap();
    assert_eq!(written, json!([{"credential": "a"}, {"id": "b", "secret": "c"}]));
    assert!(serde_json::from_str::<VerifyBody>(r#""a""#).is_err());
}

#[test]
fn secrets_are_not_printed() {
    let secret = "kw_8QkJ2mVxw0TzR4pL_EXAMPLE";
    assert!(!format!("{:?}", verify::VerifyRequest::sample()).contains(secret));
    assert!(!format!("{:?}", credentials::CreatedCredential::sample()).contains(secret));
    assert!(!format!("{:?}", invitations::Invitation::sample()).contains("kwinv_"));
    assert!(!format!("{:?}", setup::Setup::sample()).contains("horse"));
    let change = format!("{:?}", users::ChangePassword::sample());
    assert!(!change.contains("horse") && !change.contains("violets"));
    assert!(!format!("{:?}", access::Evaluation::sample()).contains(secret));
}

#[test]
fn receipts_read_as_sentences() {
    let receipt = Receipt::sample();
    assert_eq!(receipt.to_string(), "confirmed on 3 of 3 nodes in 12 ms");
    let alone = Receipt { nodes: 1, applied: 1, waited_ms: 0, ..receipt };
    assert_eq!(alone.to_string(), "confirmed on 1 of 1 node in 0 ms");
    let unconfirmed = Receipt { confirmed: false, applied: 2, waited_ms: 5_050, ..receipt };
    assert_eq!(
        unconfirmed.to_string(),
        "applied on 2 of 3 nodes, and the freshness bound of the others passed, in 5050 ms"
    );
}
