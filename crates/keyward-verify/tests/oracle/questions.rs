//! Random questions about a deployment: mostly right in everything, and wrong in something.

use std::net::IpAddr;
use std::time::Duration;

use keyward_core::credential::Credential;
use keyward_core::decision::{By, Presented, Purpose, Request};
use keyward_core::entropy::Seeded;
use keyward_core::format::NativeToken;
use keyward_core::kind::{Carrier, Kind, Parts, Usage};
use keyward_core::mint;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::time::Timestamp;
use keyward_verify::Now;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::world::{ORGANIZATIONS, PLACES, World, kind_of, organization_of, place};

/// What is asked, before it is known of whom.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    credential: Index,
    claim: Claim,
    way: Way,
    permission: Wanted,
    at: At,
    groups: Vec<&'static str>,
    source: Option<&'static str>,
    secure: bool,
    purpose: Option<Purpose>,
    when: When,
}

/// What is claimed to be the secret.
#[derive(Clone, Debug)]
enum Claim {
    /// The current one.
    Current,
    /// One that was ever made for it.
    AnyOfIts(Index),
    /// One of the same kind that nobody has.
    Wrong,
    /// An id and a secret that nobody has.
    Unknown,
    /// In another shape: a token as a pair, or a pair as a token.
    Misshapen,
    /// Not as it was copied.
    Damaged,
}

#[derive(Clone, Debug)]
enum Way {
    Allowed(Index),
    Vouched,
    Other(Carrier),
}

