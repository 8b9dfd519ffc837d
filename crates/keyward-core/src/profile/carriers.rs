//! The ways in which a credential travels, as they are written.

use super::reader::Node;
use crate::kind::Carrier;

pub(super) fn carrier(node: &Node<'_>) -> Option<Carrier> {
    let text = node.text()?;
    let (word, rest) = text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest)));
    let two = |rest: &str| rest.split_once(',').map(|(id, secret)| (id.trim().to_owned(), secret.trim().to_owned()));
    let carrier = match (word, rest) {
        ("bearer", None) => Carrier::Bearer,
        ("basic", None) => Carrier::Basic,
        ("signed_form", None) => Carrier::SignedForm,
        ("signed_jwt", None) => Carrier::SignedJwt,
        ("header", Some(name)) => Carrier::Header(name.to_ascii_lowercase()),
        ("token_scheme", Some(name)) => Carrier::TokenScheme(name.to_owned()),
        ("headers", Some(rest)) => {
            let (id, secret) = two(&rest.to_ascii_lowercase()).unwrap_or_default();
            Carrier::Headers(id, secret)
        }
        ("form", Some(rest)) => {
            let (id, secret) = two(rest).unwrap_or_default();
            Carrier::Form(id, secret)
        }
        _ => {
            node.fault(format!(
                "`{text}` is no way to present a credential: write one of `bearer`, `basic`, `header:NAME`, \
                 `headers:ID,SECRET`, `form:ID,SECRET`, `signed_form`, `signed_jwt`, `token_scheme:NAME`"
            ));
            return None;
        }
    };
    let fault = match &carrier {
        Carrier::Header(name) => header_fault(name),
        Carrier::Headers(id, secret) if id == secret => {
            Some("two different names are needed: write `headers:ID,SECRET`")
        }
        Carrier::Headers(id, secret) => header_fault(id).or_else(|| header_fault(secret)),
        Carrier::Form(id, secret) if id.eq_ignore_ascii_case(secret) => {
            Some("two different names are needed: write `form:ID,SECRET`")
        }
        Carrier::Form(id, secret) if !(is_parameter(id) && is_parameter(secret)) => {
            Some("a name of a parameter is at most 64 of `A-Za-z0-9_.-`: write `form:ID,SECRET`")
        }
        Carrier::TokenScheme(name) if !is_http_token(name) => {
            Some("this is no scheme: write one word, such as `ApiKey`")
        }
        Carrier::TokenScheme(name) if ["bearer", "basic"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
            Some("this scheme has a word of its own: write `bearer` or `basic`")
        }
        _ => None,
    };
    match fault {
        None => Some(carrier),
        Some(fault) => {
            node.fault(format!("`{text}`: {fault}"));
            None
        }
    }
}

fn header_fault(name: &str) -> Option<&'static str> {
    if !is_http_token(name) {
        return Some("this is no name of a header: write letters, digits and `-`, such as `header:x-api-key`");
    }
    let reserved =
        RESERVED_HEADERS.contains(&name) || name.starts_with("x-keyward-") || name.starts_with("x-forwarded-");
    reserved.then_some("this header has another meaning: choose one of its own, such as `header:x-api-key`")
}

/// `token` of RFC 9110, of bearable length.
fn is_http_token(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_parameter(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// A carrier as a profile writes it.
pub(super) fn show_carrier(carrier: &Carrier) -> String {
    match carrier {
        Carrier::Bearer => "bearer".to_owned(),
        Carrier::Basic => "basic".to_owned(),
        Carrier::Header(name) => format!("header:{name}"),
        Carrier::Headers(id, secret) => format!("headers:{id},{secret}"),
        Carrier::Form(id, secret) => format!("form:{id},{secret}"),
        Carrier::SignedForm => "signed_form".to_owned(),
        Carrier::SignedJwt => "signed_jwt".to_owned(),
        Carrier::TokenScheme(name) => format!("token_scheme:{name}"),
    }
}

/// Two carriers that use one name for different things.
pub(super) fn clash(carrier: &Carrier, taken: &Carrier) -> Option<String> {
    let header = |name: &str| Some(format!("the header `{name}` means something else"));
    match (carrier, taken) {
        (Carrier::Header(name), Carrier::Headers(id, secret))
        | (Carrier::Headers(id, secret), Carrier::Header(name))
            if name == id || name == secret =>
        {
            header(name)
        }
        (Carrier::Headers(id, secret), Carrier::Headers(other_id, other_secret))
            if id == other_secret || secret == other_id =>
        {
            header(if id == other_secret { id } else { secret })
        }
        (Carrier::Form(id, secret), Carrier::Form(other_id, other_secret))
            if id.eq_ignore_ascii_case(other_secret) || secret.eq_ignore_ascii_case(other_id) =>
        {
            let name = if id.eq_ignore_ascii_case(other_secret) { id } else { secret };
            Some(format!("the parameter `{name}` means something else"))
        }
        _ => None,
    }
}

/// Headers that already mean something, to Keyward or to HTTP.
const RESERVED_HEADERS: &[&str] = &[
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "www-authenticate",
];
