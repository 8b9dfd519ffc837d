//! The story of the profile `gigantik`: API keys of a content system, each with one role.

use keyward_api::audit::VerifyAudit;
use keyward_api::credentials::{CreateCredential, EditCredential, RevokeCredential};
use keyward_api::id::{CredentialId, OrganizationId};
use keyward_api::invitations::AcceptInvitation;
use keyward_api::organizations::CreateOrganization;
use keyward_api::sessions::CreateSession;
use keyward_api::users::InviteUser;
use keyward_api::verify::VerifyRequest;
use keyward_client::Client;
use serde_json::{Value, json};

use super::keyward::{credential, role};
use super::teller::{Later, Teller, told};
use super::{Stage, again, name, password};
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
    used(teller, stage, &mia, organization).await?;
    too_much(teller, &mia, organization).await?;
    deleted(teller, stage, &mia, organization).await?;
    teller
        .step(
            "The audit log of the organization is whole",
            Later::Same(&["entries", "checkpoints", "head"]),
            ada.audit().verify(&VerifyAudit::default()),
            told(200, &[("/intact", json!(true))]),
        )
        .await?;
    Ok(())
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
    let accepted =
        AcceptInvitation { token: invitation.secret("/token")?, name: Some(name("Mia")?), password: again(&secret) };
    teller
        .step(
            "Mia accepts with the token of the link, and chooses her password",
            Later::Again(403, "an invitation is used once"),
            stage.nobody.invitations().accept(&accepted),
            told(201, &[]),
        )
        .await?;
    let session = CreateSession { email, password: secret };
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
    let known = || told(200, &[("/caller", json!("credential")), ("/name", json!("Website, production"))]);
    let by_header = stage.nobody.with_header("X-API-Key", again(&key))?;
    teller
        .step("The key still works: as the header X-API-Key", Later::Same(&[]), by_header.sessions().get(), known())
        .await?;
    let by_bearer = stage.nobody.with_token(again(&key));
    teller.step("And as a bearer token", Later::Same(&[]), by_bearer.sessions().get(), known()).await?;
    for (title, permission, allowed, reason) in [
        ("May it publish content? Yes", "content:publish", json!(true), Value::Null),
        (
            "May it refund an order? No: an Editor may only read orders",
            "orders:refund",
            json!(false),
            json!("not_granted"),
        ),
    ] {
        let asked = VerifyRequest {
            credential: Some(again(&key)),
            permission: Some(permission.parse().map_err(|error| Failure::local(format!("{error}")))?),
            ..VerifyRequest::default()
        };
        let expected = told(200, &[("/allowed", allowed), ("/reason", reason)]);
        teller.step(title, Later::Same(&["revision"]), mia.credentials().verify(&asked), expected).await?;
    }
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

/// A key is deleted, and refused.
async fn deleted(
    teller: &mut Teller<'_>,
    stage: &Stage,
    mia: &Client,
    organization: OrganizationId,
) -> Result<(), Failure> {
    let wanted = api_key("Old campaign", "Viewer", organization)?;
    let created = teller
        .step("Another key", Later::Again(201, "another key"), mia.credentials().create(&wanted), told(201, &[]))
        .await?;
    let (key, id): (_, CredentialId) = (created.secret("/secret/token")?, created.id("/credential/id")?);
    let campaign = stage.nobody.with_header("X-API-Key", key)?;
    teller
        .step(
            "It works",
            Later::Again(401, "it was deleted"),
            campaign.sessions().get(),
            told(200, &[("/name", json!("Old campaign"))]),
        )
        .await?;
    teller
        .step(
            "Delete it",
            Later::Again(200, "the first time, and a fresh receipt"),
            mia.credentials().revoke(id, &RevokeCredential::default()),
            told(200, &[("/credential/state", json!("revoked"))]),
        )
        .await?;
    teller
        .step(
            "The next request with it is refused",
            Later::Same(&["instance"]),
            campaign.sessions().get(),
            told(401, &[("/code", json!("invalid_credential")), ("/reason", json!("revoked"))]),
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
