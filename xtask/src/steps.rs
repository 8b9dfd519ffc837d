//! Running other programs: announced, without input, and with the exact command in the message when one fails.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the checkout that this program was built from.
pub(crate) fn root() -> &'static Path {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HERE).parent().unwrap_or(Path::new(HERE))
}

/// `cargo` in the root of the checkout.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Announces a command on one line and runs it to its end, letting its output through.
pub(crate) fn run(title: &str, mut command: Command) -> Result<()> {
    let text = shown(&command);
    println!("==> {title}: {text}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{title}: cannot start `{text}`"))?;
    if !status.success() {
        bail!("{title}: `{text}` failed ({status})");
    }
    Ok(())
}

/// A command as one would type it, with the variables that were set for it.
fn shown(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy()))));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    variables.chain(words.map(|word| quoted(&word.to_string_lossy()))).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    if word.contains(' ') { format!("'{word}'") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = cargo(["test", "-p", "keyward-verify"]);
        command.env("RUSTFLAGS", "--cfg loom").env_remove("UNSET");
        assert_eq!(shown(&command), "RUSTFLAGS='--cfg loom' cargo test -p keyward-verify");
    }

    #[test]
    fn a_failure_names_the_step_the_command_and_the_status() {
        let error = run("example", Command::new("false")).unwrap_err();
        assert_eq!(error.to_string(), "example: `false` failed (exit status: 1)");
        let error = run("example", Command::new("no-such-program-here")).unwrap_err();
        assert_eq!(error.to_string(), "example: cannot start `no-such-program-here`");
    }
}
