//! Random questions about a deployment: mostly right in everything, and wrong in something.

use std::net::IpAddr;
use std::time::Duration;

use keyward_core::access_token::{AccessToken, Scope};
use keyward_core::credential::Credential;
use keyward_core::decision::{By, Presented, Purpose, Request};
use keyward_core::entropy::Seeded;
use keyward_core::format::NativeToken;
use keyward_core::keyring::KeyRing;
use keyward_core::kind::{Carrier, Kind, Parts, Usage};
use keyward_core::mint;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::signed::{Proof, Signed, SignedForm, SignedMessage};
use keyward_core::time::Timestamp;
use keyward_verify::Now;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::sign::{RSA, sign_form};
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
    /// An access token of any credential, in place of the one that is asked about.
    Token(Index, Harm),
    /// A signature of a credential that can sign so, in place of the one that is asked about.
    Signed(Index, Signing),
}

/// What happened to an access token on its way.
#[derive(Clone, Debug)]
enum Harm {
    Nothing,
    /// This character is another one.
    Changed(Index),
    Cut(usize),
    Longer,
    /// It says the same, by the key ring of another deployment.
    Foreign,
    /// It has its beginning in common with one.
    Beginning,
}

/// How something is signed.
#[derive(Clone, Debug)]
struct Signing {
    by_key_pair: bool,
    with: With,
    name: SignedAs,
    /// Microseconds from now until it holds, and until it holds no more.
    window: (i64, i64),
    /// Another address, another message.
    elsewhere: bool,
    damaged: bool,
}

/// In whose name something is signed.
#[derive(Clone, Debug)]
enum SignedAs {
    Itself,
    /// Perhaps another credential.
    Any(Index),
    Nobody,
}

#[derive(Clone, Debug)]
enum With {
    Current,
    AnyOfIts(Index),
    /// Of any credential.
    Any(Index),
    /// Of no credential: a text that many would think of.
    Guessed,
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

/// The addresses by which the server is known: forms are signed for the second.
const URLS: [&str; 2] = ["http://10.1.1.1:8080/items", "https://api.example/items"];
const PARAMETERS: &str = "nonce=n-1&timestamp=1000000&x=%C3%A4";
const MESSAGE: &[u8] = b"header.claims";

pub(crate) fn some_ask() -> impl Strategy<Value = Ask> {
    let claim = prop_oneof![
        22 => (any::<Index>(), some_harm()).prop_map(|(index, harm)| Claim::Token(index, harm)),
        22 => (any::<Index>(), some_signing()).prop_map(|(index, signing)| Claim::Signed(index, signing)),
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
        2 => Just(Wanted::Nothing),
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

fn some_harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        14 => Just(Harm::Nothing),
        1 => any::<Index>().prop_map(Harm::Changed),
        1 => select(vec![1, 2, 3, 4, 60, 120]).prop_map(Harm::Cut),
        1 => Just(Harm::Longer),
        1 => Just(Harm::Foreign),
        1 => Just(Harm::Beginning),
    ]
}

fn some_signing() -> impl Strategy<Value = Signing> {
    let with = prop_oneof![
        10 => Just(With::Current),
        6 => any::<Index>().prop_map(With::AnyOfIts),
        2 => any::<Index>().prop_map(With::Any),
        1 => Just(With::Guessed),
    ];
    let name = prop_oneof![
        12 => Just(SignedAs::Itself),
        1 => any::<Index>().prop_map(SignedAs::Any),
        1 => Just(SignedAs::Nobody),
    ];
    let window = prop_oneof![
        8 => Just((-120_000_000, 120_000_000)),
        1 => select(vec![(0, 1), (1, 2), (-1, 0), (-2, -1), (0, 0), (1, -1)]),
    ];
    (any::<bool>(), with, name, window, prop::bool::weighted(0.08), prop::bool::weighted(0.08)).prop_map(
        |(by_key_pair, with, name, window, elsewhere, damaged)| Signing {
            by_key_pair,
            with,
            name,
            window,
            elsewhere,
            damaged,
        },
    )
}

/// A question that can be asked.
#[derive(Clone)]
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

#[derive(Clone)]
enum Shown {
    Token(String),
    Pair(String, String),
    Signed(Signature),
}

/// A signed request as it arrived.
#[derive(Clone)]
struct Signature {
    id: String,
    from: Timestamp,
    until: Timestamp,
    proof: Signer,
}

#[derive(Clone)]
enum Signer {
    /// The signature of a form.
    Secret([u8; 20]),
    KeyPair(Vec<u8>),
}

impl Question {
    /// The `number`th question of all: each comes an hour after the one before on the clock of the rate limits.
    pub(crate) fn new(world: &World, ask: &Ask, number: u32) -> Option<Self> {
        if world.credentials.is_empty() {
            return None;
        }
        let (about, claim) = subject(world, ask);
        let about = about.clone();
        let kind = kind_of(&about);
        let by = match &ask.way {
            Way::Other(carrier) => Some(carrier.clone()),
            Way::Vouched => None,
            Way::Allowed(index) if matches!(claim, Claim::Token(..)) => {
                let scheme = |carrier: &&Carrier| matches!(carrier, Carrier::TokenScheme(_));
                let allowed: Vec<&Carrier> = kind.present.iter().filter(scheme).chain([&Carrier::Bearer]).collect();
                Some(allowed[index.index(allowed.len())].clone())
            }
            // How a signature travels goes without saying.
            Way::Allowed(index) => {
                let raw = |carrier: &&Carrier| !matches!(carrier, Carrier::SignedForm | Carrier::SignedJwt);
                let allowed: Vec<&Carrier> = kind.present.iter().filter(raw).collect();
                Some(allowed[index.index(allowed.len())].clone())
            }
        };
        Some(Self::ask(world, ask, number, about, &kind, claim, by))
    }

