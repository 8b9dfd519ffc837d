//! The command line: what can be typed. The generated reference is made from this.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use keyward_server::config::Flags;

use crate::commands::{
    audit, changes, config, credentials, database, grants, init, invitations, keyring, namespaces, organizations,
    profiles, roles, sessions, usage, users, verify,
};
use crate::demo;
use crate::failure::Exit;
use crate::output::Format;

/// Keyward issues, verifies, authorises, rotates, revokes and audits credentials for machines.
#[derive(Debug, Parser)]
#[command(
    name = "keyward",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = exit_codes()
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The address of the server; that of the session, or `http://127.0.0.1:8080`, if absent
    #[arg(long, global = true, value_name = "URL", env = "KEYWARD_SERVER", hide_env_values = true)]
    pub(crate) server: Option<String>,
    /// A file with the token of a session or credential, instead of the session of `login`
    #[arg(long, global = true, value_name = "FILE", env = "KEYWARD_TOKEN_FILE", hide_env_values = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The organization to work in, by id or name; needed by members of several
    #[arg(long, global = true, value_name = "ORGANIZATION", env = "KEYWARD_ORGANIZATION", hide_env_values = true)]
    pub(crate) organization: Option<String>,
    /// A PEM file of certificates to trust besides those of the system
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How to write answers: a table if absent
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Write ids or the secret alone, and no remarks
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve: the management API, verification, everything
    Serve(NodeFlags),
    /// Start from nothing, tell stories with keys over HTTP, and stay up
    Demo(demo::DemoArgs),
    /// Make the first operator and, if named, the first organization
    Init(init::InitArgs),

    /// Sign in, and keep the session
    Login(sessions::LoginArgs),
    /// End the session
    Logout,
    /// Say who the caller is
    Whoami,
    /// One's own sessions
    #[command(subcommand)]
    Sessions(sessions::Sessions),

    /// Credentials: create, rotate, revoke, …
    #[command(subcommand)]
    Credentials(credentials::Credentials),
    /// Say whether a credential may do something; its secret comes from standard input or a file
    Verify(verify::VerifyArgs),
    /// The same, with every check and its outcome
    Explain(verify::ExplainArgs),

    /// Organizations
    #[command(subcommand, alias = "orgs")]
    Organizations(organizations::Organizations),
    /// Applications
    #[command(subcommand)]
    Apps(namespaces::Apps),
    /// Workspaces
    #[command(subcommand)]
    Workspaces(namespaces::Workspaces),
    /// User groups and their members
    #[command(subcommand)]
    Usergroups(namespaces::Usergroups),
    /// Members of the organization
    #[command(subcommand)]
    Users(users::Users),
    /// Invitations to an organization
    #[command(subcommand)]
    Invitations(invitations::Invitations),
    /// Roles: named sets of permissions
    #[command(subcommand)]
    Roles(roles::Roles),
    /// Grants: who holds which role where
    #[command(subcommand)]
    Grants(grants::Grants),

    /// The audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Count the uses of credentials
    Usage(usage::UsageArgs),
    /// The change feed
    #[command(subcommand)]
    Changes(changes::Changes),
    /// Profiles: the kinds of credentials that there are
    #[command(subcommand)]
    Profiles(profiles::Profiles),
    /// Say how the deployment is: nodes, freshness, key ring, profiles; for operators
    Deployment,

    /// The key ring of this machine's configuration
    #[command(subcommand)]
    Keyring(keyring::Keyring),
    /// The database of this machine's configuration
    #[command(subcommand)]
    Db(database::Db),
    /// The configuration of this machine
    #[command(subcommand)]
    Config(config::Config),
    /// Print the OpenAPI document of the management API
    Openapi,
    /// Print the version
    Version,
}

/// Which configuration a node has. A flag is before the environment, and that before the file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NodeFlags {
    /// The configuration file; `keyward.toml` is read if it exists
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder for the SQLite database and the key ring
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<String>,
    /// `sqlite://FILE` or `postgres://USER@HOST/DATABASE`, without a password
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The address of the only listener
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// `error`, `warn`, `info`, `debug` or `trace`
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// `text` or `json`
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

impl From<&NodeFlags> for Flags {
    fn from(flags: &NodeFlags) -> Self {
        let NodeFlags { config, data_dir, database, listen, log_level, log_format } = flags.clone();
        Self { config, data_dir, database, listen, log_level, log_format }
    }
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Paging {
    /// How many items: 1 to 200, 50 if absent
    #[arg(long, value_name = "COUNT", conflicts_with = "all")]
    pub(crate) limit: Option<u16>,
    /// Go on where a list said that there is more
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// Everything, up to 10000 items
    #[arg(long)]
    pub(crate) all: bool,
}

fn exit_codes() -> String {
    let lines: Vec<String> = Exit::ALL.iter().map(|(exit, meaning)| format!("  {}  {meaning}", *exit as u8)).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}
