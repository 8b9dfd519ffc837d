//! `keyward roles`.

use clap::Subcommand;
use keyward_api::roles::{CreateRole, EditRole, ListRoles, PreviewRole, Role, RoleChanged, RolePreview};
use keyward_api::{Name, Pattern, PatternSet};
use keyward_client::Client;

use super::show::{Listed, joined};
use super::{done, list};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::{Output, Picture, View};

/// What can be done with roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Roles {
    /// List roles
    List {
        /// Only those whose name contains this
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Create a role
    Create {
        /// Its name; unique in the organization
        #[arg(long, value_parser = Name::new)]
        name: Name,
        /// What it lets its holders do: `resource:action`, `resource:*` or `*`; may be repeated
        #[arg(long = "allow", value_name = "PATTERN", required = true)]
        patterns: Vec<Pattern>,
    },
    /// Get a role
    Get {
        /// Its id or its name
        role: String,
    },
    /// Edit a role: everybody who holds it holds the new one
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// Its id or its name
        role: String,
        /// The new name
        #[arg(long, value_parser = Name::new, group = "change")]
        name: Option<Name>,
        /// All that it lets its holders do; may be repeated
        #[arg(long = "allow", value_name = "PATTERN", group = "change")]
        patterns: Vec<Pattern>,
    },
    /// Delete a role that nobody holds
    Delete {
        /// Its id or its name
        role: String,
    },
    /// Say how many users and credentials an edit of a role would change, without making it
    Preview {
        /// Its id or its name
        role: String,
        /// All that it would let its holders do; may be repeated
        #[arg(long = "allow", value_name = "PATTERN", required = true)]
        patterns: Vec<Pattern>,
    },
}

pub(crate) async fn run(command: Roles, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let roles = client.roles();
    match command {
        Roles::List { name, paging } => {
            let query = ListRoles { name, limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, roles.list(&query)).await
        }
        Roles::Create { name, patterns } => {
            done(output, roles.create(&CreateRole { name, patterns: patterns.into() })).await
        }
        Roles::Get { role } => done(output, roles.get(names::role(client, &role).await?)).await,
        Roles::Edit { role, name, patterns } => {
            let role = names::role(client, &role).await?;
            let patterns = (!patterns.is_empty()).then(|| PatternSet::from(patterns));
            done(output, roles.edit(role, &EditRole { name, patterns })).await
        }
        Roles::Delete { role } => done(output, roles.delete(names::role(client, &role).await?)).await,
        Roles::Preview { role, patterns } => {
            let role = names::role(client, &role).await?;
            done(output, roles.preview(role, &PreviewRole { patterns: patterns.into() })).await
        }
    }
}

impl Listed for Role {
    const HEAD: &'static [&'static str] = &["id", "name", "allows", "template"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.to_string(),
            joined(self.patterns.iter()),
            self.template.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for Role {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("allows", joined(self.patterns.iter())),
            ("template", self.template.clone().unwrap_or_default()),
            ("created at", self.created_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl View for RoleChanged {
    fn view(&self) -> Picture {
        self.role.view().line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        self.role.essence()
    }
}

impl View for RolePreview {
    fn view(&self) -> Picture {
        Picture::fields([
            ("users", self.users.to_string()),
            ("credentials", self.credentials.to_string()),
            ("gained", joined(self.gained.iter())),
            ("lost", joined(self.lost.iter())),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.users.to_string(), self.credentials.to_string()]
    }
}
