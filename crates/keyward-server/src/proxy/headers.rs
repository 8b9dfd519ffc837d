//! What of a message's head goes on: nothing that is for this connection alone, nothing that only this node may say.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    VIA,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use keyward_verify::Identity;

use crate::net::Arrival;
use crate::ops::context::Ctx;

/// Takes out of a request what must not go on, and says what only this node knows. The credential is out already.
pub(super) fn outgoing(headers: &mut HeaderMap, upstream: &HeaderValue, arrival: Option<&Arrival>, ctx: &Ctx) {
    let host = headers.remove(HOST);
    without_connection(headers);
    // The body's length is said by who sends it on; asking for it has answered `Expect`.
    headers.remove(CONTENT_LENGTH);
    headers.remove(EXPECT);
    let own: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name.as_str())).cloned().collect();
    for name in own {
        headers.remove(name);
    }
    without_own_cookies(headers);

    headers.insert(HOST, upstream.clone());
    headers.append(VIA, HeaderValue::from_static("1.1 keyward"));
    if let Some(client) = ctx.source {
        insert(headers, X_FORWARDED_FOR, &client.to_string());
    }
    insert(headers, X_FORWARDED_PROTO, if ctx.secure { "https" } else { "http" });
    if let Some(host) = host {
        headers.insert(X_FORWARDED_HOST, host);
    }
    if let Some(arrival) = arrival.filter(|arrival| !arrival.prefix.is_empty()) {
        insert(headers, X_FORWARDED_PREFIX, &arrival.prefix);
    }
}

/// Says who the request is from: to be called last. Every name is always there, so that a server that reads it never
/// reads a client's word.
pub(super) fn identify(headers: &mut HeaderMap, identity: &Identity, ctx: &Ctx, namespace: &str) {
    let owner = identity.owner.map(|owner| owner.to_string());
    insert(headers, X_KEYWARD_ORGANIZATION, &identity.organization.to_string());
    insert(headers, X_KEYWARD_CREDENTIAL, &identity.credential.to_string());
    insert(headers, X_KEYWARD_PUBLIC_ID, identity.public_id.as_str());
    insert(headers, X_KEYWARD_KIND, identity.kind.as_str());
    insert(headers, X_KEYWARD_OWNER, owner.as_deref().unwrap_or_default());
    insert(headers, X_KEYWARD_NAMESPACE, namespace);
    insert(headers, X_KEYWARD_REQUEST_ID, &ctx.request.to_string());
}

/// Takes out of an answer what must not go on.
pub(super) fn incoming(headers: &mut HeaderMap) {
    // Where both were said, the length was not what counted.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    without_connection(headers);
    // The cookies of hosts are sent to all their ports: a server behind this node must not set a session's.
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    if cookies.iter().any(|cookie| is_own_cookie(cookie.as_bytes())) {
        headers.remove(SET_COOKIE);
        for cookie in cookies.into_iter().filter(|cookie| !is_own_cookie(cookie.as_bytes())) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Whether a request asks for this protocol on its connection.
pub(super) fn asks_for(headers: &HeaderMap, protocol: &str) -> bool {
    let mut upgrades = headers.get_all(UPGRADE).iter();
    let only = upgrades.next().filter(|_| upgrades.next().is_none());
    only.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(protocol.as_bytes()))
        && connection_options(headers).any(|option| option.eq_ignore_ascii_case("upgrade"))
}

/// Takes out what is for one connection alone (RFC 9110 section 7.6.1), what `Connection` names included.
fn without_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = connection_options(headers).filter_map(|option| option.parse().ok()).collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    let more = headers.keys().filter(|name| is_hop_by_hop(name.as_str())).cloned().collect::<Vec<_>>();
    for name in more {
        headers.remove(name);
    }
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|option| !option.is_empty())
}

fn is_hop_by_hop(name: &str) -> bool {
    matches!(name, "keep-alive" | "http2-settings") || name.starts_with("proxy-")
}

/// Whether a name is this node's to say, or one by which clients tell a server that another method or path is meant than
/// the one that was decided about. Servers that make variables of names take `_` and `.` for `-`.
fn is_ours(name: &str) -> bool {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    name.starts_with("x-keyward-")
        || name.starts_with("x-forwarded-")
        || name == FORWARDED.as_str()
        || matches!(&*name, "x-real-ip" | "x-original-url" | "x-original-uri" | "x-rewrite-url")
        || matches!(&*name, "x-http-method-override" | "x-http-method" | "x-method-override")
}

/// Takes the cookies of the console out. HTTP/2 clients send a header for each cookie; HTTP/1.1 has one for all.
fn without_own_cookies(headers: &mut HeaderMap) {
    let mut kept: Vec<u8> = Vec::new();
    for value in headers.get_all(COOKIE) {
        for cookie in value.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            if cookie.is_empty() || is_own_cookie(cookie) {
                continue;
            }
            if !kept.is_empty() {
                kept.extend_from_slice(b"; ");
            }
            kept.extend_from_slice(cookie);
        }
    }
    headers.remove(COOKIE);
    if let Ok(value) = HeaderValue::from_bytes(&kept)
        && !kept.is_empty()
    {
        headers.insert(COOKIE, value);
    }
}

fn is_own_cookie(cookie: &[u8]) -> bool {
    let cookie = cookie.trim_ascii_start();
    let begins = |prefix: &[u8]| cookie.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    OWN_COOKIES.iter().any(|prefix| begins(prefix.as_bytes()))
}

/// What the names of the console's cookies begin with.
const OWN_COOKIES: [&str; 3] = ["keyward", "__host-keyward", "__secure-keyward"];

/// What is no header value is left out, as empty: none of ours has such characters.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_KEYWARD_ORGANIZATION: HeaderName = HeaderName::from_static("x-keyward-organization");
const X_KEYWARD_CREDENTIAL: HeaderName = HeaderName::from_static("x-keyward-credential");
const X_KEYWARD_PUBLIC_ID: HeaderName = HeaderName::from_static("x-keyward-public-id");
const X_KEYWARD_KIND: HeaderName = HeaderName::from_static("x-keyward-kind");
const X_KEYWARD_OWNER: HeaderName = HeaderName::from_static("x-keyward-owner");
const X_KEYWARD_NAMESPACE: HeaderName = HeaderName::from_static("x-keyward-namespace");
const X_KEYWARD_REQUEST_ID: HeaderName = HeaderName::from_static("x-keyward-request-id");
