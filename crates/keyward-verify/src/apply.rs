//! How a committed fact changes a snapshot.
//!
//! A change replaces one record and nothing else. What depends on a record that is gone is not hunted down: it is refused
//! because the record is not there when a decision asks for it. So the order of facts within a commit or a load does not
//! matter, and the feed states every record that was removed, as it states every one that was added.

use std::sync::Arc;

use keyward_core::change::{Change, RecordedProfile, Revision};
use keyward_core::credential::Credential;
use keyward_core::id::{CredentialId, GrantId, OrganizationId, RoleId};
use keyward_core::kind::{Format, Kind, Limit, LimitScope, Parts};
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::profile::Profile;
use keyward_core::rights::Member;
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::user::Membership;

use crate::record::{Held, Numbers, Particulars, Record, Standing};
use crate::slab::Full;
use crate::snapshot::Snapshot;
use crate::world::{Estate, Home, RoleEntry, Standpoint};

/// Why changes were not applied. Nothing of the call was published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A commit is missing.
    #[error("revision {next} cannot follow {applied}: read the change feed from {} on", applied.next())]
    Gap {
        /// The last one that is known.
        applied: Revision,
        /// The one that was to be applied.
        next: Revision,
    },
    /// A recorded profile cannot be read.
    #[error("the recorded profile `{name}` cannot be read by this version of Keyward: {problem}")]
    Profile {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// More records than can be numbered.
    #[error("the index is full: it holds 2^32 records of a sort, or 2^16 kinds")]
    Full,
}

impl From<Full> for ApplyError {
    fn from(_: Full) -> Self {
        ApplyError::Full
    }
}

