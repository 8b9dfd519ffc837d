//! Everything that decisions are made from, at one revision.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use imbl::{OrdMap, OrdSet};
use keyward_core::change::{Change, Revision};
use keyward_core::digest::PepperVersion;
use keyward_core::id::{ApplicationId, CredentialId, OrganizationId, RoleId, UserId};
use keyward_core::keyring::{KeyRing, VersionState};
use keyward_core::kind::{Denials, Kind, KindId};
use keyward_core::law::Bounds;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::profile::Profile;
use keyward_core::rights::Holding;
use keyward_core::seal::{Binding, Sealed};
use keyward_core::signed::PublicKey;
use keyward_core::time::Timestamp;

use crate::apply::ApplyError;
use crate::catalogue::Catalogue;
use crate::numbered::Numbered;
use crate::record::{Held, Particulars, Record, Standing};
use crate::slab::Slab;
use crate::table::Table;
use crate::text::Text;
use crate::world::{Estate, Home, RoleEntry, World};

/// Everything that decisions are made from, at one revision: immutable but for the words of the rate limits.
///
/// A copy shares with its original all that is equal, down to pages of 64 records.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) revision: Revision,
    /// On the clock that counts since the machine started; `None`: never stale.
    pub(crate) fresh_until: Option<Duration>,
    pub(crate) ring: Arc<KeyRing>,
    /// The versions of the ring that can confirm a digest, the current one first.
    pub(crate) peppers: Arc<[PepperVersion]>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) records: Slab<Record>,
    /// Has the same numbers as `records`.
    pub(crate) particulars: Slab<Particulars>,
    pub(crate) by_id: Table,
    pub(crate) by_public_id: Table,
    /// Credentials that are one string without an id are found by its digest.
    pub(crate) by_digest: Table,
    pub(crate) estates: Slab<Arc<Estate>>,
    pub(crate) estate_numbers: Table,
    pub(crate) roles: Slab<RoleEntry>,
    pub(crate) role_numbers: Table,
    pub(crate) homes: Numbered<Home>,
    pub(crate) owners: Numbered<UserId>,
    pub(crate) memberships: OrdSet<(UserId, OrganizationId)>,
    pub(crate) sites: OrdMap<Arc<str>, (OrganizationId, ApplicationId)>,
    /// By the numbers of organization and kind, for kinds of which an organization has one: what was not revoked.
    pub(crate) singles: OrdSet<(u32, u16, CredentialId, u32)>,
    /// What signatures of unknown ids are checked with.
    pub(crate) decoy: Arc<Decoy>,
    /// Keyed with random numbers, so that nobody can choose names that are slow to find.
    hasher: RandomState,
}

/// A credential at one revision.
#[derive(Clone, Copy)]
pub struct CredentialView<'a> {
    snapshot: &'a Snapshot,
    record: &'a Record,
    particulars: &'a Particulars,
    kind: &'a Arc<Kind>,
    kind_name: &'a Text,
    estate: &'a Arc<Estate>,
    namespace: NamespaceId,
    standing: Standing,
}

impl Snapshot {
    pub(crate) fn empty(ring: Arc<KeyRing>) -> Self {
        Self {
            revision: Revision::default(),
            fresh_until: None,
            peppers: live_peppers(&ring),
            catalogue: Arc::default(),
            records: Slab::new(),
            particulars: Slab::new(),
            by_id: Table::new(),
            by_public_id: Table::new(),
            by_digest: Table::new(),
            estates: Slab::new(),
            estate_numbers: Table::new(),
            roles: Slab::new(),
            role_numbers: Table::new(),
            homes: Numbered::new(),
            owners: Numbered::new(),
            memberships: OrdSet::new(),
            sites: OrdMap::new(),
            singles: OrdSet::new(),
            decoy: Decoy::of(&ring),
            ring,
            hasher: RandomState::new(),
        }
    }

    /// Until when decisions are not stale (`CLOCK_BOOTTIME`); `None`: always.
    pub fn fresh_until(&self) -> Option<Duration> {
        self.fresh_until
    }

    /// How many credentials it knows, revoked ones included.
    pub fn credential_count(&self) -> u32 {
        self.records.len()
    }

    /// Whether decisions made at `boot` (`CLOCK_BOOTTIME`) are not stale.
    pub fn is_fresh(&self, boot: Duration) -> bool {
        self.fresh_until.is_none_or(|until| boot < until)
    }

