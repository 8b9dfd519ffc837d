//! `keyward login`, `logout`, `whoami` and `sessions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyward_api::ErrorCode;
use keyward_api::sessions::{
    CreateSession, CreatedSession, CredentialCaller, ListSessions, Session, SessionCaller, SessionsEnded, SignedInUser,
    WhoAmI,
};
use keyward_client::{Client, Error};

use super::show::{Listed, flag, joined, maybe};
use super::{done, list};
use crate::arguments::{Global, Paging};
use crate::connection::{DEFAULT_SERVER, anonymous, connect};
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View, input_is_terminal};
use crate::{secrets, session};

/// Who signs in, and where.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The address of the server; `http://127.0.0.1:8080` if absent
    #[arg(value_name = "URL")]
    address: Option<String>,
    /// The e-mail address; asked for at a terminal if absent
    #[arg(long)]
    email: Option<String>,
    /// A file with the password; standard input if absent
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with a code of the second factor or a recovery code; asked for at a terminal where one is needed
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

/// What can be done with one's own sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// List one's own sessions
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// End one's own session; `current` is the one that asks
    Delete {
        /// Its id, `ses_…`
        session: String,
    },
    /// One's other sessions
    #[command(subcommand)]
    Others(Others),
}

/// What can be done with one's other sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Others {
    /// End all sessions of one's own but the one that asks
    Delete,
}

pub(crate) async fn run(command: Sessions, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let sessions = client.sessions();
    match command {
        Sessions::List { paging } => {
            let query = ListSessions { limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, sessions.list(&query)).await
        }
        Sessions::Delete { session } => done(output, sessions.delete(&session)).await,
        Sessions::Others(Others::Delete) => done(output, sessions.delete_others()).await,
    }
}

/// Signs in and keeps the session, never showing its token.
pub(crate) async fn login(args: LoginArgs, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let address = args.address.as_deref().or(global.server.as_deref()).unwrap_or(DEFAULT_SERVER);
    let client = anonymous(global, address)?;
    let email = match args.email {
        Some(email) => email,
        None => secrets::ask(output, "e-mail address", "--email")?,
    };
    let password = secrets::read(output, args.password_file.as_deref(), "password")?;
    let code = args.code_file.as_deref().map(|file| secrets::read(output, Some(file), "code")).transpose()?;
    let mut input = CreateSession { email, password, code };
    let created = match client.sessions().create(&input).await {
        Err(Error::Problem(problem)) if problem.is(ErrorCode::SecondFactorRequired) && input_is_terminal() => {
            input.code = Some(secrets::read(output, None, "code of the second factor, or recovery code")?);
            client.sessions().create(&input).await?
        }
        answered => answered?,
    };
    let CreatedSession { token, .. } = created.into_inner();
    let kept = session::Session { server: client.base_url().to_owned(), token, organization: None };
    let path = kept.keep()?;
    let caller = client.with_token(kept.token);
    let who = output.answer(caller.sessions().get()).await?;
    output.note(&format!("the session is kept in `{}`", path.display()));
    if let WhoAmI::Session(caller) = who
        && caller.organizations.len() > 1
    {
        output.note("you belong to several organizations: name one with `--organization` or `KEYWARD_ORGANIZATION`");
    }
    Ok(Exit::Done)
}

/// Ends the session, here and on the server.
pub(crate) async fn logout(global: &Global, output: &Output) -> Result<Exit, Failure> {
    let ended = connect(global, output).await?.sessions().delete("current").await;
    if global.token_file.is_none() {
        session::Session::forget()?;
    }
    match ended {
        Ok(_) => output.note("signed out"),
        // It ended by itself.
        Err(Error::Problem(problem)) if problem.status == 401 => output.note("the session had ended already"),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}

pub(crate) async fn whoami(client: &Client, output: &Output) -> Result<Exit, Failure> {
    done(output, client.sessions().get()).await
}

impl View for SessionsEnded {
    fn view(&self) -> Picture {
        Picture::fields([("ended", self.ended.to_string())]).line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        vec![self.ended.to_string()]
    }
}

impl View for SignedInUser {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("email", self.email.clone()),
            ("operator", flag(self.operator)),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl View for WhoAmI {
    fn view(&self) -> Picture {
        match self {
            WhoAmI::Session(SessionCaller { session, user, organizations }) => {
                let rows = organizations.iter().map(|organization| {
                    vec![
                        organization.id.to_string(),
                        organization.name.to_string(),
                        flag(organization.super_admin),
                        flag(organization.suspended),
                    ]
                });
                let user = Picture::fields([
                    ("user", user.id.to_string()),
                    ("name", user.name.to_string()),
                    ("email", user.email.clone()),
                    ("operator", flag(user.operator)),
                    ("session", session.id.to_string()),
                    ("until", session.expires_at.to_string()),
                ]);
                match organizations.as_slice() {
                    [] => user.line("member of no organization"),
                    _ => user.below(Picture::rows(&["organization", "name", "super admin", "suspended"], rows)),
                }
            }
            WhoAmI::Credential(CredentialCaller {
                id,
                organization,
                kind,
                name,
                public_id,
                namespace,
                owner,
                expires_at,
            }) => Picture::fields([
                ("credential", id.to_string()),
                ("name", name.to_string()),
                ("kind", kind.to_string()),
                ("public id", public_id.clone()),
                ("organization", organization.to_string()),
                ("namespace", namespace.to_string()),
                ("owner", maybe(owner.as_ref())),
                ("expires at", maybe(expires_at.as_ref())),
            ]),
        }
    }

    fn essence(&self) -> Vec<String> {
        match self {
            WhoAmI::Session(caller) => vec![caller.user.id.to_string()],
            WhoAmI::Credential(caller) => vec![caller.id.to_string()],
        }
    }
}

impl Listed for Session {
    const HEAD: &'static [&'static str] = &["id", "current", "created at", "expires at", "last used at", "from"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            flag(self.current),
            self.created_at.to_string(),
            self.expires_at.to_string(),
            maybe(self.last_used_at.as_ref()),
            joined(self.source.iter().map(ToString::to_string).chain(self.user_agent.clone())),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}
