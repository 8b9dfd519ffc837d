//! All automation of the repository, as `cargo xtask <command>`.
//!
//! The checks on the tree itself are an ordinary test of this package: `cargo test -p xtask`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people: its output is its result")]

mod browser;
mod debian;
mod docs;
mod packages;
mod steps;
mod test_run;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--quick]          run every test, as CI does; --quick leaves out the model-checked ones
  browser [ARGUMENT ...]  run the browser tests alone; the arguments are Playwright's: `setup.spec.mjs`, `-g WORDS`
  docs                    rewrite the generated files that are committed";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test_run::run(test_run::Extent::Everything),
        ["test", "--quick"] => test_run::run(test_run::Extent::WithoutModelChecking),
        ["browser", playwright @ ..] => {
            debian::install_missing()?;
            packages::install_missing()?;
            browser::run(browser::build(), playwright)
        }
        ["docs"] => docs::update(),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("`{}` is not a command\n\n{USAGE}", other.join(" ")),
    }
}
