use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;
use crate::keyring::tests::known_ring;

/// `12345678901234567890` of RFC 6238, appendix B, in base32.
const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn rfc() -> Secret {
    Secret::from_string(RFC_SECRET.to_owned())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// RFC 6238, appendix B, SHA-1: eight digits, of which a code has the last six.
#[test]
fn known_codes() {
    for (seconds, digits) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        let step = u64::try_from(seconds).unwrap() / STEP_SECONDS;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345678901234567890");
        assert_eq!(format!("{:08}", truncated(&key, step) % 100_000_000), digits);
        assert_eq!(step_of(&rfc(), &digits[2..], at(seconds), 0), Some(step), "{seconds}");
        assert_eq!(code(&rfc(), at(seconds)).unwrap().expose(), &digits[2..]);
    }
}

#[test]
fn a_code_counts_one_step_before_and_after_its_own() {
    // 287082 is the code of step 1: seconds 30 to 59.
    for (seconds, counts) in [(0, true), (29, true), (30, true), (59, true), (60, true), (89, true), (90, false)] {
        assert_eq!(step_of(&rfc(), "287082", at(seconds), 0), counts.then_some(1), "{seconds}");
    }
    let later = 1_111_111_109;
    let step = later / 30;
    for (seconds, counts) in
        [(step * 30 - 31, false), (step * 30 - 30, true), (step * 30 + 59, true), (step * 30 + 60, false)]
    {
        assert_eq!(step_of(&rfc(), "081804", at(seconds), 0).is_some(), counts, "{seconds}");
    }
    assert_eq!(step_of(&rfc(), "287082", at(-1), 0), None);
}

#[test]
fn a_code_counts_once() {
    assert_eq!(step_of(&rfc(), "287082", at(59), 0), Some(1));
    assert_eq!(step_of(&rfc(), "287082", at(59), 1), None);
    assert_eq!(step_of(&rfc(), "287082", at(59), 2), None);
}

#[test]
fn another_text_is_no_code() {
    for typed in ["", "287081", "28708", "2870820", "94287082", "２８７０８２", "abcdef"] {
        assert_eq!(step_of(&rfc(), typed, at(59), 0), None, "{typed}");
    }
    assert_eq!(step_of(&rfc(), " 287 082\n", at(59), 0), Some(1), "as applications show it");
    for broken in ["", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "GEZDGNBV"] {
        assert_eq!(step_of(&Secret::from_string(broken.to_owned()), "287082", at(59), 0), None);
    }
}

#[test]
fn a_secret_is_20_bytes_in_base32() {
    let secret = new_secret(&mut Seeded::new(1));
    assert_eq!(secret.expose().len(), 32);
    assert_eq!(base32(&bytes_of(&secret).unwrap()), secret.expose());
    assert_ne!(secret.expose(), new_secret(&mut Seeded::new(2)).expose());
    assert_eq!(*bytes_of(&rfc()).unwrap(), *b"12345678901234567890");
    assert_eq!(base32(b"12345678901234567890"), RFC_SECRET);
}

#[test]
fn a_uri_says_everything_that_an_application_needs() {
    let uri = uri(&rfc(), "Keyward", "ada+1@example.com");
    let expected = "otpauth://totp/Keyward:ada%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                    &issuer=Keyward&algorithm=SHA1&digits=6&period=30";
    assert_eq!(uri.expose(), expected);
}

#[test]
fn recovery_codes_are_read_as_people_type_them() {
    let (ring, user) = (known_ring(), UserId::from_bits(7));
    let codes = new_recovery_codes(&mut Seeded::new(1));
    let stored: Vec<Digest> =
        codes.iter().map(|code| recovery_digest(ring.current_pepper(), user, code.expose()).unwrap()).collect();
    assert_eq!(stored.len(), RECOVERY_CODES);
    for (code, digest) in codes.iter().zip(&stored) {
        let text = code.expose();
        assert!(text.len() == 11 && text.as_bytes()[5] == b'-', "two groups of five");
        for typed in [text.to_owned(), text.to_uppercase(), text.replace('-', " "), format!(" {text}\n")] {
            assert_eq!(matching_code(&ring, &stored, user, &typed), Some(*digest));
        }
        assert_eq!(matching_code(&ring, &stored, UserId::from_bits(8), text), None, "it is its user's alone");
        assert_eq!(matching_code(&ring, &stored, user, &text[1..]), None);
    }
    assert_eq!(matching_code(&ring, &stored, user, ""), None);
    assert_eq!(matching_code(&ring, &stored, user, "aaaaa-aaaaa"), None);
    let distinct: std::collections::BTreeSet<&str> = codes.iter().map(Secret::expose).collect();
    assert_eq!(distinct.len(), RECOVERY_CODES);
}

proptest! {
    #[test]
    fn junk_is_refused_without_panic(typed in ".{0,40}", seconds: i64, last: u64) {
        let _ = step_of(&rfc(), &typed, at(seconds % 1_000_000_000_000), last);
        let ring = known_ring();
        if let Some(digest) = recovery_digest(ring.current_pepper(), UserId::from_bits(1), &typed) {
            prop_assert_eq!(matching_code(&ring, &[digest], UserId::from_bits(1), &typed), Some(digest));
        }
    }
}
