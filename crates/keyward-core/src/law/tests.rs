//! The law over random histories, and each way to break it by name.
//!
//! A small organization lives through random acts of random callers. Each act asks the law as an operation would, and
//! is done only if the law lets it. After each act that was done, what everybody may do is compared with before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::credential::tests::{credential, kind};
use crate::credential::{CallerId, NewSlot, RevokeReason, State};
use crate::id::{CredentialId, UserGroupId};
use crate::kind::{Cap, Limit, LimitScope, OnCreate};
use crate::limit::{Admission, admit};
use crate::rights::Member;
use crate::rights::tests::{
    APP, GROUPS, ORGANIZATION, PERMISSIONS, TREE, USERS, WORKSPACE, places, set, some_denials, some_patterns,
    some_place,
};
use crate::role::Holder;
use crate::rows::Rows;

/// The kinds of the organization: every authority, capped and not.
fn kinds() -> Vec<Kind> {
    let roles = || kind("test/roles");
    vec![
        roles(),
        Kind { cap: Cap::AtCreation, deny: security(), ..kind("test/capped") },
        Kind { cap: Cap::Live, ..kind("test/live") },
        Kind {
            cap: Cap::Live,
            deny: Denials { patterns: set(&["orders.lines:*"]), groups: vec![] },
            ..kind("test/sparse")
        },
        Kind { authority: Authority::Group, ..kind("test/group") },
        Kind { authority: Authority::Namespace, ..kind("test/confined") },
        Kind { authority: Authority::Owner, ..kind("test/owner") },
        Kind { authority: Authority::Organization, deny: security(), ..kind("test/whole") },
        Kind {
            limit: Some(Limit { count: 2, per: LimitScope::Organization }),
            on_create: OnCreate::Supersede,
            ..kind("test/superseding")
        },
        Kind {
            limit: Some(Limit { count: 2, per: LimitScope::Organization }),
            on_create: OnCreate::Refuse,
            ..kind("test/refusing")
        },
    ]
}

fn security() -> Denials {
    Denials { patterns: set(&["credentials:create", "roles:edit"]), groups: vec!["security".to_owned()] }
}

/// Who acts.
#[derive(Clone, Debug)]
enum Caller {
    System,
    User(UserId),
    Credential(Index),
}

/// What is tried.
#[derive(Clone, Debug)]
enum Act {
    Create(Create),
    Rotate(Index),
    Enable(Index),
    Disable(Index),
    Revoke(Index),
    Restrict(Index, Vec<IpNet>),
    GrantCredential(Index, NamespaceId, usize),
    GrantUser(UserId, NamespaceId, usize),
    GrantGroup(UserGroupId, NamespaceId, usize),
    TakeBack(Index),
    EditRole(usize, PatternSet),
    Join(UserId, UserGroupId),
    Leave(UserId, UserGroupId),
    Suspend(UserId),
    Resume(UserId),
}

#[derive(Clone, Debug)]
struct Create {
    kind: usize,
    home: NamespaceId,
    owner: Option<UserId>,
    grants: Vec<(NamespaceId, usize)>,
    lifetime: Option<u64>,
    sources: Vec<IpNet>,
    denied: Denials,
    /// Take owner, end, networks and denials from the calling credential, as an operation would.
    carry_over: bool,
}

const ROLES: usize = 4;

fn some_caller() -> impl Strategy<Value = Caller> {
    prop_oneof![
        1 => Just(Caller::System),
        3 => select(USERS.to_vec()).prop_map(Caller::User),
        6 => any::<Index>().prop_map(Caller::Credential),
    ]
}

fn some_sources() -> impl Strategy<Value = Vec<IpNet>> {
    let networks = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.0.2.0/24"];
    let networks = networks.map(|network| network.parse::<IpNet>().unwrap()).to_vec();
    prop_oneof![2 => Just(vec![]), 1 => prop::sample::subsequence(networks, 1..3)]
}

/// Mostly where rights are, so that acts succeed often enough to say something.
fn likely_place() -> impl Strategy<Value = NamespaceId> {
    prop_oneof![3 => Just(APP), 2 => Just(WORKSPACE), 2 => Just(ORGANIZATION.into()), 1 => some_place()]
}

