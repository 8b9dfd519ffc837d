//! What is known of a request before anything is done for it.

use std::net::IpAddr;

use keyward_core::credential::CallerId;
use keyward_core::id::{OrganizationId, RequestId, SessionId, UserId};
use keyward_core::time::Timestamp;
use keyward_verify::{Identity, Now};

/// Who makes a request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody who is known.
    Anonymous,
    /// A signed-in user.
    Session(SignedIn),
    /// A credential that was presented and is in force.
    Credential(Identity),
    /// Keyward itself.
    System,
}

/// A signed-in user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// The user.
    pub user: UserId,
    /// Whether they run the deployment.
    pub operator: bool,
    /// When they last proved who they are; sensitive acts want this to be fresh.
    pub signed_in_at: Timestamp,
}

/// Everything about a request that an operation may depend on, fixed when it arrives.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who asks.
    pub caller: Caller,
    /// The organization that was named (`Keyward-Organization`); a credential implies its own.
    pub organization: Option<OrganizationId>,
    /// When, on every clock that matters.
    pub now: Now,
    /// The request's name in answers, logs and the audit log.
    pub request: RequestId,
    /// The client's address.
    pub source: Option<IpAddr>,
    /// What the client calls itself (`User-Agent`): at most 256 characters, none of them a control character.
    pub user_agent: Option<String>,
    /// Whether it came over https.
    pub secure: bool,
    /// The idempotency key of a creation.
    pub idempotency_key: Option<String>,
    /// The revision that the caller's copy of the record has (`If-Match`).
    pub if_match: Option<Timestamp>,
}

impl Ctx {
    /// The wall clock of the request.
    pub const fn at(&self) -> Timestamp {
        self.now.wall
    }

    /// The signed-in user who asks, as the target of what they do to themselves.
    pub fn own_id(&self) -> Option<String> {
        match &self.caller {
            Caller::Session(signed_in) => Some(signed_in.user.to_string()),
            Caller::Anonymous | Caller::Credential(_) | Caller::System => None,
        }
    }

    /// Who asks, as it is kept.
    pub fn caller_id(&self) -> CallerId {
        match &self.caller {
            Caller::Anonymous => CallerId::Anonymous,
            Caller::Session(signed_in) => CallerId::User(signed_in.user),
            Caller::Credential(identity) => CallerId::Credential(identity.credential),
            Caller::System => CallerId::System,
        }
    }
}
