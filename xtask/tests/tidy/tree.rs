//! The files of a checkout, or of a made-up one, and what is found in them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Paths (relative, with `/`) and contents. A file that is not UTF-8 has a path and an empty text.
pub(crate) struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// The checkout that this test was built from, without what is built or fetched.
    pub(crate) fn checkout() -> Tree {
        let mut files = BTreeMap::new();
        collect(root(), "", &mut files);
        Tree { files }
    }

    /// A made-up tree.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree { files: files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_owned())).collect() }
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.bytes(path).map(|bytes| std::str::from_utf8(bytes).unwrap_or_default())
    }

    pub(crate) fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Every path with its text, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), std::str::from_utf8(bytes).unwrap_or_default()))
    }

    pub(crate) fn with_extension(&self, wanted: &'static str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| extension(path) == wanted)
    }

    /// True for a file and for a folder with a file in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.files.keys().any(|file| below(file, path))
    }
}

/// One place where a rule is broken, in words that carry the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// 0 when the file as a whole, or its absence, is meant.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn at(path: &str, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, what: what.into() }
    }

    pub(crate) fn file(path: &str, what: impl Into<String>) -> Finding {
        Finding::at(path, 0, what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// A place where a finding is right as it is. An exemption that excuses nothing any more is itself a finding.
pub(crate) struct Exemption {
    pub(crate) path: &'static str,
    /// Part of the finding's text.
    pub(crate) about: &'static str,
    pub(crate) reason: &'static str,
}

/// The findings that no exemption covers, and the exemptions that cover none.
pub(crate) fn excuse(findings: Vec<Finding>, exemptions: &[Exemption]) -> Vec<Finding> {
    let covers = |exemption: &Exemption, finding: &Finding| {
        finding.path == exemption.path && finding.what.contains(exemption.about)
    };
    let stale: Vec<Finding> = exemptions
        .iter()
        .filter(|exemption| !findings.iter().any(|finding| covers(exemption, finding)))
        .map(|e| Finding::file(e.path, format!("the exemption of {} ({}) is stale: remove it", e.about, e.reason)))
        .collect();
    let open = findings.into_iter().filter(|finding| !exemptions.iter().any(|e| covers(e, finding)));
    open.chain(stale).collect()
}

/// Whether `path` lies in the folder `folder`.
pub(crate) fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

pub(crate) fn extension(path: &str) -> &str {
    Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

pub(crate) fn root() -> &'static Path {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HERE).parent().unwrap_or(Path::new(HERE))
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    const SKIPPED: [&str; 3] = [".git", "target", "node_modules"];
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", folder.display()));
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &path, files);
        } else if kind.is_file() {
            // A file that vanishes between listing and reading belongs to somebody's editor.
            files.extend(std::fs::read(entry.path()).ok().map(|bytes| (path, bytes)));
        }
    }
}

#[test]
fn an_exemption_covers_its_finding_alone_and_goes_stale() {
    const EXEMPT: [Exemption; 1] = [Exemption { path: "a.rs", about: "`x`", reason: "needed" }];
    let findings = || vec![Finding::at("a.rs", 1, "holds `x`"), Finding::at("b.rs", 1, "holds `x`")];
    assert_eq!(excuse(findings(), &EXEMPT), [Finding::at("b.rs", 1, "holds `x`")]);
    assert_eq!(excuse(vec![], &EXEMPT), [Finding::file("a.rs", "the exemption of `x` (needed) is stale: remove it")]);
}

#[test]
fn a_folder_is_there_when_a_file_is_in_it() {
    let tree = Tree::of(&[("docs/a.md", "")]);
    assert!(tree.has("docs/a.md") && tree.has("docs"));
    assert!(!tree.has("doc") && !tree.has("docs/a"));
}

#[test]
fn the_checkout_is_read_without_what_is_built() {
    let tree = Tree::checkout();
    assert!(tree.has("Cargo.toml") && tree.has(".ci/run") && tree.has("xtask/tests/tidy/tree.rs"));
    assert!(!tree.has("target") && !tree.has(".git"));
}