impl Snapshot {
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::Profile(recorded) => self.apply_profile(recorded)?,
            Change::Organization(organization) => {
                self.estate_mut(organization.id, |estate| estate.record = Some(Arc::new(organization.clone())))?;
            }
            Change::Namespace(namespace) => self.apply_namespace(namespace)?,
            Change::NamespaceRemoved { organization, id } => self.remove_namespace(*organization, *id)?,
            Change::Membership(membership) => self.apply_membership(membership)?,
            Change::MembershipRemoved { organization, user } => {
                self.estate_mut(*organization, |estate| estate.members.remove(user))?;
                self.memberships.remove(&(*user, *organization));
            }
            Change::GroupMember(member) => {
                self.estate_mut(member.organization, |estate| estate.groups.insert((member.user, member.group)))?;
            }
            Change::GroupMemberRemoved(member) => {
                self.estate_mut(member.organization, |estate| estate.groups.remove(&(member.user, member.group)))?;
            }
            Change::Role(role) => self.apply_role(role)?,
            Change::RoleRemoved { id, .. } => {
                let number = self.number_of_role(*id)?;
                if let Some(entry) = self.roles.get_mut(number) {
                    entry.given = None;
                }
            }
            Change::Grant(grant) => self.apply_grant(grant)?,
            Change::GrantRemoved { organization, id, holder } => self.remove_grant(*organization, *id, *holder)?,
            Change::Credential(credential) => self.apply_credential(credential)?,
        }
        Ok(())
    }

    fn apply_profile(&mut self, recorded: &RecordedProfile) -> Result<(), ApplyError> {
        let unreadable = |problem: String| ApplyError::Profile { name: recorded.name.clone(), problem };
        let profile =
            Profile::parse(&recorded.name, &recorded.text).map_err(|faults| unreadable(faults.to_string()))?;
        if profile.name != recorded.name {
            return Err(unreadable(format!("the text names itself `{}`", profile.name)));
        }
        Arc::make_mut(&mut self.catalogue).put(profile)?;
        // A kind became known, or is presented in another way than before, or has another limit.
        for number in 0..self.records.len() {
            self.find_by_digest(number)?;
            self.find_by_kind(number);
        }
        Ok(())
    }

    fn apply_namespace(&mut self, namespace: &Namespace) -> Result<(), ApplyError> {
        self.remove_namespace(namespace.organization, namespace.id)?;
        let site_key: Option<Arc<str>> = namespace.site_key.as_deref().map(Arc::from);
        if let (Some(key), NamespaceId::Application(application)) = (&site_key, namespace.id) {
            self.sites.insert(Arc::clone(key), (namespace.organization, application));
        }
        let place = Standpoint { parent: namespace.parent, site_key };
        self.estate_mut(namespace.organization, |estate| estate.places.insert(namespace.id, place))?;
        Ok(())
    }

    fn remove_namespace(&mut self, organization: OrganizationId, id: NamespaceId) -> Result<(), ApplyError> {
        let removed = self.estate_mut(organization, |estate| estate.places.remove(&id))?;
        if let Some(key) = removed.and_then(|place| place.site_key)
            && self.sites.get(&key).is_some_and(|(_, application)| NamespaceId::from(*application) == id)
        {
            self.sites.remove(&key);
        }
        Ok(())
    }

    fn apply_membership(&mut self, membership: &Membership) -> Result<(), ApplyError> {
        let member = Member { active: membership.is_active(), super_admin: membership.super_admin };
        self.estate_mut(membership.organization, |estate| estate.members.insert(membership.user, member))?;
        self.memberships.insert((membership.user, membership.organization));
        Ok(())
    }

    fn apply_role(&mut self, role: &Role) -> Result<(), ApplyError> {
        let organization = self.number_of_estate(role.organization)?;
        let number = self.number_of_role(role.id)?;
        if let Some(entry) = self.roles.get_mut(number) {
            entry.given = Some((organization, Arc::new(role.patterns.clone())));
        }
        Ok(())
    }

    fn apply_grant(&mut self, grant: &Grant) -> Result<(), ApplyError> {
        let place = self.number_of_home(grant.organization, grant.namespace)?;
        let held = Held::new(grant.id, self.number_of_role(grant.role)?, place);
        match grant.holder {
            Holder::Credential(id) => {
                let number = self.number_of_record(id)?;
                if let Some(particulars) = self.particulars.get_mut(number) {
                    particulars.grants = particulars.grants.with(held);
                }
            }
            holder @ (Holder::User(_) | Holder::UserGroup(_)) => {
                self.estate_mut(grant.organization, |estate| {
                    let grants = estate.grants.get(&holder).cloned().unwrap_or_default();
                    estate.grants.insert(holder, grants.with(held));
                })?;
            }
        }
        Ok(())
    }

    fn remove_grant(&mut self, organization: OrganizationId, id: GrantId, holder: Holder) -> Result<(), ApplyError> {
        match holder {
            Holder::Credential(credential) => {
                let number = self.record_number(credential);
                if let Some(particulars) = number.and_then(|number| self.particulars.get_mut(number)) {
                    particulars.grants = particulars.grants.without(id);
                }
            }
            Holder::User(_) | Holder::UserGroup(_) => {
                self.estate_mut(organization, |estate| {
                    let left = estate.grants.get(&holder).map(|grants| grants.without(id)).unwrap_or_default();
                    if left.as_slice().is_empty() {
                        estate.grants.remove(&holder);
                    } else {
                        estate.grants.insert(holder, left);
                    }
                })?;
            }
        }
        Ok(())
    }

    fn apply_credential(&mut self, credential: &Credential) -> Result<(), ApplyError> {
        let number = self.number_of_record(credential.id)?;
        self.forget_digests(number);
        self.forget_single(number);
        let owner = credential.owner.map(|owner| self.owners.number_of(self.hash(&owner), owner)).transpose()?;
        let numbers = Numbers {
            organization: self.number_of_estate(credential.organization)?,
            owner,
            home: self.number_of_home(credential.organization, credential.namespace)?,
            kind: Arc::make_mut(&mut self.catalogue).number_of(&credential.kind)?,
        };
        let earlier = self.particulars.get(number).map(|p| p.public_id.as_str().to_owned()).unwrap_or_default();
        if earlier != credential.public_id {
            if !earlier.is_empty() {
                self.by_public_id.remove(self.hash(earlier.as_str()), number);
            }
            self.by_public_id.insert(self.hash(credential.public_id.as_str()), number)?;
        }
        if let Some(particulars) = self.particulars.get_mut(number) {
            particulars.update(credential);
        }
        if let Some(record) = self.records.get_mut(number) {
            *record = Record::of(credential, &numbers, record);
        }
        self.find_by_kind(number);
        self.find_by_digest(number)
    }

    /// Makes a credential known as the one of its kind, or no longer.
    fn find_by_kind(&mut self, number: u32) {
        let Some(key) = self.single_key(number) else { return };
        let record = self.records.get(number);
        let lives = record.and_then(Record::standing).is_some_and(|standing| standing != Standing::Revoked);
        if lives && self.catalogue.kind(key.1).is_some_and(|kind| is_single(kind)) {
            self.singles.insert(key);
        } else {
            self.singles.remove(&key);
        }
    }

    fn forget_single(&mut self, number: u32) {
        if let Some(key) = self.single_key(number) {
            self.singles.remove(&key);
        }
    }

    fn single_key(&self, number: u32) -> Option<(u32, u16, CredentialId, u32)> {
        let record = self.records.get(number)?;
        Some((record.organization, record.kind, self.particulars.get(number)?.id, number))
    }

    /// Makes a credential's digests known, or no longer, as its kind asks for.
    fn find_by_digest(&mut self, number: u32) -> Result<(), ApplyError> {
        let Some(record) = self.records.get(number) else { return Ok(()) };
        let wanted = record.standing().is_some() && self.catalogue.kind(record.kind).is_some_and(|k| is_bare_token(k));
        if wanted == record.is_by_digest() {
            return Ok(());
        }
        if !wanted {
            self.forget_digests(number);
            return Ok(());
        }
        for digest in self.digests(number) {
            self.by_digest.insert(digest_hash(&digest), number)?;
        }
        if let Some(record) = self.records.get_mut(number) {
            record.set_by_digest(true);
        }
        Ok(())
    }

    fn forget_digests(&mut self, number: u32) {
        if !self.records.get(number).is_some_and(Record::is_by_digest) {
            return;
        }
        for digest in self.digests(number) {
            self.by_digest.remove(digest_hash(&digest), number);
        }
        if let Some(record) = self.records.get_mut(number) {
            record.set_by_digest(false);
        }
    }

    fn digests(&self, number: u32) -> Vec<[u8; 32]> {
        let current = self.records.get(number).and_then(Record::digest).copied();
        let extra = self.particulars.get(number).and_then(|p| p.extra.as_deref());
        current.into_iter().chain(extra.into_iter().flat_map(|e| &e.replaced).map(|r| r.digest.bytes)).collect()
    }

    fn number_of_record(&mut self, id: CredentialId) -> Result<u32, Full> {
        if let Some(number) = self.record_number(id) {
            return Ok(number);
        }
        self.records.push(Record::vacant())?;
        let number = self.particulars.push(Particulars::vacant(id))?;
        self.by_id.insert(self.hash(&id), number)?;
        Ok(number)
    }

    fn number_of_role(&mut self, id: RoleId) -> Result<u32, Full> {
        if let Some(number) = self.role_number(id) {
            return Ok(number);
        }
        let number = self.roles.push(RoleEntry { id, given: None })?;
        self.role_numbers.insert(self.hash(&id), number)?;
        Ok(number)
    }

    fn number_of_home(&mut self, organization: OrganizationId, namespace: NamespaceId) -> Result<u32, Full> {
        let home = Home { organization: self.number_of_estate(organization)?, namespace };
        self.homes.number_of(self.hash(&home), home)
    }

    fn number_of_estate(&mut self, id: OrganizationId) -> Result<u32, Full> {
        if let Some(number) = self.estate_number(id) {
            return Ok(number);
        }
        let number = self.estates.push(Arc::new(Estate::new(id)))?;
        self.estate_numbers.insert(self.hash(&id), number)?;
        Ok(number)
    }

    fn estate_mut<T>(&mut self, id: OrganizationId, change: impl FnOnce(&mut Estate) -> T) -> Result<T, Full> {
        let number = self.number_of_estate(id)?;
        self.estates.get_mut(number).map(|estate| change(Arc::make_mut(estate))).ok_or(Full)
    }
}

