//! The program as a process: started in a world of its own, read from, sent signals, ended.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A command of the program that sees no environment but this folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyward"));
    command.args(arguments).current_dir(folder).env_clear();
    command.env("PATH", path()).env("XDG_CONFIG_HOME", folder.join("config"));
    command
}

#[expect(clippy::disallowed_methods, reason = "where curl and the shell are is the machine's business")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The program while it runs; it ends when this is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.0.id())).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; the code is none if a signal ended it.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program as a server.
pub(crate) struct Node {
    running: Running,
    lines: Receiver<String>,
}

impl Node {
    /// Starts a command that serves.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let (send, lines) = channel();
        let stderr = BufReader::new(running.0.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
        Self { running, lines }
    }

    /// Waits for a line of its standard error.
    #[track_caller]
    pub(crate) fn line_with(&self, text: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("the server never said `{text}`, but {seen:?}")
    }

    /// Waits until its next listener is there: the name, and the URL.
    #[track_caller]
    pub(crate) fn listening(&self) -> (String, String) {
        let line = self.line_with("listening on ");
        let (url, name) = line.trim_start_matches("listening on ").split_once(' ').unwrap();
        (name.trim_matches(['(', ')']).to_owned(), url.to_owned())
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        self.running.signal(name);
    }

    /// Waits for its end; the code is none if a signal ended it.
    pub(crate) fn ended(self) -> Option<i32> {
        self.running.ended()
    }
}

/// A server that says nothing for so long is broken; a slow machine is not.
const PATIENCE: Duration = Duration::from_mins(1);
