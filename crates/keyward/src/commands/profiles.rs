//! `keyward profiles`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use keyward_api::profiles::{AppliedProfile, ApplyProfile, Kind, ListProfiles, Profile, ProfileSummary};
use keyward_client::Client;
use keyward_core::profile::{Faults, Profile as File};
use serde_json::json;

use super::show::{Listed, joined, word};
use super::{done, list};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};
use crate::secrets::text_file;

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
pub(crate) enum Profiles {
    /// List the recorded profiles
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Get a recorded profile and its kinds
    #[command(visible_alias = "show")]
    Get {
        /// Its name
        profile: String,
        /// Print its text alone
        #[arg(long)]
        text: bool,
    },
    /// Say what a file amounts to, or everything that is wrong with it; asks no server
    Check {
        /// The file
        file: PathBuf,
    },
    /// Record a newer text of a profile, or say what that would change
    Apply {
        /// The file
        file: PathBuf,
        /// Only say what it would change
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(command: Profiles, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let profiles = client.profiles();
    match command {
        Profiles::List { paging } => {
            let query = ListProfiles { limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, profiles.list(&query)).await
        }
        Profiles::Get { profile, text: false } => done(output, profiles.get(&profile)).await,
        Profiles::Get { profile, text: true } => {
            output.text(&profiles.get(&profile).await?.text)?;
            Ok(Exit::Done)
        }
        Profiles::Check { file } => check(&file, output),
        Profiles::Apply { file, dry_run } => {
            let text = text_file(&file)?;
            let name = parsed(&file, &text)?.name;
            done(output, profiles.apply(&name, &ApplyProfile { text, dry_run })).await
        }
    }
}

/// Says what a file amounts to.
pub(crate) fn check(file: &Path, output: &Output) -> Result<Exit, Failure> {
    let profile = parsed(file, &text_file(file)?)?;
    let report = profile.check();
    if output.is_json() {
        let kinds: Vec<Kind> = profile.kinds.iter().map(|kind| Kind::from(&**kind)).collect();
        let summary =
            json!({ "name": profile.name, "title": profile.title, "version": profile.version, "kinds": kinds });
        output.document(&summary.to_string())?;
    } else if !output.is_quiet() {
        output.text(&report.to_string())?;
    }
    Ok(Exit::Done)
}

fn parsed(file: &Path, text: &str) -> Result<File, Failure> {
    File::parse(&file.display().to_string(), text).map_err(|faults: Faults| Failure::Usage(faults.to_string()))
}

impl Listed for ProfileSummary {
    const HEAD: &'static [&'static str] = &["name", "title", "version", "kinds"];

    fn row(&self) -> Vec<String> {
        vec![self.name.clone(), self.title.clone(), self.version.to_string(), joined(&self.kinds)]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Profile {
    fn view(&self) -> Picture {
        let rows = self.kinds.iter().map(|kind| {
            vec![
                kind.id.to_string(),
                kind.title.clone(),
                joined(&kind.present),
                word(&kind.authority),
                word(&kind.expiry.mode),
                if kind.rotate.is_some() { "yes" } else { "no" }.to_owned(),
            ]
        });
        Picture::fields([
            ("name", self.name.clone()),
            ("title", self.title.clone()),
            ("version", self.version.to_string()),
            ("digest", self.digest.clone()),
            ("permissions", joined(&self.permissions)),
        ])
        .below(Picture::rows(&["kind", "title", "presented by", "authority", "expires", "rotates"], rows))
    }

    fn essence(&self) -> Vec<String> {
        self.kinds.iter().map(|kind| kind.id.to_string()).collect()
    }
}

impl View for AppliedProfile {
    fn view(&self) -> Picture {
        let mut picture = Picture::fields([
            ("name", self.name.clone()),
            (
                "version",
                match self.from_version {
                    Some(before) => format!("{before} → {}", self.version),
                    None => self.version.to_string(),
                },
            ),
            ("digest", self.digest.clone()),
        ]);
        for effect in &self.effects {
            let concerned = format!("{} {} ({} credentials)", effect.kind, word(&effect.change), effect.credentials);
            picture = effect.details.iter().fold(picture.line(concerned), |p, detail| p.line(format!("  {detail}")));
        }
        match &self.receipt {
            Some(receipt) => picture.line(receipt.to_string()),
            None => picture.line("nothing was changed: this was a dry run"),
        }
    }

    fn essence(&self) -> Vec<String> {
        vec![self.version.to_string()]
    }
}
