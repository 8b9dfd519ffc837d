//! `keyward demo`: a server from nothing, stories with keys over real HTTP, and the server stays up.
//!
//! Each step sends one request with the SDK, and prints that very request as a curl line, the status, the body, and how
//! the line behaves when it is pasted later ([`Later`]). A step also knows which parts of its answer are decisive;
//! `--once` ends with 0 only if the status and the decisive parts of every answer were as told.

mod gigantik;
mod keyward;
mod teller;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::Args;
use keyward_api::id::OrganizationId;
use keyward_api::sessions::CreateSession;
use keyward_api::setup::Setup;
use keyward_api::{Name, SecretText};
use keyward_client::Client;
use keyward_core::entropy::Entropy as _;
use keyward_server::config::{Environment, Flags, Written, resolve};
use keyward_server::entropy::OsEntropy;
use keyward_server::serve::{self, Serving};
use keyward_server::telemetry::log;
use serde_json::json;

use crate::commands::serve::{Signals, Urls};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use teller::{Later, Teller, told};

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
    let (serving, url) = serve(&folder, args.listen).await?;
    let mut teller = Teller::new(output);
    let ended = tokio::select! {
        ended = tell(&mut teller, &serving, &url) => ended,
        () = signals.end() => Err(Failure::local("stopped in the middle of a story")),
    };
    let stage = match ended {
        Ok(stage) => stage,
        Err(failure) => {
            serving.stop().await;
            return Err(failure);
        }
    };
    let exit = teller.end()?;
    if !args.once {
        farewell(output, &stage, &url, &folder)?;
        signals.end().await;
        output.note("stopping: what is in flight may finish");
    }
    serving.stop().await;
    Ok(exit)
}

/// Who acts in the stories, and where.
struct Stage {
    /// Nobody, at the server.
    nobody: Client,
    /// The first operator, super admin of every organization.
    operator: Client,
    email: String,
    password: SecretText,
    organization: OrganizationId,
}

async fn tell(teller: &mut Teller<'_>, serving: &Serving, url: &str) -> Result<Stage, Failure> {
    let stage = set_up(teller, serving, url).await?;
    keyward::tell(teller, &stage).await?;
    gigantik::tell(teller, &stage).await?;
    Ok(stage)
}

/// The first operator, who signs in.
async fn set_up(teller: &mut Teller<'_>, serving: &Serving, url: &str) -> Result<Stage, Failure> {
    let nobody = Client::builder(url).build()?;
    let Some(token) = &serving.setup else {
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
    let session = CreateSession { email: email.clone(), password: again(&password) };
    let signed_in = teller
        .step(
            "Ada signs in; the token goes into the header `Authorization`",
            Later::Again(201, "another session"),
            nobody.sessions().create(&session),
            told(201, &[("/session/current", json!(true))]),
        )
        .await?;
    let operator = nobody.with_token(signed_in.secret("/token")?);
    Ok(Stage { nobody, operator, email, password, organization })
}

/// What a folder must be for the demo, and for how long it is there.
enum Folder {
    /// Removed at the end.
    Temporary(tempfile::TempDir),
    /// Stays.
    Kept(PathBuf),
}

impl Folder {
    fn choose(wanted: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(folder) = wanted else {
            let made = tempfile::Builder::new().prefix("keyward-demo-").tempdir();
            return made
                .map(Folder::Temporary)
                .map_err(|e| Failure::local(format!("there is no temporary folder: {e}")));
        };
        match std::fs::read_dir(&folder).map(|mut entries| entries.next().is_none()) {
            Ok(false) => Err(Failure::Usage(format!(
                "`{}` is not empty, and the demo starts from nothing: name another folder, or `keyward serve` from it",
                folder.display()
            ))),
            Ok(true) | Err(_) => Ok(Folder::Kept(folder)),
        }
    }

    fn path(&self) -> String {
        match self {
            Folder::Temporary(folder) => folder.path().display().to_string(),
            Folder::Kept(folder) => folder.display().to_string(),
        }
    }
}

/// Serves from the folder. Neither a configuration file nor the environment is read: the demo is always the same.
async fn serve(folder: &Folder, listen: Option<SocketAddr>) -> Result<(Serving, String), Failure> {
    let listen = listen.map_or_else(free_address, |address| address.to_string());
    let flags = Flags {
        data_dir: Some(folder.path()),
        listen: Some(listen),
        log_level: Some("warn".to_owned()),
        ..Flags::default()
    };
    // Links that the server makes lead to it, where its port is known in advance.
    let known = flags.listen.as_deref().filter(|address| !address.ends_with(":0"));
    let links = known.map(|address| ("KEYWARD_SERVER_PUBLIC_URL", format!("http://{address}")));
    let loaded = resolve(Written::default(), &flags, &Environment::from_pairs(links))
        .map_err(|problems| Failure::Usage(problems.to_string()))?;
    log::install(&loaded.config.log);
    let urls = Urls::of(&loaded.config);
    let serving = serve::serve(loaded.config).await?;
    let url = urls.people(&serving);
    Ok((serving, url))
}

/// The usual port, unless somebody has it.
fn free_address() -> String {
    let usual = "127.0.0.1:8080";
    if TcpListener::bind(usual).is_ok() { usual.to_owned() } else { "127.0.0.1:0".to_owned() }
}

fn farewell(output: &Output, stage: &Stage, url: &str, folder: &Folder) -> Result<(), Failure> {
    let Stage { email, password, .. } = stage;
    let stays = match folder {
        Folder::Temporary(_) => "everything is forgotten when it stops",
        Folder::Kept(_) => "its folder stays when it stops",
    };
    output.text(&format!(
        "The server stays up at {url}; {stays}. End it with Ctrl-C.\n\
         Lines marked `repeatable` give the same answers now, up to the values named there.\n\n\
         Sign in as {email} with the password {password}, for example:\n\n\
         printf %s {password} | keyward login {url} --email {email}\n\
         keyward credentials list --organization Acme\n",
        password = password.expose()
    ))
}

/// 144 random bits that can be typed.
fn password() -> SecretText {
    let mut bytes = [0; 24];
    OsEntropy.fill(&mut bytes);
    // 64 characters, so that six bits of each byte choose one without a bias.
    let characters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)).copied().map(char::from));
    SecretText::new(characters.collect())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";

/// A second copy: the demo prints its secrets anyway.
fn again(secret: &SecretText) -> SecretText {
    SecretText::new(secret.expose().to_owned())
}

fn name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|error| Failure::local(error.to_string()))
}
