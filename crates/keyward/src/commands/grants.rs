//! `keyward grants`.

use clap::Subcommand;
use keyward_api::Holder;
use keyward_api::grants::{CreateGrant, Grant, GrantCreated, ListGrants};
use keyward_api::id::GrantId;
use keyward_api::roles::RoleRef;
use keyward_client::Client;

use super::show::{Listed, maybe};
use super::{done, list};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::{Output, Picture, View};

/// What can be done with grants.
#[derive(Debug, Subcommand)]
pub(crate) enum Grants {
    /// List grants
    List {
        /// Only those of this user, user group or credential, by id
        #[arg(long)]
        holder: Option<Holder>,
        /// Only those of this role, by id or name
        #[arg(long)]
        role: Option<String>,
        /// Only those at this namespace, by id or name
        #[arg(long)]
        namespace: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Grant a role at a namespace
    Create {
        /// To whom: the id of a user, user group or credential
        #[arg(long)]
        holder: Holder,
        /// What, by id or name
        #[arg(long)]
        role: RoleRef,
        /// Where, by id or name; the organization if absent
        #[arg(long)]
        namespace: Option<String>,
    },
    /// Take a grant back
    Delete {
        /// Its id, `grant_…`
        grant: GrantId,
    },
}

pub(crate) async fn run(command: Grants, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let grants = client.grants();
    match command {
        Grants::List { holder, role, namespace, paging } => {
            let role = match role {
                Some(role) => Some(names::role(client, &role).await?),
                None => None,
            };
            let namespace = place(namespace, client).await?;
            let query = ListGrants { holder, role, namespace, limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, grants.list(&query)).await
        }
        Grants::Create { holder, role, namespace } => {
            let namespace = place(namespace, client).await?;
            done(output, grants.create(&CreateGrant { holder, role, namespace })).await
        }
        Grants::Delete { grant } => done(output, grants.delete(grant)).await,
    }
}

async fn place(namespace: Option<String>, client: &Client) -> Result<Option<keyward_api::NamespaceId>, Failure> {
    match namespace {
        Some(text) => names::namespace(client, &text).await.map(Some),
        None => Ok(None),
    }
}

impl Listed for Grant {
    const HEAD: &'static [&'static str] = &["id", "holder", "role", "namespace", "since"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.holder.to_string(),
            role(self),
            self.namespace.to_string(),
            self.created_at.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for GrantCreated {
    fn view(&self) -> Picture {
        let Grant { id, holder, namespace, created_at, .. } = &self.grant;
        Picture::fields([
            ("id", id.to_string()),
            ("holder", holder.to_string()),
            ("role", role(&self.grant)),
            ("namespace", namespace.to_string()),
            ("since", created_at.to_string()),
        ])
        .line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        vec![self.grant.id.to_string()]
    }
}

fn role(grant: &Grant) -> String {
    let name = maybe(grant.role_name.as_ref());
    if name.is_empty() { grant.role.to_string() } else { name }
}
