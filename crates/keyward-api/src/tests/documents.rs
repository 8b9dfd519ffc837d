//! The OpenAPI document: every reference resolves, every name is used for one thing, every text fits its pattern.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::error::Problem;
use crate::page::Page;
use crate::{
    access, audit, changes, credentials, grants, invitations, namespaces, organizations, profiles, roles, schema,
    sessions, setup, usage, users, verify,
};

type Components = Vec<(String, RefOr<Schema>)>;

fn add<T: ToSchema>(components: &mut Components) {
    components.push((T::name().into_owned(), T::schema()));
    T::schemas(components);
}

/// Named as the macro names it that describes operations.
fn add_page<T: ToSchema>(components: &mut Components) {
    components.push((format!("Page_{}", T::name()), Page::<T>::schema()));
    Page::<T>::schemas(components);
    add::<T>(components);
}

macro_rules! pages {
    ($($type:ty),* $(,)?) => {{
        let mut components = Components::new();
        $(add_page::<$type>(&mut components);)*
        components
    }};
}

macro_rules! components {
    ($($type:ty),* $(,)?) => {{
        let mut components = Components::new();
        $(add::<$type>(&mut components);)*
        components
    }};
}

fn all() -> BTreeMap<String, Value> {
    let mut components = components![
        Problem,
        setup::Setup,
        setup::SetupDone,
        sessions::CreateSession,
        sessions::CreatedSession,
        sessions::WhoAmI,
        organizations::CreateOrganization,
        organizations::EditOrganization,
        organizations::CreatedOrganization,
        organizations::OrganizationChanged,
        namespaces::CreateApp,
        namespaces::CreateWorkspace,
        namespaces::CreateUserGroup,
        namespaces::EditNamespace,
        namespaces::NamespaceDeleted,
        users::InviteUser,
        users::EditUser,
        users::ChangePassword,
        users::UserChanged,
        users::UserRemoved,
        invitations::AcceptInvitation,
        invitations::InvitationAccepted,
        roles::CreateRole,
        roles::EditRole,
        roles::PreviewRole,
        roles::RolePreview,
        roles::RoleChanged,
        grants::CreateGrant,
        grants::GrantCreated,
        credentials::CreateCredential,
        credentials::EditCredential,
        credentials::RotateCredential,
        credentials::RevokeCredential,
        credentials::ImportCredential,
        credentials::UnlinkCredential,
        credentials::CreatedCredential,
        credentials::RotatedCredential,
        credentials::RevokedCredential,
        credentials::CredentialChanged,
        credentials::RevealedCredential,
        verify::VerifyBody,
        verify::VerifyAnswers,
        access::Evaluation,
        access::Evaluated,
        audit::AuditVerification,
        changes::Changes,
        profiles::Profile,
        profiles::ApplyProfile,
        profiles::AppliedProfile,
        crate::receipt::Confirmed,
    ];
    components.extend(pages![
        sessions::Session,
        organizations::Organization,
        namespaces::App,
        namespaces::Workspace,
        namespaces::UserGroup,
        namespaces::GroupMember,
        users::User,
        roles::Role,
        grants::Grant,
        credentials::Credential,
        audit::AuditEntry,
        usage::UsageCount,
        profiles::ProfileSummary,
    ]);
    let mut named = BTreeMap::new();
    for (name, schema) in components {
        let schema = serde_json::to_value(schema).unwrap();
        if let Some(other) = named.insert(name.clone(), schema.clone()) {
            assert_eq!(other, schema, "two things are called {name}");
        }
    }
    named
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                found.push(reference.clone());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_resolves() {
    let all = all();
    for (name, schema) in &all {
        let mut found = Vec::new();
        references(schema, &mut found);
        for reference in found {
            let target = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(all.contains_key(target), "{name} refers to {target}");
        }
    }
}

#[test]
fn every_component_and_field_is_described() {
    for (name, schema) in all() {
        let composed = schema.get("oneOf").is_some() || schema.get("allOf").is_some();
        assert!(schema.get("description").is_some(), "{name}");
        let Some(fields) = schema.get("properties").and_then(Value::as_object) else { continue };
        for (field, schema) in fields {
            assert!(composed || described(schema), "{name}.{field}: {schema}");
        }
    }
}

fn described(schema: &Value) -> bool {
    let inside = |key: &str| schema.get(key).and_then(Value::as_array).is_some_and(|s| s.iter().any(described));
    schema.get("description").is_some() || inside("oneOf") || inside("allOf")
}

#[test]
fn requests_say_that_they_are_strict() {
    let all = all();
    for name in ["CreateCredential", "EditRole", "VerifyRequest", "Setup"] {
        assert_eq!(all[name].get("additionalProperties"), Some(&Value::Bool(false)), "{name}");
    }
    assert_eq!(all["Credential"].get("additionalProperties"), None);
}

#[test]
fn edits_are_optional_and_never_null() {
    let all = all();
    for name in ["EditCredential", "EditRole", "EditUser", "EditNamespace", "EditOrganization"] {
        assert!(all[name].get("required").is_none(), "{name}");
        let mut text = all[name].clone();
        text.as_object_mut().unwrap().remove("example");
        assert!(!text.to_string().contains("null"), "{name}: {text}");
    }
}

#[test]
fn ids_in_examples_are_ids() {
    use keyward_core::credential::CallerId;
    use keyward_core::kind::KindId;
    use keyward_core::namespace::NamespaceId;
    use keyward_core::permission::{Pattern, Permission};
    use keyward_core::role::Holder;

    for (name, pattern, example) in schema::TEXTS {
        let read = match *name {
            "NamespaceId" => example.parse::<NamespaceId>().is_ok(),
            "Holder" => example.parse::<Holder>().is_ok(),
            "CallerId" => example.parse::<CallerId>().is_ok(),
            "KindId" => example.parse::<KindId>().is_ok(),
            "Permission" => example.parse::<Permission>().is_ok(),
            "Pattern" => example.parse::<Pattern>().is_ok(),
            "Name" => keyward_core::name::Name::new(example).is_ok(),
            "IpAddress" => example.parse::<std::net::IpAddr>().is_ok(),
            _ => {
                let prefix = pattern.and_then(|p| p.strip_prefix('^')).and_then(|p| p.split_once('_')).unwrap().0;
                assert!(keyward_core::id::PREFIXES.contains(&prefix), "{name}: {prefix}");
                // All ids have one grammar, so any of them tells whether the rest of the text is right.
                example.replacen(prefix, "cred", 1).parse::<keyward_core::id::CredentialId>().is_ok()
            }
        };
        assert!(read, "{name}: {example}");
    }
}

#[test]
fn choices_are_those_of_the_core() {
    use keyward_core::credential::RevokeReason;
    use keyward_core::kind::{Field, KeyPair, LimitScope, NameScope, OnCreate, Parts, Reveal};
    use keyward_core::namespace::NamespaceKind;

    fn check<Wire: PartialSchema, Core: serde::de::DeserializeOwned>(count: usize) {
        let schema = serde_json::to_value(Wire::schema()).unwrap();
        let values = schema["enum"].as_array().unwrap();
        assert_eq!(values.len(), count, "{schema}");
        for value in values {
            assert!(serde_json::from_value::<Core>(value.clone()).is_ok(), "{value}");
        }
    }

    check::<schema::NamespaceKind, NamespaceKind>(4);
    check::<schema::RevokeReason, RevokeReason>(6);
    check::<schema::Parts, Parts>(3);
    check::<schema::KeyPair, KeyPair>(2);
    check::<schema::Reveal, Reveal>(2);
    check::<schema::Field, Field>(3);
    check::<schema::LimitScope, LimitScope>(3);
    check::<schema::NameScope, NameScope>(2);
    check::<schema::OnCreate, OnCreate>(3);
}
