//! What one organization is made of, apart from its credentials.

use std::ops::ControlFlow;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserGroupId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::organization::Organization;
use keyward_core::permission::PatternSet;
use keyward_core::rights::{Facts, Member};
use keyward_core::role::Holder;

use crate::record::{Grants, Held};
use crate::snapshot::Snapshot;

/// The facts of one organization. Copying it copies a handful of pointers.
#[derive(Clone)]
pub(crate) struct Estate {
    pub(crate) id: OrganizationId,
    /// `None` as long as it is only referred to.
    pub(crate) record: Option<Arc<Organization>>,
    /// Applications, workspaces and user groups.
    pub(crate) places: OrdMap<NamespaceId, Standpoint>,
    pub(crate) members: OrdMap<UserId, Member>,
    pub(crate) groups: OrdSet<(UserId, UserGroupId)>,
    /// What users and user groups hold. What credentials hold stands with them.
    pub(crate) grants: OrdMap<Holder, Grants>,
}

/// Where a namespace stands, and by what other name it is known.
#[derive(Clone)]
pub(crate) struct Standpoint {
    pub(crate) parent: NamespaceId,
    pub(crate) site_key: Option<Arc<str>>,
}

/// A role, by number. Grants name roles that may not be known yet, or no longer: those give nothing.
#[derive(Clone)]
pub(crate) struct RoleEntry {
    pub(crate) id: RoleId,
    /// Number of its organization, and what it lets its holders do.
    pub(crate) given: Option<(u32, Arc<PatternSet>)>,
}

/// A place where something can be granted or live, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Home {
    pub(crate) organization: u32,
    pub(crate) namespace: NamespaceId,
}

impl Estate {
    pub(crate) fn new(id: OrganizationId) -> Self {
        Self {
            id,
            record: None,
            places: OrdMap::new(),
            members: OrdMap::new(),
            groups: OrdSet::new(),
            grants: OrdMap::new(),
        }
    }
}

/// An organization at one revision: the facts that rights are computed from.
///
/// ```
/// # fn example(snapshot: &keyward_verify::Snapshot, organization: keyward_core::id::OrganizationId,
/// #            user: keyward_core::id::UserId) -> bool {
/// snapshot.organization(organization).is_some_and(|world| {
///     keyward_core::rights::user_allow(&world, user, organization.into(), "credentials:read")
/// })
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct World<'a> {
    snapshot: &'a Snapshot,
    estate: &'a Estate,
    number: u32,
    record: &'a Organization,
    /// A credential whose number is known already, so that its grants need no look-up.
    at_hand: Option<(CredentialId, u32)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, number: u32, estate: &'a Estate) -> Option<Self> {
        let record = estate.record.as_deref()?;
        Some(Self { snapshot, estate, number, record, at_hand: None })
    }

    pub(crate) fn with_at_hand(self, id: CredentialId, number: u32) -> Self {
        Self { at_hand: Some((id, number)), ..self }
    }

    /// The organization's record.
    pub fn record(&self) -> &'a Organization {
        self.record
    }

    /// What a role of the organization lets its holders do.
    pub fn patterns(&self, role: RoleId) -> Option<&'a PatternSet> {
        self.snapshot.role_number(role).and_then(|number| self.patterns_by_number(number))
    }

    /// Applications, workspaces and user groups, each with what is directly above it.
    pub fn namespaces(&self) -> impl Iterator<Item = (NamespaceId, NamespaceId)> + use<'a> {
        self.estate.places.iter().map(|(namespace, place)| (*namespace, place.parent))
    }

    /// The public site key of an application.
    pub fn site_key(&self, namespace: NamespaceId) -> Option<&'a str> {
        self.estate.places.get(&namespace)?.site_key.as_deref()
    }

    /// Members of the organization, suspended ones included.
    pub fn members(&self) -> impl Iterator<Item = (UserId, Member)> + use<'a> {
        self.estate.members.iter().map(|(user, member)| (*user, *member))
    }

    /// The roles that `holder` itself holds, and where: also roles and places that are gone, which give nothing.
    pub fn held(&self, holder: Holder) -> impl Iterator<Item = (RoleId, NamespaceId)> + use<'a> {
        let snapshot = self.snapshot;
        self.held_here(holder).filter_map(move |(held, home)| Some((snapshot.roles.get(held.role)?.id, home.namespace)))
    }

    /// The grants of `holder` that were made in this organization.
    fn held_here(&self, holder: Holder) -> impl Iterator<Item = (Held, Home)> + use<'a> {
        let (snapshot, number) = (self.snapshot, self.number);
        let grants = match (holder, self.at_hand) {
            (Holder::Credential(id), Some((at_hand, record))) if id == at_hand => snapshot.grants_of_record(record),
            (Holder::Credential(id), _) => {
                snapshot.record_number(id).map_or(&[][..], |record| snapshot.grants_of_record(record))
            }
            _ => self.estate.grants.get(&holder).map_or(&[][..], Grants::as_slice),
        };
        grants
            .iter()
            .filter_map(move |held| Some((*held, *snapshot.homes.get(held.place)?)))
            .filter(move |(_, home)| home.organization == number)
    }

    fn patterns_by_number(&self, role: u32) -> Option<&'a PatternSet> {
        let (organization, patterns) = self.snapshot.roles.get(role)?.given.as_ref()?;
        (*organization == self.number).then_some(patterns)
    }
}

impl Facts for World<'_> {
    fn organization(&self) -> OrganizationId {
        self.estate.id
    }

    fn parent(&self, namespace: NamespaceId) -> Option<NamespaceId> {
        self.estate.places.get(&namespace).map(|place| place.parent)
    }

    fn member(&self, user: UserId) -> Option<Member> {
        self.estate.members.get(&user).copied()
    }

    fn groups(&self, user: UserId, visit: &mut dyn FnMut(UserGroupId) -> ControlFlow<()>) -> ControlFlow<()> {
        let all = (user, UserGroupId::from_bits(0))..=(user, UserGroupId::from_bits(u128::MAX));
        // A group that was deleted gives nothing any more, whatever is still said of it.
        self.estate
            .groups
            .range(all)
            .filter(|(_, group)| self.estate.places.contains_key(&NamespaceId::from(*group)))
            .try_for_each(|(_, group)| visit(*group))
    }

    fn grants(
        &self,
        holder: Holder,
        visit: &mut dyn FnMut(NamespaceId, &PatternSet) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.held_here(holder)
            .filter_map(|(held, home)| Some((home.namespace, self.patterns_by_number(held.role)?)))
            .try_for_each(|(namespace, patterns)| visit(namespace, patterns))
    }
}
