//! `keyward init`: the first operator and the first organization, without a browser.

use std::path::PathBuf;

use clap::Args;
use keyward_api::Name;
use keyward_api::setup::{Setup, SetupDone};
use keyward_server::ops::local;
use keyward_server::ops::setup::First;

use super::config::{load, tell_warnings};
use super::done;
use super::show::maybe;
use crate::arguments::{Global, NodeFlags};
use crate::connection::anonymous;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};
use crate::secrets;

/// Who is first, and what they own.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What the operator is called
    #[arg(long, value_parser = Name::new)]
    name: Name,
    /// How the operator signs in
    #[arg(long)]
    email: String,
    /// A file with the operator's password, at least 15 characters; standard input if absent
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The name of the first organization, whose super admin the operator becomes; none if absent
    #[arg(id = "with_organization", long = "with-organization", value_name = "NAME", value_parser = Name::new)]
    organization: Option<Name>,
    /// A profile whose kinds it can create; may be repeated; `keyward` if absent
    #[arg(long = "profile", value_name = "PROFILE", requires = "with_organization")]
    profiles: Vec<String>,
    /// A file with the set-up token that the running server printed; without it no server may be running
    #[arg(long, value_name = "FILE", requires = "server")]
    setup_token_file: Option<PathBuf>,
    #[command(flatten)]
    node: NodeFlags,
}

pub(crate) async fn run(args: InitArgs, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let InitArgs { name, email, password_file, organization, profiles, setup_token_file, node } = args;
    let password = secrets::read(output, password_file.as_deref(), "password")?;
    if let (Some(server), Some(file)) = (&global.server, &setup_token_file) {
        let token = secrets::read(output, Some(file), "set-up token")?;
        let client = anonymous(global, server)?;
        return done(output, client.setup().create(&Setup { token, name, email, password, organization, profiles }))
            .await;
    }
    let loaded = load(&node)?;
    tell_warnings(&loaded, output);
    let first = First { email, name, password: password.into_secret(), organization, profiles };
    let made = local::init(loaded.config, first).await?;
    output.value(&SetupDone { user: made.user, organization: made.organization })?;
    output.note("start the server with `keyward serve`, then `keyward login`");
    Ok(Exit::Done)
}

impl View for SetupDone {
    fn view(&self) -> Picture {
        Picture::fields([("operator", self.user.to_string()), ("organization", maybe(self.organization.as_ref()))])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.user.to_string()]
    }
}
