//! The key ring: the secrets that the database does not hold, so that neither alone can forge or confirm a key.
//!
//! A ring has a random id of 16 bytes and numbered versions of 32 random bytes each. One version is *current*: new
//! digests, seals and signatures are made with it. The others are *accepted*: what was made with them still counts.
//! A *retired* version has lost its bytes; its number stays, so that it is never used twice. Nothing uses a version's
//! bytes directly:
//!
//! ```text
//! PRK(version)    = HKDF-Extract(SHA-256, salt = ring id, IKM = the version's 32 bytes)
//! subkey(purpose) = HKDF-Expand (SHA-256, PRK(version), info = the purpose's string, L = 32)     (RFC 5869)
//! check           = the first 16 bytes of HKDF-Expand(PRK(version), "keyward/v1/check", L = 32)
//! fingerprint     = the first 16 bytes of HKDF-Expand(HKDF-Extract(salt = none, IKM = ring id),
//!                                                     "keyward/v1/fingerprint", L = 32)
//! ```
//!
//! The purposes are [`DigestPurpose`], [`SealPurpose`] and [`SignPurpose`], each with its string. Fingerprint and
//! checks are public: the database keeps them and recognises a foreign ring, and a version that another copy of the
//! ring made under the same number.
//!
//! **Rotation.** [`add`](KeyRing::add) on one copy, bring the file to every node; [`promote`](KeyRing::promote) when
//! all have it; [`retire`](KeyRing::retire) the old one when nothing uses it any more.

mod sign;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::fmt;

use aws_lc_rs::{aead, hkdf};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::digest::{DigestPurpose, Pepper, PepperVersion};
use crate::entropy::Entropy;
use crate::seal::SealPurpose;
use crate::time::Timestamp;

pub use sign::{SignPurpose, SigningKey, signed_by};

/// The number of a version of the key ring, from 1. Versions are numbered without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyVersion(u32);

impl KeyVersion {
    /// From a number that was stored.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number to store.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a version stands. It never goes back from `Retired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionState {
    /// What was made with it counts; nothing new is made with it.
    Accepted,
    /// Everything new is made with it. Exactly one version is current.
    Current,
    /// Its key is gone.
    Retired,
}

impl VersionState {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Current => "current",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What may be shown of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    /// Its number.
    pub version: KeyVersion,
    /// Where it stands.
    pub state: VersionState,
    /// When it was added.
    pub created_at: Timestamp,
    /// Recognises its key without revealing it; a retired version keeps it.
    pub check: Fingerprint,
}

/// Recognises a ring or a version without revealing anything about it: 16 bytes, as 32 characters of `0-9a-f`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

/// Why a key ring was not made, read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The text is not a key ring. Says nothing of what stands there, for it may be a key.
    #[error("key ring, line {line}: {problem}")]
    Text {
        /// From 1.
        line: usize,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// No version has this number.
    #[error("the key ring has no version {0}; list its versions first")]
    UnknownVersion(KeyVersion),
    /// A retired version has no key any more.
    #[error("version {0} of the key ring is retired and cannot be promoted; add a new one")]
    Retired(KeyVersion),
    /// The current version is always in use.
    #[error("version {0} of the key ring is current; promote another one before retiring it")]
    Current(KeyVersion),
    /// Something was made with the version and still counts.
    #[error(
        "version {version} of the key ring is in use by {count} records; digests move at their next use, the others \
         when they are rotated or revoked"
    )]
    InUse {
        /// The version that was to be retired.
        version: KeyVersion,
        /// How many records would be lost with it.
        count: u64,
    },
    /// The most versions, retired ones included.
    #[error("the key ring has {} versions, which is the most it can have", KeyRing::MAX_VERSIONS)]
    Full,
    /// The cryptographic library failed, which it does only out of memory or broken.
    #[error("the cryptographic library failed to derive a key; check the machine's memory and restart")]
    Library,
}

/// The key ring. Look-ups neither allocate nor derive: everything was derived when the ring was read.
pub struct KeyRing {
    id: [u8; ID_LENGTH],
    fingerprint: Fingerprint,
    current: Version,
    accepted: Vec<Version>,
    retired: Vec<Retired>,
}

impl KeyRing {
    /// The most versions of a ring, retired ones included: monthly rotation for twenty years.
    pub const MAX_VERSIONS: usize = 256;

