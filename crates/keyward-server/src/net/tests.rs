//! The server over real sockets. Time-outs are short, and only outcomes are asserted.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;

use super::hosts::{HostPattern, Prefix};
use super::limits::{ConnectionLimits, RequestLimits};
use super::tls::{CertificateSource, Certificates, Reload};
use super::*;

/// Long enough for anything that must happen, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

/// What shows that a connection was cut early is that it was cut at all: the other limits are far away.
fn limits() -> ConnectionLimits {
    ConnectionLimits {
        connections: 100,
        header_timeout: Duration::from_mins(1),
        idle_timeout: Duration::from_mins(1),
        drain: PATIENCE,
    }
}

struct Started {
    address: std::net::SocketAddr,
    running: Running,
}

fn start(limits: ConnectionLimits, tls: Option<Arc<Certificates>>, sites: Sites<Site>) -> Started {
    let settings = Settings { limits, ..Settings::default() };
    let listen = Listen { name: "test".into(), address: ([127, 0, 0, 1], 0).into(), tls, sites };
    let server = Server::bind(settings, vec![listen]).unwrap();
    let address = server.addresses()[0].1;
    Started { address, running: server.start() }
}

fn plain(limits: ConnectionLimits) -> Started {
    start(limits, None, sites(site(router())))
}

fn sites(site: Site) -> Sites<Site> {
    Sites::new(None).mount(HostPattern::Own, Prefix::default(), site)
}

fn site(router: Router) -> Site {
    Site { hot: None, router }
}

/// `/echo` tells what the server made of the request.
fn router() -> Router {
    let echo = |request: AxumRequest| async move {
        let arrival = request.extensions().get::<Arrival>().unwrap().clone();
        format!(
            "{:?} {} host={} https={} tls={} listener={} client={} prefix={}",
            request.version(),
            request.uri(),
            request.headers()["host"].to_str().unwrap(),
            arrival.https,
            arrival.peer.tls,
            arrival.peer.listener,
            arrival.client,
            arrival.prefix,
        )
    };
    Router::new()
        .route("/echo", get(echo))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/never", get(std::future::pending::<String>))
        .route("/panic", get(|| async { assert_eq!(1, 2, "on purpose") }))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

async fn connect(started: &Started) -> TcpStream {
    within(TcpStream::connect(started.address)).await.unwrap()
}

/// All that comes until the server closes.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut all = Vec::new();
    // A cut connection may end with a reset: what counts is that it ended.
    let _end_or_reset = within(stream.read_to_end(&mut all)).await;
    String::from_utf8(all).unwrap()
}

/// One whole answer of a connection that stays open. The bodies here say their length.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = String::new();
    within(async {
        loop {
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap_or("0");
                if body.len() >= length.parse::<usize>().unwrap() {
                    return;
                }
            }
            let mut byte = [0; 1];
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1, "closed after {text:?}");
            text.push(char::from(byte[0]));
        }
    })
    .await;
    text
}

