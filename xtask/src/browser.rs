//! The console in a real browser: Playwright drives Debian's Chromium against the program.
//!
//! A spec finds the packages it imports in the folders above it, and they are never in the checkout. So the specs are
//! copied to where the packages are, at each run.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps;

/// Where the packages are, and below it the copied specs and what a failed test leaves behind.
pub(crate) const FOLDER: &str = "target/console";

/// What builds the program. Where it is built must be known, whatever the environment says.
pub(crate) fn build() -> Command {
    steps::cargo(["build", "-p", "keyward", "--target-dir", "target"])
}

/// Builds the program and runs the specs; the arguments are Playwright's.
pub(crate) fn run(build: Command, arguments: &[&str]) -> Result<()> {
    steps::run("program", build)?;
    let (root, specs) = (steps::root(), steps::root().join(FOLDER).join("specs"));
    // Two runs at a time would take each other's files away.
    let one_at_a_time = File::create(root.join(FOLDER).join("lock"))?;
    one_at_a_time.lock()?;
    if specs.exists() {
        std::fs::remove_dir_all(&specs).with_context(|| format!("browser: cannot remove `{}`", specs.display()))?;
    }
    copy_scripts(&root.join(SPECS), &specs)?;
    let mut command = Command::new("node");
    command.args(["../node_modules/@playwright/test/cli.js", "test"]).args(arguments).current_dir(specs);
    command.env("KEYWARD_PROGRAM", root.join("target/debug/keyward"));
    steps::run("browser tests", command)
}

/// Copies every `.mjs` of a folder and of those in it.
fn copy_scripts(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("browser: cannot copy `{}` to `{}`", from.display(), to.display());
    std::fs::create_dir_all(to).with_context(failed)?;
    for entry in std::fs::read_dir(from).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_scripts(&path, &copy)?;
        } else if path.extension() == Some(OsStr::new("mjs")) {
            std::fs::copy(&path, &copy).with_context(failed)?;
        }
    }
    Ok(())
}

const SPECS: &str = "crates/keyward/tests/console";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_copied_with_their_folders_and_nothing_else_is() {
        let home = std::env::temp_dir().join(format!("keyward-xtask-browser-{}", std::process::id()));
        let (from, to) = (home.join("from"), home.join("to"));
        std::fs::create_dir_all(from.join("support")).unwrap();
        for file in ["one.spec.mjs", "support/two.mjs", "README.md"] {
            std::fs::write(from.join(file), file).unwrap();
        }
        copy_scripts(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("one.spec.mjs")).unwrap(), "one.spec.mjs");
        assert!(to.join("support/two.mjs").is_file() && !to.join("README.md").exists());
        std::fs::remove_dir_all(&home).unwrap();
    }
}
