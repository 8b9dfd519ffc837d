//! Where a body ends, said to the server behind in one way, or not at all.

use super::support::{Gate, OPEN, Said, Upstream};

/// Answers with what it heard.
async fn echo() -> Gate {
    let upstream = Upstream::start_with(|said: &Said| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", said.body.len(), said.body)
    });
    Gate::start_before(upstream.await, "", OPEN).await
}

/// What the server behind heard, and that it is one unambiguous message.
#[track_caller]
fn framed(heard: &Said) -> (&str, Option<&str>) {
    let (length, coding) = (heard.header("content-length"), heard.header("transfer-encoding"));
    assert!(length.is_none() || coding.is_none(), "{heard:?}");
    (heard.body.as_str(), length.or(coding))
}

#[tokio::test]
async fn bodies_go_on_as_they_came() {
    let gate = echo().await;
    let chunked = "transfer-encoding: chunked\r\n";
    let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let table: &[(&str, &str, &str, &str, Option<&str>)] = &[
        ("POST /", "content-length: 5\r\n", "hello", "hello", Some("5")),
        ("POST /", "content-length: 0\r\n", "", "", Some("0")),
        ("POST /", "", "", "", Some("0")),
        ("POST /", chunked, chunks, "hello world", Some("chunked")),
        ("DELETE /", "content-length: 5\r\n", "hello", "hello", Some("5")),
        // A body where few expect one.
        ("GET /", "content-length: 5\r\n", "hello", "hello", Some("5")),
        ("GET /", chunked, chunks, "hello world", Some("chunked")),
        ("GET /", "content-length: 0\r\n", "", "", None),
        ("GET /", "", "", "", None),
        ("OWN /", "", "", "", None),
        ("OWN /", chunked, chunks, "hello world", Some("chunked")),
        // Trailers stay behind.
        ("POST /", chunked, "5\r\nhello\r\n0\r\nx-late: 1\r\nx-keyward-owner: eve\r\n\r\n", "hello", Some("chunked")),
    ];
    for (line, headers, sent, body, framing) in table {
        let said = gate.ask(line, headers, sent).await;
        assert_eq!((said.status(), said.body.as_str()), (200, *body), "{line} {headers:?}");
        let heard = gate.upstream.heard_one();
        assert_eq!(framed(&heard), (*body, *framing), "{line} {headers:?} {heard:?}");
        assert!(!heard.has("x-late") && heard.header("x-keyward-owner") == Some(""), "{heard:?}");
    }
}

#[tokio::test]
async fn what_says_its_length_in_two_ways_is_refused_or_said_in_one() {
    let gate = echo().await;
    // The chunks count, and a second request cannot hide behind the length.
    let hidden = "0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: x\r\n\r\n";
    let headers = format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", hidden.len());
    let said = gate.ask("POST /", &headers, hidden).await;
    if said.status() == 200 {
        let heard = gate.upstream.heard_one();
        assert_eq!(framed(&heard), ("", Some("chunked")), "{heard:?}");
    }
    gate.upstream.heard();
    let refused = [
        ("content-length: 5\r\ncontent-length: 6\r\n", "hello!"),
        ("content-length: 5, 6\r\n", "hello!"),
        ("content-length: +5\r\n", "hello"),
        ("content-length: -1\r\n", "hello"),
        ("content-length: 5\r\ntransfer-encoding: identity\r\n", "hello"),
        ("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
        ("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("transfer-encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"),
        ("x-folded: a\r\n b\r\n", ""),
        ("transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ("x-space : a\r\n", ""),
        ("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
        ("x-null: a\0b\r\n", ""),
        ("x-return: a\rb: c\r\n", ""),
    ];
    for (headers, body) in refused {
        let mut peer = gate.connect().await;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", gate.key);
        peer.send(&format!("{head}host-is: here\r\n{headers}\r\n{body}")).await;
        let status = peer.try_hear().await.map(|said| said.status());
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{headers:?}: {status:?}");
        assert!(gate.upstream.heard().is_empty(), "{headers:?}");
    }
}

#[tokio::test]
async fn older_and_absolute_requests_are_understood() {
    let gate = echo().await;
    let mut peer = gate.connect().await;
    let key = &gate.key;
    peer.send(&format!(
        "POST /a HTTP/1.0\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\ncontent-length: 2\r\n\r\nhi"
    ))
    .await;
    assert_eq!(peer.hear().await.body, "hi");
    let heard = gate.upstream.heard_one();
    assert_eq!((heard.first.as_str(), framed(&heard)), ("POST /a HTTP/1.1", ("hi", Some("2"))));

    // The target's authority counts, and is never dialled.
    let mut peer = gate.connect().await;
    let target = "http://127.0.0.1:1/b?c";
    peer.send(&format!("GET {target} HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer {key}\r\n\r\n")).await;
    assert_eq!(peer.hear().await.status(), 200);
    let heard = gate.upstream.heard_one();
    assert_eq!(heard.first, "GET /b?c HTTP/1.1");
    assert_eq!(heard.header("host"), Some(&*gate.upstream.address.to_string()));
    assert_eq!(heard.header("x-forwarded-host"), Some("127.0.0.1:1"));
}

#[tokio::test]
async fn http_2_becomes_http_1() {
    let gate = echo().await;
    let http = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/a?b", gate.address);
    let (first, second) = (("cookie", "a=1"), ("cookie", "__Host-keyward=2; b=3"));
    let request =
        http.post(&url).bearer_auth(&gate.key).header(first.0, first.1).header(second.0, second.1).body("hello");
    let answer = request.send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    assert_eq!(answer.text().await.unwrap(), "hello");
    let heard = gate.upstream.heard_one();
    assert_eq!(heard.first, "POST /a?b HTTP/1.1");
    assert_eq!(framed(&heard), ("hello", Some("5")));
    assert_eq!(heard.header("host"), Some(&*gate.upstream.address.to_string()));
    assert_eq!(heard.header("x-forwarded-host"), Some(&*gate.address.to_string()));
    assert_eq!(heard.header("cookie"), Some("a=1; b=3"));
    assert!(heard.headers.iter().all(|(name, _)| !name.starts_with(':')), "{heard:?}");

    // Headers of a connection are no part of HTTP/2.
    let bad = http.get(&url).bearer_auth(&gate.key).header("connection", "x-keyward-owner").send().await;
    assert!(bad.is_err() || bad.unwrap().status().as_u16() == 400 || gate.upstream.heard_one().has("x-keyward-owner"));
}

#[tokio::test]
async fn a_body_is_asked_for_when_it_is_wanted() {
    let gate = echo().await;
    let mut peer = gate.connect().await;
    let head = |key: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"
        )
    };
    peer.send(&head(&gate.key).replace("host: x", "host: 127.0.0.1")).await;
    assert_eq!(peer.line().await.as_deref(), Some("HTTP/1.1 100 Continue"));
    assert_eq!(peer.line().await.as_deref(), Some(""));
    peer.send("hello").await;
    assert_eq!(peer.hear().await.body, "hello");
    assert!(!gate.upstream.heard_one().has("expect"));

    let mut peer = gate.connect().await;
    peer.send(&head("nonsense").replace("host: x", "host: 127.0.0.1")).await;
    assert_eq!(peer.line().await.as_deref(), Some("HTTP/1.1 401 Unauthorized"));
}
