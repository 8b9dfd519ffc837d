//! Random deployments: two organizations that live through random changes, and every secret in plain text.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ipnet::IpNet;
use keyward_core::access_token::AccessToken;
use keyward_core::change::{Change, Committed, RecordedProfile, Revision};
use keyward_core::credential::{CallerId, Credential, NewSlot, RevokeReason, Slot, State};
use keyward_core::entropy::Seeded;
use keyward_core::id::{
    ApplicationId, CredentialId, GrantId, OrganizationId, RoleId, UserGroupId, UserId, WorkspaceId,
};
use keyward_core::keyring::{KeyRing, KeyVersion};
use keyward_core::kind::{Denials, KeyPair, Kind, KindId, Reveal, Rotate};
use keyward_core::mint;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::organization::Organization;
use keyward_core::permission::PatternSet;
use keyward_core::profile::{Profile, built_in};
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::seal::{Binding, Sealed};
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_core::user::{GroupMember, Membership};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::oracle::{Minted, Oracle, Token};
use crate::sign::RSA;

pub(crate) const ORGANIZATIONS: usize = 2;
pub(crate) const PLACES: usize = 8;
const USERS: usize = 4;
const ROLES: usize = 4;

/// A place of an organization by number: itself, two applications, three workspaces, two user groups.
pub(crate) fn place(organization: usize, number: usize) -> NamespaceId {
    let bits = (organization * 100 + number) as u128 + 1;
    match number {
        0 => OrganizationId::from_bits(bits).into(),
        1 | 2 => ApplicationId::from_bits(bits).into(),
        3..=5 => WorkspaceId::from_bits(bits).into(),
        _ => UserGroupId::from_bits(bits).into(),
    }
}

/// What stands above it: the third workspace is in the second application, the first group is the organization's.
fn above(number: usize) -> usize {
    [0, 0, 0, 1, 1, 2, 0, 1][number]
}

fn organization_id(organization: usize) -> OrganizationId {
    OrganizationId::from_bits((organization * 100) as u128 + 1)
}

fn group_id(organization: usize, second: usize) -> UserGroupId {
    UserGroupId::from_bits((organization * 100 + 6 + second) as u128 + 1)
}

fn user_id(user: usize) -> UserId {
    UserId::from_bits(user as u128 + 1)
}

fn role_id(organization: usize, role: usize) -> RoleId {
    RoleId::from_bits((organization * 100 + role) as u128 + 1)
}

/// What roles and denials are made of: nested and not, structural, administrative, of vendors.
const PATTERNS: [&str; 22] = [
    "*",
    "*",
    "orders:*",
    "orders.lines:*",
    "orders:read",
    "orders:write",
    "reports:read",
    "organizations:edit",
    "apps:*",
    "apps:read",
    "workspaces:*",
    "workspaces:read",
    "workspaces:edit",
    "usergroups:*",
    "credentials:*",
    "credentials:create",
    "roles:edit",
    "audit.log:*",
    "accounts:*",
    "accounts.webhooks:get",
    "files:*",
    "items:read",
];

fn some_patterns() -> impl Strategy<Value = PatternSet> {
    subsequence(PATTERNS.to_vec(), 0..5).prop_map(|texts| texts.iter().map(|text| text.parse().unwrap()).collect())
}

fn some_networks() -> impl Strategy<Value = Vec<IpNet>> {
    let networks = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"];
    let networks = networks.map(|network| network.parse().unwrap()).to_vec();
    prop_oneof![5 => Just(vec![]), 1 => subsequence(networks, 1..3)]
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wait(u64),
    Profile(usize, usize),
    Organization {
        organization: usize,
        suspended: bool,
        sources: Vec<IpNet>,
    },
    Namespace {
        organization: usize,
        number: usize,
        removed: bool,
    },
    Membership {
        organization: usize,
        user: usize,
        super_admin: bool,
        suspended: bool,
    },
    Leave {
        organization: usize,
        user: usize,
    },
    Group {
        organization: usize,
        user: usize,
        second: usize,
        joins: bool,
    },
    Role {
        organization: usize,
        role: usize,
        patterns: PatternSet,
    },
    RoleRemoved {
        organization: usize,
        role: usize,
    },
    Grant(Box<Granted>),
    /// At the home of a credential, so that many credentials can do something.
    GrantAtHome {
        credential: Index,
        role: usize,
        to: Whom,
        slip: Slip,
    },
    /// The owner of a credential joins a group.
    OwnerJoins {
        credential: Index,
        second: usize,
    },
    GrantRemoved(Index),
    Create(Box<Create>),
    Rotate {
        credential: Index,
        grace: u64,
        of_older_pepper: bool,
    },
    Disable(Index),
    Enable(Index),
    Revoke(Index),
    Sources(Index, Vec<IpNet>),
    /// A credential in a state that it had some time ago: nobody states this, but a revoked one would stay revoked.
    Again(Index),
    /// An access token is issued, seldom of a kind that is not exchanged for them.
    Issue {
        credential: Index,
        of_any: bool,
        scope: Vec<&'static str>,
        /// A place of the credential's organization.
        at: Option<usize>,
        lifetime: u64,
        of_older_ring: bool,
    },
    Fresh(Option<u64>),
}