    /// The state at `revision`, from every fact that holds then, in any order.
    pub fn load(
        ring: Arc<KeyRing>,
        revision: Revision,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Self, ApplyError> {
        let mut snapshot = Self { revision, ..Self::empty(ring) };
        for change in changes {
            snapshot.apply(&change)?;
        }
        Ok(snapshot)
    }

    /// The last commit that it knows of.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The key ring that digests are confirmed with.
    pub fn key_ring(&self) -> &Arc<KeyRing> {
        &self.ring
    }

    /// A recorded profile.
    pub fn profile(&self, name: &str) -> Option<&Arc<Profile>> {
        self.catalogue.profile(name)
    }

    /// Every recorded profile, by name.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &Arc<Profile>)> {
        self.catalogue.profiles()
    }

    /// A kind of a recorded profile.
    pub fn kind(&self, id: &KindId) -> Option<&Arc<Kind>> {
        self.catalogue.kind_by_id(id)
    }

    /// An organization with what its members' and credentials' rights are computed from.
    pub fn organization(&self, id: OrganizationId) -> Option<World<'_>> {
        let number = self.estate_number(id)?;
        World::new(self, number, self.estates.get(number)?)
    }

    /// Every organization.
    pub fn organizations(&self) -> impl Iterator<Item = World<'_>> {
        self.estates.iter().filter_map(|(number, estate)| World::new(self, number, estate))
    }

    /// The organizations of which a user is a member, suspended or not.
    pub fn organizations_of(&self, user: UserId) -> impl Iterator<Item = OrganizationId> + use<'_> {
        let all = (user, OrganizationId::from_bits(0))..=(user, OrganizationId::from_bits(u128::MAX));
        self.memberships.range(all).map(|(_, organization)| *organization)
    }

    /// The application with this site key, and its organization.
    pub fn site(&self, site_key: &str) -> Option<(OrganizationId, ApplicationId)> {
        self.sites.get(site_key).copied()
    }

    /// A credential by the id of its record; also a revoked one.
    pub fn credential(&self, id: CredentialId) -> Option<CredentialView<'_>> {
        self.view(self.record_number(id)?)
    }

    /// A credential by what a client presents to say which one it is; also a revoked one.
    pub fn credential_by_public_id(&self, public_id: &str) -> Option<CredentialView<'_>> {
        self.view(self.record_number_by_public_id(public_id)?)
    }

    /// The one credential of a kind in an organization, unless it was revoked: for kinds of which there is at most one
    /// there. Of others there is none that could be meant.
    pub fn only_credential(&self, organization: OrganizationId, kind: &KindId) -> Option<CredentialView<'_>> {
        let (organization, kind) = (self.estate_number(organization)?, self.catalogue.number(kind)?);
        let first = (organization, kind, CredentialId::from_bits(0), 0);
        let last = (organization, kind, CredentialId::from_bits(u128::MAX), u32::MAX);
        self.view(self.singles.range(first..=last).next_back()?.3)
    }

    /// Every credential, revoked ones included, in the order in which they became known.
    pub fn credentials(&self) -> impl Iterator<Item = CredentialView<'_>> {
        (0..self.records.len()).filter_map(|number| self.view(number))
    }

    pub(crate) fn set_key_ring(&mut self, ring: Arc<KeyRing>) {
        self.peppers = live_peppers(&ring);
        self.decoy = Decoy::of(&ring);
        self.ring = ring;
    }

    pub(crate) fn view(&self, number: u32) -> Option<CredentialView<'_>> {
        let record = self.records.get(number)?;
        let home = self.homes.get(record.home)?;
        Some(CredentialView {
            snapshot: self,
            record,
            particulars: self.particulars.get(number)?,
            kind: self.catalogue.kind(record.kind)?,
            kind_name: self.catalogue.name(record.kind)?,
            estate: self.estates.get(record.organization)?,
            namespace: home.namespace,
            standing: record.standing()?,
        })
    }

    pub(crate) fn record_number(&self, id: CredentialId) -> Option<u32> {
        let is_it = |number| self.particulars.get(number).is_some_and(|p| p.id == id);
        self.by_id.find(self.hash(&id), is_it)
    }

    pub(crate) fn record_number_by_public_id(&self, public_id: &str) -> Option<u32> {
        let is_it =
            |number| self.particulars.get(number).is_some_and(|p| p.public_id.as_bytes() == public_id.as_bytes());
        self.by_public_id.find(self.hash(public_id), is_it)
    }

    pub(crate) fn estate_number(&self, id: OrganizationId) -> Option<u32> {
        self.estate_numbers.find(self.hash(&id), |number| self.estates.get(number).is_some_and(|e| e.id == id))
    }

    pub(crate) fn role_number(&self, id: RoleId) -> Option<u32> {
        self.role_numbers.find(self.hash(&id), |number| self.roles.get(number).is_some_and(|r| r.id == id))
    }

    pub(crate) fn grants_of_record(&self, number: u32) -> &[Held] {
        self.particulars.get(number).map_or(&[], |p| p.grants.as_slice())
    }

    /// Any 32 bits of a keyed hash are as good as any other.
    #[expect(clippy::cast_possible_truncation, reason = "the tables use 32 bits")]
    pub(crate) fn hash<T: Hash + ?Sized>(&self, value: &T) -> u32 {
        self.hasher.hash_one(value) as u32
    }
}

