//! The key ring as the text of its file: TOML, one table for each version.
//!
//! ```toml
//! format = 1
//! id = "…"                                  # 32 characters of 0-9a-f
//!
//! [[version]]
//! version = 1
//! state = "current"                         # accepted, current or retired
//! created_at = "2026-11-22T15:04:05Z"
//! check = "…"                               # 32 characters of 0-9a-f; see `keyring`
//! key = "…"                                 # 32 bytes in base64 with padding; a retired version has none
//! ```
//!
//! The text is walked by hand rather than deserialised: an error then names the line and the remedy, and never quotes
//! what stands there.

use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::{
    Fingerprint, ID_LENGTH, KEY_LENGTH, KeyRing, KeyRingError, KeyVersion, Material, Retired, Version, VersionState,
};
use crate::secret::Secret;
use crate::time::Timestamp;

impl KeyRing {
    /// Reads a ring from the text of its file. The caller overwrites the text.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        if text.len() > MAX_TEXT {
            return Err(problem(text, 0, "it is longer than 64 KiB; give the key ring's own file"));
        }
        let document = DeTable::parse(text).map_err(|error| {
            // The library's own message quotes the text.
            problem(text, error.span().map_or(0, |span| span.start), &format!("it is not valid TOML; {RESTORE}"))
        })?;
        let root = Table { text, path: "the key ring", span: document.span(), entries: document.get_ref() };
        if root.integer("format")? != FORMAT {
            return Err(root.fault("format", "is not 1: it was written by a later release; use that one"));
        }
        root.only(&["format", "id", "version"])?;
        let mut id = [0; ID_LENGTH];
        let written: Fingerprint = root.parsed("id", "has to be 32 characters of `0-9a-f`")?;
        id.copy_from_slice(&written.bits().to_be_bytes());
        let tables = root.get("version")?.get_ref().as_array();
        let tables = tables.ok_or_else(|| root.fault("version", "has to be a list of tables, `[[version]]`"))?;
        let mut read = Read { id, current: None, accepted: Vec::new(), retired: Vec::new() };
        for (index, entry) in tables.iter().enumerate() {
            if index == Self::MAX_VERSIONS {
                return Err(problem(text, entry.span().start, "there are more than 256 versions; remove none by hand"));
            }
            let entries = entry
                .get_ref()
                .as_table()
                .ok_or_else(|| problem(text, entry.span().start, "`version` has to be a table, `[[version]]`"))?;
            let entry = Table { text, path: "version", span: entry.span(), entries };
            read.version(&entry, index + 1)?;
        }
        let Read { current, accepted, retired, .. } = read;
        let current =
            current.ok_or_else(|| root.fault("version", "has no table with `state = \"current\"`; one has to be"))?;
        Ok(Self { id, fingerprint: Fingerprint::of_ring(&id)?, current, accepted, retired })
    }

    /// The text of the ring's file.
    pub fn to_text(&self) -> Secret {
        let versions = self.versions();
        // All of it at once: growing would leave copies of keys in freed memory.
        let mut text = String::with_capacity(HEAD.len() + 128 + versions.len() * 256);
        text.push_str(HEAD);
        // Writing to a string does not fail.
        let _ = write!(text, "format = {FORMAT}\nid = \"{}\"\n", Fingerprint(u128::from_be_bytes(self.id)));
        for info in versions {
            let _ = write!(
                text,
                "\n[[version]]\nversion = {}\nstate = \"{}\"\ncreated_at = \"{}\"\ncheck = \"{}\"\n",
                info.version, info.state, info.created_at, info.check
            );
            if let Some(version) = self.version(info.version) {
                text.push_str("key = \"");
                STANDARD.encode_string(version.keys.material.as_slice(), &mut text);
                text.push_str("\"\n");
            }
        }
        Secret::from_string(text)
    }
}

/// What was read so far.
struct Read {
    id: [u8; ID_LENGTH],
    current: Option<Version>,
    accepted: Vec<Version>,
    retired: Vec<Retired>,
}

