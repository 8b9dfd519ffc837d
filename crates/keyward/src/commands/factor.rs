//! `keyward users factor`: one's own second factor.

use std::path::PathBuf;

use clap::Subcommand;
use keyward_api::second_factor::{BegunSecondFactor, ConfirmSecondFactor, RecoveryCodes, SecondFactor};
use keyward_client::Client;

use super::done;
use super::show::maybe;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};
use crate::secrets;

/// What can be done with one's own second factor.
#[derive(Debug, Subcommand)]
pub(crate) enum Factor {
    /// Say whether one has a second factor, and how many recovery codes are left
    Get,
    /// Begin with a second factor: the answer carries the secret for one's application; needs a fresh sign-in
    Begin,
    /// Confirm a second factor with its first code: from then on sign-ins need one; the answer carries recovery codes
    Confirm {
        /// A file with the code that the application shows now; standard input if absent
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
    },
    /// Replace one's recovery codes; needs a fresh sign-in
    Renew,
    /// Remove one's second factor with its recovery codes; needs a fresh sign-in
    Remove,
}

pub(crate) async fn run(command: Factor, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let factor = client.second_factor();
    match command {
        Factor::Get => done(output, factor.get()).await,
        Factor::Begin => done(output, factor.begin()).await,
        Factor::Confirm { code_file } => {
            let code = secrets::read(output, code_file.as_deref(), "code")?;
            done(output, factor.confirm(&ConfirmSecondFactor { code })).await
        }
        Factor::Renew => done(output, factor.renew_codes()).await,
        Factor::Remove => done(output, factor.remove()).await,
    }
}

impl View for SecondFactor {
    fn view(&self) -> Picture {
        Picture::fields([
            ("confirmed at", maybe(self.confirmed_at.as_ref())),
            ("recovery codes left", self.recovery_codes_left.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        self.confirmed_at.iter().map(ToString::to_string).collect()
    }
}

impl View for BegunSecondFactor {
    fn view(&self) -> Picture {
        Picture::text("take the secret over into your application, then confirm with a code that it shows:")
            .line(self.secret.expose())
            .line(self.uri.expose())
    }

    fn essence(&self) -> Vec<String> {
        vec![self.uri.expose().to_owned()]
    }
}

impl View for RecoveryCodes {
    fn view(&self) -> Picture {
        let picture = Picture::text("keep these where you find them without your application; each signs in once:");
        self.recovery_codes.iter().fold(picture, |picture, code| picture.line(code.expose()))
    }

    fn essence(&self) -> Vec<String> {
        self.recovery_codes.iter().map(|code| code.expose().to_owned()).collect()
    }
}
