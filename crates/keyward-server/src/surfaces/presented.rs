//! What a request carries as its credential: the carriers that standards define, and the neutral `X-API-Key`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use keyward_core::decision::{By, Presented};
use zeroize::Zeroizing;

/// The header that carries a whole key where `Authorization` is taken.
pub const X_API_KEY: &str = "x-api-key";

/// What a request carried, held while it is judged and then wiped.
pub enum Carried {
    /// Nothing.
    Nothing,
    /// `Authorization: Bearer`.
    Bearer(Zeroizing<String>),
    /// `X-API-Key`.
    Header(Zeroizing<String>),
    /// `Authorization: Basic`: id and secret.
    Basic(Zeroizing<String>, Zeroizing<String>),
}

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

impl Carried {
    /// Reads the headers of a request.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Unreadable> {
        let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
        let mut api_key = headers.get_all(X_API_KEY).iter();
        match (authorization.next(), authorization.next(), api_key.next(), api_key.next()) {
            (None, None, None, None) => Ok(Self::Nothing),
            (Some(value), None, None, None) => authorized(value),
            (None, None, Some(value), None) => {
                Ok(Self::Header(Zeroizing::new(value.to_str().map_err(|_| Unreadable::Malformed)?.to_owned())))
            }
            _ => Err(Unreadable::Several),
        }
    }

    /// The token of a bearer, which may also be a session's.
    pub fn bearer(&self) -> Option<&str> {
        match self {
            Self::Bearer(token) => Some(token),
            _ => None,
        }
    }

    /// What is to be decided about.
    pub fn presented(&self) -> Option<Presented<'_>> {
        match self {
            Self::Nothing => None,
            Self::Bearer(token) => Some(Presented::Token { token, by: By::Bearer }),
            Self::Header(token) => Some(Presented::Token { token, by: By::Header(X_API_KEY) }),
            Self::Basic(id, secret) => Some(Presented::Pair { id, secret, by: By::Basic }),
        }
    }
}

fn authorized(value: &http::HeaderValue) -> Result<Carried, Unreadable> {
    let text = value.to_str().map_err(|_| Unreadable::Malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or(Unreadable::Malformed)?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Ok(Carried::Bearer(Zeroizing::new(rest.to_owned())));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = Zeroizing::new(STANDARD.decode(rest).map_err(|_| Unreadable::Malformed)?);
        let pair = std::str::from_utf8(&decoded).map_err(|_| Unreadable::Malformed)?;
        let (id, secret) = pair.split_once(':').ok_or(Unreadable::Malformed)?;
        return Ok(Carried::Basic(Zeroizing::new(id.to_owned()), Zeroizing::new(secret.to_owned())));
    }
    Err(Unreadable::Malformed)
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
        Carried::from_headers(&headers).map(|carried| match carried.presented() {
            None => "nothing".to_owned(),
            Some(Presented::Token { token, by }) => format!("{token} by {by:?}"),
            Some(Presented::Pair { id, secret, by }) => format!("{id}+{secret} by {by:?}"),
        })
    }

    #[test]
    fn one_credential_is_read_from_its_carrier() {
        assert_eq!(read(&[]).unwrap(), "nothing");
        assert_eq!(read(&[("authorization", "bEaReR  abc")]).unwrap(), "abc by Bearer");
        assert_eq!(read(&[("x-api-key", "abc")]).unwrap(), "abc by Header(\"x-api-key\")");
        assert_eq!(read(&[("authorization", "Basic YTpiOmM=")]).unwrap(), "a+b:c by Basic");
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
