//! When the server behind is not there, is slow, or breaks off.

use super::support::{Gate, OPEN, Upstream};

#[tokio::test]
async fn a_server_that_is_not_there_is_502() {
    let gate = Gate::start(&OPEN.replace("UPSTREAM", "http://127.0.0.1:9")).await;
    let said = gate.ask("GET /", "", "").await;
    assert_eq!(said.status(), 502, "{said:?}");
    assert_eq!(said.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn a_server_that_says_nonsense_or_nothing_is_502() {
    for answer in [
        "nonsense\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ] {
        let gate = Gate::start_before(Upstream::start_by_hand().await, "", OPEN).await;
        let ask = gate.ask("POST /", "content-length: 0\r\n", "");
        let upstream = async {
            let mut peer = gate.upstream.accept().await;
            peer.hear().await;
            peer.send(answer).await;
        };
        let (said, ()) = tokio::join!(ask, upstream);
        assert_eq!(said.status(), 502, "{answer:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_504() {
    let routes = format!("{OPEN}timeout = \"100ms\"\n");
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", &routes).await;
    let (said, mut peer) = tokio::join!(gate.ask("GET /", "", ""), gate.upstream.accept());
    assert_eq!(said.status(), 504, "{said:?}");
    // Nobody waits for its answer any more.
    peer.hear().await;
    peer.ended().await;
}

#[tokio::test]
async fn a_client_that_does_not_send_what_it_announced_is_408() {
    let routes = format!("{OPEN}timeout = \"100ms\"\n");
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", &routes).await;
    let said = gate.ask("POST /", "content-length: 5\r\n", "he").await;
    assert_eq!(said.status(), 408, "{said:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client() {
    for head in ["transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "content-length: 10\r\n\r\nhello"] {
        let gate = Gate::start_before(Upstream::start_by_hand().await, "", OPEN).await;
        let ask = gate.ask("GET /", "", "");
        let upstream = async {
            let mut peer = gate.upstream.accept().await;
            peer.hear().await;
            peer.send(&format!("HTTP/1.1 200 OK\r\n{head}")).await;
        };
        let (said, ()) = tokio::join!(ask, upstream);
        assert_eq!((said.status(), said.whole), (200, false), "{said:?}");
    }
}

#[tokio::test]
async fn an_answer_that_falls_silent_breaks_off() {
    let routes = format!("{OPEN}idle_timeout = \"1s\"\n");
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", &routes).await;
    let ask = gate.ask("GET /", "", "");
    let upstream = async {
        let mut peer = gate.upstream.accept().await;
        peer.hear().await;
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        peer.ended().await;
    };
    let (said, ()) = tokio::join!(ask, upstream);
    assert_eq!((said.body.as_str(), said.whole), ("hello", false), "{said:?}");
}

#[tokio::test]
async fn connections_to_the_server_are_kept() {
    let gate = Gate::start_open().await;
    for _ in 0..5 {
        assert_eq!(gate.ask("GET /", "", "").await.status(), 200);
    }
    assert_eq!((gate.upstream.heard().len(), gate.upstream.opened()), (5, 1));
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_costs_a_request_that_changes_nothing_no_answer() {
    // Each connection answers once, and is closed when it hears the next request.
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", OPEN).await;
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let once = async |gate: &Gate| {
        let mut peer = gate.upstream.accept().await;
        peer.hear().await;
        peer.send(ok).await;
        peer
    };
    let (said, mut kept) = tokio::join!(gate.ask("GET /", "", ""), once(&gate));
    assert_eq!(said.status(), 200);
    let closed = async {
        kept.hear().await;
        drop(kept);
        once(&gate).await
    };
    let (said, mut kept) = tokio::join!(gate.ask("GET /", "", ""), closed);
    assert_eq!(said.status(), 200, "{said:?}");
    // What may have been done is not done twice.
    let closed = async {
        let heard = kept.hear().await;
        drop(kept);
        heard
    };
    let (said, heard) = tokio::join!(gate.ask("POST /", "content-length: 2\r\n", "do"), closed);
    assert_eq!((said.status(), heard.body.as_str()), (502, "do"), "{said:?}");
}

#[tokio::test]
async fn more_requests_than_a_route_may_have_are_503() {
    let routes = format!("{OPEN}connections = 1\n");
    let gate = Gate::start_before(Upstream::start_by_hand().await, "", &routes).await;
    let upstream = async {
        let mut peer = gate.upstream.accept().await;
        peer.hear().await;
        gate.ask("GET /second", "", "").await.problem(503, "unavailable");
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    };
    let (said, ()) = tokio::join!(gate.ask("GET /first", "", ""), upstream);
    assert_eq!(said.status(), 200, "{said:?}");
}