fn some_create() -> impl Strategy<Value = Create> {
    (
        0..kinds().len(),
        likely_place(),
        prop::option::weighted(0.8, select(USERS.to_vec())),
        prop::collection::vec((likely_place(), 0..ROLES), 0..3),
        prop::option::weighted(0.3, 1_u64..200),
        some_sources(),
        some_denials(),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(kind, home, owner, grants, lifetime, sources, denied, carry_over)| Create {
            kind,
            home,
            owner,
            grants,
            lifetime,
            sources,
            denied,
            carry_over,
        })
}

fn some_act() -> impl Strategy<Value = Act> {
    let user = || select(USERS.to_vec());
    let group = || select(GROUPS.to_vec());
    let index = any::<Index>;
    prop_oneof![
        12 => some_create().prop_map(Act::Create),
        3 => index().prop_map(Act::Rotate),
        3 => index().prop_map(Act::Enable),
        1 => index().prop_map(Act::Disable),
        1 => index().prop_map(Act::Revoke),
        3 => (index(), some_sources()).prop_map(|(i, s)| Act::Restrict(i, s)),
        6 => (index(), likely_place(), 0..ROLES).prop_map(|(i, p, r)| Act::GrantCredential(i, p, r)),
        4 => (user(), likely_place(), 0..ROLES).prop_map(|(u, p, r)| Act::GrantUser(u, p, r)),
        4 => (group(), likely_place(), 0..ROLES).prop_map(|(g, p, r)| Act::GrantGroup(g, p, r)),
        2 => index().prop_map(Act::TakeBack),
        3 => (0..ROLES, some_patterns()).prop_map(|(r, p)| Act::EditRole(r, p)),
        3 => (user(), group()).prop_map(|(u, g)| Act::Join(u, g)),
        1 => (user(), group()).prop_map(|(u, g)| Act::Leave(u, g)),
        1 => user().prop_map(Act::Suspend),
        1 => user().prop_map(Act::Resume),
    ]
}

/// Why an act was not done; which reason does not matter here.
#[derive(Debug)]
struct Refused;

impl<E: std::error::Error> From<E> for Refused {
    fn from(_: E) -> Self {
        Refused
    }
}

/// The records of the organization.
struct World {
    kinds: Vec<Kind>,
    now: Timestamp,
    members: BTreeMap<UserId, Member>,
    in_groups: BTreeSet<(UserId, UserGroupId)>,
    roles: Vec<PatternSet>,
    grants: Vec<(Holder, NamespaceId, usize)>,
    credentials: Vec<Credential>,
    /// The place that each credential of a limited kind took.
    taken: BTreeMap<CredentialId, u32>,
}

/// What somebody may do, as one bit for each place and permission.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Powers([u32; 10]);

impl Powers {
    fn at_each_place(rights: impl Fn(NamespaceId) -> Rights) -> Self {
        let mut powers = Powers::default();
        for (bits, place) in powers.0.iter_mut().zip(places()) {
            let rights = rights(place);
            let covered = PERMISSIONS.iter().enumerate().filter(|(_, permission)| rights.covers(permission));
            *bits = covered.fold(0, |bits, (number, _)| bits | 1 << number);
        }
        powers
    }

    fn join(self, other: Powers) -> Powers {
        Powers(std::array::from_fn(|place| self.0[place] | other.0[place]))
    }

    /// What is in `self` and not in `other`, readably.
    fn beyond(self, other: Powers) -> Vec<String> {
        let mut found = vec![];
        for (number, place) in places().into_iter().enumerate() {
            let more = self.0[number] & !other.0[number];
            let names = PERMISSIONS.iter().enumerate().filter(|(bit, _)| more & 1 << bit != 0);
            found.extend(names.map(|(_, permission)| format!("{permission} at {place}")));
        }
        found
    }
}

impl World {
    fn new(members: [Member; 3], roles: Vec<PatternSet>, grants: Vec<(Holder, NamespaceId, usize)>) -> Self {
        World {
            kinds: kinds(),
            now: Timestamp::EPOCH,
            members: USERS.into_iter().zip(members).collect(),
            in_groups: BTreeSet::new(),
            roles,
            grants,
            credentials: vec![],
            taken: BTreeMap::new(),
        }
    }

