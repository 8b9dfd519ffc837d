//! The story of the profile `passport`: API keys confined to a namespace and to what their owner may do at the moment.

use std::time::Duration;

use keyward_api::credentials::{CreateCredential, IssuedSecret, RevokeCredential};
use keyward_api::grants::ListGrants;
use keyward_api::id::{ApplicationId, CredentialId, GrantId, WorkspaceId};
use keyward_api::{SecretText, Time};
use keyward_client::Client;
use keyward_core::role::Holder;
use keyward_server::clock;
use serde_json::{Value, json};

use super::keyward::{credential, role};
use super::stage::{Member, Stage, app, workspace};
use super::teller::{Body, Later, Teller, told};
use super::wire::Request;
use crate::failure::Failure;

/// Eva develops an application for an airport.
pub(super) async fn tell(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Failure> {
    let story = Story::prepare(stage).await?;
    teller.chapter(
        "Skyline, on the profile `passport`",
        "Twinit's Passport Service. The organization Skyline has the applications Airport and Harbour, Airport the \
         workspaces Terminal 1 and Terminal 2. Eva is no super admin but an Application Developer at Airport and both \
         terminals. Her API keys live in one namespace and never do more than she may.",
    )?;
    let key = story.created(teller).await?;
    story.reached(teller, &key).await?;
    story.exchanged(teller, &key).await?;
    story.shrunk(teller, &key).await?;
    story.revoked(teller).await
}

struct Story<'s> {
    stage: &'s Stage,
    /// The super admin.
    ada: Client,
    eva: Client,
    airport: ApplicationId,
    terminal: WorkspaceId,
    /// By which she is developer at the terminal.
    developer: GrantId,
    /// A key of hers for the same terminal.
    earlier: Key,
}

struct Key {
    credential: CredentialId,
    id: String,
    secret: SecretText,
}

impl<'s> Story<'s> {
    async fn prepare(stage: &'s Stage) -> Result<Self, Failure> {
        let (_, ada) = stage.organization("Skyline", "passport").await?;
        let airport = app(&ada, "Airport").await?.id;
        let harbour = app(&ada, "Harbour").await?.id;
        let terminal = workspace(&ada, "Terminal 1", airport).await?;
        let second = workspace(&ada, "Terminal 2", airport).await?;
        let developer = |at| role("Application Developer", Some(at));
        let roles = vec![
            developer(airport.into()),
            developer(terminal.into()),
            developer(second.into()),
            role("Viewer", Some(terminal.into())),
            role("Viewer", Some(harbour.into())),
        ];
        let Member { id, client: eva } = stage.member(&ada, "Eva", roles).await?;
        let held =
            ListGrants { holder: Some(Holder::User(id)), namespace: Some(terminal.into()), ..ListGrants::default() };
        let held = ada.grants().list(&held).await?.into_inner().items;
        let is_developer = |name: &str| name == "Application Developer";
        let developer = held
            .iter()
            .find(|grant| grant.role_name.as_ref().is_some_and(|name| is_developer(name.as_str())))
            .map(|grant| grant.id)
            .ok_or_else(|| Failure::local("Eva is no developer"))?;
        let made = eva.credentials().create(&credential(API_KEY, "Old survey", terminal.into())?).await?.into_inner();
        let Some(IssuedSecret::Pair { id, secret }) = made.secret else {
            return Err(Failure::local("an API key has no id and secret"));
        };
        let earlier = Key { credential: made.credential.id, id, secret };
        Ok(Self { stage, ada, eva, airport, terminal, developer, earlier })
    }

    async fn created(&self, teller: &mut Teller<'_>) -> Result<Key, Failure> {
        let wanted = CreateCredential {
            expires_at: Some(Time(clock::now().plus(MONTH))),
            ..credential(API_KEY, "Survey drone", self.terminal.into())?
        };
        let made = teller
            .step(
                "Generate New API Key, for Terminal 1 and a month: an API Key ID and a Secret. Earlier keys are not revoked",
                Later::Again(201, "another key"),
                self.eva.credentials().create(&wanted),
                told(201, &[("/credential/kind", json!(API_KEY)), ("/superseded", Value::Null)]),
            )
            .await?;
        let (credential, id) = (made.id("/credential/id")?, made.text("/secret/id")?.to_owned());
        Ok(Key { credential, id, secret: made.secret("/secret/secret")? })
    }