    /// A new ring with one version.
    pub fn generate(now: Timestamp, entropy: &mut impl Entropy) -> Result<Self, KeyRingError> {
        let mut id = [0; ID_LENGTH];
        entropy.fill(&mut id);
        let current = Version::generate(&id, KeyVersion(1), now, entropy)?;
        Ok(Self { id, fingerprint: Fingerprint::of_ring(&id)?, current, accepted: Vec::new(), retired: Vec::new() })
    }

    /// Adds a version, accepted and not yet current, and returns its number.
    pub fn add(&mut self, now: Timestamp, entropy: &mut impl Entropy) -> Result<KeyVersion, KeyRingError> {
        let count = 1 + self.accepted.len() + self.retired.len();
        if count >= Self::MAX_VERSIONS {
            return Err(KeyRingError::Full);
        }
        let number = KeyVersion(u32::try_from(count + 1).map_err(|_| KeyRingError::Full)?);
        self.accepted.push(Version::generate(&self.id, number, now, entropy)?);
        Ok(number)
    }

    /// Makes an accepted version current; the one that was is accepted from now on. Nothing happens if it is current.
    ///
    /// Only when every node has read a ring with this version: the others could not confirm what is made with it.
    pub fn promote(&mut self, version: KeyVersion) -> Result<(), KeyRingError> {
        if self.current.number == version {
            return Ok(());
        }
        let Some(found) = self.accepted.iter_mut().find(|v| v.number == version) else {
            return Err(self.not_accepted(version));
        };
        std::mem::swap(&mut self.current, found);
        Ok(())
    }

    /// Forgets the key of an accepted version for good. `in_use_count` is how many stored digests, sealed texts and
    /// live access tokens were made with it; as long as it is not zero, they would be lost, and the ring refuses.
    ///
    /// A backup of the database may need the version still: keep the ring's text of that time with it.
    pub fn retire(&mut self, version: KeyVersion, in_use_count: u64) -> Result<(), KeyRingError> {
        if self.current.number == version {
            return Err(KeyRingError::Current(version));
        }
        let Some(found) = self.accepted.iter().position(|v| v.number == version) else {
            return Err(self.not_accepted(version));
        };
        if in_use_count > 0 {
            return Err(KeyRingError::InUse { version, count: in_use_count });
        }
        let Version { number, created_at, keys } = self.accepted.remove(found);
        self.retired.push(Retired { number, created_at, check: keys.check });
        Ok(())
    }

    /// Every version, in the order of their numbers.
    pub fn versions(&self) -> Vec<VersionInfo> {
        let live = |v: &Version, state| VersionInfo {
            version: v.number,
            state,
            created_at: v.created_at,
            check: v.keys.check,
        };
        let mut all = vec![live(&self.current, VersionState::Current)];
        all.extend(self.accepted.iter().map(|v| live(v, VersionState::Accepted)));
        all.extend(self.retired.iter().map(|v| VersionInfo {
            version: v.number,
            state: VersionState::Retired,
            created_at: v.created_at,
            check: v.check,
        }));
        all.sort_unstable_by_key(|v| v.version);
        all
    }

    /// Recognises the ring, whatever its versions. A copy with another version under a known number has the same
    /// fingerprint: compare the [checks](VersionInfo::check) too.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The current version's number.
    pub fn current_version(&self) -> KeyVersion {
        self.current.number
    }

    /// The pepper of a version; `None` when the ring has no such version, or no longer.
    pub fn pepper(&self, version: PepperVersion) -> Option<&Pepper> {
        self.version(version).map(|v| &*v.keys.pepper)
    }

    /// The pepper for new digests.
    pub fn current_pepper(&self) -> &Pepper {
        &self.current.keys.pepper
    }

    /// The signing key of a version; `None` when the ring has no such version, or no longer.
    pub fn signing_key(&self, purpose: SignPurpose, version: KeyVersion) -> Option<&SigningKey> {
        self.version(version).map(|v| &v.keys.sign[purpose as usize])
    }

    /// The signing key for new signatures, with its version.
    pub fn current_signing_key(&self, purpose: SignPurpose) -> (KeyVersion, &SigningKey) {
        (self.current.number, &self.current.keys.sign[purpose as usize])
    }

