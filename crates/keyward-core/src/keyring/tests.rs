use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;

/// Yields the bytes n, n + 1, n + 2, …, so that an independent implementation can make the same.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// The ring whose id is bytes 0–15 and whose first key is bytes 16–47.
pub(crate) fn known_ring() -> KeyRing {
    KeyRing::generate(Timestamp::from_seconds(1_795_359_845), &mut Counting(0)).unwrap()
}

/// The ring above. Check and fingerprint were computed by an independent implementation.
const KNOWN: &str = r#"# Keyward key ring. Without it no stored key can be confirmed, no sealed secret opened and no session continued.
# Keep it secret, keep a copy apart from the database, and change it with `keyward` only.
format = 1
id = "000102030405060708090a0b0c0d0e0f"

[[version]]
version = 1
state = "current"
created_at = "2026-11-22T15:04:05Z"
check = "5f7aa3e3be698636d892f92d9254d84e"
key = "EBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8="
"#;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn v(number: u32) -> KeyVersion {
    KeyVersion::new(number)
}

/// A ring with a retired, an accepted and a current version.
fn rotated() -> KeyRing {
    let mut ring = known_ring();
    let mut entropy = Seeded::new(5);
    ring.add(Timestamp::from_micros(1_800_000_000_123_456), &mut entropy).unwrap();
    ring.promote(v(2)).unwrap();
    ring.retire(v(1), 0).unwrap();
    ring.add(Timestamp::from_seconds(1_900_000_000), &mut entropy).unwrap();
    ring.promote(v(3)).unwrap();
    ring
}

fn states(ring: &KeyRing) -> Vec<(u32, VersionState)> {
    ring.versions().iter().map(|info| (info.version.number(), info.state)).collect()
}

/// The line and the text of the error; never the ring.
fn refusal(text: &str) -> (usize, String) {
    match KeyRing::parse(text).unwrap_err() {
        KeyRingError::Text { line, problem } => (line, problem),
        other => panic!("{other}"),
    }
}

#[test]
fn known_text() {
    assert_eq!(known_ring().to_text().expose(), KNOWN);
    assert_eq!(known_ring().fingerprint().to_string(), "faaa64b069da3a33873c6d01b77e4044");
    let read = KeyRing::parse(KNOWN).unwrap();
    assert_eq!(read.versions(), known_ring().versions());
    assert_eq!(read.fingerprint(), known_ring().fingerprint());
}

#[test]
fn known_signatures() {
    for (purpose, public_key, signature) in [
        (
            SignPurpose::AuditCheckpoint,
            "37ac48abee93a9785aef92d37a9cf123339a91e533aa9d629e8a19bc48f88b9c",
            "67d3f2b437466ca0392145ffea969125b26c79c166ae4f4d3f5c830e234676ba\
             1d8ed9007ce1ec01cb4a96358ba5482e2256aa45c35f26d19078d2aa856c770e",
        ),
        (
            SignPurpose::Jwt,
            "b14bbaae99412dfe75f46cf959c8cd5e2eb8492fda8cc1e1b2b91c5ba983c873",
            "497e1762e2bf6a239ba28972153f05b93b61dd42f3fbd9c7e67e2aa83fe4e680\
             978999964ba3d9794cb9d1784066f072fd404182c5e59d1dbe6646360e86d002",
        ),
    ] {
        let ring = known_ring();
        let (version, key) = ring.current_signing_key(purpose);
        let made = key.sign(b"message").unwrap();
        assert_eq!((version, hex(&key.public_key()), hex(&made)), (v(1), public_key.to_owned(), signature.to_owned()));
        assert!(signed_by(&key.public_key(), b"message", &made));
        assert!(!signed_by(&key.public_key(), b"Message", &made));
        let mut changed = made;
        changed[40] ^= 1;
        assert!(!signed_by(&key.public_key(), b"message", &changed));
        assert!(!signed_by(&[0; 32], b"message", &made));
    }
}

