//! Which headers go on, in both directions.

use super::support::{Gate, OPEN, Upstream};

#[tokio::test]
async fn nobody_but_this_node_says_who_asks() {
    let gate = Gate::start_open().await;
    let forged = "X-Keyward-Owner: usr_eve\r\nx_keyward_owner: usr_eve\r\nX.Keyward.Owner: usr_eve\r\n\
        x-keyward_owner: usr_eve\r\nX-Keyward-Else: eve\r\nx-keyward-organization: org_eve\r\n\
        Connection: close, x-keyward-owner, X-Keyward-Organization\r\n\
        Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 192.0.2.1\r\n\
        X-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\nX-HTTP-Method-Override: DELETE\r\nX-Method-Override: DELETE\r\n";
    assert_eq!(gate.ask("GET /items", forged, "").await.status(), 200);
    let heard = gate.upstream.heard_one();
    let text = format!("{heard:?}");
    for word in ["eve", "evil", "192.0.2.1", "https", "admin", "DELETE"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let ours: Vec<&str> =
        heard.headers.iter().map(|(name, _)| name.as_str()).filter(|n| n.contains("keyward")).collect();
    let names = ["organization", "credential", "public-id", "kind", "owner", "namespace", "request-id"];
    assert_eq!(ours, names.map(|name| format!("x-keyward-{name}")));
    assert_eq!(heard.header("x-keyward-owner"), Some(""));
    assert_eq!(heard.header("x-keyward-organization"), Some(&*gate.admin.organization));
    assert_eq!(heard.header("x-forwarded-for"), Some("127.0.0.1"));
}

#[tokio::test]
async fn what_is_for_one_connection_stays_on_it() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: x-hop, keep-alive\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
        proxy-authenticate: Basic\r\ntrailer: x-late\r\nupgrade: h2c\r\nx-end: kept\r\ncontent-length: 2\r\n\r\nok";
    let upstream = Upstream::start_with(|_| answer.to_owned()).await;
    let gate = Gate::start_before(upstream, "", OPEN).await;
    let headers = "Connection: x-hop, te, Upgrade, HTTP2-Settings\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\
        Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTrailer: x-late\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABkAAQAAP__\r\nX-End: kept\r\n";
    let said = gate.ask("GET /items", headers, "").await;
    let heard = gate.upstream.heard_one();
    for message in [&said, &heard] {
        for name in ["x-hop", "te", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate"] {
            assert!(!message.has(name), "{name}: {message:?}");
        }
        for name in ["trailer", "upgrade", "http2-settings", "connection"] {
            assert!(!message.has(name), "{name}: {message:?}");
        }
        assert_eq!(message.header("x-end"), Some("kept"));
    }
    assert_eq!(heard.header("via"), Some("1.1 keyward"));
    assert_eq!(said.body, "ok");
}

#[tokio::test]
async fn the_cookies_of_the_console_go_neither_way() {
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: theme=dark; Path=/\r\nset-cookie: __Host-keyward_session=forged\r\n\
        set-cookie: lang=de\r\ncontent-length: 0\r\n\r\n";
    let upstream = Upstream::start_with(|_| answer.to_owned()).await;
    let gate = Gate::start_before(upstream, "", OPEN).await;
    let cookies =
        "Cookie: a=1; __Host-keyward_session=s3cret; b=2\r\nCookie: keyward_flash=x; __HOST-Keyward=1;c=3\r\n";
    let said = gate.ask("GET /items", cookies, "").await;
    assert_eq!(gate.upstream.heard_one().header("cookie"), Some("a=1; b=2; c=3"));
    let set = said.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
    assert_eq!(set.collect::<Vec<_>>(), ["theme=dark; Path=/", "lang=de"]);
    assert!(!said.headers.iter().any(|(name, _)| name.starts_with("access-control-")));

    gate.ask("GET /items", "Cookie: __Host-keyward_session=s3cret\r\n", "").await;
    assert!(!gate.upstream.heard_one().has("cookie"));
}
