//! An organization of a hundred thousand credentials: two years old, in two hundred namespaces, with a thousand members,
//! fifty roles, ninety days of uses, and an audit log of two hundred thousand entries. Made up in the database, through
//! the node that serves it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::{CallerId, Credential, RevokeReason, Slot, State};
use keyward_core::digest::Pepper;
use keyward_core::id::{
    ApplicationId, AuditId, CredentialId, GrantId, OrganizationId, RequestId, RoleId, UserGroupId, UserId, WorkspaceId,
};
use keyward_core::kind::Kind;
use keyward_core::mint;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::time::Timestamp;
use keyward_core::user::{Membership, User};
use keyward_server::app::App;
use keyward_server::clock;
use keyward_server::entropy::OsEntropy;
use keyward_store::{Placing, Scope, StoreError, Tx, Use, Writer};

use super::shown;
use crate::harness::{Admin, As, TestServer};

const CREDENTIALS: usize = 100_000;
const APPLICATIONS: usize = 100;
const WORKSPACES: usize = 80;
const USER_GROUPS: usize = 20;
const ROLES: usize = 50;
const MEMBERS: usize = 1_000;
const ENTRIES: usize = 200_000;
/// Days on which credentials are used.
const USED_DAYS: u64 = 90;
/// Records of one write.
const AT_ONCE: usize = 500;
const DAY: Duration = Duration::from_hours(24);

/// A node with all of it, and two of its people signed in.
pub(super) struct World {
    pub(super) server: TestServer,
    pub(super) admin: Admin,
    pub(super) member: As,
    organization: OrganizationId,
    namespaces: Vec<NamespaceId>,
    roles: Vec<RoleId>,
    users: Vec<UserId>,
    credentials: Vec<CredentialId>,
    /// A request of the log.
    request: RequestId,
}

/// Where a list of a page goes on, to be read from the page itself.
pub(super) enum Path {
    At(String),
    NextOf(String),
}

impl World {
    /// Everything, in the database of a node that runs.
    pub(super) async fn seeded() -> Self {
        let server = TestServer::start().await;
        let admin = server.set_up(&["keyward"]).await;
        let (member_id, member) = server.member(&admin, "grace@example.com", false).await;
        let organization: OrganizationId = admin.organization.parse().unwrap();
        let mut world = Self {
            organization,
            namespaces: Vec::new(),
            roles: Vec::new(),
            users: vec![admin.user.parse().unwrap(), member_id.parse().unwrap()],
            credentials: Vec::new(),
            request: RequestId::new(clock::now(), &mut OsEntropy),
            server,
            admin,
            member,
        };
        world.put_places().await;
        world.put_people().await;
        world.give_member_a_few_roles(&member_id).await;
        world.put_credentials().await;
        world.put_uses().await;
        world.put_entries().await;
        world
    }

