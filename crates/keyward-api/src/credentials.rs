//! Credentials: what is asked about them and what is shown of them.

use keyward_core::credential::{self as core, CallerId, RevokeReason};
use keyward_core::id::{CredentialId, UserId};
use keyward_core::kind::{Denials, KindId};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::receipt::Receipt;
use crate::roles::{RoleAt, RoleHeld};
use crate::sample::{self, Sample};
use crate::schema;
use crate::values::{Network, SecretText, Time, present};

/// Which credentials to list: those that the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListCredentials {
    /// Only those of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::KindId>)]
    pub kind: Option<KindId>,
    /// Only those in this state. Absent: all that their kinds show in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<CredentialState>,
    /// Only those that live in exactly this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
    /// Only those of this owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::UserId>)]
    pub owner: Option<UserId>,
    /// Only those that this credential or user made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<schema::CallerId>)]
    pub created_by: Option<CallerId>,
    /// Only those whose name contains this, without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only the one with exactly this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_id: Option<String>,
    /// How many items a page holds: 1 to 200, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Creates a credential. Which fields it may and must have is up to its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = CreateCredential::sample)]
pub struct CreateCredential {
    /// Its rules: `profile/kind`.
    #[schema(value_type = schema::KindId)]
    pub kind: KindId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where it is to live. Absent: the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::NamespaceId>)]
    pub namespace: Option<NamespaceId>,
    /// What it is to hold. The caller must hold all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub roles: Vec<RoleAt>,
    /// Whose it is to be. Absent: the caller's, or their owner's. Kinds that act with their owner's rights can only be
    /// created by the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::UserId>)]
    pub owner: Option<UserId>,
    /// When it is to expire; it can never be changed. Absent: the default of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Networks from which alone it may be used; empty means anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 64)]
    pub sources: Vec<Network>,
    /// Whether to make a key pair with it, where the kind has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_pair: bool,
}

/// Edits a credential: what its kind lets change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = EditCredential::sample)]
pub struct EditCredential {
    /// The new name. Absent: it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Name, required = false)]
    pub name: Option<Name>,
    /// All roles that it is to hold; for kinds with one role a place, those at the named places. Absent: they stay.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<RoleAt>, required = false, max_items = 100)]
    pub roles: Option<Vec<RoleAt>>,
    /// All networks from which alone it may be used, empty for anywhere. Absent: they stay.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Network>, required = false, max_items = 64)]
    pub sources: Option<Vec<Network>>,
}

/// Replaces the secret of a credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = RotateCredential::sample)]
pub struct RotateCredential {
    /// How long the present secret stays valid, in seconds. Absent: the default of its kind, usually 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u64>,
    /// Must be `true` for kinds that ask for confirmation, whose clients stop working until they have the new secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
}

/// Ends a credential for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = RevokeCredential::sample)]
pub struct RevokeCredential {
    /// Why.
    #[serde(default)]
    pub reason: RevokeFor,
    /// Whether to end also all credentials that it made, and those that they made.
    #[serde(default)]
    pub descendants: bool,
}

/// Why somebody revokes a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeFor {
    /// It is not needed any more.
    #[default]
    Requested,
    /// It is known or feared to be in wrong hands.
    Compromised,
    /// A newer one took its place.
    Superseded,
}

/// Gives another application of the organization a credential, with roles of its own there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = ImportCredential::sample)]
pub struct ImportCredential {
    /// The public id of the credential.
    pub public_id: String,
    /// The application that imports it.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
    /// What it is to hold there. The caller must hold all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub roles: Vec<RoleAt>,
}

/// Takes an imported credential away from an application, with the roles that it held there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = UnlinkCredential::sample)]
pub struct UnlinkCredential {
    /// The application that had imported it.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
}

/// A credential. Never contains its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Credential::sample)]
pub struct Credential {
    /// Its name for machines.
    #[schema(value_type = schema::CredentialId)]
    pub id: CredentialId,
    /// Its rules.
    #[schema(value_type = schema::KindId)]
    pub kind: KindId,
    /// Its name for people.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What a client presents to say which one it is; not a secret.
    pub public_id: String,
    /// Where it lives.
    #[schema(value_type = schema::NamespaceId)]
    pub namespace: NamespaceId,
    /// Other applications that have imported it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<schema::NamespaceId>)]
    pub imported_by: Vec<NamespaceId>,
    /// Whose rights bound it, for kinds that act with them; otherwise who answers for it, if anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::UserId>)]
    pub owner: Option<UserId>,
    /// Who made it.
    #[schema(value_type = schema::CallerId)]
    pub created_by: CallerId,
    /// When it was made.
    pub created_at: Time,
    /// When its record last changed.
    pub updated_at: Time,
    /// Whether it can be used.
    pub state: CredentialState,
    /// When it was disabled, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Time>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Time>,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::RevokeReason>)]
    pub revoke_reason: Option<RevokeReason>,
    /// Counts rotations and the revocation; access tokens of an earlier generation are dead.
    pub generation: u32,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Networks from which alone it may be used; empty means anywhere.
    pub sources: Vec<Network>,
    /// The roles that it holds.
    pub roles: Vec<RoleHeld>,
    /// What it can never do beyond what its kind denies: carried over from the credential that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Denied>,
    /// Its secrets that can be used: the current one last, before it one in its grace.
    pub slots: Vec<Slot>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
    /// The last characters of its secret, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// Yes.
    Active,
    /// Not until it is enabled again.
    Disabled,
    /// Not any more: its end has passed.
    Expired,
    /// Never again.
    Revoked,
}

