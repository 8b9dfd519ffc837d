//! What is linked into the `keyward` program and what is locked, held to `deny.toml`.

use std::process::Command;

use toml::{Table, Value};

use crate::tree::{Finding, Tree, root};

const POLICY: &str = "deny.toml";
const LOCK: &str = "Cargo.lock";

/// A package that ends up in the program, or in building it.
pub(crate) struct Linked {
    name: String,
    licence: String,
}

/// What cargo links into `keyward` on this platform, with the features that are really on.
pub(crate) fn resolved() -> Vec<Linked> {
    // Offline: whatever is linked was fetched before this test could be built.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", "keyward", "-e", "normal,build", "--prefix", "none", "-f", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cannot start `cargo tree`: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`cargo tree` failed: {errors}");
    parse_tree(&String::from_utf8_lossy(&output.stdout))
}

/// Every linked package has a licence that `deny.toml` allows, every licence there is used, and what may not be linked
/// is not.
pub(crate) fn licences(tree: &Tree, linked: &[Linked]) -> Vec<Finding> {
    let policy = table(tree, POLICY);
    let allowed = strings(policy.get("licenses").and_then(|licences| licences.get("allow")));
    let mut findings = Vec::new();
    for package in linked {
        if !satisfied(&package.licence, &allowed) {
            findings.push(Finding::file(POLICY, format!("`{}` is licensed `{}`", package.name, package.licence)));
        }
        if let Some((_, why)) = NEVER_LINKED.iter().find(|(name, _)| *name == package.name) {
            findings.push(Finding::file(LOCK, format!("`{}` is linked: {why}", package.name)));
        }
    }
    // Needed means: without it, some package would have no allowed licence.
    let needed = |licence: &str| {
        let others: Vec<&str> = allowed.iter().copied().filter(|other| *other != licence).collect();
        linked.iter().any(|package| !satisfied(&package.licence, &others))
    };
    for licence in allowed.iter().filter(|licence| !needed(licence)) {
        findings.push(Finding::file(POLICY, format!("no package needs `{licence}` any more: remove it")));
    }
    findings
}

/// Everything locked comes from crates.io, with its checksum, or is ours.
pub(crate) fn sources(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in locked(tree) {
        let name = field(&package, "name");
        match field(&package, "source") {
            "" if !tree.has(&format!("crates/{name}/Cargo.toml")) && name != "xtask" => {
                findings.push(Finding::file(LOCK, format!("`{name}` has no source and is no member")));
            }
            "" => {}
            CRATES_IO if field(&package, "checksum").is_empty() => {
                findings.push(Finding::file(LOCK, format!("`{name}` has no checksum")));
            }
            CRATES_IO => {}
            other => findings.push(Finding::file(LOCK, format!("`{name}` comes from `{other}`, not from crates.io"))),
        }
    }
    findings
}

/// Nothing that `deny.toml` bans is locked.
pub(crate) fn banned(tree: &Tree) -> Vec<Finding> {
    let policy = table(tree, POLICY);
    let bans =
        policy.get("bans").and_then(|bans| bans.get("deny")).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut findings = Vec::new();
    for ban in bans.iter().filter_map(Value::as_table) {
        let (name, reason) = (field(ban, "name"), field(ban, "reason"));
        if reason.is_empty() {
            findings.push(Finding::file(POLICY, format!("the ban of `{name}` gives no reason")));
        }
        if locked(tree).iter().any(|package| field(package, "name") == name) {
            findings.push(Finding::file(LOCK, format!("`{name}` is locked: {reason}")));
        }
    }
    findings
}

/// In the lock because some optional feature names them, and never to be linked.
const NEVER_LINKED: [(&str, &str); 1] = [("ring", "aws-lc-rs is the one provider of cryptography")];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn parse_tree(text: &str) -> Vec<Linked> {
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    lines
        .map(|(package, licence)| Linked {
            name: package.split(' ').next().unwrap_or_default().to_owned(),
            licence: licence.to_owned(),
        })
        .collect()
}