    pub(crate) fn sealing_key(&self, purpose: SealPurpose) -> (KeyVersion, &aead::LessSafeKey) {
        (self.current.number, &self.current.keys.seal[purpose as usize])
    }

    pub(crate) fn opening_key(&self, purpose: SealPurpose, version: KeyVersion) -> Option<&aead::LessSafeKey> {
        self.version(version).map(|v| &v.keys.seal[purpose as usize])
    }

    fn version(&self, version: KeyVersion) -> Option<&Version> {
        if self.current.number == version {
            return Some(&self.current);
        }
        self.accepted.iter().find(|v| v.number == version)
    }

    fn not_accepted(&self, version: KeyVersion) -> KeyRingError {
        if self.retired.iter().any(|v| v.number == version) {
            KeyRingError::Retired(version)
        } else {
            KeyRingError::UnknownVersion(version)
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing")
    }
}

impl Fingerprint {
    /// The 128 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    fn of_ring(id: &[u8; ID_LENGTH]) -> Result<Self, KeyRingError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(id);
        Self::expand(&prk, "keyward/v1/fingerprint")
    }

    fn expand(prk: &hkdf::Prk, info: &'static str) -> Result<Self, KeyRingError> {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        expand(prk, info, &mut bytes)?;
        let mut first = [0; 16];
        first.copy_from_slice(&bytes[..16]);
        Ok(Self(u128::from_be_bytes(first)))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 32 characters of `0-9a-f`")]
pub struct NotAFingerprint;

impl std::str::FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        // `from_str_radix` alone would take a sign and capitals.
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(NotAFingerprint);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NotAFingerprint)
    }
}

/// A version with its keys. They are behind a pointer, so that moving a version leaves no copy of them.
struct Version {
    number: KeyVersion,
    created_at: Timestamp,
    keys: Box<Keys>,
}

struct Retired {
    number: KeyVersion,
    created_at: Timestamp,
    check: Fingerprint,
}

/// Everything derived from the bytes of one version.
struct Keys {
    material: Material,
    check: Fingerprint,
    pepper: Box<Pepper>,
    seal: [aead::LessSafeKey; SealPurpose::ALL.len()],
    sign: [SigningKey; SignPurpose::ALL.len()],
}

/// The bytes of a version: filled in place, overwritten on drop.
type Material = Box<Zeroizing<[u8; KEY_LENGTH]>>;

impl Version {
    fn generate(
        id: &[u8; ID_LENGTH],
        number: KeyVersion,
        created_at: Timestamp,
        entropy: &mut impl Entropy,
    ) -> Result<Self, KeyRingError> {
        let mut material = Material::default();
        entropy.fill(&mut **material);
        Self::derive(id, number, created_at, material)
    }

    fn derive(
        id: &[u8; ID_LENGTH],
        number: KeyVersion,
        created_at: Timestamp,
        material: Material,
    ) -> Result<Self, KeyRingError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, id).extract(&**material);
        let check = Fingerprint::expand(&prk, "keyward/v1/check")?;
        let mut pepper = Box::new(Pepper::empty(number));
        for purpose in DigestPurpose::ALL {
            expand(&prk, purpose.info(), pepper.key_mut(purpose))?;
        }
        let [secrets, tokens, factors] = SealPurpose::ALL.map(|purpose| sealing_key(&prk, purpose));
        let [checkpoints, jwts] = SignPurpose::ALL.map(|purpose| SigningKey::derive(&prk, purpose));
        let keys = Keys { material, check, pepper, seal: [secrets?, tokens?, factors?], sign: [checkpoints?, jwts?] };
        Ok(Self { number, created_at, keys: Box::new(keys) })
    }
}

fn sealing_key(prk: &hkdf::Prk, purpose: SealPurpose) -> Result<aead::LessSafeKey, KeyRingError> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    expand(prk, purpose.info(), &mut key)?;
    let key = aead::UnboundKey::new(&aead::AES_256_GCM_SIV, &*key).map_err(|_| KeyRingError::Library)?;
    Ok(aead::LessSafeKey::new(key))
}

fn expand(prk: &hkdf::Prk, info: &'static str, key: &mut [u8; KEY_LENGTH]) -> Result<(), KeyRingError> {
    prk.expand(&[info.as_bytes()], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(key)).map_err(|_| KeyRingError::Library)
}

const ID_LENGTH: usize = 16;
const KEY_LENGTH: usize = 32;