    fn ask(
        world: &World,
        ask: &Ask,
        number: u32,
        about: Credential,
        kind: &Kind,
        claim: &Claim,
        by: Option<Carrier>,
    ) -> Self {
        let wall = match &ask.when {
            When::Now => world.now,
            When::AnEnd(index, offset) => {
                let ends: Vec<Timestamp> = world.ends();
                let end = if ends.is_empty() { world.now } else { ends[index.index(ends.len())] };
                Timestamp::from_micros(end.micros() + offset)
            }
        };
        let is_exchanged = !matches!(claim, Claim::Token(..)) && matches!(kind.usage, Usage::Exchange { .. });
        let fitting = if is_exchanged { Purpose::Exchange } else { Purpose::Direct };
        let namespace = match ask.at {
            At::Nowhere => None,
            At::Home => Some(about.namespace),
            At::Near(number) => Some(place(organization_of(&about), number)),
            At::Place(organization, number) => Some(place(organization, number)),
            At::Unknown => Some(place(7, 3)),
        };
        let kind_of_place = namespace.map_or(NamespaceKind::Organization, NamespaceId::kind);
        Question {
            shown: shown(world, &about, kind, claim, wall),
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

    /// Passes on what is presented.
    pub(crate) fn present<T>(&self, to: impl FnOnce(Presented<'_>) -> T) -> T {
        match &self.shown {
            Shown::Token(token) => to(Presented::Token { token, by: self.by() }),
            Shown::Pair(id, secret) => to(Presented::Pair { id, secret, by: self.by() }),
            Shown::Signed(Signature { id, from, until, proof }) => {
                let proof = match proof {
                    Signer::Secret(signature) => Proof::Form(SignedForm {
                        method: "POST",
                        urls: &URLS,
                        parameters: PARAMETERS,
                        signature: *signature,
                    }),
                    Signer::KeyPair(signature) => Proof::Jwt(SignedMessage { message: MESSAGE, signature }),
                };
                to(Presented::Signed(&Signed { id, nonce: "n-1", from: *from, until: *until, proof }))
            }
        }
    }

    fn by(&self) -> By<'_> {
        match &self.by {
            _ if self.vouched => By::Vouched,
            Carrier::Basic => By::Basic,
            Carrier::Header(name) => By::Header(name),
            Carrier::Headers(id, secret) => By::Headers(id, secret),
            Carrier::Form(id, secret) => By::Form(id, secret),
            Carrier::TokenScheme(name) => By::TokenScheme(name),
            Carrier::Bearer | Carrier::SignedForm | Carrier::SignedJwt => By::Bearer,
        }
    }

    /// When it is asked whether the same is still admitted: now, then, or at an end.
    pub(crate) fn again(&self, world: &World, number: usize) -> Now {
        let ends = world.ends();
        let wall = match number % 3 {
            0 => world.now,
            1 => self.now.wall,
            _ => ends.get(number % ends.len().max(1)).copied().unwrap_or(world.now),
        };
        Now { wall, ..self.now }
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

/// The credential in question, and what is claimed: where there is nothing of the sort yet, its secret.
fn subject<'a>(world: &'a World, ask: &'a Ask) -> (&'a Credential, &'a Claim) {
    let found = match &ask.claim {
        Claim::Token(index, _) if !world.tokens.is_empty() => {
            let token = &world.tokens[index.index(world.tokens.len())];
            world.credentials.iter().find(|credential| credential.id == token.credential)
        }
        Claim::Signed(index, signing) => {
            let carrier = if signing.by_key_pair { Carrier::SignedJwt } else { Carrier::SignedForm };
            let signs = |credential: &&Credential| kind_of(credential).present.contains(&carrier);
            let signers: Vec<&Credential> = world.credentials.iter().filter(signs).collect();
            (!signers.is_empty()).then(|| signers[index.index(signers.len())])
        }
        _ => None,
    };
    let any = &world.credentials[ask.credential.index(world.credentials.len())];
    match (found, &ask.claim) {
        (Some(found), claim) => (found, claim),
        (None, Claim::Token(..) | Claim::Signed(..)) => (any, &Claim::Current),
        (None, claim) => (any, claim),
    }
}

/// What is shown as the credential.
fn shown(world: &World, credential: &Credential, kind: &Kind, claim: &Claim, now: Timestamp) -> Shown {
    match claim {
        Claim::Token(index, harm) => Shown::Token(token(world, credential, index, harm)),
        Claim::Signed(_, signing) => Shown::Signed(signature(world, credential, kind, signing, now)),
        _ => secret(world, credential, kind, claim),
    }
}

/// An access token, perhaps not as it was issued.
fn token(world: &World, credential: &Credential, index: &Index, harm: &Harm) -> String {
    let issued = &world.tokens[index.index(world.tokens.len())];
    let text = &issued.text;
    match harm {
        Harm::Nothing => text.clone(),
        Harm::Changed(index) => {
            let at = index.index(text.len());
            let other = if text.as_bytes()[at] == b'A' { "Q" } else { "A" };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        }
        Harm::Cut(count) => text[..text.len() - count].to_owned(),
        Harm::Longer => format!("{text}A"),
        Harm::Foreign => {
            let mut entropy = Seeded::new(2);
            let ring = KeyRing::generate(Timestamp::EPOCH, &mut entropy).unwrap();
            let token = AccessToken {
                credential: credential.id,
                generation: credential.generation,
                issued_at: world.now,
                expires_at: issued.ends_at,
                namespace: issued.namespace,
                scope: Scope::EVERYTHING,
            };
            token.seal(&ring, &mut entropy).unwrap().expose().to_owned()
        }
        Harm::Beginning => format!("kwat_{}", &credential.id),
    }
}

/// A signature, perhaps not by whom it says.
fn signature(world: &World, credential: &Credential, kind: &Kind, signing: &Signing, now: Timestamp) -> Signature {
    let its: Vec<_> = world.secrets.iter().filter(|minted| minted.credential == credential.id).collect();
    let with = match &signing.with {
        With::Current => {
            its.iter().find(|minted| credential.current().is_some_and(|slot| slot.digest == minted.digest)).copied()
        }
        With::AnyOfIts(index) => Some(its[index.index(its.len())]),
        With::Any(index) => Some(&world.secrets[index.index(world.secrets.len())]),
        With::Guessed => None,
    };
    let proof = if signing.by_key_pair {
        let own = RSA.iter().find(|key| Some(&key.public) == credential.public_key.as_ref());
        let key = match &signing.with {
            With::Any(index) => &RSA[index.index(RSA.len())],
            _ => own.unwrap_or(&RSA[0]),
        };
        let message = if signing.elsewhere { b"other.message" } else { MESSAGE };
        let mut signature = if matches!(signing.with, With::Guessed) { vec![] } else { key.sign(message) };
        if let (true, Some(last)) = (signing.damaged, signature.last_mut()) {
            *last ^= 1;
        }
        Signer::KeyPair(signature)
    } else {
        let url = if signing.elsewhere { "https://other.example/items" } else { URLS[1] };
        let sign = |secret: &str| sign_form(secret, "POST", url, PARAMETERS);
        let guessed = "A".repeat(32);
        let mut signature = sign(with.map_or(&guessed, |minted| &minted.secret)).unwrap_or([7; 20]);
        signature[19] ^= u8::from(signing.damaged);
        Signer::Secret(signature)
    };
    let id = match &signing.name {
        SignedAs::Itself => credential.public_id.clone(),
        SignedAs::Any(index) => world.credentials[index.index(world.credentials.len())].public_id.clone(),
        SignedAs::Nobody => {
            mint::mint(kind, world.ring.current_pepper(), &mut Seeded::new(world.secrets.len() as u64 + 2_000))
                .public_id
        }
    };
    let at = |offset: i64| Timestamp::from_micros(now.micros() + offset);
    Signature { id, from: at(signing.window.0), until: at(signing.window.1), proof }
}

fn secret(world: &World, credential: &Credential, kind: &Kind, claim: &Claim) -> Shown {
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
    /// When something ends: credentials, the grace of replaced secrets, access tokens.
    pub(crate) fn ends(&self) -> Vec<Timestamp> {
        let slots = self.credentials.iter().flat_map(|credential| &credential.slots);
        let lives = self.credentials.iter().filter_map(|credential| credential.expires_at);
        let tokens = self.tokens.iter().map(|token| token.ends_at);
        slots.filter_map(|slot| slot.ends_at).chain(lives).chain(tokens).collect()
    }
}

// A failure shows what was asked, not the secret's whole history.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = match &self.shown {
            Shown::Token(token) => format!("token {token}"),
            Shown::Pair(id, secret) => format!("pair {id} {secret}"),
            Shown::Signed(Signature { id, from, until, proof: Signer::Secret(_) }) => {
                format!("form signed by {id} from {from} until {until}")
            }
            Shown::Signed(Signature { id, from, until, proof: Signer::KeyPair(_) }) => {
                format!("JWT signed by {id} from {from} until {until}")
            }
        };
        write!(f, "{shown} by {:?}, {:?}, {:?} about {:#?}", self.by(), self.request(), self.now, self.about)
    }
}
