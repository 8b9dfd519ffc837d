//! The record of a credential and how it may change. Never holds plaintext.

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{CredentialId, InvalidId, OrganizationId, UserId};
use crate::kind::{Denials, Expiry, Field, Kind, KindId, Rotate};
use crate::name::Name;
use crate::namespace::NamespaceId;
use crate::seal::Sealed;
use crate::signed::PublicKey;
use crate::time::Timestamp;

/// How many networks one credential or organization may list.
pub const MAX_SOURCES: usize = 64;
/// How many secrets of one credential can be valid at a time: the current one, and the one before it during its grace.
pub const MAX_SLOTS: usize = 2;

/// The record of one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its name for machines.
    pub id: CredentialId,
    /// Where it belongs.
    pub organization: OrganizationId,
    /// Its rules.
    pub kind: KindId,
    /// Its name for people.
    pub name: Name,
    /// What a client presents to say which one it is; not a secret. Unique in the deployment.
    pub public_id: String,
    /// Where it lives; for `authority = namespace`, the one namespace to which it is confined.
    pub namespace: NamespaceId,
    /// Whose rights bound it, for live kinds; otherwise who answers for it, if anybody.
    pub owner: Option<UserId>,
    /// Who made it.
    pub created_by: CallerId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub updated_at: Timestamp,
    /// Whether it can be used.
    pub state: State,
    /// Counts rotations and the revocation; access tokens of an earlier generation are dead.
    pub generation: u32,
    /// From then on it is expired (`now >= expires_at`). Immutable.
    pub expires_at: Option<Timestamp>,
    /// Networks from which alone it may be used; empty means anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<IpNet>,
    /// What it can never do beyond its kind's denials: carried over from the credential that made it.
    #[serde(default, skip_serializing_if = "Denials::is_empty")]
    pub denied: Denials,
    /// The public half of the key pair that was made with it, if one was; it stays as long as the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<PublicKey>,
    /// Its secrets, the current one last; at most [`MAX_SLOTS`].
    pub slots: Vec<Slot>,
}

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Yes.
    Active,
    /// Not until it is enabled again.
    Disabled {
        /// Since when.
        at: Timestamp,
    },
    /// Never again.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: RevokeReason,
    },
}

/// Why a credential was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// Somebody asked for it.
    Requested,
    /// It is known or feared to be in wrong hands.
    Compromised,
    /// A newer one took its place.
    Superseded,
    /// Its owner left.
    OwnerRemoved,
    /// The namespace where it lived was deleted.
    NamespaceDeleted,
    /// The credential that made it was revoked with all its descendants.
    AncestorRevoked,
}

impl RevokeReason {
    /// Those that somebody who revokes may give, the usual one first. The others say what else was done.
    pub const GIVEN: [RevokeReason; 3] = [RevokeReason::Requested, RevokeReason::Compromised, RevokeReason::Superseded];

    /// As it is written everywhere: `requested`.
    pub const fn as_str(self) -> &'static str {
        match self {
            RevokeReason::Requested => "requested",
            RevokeReason::Compromised => "compromised",
            RevokeReason::Superseded => "superseded",
            RevokeReason::OwnerRemoved => "owner_removed",
            RevokeReason::NamespaceDeleted => "namespace_deleted",
            RevokeReason::AncestorRevoked => "ancestor_revoked",
        }
    }
}

/// One stored secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// 1 for the first secret, then counting up.
    pub number: u32,
    /// Proves knowledge of the secret.
    pub digest: Digest,
    /// The secret itself, sealed, for kinds that may reveal it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// Since when.
    pub created_at: Timestamp,
    /// When its grace ends; `None` for the current one.
    pub ends_at: Option<Timestamp>,
}

impl Slot {
    /// Whether the secret may still be used at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// A digest (and sealed text) that is to become a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSlot {
    /// Proves knowledge of the secret.
    pub digest: Digest,
    /// The secret itself, sealed, for kinds that may reveal it.
    pub sealed: Option<Sealed>,
}

/// Changes asked of a credential; `None` leaves a field as it is. Roles are grants and change as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new name.
    pub name: Option<Name>,
    /// The new list of networks.
    pub sources: Option<Vec<IpNet>>,
}

