//! Looking for secrets in bytes: as they are, and as base64 carries them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// How much of a random secret is too much.
const TELLING: usize = 16;
/// What needles are found by; none is shorter.
const KEY: usize = 8;

/// Every secret of the story, in pieces that must not be found.
pub(crate) struct Needles {
    /// Which two bytes any needle begins with: nearly every place is passed by without a look-up.
    begin: Vec<bool>,
    by_key: HashMap<[u8; KEY], Vec<(Vec<u8>, String)>>,
}

impl Needles {
    pub(crate) fn none() -> Self {
        Self { begin: vec![false; 1 << 16], by_key: HashMap::new() }
    }

    /// A token of ours: what follows its public id is random. Both ends of that are looked for.
    pub(crate) fn token(&mut self, what: &str, token: &str) {
        let (_, secret) = token.rsplit_once('_').unwrap();
        self.random(what, secret);
    }

    /// A random secret.
    pub(crate) fn random(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= TELLING, "{what} is too short to be looked for");
        self.add(what, &secret[..TELLING]);
        self.add(what, &secret[secret.len() - TELLING..]);
    }

    /// What somebody chose: only the whole of it tells.
    pub(crate) fn password(&mut self, what: &str, password: &str) {
        self.add(what, password);
    }

    /// What of all this is in `bytes`.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for (at, window) in bytes.array_windows::<KEY>().enumerate() {
            if !self.begin[place(window)] {
                continue;
            }
            let Some(candidates) = self.by_key.get(window) else { continue };
            let here = candidates.iter().filter(|(needle, _)| bytes[at..].starts_with(needle));
            found.extend(here.map(|(_, what)| what.as_str()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add(&mut self, what: &str, piece: &str) {
        self.insert(what.to_owned(), piece.as_bytes().to_vec());
        for offset in 0..3 {
            // Bytes before shift the bits: what is left of the first and last characters belongs to others too.
            let shifted = [&b"   "[..offset], piece.as_bytes()].concat();
            let encoded = STANDARD_NO_PAD.encode(shifted);
            let inner = encoded.as_bytes()[(offset * 8).div_ceil(6)..encoded.len() - 1].to_vec();
            self.insert(format!("{what} in base64"), inner);
        }
    }

    fn insert(&mut self, what: String, needle: Vec<u8>) {
        let key = *needle.first_chunk().unwrap();
        self.begin[place(&key)] = true;
        self.by_key.entry(key).or_default().push((needle, what));
    }
}

fn place(key: &[u8; KEY]) -> usize {
    u16::from_be_bytes([key[0], key[1]]).into()
}

#[test]
fn needles_are_found_however_they_are_wrapped() {
    let mut needles = Needles::none();
    needles.token("a token", "kwa_public_0123456789abcdefghijABCDEFGHIJ");
    needles.password("a password", "blue-Kettle-47");
    for clean in ["", "kwa_public_", "0123456789abcde", "blue-Kettle-48"] {
        assert!(needles.found_in(clean.as_bytes()).is_empty(), "{clean}");
    }
    for told in ["<0123456789abcdef>", "...456789abcdefghijABCDEFGHIJ"] {
        assert_eq!(needles.found_in(told.as_bytes()), ["a token"], "{told}");
    }
    for before in ["", "a", "ab", "abc", "user:"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}blue-Kettle-47 and more"));
        assert_eq!(needles.found_in(encoded.as_bytes()), ["a password in base64"], "{encoded}");
    }
}