/// A grant; its parts belong to one organization nearly always.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    organization: usize,
    holder: Held,
    role: (usize, usize),
    at: (usize, usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Held {
    User(usize),
    Group(usize),
    Credential(Index),
}

/// To whom a role is granted at the home of a credential.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    Itself,
    Owner,
    Group(usize),
}

/// What belongs to the other organization, and should not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slip {
    Nothing,
    Role,
    Grant,
}

#[derive(Clone, Debug)]
pub(crate) struct Create {
    organization: usize,
    kind: Index,
    home: usize,
    owner: Option<usize>,
    lifetime: Option<u64>,
    sources: Vec<IpNet>,
    denied: Denials,
    of_older_pepper: bool,
}

pub(crate) fn some_step() -> impl Strategy<Value = Step> {
    let (org, user, role) = (|| 0..ORGANIZATIONS, || 0..USERS, || 0..ROLES);
    let index = any::<Index>;
    let held = prop_oneof![
        3 => user().prop_map(Held::User),
        2 => (0..2_usize).prop_map(Held::Group),
        3 => index().prop_map(Held::Credential),
    ];
    let whom = prop_oneof![
        3 => Just(Whom::Itself),
        2 => Just(Whom::Owner),
        2 => (0..2_usize).prop_map(Whom::Group),
    ];
    let slip = prop_oneof![8 => Just(Slip::Nothing), 1 => Just(Slip::Role), 1 => Just(Slip::Grant)];
    let seldom = || prop::bool::weighted(0.2);
    prop_oneof![
        4 => (0_u64..100).prop_map(Step::Wait),
        2 => (0..PROFILES, 0..2_usize).prop_map(|(p, v)| Step::Profile(p, v)),
        2 => (org(), seldom(), some_networks())
            .prop_map(|(organization, suspended, sources)| Step::Organization { organization, suspended, sources }),
        3 => (org(), 1..PLACES, prop::bool::weighted(0.4))
            .prop_map(|(organization, number, removed)| Step::Namespace { organization, number, removed }),
        4 => (org(), user(), seldom(), seldom()).prop_map(|(organization, user, super_admin, suspended)| {
            Step::Membership { organization, user, super_admin, suspended }
        }),
        1 => (org(), user()).prop_map(|(organization, user)| Step::Leave { organization, user }),
        4 => (org(), user(), 0..2_usize, prop::bool::weighted(0.7))
            .prop_map(|(organization, user, second, joins)| Step::Group { organization, user, second, joins }),
        3 => (org(), role(), some_patterns())
            .prop_map(|(organization, role, patterns)| Step::Role { organization, role, patterns }),
        1 => (org(), role()).prop_map(|(organization, role)| Step::RoleRemoved { organization, role }),
        8 => (prop::array::uniform3(org()), prop::bool::weighted(0.15), held, role(), 0..PLACES).prop_map(
            |([organization, of_role, of_place], mixed, holder, role, at)| {
                let (of_role, of_place) = if mixed { (of_role, of_place) } else { (organization, organization) };
                Step::Grant(Box::new(Granted { organization, holder, role: (of_role, role), at: (of_place, at) }))
            },
        ),
        14 => (index(), role(), whom, slip)
            .prop_map(|(credential, role, to, slip)| Step::GrantAtHome { credential, role, to, slip }),
        3 => (index(), 0..2_usize).prop_map(|(credential, second)| Step::OwnerJoins { credential, second }),
        3 => index().prop_map(Step::GrantRemoved),
        10 => some_create().prop_map(|create| Step::Create(Box::new(create))),
        8 => (index(), 0_u64..200, any::<bool>())
            .prop_map(|(credential, grace, of_older_pepper)| Step::Rotate { credential, grace, of_older_pepper }),
        2 => index().prop_map(Step::Disable),
        4 => index().prop_map(Step::Enable),
        1 => index().prop_map(Step::Revoke),
        2 => (index(), some_networks()).prop_map(|(credential, sources)| Step::Sources(credential, sources)),
        1 => index().prop_map(Step::Again),
        8 => some_issue(),
        1 => prop::option::weighted(0.4, 0_u64..100).prop_map(Step::Fresh),
    ]
}

