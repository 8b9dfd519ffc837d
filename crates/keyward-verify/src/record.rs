//! What is kept of one credential: a line of memory that every decision reads, and the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ipnet::IpNet;
use keyward_core::credential::{Credential, Slot, State};
use keyward_core::digest::Digest;
use keyward_core::id::{CredentialId, GrantId};
use keyward_core::kind::Denials;
use keyward_core::seal::Sealed;
use keyward_core::signed::PublicKey;
use keyward_core::time::Timestamp;

use crate::text::Text;

/// The part that every decision reads: one cache line.
///
/// Records are copied on write. A use that is charged while the record's page is being copied may be charged to the
/// copy that is let go; a rate limit forgets it. That is at most what is in flight on one page during one copy, and only
/// while somebody changes a credential on it.
#[repr(C, align(64))]
pub(crate) struct Record {
    digest: [u8; 32],
    /// When its whole allowance is free again: see [`crate::rate`].
    pub(crate) rate: AtomicU64,
    expires_at: i64,
    /// Number of the organization.
    pub(crate) organization: u32,
    /// Number of the owner, or [`Record::NOBODY`].
    owner: u32,
    /// Number of the place where it lives.
    pub(crate) home: u32,
    /// Number of the kind.
    pub(crate) kind: u16,
    flags: u16,
}

const _: () = assert!(size_of::<Record>() == 64 && align_of::<Record>() == 64);

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Active,
    /// Not until it is enabled again.
    Disabled,
    /// Never again.
    Revoked,
}

/// The numbers by which a record refers to what is kept elsewhere.
pub(crate) struct Numbers {
    pub(crate) organization: u32,
    pub(crate) owner: Option<u32>,
    pub(crate) home: u32,
    pub(crate) kind: u16,
}

impl Record {
    const NOBODY: u32 = u32::MAX;
    const NEVER: i64 = i64::MAX;
    const STANDING: u16 = 0b0011;
    const NO_DIGEST: u16 = 0b0100;
    /// Found by its digest as well.
    const BY_DIGEST: u16 = 0b1000;

    /// A number without a credential, and what unknown ids are compared with.
    pub(crate) const fn vacant() -> Record {
        Record {
            digest: [0; 32],
            rate: AtomicU64::new(0),
            expires_at: 0,
            organization: u32::MAX,
            owner: Record::NOBODY,
            home: u32::MAX,
            kind: u16::MAX,
            flags: Record::NO_DIGEST,
        }
    }

    /// The record of a credential. What was used of its rate stays used, and what was revoked stays revoked.
    pub(crate) fn of(credential: &Credential, numbers: &Numbers, earlier: &Record) -> Self {
        let standing = match (earlier.standing(), credential.state) {
            (Some(Standing::Revoked), _) | (_, State::Revoked { .. }) => 3,
            (_, State::Disabled { .. }) => 2,
            (_, State::Active) => 1,
        };
        let digest = credential.current().map(|slot| slot.digest.bytes);
        let missing = if digest.is_some() { 0 } else { Self::NO_DIGEST };
        Self {
            digest: digest.unwrap_or_default(),
            rate: AtomicU64::new(earlier.rate.load(Relaxed)),
            expires_at: credential.expires_at.map_or(Self::NEVER, Timestamp::micros),
            organization: numbers.organization,
            owner: numbers.owner.unwrap_or(Self::NOBODY),
            home: numbers.home,
            kind: numbers.kind,
            flags: standing | missing,
        }
    }

    /// Whether it can be used; `None` for a number without a credential.
    pub(crate) const fn standing(&self) -> Option<Standing> {
        match self.flags & Self::STANDING {
            1 => Some(Standing::Active),
            2 => Some(Standing::Disabled),
            3 => Some(Standing::Revoked),
            _ => None,
        }
    }

    pub(crate) const fn expires_at(&self) -> Option<Timestamp> {
        if self.expires_at == Self::NEVER { None } else { Some(Timestamp::from_micros(self.expires_at)) }
    }

    pub(crate) const fn owner(&self) -> Option<u32> {
        if self.owner == Self::NOBODY { None } else { Some(self.owner) }
    }

    /// Whether this is the digest of the current secret. Under another pepper it has another digest, so the version need
    /// not be compared. Takes as long when it is not the digest, or when there is none.
    #[inline]
    pub(crate) fn confirms(&self, presented: &[u8; 32]) -> bool {
        // First, so that it is done whatever the rest says.
        let equal = keyward_core::digest::equal(&self.digest, presented);
        equal && self.flags & Self::NO_DIGEST == 0
    }

    pub(crate) fn digest(&self) -> Option<&[u8; 32]> {
        (self.flags & Self::NO_DIGEST == 0).then_some(&self.digest)
    }

    pub(crate) const fn is_by_digest(&self) -> bool {
        self.flags & Self::BY_DIGEST != 0
    }

    pub(crate) fn set_by_digest(&mut self, found: bool) {
        self.flags = if found { self.flags | Self::BY_DIGEST } else { self.flags & !Self::BY_DIGEST };
    }
}

