//! `keyward config`.

use clap::Subcommand;
use keyward_server::config::{self, Environment, Loaded, Problems};
use keyward_server::serve;
use serde::Serialize;

use super::show::joined;
use crate::arguments::NodeFlags;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Report everything that is wrong with the configuration, or what answers where
    Check(NodeFlags),
    /// Print a configuration file with every setting and its default
    Example,
}

pub(crate) fn run(command: Config, output: &Output) -> Result<Exit, Failure> {
    match command {
        Config::Check(flags) => {
            let loaded = load(&flags)?;
            tell_warnings(&loaded, output);
            serve::check(&loaded.config).map_err(|problem| Failure::Usage(problem.to_string()))?;
            output.value(&Resolved::of(&loaded.config))?;
        }
        Config::Example => output.text(&config::docs::example())?,
    }
    Ok(Exit::Done)
}

/// The configuration that a node would have.
pub(crate) fn load(flags: &NodeFlags) -> Result<Loaded, Failure> {
    config::load(&flags.into(), &Environment::of_process())
        .map_err(|problems: Problems| Failure::Usage(format!("the configuration is wrong:\n{problems}")))
}

/// What is allowed but worth a look.
pub(crate) fn tell_warnings(loaded: &Loaded, output: &Output) {
    for warning in &loaded.warnings {
        output.tell(&format!("warning: {warning}"));
    }
}

/// What a configuration amounts to.
#[derive(Serialize)]
struct Resolved {
    data_dir: String,
    database: &'static str,
    keyring: String,
    surfaces: Vec<Mounted>,
}

/// A surface and where it answers.
#[derive(Serialize)]
struct Mounted {
    surface: String,
    listener: String,
    address: String,
    tls: bool,
    host: String,
    prefix: String,
}

impl Resolved {
    fn of(config: &config::Config) -> Self {
        let surfaces = config.mounts.iter().map(|mount| {
            let listener = config.listeners.iter().find(|listener| listener.name.0 == *mount.listener);
            Mounted {
                surface: mount.surface.to_string(),
                listener: mount.listener.to_string(),
                address: listener.map(|listener| listener.address.to_string()).unwrap_or_default(),
                tls: listener.is_some_and(|listener| listener.certificate_source().is_some()),
                host: mount.host.to_string(),
                prefix: mount.prefix.as_str().to_owned(),
            }
        });
        let keyring = match &config.keyring_text {
            Some(_) => "environment".to_owned(),
            None => config.keyring.file.display().to_string(),
        };
        Self {
            data_dir: config.data_dir.display().to_string(),
            database: if config.sqlite_file().is_some() { "sqlite" } else { "postgres" },
            keyring,
            surfaces: surfaces.collect(),
        }
    }
}

impl View for Resolved {
    fn view(&self) -> Picture {
        let rows = self.surfaces.iter().map(|mounted| {
            let scheme = if mounted.tls { "https" } else { "http" };
            vec![
                mounted.surface.clone(),
                mounted.listener.clone(),
                format!("{scheme}://{}", mounted.address),
                mounted.host.clone(),
                mounted.prefix.clone(),
            ]
        });
        Picture::fields([
            ("data folder", self.data_dir.clone()),
            ("database", self.database.to_owned()),
            ("key ring", self.keyring.clone()),
        ])
        .below(Picture::rows(&["surface", "listener", "address", "host", "prefix"], rows))
    }

    fn essence(&self) -> Vec<String> {
        vec![joined(self.surfaces.iter().map(|mounted| &mounted.surface))]
    }
}
