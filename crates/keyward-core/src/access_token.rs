//! What an exchange of a credential issues: a sealed statement of credential, generation, narrowing and end.
//!
//! Any node opens it without looking anything up, and nothing is stored of it. What it lets its bearer do is what the
//! credential may do at that moment, narrowed by the scope that was asked for; it dies with the credential's
//! [generation](crate::credential::Credential::generation).
//!
//! The text is `kwat_` and base64url (RFC 4648 section 5, without padding) of the
//! [envelope](crate::seal) of this statement:
//!
//! | bytes | statement |
//! |---|---|
//! | 1 | `0x01`, the number of this layout |
//! | 16 | credential |
//! | 4 | generation |
//! | 8 | issued at, microseconds |
//! | 8 | expires at, microseconds |
//! | 1 + 16 | namespace: `0` for any, or the number of its kind and its id |
//! | n | scope: patterns, joined by one space; none means everything |
//!
//! All numbers are big-endian.

#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy::Entropy;
use crate::id::{ApplicationId, CredentialId, OrganizationId, UserGroupId, WorkspaceId};
use crate::keyring::KeyRing;
use crate::kind::Kind;
use crate::namespace::NamespaceId;
use crate::permission::{Pattern, PatternSet};
use crate::seal::{Binding, SealError};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A statement about a credential that its bearer may use in its place. Made by [`grant`]; opened by
/// [`AccessToken::open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose rights it stands for.
    pub credential: CredentialId,
    /// The generation of the credential when it was issued.
    pub generation: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From then on it is expired.
    pub expires_at: Timestamp,
    /// Where alone it counts; `None`: wherever the credential does.
    pub namespace: Option<NamespaceId>,
    /// What alone it counts for.
    pub scope: Scope,
}

/// The permissions to which a token is narrowed, as OAuth writes them (RFC 6749 section 3.3): patterns, joined by spaces.
/// Kept in place, so that opening a token allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    text: [u8; Scope::MAX],
    length: u16,
}

/// What a client asks for beside its credential.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The scope; everything when nothing is said.
    pub scope: Option<&'a str>,
    /// How long it is to live; the kind's lifetime when nothing is said, which is also the most.
    pub lifetime: Option<Duration>,
    /// Where alone it is to count.
    pub namespace: Option<NamespaceId>,
}

/// The credential that is exchanged, as a decision has just admitted it.
#[derive(Clone, Copy, Debug)]
pub struct Exchanged<'a> {
    /// Which one.
    pub credential: CredentialId,
    /// Its rules.
    pub kind: &'a Kind,
    /// Its generation.
    pub generation: u32,
    /// Its own end.
    pub expires_at: Option<Timestamp>,
}

/// Why no token is issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The kind is not exchanged for tokens (RFC 6749: `unauthorized_client`).
    #[error("this kind of credential is not exchanged for access tokens: present it to the API itself")]
    NotExchanged,
    /// Not a scope, or more than the credential holds (RFC 6749: `invalid_scope`).
    #[error(
        "the scope must be at most {} characters of permissions that the client holds, joined by spaces",
        Scope::MAX
    )]
    Scope,
    /// No time at all.
    #[error("the lifetime must be at least one second")]
    Lifetime,
}

/// Issues a token for a credential that was admitted for exchange. `holds` tells whether the credential holds all of a
/// set somewhere: nobody is promised what they do not have.
pub fn grant(
    exchanged: Exchanged<'_>,
    asked: Asked<'_>,
    holds: impl Fn(&PatternSet) -> bool,
    now: Timestamp,
) -> Result<AccessToken, GrantError> {
    let most = exchanged.kind.usage.token_lifetime().ok_or(GrantError::NotExchanged)?;
    let scope = asked.scope.unwrap_or_default().parse::<Scope>().map_err(|_| GrantError::Scope)?;
    if scope.patterns().is_some_and(|patterns| !holds(&patterns)) {
        return Err(GrantError::Scope);
    }
    let lifetime = asked.lifetime.unwrap_or(most).min(most);
    if lifetime < Duration::from_secs(1) {
        return Err(GrantError::Lifetime);
    }
    let end = now.plus(lifetime);
    Ok(AccessToken {
        credential: exchanged.credential,
        generation: exchanged.generation,
        issued_at: now,
        expires_at: exchanged.expires_at.map_or(end, |credential_ends| credential_ends.min(end)),
        namespace: asked.namespace,
        scope,
    })
}

/// Why a text is no token that can be used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It does not look like one.
    #[error("this is not an access token")]
    Malformed,
    /// It looks like one, and was not sealed by this key ring.
    #[error("the access token was not issued here, or was changed")]
    Unknown,
}

impl AccessToken {
    /// What every token begins with, for scanners of source code and for whoever tells credentials apart.
    pub const PREFIX: &str = "kwat_";

    /// Whether the text claims to be one.
    pub fn is_claimed_by(text: &str) -> bool {
        text.starts_with(Self::PREFIX)
    }

    /// Whether it was issued for less than its credential may do.
    pub fn is_narrowed(&self) -> bool {
        self.namespace.is_some() || !self.scope.is_everything()
    }

    /// How long it will live from `now` on, in whole seconds.
    pub fn expires_in(&self, now: Timestamp) -> u64 {
        self.expires_at.since(now).as_secs()
    }