    /// Every page, and lists in every way that they can be asked for.
    pub(super) fn pages(&self) -> Vec<(&'static str, Path)> {
        let mut pages = self.lists_of_keys();
        let credential = self.credentials[CREDENTIALS - 2];
        let (place, user, role) = (self.namespaces[0], self.users[2], self.roles[0]);
        let day = |ago: u64| clock::now().minus(DAY * u32::try_from(ago).unwrap()).to_string()[..10].to_owned();
        let days = format!("/audit?from={}&to={}", day(1), day(0));
        let within = [
            ("home", String::new()),
            ("key", format!("/credentials/{credential}")),
            ("key: edit", format!("/credentials/{credential}/edit")),
            ("key: rotate", format!("/credentials/{credential}/rotate")),
            ("key: revoke", format!("/credentials/{credential}/revoke")),
            ("new key", "/keys/keyward-api/new".to_owned()),
            ("namespaces", "/namespaces".to_owned()),
            ("namespaces: search", "/namespaces?q=place+7".to_owned()),
            ("namespaces: workspaces", "/namespaces?kind=workspace".to_owned()),
            ("namespace", format!("/namespaces/{place}")),
            ("members", "/members".to_owned()),
            ("members: search", "/members?q=member+77".to_owned()),
            ("member", format!("/members/{user}")),
            ("invite a member", "/members/invite".to_owned()),
            ("give a role", format!("/grants/new?holder={user}")),
            ("roles", "/roles".to_owned()),
            ("role", format!("/roles/{role}")),
            ("usage: 30 days", "/usage".to_owned()),
            ("usage: 90 days", "/usage?days=90".to_owned()),
            ("usage: page of a frequent kind", "/usage?days=90&keys=keyward-api".to_owned()),
            ("usage: page of a rare kind", "/usage?days=90&keys=keyward-service".to_owned()),
            ("audit log", "/audit".to_owned()),
            ("audit log: operation", "/audit?what=credentials.revoke".to_owned()),
            ("audit log: resource", "/audit?what=credentials".to_owned()),
            ("audit log: rare operation", "/audit?what=organizations.update".to_owned()),
            ("audit log: who", "/audit?who=Member+77".to_owned()),
            ("audit log: target", format!("/audit?target={credential}")),
            ("audit log: refused", "/audit?outcome=refused".to_owned()),
            ("audit log: days", days),
            ("audit log: request", format!("/audit?request={}", self.request)),
            ("audit log: last page", "/audit?before=51".to_owned()),
            ("explain", "/explain".to_owned()),
            ("settings", "/settings".to_owned()),
        ];
        let organization = self.organization;
        pages.extend(within.map(|(what, path)| (what, Path::At(format!("/o/{organization}{path}")))));
        let next = [("members: second page", "/members"), ("audit log: second page", "/audit")];
        pages.extend(next.map(|(what, path)| (what, Path::NextOf(format!("/o/{organization}{path}")))));
        let outside = [
            ("profile", "/me"),
            ("access", "/me/access"),
            ("sessions", "/me/sessions"),
            ("deployment", "/deployment"),
            ("deployment: system", "/deployment/system"),
        ];
        pages.extend(outside.map(|(what, path)| (what, Path::At(path.to_owned()))));
        pages
    }

    fn lists_of_keys(&self) -> Vec<(&'static str, Path)> {
        let (frequent, rare) = (self.roles[0], self.roles[ROLES - 1]);
        let (large, small, owner) = (self.namespaces[0], self.namespaces[7], self.users[5]);
        let asked = [
            ("keys", String::new()),
            ("keys: search", "q=night".to_owned()),
            ("keys: search in vain", "q=zzzz".to_owned()),
            ("keys: search, by name", "q=night&sort=name".to_owned()),
            ("keys: active", "state=active".to_owned()),
            ("keys: disabled", "state=disabled".to_owned()),
            ("keys: expired", "state=expired".to_owned()),
            ("keys: revoked", "state=revoked".to_owned()),
            ("keys: frequent role", format!("role={frequent}")),
            ("keys: frequent role, last used", format!("role={frequent}&sort=-used")),
            ("keys: frequent role, by name", format!("role={frequent}&sort=name")),
            ("keys: rare role", format!("role={rare}")),
            ("keys: rare role, last used", format!("role={rare}&sort=-used")),
            ("keys: large namespace", format!("in={large}")),
            ("keys: large namespace, last used", format!("in={large}&sort=-used")),
            ("keys: small namespace", format!("in={small}")),
            ("keys: owner", format!("owner={owner}")),
            ("keys: mine", "owner=me".to_owned()),
            ("keys: expiring in 30 days", "expires=30".to_owned()),
            ("keys: expiring, by end", "expires=30&sort=expires".to_owned()),
            ("keys: unused for 30 days", "unused=30".to_owned()),
            ("keys: unused for 90 days", "unused=90".to_owned()),
            ("keys: unused, last used first", "unused=90&sort=-used".to_owned()),
            ("keys: active, last used", "state=active&sort=-used".to_owned()),
            ("keys: by name", "sort=name".to_owned()),
            ("keys: by name, backwards", "sort=-name".to_owned()),
            ("keys: oldest", "sort=created".to_owned()),
            ("keys: last changed", "sort=-changed".to_owned()),
            ("keys: first changed", "sort=changed".to_owned()),
            ("keys: last used", "sort=-used".to_owned()),
            ("keys: never used first", "sort=used".to_owned()),
            ("keys: by end", "sort=expires".to_owned()),
            ("keys: by end, backwards", "sort=-expires".to_owned()),
            ("keys of a rare kind, last used", "rare".to_owned()),
        ];
        let organization = self.organization;
        let list = |query: &str| match query {
            "rare" => format!("/o/{organization}/keys/keyward-service?sort=-used"),
            query => format!("/o/{organization}/keys/keyward-api?{query}"),
        };
        let mut pages: Vec<_> = asked.iter().map(|(what, query)| (*what, Path::At(list(query)))).collect();
        pages.push(("keys: second page", Path::NextOf(list(""))));
        pages.push(("keys: last used, second page", Path::NextOf(list("sort=-used"))));
        pages
    }

