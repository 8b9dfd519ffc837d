//! The story of the profile `gigantik`: API keys of a content system, each with one role.

use keyward_api::SecretText;
use keyward_api::credentials::{CreateCredential, EditCredential, IssuedSecret, RevokeCredential};
use keyward_api::id::{CredentialId, OrganizationId};
use keyward_api::invitations::AcceptInvitation;
use keyward_api::organizations::CreateOrganization;
use keyward_api::sessions::CreateSession;
use keyward_api::users::InviteUser;
use keyward_client::Client;
use serde_json::json;

use super::keyward::{credential, role};
use super::stage::{Stage, again, name, password};
use super::teller::{Later, Teller, told};
use super::wire::Request;
use crate::failure::Failure;

/// Magazine publishes with a content system. Mia administers it, and makes keys for its website.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    teller.chapter(
        "Magazine, on the profile `gigantik`",
        "The same program with the rules of another system: a key has one role, equal to or lesser than the one of who \
         makes it, it never expires and is never replaced, only named and deleted.",
    )?;
    let wanted = CreateOrganization {
        name: name("Magazine")?,
        profiles: vec!["gigantik".to_owned()],
        super_admin: stage.email.clone(),
    };
    let created = teller
        .step(
            "A second organization; its super admin is who makes it",
            Later::Again(201, "another organization"),
            stage.operator.organizations().create(&wanted),
            told(201, &[("/organization/profiles", json!(["gigantik"]))]),
        )
        .await?;
    let organization: OrganizationId = created.id("/organization/id")?;
    let ada = stage.operator.with_organization(organization);
    let mia = admin(teller, stage, &ada).await?;
    let old = old_key(&mia, organization).await?;
    used(teller, stage, &mia, organization).await?;
    too_much(teller, &mia, organization).await?;
    deleted(teller, stage, &mia, &old).await
}

/// Mia is invited as Admin, accepts and signs in.
async fn admin(teller: &mut Teller<'_>, stage: &Stage, ada: &Client) -> Result<Client, Failure> {
    let email = "mia@example.com".to_owned();
    let invited = InviteUser { email: email.clone(), super_admin: false, roles: vec![role("Admin", None)] };
    let invitation = teller
        .step(
            "Ada invites Mia as Admin; the header says in which of her two organizations",
            Later::Again(409, "she is a member already"),
            ada.users().invite(&invited),
            told(201, &[("/email", json!(email))]),
        )
        .await?;
    let secret = password();
    let accepted = AcceptInvitation {
        token: invitation.secret("/token")?,
        name: Some(name("Mia")?),
        password: again(&secret),
        code: None,
    };
    teller
        .step(
            "Mia accepts with the token of the link, and chooses her password",
            Later::Again(403, "an invitation is used once"),
            stage.nobody.invitations().accept(&accepted),
            told(201, &[]),
        )
        .await?;
    let session = CreateSession { email, password: secret, code: None };
    let signed_in = teller
        .step(
            "Mia signs in",
            Later::Again(201, "another session"),
            stage.nobody.sessions().create(&session),
            told(201, &[]),
        )
        .await?;
    Ok(stage.nobody.with_token(signed_in.secret("/token")?))
}

