//! `keyward users`: the members of an organization.

use std::path::PathBuf;

use clap::Subcommand;
use keyward_api::Name;
use keyward_api::users::{
    ChangePassword, EditProfile, EditUser, InviteUser, ListUsers, User, UserChanged, UserRemoved, UserState,
};
use keyward_client::Client;

use super::factor::{self, Factor};
use super::show::{Listed, flag, joined, maybe, word};
use super::{done, list, parse};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};
use crate::{names, secrets};

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List the members of the organization
    List {
        /// Only those whose name or e-mail address contains this
        #[arg(long)]
        name: Option<String>,
        /// Only those that are `active` or `suspended`
        #[arg(long, value_parser = parse::word::<UserState>)]
        state: Option<UserState>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Get a member of the organization
    Get {
        /// Their id or e-mail address
        user: String,
    },
    /// Invite somebody to the organization; the answer carries a one-time link
    Invite {
        /// Their e-mail address
        email: String,
        /// They become super admin
        #[arg(long)]
        super_admin: bool,
        /// What they are granted, as `ROLE` or `ROLE@NAMESPACE`; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Make a member super admin, or no longer
    Edit {
        /// Their id or e-mail address
        user: String,
        /// Whether they are super admin
        #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
        super_admin: bool,
    },
    /// Suspend a member: their live credentials and sessions stop in this organization
    Suspend {
        /// Their id or e-mail address
        user: String,
    },
    /// Let a suspended member act again
    Enable {
        /// Their id or e-mail address
        user: String,
    },
    /// Remove a member: their grants end and their live credentials are revoked
    Remove {
        /// Their id or e-mail address
        user: String,
    },
    /// Change one's own password: all other sessions of one's own end
    Password {
        /// A file with the password until now; standard input if absent
        #[arg(long, value_name = "FILE")]
        current_file: Option<PathBuf>,
        /// A file with the new password, at least 15 characters; standard input if absent
        #[arg(long, value_name = "FILE")]
        new_file: Option<PathBuf>,
    },
    /// Change what one is called
    Profile {
        /// The name from now on
        #[arg(value_parser = Name::new)]
        name: Name,
    },
    /// One's own second factor
    #[command(subcommand)]
    Factor(Factor),
}

pub(crate) async fn run(command: Users, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let users = client.users();
    match command {
        Users::List { name, state, paging } => {
            let query = ListUsers { name, state, limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, users.list(&query)).await
        }
        Users::Get { user } => done(output, users.get(names::user(client, &user).await?)).await,
        Users::Invite { email, super_admin, roles } => {
            let roles = names::roles_at(client, &roles).await?;
            done(output, users.invite(&InviteUser { email, super_admin, roles })).await
        }
        Users::Edit { user, super_admin } => {
            let user = names::user(client, &user).await?;
            done(output, users.edit(user, &EditUser { super_admin: Some(super_admin) })).await
        }
        Users::Suspend { user } => done(output, users.suspend(names::user(client, &user).await?)).await,
        Users::Enable { user } => done(output, users.enable(names::user(client, &user).await?)).await,
        Users::Remove { user } => done(output, users.remove(names::user(client, &user).await?)).await,
        Users::Password { current_file, new_file } => {
            let (current, new) = secrets::change(output, current_file.as_deref(), new_file.as_deref())?;
            done(output, users.password(&ChangePassword { current, new })).await
        }
        Users::Profile { name } => done(output, users.profile(&EditProfile { name })).await,
        Users::Factor(command) => factor::run(command, client, output).await,
    }
}

impl Listed for User {
    const HEAD: &'static [&'static str] = &["id", "name", "email", "super admin", "state"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.to_string(), self.email.clone(), flag(self.super_admin), word(&self.state)]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for User {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("email", self.email.clone()),
            ("super admin", flag(self.super_admin)),
            ("state", word(&self.state)),
            ("suspended at", maybe(self.suspended_at.as_ref())),
            ("joined at", self.joined_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl View for UserChanged {
    fn view(&self) -> Picture {
        self.user.view().line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        self.user.essence()
    }
}

impl View for UserRemoved {
    fn view(&self) -> Picture {
        let picture = match self.revoked.as_slice() {
            [] => Picture::default(),
            revoked => Picture::text(format!("revoked with them: {}", joined(revoked))),
        };
        picture.line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        Vec::new()
    }
}