    fn rows(&self) -> Rows {
        let mut rows = Rows::new(ORGANIZATION);
        for (namespace, parent) in TREE {
            rows.add_namespace(namespace, parent);
        }
        for (user, member) in &self.members {
            rows.add_member(*user, *member);
        }
        for (user, group) in &self.in_groups {
            rows.add_group_member(*user, *group);
        }
        for (holder, namespace, role) in &self.grants {
            rows.add_grant(*holder, *namespace, self.roles[*role].clone());
        }
        rows
    }

    fn kind(&self, credential: &Credential) -> &Kind {
        self.kinds.iter().find(|kind| kind.id == credential.kind).unwrap()
    }

    fn holding<'a>(&'a self, credential: &'a Credential) -> Holding<'a> {
        Holding {
            id: credential.id,
            kind: self.kind(credential),
            namespace: credential.namespace,
            owner: credential.owner,
            denied: &credential.denied,
        }
    }

    fn find(&self, index: &Index) -> Result<usize, Refused> {
        if self.credentials.is_empty() { Err(Refused) } else { Ok(index.index(self.credentials.len())) }
    }

    /// What the law knows of the caller; a credential that cannot be used calls nothing.
    fn giver(&self, caller: &Caller) -> Result<Giver<'_>, Refused> {
        Ok(match caller {
            Caller::System => Giver::System,
            Caller::User(user) => Giver::User(*user),
            Caller::Credential(index) => {
                let record = &self.credentials[self.find(index)?];
                if record.state != State::Active || record.is_expired(self.now) {
                    return Err(Refused);
                }
                Giver::Credential { holding: self.holding(record), bounds: Bounds::of(record) }
            }
        })
    }

    /// What every user and credential may do now, usable or not.
    fn powers(&self) -> BTreeMap<Holder, Powers> {
        let rows = self.rows();
        let users = USERS.iter().map(|u| (Holder::User(*u), Powers::at_each_place(|p| user_rights(&rows, *u, p))));
        let credentials = self.credentials.iter().map(|credential| {
            let holding = self.holding(credential);
            let powers = Powers::at_each_place(|p| credential_rights(&rows, &holding, p));
            (Holder::Credential(credential.id), powers)
        });
        users.chain(credentials).collect()
    }

    /// What can be done with a credential and all that it made, and that those made.
    fn reachable(&self, powers: &BTreeMap<Holder, Powers>, root: CredentialId) -> Powers {
        let mut found = BTreeSet::from([root]);
        // Makers stand before what they made.
        for credential in &self.credentials {
            if credential.parent().is_some_and(|parent| found.contains(&parent)) {
                found.insert(credential.id);
            }
        }
        found.into_iter().fold(Powers::default(), |sum, id| {
            sum.join(powers.get(&Holder::Credential(id)).copied().unwrap_or_default())
        })
    }

    fn grants_of(&self, id: CredentialId) -> Vec<(NamespaceId, usize)> {
        let own = |(holder, _, _): &&(Holder, NamespaceId, usize)| *holder == Holder::Credential(id);
        self.grants.iter().filter(own).map(|(_, namespace, role)| (*namespace, *role)).collect()
    }

    /// Asks the law for the credential as it would then be.
    fn may_make(&self, caller: &Caller, made: &Credential, grants: &[(NamespaceId, usize)]) -> Result<(), Refused> {
        let grants: Vec<_> = grants.iter().map(|(namespace, role)| (*namespace, &self.roles[*role])).collect();
        Ok(may_make(&self.rows(), &self.giver(caller)?, self.kind(made), made, &grants)?)
    }

    fn may_grant(&self, caller: &Caller, namespace: NamespaceId, patterns: &PatternSet) -> Result<(), Refused> {
        Ok(may_grant(&self.rows(), &self.giver(caller)?, namespace, patterns)?)
    }

    /// Does the act if the law lets it; returns the credential that came into the caller's hands by it.
    fn act(&mut self, caller: &Caller, act: &Act) -> Result<Option<CredentialId>, Refused> {
        let now = self.now;
        self.giver(caller)?;
        match act {
            Act::Create(create) => return self.create(caller, create).map(Some),
            Act::Rotate(index) => {
                let at = self.find(index)?;
                let old = self.credentials[at].clone();
                let slot = NewSlot { digest: old.slots[0].digest, sealed: None };
                let made = old.rotate(self.kind(&self.credentials[at]), slot, Some(Duration::from_secs(5)), now)?;
                self.may_make(caller, &made, &self.grants_of(made.id))?;
                self.credentials[at] = made;
                return Ok(Some(self.credentials[at].id));
            }
            Act::Enable(index) => {
                let at = self.find(index)?;
                let made = self.credentials[at].clone().enable(now)?;
                self.may_make(caller, &made, &self.grants_of(made.id))?;
                self.credentials[at] = made;
                return Ok(Some(self.credentials[at].id));
            }
            Act::Restrict(index, sources) => {
                let at = self.find(index)?;
                let made = Credential { sources: sources.clone(), ..self.credentials[at].clone() };
                self.may_make(caller, &made, &self.grants_of(made.id))?;
                self.credentials[at] = made;
            }
            Act::Disable(index) => {
                let at = self.find(index)?;
                self.credentials[at] = self.credentials[at].clone().disable(now)?;
            }
            Act::Revoke(index) => {
                let at = self.find(index)?;
                self.revoke(at, RevokeReason::Requested)?;
            }
            Act::GrantCredential(index, namespace, role) => {
                let target = self.credentials[self.find(index)?].clone();
                let grants = [self.grants_of(target.id), vec![(*namespace, *role)]].concat();
                self.may_make(caller, &target, &grants)?;
                self.grants.push((Holder::Credential(target.id), *namespace, *role));
            }
            Act::GrantUser(user, namespace, role) => {
                self.may_grant(caller, *namespace, &self.roles[*role])?;
                self.grants.push((Holder::User(*user), *namespace, *role));
            }
            Act::GrantGroup(group, namespace, role) => {
                self.may_grant(caller, *namespace, &self.roles[*role])?;
                self.grants.push((Holder::UserGroup(*group), *namespace, *role));
            }
            Act::TakeBack(index) => {
                if !self.grants.is_empty() {
                    self.grants.swap_remove(index.index(self.grants.len()));
                }
            }
            Act::EditRole(role, patterns) => {
                let uses = self.grants.iter().filter(|(_, _, used)| used == role);
                uses.map(|(_, namespace, _)| *namespace).try_for_each(|n| self.may_grant(caller, n, patterns))?;
                self.roles[*role] = patterns.clone();
            }
            Act::Join(user, group) => {
                let held = self.grants.iter().filter(|(holder, _, _)| *holder == Holder::UserGroup(*group));
                held.clone().try_for_each(|(_, n, role)| self.may_grant(caller, *n, &self.roles[*role]))?;
                self.in_groups.insert((*user, *group));
            }
            Act::Leave(user, group) => drop(self.in_groups.remove(&(*user, *group))),
            Act::Suspend(user) => self.set_active(*user, false),
            Act::Resume(user) if matches!(caller, Caller::System) => self.set_active(*user, true),
            Act::Resume(_) => return Err(Refused),
        }
        Ok(None)
    }

    fn create(&mut self, caller: &Caller, create: &Create) -> Result<CredentialId, Refused> {
        let giver = self.giver(caller)?;
        let kind = &self.kinds[create.kind];
        let id = CredentialId::from_bits(1_000 + self.credentials.len() as u128);
        let mut made = Credential {
            organization: ORGANIZATION,
            namespace: create.home,
            owner: create.owner,
            created_by: match &giver {
                Giver::System => CallerId::System,
                Giver::User(user) => CallerId::User(*user),
                Giver::Credential { holding, .. } => CallerId::Credential(holding.id),
            },
            expires_at: create.lifetime.map(|seconds| self.now.plus(Duration::from_secs(seconds))),
            sources: create.sources.clone(),
            denied: create.denied.clone(),
            ..credential(kind, id.bits())
        };
        if create.carry_over {
            made.owner = giver.user().or(made.owner);
            made.denied = made.denied.join(&giver.denials());
            if let Giver::Credential { holding, bounds } = giver {
                made.owner = holding.owner;
                made.expires_at = bounds.expires_at.or(made.expires_at).min(made.expires_at.or(bounds.expires_at));
                made.sources = bounds.sources.to_vec();
                if kind.authority == Authority::Namespace {
                    made.namespace = holding.namespace;
                }
            }
        }
        // Kinds that hold no roles are given none.
        let holds_roles = matches!(kind.authority, Authority::Roles { .. } | Authority::Group);
        let grants = if holds_roles { create.grants.clone() } else { vec![] };
        self.may_make(caller, &made, &grants)?;

        let rivals = self.credentials.iter().filter(|c| c.kind == made.kind && !c.is_revoked());
        let places: Vec<_> = rivals.filter_map(|c| Some((*self.taken.get(&c.id)?, c.id))).collect();
        let place = match admit(kind, &places)? {
            Admission::Free { place } => place,
            Admission::Supersede { place, revoke } => {
                for at in 0..self.credentials.len() {
                    if revoke.contains(&self.credentials[at].id) {
                        self.revoke(at, RevokeReason::Superseded)?;
                    }
                }
                Some(place)
            }
        };
        self.taken.extend(place.map(|place| (id, place)));
        self.grants.extend(grants.into_iter().map(|(namespace, role)| (Holder::Credential(id), namespace, role)));
        self.credentials.push(made);
        Ok(id)
    }

    fn revoke(&mut self, at: usize, reason: RevokeReason) -> Result<(), Refused> {
        self.credentials[at] = self.credentials[at].clone().revoke(self.now, reason)?;
        self.taken.remove(&self.credentials[at].id);
        Ok(())
    }

    fn set_active(&mut self, user: UserId, active: bool) {
        if let Some(member) = self.members.get_mut(&user) {
            member.active = active;
        }
    }

    fn caller_credential(&self, caller: &Caller) -> Option<&Credential> {
        match caller {
            Caller::Credential(index) => Some(&self.credentials[self.find(index).ok()?]),
            _ => None,
        }
    }
}

