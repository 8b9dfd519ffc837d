use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;
use crate::keyring::tests::{Counting, known_ring};
use crate::time::Timestamp;

const ORGANIZATION: OrganizationId = OrganizationId::from_bits(0x0192_0000_0000_7000_8000_0000_0000_0001);
const CREDENTIAL: CredentialId = CredentialId::from_bits(0x0192_0000_0000_7000_8000_0000_0000_0002);
const BINDING: Binding = Binding::CredentialSecret { organization: ORGANIZATION, credential: CREDENTIAL };
const KNOWN: &str = "AQAAAAEwMTIzNDU2Nzg5OjvP8buM82iMXbkUUt3Ng9uswwfksP1ZBoRqIA";

fn secret(text: &str) -> Secret {
    Secret::from_string(text.to_owned())
}

/// The error alone: a secret has neither `Debug` nor equality.
fn refusal(ring: &KeyRing, binding: Binding, sealed: &Sealed) -> Option<OpenError> {
    ring.open(binding, sealed).err()
}

/// Computed by an independent implementation from the ring whose id is bytes 0–15 and whose key is bytes 16–47, with
/// the nonce 48–59.
#[test]
fn known_envelopes() {
    let ring = known_ring();
    let sealed = ring.seal(BINDING, &secret("the secret"), &mut Counting(48)).unwrap();
    assert_eq!(sealed.to_string(), KNOWN);
    assert_eq!(sealed.version().number(), 1);
    assert_eq!(ring.open(BINDING, &KNOWN.parse().unwrap()).unwrap().expose(), "the secret");
    let token = ring.seal_bytes(Binding::AccessToken, b"the secret", &mut Counting(48)).unwrap();
    assert_eq!(token.to_string(), "AQAAAAEwMTIzNDU2Nzg5Ojt3VfxknDVWRU7ZkhoFYF4OaT5coqSs4NTa-w");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(text in "(?s).{0,200}", seed: u64) {
        let ring = known_ring();
        let sealed = ring.seal(BINDING, &secret(&text), &mut Seeded::new(seed)).unwrap();
        let read: Sealed = serde_json::from_str(&serde_json::to_string(&sealed).unwrap()).unwrap();
        prop_assert_eq!(&read, &sealed);
        let opened = ring.open(BINDING, &read).unwrap();
        prop_assert_eq!(opened.expose(), &text);
        let mut envelope = sealed.as_bytes().to_vec();
        prop_assert_eq!(ring.open_in_place(BINDING, &mut envelope).unwrap(), text.as_bytes());
    }

    #[test]
    fn junk_is_refused(bytes: Vec<u8>, text in ".{0,80}") {
        let ring = known_ring();
        prop_assert!(ring.open_in_place(BINDING, &mut bytes.clone()).is_err());
        if let Ok(sealed) = text.parse::<Sealed>() {
            prop_assert!(refusal(&ring, BINDING, &sealed).is_some());
        }
    }
}

#[test]
fn another_record_or_purpose_does_not_open_it() {
    let ring = known_ring();
    let sealed = ring.seal(BINDING, &secret("the secret"), &mut Seeded::new(1)).unwrap();
    assert_eq!(refusal(&ring, BINDING, &sealed), None);
    for binding in [
        Binding::CredentialSecret { organization: OrganizationId::from_bits(1), credential: CREDENTIAL },
        Binding::CredentialSecret { organization: ORGANIZATION, credential: CredentialId::from_bits(1) },
        Binding::CredentialSecret {
            organization: OrganizationId::from_bits(CREDENTIAL.bits()),
            credential: CredentialId::from_bits(ORGANIZATION.bits()),
        },
        Binding::AccessToken,
        Binding::SecondFactor { user: UserId::from_bits(CREDENTIAL.bits()) },
    ] {
        assert_eq!(refusal(&ring, binding, &sealed), Some(OpenError::Refused), "{binding:?}");
    }
    let of = |user| Binding::SecondFactor { user: UserId::from_bits(user) };
    let factor = ring.seal(of(1), &secret("the secret"), &mut Seeded::new(1)).unwrap();
    assert_eq!((refusal(&ring, of(1), &factor), refusal(&ring, of(2), &factor)), (None, Some(OpenError::Refused)));
}

