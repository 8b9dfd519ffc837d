//! What people call those of whom a log tells, and the other way round.

use std::collections::BTreeSet;

use keyward_api::operations;
use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::CallerId;
use keyward_core::id::RoleId;
use keyward_core::namespace::NamespaceId;
use keyward_store::{CredentialFilter, CredentialSort, MemberFilter, NamespaceFilter, Page, Scope};

use super::{Log, readable};
use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::names::{self, Names, Wanted};

/// The most things of one sort that a text stands for.
const MATCHES: u32 = 100;

/// The names of everybody and everything in these entries of the organization's log.
///
/// Somebody who was never a member is not named: what a refused request asked for may be anything.
pub async fn names(app: &App, ctx: &Ctx, entries: &[AuditEntry]) -> Result<Names, OpError> {
    let Scope::Organization(organization) = readable(app, ctx, Log::Organization, &operations::AUDIT_LIST)? else {
        return Ok(Names::default());
    };
    let mut wanted = Wanted { namespaces: BTreeSet::from([organization.into()]), ..Wanted::default() };
    // Who acted and was not refused, could: they may be named, whoever they are.
    let mut actors = BTreeSet::new();
    for entry in entries {
        match entry.caller {
            CallerId::User(id) if entry.outcome == Outcome::Done => drop(actors.insert(id)),
            caller => wanted.caller(caller),
        }
        if let Some(target) = &entry.target {
            wanted.id(target);
        }
    }
    let mut reader = app.store.read().await?;
    let others = wanted.users.difference(&actors).copied().collect();
    wanted.users = names::members(&mut reader, organization, others).await?;
    wanted.users.extend(actors);
    Ok(names::named(&mut reader, organization, wanted).await?)
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
