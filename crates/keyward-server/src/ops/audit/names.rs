//! What people call those of whom a log tells, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use keyward_api::operations;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::CallerId;
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_store::{CredentialFilter, CredentialSort, MemberFilter, NamespaceFilter, Page, Reader, Scope, StoreError};

use super::{Log, readable};
use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;

/// The most things of one sort that a text stands for.
const MATCHES: u32 = 100;

/// Names by the text form of ids. What is gone has none.
pub type Names = BTreeMap<String, String>;

/// The names of everybody and everything in these entries of the organization's log.
///
/// Somebody who was never a member is not named: what a refused request asked for may be anything.
pub async fn names(app: &App, ctx: &Ctx, entries: &[AuditEntry]) -> Result<Names, OpError> {
    let Scope::Organization(organization) = readable(app, ctx, Log::Organization, &operations::AUDIT_LIST)? else {
        return Ok(Names::new());
    };
    let mut reader = app.store.read().await?;
    let wanted = Wanted::of(entries);
    let mut names = Names::new();
    let users = wanted.users(&mut reader, organization).await?;
    for user in reader.several_users(&users).await? {
        names.insert(user.id.to_string(), user.name.to_string());
    }
    let credentials: Vec<_> = wanted.credentials.iter().copied().collect();
    for (id, name) in reader.several_credential_names(organization, &credentials).await? {
        names.insert(id.to_string(), name.to_string());
    }
    let namespaces: Vec<_> = wanted.namespaces.iter().copied().collect();
    for namespace in reader.several_namespaces(organization, &namespaces).await? {
        names.insert(namespace.id.to_string(), namespace.name.to_string());
    }
    for id in wanted.roles {
        if let Some(role) = reader.role(organization, id).await? {
            names.insert(id.to_string(), role.name.to_string());
        }
    }
    if let Some(record) = reader.organization(organization).await? {
        names.insert(organization.to_string(), record.name.to_string());
    }
    Ok(names)
}

/// The text forms of the ids of everybody and everything in the organization that `text` may stand for: an id for
/// itself; otherwise a part of a name, an e-mail address, or a public id. Never nothing: what stands for nobody stands
/// for itself, which no entry has.
pub async fn matching(app: &App, ctx: &Ctx, text: &str) -> Result<Vec<String>, OpError> {
    let text = text.trim();
    let Scope::Organization(organization) = readable(app, ctx, Log::Organization, &operations::AUDIT_LIST)? else {
        return Ok(vec![text.to_owned()]);
    };
    let is_id =
        text.parse::<CallerId>().is_ok() || text.parse::<NamespaceId>().is_ok() || text.parse::<RoleId>().is_ok();
    if is_id {
        return Ok(vec![text.to_owned()]);
    }
    let mut reader = app.store.read().await?;
    let search = Some(text.to_owned());
    let mut found = vec![text.to_owned()];
    let members = MemberFilter { search: search.clone(), ..MemberFilter::default() };
    let members = reader.members(organization, &members, &Page::first(MATCHES)).await?;
    found.extend(members.iter().map(|(user, _)| user.id.to_string()));
    let credentials = CredentialFilter { search: search.clone(), ..CredentialFilter::default() };
    let some = Page::first(MATCHES);
    let credentials = reader.credentials(organization, &credentials, CredentialSort::NEWEST, &some, ctx.at()).await?;
    found.extend(credentials.iter().map(|row| row.credential.id.to_string()));
    let namespaces = NamespaceFilter { search, ..NamespaceFilter::default() };
    let namespaces = reader.namespaces(organization, &namespaces, &Page::first(MATCHES)).await?;
    found.extend(namespaces.iter().map(|namespace| namespace.id.to_string()));
    let roles = reader.roles(organization, Some(text), &Page::first(MATCHES)).await?;
    found.extend(roles.iter().map(|role| role.id.to_string()));
    Ok(found)
}

/// Of whom entries tell.
#[derive(Default)]
struct Wanted {
    /// Who acted, and was not refused: they could.
    actors: BTreeSet<UserId>,
    /// Who else is named.
    users: BTreeSet<UserId>,
    credentials: BTreeSet<CredentialId>,
    namespaces: BTreeSet<NamespaceId>,
    roles: BTreeSet<RoleId>,
}

impl Wanted {
    fn of(entries: &[AuditEntry]) -> Self {
        let mut wanted = Self::default();
        for entry in entries {
            match entry.caller {
                CallerId::User(id) if entry.outcome == Outcome::Done => drop(wanted.actors.insert(id)),
                CallerId::User(id) => drop(wanted.users.insert(id)),
                CallerId::Credential(id) => drop(wanted.credentials.insert(id)),
                CallerId::Anonymous | CallerId::System => {}
            }
            let Some(target) = &entry.target else { continue };
            wanted.users.extend(target.parse::<UserId>());
            wanted.credentials.extend(target.parse::<CredentialId>());
            wanted.roles.extend(target.parse::<RoleId>());
            wanted.namespaces.extend(target.parse::<NamespaceId>());
        }
        wanted
    }

    /// The users who may be named.
    async fn users(&self, reader: &mut Reader, organization: OrganizationId) -> Result<Vec<UserId>, StoreError> {
        let mut known: Vec<UserId> = self.actors.iter().copied().collect();
        for user in self.users.difference(&self.actors) {
            if reader.membership(organization, *user).await?.is_some() {
                known.push(*user);
            }
        }
        Ok(known)
    }
}
