//! What describes the endpoints (RFC 8414), and the page for who comes looking for a sign-in.

use reqwest::Method;
use serde_json::json;

use super::{FORM, GRANT, World};
use crate::harness::{As, Reply, TestServer};

const DOCUMENT: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn the_document_says_what_is_there_and_no_more() {
    let world = World::start().await;
    let reply = world.server.get(&As::Anonymous, DOCUMENT).await.expect(200);
    assert_eq!(reply.headers["content-type"], "application/json");
    let issuer = &world.server.url;
    let expected = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "introspection_endpoint": format!("{issuer}/oauth2/introspect"),
        "authorization_endpoint": format!("{issuer}/oauth2/authorize"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["none"],
    });
    assert_eq!(reply.body, expected);
    // What it names answers.
    let endpoint = reply.id("/token_endpoint");
    let request = world.server.http.post(endpoint).basic_auth(&world.id, Some(&world.secret));
    let token = request.header("content-type", FORM).body(GRANT).send().await.unwrap();
    Reply::read(token).await.expect(200);
    // There is no document of an issuer with a path, and nothing else that is advertised elsewhere.
    world.server.get(&As::Anonymous, &format!("{DOCUMENT}/acme")).await.expect(404);
    world.server.get(&As::Anonymous, "/.well-known/openid-configuration").await.expect(404);
    world.send(Method::POST, "/oauth2/revoke", &[], Some(FORM), "token=x").await.expect(404);
}

#[tokio::test]
async fn the_issuer_is_the_public_url_for_its_host_alone() {
    let server = TestServer::start_with("[server]\npublic_url = \"https://Keys.example.com:443/keyward\"\n").await;
    let ask =
        async |path: &str, host: &str| server.send(&As::Anonymous, Method::GET, path, None, &[("host", host)]).await;
    let issuer = "https://keys.example.com/keyward";
    for path in [DOCUMENT.to_owned(), format!("{DOCUMENT}/keyward")] {
        let reply = ask(&path, "keys.example.com").await.expect(200);
        assert_eq!(reply.id("/issuer"), issuer);
        assert_eq!(reply.id("/token_endpoint"), format!("{issuer}/oauth2/token"));
    }
    ask(&format!("{DOCUMENT}/other"), "keys.example.com").await.expect(404);
    // The node's other names: clients compare the issuer with the address that they asked.
    let other = ask(DOCUMENT, "localhost:1234").await.expect(200);
    assert_eq!(other.id("/issuer"), "http://localhost:1234");
    assert_eq!(ask(DOCUMENT, "evil.example").await.status, 421);
}

#[tokio::test]
async fn nobody_signs_in_here() {
    let world = World::start().await;
    let query = "response_type=code&client_id=x&redirect_uri=https%3A%2F%2Fevil.example%2F&state=%3Cscript%3E";
    for (method, path) in [
        (Method::GET, "/oauth2/authorize".to_owned()),
        (Method::GET, format!("/oauth2/authorize?{query}")),
        (Method::POST, "/oauth2/authorize".to_owned()),
    ] {
        let reply = world.send(method, &path, &[], None, "").await.expect(400);
        assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
        assert!(!reply.headers.contains_key("location") && !reply.text.contains("script"), "{}", reply.text);
        assert!(reply.text.contains("No sign-in here"), "{}", reply.text);
    }
}
