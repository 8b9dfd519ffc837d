//! The crate graph of `ARCHITECTURE.md`, and the dependencies that would break what a crate is for.

use toml::{Table, Value};

use crate::tree::{Finding, Tree};

/// Every crate has exactly the edges drawn for it.
pub(crate) fn graph(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in manifests(tree) {
        let Some(manifest) = parse(text) else {
            findings.push(Finding::file(path, "is not TOML"));
            continue;
        };
        let name = name(&manifest);
        let Some(edges) = GRAPH.iter().find(|edges| edges.of == name) else {
            findings.push(Finding::file(path, format!("`{name}` is not in the crate graph: draw it there first")));
            continue;
        };
        for dependency in dependencies(&manifest, &NORMAL).filter(|name| ours(name)) {
            if !edges.needs.contains(&dependency.as_str()) && !edges.may.contains(&dependency.as_str()) {
                findings.push(Finding::file(path, format!("`{name}` may not depend on `{dependency}`")));
            }
        }
        for needed in edges.needs {
            if !dependencies(&manifest, &NORMAL).any(|dependency| dependency == *needed) {
                findings
                    .push(Finding::file(path, format!("`{name}` is drawn with an edge to `{needed}` and has none")));
            }
        }
        for dependency in dependencies(&manifest, &["dev-dependencies"]).filter(|name| ours(name)) {
            let known = [edges.needs, edges.may, edges.tests].concat();
            if !known.contains(&dependency.as_str()) {
                findings.push(Finding::file(path, format!("`{name}`'s tests may not depend on `{dependency}`")));
            }
        }
    }
    for edges in GRAPH.iter().filter(|edges| !manifests(tree).any(|(path, _)| path == edges.path())) {
        findings.push(Finding::file(&edges.path(), "is drawn in the crate graph and missing"));
    }
    findings
}

/// No crate has a dependency that would let it do what it never does.
pub(crate) fn foreign_dependencies(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in manifests(tree) {
        let Some(manifest) = parse(text) else { continue };
        let Some(edges) = GRAPH.iter().find(|edges| edges.of == name(&manifest)) else { continue };
        for dependency in dependencies(&manifest, &NORMAL).filter(|name| edges.never.contains(&name.as_str())) {
            findings.push(Finding::file(path, format!("`{}` never contains `{dependency}`: {}", edges.of, edges.why)));
        }
    }
    findings
}

/// One crate of the graph.
struct Edges {
    of: &'static str,
    /// Drawn arrows.
    needs: &'static [&'static str],
    /// Crates further down the drawn arrows, whose types appear in its own signatures.
    may: &'static [&'static str],
    /// What its tests may use besides.
    tests: &'static [&'static str],
    /// Foreign crates that it never depends on, and why.
    never: &'static [&'static str],
    why: &'static str,
}

impl Edges {
    fn path(&self) -> String {
        match self.of {
            "xtask" => "xtask/Cargo.toml".to_owned(),
            name => format!("crates/{name}/Cargo.toml"),
        }
    }
}

/// What waits, listens, dials, draws or logs.
const IMPURE: &[&str] = &[
    "axum",
    "futures-util",
    "http",
    "hyper",
    "hyper-util",
    "rand",
    "reqwest",
    "sqlx",
    "tokio",
    "tower",
    "tower-http",
    "tracing",
];

