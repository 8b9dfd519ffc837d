//! The configuration of a node: one file, the environment, flags.
//!
//! Three steps. *Written*: what stands where, as text with its place ([`written`]). *Resolved*: every value parsed and
//! checked, all problems reported at once, each with its place and its remedy ([`resolve`]). *Loaded*: both, from the
//! real file and environment ([`load`]). A flag is before the environment, and that before the file.
//!
//! Every setting is declared once, in [`sections`]; `keyward.example.toml` and `docs/reference/config.md` are rendered
//! from there ([`docs`]).

pub mod docs;
mod env;
mod resolve;
mod routes;
mod sections;
mod table;
mod value;
mod written;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

pub use env::{Environment, KEYRING, KeyringText};
pub use resolve::{Loaded, resolve};
pub use routes::{DialectName, NamespaceSource, Route, Upstream, Word};
pub use sections::{
    Config, Database, Freshness, Keyring, Limits, Listener, Log, Metrics, Mounted, Passwords, Server, Sessions,
};
pub use table::Key;
pub use value::{Bytes, DatabaseUrl, Fault, LogFormat, LogLevel, Name, PublicUrl};
pub use written::{Origin, Written, written};

/// What was given on the command line; each is before the environment and the file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`: the configuration file. Without it `keyward.toml` is read if it exists.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--database`.
    pub database: Option<String>,
    /// `--listen`: the address of the only listener.
    pub listen: Option<String>,
    /// `--log-level`.
    pub log_level: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
}

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "keyward.toml";

/// Something wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// The setting, such as `limits.idle_timeout`; empty when it is about the whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

/// Everything wrong with a configuration, in the order of its places.
#[derive(Debug, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Reads the file that `flags` or the environment name, and resolves it with both.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Loaded, Problems> {
    let named = flags.config.clone().or_else(|| environment.get("KEYWARD_CONFIG").map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return resolve(Written::default(), flags, environment);
        }
        Err(error) => {
            return Err(Problems(vec![Problem {
                origin: Origin::Whole(path),
                key: String::new(),
                problem: format!("the file cannot be read ({error})"),
                remedy: "name an existing file with `--config`, or leave it out".to_owned(),
            }]));
        }
    };
    resolve(written(&path, &text)?, flags, environment)
}
