//! The answer: who was allowed to do it, or why not.

use keyward_core::change::Revision;
use keyward_core::decision::Denial;
use keyward_core::digest::PepperVersion;
use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::namespace::NamespaceId;

use crate::text::Text;

/// The answer to a request.
#[derive(Debug)]
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
    log_use: bool,
}

/// A yes whose use is to be recorded before it is answered.
#[derive(Debug)]
#[must_use = "record the use, or refuse the request"]
pub struct Unsettled(Identity);

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
    /// Number of the secret that was presented.
    pub slot: u32,
    /// The pepper under which that secret is stored: when it is not the ring's current one, the digest is to be renewed.
    pub pepper: PepperVersion,
    /// Counts rotations and the revocation; what is issued now dies with it.
    pub generation: u32,
    /// The revision of the facts.
    pub revision: Revision,
}

/// Proof that a use was stored. Made by the one place that stores uses, after the commit that made it durable.
#[derive(Debug)]
pub struct Recorded(());

impl Permit {
    pub(crate) fn new(identity: Identity, log_use: bool) -> Self {
        Self { identity, log_use }
    }

    /// Who was allowed, unless the use is to be recorded first.
    #[expect(clippy::result_large_err, reason = "a box would be an allocation in every decision")]
    pub fn settle(self) -> Result<Identity, Unsettled> {
        if self.log_use { Err(Unsettled(self.identity)) } else { Ok(self.identity) }
    }
}

impl Unsettled {
    /// What to record. Not for the answer.
    pub fn to_record(&self) -> &Identity {
        &self.0
    }

    /// Who was allowed, now that the use is recorded.
    pub fn recorded(self, _: Recorded) -> Identity {
        self.0
    }
}

impl Recorded {
    /// States that the use is durable. To be called where uses are committed, and nowhere else.
    pub fn after_commit() -> Self {
        Self(())
    }
}
