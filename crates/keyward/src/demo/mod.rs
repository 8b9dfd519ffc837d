//! `keyward demo`: a server from nothing, stories with keys over real HTTP, and the server stays up.
//!
//! Each step sends one request, with the SDK or as a vendor's client does ([`wire`]), and prints that very request as a curl
//! line, the status, the body, and how the line behaves when it is pasted later ([`Later`]). A step also knows which parts
//! of its answer are decisive; `--once` ends with 0 only if the status and the decisive parts of every answer were as told.
//! What every story needs and none is about is done without a word ([`stage`]).

mod gainsight;
mod gateway_hub;
mod gigantik;
mod gigya;
mod keyward;
mod passport;
mod server;
mod stage;
mod teller;
mod upstream;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use keyward_api::sessions::CreateSession;
use keyward_api::setup::Setup;
use keyward_client::Client;
use serde_json::json;

use crate::commands::serve::Signals;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use server::{Folder, Server};
use stage::{Stage, again, name, password};
use teller::{Later, Teller, told};
use wire::Wire;

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End when the stories are told: with 0 if everything happened as told, otherwise with 1
    #[arg(long)]
    once: bool,
    /// A folder for the database and the key ring, which must be empty or new; a temporary one if absent
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The address to listen on; `127.0.0.1:8080` if absent and free, otherwise any free port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(args: DemoArgs, output: &Output) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let folder = Folder::choose(args.data_dir)?;
    let server = Server::start(&folder, args.listen).await?;
    let mut teller = Teller::new(output);
    let ended = tokio::select! {
        ended = tell(&mut teller, &server) => ended,
        () = signals.end() => Err(Failure::local("stopped in the middle of a story")),
    };
    let stage = match ended {
        Ok(stage) => stage,
        Err(failure) => {
            server.serving.stop().await;
            return Err(failure);
        }
    };
    let exit = teller.end()?;
    if !args.once {
        farewell(output, &stage, &server, &folder)?;
        signals.end().await;
        output.note("stopping: what is in flight may finish");
    }
    server.serving.stop().await;
    Ok(exit)
}

async fn tell(teller: &mut Teller<'_>, server: &Server) -> Result<Stage, Failure> {
    let stage = set_up(teller, server).await?;
    keyward::tell(teller, &stage).await?;
    gigantik::tell(teller, &stage).await?;
    gigya::tell(teller, &stage).await?;
    gainsight::tell(teller, &stage).await?;
    gateway_hub::tell(teller, &stage).await?;
    passport::tell(teller, &stage).await?;
    Ok(stage)
}

/// The first operator, who signs in.
async fn set_up(teller: &mut Teller<'_>, server: &Server) -> Result<Stage, Failure> {
    let nobody = Client::builder(&server.url).build()?;
    let Some(token) = &server.serving.setup else {
        return Err(Failure::Usage("somebody can sign in already: the demo starts from an empty folder".to_owned()));
    };
    let (email, password) = ("ada@example.com".to_owned(), password());
    teller.chapter(
        "From nothing",
        "A new database has no users. Whoever has the set-up token makes the first operator.",
    )?;
    let first = Setup {
        token: token.into(),
        name: name("Ada")?,
        email: email.clone(),
        password: again(&password),
        organization: Some(name("Acme")?),
        profiles: vec!["keyward".to_owned()],
    };
    let made = teller
        .step(
            "The first operator, and the organization Acme on the profile `keyward`",
            Later::Again(409, "this can be done once"),
            nobody.setup().create(&first),
            told(201, &[]),
        )
        .await?;
    let organization = made.id("/organization")?;
    let session = CreateSession { email: email.clone(), password: again(&password), code: None };
    let signed_in = teller
        .step(
            "Ada signs in; the token goes into the header `Authorization`",
            Later::Again(201, "another session"),
            nobody.sessions().create(&session),
            told(201, &[("/session/current", json!(true))]),
        )
        .await?;
    let operator = nobody.with_token(signed_in.secret("/token")?);
    Ok(Stage { nobody, operator, email, password, organization, wire: Wire::to(server.vendors)? })
}

fn farewell(output: &Output, stage: &Stage, server: &Server, folder: &Folder) -> Result<(), Failure> {
    let Stage { email, password, .. } = stage;
    let Server { url, vendors, .. } = server;
    let stays = match folder {
        Folder::Temporary(_) => "everything is forgotten when it stops",
        Folder::Kept(_) => "its folder stays when it stops",
    };
    output.text(&format!(
        "The server stays up at {url}; {stays}. End it with Ctrl-C.\n\
         The vendors' hosts are served at https://{vendors}, with the services behind them.\n\
         Lines marked `repeatable` give the same answers now, up to the values named there.\n\n\
         Open {url} in a browser and sign in as {email} with the password {password}. Or in a terminal:\n\n\
         printf %s {password} | keyward login {url} --email {email}\n\
         keyward credentials list --organization Acme\n",
        password = password.expose()
    ))
}