fn some_issue() -> impl Strategy<Value = Step> {
    let scope = prop_oneof![2 => Just(vec![]), 1 => subsequence(PATTERNS[1..].to_vec(), 1..6)];
    let at = prop::option::weighted(0.4, 0..PLACES);
    let seldom = || prop::bool::weighted(0.1);
    (any::<Index>(), seldom(), scope, at, 1_u64..400, seldom()).prop_map(
        |(credential, of_any, scope, at, lifetime, of_older_ring)| Step::Issue {
            credential,
            of_any,
            scope,
            at,
            lifetime,
            of_older_ring,
        },
    )
}

fn some_create() -> impl Strategy<Value = Create> {
    let denied = (some_patterns(), subsequence(vec!["events", "security"], 0..=2))
        .prop_map(|(patterns, groups)| Denials { patterns, groups: groups.into_iter().map(str::to_owned).collect() });
    (
        0..ORGANIZATIONS,
        any::<Index>(),
        0..PLACES,
        prop::option::weighted(0.9, 0..USERS),
        prop::option::weighted(0.3, 1_u64..400),
        some_networks(),
        prop_oneof![3 => Just(Denials::default()), 1 => denied],
        prop::bool::weighted(0.2),
    )
        .prop_map(|(organization, kind, home, owner, lifetime, sources, denied, of_older_pepper)| Create {
            organization,
            kind,
            home,
            owner,
            lifetime,
            sources,
            denied,
            of_older_pepper,
        })
}

/// A deployment and its history.
pub(crate) struct World {
    pub(crate) ring: Arc<KeyRing>,
    /// As it was before its second version became current.
    older_ring: KeyRing,
    pub(crate) history: Vec<Committed>,
    pub(crate) secrets: Vec<Minted>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) now: Timestamp,
    pub(crate) fresh_until: Option<Duration>,
    pub(crate) credentials: Vec<Credential>,
    grants: Vec<Grant>,
    /// How many grants there ever were.
    granted: u128,
    entropy: Seeded,
}

impl World {
    /// Both organizations whole, all users in both, one of them super admin, all profiles recorded but one.
    pub(crate) fn new() -> Self {
        let mut entropy = Seeded::new(1);
        let mut ring = KeyRing::generate(Timestamp::EPOCH, &mut entropy).unwrap();
        let newer = ring.add(Timestamp::EPOCH, &mut entropy).unwrap();
        let older_ring = KeyRing::parse(ring.to_text().expose()).unwrap();
        ring.promote(newer).unwrap();
        let mut world = World {
            ring: Arc::new(ring),
            older_ring,
            history: vec![],
            secrets: vec![],
            tokens: vec![],
            now: Timestamp::from_seconds(1_000_000),
            fresh_until: None,
            credentials: vec![],
            grants: vec![],
            granted: 0,
            entropy,
        };
        let mut steps: Vec<Step> = (0..PROFILES - 1).map(|profile| Step::Profile(profile, 0)).collect();
        for organization in 0..ORGANIZATIONS {
            steps.push(Step::Organization { organization, suspended: false, sources: vec![] });
            let places = (1..PLACES).map(|number| Step::Namespace { organization, number, removed: false });
            steps.extend(places);
            let members = (0..USERS).map(|user| (user, user == organization + 1));
            steps.extend(members.map(|(user, super_admin)| Step::Membership {
                organization,
                user,
                super_admin,
                suspended: false,
            }));
            let everything = PatternSet::all();
            steps.push(Step::Role { organization, role: 0, patterns: everything });
        }
        world.commit(&steps);
        world
    }

