//! Permissions, patterns over them, and sets of patterns: one grammar for every surface.
//!
//! A permission is `resource:action`; the resource may contain dots. Patterns form a laminar family (two patterns
//! are nested or disjoint), and every `…:*` covers permissions that nobody has declared yet. Both together make the
//! subset relation between sets decidable on the patterns alone, for all permissions there will ever be.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest permission or pattern, in bytes. Long enough for any dotted method name, short enough for a log line.
pub const MAX_PERMISSION_BYTES: usize = 128;

/// `resource:action`, for example `accounts.webhooks:get`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permission(Box<str>);

impl Permission {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    pub fn resource(&self) -> &str {
        split(&self.0).0
    }

    /// The part after the colon.
    pub fn action(&self) -> &str {
        split(&self.0).1
    }

    /// Whether `text` is a permission, without making one.
    pub fn is_valid(text: &str) -> bool {
        text.len() <= MAX_PERMISSION_BYTES
            && text.split_once(':').is_some_and(|(resource, action)| is_resource(resource) && is_word(action))
    }
}

/// What a credential can be asked for, or be denied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// `*`: everything, also what is not declared yet.
    All,
    /// `resource:*`: every action on the resource and on all resources below it (`accounts:*` covers `accounts.webhooks:get`).
    Below(Box<str>),
    /// Exactly one permission.
    Exact(Permission),
}

impl Pattern {
    /// Whether the permission written in `text` falls under this pattern. `text` must be a valid permission.
    pub fn covers(&self, text: &str) -> bool {
        match self {
            Pattern::All => true,
            Pattern::Below(resource) => is_at_or_below(split(text).0, resource),
            Pattern::Exact(permission) => permission.as_str() == text,
        }
    }

    /// [`Pattern::covers`] for a pattern as it is written, without making one. `pattern` must be valid.
    pub fn text_covers(pattern: &str, text: &str) -> bool {
        match split(pattern) {
            ("*", "") => true,
            (resource, "*") => is_at_or_below(split(text).0, resource),
            _ => pattern == text,
        }
    }

    /// Whether every permission under `self`, declared or not, falls under `other`.
    pub fn within(&self, other: &Pattern) -> bool {
        match (self, other) {
            (_, Pattern::All) => true,
            (Pattern::All, _) | (Pattern::Below(_), Pattern::Exact(_)) => false,
            (Pattern::Below(inner), Pattern::Below(outer)) => is_at_or_below(inner, outer),
            (Pattern::Exact(permission), other) => other.covers(permission.as_str()),
        }
    }

    /// What falls under both: the inner one when they are nested, nothing otherwise.
    pub fn meet<'a>(&'a self, other: &'a Pattern) -> Option<&'a Pattern> {
        if self.within(other) {
            Some(self)
        } else if other.within(self) {
            Some(other)
        } else {
            None
        }
    }
}

/// A set of permissions, as the patterns that cover it. Ordered, without duplicates and without members that
/// another member contains, so equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Pattern>", into = "Vec<Pattern>")]
pub struct PatternSet(Vec<Pattern>);

impl PatternSet {
    /// The empty set.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Everything.
    pub fn all() -> Self {
        Self(vec![Pattern::All])
    }

    /// The patterns, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> + Clone {
        self.0.iter()
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many patterns it takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the permission written in `text` is in the set. Allocates nothing.
    pub fn covers(&self, text: &str) -> bool {
        self.0.iter().any(|p| p.covers(text))
    }

    /// Whether every permission of `pattern` is in the set. Exact: a `…:*` has infinitely many members at every
    /// level, so finitely many smaller patterns never fill it.
    pub fn contains(&self, pattern: &Pattern) -> bool {
        self.0.iter().any(|p| pattern.within(p))
    }

    /// `self ⊆ other`, for all permissions there will ever be.
    pub fn within(&self, other: &PatternSet) -> bool {
        self.0.iter().all(|p| other.contains(p))
    }

