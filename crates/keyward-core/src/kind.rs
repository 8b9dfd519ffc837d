//! The rules of one kind of credential: every knob, as data. Profiles (`profiles/*.toml`) set them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::format::{TextFormat, TokenPrefix};
use crate::labels::Labels;
use crate::namespace::NamespaceKind;
use crate::permission::{PatternSet, Permission};

/// Names a kind: `profile/kind`, for example `keyward/api`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KindId(Box<str>);

impl KindId {
    /// The profile that defines it.
    pub fn profile(&self) -> &str {
        self.0.split_once('/').map_or("", |(profile, _)| profile)
    }

    /// Its name within the profile.
    pub fn kind(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, kind)| kind)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules of one kind of credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub id: KindId,
    /// What a client holds.
    pub parts: Parts,
    /// Whether a key pair can be made with it.
    pub key_pair: KeyPair,
    /// What the public id looks like.
    pub id_format: Format,
    /// What the secret looks like.
    pub secret_format: Format,
    /// How it may travel in a request; anything else is refused.
    pub present: Vec<Carrier>,
    /// What it may be used for.
    pub usage: Usage,
    /// The kinds of namespace in which it may be created.
    pub lives_in: Vec<NamespaceKind>,
    /// At most so many that are not revoked.
    pub limit: Option<Limit>,
    /// What creating another one does to earlier ones.
    pub on_create: OnCreate,
    /// Within what its name must be unique, after folding.
    pub unique_name: Option<NameScope>,
    /// When its secret can be seen.
    pub reveal: Reveal,
    /// Whether it ends by itself. Immutable once set on a credential.
    pub expiry: Expiry,
    /// Whether its secret can be replaced.
    pub rotate: Rotate,
    /// What may be edited after creation.
    pub edit: Vec<Field>,
    /// Where its rights come from.
    pub authority: Authority,
    /// What bounds its rights from outside.
    pub cap: Cap,
    /// What it can never do, whatever it was given.
    pub deny: Denials,
    /// What it takes to create one.
    pub create_requires: Requirement,
    /// What it takes to edit, rotate, reveal, disable, enable or revoke one.
    pub manage_requires: Requirement,
    /// From where it may be managed.
    pub manage_from: ManageFrom,
    /// Whether another application of the organization may import it by its public id.
    pub transferable: bool,
    /// At most so many uses per window and credential.
    pub rate: Option<Rate>,
    /// Whether networks may be listed from which alone it may be used.
    pub sources: bool,
    /// Each use that passed the secret check is recorded before it is answered.
    pub log_use: bool,
    /// A raw secret over plain http is refused before look-up, valid or not.
    pub https_only: bool,
    /// Whether lists show expired and revoked ones.
    pub revoked_shown: bool,
    /// The words of its pages.
    pub labels: Labels,
}

impl Kind {
    /// Whether its rights are bounded by what its owner may do now. `namespace` and `owner` authority imply it.
    pub const fn is_live(&self) -> bool {
        matches!(self.cap, Cap::Live) || matches!(self.authority, Authority::Namespace | Authority::Owner)
    }

    /// Whether `field` may be edited after creation.
    pub fn may_edit(&self, field: Field) -> bool {
        self.edit.contains(&field)
    }
}

/// What a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// One string.
    Token,
    /// A public id and a secret.
    Pair,
    /// `client_id` and `client_secret` (RFC 6749).
    OauthClient,
}

/// Whether a key pair can be made with the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPair {
    /// No.
    None,
    /// RSA 2048 on request; the private key is shown once and never stored.
    Rsa2048OnRequest,
}

/// What an id or a secret looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Part of a native token `<prefix>_<id>_<secret><crc>` with this prefix.
    Native {
        /// What the token begins with; tells the kind before any look-up.
        prefix: TokenPrefix,
    },
    /// A text of its own.
    Text(TextFormat),
}

/// How a credential travels in a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// `Authorization: Bearer TOKEN` (RFC 6750).
    Bearer,
    /// `Authorization: Basic base64(ID:SECRET)` (RFC 7617).
    Basic,
    /// One header with the whole token; lower-case name.
    Header(String),
    /// Two headers: id, secret; lower-case names.
    Headers(String, String),
    /// Two form or query parameters: id, secret.
    Form(String, String),
    /// A form signed with the secret.
    SignedForm,
    /// A JWT signed with the credential's key pair.
    SignedJwt,
    /// `Authorization: NAME TOKEN` with a scheme of the vendor's own: the token itself, or an access token that was
    /// got for an id and a secret.
    TokenScheme(String),
}

/// What a credential may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Presented to the API itself.
    Direct,
    /// Only exchanged for access tokens that live so long.
    Exchange {
        /// How long an access token lives.
        lifetime: Duration,
    },
    /// Either.
    Both {
        /// How long an access token lives.
        lifetime: Duration,
    },
}

impl Usage {
    /// Whether it may be presented to the API itself.
    pub const fn allows_direct(self) -> bool {
        matches!(self, Usage::Direct | Usage::Both { .. })
    }

    /// How long its access tokens live, if it can be exchanged for one.
    pub const fn token_lifetime(self) -> Option<Duration> {
        match self {
            Usage::Direct => None,
            Usage::Exchange { lifetime } | Usage::Both { lifetime } => Some(lifetime),
        }
    }
}

/// At most `count` credentials of a kind that are not revoked, per organization, application or owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// Counted within what.
    pub per: LimitScope,
}

