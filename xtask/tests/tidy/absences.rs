//! What each room never contains, read from its source. Tests of a room may do what the room may not.

use crate::source::{code, holds_word, is_test_file, product_lines};
use crate::tree::{Exemption, Finding, Tree, below, excuse};

/// Every line that breaks a rule, in the rooms that the rule is about.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    excuse(RULES.iter().flat_map(|rule| broken(tree, rule)).collect(), EXEMPT)
}

/// Words that never stand in some rooms.
struct Absence {
    rooms: &'static [&'static str],
    /// Folders inside `rooms` that the rule is not about.
    but: &'static [&'static str],
    words: Words,
    why: &'static str,
}

enum Words {
    /// In code, as whole identifiers or paths.
    Code(&'static [&'static str]),
    /// Anywhere, comments included, in any case, also as part of a word.
    Anywhere(&'static [&'static str]),
}

const RULES: &[Absence] = &[
    Absence {
        rooms: &["crates/keyward-core/src", "crates/keyward-verify/src"],
        but: &[],
        words: Words::Code(&[
            "async fn",
            "async move",
            ".await",
            "std::fs",
            "std::process",
            "std::env",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
        ]),
        why: "rules and decisions are functions of values, without waiting and without I/O",
    },
    Absence {
        rooms: &["crates/keyward-core/src", "crates/keyward-verify/src", "crates/keyward-store/src"],
        but: &[],
        words: Words::Anywhere(&[
            "gigya",
            "gigantik",
            "gainsight",
            "gateway_hub",
            "gateway-hub",
            "gateway hub",
            "gatewayhub",
            "twinit",
            "passport",
        ]),
        why: "no vendor's name stands below the surfaces: say which knob or rule is meant",
    },
    Absence {
        rooms: &["crates/keyward-server/src", "crates/keyward-client/src", "crates/keyward/src"],
        but: &[],
        words: Words::Code(&["sqlx"]),
        why: "SQL stands in `keyward-store` alone",
    },
    Absence {
        rooms: &["crates/keyward-server/src"],
        but: &["crates/keyward-server/src/ops", "crates/keyward-server/src/tasks"],
        words: Words::Code(&["keyward_store"]),
        why: "only `ops` and `tasks` reach the store; call the operation",
    },
    Absence {
        rooms: &["crates/keyward-server/src/ops", "crates/keyward-server/src/tasks"],
        but: &[],
        words: Words::Code(&["axum", "hyper", "http::", "crate::surfaces", "crate::console", "crate::proxy"]),
        why: "an operation does not know how it is reached",
    },
    Absence {
        rooms: &["crates/keyward/src"],
        // It plays the parts of others: of the vendors' clients, and of the APIs behind the proxy.
        but: &["crates/keyward/src/demo"],
        words: Words::Code(&["axum", "reqwest"]),
        why: "the program reaches a server through `keyward-client`",
    },
    Absence {
        rooms: &["crates/keyward-client/src"],
        but: &[],
        words: Words::Code(&["keyward_server", "keyward_store"]),
        why: "the SDK knows the wire alone",
    },
];

const EXEMPT: &[Exemption] = &[
    Exemption {
        path: "crates/keyward-server/src/app.rs",
        about: "`keyward_store`",
        reason: "the wiring: it holds the store that operations use",
    },
    Exemption {
        path: "crates/keyward-server/src/start.rs",
        about: "`keyward_store`",
        reason: "before any operation can run, the database is recognised by its key ring",
    },
];

fn broken(tree: &Tree, rule: &Absence) -> Vec<Finding> {
    let inside = |path: &str, places: &[&str]| places.iter().any(|place| path == *place || below(path, place));
    let files = tree
        .with_extension("rs")
        .filter(|(path, _)| inside(path, rule.rooms) && !inside(path, rule.but) && !is_test_file(path));
    files
        .flat_map(|(path, text)| product_lines(text).into_iter().map(move |(number, line)| (path, number, line)))
        .filter_map(|(path, number, line)| {
            let word = match rule.words {
                Words::Code(words) => {
                    let code = code(line);
                    words.iter().find(|word| holds_word(&code, word))
                }
                Words::Anywhere(words) => {
                    let lower = line.to_lowercase();
                    words.iter().find(|word| lower.contains(**word))
                }
            }?;
            Some(Finding::at(path, number, format!("`{word}`: {}", rule.why)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let tree = Tree::of(&[(path, text)]);
        RULES.iter().flat_map(|rule| broken(&tree, rule)).map(|finding| finding.line).collect()
    }

    #[test]
    fn core_neither_waits_nor_does_io() {
        assert_eq!(lines("crates/keyward-core/src/a.rs", "// an async fn\npub async fn a() {}\nuse std::fs;"), [2, 3]);
        assert_eq!(lines("crates/keyward-verify/src/tests.rs", "use std::fs;"), [0; 0]);
    }

    #[test]
    fn vendors_stand_above_the_store() {
        assert_eq!(lines("crates/keyward-store/src/a.rs", "/// As in Gigya.\nfn gainsight_style() {}"), [1, 2]);
        assert_eq!(lines("crates/keyward-core/src/a.rs", "#[cfg(test)]\nmod tests {\n    // Twinit\n}\n"), [0; 0]);
        assert_eq!(lines("crates/keyward-server/src/surfaces/gigya.rs", "struct Gigya;"), [0; 0]);
    }

    #[test]
    fn surfaces_and_console_go_through_ops() {
        let text = "use keyward_store::Store;\nuse crate::ops;";
        assert_eq!(lines("crates/keyward-server/src/surfaces/native/a.rs", text), [1]);
        assert_eq!(lines("crates/keyward-server/src/console/a.rs", text), [1]);
        assert_eq!(lines("crates/keyward-server/src/ops/a.rs", text), [0; 0]);
        assert_eq!(lines("crates/keyward-server/src/tasks/a.rs", text), [0; 0]);
    }

    #[test]
    fn operations_do_not_know_http() {
        let text = "use axum::Json;\nuse crate::surfaces::native;\nuse crate::ops::audit;";
        assert_eq!(lines("crates/keyward-server/src/ops/a.rs", text), [1, 2]);
    }

    #[test]
    fn the_demo_alone_plays_the_parts_of_others() {
        assert_eq!(lines("crates/keyward/src/commands/a.rs", "use reqwest::Client;\nuse axum::Router;"), [1, 2]);
        assert_eq!(lines("crates/keyward/src/demo/a.rs", "use reqwest::Client;\nuse axum::Router;"), [0; 0]);
    }

    #[test]
    fn sql_and_server_types_stay_at_home() {
        assert_eq!(lines("crates/keyward-server/src/ops/a.rs", "sqlx::query(sql)"), [1]);
        assert_eq!(lines("crates/keyward-client/src/a.rs", "use keyward_server::App;"), [1]);
    }
}
