//! Files of others that are committed: each is the published one, byte for byte, and credited.
//!
//! Every `VENDORED.toml` lists, per package, its name, exact version, licence and integrity hash in its registry, and the
//! SHA-256 of each copied file by its path beside the list.

use toml::{Table, Value};

use crate::tree::{Finding, Tree, below};

const LIST: &str = "VENDORED.toml";

/// Every listed file has its digest, every file below a list is listed, and NOTICE names each package.
pub(crate) fn vendored(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lists: Vec<(&str, &str)> = tree.texts().filter(|(path, _)| path.ends_with(&format!("/{LIST}"))).collect();
    for (path, text) in &lists {
        let folder = path.trim_end_matches(LIST).trim_end_matches('/');
        let Ok(list) = text.parse::<Table>() else {
            findings.push(Finding::file(path, "is not TOML"));
            continue;
        };
        let packages = tables(list.get("package"));
        let mut listed = vec![(*path).to_owned()];
        for package in &packages {
            findings.extend(credited(tree, path, package));
            for file in tables(package.get("file")) {
                let file_path = format!("{folder}/{}", field(file, "path"));
                findings.extend(unchanged(tree, &file_path, field(file, "sha256")));
                listed.push(file_path);
            }
        }
        for (other, _) in tree.texts().filter(|(other, _)| below(other, folder)) {
            if !listed.iter().any(|path| path == other) {
                findings.push(Finding::file(other, format!("is not listed in `{path}`")));
            }
        }
    }
    let in_vendor = tree.texts().filter(|(path, _)| path.contains("/vendor/"));
    let unlisted = in_vendor
        .filter(|(path, _)| !lists.iter().any(|(list, _)| below(path, list.trim_end_matches("/VENDORED.toml"))));
    findings.extend(unlisted.map(|(path, _)| Finding::file(path, format!("lies in a vendor folder without `{LIST}`"))));
    findings
}

fn credited(tree: &Tree, list: &str, package: &Table) -> Vec<Finding> {
    let (name, version) = (field(package, "name"), field(package, "version"));
    let mut findings: Vec<Finding> = ["name", "version", "licence", "integrity"]
        .iter()
        .filter(|key| field(package, key).is_empty())
        .map(|key| Finding::file(list, format!("package `{name}` has no `{key}`")))
        .collect();
    let credit = format!("{name} {version}");
    if !tree.text("NOTICE").unwrap_or_default().contains(&credit) {
        findings.push(Finding::file("NOTICE", format!("does not name `{credit}`")));
    }
    findings
}

fn unchanged(tree: &Tree, path: &str, expected: &str) -> Option<Finding> {
    let Some(bytes) = tree.bytes(path) else { return Some(Finding::file(path, "is listed and missing")) };
    let found = sha256(bytes);
    (found != expected).then(|| Finding::file(path, format!("has SHA-256 {found}, not the listed one: copy it again")))
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut text = String::new();
    for byte in digest.as_ref() {
        text.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
    }
    text
}

fn tables(value: Option<&Value>) -> Vec<&Table> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).collect()
}

fn field<'a>(table: &'a Table, name: &str) -> &'a str {
    table.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn a_changed_missing_unlisted_or_uncredited_file_is_found() {
    let list = format!(
        "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nlicence = \"MIT\"\nintegrity = \"sha512-0\"\n\
         [[package.file]]\npath = \"x/x.js\"\nsha256 = \"{}\"\n[[package.file]]\npath = \"x/y.js\"\nsha256 = \"00\"\n",
        sha256(b"code")
    );
    let texts = |files: &[(&str, &str)]| vendored(&Tree::of(files)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(&[
            ("a/vendor/VENDORED.toml", &list),
            ("a/vendor/x/x.js", "edited"),
            ("a/vendor/z.js", ""),
            ("b/vendor/c.js", "")
        ]),
        [
            "NOTICE: does not name `x 1.0.0`",
            &format!("a/vendor/x/x.js: has SHA-256 {}, not the listed one: copy it again", sha256(b"edited")),
            "a/vendor/x/y.js: is listed and missing",
            "a/vendor/z.js: is not listed in `a/vendor/VENDORED.toml`",
            "b/vendor/c.js: lies in a vendor folder without `VENDORED.toml`",
        ]
    );
}