/// What can never be done with a credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Denied::sample)]
pub struct Denied {
    /// Permissions.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Pattern>)]
    pub patterns: PatternSet,
    /// API groups by name.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// One secret of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Slot::sample)]
pub struct Slot {
    /// 1 for the first secret, then counting up.
    pub number: u32,
    /// Since when it can be used.
    pub created_at: Time,
    /// When its grace ends; absent for the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
}

/// What a client has to hold, in the form of its kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(example = IssuedSecret::sample)]
pub enum IssuedSecret {
    /// One string.
    Token {
        /// The whole token.
        token: SecretText,
    },
    /// A public id and a secret.
    Pair {
        /// The public id.
        id: String,
        /// The secret.
        secret: SecretText,
    },
    /// An OAuth 2.0 client.
    OauthClient {
        /// The public id.
        client_id: String,
        /// The secret.
        client_secret: SecretText,
    },
}

/// A credential was created.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = CreatedCredential::sample)]
pub struct CreatedCredential {
    /// The credential.
    pub credential: Credential,
    /// What its client has to hold, this once. `null` when an idempotency key repeats an earlier creation: revoke the
    /// credential and create another if the first answer was lost.
    #[schema(required = true)]
    pub secret: Option<IssuedSecret>,
    /// The private key of its key pair (PKCS #8, PEM), this once, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<SecretText>,
    /// Credentials whose place it took; they are revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<schema::CredentialId>)]
    pub superseded: Vec<CredentialId>,
}

/// The secret of a credential was replaced.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = RotatedCredential::sample)]
pub struct RotatedCredential {
    /// The credential as it is now.
    pub credential: Credential,
    /// What its client has to hold from now on.
    pub secret: IssuedSecret,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// A credential is revoked. Repeating the call answers the first time and a fresh receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = RevokedCredential::sample)]
pub struct RevokedCredential {
    /// The credential as it is now.
    pub credential: Credential,
    /// The descendants that were revoked with it.
    #[schema(value_type = Vec<schema::CredentialId>)]
    pub descendants: Vec<CredentialId>,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// A credential was edited, disabled, enabled, imported or unlinked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = CredentialChanged::sample)]
pub struct CredentialChanged {
    /// The credential as it is now.
    pub credential: Credential,
    /// Where that is in force.
    pub receipt: Receipt,
}

/// The secret of a credential, shown again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = RevealedCredential::sample)]
pub struct RevealedCredential {
    /// The credential.
    #[schema(value_type = schema::CredentialId)]
    pub credential: CredentialId,
    /// What its client has to hold.
    pub secret: IssuedSecret,
}

/// What is shown of a credential beside its record.
#[derive(Clone, Debug, Default)]
pub struct CredentialFacts<'a> {
    /// The roles that it holds.
    pub roles: Vec<RoleHeld>,
    /// Other applications that have imported it.
    pub imported_by: Vec<NamespaceId>,
    /// When each of its secrets was last used, by number.
    pub last_used: &'a [(u32, Timestamp)],
    /// The last characters of its secret.
    pub hint: Option<String>,
}

impl Credential {
    /// What is shown of `record` at `now`.
    pub fn of(record: &core::Credential, facts: CredentialFacts<'_>, now: Timestamp) -> Self {
        let (state, disabled_at, revoked) = match record.state {
            core::State::Revoked { at, reason } => (CredentialState::Revoked, None, Some((at, reason))),
            _ if record.is_expired(now) => (CredentialState::Expired, None, None),
            core::State::Disabled { at } => (CredentialState::Disabled, Some(at), None),
            core::State::Active => (CredentialState::Active, None, None),
        };
        let last_used = |number: u32| facts.last_used.iter().find(|(slot, _)| *slot == number).map(|(_, at)| Time(*at));
        let slots = record.slots.iter().filter(|slot| revoked.is_none() && slot.is_alive(now));
        Self {
            id: record.id,
            kind: record.kind.clone(),
            name: record.name.clone(),
            public_id: record.public_id.clone(),
            namespace: record.namespace,
            imported_by: facts.imported_by,
            owner: record.owner,
            created_by: record.created_by,
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            state,
            disabled_at: disabled_at.map(Time),
            revoked_at: revoked.map(|(at, _)| Time(at)),
            revoke_reason: revoked.map(|(_, reason)| reason),
            generation: record.generation,
            expires_at: record.expires_at.map(Time),
            sources: record.sources.iter().copied().map(Network).collect(),
            roles: facts.roles,
            denied: Some(&record.denied).filter(|denied| !denied.is_empty()).map(Denied::from),
            slots: slots
                .map(|slot| Slot {
                    number: slot.number,
                    created_at: slot.created_at.into(),
                    ends_at: slot.ends_at.map(Time),
                    last_used_at: last_used(slot.number),
                })
                .collect(),
            last_used_at: facts.last_used.iter().map(|(_, at)| Time(*at)).max(),
            hint: facts.hint,
        }
    }
}

impl From<&Denials> for Denied {
    fn from(denials: &Denials) -> Self {
        Self { patterns: denials.patterns.clone(), groups: denials.groups.clone() }
    }
}

impl From<RevokeFor> for RevokeReason {
    fn from(reason: RevokeFor) -> Self {
        match reason {
            RevokeFor::Requested => RevokeReason::Requested,
            RevokeFor::Compromised => RevokeReason::Compromised,
            RevokeFor::Superseded => RevokeReason::Superseded,
        }
    }
}

impl Sample for ListCredentials {
    fn sample() -> Self {
        Self {
            kind: Some(sample::kind()),
            state: Some(CredentialState::Active),
            namespace: Some(sample::WORKSPACE.into()),
            owner: Some(sample::USER),
            created_by: Some(CallerId::User(sample::USER)),
            limit: Some(20),
            ..Self::default()
        }
    }
}

impl Sample for CreateCredential {
    fn sample() -> Self {
        Self {
            kind: sample::kind(),
            name: sample::name("Nightly export"),
            namespace: Some(sample::WORKSPACE.into()),
            roles: vec![RoleAt::sample()],
            owner: None,
            expires_at: Some(sample::time(7_776_000)),
            sources: vec![sample::network()],
            key_pair: false,
        }
    }
}

impl Sample for EditCredential {
    fn sample() -> Self {
        Self { name: Some(sample::name("Hourly export")), roles: None, sources: Some(vec![sample::network()]) }
    }
}

impl Sample for RotateCredential {
    fn sample() -> Self {
        Self { grace_seconds: Some(86_400), confirm: true }
    }
}

impl Sample for RevokeCredential {
    fn sample() -> Self {
        Self { reason: RevokeFor::Compromised, descendants: true }
    }
}

impl Sample for ImportCredential {
    fn sample() -> Self {
        Self {
            public_id: sample::PUBLIC_ID.to_owned(),
            namespace: sample::APPLICATION.into(),
            roles: vec![RoleAt::sample()],
        }
    }
}

impl Sample for UnlinkCredential {
    fn sample() -> Self {
        Self { namespace: sample::APPLICATION.into() }
    }
}

impl Sample for Credential {
    fn sample() -> Self {
        Self {
            id: sample::CREDENTIAL,
            kind: sample::kind(),
            name: sample::name("Nightly export"),
            public_id: sample::PUBLIC_ID.to_owned(),
            namespace: sample::WORKSPACE.into(),
            imported_by: Vec::new(),
            owner: Some(sample::USER),
            created_by: CallerId::User(sample::USER),
            created_at: sample::time(0),
            updated_at: sample::time(60),
            state: CredentialState::Active,
            disabled_at: None,
            revoked_at: None,
            revoke_reason: None,
            generation: 1,
            expires_at: Some(sample::time(7_776_000)),
            sources: vec![sample::network()],
            roles: vec![RoleHeld::sample()],
            denied: None,
            slots: vec![Slot::sample()],
            last_used_at: Some(sample::time(3_600)),
            hint: None,
        }
    }
}

impl Sample for Denied {
    fn sample() -> Self {
        Self { patterns: sample::patterns(), groups: vec!["security".to_owned()] }
    }
}

impl Sample for Slot {
    fn sample() -> Self {
        Self { number: 1, created_at: sample::time(0), ends_at: None, last_used_at: Some(sample::time(3_600)) }
    }
}

impl Sample for IssuedSecret {
    fn sample() -> Self {
        Self::Token { token: sample::secret("kw_8QkJ2mVxw0TzR4pL_EXAMPLE") }
    }
}

impl Sample for CreatedCredential {
    fn sample() -> Self {
        Self {
            credential: Credential::sample(),
            secret: Some(IssuedSecret::sample()),
            private_key: None,
            superseded: Vec::new(),
        }
    }
}

impl Sample for RotatedCredential {
    fn sample() -> Self {
        Self { credential: Credential::sample(), secret: IssuedSecret::sample(), receipt: Receipt::sample() }
    }
}

impl Sample for RevokedCredential {
    fn sample() -> Self {
        let credential = Credential {
            state: CredentialState::Revoked,
            revoked_at: Some(sample::time(7_200)),
            revoke_reason: Some(RevokeReason::Compromised),
            generation: 2,
            slots: Vec::new(),
            ..Credential::sample()
        };
        Self { credential, descendants: Vec::new(), receipt: Receipt::sample() }
    }
}

impl Sample for CredentialChanged {
    fn sample() -> Self {
        Self { credential: Credential::sample(), receipt: Receipt::sample() }
    }
}

impl Sample for RevealedCredential {
    fn sample() -> Self {
        Self { credential: sample::CREDENTIAL, secret: IssuedSecret::sample() }
    }
}
