//! Running the program in a world of its own: a home folder, a data folder, no environment.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{self, Node, Running};

/// A home folder, and the server that its owner works with.
pub(crate) struct Home {
    folder: TempDir,
    server: Option<String>,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// From now on `KEYWARD_SERVER` names this server.
    pub(crate) fn uses(&mut self, server: &str) {
        self.server = Some(server.to_owned());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and names it.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = process::command(self.folder.path(), arguments);
        if let Some(server) = &self.server {
            command.env("KEYWARD_SERVER", server);
        }
        command
    }

    /// Runs a command without input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command with this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// It ended with this code; everything that it said is shown if it did not.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Its one line of output.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let lines: Vec<_> = self.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines[0].to_owned()
    }

    /// Its output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Everything for a snapshot, without what differs from run to run.
    pub(crate) fn shown(&self, home: &Home) -> String {
        let Self { code, stdout, stderr } = self;
        let text = format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}");
        let folder = home.folder.path().display().to_string();
        let text = text.replace(&folder, "<home>");
        let text = match &home.server {
            Some(server) => text.replace(server.as_str(), "<server>"),
            None => text,
        };
        stable(&text)
    }
}

/// Ids, times, secrets and hashes are replaced by what they are, and columns move together.
pub(crate) fn stable(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut words = String::new();
        let mut rest = line;
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            let (before, from) = rest.split_at(start);
            let length = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
            let (word, after) = from.split_at(length);
            words.push_str(before);
            words.push_str(&replaced(word));
            rest = after;
        }
        words.push_str(rest);
        let indent = words.len() - words.trim_start().len();
        let columns: Vec<_> = words.trim().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let line = format!("{}{}", " ".repeat(indent), columns.join("  "));
        format!("{}\n", without_number(&without_number(&line, "(pid ", ")"), "node in ", " ms").trim_end())
    });
    lines.collect()
}

/// The number between two texts, if there is one, gives way to `N`.
fn without_number(line: &str, before: &str, after: &str) -> String {
    let between = || {
        let (start, rest) = line.split_once(before)?;
        let (number, end) = rest.split_once(after)?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{start}{before}N{after}{end}"))
    };
    between().unwrap_or_else(|| line.to_owned())
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.:".contains(c)
}

fn replaced(word: &str) -> String {
    let (end, dots) = match word.trim_end_matches(['.', ':']) {
        shorter if shorter.len() < word.len() => (shorter, &word[shorter.len()..]),
        _ => (word, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = match end.split_once('_') {
        Some((prefix, rest)) if rest.len() == 26 && prefix.len() <= 5 => format!("<{prefix}>"),
        Some((prefix, rest)) if rest.len() > 40 && prefix.starts_with(['k', 'g']) => format!("<secret {prefix}>"),
        Some((prefix, rest)) if rest.len() == 16 => format!("<public id {prefix}>"),
        Some(("3", _)) => "<site key>".to_owned(),
        _ if end.len() > 19 && end.ends_with('Z') && digits(&end[..4]) => "<time>".to_owned(),
        _ if (end.len() == 64 || end.len() == 32) && hexadecimal(end) => "<hash>".to_owned(),
        _ => end.to_owned(),
    };
    format!("{known}{dots}")
}

/// Reads what a program prints until it printed `text`.
#[track_caller]
pub(crate) fn printed_until(running: &mut Running, text: &str) -> String {
    let stdout = running.0.stdout.as_mut().unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&read).contains(text) {
        let count = stdout.read(&mut buffer).unwrap();
        assert!(count > 0, "the output ended before `{text}`:\n{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(read).unwrap()
}

/// Starts `keyward serve` in the folder `data` of a home, on a free port: the node, and its URL.
pub(crate) fn serving(home: &Home) -> (Node, String) {
    let folder = home.path("data").display().to_string();
    let node =
        Node::start(home.command(&["serve", "--data-dir", &folder, "--listen", "127.0.0.1:0", "--log-level", "warn"]));
    let (_, url) = node.listening();
    (node, url)
}

/// Whether only the owner may read a file.
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode().trailing_zeros() >= 6
}