    /// The text for its bearer.
    pub fn seal(&self, ring: &KeyRing, entropy: &mut impl Entropy) -> Result<Secret, SealError> {
        let mut statement = Vec::with_capacity(FIXED_LENGTH + usize::from(self.scope.length));
        statement.push(LAYOUT);
        statement.extend(self.credential.bits().to_be_bytes());
        statement.extend(self.generation.to_be_bytes());
        statement.extend(self.issued_at.micros().to_be_bytes());
        statement.extend(self.expires_at.micros().to_be_bytes());
        let (kind, bits) = written_namespace(self.namespace);
        statement.push(kind);
        statement.extend(bits.to_be_bytes());
        statement.extend(self.scope.as_str().as_bytes());
        let sealed = ring.seal_bytes(Binding::AccessToken, &statement, entropy)?;
        let mut text = String::with_capacity(Self::PREFIX.len() + sealed.as_bytes().len().div_ceil(3) * 4);
        text.push_str(Self::PREFIX);
        URL_SAFE_NO_PAD.encode_string(sealed.as_bytes(), &mut text);
        Ok(Secret::from_string(text))
    }

    /// Opens a token. Does not allocate.
    pub fn open(ring: &KeyRing, text: &str) -> Result<Self, InvalidToken> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(InvalidToken::Malformed)?;
        let mut envelope = [0; MAX_ENVELOPE];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut envelope).map_err(|_| InvalidToken::Malformed)?;
        let envelope = envelope.get_mut(..length).ok_or(InvalidToken::Malformed)?;
        if length < ENVELOPE_OVERHEAD + FIXED_LENGTH {
            return Err(InvalidToken::Malformed);
        }
        let statement = ring.open_in_place(Binding::AccessToken, envelope).map_err(|_| InvalidToken::Unknown)?;
        Self::read(statement).ok_or(InvalidToken::Unknown)
    }

    fn read(statement: &[u8]) -> Option<Self> {
        let (fixed, scope) = statement.split_at_checked(FIXED_LENGTH)?;
        let mut fields = Fields(fixed);
        if fields.take::<1>()? != [LAYOUT] {
            return None;
        }
        Some(Self {
            credential: CredentialId::from_bits(u128::from_be_bytes(fields.take()?)),
            generation: u32::from_be_bytes(fields.take()?),
            issued_at: Timestamp::from_micros(i64::from_be_bytes(fields.take()?)),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(fields.take()?)),
            namespace: read_namespace(u8::from_be_bytes(fields.take()?), u128::from_be_bytes(fields.take()?)).ok()?,
            scope: Scope::of_bytes(scope)?,
        })
    }
}

impl Scope {
    /// The longest scope, in bytes.
    pub const MAX: usize = 320;

    /// Everything that the credential may do.
    pub const EVERYTHING: Scope = Scope { text: [0; Self::MAX], length: 0 };

    /// The patterns, joined by one space; empty for everything.
    pub fn as_str(&self) -> &str {
        let bytes = self.text.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether it narrows nothing.
    pub const fn is_everything(&self) -> bool {
        self.length == 0
    }

    /// Whether it includes `permission`. Allocates nothing.
    pub fn includes(&self, permission: &str) -> bool {
        self.is_everything() || self.as_str().split(' ').any(|pattern| Pattern::text_covers(pattern, permission))
    }

    /// What it narrows to; `None` for everything.
    pub fn patterns(&self) -> Option<PatternSet> {
        if self.is_everything() {
            return None;
        }
        Some(self.as_str().split(' ').filter_map(|pattern| pattern.parse::<Pattern>().ok()).collect())
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut scope = Self { length: u16::try_from(bytes.len()).ok()?, ..Self::EVERYTHING };
        scope.text.get_mut(..bytes.len())?.copy_from_slice(bytes);
        std::str::from_utf8(bytes).ok().map(|_| scope)
    }
}

/// Why a text is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is at most {} characters of permissions such as `files:read`, joined by spaces", Scope::MAX)]
pub struct NotAScope;

impl std::str::FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        if words.iter().any(|word| word.parse::<Pattern>().is_err()) {
            return Err(NotAScope);
        }
        Self::of_bytes(words.join(" ").as_bytes()).ok_or(NotAScope)
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_everything() { "everything" } else { self.as_str() })
    }
}

/// The fields of a statement, one after the other.
struct Fields<'s>(&'s [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

fn written_namespace(namespace: Option<NamespaceId>) -> (u8, u128) {
    match namespace {
        None => (0, 0),
        Some(NamespaceId::Organization(id)) => (1, id.bits()),
        Some(NamespaceId::Application(id)) => (2, id.bits()),
        Some(NamespaceId::Workspace(id)) => (3, id.bits()),
        Some(NamespaceId::UserGroup(id)) => (4, id.bits()),
    }
}

/// Fails for a number that no namespace has.
fn read_namespace(kind: u8, bits: u128) -> Result<Option<NamespaceId>, InvalidToken> {
    Ok(match kind {
        0 => None,
        1 => Some(OrganizationId::from_bits(bits).into()),
        2 => Some(ApplicationId::from_bits(bits).into()),
        3 => Some(WorkspaceId::from_bits(bits).into()),
        4 => Some(UserGroupId::from_bits(bits).into()),
        _ => return Err(InvalidToken::Unknown),
    })
}

const LAYOUT: u8 = 1;
const FIXED_LENGTH: usize = 1 + 16 + 4 + 8 + 8 + 1 + 16;
/// Layout, version, nonce and tag of an envelope.
const ENVELOPE_OVERHEAD: usize = 1 + 4 + 12 + 16;
/// The longest envelope, and what its decoder may need beyond.
const MAX_ENVELOPE: usize = ENVELOPE_OVERHEAD + FIXED_LENGTH + Scope::MAX + 3;
