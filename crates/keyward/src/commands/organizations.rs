//! `keyward organizations`, or `keyward orgs`.

use clap::Subcommand;
use keyward_api::id::OrganizationId;
use keyward_api::organizations::{
    CreateOrganization, CreatedOrganization, EditOrganization, ListOrganizations, Organization, OrganizationChanged,
};
use keyward_api::{Name, Network};
use keyward_client::Client;

use super::show::{Listed, joined, maybe};
use super::{done, list};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Picture, View};

/// What can be done with organizations.
#[derive(Debug, Subcommand)]
pub(crate) enum Organizations {
    /// List the organizations that the caller belongs to; for operators, all
    List {
        /// Only those whose name contains this
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Get an organization
    Get {
        /// Its id, `org_…`
        id: OrganizationId,
    },
    /// Create an organization and invite its first super admin
    Create {
        /// Its name
        #[arg(long, value_parser = Name::new)]
        name: Name,
        /// A profile whose kinds it can create; may be repeated
        #[arg(long = "profile", value_name = "PROFILE", default_value = "keyward")]
        profiles: Vec<String>,
        /// The e-mail address of its first super admin
        #[arg(long, value_name = "EMAIL")]
        super_admin: String,
    },
    /// Edit an organization
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// Its id, `org_…`
        id: OrganizationId,
        /// The new name
        #[arg(long, value_parser = Name::new, group = "change")]
        name: Option<Name>,
        /// All profiles whose kinds it can create; may be repeated
        #[arg(long = "profile", value_name = "PROFILE", group = "change")]
        profiles: Vec<String>,
        /// All networks from which alone it may be worked with; may be repeated
        #[arg(long = "source", value_name = "NETWORK", conflicts_with = "no_sources", group = "change")]
        sources: Vec<Network>,
        /// It may be worked with from anywhere
        #[arg(long, group = "change")]
        no_sources: bool,
    },
    /// Suspend an organization: its credentials and members are refused everywhere
    Suspend {
        /// Its id, `org_…`
        id: OrganizationId,
    },
    /// Resume a suspended organization
    Resume {
        /// Its id, `org_…`
        id: OrganizationId,
    },
}

pub(crate) async fn run(command: Organizations, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let organizations = client.organizations();
    match command {
        Organizations::List { name, paging } => {
            let query = ListOrganizations { name, limit: paging.limit, cursor: paging.cursor.clone() };
            list(output, &paging, organizations.list(&query)).await
        }
        Organizations::Get { id } => done(output, organizations.get(id)).await,
        Organizations::Create { name, profiles, super_admin } => {
            done(output, organizations.create(&CreateOrganization { name, profiles, super_admin })).await
        }
        Organizations::Edit { id, name, profiles, sources, no_sources } => {
            let change = EditOrganization {
                name,
                profiles: (!profiles.is_empty()).then_some(profiles),
                sources: (no_sources || !sources.is_empty()).then_some(sources),
            };
            done(output, organizations.edit(id, &change)).await
        }
        Organizations::Suspend { id } => done(output, organizations.suspend(id)).await,
        Organizations::Resume { id } => done(output, organizations.resume(id)).await,
    }
}

impl Listed for Organization {
    const HEAD: &'static [&'static str] = &["id", "name", "profiles", "suspended at"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.to_string(), joined(&self.profiles), maybe(self.suspended_at.as_ref())]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for Organization {
    fn view(&self) -> Picture {
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("profiles", joined(&self.profiles)),
            ("sources", joined(&self.sources)),
            ("suspended at", maybe(self.suspended_at.as_ref())),
            ("created at", self.created_at.to_string()),
            ("updated at", self.updated_at.to_string()),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl View for CreatedOrganization {
    fn view(&self) -> Picture {
        match &self.invitation {
            Some(invitation) => self.organization.view().below(invitation.view()),
            None => self.organization.view(),
        }
    }

    fn essence(&self) -> Vec<String> {
        self.organization.essence()
    }
}

impl View for OrganizationChanged {
    fn view(&self) -> Picture {
        self.organization.view().line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        self.organization.essence()
    }
}
