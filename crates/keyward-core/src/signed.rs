//! Requests that prove a secret without carrying it: a form signed with the secret, and a JWT signed with the
//! credential's key pair.
//!
//! Both name the credential, hold for a while only, and carry a nonce that counts once: see [`Signed`].

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::time::Timestamp;

/// What a request carried that proves a secret without containing it.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The public id of the credential.
    pub id: &'a str,
    /// Counts once for the credential until [`Signed::until`].
    pub nonce: &'a str,
    /// From then on it holds.
    pub from: Timestamp,
    /// From then on it holds no more.
    pub until: Timestamp,
    /// The signature and what it is over.
    pub proof: Proof<'a>,
}

impl Signed<'_> {
    /// The nonce in the length in which it is kept: the first 16 bytes of its BLAKE3.
    pub fn nonce_digest(&self) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(self.nonce.as_bytes()).as_bytes()[..16]);
        digest
    }
}

/// A signature and what it is over.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// Made with the secret.
    Form(SignedForm<'a>),
    /// Made with the private key.
    Jwt(SignedMessage<'a>),
}

/// A form signed with HMAC-SHA1 (RFC 2104, RFC 3174): `base64(HMAC(base64decode(secret), base))`, where `base` is
/// `METHOD & encode(url) & encode(parameters)` and `encode` is percent-encoding of all but the unreserved characters of
/// RFC 3986. The construction is that of OAuth 1.0 (RFC 5849 section 3.4), without a token.
#[derive(Clone, Copy)]
pub struct SignedForm<'a> {
    /// The method of the request, in capitals.
    pub method: &'a str,
    /// The addresses that may have been signed, without query: a server behind a proxy is known by several. One of them
    /// must be the signed one.
    pub urls: &'a [&'a str],
    /// The parameters without the signature, as [`canonical_parameters`] writes them.
    pub parameters: &'a str,
    /// The signature.
    pub signature: [u8; 20],
}

/// A message signed with RSASSA-PKCS1-v1_5 and SHA-256 (`RS256` of RFC 7518 section 3.3).
#[derive(Clone, Copy)]
pub struct SignedMessage<'a> {
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl SignedForm<'_> {
    /// Whether it was signed with `secret`. Looks at every address, whichever was signed; a secret that is not base64
    /// signs nothing, after the same work.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut key = Zeroizing::new([0; MAX_SECRET_BYTES]);
        let decoded = STANDARD.decode_slice(secret, &mut *key);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key[..*decoded.as_ref().unwrap_or(&0)]);
        let mut matches = false;
        for url in self.urls {
            let mut base = Base::new(&key);
            base.put(self.method);
            base.put("&");
            encode(url, &mut |piece| base.put(piece));
            base.put("&");
            encode(self.parameters, &mut |piece| base.put(piece));
            let signature = base.sign();
            matches |= aws_lc_rs::constant_time::verify_slices_are_equal(signature.as_ref(), &self.signature).is_ok();
        }
        matches && decoded.is_ok()
    }
}

/// What is signed, gathered in pieces that are worth hashing: encoded text comes a few bytes at a time.
struct Base {
    context: hmac::Context,
    gathered: [u8; 256],
    length: usize,
}

impl Base {
    fn new(key: &hmac::Key) -> Self {
        Self { context: hmac::Context::with_key(key), gathered: [0; 256], length: 0 }
    }

    fn put(&mut self, piece: &str) {
        let piece = piece.as_bytes();
        if self.gathered.len() - self.length < piece.len() {
            self.context.update(&self.gathered[..self.length]);
            self.length = 0;
        }
        match self.gathered.get_mut(self.length..self.length + piece.len()) {
            Some(room) => {
                room.copy_from_slice(piece);
                self.length += piece.len();
            }
            None => self.context.update(piece),
        }
    }

    fn sign(mut self) -> hmac::Tag {
        self.context.update(&self.gathered[..self.length]);
        self.context.sign()
    }
}

/// The signature of a form as it travels.
pub fn signature_of(text: &str) -> Option<[u8; 20]> {
    let mut bytes = [0; 20];
    // The decoder wants room for what 28 characters could be.
    let mut room = [0; 21];
    let length = STANDARD.decode_slice(text, &mut room).ok()?;
    if length != bytes.len() {
        return None;
    }
    bytes.copy_from_slice(&room[..length]);
    Some(bytes)
}

/// The parameters of a signed form: sorted by name, `name=encode(value)`, joined by `&`.
pub fn canonical_parameters<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<(&str, &str)> = parameters.into_iter().collect();
    sorted.sort_unstable();
    let mut text = String::new();
    for (name, value) in sorted {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        encode(value, &mut |piece| text.push_str(piece));
    }
    text
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3), piece by piece.
fn encode(text: &str, put: &mut impl FnMut(&str)) {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_unreserved(byte)) {
        let (plain, from) = rest.split_at(at);
        put(plain);
        // A character of several bytes is encoded byte by byte, so the cut is always between characters.
        let length = from.chars().next().map_or(1, char::len_utf8);
        let (character, after) = from.split_at(length);
        for byte in character.bytes() {
            let digits = [b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            put(std::str::from_utf8(&digits).unwrap_or_default());
        }
        rest = after;
    }
    put(rest);
}

