//! Bodies that take long, both ways, and connections that become something else.

use super::support::{Gate, OPEN, Peer, Upstream};

async fn by_hand() -> Gate {
    Gate::start_before(Upstream::start_by_hand().await, "", OPEN).await
}

/// A request on a connection that stays.
pub(super) async fn asking(gate: &Gate, key: &str, headers: &str) -> Peer {
    let mut client = gate.connect().await;
    client
        .send(&format!("GET /stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n{headers}\r\n"))
        .await;
    client
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let gate = by_hand().await;
    let mut client = asking(&gate, &gate.key, "").await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    upstream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
    assert_eq!(client.hear_head().await.unwrap().status(), 200);
    for word in ["one", "two", "three"] {
        upstream.send(&format!("{:x}\r\n{word}\r\n", word.len())).await;
        assert_eq!(client.chunk().await.as_deref(), Some(word));
    }
    upstream.send("0\r\nx-late: 1\r\n\r\n").await;
    assert_eq!(client.line().await.as_deref(), Some("0"));
    assert_eq!(client.line().await.as_deref(), Some(""));
}

#[tokio::test]
async fn a_body_goes_on_piece_by_piece_and_as_fast_as_it_is_read() {
    let gate = by_hand().await;
    let mut client = gate.connect().await;
    let key = &gate.key;
    client
        .send(&format!(
            "POST /up HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\ntransfer-encoding: chunked\r\n\r\n"
        ))
        .await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear_head().await.unwrap();
    for word in ["one", "two", "three"] {
        client.send(&format!("{:x}\r\n{word}\r\n", word.len())).await;
        assert_eq!(upstream.chunk().await.as_deref(), Some(word));
    }
    // Nobody reads, so that the client cannot get rid of more than the buffers on the way hold.
    let flood = "x".repeat(1024 * 1024);
    let chunk = format!("{:x}\r\n{flood}\r\n", flood.len());
    let mut sent = 0;
    let stuck = async {
        loop {
            client.send(&chunk).await;
            sent += 1;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(1), stuck).await.is_err());
    assert!(sent < 64, "{sent} MiB went into nowhere");
}

#[tokio::test]
async fn a_client_that_goes_takes_its_request_with_it() {
    let gate = by_hand().await;
    // While the answer is waited for, and while it comes.
    for answer in ["", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let client = asking(&gate, &gate.key, "").await;
        let mut upstream = gate.upstream.accept().await;
        upstream.hear().await;
        upstream.send(answer).await;
        drop(client);
        upstream.ended().await;
    }
    // Over HTTP/2 the client says so.
    let http = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let request = http.get(format!("http://{}/", gate.address)).bearer_auth(&gate.key).send();
    let mut upstream = tokio::select! {
        _ = request => panic!("nobody answered"),
        mut upstream = gate.upstream.accept() => {
            upstream.hear().await;
            upstream
        }
    };
    upstream.ended().await;
}

pub(super) const WEBSOCKET: &str =
    "connection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n";
pub(super) const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: eQ==\r\n\r\n";

#[tokio::test]
async fn a_connection_becomes_a_websocket() {
    let gate = by_hand().await;
    let mut client = asking(&gate, &gate.key, WEBSOCKET).await;
    let mut upstream = gate.upstream.accept().await;
    let heard = upstream.hear().await;
    assert_eq!((heard.header("connection"), heard.header("upgrade")), (Some("upgrade"), Some("websocket")));
    assert_eq!(heard.header("sec-websocket-key"), Some("eA=="));
    assert!(!heard.has("authorization") && heard.has("x-keyward-credential"), "{heard:?}");
    // What comes with the head is not lost.
    upstream.send(&format!("{SWITCHED}early\n")).await;
    let said = client.hear_head().await.unwrap();
    assert_eq!(said.first, "HTTP/1.1 101 Switching Protocols");
    assert_eq!((said.header("connection"), said.header("upgrade")), (Some("upgrade"), Some("websocket")));
    assert_eq!(said.header("sec-websocket-accept"), Some("eQ=="));
    assert_eq!(client.line().await.as_deref(), Some("early"));
    for number in 0..3 {
        client.send(&format!("ping {number}\n")).await;
        assert_eq!(upstream.line().await, Some(format!("ping {number}")));
        upstream.send(&format!("pong {number}\n")).await;
        assert_eq!(client.line().await, Some(format!("pong {number}")));
    }
    let megabyte = "x".repeat(1024 * 1024);
    let (sent, heard) = tokio::join!(async { client.send(&format!("{megabyte}\n")).await }, upstream.line(),);
    let () = sent;
    assert_eq!(heard.map(|line| line.len()), Some(megabyte.len()));
    drop(upstream);
    client.ended().await;
}

