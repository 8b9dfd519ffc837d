//! Profiles: one data file per system. The kinds of credentials that it has, the permissions and role templates of
//! its API, what its kinds can never do, and the words of its pages.
//!
//! [`Profile::parse`] finds everything that is wrong with a file at once. Values are read first; the rules between
//! them are checked for every kind whose values were all understood, so that one slip is reported once.

mod carriers;
mod closed_sets;
mod faults;
mod keys;
mod kinds;
mod paths;
mod reader;
mod report;
mod rules;
mod sections;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeTable;

use crate::kind::{ApiGroup, Format, Kind, KindId};
use crate::permission::{PatternSet, Permission};

pub use faults::{Fault, Faults, Place};
pub use keys::reference;
pub use report::{KindReport, Report, SecurityDenial};

/// One system of credentials, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name, the first half of every [`KindId`] of its own.
    pub name: String,
    /// Goes up with every change of a file that is in use.
    pub version: u32,
    /// What people call it.
    pub title: String,
    /// Its kinds, in the order of the file.
    pub kinds: Vec<Arc<Kind>>,
    /// Its role templates, in the order of the file.
    pub roles: Vec<RoleTemplate>,
    /// The permissions that it declares, beyond [Keyward's own](crate::administration::own_permissions).
    pub permissions: Vec<Permission>,
    /// What its kinds can deny. [`SECURITY`](crate::administration::SECURITY) is always there, and first.
    pub api_groups: Vec<ApiGroup>,
    /// How requests arrive.
    pub surface: Surface,
    file: String,
    /// Where each kind says what its credentials look like; as many as `kinds`.
    places: Vec<Place>,
}

/// A role that every organization of the profile has, read-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleTemplate {
    /// Its name in the file; unique in the profile.
    pub name: String,
    /// The name that people see.
    pub title: String,
    /// What it lets its holders do.
    pub patterns: PatternSet,
}

/// How requests arrive. Plain data: what a dialect is, and which settings it has, is the server's to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    /// The wire format; [`Surface::NATIVE`] for Keyward's own surfaces.
    pub dialect: String,
    /// What the dialect lets choose.
    pub settings: BTreeMap<String, Setting>,
}

impl Surface {
    /// Keyward's own surfaces, which name the permission of each request themselves.
    pub const NATIVE: &'static str = "native";

    /// Whether these are Keyward's own surfaces.
    pub fn is_native(&self) -> bool {
        self.dialect == Self::NATIVE
    }
}

/// One setting of a dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Yes or no.
    Flag(bool),
    /// A whole number, not negative.
    Number(u32),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl Profile {
    /// Reads a profile. `file_name` is only for the faults.
    pub fn parse(file_name: &str, text: &str) -> Result<Profile, Faults> {
        let source = reader::Source::new(file_name, text);
        let profile = if text.len() > MAX_BYTES {
            source.fault(0, "", format!("the file is too large: write at most {MAX_BYTES} bytes"));
            None
        } else {
            let (document, errors) = DeTable::parse_recoverable(text);
            for error in &errors {
                let at = error.span().map_or(0, |span| span.start);
                source.fault(at, "", format!("this is not TOML: {}", error.message()));
            }
            // What a broken text still holds would only be misread.
            if errors.is_empty() { sections::read(&source, document.get_ref(), file_name) } else { None }
        };
        let missing = Fault {
            file: file_name.to_owned(),
            place: Place { line: 1, column: 1 },
            key: String::new(),
            text: "the profile could not be read: start from `profiles/keyward.toml`".to_owned(),
        };
        Faults::check(source.into_faults())?;
        profile.ok_or_else(|| Faults::one(missing))
    }

    /// One of its kinds.
    pub fn kind(&self, id: &KindId) -> Option<&Arc<Kind>> {
        self.kinds.iter().find(|kind| kind.id == *id)
    }

    /// One of its kinds by the second half of its id.
    pub fn kind_named(&self, name: &str) -> Option<&Arc<Kind>> {
        self.kinds.iter().find(|kind| kind.id.kind() == name)
    }

    /// One of its role templates.
    pub fn role(&self, name: &str) -> Option<&RoleTemplate> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The names of the API groups to which a request with `method` for `path` belongs. The path comes
    /// percent-decoded, without query, and without `..`; whoever cannot tell where it leads must not ask.
    pub fn groups_of_request(&self, method: &str, path: &str) -> Vec<&str> {
        self.api_groups.iter().filter(|group| group.includes(method, path)).map(|group| group.name.as_str()).collect()
    }

    /// The kinds whose native tokens begin with a prefix, with the prefix.
    pub fn native_prefixes(&self) -> impl Iterator<Item = (&str, &Arc<Kind>)> {
        self.kinds.iter().filter_map(|kind| match &kind.id_format {
            Format::Native { prefix } => Some((prefix.as_str(), kind)),
            Format::Text(_) => None,
        })
    }

    /// What the file amounts to, for people.
    pub fn check(&self) -> Report {
        report::report(self)
    }
}

/// Whether profiles can be used side by side: no two of a name, no two kinds whose native tokens begin alike.
pub fn check_together(profiles: &[Profile]) -> Result<(), Faults> {
    let mut faults = Vec::new();
    for (i, profile) in profiles.iter().enumerate() {
        for earlier in &profiles[..i] {
            if profile.name == earlier.name {
                let text = format!("`{}` is also the name of {}: rename one", profile.name, earlier.file);
                faults.push(profile.fault(Place { line: 1, column: 1 }, "name", text));
            }
            for (kind, place) in profile.kinds.iter().zip(&profile.places) {
                let Format::Native { prefix } = &kind.id_format else { continue };
                let taken = earlier.native_prefixes().find(|(taken, _)| *taken == prefix.as_str());
                if let Some((_, other)) = taken.filter(|_| profile.name != earlier.name) {
                    let key = format!("kinds.{}.prefix", kind.id.kind());
                    let text =
                        format!("`{prefix}` is also the prefix of `{}` in {}: choose another", other.id, earlier.file);
                    faults.push(profile.fault(*place, &key, text));
                }
            }
        }
    }
    Faults::check(faults)
}

impl Profile {
    fn fault(&self, place: Place, key: &str, text: String) -> Fault {
        Fault { file: self.file.clone(), place, key: key.to_owned(), text }
    }
}

/// The profiles that come with Keyward: the name of the file, and its text. The list stands beside the files, so that
/// a profile is added there and nowhere else.
pub const BUILT_IN: &[(&str, &str)] = include!("../../../profiles/built_in.rs");

/// The text of a profile that comes with Keyward, by its name.
pub fn built_in(name: &str) -> Option<&'static str> {
    let file = format!("profiles/{name}.toml");
    BUILT_IN.iter().find(|(known, _)| *known == file).map(|(_, text)| *text)
}

/// A profile is written by hand and read by people: four times the largest that comes with Keyward.
const MAX_BYTES: usize = 256 * 1024;
/// How many kinds a profile may have: more cannot be told apart on a page.
const MAX_KINDS: usize = 64;
