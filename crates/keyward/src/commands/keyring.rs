//! `keyward keyring`: the file with the keys that the database does not hold.

use clap::Subcommand;
use keyward_core::keyring::{KeyRing, KeyVersion};
use keyward_server::config::Config;
use keyward_server::entropy::OsEntropy;
use keyward_server::{clock, ops, start};
use serde::Serialize;

use super::config::{load, tell_warnings};
use super::show::word;
use crate::arguments::NodeFlags;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with the key ring.
#[derive(Debug, Subcommand)]
pub(crate) enum Keyring {
    /// Show the versions of the key ring, without their keys
    Show(NodeFlags),
    /// Add a version; bring the file to every node before it is promoted
    Add(NodeFlags),
    /// Make everything new with a version from now on
    Promote {
        /// Its number
        version: u32,
        #[command(flatten)]
        node: NodeFlags,
    },
    /// Forget the key of a version for good; refused while something in the database needs it
    Retire {
        /// Its number
        version: u32,
        #[command(flatten)]
        node: NodeFlags,
    },
}

pub(crate) async fn run(command: Keyring, output: &Output) -> Result<Exit, Failure> {
    match command {
        Keyring::Show(flags) => {
            let config = configured(&flags, output)?;
            output.value(&Ring::of(&existing(&config)?))?;
        }
        Keyring::Add(flags) => {
            let config = configured(&flags, output)?;
            let mut ring = existing(&config)?;
            let version = ring.add(clock::now(), &mut OsEntropy).map_err(anyhow::Error::new)?;
            changed(&config, &ring, output)?;
            output.note(&format!(
                "version {version} is accepted: bring the file to every node, send each SIGHUP, then `keyward keyring \
                 promote {version}`"
            ));
        }
        Keyring::Promote { version, node } => {
            let config = configured(&node, output)?;
            let mut ring = existing(&config)?;
            ring.promote(KeyVersion::new(version)).map_err(anyhow::Error::new)?;
            changed(&config, &ring, output)?;
            output.note("bring the file to every node and send each SIGHUP");
        }
        Keyring::Retire { version, node } => {
            let config = configured(&node, output)?;
            let mut ring = existing(&config)?;
            let number = KeyVersion::new(version);
            // What is wrong with the number alone is said before the database is opened.
            let known = ring.versions().iter().any(|info| info.version == number);
            let in_use = if known { ops::local::in_use(&config, &ring, version).await? } else { 0 };
            ring.retire(number, in_use).map_err(anyhow::Error::new)?;
            changed(&config, &ring, output)?;
            output.note("keep a copy of the earlier file with the backups that need it; bring this one to every node");
        }
    }
    Ok(Exit::Done)
}

fn configured(flags: &NodeFlags, output: &Output) -> Result<Config, Failure> {
    let loaded = load(flags)?;
    tell_warnings(&loaded, output);
    if loaded.config.keyring_text.is_some() {
        return Err(Failure::Usage(
            "the key ring comes from the environment variable `KEYWARD_KEYRING`: unset it to work on the file"
                .to_owned(),
        ));
    }
    Ok(loaded.config)
}

/// The key ring that is there; none is made.
fn existing(config: &Config) -> Result<KeyRing, Failure> {
    let file = &config.keyring.file;
    if !file.exists() {
        return Err(Failure::NotFound(format!(
            "there is no key ring `{}`: name the folder with `--data-dir`, or start the server once",
            file.display()
        )));
    }
    Ok(start::key_ring(config)?)
}

fn changed(config: &Config, ring: &KeyRing, output: &Output) -> Result<(), Failure> {
    start::write_key_ring(&config.keyring.file, ring, false)?;
    output.value(&Ring::of(ring))
}

/// What may be shown of a key ring.
#[derive(Serialize)]
struct Ring {
    fingerprint: String,
    versions: Vec<Version>,
}

/// What may be shown of a version.
#[derive(Serialize)]
struct Version {
    #[serde(rename = "version")]
    number: u32,
    state: String,
    created_at: String,
    check: String,
}

impl Ring {
    fn of(ring: &KeyRing) -> Self {
        let versions = ring.versions().into_iter().map(|info| Version {
            number: info.version.number(),
            state: word(&info.state),
            created_at: info.created_at.to_string(),
            check: info.check.to_string(),
        });
        Self { fingerprint: ring.fingerprint().to_string(), versions: versions.collect() }
    }
}

impl View for Ring {
    fn view(&self) -> Picture {
        let rows = self.versions.iter().map(|version| {
            vec![version.number.to_string(), version.state.clone(), version.created_at.clone(), version.check.clone()]
        });
        Picture::fields([("fingerprint", self.fingerprint.clone())])
            .below(Picture::rows(&["version", "state", "created at", "check"], rows))
    }

    fn essence(&self) -> Vec<String> {
        self.versions.iter().map(|version| version.number.to_string()).collect()
    }
}