#[derive(Clone, Debug)]
enum Wanted {
    Nothing,
    Permission(&'static str),
    /// This action on the record of the place itself.
    OnRecord(&'static str),
}

#[derive(Clone, Debug)]
enum At {
    Nowhere,
    Home,
    /// In its own organization.
    Near(usize),
    Place(usize, usize),
    Unknown,
}

#[derive(Clone, Debug)]
enum When {
    Now,
    /// At an instant at which something ends, or a microsecond before or after.
    AnEnd(Index, i64),
}

/// For every pattern in the worlds some permissions that it covers and some that it just does not.
const PERMISSIONS: [&str; 30] = [
    "organizations:read",
    "organizations:edit",
    "apps:read",
    "apps:edit",
    "apps:delete",
    "workspaces:read",
    "workspaces:create",
    "workspaces:edit",
    "workspaces:archive",
    "workspaces.settings:edit",
    "usergroups:read",
    "usergroups:delete",
    "credentials:create",
    "credentials:read",
    "credentials.policies:edit",
    "roles:edit",
    "audit:read",
    "audit.log:search",
    "orders:read",
    "orders:write",
    "orders.lines:read",
    "ordersheet:read",
    "reports:read",
    "accounts:search",
    "accounts.webhooks:get",
    "files:edit",
    "items:read",
    "events:write",
    "objects:read",
    "unheard.of:ever",
];

pub(crate) fn some_ask() -> impl Strategy<Value = Ask> {
    let claim = prop_oneof![
        20 => Just(Claim::Current),
        8 => any::<Index>().prop_map(Claim::AnyOfIts),
        1 => Just(Claim::Wrong),
        1 => Just(Claim::Unknown),
        1 => Just(Claim::Misshapen),
        1 => Just(Claim::Damaged),
    ];
    let other = select(vec![
        Carrier::Bearer,
        Carrier::Basic,
        Carrier::Header("x-lab-key".into()),
        Carrier::Headers("x-id".into(), "x-secret".into()),
        Carrier::Form("userKey".into(), "secret".into()),
        Carrier::Form("secret".into(), "userKey".into()),
        Carrier::TokenScheme("Lab".into()),
    ]);
    let way = prop_oneof![
        12 => any::<Index>().prop_map(Way::Allowed),
        2 => Just(Way::Vouched),
        1 => other.prop_map(Way::Other),
    ];
    let at = prop_oneof![
        2 => Just(At::Nowhere),
        6 => Just(At::Home),
        5 => (0..PLACES).prop_map(At::Near),
        2 => (0..ORGANIZATIONS, 0..PLACES).prop_map(|(organization, number)| At::Place(organization, number)),
        1 => Just(At::Unknown),
    ];
    let source = select(vec!["10.1.2.3", "10.9.9.9", "192.0.2.7", "::ffff:10.1.0.9", "2001:db8::1", "198.51.100.1"]);
    let when = prop_oneof![
        3 => Just(When::Now),
        1 => (any::<Index>(), -1_i64..=1).prop_map(|(index, offset)| When::AnEnd(index, offset)),
    ];
    let purpose = prop::option::weighted(0.1, select(vec![Purpose::Direct, Purpose::Exchange]));
    let groups = prop_oneof![6 => Just(vec![]), 1 => subsequence(vec!["events", "security", "billing"], 1..3)];
    let secure = prop::bool::weighted(0.85);
    let permission = prop_oneof![
        1 => Just(Wanted::Nothing),
        6 => select(PERMISSIONS.to_vec()).prop_map(Wanted::Permission),
        2 => select(vec!["read", "create", "edit", "delete", "archive"]).prop_map(Wanted::OnRecord),
    ];
    (any::<Index>(), claim, way, permission, at, groups, prop::option::weighted(0.9, source), secure, purpose, when)
        .prop_map(|(credential, claim, way, permission, at, groups, source, secure, purpose, when)| Ask {
            credential,
            claim,
            way,
            permission,
            at,
            groups,
            source,
            secure,
            purpose,
            when,
        })
}

/// A question that can be asked.
pub(crate) struct Question {
    /// The credential that it is about, whatever was presented.
    pub(crate) about: Credential,
    shown: Shown,
    by: Carrier,
    vouched: bool,
    permission: Option<String>,
    namespace: Option<NamespaceId>,
    groups: Vec<&'static str>,
    source: Option<IpAddr>,
    secure: bool,
    purpose: Purpose,
    pub(crate) now: Now,
}

enum Shown {
    Token(String),
    Pair(String, String),
}

impl Question {
    /// The `number`th question of all: each comes an hour after the one before on the clock of the rate limits.
    pub(crate) fn new(world: &World, ask: &Ask, number: u32) -> Option<Self> {
        if world.credentials.is_empty() {
            return None;
        }
        let about = world.credentials[ask.credential.index(world.credentials.len())].clone();
        let kind = kind_of(&about);
        let by = match &ask.way {
            Way::Other(carrier) => Some(carrier.clone()),
            Way::Vouched => None,
            // Signatures are checked before a decision is asked for; what they prove is vouched for.
            Way::Allowed(index) => {
                let raw = |carrier: &&Carrier| !matches!(carrier, Carrier::SignedForm | Carrier::SignedJwt);
                let allowed: Vec<&Carrier> = kind.present.iter().filter(raw).collect();
                Some(allowed[index.index(allowed.len())].clone())
            }
        };
        Some(Self::ask(world, ask, number, about, &kind, by))
    }

    fn ask(world: &World, ask: &Ask, number: u32, about: Credential, kind: &Kind, by: Option<Carrier>) -> Self {
        let wall = match &ask.when {
            When::Now => world.now,
            When::AnEnd(index, offset) => {
                let ends: Vec<Timestamp> = world.ends();
                let end = if ends.is_empty() { world.now } else { ends[index.index(ends.len())] };
                Timestamp::from_micros(end.micros() + offset)
            }
        };
        let fitting = if kind.usage == Usage::Direct { Purpose::Direct } else { Purpose::Exchange };
        let namespace = match ask.at {
            At::Nowhere => None,
            At::Home => Some(about.namespace),
            At::Near(number) => Some(place(organization_of(&about), number)),
            At::Place(organization, number) => Some(place(organization, number)),
            At::Unknown => Some(place(7, 3)),
        };
        let kind_of_place = namespace.map_or(NamespaceKind::Organization, NamespaceId::kind);
        Question {
            shown: shown(world, &about, kind, &ask.claim),
            namespace,
            about,
            vouched: by.is_none(),
            by: by.unwrap_or(Carrier::Bearer),
            permission: match ask.permission {
                Wanted::Nothing => None,
                Wanted::Permission(permission) => Some(permission.to_owned()),
                Wanted::OnRecord(action) => Some(format!("{}:{action}", kind_of_place.resource())),
            },
            groups: ask.groups.clone(),
            source: ask.source.map(|source| source.parse().unwrap()),
            secure: ask.secure,
            purpose: ask.purpose.unwrap_or(fitting),
            now: Now {
                wall,
                boot: Duration::from_secs(u64::from(number % 100)),
                coarse: Timestamp::EPOCH.plus(Duration::from_hours(u64::from(number))),
            },
        }
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        let by = match &self.by {
            _ if self.vouched => By::Vouched,
            Carrier::Basic => By::Basic,
            Carrier::Header(name) => By::Header(name),
            Carrier::Headers(id, secret) => By::Headers(id, secret),
            Carrier::Form(id, secret) => By::Form(id, secret),
            Carrier::TokenScheme(name) => By::TokenScheme(name),
            Carrier::Bearer | Carrier::SignedForm | Carrier::SignedJwt => By::Bearer,
        };
        match &self.shown {
            Shown::Token(token) => Presented::Token { token, by },
            Shown::Pair(id, secret) => Presented::Pair { id, secret, by },
        }
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            permission: self.permission.as_deref(),
            namespace: self.namespace,
            groups: &self.groups,
            source: self.source,
            secure: self.secure,
            purpose: self.purpose,
        }
    }
}

/// What is shown as the credential.
fn shown(world: &World, credential: &Credential, kind: &Kind, claim: &Claim) -> Shown {
    let its: Vec<_> = world.secrets.iter().filter(|minted| minted.credential == credential.id).collect();
    let current = its.iter().find(|minted| credential.current().is_some_and(|slot| slot.digest == minted.digest));
    let known = match claim {
        Claim::AnyOfIts(index) => its[index.index(its.len())],
        _ => current.unwrap_or(&its[0]),
    };
    let mut entropy = Seeded::new(world.secrets.len() as u64 + 1_000);
    let pepper = world.ring.current_pepper();
    let (id, secret) = match claim {
        Claim::Wrong => {
            let other = mint::renew(kind, &known.public_id, pepper, &mut entropy);
            (other.public_id, other.secret.expose().to_owned())
        }
        Claim::Unknown => {
            let other = mint::mint(kind, pepper, &mut entropy);
            (other.public_id, other.secret.expose().to_owned())
        }
        Claim::Damaged => (known.public_id.clone(), known.secret[1..].to_owned()),
        _ => (known.public_id.clone(), known.secret.clone()),
    };
    match (kind.parts, claim) {
        (Parts::Token, Claim::Misshapen) => match NativeToken::parse(&secret) {
            Ok(token) => Shown::Pair(token.public_id.to_owned(), secret[token.public_id.len() + 1..].to_owned()),
            Err(_) => Shown::Pair(id, secret),
        },
        (Parts::Token, _) => Shown::Token(secret),
        (_, Claim::Misshapen) => Shown::Token(format!("{id}_{secret}")),
        _ => Shown::Pair(id, secret),
    }
}

impl World {
    /// When something ends: credentials, and the grace of replaced secrets.
    fn ends(&self) -> Vec<Timestamp> {
        let slots = self.credentials.iter().flat_map(|credential| &credential.slots);
        let lives = self.credentials.iter().filter_map(|credential| credential.expires_at);
        slots.filter_map(|slot| slot.ends_at).chain(lives).collect()
    }
}

// A failure shows what was asked, not the secret's whole history.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = match &self.shown {
            Shown::Token(token) => format!("token {token}"),
            Shown::Pair(id, secret) => format!("pair {id} {secret}"),
        };
        write!(
            f,
            "{shown} by {:?}, {:?}, {:?} about {:#?}",
            self.presented().by(),
            self.request(),
            self.now,
            self.about
        )
    }
}
