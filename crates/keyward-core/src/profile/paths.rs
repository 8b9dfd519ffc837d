//! Which paths belong to an API group.

use crate::kind::ApiGroup;

impl ApiGroup {
    /// Whether a request for `path` belongs to the group. Case, repeated slashes and a slash at the end make no
    /// difference: a denial must hold for every spelling that the API behind may accept.
    pub fn includes(&self, method: &str, path: &str) -> bool {
        !(self.changes_only && only_reads(method)) && self.paths.iter().any(|pattern| matches(pattern, path))
    }
}

/// Whether requests with this method change nothing (RFC 9110 section 9.2.1). Of one that is not known, nobody can tell.
fn only_reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = segments(pattern).peekable();
    let mut given = segments(path);
    while let Some(want) = wanted.next() {
        let is_last = wanted.peek().is_none();
        match (want.strip_suffix('*'), given.next()) {
            // `/a/*` is `/a` too: what is denied below is denied where it begins.
            (Some(""), _) if is_last => return true,
            (Some(start), Some(segment)) if is_last => return starts_with(segment, start),
            (Some(""), Some(_)) => {}
            (None, Some(segment)) if segment.eq_ignore_ascii_case(want) => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

/// What is wrong with a path pattern, if anything.
pub(super) fn fault_of(pattern: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '%' | '\\' | '"' | '`');
    let what = if !pattern.starts_with('/') {
        "does not begin with `/`: write the path as it stands in a request"
    } else if !pattern.chars().all(allowed) {
        "is not a plain path: leave out query, `%` and white space"
    } else if segments(pattern).any(|segment| segment == "..") {
        "has `..` in it: write where it leads"
    } else if misplaced_star(pattern) {
        "has a `*` where none can be: write it as a whole segment, or at the very end"
    } else if pattern.len() > MAX_PATH_BYTES {
        "is too long: write at most 256 characters"
    } else {
        return None;
    };
    Some(format!("`{}` {what}", pattern.chars().take(80).collect::<String>()))
}

fn misplaced_star(pattern: &str) -> bool {
    let all: Vec<&str> = segments(pattern).collect();
    all.iter().enumerate().any(|(i, segment)| {
        let is_last = i + 1 == all.len();
        let rest = if is_last || *segment == "*" { segment.strip_suffix('*').unwrap_or(segment) } else { segment };
        rest.contains('*')
    })
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty() && *segment != ".")
}

fn starts_with(segment: &str, start: &str) -> bool {
    segment.as_bytes().get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

const MAX_PATH_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_every_spelling_of_a_path() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "/v1/events",
                &["/v1/events", "/V1/Events/", "//v1//events", "/v1/./events"],
                &["/v1", "/v1/events/1", "/v1/event"],
            ),
            ("/v1/events/*", &["/v1/events", "/v1/events/", "/v1/events/1/2"], &["/v1/eventss", "/v2/events/1"]),
            (
                "/*/eventManager/*",
                &["/v1/eventManager/event", "/v9.1/EVENTMANAGER"],
                &["/eventManager/event", "/a/b/eventManager"],
            ),
            ("/audit.*", &["/audit.search", "/Audit.get/x"], &["/audit", "/audits.search", "/x/audit.search"]),
            ("/*", &["/", "/x", ""], &[]),
            ("/ü*", &["/üb"], &["/u", "/\u{c3}"]),
        ];
        for (pattern, inside, outside) in cases {
            for path in *inside {
                assert!(matches(pattern, path), "{pattern} {path}");
            }
            for path in *outside {
                assert!(!matches(pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn what_is_no_path_pattern_says_so() {
        for good in ["/", "/*", "/a/*/b", "/a.b*", "/v1/accounts.search", "/a-b_c~d"] {
            assert_eq!(fault_of(good), None, "{good}");
        }
        for bad in
            ["a", "", "/a?b", "/a b", "/a/../b", "/a*/b", "/**", "/a*b", "/%61", &format!("/{}", "x".repeat(256))]
        {
            assert!(fault_of(bad).is_some(), "{bad}");
        }
    }
}
