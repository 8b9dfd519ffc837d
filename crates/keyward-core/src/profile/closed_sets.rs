//! The words that a knob can be.

use crate::format::Alphabet;
use crate::kind::{Cap, Field, KeyPair, LimitScope, ManageFrom, NameScope, OnCreate, Parts, Reveal};
use crate::namespace::NamespaceKind;

pub(super) const PARTS: &[(&str, Parts)] =
    &[("token", Parts::Token), ("pair", Parts::Pair), ("oauth_client", Parts::OauthClient)];
pub(super) const KEY_PAIRS: &[(&str, KeyPair)] =
    &[("none", KeyPair::None), ("rsa2048_on_request", KeyPair::Rsa2048OnRequest)];
pub(super) const ALPHABETS: &[(&str, Alphabet)] = &[
    ("base62", Alphabet::Base62),
    ("base62_dash", Alphabet::Base62Dash),
    ("upper", Alphabet::Upper),
    ("hex", Alphabet::Hex),
    ("base32", Alphabet::Base32),
    ("base64_24", Alphabet::Base64_24),
];
pub(super) const USAGES: &[(&str, UsageMode)] =
    &[("direct", UsageMode::Direct), ("exchange", UsageMode::Exchange), ("both", UsageMode::Both)];
pub(super) const NAMESPACES: &[(&str, NamespaceKind)] = &[
    ("organization", NamespaceKind::Organization),
    ("application", NamespaceKind::Application),
    ("workspace", NamespaceKind::Workspace),
    ("user_group", NamespaceKind::UserGroup),
];
pub(super) const LIMIT_SCOPES: &[(&str, LimitScope)] =
    &[("organization", LimitScope::Organization), ("application", LimitScope::Application), ("user", LimitScope::User)];
pub(super) const ON_CREATE: &[(&str, OnCreate)] =
    &[("keep", OnCreate::Keep), ("refuse", OnCreate::Refuse), ("supersede", OnCreate::Supersede)];
pub(super) const NAME_SCOPES: &[(&str, Option<NameScope>)] =
    &[("none", None), ("organization", Some(NameScope::Organization)), ("application", Some(NameScope::Application))];
pub(super) const REVEALS: &[(&str, Reveal)] = &[("once", Reveal::Once), ("always", Reveal::Always)];
pub(super) const EXPIRIES: &[(&str, ExpiryMode)] =
    &[("never", ExpiryMode::Never), ("optional", ExpiryMode::Optional), ("required", ExpiryMode::Required)];
pub(super) const ROTATIONS: &[(&str, RotateMode)] = &[("never", RotateMode::Never), ("secret", RotateMode::Secret)];
pub(super) const FIELDS: &[(&str, Field)] =
    &[("name", Field::Name), ("roles", Field::Roles), ("sources", Field::Sources)];
pub(super) const AUTHORITIES: &[(&str, AuthorityMode)] = &[
    ("roles", AuthorityMode::Roles),
    ("group", AuthorityMode::Group),
    ("namespace", AuthorityMode::Namespace),
    ("owner", AuthorityMode::Owner),
    ("organization", AuthorityMode::Organization),
];
pub(super) const CAPS: &[(&str, Cap)] = &[("none", Cap::None), ("at_creation", Cap::AtCreation), ("live", Cap::Live)];
pub(super) const MANAGE_FROM: &[(&str, ManageFrom)] = &[("session", ManageFrom::Session), ("any", ManageFrom::Any)];

/// The words of `use`, without what belongs to them.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum UsageMode {
    Direct,
    Exchange,
    Both,
}

/// The words of `expiry`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ExpiryMode {
    Never,
    Optional,
    Required,
}

/// The words of `rotate`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum RotateMode {
    Never,
    Secret,
}

/// The words of `authority`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum AuthorityMode {
    Roles,
    Group,
    Namespace,
    Owner,
    Organization,
}