    /// What is in both.
    pub fn meet(&self, other: &PatternSet) -> PatternSet {
        self.0.iter().flat_map(|a| other.0.iter().filter_map(|b| a.meet(b))).cloned().collect()
    }

    /// What is in either.
    pub fn join(&self, other: &PatternSet) -> PatternSet {
        self.0.iter().chain(&other.0).cloned().collect()
    }
}

impl FromIterator<Pattern> for PatternSet {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let mut given: Vec<Pattern> = patterns.into_iter().collect();
        given.sort();
        given.dedup();
        let kept = given.iter().filter(|p| !given.iter().any(|q| q != *p && p.within(q))).cloned().collect();
        Self(kept)
    }
}

impl From<Vec<Pattern>> for PatternSet {
    fn from(patterns: Vec<Pattern>) -> Self {
        patterns.into_iter().collect()
    }
}

impl From<PatternSet> for Vec<Pattern> {
    fn from(set: PatternSet) -> Self {
        set.0
    }
}

/// A set of permissions granted, less what is denied: what somebody may do at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// What is given.
    pub granted: PatternSet,
    /// What is taken away again, whatever was given.
    pub denied: PatternSet,
}

impl Rights {
    /// Everything.
    pub fn all() -> Self {
        Self { granted: PatternSet::all(), denied: PatternSet::none() }
    }

    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Exactly what the patterns cover.
    pub fn of(granted: PatternSet) -> Self {
        Self { granted, denied: PatternSet::none() }
    }

    /// Whether the permission written in `text` is allowed.
    pub fn covers(&self, text: &str) -> bool {
        self.granted.covers(text) && !self.denied.covers(text)
    }

    /// `self ⊆ other`, for all permissions there will ever be.
    pub fn within(&self, other: &Rights) -> bool {
        self.first_beyond(other).is_none()
    }

    /// The first pattern of `self` that is not wholly inside `other`, to name it in an error.
    pub fn first_beyond(&self, other: &Rights) -> Option<&Pattern> {
        self.granted.iter().find(|pattern| {
            // A pattern that is denied as a whole gives nothing, so it exceeds nothing.
            !self.denied.contains(pattern)
                && (!other.granted.contains(pattern)
                    || other.denied.iter().filter_map(|d| pattern.meet(d)).any(|lost| !self.denied.contains(lost)))
        })
    }

    /// What both allow.
    pub fn meet(&self, other: &Rights) -> Rights {
        Rights { granted: self.granted.meet(&other.granted), denied: self.denied.join(&other.denied) }
    }
}

/// Why a text is neither permission nor pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a {kind}: write `resource:action`{more}, letters, digits, `_` and `-`, dots inside the resource, at most {MAX_PERMISSION_BYTES} characters",
    kind = if *.1 { "permission pattern" } else { "permission" },
    more = if *.1 { ", `resource:*` or `*`" } else { "" }
)]
pub struct InvalidPermission(String, bool);

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        if Self::is_valid(text) { Ok(Self(text.into())) } else { Err(InvalidPermission(shortened(text), false)) }
    }
}

impl FromStr for Pattern {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        let wrong = || InvalidPermission(shortened(text), true);
        if text.len() > MAX_PERMISSION_BYTES {
            return Err(wrong());
        }
        match text.split_once(':') {
            None if text == "*" => Ok(Pattern::All),
            Some((resource, "*")) if is_resource(resource) => Ok(Pattern::Below(resource.into())),
            _ => text.parse().map(Pattern::Exact).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::All => f.write_str("*"),
            Pattern::Below(resource) => write!(f, "{resource}:*"),
            Pattern::Exact(permission) => permission.fmt(f),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Borrow<str> for Permission {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Permission {
    type Error = InvalidPermission;

    fn try_from(text: String) -> Result<Self, InvalidPermission> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.0.into()
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPermission;

    fn try_from(text: String) -> Result<Self, InvalidPermission> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

fn split(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

fn is_at_or_below(resource: &str, ancestor: &str) -> bool {
    resource.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_resource(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_word)
}

fn is_word(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_PERMISSION_BYTES).collect()
}

#[cfg(test)]
mod tests;
