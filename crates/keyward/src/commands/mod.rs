//! The commands, one file for each noun: what can be typed, what is called, what is shown.

pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod config;
pub(crate) mod credentials;
pub(crate) mod database;
mod deployment;
mod factor;
pub(crate) mod grants;
pub(crate) mod init;
pub(crate) mod invitations;
pub(crate) mod keyring;
pub(crate) mod namespaces;
pub(crate) mod organizations;
pub(crate) mod parse;
pub(crate) mod profiles;
pub(crate) mod roles;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod show;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod verify;

use std::collections::BTreeMap;

use keyward_api::Page;
use keyward_client::Call;
use keyward_server::surfaces::native;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::arguments::{Command, Global, Paging};
use crate::connection::connect;
use crate::demo;
use crate::failure::{Exit, Failure};
use crate::output::{Output, View, json, read};
use show::Listed;

/// Does what was typed.
pub(crate) async fn run(command: Command, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let client = || connect(global, output);
    match command {
        Command::Serve(flags) => serve::run(&flags, output).await,
        Command::Demo(args) => demo::run(args, output).await,
        Command::Init(args) => init::run(args, global, output).await,
        Command::Login(args) => sessions::login(args, global, output).await,
        Command::Logout => sessions::logout(global, output).await,
        Command::Whoami => sessions::whoami(&client().await?, output).await,
        Command::Sessions(command) => sessions::run(command, &client().await?, output).await,
        Command::Credentials(command) => credentials::run(command, &client().await?, output).await,
        Command::Verify(args) => verify::verify(args, &client().await?, output).await,
        Command::Explain(args) => verify::explain(args, &client().await?, output).await,
        Command::Organizations(command) => organizations::run(command, &client().await?, output).await,
        Command::Apps(command) => namespaces::apps(command, &client().await?, output).await,
        Command::Workspaces(command) => namespaces::workspaces(command, &client().await?, output).await,
        Command::Usergroups(command) => namespaces::usergroups(command, &client().await?, output).await,
        Command::Users(command) => users::run(command, &client().await?, output).await,
        Command::Invitations(command) => invitations::run(command, global, output).await,
        Command::Roles(command) => roles::run(command, &client().await?, output).await,
        Command::Grants(command) => grants::run(command, &client().await?, output).await,
        Command::Audit(command) => audit::run(command, &client().await?, output).await,
        Command::Usage(args) => usage::run(args, &client().await?, output).await,
        Command::Changes(command) => changes::run(command, &client().await?, output).await,
        Command::Deployment => deployment::run(&client().await?, output).await,
        Command::Profiles(profiles::Profiles::Check { file }) => profiles::check(&file, output),
        Command::Profiles(command) => profiles::run(command, &client().await?, output).await,
        Command::Keyring(command) => keyring::run(command, output).await,
        Command::Db(command) => database::run(command, output).await,
        Command::Config(command) => config::run(command, output),
        Command::Openapi => openapi(output),
        Command::Version => version(output),
    }
}

/// Shows the answer of a call.
async fn done<T: View + DeserializeOwned>(output: &Output, call: Call<T>) -> Result<Exit, Failure> {
    output.answer(call).await.map(|_| Exit::Done)
}

/// Shows a page of a list, or all of it.
async fn list<T: Listed>(output: &Output, paging: &Paging, call: Call<Page<T>>) -> Result<Exit, Failure> {
    let next = if paging.all {
        let raw: Page<Box<RawValue>> = call.read_as().all(MOST).await?;
        if output.is_json() {
            output.document(&json(&raw)?)?;
        } else {
            let items = raw.items.iter().map(|item| read(item)).collect::<Result<Vec<T>, _>>()?;
            output.show(&Page { items, next: None })?;
        }
        raw.next
    } else {
        output.answer(call).await?.next
    };
    if let Some(cursor) = next {
        output.note(&format!("there is more: `--cursor {cursor}`"));
    }
    Ok(Exit::Done)
}

fn openapi(output: &Output) -> Result<Exit, Failure> {
    let text = native::document().to_pretty_json().map_err(|error| Failure::local(error.to_string()))?;
    output.text(&text)?;
    Ok(Exit::Done)
}

fn version(output: &Output) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if output.is_json() {
        output.document(&json(&BTreeMap::from([("version", version)]))?)?;
    } else {
        output.text(&format!("keyward {version}"))?;
    }
    Ok(Exit::Done)
}

/// More than anybody reads, and less than what fills the memory of a small machine.
const MOST: usize = 10_000;
