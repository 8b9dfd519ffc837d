//! Importing a credential into another application of its organization, by its public id; and taking it out again.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::id::CredentialId;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::role::{Grant, Holder};
use keyward_store::Link;

use crate::app::App;
use crate::ops::authority::{self, door};
use crate::ops::context::Ctx;
use crate::ops::credentials::{Held, RoleChoice, give, grant_ids, held};
use crate::ops::error::OpError;
use crate::ops::namespaces;
use crate::ops::receipts::{Done, Outcomes, change, recorded};

/// Gives another application of the organization a credential: one secret, its own grants there. The public id is all
/// that it takes; one of another organization is as unknown as one that does not exist.
pub async fn import(
    app: &App,
    ctx: &Ctx,
    public_id: String,
    namespace: NamespaceId,
    roles: Vec<RoleChoice>,
) -> Result<Done<Held>, OpError> {
    let operation = &operations::CREDENTIALS_IMPORT;
    recorded(app, ctx, operation, Some(namespace.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        if namespace.kind() != NamespaceKind::Application {
            let message = "a credential is imported into an application";
            return Err(OpError::field(ErrorCode::WrongNamespace, "/namespace", message));
        }
        namespaces::must_be_known(app, organization, namespace, "/namespace")?;
        door(app, ctx, operation, namespace)?;
        let unknown =
            || OpError::field(ErrorCode::NotFound, "/public_id", "there is no credential with this public id");
        let id = {
            let index = app.index.snapshot();
            let view = index.credential_by_public_id(&public_id).filter(|v| v.organization() == organization);
            view.ok_or_else(unknown)?.id()
        };
        // Whatever is said about places: it is about this one.
        let here = |choice: RoleChoice| RoleChoice { namespace: Some(namespace), ..choice };
        let roles: Vec<RoleChoice> = roles.into_iter().map(here).collect();
        let ids = grant_ids(app, ctx, &roles);
        let now = ctx.at();
        let by = ctx.caller_id();
        change(app, ctx, operation, organization, async move |tx, authority| {
            namespaces::must_exist(tx, organization, namespace).await.map_err(|_| {
                OpError::field(ErrorCode::UnknownNamespace, "/namespace", "there is no such application")
            })?;
            authority.require(tx, "credentials:import", namespace).await?;
            let record = tx.credential(organization, id).await?.ok_or_else(unknown)?;
            let kind = authority.kind(&record.kind)?;
            if !kind.transferable {
                let message = format!("a `{}` cannot be imported: create another one there", kind.id);
                return Err(OpError::new(ErrorCode::NotTransferable, message));
            }
            if record.is_revoked() {
                return Err(unknown());
            }
            if record.namespace == namespace || tx.link(organization, id, namespace).await?.is_some() {
                return Err(OpError::new(ErrorCode::AlreadyImported, "the application has this credential already"));
            }
            let chosen = super::chosen_roles(tx, &kind, &record, &roles).await?;
            let grants: Vec<_> = chosen.iter().map(|(role, _)| (namespace, role.patterns.clone())).collect();
            give(tx, authority, &kind, &record, &grants).await?;
            let link = Link { organization, credential: id, namespace, created_by: by, created_at: now };
            tx.put_link(&link).await?;
            for ((role, _), grant) in chosen.iter().zip(&ids) {
                let grant = Grant {
                    id: *grant,
                    organization,
                    holder: Holder::Credential(id),
                    role: role.id,
                    namespace,
                    created_at: now,
                };
                tx.put_grant(&grant).await?;
            }
            let mut held = held(tx, organization, id).await?;
            // What it holds elsewhere is for those who see it there.
            held.grants.retain(|(grant, _)| grant.namespace == namespace);
            Ok(Outcomes::new(held, id).detail("namespace", namespace.to_string()))
        })
        .await
    })
    .await
}

/// Takes an imported credential away from an application, with what it holds there.
pub async fn unlink(app: &App, ctx: &Ctx, id: CredentialId, namespace: NamespaceId) -> Result<Done<Held>, OpError> {
    let operation = &operations::CREDENTIALS_UNLINK;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        let not_there = || OpError::not_found("imported credential");
        namespaces::must_be_known(app, organization, namespace, "/namespace").map_err(|_| not_there())?;
        door(app, ctx, operation, namespace)?;
        change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require(tx, "credentials:unlink", namespace).await?;
            let link = tx.link(organization, id, namespace).await?.ok_or_else(not_there)?;
            for grant in tx.grants_of(organization, Holder::Credential(id)).await? {
                if grant.namespace == namespace {
                    tx.remove_grant(&grant).await?;
                }
            }
            tx.remove_link(organization, id, link.namespace).await?;
            Ok(Outcomes::new(held(tx, organization, id).await?, id).detail("namespace", namespace.to_string()))
        })
        .await
    })
    .await
}
