//! The shape of the tree: lengths, opening words, and files that belong together.

use crate::tree::{Finding, Tree, below};

/// No Rust file, tests included, is longer than a reader can hold.
pub(crate) fn long_files(tree: &Tree) -> Vec<Finding> {
    let lengths = tree.with_extension("rs").map(|(path, text)| (path, text.lines().count()));
    lengths
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| {
            Finding::file(path, format!("{lines} lines, more than {LONGEST_FILE}: split it by subject"))
        })
        .collect()
}

/// A crate's root begins with what the crate is.
pub(crate) fn opening_docs(tree: &Tree) -> Vec<Finding> {
    let roots = tree.texts().filter(|(path, _)| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs"));
    roots
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| {
            Finding::file(path, "does not begin with `//!`: say first what the crate is and what it is not")
        })
        .collect()
}

/// The built-in profiles.
pub(crate) fn profiles(tree: &Tree) -> Vec<Finding> {
    PROFILES
        .iter()
        .map(|name| format!("profiles/{name}.toml"))
        .filter(|path| tree.text(path).is_none_or(str::is_empty))
        .map(|path| Finding::file(&path, "is missing: every built-in system is one data file"))
        .collect()
}

/// Migrations come in pairs: one number, one name, one reason, two engines.
pub(crate) fn migrations(tree: &Tree) -> Vec<Finding> {
    let names = |engine: &str| -> Vec<String> {
        let folder = format!("{MIGRATIONS}/{engine}");
        let files = tree.with_extension("sql").filter(|(path, _)| below(path, &folder));
        files.map(|(path, _)| path[folder.len() + 1..].to_owned()).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    if sqlite.is_empty() && postgres.is_empty() {
        return vec![Finding::file(MIGRATIONS, "holds no migrations in `sqlite` and `postgres`")];
    }
    let alone = |mine: &[String], others: &[String], engine: &str, other: &str| -> Vec<Finding> {
        let missing = mine.iter().filter(|name| !others.contains(name));
        missing
            .map(|name| Finding::file(&format!("{MIGRATIONS}/{engine}/{name}"), format!("has no twin in `{other}`")))
            .collect()
    };
    let mut findings = alone(&sqlite, &postgres, "sqlite", "postgres");
    findings.extend(alone(&postgres, &sqlite, "postgres", "sqlite"));
    for (engine, names) in [("sqlite", &sqlite), ("postgres", &postgres)] {
        for (index, name) in names.iter().enumerate() {
            let path = format!("{MIGRATIONS}/{engine}/{name}");
            if !name.starts_with(&format!("{:04}_", index + 1)) {
                findings
                    .push(Finding::file(&path, format!("is not numbered `{:04}_`: numbers have no holes", index + 1)));
            }
            if !tree.text(&path).unwrap_or_default().starts_with("-- ") {
                findings.push(Finding::file(&path, "does not begin with `-- ` and its reason"));
            }
        }
    }
    findings
}

const LONGEST_FILE: usize = 800;
const PROFILES: [&str; 6] = ["gainsight", "gateway_hub", "gigantik", "gigya", "keyward", "passport"];
const MIGRATIONS: &str = "crates/keyward-store/migrations";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_801_lines_is_too_long() {
        let (fits, long) = ("\n".repeat(800), "\n".repeat(801));
        let found = long_files(&Tree::of(&[("a.rs", &fits), ("b.rs", &long), ("c.md", &long)]));
        assert_eq!(found, [Finding::file("b.rs", "801 lines, more than 800: split it by subject")]);
    }

    #[test]
    fn a_crate_without_opening_words_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod b;"),
            ("crates/b/src/main.rs", "//! What it is."),
            ("src/c.rs", ""),
        ]);
        let found = opening_docs(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/a/src/lib.rs");
    }

    #[test]
    fn a_missing_or_empty_profile_is_found() {
        let files: Vec<(String, &str)> =
            PROFILES.iter().map(|name| (format!("profiles/{name}.toml"), "name = \"x\"")).collect();
        let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_eq!(profiles(&Tree::of(&files)), []);
        files[0].1 = "";
        files.pop();
        assert_eq!(profiles(&Tree::of(&files)).len(), 2);
    }

    #[test]
    fn migrations_are_pairs_in_sequence_with_reasons() {
        let path = |engine: &str, name: &str| format!("{MIGRATIONS}/{engine}/{name}");
        let check = |files: &[(String, &str)]| -> Vec<String> {
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            migrations(&Tree::of(&files)).iter().map(ToString::to_string).collect()
        };
        let (lite, post) = (path("sqlite", "0001_start.sql"), path("postgres", "0001_start.sql"));
        assert!(check(&[(lite.clone(), "-- Start."), (post.clone(), "-- Start.")]).is_empty());
        assert_eq!(check(&[(lite.clone(), "-- Start.")]), [format!("{lite}: has no twin in `postgres`")]);
        assert_eq!(
            check(&[(lite, "-- Start."), (post.clone(), "CREATE")]),
            [format!("{post}: does not begin with `-- ` and its reason")]
        );
        let (lite, post) = (path("sqlite", "0002_next.sql"), path("postgres", "0002_next.sql"));
        assert_eq!(check(&[(lite, "-- Next."), (post, "-- Next.")]).len(), 2, "0001 is missing");
        assert_eq!(check(&[]).len(), 1);
    }
}