    pub(crate) fn oracle(&self) -> Oracle<'_> {
        Oracle {
            history: self.history.iter().flat_map(|commit| &commit.changes).collect(),
            profiles: &READ,
            secrets: &self.secrets,
            tokens: &self.tokens,
            fresh_until: self.fresh_until,
        }
    }

    /// Does the steps and commits what they changed as one revision.
    pub(crate) fn commit(&mut self, steps: &[Step]) {
        let changes: Vec<Change> = steps.iter().filter_map(|step| self.step(step)).collect();
        let revision = self.history.last().map_or(Revision::default(), |commit| commit.revision).next();
        self.history.push(Committed { revision, changes });
    }

    /// The present facts alone: what a node starts from. Their order says nothing.
    pub(crate) fn present(&self) -> Vec<Change> {
        let mut facts: BTreeMap<String, Change> = BTreeMap::new();
        for change in self.history.iter().flat_map(|commit| &commit.changes) {
            let (key, stated) = key_of(change);
            // A record that was revoked is never restated by a database.
            let final_end = matches!(facts.get(&key), Some(Change::Credential(c)) if c.is_revoked());
            match stated {
                true if !final_end => drop(facts.insert(key, change.clone())),
                true => {}
                false => drop(facts.remove(&key)),
            }
        }
        facts.into_values().collect()
    }

    fn step(&mut self, step: &Step) -> Option<Change> {
        Some(match step {
            Step::Wait(seconds) => {
                self.now = self.now.plus(Duration::from_secs(*seconds));
                return None;
            }
            Step::Fresh(until) => {
                self.fresh_until = until.map(Duration::from_secs);
                return None;
            }
            Step::Issue { credential, of_any, scope, at, lifetime, of_older_ring } => {
                let is_candidate = |one: &&Credential| *of_any || kind_of(one).usage.token_lifetime().is_some();
                let candidates: Vec<&Credential> = self.credentials.iter().filter(is_candidate).collect();
                if candidates.is_empty() {
                    return None;
                }
                let of = candidates[credential.index(candidates.len())].clone();
                self.issue(&of, scope, *at, *lifetime, *of_older_ring);
                return None;
            }
            Step::Profile(profile, variant) => Change::Profile(TEXTS[*profile][*variant].clone()),
            Step::Organization { organization, suspended, sources } => Change::Organization(Organization {
                id: organization_id(*organization),
                name: name(),
                profiles: vec![],
                sources: sources.clone(),
                suspended_at: suspended.then_some(self.now),
                created_at: self.now,
                updated_at: self.now,
            }),
            Step::Namespace { organization, number, removed: true } => Change::NamespaceRemoved {
                organization: organization_id(*organization),
                id: place(*organization, *number),
            },
            Step::Namespace { organization, number, removed: false } => Change::Namespace(Namespace {
                id: place(*organization, *number),
                organization: organization_id(*organization),
                parent: place(*organization, above(*number)),
                name: name(),
                site_key: None,
                created_at: self.now,
                updated_at: self.now,
            }),
            Step::Membership { organization, user, super_admin, suspended } => Change::Membership(Membership {
                organization: organization_id(*organization),
                user: user_id(*user),
                super_admin: *super_admin,
                suspended_at: suspended.then_some(self.now),
                created_at: self.now,
                updated_at: self.now,
            }),
            Step::Leave { organization, user } => {
                Change::MembershipRemoved { organization: organization_id(*organization), user: user_id(*user) }
            }
            Step::Group { organization, user, second, joins } => {
                let (group, user) = (group_id(*organization, *second), user_id(*user));
                let member = GroupMember { organization: organization_id(*organization), group, user };
                if *joins { Change::GroupMember(member) } else { Change::GroupMemberRemoved(member) }
            }
            Step::OwnerJoins { credential, second } => {
                let credential = self.pick(credential)?;
                Change::GroupMember(GroupMember {
                    organization: credential.organization,
                    group: group_id(organization_of(credential), *second),
                    user: credential.owner?,
                })
            }
            Step::Role { organization, role, patterns } => Change::Role(Role {
                id: role_id(*organization, *role),
                organization: organization_id(*organization),
                name: name(),
                patterns: patterns.clone(),
                template: None,
                created_at: self.now,
                updated_at: self.now,
            }),
            Step::RoleRemoved { organization, role } => {
                Change::RoleRemoved { organization: organization_id(*organization), id: role_id(*organization, *role) }
            }
            Step::Grant(_) | Step::GrantAtHome { .. } | Step::GrantRemoved(_) => return self.step_of_grant(step),
            _ => Change::Credential(Box::new(self.step_of_credential(step)?)),
        })
    }

    fn step_of_grant(&mut self, step: &Step) -> Option<Change> {
        let (organization, holder, role, namespace) = match step {
            Step::Grant(granted) => {
                let Granted { organization, holder, role, at } = &**granted;
                let holder = match holder {
                    Held::User(user) => Holder::User(user_id(*user)),
                    Held::Group(second) => Holder::UserGroup(group_id(*organization, *second)),
                    Held::Credential(index) => Holder::Credential(self.pick(index)?.id),
                };
                (*organization, holder, role_id(role.0, role.1), place(at.0, at.1))
            }
            Step::GrantAtHome { credential, role, to, slip } => {
                let credential = self.pick(credential)?;
                let own = organization_of(credential);
                let elsewhere = (own + 1) % ORGANIZATIONS;
                let holder = match to {
                    Whom::Itself => Holder::Credential(credential.id),
                    Whom::Owner => Holder::User(credential.owner?),
                    Whom::Group(second) => Holder::UserGroup(group_id(own, *second)),
                };
                let of_role = if *slip == Slip::Role { elsewhere } else { own };
                let of_grant = if *slip == Slip::Grant { elsewhere } else { own };
                (of_grant, holder, role_id(of_role, *role), credential.namespace)
            }
            Step::GrantRemoved(index) => {
                if self.grants.is_empty() {
                    return None;
                }
                let Grant { id, organization, holder, .. } = self.grants.swap_remove(index.index(self.grants.len()));
                return Some(Change::GrantRemoved { organization, id, holder });
            }
            _ => return None,
        };
        let grant = Grant {
            id: GrantId::from_bits(self.granted),
            organization: organization_id(organization),
            holder,
            role,
            namespace,
            created_at: self.now,
        };
        self.granted += 1;
        self.grants.push(grant.clone());
        Some(Change::Grant(grant))
    }

    fn step_of_credential(&mut self, step: &Step) -> Option<Credential> {
        let (Step::Rotate { credential, .. }
        | Step::Disable(credential)
        | Step::Enable(credential)
        | Step::Revoke(credential)
        | Step::Sources(credential, _)
        | Step::Again(credential)) = step
        else {
            let Step::Create(create) = step else { return None };
            return Some(self.create(create));
        };
        let at = if self.credentials.is_empty() { return None } else { credential.index(self.credentials.len()) };
        let old = self.credentials[at].clone();
        let now = self.now;
        let new = match step {
            Step::Rotate { grace, of_older_pepper, .. } => self.rotate(old, *grace, *of_older_pepper),
            Step::Disable(_) => old.disable(now).ok(),
            Step::Enable(_) => old.enable(now).ok(),
            Step::Revoke(_) => old.revoke(now, RevokeReason::Requested).ok(),
            Step::Sources(_, sources) => Some(Credential { sources: sources.clone(), ..old }),
            Step::Again(index) => {
                let all = self.history.iter().flat_map(|commit| &commit.changes);
                let states: Vec<State> = all
                    .filter_map(|change| match change {
                        Change::Credential(credential) if credential.id == old.id => Some(credential.state),
                        _ => None,
                    })
                    .collect();
                // It is said, and not so: the record stays what it was.
                return (!states.is_empty()).then(|| Credential { state: states[index.index(states.len())], ..old });
            }
            _ => None,
        }?;
        self.credentials[at] = new.clone();
        Some(new)
    }

    fn create(&mut self, create: &Create) -> Credential {
        let kind = &OFTEN[create.kind.index(OFTEN.len())];
        let id = CredentialId::from_bits(self.secrets.len() as u128 + 1);
        let pepper = if create.of_older_pepper { OLDER_PEPPER } else { self.ring.current_version() };
        let minted = mint::mint(kind, self.ring.pepper(pepper).unwrap(), &mut self.entropy);
        let organization = organization_id(create.organization);
        let sealed = self.seal(kind, Binding::CredentialSecret { organization, credential: id }, &minted.secret);
        let public_key = (kind.key_pair != KeyPair::None).then(|| RSA[self.secrets.len() % RSA.len()].public.clone());
        let credential = Credential {
            id,
            organization,
            kind: kind.id.clone(),
            name: name(),
            public_id: minted.public_id.clone(),
            namespace: place(create.organization, create.home),
            owner: create.owner.map(user_id),
            created_by: CallerId::System,
            created_at: self.now,
            updated_at: self.now,
            state: State::Active,
            generation: 1,
            expires_at: create.lifetime.map(|seconds| self.now.plus(Duration::from_secs(seconds))),
            sources: create.sources.clone(),
            denied: create.denied.clone(),
            public_key,
            slots: vec![Slot { number: 1, digest: minted.digest, sealed, created_at: self.now, ends_at: None }],
        };
        self.remember(id, &minted);
        self.credentials.push(credential.clone());
        credential
    }

    /// Replaces the secret with a grace, also of kinds that do not offer it: the index judges what is stated.
    fn rotate(&mut self, old: Credential, grace: u64, of_older_pepper: bool) -> Option<Credential> {
        let mut kind = (*kind_of(&old)).clone();
        kind.rotate = Rotate::Secret { confirm: false, grace: Duration::ZERO, max_grace: Duration::MAX };
        let pepper = if of_older_pepper { OLDER_PEPPER } else { self.ring.current_version() };
        let minted = mint::renew(&kind, &old.public_id, self.ring.pepper(pepper).unwrap(), &mut self.entropy);
        let binding = Binding::CredentialSecret { organization: old.organization, credential: old.id };
        let slot = NewSlot { digest: minted.digest, sealed: self.seal(&kind, binding, &minted.secret) };
        // Short ones count as none, so that both are common.
        let grace = Duration::from_secs(if grace < 60 { 0 } else { grace });
        let new = old.rotate(&kind, slot, Some(grace), self.now).ok()?;
        self.remember(new.id, &minted);
        Some(new)
    }

    /// What is kept of a secret that can be shown again, sealed by either version of the ring.
    fn seal(&mut self, kind: &Kind, binding: Binding, secret: &Secret) -> Option<Sealed> {
        let ring = if self.secrets.len().is_multiple_of(3) { &self.older_ring } else { &*self.ring };
        (kind.reveal == Reveal::Always).then(|| ring.seal(binding, secret, &mut self.entropy).unwrap())
    }

    fn issue(&mut self, of: &Credential, scope: &[&'static str], at: Option<usize>, lifetime: u64, of_older: bool) {
        let token = AccessToken {
            credential: of.id,
            generation: of.generation,
            issued_at: self.now,
            expires_at: self.now.plus(Duration::from_secs(lifetime)),
            namespace: at.map(|number| place(organization_of(of), number)),
            scope: scope.join(" ").parse().unwrap(),
        };
        let ring = if of_older { &self.older_ring } else { &*self.ring };
        let text = token.seal(ring, &mut self.entropy).unwrap();
        self.tokens.push(Token {
            text: text.expose().to_owned(),
            credential: token.credential,
            generation: token.generation,
            ends_at: token.expires_at,
            namespace: token.namespace,
            scope: scope.to_vec(),
        });
    }

    fn remember(&mut self, credential: CredentialId, minted: &mint::Minted) {
        self.secrets.push(Minted {
            credential,
            public_id: minted.public_id.clone(),
            secret: minted.secret.expose().to_owned(),
            digest: minted.digest,
        });
    }

    fn pick(&self, index: &Index) -> Option<&Credential> {
        (!self.credentials.is_empty()).then(|| &self.credentials[index.index(self.credentials.len())])
    }
}

