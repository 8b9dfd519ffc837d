//! How values of the core look in the OpenAPI document. Nothing here is ever constructed: fields name these types in
//! `#[schema(value_type = …)]`, and each becomes one reusable component.

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $pattern:expr, $example:literal;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new()
                        .schema_type(SchemaType::new(Type::String))
                        .description(Some(concat!($($doc),*).trim()))
                        .pattern::<&str>($pattern)
                        .examples([$example])
                        .into()
                }
            }

            impl ToSchema for $name {}
        )*

        /// Every text, with its pattern and its example.
        #[cfg(test)]
        pub(crate) const TEXTS: &[(&str, Option<&str>, &str)] = &[$((stringify!($name), $pattern, $example)),*];
    };
}

/// 26 characters of Crockford's base 32: 128 bits, so the first is at most 7.
macro_rules! id {
    ($prefix:literal) => {
        Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"))
    };
}

texts! {
    /// Names an organization.
    OrganizationId = id!("org"), "org_01kap30392e000000000000001";
    /// Names an application.
    ApplicationId = id!("app"), "app_01kap30392e000000000000001";
    /// Names a workspace.
    WorkspaceId = id!("ws"), "ws_01kap30392e000000000000001";
    /// Names a user group.
    UserGroupId = id!("ugrp"), "ugrp_01kap30392e000000000000001";
    /// Names a user.
    UserId = id!("usr"), "usr_01kap30392e000000000000001";
    /// Names a credential.
    CredentialId = id!("cred"), "cred_01kap30392e000000000000001";
    /// Names a role.
    RoleId = id!("role"), "role_01kap30392e000000000000001";
    /// Names a grant.
    GrantId = id!("grant"), "grant_01kap30392e000000000000001";
    /// Names a session of a signed-in user.
    SessionId = id!("ses"), "ses_01kap30392e000000000000001";
    /// Names an invitation.
    InvitationId = id!("inv"), "inv_01kap30392e000000000000001";
    /// Names a node of the deployment.
    NodeId = id!("node"), "node_01kap30392e000000000000001";
    /// Names one request, in answers, logs and the audit log.
    RequestId = id!("req"), "req_01kap30392e000000000000001";
    /// Names an entry of the audit log.
    AuditId = id!("aud"), "aud_01kap30392e000000000000001";
    /// Names an organization, application, workspace or user group; the prefix tells which.
    NamespaceId = Some("^(org|app|ws|ugrp)_[0-7][0-9a-hjkmnp-tv-z]{25}$"), "ws_01kap30392e000000000000001";
    /// Names who holds a role: a user, a user group or a credential; the prefix tells which.
    Holder = Some("^(usr|ugrp|cred)_[0-7][0-9a-hjkmnp-tv-z]{25}$"), "usr_01kap30392e000000000000001";
    /// Who did something: `usr_…`, `cred_…`, `anonymous`, or `system` for Keyward itself.
    CallerId = Some("^((usr|cred)_[0-7][0-9a-hjkmnp-tv-z]{25}|anonymous|system)$"), "usr_01kap30392e000000000000001";
    /// Names a kind of credential: `profile/kind`.
    KindId = Some("^[a-z][a-z0-9_]{0,31}/[a-z][a-z0-9_]{0,31}$"), "keyward/api";
    /// A name for people: 1 to 120 characters after trimming, none of them invisible or reordering.
    Name = None, "Nightly export";
    /// A permission: `resource:action`; the resource may contain dots. At most 128 characters.
    Permission = Some("^[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)*:[A-Za-z_][A-Za-z0-9_-]*$"), "workspaces:read";
    /// A permission, or `resource:*` for every action on a resource and all below it, or `*` for everything.
    Pattern = Some("^(\\*|[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)*:(\\*|[A-Za-z_][A-Za-z0-9_-]*))$"), "workspaces:*";
    /// An IPv4 or IPv6 address.
    IpAddress = None, "203.0.113.7";
}

macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident = $values:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new()
                        .schema_type(SchemaType::new(Type::String))
                        .description(Some(concat!($($doc),*).trim()))
                        .enum_values(Some($values))
                        .into()
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

choices! {
    /// A kind of namespace.
    NamespaceKind = ["organization", "application", "workspace", "user_group"];
    /// Where a version of a key ring stands: what was made with it counts; everything new is made with it; its key is gone.
    KeyVersionState = ["accepted", "current", "retired"];
    /// Why a credential was revoked.
    RevokeReason = ["requested", "compromised", "superseded", "owner_removed", "namespace_deleted", "ancestor_revoked"];
    /// What a client holds: one string; a public id and a secret; `client_id` and `client_secret`.
    Parts = ["token", "pair", "oauth_client"];
    /// Whether a key pair can be made.
    KeyPair = ["none", "rsa2048_on_request"];
    /// When a secret can be seen: in the answer that made it and never again, or also later.
    Reveal = ["once", "always"];
    /// What may be edited after creation.
    Field = ["name", "roles", "sources"];
    /// Within what a limit counts.
    LimitScope = ["organization", "application", "user"];
    /// Within what a name must be unique.
    NameScope = ["organization", "application"];
    /// What creating one more credential does over the limit: `refuse` it, or `supersede` the earlier ones.
    OnCreate = ["keep", "refuse", "supersede"];
    /// Why a request is refused. May grow.
    Reason = keyward_core::decision::Reason::ALL.iter().map(|reason| reason.code());
    /// A check of a decision. May grow.
    Check = keyward_core::decision::Check::ALL.iter().map(|check| check.code());
}
