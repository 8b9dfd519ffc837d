//! The story of the profile `keyward`: an application protects itself with keys.

use keyward_api::audit::VerifyAudit;
use keyward_api::credentials::{CreateCredential, RevokeCredential, RevokeFor, RotateCredential};
use keyward_api::id::{ApplicationId, CredentialId, WorkspaceId};
use keyward_api::namespaces::{CreateApp, CreateWorkspace};
use keyward_api::roles::{CreateRole, RoleAt, RoleRef};
use keyward_api::verify::VerifyRequest;
use keyward_api::{NamespaceId, SecretText};
use keyward_client::Client;
use serde_json::{Value, json};

use super::stage::{Stage, again, name};
use super::teller::{Body, Later, Teller, told};
use crate::failure::Failure;

/// Acme sells things. Its shop has two workspaces, and an API that asks Keyward about every key.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    // She will belong to another organization, too, and these lines shall still mean this one.
    let ada = &stage.operator.with_organization(stage.organization);
    teller.chapter(
        "Acme, on the profile `keyward`",
        "Acme has a shop with an API. Programs call it with keys, and the API asks Keyward what each key may do.",
    )?;
    let (checkout, warehouse) = places(teller, ada).await?;
    let service = service(teller, stage, ada).await?;
    judged(teller, ada, &service, checkout, warehouse).await?;
    rotated(teller, ada, &service, checkout).await?;
    revoked(teller, ada, &service, checkout).await
}

async fn places(teller: &mut Teller<'_>, ada: &Client) -> Result<(WorkspaceId, WorkspaceId), Failure> {
    let taken = Later::Again(409, "the name is taken");
    let shop = CreateApp { name: name("Shop")? };
    let shop =
        teller.step("An application", taken, ada.apps().create(&shop), told(201, &[("/name", json!("Shop"))])).await?;
    let app: ApplicationId = shop.id("/id")?;
    let mut made = Vec::new();
    for (title, text) in [("A workspace in it", "Checkout"), ("Another workspace", "Warehouse")] {
        let wanted = CreateWorkspace { name: name(text)?, app };
        let call = ada.workspaces().create(&wanted);
        made.push(teller.step(title, taken, call, told(201, &[("/name", json!(text))])).await?);
    }
    let role = CreateRole { name: name("Reader")?, patterns: pattern("items:read")? };
    teller
        .step(
            "A role that may read items, and nothing else",
            taken,
            ada.roles().create(&role),
            told(201, &[("/patterns", json!(["items:read"]))]),
        )
        .await?;
    match made.as_slice() {
        [checkout, warehouse] => Ok((checkout.id("/id")?, warehouse.id("/id")?)),
        _ => Err(Failure::local("the story has two workspaces")),
    }
}

/// The shop's API has a key of its own, with which it may ask about other keys.
async fn service(teller: &mut Teller<'_>, stage: &Stage, ada: &Client) -> Result<Client, Failure> {
    let wanted = CreateCredential {
        roles: vec![role("Verifier", None)],
        ..credential("keyward/service", "Shop API", stage.organization.into())?
    };
    let created = teller
        .step(
            "The key with which the shop's API asks Keyward: it may verify, and nothing else",
            Later::Again(201, "another key"),
            ada.credentials().create(&wanted),
            told(201, &[("/credential/kind", json!("keyward/service")), ("/credential/state", json!("active"))]),
        )
        .await?;
    Ok(stage.nobody.with_token(created.secret("/secret/token")?))
}

async fn judged(
    teller: &mut Teller<'_>,
    ada: &Client,
    service: &Client,
    checkout: WorkspaceId,
    warehouse: WorkspaceId,
) -> Result<(), Failure> {
    let (key, _) =
        key(teller, ada, "Nightly report", "A key for a program, with the role at one workspace", checkout).await?;
    let questions: [(&str, &str, NamespaceId, Value, Value); 3] = [
        ("May it read items there? Yes", "items:read", checkout.into(), json!(true), Value::Null),
        (
            "May it delete them? No: its role does not say so",
            "items:delete",
            checkout.into(),
            json!(false),
            json!("not_granted"),
        ),
        (
            "May it read in the other workspace? No: it holds the role at the first alone",
            "items:read",
            warehouse.into(),
            json!(false),
            json!("not_granted"),
        ),
    ];
    for (title, permission, namespace, allowed, reason) in questions {
        let asked = question(&key, permission, namespace)?;
        let expected = told(200, &[("/allowed", allowed), ("/reason", reason)]);
        teller.step(title, Later::Same(MOVES), service.credentials().verify(&asked), expected).await?;
    }
    Ok(())
}