/// Why a credential cannot change so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Transition {
    /// It is revoked, which is final.
    #[error("the credential was revoked at {at}, which is final: create another")]
    Revoked {
        /// Since when.
        at: Timestamp,
    },
    /// It is disabled already, or not disabled.
    #[error("the credential is {0} already")]
    Already(&'static str),
    /// It has expired.
    #[error("the credential expired at {0}: create another")]
    Expired(Timestamp),
    /// The kind has no rotation.
    #[error("the secret of a `{0}` cannot be replaced: create another credential and revoke this one")]
    NeverRotates(KindId),
    /// The grace asked for is too long.
    #[error("the grace of {}s is longer than the {}s that the kind `{kind}` allows", asked.as_secs(), max.as_secs())]
    Grace {
        /// The kind.
        kind: KindId,
        /// What was asked for.
        asked: Duration,
        /// What is allowed.
        max: Duration,
    },
    /// The kind does not let this field change.
    #[error("the {field} of a `{kind}` cannot be changed after creation")]
    Fixed {
        /// The kind.
        kind: KindId,
        /// The field.
        field: &'static str,
    },
    /// Too many networks.
    #[error("{0} networks are too many: list at most {MAX_SOURCES}")]
    Sources(usize),
    /// The kind has no list of networks.
    #[error("a `{0}` cannot be restricted to networks: leave `sources` out")]
    NoSources(KindId),
}

impl Credential {
    /// The current secret.
    pub fn current(&self) -> Option<&Slot> {
        self.slots.last()
    }

    /// Whether it has ended by itself.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    /// Whether it is revoked.
    pub const fn is_revoked(&self) -> bool {
        matches!(self.state, State::Revoked { .. })
    }

    /// The credential that made it, if one did.
    pub const fn parent(&self) -> Option<CredentialId> {
        match self.created_by {
            CallerId::Credential(id) => Some(id),
            _ => None,
        }
    }

    /// Stops it until it is enabled again.
    pub fn disable(mut self, at: Timestamp) -> Result<Credential, Transition> {
        match self.state {
            State::Active => {
                self.state = State::Disabled { at };
                self.updated_at = at;
                Ok(self)
            }
            State::Disabled { .. } => Err(Transition::Already("disabled")),
            State::Revoked { at, .. } => Err(Transition::Revoked { at }),
        }
    }

    /// Lets it be used again.
    pub fn enable(mut self, at: Timestamp) -> Result<Credential, Transition> {
        match self.state {
            State::Disabled { .. } => {
                self.state = State::Active;
                self.updated_at = at;
                Ok(self)
            }
            State::Active => Err(Transition::Already("enabled")),
            State::Revoked { at, .. } => Err(Transition::Revoked { at }),
        }
    }

    /// Ends it for ever. Sealed secrets are forgotten, so that it cannot be revealed any more; the digests stay, so
    /// that whoever still presents it is told why it is refused.
    pub fn revoke(mut self, at: Timestamp, reason: RevokeReason) -> Result<Credential, Transition> {
        if let State::Revoked { at, .. } = self.state {
            return Err(Transition::Revoked { at });
        }
        self.state = State::Revoked { at, reason };
        self.generation += 1;
        self.updated_at = at;
        for slot in &mut self.slots {
            slot.sealed = None;
        }
        Ok(self)
    }

    /// Replaces the secret; the public id stays. The earlier secret lives on for `grace` (the kind's default when
    /// `None`), never beyond the credential's own end; one in its grace already ends now.
    pub fn rotate(
        mut self,
        kind: &Kind,
        slot: NewSlot,
        grace: Option<Duration>,
        at: Timestamp,
    ) -> Result<Credential, Transition> {
        let Rotate::Secret { grace: default, max_grace, .. } = kind.rotate else {
            return Err(Transition::NeverRotates(self.kind));
        };
        if let State::Revoked { at, .. } = self.state {
            return Err(Transition::Revoked { at });
        }
        if let (true, Some(end)) = (self.is_expired(at), self.expires_at) {
            return Err(Transition::Expired(end));
        }
        let grace = grace.unwrap_or(default);
        if grace > max_grace {
            return Err(Transition::Grace { kind: self.kind, asked: grace, max: max_grace });
        }
        let number = self.current().map_or(1, |s| s.number + 1);
        let earlier = self.slots.pop().filter(|_| !grace.is_zero());
        self.slots.clear();
        self.slots.extend(earlier.map(|s| {
            let end = at.plus(grace);
            Slot { ends_at: Some(self.expires_at.map_or(end, |e| e.min(end))), ..s }
        }));
        self.slots.push(Slot { number, digest: slot.digest, sealed: slot.sealed, created_at: at, ends_at: None });
        self.generation += 1;
        self.updated_at = at;
        Ok(self)
    }