impl<'a> CredentialView<'a> {
    /// Its name for machines.
    pub fn id(&self) -> CredentialId {
        self.particulars.id
    }

    /// What a client presents to say which one it is.
    pub fn public_id(&self) -> &'a str {
        self.particulars.public_id.as_str()
    }

    /// Where it belongs.
    pub fn organization(&self) -> OrganizationId {
        self.estate.id
    }

    /// Its rules.
    pub fn kind(&self) -> &'a Arc<Kind> {
        self.kind
    }

    /// Where it lives.
    pub fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    /// Who owns it.
    pub fn owner(&self) -> Option<UserId> {
        self.snapshot.owners.get(self.record.owner()?).copied()
    }

    /// Whether it can be used.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// From then on it is expired.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.record.expires_at()
    }

    /// Counts rotations and the revocation.
    pub fn generation(&self) -> u32 {
        self.particulars.generation
    }

    /// The public half of its key pair, if it has one.
    pub fn public_key(&self) -> Option<&'a PublicKey> {
        self.particulars.extra.as_ref()?.public_key.as_ref()
    }

    /// The current secret, sealed, for kinds that keep it.
    pub fn sealed(&self) -> Option<&'a Sealed> {
        self.particulars.extra.as_ref()?.sealed.as_ref()
    }

    /// Every secret that is kept sealed, the current one first, each with the number of its slot: what checking the
    /// signature of a form needs.
    pub(crate) fn all_sealed(&self) -> impl Iterator<Item = (u32, &'a Sealed)> + use<'a> {
        let replaced = self.particulars.extra.as_deref().map_or(&[][..], |extra| &extra.replaced);
        let current = self.sealed().map(|sealed| (self.particulars.slot, sealed));
        current.into_iter().chain(replaced.iter().filter_map(|old| Some((old.slot, old.sealed.as_ref()?))))
    }

    /// What counts of it for rights; the facts are [`Snapshot::organization`] of its organization.
    pub fn holding(&self) -> Holding<'a> {
        Holding {
            id: self.particulars.id,
            kind: self.kind,
            namespace: self.namespace,
            owner: self.owner(),
            denied: self.particulars.extra.as_ref().map_or(&NOTHING_DENIED, |extra| &extra.denied),
        }
    }

    /// What else bounds what it makes.
    pub fn bounds(&self) -> Bounds<'a> {
        let sources = self.particulars.extra.as_ref().map_or(&[][..], |extra| &extra.sources);
        Bounds { expires_at: self.expires_at(), sources }
    }

    /// Its organization, with its own grants at hand; `None` when the organization is not known.
    pub(crate) fn world(&self, number: u32) -> Option<World<'a>> {
        let world = World::new(self.snapshot, self.record.organization, self.estate)?;
        Some(world.with_at_hand(self.id(), number))
    }

    pub(crate) fn kind_name(&self) -> &'a Text {
        self.kind_name
    }

    pub(crate) fn record(&self) -> &'a Record {
        self.record
    }

    pub(crate) fn particulars(&self) -> &'a Particulars {
        self.particulars
    }
}

