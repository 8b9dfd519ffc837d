//! Lists of credentials.

use std::collections::BTreeMap;

use keyward_api::operations;
use keyward_core::id::{RoleId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Grant, Holder};
use keyward_store::{CredentialCursor, CredentialFilter, CredentialRow, CredentialSort, IncludeEnded, Page, Visible};

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::visibility;

/// A row of a list: the record with its last uses, and what it holds.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The record and its last uses.
    pub row: CredentialRow,
    /// Its grants with the roles' names.
    pub grants: Vec<(Grant, Name)>,
}

/// A page of the credentials that the caller may see: those where `credentials:read` is held, and one's own.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    mut filter: CredentialFilter,
    sort: CredentialSort,
    page: &Page<CredentialCursor>,
) -> Result<Vec<Listed>, OpError> {
    authority::admit(ctx, &operations::CREDENTIALS_LIST)?;
    let organization = authority::organization(app, ctx)?;
    let visible = authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(visibility::of_administration(facts, giver, "credentials:read"))
    })?;
    filter.visible_namespaces = vec![visible.clone()];
    filter.owned_by_caller_too = own(ctx);
    if filter.states.is_empty() {
        // Kinds say whether their lists show what has ended.
        let index = app.index.snapshot();
        let shown = index
            .organization(organization)
            .into_iter()
            .flat_map(|world| world.record().profiles.clone())
            .filter_map(|name| index.profile(&name).cloned())
            .flat_map(|profile| profile.kinds.clone())
            .filter(|kind| kind.revoked_shown)
            .map(|kind| kind.id.clone())
            .collect();
        filter.include_ended = IncludeEnded::OfKinds(shown);
    }
    let mut reader = app.store.read().await?;
    let rows = reader.credentials(organization, &filter, sort, page, ctx.at()).await?;
    let mut names: BTreeMap<RoleId, Name> = BTreeMap::new();
    let mut listed = Vec::with_capacity(rows.len());
    for row in rows {
        let mut grants = Vec::new();
        // Who sees it only where it was imported, sees of its grants those of that place.
        let sees_all = sees(&visible, row.credential.namespace)
            || filter.owned_by_caller_too.is_some_and(|caller| row.credential.owner == Some(caller));
        for grant in reader.grants_of(organization, Holder::Credential(row.credential.id)).await? {
            if !sees_all && !sees(&visible, grant.namespace) {
                continue;
            }
            if !names.contains_key(&grant.role)
                && let Some(role) = reader.role(organization, grant.role).await?
            {
                names.insert(role.id, role.name);
            }
            if let Some(name) = names.get(&grant.role) {
                grants.push((grant, name.clone()));
            }
        }
        listed.push(Listed { row, grants });
    }
    Ok(listed)
}

fn sees(visible: &Visible, namespace: NamespaceId) -> bool {
    match visible {
        Visible::All => true,
        Visible::Some { ids, .. } => ids.contains(&namespace),
    }
}

fn own(ctx: &Ctx) -> Option<UserId> {
    match &ctx.caller {
        Caller::Session(signed_in) => Some(signed_in.user),
        Caller::Credential(_) | Caller::Anonymous | Caller::System => None,
    }
}
