//! Which route a path leads to, and which paths lead nowhere.

use serde_json::json;

use super::support::{Gate, OPEN, Upstream};

const ROUTES: &str = "\
    [[route]]\npath = \"/*\"\nupstream = \"UPSTREAM/rest\"\npermission = \"items:read\"\n\
    [[route]]\npath = \"/admin/*\"\nupstream = \"UPSTREAM/admin\"\npermission = \"items:delete\"\n\
    [[route]]\npath = \"/v1/{app}/items\"\nmethods = [\"GET\", \"HEAD\"]\nupstream = \"UPSTREAM\"\n\
    permission = \"items:read\"\nnamespace = \"path:app\"\n\
    [[route]]\npath = \"/q\"\nupstream = \"UPSTREAM\"\npermission = \"items:read\"\nnamespace = \"query:app\"\n\
    [[route]]\npath = \"/h\"\nupstream = \"UPSTREAM\"\npermission = \"items:read\"\nnamespace = \"header:X-App\"\n";

#[tokio::test]
async fn a_path_that_can_be_read_in_several_ways_is_refused_before_anything_else() {
    let gate = Gate::start(ROUTES).await;
    for path in [
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "//a",
        "/a//b",
        "/../a",
        "/a/../admin",
        "/a/./b",
        "/%2e%2e/a",
        "/a/%2E./b",
        "/a%00",
        "/a%",
        "/a%zz",
        "/%252e%252e/admin",
        "/..;/admin",
        "/admin;x=1",
        "/admin%3fx",
        "/admin.",
        "/admin%20",
        "/%ff",
        "/%c0%afx",
    ] {
        gate.ask(&format!("GET {path}"), "", "").await.problem(400, "invalid_value");
        gate.ask_without_key(&format!("GET {path}"), "", "").await.problem(400, "invalid_value");
    }
    assert_eq!(gate.upstream.opened(), 0);
}

#[tokio::test]
async fn the_most_specific_route_decides_and_the_clients_own_spelling_goes_on() {
    let gate = Gate::start(ROUTES).await;
    for (path, reached) in [
        ("/", "/rest/"),
        ("/a/%62?x=%2f..//&y", "/rest/a/%62?x=%2f..//&y"),
        ("/a%20b/?", "/rest/a%20b/?"),
        ("/%C3%a4+~", "/rest/%C3%a4+~"),
    ] {
        let said = gate.ask(&format!("GET {path}"), "", "").await;
        assert_eq!(said.status(), 200, "{path}: {said:?}");
        assert_eq!(gate.upstream.heard_one().target(), reached);
    }
    // Spelled in another way it is the same path, with the same route.
    for path in ["/admin", "/admin/x", "/ADMIN/x", "/%61dmin/x", "/admin/"] {
        gate.ask(&format!("GET {path}"), "", "").await.problem(403, "permission_denied");
    }
    assert_eq!(gate.upstream.heard().len(), 0);
}

#[tokio::test]
async fn the_most_specific_path_has_its_methods_and_no_others() {
    let gate = Gate::start(ROUTES).await;
    let refused = gate.ask("POST /v1/x/items", "content-length: 0\r\n", "").await;
    refused.problem(405, "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    gate.ask("TRACE /", "", "").await.problem(405, "method_not_allowed");
    assert_eq!(gate.upstream.opened(), 0);
}

#[tokio::test]
async fn a_request_is_judged_in_the_namespace_that_it_names() {
    let gate = Gate::start(ROUTES).await;
    let (mine, _) = gate.server.places(&gate.admin, "mine").await;
    let (other, _) = gate.server.places(&gate.admin, "other").await;
    let body = json!({ "kind": "keyward/api", "name": "x", "namespace": mine, "roles": [{ "role": "Viewer", "namespace": mine }] });
    let (_, key) = gate.server.credential(&gate.admin.caller, body).await;
    let ask = async |path: &str, headers: &str| {
        let headers = format!("authorization: Bearer {key}\r\n{headers}");
        gate.ask_without_key(&format!("GET {path}"), &headers, "").await
    };
    for (path, headers) in [
        (format!("/v1/{mine}/items"), String::new()),
        (format!("/q?app={mine}"), String::new()),
        ("/h".to_owned(), format!("x-app: {mine}\r\n")),
    ] {
        let said = ask(&path, &headers).await;
        assert_eq!(said.status(), 200, "{path}: {said:?}");
        assert_eq!(gate.upstream.heard_one().header("x-keyward-namespace"), Some(&*mine));
        let said = ask(&path.replace(&mine, &other), &headers.replace(&mine, &other)).await;
        said.problem(403, "permission_denied");
    }
    for (path, headers) in [
        ("/q", ""),
        ("/h", ""),
        ("/q?app=nonsense", ""),
        ("/v1/nonsense/items", ""),
        (&*format!("/q?app={mine}&app={other}"), ""),
        (&*format!("/q?app={mine}&APP={other}"), ""),
        ("/h", &*format!("x-app: {mine}\r\nx-app: {other}\r\n")),
    ] {
        let said = ask(path, headers).await;
        assert_eq!(said.status(), 400, "{path}: {said:?}");
    }
    assert_eq!(gate.upstream.heard().len(), 0);
}

#[tokio::test]
async fn where_no_route_is_nothing_is() {
    let gate = Gate::start("[[route]]\npath = \"/a\"\nupstream = \"UPSTREAM\"\npermission = \"items:read\"\n").await;
    gate.ask("GET /b", "", "").await.problem(404, "not_found");
    // What the route is for does not answer where the routes do not.
    let reply = gate.server.get(&gate.admin.caller, "/a").await;
    reply.problem(404, "not_found");
}

#[tokio::test]
async fn what_this_node_answers_itself_beside_its_routes_goes_nowhere() {
    let more = "[[surface]]\nname = \"verify\"\nlistener = \"api\"\n";
    let gate = Gate::start_before(Upstream::start().await, more, OPEN).await;
    let said = gate.ask("POST /v1/verify", "content-type: application/json\r\ncontent-length: 2\r\n", "{}").await;
    assert!(said.status() >= 400 && gate.upstream.heard().is_empty(), "{said:?}");
    assert_eq!(gate.ask("GET /v1/items", "", "").await.status(), 200);
    assert_eq!(gate.upstream.heard_one().target(), "/v1/items");
}
