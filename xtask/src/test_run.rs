//! The whole test run: what CI calls, and what a developer calls before a change is sent.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{browser, debian, docs, packages, steps};

/// How much of the run is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Everything,
    /// All but what compiles the read model again: the loom tests, which explore every interleaving, and the faults
    /// that the oracle must find.
    WithoutModelChecking,
}

/// Runs every step in order and stops at the first that fails.
pub(crate) fn run(extent: Extent) -> Result<()> {
    // A full disk makes programs fail in strange ways, so it is told before and after.
    steps::run("space", free_space())?;
    let outcome = run_steps(extent);
    if outcome.is_err() {
        steps::run("space", free_space())?;
    }
    outcome
}

fn run_steps(extent: Extent) -> Result<()> {
    debian::install_missing()?;
    packages::install_missing()?;
    steps::run("dependencies", steps::cargo(["fetch", "--locked"]))?;
    steps::run("format", steps::cargo(["fmt", "--all", "--check"]))?;
    steps::run("lints", lints())?;
    steps::run("tests", tests())?;
    browser::run(compiled_once(browser::build()), &[])?;
    match extent {
        Extent::Everything => {
            steps::run("seeded faults", seeded_faults())?;
            steps::run("model-checked tests", model_checked()?)?;
        }
        Extent::WithoutModelChecking => println!("==> seeded faults, model-checked tests: left out by --quick"),
    }
    println!("==> everything passed");
    Ok(())
}

fn free_space() -> Command {
    let mut command = Command::new("df");
    command.args(["-P", "-h", "."]).arg(std::env::temp_dir()).current_dir(steps::root());
    command
}

/// Without what only speeds up compiling the next change: it is two thirds of what is written to the disk.
fn compiled_once(mut command: Command) -> Command {
    command.env("CARGO_INCREMENTAL", "0");
    command
}

fn lints() -> Command {
    let mut command = steps::cargo(["clippy", "--workspace", "--all-targets", "--features", FEATURES]);
    command.args(["--", "-D", "warnings"]);
    compiled_once(command)
}

fn tests() -> Command {
    let mut command = steps::cargo(["test", "--workspace", "--features", FEATURES]);
    // Whatever the developer's shell says: this run compares generated files and snapshots, it never rewrites them.
    command.env_remove(docs::UPDATE).env("INSTA_UPDATE", "no").env_remove("INSTA_FORCE_PASS");
    compiled_once(command)
}

/// Puts faults into copies of the deciding code, one at a time, and shows that the oracle finds each.
fn seeded_faults() -> Command {
    compiled_once(steps::cargo(["test", "-p", "keyward-verify", "--test", "mutants", "--", "--ignored"]))
}

/// The tests that explore all interleavings of the index. They need every crate built with `--cfg loom`, so they have
/// a target directory of their own and leave the ordinary build untouched.
fn model_checked() -> Result<Command> {
    ensure!(steps::root().join(LOOM_TESTS).is_file(), "model-checked tests: `{LOOM_TESTS}` is missing");
    let mut command = steps::cargo(["test", "-p", "keyward-verify", "--release", "--test", "loom"]);
    command.args(["--target-dir", "target/loom"]).env("RUSTFLAGS", "--cfg loom");
    Ok(compiled_once(command))
}

/// Switches on what needs a PostgreSQL server, and what needs client libraries; with them, what is missing is a failure.
const FEATURES: &str = "keyward-store/postgres-tests,keyward-server/postgres-tests,keyward/client-tests";
const LOOM_TESTS: &str = "crates/keyward-verify/tests/loom.rs";

#[cfg(test)]
mod tests {
    use super::*;

    /// Features that no package has would fail late, after minutes of compiling.
    #[test]
    fn the_features_of_the_run_exist() {
        for feature in FEATURES.split(',') {
            let (package, name) = feature.split_once('/').unwrap();
            let manifest = std::fs::read_to_string(steps::root().join(format!("crates/{package}/Cargo.toml"))).unwrap();
            assert!(manifest.contains(&format!("\n{name} = [")), "`{package}` has no feature `{name}`");
        }
    }
}
