//! The Rust crate `oauth2`, over `reqwest`.

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicRequestTokenError, BasicTokenResponse};
use oauth2::http::Response;
use oauth2::{AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, TokenResponse as _, TokenUrl};
use serde_json::{Value, json};

use crate::support::Key;
use crate::world::{World, reading_client};

const AUTHENTICATIONS: [AuthType; 2] = [AuthType::BasicAuth, AuthType::RequestBody];

type Error = BasicRequestTokenError<reqwest::Error>;

#[tokio::test]
async fn at_the_token_endpoint_of_keyward() {
    let world = World::start("keyward", "oauth", &["path = \"/items\"\npermission = \"items:read\""]);
    let key = world.create(&reading_client());
    let http = client(&world);
    for authentication in AUTHENTICATIONS {
        let ask = async |secret: &str, scope: Option<&str>| {
            token(&http, &world, &key.public_id, secret, authentication.clone(), scope).await
        };
        let granted = ask(key.secret(), None).await.unwrap();
        assert_eq!(granted.token_type().as_ref(), "bearer");
        assert_eq!(granted.expires_in().unwrap().as_secs(), 3_600);
        assert_eq!((granted.scopes(), granted.refresh_token().is_some()), (None, false));
        let (status, body) = get(&http, &world, "/items", &granted).await;
        assert_eq!((status, body), (200, json!({ "reached": true })));
        world.passed_on(&key);

        let narrowed = ask(key.secret(), Some("items:read")).await.unwrap();
        assert_eq!(narrowed.scopes(), Some(&vec![Scope::new("items:read".to_owned())]));
        assert_eq!(refusal(ask(key.secret(), Some("items:delete")).await), BasicErrorResponseType::InvalidScope);
        assert_eq!(refusal(ask("wrong", None).await), BasicErrorResponseType::InvalidClient);
        assert_eq!(get(&http, &world, "/items", &narrowed).await.0, 200);
        world.passed_on(&key);
    }
    let last = token(&http, &world, &key.public_id, key.secret(), AuthType::BasicAuth, None).await.unwrap();
    world.revoke(&key);
    assert_eq!(get(&http, &world, "/items", &last).await.0, 401);
    let again = token(&http, &world, &key.public_id, key.secret(), AuthType::BasicAuth, None).await;
    assert_eq!(refusal(again), BasicErrorResponseType::InvalidClient);
    world.passed_nothing_on();
}

#[tokio::test]
async fn at_the_token_endpoint_of_gateway_hub() {
    let entities = "path = \"/entities\"\ndialect = \"gateway_hub\"\npermission = \"entities:read\"";
    let world = World::start("gateway_hub", "dialect:gateway_hub", &[entities]);
    let roles = json!([{ "role": "Operator" }]);
    let key: Key = world.create(&json!({ "kind": "gateway_hub/application_key", "name": "Rust", "roles": roles }));
    let http = client(&world);
    for authentication in AUTHENTICATIONS {
        let ask = async |secret: &str, scope: Option<&str>| {
            token(&http, &world, &key.public_id, secret, authentication.clone(), scope).await
        };
        let granted = ask(key.secret(), Some("entities:read")).await.unwrap();
        assert_eq!(granted.expires_in().unwrap().as_secs(), 300);
        assert_eq!(get(&http, &world, "/entities", &granted).await, (200, json!({ "reached": true })));
        world.passed_on(&key);
        assert_eq!(refusal(ask("wrong", None).await), BasicErrorResponseType::InvalidClient);
        assert_eq!(refusal(ask(key.secret(), Some("gateways:edit")).await), BasicErrorResponseType::InvalidScope);
    }
}

async fn token(
    http: &reqwest::Client,
    world: &World,
    id: &str,
    secret: &str,
    authentication: AuthType,
    scope: Option<&str>,
) -> Result<BasicTokenResponse, Error> {
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_token_uri(TokenUrl::new(world.url("/oauth2/token")).unwrap())
        .set_auth_type(authentication);
    let scopes = scope.into_iter().map(|scope| Scope::new(scope.to_owned()));
    client.exchange_client_credentials().add_scopes(scopes).request_async(&|request| send(http, request)).await
}

/// The crate speaks HTTP through whatever is given to it.
async fn send(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}

/// What a token opens.
async fn get(http: &reqwest::Client, world: &World, path: &str, token: &BasicTokenResponse) -> (u16, Value) {
    let answer = http.get(world.url(path)).bearer_auth(token.access_token().secret()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The error that the server told, as the crate types it.
#[track_caller]
fn refusal(answer: Result<BasicTokenResponse, Error>) -> BasicErrorResponseType {
    match answer.unwrap_err() {
        Error::ServerResponse(told) => told.error().clone(),
        other => panic!("no refusal, but {other}"),
    }
}

/// A client that trusts the node's authority, and follows no redirects, as the crate's documentation asks.
fn client(world: &World) -> reqwest::Client {
    // Another test of this process may have done it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&world.authority).unwrap()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([authority]).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