fn some_history() -> impl Strategy<Value = (World, Vec<(u64, Caller, Act)>)> {
    let member = (prop::bool::weighted(0.9), prop::bool::weighted(0.2))
        .prop_map(|(active, super_admin)| Member { active, super_admin });
    let holders = USERS.map(Holder::User).into_iter().chain(GROUPS.map(Holder::UserGroup));
    let grants = prop::collection::vec((select(holders.collect::<Vec<_>>()), likely_place(), 0..ROLES), 4..12);
    let roles = prop::collection::vec(some_patterns(), ROLES);
    let first = prop::collection::vec(some_create(), 2..8);
    let world =
        (prop::array::uniform3(member), roles, grants, first).prop_map(|(members, mut roles, grants, first)| {
            roles[0] = PatternSet::all();
            let mut world = World::new(members, roles, grants);
            for create in &first {
                let _ = world.create(&Caller::System, create);
            }
            world
        });
    (world, prop::collection::vec((0_u64..10, some_caller(), some_act()), 1..40))
}

// A world is printed by what it is made from.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let World { members, roles, grants, credentials, .. } = self;
        write!(f, "members {members:?}, roles {roles:?}, grants {grants:?}, credentials {credentials:?}")
    }
}

/// What must hold after `caller` did `act`.
fn check(
    world: &World,
    before: &BTreeMap<Holder, Powers>,
    after: &BTreeMap<Holder, Powers>,
    caller: &Caller,
    maker: Option<&Credential>,
    handed: Option<CredentialId>,
) -> Result<(), TestCaseError> {
    let own = match (caller, maker) {
        (Caller::User(user), _) => before[&Holder::User(*user)],
        (_, Some(maker)) => before[&Holder::Credential(maker.id)],
        _ => return Ok(()),
    };
    let record = |id| world.credentials.iter().find(|c| c.id == id).unwrap();
    // Declared exception: for kinds of the whole organization, what it takes to create one stands in for the law.
    let excepted =
        |id| matches!(caller, Caller::User(_)) && world.kind(record(id)).authority == Authority::Organization;

    for (holder, now) in after {
        let earlier = before.get(holder).copied().unwrap_or_default();
        let given = now.beyond(earlier.join(own));
        let excepted = matches!(holder, Holder::Credential(id) if excepted(*id));
        prop_assert!(given.is_empty() || excepted, "{:?} got {:?}, which the caller lacks", holder, given);
    }
    if let Some(id) = handed {
        let held = after[&Holder::Credential(id)].beyond(own);
        prop_assert!(held.is_empty() || excepted(id), "the caller holds a secret with {:?} and lacks it", held);
        let made = record(id);
        let live = world.kind(made).is_live();
        let user = if let Caller::User(user) = caller { Some(*user) } else { maker.and_then(|m| m.owner) };
        prop_assert!(!live || made.owner == user, "a live credential in hands that are not its owner's");
        if let Some(maker) = maker {
            let maker_is_live = world.kind(maker).is_live();
            prop_assert!(live || !maker_is_live);
            prop_assert_eq!(made.owner, maker.owner);
            prop_assert!(maker.expires_at.is_none_or(|end| made.expires_at.is_some_and(|e| e <= end)));
            let within = |net: &IpNet| maker.sources.iter().any(|own| own.contains(net));
            prop_assert!(maker.sources.is_empty() || (!made.sources.is_empty() && made.sources.iter().all(within)));
            let (held, kept) = (world.holding(maker).denials(), world.holding(made).denials());
            prop_assert!(held.groups.iter().all(|group| kept.groups.contains(group)));
            prop_assert!(held.patterns.within(&kept.patterns));
        }
    }
    if let Some(maker) = maker {
        let (then, now) = (world.reachable(before, maker.id), world.reachable(after, maker.id));
        prop_assert!(now.beyond(then).is_empty(), "the credential reaches {:?} more than before", now.beyond(then));
    }
    Ok(())
}

