//! `keyward apps`, `keyward workspaces` and `keyward usergroups`.

use clap::{Args, Subcommand};
use keyward_api::Name;
use keyward_api::namespaces::{
    App, CreateApp, CreateUserGroup, CreateWorkspace, DeleteNamespace, EditNamespace, GroupMember, ListGroupMembers,
    ListNamespaces, NamespaceDeleted, UserGroup, Workspace,
};
use keyward_client::Client;

use super::show::{Listed, joined, maybe};
use super::{done, list};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::{Output, Picture, View};

/// What can be done with applications.
#[derive(Debug, Subcommand)]
pub(crate) enum Apps {
    /// List applications
    List {
        /// Only those whose name contains this
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Create an application
    Create {
        /// Its name; unique in the organization
        #[arg(long, value_parser = Name::new)]
        name: Name,
    },
    /// Get an application
    Get(Which),
    /// Edit an application
    Edit(Renamed),
    /// Delete an application with everything in it
    Delete(Deleted),
}

/// What can be done with workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum Workspaces {
    /// List workspaces
    List(ListArgs),
    /// Create a workspace
    Create {
        /// Its name; unique in the application
        #[arg(long, value_parser = Name::new)]
        name: Name,
        /// The application that it belongs to, by id or name
        #[arg(long)]
        app: String,
    },
    /// Get a workspace
    Get(Which),
    /// Edit a workspace
    Edit(Renamed),
    /// Delete a workspace
    Delete(Deleted),
}

/// What can be done with user groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Usergroups {
    /// List user groups
    List(ListArgs),
    /// Create a user group
    Create {
        /// Its name; unique in the application or organization
        #[arg(long, value_parser = Name::new)]
        name: Name,
        /// The application that it belongs to, by id or name; none for a group of the organization
        #[arg(long)]
        app: Option<String>,
    },
    /// Get a user group
    Get(Which),
    /// Edit a user group
    Edit(Renamed),
    /// Delete a user group; its members lose what it granted them
    Delete(Deleted),
    /// The members of a user group
    #[command(subcommand)]
    Members(Members),
}

/// What can be done with the members of a user group.
#[derive(Debug, Subcommand)]
pub(crate) enum Members {
    /// List the members of a user group
    List {
        /// The user group, by id or name
        usergroup: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Add a member to a user group: they hold everything that it holds
    Add {
        /// The user group, by id or name
        usergroup: String,
        /// The member, by id or e-mail address
        user: String,
    },
    /// Remove a member from a user group
    Remove {
        /// The user group, by id or name
        usergroup: String,
        /// The member, by id or e-mail address
        user: String,
    },
}

/// Which workspaces or user groups to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of this application, by id or name
    #[arg(long)]
    app: Option<String>,
    /// Only those whose name contains this
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// Which one.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its id or its name
    #[arg(value_name = "ID|NAME")]
    namespace: String,
}

/// Which one, and its new name.
#[derive(Debug, Args)]
pub(crate) struct Renamed {
    /// Its id or its name
    #[arg(value_name = "ID|NAME")]
    namespace: String,
    /// The new name
    #[arg(long, value_parser = Name::new)]
    name: Name,
}