const GRAPH: [Edges; 8] = [
    Edges {
        of: "keyward-core",
        needs: &[],
        may: &[],
        tests: &[],
        never: IMPURE,
        why: "it is pure functions over values",
    },
    Edges {
        of: "keyward-verify",
        needs: &["keyward-core"],
        may: &[],
        tests: &[],
        never: IMPURE,
        why: "a decision neither waits nor does I/O",
    },
    Edges {
        of: "keyward-store",
        needs: &["keyward-core"],
        may: &[],
        tests: &[],
        never: &["axum", "hyper", "http", "tower", "reqwest", "argon2"],
        why: "it keeps what others decided",
    },
    Edges {
        of: "keyward-api",
        needs: &["keyward-core"],
        may: &[],
        tests: &[],
        never: &["tokio", "futures-util", "sqlx", "hyper", "reqwest", "argon2"],
        why: "it is words on the wire, without behaviour",
    },
    Edges {
        of: "keyward-server",
        needs: &["keyward-store", "keyward-verify", "keyward-api"],
        may: &["keyward-core"],
        tests: &["keyward-client"],
        never: &["sqlx"],
        why: "SQL stands in `keyward-store` alone",
    },
    Edges {
        of: "keyward-client",
        needs: &["keyward-api"],
        may: &[],
        tests: &[],
        never: &["sqlx", "axum", "clap"],
        why: "it is the SDK that others link",
    },
    Edges {
        of: "keyward",
        needs: &["keyward-server", "keyward-client"],
        may: &["keyward-api", "keyward-core"],
        tests: &[],
        never: &["sqlx", "hyper"],
        why: "it wires and prints",
    },
    Edges {
        of: "xtask",
        needs: &[],
        may: &[],
        tests: &[],
        never: &["tokio", "sqlx", "clap"],
        why: "it is compiled before anything else, so it stays small",
    },
];

const NORMAL: [&str; 2] = ["dependencies", "build-dependencies"];

fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts().filter(|(path, _)| path.ends_with("/Cargo.toml"))
}

fn parse(text: &str) -> Option<Table> {
    text.parse().ok()
}

fn name(manifest: &Table) -> &str {
    manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default()
}

fn ours(name: &str) -> bool {
    name == "keyward" || name.starts_with("keyward-")
}

/// The names under the given sections, those of `[target.….dependencies]` included.
fn dependencies<'a>(manifest: &'a Table, sections: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    places.flat_map(|place| sections.iter().filter_map(|section| place.get(*section)?.as_table())).flat_map(|section| {
        section.iter().map(|(key, value)| {
            // `alias = { package = "name" }`
            value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(check: fn(&Tree) -> Vec<Finding>, crate_name: &str, sections: &str) -> Vec<String> {
        let path = format!("crates/{crate_name}/Cargo.toml");
        let text = format!("[package]\nname = \"{crate_name}\"\n{sections}");
        let found = check(&Tree::of(&[(&path, &text)]));
        found.into_iter().filter(|finding| finding.path == path).map(|finding| finding.what).collect()
    }

    #[test]
    fn an_edge_too_many_or_too_few_is_found() {
        let upwards = "[dependencies]\nkeyward-server.workspace = true";
        assert_eq!(findings(graph, "keyward-core", upwards), ["`keyward-core` may not depend on `keyward-server`"]);
        let none = "[dependencies]\nanyhow = \"1\"";
        assert_eq!(
            findings(graph, "keyward-api", none),
            ["`keyward-api` is drawn with an edge to `keyward-core` and has none"]
        );
        let target =
            "[target.'cfg(unix)'.dependencies]\nkeyward-core = { path = \"\" }\nkeyward-store = { path = \"\" }";
        assert_eq!(findings(graph, "keyward-verify", target), ["`keyward-verify` may not depend on `keyward-store`"]);
    }

    #[test]
    fn tests_may_add_only_what_is_listed() {
        let drawn = "[dependencies]\nkeyward-store.workspace = true\nkeyward-verify.workspace = true\n\
                     keyward-api.workspace = true\n[dev-dependencies]\n";
        assert!(findings(graph, "keyward-server", &format!("{drawn}keyward-client.workspace = true")).is_empty());
        assert_eq!(
            findings(graph, "keyward-server", &format!("{drawn}keyward.workspace = true")),
            ["`keyward-server`'s tests may not depend on `keyward`"]
        );
    }

    #[test]
    fn an_unknown_or_missing_crate_is_found() {
        assert_eq!(findings(graph, "keyward-extra", "").len(), 1);
        assert_eq!(graph(&Tree::of(&[])).len(), GRAPH.len());
    }

    #[test]
    fn a_foreign_dependency_is_found_under_another_name_too() {
        let renamed = "[dependencies]\ndatabase = { package = \"sqlx\", version = \"0.9\" }";
        assert_eq!(
            findings(foreign_dependencies, "keyward-server", renamed),
            ["`keyward-server` never contains `sqlx`: SQL stands in `keyward-store` alone"]
        );
        assert!(findings(foreign_dependencies, "keyward-store", renamed).is_empty());
    }
}