    /// The address itself: for a second page, where the first leads.
    pub(super) async fn resolved(&self, visitor: &As, path: Path) -> String {
        let first = match path {
            Path::At(path) => return path,
            Path::NextOf(first) => first,
        };
        let page = shown(&self.server, visitor, &first).await.expect(200);
        let mut addresses = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
        let next = addresses.find(|(address, _)| address.contains("after=") || address.contains("before="));
        next.unwrap().0.replace("&#38;", "&").replace("&amp;", "&")
    }

    async fn put_places(&mut self) {
        let organization = self.organization;
        let now = clock::now();
        let mut made: Vec<Namespace> = Vec::new();
        for n in 0..APPLICATIONS + WORKSPACES + USER_GROUPS {
            let (id, parent): (NamespaceId, NamespaceId) = if n < APPLICATIONS {
                (ApplicationId::new(now, &mut OsEntropy).into(), organization.into())
            } else if n < APPLICATIONS + WORKSPACES {
                (WorkspaceId::new(now, &mut OsEntropy).into(), made[n % APPLICATIONS].id)
            } else {
                (UserGroupId::new(now, &mut OsEntropy).into(), organization.into())
            };
            let site_key = (n < APPLICATIONS).then(|| format!("3_{n}"));
            let name = named(&format!("Place {n}"));
            made.push(Namespace { id, organization, parent, name, site_key, created_at: now, updated_at: now });
        }
        let roles: Vec<Role> = (0..ROLES)
            .map(|n| Role {
                id: RoleId::new(now, &mut OsEntropy),
                organization,
                name: named(&format!("Role {n}")),
                patterns: [format!("items{n}:*"), "orders:read".to_owned()]
                    .iter()
                    .map(|p| p.parse().unwrap())
                    .collect(),
                template: None,
                created_at: now,
                updated_at: now,
            })
            .collect();
        self.namespaces = made.iter().map(|namespace| namespace.id).collect();
        self.roles = roles.iter().map(|role| role.id).collect();
        let put = async move |tx: &mut Tx| {
            for namespace in &made {
                tx.put_namespace(namespace).await?;
            }
            for role in &roles {
                tx.put_role(role).await?;
            }
            Ok(())
        };
        self.write(put).await;
    }

    async fn put_people(&mut self) {
        let organization = self.organization;
        let now = clock::now();
        while self.users.len() < MEMBERS {
            let from = self.users.len();
            let users: Vec<User> = (from..(from + AT_ONCE).min(MEMBERS))
                .map(|n| User {
                    id: UserId::new(now, &mut OsEntropy),
                    email: format!("member{n}@example.com"),
                    name: named(&format!("Member {n}")),
                    operator: false,
                    created_at: now,
                    updated_at: now,
                })
                .collect();
            self.users.extend(users.iter().map(|user| user.id));
            let (roles, namespaces) = (self.roles.clone(), self.namespaces.clone());
            let put = async move |tx: &mut Tx| {
                for (n, user) in users.iter().enumerate() {
                    tx.put_user(user).await?;
                    let (user, created_at) = (user.id, user.created_at);
                    let membership = Membership {
                        organization,
                        user,
                        super_admin: false,
                        suspended_at: None,
                        created_at,
                        updated_at: created_at,
                    };
                    tx.put_membership(&membership).await?;
                    for at in 0..=n % 3 {
                        let id = GrantId::new(created_at, &mut OsEntropy);
                        let (role, namespace) = (roles[n % ROLES], namespaces[(n * 7 + at) % namespaces.len()]);
                        let grant = Grant { id, organization, holder: Holder::User(user), role, namespace, created_at };
                        tx.put_grant(&grant).await?;
                    }
                }
                Ok(())
            };
            self.write(put).await;
        }
    }

