//! What is pinned is listed with its licence in the `README.md` beside it, and nothing else is.

use std::collections::BTreeSet;

use serde_json::Value;

/// A list, and what pins what it lists.
struct List {
    readme: &'static str,
    npm: &'static str,
    python: &'static str,
}

const LISTS: [List; 2] = [
    List {
        readme: include_str!("README.md"),
        npm: include_str!("npm/package-lock.json"),
        python: include_str!("python/requirements.txt"),
    },
    List {
        readme: include_str!("../console/README.md"),
        npm: include_str!("../console/npm/package-lock.json"),
        python: "",
    },
];

#[test]
fn every_pinned_package_is_listed_with_its_version() {
    for list in &LISTS {
        let listed: BTreeSet<String> =
            list.rows().into_iter().map(|[name, version, _]| format!("{name} {version}")).collect();
        let npm = list.npm().into_iter().map(|[name, version, _]| format!("{name} {version}"));
        let pinned: BTreeSet<String> = npm.chain(list.python()).collect();
        assert_eq!(listed, pinned);
    }
}

#[test]
fn every_licence_of_the_lists_is_right_and_allowed() {
    for list in &LISTS {
        let rows = list.rows();
        for package in list.npm() {
            assert!(rows.contains(&package), "not listed like this: {package:?}");
        }
        for [name, _, licence] in rows {
            assert!(licence.split(" OR ").any(|one| ALLOWED.contains(&one)), "`{name}` is licensed `{licence}`");
        }
    }
}

impl List {
    /// The rows of the table: name, version, licence.
    fn rows(&self) -> Vec<[String; 3]> {
        let lines = self.readme.lines().filter_map(|line| line.strip_prefix("| `"));
        let cells = lines.map(|line| line.replace('`', "").split('|').map(|cell| cell.trim().to_owned()).collect());
        cells.map(|cells: Vec<String>| [cells[0].clone(), cells[1].clone(), cells[2].clone()]).collect()
    }

    fn npm(&self) -> Vec<[String; 3]> {
        let lock: Value = serde_json::from_str(self.npm).unwrap();
        let packages = lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty());
        packages
            .map(|(path, package)| {
                let name = path.rsplit("node_modules/").next().unwrap().to_owned();
                assert!(package["integrity"].is_string(), "{name} has no hash");
                [name, package["version"].as_str().unwrap().to_owned(), package["license"].as_str().unwrap().to_owned()]
            })
            .collect()
    }

    fn python(&self) -> Vec<String> {
        let lines = self.python.lines();
        lines.filter_map(|line| line.strip_suffix(" \\")?.split_once("==")).map(|(n, v)| format!("{n} {v}")).collect()
    }
}

/// Licences of what only tests use, and nobody is given.
const ALLOWED: [&str; 7] = ["Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense"];
