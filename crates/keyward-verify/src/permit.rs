//! The answer: who was allowed to do it, or why not.

use keyward_core::change::Revision;
use keyward_core::decision::Denial;
use keyward_core::digest::PepperVersion;
use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use crate::text::Text;

/// The answer to a request.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation in every decision")]
#[must_use = "a decision that nobody looks at protects nothing"]
pub enum Decision {
    /// Yes.
    Allow(Permit),
    /// No.
    Deny(Denial),
}

/// A yes. Who it is for comes out by [`Permit::settle`], for kinds with `log_use` only after the use was recorded, so
/// that no surface can answer before.
///
/// ```
/// # use keyward_verify::{Identity, Permit, Recorded};
/// fn render(permit: Permit, record: impl FnOnce(&Identity) -> Recorded) -> String {
///     let identity = permit.settle().unwrap_or_else(|unsettled| {
///         let recorded = record(unsettled.to_record());
///         unsettled.recorded(recorded)
///     });
///     identity.public_id.to_string()
/// }
/// ```
///
/// A permit itself says nothing:
///
/// ```compile_fail,E0616
/// fn render(permit: keyward_verify::Permit) -> String {
///     permit.identity.public_id.to_string()
/// }
/// ```
///
/// nor does one that has to be recorded first:
///
/// ```compile_fail,E0308
/// fn identify(permit: keyward_verify::Permit) -> keyward_verify::Identity {
///     match permit.settle() {
///         Ok(identity) => identity,
///         Err(unsettled) => unsettled,
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "settle it: a use may have to be recorded before the answer"]
pub struct Permit {
    identity: Identity,
    owed: Owed,
}

/// What has to be stored before a yes may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The use itself, because its kind says so.
    pub log_use: bool,
    /// The nonce of a signed request, which counts once: when it was used before, the answer is no.
    pub nonce: Option<OwedNonce>,
}

/// The nonce of a signed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwedNonce {
    /// The first 16 bytes of the BLAKE3 of its text.
    pub digest: [u8; 16],
    /// From then on nobody asks for it any more.
    pub until: Timestamp,
}

/// A yes for which something is to be stored before it is answered.
#[derive(Debug)]
#[must_use = "record the use, or refuse the request"]
pub struct Unsettled(Permit);

/// Who was allowed, as of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The organization of the credential.
    pub organization: OrganizationId,
    /// The credential.
    pub credential: CredentialId,
    /// What the client presented to say which one it is.
    pub public_id: Text,
    /// Its kind, `profile/kind`.
    pub kind: Text,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Where it lives.
    pub namespace: NamespaceId,
    /// What stood for the credential.
    pub means: Means,
    /// Number of the secret that was presented or signed with; of the current one for access tokens and key pairs.
    pub slot: u32,
    /// When that secret ends, should it be one that was replaced and is in its grace.
    pub slot_ends_at: Option<Timestamp>,
    /// The pepper under which that secret is stored: when it is not the ring's current one, the digest is to be renewed.
    pub pepper: PepperVersion,
    /// Counts rotations and the revocation; what is issued now dies with it.
    pub generation: u32,
    /// The end of the access token, where one was presented.
    pub token_ends_at: Option<Timestamp>,
    /// Whether that token was issued for less than the credential may do.
    pub narrowed: bool,
    /// The revision of the facts.
    pub revision: Revision,
}

/// What stood for a credential when it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Its secret.
    Secret,
    /// An access token of it.
    Token,
    /// A form signed with its secret.
    SignedForm,
    /// A JWT signed with its key pair.
    SignedJwt,
}

impl Means {
    /// Whether nothing travels that could be used again by whoever reads it on the way.
    pub const fn is_signature(self) -> bool {
        matches!(self, Means::SignedForm | Means::SignedJwt)
    }
}

/// Proof that a use was stored. Made by the one place that stores uses, after the commit that made it durable.
#[derive(Debug)]
pub struct Recorded(());

impl Permit {
    pub(crate) fn new(identity: Identity, owed: Owed) -> Self {
        Self { identity, owed }
    }

    /// Who was allowed, unless something is to be stored first.
    #[expect(clippy::result_large_err, reason = "a box would be an allocation in every decision")]
    pub fn settle(self) -> Result<Identity, Unsettled> {
        if self.owed.log_use || self.owed.nonce.is_some() { Err(Unsettled(self)) } else { Ok(self.identity) }
    }
}

impl Unsettled {
    /// What to record. Not for the answer.
    pub fn to_record(&self) -> &Identity {
        &self.0.identity
    }

    /// What has to be stored.
    pub fn owed(&self) -> Owed {
        self.0.owed
    }

    /// Who was allowed, now that the use is recorded.
    pub fn recorded(self, _: Recorded) -> Identity {
        self.0.identity
    }
}

impl Recorded {
    /// States that the use is durable. To be called where uses are committed, and nowhere else.
    pub fn after_commit() -> Self {
        Self(())
    }
}
