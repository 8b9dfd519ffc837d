//! Secrets come from files and standard input, never from arguments, which every process of the machine can read.

use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::path::Path;

use keyward_api::SecretText;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;
use crate::output::{Output, input_is_terminal};

/// Reads a secret from `file`, or from standard input if that is `-` or none is named. At a terminal it asks for `what`
/// and does not show what is typed. White space around it is no part of it.
pub(crate) fn read(output: &Output, file: Option<&Path>, what: &str) -> Result<SecretText, Failure> {
    let file = file.filter(|path| *path != Path::new("-"));
    let text = match file {
        Some(path) => from_file(path)?,
        None if input_is_terminal() => from_terminal(output, what)?,
        None => from_input(what)?,
    };
    match text.expose().trim() {
        "" => {
            let place = file.map_or_else(|| "standard input".to_owned(), |path| format!("`{}`", path.display()));
            Err(Failure::Usage(format!("there is no {what} in {place}: write it there, and nothing else")))
        }
        trimmed => Ok(SecretText::new(trimmed.to_owned())),
    }
}

/// Reads a password and the one that shall replace it. Only a terminal can be asked for both, and is asked for the new one
/// twice, because nobody sees what they type; otherwise standard input holds one of them.
pub(crate) fn change(
    output: &Output,
    current: Option<&Path>,
    new: Option<&Path>,
) -> Result<(SecretText, SecretText), Failure> {
    let from_input = |file: Option<&Path>| file.is_none_or(|path| path == Path::new("-"));
    if from_input(current) && from_input(new) && !input_is_terminal() {
        let text = "standard input holds one password only: name a file with `--current-file` or `--new-file`";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (current, wanted) = (read(output, current, "current password")?, read(output, new, "new password")?);
    if from_input(new) && input_is_terminal() {
        let again = read(output, None, "new password again")?;
        if again.expose() != wanted.expose() {
            return Err(Failure::Usage("the new password was typed in two ways: nothing was changed".to_owned()));
        }
    }
    Ok((current, wanted))
}

/// Asks for something that is no secret. Only a terminal is asked: otherwise `option` has to be given.
pub(crate) fn ask(output: &Output, what: &str, option: &str) -> Result<String, Failure> {
    if !input_is_terminal() {
        return Err(Failure::Usage(format!("the {what} is missing: give it with `{option}`")));
    }
    output.ask(&format!("{what}: "));
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(Failure::Usage(format!("the {what} cannot be read from the terminal: {error}"))),
    }
}

/// Reads a whole file as text, as large as a profile may be.
pub(crate) fn text_file(path: &Path) -> Result<String, Failure> {
    let read = || {
        let mut text = String::new();
        fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
        Ok::<_, io::Error>(text)
    };
    read().map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", path.display())))
}

fn from_file(path: &Path) -> Result<SecretText, Failure> {
    text_file(path).map(SecretText::new)
}

fn from_input(what: &str) -> Result<SecretText, Failure> {
    let mut text = String::new();
    match io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(SecretText::new(text)),
        Err(error) => Err(Failure::Usage(format!("the {what} cannot be read from standard input: {error}"))),
    }
}

fn from_terminal(output: &Output, what: &str) -> Result<SecretText, Failure> {
    output.ask(&format!("{what}: "));
    let mut line = String::new();
    let read = {
        let _silence = Silence::begin();
        io::stdin().lock().read_line(&mut line)
    };
    // The end of the line was not shown either.
    output.tell("");
    match read {
        Ok(_) => Ok(SecretText::new(line)),
        Err(error) => Err(Failure::Usage(format!("the {what} cannot be read from the terminal: {error}"))),
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence(Option<Termios>);

impl Silence {
    fn begin() -> Self {
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(before) = &before {
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &silent);
        }
        Self(before)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// A profile is the largest thing that is read.
const MAX_BYTES: u64 = 1024 * 1024;