/// Everything of which there could be one.
pub(crate) fn organizations_and_kinds() -> impl Iterator<Item = (OrganizationId, KindId)> {
    (0..ORGANIZATIONS).flat_map(|one| KINDS.iter().map(move |kind| (organization_id(one), kind.id.clone())))
}

/// The rules of a credential as they are first written.
pub(crate) fn kind_of(credential: &Credential) -> Arc<Kind> {
    Arc::clone(KINDS.iter().find(|kind| kind.id == credential.kind).unwrap())
}

/// The number of its organization.
pub(crate) fn organization_of(credential: &Credential) -> usize {
    (0..ORGANIZATIONS).find(|o| organization_id(*o) == credential.organization).unwrap()
}

/// The ring has two versions; the second is current.
const OLDER_PEPPER: KeyVersion = KeyVersion::new(1);

/// What a change is about, and whether it states something or takes it back.
fn key_of(change: &Change) -> (String, bool) {
    match change {
        Change::Profile(profile) => (format!("profile {}", profile.name), true),
        Change::Organization(organization) => (organization.id.to_string(), true),
        Change::Namespace(namespace) => (namespace.id.to_string(), true),
        Change::NamespaceRemoved { id, .. } => (id.to_string(), false),
        Change::Membership(m) => (format!("{} {}", m.organization, m.user), true),
        Change::MembershipRemoved { organization, user } => (format!("{organization} {user}"), false),
        Change::GroupMember(m) => (format!("{} {}", m.group, m.user), true),
        Change::GroupMemberRemoved(m) => (format!("{} {}", m.group, m.user), false),
        Change::Role(role) => (role.id.to_string(), true),
        Change::RoleRemoved { id, .. } => (id.to_string(), false),
        Change::Grant(grant) => (grant.id.to_string(), true),
        Change::GrantRemoved { id, .. } => (id.to_string(), false),
        Change::Credential(credential) => (credential.id.to_string(), true),
    }
}

