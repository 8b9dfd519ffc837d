//! Signing as a client does, written from the standards a second time: RFC 5849 section 3.4 with HMAC-SHA1, RSA with
//! SHA-256 (RFC 8017 section 8.2), and the base64 (RFC 4648) that both need.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use keyward_core::signed::PublicKey;

/// Key pairs for all tests of a run: making one is slow.
pub(crate) static RSA: LazyLock<[Rsa; 3]> = LazyLock::new(|| [(); 3].map(|()| Rsa::generate()));

pub(crate) struct Rsa {
    pair: KeyPair,
    pub(crate) public: PublicKey,
}

impl Rsa {
    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = PublicKey::from_der(der.as_ref()).unwrap();
        Rsa { pair, public }
    }

    /// The same for the same message, always.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// The signature of a form; `None` for a secret that is not base64.
pub(crate) fn sign_form(secret: &str, method: &str, url: &str, parameters: &str) -> Option<[u8; 20]> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &decode_base64(secret, *b"+/")?);
    let base = [method.to_owned(), percent_encoded(url), percent_encoded(parameters)].join("&");
    hmac::sign(&key, base.as_bytes()).as_ref().try_into().ok()
}

pub(crate) fn percent_encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Base64 whose last two characters are `last`, with or without padding.
pub(crate) fn decode_base64(text: &str, last: [u8; 2]) -> Option<Vec<u8>> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last).collect();
    let mut whole = Vec::new();
    let (mut rest, mut bits) = (0_u32, 0);
    for character in text.trim_end_matches('=').bytes() {
        let value = alphabet.iter().position(|one| *one == character)?;
        rest = rest << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            whole.push(u8::try_from(rest >> bits).ok()?);
            rest &= (1 << bits) - 1;
        }
    }
    // What is left of the last character says nothing.
    (bits < 6 && rest == 0).then_some(whole)
}