#[test]
fn every_changed_byte_is_noticed() {
    let ring = known_ring();
    let sealed: Sealed = KNOWN.parse().unwrap();
    for at in 0..sealed.as_bytes().len() {
        let mut envelope = sealed.as_bytes().to_vec();
        envelope[at] ^= 1;
        let expected = match at {
            0 => OpenError::Malformed,
            1..5 => OpenError::UnknownVersion(KeyVersion::new(u32::from_be_bytes([
                envelope[1],
                envelope[2],
                envelope[3],
                envelope[4],
            ]))),
            _ => OpenError::Refused,
        };
        assert_eq!(ring.open_in_place(BINDING, &mut envelope).unwrap_err(), expected, "byte {at}");
    }
    for length in 0..sealed.as_bytes().len() {
        assert!(ring.open_in_place(BINDING, &mut sealed.as_bytes()[..length].to_vec()).is_err(), "{length} bytes");
    }
}

#[test]
fn the_version_it_was_sealed_under_opens_it_until_it_is_retired() {
    let mut ring = known_ring();
    let sealed = ring.seal(BINDING, &secret("old"), &mut Seeded::new(1)).unwrap();
    let second = ring.add(Timestamp::EPOCH, &mut Seeded::new(2)).unwrap();
    ring.promote(second).unwrap();
    let newer = ring.seal(BINDING, &secret("new"), &mut Seeded::new(3)).unwrap();
    assert_eq!(newer.version(), second);
    assert_eq!(ring.open(BINDING, &sealed).unwrap().expose(), "old");
    ring.retire(sealed.version(), 0).unwrap();
    assert_eq!(refusal(&ring, BINDING, &sealed), Some(OpenError::UnknownVersion(sealed.version())));
    assert_eq!(ring.open(BINDING, &newer).unwrap().expose(), "new");
    // Saying another version does not help: its key is another.
    let mut moved = newer.as_bytes().to_vec();
    moved[4] = 1;
    assert_eq!(known_ring().open_in_place(BINDING, &mut moved).unwrap_err(), OpenError::Refused);
}

#[test]
fn another_ring_does_not_open_it() {
    let other = KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(9)).unwrap();
    assert_eq!(refusal(&other, BINDING, &KNOWN.parse().unwrap()), Some(OpenError::Refused));
}

#[test]
fn malformed_texts_are_refused() {
    for bad in ["", "AQ", "!", "AQAAAAE", &KNOWN.replacen("AQ", "Ag", 1), &format!("{KNOWN}="), &"A".repeat(1 << 20)] {
        assert_eq!(bad.parse::<Sealed>(), Err(OpenError::Malformed), "{}", bad.len());
    }
}

#[test]
fn the_longest_text_is_bounded() {
    let ring = known_ring();
    let longest = secret(&"x".repeat(Sealed::MAX_PLAINTEXT));
    let sealed = ring.seal(BINDING, &longest, &mut Seeded::new(4)).unwrap();
    let read: Sealed = sealed.to_string().parse().unwrap();
    assert_eq!(ring.open(BINDING, &read).unwrap().expose(), longest.expose());
    let longer = secret(&"x".repeat(Sealed::MAX_PLAINTEXT + 1));
    assert_eq!(ring.seal(BINDING, &longer, &mut Seeded::new(4)).unwrap_err(), SealError::TooLong);
}

#[test]
fn debug_shows_the_version_alone() {
    assert_eq!(format!("{:?}", KNOWN.parse::<Sealed>().unwrap()), "Sealed { version: KeyVersion(1), .. }");
}
