use super::*;
use crate::keyring::tests::{hex, known_ring};

/// Computed by an independent implementation from the ring whose id is bytes 0–15 and whose key is bytes 16–47.
#[test]
fn known_digests() {
    let ring = known_ring();
    let pepper = ring.current_pepper();
    assert_eq!(
        hex(&pepper.digest("kw_0123456789ABCDEF", "secret")),
        "9348176a291321ae42d6240520b277e953bb550dc43cef523fcaec74f96cbbb7"
    );
    for (purpose, digest) in [
        (DigestPurpose::Token, "20f0fc5e5e319237487021a7c5ee62196e8cecb5e4d1bef3a46606e1ca4cbae0"),
        (DigestPurpose::Session, "98cdf7f3ef2c760fb32399ca605cc6da11684ed7142d3e6039f4da4c35f655bc"),
        (DigestPurpose::SetupLink, "71ef1eec023da4e8eed37eb5a16fa31246f85c4d25d4b58b1c0621630541a37b"),
        (DigestPurpose::Invitation, "62a2859cd659917c34ce2a3f393fb864c0b9cbb45bd51532063fe8f3579e28f1"),
        (DigestPurpose::PasswordReset, "a7f2109031fe43b8b6d89a8f4e2331051452370c6c068894f1112b4054dec127"),
        (DigestPurpose::RecoveryCode, "69b530e11c85752a0fdc01229c53e50781f0d1a15c0970131b91a94e69c5e108"),
        (DigestPurpose::IdempotencyKey, "7c0ad3f805a9554459b8033d2ec092fa9a4340ed70dae413c7be32fdc43b4e44"),
    ] {
        assert_eq!(hex(&pepper.digest_for(purpose, "text")), digest, "{purpose:?}");
    }
    assert_eq!(pepper.digest_token("text"), pepper.digest_for(DigestPurpose::Token, "text"));
}

#[test]
fn a_digest_is_bound_to_its_id() {
    let ring = known_ring();
    let pepper = ring.current_pepper();
    let stored = Digest { pepper: pepper.version(), bytes: pepper.digest("kw_one", "secret") };
    assert!(stored.confirms(&pepper.digest("kw_one", "secret")));
    assert!(!stored.confirms(&pepper.digest("kw_two", "secret")));
    assert!(!stored.confirms(&pepper.digest("kw_one", "Secret")));
    // The boundary between id and secret counts.
    assert!(!stored.confirms(&pepper.digest("kw_on", "esecret")));
    assert!(!stored.confirms(&pepper.digest("", "kw_onesecret")));
}

#[test]
fn a_native_token_is_digested_by_its_parts() {
    let ring = known_ring();
    let text = "kw_0123456789ABCDEF_23456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi1UopqD";
    let token = NativeToken::parse(text).unwrap();
    assert_eq!(
        ring.current_pepper().digest_native(&token),
        ring.current_pepper().digest("kw_0123456789ABCDEF", "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi")
    );
}

#[test]
fn every_purpose_has_its_own_key() {
    let ring = known_ring();
    let digests = DigestPurpose::ALL.map(|purpose| ring.current_pepper().digest_for(purpose, "text"));
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{:?}", DigestPurpose::ALL[index]);
    }
}

#[test]
fn every_bit_counts() {
    let stored = Digest { pepper: PepperVersion::new(1), bytes: [0x5A; 32] };
    assert!(stored.confirms(&[0x5A; 32]));
    for bit in 0..256 {
        let mut other = [0x5A; 32];
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!stored.confirms(&other));
        assert_ne!(stored, Digest { bytes: other, ..stored });
    }
    assert_ne!(stored, Digest { pepper: PepperVersion::new(2), ..stored });
}

#[test]
fn the_text_round_trips() {
    let digest = Digest { pepper: PepperVersion::new(7), bytes: [0xFB; 32] };
    let text = serde_json::to_string(&digest).unwrap();
    assert_eq!(text, format!("\"7.{}s\"", "-_v7".repeat(10) + "-_"));
    assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
    for bad in ["", "7", "7.", ".AAAA", "+7.AAAA", "-1.AAAA", "7.AAAA", "4294967296.AAAA"] {
        let padded = bad.replace("AAAA", &"A".repeat(43));
        assert_eq!(bad.parse::<Digest>(), Err(NotADigest), "{bad}");
        assert!(padded == "7." || bad == "7.AAAA" || padded.parse::<Digest>().is_err(), "{padded}");
    }
    // The last character has two bits too many: they have to be zero, or one digest would have four texts.
    assert!(format!("7.{}A", "A".repeat(42)).parse::<Digest>().is_ok());
    assert!(format!("7.{}B", "A".repeat(42)).parse::<Digest>().is_err());
}

#[test]
fn debug_hides_the_bytes() {
    let shown = format!("{:?}", Digest { pepper: PepperVersion::new(7), bytes: [0xAB; 32] });
    assert_eq!(shown, "Digest { pepper: KeyVersion(7), .. }");
    assert_eq!(format!("{:?}", known_ring().current_pepper()), "Pepper");
}