/// These strings are part of every stored digest, seal and signature. A change here loses all of them.
#[test]
fn info_strings_are_unique_and_fixed() {
    let mut all: Vec<&str> = DigestPurpose::ALL.map(DigestPurpose::info).to_vec();
    all.extend(SealPurpose::ALL.map(SealPurpose::info));
    all.extend(SignPurpose::ALL.map(SignPurpose::info));
    all.extend(["keyward/v1/check", "keyward/v1/fingerprint"]);
    assert_eq!(
        all,
        [
            "keyward/v1/digest/credential",
            "keyward/v1/digest/token",
            "keyward/v1/digest/session",
            "keyward/v1/digest/setup-link",
            "keyward/v1/digest/invitation",
            "keyward/v1/digest/password-reset",
            "keyward/v1/digest/recovery-code",
            "keyward/v1/digest/idempotency-key",
            "keyward/v1/digest/attempts",
            "keyward/v1/digest/sign-in",
            "keyward/v1/seal/credential-secret",
            "keyward/v1/seal/access-token",
            "keyward/v1/seal/second-factor",
            "keyward/v1/sign/audit-checkpoint",
            "keyward/v1/sign/jwt",
            "keyward/v1/check",
            "keyward/v1/fingerprint",
        ]
    );
    let mut unique = all.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), all.len());
    for (index, purpose) in DigestPurpose::ALL.into_iter().enumerate() {
        assert_eq!(purpose as usize, index);
    }
    for (index, purpose) in SealPurpose::ALL.into_iter().enumerate() {
        assert_eq!(purpose as usize, index);
    }
    for (index, purpose) in SignPurpose::ALL.into_iter().enumerate() {
        assert_eq!(purpose as usize, index);
    }
}