fn name() -> Name {
    Name::new("name").unwrap()
}

static TEXTS: LazyLock<Vec<[RecordedProfile; 2]>> = LazyLock::new(texts);

/// Every text, read.
static READ: LazyLock<BTreeMap<String, Profile>> = LazyLock::new(|| {
    let read = |recorded: &RecordedProfile| Profile::parse(&recorded.name, &recorded.text).unwrap();
    TEXTS.iter().flatten().map(|recorded| (recorded.text.clone(), read(recorded))).collect()
});

/// The kinds of all profiles as they are first written.
static KINDS: LazyLock<Vec<Arc<Kind>>> =
    LazyLock::new(|| TEXTS.iter().flat_map(|[text, _]| READ[&text.text].kinds.clone()).collect());

/// The same, and those a second time that can do more than show a secret.
static OFTEN: LazyLock<Vec<Arc<Kind>>> = LazyLock::new(|| {
    let more = |kind: &&Arc<Kind>| kind.usage.token_lifetime().is_some();
    KINDS.iter().chain(KINDS.iter().filter(more)).cloned().collect()
});

/// How many profiles there are; the last is recorded late or never.
pub(crate) const PROFILES: usize = 7;

/// Every profile in two versions, the second with some knobs turned.
fn texts() -> Vec<[RecordedProfile; 2]> {
    let turn = |name: &str, text: &str, turned: &[(&str, &str)]| {
        let newer = turned.iter().fold(text.replace("version = 1", "version = 2"), |text, (from, to)| {
            assert!(text.contains(from), "{name} has no `{from}`");
            text.replace(from, to)
        });
        [RecordedProfile::new(name, 1, text), RecordedProfile::new(name, 2, &newer)]
    };
    let to_remove = concat!("[kinds.confined]", "\nprefix = \"lbc\"");
    vec![
        turn("keyward", built_in("keyward").unwrap(), &[]),
        turn("gigantik", built_in("gigantik").unwrap(), &[("\"bearer\", \"header:X-API-Key\"", "\"bearer\"")]),
        turn(
            "lab",
            include_str!("lab.toml"),
            &[
                (
                    "expiry = \"optional\"\ndeny = []\n\n[kinds.bound]",
                    "expiry = \"optional\"\ndeny = [\"orders:write\"]\n\n[kinds.bound]",
                ),
                (
                    "cap = \"live\"\nhttps_only = true\ndeny = [\"orders.lines:*\"]",
                    "cap = \"none\"\ndeny = [\"orders:*\"]",
                ),
                (to_remove, "[kinds.renamed]\nprefix = \"lbz\""),
                ("\"header:X-Lab-Key\", ", ""),
                ("use = { mode = \"both\", lifetime = \"30m\" }", "use = \"direct\""),
                (", \"token_scheme:Robot\"", ""),
            ],
        ),
        turn(
            "gainsight",
            built_in("gainsight").unwrap(),
            &[("deny = [\"security\", \"events\"]", "deny = [\"security\"]")],
        ),
        turn("gigya", built_in("gigya").unwrap(), &[("https_only = true", "https_only = false")]),
        turn("passport", built_in("passport").unwrap(), &[(", \"headers:X-API-Key-Id,X-API-Key-Secret\"", "")]),
        turn("gateway_hub", built_in("gateway_hub").unwrap(), &[("deny = [\"security\"]", "deny = []")]),
    ]
}
