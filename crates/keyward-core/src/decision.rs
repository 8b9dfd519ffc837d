//! What is asked of a credential, and the answer: values, never errors.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::namespace::NamespaceId;
use crate::signed::{Proof, Signed};

/// What a request carried as its credential, and how. An [access token](crate::access_token) is a
/// [`Presented::Token`] like any other: its text tells.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// One string.
    Token {
        /// The whole text as it stood.
        token: &'a str,
        /// How it travelled.
        by: By<'a>,
    },
    /// A public id and a secret.
    Pair {
        /// The public id.
        id: &'a str,
        /// The secret.
        secret: &'a str,
        /// How they travelled.
        by: By<'a>,
    },
    /// A public id, and a proof of the secret that does not contain it.
    Signed(&'a Signed<'a>),
}

impl<'a> Presented<'a> {
    /// How it travelled.
    pub const fn by(&self) -> By<'a> {
        match self {
            Presented::Token { by, .. } | Presented::Pair { by, .. } => *by,
            Presented::Signed(Signed { proof: Proof::Form(_), .. }) => By::SignedForm,
            Presented::Signed(Signed { proof: Proof::Jwt(_), .. }) => By::SignedJwt,
        }
    }
}

/// How a credential travelled: the borrowed counterpart of [`crate::kind::Carrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<'a> {
    /// Not known: a caller of the verify endpoint vouches for the carrier.
    Vouched,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// One header; lower-case name.
    Header(&'a str),
    /// Two headers; lower-case names.
    Headers(&'a str, &'a str),
    /// Two form or query parameters.
    Form(&'a str, &'a str),
    /// `Authorization:` with a vendor's own scheme.
    TokenScheme(&'a str),
    /// A form signed with the secret.
    SignedForm,
    /// A JWT signed with the key pair.
    SignedJwt,
}

/// What is asked: may this credential do that, there, so?
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The permission needed; `None` asks for authentication alone.
    pub permission: Option<&'a str>,
    /// Where; `None` means the organization.
    pub namespace: Option<NamespaceId>,
    /// The API groups to which the request belongs.
    pub groups: &'a [&'a str],
    /// The client's address, where known. A credential bound to networks is refused without one.
    pub source: Option<IpAddr>,
    /// Whether the request came over https.
    pub secure: bool,
    /// What the credential is presented for.
    pub purpose: Purpose,
}

/// What a credential is presented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be served.
    Direct,
    /// To get an access token.
    Exchange,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a request is refused. Every dialect maps each of these in one exhaustive `match`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, in the order in which they are looked for.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// As written in answers and metrics.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code),* }
            }

            /// What it means and what to do, in one sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Reason::$name => $text),* }
            }
        }
    };
}

reasons! {
    /// Wrong length, alphabet or checksum: answered without any look-up.
    Malformed = "malformed", "the credential has the wrong length, characters or checksum: check that it was copied whole";
    /// This node has not heard from the database for longer than the freshness bound.
    Stale = "stale", "this node cannot prove that it knows of all revocations: retry, or ask another node";
    /// No such id, or a wrong secret: never told apart.
    Unknown = "unknown", "no such credential, or the secret is wrong";
    /// Signed too long ago, or in the future.
    OutOfWindow = "out_of_window", "the request was signed too long ago or in the future: check the clock and sign again";
    /// Presented in a way that its kind does not allow.
    WrongCarrier = "wrong_carrier", "this kind of credential must be sent in another way";
    /// Used directly although its kind is only for exchange, or the other way round.
    WrongUse = "wrong_use", "this kind of credential cannot be used so";
    /// Its organization is suspended.
    OrganizationSuspended = "organization_suspended", "the organization is suspended";
    /// Disabled until somebody enables it.
    Disabled = "disabled", "the credential is disabled";
    /// Revoked for ever.
    Revoked = "revoked", "the credential was revoked";
    /// The secret was replaced and its grace is over.
    Replaced = "replaced", "this secret was replaced: use the current one";
    /// Past its end.
    Expired = "expired", "the credential has expired";
    /// The owner of a live credential was suspended or removed.
    OwnerInactive = "owner_inactive", "the owner of the credential is not an active member";
    /// A raw secret over plain http.
    InsecureTransport = "insecure_transport", "this credential may only be sent over https";
    /// From a network that is not listed.
    SourceNotAllowed = "source_not_allowed", "the credential may not be used from this address";
    /// The kind can never do this, whatever it was given.
    Denied = "denied", "this kind of credential can never do that";
    /// The access token was narrowed to other permissions when it was issued.
    OutOfScope = "out_of_scope", "the access token was not issued for this: ask for another scope";
    /// The namespace is beyond what the credential reaches.
    OutOfReach = "out_of_reach", "the credential does not reach this namespace";
    /// No role that it holds there allows it.
    NotGranted = "not_granted", "no role of the credential allows this here";
    /// Its owner may not do this, or no longer.
    OwnerLacks = "owner_lacks", "the owner of the credential may not do this here";
    /// Too many uses in the window.
    RateLimited = "rate_limited", "too many uses: wait before the next one";
    /// The nonce of a signed request was used before; found when the use is recorded.
    Replayed = "replayed", "this signed request was answered before: sign again with another nonce";
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// One check of a decision. `explain` lists every one with its outcome, in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Check { $($(#[$doc])* $name,)* }

        impl Check {
            /// Every check, in the order in which they are made.
            pub const ALL: &[Check] = &[$(Check::$name),*];

            /// As written in answers.
            pub const fn code(self) -> &'static str {
                match self { $(Check::$name => $code),* }
            }
        }
    };
}

checks! {
    /// Charset, length, checksum.
    WellFormed = "well_formed";
    /// The node is fresh enough to know of all revocations.
    Fresh = "fresh";
    /// The id is known.
    Known = "known";
    /// The secret is right.
    Secret = "secret";
    /// Signed at a time that counts now.
    Window = "window";
    /// Sent as its kind allows.
    Carrier = "carrier";
    /// Used as its kind allows.
    Use = "use";
    /// The organization is active.
    Organization = "organization";
    /// Neither disabled nor revoked.
    State = "state";
    /// The secret was not replaced, or is in its grace.
    Slot = "slot";
    /// Not expired.
    Expiry = "expiry";
    /// The owner is an active member (live kinds).
    Owner = "owner";
    /// Over https where the kind asks for it.
    Transport = "transport";
    /// From a listed network.
    Source = "source";
    /// Not denied by its kind or by the credential that made it.
    Denials = "denials";
    /// Within what the access token was narrowed to.
    Scope = "scope";
    /// The namespace is within reach.
    Reach = "reach";
    /// A role allows it.
    Grants = "grants";
    /// The owner may do it now (live kinds).
    OwnerRights = "owner_rights";
    /// Not too often.
    Rate = "rate";
}

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// How long to wait, where waiting helps.
    pub retry_after: Option<Duration>,
}

impl From<Reason> for Denial {
    fn from(reason: Reason) -> Self {
        Self { reason, retry_after: None }
    }
}