/// Whether the allowed licences satisfy an SPDX expression, or its older form with `/` for `OR`.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = words.as_slice();
    let answer = any_of(&mut rest, allowed);
    answer && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &[&str]) -> bool {
    let mut answer = all_of(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        answer |= all_of(words, allowed);
    }
    answer
}

fn all_of(words: &mut &[&str], allowed: &[&str]) -> bool {
    let mut answer = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        answer &= one(words, allowed);
    }
    answer
}

fn one(words: &mut &[&str], allowed: &[&str]) -> bool {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let answer = any_of(words, allowed);
            match words {
                [")", rest @ ..] => *words = rest,
                _ => return false,
            }
            answer
        }
        // An exception only adds permissions.
        [licence, "WITH", _, rest @ ..] | [licence, rest @ ..] => {
            let licence = licence.trim_end_matches('+');
            *words = rest;
            allowed.contains(&licence)
        }
        [] => false,
    }
}

fn table(tree: &Tree, path: &str) -> Table {
    tree.text(path).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("`{path}` is missing or no TOML"))
}

fn locked(tree: &Tree) -> Vec<Table> {
    let packages = table(tree, LOCK).remove("package");
    let packages = packages.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    packages.into_iter().filter_map(|package| package.as_table().cloned()).collect()
}

fn field<'a>(table: &'a Table, name: &str) -> &'a str {
    table.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_decided_as_they_read() {
        let allowed = ["MIT", "ISC", "Apache-2.0", "MPL-2.0"];
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "(MIT OR GPL-3.0) AND ISC",
            "ISC AND (GPL-3.0 OR (MIT AND ISC))",
            "Apache-2.0 WITH LLVM-exception",
            "MPL-2.0+",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "GPL-3.0 OR MIT AND GPL-2.0", "(MIT", "MIT ISC"] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }

    fn policy(allow: &str) -> Tree {
        Tree::of(&[(POLICY, &format!("[licenses]\nallow = [{allow}]"))])
    }

    #[test]
    fn a_licence_that_is_not_allowed_or_not_needed_is_found() {
        let linked = parse_tree("keyward v0.1.0 (/x)|Apache-2.0\nthing v1.0.0|GPL-3.0 OR MIT (*)\nring v0.17.0|MIT");
        let found = |allow: &str| -> Vec<String> {
            licences(&policy(allow), &linked).iter().map(ToString::to_string).collect()
        };
        let ring = "Cargo.lock: `ring` is linked: aws-lc-rs is the one provider of cryptography";
        assert_eq!(found("\"Apache-2.0\", \"MIT\""), [ring]);
        assert_eq!(
            found("\"Apache-2.0\""),
            ["deny.toml: `thing` is licensed `GPL-3.0 OR MIT`", "deny.toml: `ring` is licensed `MIT`", ring]
        );
        assert_eq!(
            found("\"Apache-2.0\", \"MIT\", \"Zlib\""),
            [ring, "deny.toml: no package needs `Zlib` any more: remove it"]
        );
    }

    #[test]
    fn other_sources_and_banned_packages_are_found() {
        let lock = format!(
            "[[package]]\nname = \"a\"\nsource = \"{CRATES_IO}\"\nchecksum = \"00\"\n\
             [[package]]\nname = \"b\"\nsource = \"git+https://example.com/b\"\n\
             [[package]]\nname = \"c\"\nsource = \"{CRATES_IO}\"\n\
             [[package]]\nname = \"d\"\n[[package]]\nname = \"keyward\"\n"
        );
        let policy = "[bans]\ndeny = [{ name = \"a\", reason = \"why\" }, { name = \"z\" }]";
        let tree = Tree::of(&[(LOCK, &lock), (POLICY, policy), ("crates/keyward/Cargo.toml", "")]);
        let texts = |findings: Vec<Finding>| findings.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts(sources(&tree)),
            [
                "Cargo.lock: `b` comes from `git+https://example.com/b`, not from crates.io",
                "Cargo.lock: `c` has no checksum",
                "Cargo.lock: `d` has no source and is no member",
            ]
        );
        assert_eq!(
            texts(banned(&tree)),
            ["Cargo.lock: `a` is locked: why", "deny.toml: the ban of `z` gives no reason"]
        );
    }
}