    /// What somebody has who looks after a few applications.
    async fn give_member_a_few_roles(&self, member: &str) {
        let patterns = ["credentials:*", "usage:read", "users:read", "grants:read", "audit:read", "workspaces:*"];
        let role = self.server.role(&self.admin, "Keeper", &patterns).await;
        for namespace in &self.namespaces[..5] {
            self.server.grant(&self.admin, member, &role, &namespace.to_string()).await;
        }
    }

    async fn put_credentials(&mut self) {
        let organization = self.organization;
        let kind = |name: &str| self.app().index.snapshot().kind(&name.parse().unwrap()).unwrap().clone();
        let kinds = ["keyward/api", "keyward/service", "keyward/oauth"].map(kind);
        let ring = self.app().ring();
        for from in (0..CREDENTIALS).step_by(AT_ONCE) {
            let numbers = from..from + AT_ONCE;
            let made: Vec<Credential> = numbers.map(|n| self.credential(n, &kinds, ring.current_pepper())).collect();
            self.credentials.extend(made.iter().map(|credential| credential.id));
            let roles = self.roles.clone();
            let put = async move |tx: &mut Tx| {
                for (n, credential) in (from..).zip(&made) {
                    let scope_key = organization.to_string();
                    let placing = Placing { scope_key, place: None, name_scope: None };
                    tx.put_credential(credential, Some(&placing)).await?;
                    let role = match n {
                        n if n % 2_000 == 0 => roles[ROLES - 1],
                        n if n % 3 == 0 => roles[1 + n % (ROLES - 2)],
                        _ => roles[0],
                    };
                    let (namespace, created_at) = (credential.namespace, credential.created_at);
                    let id = GrantId::new(created_at, &mut OsEntropy);
                    let holder = Holder::Credential(credential.id);
                    tx.put_grant(&Grant { id, organization, holder, role, namespace, created_at }).await?;
                }
                Ok(())
            };
            self.write(put).await;
        }
    }

    /// The `n`th: oldest first, with names of two words and a number, four of ten at the organization itself, one of
    /// twenty in one application, and some ended.
    fn credential(&self, n: usize, kinds: &[Arc<Kind>; 3], pepper: &Pepper) -> Credential {
        const WORDS: [&str; 8] = ["Nightly", "Import", "Billing", "Export", "Status", "Deploy", "Report", "Mobile"];
        let kind = match n % 50 {
            7 | 21 => &kinds[1],
            33 => &kinds[2],
            _ => &kinds[0],
        };
        let minted = mint::mint(kind, pepper, &mut OsEntropy);
        let age = DAY * 730 * u32::try_from(CREDENTIALS - n).unwrap() / u32::try_from(CREDENTIALS).unwrap();
        let created_at = clock::now().minus(age);
        let number = n * 7_919 % 99_991;
        let state = match n % 22 {
            0 | 7 | 14 => State::Revoked { at: created_at.plus(DAY), reason: RevokeReason::Requested },
            11 => State::Disabled { at: created_at.plus(DAY) },
            _ => State::Active,
        };
        Credential {
            id: CredentialId::new(created_at, &mut OsEntropy),
            organization: self.organization,
            kind: kind.id.clone(),
            name: named(&format!("{} {} {number}", WORDS[number % 8], WORDS[number / 8 % 8])),
            public_id: minted.public_id,
            namespace: match n % 20 {
                19 => self.namespaces[0],
                0..8 => self.organization.into(),
                _ => self.namespaces[n / 5 * 7 % self.namespaces.len()],
            },
            owner: Some(self.users[n % MEMBERS]),
            created_by: CallerId::User(self.users[n / 7 % MEMBERS]),
            created_at,
            updated_at: created_at.plus(DAY),
            state,
            generation: 1,
            expires_at: (!n.is_multiple_of(10))
                .then(|| created_at.plus(DAY * if n.is_multiple_of(3) { 800 } else { 365 })),
            sources: Vec::new(),
            denied: kind.deny.clone(),
            public_key: None,
            slots: vec![Slot { number: 1, digest: minted.digest, sealed: None, created_at, ends_at: None }],
        }
    }