impl Clone for Record {
    fn clone(&self) -> Self {
        Self { rate: AtomicU64::new(self.rate.load(Relaxed)), ..*self }
    }
}

/// The part of a credential that not every check reads.
#[derive(Clone)]
pub(crate) struct Particulars {
    pub(crate) id: CredentialId,
    pub(crate) public_id: Text,
    pub(crate) generation: u32,
    /// Number of the current secret.
    pub(crate) slot: u32,
    /// What most credentials do not have.
    pub(crate) extra: Option<Arc<Extra>>,
    pub(crate) grants: Grants,
}

impl Particulars {
    /// Of a credential that is named by a grant and not known yet.
    pub(crate) fn vacant(id: CredentialId) -> Self {
        Self { id, public_id: Text::new(""), generation: 0, slot: 0, extra: None, grants: Grants::None }
    }

    /// Takes over what the record does not hold. Grants are facts of their own and stay.
    pub(crate) fn update(&mut self, credential: &Credential) {
        self.public_id = Text::new(&credential.public_id);
        self.generation = credential.generation;
        self.slot = credential.current().map_or(0, |slot| slot.number);
        self.extra = Extra::of(credential).map(Arc::new);
    }
}

/// What most credentials do not have.
#[derive(Clone)]
pub(crate) struct Extra {
    /// Secrets that were replaced.
    pub(crate) replaced: Vec<Replaced>,
    /// When the current secret ends, should it be one in its grace.
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) sources: Vec<IpNet>,
    pub(crate) denied: Denials,
    /// The current secret, sealed, where signatures are checked with it.
    pub(crate) sealed: Option<Sealed>,
    pub(crate) public_key: Option<PublicKey>,
}

/// A secret that was replaced, and when its grace ends.
#[derive(Clone)]
pub(crate) struct Replaced {
    pub(crate) slot: u32,
    pub(crate) digest: Digest,
    pub(crate) sealed: Option<Sealed>,
    /// Before all time, if it was replaced without a grace.
    pub(crate) ends_at: Timestamp,
}

impl Extra {
    fn of(credential: &Credential) -> Option<Self> {
        let (current, replaced) = match credential.slots.split_last() {
            Some((current, replaced)) => (Some(current), replaced),
            None => (None, &[][..]),
        };
        let extra = Self {
            replaced: replaced.iter().map(Replaced::of).collect(),
            ends_at: current.and_then(|slot| slot.ends_at),
            sources: credential.sources.clone(),
            denied: credential.denied.clone(),
            sealed: current.and_then(|slot| slot.sealed.clone()),
            public_key: credential.public_key.clone(),
        };
        let is_empty = extra.replaced.is_empty()
            && extra.ends_at.is_none()
            && extra.sources.is_empty()
            && extra.denied.is_empty()
            && extra.sealed.is_none()
            && extra.public_key.is_none();
        (!is_empty).then_some(extra)
    }
}

impl Replaced {
    fn of(slot: &Slot) -> Self {
        Self {
            slot: slot.number,
            digest: slot.digest,
            sealed: slot.sealed.clone(),
            ends_at: slot.ends_at.unwrap_or(Timestamp::from_micros(i64::MIN)),
        }
    }
}

/// The grants that one holder holds; nearly always none or one.
#[derive(Clone, Default)]
pub(crate) enum Grants {
    #[default]
    None,
    One(Held),
    Many(Arc<[Held]>),
}

/// A grant, seen from its holder. Role and place are numbers, so that an edit of the role reaches every grant at once.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    /// The two halves of the grant's id, which as one number would need more room.
    grant: (u64, u64),
    pub(crate) role: u32,
    pub(crate) place: u32,
}

impl Held {
    pub(crate) fn new(grant: GrantId, role: u32, place: u32) -> Self {
        Self { grant: halves(grant), role, place }
    }
}

impl Grants {
    pub(crate) fn as_slice(&self) -> &[Held] {
        match self {
            Grants::None => &[],
            Grants::One(held) => std::slice::from_ref(held),
            Grants::Many(held) => held,
        }
    }

    /// With one more grant, which takes the place of one with its id.
    pub(crate) fn with(&self, added: Held) -> Self {
        self.as_slice().iter().copied().filter(|held| held.grant != added.grant).chain([added]).collect()
    }

    pub(crate) fn without(&self, grant: GrantId) -> Self {
        self.as_slice().iter().copied().filter(|held| held.grant != halves(grant)).collect()
    }
}

impl FromIterator<Held> for Grants {
    fn from_iter<I: IntoIterator<Item = Held>>(grants: I) -> Self {
        let grants: Vec<Held> = grants.into_iter().collect();
        match grants.as_slice() {
            [] => Grants::None,
            [held] => Grants::One(*held),
            _ => Grants::Many(grants.into()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves are taken on purpose")]
fn halves(grant: GrantId) -> (u64, u64) {
    ((grant.bits() >> 64) as u64, grant.bits() as u64)
}
