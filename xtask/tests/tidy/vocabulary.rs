//! One word per thing, and none that is not the project's own.

use crate::source::code;
use crate::tree::{Exemption, Finding, Tree, excuse, extension};

/// Types and modules are named with the words of the glossary.
pub(crate) fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("rs") {
        for (index, line) in text.lines().enumerate() {
            let code = code(line);
            let Some(name) = declared(&code) else { continue };
            if let Some((_, instead)) = NOT_OURS.iter().find(|(word, _)| words(name).iter().any(|part| part == word)) {
                findings.push(Finding::at(path, index + 1, format!("`{name}`: {instead}")));
            }
        }
    }
    excuse(findings, EXEMPT_NAMES)
}

/// No reminders, no names of tools, no paths of one machine.
pub(crate) fn texts(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (reminders, foreign) = (reminders(), foreign());
    for (path, text) in tree.texts().filter(|(path, _)| !written_by_others(path)) {
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = reminders.iter().find(|word| holds_bounded(line, word)) {
                findings.push(Finding::at(
                    path,
                    index + 1,
                    format!("`{word}`: do it, or describe the limit for its reader"),
                ));
            }
            let lower = line.to_lowercase();
            if let Some(word) = foreign.iter().find(|word| lower.contains(word.as_str())) {
                findings.push(Finding::at(path, index + 1, format!("`{word}`: the project speaks of itself alone")));
            }
        }
    }
    findings
}

/// Words (in lower case) that stand in no name, and the word or advice that takes their place.
const NOT_OURS: &[(&str, &str)] = &[
    ("tenant", "the glossary says Organization"),
    ("realm", "the glossary says Organization"),
    ("account", "the glossary says Organization or User"),
    ("principal", "the glossary says Caller"),
    ("actor", "the glossary says Caller"),
    ("acl", "the glossary says Role"),
    ("preset", "the glossary says Profile"),
    ("plugin", "the glossary says Profile"),
    ("replica", "the glossary says Node"),
    ("adapter", "the glossary says Surface"),
    ("adaptor", "the glossary says Surface"),
    ("frontend", "the glossary says Surface"),
    ("sysadmin", "the glossary says Operator"),
    ("util", "say what it does"),
    ("utils", "say what it does"),
    ("helper", "say what it does"),
    ("helpers", "say what it does"),
    ("misc", "say what it does"),
    ("common", "say what it does"),
];

const EXEMPT_NAMES: &[Exemption] = &[];

/// The type or module that a line declares.
fn declared(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.trim_start();
        if rest.starts_with('(') {
            rest = rest.split_once(')')?.1.trim_start();
        }
    }
    let rest =
        ["struct ", "enum ", "union ", "trait ", "type ", "mod "].iter().find_map(|word| rest.strip_prefix(word))?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// `SiteKey` and `site_key` are `site`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_ascii_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}

// Put together here, so that this file does not contain what it looks for.
fn reminders() -> Vec<String> {
    ["TO-DO", "FIX-ME", "X-XX", "HA-CK"].map(|word| word.replace('-', "")).to_vec()
}

fn foreign() -> Vec<String> {
    ["cl-aude", "anth-ropic", "chat-gpt", "open-ai", "co-pilot", "sub-agent", "/wo-rk/", "/tmp/br-ief"]
        .map(|word| word.replace('-', ""))
        .to_vec()
}

fn written_by_others(path: &str) -> bool {
    extension(path) == "lock" || path.ends_with("package-lock.json") || path.contains("/vendor/") || path == "LICENSE"
}

fn holds_bounded(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric();
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(inside) && !line[at + word.len()..].starts_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_made_of_a_word_that_is_not_ours_is_found() {
        let text = "pub(crate) struct TenantId;\nmod utils;\npub enum Caller {}\nfn tenant() {}\n// struct Tenant\npub trait Adapter {}";
        let found = names(&Tree::of(&[("a.rs", text)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 2, 6]);
        assert_eq!(found[0].what, "`TenantId`: the glossary says Organization");
    }

    #[test]
    fn words_of_a_name() {
        assert_eq!(words("SiteKey")[1..], ["site", "key"]);
        assert_eq!(words("site_key"), ["site", "key"]);
    }

    #[test]
    fn reminders_and_foreign_words_are_found() {
        let text = format!("// {}: later\nmktemp X{}X\nsee {}a", reminders()[0], reminders()[2], foreign()[6]);
        let found = texts(&Tree::of(&[("a.rs", &text), ("b.lock", &text), ("c/vendor/d.js", &text)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 3]);
    }
}
