//! The story of the profile `gateway_hub`: application keys with a set of roles, exchanged for access tokens.

use keyward_api::credentials::{CreateCredential, RevokeCredential, RotateCredential};
use keyward_api::id::CredentialId;
use serde_json::json;

use super::keyward::{credential, role};
use super::stage::Stage;
use super::teller::{Body, Later, Teller, told};
use super::wire::Request;
use crate::failure::Failure;

/// A dashboard reads what a hub monitors.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    let (organization, ada) = stage.organization("Control room", "gateway_hub").await?;
    teller.chapter(
        "Control room, on the profile `gateway_hub`",
        "ITRS Geneos Gateway Hub. An application key is an OAuth 2.0 client with one or more roles. It is made in the Web \
         Console, where Ada is, and exchanged for access tokens; security settings stay out of its reach.",
    )?;
    let without_roles = credential("gateway_hub/application_key", "Dashboard", organization.into())?;
    teller
        .step(
            "New API Key, without a role: there must be one",
            Later::Same(&["instance"]),
            ada.credentials().create(&without_roles),
            told(422, &[]),
        )
        .await?;
    let wanted = CreateCredential { roles: vec![role("Operator", None), role("Administrator", None)], ..without_roles };
    let made = teller
        .step(
            "New API Key with two roles: its client_id and client_secret are displayed once",
            Later::Again(201, "since the name is free again"),
            ada.credentials().create(&wanted),
            told(201, &[("/credential/name", json!("Dashboard"))]),
        )
        .await?;
    let (client, id): (_, CredentialId) = (made.text("/secret/client_id")?, made.id("/credential/id")?);
    let old = made.secret("/secret/client_secret")?;
    let issued = token(
        teller,
        "The application asks for an access token, which lives for five minutes",
        Later::Again(401, "the client_secret was replaced"),
        exchange(stage, client, old.expose()),
    )
    .await?;
    let first = issued.text("/access_token")?;
    teller
        .ask(
            "With it, it views entities; the service behind Keyward receives who asks, and no token",
            Later::Again(401, "its client_secret was replaced"),
            entities(stage, first),
            told(
                200,
                &[
                    ("/entities/0/id", json!(1)),
                    ("/received/identity/x-keyward-public-id", json!(client)),
                    ("/received/other_headers", json!(PLAIN_HEADERS)),
                ],
            ),
        )
        .await?;
    teller
        .ask(
            "Security settings are not edited with a key, be it an Administrator's",
            Later::Again(401, "its client_secret was replaced"),
            stage.wire.put("https://myhub/security/settings").bearer(first).json(json!({ "sso": false })),
            told(403, &[("/title", json!("Access denied"))]),
        )
        .await?;
    let renewed = teller
        .step(
            "Regenerate API key: name, roles and client_id stay, the client_secret is another",
            Later::Again(409, "it was deleted"),
            ada.credentials().rotate(id, &RotateCredential { grace_seconds: None, confirm: true }),
            told(200, &[("/secret/client_id", json!(client)), ("/credential/name", json!("Dashboard"))]),
        )
        .await?;
    let new = renewed.secret("/secret/client_secret")?;
    dead(teller, "The token of the old client_secret is refused from now on", entities(stage, first)).await?;
    teller
        .ask(
            "And so is the old client_secret itself",
            Later::Same(&[]),
            exchange(stage, client, old.expose()),
            told(401, &[("/error", json!("invalid_client"))]),
        )
        .await?;
    let issued = token(
        teller,
        "The new one gives a token",
        Later::Again(401, "the key was deleted"),
        exchange(stage, client, new.expose()),
    )
    .await?;
    teller
        .step(
            "Delete: permanent, and not to be undone",
            Later::Again(200, "the first time, and a fresh receipt"),
            ada.credentials().revoke(id, &RevokeCredential::default()),
            told(200, &[("/credential/state", json!("revoked")), ("/receipt/confirmed", json!(true))]),
        )
        .await?;
    dead(teller, "The next request with its token is refused", entities(stage, issued.text("/access_token")?)).await
}

async fn token(teller: &mut Teller<'_>, title: &str, later: Later, asked: Request) -> Result<Body, Failure> {
    let expected = told(200, &[("/token_type", json!("Bearer")), ("/expires_in", json!(300))]);
    teller.ask(title, later, asked, expected).await
}

async fn dead(teller: &mut Teller<'_>, title: &str, asked: Request) -> Result<(), Failure> {
    let expected = told(401, &[("/title", json!("Authorization failed"))]);
    teller.ask(title, Later::Same(&[]), asked, expected).await.map(drop)
}

fn exchange(stage: &Stage, client: &str, secret: &str) -> Request {
    stage.wire.post("https://myhub/oauth2/token").basic(client, secret).form(&[("grant_type", "client_credentials")])
}

fn entities(stage: &Stage, token: &str) -> Request {
    stage.wire.get("https://myhub/entities").bearer(token)
}

/// What arrives besides who asks: no token.
const PLAIN_HEADERS: &str = "accept, host, user-agent, via, x-forwarded-for, x-forwarded-host, x-forwarded-proto";