    /// Changes what the kind lets change.
    pub fn edit(mut self, kind: &Kind, edit: Edit, at: Timestamp) -> Result<Credential, Transition> {
        if let State::Revoked { at, .. } = self.state {
            return Err(Transition::Revoked { at });
        }
        if let Some(name) = edit.name {
            may_edit(kind, Field::Name, "name")?;
            self.name = name;
        }
        if let Some(sources) = edit.sources {
            may_edit(kind, Field::Sources, "sources")?;
            self.sources = checked_sources(kind, sources)?;
        }
        self.updated_at = at;
        Ok(self)
    }
}

/// The networks of a new or edited credential, checked against its kind and the limit.
pub fn checked_sources(kind: &Kind, sources: Vec<IpNet>) -> Result<Vec<IpNet>, Transition> {
    if !kind.sources && !sources.is_empty() {
        return Err(Transition::NoSources(kind.id.clone()));
    }
    if sources.len() > MAX_SOURCES {
        return Err(Transition::Sources(sources.len()));
    }
    Ok(IpNet::aggregate(&sources))
}

/// Why a credential cannot end at the asked time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpiry {
    /// The kind has no such field.
    #[error("a `{0}` never expires: leave `expires_at` out")]
    Never(KindId),
    /// The kind demands one.
    #[error("a `{0}` must expire: give `expires_at`")]
    Required(KindId),
    /// It lies in the past.
    #[error("`expires_at` {0} is not in the future")]
    Past(Timestamp),
    /// It lies too far ahead.
    #[error("`expires_at` may be at most {latest} for a `{kind}`")]
    TooLate {
        /// The kind.
        kind: KindId,
        /// The latest end allowed.
        latest: Timestamp,
    },
}

/// When a credential of `kind`, made at `now`, ends, given what its creator asked for.
pub fn expiry(kind: &Kind, asked: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, InvalidExpiry> {
    let (default, max) = match kind.expiry {
        Expiry::Never => return asked.map_or(Ok(None), |_| Err(InvalidExpiry::Never(kind.id.clone()))),
        Expiry::Optional { default, max } | Expiry::Required { default, max } => (default, max),
    };
    let end = asked.or_else(|| default.map(|d| now.plus(d)));
    if let Some(asked) = asked
        && asked <= now
    {
        return Err(InvalidExpiry::Past(asked));
    }
    match (end, max.map(|m| now.plus(m))) {
        // No end at all would be later than any latest one.
        (None, latest) if latest.is_some() || matches!(kind.expiry, Expiry::Required { .. }) => {
            Err(InvalidExpiry::Required(kind.id.clone()))
        }
        (Some(end), Some(latest)) if end > latest => Err(InvalidExpiry::TooLate { kind: kind.id.clone(), latest }),
        (end, _) => Ok(end),
    }
}

fn may_edit(kind: &Kind, field: Field, name: &'static str) -> Result<(), Transition> {
    if kind.may_edit(field) { Ok(()) } else { Err(Transition::Fixed { kind: kind.id.clone(), field: name }) }
}

/// Who did something, as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerId {
    /// Nobody who is known.
    Anonymous,
    /// A signed-in user.
    User(UserId),
    /// A credential.
    Credential(CredentialId),
    /// Keyward itself, or the operator at the machine.
    System,
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallerId::Anonymous => f.write_str("anonymous"),
            CallerId::User(id) => id.fmt(f),
            CallerId::Credential(id) => id.fmt(f),
            CallerId::System => f.write_str("system"),
        }
    }
}

impl fmt::Debug for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CallerId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Ok(match text {
            "anonymous" => CallerId::Anonymous,
            "system" => CallerId::System,
            user if user.starts_with(UserId::PREFIX) => CallerId::User(user.parse()?),
            credential => CallerId::Credential(credential.parse()?),
        })
    }
}

impl Serialize for CallerId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallerId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