/// Something to check signatures with when there is nothing: opening it fails and no signature fits, after the same work.
pub(crate) struct Decoy {
    pub(crate) binding: Binding,
    pub(crate) sealed: Option<Sealed>,
    pub(crate) public_key: Option<PublicKey>,
}

impl Decoy {
    /// What signs where nothing was opened: as long as a secret that signs forms.
    pub(crate) const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn of(ring: &KeyRing) -> Arc<Self> {
        let [a, b, c, d] = ring.current_version().number().to_be_bytes();
        let mut envelope = vec![1, a, b, c, d];
        // As long as the envelope of such a secret.
        envelope.resize(5 + 12 + Self::SECRET.len() + 16, 0);
        Arc::new(Self {
            binding: Binding::CredentialSecret {
                organization: OrganizationId::from_bits(0),
                credential: CredentialId::from_bits(0),
            },
            sealed: Sealed::from_bytes(envelope).ok(),
            public_key: PublicKey::try_from(UNUSED_KEY.to_owned()).ok(),
        })
    }
}

/// An RSA 2048 key whose private half was thrown away.
const UNUSED_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnGFXgLp6xLsAl1KdbN8Xn0c57sNiGTBZFq7kBTO9mf5EwPtUyPdJhiny0\
    hywp7JlofCIjhFLmpz8zxm4vEHWvyyTG0MWd5FhOFzzl3VHpfR6rF5llhR5h3bB1XPZwkssMPC62P8Dqpx7M908qweTd3douc8u++rI0dWi1i+48GDC\
    v+cneO4g4iqejnGDzlyEfqiuF6LoTnZ5lfFeMcrcJK9OjRb3nB5GQguCheFEaP0xFryZhgaKde/wB5E2qVroTjZD+3DdOWWFpfnb/DGN9Kg3ydCOGg9\
    RnKanBg1hnplWP4u89bbboSP3t5+6jojJnBOjP29gQxMYgj2NbuyHqwIDAQAB";

fn live_peppers(ring: &KeyRing) -> Arc<[PepperVersion]> {
    let current = ring.current_version();
    let accepted = ring.versions().into_iter().filter(|v| v.state == VersionState::Accepted).map(|v| v.version);
    [current].into_iter().chain(accepted).collect()
}

static NOTHING_DENIED: Denials = Denials { patterns: PatternSet::none(), groups: Vec::new() };

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::PublicKey as Rsa;
    use keyward_core::entropy::Seeded;
    use keyward_core::seal::OpenError;
    use keyward_core::secret::Secret;

    use super::*;

    /// The work for an id that is not known is that for one that is: a text of the same length is decrypted, under a key
    /// that the ring has, and refused at the end; a key of the same size is read and tried.
    #[test]
    fn the_decoy_is_as_much_work_as_the_real_thing() {
        let mut ring = KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
        let newer = ring.add(Timestamp::EPOCH, &mut Seeded::new(2)).unwrap();
        ring.promote(newer).unwrap();
        let decoy = Decoy::of(&ring);
        let sealed = decoy.sealed.as_ref().unwrap();
        let secret = Secret::from_string(Decoy::SECRET.to_owned());
        let real = ring.seal(decoy.binding, &secret, &mut Seeded::new(3)).unwrap();
        assert_eq!(sealed.as_bytes().len(), real.as_bytes().len());
        assert_eq!(sealed.version(), ring.current_version());
        assert_eq!(
            ring.open(decoy.binding, sealed).err(),
            Some(OpenError::Refused),
            "it is decrypted, and refused then"
        );
        let key = Rsa::from_der(decoy.public_key.as_ref().unwrap().as_der()).unwrap();
        assert_eq!(key.as_ref().len(), 270, "an `RSAPublicKey` with 2048 bits, and the exponent of all");
    }

    /// Also after the ring was exchanged for one that has forgotten an earlier version.
    #[test]
    fn a_new_ring_has_a_decoy_of_its_own() {
        let ring = |seed| Arc::new(KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(seed)).unwrap());
        let mut snapshot = Snapshot::empty(ring(1));
        let mut newer = KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
        let version = newer.add(Timestamp::EPOCH, &mut Seeded::new(2)).unwrap();
        newer.promote(version).unwrap();
        snapshot.set_key_ring(Arc::new(newer));
        assert_eq!(snapshot.decoy.sealed.as_ref().map(Sealed::version), Some(version));
    }
}