async fn ask(started: &Started, request: &str) -> String {
    let mut stream = connect(started).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

const GET: &str = "GET /echo?q=1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_knows_how_it_arrived() {
    let started = plain(limits());
    let mut stream = connect(&started).await;
    for _ in 0..2 {
        stream.write_all(GET.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        let expected =
            "HTTP/1.1 /echo?q=1 host=localhost:1 https=false tls=false listener=test client=127.0.0.1 prefix=";
        assert!(answer.ends_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let started = plain(limits());
    let requests: String = (0..20)
        .flat_map(|n| ["GET /echo?n=".to_owned(), n.to_string(), " HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()])
        .collect();
    let mut stream = connect(&started).await;
    stream.write_all(requests.as_bytes()).await.unwrap();
    for n in 0..20 {
        let answer = answer(&mut stream).await;
        assert!(answer.contains(&format!("/echo?n={n} ")), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_rest_of_the_next_request() {
    let (slow, entered, may_answer) = slow();
    let started = start(limits(), None, sites(site(router().merge(slow))));
    let mut stream = connect(&started).await;
    stream.write_all(format!("{GET}GET /ec").as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.contains("/echo?q=1 "));
    // Nor for a slow answer to the next, with yet another behind that.
    stream
        .write_all(b"ho HTTP/1.1\r\nHost: localhost\r\n\r\nGET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.contains("/echo "));
    within(entered.notified()).await;
    may_answer.notify_one();
    assert!(answer(&mut stream).await.ends_with("done"));
    assert!(answer(&mut stream).await.contains("/echo?q=1 "));
}

#[tokio::test]
async fn a_streamed_answer_leaves_piece_by_piece() {
    let more = Arc::new(Notify::new());
    let wait = Arc::clone(&more);
    let pieces = futures_util::stream::once(async { "first" }).chain(futures_util::stream::once(async move {
        wait.notified().await;
        "second"
    }));
    let body =
        Arc::new(std::sync::Mutex::new(Some(axum::body::Body::from_stream(pieces.map(Ok::<_, std::io::Error>)))));
    let router = Router::new().route("/stream", get(move || async move { body.lock().unwrap().take().unwrap() }));
    let started = start(limits(), None, sites(site(router)));
    let mut stream = connect(&started).await;
    // A pipelined request behind it changes nothing.
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\nGET /").await.unwrap();
    let mut text = String::new();
    within(async {
        while !text.contains("first") {
            text.push(char::from(stream.read_u8().await.unwrap()));
        }
    })
    .await;
    more.notify_one();
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.contains("second"));
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let size = 5 * 1024 * 1024;
    let big = Router::new().route("/big", get(move || async move { vec![b'x'; size] }));
    let started = start(limits(), None, sites(site(big)));
    let answer = ask(&started, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), size);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let request_limits = RequestLimits { body: 8, ..RequestLimits::default() };
    let started = start(limits(), None, sites(site(limits::apply(router(), request_limits))));
    let mut stream = connect(&started).await;
    stream.write_all(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n").await.unwrap();
    let answer = answer(&mut stream).await;
    assert_eq!(status(&answer), "413", "{answer}");
    // Many clients send all of the body before they read: for these, no write may fail before the answer is read.
    for _ in 0..50 {
        within(stream.write_all(&[b'x'; 10_000])).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    let mut more = Vec::new();
    within(stream.read_to_end(&mut more)).await.unwrap();
    assert!(more.is_empty());
}

#[tokio::test]
async fn a_head_that_trickles_is_cut() {
    let started = plain(ConnectionLimits { header_timeout: Duration::from_millis(100), ..limits() });
    // Once at the start of a connection, once after a request was answered: the idle time-out is far away.
    for first in ["", GET] {
        let mut stream = connect(&started).await;
        stream.write_all(first.as_bytes()).await.unwrap();
        if !first.is_empty() {
            answer(&mut stream).await;
        }
        let mut endless = "GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".bytes().chain(std::iter::repeat(b'a'));
        let (mut read, mut write) = stream.into_split();
        let trickle = async {
            loop {
                if write.write_all(&[endless.next().unwrap()]).await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = trickle => unreachable!(),
            text = rest(&mut read) => assert_eq!(text, ""),
        }
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_preface_is_closed() {
    let started = plain(ConnectionLimits { header_timeout: Duration::from_millis(50), ..limits() });
    for said in ["", "PRI * HT"] {
        let mut stream = connect(&started).await;
        stream.write_all(said.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let may_answer = Arc::new(Notify::new());
    let wait = Arc::clone(&may_answer);
    let slow = Router::new().route("/slow", get(move || async move { wait.notified().await }));
    let limits = ConnectionLimits { idle_timeout: Duration::from_millis(50), ..limits() };
    let started = start(limits, None, sites(site(router().merge(slow))));
    let mut busy = connect(&started).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();

    let mut idle = connect(&started).await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    answer(&mut idle).await;
    assert_eq!(rest(&mut idle).await, "");

    // The other has been at least as long without a byte.
    may_answer.notify_one();
    assert_eq!(status(&answer(&mut busy).await), "200");
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let big = Router::new().route("/big", get(|| async { vec![b'x'; 64 * 1024 * 1024] }));
    let limits = ConnectionLimits { idle_timeout: Duration::from_millis(100), ..limits() };
    let started = start(limits, None, sites(site(big)));
    let mut stream = connect(&started).await;
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    // A little, so that it is being answered; then nothing more, while the rest fits into no buffer of the kernel.
    within(stream.read_exact(&mut [0; 16])).await.unwrap();
    within(started.running.watchmen[0].1.all_gone()).await;
}

#[tokio::test]
async fn one_connection_over_the_cap_is_told_so_and_a_freed_place_is_used() {
    let started = plain(ConnectionLimits { connections: 1, ..limits() });
    let mut first = connect(&started).await;
    first.write_all(GET.as_bytes()).await.unwrap();
    answer(&mut first).await;

    let refused = ask(&started, GET).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("Retry-After: 1"), "{refused}");

    drop(first);
    within(started.running.watchmen[0].1.all_gone()).await;
    assert_eq!(status(&ask(&started, GET).await), "200");
}

#[tokio::test]
async fn the_host_must_be_one_and_known() {
    let started = plain(limits());
    let table = [
        ("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
        ("GET /echo HTTP/1.1\r\n\r\n", "400"),
        ("GET /echo HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
        ("GET /echo HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n", "400"),
        ("GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
        ("GET http://localhost/echo HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        ("GET /echo HTTP/1.0\r\nHost: localhost\r\n\r\n", "200"),
    ];
    for (request, expected) in table {
        let answer = ask(&started, request).await;
        assert_eq!(status(&answer), expected, "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn an_absolute_target_replaces_the_host_and_proves_nothing() {
    let started = plain(limits());
    let answer = ask(&started, "GET https://localhost:7/echo?q HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(answer.contains("/echo?q host=localhost:7 https=false tls=false"), "{answer}");
    let answer = ask(&started, "GET http://evil.example/echo HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(status(&answer), "421", "{answer}");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let started = plain(limits());
    let long = "a".repeat(2 * limits::HEAD_BYTES as usize);
    for request in [
        format!("GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /echo HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(limits::HEADERS + 1)),
    ] {
        let answer = ask(&started, &request).await;
        assert_eq!(status(&answer), "431", "{answer}");
    }
}

#[tokio::test]
async fn a_prefix_is_taken_off_and_other_paths_are_not_found() {
    let sites = Sites::new(None).mount(HostPattern::Own, "/k".parse().unwrap(), site(router()));
    let started = start(limits(), None, sites);
    let answer = ask(&started, "GET /k/echo?q HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.contains("HTTP/1.1 /echo?q ") && answer.ends_with("prefix=/k"), "{answer}");
    assert_eq!(status(&ask(&started, GET).await), "404");
}

#[tokio::test]
async fn hot_endpoints_are_asked_before_the_router() {
    let hot: Hot = Arc::new(|request: Request<Incoming>| match request.uri().path() {
        "/now" => Answer::Now(Response::new("now".into())),
        "/later" => Answer::Later(Box::pin(async move {
            let body = limits::read(request.into_body(), RequestLimits { body: 4, ..RequestLimits::default() }).await;
            match body {
                Ok(bytes) => Response::new(bytes.into()),
                Err(fault) => Response::builder().status(fault.status()).body("".into()).unwrap(),
            }
        })),
        _ => Answer::Pass(request),
    });
    let started = start(limits(), None, sites(Site { hot: Some(hot), router: router() }));
    let table = [
        ("GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n", "200", "now"),
        ("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody", "200", "body"),
        ("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nbody!", "413", ""),
        ("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "200", "prefix="),
        ("GET /now HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421", ""),
    ];
    for (request, expected, end) in table {
        let answer = ask(&started, request).await;
        assert_eq!(status(&answer), expected, "{request:?}: {answer}");
        assert!(answer.ends_with(end), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn requests_keep_within_their_limits() {
    let request_limits = RequestLimits { timeout: Duration::from_millis(50), body: 8 };
    let started = start(limits(), None, sites(site(limits::apply(router(), request_limits))));
    let table = [
        ("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n12345678", "200"),
        ("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123456789", "413"),
        (
            "POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n",
            "413",
        ),
        ("GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n", "500"),
    ];
    for (request, expected) in table {
        let answer = ask(&started, request).await;
        assert_eq!(status(&answer), expected, "{request:?}: {answer}");
    }
    // Neither an answer nor a body that never comes: the connection is kept open for these.
    for request in [
        "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n123",
    ] {
        let mut stream = connect(&started).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert_eq!(status(&answer), "503", "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn http2_with_prior_knowledge_on_the_same_port() {
    tls::install_provider();
    let started = plain(limits());
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/echo?q", started.address);
    for _ in 0..2 {
        let answer = within(client.get(&url).send()).await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        let text = within(answer.text()).await.unwrap();
        assert!(text.starts_with(&format!("HTTP/2.0 /echo?q host={}", started.address)), "{text}");
        assert!(text.contains("https=false tls=false"), "{text}");
    }
    assert_eq!(status(&ask(&started, GET).await), "200");
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let short = Duration::from_millis(50);
    let started = plain(ConnectionLimits { idle_timeout: short, header_timeout: short, ..limits() });
    let mut stream = connect(&started).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut all = Vec::new();
    within(stream.read_to_end(&mut all)).await.unwrap();
    // GOAWAY (8 bytes, type 7) was said before the connection was cut for not going.
    assert!(all.windows(4).any(|w| w == [0, 0, 8, 7]), "{all:?}");
}

struct Pem {
    _folder: tempfile::TempDir,
    certificate: std::path::PathBuf,
    key: std::path::PathBuf,
}

impl Pem {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let pem = Self { _folder: folder, certificate, key };
        pem.renew();
        pem
    }

    /// Writes a new pair, and returns the certificate.
    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&self.certificate, made.cert.pem()).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    fn load(&self) -> Arc<Certificates> {
        let source = CertificateSource::Files { certificate: self.certificate.clone(), key: self.key.clone() };
        Certificates::load("test".into(), source).unwrap()
    }

    fn current(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.certificate).unwrap()
    }
}

/// A client that trusts exactly `root`, and speaks `protocol`.
fn connector(root: CertificateDer<'static>, protocol: &str) -> TlsConnector {
    tls::install_provider();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn handshake(
    started: &Started,
    root: CertificateDer<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let socket = connect(started).await;
    within(connector(root, "http/1.1").connect(ServerName::try_from("localhost").unwrap(), socket)).await
}

#[tokio::test]
async fn tls_is_https_and_a_renewed_certificate_leaves_connections_open() {
    let pem = Pem::new();
    let certificates = pem.load();
    let started = start(limits(), Some(Arc::clone(&certificates)), sites(site(router())));
    let first = pem.current();
    let mut open = handshake(&started, first.clone()).await.unwrap();
    open.write_all(GET.as_bytes()).await.unwrap();
    assert!(answer(&mut open).await.contains("https=true tls=true"));

    let second = pem.renew();
    assert_eq!(certificates.reload().unwrap(), Reload::Replaced);
    assert!(handshake(&started, first).await.is_err(), "the old certificate is not shown to new connections");
    handshake(&started, second.clone()).await.unwrap();
    open.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut open).await), "200", "a connection made before stays open");

    std::fs::write(&pem.key, "broken").unwrap();
    assert!(certificates.reload().is_err());
    handshake(&started, second).await.unwrap();
}

#[tokio::test]
async fn http2_over_tls() {
    let pem = Pem::new();
    let started = start(limits(), Some(pem.load()), sites(site(router())));
    let socket = connect(&started).await;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = within(connector(pem.current(), "h2").connect(name, socket)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    drop(stream);

    tls::install_provider();
    let root = reqwest::Certificate::from_der(&pem.current()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let answer = within(client.get(format!("https://localhost:{}/echo", started.address.port())).send()).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert!(within(answer.text()).await.unwrap().contains("https=true tls=true"));
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_is_cut_and_nonsense_does_not_hurt() {
    let pem = Pem::new();
    let limits = ConnectionLimits { header_timeout: Duration::from_millis(100), ..limits() };
    let started = start(limits, Some(pem.load()), sites(site(router())));
    let mut silent = connect(&started).await;
    assert_eq!(rest(&mut silent).await, "");
    let mut nonsense = connect(&started).await;
    nonsense.write_all(GET.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _end_or_reset = within(nonsense.read_to_end(&mut all)).await;
    assert!(!all.starts_with(b"HTTP"), "plain http is not answered on a TLS port");
}

#[tokio::test]
async fn a_self_signed_certificate_for_development() {
    let certificates = Certificates::load("test".into(), CertificateSource::SelfSigned).unwrap();
    let started = start(limits(), Some(certificates), sites(site(router())));
    tls::install_provider();
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let answer = within(client.get(format!("https://127.0.0.1:{}/echo", started.address.port())).send()).await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}

/// A router whose `/slow` says when it was entered, and answers when it may.
fn slow() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (here, go) = (Arc::clone(&entered), Arc::clone(&may_answer));
    let slow = move || async move {
        here.notify_one();
        go.notified().await;
        "done"
    };
    (Router::new().route("/slow", get(slow)), entered, may_answer)
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_takes_no_more() {
    let (router, entered, may_answer) = slow();
    let started = start(limits(), None, sites(site(router)));
    let address = started.address;
    let mut busy = connect(&started).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    within(entered.notified()).await;
    let mut idle = connect(&started).await;

    let draining = tokio::spawn(started.running.drain());
    // The idle connection is closed as soon as the drain has begun, the listener with it.
    assert_eq!(rest(&mut idle).await, "");
    within(async { while TcpStream::connect(address).await.is_ok() {} }).await;

    may_answer.notify_one();
    let answer = rest(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("done"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(within(draining).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_drain_ends_at_its_deadline() {
    let (router, entered, _never) = slow();
    let started = start(ConnectionLimits { drain: Duration::from_millis(50), ..limits() }, None, sites(site(router)));
    let mut busy = connect(&started).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    within(entered.notified()).await;
    assert_eq!(within(started.running.drain()).await, Drained { cut: 1 });
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_names_it() {
    let started = plain(limits());
    let listen = Listen { name: "second".into(), address: started.address, tls: None, sites: sites(Site::default()) };
    let error = Server::bind(Settings::default(), vec![listen]).err().unwrap().to_string();
    assert!(error.contains("`second`") && error.contains(&started.address.to_string()), "{error}");
}

#[tokio::test]
async fn a_hot_endpoint_that_panics_takes_its_connection_and_nothing_else() {
    let hot: Hot = Arc::new(|request| {
        assert_ne!(request.uri().path(), "/panic", "on purpose");
        Answer::Pass(request)
    });
    let started = start(limits(), None, sites(Site { hot: Some(hot), router: router() }));
    assert_eq!(ask(&started, "GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n").await, "");
    assert_eq!(status(&ask(&started, GET).await), "200");
    within(started.running.watchmen[0].1.all_gone()).await;
}
