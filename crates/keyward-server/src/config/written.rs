//! The first step: what was written where, before anybody knows what it means.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::{Raw, shown};
use super::{Problem, Problems};

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In a file; lines count from 1.
    Line(PathBuf, usize),
    /// The file itself.
    Whole(PathBuf),
    /// In an environment variable.
    Variable(String),
    /// In a flag.
    Flag(&'static str),
    /// Nowhere: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Whole(file) => write!(f, "{}", file.display()),
            Self::Variable(name) => write!(f, "environment variable `{name}`"),
            Self::Flag(name) => write!(f, "flag `{name}`"),
            Self::Default => f.write_str("default configuration"),
        }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// A table: its entries by dotted name (`tls.certificate`), and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) origin: Origin,
    pub(super) entries: BTreeMap<String, Entry>,
}

/// Everything that was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The file's folder, from which its relative paths start; empty without a file.
    pub(super) folder: PathBuf,
    /// By section; the settings before the first section are under the empty name.
    pub(super) sections: BTreeMap<String, Group>,
    /// The sections that can be there several times, in their order.
    pub(super) lists: BTreeMap<String, Vec<Group>>,
}

impl Written {
    /// Writes a value over what is there.
    pub(super) fn set(&mut self, section: &str, name: &str, entry: Entry) {
        let group = self.sections.entry(section.to_owned());
        let group = group.or_insert_with(|| Group { origin: entry.origin.clone(), entries: BTreeMap::new() });
        group.entries.insert(name.to_owned(), entry);
    }
}

/// Takes the text of the file at `path` apart. All places where it is not TOML are reported.
pub fn written(path: &Path, text: &str) -> Result<Written, Problems> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let reader = Reader { path, text };
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| Problem {
            origin: reader.place(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            // The rest of the parser's message repeats the line, which may hold what nobody should see in a log.
            problem: format!("this is not TOML ({})", error.message().lines().next().unwrap_or_default()),
            remedy: "see `keyward.example.toml` for how settings are written".to_owned(),
        };
        let mut problems: Vec<Problem> = errors.iter().map(problem).collect();
        problems.sort_by(|a, b| a.origin.cmp(&b.origin));
        return Err(Problems(problems));
    }
    let mut written = Written { folder: path.parent().map(Path::to_owned).unwrap_or_default(), ..Written::default() };
    for (name, value) in table.get_ref() {
        let section: &str = name.get_ref();
        let origin = reader.place(name.span().start);
        match value.get_ref() {
            DeValue::Table(table) => {
                let mut group = Group { origin, entries: BTreeMap::new() };
                reader.entries("", table, &mut group.entries);
                written.sections.insert(section.to_owned(), group);
            }
            DeValue::Array(array) if !array.is_empty() && array.iter().all(|e| e.get_ref().is_table()) => {
                let groups = array.iter().map(|element| reader.group(element)).collect();
                written.lists.insert(section.to_owned(), groups);
            }
            _ => written.set("", section, Entry { raw: raw(value.get_ref()), origin }),
        }
    }
    Ok(written)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(offset);
        Origin::Line(self.path.to_owned(), 1 + before.filter(|byte| **byte == b'\n').count())
    }

    fn group(&self, element: &Spanned<DeValue<'_>>) -> Group {
        let mut group = Group { origin: self.place(element.span().start), entries: BTreeMap::new() };
        if let DeValue::Table(table) = element.get_ref() {
            self.entries("", table, &mut group.entries);
        }
        group
    }

    fn entries(&self, prefix: &str, table: &DeTable<'_>, into: &mut BTreeMap<String, Entry>) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.entries(&format!("{key}."), inner, into),
                other => {
                    into.insert(key, Entry { raw: raw(other), origin: self.place(name.span().start) });
                }
            }
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.clone().into_owned()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Raw::Integer(number),
            Err(_) => Raw::Text(shown(number.as_str())),
        },
        DeValue::Array(array) => Raw::List(array.iter().map(|element| raw(element.get_ref())).collect()),
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
