//! The story of the profile `gigya`: applications with a userKey and a secret, as SAP Customer Data Cloud has them.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use keyward_api::SecretText;
use keyward_api::audit::ListAudit;
use keyward_api::credentials::{CreateCredential, ImportCredential, IssuedSecret, RevokeCredential};
use keyward_api::id::CredentialId;
use keyward_api::namespaces::App;
use keyward_client::Client;
use keyward_core::time::Timestamp;
use keyward_server::clock;
use serde_json::json;

use super::keyward::{credential, role};
use super::stage::{Stage, app};
use super::teller::{Later, Teller, told};
use super::wire::Request;
use crate::failure::Failure;

/// A shop keeps its customers' accounts there, on two sites.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    let (_, ada) = stage.organization("Boutique", "gigya").await?;
    let (shop, kiosk) = (site(app(&ada, "Web shop").await?)?, site(app(&ada, "Kiosk").await?)?);
    let old = old_application(&ada, &shop).await?;
    teller.chapter(
        "Boutique, on the profile `gigya`",
        "SAP Customer Data Cloud. The account Boutique has two sites, each with its API key (`apiKey`), and Ada is in its \
         console. Applications call methods over https with a userKey and a secret; a permissions group says which.",
    )?;
    let story = Story { stage, ada: &ada, shop: &shop };
    let key = story.created(teller).await?;
    story.used(teller, &key).await?;
    story.exchanged(teller, &key).await?;
    story.imported(teller, &key, &kiosk).await?;
    story.deleted(teller, &old).await
}

struct Story<'s> {
    stage: &'s Stage,
    ada: &'s Client,
    shop: &'s Site,
}

/// A site, with the `apiKey` that names it.
struct Site {
    app: App,
    api_key: String,
}

/// What an application's programs hold.
struct Key {
    id: CredentialId,
    public_id: String,
    secret: SecretText,
}

