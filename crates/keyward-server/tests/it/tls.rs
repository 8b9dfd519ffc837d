//! Over https: the certificate for development, what is promised only there, and users of two organizations.

use reqwest::{Method, Version};
use serde_json::json;

use crate::harness::{As, PASSWORD, Reply, TestServer};

/// A node with a listener that does TLS beside the plain one, and a client that has no choice but to believe it.
async fn start() -> (TestServer, String, reqwest::Client) {
    let listener = "[[listener]]\nname = \"secure\"\naddress = \"127.0.0.1:0\"\ndevelopment_self_signed = true\n";
    let mounts = "[[surface]]\nname = \"native\"\nlistener = \"secure\"\n\
        [[surface]]\nname = \"native\"\nlistener = \"management\"\n";
    let server = TestServer::start_with(&format!("{listener}{mounts}")).await;
    let addresses = &server.serving.as_ref().unwrap().addresses;
    let of = |name: &str| addresses.iter().find(|(listener, _)| &**listener == name).unwrap().1;
    let (secure, plain) = (of("secure"), of("management"));
    let http = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let server = TestServer { url: format!("http://{plain}"), ..server };
    (server, format!("https://localhost:{}", secure.port()), http)
}

#[tokio::test]
async fn a_key_is_created_and_used_over_https() {
    let (server, url, http) = start().await;
    let admin = server.set_up(&["keyward"]).await;
    let As::Bearer(session) = &admin.caller else { panic!("signed in") };
    let body = json!({ "kind": "keyward/api", "name": "shop", "roles": [{ "role": "Viewer" }] });
    let request = http.post(format!("{url}/v1/credentials")).bearer_auth(session).json(&body);
    let created = Reply::read(request.send().await.unwrap()).await.expect(201);
    let token = created.id("/secret/token");

    let request = || http.get(format!("{url}/v1/sessions/current")).bearer_auth(&token);
    let answer = request().send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(Reply::read(answer).await.expect(200).body["id"], created.body["credential"]["id"]);
    let older = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).http1_only().build().unwrap();
    let answer = older.get(format!("{url}/v1/sessions/current")).bearer_auth(&token).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_11, 200));

    // Who asks for a certificate that they know gets no answer, and what is no TLS is not served.
    let strict = reqwest::Client::new().get(format!("{url}/v1/apps")).send().await;
    assert!(strict.is_err());
    let plain = http.get(url.replace("https://", "http://")).send().await;
    assert!(plain.is_err(), "{plain:?}");
}

#[tokio::test]
async fn strict_transport_security_is_promised_over_https_alone() {
    const HEADER: &str = "strict-transport-security";
    let (server, url, http) = start().await;
    let paths = ["/v1/sessions/current", "/v1/nothing", "/openapi.json", "/v1/apps/x"];
    for path in paths {
        let over_https = http.get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(over_https.headers()[HEADER], "max-age=31536000", "{path}");
        let over_http = server.get(&As::Anonymous, path).await;
        assert!(!over_http.headers.contains_key(HEADER), "{path}");
        // Anybody can say so; only a trusted proxy is believed.
        let claims = [("x-forwarded-proto", "https")];
        let claimed = server.send(&As::Anonymous, Method::GET, path, None, &claims).await;
        assert!(!claimed.headers.contains_key(HEADER), "{path}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_that_it_does_tls() {
    let server = TestServer::start_with("[server]\ntrusted_proxies = [\"127.0.0.1\"]\n").await;
    for (value, secure) in [("https", true), ("http", false), ("https, https", false), ("HTTPS ", true), ("", false)] {
        let headers = [("x-forwarded-proto", value)];
        let reply = server.send(&As::Anonymous, Method::GET, "/v1/apps", None, &headers).await;
        assert_eq!(reply.headers.contains_key("strict-transport-security"), secure, "{value:?}");
    }
    let twice = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")];
    let reply = server.send(&As::Anonymous, Method::GET, "/v1/apps", None, &twice).await;
    assert!(!reply.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_user_of_two_organizations_names_the_one_they_mean() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let body = json!({ "name": "Other", "profiles": ["keyward"], "super_admin": "olga@example.com" });
    let made = server.post(&admin.caller, "/v1/organizations", body).await.expect(201);
    let other = made.id("/organization/id");
    let accept = json!({ "token": made.id("/invitation/token"), "name": "Olga", "password": PASSWORD });
    server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
    let olga = server.sign_in("olga@example.com").await;

    // One organization need not be named; another one that is named is not theirs.
    server.get(&olga, "/v1/apps").await.expect(200);
    let list = async |by: &As, named: &str| {
        server.send(by, Method::GET, "/v1/users", None, &[("keyward-organization", named)]).await
    };
    list(&olga, &other).await.expect(200);
    list(&olga, &admin.organization).await.problem(404, "not_found");

    // A member of both.
    let invited = server.post(&admin.caller, "/v1/users", json!({ "email": "olga@example.com" })).await.expect(201);
    let accept = json!({ "token": invited.id("/token"), "password": PASSWORD });
    server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
    server.get(&olga, "/v1/users").await.problem(400, "organization_required");
    let body = json!({ "kind": "keyward/api", "name": "x", "roles": [{ "role": "Viewer" }] });
    server.post(&olga, "/v1/credentials", body.clone()).await.problem(400, "organization_required");
    let there = list(&olga, &other).await.expect(200);
    assert_eq!(there.body["items"].as_array().unwrap().len(), 1);
    // In the one they are super admin, in the other a member without a role.
    let here = list(&olga, &admin.organization).await.expect(200);
    assert_eq!(here.body["items"], json!([]));
    let named = [("keyward-organization", admin.organization.as_str())];
    let refused = server.send(&olga, Method::POST, "/v1/credentials", Some(body.clone()), &named).await;
    refused.problem(403, "permission_denied");
    let named = [("keyward-organization", other.as_str())];
    let created = server.send(&olga, Method::POST, "/v1/credentials", Some(body), &named).await.expect(201);

    // A credential has its organization; naming another one is not asking for it.
    let key = As::Bearer(created.id("/secret/token"));
    server.get(&key, "/v1/apps").await.expect(200);
    server.send(&key, Method::GET, "/v1/apps", None, &named).await.expect(200);
    let named = [("keyward-organization", admin.organization.as_str())];
    server.send(&key, Method::GET, "/v1/apps", None, &named).await.problem(404, "not_found");

    // Leaving one of them, the header is not needed any more.
    let who = server.get(&olga, "/v1/sessions/current").await.expect(200);
    let path = format!("/v1/users/{}", who.id("/user/id"));
    server.delete(&admin.caller, &path).await.expect(200);
    server.get(&olga, "/v1/users").await.expect(200);
    list(&olga, &admin.organization).await.problem(404, "not_found");
}
