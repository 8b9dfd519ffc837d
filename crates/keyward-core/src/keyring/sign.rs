//! What the key ring signs with: Ed25519 (RFC 8032), seed: the subkey of the purpose.

use std::fmt;

use aws_lc_rs::hkdf;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::{KEY_LENGTH, KeyRingError, expand};

/// What a signature is of. Closed; each has a key of its own, expanded under the [`info`](Self::info) string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignPurpose {
    /// Checkpoints of the audit log. Store the public key with them: they outlive the version.
    AuditCheckpoint,
    /// Signed access tokens (RFC 9068).
    Jwt,
}

impl SignPurpose {
    /// Every purpose, in the order of declaration.
    pub const ALL: [SignPurpose; 2] = [Self::AuditCheckpoint, Self::Jwt];

    /// The HKDF info string of its seed. Never changes.
    pub const fn info(self) -> &'static str {
        match self {
            Self::AuditCheckpoint => "keyward/v1/sign/audit-checkpoint",
            Self::Jwt => "keyward/v1/sign/jwt",
        }
    }
}

/// An Ed25519 key pair of one version and purpose. The seed does not leave it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl SigningKey {
    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], KeyRingError> {
        let signature = self.pair.try_sign(message).map_err(|_| KeyRingError::Library)?;
        signature.as_ref().try_into().map_err(|_| KeyRingError::Library)
    }

    /// What [`signed_by`] checks its signatures with.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    pub(super) fn derive(prk: &hkdf::Prk, purpose: SignPurpose) -> Result<Self, KeyRingError> {
        let mut seed = Zeroizing::new([0; KEY_LENGTH]);
        expand(prk, purpose.info(), &mut seed)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| KeyRingError::Library)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyRingError::Library)?;
        Ok(Self { pair, public })
    }
}

/// Whether `signature` is that of `message` by the holder of `public_key`.
pub fn signed_by(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}
