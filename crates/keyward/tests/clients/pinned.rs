//! What is pinned is listed with its licence in `README.md`, and nothing else is.

use std::collections::BTreeSet;

use serde_json::Value;

#[test]
fn every_pinned_package_is_listed_with_its_version() {
    let listed: BTreeSet<String> = rows().into_iter().map(|[name, version, _]| format!("{name} {version}")).collect();
    let npm = npm().into_iter().map(|[name, version, _]| format!("{name} {version}"));
    let pinned: BTreeSet<String> = npm.chain(python()).collect();
    assert_eq!(listed, pinned);
}

#[test]
fn every_licence_of_the_list_is_right_and_allowed() {
    let rows = rows();
    for package in npm() {
        assert!(rows.contains(&package), "not listed like this: {package:?}");
    }
    for [name, _, licence] in rows {
        assert!(licence.split(" OR ").any(|one| ALLOWED.contains(&one)), "`{name}` is licensed `{licence}`");
    }
}

/// The rows of the table: name, version, licence.
fn rows() -> Vec<[String; 3]> {
    let lines = include_str!("README.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = lines.map(|line| line.replace('`', "").split('|').map(|cell| cell.trim().to_owned()).collect());
    cells.map(|cells: Vec<String>| [cells[0].clone(), cells[1].clone(), cells[2].clone()]).collect()
}

fn npm() -> Vec<[String; 3]> {
    let lock: Value = serde_json::from_str(include_str!("npm/package-lock.json")).unwrap();
    let packages = lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty());
    packages
        .map(|(path, package)| {
            let name = path.rsplit("node_modules/").next().unwrap().to_owned();
            assert!(package["integrity"].is_string(), "{name} has no hash");
            [name, package["version"].as_str().unwrap().to_owned(), package["license"].as_str().unwrap().to_owned()]
        })
        .collect()
}

fn python() -> Vec<String> {
    let lines = include_str!("python/requirements.txt").lines();
    lines.filter_map(|line| line.strip_suffix(" \\")?.split_once("==")).map(|(n, v)| format!("{n} {v}")).collect()
}

/// Licences of what only tests use, and nobody is given.
const ALLOWED: [&str; 7] = ["Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense"];
