//! What is stored of a secret that may be shown again: a text that only the key ring opens.
//!
//! AES-256-GCM-SIV (RFC 8452), key: the subkey of the [`SealPurpose`] of a version of the [key ring](crate::keyring).
//!
//! | bytes | envelope |
//! |---|---|
//! | 1 | `0x01`, the number of this layout |
//! | 4 | version of the key ring, big-endian |
//! | 12 | nonce, random |
//! | n | ciphertext, as long as the plaintext |
//! | 16 | tag |
//!
//! As text: base64url (RFC 4648 section 5) of the envelope, without padding. The associated data is the purpose's info
//! string, `0x00`, and the 16 bytes of each id of the [`Binding`], big-endian: what was sealed for one record does not
//! open on another. GCM-SIV is preferred to GCM because of its nonces: should a random one come up
//! twice under one key (among 2³² texts, with probability 2⁻³³), it shows whether the same text was sealed twice for the
//! same record, and nothing else is lost.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{Aad, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::Entropy;
use crate::id::{CredentialId, OrganizationId, UserId};
use crate::keyring::{KeyRing, KeyVersion};
use crate::secret::Secret;

/// What a sealed text belongs to. It opens with the same binding only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The revealable secret of a credential.
    CredentialSecret {
        /// The organization whose credential it is.
        organization: OrganizationId,
        /// The credential.
        credential: CredentialId,
    },
    /// An access token: the sealed statement itself names its credential.
    AccessToken,
    /// The secret of a user's second factor.
    SecondFactor {
        /// Whose it is.
        user: UserId,
    },
}

/// What a sealing key is for. Closed; each has a key of its own, expanded under the [`info`](Self::info) string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SealPurpose {
    /// Secrets of credentials that may be revealed.
    CredentialSecret,
    /// Opaque access tokens.
    AccessToken,
    /// Secrets of second factors.
    SecondFactor,
}

impl SealPurpose {
    /// Every purpose, in the order of declaration.
    pub const ALL: [SealPurpose; 3] = [Self::CredentialSecret, Self::AccessToken, Self::SecondFactor];

    /// The HKDF info string of its subkey, and the beginning of the associated data. Never changes.
    pub const fn info(self) -> &'static str {
        match self {
            Self::CredentialSecret => "keyward/v1/seal/credential-secret",
            Self::AccessToken => "keyward/v1/seal/access-token",
            Self::SecondFactor => "keyward/v1/seal/second-factor",
        }
    }
}

impl Binding {
    /// The purpose whose key seals it.
    pub const fn purpose(&self) -> SealPurpose {
        match self {
            Self::CredentialSecret { .. } => SealPurpose::CredentialSecret,
            Self::AccessToken => SealPurpose::AccessToken,
            Self::SecondFactor { .. } => SealPurpose::SecondFactor,
        }
    }

    fn associated_data(&self) -> Aad<AssociatedData> {
        let mut data = AssociatedData { bytes: [0; 80], length: 0 };
        data.push(self.purpose().info().as_bytes());
        data.push(&[0]);
        match self {
            Self::CredentialSecret { organization, credential } => {
                data.push(&organization.bits().to_be_bytes());
                data.push(&credential.bits().to_be_bytes());
            }
            Self::AccessToken => {}
            Self::SecondFactor { user } => data.push(&user.bits().to_be_bytes()),
        }
        Aad::from(data)
    }
}

/// A sealed text as it is stored: the envelope described above. Not secret without the key ring.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed {
    version: KeyVersion,
    envelope: Vec<u8>,
}

/// Why a text was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than anything that is sealed.
    #[error("the text is longer than {} bytes", Sealed::MAX_PLAINTEXT)]
    TooLong,
    /// The cryptographic library failed, which it does only out of memory or broken.
    #[error("the cryptographic library failed to seal; check the machine's memory and restart")]
    Library,
}

/// Why a sealed text was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not an envelope.
    #[error("the sealed text is damaged; restore the record from a backup")]
    Malformed,
    /// The ring has no such version, or no longer.
    #[error(
        "the sealed text needs version {0} of the key ring, which this ring does not hold; start with the ring that does"
    )]
    UnknownVersion(KeyVersion),
    /// It was changed, or sealed for another record, or by another ring.
    #[error("the sealed text was changed, or belongs to another record or key ring")]
    Refused,
}

impl Sealed {
    /// The longest plaintext in bytes: sixty-four times the longest format.
    pub const MAX_PLAINTEXT: usize = 16 * 1024;

    /// The version of the key ring that opens it.
    pub fn version(&self) -> KeyVersion {
        self.version
    }

