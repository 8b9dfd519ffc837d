//! Profiles: the kinds of credentials that organizations can create.

use keyward_core::change::RecordedProfile;
use keyward_core::kind::{
    self as core, Carrier, Field, KeyPair, KindId, LimitScope, NameScope, OnCreate, Parts, Reveal,
};
use keyward_core::namespace::NamespaceKind;
use keyward_core::profile::{Fault, Profile as Read};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::credentials::Denied;
use crate::error::FieldError;
use crate::receipt::Receipt;
use crate::sample::{self, Sample};
use crate::schema;

/// Which profiles to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListProfiles {
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Records a newer text of a profile, or a profile that is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = ApplyProfile::sample)]
pub struct ApplyProfile {
    /// The whole file.
    #[schema(max_length = 262_144)]
    pub text: String,
    /// Only say what it would change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// A recorded profile in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = ProfileSummary::sample)]
pub struct ProfileSummary {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its version.
    pub version: u32,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
    /// Its kinds.
    #[schema(value_type = Vec<schema::KindId>)]
    pub kinds: Vec<KindId>,
}

/// A recorded profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Profile::sample)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its version.
    pub version: u32,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
    /// Its kinds, in the order of the file.
    pub kinds: Vec<Kind>,
    /// The permissions that it declares, beyond Keyward's own.
    #[schema(value_type = Vec<schema::Permission>)]
    pub permissions: Vec<String>,
    /// The whole file.
    pub text: String,
}

/// The rules of a kind of credential, as far as those who create and use such credentials need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Kind::sample)]
pub struct Kind {
    /// Its name: `profile/kind`.
    #[schema(value_type = schema::KindId)]
    pub id: KindId,
    /// What one such credential is called, as it stands within a sentence.
    pub title: String,
    /// What a client holds.
    #[schema(value_type = schema::Parts)]
    pub parts: Parts,
    /// Whether a key pair can be made with it.
    #[schema(value_type = schema::KeyPair)]
    pub key_pair: KeyPair,
    /// How it may travel in a request: `bearer`, `basic`, `header:NAME`, `headers:ID,SECRET`, `form:ID,SECRET`,
    /// `signed_form`, `signed_jwt`, `token_scheme:NAME`.
    pub present: Vec<String>,
    /// What it may be used for.
    #[serde(rename = "use")]
    pub usage: KindUse,
    /// How long an access token lives that is issued for it, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_seconds: Option<u64>,
    /// The kinds of namespace in which it may be created.
    #[schema(value_type = Vec<schema::NamespaceKind>)]
    pub lives_in: Vec<NamespaceKind>,
    /// At most so many that are not revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<KindLimit>,
    /// Within what its name must be unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::NameScope>)]
    pub unique_name: Option<NameScope>,
    /// When its secret can be seen.
    #[schema(value_type = schema::Reveal)]
    pub reveal: Reveal,
    /// Whether it ends by itself.
    pub expiry: KindExpiry,
    /// How its secret can be replaced; absent if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<KindRotate>,
    /// What may be edited after creation.
    #[schema(value_type = Vec<schema::Field>)]
    pub edit: Vec<Field>,
    /// Where its rights come from.
    pub authority: KindAuthority,
    /// The fewest roles that it takes, where its rights come from roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_roles: Option<u32>,
    /// The most roles that it takes, where its rights come from roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_roles: Option<u32>,
    /// Whether it can never do more than its owner may do at that moment.
    pub live: bool,
    /// What it can never do, whatever it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<Denied>,
    /// Whether another application of the organization may import it.
    pub transferable: bool,
    /// Whether networks may be listed from which alone it may be used.
    pub sources: bool,
    /// Whether each use is recorded before it is answered.
    pub log_use: bool,
    /// Whether it is refused over plain http.
    pub https_only: bool,
    /// At most so many uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<KindRate>,
}

/// What a kind of credential may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindUse {
    /// Presented to the API itself.
    Direct,
    /// Only exchanged for access tokens.
    Exchange,
    /// Either.
    Both,
}

/// At most `count` credentials of a kind that are not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindLimit {
    /// How many.
    pub count: u32,
    /// Counted within what.
    #[schema(value_type = schema::LimitScope)]
    pub per: LimitScope,
    /// What creating one more does.
    #[schema(value_type = schema::OnCreate)]
    pub on_create: OnCreate,
}

/// Whether a kind of credential ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindExpiry {
    /// Whether `expires_at` may or must be given.
    pub mode: ExpiryMode,
    /// How long one lives when nothing is said, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_seconds: Option<u64>,
    /// The longest life that may be asked for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u64>,
}

/// Whether `expires_at` may or must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryMode {
    /// It may not.
    Never,
    /// It may.
    Optional,
    /// It must, unless there is a default.
    Required,
}

