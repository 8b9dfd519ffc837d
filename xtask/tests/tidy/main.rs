//! Checks on the tree itself: what each crate may contain, what the documents promise, what may be depended on.
//!
//! Each check is a function from a [`Tree`](tree::Tree) to findings, so that it is seen to fail on a made-up tree in a
//! unit test beside it; here each runs on the checkout. A check names the rule and the remedy in its findings.
#![expect(clippy::panic, reason = "a check that cannot read what it checks has failed")]

mod absences;
mod assets;
mod crates;
mod dependencies;
mod documents;
mod layout;
mod source;
mod tree;
mod vocabulary;

use tree::{Finding, Tree};

#[test]
fn the_crate_graph_is_the_drawn_one() {
    clean(crates::graph(&checkout()));
}

#[test]
fn no_crate_depends_on_what_it_never_contains() {
    clean(crates::foreign_dependencies(&checkout()));
}

#[test]
fn no_room_contains_what_is_absent_by_design() {
    clean(absences::check(&checkout()));
}

#[test]
fn no_file_is_longer_than_800_lines() {
    clean(layout::long_files(&checkout()));
}

#[test]
fn every_crate_opens_with_what_it_is() {
    clean(layout::opening_docs(&checkout()));
}

#[test]
fn every_profile_is_there() {
    clean(layout::profiles(&checkout()));
}

#[test]
fn both_engines_have_the_same_migrations() {
    clean(layout::migrations(&checkout()));
}

#[test]
fn names_keep_to_the_vocabulary() {
    clean(vocabulary::names(&checkout()));
}

#[test]
fn no_text_holds_reminders_or_words_that_are_not_the_projects() {
    clean(vocabulary::texts(&checkout()));
}

#[test]
fn every_relative_link_resolves() {
    clean(documents::links(&checkout()));
}

#[test]
fn readme_shows_exactly_the_two_commands() {
    clean(documents::commands(&checkout()));
}

#[test]
fn ci_runs_exactly_the_test_command() {
    clean(documents::continuous_integration(&checkout()));
}

#[cfg(unix)]
#[test]
fn ci_is_executable() {
    use std::os::unix::fs::PermissionsExt;

    let script = std::fs::metadata(tree::root().join(".ci/run")).unwrap();
    assert_eq!(script.permissions().mode() & 0o111, 0o111, "`chmod +x .ci/run`");
}

#[test]
fn documents_stay_short_enough_to_be_read() {
    clean(documents::lengths(&checkout()));
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    clean(dependencies::licences(&checkout(), &dependencies::resolved()));
}

#[test]
fn every_locked_package_comes_from_crates_io() {
    clean(dependencies::sources(&checkout()));
}

#[test]
fn no_banned_package_is_locked() {
    clean(dependencies::banned(&checkout()));
}

#[test]
fn vendored_files_are_the_recorded_ones() {
    clean(assets::vendored(&checkout()));
}

fn checkout() -> Tree {
    Tree::checkout()
}

#[track_caller]
fn clean(findings: Vec<Finding>) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} finding(s):\n{}\n", lines.len(), lines.join("\n"));
}