/// A key with a lesser role is made, named and used.
async fn used(
    teller: &mut Teller<'_>,
    stage: &Stage,
    mia: &Client,
    organization: OrganizationId,
) -> Result<(), Failure> {
    let wanted = api_key("Website", "Editor", organization)?;
    let created = teller
        .step(
            "Create & View: a key with the role Editor, which is less than Admin",
            Later::Again(201, "another key"),
            mia.credentials().create(&wanted),
            told(
                201,
                &[("/credential/kind", json!("gigantik/api_key")), ("/credential/roles/0/role_name", json!("Editor"))],
            ),
        )
        .await?;
    let (key, id): (_, CredentialId) = (created.secret("/secret/token")?, created.id("/credential/id")?);
    let renamed = EditCredential { name: Some(name("Website, production")?), ..EditCredential::default() };
    teller
        .step(
            "Its name may be edited, and nothing else",
            Later::Again(200, "the same name again"),
            mia.credentials().edit(id, &renamed),
            told(200, &[("/credential/name", json!("Website, production"))]),
        )
        .await?;
    let read = |request: Request| request.header("X-API-Key", key.expose());
    teller
        .ask(
            "A program reads articles with it, in the header X-API-Key; what is behind Keyward receives who asks, and no key",
            Later::Same(&[]),
            read(stage.wire.get(ARTICLES)),
            told(
                200,
                &[
                    ("/articles/0/title", json!("Hello")),
                    ("/received/identity/x-keyward-credential", json!(id.to_string())),
                    ("/received/other_headers", json!(PLAIN_HEADERS)),
                ],
            ),
        )
        .await?;
    teller
        .ask(
            "And publishes one, with the same key as a bearer token",
            Later::Same(&[]),
            stage.wire.post(ARTICLES).bearer(key.expose()).json(json!({ "title": "News" })),
            told(200, &[("/received/body", json!(r#"{"title":"News"}"#))]),
        )
        .await?;
    teller
        .ask(
            "It refunds no order: an Editor may only read them",
            Later::Same(&[]),
            read(stage.wire.post("https://api.gigantik.io/orders/refunds").json(json!({ "order": 1 }))),
            told(403, &[("/error/code", json!("not_granted"))]),
        )
        .await?;
    Ok(())
}

/// Nobody gives what they do not hold.
async fn too_much(teller: &mut Teller<'_>, mia: &Client, organization: OrganizationId) -> Result<(), Failure> {
    let wanted = api_key("Everything", "Owner", organization)?;
    teller
        .step(
            "A key with the role Owner, which is more than Admin, is refused",
            Later::Same(&["instance"]),
            mia.credentials().create(&wanted),
            told(403, &[("/code", json!("exceeds_own_rights"))]),
        )
        .await?;
    Ok(())
}

/// A key that is there when the story begins.
struct Old {
    id: CredentialId,
    key: SecretText,
}

async fn old_key(mia: &Client, organization: OrganizationId) -> Result<Old, Failure> {
    let made = mia.credentials().create(&api_key("Old campaign", "Viewer", organization)?).await?.into_inner();
    match made.secret {
        Some(IssuedSecret::Token { token }) => Ok(Old { id: made.credential.id, key: token }),
        _ => Err(Failure::local("an API key is one string")),
    }
}

/// A key is deleted, and refused.
async fn deleted(teller: &mut Teller<'_>, stage: &Stage, mia: &Client, old: &Old) -> Result<(), Failure> {
    teller
        .step(
            "The key of an old campaign is deleted",
            Later::Again(200, "the first time, and a fresh receipt"),
            mia.credentials().revoke(old.id, &RevokeCredential::default()),
            told(200, &[("/credential/state", json!("revoked")), ("/receipt/confirmed", json!(true))]),
        )
        .await?;
    teller
        .ask(
            "The next request with it is refused",
            Later::Same(&[]),
            stage.wire.get(ARTICLES).header("X-API-Key", old.key.expose()),
            told(401, &[("/error/code", json!("unauthorized"))]),
        )
        .await?;
    Ok(())
}

fn api_key(called: &str, held: &str, organization: OrganizationId) -> Result<CreateCredential, Failure> {
    Ok(CreateCredential {
        roles: vec![role(held, None)],
        ..credential("gigantik/api_key", called, organization.into())?
    })
}

const ARTICLES: &str = "https://api.gigantik.io/content/articles";
/// What arrives besides who asks: no credential.
const PLAIN_HEADERS: &str = "accept, host, user-agent, via, x-forwarded-for, x-forwarded-host, x-forwarded-proto";