/// The public half of an RSA key pair, as DER (`SubjectPublicKeyInfo`, RFC 5280; or `RSAPublicKey`, RFC 8017).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(Box<[u8]>);

/// Why a text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is stored as base64 of at most {MAX_PUBLIC_KEY_BYTES} bytes; restore the record from a backup")]
pub struct NotAPublicKey;

impl PublicKey {
    /// From DER.
    pub fn from_der(der: &[u8]) -> Result<Self, NotAPublicKey> {
        if der.is_empty() || der.len() > MAX_PUBLIC_KEY_BYTES { Err(NotAPublicKey) } else { Ok(Self(der.into())) }
    }

    /// The DER.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// Whether the message was signed with its private half.
    pub fn confirms(&self, signed: &SignedMessage<'_>) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(signed.message, signed.signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bytes)", self.0.len())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = NotAPublicKey;

    fn try_from(text: String) -> Result<Self, NotAPublicKey> {
        Self::from_der(&STANDARD.decode(text).map_err(|_| NotAPublicKey)?)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        STANDARD.encode(key.0)
    }
}

/// A JSON Web Token signed with `RS256`, taken apart but not confirmed: `kid` names the credential, `iat` and `jti` are
/// there, `exp` may be.
pub struct Jwt {
    text: String,
    /// How many bytes of the text are signed: header, dot, claims.
    signed: usize,
    signature: Vec<u8>,
    id: String,
    nonce: String,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
}

/// Why a text is not such a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwt {
    /// It is not three parts of base64url, the first two of them JSON objects.
    #[error("the token is not a JWT: three parts of base64url, joined by dots")]
    Malformed,
    /// Another algorithm, or none.
    #[error("the token must be signed with `RS256`")]
    Algorithm,
    /// A claim or header is missing or of another type.
    #[error("the token needs `{0}`")]
    Missing(&'static str),
}

impl Jwt {
    /// Takes a token apart.
    pub fn parse(text: &str) -> Result<Self, InvalidJwt> {
        if text.len() > MAX_JWT_BYTES {
            return Err(InvalidJwt::Malformed);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(InvalidJwt::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(InvalidJwt::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidJwt::Malformed);
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        let header: Header = serde_json::from_slice(&header).map_err(|_| InvalidJwt::Malformed)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| InvalidJwt::Malformed)?;
        if header.alg.as_deref() != Some("RS256") || header.crit.is_some() {
            return Err(InvalidJwt::Algorithm);
        }
        let nonce = claims.jti.filter(|jti| !jti.is_empty() && jti.len() <= MAX_NONCE_BYTES);
        Ok(Self {
            signed: message.len(),
            text: text.to_owned(),
            signature,
            id: header.kid.ok_or(InvalidJwt::Missing("kid"))?,
            nonce: nonce.ok_or(InvalidJwt::Missing("jti"))?,
            issued_at: Timestamp::from_seconds(claims.iat.ok_or(InvalidJwt::Missing("iat"))?),
            expires_at: claims.exp.map(Timestamp::from_seconds),
        })
    }

    /// What it presents, holding until its `exp`, and without one for `window` after its `iat`; a clock may be off by
    /// `window` either way. No token holds longer than [`MAX_JWT_LIFE`].
    pub fn signed(&self, window: Duration) -> Signed<'_> {
        let latest = self.issued_at.plus(MAX_JWT_LIFE);
        Signed {
            id: &self.id,
            nonce: &self.nonce,
            from: self.issued_at.minus(window),
            until: self.expires_at.map_or_else(|| self.issued_at.plus(window), |end| end.min(latest)),
            proof: Proof::Jwt(SignedMessage {
                message: self.text.get(..self.signed).unwrap_or_default().as_bytes(),
                signature: &self.signature,
            }),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iat: Option<i64>,
    exp: Option<i64>,
    jti: Option<String>,
}

/// The longest nonce of a signed request, in bytes.
pub const MAX_NONCE_BYTES: usize = 128;
/// The longest life of a signed token: how long its nonce has to be kept.
pub const MAX_JWT_LIFE: Duration = Duration::from_hours(1);

/// The longest secret that signs, decoded.
const MAX_SECRET_BYTES: usize = 96;
/// RSA with 8192 bits takes 1062.
const MAX_PUBLIC_KEY_BYTES: usize = 1_200;
const MAX_JWT_BYTES: usize = 4_096;
const HEX: &[u8; 16] = b"0123456789ABCDEF";
