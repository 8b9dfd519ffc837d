//! Lists: which records are asked for, counted from an offset.

use keyward_core::name::Name;
use serde_json::{Value, json};

use super::arrival::Visitor;
use super::ids::slug;
use super::items;
use crate::surfaces::trouble::Trouble;

/// The most items of one answer.
pub(super) const MAX_PAGE: usize = 1_000;
/// As many when nothing is said.
const DEFAULT_PAGE: usize = 100;

/// A part of a list while it is made: all that could be in it are offered, in order, and those asked for are kept.
pub(super) struct Listing {
    filter: Filter,
    offset: usize,
    size: usize,
    total: usize,
    shown: Vec<Value>,
}

/// What records must be like. Where several values are given, one of them has to fit.
#[derive(Default)]
struct Filter {
    names: Vec<String>,
    short_names: Vec<String>,
    user_types: Vec<String>,
    /// The parts between the wild cards of `query`, folded.
    search: Vec<String>,
    /// Asked for by an attribute: no record has any.
    by_attributes: bool,
}

impl Listing {
    /// What a request asks for.
    pub(super) fn asked(visitor: &Visitor<'_>) -> Result<Self, Trouble> {
        let values = |name| visitor.query.values(name).map(str::to_owned).collect();
        let search = visitor.parameter("query")?.unwrap_or_default().split('*').filter_map(folded).collect();
        let filter = Filter {
            names: values("_name"),
            short_names: values("_shortName"),
            user_types: values("_userType"),
            search,
            by_attributes: visitor.query.iter().any(|(name, _)| is_attribute(name)),
        };
        Ok(Self { filter, ..Self::paged(visitor)? })
    }

    /// The same without conditions.
    pub(super) fn paged(visitor: &Visitor<'_>) -> Result<Self, Trouble> {
        let offset = number(visitor, "_offset")?.unwrap_or(0);
        let size = number(visitor, "_pageSize")?.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(Trouble::Invalid("_pageSize"));
        }
        Ok(Self { filter: Filter::default(), offset, size, total: 0, shown: Vec::new() })
    }

    /// The one name that records must have: the database may leave the others out.
    pub(super) fn only_name(&self) -> Option<&str> {
        match &*self.filter.names {
            [name] => Some(name),
            _ => None,
        }
    }

    /// Offers a record by its name, if that is asked for.
    pub(super) fn offer(&mut self, name: &Name, item: impl FnOnce() -> Value) {
        if self.filter.wants(name) {
            self.add(item);
        }
    }

    /// Offers what has no name.
    pub(super) fn add(&mut self, item: impl FnOnce() -> Value) {
        if self.total >= self.offset && self.shown.len() < self.size {
            self.shown.push(item());
        }
        self.total += 1;
    }

    /// The answer. `_pageSize` is how many items it has, as in the samples of the vendor's pages.
    pub(super) fn reply(self) -> Value {
        reply(self.offset, self.total, self.shown)
    }
}

/// Everything at once, as creations are answered.
pub(super) fn all(items: Vec<Value>) -> Value {
    reply(0, items.len(), items)
}

fn reply(offset: usize, total: usize, items: Vec<Value>) -> Value {
    json!({ "_offset": offset, "_pageSize": items.len(), "_total": total, "_list": items })
}

impl Filter {
    fn wants(&self, name: &Name) -> bool {
        let one_of = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|w| w == value);
        !self.by_attributes
            && one_of(&self.names, name.as_str())
            && (self.short_names.is_empty() || one_of(&self.short_names, &slug(name.as_str())))
            && one_of(&self.user_types, items::USER_TYPE)
            && (self.search.is_empty()
                || [name.folded(), slug(name.as_str())].iter().any(|text| has_in_order(text, &self.search)))
    }
}

/// Whether all parts are in a text, one after the other.
fn has_in_order(text: &str, parts: &[String]) -> bool {
    let after = |rest: &str, part: &String| rest.find(part.as_str()).map(|at| at + part.len());
    let mut rest = text;
    parts.iter().all(|part| match after(rest, part) {
        Some(end) => {
            rest = &rest[end..];
            true
        }
        None => false,
    })
}

/// A part of a search as names are compared; a text that is in no name is looked for as it is.
fn folded(part: &str) -> Option<String> {
    let part = part.trim();
    (!part.is_empty()).then(|| Name::new(part).map_or_else(|_| part.to_owned(), |name| name.folded()))
}

fn is_attribute(parameter: &str) -> bool {
    parameter.get(..ATTRIBUTE.len()).is_some_and(|start| start.eq_ignore_ascii_case(ATTRIBUTE))
}

fn number(visitor: &Visitor<'_>, name: &'static str) -> Result<Option<usize>, Trouble> {
    let Some(text) = visitor.parameter(name)? else { return Ok(None) };
    // Digits alone, and few enough for a database to count to: `+1` is a number to some readers only.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 9;
    text.parse().ok().filter(|_| is_plain).map(Some).ok_or(Trouble::Invalid(name))
}

const ATTRIBUTE: &str = "_userAttributes.";