/// How the secret of a kind of credential can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindRotate {
    /// Whether `confirm` must be given.
    pub confirm: bool,
    /// How long the earlier secret stays valid when nothing is said, in seconds.
    pub grace_seconds: u64,
    /// The longest grace that may be asked for, in seconds.
    pub max_grace_seconds: u64,
}

/// Where the rights of a kind of credential come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindAuthority {
    /// Roles that it holds at namespaces.
    Roles,
    /// Exactly one role.
    Group,
    /// What its owner may do in the one namespace where it lives.
    Namespace,
    /// What its owner may do, wherever.
    Owner,
    /// Everything in the organization, less what the kind denies.
    Organization,
}

/// At most `count` uses per `window_seconds`, per credential and node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindRate {
    /// How many uses.
    pub count: u32,
    /// In what time, in seconds.
    pub window_seconds: u64,
}

/// A profile was applied, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = AppliedProfile::sample)]
pub struct AppliedProfile {
    /// Its name.
    pub name: String,
    /// The version that was recorded before; absent if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_version: Option<u32>,
    /// The version of the new text.
    pub version: u32,
    /// BLAKE3 of the new text, in hexadecimal.
    pub digest: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// What it changes, kind by kind. Kinds that stay as they are do not appear.
    pub effects: Vec<KindEffect>,
    /// Where it is in force; absent for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// What a new text of a profile changes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = KindEffect::sample)]
pub struct KindEffect {
    /// The kind.
    #[schema(value_type = schema::KindId)]
    pub kind: KindId,
    /// What happens to it.
    pub change: KindChange,
    /// How many credentials of the kind that are not revoked this concerns.
    pub credentials: u64,
    /// What is different, for people: one sentence a rule.
    pub details: Vec<String>,
}

/// What happens to a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindChange {
    /// It is new.
    Added,
    /// Some of its rules are different.
    Changed,
    /// It goes; refused while credentials of it are in use.
    Removed,
}

impl ProfileSummary {
    /// A recorded profile, with what reading its text gave.
    pub fn of(recorded: &RecordedProfile, read: &Read) -> Self {
        Self {
            name: recorded.name.clone(),
            title: read.title.clone(),
            version: recorded.version,
            digest: recorded.digest.clone(),
            kinds: read.kinds.iter().map(|kind| kind.id.clone()).collect(),
        }
    }
}

impl Profile {
    /// A recorded profile, with what reading its text gave.
    pub fn of(recorded: &RecordedProfile, read: &Read) -> Self {
        Self {
            name: recorded.name.clone(),
            title: read.title.clone(),
            version: recorded.version,
            digest: recorded.digest.clone(),
            kinds: read.kinds.iter().map(|kind| Kind::from(&**kind)).collect(),
            permissions: read.permissions.iter().map(ToString::to_string).collect(),
            text: recorded.text.clone(),
        }
    }
}

impl From<&core::Kind> for Kind {
    fn from(kind: &core::Kind) -> Self {
        let (authority, bounds) = authority(kind.authority);
        Self {
            id: kind.id.clone(),
            title: kind.labels.singular.clone(),
            parts: kind.parts,
            key_pair: kind.key_pair,
            present: kind.present.iter().map(carrier).collect(),
            usage: match kind.usage {
                core::Usage::Direct => KindUse::Direct,
                core::Usage::Exchange { .. } => KindUse::Exchange,
                core::Usage::Both { .. } => KindUse::Both,
            },
            token_lifetime_seconds: kind.usage.token_lifetime().map(|lifetime| lifetime.as_secs()),
            lives_in: kind.lives_in.clone(),
            limit: kind.limit.map(|limit| KindLimit { count: limit.count, per: limit.per, on_create: kind.on_create }),
            unique_name: kind.unique_name,
            reveal: kind.reveal,
            expiry: expiry(kind.expiry),
            rotate: match kind.rotate {
                core::Rotate::Never => None,
                core::Rotate::Secret { confirm, grace, max_grace } => {
                    Some(KindRotate { confirm, grace_seconds: grace.as_secs(), max_grace_seconds: max_grace.as_secs() })
                }
            },
            edit: kind.edit.clone(),
            authority,
            min_roles: bounds.map(|(min, _)| min),
            max_roles: bounds.map(|(_, max)| max),
            live: kind.is_live(),
            deny: Some(&kind.deny).filter(|deny| !deny.is_empty()).map(Denied::from),
            transferable: kind.transferable,
            sources: kind.sources,
            log_use: kind.log_use,
            https_only: kind.https_only,
            rate: kind.rate.map(|rate| KindRate { count: rate.count, window_seconds: rate.window.as_secs() }),
        }
    }
}

