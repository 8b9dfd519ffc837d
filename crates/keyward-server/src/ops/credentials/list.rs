//! Lists of credentials.

use std::collections::BTreeMap;

use keyward_api::operations;
use keyward_core::id::{CredentialId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Grant, Holder};
use keyward_store::{CredentialCursor, CredentialFilter, CredentialRow, CredentialSort, IncludeEnded, Page, Visible};

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::names::{self, Names, Wanted};
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
    let ids: Vec<CredentialId> = rows.iter().map(|row| row.credential.id).collect();
    let mut held: BTreeMap<Holder, Vec<(Grant, Name)>> = BTreeMap::new();
    for (grant, role) in reader.grants_of_credentials(organization, &ids).await? {
        held.entry(grant.holder).or_default().push((grant, role));
    }
    let listed = rows.into_iter().map(|row| {
        let mut grants = held.remove(&Holder::Credential(row.credential.id)).unwrap_or_default();
        // Who sees it only where it was imported, sees of its grants those of that place.
        let sees_all = sees(&visible, row.credential.namespace)
            || filter.owned_by_caller_too.is_some_and(|caller| row.credential.owner == Some(caller));
        grants.retain(|(grant, _)| sees_all || sees(&visible, grant.namespace));
        Listed { row, grants }
    });
    Ok(listed.collect())
}

/// What those are called who stand in these rows, which the caller was shown.
pub async fn names(app: &App, ctx: &Ctx, listed: &[Listed]) -> Result<Names, OpError> {
    let mut wanted = Wanted::default();
    for Listed { row, grants } in listed {
        wanted.users.extend(row.credential.owner);
        wanted.caller(row.credential.created_by);
        wanted.namespaces.insert(row.credential.namespace);
        wanted.namespaces.extend(grants.iter().map(|(grant, _)| grant.namespace));
    }
    names::shown(app, ctx, wanted).await
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
