//! The reference of the command line, made from what can be typed, and the checks that nothing is missing there.
//! `KEYWARD_UPDATE_DOCS=1 cargo test -p keyward` rewrites the page.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use keyward_api::operations;

use crate::arguments::Cli;
use crate::failure::Exit;

#[test]
fn generated_cli_reference() {
    let mut cli = Cli::command();
    cli.build();
    let mut page = String::from(
        "# Command line\n\n\
         <!-- Generated from crates/keyward/src/arguments.rs and commands/. `cargo xtask docs` rewrites it. -->\n\n\
         `keyward` is server and client in one program. Answers go to standard output: a table for people, or with \
         `--output json`\nexactly the document of the API. Everything else, errors included, goes to standard error. \
         Secrets come from files or\nstandard input, never from arguments; the secret of a new credential stands alone on \
         its line, and `--quiet` leaves nothing\nelse: `key=$(keyward credentials create … --quiet)`.\n\n\
         `login` keeps server and token in `$XDG_CONFIG_HOME/keyward/session.json`, which only its owner may read; the \
         token goes\nto that server alone. Applications, workspaces, user groups and roles can be named instead of giving \
         their ids, and members\nby their e-mail address.\n",
    );
    page.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::ALL {
        let _ = writeln!(page, "| {} | {meaning} |", exit as u8);
    }
    page.push_str("\n## Global options\n");
    options(&mut page, &cli, Arg::is_global_set);
    for command in cli.get_subcommands() {
        section(&mut page, "keyward", command);
    }
    check_or_update(&page);
}

fn section(page: &mut String, path: &str, command: &Command) {
    let path = format!("{path} {}", command.get_name());
    let nested: Vec<&Command> = command.get_subcommands().collect();
    if nested.is_empty() || path.matches(' ').count() == 1 {
        let _ = write!(page, "\n{} {path}\n\n{}.\n", "#".repeat(1 + path.matches(' ').count()), about(command));
    }
    let aliases: Vec<_> = command.get_all_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        let _ = write!(page, "\nAlso {}.\n", aliases.join(", "));
    }
    if nested.is_empty() {
        let arguments: Vec<String> = command.get_positionals().map(|arg| format!(" {arg}")).collect();
        let _ = write!(
            page,
            "\n```\n{path}{}{}\n```\n",
            arguments.concat(),
            if has_own(command) { " [options]" } else { "" }
        );
        options(page, command, |arg| !arg.is_global_set() && arg.get_id() != "help" && arg.get_id() != "version");
    }
    for nested in nested {
        section(page, &path, nested);
    }
}

fn options(page: &mut String, command: &Command, wanted: impl Fn(&Arg) -> bool) {
    let wanted: Vec<&Arg> = command.get_arguments().filter(|arg| wanted(arg)).collect();
    if wanted.is_empty() {
        return;
    }
    page.push_str("\n| | |\n|---|---|\n");
    for arg in wanted {
        let required = if arg.is_required_set() { " Required." } else { "" };
        let variable = arg.get_env().map(|name| format!(" Variable: `{}`.", name.to_string_lossy()));
        let values: Vec<_> = match arg.get_action() {
            ArgAction::Set | ArgAction::Append => arg.get_possible_values(),
            _ => Vec::new(),
        }
        .into_iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
        let values = if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let shown = arg.to_string().replace('|', "\\|");
        let _ = writeln!(page, "| `{shown}` | {help}.{values}{required}{} |", variable.unwrap_or_default());
    }
}

fn has_own(command: &Command) -> bool {
    command.get_arguments().any(|arg| !arg.is_positional() && !arg.is_global_set() && arg.get_id() != "help")
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether files are rewritten")]
fn check_or_update(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    if std::env::var_os("KEYWARD_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/reference/cli.md is out of date: set KEYWARD_UPDATE_DOCS=1 and run the tests again");
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// Operations whose command has another name, or none.
const ELSEWHERE: &[(&str, &str)] = &[
    ("setup.create", "init"),
    ("sessions.create", "login"),
    ("sessions.get", "whoami"),
    ("credentials.verify", "verify"),
    ("usage.get", "usage"),
    ("deployment.get", "deployment"),
    // The same question in the words of a standard, for programs.
    ("access.evaluate", "verify"),
];

#[test]
fn every_operation_has_its_command() {
    let cli = Cli::command();
    let mut unused: Vec<&str> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    for operation in operations::ALL {
        let elsewhere = ELSEWHERE.iter().find(|(id, _)| *id == operation.id);
        unused.retain(|id| *id != operation.id);
        let path: Vec<&str> = elsewhere.map_or_else(|| operation.id.split('.').collect(), |(_, path)| vec![*path]);
        let found = path.iter().try_fold(&cli, |command, word| command.find_subcommand(word));
        let found = found.unwrap_or_else(|| panic!("`keyward {}` is missing", path.join(" ")));
        if elsewhere.is_none() {
            let summary = operation.summary.trim_end_matches('.');
            // What follows a comma is about the command line alone.
            let about = about(found);
            let said = about == summary || about.starts_with(&format!("{summary},"));
            assert!(said, "`keyward {}` is `{about}`, and does `{summary}`", path.join(" "));
        }
    }
    assert!(unused.is_empty(), "no such operation: {unused:?}");
}

#[test]
fn no_option_takes_a_secret() {
    fn visit(command: &Command) {
        for arg in command.get_arguments() {
            let name = arg.get_id().as_str();
            let secret = ["token", "password", "secret"].iter().any(|word| name.contains(word));
            assert!(!secret || name.ends_with("_file"), "`{} {name}` takes a secret", command.get_name());
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Cli::command());
}

#[test]
fn every_argument_is_explained() {
    fn visit(command: &Command) {
        assert!(!about(command).is_empty() && !about(command).ends_with('.'), "{}", command.get_name());
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty() && !help.ends_with('.'), "{} {}", command.get_name(), arg.get_id());
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Cli::command());
}
