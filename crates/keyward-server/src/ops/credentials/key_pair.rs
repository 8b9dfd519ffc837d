//! The key pair that some kinds are made with: its public half is kept, its private half is shown once and never stored.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::error::ErrorCode;
use keyward_core::kind::{self, Kind};
use keyward_core::secret::Secret;
use keyward_core::signed::PublicKey;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::ops::error::OpError;

/// A new key pair.
pub(super) struct KeyPair {
    /// What signatures are checked with.
    pub(super) public: PublicKey,
    /// PKCS#8 in PEM (RFC 7468), for its owner alone.
    pub(super) private: Secret,
}

/// Finding two primes takes a core for tenths of a second: one at a time leaves the others to requests.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// A key pair for a credential of `kind`, which must allow one.
pub(super) async fn generate(kind: &Kind) -> Result<KeyPair, OpError> {
    if kind.key_pair == kind::KeyPair::None {
        return Err(OpError::field(
            ErrorCode::NoKeyPair,
            "/key_pair",
            format!("no key pair can be made for a `{}`: leave `key_pair` out", kind.id),
        ));
    }
    let failed = |what: &str| OpError::new(ErrorCode::Internal, format!("the key pair could not be {what}"));
    let _turn = ONE_AT_A_TIME.acquire().await.map_err(|_| failed("begun"))?;
    let made = tokio::task::spawn_blocking(make).await.map_err(|_| failed("made"))?;
    made.ok_or_else(|| failed("made"))
}

fn make() -> Option<KeyPair> {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    let private: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(KeyPair { public: PublicKey::from_der(public.as_ref()).ok()?, private: pem(private.as_ref()) })
}

fn pem(der: &[u8]) -> Secret {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    // All of it at once: growing would leave copies in freed memory.
    let mut text = String::with_capacity(encoded.len() + encoded.len() / LINE + 64);
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    Secret::from_string(text)
}

/// Characters of a line (RFC 7468 section 2).
const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::RSA_PKCS1_SHA256;
    use keyward_core::profile::{Profile, built_in};
    use keyward_core::signed::SignedMessage;

    use super::*;

    fn kind(profile: &str, name: &str) -> Kind {
        let profile = Profile::parse(profile, built_in(profile).unwrap()).unwrap();
        Kind::clone(profile.kind_named(name).unwrap())
    }

    #[tokio::test]
    async fn the_private_half_signs_what_the_public_half_confirms() {
        let made = generate(&kind("gigya", "application_key")).await.unwrap();
        let text = made.private.expose();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[lines.len() - 1]), ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"));
        assert!(lines.iter().all(|line| line.len() <= 64) && text.ends_with('\n'));
        let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
        let pair = rsa::KeyPair::from_pkcs8(&der).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut signature).unwrap();
        assert!(made.public.confirms(&SignedMessage { message: b"message", signature: &signature }));
        assert!(!made.public.confirms(&SignedMessage { message: b"massage", signature: &signature }));
    }

    #[tokio::test]
    async fn a_kind_without_key_pairs_gets_none() {
        let refused = generate(&kind("gigantik", "api_key")).await.map(drop).unwrap_err();
        assert_eq!(refused.code, ErrorCode::NoKeyPair);
    }
}
