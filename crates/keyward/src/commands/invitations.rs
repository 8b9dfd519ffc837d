//! `keyward invitations`.

use std::path::PathBuf;

use clap::Subcommand;
use keyward_api::Name;
use keyward_api::id::InvitationId;
use keyward_api::invitations::{AcceptInvitation, Invitation, InvitationAccepted, ListInvitations, OpenInvitation};

use super::credentials::held;
use super::show::{Listed, flag, joined};
use super::{done, list};
use crate::arguments::{Global, Paging};
use crate::connection::{DEFAULT_SERVER, anonymous, connect};
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};
use crate::secrets;

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub(crate) enum Invitations {
    /// List the open invitations to the organization
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Take an open invitation back: its link is worth nothing any more
    Withdraw {
        /// Its id, `inv_…`
        invitation: InvitationId,
    },
    /// Accept an invitation and, as a new user, choose name and password
    Accept {
        /// A file with the token of the link
        #[arg(long, value_name = "FILE")]
        invitation_file: PathBuf,
        /// What you are called; needed by new users
        #[arg(long, value_parser = Name::new)]
        name: Option<Name>,
        /// A file with the password; standard input if absent
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// A file with a code of an existing user's second factor, or a recovery code
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
    },
}

pub(crate) async fn run(command: Invitations, global: &Global, output: &Output) -> Result<Exit, Failure> {
    match command {
        Invitations::List { paging } => {
            let query = ListInvitations { limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, connect(global, output).await?.invitations().list(&query)).await
        }
        Invitations::Withdraw { invitation } => {
            done(output, connect(global, output).await?.invitations().withdraw(invitation)).await
        }
        Invitations::Accept { invitation_file, name, password_file, code_file } => {
            let client = anonymous(global, global.server.as_deref().unwrap_or(DEFAULT_SERVER))?;
            let accepted = AcceptInvitation {
                token: secrets::read(output, Some(&invitation_file), "token of the invitation")?,
                name,
                password: secrets::read(output, password_file.as_deref(), "password")?,
                code: code_file.as_deref().map(|file| secrets::read(output, Some(file), "code")).transpose()?,
            };
            done(output, client.invitations().accept(&accepted)).await
        }
    }
}

impl Listed for OpenInvitation {
    const HEAD: &'static [&'static str] = &["id", "for", "super admin", "roles", "invited by", "until"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.email.clone(),
            flag(self.super_admin),
            joined(self.roles.iter().map(held)),
            self.invited_by.to_string(),
            self.expires_at.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for Invitation {
    fn view(&self) -> Picture {
        Picture::fields([
            ("invitation", self.id.to_string()),
            ("for", self.email.clone()),
            ("until", self.expires_at.to_string()),
        ])
        .line("whoever opens this link becomes the member, so hand it over on a safe way:")
        .line(self.url.expose())
    }

    fn essence(&self) -> Vec<String> {
        vec![self.url.expose().to_owned()]
    }
}

impl View for InvitationAccepted {
    fn view(&self) -> Picture {
        Picture::fields([("user", self.user.to_string()), ("organization", self.organization.to_string())])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.user.to_string()]
    }
}
