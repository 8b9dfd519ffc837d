//! Which paths a route is for, and which of several routes for a path is the most specific.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

/// The path of a route: `/v1/events`, `/v1/*/events`, `/v1/apps/{app}/*`, `/accounts.*`.
///
/// Case and a slash at the end make no difference: what a server may take for one path has one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// This segment, in lower case.
    Literal(String),
    /// At the end: a segment that begins so (in lower case), and everything that follows.
    Start(String),
    /// Any one segment, perhaps with a name.
    One(Option<String>),
    /// At the end: everything that follows, nothing included.
    Rest,
}

impl Pattern {
    /// Whether it is for the path of these segments.
    pub fn matches(&self, segments: &[String]) -> bool {
        let mut given = segments.iter();
        for step in &self.steps {
            match (step, given.next()) {
                (Step::Rest, _) => return true,
                (Step::Start(start), Some(segment)) => return begins(segment, start),
                (Step::Literal(literal), Some(segment)) if segment.eq_ignore_ascii_case(literal) => {}
                (Step::One(_), Some(_)) => {}
                _ => return false,
            }
        }
        given.next().is_none()
    }

    /// What `{name}` stands for in the path of these segments, which it is known to match.
    pub fn captured<'s>(&self, name: &str, segments: &'s [String]) -> Option<&'s str> {
        let place = self.steps.iter().position(|step| matches!(step, Step::One(Some(given)) if given == name));
        segments.get(place?).map(String::as_str)
    }

    /// Whether `{name}` stands in it.
    pub fn captures(&self, name: &str) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::One(Some(given)) if given == name))
    }

    /// Whether both are for the same paths, so that neither is before the other.
    pub fn ties(&self, other: &Pattern) -> bool {
        let same = |pair: (&Step, &Step)| matches!(pair, (Step::One(_), Step::One(_))) || pair.0 == pair.1;
        self.steps.len() == other.steps.len() && self.steps.iter().zip(&other.steps).all(same)
    }

    /// Sorts the most specific first: segment by segment from the left, the same segment is before one that begins so (a
    /// longer beginning before a shorter), that before any one segment, that before the end of the path, and that before
    /// everything that follows.
    pub fn order(&self) -> impl Ord + use<> {
        let end = (1, 0);
        let ranks = self.steps.iter().map(|step| match step {
            Step::Literal(_) => (4, 0),
            Step::Start(start) => (3, start.len()),
            Step::One(_) => (2, 0),
            Step::Rest => (0, 0),
        });
        Reverse(ranks.chain([end]).collect::<Vec<(u8, usize)>>())
    }
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` {what}")]
pub struct InvalidPattern {
    given: String,
    what: &'static str,
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = |what| InvalidPattern { given: text.chars().take(80).collect(), what };
        if text.len() > MAX_BYTES {
            return Err(invalid("is too long: write at most 256 characters"));
        }
        let rest = text.strip_prefix('/').ok_or_else(|| invalid("does not begin with `/`"))?;
        let rest = rest.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(rest);
        let segments: Vec<&str> = if rest.is_empty() { Vec::new() } else { rest.split('/').collect() };
        let mut steps: Vec<Step> = Vec::new();
        for (i, segment) in segments.iter().enumerate() {
            let step = step(segment, i + 1 == segments.len()).map_err(invalid)?;
            if matches!(&step, Step::One(Some(_))) && steps.contains(&step) {
                return Err(invalid("has the same name twice: give each `{name}` another"));
            }
            steps.push(step);
        }
        Ok(Self { text: text.to_owned(), steps })
    }
}

fn step(segment: &str, is_last: bool) -> Result<Step, &'static str> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()+,=:@".contains(&b));
    if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let sound = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        let named = (sound && begins).then(|| Step::One(Some(name.to_owned())));
        return named.ok_or("has a name that is none: write `{name}` with `a-z`, `0-9` and `_`");
    }
    match segment.strip_suffix('*') {
        Some("") if is_last => Ok(Step::Rest),
        Some("") => Ok(Step::One(None)),
        Some(start) if is_last && plain(start) => Ok(Step::Start(start.to_ascii_lowercase())),
        None if segment.is_empty() => Err("has an empty segment: leave out one `/`"),
        None if segment.ends_with('.') => Err("has a segment that ends in a dot, which no request can have"),
        None if plain(segment) => Ok(Step::Literal(segment.to_ascii_lowercase())),
        _ => Err(
            "is no plain path: write segments, `*` or `{name}` for any one, and `*` at the end for all that follows",
        ),
    }
}

fn begins(segment: &str, start: &str) -> bool {
    segment.as_bytes().get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::path::Path;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    fn matches(text: &str, path: &str) -> bool {
        pattern(text).matches(Path::read(path).unwrap().segments())
    }

    #[test]
    fn a_pattern_is_for_its_paths() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("/", &["/"], &["/a"]),
            ("/*", &["/", "/a", "/a/b"], &[]),
            ("/v1/events", &["/v1/events", "/V1/Events/", "/v1/%65vents"], &["/v1", "/v1/events/1", "/v1/event"]),
            ("/v1/events/", &["/v1/events"], &["/v1/events/1"]),
            ("/v1/events/*", &["/v1/events", "/v1/events/1/2"], &["/v1/eventss", "/v1"]),
            ("/*/events", &["/v1/events"], &["/events", "/a/b/events"]),
            ("/apps/{app}/x", &["/apps/1/x"], &["/apps/x", "/apps/1/2/x"]),
            ("/accounts.*", &["/accounts.get", "/Accounts.x/y", "/accounts.%67"], &["/account", "/x/accounts.y"]),
        ];
        for (pattern, inside, outside) in table {
            for path in *inside {
                assert!(matches(pattern, path), "{pattern} {path}");
            }
            for path in *outside {
                assert!(!matches(pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn a_name_stands_for_its_segment() {
        let pattern = pattern("/apps/{app}/users/{user}/*");
        let path = Path::read("/apps/A%201/users/7").unwrap();
        assert_eq!(pattern.captured("app", path.segments()), Some("A 1"));
        assert_eq!(pattern.captured("user", path.segments()), Some("7"));
        assert_eq!(pattern.captured("else", path.segments()), None);
        assert!(pattern.captures("user") && !pattern.captures("else"));
    }

    #[test]
    fn the_most_specific_comes_first() {
        let ordered = [
            "/v1/apps/new",
            "/v1/apps/a*",
            "/v1/apps/{app}/users",
            "/v1/apps/{app}",
            "/v1/apps/{app}/*",
            "/v1/apps",
            "/v1/apps/*",
            "/v1/*/users",
            "/v1/*",
            "/v*",
            "/*/apps",
            "/",
            "/*",
        ];
        let mut sorted = ordered.map(pattern);
        sorted.reverse();
        sorted.sort_by_key(Pattern::order);
        assert_eq!(sorted.map(|pattern| pattern.to_string()), ordered);
    }

    #[test]
    fn patterns_for_the_same_paths_tie() {
        for (one, other) in [("/a", "/A/"), ("/a/{x}", "/a/{y}"), ("/a/*/b", "/A/{x}/b"), ("/a*", "/A*")] {
            assert!(pattern(one).ties(&pattern(other)), "{one} {other}");
        }
        for (one, other) in [("/a", "/a/*"), ("/a/{x}", "/a/*"), ("/a*", "/a/*"), ("/a", "/b")] {
            assert!(!pattern(one).ties(&pattern(other)), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_so() {
        for text in [
            "", "a", "//", "/a//b", "/a/../b", "/.", "/a*/b", "/**", "/a*b", "/%61", "/a?b", "/a;b", "/a b", "/{}",
            "/{A}", "/{1}", "/a{b}", "/{a", "/{a}/{a}", "/a\\b", "/ä", "/a.",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        assert!(format!("/{}", "x".repeat(256)).parse::<Pattern>().is_err());
    }
}