/// Which one, and that it is meant.
#[derive(Debug, Args)]
pub(crate) struct Deleted {
    /// Its id or its name
    #[arg(value_name = "ID|NAME")]
    namespace: String,
    /// Its name, needed while credentials live in it: they are revoked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

pub(crate) async fn apps(command: Apps, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let apps = client.apps();
    match command {
        Apps::List { name, paging } => list(output, &paging, apps.list(&query(None, name, &paging))).await,
        Apps::Create { name } => done(output, apps.create(&CreateApp { name })).await,
        Apps::Get(which) => done(output, apps.get(names::app(client, &which.namespace).await?)).await,
        Apps::Edit(Renamed { namespace, name }) => {
            let app = names::app(client, &namespace).await?;
            done(output, apps.edit(app, &EditNamespace { name: Some(name) })).await
        }
        Apps::Delete(Deleted { namespace, confirm }) => {
            let app = names::app(client, &namespace).await?;
            done(output, apps.delete(app, &DeleteNamespace { confirm })).await
        }
    }
}

pub(crate) async fn workspaces(command: Workspaces, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let workspaces = client.workspaces();
    match command {
        Workspaces::List(args) => {
            let query = wanted(&args, client).await?;
            list(output, &args.paging, workspaces.list(&query)).await
        }
        Workspaces::Create { name, app } => {
            let app = names::app(client, &app).await?;
            done(output, workspaces.create(&CreateWorkspace { name, app })).await
        }
        Workspaces::Get(which) => done(output, workspaces.get(names::workspace(client, &which.namespace).await?)).await,
        Workspaces::Edit(Renamed { namespace, name }) => {
            let workspace = names::workspace(client, &namespace).await?;
            done(output, workspaces.edit(workspace, &EditNamespace { name: Some(name) })).await
        }
        Workspaces::Delete(Deleted { namespace, confirm }) => {
            let workspace = names::workspace(client, &namespace).await?;
            done(output, workspaces.delete(workspace, &DeleteNamespace { confirm })).await
        }
    }
}

pub(crate) async fn usergroups(command: Usergroups, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let usergroups = client.usergroups();
    match command {
        Usergroups::List(args) => {
            let query = wanted(&args, client).await?;
            list(output, &args.paging, usergroups.list(&query)).await
        }
        Usergroups::Create { name, app } => {
            let app = match app {
                Some(app) => Some(names::app(client, &app).await?),
                None => None,
            };
            done(output, usergroups.create(&CreateUserGroup { name, app })).await
        }
        Usergroups::Get(which) => done(output, usergroups.get(names::usergroup(client, &which.namespace).await?)).await,
        Usergroups::Edit(Renamed { namespace, name }) => {
            let usergroup = names::usergroup(client, &namespace).await?;
            done(output, usergroups.edit(usergroup, &EditNamespace { name: Some(name) })).await
        }
        Usergroups::Delete(Deleted { namespace, confirm }) => {
            let usergroup = names::usergroup(client, &namespace).await?;
            done(output, usergroups.delete(usergroup, &DeleteNamespace { confirm })).await
        }
        Usergroups::Members(command) => members(command, client, output).await,
    }
}

async fn members(command: Members, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let usergroups = client.usergroups();
    match command {
        Members::List { usergroup, paging } => {
            let query = ListGroupMembers { limit: paging.limit, cursor: paging.cursor.clone() };
            let usergroup = names::usergroup(client, &usergroup).await?;
            list(output, &paging, usergroups.list_members(usergroup, &query)).await
        }
        Members::Add { usergroup, user } => {
            let (usergroup, user) = (names::usergroup(client, &usergroup).await?, names::user(client, &user).await?);
            done(output, usergroups.add_member(usergroup, user)).await
        }
        Members::Remove { usergroup, user } => {
            let (usergroup, user) = (names::usergroup(client, &usergroup).await?, names::user(client, &user).await?);
            done(output, usergroups.remove_member(usergroup, user)).await
        }
    }
}

async fn wanted(args: &ListArgs, client: &Client) -> Result<ListNamespaces, Failure> {
    let app = match &args.app {
        Some(app) => Some(names::app(client, app).await?),
        None => None,
    };
    Ok(query(app, args.name.clone(), &args.paging))
}

fn query(app: Option<keyward_api::id::ApplicationId>, name: Option<String>, paging: &Paging) -> ListNamespaces {
    ListNamespaces { app, name, limit: paging.limit, cursor: paging.cursor.clone() }
}

impl Listed for App {
    const HEAD: &'static [&'static str] = &["id", "name", "created at"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.to_string(), self.created_at.to_string()]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for App {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("organization", self.organization.to_string()),
            ("site key", self.site_key.clone().unwrap_or_default()),
            ("created at", self.created_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl Listed for Workspace {
    const HEAD: &'static [&'static str] = &["id", "name", "app", "created at"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.to_string(), self.app.to_string(), self.created_at.to_string()]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for Workspace {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("app", self.app.to_string()),
            ("organization", self.organization.to_string()),
            ("created at", self.created_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl Listed for UserGroup {
    const HEAD: &'static [&'static str] = &["id", "name", "app", "created at"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.to_string(), maybe(self.app.as_ref()), self.created_at.to_string()]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for UserGroup {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("app", maybe(self.app.as_ref())),
            ("organization", self.organization.to_string()),
            ("created at", self.created_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl Listed for GroupMember {
    const HEAD: &'static [&'static str] = &["user", "name", "email"];

    fn row(&self) -> Vec<String> {
        vec![self.user.to_string(), self.name.to_string(), self.email.clone()]
    }

    fn name(&self) -> String {
        self.user.to_string()
    }
}

impl View for NamespaceDeleted {
    fn view(&self) -> Picture {
        let picture = match self.revoked.as_slice() {
            [] => Picture::default(),
            revoked => Picture::text(format!("revoked with it: {}", joined(revoked))),
        };
        picture.line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        Vec::new()
    }
}