#[tokio::test]
async fn nothing_but_a_websocket_becomes_of_a_connection() {
    let gate = by_hand().await;
    let other = WEBSOCKET.replace("websocket\r", "h2c\r");
    let refused = gate.ask_without_key("GET /", WEBSOCKET, "");
    assert_eq!(refused.await.status(), 401);
    let (said, ()) = tokio::join!(gate.ask("GET /", &other, ""), async {
        let mut upstream = gate.upstream.accept().await;
        let heard = upstream.hear().await;
        assert!(!heard.has("upgrade") && !heard.has("connection"), "{heard:?}");
        upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    });
    assert_eq!(said.status(), 200);
    // A server that does not want to.
    let (said, ()) = tokio::join!(gate.ask("GET /", WEBSOCKET, ""), async {
        let mut upstream = gate.upstream.accept().await;
        upstream.hear().await;
        upstream.send("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n").await;
    });
    assert_eq!(said.status(), 426);
}

#[tokio::test]
async fn a_node_that_stops_cuts_what_does_not_end() {
    let gate = Gate::start_before(Upstream::start_by_hand().await, "[limits]\ndrain = \"100ms\"\n", OPEN).await;
    let mut client = asking(&gate, &gate.key, WEBSOCKET).await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    upstream.send(SWITCHED).await;
    client.hear_head().await.unwrap();
    let Gate { server, .. } = gate;
    server.stop().await;
    client.ended().await;
    upstream.ended().await;
}

#[tokio::test]
async fn requests_that_follow_at_once_are_answered_in_their_order() {
    let gate = by_hand().await;
    let mut client = gate.connect().await;
    let head =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\r\n", gate.key);
    // The second one comes while the first is waited for: first its beginning, then the rest.
    let second = head("/second");
    client.send(&head("/first")).await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    client.send(&second[..9]).await;
    upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none").await;
    assert_eq!(client.hear().await.body, "one");
    client.send(&second[9..]).await;
    assert_eq!(upstream.hear().await.target(), "/second");
    upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntwo").await;
    assert_eq!(client.hear().await.body, "two");

    client.send(&format!("{}{}", head("/third"), head("/fourth"))).await;
    for path in ["/third", "/fourth"] {
        assert_eq!(upstream.hear().await.target(), path);
        upstream.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len())).await;
        assert_eq!(client.hear().await.body, path);
    }
}

#[tokio::test]
async fn answers_without_a_body_say_what_they_said() {
    let gate = by_hand().await;
    for (method, answer) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\nx-a: b\r\n"),
    ] {
        let mut client = gate.connect().await;
        let key = &gate.key;
        client.send(&format!("{method} / HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n")).await;
        let mut upstream = gate.upstream.accept().await;
        upstream.hear().await;
        upstream.send(&format!("{answer}connection: close\r\n\r\n")).await;
        drop(upstream);
        let said = client.hear_head().await.unwrap();
        for line in answer.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap();
            assert_eq!(said.header(name), Some(value), "{said:?}");
        }
        assert!(said.header("transfer-encoding").is_none(), "{said:?}");
    }
}

#[tokio::test]
async fn the_limits_of_other_requests_do_not_hold() {
    let more = "[limits]\nrequest_timeout = \"100ms\"\nbody = \"1KiB\"\n";
    let gate = Gate::start_before(Upstream::start_by_hand().await, more, OPEN).await;
    let large = "x".repeat(64 * 1024);
    let length = format!("content-length: {}\r\n", large.len());
    let ask = gate.ask("POST /", &length, &large);
    let upstream = async {
        let mut upstream = gate.upstream.accept().await;
        assert_eq!(upstream.hear().await.body.len(), large.len());
        // Longer than other requests may take.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    };
    let (said, ()) = tokio::join!(ask, upstream);
    assert_eq!((said.status(), said.body.as_str()), (200, "ok"), "{said:?}");
}

#[tokio::test]
async fn a_websocket_that_falls_silent_is_closed() {
    let routes = format!("{OPEN}idle_timeout = \"1s\"\n");
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", &routes).await;
    let mut client = asking(&gate, &gate.key, WEBSOCKET).await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    upstream.send(SWITCHED).await;
    client.hear_head().await.unwrap();
    client.ended().await;
    upstream.ended().await;
}
