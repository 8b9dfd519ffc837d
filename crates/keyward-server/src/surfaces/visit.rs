//! A request as operations and decisions see it, before anybody knows who it is from.

use http::request::Parts;
use keyward_core::id::RequestId;

use crate::app::App;
use crate::net::Arrival;
use crate::ops::context::{Caller, Ctx};
use crate::telemetry::requests::{CallerKind, Facts};

/// When, whence and under which name a request arrived; from nobody yet.
pub fn visit(app: &App, parts: &Parts) -> Ctx {
    let arrival = parts.extensions.get::<Arrival>();
    let now = app.now();
    let facts = parts.extensions.get::<Facts>();
    Ctx {
        caller: Caller::Anonymous,
        organization: None,
        now,
        request: facts.map_or_else(|| RequestId::new(now.wall, &mut app.entropy()), Facts::id),
        source: arrival.map(|arrival| arrival.client),
        secure: arrival.is_some_and(|arrival| arrival.https),
        idempotency_key: None,
        if_match: None,
    }
}

/// Tells the request's log line who it is from.
pub fn tell(parts: &Parts, ctx: &Ctx) {
    let Some(facts) = parts.extensions.get::<Facts>() else { return };
    match &ctx.caller {
        Caller::Anonymous => facts.caller(CallerKind::Anonymous),
        Caller::System => facts.caller(CallerKind::System),
        Caller::Session(signed_in) => {
            facts.caller(CallerKind::Session);
            facts.user(signed_in.user);
        }
        Caller::Credential(identity) => {
            facts.caller(CallerKind::Credential);
            facts.credential(identity.credential);
            facts.organization(identity.organization);
        }
    }
    if let Some(organization) = ctx.organization {
        facts.organization(organization);
    }
}