    /// A third is used daily, a third each fifth day, a third never; few are used much.
    async fn put_uses(&self) {
        let now = clock::now();
        for ago in (0..USED_DAYS).rev() {
            let at = now.minus(DAY * u32::try_from(ago).unwrap());
            let on_day = self.credentials.iter().enumerate().filter(|(n, _)| match n % 3 {
                0 => false,
                1 => true,
                _ => (*n as u64 + ago).is_multiple_of(5),
            });
            let uses: Vec<Use> = on_day
                .flat_map(|(n, credential)| {
                    let count = 1 + if n % 997 == 1 { n / 500 } else { n % 4 / 3 };
                    // Each at a time of its own.
                    let at = at.minus(Duration::from_millis(n as u64 * 7));
                    (0..count).map(move |k| Use { credential: *credential, slot: 1, at, allowed: k != 1 })
                })
                .collect();
            for part in uses.chunks(4_096) {
                let part = part.to_vec();
                let job = async move |writer: &mut Writer| writer.record_uses(&part).await;
                self.app().store.side_write::<(), StoreError, _>(job).await.unwrap();
            }
        }
    }

    async fn put_entries(&self) {
        const OPERATIONS: [&str; 6] = [
            "credentials.create",
            "credentials.revoke",
            "grants.create",
            "credentials.rotate",
            "roles.update",
            "users.invite",
        ];
        let began = clock::now().minus(DAY * 180);
        let entry = |n: usize| {
            let at = began.plus(DAY * 180 * u32::try_from(n).unwrap() / u32::try_from(ENTRIES).unwrap());
            let refused = n.is_multiple_of(50).then(|| Outcome::Refused("not_granted".to_owned()));
            AuditEntry {
                at,
                operation: OPERATIONS[n % OPERATIONS.len()].to_owned(),
                caller: CallerId::User(self.users[n % MEMBERS]),
                target: Some(self.credentials[n % CREDENTIALS].to_string()),
                outcome: refused.unwrap_or(Outcome::Done),
                request: Some(if n == 100 { self.request } else { RequestId::new(at, &mut OsEntropy) }),
                ..an_entry(at)
            }
        };
        let scope = Scope::Organization(self.organization);
        for from in (0..ENTRIES).step_by(1_000) {
            let store = &self.app().store;
            let recorded = (from..from + 1_000).map(|n| store.record(scope, entry(n)));
            assert!(join_all(recorded).await.iter().all(Result::is_ok));
        }
    }

    fn app(&self) -> &App {
        &self.server.serving.as_ref().unwrap().app
    }

    async fn write<F>(&self, put: F)
    where
        F: AsyncFn(&mut Tx) -> Result<(), StoreError> + Send + Sync + 'static,
    {
        let entry = an_entry(clock::now());
        let job = async move |tx: &mut Tx| {
            put(tx).await?;
            Ok::<_, StoreError>(((), entry.clone()))
        };
        self.app().store.write(Scope::Organization(self.organization), job).await.unwrap();
    }
}

fn an_entry(at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(at, &mut OsEntropy),
        at,
        operation: "test.write".to_owned(),
        caller: CallerId::System,
        target: None,
        outcome: Outcome::Done,
        details: serde_json::Map::new(),
        request: None,
        source: None,
    }
}

fn named(text: &str) -> Name {
    Name::new(text).unwrap()
}
