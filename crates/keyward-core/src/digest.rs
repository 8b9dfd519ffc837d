//! What is stored of a secret that need not be shown again: a digest under a pepper.
//!
//! Every digest is keyed BLAKE3 (32-byte key, 32-byte output) over a text as it stands. The keys are the *pepper*: one
//! subkey per [`DigestPurpose`] of a version of the [key ring](crate::keyring), so that a digest made for one purpose
//! proves nothing for another, and the database alone neither confirms a guess nor forges a record. The secrets are
//! random and long; a slow hash would only make verification slow.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::format::NativeToken;
use crate::keyring::KeyVersion;

/// A pepper has the number of the key ring's version that it belongs to.
pub type PepperVersion = KeyVersion;

/// A stored digest and the pepper it was made under. As text: the pepper's number, `.`, and 43 characters of base64url.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    /// Which pepper confirms it.
    pub pepper: PepperVersion,
    /// What [`Pepper::digest`], [`Pepper::digest_token`] or [`Pepper::digest_for`] returned.
    pub bytes: [u8; 32],
}

impl Digest {
    /// Whether the presented secret, digested under *this* digest's pepper, is the stored one. Takes the same time
    /// whatever the bytes are.
    pub fn confirms(&self, presented: &[u8; 32]) -> bool {
        equal(&self.bytes, presented)
    }
}

/// Whether two digests are the same, in a time that does not depend on where they differ.
pub fn equal(stored: &[u8; 32], presented: &[u8; 32]) -> bool {
    constant_time::verify_slices_are_equal(stored, presented).is_ok()
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.pepper == other.pepper && equal(&self.bytes, &other.bytes)
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    /// Shows the version alone: a digest in a log would let a reader of it recognise a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").field("pepper", &self.pepper).finish_non_exhaustive()
    }
}

/// Why a text is not a digest. Does not quote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is the number of a pepper, `.` and 43 characters of base64url; restore the record from a backup")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (pepper, encoded) = text.split_once('.').ok_or(NotADigest)?;
        if pepper.starts_with('+') || encoded.len() != ENCODED_LENGTH {
            return Err(NotADigest);
        }
        let pepper = PepperVersion::new(pepper.parse().map_err(|_| NotADigest)?);
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NotADigest)?;
        Ok(Self { pepper, bytes: decoded.try_into().map_err(|_| NotADigest)? })
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

// And no `Display`: nothing shows a digest by accident.
impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        let mut text = format!("{}.", digest.pepper);
        URL_SAFE_NO_PAD.encode_string(digest.bytes, &mut text);
        text
    }
}

/// What a digest is of. Closed; each has a key of its own, expanded under the [`info`](Self::info) string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestPurpose {
    /// The secret of a credential with a public id: [`Pepper::digest`].
    Credential,
    /// A credential that is one string without an id: [`Pepper::digest_token`].
    Token,
    /// The cookie or bearer token of a signed-in user's session.
    Session,
    /// The one-time link of the first start.
    SetupLink,
    /// The link of an invitation.
    Invitation,
    /// The link by which a user sets a new password.
    PasswordReset,
    /// A recovery code of a second factor.
    RecoveryCode,
    /// An idempotency key, and the body it came with.
    IdempotencyKey,
    /// What failed sign-ins are counted for: people type passwords where their address belongs.
    Attempts,
    /// The token of a sign-in that waits for its code.
    SignIn,
}

impl DigestPurpose {
    /// Every purpose, in the order of declaration.
    pub const ALL: [DigestPurpose; 10] = [
        Self::Credential,
        Self::Token,
        Self::Session,
        Self::SetupLink,
        Self::Invitation,
        Self::PasswordReset,
        Self::RecoveryCode,
        Self::IdempotencyKey,
        Self::Attempts,
        Self::SignIn,
    ];

    /// The HKDF info string of its subkey. Never changes: every stored digest depends on it.
    pub const fn info(self) -> &'static str {
        match self {
            Self::Credential => "keyward/v1/digest/credential",
            Self::Token => "keyward/v1/digest/token",
            Self::Session => "keyward/v1/digest/session",
            Self::SetupLink => "keyward/v1/digest/setup-link",
            Self::Invitation => "keyward/v1/digest/invitation",
            Self::PasswordReset => "keyward/v1/digest/password-reset",
            Self::RecoveryCode => "keyward/v1/digest/recovery-code",
            Self::IdempotencyKey => "keyward/v1/digest/idempotency-key",
            Self::Attempts => "keyward/v1/digest/attempts",
            Self::SignIn => "keyward/v1/digest/sign-in",
        }
    }
}

/// The digest keys of one version of the key ring. Got from [`KeyRing::pepper`](crate::keyring::KeyRing::pepper);
/// nothing here allocates.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Pepper {
    #[zeroize(skip)]
    version: PepperVersion,
    keys: [[u8; 32]; DigestPurpose::ALL.len()],
}

impl Pepper {
    /// All keys zero, to be filled in place: a key that is moved leaves a copy behind.
    pub(crate) fn empty(version: PepperVersion) -> Self {
        Self { version, keys: [[0; 32]; DigestPurpose::ALL.len()] }
    }

    pub(crate) fn key_mut(&mut self, purpose: DigestPurpose) -> &mut [u8; 32] {
        &mut self.keys[purpose as usize]
    }

    /// The version to store beside a digest.
    pub fn version(&self) -> PepperVersion {
        self.version
    }

    /// The digest of a credential's secret: keyed BLAKE3 under `keyward/v1/digest/credential` over
    /// `public_id ‖ 0x00 ‖ secret`.
    ///
    /// The id is part of it, so that a digest copied onto another record confirms nothing there. No stored public id
    /// contains a NUL, so no two pairs are the same input. A native token with a prefix of up to three characters is
    /// one block of the hash, others are two.
    pub fn digest(&self, public_id: &str, secret: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(self.key(DigestPurpose::Credential));
        hasher.update(public_id.as_bytes()).update(&[0]).update(secret.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// [`digest`](Self::digest) of a native token's public id (`<prefix>_<id>`) and secret (43 characters, without the
    /// checksum).
    pub fn digest_native(&self, token: &NativeToken<'_>) -> [u8; 32] {
        self.digest(token.public_id, token.secret)
    }

    /// The digest of a credential that is one string without an id (imported, or of a vendor's format): keyed BLAKE3
    /// under `keyward/v1/digest/token` over the string. The record is found by it, and finding it is the proof.
    pub fn digest_token(&self, token: &str) -> [u8; 32] {
        self.digest_for(DigestPurpose::Token, token)
    }

    /// The digest of any other text: keyed BLAKE3 under the purpose's key over the text.
    pub fn digest_for(&self, purpose: DigestPurpose, text: &str) -> [u8; 32] {
        *blake3::keyed_hash(self.key(purpose), text.as_bytes()).as_bytes()
    }

    fn key(&self, purpose: DigestPurpose) -> &[u8; 32] {
        &self.keys[purpose as usize]
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper")
    }
}

/// 32 bytes in base64 without padding.
const ENCODED_LENGTH: usize = 43;
