//! `/v1/credentials`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use ipnet::IpNet;
use keyward_api::credentials as wire;
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::page;
use keyward_api::roles::{RoleAt, RoleHeld};
use keyward_api::values::{Network, SecretText};
use keyward_core::id::CredentialId;
use keyward_core::kind::Parts;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::credentials::{self, Confirmed, Held, Listed, RoleChoice};
use crate::ops::receipts::Done;
use crate::ops::{CredentialFilter, CredentialSort, CredentialState, Page, SortKey};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, OptionalJson, Query, after_two, next, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List credentials.
#[utoipa::path(get, path = "/v1/credentials", operation_id = "credentials.list", tag = "credentials", params(wire::ListCredentials),
    responses((status = 200, body = page::Page<wire::Credential>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListCredentials>,
) -> Result<page::Page<wire::Credential>> {
    let limit = page_size(query.limit)?;
    let sort = CredentialSort::NEWEST;
    let after = after_two::<i64, _>(query.cursor.as_deref())?.map(|(at, id)| (SortKey::Time(at), id));
    let filter = filter(query);
    let found = credentials::list(&app, &ctx, filter, sort, &Page { after, limit }).await?;
    let next = next(&found, limit, |listed| position(&listed.row.credential));
    let items = found.iter().map(|listed| listed_view(listed, ctx.at())).collect();
    Ok(Answer::ok(page::Page { items, next }))
}

/// Create a credential; the answer carries its secret.
#[utoipa::path(post, path = "/v1/credentials", operation_id = "credentials.create", tag = "credentials",
    request_body = wire::CreateCredential,
    responses((status = 201, body = wire::CreatedCredential), (status = 200, description = "The same creation was answered before", body = wire::CreatedCredential),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateCredential>,
) -> Result<wire::CreatedCredential> {
    let request = credentials::Create {
        kind: input.kind.to_string(),
        name: input.name,
        namespace: input.namespace,
        roles: input.roles.into_iter().map(choice).collect(),
        expires_at: input.expires_at.map(Timestamp::from),
        sources: networks(input.sources),
        owner: input.owner,
        key_pair: input.key_pair,
    };
    let done = credentials::create(&app, &ctx, request).await?;
    let revision = done.revision;
    let updated_at = done.value.held.credential.updated_at;
    let secret = done.value.secret.map(|secret| issued(&app, &done.value.held, secret));
    let replayed = secret.is_none();
    let answer = wire::CreatedCredential {
        credential: view(&done.value.held, &[], ctx.at()),
        secret,
        private_key: done.value.private_key.map(|key| SecretText::new(key.expose().to_owned())),
        superseded: done.value.superseded,
    };
    let answer = if replayed { Answer::ok(answer) } else { Answer::created(answer) };
    Ok(answer.at(revision).tagged(updated_at))
}

/// Give another application of the organization a credential, by its public id.
#[utoipa::path(post, path = "/v1/credentials/import", operation_id = "credentials.import", tag = "credentials",
    request_body = wire::ImportCredential,
    responses((status = 200, body = wire::CredentialChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::ImportCredential>,
) -> Result<wire::CredentialChanged> {
    let roles = input.roles.into_iter().map(choice).collect();
    Ok(changed(credentials::import(&app, &ctx, input.public_id, input.namespace, roles).await?, &ctx))
}

/// Get a credential.
#[utoipa::path(get, path = "/v1/credentials/{credential}", operation_id = "credentials.get", tag = "credentials",
    params(("credential" = String, Path)),
    responses((status = 200, body = wire::Credential), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<CredentialId>) -> Result<wire::Credential> {
    let (held, last_used) = credentials::get(&app, &ctx, id).await?;
    Ok(Answer::ok(view(&held, &last_used, ctx.at())).tagged(held.credential.updated_at))
}

/// Edit a credential.
#[utoipa::path(patch, path = "/v1/credentials/{credential}", operation_id = "credentials.edit", tag = "credentials",
    params(("credential" = String, Path)), request_body = wire::EditCredential,
    responses((status = 200, body = wire::CredentialChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
    Json(input): Json<wire::EditCredential>,
) -> Result<wire::CredentialChanged> {
    let request = credentials::EditRequest {
        name: input.name,
        sources: input.sources.map(networks),
        roles: input.roles.map(|roles| roles.into_iter().map(choice).collect()),
    };
    Ok(changed(credentials::edit(&app, &ctx, id, request).await?, &ctx))
}

/// Replace the secret of a credential; the answer carries the new one.
#[utoipa::path(post, path = "/v1/credentials/{credential}/rotate", operation_id = "credentials.rotate", tag = "credentials",
    params(("credential" = String, Path)), request_body = wire::RotateCredential,
    responses((status = 200, body = wire::RotatedCredential), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
    OptionalJson(input): OptionalJson<wire::RotateCredential>,
) -> Result<wire::RotatedCredential> {
    let grace = input.grace_seconds.map(Duration::from_secs);
    let confirmed = if input.confirm { Confirmed::Yes } else { Confirmed::No };
    let done = credentials::rotate(&app, &ctx, id, grace, confirmed).await?;
    let receipt = receipt_of(&done);
    let Some(secret) = done.value.secret else { return Err(Problem::new(ErrorCode::Internal).into()) };
    let answer = wire::RotatedCredential {
        credential: view(&done.value.held, &[], ctx.at()),
        secret: issued(&app, &done.value.held, secret),
        receipt,
    };
    Ok(Answer::ok(answer).at(done.revision).tagged(done.value.held.credential.updated_at))
}

/// Stop a credential until it is enabled again.
#[utoipa::path(post, path = "/v1/credentials/{credential}/disable", operation_id = "credentials.disable", tag = "credentials",
    params(("credential" = String, Path)),
    responses((status = 200, body = wire::CredentialChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn disable(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
) -> Result<wire::CredentialChanged> {
    Ok(changed(credentials::disable(&app, &ctx, id).await?, &ctx))
}

/// Let a disabled credential be used again.
#[utoipa::path(post, path = "/v1/credentials/{credential}/enable", operation_id = "credentials.enable", tag = "credentials",
    params(("credential" = String, Path)),
    responses((status = 200, body = wire::CredentialChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
) -> Result<wire::CredentialChanged> {
    Ok(changed(credentials::enable(&app, &ctx, id).await?, &ctx))
}

/// End a credential for ever.
#[utoipa::path(post, path = "/v1/credentials/{credential}/revoke", operation_id = "credentials.revoke", tag = "credentials",
    params(("credential" = String, Path)), request_body = wire::RevokeCredential,
    responses((status = 200, body = wire::RevokedCredential), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
    OptionalJson(input): OptionalJson<wire::RevokeCredential>,
) -> Result<wire::RevokedCredential> {
    let done = credentials::revoke(&app, &ctx, id, input.reason.into(), input.descendants).await?;
    let receipt = receipt_of(&done);
    let answer = wire::RevokedCredential {
        credential: view(&done.value.held, &[], ctx.at()),
        descendants: done.value.descendants,
        receipt,
    };
    Ok(Answer::ok(answer).at(done.revision))
}

/// Show the secret of a credential again, where its kind keeps it; needs a fresh sign-in.
#[utoipa::path(post, path = "/v1/credentials/{credential}/reveal", operation_id = "credentials.reveal", tag = "credentials",
    params(("credential" = String, Path)),
    responses((status = 200, body = wire::RevealedCredential), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn reveal(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
) -> Result<wire::RevealedCredential> {
    let done = credentials::reveal(&app, &ctx, id).await?;
    let Some(secret) = done.value.secret else { return Err(Problem::new(ErrorCode::NotRevealable).into()) };
    let secret = issued(&app, &done.value.held, secret);
    Ok(Answer::ok(wire::RevealedCredential { credential: id, secret }).at(done.revision))
}

/// Take an imported credential away from an application.
#[utoipa::path(post, path = "/v1/credentials/{credential}/unlink", operation_id = "credentials.unlink", tag = "credentials",
    params(("credential" = String, Path)), request_body = wire::UnlinkCredential,
    responses((status = 200, body = wire::CredentialChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<CredentialId>,
    Json(input): Json<wire::UnlinkCredential>,
) -> Result<wire::CredentialChanged> {
    Ok(changed(credentials::unlink(&app, &ctx, id, input.namespace).await?, &ctx))
}

fn filter(query: wire::ListCredentials) -> CredentialFilter {
    CredentialFilter {
        kinds: query.kind.into_iter().collect(),
        states: query
            .state
            .map(|state| match state {
                wire::CredentialState::Active => CredentialState::Active,
                wire::CredentialState::Disabled => CredentialState::Disabled,
                wire::CredentialState::Expired => CredentialState::Expired,
                wire::CredentialState::Revoked => CredentialState::Revoked,
            })
            .into_iter()
            .collect(),
        namespace: query.namespace,
        owner: query.owner,
        created_by: query.created_by,
        search: query.name,
        public_id: query.public_id,
        ..CredentialFilter::default()
    }
}

fn position(credential: &keyward_core::credential::Credential) -> [String; 2] {
    [credential.created_at.micros().to_string(), credential.id.to_string()]
}

fn changed(done: Done<Held>, ctx: &Ctx) -> Answer<wire::CredentialChanged> {
    let answer = wire::CredentialChanged { credential: view(&done.value, &[], ctx.at()), receipt: receipt_of(&done) };
    Answer::ok(answer).at(done.revision).tagged(done.value.credential.updated_at)
}

fn view(held: &Held, last_used: &[(u32, Timestamp)], now: Timestamp) -> wire::Credential {
    let facts = wire::CredentialFacts {
        roles: roles_held(&held.grants),
        imported_by: held.imported_by.clone(),
        last_used,
        hint: None,
    };
    wire::Credential::of(&held.credential, facts, now)
}

fn listed_view(listed: &Listed, now: Timestamp) -> wire::Credential {
    let facts = wire::CredentialFacts {
        roles: roles_held(&listed.grants),
        imported_by: Vec::new(),
        last_used: &listed.row.slots_last_used,
        hint: None,
    };
    wire::Credential::of(&listed.row.credential, facts, now)
}

fn roles_held(grants: &[(keyward_core::role::Grant, keyward_core::name::Name)]) -> Vec<RoleHeld> {
    grants
        .iter()
        .map(|(grant, name)| RoleHeld { role: grant.role, role_name: Some(name.clone()), namespace: grant.namespace })
        .collect()
}

/// The secret in the form of its kind.
fn issued(app: &App, held: &Held, secret: Secret) -> wire::IssuedSecret {
    let parts = app.index.snapshot().kind(&held.credential.kind).map_or(Parts::Token, |kind| kind.parts);
    let text = SecretText::new(secret.expose().to_owned());
    let id = held.credential.public_id.clone();
    match parts {
        Parts::Token => wire::IssuedSecret::Token { token: text },
        Parts::Pair => wire::IssuedSecret::Pair { id, secret: text },
        Parts::OauthClient => wire::IssuedSecret::OauthClient { client_id: id, client_secret: text },
    }
}

fn choice(role: RoleAt) -> RoleChoice {
    RoleChoice { role: role.role.to_string(), namespace: role.namespace }
}

fn networks(sources: Vec<Network>) -> Vec<IpNet> {
    sources.into_iter().map(|network| network.0).collect()
}
