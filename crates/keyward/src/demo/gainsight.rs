//! The story of the profile `gainsight`: the one Access key of an organization, and M2M OAuth for super admins.

use keyward_api::credentials::{CreateCredential, RevokeCredential, RotateCredential};
use keyward_api::id::{CredentialId, OrganizationId};
use keyward_client::Client;
use serde_json::{Value, json};

use super::keyward::{credential, role};
use super::stage::Stage;
use super::teller::{Later, Teller, told};
use super::wire::Request;
use crate::failure::Failure;

/// Nina administers the connections; Ada is super admin.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    let (organization, ada) = stage.organization("Orbit", "gainsight").await?;
    let nina = stage.member(&ada, "Nina", vec![role("Admin", None)]).await?.client;
    teller.chapter(
        "Orbit, on the profile `gainsight`",
        "Gainsight NXT. An organization has one Access key, which any admin makes (Nina is one), and M2M OAuth, which is \
         for super admins (Ada). Both are connections of the connector Gainsight API.",
    )?;
    access_key(teller, stage, &nina, organization).await?;
    m2m(teller, stage, &nina, &ada, organization).await
}

async fn access_key(
    teller: &mut Teller<'_>,
    stage: &Stage,
    nina: &Client,
    organization: OrganizationId,
) -> Result<(), Failure> {
    let wanted = credential("gainsight/access_key", "Warehouse sync", organization.into())?;
    let made = teller
        .step(
            "Create Connection with the authentication type Access_Key: Generate Access Key",
            Later::Again(409, "there is one"),
            nina.credentials().create(&wanted),
            told(201, &[("/credential/kind", json!("gainsight/access_key"))]),
        )
        .await?;
    let (old, id): (_, CredentialId) = (made.secret("/secret/token")?, made.id("/credential/id")?);
    teller
        .ask(
            "Read objects with it; the service behind Keyward receives who asks, and no key",
            Later::Again(401, "it was re-generated"),
            objects(stage).header("Accesskey", old.expose()),
            told(
                200,
                &[
                    ("/result", json!(true)),
                    ("/received/identity/x-keyward-credential", json!(id.to_string())),
                    ("/received/other_headers", json!(PLAIN_HEADERS)),
                ],
            ),
        )
        .await?;
    let second = CreateCredential { name: super::stage::name("Second")?, ..wanted };
    teller
        .step(
            "A second Access key is refused, and the first one stays",
            Later::Same(&["instance"]),
            nina.credentials().create(&second),
            told(409, &[("/code", json!("limit_reached"))]),
        )
        .await?;
    teller
        .step(
            "Re-Generate Access Key, confirmed: another one is displayed",
            Later::Again(200, "another one again"),
            nina.credentials().rotate(id, &RotateCredential { grace_seconds: None, confirm: true }),
            told(200, &[("/credential/generation", json!(2)), ("/receipt/confirmed", json!(true))]),
        )
        .await?;
    teller
        .ask(
            "The old one fails at once, in the vendor's envelope",
            Later::Same(&["requestId"]),
            objects(stage).header("Accesskey", old.expose()),
            told(401, &[("/result", json!(false)), ("/errorCode", json!("GS_APIG_2401"))]),
        )
        .await?;
    Ok(())
}

async fn m2m(
    teller: &mut Teller<'_>,
    stage: &Stage,
    nina: &Client,
    ada: &Client,
    organization: OrganizationId,
) -> Result<(), Failure> {
    let wanted = credential("gainsight/m2m_oauth", "Data lake", organization.into())?;
    teller
        .step(
            "Nina is not super admin: OAuth credentials are not hers to make",
            Later::Same(&["instance"]),
            nina.credentials().create(&wanted),
            told(403, &[("/code", json!("permission_denied"))]),
        )
        .await?;
    let made = teller
        .step(
            "Ada is: Generate OAuth Credentials gives an OAuth API Key and an OAuth API Secret",
            Later::Again(201, "since the name is free again"),
            ada.credentials().create(&wanted),
            told(201, &[("/credential/kind", json!("gainsight/m2m_oauth"))]),
        )
        .await?;
    let (key, secret) = (made.text("/secret/client_id")?, made.secret("/secret/client_secret")?);
    let id: CredentialId = made.id("/credential/id")?;
    let issued = teller
        .ask(
            "They are exchanged for an access token that lives for a day: Basic, and no body at all",
            Later::Again(401, "they were deleted"),
            stage
                .wire
                .post(format!("{BASE}/users/m2m/oauth/token"))
                .basic(key, secret.expose())
                .header("Content-Type", "application/json"),
            told(200, &[("/token_type", json!("Bearer")), ("/expires_in", json!(86_400))]),
        )
        .await?;
    let token = issued.text("/access_token")?;
    teller
        .ask(
            "The token reads what the Access key reads",
            Later::Again(401, "its credential was deleted"),
            objects(stage).bearer(token),
            told(200, &[("/result", json!(true)), ("/received/other_headers", json!(PLAIN_HEADERS))]),
        )
        .await?;
    let event = json!({ "eventName": "Purchase", "account": "Acme" });
    teller
        .ask(
            "But M2M OAuth is not for the Event APIs",
            Later::Again(401, "its credential was deleted"),
            stage.wire.post(format!("{BASE}/eventManager/event")).bearer(token).json(event),
            told(403, &[("/result", json!(false)), ("/errorCode", json!("GS_APIG_2401")), ("/data", Value::Null)]),
        )
        .await?;
    teller
        .step(
            "Delete Connection",
            Later::Again(200, "the first time, and a fresh receipt"),
            ada.credentials().revoke(id, &RevokeCredential::default()),
            told(200, &[("/credential/state", json!("revoked"))]),
        )
        .await?;
    teller
        .ask(
            "The token dies with it",
            Later::Same(&["requestId"]),
            objects(stage).bearer(token),
            told(401, &[("/errorCode", json!("GS_APIG_2401"))]),
        )
        .await?;
    Ok(())
}

fn objects(stage: &Stage) -> Request {
    stage.wire.get(format!("{BASE}/meta/services/objects/list?po=company&em=false"))
}

const BASE: &str = "https://acme.gainsightcloud.com/v1";
/// What arrives besides who asks: no credential.
const PLAIN_HEADERS: &str = "accept, host, user-agent, via, x-forwarded-for, x-forwarded-host, x-forwarded-proto";