    /// The envelope.
    pub fn as_bytes(&self) -> &[u8] {
        &self.envelope
    }

    /// From an envelope.
    pub fn from_bytes(envelope: Vec<u8>) -> Result<Self, OpenError> {
        Ok(Self { version: version_of(&envelope)?, envelope })
    }
}

impl KeyRing {
    /// Seals a secret under the current version.
    pub fn seal(&self, binding: Binding, secret: &Secret, entropy: &mut impl Entropy) -> Result<Sealed, SealError> {
        self.seal_bytes(binding, secret.expose().as_bytes(), entropy)
    }

    /// Opens what [`seal`](Self::seal) made for the same binding.
    pub fn open(&self, binding: Binding, sealed: &Sealed) -> Result<Secret, OpenError> {
        let mut envelope = Zeroizing::new(sealed.envelope.clone());
        let plaintext = self.open_in_place(binding, &mut envelope)?;
        let text = std::str::from_utf8(plaintext).map_err(|_| OpenError::Refused)?;
        Ok(Secret::from_string(text.to_owned()))
    }

    /// Seals bytes under the current version.
    pub fn seal_bytes(
        &self,
        binding: Binding,
        plaintext: &[u8],
        entropy: &mut impl Entropy,
    ) -> Result<Sealed, SealError> {
        if plaintext.len() > Sealed::MAX_PLAINTEXT {
            return Err(SealError::TooLong);
        }
        let (version, key) = self.sealing_key(binding.purpose());
        let mut nonce = [0; NONCE_LENGTH];
        entropy.fill(&mut nonce);
        let mut envelope = Vec::with_capacity(OVERHEAD + plaintext.len());
        envelope.push(LAYOUT);
        envelope.extend(version.number().to_be_bytes());
        envelope.extend(nonce);
        envelope.extend(plaintext);
        let text = &mut envelope[HEADER_LENGTH..];
        let nonce = Nonce::assume_unique_for_key(nonce);
        let Ok(tag) = key.seal_in_place_separate_tag(nonce, binding.associated_data(), text) else {
            text.zeroize();
            return Err(SealError::Library);
        };
        envelope.extend(tag.as_ref());
        Ok(Sealed { version, envelope })
    }

    /// Opens an envelope where it lies, without allocating; returns the plaintext, which is part of it.
    pub fn open_in_place<'e>(&self, binding: Binding, envelope: &'e mut [u8]) -> Result<&'e mut [u8], OpenError> {
        let version = version_of(envelope)?;
        let key = self.opening_key(binding.purpose(), version).ok_or(OpenError::UnknownVersion(version))?;
        let (header, sealed) = envelope.split_at_mut(HEADER_LENGTH);
        let nonce = Nonce::try_assume_unique_for_key(&header[HEADER_LENGTH - NONCE_LENGTH..])
            .map_err(|_| OpenError::Malformed)?;
        key.open_in_place(nonce, binding.associated_data(), sealed).map_err(|_| OpenError::Refused)
    }
}

fn version_of(envelope: &[u8]) -> Result<KeyVersion, OpenError> {
    if envelope.len() < OVERHEAD || envelope.len() > OVERHEAD + Sealed::MAX_PLAINTEXT {
        return Err(OpenError::Malformed);
    }
    match envelope {
        [LAYOUT, a, b, c, d, ..] => Ok(KeyVersion::new(u32::from_be_bytes([*a, *b, *c, *d]))),
        _ => Err(OpenError::Malformed),
    }
}

impl FromStr for Sealed {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        if text.len() > (OVERHEAD + Self::MAX_PLAINTEXT).div_ceil(3) * 4 {
            return Err(OpenError::Malformed);
        }
        Self::from_bytes(URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed)?)
    }
}

impl TryFrom<String> for Sealed {
    type Error = OpenError;

    fn try_from(text: String) -> Result<Self, OpenError> {
        text.parse()
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.to_string()
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64::display::Base64Display::new(&self.envelope, &URL_SAFE_NO_PAD).fmt(f)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Associated data, gathered without allocating: the longest is 33 + 1 + 2 × 16 bytes.
struct AssociatedData {
    bytes: [u8; 80],
    length: usize,
}

impl AssociatedData {
    fn push(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        self.bytes[self.length..end].copy_from_slice(part);
        self.length = end;
    }
}

impl AsRef<[u8]> for AssociatedData {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

const LAYOUT: u8 = 1;
const NONCE_LENGTH: usize = 12;
const HEADER_LENGTH: usize = 1 + 4 + NONCE_LENGTH;
const OVERHEAD: usize = HEADER_LENGTH + 16;