/// Whether an organization has at most one credential of the kind.
fn is_single(kind: &Kind) -> bool {
    kind.limit == Some(Limit { count: 1, per: LimitScope::Organization })
}

/// Whether what a client presents of the kind is one string in which no id can be read.
fn is_bare_token(kind: &Kind) -> bool {
    kind.parts == Parts::Token && matches!(kind.secret_format, Format::Text(_))
}

/// Digests are made with a secret key, so any of their bits are as good as a hash.
pub(crate) fn digest_hash(digest: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *digest;
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use keyward_core::credential::{CallerId, Slot, State};
    use keyward_core::digest::Digest;
    use keyward_core::entropy::Seeded;
    use keyward_core::id::UserId;
    use keyward_core::keyring::KeyRing;
    use keyward_core::kind::Denials;
    use keyward_core::name::Name;
    use keyward_core::time::Timestamp;

    use super::*;

    const PROFILE: &str = "
        name = 'test'
        version = 1
        title = 'Test'
        [kinds.bare]
        secret_format = { length = 40 }
    ";

    fn bare(digest: [u8; 32], version: keyward_core::keyring::KeyVersion) -> Change {
        let digest = Digest { pepper: version, bytes: digest };
        let organization = OrganizationId::from_bits(1);
        Change::Credential(Box::new(Credential {
            id: CredentialId::from_bits(2),
            organization,
            kind: "test/bare".parse().unwrap(),
            name: Name::new("bare").unwrap(),
            public_id: "public".into(),
            namespace: organization.into(),
            owner: None,
            created_by: CallerId::User(UserId::from_bits(3)),
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            state: State::Active,
            generation: 1,
            expires_at: None,
            sources: Vec::new(),
            denied: Denials::default(),
            public_key: None,
            slots: vec![Slot { number: 1, digest, sealed: None, created_at: Timestamp::EPOCH, ends_at: None }],
        }))
    }

    #[test]
    fn a_digest_that_was_replaced_is_not_found_any_more() {
        let ring = Arc::new(KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap());
        let version = ring.current_version();
        let profile = Change::Profile(RecordedProfile::new("test", 1, PROFILE));
        let mut snapshot = Snapshot::load(ring, Revision(1), [profile, bare([7; 32], version)]).unwrap();
        let found = |snapshot: &Snapshot, digest| snapshot.by_digest.find(digest_hash(&digest), |_| true);
        assert_eq!(found(&snapshot, [7; 32]), Some(0));
        snapshot.apply(&bare([8; 32], version)).unwrap();
        assert_eq!((found(&snapshot, [7; 32]), found(&snapshot, [8; 32])), (None, Some(0)));
    }
}