#[test]
fn a_version_is_added_then_promoted_then_retired() {
    let mut ring = known_ring();
    let old = ring.current_pepper().digest("id", "secret");
    let added = ring.add(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
    assert_eq!(states(&ring), [(1, VersionState::Current), (2, VersionState::Accepted)]);
    assert_eq!(ring.current_version(), v(1));
    let new = ring.pepper(added).unwrap().digest("id", "secret");
    assert_ne!(new, old);

    ring.promote(added).unwrap();
    ring.promote(added).unwrap();
    assert_eq!(states(&ring), [(1, VersionState::Accepted), (2, VersionState::Current)]);
    assert_eq!(ring.current_pepper().version(), added);
    assert_eq!(ring.current_pepper().digest("id", "secret"), new);
    assert_eq!(ring.pepper(v(1)).unwrap().digest("id", "secret"), old);

    assert_eq!(ring.retire(v(1), 3), Err(KeyRingError::InUse { version: v(1), count: 3 }));
    assert_eq!(ring.retire(added, 0), Err(KeyRingError::Current(added)));
    assert!(ring.pepper(v(1)).is_some());
    ring.retire(v(1), 0).unwrap();
    assert_eq!(states(&ring), [(1, VersionState::Retired), (2, VersionState::Current)]);
    assert!(ring.pepper(v(1)).is_none());
    assert!(ring.signing_key(SignPurpose::Jwt, v(1)).is_none());

    assert_eq!(ring.promote(v(1)), Err(KeyRingError::Retired(v(1))));
    assert_eq!(ring.retire(v(1), 0), Err(KeyRingError::Retired(v(1))));
    for unknown in [v(0), v(3)] {
        assert_eq!(ring.promote(unknown), Err(KeyRingError::UnknownVersion(unknown)));
        assert_eq!(ring.retire(unknown, 0), Err(KeyRingError::UnknownVersion(unknown)));
        assert!(ring.pepper(unknown).is_none());
    }
    assert_eq!(ring.add(Timestamp::EPOCH, &mut Seeded::new(1)), Ok(v(3)), "a retired number is not used again");
}

#[test]
fn an_unused_version_can_be_retired_without_having_been_current() {
    let mut ring = known_ring();
    let added = ring.add(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
    ring.retire(added, 0).unwrap();
    assert_eq!(states(&ring), [(1, VersionState::Current), (2, VersionState::Retired)]);
}

#[test]
fn versions_are_bounded() {
    let mut ring = known_ring();
    for _ in 1..KeyRing::MAX_VERSIONS {
        ring.add(Timestamp::from_micros(1_800_000_000_123_456), &mut Seeded::new(1)).unwrap();
    }
    assert_eq!(ring.add(Timestamp::EPOCH, &mut Seeded::new(1)), Err(KeyRingError::Full));
    assert_eq!(KeyRing::parse(ring.to_text().expose()).unwrap().versions(), ring.versions());
}

#[test]
fn a_retired_version_leaves_no_key_in_the_text() {
    let text = rotated().to_text();
    assert!(!text.expose().contains("EBESExQV"), "the first version's key");
    assert_eq!(text.expose().matches("key = ").count(), 2);
    assert_eq!(text.expose().matches("5f7aa3e3be698636d892f92d9254d84e").count(), 1);
}

/// The string is made large enough at once: growing would leave keys in freed memory.
#[test]
fn the_text_fits_its_first_allocation() {
    let mut ring = known_ring();
    for _ in 0..20 {
        ring.add(Timestamp::from_micros(1_800_000_000_123_456), &mut Seeded::new(1)).unwrap();
    }
    assert!(ring.to_text().expose().len() < 128 + 21 * 256);
}

#[test]
fn the_fingerprint_stays_and_tells_rings_apart() {
    let ring = known_ring();
    assert_eq!(rotated().fingerprint(), ring.fingerprint());
    let other = KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
    assert_ne!(other.fingerprint(), ring.fingerprint());

    // Two copies of a ring that were changed apart: the same ring, but version 2 is not the same version.
    let (mut one, mut two) = (known_ring(), known_ring());
    one.add(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
    two.add(Timestamp::EPOCH, &mut Seeded::new(2)).unwrap();
    assert_eq!(one.fingerprint(), two.fingerprint());
    assert_eq!(one.versions()[0].check, two.versions()[0].check);
    assert_ne!(one.versions()[1].check, two.versions()[1].check);
}

#[test]
fn a_fingerprint_round_trips_as_text() {
    let fingerprint = known_ring().fingerprint();
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    for bad in ["", "faaa", "+aaa64b069da3a33873c6d01b77e4044", "FAAA64B069DA3A33873C6D01B77E4044"] {
        assert_eq!(bad.parse::<Fingerprint>(), Err(NotAFingerprint), "{bad}");
    }
}

#[test]
fn debug_shows_type_names_alone() {
    let ring = known_ring();
    assert_eq!(format!("{ring:?}"), "KeyRing");
    assert_eq!(format!("{:?}", ring.current_signing_key(SignPurpose::Jwt).1), "SigningKey");
}

#[test]
fn an_error_names_the_line_and_the_remedy() {
    let cases: &[(&str, &str, usize, &str)] = &[
        ("format = 1", "format = 2", 3, "`format` is not 1"),
        ("format = 1", "format = \"1\"", 3, "`format` has to be a number"),
        ("format = 1\n", "", 1, "the key ring has no `format`; restore the file from a copy"),
        ("id = \"00", "id = \"0", 4, "`id` has to be 32 characters"),
        ("id = \"00", "id = \"01", 11, "`key` does not match the version's `check` and the ring's `id`; restore"),
        (
            "id = \"00",
            "name = \"x\"\nid = \"00",
            4,
            "the key ring has an unknown key; it takes `format`, `id`, `version`",
        ),
        ("[[version]]", "[version]", 6, "`version` has to be a list of tables"),
        ("version = 1", "version = 2", 7, "`version` has to be 1: versions are listed in order"),
        ("version = 1", "version = -1", 7, "`version` has to be 1"),
        ("\"current\"", "\"currrent\"", 8, "`state` has to be `accepted`, `current` or `retired`"),
        ("\"current\"", "\"accepted\"", 6, "has no table with `state = \"current\"`"),
        ("\"current\"", "\"retired\"", 11, "`key` stands in a retired version"),
        ("2026-11-22T15:04:05Z", "yesterday", 9, "`created_at` has to be a date and time"),
        ("\"2026-11-22T15:04:05Z\"", "2026-11-22T15:04:05Z", 9, "`created_at` has to be a text in quotes"),
        ("check = \"5f", "check = \"6f", 11, "`key` does not match"),
        ("check = \"5f", "check = \"", 10, "`check` has to be 32 characters"),
        ("key = \"EB", "key = \"EC", 11, "`key` does not match"),
        ("key = \"EB", "key = \"", 11, "`key` is not 32 bytes in base64"),
        ("Li8=", "Li8", 11, "`key` is not 32 bytes in base64"),
        ("key = \"EB", "kye = \"EB", 11, "version has an unknown key; it takes"),
        ("key = \"EB", "key = EB", 11, "it is not valid TOML"),
        ("state = \"current\"\n", "", 6, "version has no `state`; restore"),
    ];
    for (from, to, line, problem) in cases {
        assert!(KNOWN.contains(from), "{from}");
        let found = refusal(&KNOWN.replacen(from, to, 1));
        assert!(found.0 == *line && found.1.contains(problem), "{from} → {to}: {found:?}, not line {line}: {problem}");
    }
    assert_eq!(refusal("").0, 1);
    assert!(refusal(&"#".repeat(70_000)).1.contains("longer than 64 KiB"));
    let twice = rotated().to_text().expose().replace("\"accepted\"", "\"current\"");
    assert!(refusal(&twice).1.contains("`current` a second time"));
    assert_eq!(
        KeyRing::parse("format = 2").unwrap_err().to_string(),
        "key ring, line 1: `format` is not 1: it was written by a later release; use that one"
    );
}

/// Whatever is wrong with it, the error does not show a key, not even one in the wrong place.
#[test]
fn an_error_never_quotes_the_text() {
    const KEY: &str = "EBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8=";
    let quoted = format!("\"{KEY}\"");
    for line in KNOWN.lines().filter(|line| line.contains(" = ")) {
        let (name, value) = line.split_once(" = ").unwrap();
        for broken in [
            KNOWN.replace(line, &format!("{name} = {quoted}x")),
            KNOWN.replace(line, &format!("{name} = {KEY}")),
            KNOWN.replace(line, &format!("{quoted} = {value}")),
            KNOWN.replace(line, &format!("{name} = [{quoted}]")),
            KNOWN.replace(line, &format!("{line}\n{line}")),
        ] {
            let error = KeyRing::parse(&broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("EBESExQV"), "{error}");
        }
        if name != "key" {
            let error = KeyRing::parse(&KNOWN.replace(line, &format!("{name} = {quoted}"))).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("EBESExQV"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is done to a ring: one version is current, numbers have no hole, checks never change, the text holds
    /// all of it.
    #[test]
    fn any_sequence_of_changes_keeps_the_ring_whole(seed: u64, changes in prop::collection::vec((0..3_u8, 0..9_u32), 0..24)) {
        let mut entropy = Seeded::new(seed);
        let mut ring = KeyRing::generate(Timestamp::EPOCH, &mut entropy).unwrap();
        for (change, number) in changes {
            let before = ring.versions();
            let _ = match change {
                0 => ring.add(Timestamp::from_seconds(i64::from(number)), &mut entropy).map(|_| ()),
                1 => ring.promote(v(number)),
                _ => ring.retire(v(number), 0),
            };
            let after = ring.versions();
            prop_assert!(before.iter().zip(&after).all(|(b, a)| (b.version, b.check) == (a.version, a.check)
                && (b.state != VersionState::Retired || a.state == VersionState::Retired)));
            prop_assert!(after.iter().map(|info| info.version.number()).eq(1..=u32::try_from(after.len()).unwrap()));
            let current: Vec<_> = after.iter().filter(|info| info.state == VersionState::Current).collect();
            prop_assert!(matches!(current[..], [only] if only.version == ring.current_version()));
            for info in &after {
                prop_assert_eq!(ring.pepper(info.version).is_none(), info.state == VersionState::Retired);
            }
        }
        let read = KeyRing::parse(ring.to_text().expose()).unwrap();
        prop_assert_eq!(read.versions(), ring.versions());
        prop_assert_eq!(read.fingerprint(), ring.fingerprint());
        prop_assert_eq!(read.current_pepper().digest("id", "x"), ring.current_pepper().digest("id", "x"));
        let (again, text) = (read.to_text(), ring.to_text());
        prop_assert_eq!(again.expose(), text.expose());
    }

    #[test]
    fn arbitrary_text_is_no_ring(text in "(?s).{0,120}") {
        prop_assert!(KeyRing::parse(&text).is_err());
    }
}