    async fn reached(&self, teller: &mut Teller<'_>, key: &Key) -> Result<(), Failure> {
        for (list, title, only) in [
            ("workspaces", "It sees its workspace alone, although Eva sees two", "Terminal 1"),
            ("apps", "The application of that workspace, although Eva sees two", "Airport"),
            ("organizations", "And the organization of that application", "Skyline"),
        ] {
            let expected = told(200, &[("/_total", json!(1)), ("/_list/0/_name", json!(only))]);
            teller.ask(title, Later::Same(&[]), self.get(key, list), expected).await?;
        }
        teller
            .ask(
                "It goes to any service that takes access tokens: a file is made. What the service received has no secret",
                Later::Again(403, "Eva may not any more"),
                self.file(key),
                told(
                    200,
                    &[
                        ("/received/identity/x-keyward-credential", json!(key.credential.to_string())),
                        ("/received/identity/x-keyward-namespace", json!(self.terminal.to_string())),
                        ("/received/other_headers", json!(PLAIN_HEADERS)),
                    ],
                ),
            )
            .await?;
        Ok(())
    }

    async fn exchanged(&self, teller: &mut Teller<'_>, key: &Key) -> Result<(), Failure> {
        let app = uuid(self.airport);
        let token =
            |id: &str, secret: &str| self.stage.wire.post(format!("{BASE}/auth/token?appId={app}")).basic(id, secret);
        teller
            .ask(
                "What it does not do is make access tokens",
                Later::Same(&[]),
                token(&key.id, key.secret.expose()),
                told(400, &[("/error", json!("unauthorized_client"))]),
            )
            .await?;
        let wanted = credential("passport/user_access_key", "Eva's", self.airport.into())?;
        let made: Body = teller
            .step(
                "That is what a user access key is for, of which everybody has one",
                Later::Again(201, "another one, which revokes this one"),
                self.eva.credentials().create(&wanted),
                told(201, &[("/credential/kind", json!("passport/user_access_key"))]),
            )
            .await?;
        let (id, secret) = (made.text("/secret/id")?, made.secret("/secret/secret")?);
        teller
            .ask(
                "Access Key and Secret Key give an access token for the application",
                Later::Again(200, "another token, until another access key is made"),
                token(id, secret.expose()),
                told(200, &[("/token_type", json!("Bearer")), ("/expires_in", json!(3_600))]),
            )
            .await?;
        Ok(())
    }

    async fn shrunk(&self, teller: &mut Teller<'_>, key: &Key) -> Result<(), Failure> {
        teller
            .step(
                "Ada takes the developer's role at Terminal 1 from Eva, who stays Viewer there",
                Later::Again(404, "it was taken"),
                self.ada.grants().delete(self.developer),
                told(200, &[("/receipt/confirmed", json!(true))]),
            )
            .await?;
        teller
            .ask(
                "Her key shrinks with her, at once: no more files from it",
                Later::Same(&[]),
                self.file(key),
                told(403, &[("/_error/code", json!("owner_lacks"))]),
            )
            .await?;
        Ok(())
    }

    async fn revoked(&self, teller: &mut Teller<'_>) -> Result<(), Failure> {
        let earlier = &self.earlier;
        teller
            .step(
                "Eva revokes another key of hers for Terminal 1",
                Later::Again(200, "the first time, and a fresh receipt"),
                self.eva.credentials().revoke(earlier.credential, &RevokeCredential::default()),
                told(200, &[("/credential/state", json!("revoked"))]),
            )
            .await?;
        teller
            .ask(
                "That one is refused from then on; the first one goes on seeing what it saw",
                Later::Same(&[]),
                self.get(earlier, "workspaces"),
                told(401, &[("/_error/code", json!("revoked"))]),
            )
            .await?;
        Ok(())
    }

    fn get(&self, key: &Key, list: &str) -> Request {
        self.stage.wire.get(format!("{BASE}/{list}")).basic(&key.id, key.secret.expose())
    }

    fn file(&self, key: &Key) -> Request {
        let url = format!("https://{HOST}/filesvc/api/v1/files?nsfilter={}", self.terminal);
        self.stage.wire.post(url).basic(&key.id, key.secret.expose()).json(json!({ "_name": "terminal.ifc" }))
    }
}

/// As the vendor's clients write it.
fn uuid(app: ApplicationId) -> String {
    let digits = format!("{:032x}", app.bits());
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

const API_KEY: &str = "passport/api_key";
const HOST: &str = "sandbox-api.invicara.com";
const BASE: &str = "https://sandbox-api.invicara.com/passportsvc/api/v1";
const MONTH: Duration = Duration::from_hours(30 * 24);
/// What arrives besides who asks: no credential.
const PLAIN_HEADERS: &str = "accept, content-length, content-type, host, user-agent, via, x-forwarded-for, \
                             x-forwarded-host, x-forwarded-proto";