/// Within what a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// The organization.
    Organization,
    /// The application in which, or in a namespace of which, it lives.
    Application,
    /// The owner, over all namespaces of the organization.
    User,
}

/// What creating another credential does to earlier ones of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCreate {
    /// Nothing.
    Keep,
    /// Over the limit, the new one is refused.
    Refuse,
    /// Over the limit, the earlier ones are revoked.
    Supersede,
}

/// Within what a name must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameScope {
    /// The organization.
    Organization,
    /// The namespace in which it lives.
    Application,
}

/// When a secret can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reveal {
    /// In the answer that made it and never again: only a keyed digest is stored.
    Once,
    /// Also later, by a session with a fresh sign-in, audited: stored sealed beside the digest.
    Always,
}

/// Whether a credential ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never; no such field exists.
    Never,
    /// When its creator says so.
    Optional {
        /// Set when the creator says nothing.
        default: Option<Duration>,
        /// The longest life that may be asked for.
        max: Option<Duration>,
    },
    /// Always.
    Required {
        /// Set when the creator says nothing; `None`: the creator must say.
        default: Option<Duration>,
        /// The longest life that may be asked for.
        max: Option<Duration>,
    },
}

/// Whether a secret can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotate {
    /// No: create another and revoke this one.
    Never,
    /// Yes; the public id stays.
    Secret {
        /// Whether people are asked to confirm.
        confirm: bool,
        /// How long the earlier secret stays valid when nothing is said.
        grace: Duration,
        /// The longest grace that may be asked for.
        max_grace: Duration,
    },
}

/// What may be edited after creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The name.
    Name,
    /// The roles it holds.
    Roles,
    /// The networks from which it may be used.
    Sources,
}

/// Where a credential's rights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Roles that it holds at namespaces.
    Roles {
        /// At least so many.
        min: u32,
        /// At most so many.
        max: u32,
    },
    /// Exactly one role.
    Group,
    /// What its owner may do in the one namespace where it lives.
    Namespace,
    /// What its owner may do, wherever.
    Owner,
    /// Everything in the organization (less what the kind denies).
    Organization,
}

/// What bounds a credential's rights from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// Nothing beyond the law of no amplification.
    None,
    /// The creator's rights when it is created or its roles change.
    AtCreation,
    /// The owner's rights at every decision.
    Live,
}

/// What can never be done with a credential, whatever it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denials {
    /// Permissions.
    #[serde(default, skip_serializing_if = "PatternSet::is_empty")]
    pub patterns: PatternSet,
    /// API groups by name, sorted: a request that names one of them is refused even when it names no permission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Denials {
    /// What either denies.
    pub fn join(&self, other: &Denials) -> Denials {
        let mut groups: Vec<String> = self.groups.iter().chain(&other.groups).cloned().collect();
        groups.sort();
        groups.dedup();
        Denials { patterns: self.patterns.join(&other.patterns), groups }
    }

    /// Whether everything that `other` denies is denied here too.
    pub fn includes(&self, other: &Denials) -> bool {
        other.patterns.within(&self.patterns) && other.groups.iter().all(|g| self.groups.contains(g))
    }

    /// Whether a request for `permission` that belongs to `groups` is denied. Allocates nothing.
    pub fn refuse(&self, permission: Option<&str>, groups: &[&str]) -> bool {
        permission.is_some_and(|p| self.patterns.covers(p))
            || self.groups.iter().any(|denied| groups.contains(&denied.as_str()))
    }

    /// Whether nothing is denied.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.groups.is_empty()
    }
}

/// What it takes to do something with credentials of a kind, besides the law of no amplification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A permission at the credential's namespace (or at the organization, for administrative ones).
    Permission(Permission),
    /// To be super admin of the organization.
    SuperAdmin,
    /// Any right at all at the credential's namespace: for keys that people make for themselves.
    Access,
}

/// From where credentials of a kind may be managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManageFrom {
    /// A signed-in user, in console or REST; never a credential.
    Session,
    /// Also a credential, within the law of no amplification.
    Any,
}

/// `count` uses at once, and one more for every `window / count` that passes, per credential and node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many uses.
    pub count: u32,
    /// In what time.
    pub window: Duration,
}

/// A named set of permissions and paths that kinds can deny.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiGroup {
    /// Its name.
    pub name: String,
    /// The permissions that belong to it.
    pub patterns: PatternSet,
    /// The paths that belong to it: `*` as a segment stands for any one, a `*` at the end for everything that follows.
    pub paths: Vec<String>,
    /// Whether requests for the paths belong to it only when they may change something.
    pub changes_only: bool,
}

impl fmt::Display for KindId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KindId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind: write `profile/kind` with lower-case letters, digits and `_`, such as `keyward/api`")]
pub struct InvalidKindId(String);

impl FromStr for KindId {
    type Err = InvalidKindId;

    fn from_str(text: &str) -> Result<Self, InvalidKindId> {
        match text.split_once('/') {
            Some((profile, kind)) if is_identifier(profile) && is_identifier(kind) => Ok(Self(text.into())),
            _ => Err(InvalidKindId(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for KindId {
    type Error = InvalidKindId;

    fn try_from(text: String) -> Result<Self, InvalidKindId> {
        text.parse()
    }
}

impl From<KindId> for String {
    fn from(id: KindId) -> Self {
        id.0.into()
    }
}

/// Whether `text` may name a profile or a kind: `[a-z][a-z0-9_]{0,31}`.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= 32
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