impl Read {
    /// Reads the table that has to be that of version `expected`: the file lists them in order, and without a hole,
    /// so that a version that was cut out is noticed and no number is used twice.
    fn version(&mut self, entry: &Table<'_>, expected: usize) -> Result<(), KeyRingError> {
        entry.only(&["version", "state", "created_at", "check", "key"])?;
        let number = entry.integer("version")?;
        let number = match u32::try_from(number) {
            Ok(found) if usize::try_from(found) == Ok(expected) => KeyVersion(found),
            _ => {
                return Err(entry.fault(
                    "version",
                    &format!("has to be {expected}: versions are listed in order, without a hole; {RESTORE}"),
                ));
            }
        };
        let state = match entry.string("state")? {
            "accepted" => VersionState::Accepted,
            "current" => VersionState::Current,
            "retired" => VersionState::Retired,
            _ => return Err(entry.fault("state", "has to be `accepted`, `current` or `retired`")),
        };
        let created_at: Timestamp =
            entry.parsed("created_at", "has to be a date and time such as `2026-11-22T15:04:05Z`")?;
        let check: Fingerprint = entry.parsed("check", "has to be 32 characters of `0-9a-f`")?;
        if state == VersionState::Retired {
            if entry.entries.contains_key("key") {
                return Err(entry.fault("key", "stands in a retired version; retire with the command, not by hand"));
            }
            self.retired.push(Retired { number, created_at, check });
            return Ok(());
        }
        let version = Version::derive(&self.id, number, created_at, key(entry)?)?;
        if version.keys.check != check {
            return Err(
                entry.fault("key", &format!("does not match the version's `check` and the ring's `id`; {RESTORE}"))
            );
        }
        if state == VersionState::Accepted {
            self.accepted.push(version);
        } else if self.current.is_some() {
            return Err(entry.fault("state", "is `current` a second time; exactly one version is"));
        } else {
            self.current = Some(version);
        }
        Ok(())
    }
}

fn key(entry: &Table<'_>) -> Result<Material, KeyRingError> {
    let written = entry.string("key")?;
    // One byte more than a key: the decoder asks for whole groups.
    let mut decoded = Zeroizing::new([0; KEY_LENGTH + 1]);
    match STANDARD.decode_slice(written, &mut *decoded) {
        Ok(KEY_LENGTH) => {
            let mut material = Material::default();
            material.copy_from_slice(&decoded[..KEY_LENGTH]);
            Ok(material)
        }
        _ => Err(entry.fault("key", &format!("is not 32 bytes in base64; {RESTORE}"))),
    }
}

/// A table of the text, for errors that say where.
struct Table<'t> {
    text: &'t str,
    path: &'static str,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    fn only(&self, known: &[&str]) -> Result<(), KeyRingError> {
        match self.entries.keys().find(|key| !known.contains(&&**key.get_ref())) {
            // The key itself is not quoted: it may be a secret in the wrong place.
            Some(key) => Err(problem(
                self.text,
                key.span().start,
                &format!("{} has an unknown key; it takes `{}`", self.path, known.join("`, `")),
            )),
            None => Ok(()),
        }
    }

    fn get(&self, key: &str) -> Result<&'t Spanned<DeValue<'t>>, KeyRingError> {
        self.entries
            .get(key)
            .ok_or_else(|| problem(self.text, self.span.start, &format!("{} has no `{key}`; {RESTORE}", self.path)))
    }

    fn integer(&self, key: &str) -> Result<i64, KeyRingError> {
        let number = self.get(key)?.get_ref().as_integer();
        number
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .ok_or_else(|| self.fault(key, "has to be a number"))
    }

    fn string(&self, key: &str) -> Result<&'t str, KeyRingError> {
        self.get(key)?.get_ref().as_str().ok_or_else(|| self.fault(key, "has to be a text in quotes"))
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str, expected: &str) -> Result<T, KeyRingError> {
        self.string(key)?.parse().map_err(|_| self.fault(key, expected))
    }

    fn fault(&self, key: &str, what: &str) -> KeyRingError {
        let start = self.entries.get(key).map_or(self.span.start, |value| value.span().start);
        problem(self.text, start, &format!("`{key}` {what}"))
    }
}

fn problem(text: &str, start: usize, problem: &str) -> KeyRingError {
    let line = text.get(..start).map_or(1, |before| before.split('\n').count());
    KeyRingError::Text { line, problem: problem.to_owned() }
}

const FORMAT: i64 = 1;
/// 256 versions are less than 60 KiB.
const MAX_TEXT: usize = 64 * 1024;
const RESTORE: &str = "restore the file from a copy";
const HEAD: &str = "\
# Keyward key ring. Without it no stored key can be confirmed, no sealed secret opened and no session continued.
# Keep it secret, keep a copy apart from the database, and change it with `keyward` only.
";