impl Story<'_> {
    async fn created(&self, teller: &mut Teller<'_>) -> Result<Key, Failure> {
        let made = teller
            .step(
                "Create New Application, with the permissions group _read_only",
                Later::Again(201, "another application"),
                self.ada.credentials().create(&application("Newsletter", self.shop)?),
                told(201, &[("/credential/kind", json!("gigya/application_key"))]),
            )
            .await?;
        let (id, public_id) = (made.id("/credential/id")?, made.text("/secret/id")?.to_owned());
        Ok(Key { id, public_id, secret: made.secret("/secret/secret")? })
    }

    async fn used(&self, teller: &mut Teller<'_>, key: &Key) -> Result<(), Failure> {
        teller
            .ask(
                "Search accounts, as the vendor's page shows it; what the service behind Keyward received has no secret",
                Later::Same(ONCE),
                self.search(&key.public_id, key.secret.expose()),
                told(
                    200,
                    &[
                        ("/errorCode", json!(0)),
                        ("/totalCount", json!(1)),
                        ("/received/identity/x-keyward-public-id", json!(key.public_id)),
                        ("/received/body", json!(form(&[("apiKey", &self.shop.api_key), FORMAT, QUERY]))),
                    ],
                ),
            )
            .await?;
        teller
            .ask(
                "A wrong secret: the HTTP status stays 200 unless `httpStatusCodes` is asked for, and the error is 403005",
                Later::Same(ONCE),
                self.search(&key.public_id, &"0".repeat(32)),
                told(200, &[("/errorCode", json!(403_005)), ("/statusCode", json!(403))]),
            )
            .await?;
        teller
            .ask(
                "Signed instead, as the SDKs do: the secret stays at home, and a nonce counts once",
                Later::Again(200, "errorCode 403004, since the nonce was used (403002 when the timestamp is too old)"),
                self.signed(key)?,
                told(200, &[("/errorCode", json!(0)), ("/totalCount", json!(1))]),
            )
            .await?;
        Ok(())
    }

    async fn exchanged(&self, teller: &mut Teller<'_>, key: &Key) -> Result<(), Failure> {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.shop.api_key),
            ("userKey", &key.public_id),
            ("secret", key.secret.expose()),
        ];
        let issued = teller
            .ask(
                "socialize.getToken: an access token for an hour",
                Later::Again(200, "errorCode 0, and another token"),
                self.stage.wire.post("https://socialize.us1.gigya.com/socialize.getToken").form(&fields),
                told(200, &[("/errorCode", json!(0)), ("/expires_in", json!(3_600))]),
            )
            .await?;
        let token = issued.text("/access_token")?.to_owned();
        let fields = [("apiKey", &*self.shop.api_key), ("UID", "e1f2"), ("profile", r#"{"city":"Basel"}"#)];
        teller
            .ask(
                "The token may do what the application may: reading, not writing",
                Later::Again(200, "errorCode 403007 again, while the token lives"),
                self.stage
                    .wire
                    .post("https://accounts.us1.gigya.com/accounts.setAccountInfo")
                    .header("Authorization", format!("OAuth {token}"))
                    .form(&fields),
                told(200, &[("/errorCode", json!(403_007))]),
            )
            .await?;
        Ok(())
    }

    async fn imported(&self, teller: &mut Teller<'_>, key: &Key, kiosk: &Site) -> Result<(), Failure> {
        let wanted = ImportCredential {
            public_id: key.public_id.clone(),
            namespace: kiosk.app.id.into(),
            roles: vec![role("_customer_service", Some(kiosk.app.id.into()))],
        };
        teller
            .step(
                "Add Existing Application to the other site, by its userKey alone, with another permissions group there; \
                 the answer has its name",
                Later::Again(409, "it was added"),
                self.ada.credentials().import(&wanted),
                told(200, &[("/credential/name", json!("Newsletter"))]),
            )
            .await?;
        teller
            .step(
                "Edit shows userKey and secret again, to somebody who signed in a moment ago",
                Later::Again(200, "while the sign-in is fresh"),
                self.ada.credentials().reveal(key.id),
                told(200, &[("/secret/id", json!(key.public_id)), ("/secret/secret", json!(key.secret.expose()))]),
            )
            .await?;
        let uses = ListAudit {
            operation: Some("credentials.use".to_owned()),
            target: Some(key.id.to_string()),
            limit: Some(1),
            ..ListAudit::default()
        };
        teller
            .step(
                "Every call is in the audit log before it is answered, with the userKey and the application's name",
                Later::Again(200, "the newest call by then"),
                self.ada.audit().list(&uses),
                told(
                    200,
                    &[
                        ("/items/0/details/public_id", json!(key.public_id)),
                        ("/items/0/details/name", json!("Newsletter")),
                    ],
                ),
            )
            .await?;
        Ok(())
    }

    async fn deleted(&self, teller: &mut Teller<'_>, old: &Key) -> Result<(), Failure> {
        teller
            .step(
                "Another application of the shop is deleted",
                Later::Again(200, "the first time, and a fresh receipt"),
                self.ada.credentials().revoke(old.id, &RevokeCredential::default()),
                told(200, &[("/credential/state", json!("revoked")), ("/receipt/confirmed", json!(true))]),
            )
            .await?;
        teller
            .ask(
                "Its userKey and secret fail at once",
                Later::Same(ONCE),
                self.search(&old.public_id, old.secret.expose()),
                told(200, &[("/errorCode", json!(403_005))]),
            )
            .await?;
        Ok(())
    }

    /// The request of the vendor's page.
    fn search(&self, user_key: &str, secret: &str) -> Request {
        let fields = [("apiKey", &*self.shop.api_key), ("userKey", user_key), ("secret", secret), FORMAT, QUERY];
        self.stage.wire.post(SEARCH).form(&fields)
    }

    /// The same with a signature: over the method, the address and all other fields in the order of their names.
    fn signed(&self, key: &Key) -> Result<Request, Failure> {
        let now = clock::now().since(Timestamp::EPOCH);
        let (time, nonce) = (now.as_secs().to_string(), now.as_micros().to_string());
        let mut fields = vec![
            ("apiKey", &*self.shop.api_key),
            FORMAT,
            ("nonce", &nonce),
            QUERY,
            ("timestamp", &time),
            ("userKey", &key.public_id),
        ];
        let parameters: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let base = format!("POST&{}&{}", percent(SEARCH), percent(&parameters.join("&")));
        let secret = STANDARD.decode(key.secret.expose()).map_err(|_| Failure::local("the secret is not base64"))?;
        let secret = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let signature = STANDARD.encode(hmac::sign(&secret, base.as_bytes()));
        fields.push(("sig", &signature));
        Ok(self.stage.wire.post(SEARCH).form(&fields))
    }
}

fn site(app: App) -> Result<Site, Failure> {
    let api_key = app.site_key.clone().ok_or_else(|| Failure::local("an application has no site key"))?;
    Ok(Site { app, api_key })
}

/// An application that is there when the story begins.
async fn old_application(ada: &Client, site: &Site) -> Result<Key, Failure> {
    let made = ada.credentials().create(&application("Old newsletter", site)?).await?.into_inner();
    match made.secret {
        Some(IssuedSecret::Pair { id, secret }) => Ok(Key { id: made.credential.id, public_id: id, secret }),
        _ => Err(Failure::local("an application has no userKey and secret")),
    }
}

fn application(called: &str, site: &Site) -> Result<CreateCredential, Failure> {
    let roles = vec![role("_read_only", Some(site.app.id.into()))];
    Ok(CreateCredential { roles, ..credential("gigya/application_key", called, site.app.id.into())? })
}

/// As the vendor signs: RFC 3986, where a space is not `+`.
fn percent(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
}

/// As it travels.
fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

const SEARCH: &str = "https://accounts.us1.gigya.com/accounts.search";
const QUERY: (&str, &str) = ("query", "select UID, identities.provider from accounts limit 10");
const FORMAT: (&str, &str) = ("format", "json");
/// What is different in every answer.
const ONCE: &[&str] = &["callId", "time"];