async fn rotated(
    teller: &mut Teller<'_>,
    ada: &Client,
    service: &Client,
    checkout: WorkspaceId,
) -> Result<(), Failure> {
    let (old, id) = key(teller, ada, "Label printer", "A second key, whose secret will be replaced", checkout).await?;
    let renewed = teller
        .step(
            "Rotate it: the key stays, its secret is another",
            Later::Again(200, "another secret"),
            ada.credentials().rotate(id, &RotateCredential { grace_seconds: None, confirm: true }),
            told(200, &[("/credential/generation", json!(2)), ("/receipt/confirmed", json!(true))]),
        )
        .await?;
    let new = renewed.secret("/secret/token")?;
    for (title, secret, allowed, reason) in [
        ("The old secret is refused, from the moment the call returned", &old, json!(false), json!("unknown")),
        ("The new one works", &new, json!(true), Value::Null),
    ] {
        let asked = question(secret, "items:read", checkout.into())?;
        let expected = told(200, &[("/allowed", allowed), ("/reason", reason)]);
        teller.step(title, Later::Same(MOVES), service.credentials().verify(&asked), expected).await?;
    }
    Ok(())
}

async fn revoked(
    teller: &mut Teller<'_>,
    ada: &Client,
    service: &Client,
    checkout: WorkspaceId,
) -> Result<(), Failure> {
    let (secret, id) = key(teller, ada, "Contractor", "A third key, which ends in wrong hands", checkout).await?;
    let asked = question(&secret, "items:read", checkout.into())?;
    teller
        .step(
            "It works",
            Later::Again(200, "refused, since it was revoked"),
            service.credentials().verify(&asked),
            told(200, &[("/allowed", json!(true))]),
        )
        .await?;
    let why = RevokeCredential { reason: RevokeFor::Compromised, descendants: false };
    teller
        .step(
            "Revoke it; the receipt says where that is in force",
            Later::Again(200, "the first time, and a fresh receipt"),
            ada.credentials().revoke(id, &why),
            told(200, &[("/credential/state", json!("revoked")), ("/receipt/confirmed", json!(true))]),
        )
        .await?;
    teller
        .step(
            "The next request with it is refused",
            Later::Same(MOVES),
            service.credentials().verify(&asked),
            told(200, &[("/allowed", json!(false)), ("/reason", json!("revoked"))]),
        )
        .await?;
    teller
        .step(
            "All of this is in the audit log, a chain of hashes that is still whole",
            Later::Same(&["entries", "checkpoints", "head"]),
            ada.audit().verify(&VerifyAudit::default()),
            told(200, &[("/intact", json!(true))]),
        )
        .await?;
    Ok(())
}

/// The revision up to which the server had read moves on with every change of anybody.
const MOVES: &[&str] = &["revision"];

async fn key(
    teller: &mut Teller<'_>,
    ada: &Client,
    called: &str,
    title: &str,
    place: WorkspaceId,
) -> Result<(SecretText, CredentialId), Failure> {
    let wanted =
        CreateCredential { roles: vec![role("Reader", None)], ..credential("keyward/api", called, place.into())? };
    let expected = told(201, &[("/credential/name", json!(called)), ("/credential/generation", json!(1))]);
    let later = Later::Again(201, "another key");
    let created: Body = teller.step(title, later, ada.credentials().create(&wanted), expected).await?;
    Ok((created.secret("/secret/token")?, created.id("/credential/id")?))
}

fn question(secret: &SecretText, permission: &str, namespace: NamespaceId) -> Result<VerifyRequest, Failure> {
    let permission = permission.parse().map_err(|error| Failure::local(format!("{error}")))?;
    Ok(VerifyRequest {
        credential: Some(again(secret)),
        permission: Some(permission),
        namespace: Some(namespace),
        ..VerifyRequest::default()
    })
}

pub(super) fn credential(kind: &str, called: &str, namespace: NamespaceId) -> Result<CreateCredential, Failure> {
    Ok(CreateCredential {
        kind: kind.parse().map_err(|error| Failure::local(format!("{error}")))?,
        name: name(called)?,
        namespace: Some(namespace),
        roles: Vec::new(),
        owner: None,
        expires_at: None,
        sources: Vec::new(),
        key_pair: false,
    })
}

pub(super) fn role(called: &str, namespace: Option<NamespaceId>) -> RoleAt {
    RoleAt { role: RoleRef::Name(called.to_owned()), namespace }
}

fn pattern(text: &str) -> Result<keyward_api::PatternSet, Failure> {
    let pattern: keyward_api::Pattern = text.parse().map_err(|error| Failure::local(format!("{error}")))?;
    Ok([pattern].into_iter().collect())
}
