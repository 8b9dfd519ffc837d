//! A request as operations and decisions see it, before anybody knows who it is from.

use http::request::Parts;
use http::{HeaderMap, header};
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
        user_agent: user_agent(&parts.headers),
        secure: arrival.is_some_and(|arrival| arrival.https),
        idempotency_key: None,
        if_match: None,
    }
}

/// What the client calls itself, short enough to be kept and safe to be shown.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(header::USER_AGENT)?.as_bytes());
    let shown: String = text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
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

/// The longest `User-Agent` that is kept, in characters: browsers say half as much.
const MAX_USER_AGENT_CHARS: usize = 256;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn kept(header: &[u8]) -> Option<String> {
        user_agent(&HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_bytes(header).unwrap())]))
    }

    #[test]
    fn a_user_agent_is_short_and_without_control_characters() {
        assert_eq!(kept(b" keyward/0.1.0 ").as_deref(), Some("keyward/0.1.0"));
        assert_eq!(kept("a\tb\u{85}c".as_bytes()).as_deref(), Some("abc"));
        assert_eq!(kept("\u{e9}".repeat(300).as_bytes()), Some("\u{e9}".repeat(256)));
        assert_eq!(kept(b"caf\xe9").as_deref(), Some("caf\u{fffd}"));
        assert_eq!((kept(b""), kept(b" "), user_agent(&HeaderMap::new())), (None, None, None));
    }
}
