//! What a request carries as its credential: the carriers that standards define, and the neutral `X-API-Key`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use keyward_core::secret::Secret;
use zeroize::Zeroizing;

use crate::ops::presented::{Carried, Travelled};

/// The header that carries a whole key where `Authorization` is taken.
pub const X_API_KEY: &str = "x-api-key";

/// Why what a request carries cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than one credential, or one in two places.
    #[error("the request carries more than one credential: send exactly one")]
    Several,
    /// `Authorization` has another scheme, or is not readable as its scheme.
    #[error("the header `Authorization` is not readable: send `Bearer TOKEN` or `Basic base64(ID:SECRET)`")]
    Malformed,
}

/// The one credential of a request, from `Authorization` or `X-API-Key`; `None` when there is none.
pub fn from_headers(headers: &HeaderMap) -> Result<Option<Carried>, Unreadable> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let mut api_key = headers.get_all(X_API_KEY).iter();
    match (authorization.next(), authorization.next(), api_key.next(), api_key.next()) {
        (None, None, None, None) => Ok(None),
        (Some(value), None, None, None) => authorized(value).map(Some),
        (None, None, Some(value), None) => {
            Ok(Some(Carried::Token(text(value)?, Travelled::Header(X_API_KEY.to_owned()))))
        }
        _ => Err(Unreadable::Several),
    }
}

/// What one `Authorization` header carries.
pub fn authorized(value: &HeaderValue) -> Result<Carried, Unreadable> {
    let text = value.to_str().map_err(|_| Unreadable::Malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or(Unreadable::Malformed)?;
    let rest = rest.trim_start_matches(' ');
    if rest.is_empty() {
        return Err(Unreadable::Malformed);
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Carried::Token(Secret::from_string(rest.to_owned()), Travelled::Bearer));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let (id, secret) = basic(rest)?;
        return Ok(Carried::Pair(id, secret, Travelled::Basic));
    }
    Err(Unreadable::Malformed)
}

/// One header whose whole value is a secret.
pub fn text(value: &HeaderValue) -> Result<Secret, Unreadable> {
    Ok(Secret::from_string(value.to_str().map_err(|_| Unreadable::Malformed)?.to_owned()))
}

/// Id and secret of HTTP Basic. Clients send both as they are, or percent-encoded (RFC 6749 section 2.3.1): no format
/// of Keyward's has `%` or `+`, so what has one of them was encoded.
fn basic(encoded: &str) -> Result<(String, Secret), Unreadable> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| Unreadable::Malformed)?);
    let pair = std::str::from_utf8(&decoded).map_err(|_| Unreadable::Malformed)?;
    let (id, secret) = pair.split_once(':').ok_or(Unreadable::Malformed)?;
    Ok((unescaped(id), Secret::from_string(unescaped(secret))))
}

fn unescaped(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    // One value without a name is one pair to the decoder.
    let escaped = Zeroizing::new(text.replace(['&', '='], "%26"));
    form_urlencoded::parse(escaped.as_bytes()).next().map_or_else(String::new, |(text, _)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(pairs: &[(&'static str, &str)]) -> Result<String, Unreadable> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        from_headers(&headers).map(|carried| match carried {
            None => "nothing".to_owned(),
            Some(Carried::Token(token, by)) => format!("{} by {by:?}", token.expose()),
            Some(Carried::Pair(id, secret, by)) => format!("{id}+{} by {by:?}", secret.expose()),
            Some(Carried::Form(_) | Carried::Jwt(..)) => panic!("not from these headers"),
        })
    }

    #[test]
    fn one_credential_is_read_from_its_carrier() {
        assert_eq!(read(&[]).unwrap(), "nothing");
        assert_eq!(read(&[("authorization", "bEaReR  abc")]).unwrap(), "abc by Bearer");
        assert_eq!(read(&[("x-api-key", "abc")]).unwrap(), "abc by Header(\"x-api-key\")");
        assert_eq!(read(&[("authorization", "Basic YTpiOmM=")]).unwrap(), "a+b:c by Basic");
        // `a%2Db:c+%26d`
        assert_eq!(read(&[("authorization", "Basic YSUyRGI6YyslMjZk")]).unwrap(), "a-b+c &d by Basic");
    }

    #[test]
    fn two_credentials_are_refused() {
        for pairs in [
            &[("authorization", "Bearer a"), ("authorization", "Bearer a")][..],
            &[("authorization", "Bearer a"), ("x-api-key", "a")],
            &[("x-api-key", "a"), ("x-api-key", "b")],
        ] {
            assert_eq!(read(pairs), Err(Unreadable::Several));
        }
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        for value in ["Bearer", "Bearer ", "Basic !!!", "Basic YWJj", "Digest x", "abc"] {
            assert_eq!(read(&[("authorization", value)]), Err(Unreadable::Malformed), "{value}");
        }
    }
}