fn check_limits(world: &World) -> Result<(), TestCaseError> {
    for kind in &world.kinds {
        let Some(limit) = kind.limit else { continue };
        let living = world.credentials.iter().filter(|c| c.kind == kind.id && !c.is_revoked());
        let places: Vec<u32> = living.map(|c| world.taken[&c.id]).collect();
        let unique: BTreeSet<u32> = places.iter().copied().collect();
        prop_assert!(places.len() <= limit.count as usize && unique.len() == places.len(), "{:?}", places);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gives_what_they_lack_in_any_history((mut world, history) in some_history()) {
        let mut before = world.powers();
        for (pause, caller, act) in history {
            world.now = world.now.plus(Duration::from_secs(pause));
            let maker = world.caller_credential(&caller).cloned();
            let Ok(handed) = world.act(&caller, &act) else { continue };
            let after = world.powers();
            check(&world, &before, &after, &caller, maker.as_ref(), handed)
                .map_err(|e| TestCaseError::fail(format!("after {caller:?} did {act:?}: {e}")))?;
            check_limits(&world)?;
            before = after;
        }
    }
}

/// A user with `patterns` at the application, and nothing else.
fn one_admin(patterns: &[&str]) -> World {
    let member = Member { active: true, super_admin: false };
    World::new([member; 3], vec![set(patterns)], vec![(Holder::User(USERS[0]), APP, 0)])
}

/// A credential of kind `number` with one role of `patterns` at the application, owned by the first user.
fn with_key(world: &mut World, number: usize, patterns: &[&str]) -> Credential {
    let id = 500 + world.credentials.len() as u128;
    let made = Credential { owner: Some(USERS[0]), namespace: APP, ..credential(&world.kinds[number], id) };
    world.roles.push(set(patterns));
    world.grants.push((Holder::Credential(made.id), APP, world.roles.len() - 1));
    world.credentials.push(made.clone());
    made
}

const ROLES_KIND: usize = 0;
const LIVE_KIND: usize = 2;
const GROUP_KIND: usize = 4;
const CONFINED_KIND: usize = 5;
const OWNER_KIND: usize = 6;
const WHOLE_KIND: usize = 7;

/// Whether `maker` may make `made` with a role of `patterns` at `place`.
fn asked(
    world: &World,
    maker: &Credential,
    made: &Credential,
    grants: &[(NamespaceId, &[&str])],
) -> Result<(), Exceeds> {
    let giver = Giver::Credential { holding: world.holding(maker), bounds: Bounds::of(maker) };
    let sets: Vec<_> = grants.iter().map(|(place, patterns)| (*place, set(patterns))).collect();
    let grants: Vec<_> = sets.iter().map(|(place, patterns)| (*place, patterns)).collect();
    may_make(&world.rows(), &giver, world.kind(made), made, &grants)
}

fn child(world: &World, number: usize) -> Credential {
    Credential { owner: Some(USERS[0]), namespace: APP, ..credential(&world.kinds[number], 900) }
}

#[test]
fn a_credential_makes_one_with_part_of_its_roles_and_no_more() {
    let mut world = one_admin(&["*"]);
    let maker = with_key(&mut world, ROLES_KIND, &["orders:*"]);
    let made = child(&world, ROLES_KIND);
    assert_eq!(asked(&world, &maker, &made, &[(APP, &["orders:read", "orders.lines:*"])]), Ok(()));
    let beyond = |pattern: &str, namespace| Err(Exceeds::Pattern { pattern: pattern.parse().unwrap(), namespace });
    assert_eq!(asked(&world, &maker, &made, &[(APP, &["reports:read"])]), beyond("reports:read", APP));
    assert_eq!(asked(&world, &maker, &made, &[(APP, &["*"])]), beyond("*", APP));
    assert_eq!(asked(&world, &maker, &made, &[(WORKSPACE, &["orders:read"])]), beyond("orders:read", WORKSPACE));
}

/// Holding any role at a place lets its record be read, and those above it: so giving a role gives that too.
#[test]
fn even_an_empty_role_gives_the_record_of_its_place() {
    let mut world = one_admin(&["*"]);
    let maker = with_key(&mut world, ROLES_KIND, &["orders:*"]);
    let made = child(&world, ROLES_KIND);
    let pattern = "workspaces:read".parse().unwrap();
    assert_eq!(
        asked(&world, &maker, &made, &[(WORKSPACE, &[])]),
        Err(Exceeds::Pattern { pattern, namespace: WORKSPACE })
    );
    assert_eq!(asked(&world, &maker, &made, &[(APP, &[])]), Ok(()));
    let rows = world.rows();
    assert!(may_grant(&rows, &Giver::User(USERS[0]), WORKSPACE, &set(&[])).is_err());
    assert_eq!(may_grant(&rows, &Giver::User(USERS[0]), APP, &set(&[])), Ok(()));
    assert_eq!(may_grant(&rows, &Giver::System, WORKSPACE, &set(&["*"])), Ok(()));
}

#[test]
fn a_live_credential_makes_only_live_ones() {
    let mut world = one_admin(&["*"]);
    let maker = with_key(&mut world, LIVE_KIND, &["*"]);
    let refused = asked(&world, &maker, &child(&world, ROLES_KIND), &[]);
    assert_eq!(refused, Err(Exceeds::NotLive("test/roles".to_owned())));
    assert_eq!(asked(&world, &maker, &child(&world, LIVE_KIND), &[]), Ok(()));
}

/// Maker down, made across: which authority may bring forth which.
#[test]
fn a_credential_makes_none_that_reaches_further() {
    let makers = [ROLES_KIND, GROUP_KIND, LIVE_KIND, CONFINED_KIND, OWNER_KIND, WHOLE_KIND];
    let allowed = [
        (ROLES_KIND, vec![ROLES_KIND, GROUP_KIND, LIVE_KIND]),
        (GROUP_KIND, vec![ROLES_KIND, GROUP_KIND, LIVE_KIND]),
        (LIVE_KIND, vec![LIVE_KIND]),
        (CONFINED_KIND, vec![LIVE_KIND, CONFINED_KIND]),
        (OWNER_KIND, vec![LIVE_KIND, CONFINED_KIND, OWNER_KIND]),
        (WHOLE_KIND, vec![ROLES_KIND, GROUP_KIND, LIVE_KIND, WHOLE_KIND]),
    ];
    for (maker, allowed) in allowed {
        let mut world = one_admin(&["*"]);
        let maker = with_key(&mut world, maker, &["*"]);
        for made in makers {
            let made_by_it = Credential { denied: world.holding(&maker).denials(), ..child(&world, made) };
            let answer = asked(&world, &maker, &made_by_it, &[]);
            assert_eq!(
                answer.is_ok(),
                allowed.contains(&made),
                "{} making {}: {answer:?}",
                maker.kind,
                made_by_it.kind
            );
        }
    }
    let mut world = one_admin(&["*"]);
    let maker = with_key(&mut world, CONFINED_KIND, &[]);
    let elsewhere = Credential { namespace: WORKSPACE, ..child(&world, CONFINED_KIND) };
    assert_eq!(asked(&world, &maker, &elsewhere, &[]), Err(Exceeds::Reach("test/confined".to_owned())));
}

#[test]
fn end_networks_denials_and_owner_are_carried_over() {
    let mut world = one_admin(&["*"]);
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    let end = Timestamp::from_seconds(100);
    let denied = Denials { patterns: set(&["orders.lines:*"]), groups: vec!["events".to_owned()] };
    let maker = Credential {
        expires_at: Some(end),
        sources: vec![net("10.0.0.0/8"), net("192.0.2.0/24")],
        denied: denied.clone(),
        ..with_key(&mut world, ROLES_KIND, &["*"])
    };
    let good = Credential {
        expires_at: Some(end),
        sources: vec![net("10.1.0.0/16")],
        denied: denied.clone(),
        ..child(&world, ROLES_KIND)
    };
    let ask = |made: Credential| asked(&world, &maker, &made, &[]);
    assert_eq!(ask(good.clone()), Ok(()));
    let with = |change: fn(&mut Credential)| {
        let mut made = good.clone();
        change(&mut made);
        ask(made)
    };
    assert_eq!(with(|c| c.expires_at = None), Err(Exceeds::Outlives(end)));
    assert_eq!(with(|c| c.expires_at = Some(Timestamp::from_micros(100_000_001))), Err(Exceeds::Outlives(end)));
    assert_eq!(with(|c| c.sources.clear()), Err(Exceeds::Sources));
    assert_eq!(with(|c| c.sources.push("198.51.100.0/24".parse().unwrap())), Err(Exceeds::Sources));
    assert_eq!(with(|c| c.sources = vec!["10.0.0.0/7".parse().unwrap()]), Err(Exceeds::Sources));
    assert_eq!(with(|c| c.denied.groups.clear()), Err(Exceeds::Denials));
    assert_eq!(with(|c| c.denied.patterns = PatternSet::none()), Err(Exceeds::Denials));
    assert_eq!(with(|c| c.owner = Some(USERS[1])), Err(Exceeds::Owner));
    assert_eq!(with(|c| c.owner = None), Err(Exceeds::Owner));
    assert_eq!(with(|c| c.denied.patterns = PatternSet::all()), Ok(()));
}

#[test]
fn only_its_owner_makes_a_live_credential() {
    let world = one_admin(&["*"]);
    let rows = world.rows();
    for number in [LIVE_KIND, CONFINED_KIND, OWNER_KIND] {
        let made = child(&world, number);
        let ask = |giver: Giver<'_>| may_make(&rows, &giver, world.kind(&made), &made, &[]);
        assert_eq!(ask(Giver::User(USERS[0])), Ok(()));
        assert_eq!(ask(Giver::User(USERS[1])), Err(Exceeds::NotOwner(made.kind.to_string())));
        assert_eq!(ask(Giver::System), Ok(()));
    }
}

/// A credential cannot let others do what it is denied itself.
#[test]
fn a_credential_grants_with_its_own_denials() {
    let mut world = one_admin(&["*"]);
    let maker = with_key(&mut world, 1, &["*"]);
    let rows = world.rows();
    let giver = Giver::Credential { holding: world.holding(&maker), bounds: Bounds::of(&maker) };
    assert_eq!(may_grant(&rows, &giver, APP, &set(&["orders:*"])), Ok(()));
    assert!(may_grant(&rows, &giver, APP, &set(&["*"])).is_err());
    assert!(may_grant(&rows, &giver, APP, &set(&["credentials:create"])).is_err());
    assert_eq!(may_grant(&rows, &giver, APP, &set(&["credentials:read"])), Ok(()));
}

#[test]
fn a_credential_is_unlimited_by_its_kind_or_by_a_role_for_everything_at_the_organization() {
    let (kinds, all, most) = (kinds(), set(&["*"]), set(&["accounts:*", "credentials:*"]));
    let organization = NamespaceId::from(ORGANIZATION);
    let of = |kind: usize, grants: &[(NamespaceId, &PatternSet)]| is_unlimited(&kinds[kind], ORGANIZATION, grants);
    assert!(of(WHOLE_KIND, &[]));
    for kind in [ROLES_KIND, LIVE_KIND, GROUP_KIND] {
        assert!(of(kind, &[(APP, &most), (organization, &all)]));
        assert!(!of(kind, &[(APP, &all), (organization, &most)]));
        assert!(!of(kind, &[]));
    }
    for kind in [CONFINED_KIND, OWNER_KIND] {
        assert!(!of(kind, &[(organization, &all)]));
    }
}
