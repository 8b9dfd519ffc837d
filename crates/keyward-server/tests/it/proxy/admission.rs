//! Who gets through, and what reaches the server behind.

use super::support::Gate;

#[tokio::test]
async fn whoever_may_gets_through_and_the_server_learns_who_it_is() {
    let gate = Gate::start_open().await;
    let said = gate.ask("GET /v1/items?q=1", "", "").await;
    assert_eq!((said.status(), said.body.as_str()), (200, "reached"));
    assert!(said.header("keyward-request-id").is_some_and(|id| id.starts_with("req_")), "{said:?}");

    let heard = gate.upstream.heard_one();
    assert_eq!(heard.first, "GET /v1/items?q=1 HTTP/1.1");
    assert_eq!(heard.header("x-keyward-organization"), Some(&*gate.admin.organization));
    assert_eq!(heard.header("x-keyward-credential"), Some(&*gate.credential));
    assert_eq!(heard.header("x-keyward-kind"), Some("keyward/api"));
    assert_eq!(heard.header("x-keyward-owner"), Some(""));
    assert_eq!(heard.header("x-keyward-namespace"), Some(&*gate.admin.organization));
    assert_eq!(heard.header("x-keyward-request-id"), said.header("keyward-request-id"));
    let id = heard.header("x-keyward-public-id").unwrap();
    assert!(id.len() > 8 && gate.key.starts_with(id), "{id}");
    assert!(!heard.has("authorization"), "{heard:?}");
    assert_eq!(heard.header("host"), Some(&*gate.upstream.address.to_string()));
    assert_eq!(heard.header("x-forwarded-host"), Some("127.0.0.1"));
    assert_eq!(heard.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(heard.header("x-forwarded-proto"), Some("http"));
}

#[tokio::test]
async fn whoever_may_not_never_reaches_the_server() {
    let gate = Gate::start(
        "[[route]]\npath = \"/*\"\nupstream = \"UPSTREAM\"\npermission = \"items:delete\"\n\
         [[route]]\npath = \"/read/*\"\nupstream = \"UPSTREAM\"\npermission = \"items:read\"\n",
    )
    .await;
    gate.ask("GET /items", "", "").await.problem(403, "permission_denied");
    gate.ask_without_key("GET /read/items", "", "").await.problem(401, "unauthenticated");
    let nonsense = "authorization: Bearer nonsense\r\n";
    gate.ask_without_key("GET /read/items", nonsense, "").await.problem(401, "invalid_credential");
    let twice = format!("x-api-key: {}\r\n", gate.key);
    gate.ask("GET /read/items", &twice, "").await.problem(400, "two_credentials");
    gate.revoke(&gate.credential).await;
    gate.ask("GET /read/items", "", "").await.problem(401, "invalid_credential");
    assert_eq!(gate.upstream.opened(), 0);
}