impl From<&Fault> for FieldError {
    /// A fault of a profile's text: its place is the key in the file, and the line stands in the message.
    fn from(fault: &Fault) -> Self {
        let place = match fault.key.as_str() {
            "" => format!("line {}", fault.place.line),
            key => format!("line {}, `{key}`", fault.place.line),
        };
        Self { pointer: "/text".to_owned(), code: None, message: format!("{place}: {}", fault.text) }
    }
}

/// As a profile writes it.
fn carrier(carrier: &Carrier) -> String {
    match carrier {
        Carrier::Bearer => "bearer".to_owned(),
        Carrier::Basic => "basic".to_owned(),
        Carrier::Header(name) => format!("header:{name}"),
        Carrier::Headers(id, secret) => format!("headers:{id},{secret}"),
        Carrier::Form(id, secret) => format!("form:{id},{secret}"),
        Carrier::SignedForm => "signed_form".to_owned(),
        Carrier::SignedJwt => "signed_jwt".to_owned(),
        Carrier::TokenScheme(name) => format!("token_scheme:{name}"),
    }
}

fn expiry(expiry: core::Expiry) -> KindExpiry {
    let (mode, default, max) = match expiry {
        core::Expiry::Never => (ExpiryMode::Never, None, None),
        core::Expiry::Optional { default, max } => (ExpiryMode::Optional, default, max),
        core::Expiry::Required { default, max } => (ExpiryMode::Required, default, max),
    };
    KindExpiry { mode, default_seconds: default.map(|d| d.as_secs()), max_seconds: max.map(|m| m.as_secs()) }
}

fn authority(authority: core::Authority) -> (KindAuthority, Option<(u32, u32)>) {
    match authority {
        core::Authority::Roles { min, max } => (KindAuthority::Roles, Some((min, max))),
        core::Authority::Group => (KindAuthority::Group, Some((1, 1))),
        core::Authority::Namespace => (KindAuthority::Namespace, None),
        core::Authority::Owner => (KindAuthority::Owner, None),
        core::Authority::Organization => (KindAuthority::Organization, None),
    }
}

impl Sample for ListProfiles {
    fn sample() -> Self {
        Self { limit: Some(20), cursor: None }
    }
}

impl Sample for ApplyProfile {
    fn sample() -> Self {
        Self { text: "name = \"keyward\"\nversion = 2\n".to_owned(), dry_run: true }
    }
}

impl Sample for ProfileSummary {
    fn sample() -> Self {
        Self {
            name: "keyward".to_owned(),
            title: "Keyward".to_owned(),
            version: 1,
            digest: "9f".repeat(32),
            kinds: vec![sample::kind()],
        }
    }
}

impl Sample for Profile {
    fn sample() -> Self {
        Self {
            name: "keyward".to_owned(),
            title: "Keyward".to_owned(),
            version: 1,
            digest: "9f".repeat(32),
            kinds: vec![Kind::sample()],
            permissions: vec![sample::permission().to_string()],
            text: "name = \"keyward\"\nversion = 1\n".to_owned(),
        }
    }
}

impl Sample for Kind {
    fn sample() -> Self {
        Self {
            id: sample::kind(),
            title: "API key".to_owned(),
            parts: Parts::Token,
            key_pair: KeyPair::None,
            present: vec!["bearer".to_owned()],
            usage: KindUse::Direct,
            token_lifetime_seconds: None,
            lives_in: vec![NamespaceKind::Application, NamespaceKind::Workspace],
            limit: None,
            unique_name: Some(NameScope::Organization),
            reveal: Reveal::Once,
            expiry: KindExpiry { mode: ExpiryMode::Optional, default_seconds: Some(7_776_000), max_seconds: None },
            rotate: Some(KindRotate { confirm: false, grace_seconds: 0, max_grace_seconds: 604_800 }),
            edit: vec![Field::Name, Field::Roles, Field::Sources],
            authority: KindAuthority::Roles,
            min_roles: Some(1),
            max_roles: Some(20),
            live: false,
            deny: Some(Denied { groups: vec!["security".to_owned()], ..Denied::default() }),
            transferable: false,
            sources: true,
            log_use: false,
            https_only: true,
            rate: None,
        }
    }
}

impl Sample for AppliedProfile {
    fn sample() -> Self {
        Self {
            name: "keyward".to_owned(),
            from_version: Some(1),
            version: 2,
            digest: "9f".repeat(32),
            dry_run: true,
            effects: vec![KindEffect::sample()],
            receipt: None,
        }
    }
}

impl Sample for KindEffect {
    fn sample() -> Self {
        Self {
            kind: sample::kind(),
            change: KindChange::Changed,
            credentials: 12,
            details: vec!["it may live at most 90 days".to_owned()],
        }
    }
}
