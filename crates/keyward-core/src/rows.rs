//! The facts of one organization as plain rows: what a transaction has read, or what a test states.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::id::{OrganizationId, UserGroupId, UserId};
use crate::namespace::NamespaceId;
use crate::permission::PatternSet;
use crate::rights::{Facts, Member};
use crate::role::Holder;

/// The rows that a judgement needs. What is absent here does not exist for it, so leaving something out can only
/// take rights away.
#[derive(Clone, Debug)]
pub struct Rows {
    organization: OrganizationId,
    parents: BTreeMap<NamespaceId, NamespaceId>,
    members: BTreeMap<UserId, Member>,
    groups: BTreeMap<UserId, Vec<UserGroupId>>,
    grants: BTreeMap<Holder, Vec<(NamespaceId, PatternSet)>>,
}

impl Rows {
    /// No rows of `organization` yet.
    pub const fn new(organization: OrganizationId) -> Self {
        Self {
            organization,
            parents: BTreeMap::new(),
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// States that `namespace` is directly below `parent`.
    pub fn add_namespace(&mut self, namespace: NamespaceId, parent: NamespaceId) {
        self.parents.insert(namespace, parent);
    }

    /// States a membership.
    pub fn add_member(&mut self, user: UserId, member: Member) {
        self.members.insert(user, member);
    }

    /// States that a user is in a group.
    pub fn add_group_member(&mut self, user: UserId, group: UserGroupId) {
        self.groups.entry(user).or_default().push(group);
    }

    /// States a grant.
    pub fn add_grant(&mut self, holder: Holder, namespace: NamespaceId, patterns: PatternSet) {
        self.grants.entry(holder).or_default().push((namespace, patterns));
    }

    /// The grants that `holder` itself holds.
    pub fn grants_of(&self, holder: Holder) -> &[(NamespaceId, PatternSet)] {
        self.grants.get(&holder).map_or(&[], Vec::as_slice)
    }

    /// The namespaces that the rows know, with what is directly above each.
    pub fn namespaces(&self) -> impl Iterator<Item = (NamespaceId, NamespaceId)> + '_ {
        self.parents.iter().map(|(namespace, parent)| (*namespace, *parent))
    }
}

impl Facts for Rows {
    fn organization(&self) -> OrganizationId {
        self.organization
    }

    fn parent(&self, namespace: NamespaceId) -> Option<NamespaceId> {
        self.parents.get(&namespace).copied()
    }

    fn member(&self, user: UserId) -> Option<Member> {
        self.members.get(&user).copied()
    }

    fn groups(&self, user: UserId, visit: &mut dyn FnMut(UserGroupId) -> ControlFlow<()>) -> ControlFlow<()> {
        self.groups.get(&user).into_iter().flatten().try_for_each(|group| visit(*group))
    }

    fn grants(
        &self,
        holder: Holder,
        visit: &mut dyn FnMut(NamespaceId, &PatternSet) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.grants_of(holder).iter().try_for_each(|(namespace, patterns)| visit(*namespace, patterns))
    }
}
