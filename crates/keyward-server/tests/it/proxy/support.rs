//! A node with a listener for proxied routes, the server behind them, and clients that speak bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::harness::{Admin, TestServer};

/// A node with routes, a key, and the server behind them.
pub(crate) struct Gate {
    pub(crate) server: TestServer,
    pub(crate) admin: Admin,
    pub(crate) upstream: Upstream,
    pub(crate) address: SocketAddr,
    /// A key of an organization's API user with the role Viewer, and its id.
    pub(crate) key: String,
    pub(crate) credential: String,
}

impl Gate {
    /// A node whose routes are `routes`; `UPSTREAM` in it becomes the server's URL.
    pub(crate) async fn start(routes: &str) -> Self {
        Self::start_before(Upstream::start().await, "", routes).await
    }

    /// A route for everything that needs `items:read`.
    pub(crate) async fn start_open() -> Self {
        Self::start(OPEN).await
    }

    /// A node with more configuration, before a server that is there.
    pub(crate) async fn start_before(upstream: Upstream, more: &str, routes: &str) -> Self {
        Self::start_as(&["keyward"], upstream, more, routes).await
    }

    /// The same, for an organization on these profiles.
    pub(crate) async fn start_as(profiles: &[&str], upstream: Upstream, more: &str, routes: &str) -> Self {
        let routes = routes.replace("UPSTREAM", &format!("http://{}", upstream.address));
        let configured = format!("{more}\n{LISTENER}\n{routes}");
        let server = TestServer::start_with(&configured).await;
        let addresses = &server.serving.as_ref().unwrap().addresses;
        let of = |name: &str| addresses.iter().find(|(listener, _)| &**listener == name).unwrap().1;
        let (api, management) = (of("api"), of("management"));
        let server = TestServer { url: format!("http://{management}"), ..server };
        let admin = server.set_up(profiles).await;
        let (credential, key) = server.credential(&admin.caller, viewer("key")).await;
        Self { server, admin, upstream, address: api, key, credential }
    }

    /// Another key of the same rights.
    pub(crate) async fn another_key(&self, name: &str) -> (String, String) {
        self.server.credential(&self.admin.caller, viewer(name)).await
    }

    /// A connection to the node.
    pub(crate) async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    /// One request on a connection of its own, with the key: the request line, further headers (each with its end), and
    /// the body.
    pub(crate) async fn ask(&self, line: &str, headers: &str, body: &str) -> Said {
        let mut peer = self.connect().await;
        let key = &self.key;
        let head = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n{headers}\r\n");
        peer.send(&format!("{head}{body}")).await;
        peer.hear().await
    }

    /// The same, without the key.
    pub(crate) async fn ask_without_key(&self, line: &str, headers: &str, body: &str) -> Said {
        let mut peer = self.connect().await;
        peer.send(&format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n{body}")).await;
        peer.hear().await
    }

    pub(crate) async fn revoke(&self, credential: &str) {
        let path = format!("/v1/credentials/{credential}/revoke");
        self.server.post(&self.admin.caller, &path, json!({})).await.expect(200);
    }
}

fn viewer(name: &str) -> Value {
    json!({ "kind": "keyward/api", "name": name, "roles": [{ "role": "Viewer" }] })
}

/// A listener of its own for the proxy.
pub(crate) const LISTENER: &str = "[[surface]]\nname = \"proxy\"\nlistener = \"api\"\n\
    [[surface]]\nname = \"native\"\nlistener = \"management\"\n\
    [[listener]]\nname = \"api\"\naddress = \"127.0.0.1:0\"\n";

pub(crate) const OPEN: &str = "[[route]]\npath = \"/*\"\nupstream = \"UPSTREAM\"\npermission = \"items:read\"\n";

/// The server behind the routes: it keeps what it hears and says what it is told to.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: tokio::sync::Mutex<mpsc::UnboundedReceiver<Peer>>,
    listening: tokio::task::JoinHandle<()>,
    heard: Arc<Mutex<Vec<Said>>>,
    opened: Arc<Mutex<usize>>,
}

impl Upstream {
    /// Answers every request with 200 and `reached`.
    pub(crate) async fn start() -> Self {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nreached";
        Self::start_with(move |_| answer.to_owned()).await
    }

    /// Answers every request with what is said to it, on connections that are kept.
    pub(crate) async fn start_with(answer: impl Fn(&Said) -> String + Clone + Send + 'static) -> Self {
        let upstream = Self::start_by_hand().await;
        let (heard, opened) = (Arc::clone(&upstream.heard), Arc::clone(&upstream.opened));
        let (_, nothing) = mpsc::unbounded_channel();
        let mut taken = std::mem::replace(&mut *upstream.connections.try_lock().unwrap(), nothing);
        tokio::spawn(async move {
            while let Some(mut peer) = taken.recv().await {
                let (heard, answer) = (Arc::clone(&heard), answer.clone());
                *opened.lock().unwrap() += 1;
                tokio::spawn(async move {
                    while let Some(said) = peer.try_hear().await {
                        let answer = answer(&said);
                        heard.lock().unwrap().push(said);
                        peer.send(&answer).await;
                    }
                });
            }
        });
        upstream
    }

    /// Answers nothing by itself: [`Upstream::accept`] gives its connections.
    pub(crate) async fn start_by_hand() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, connections) = mpsc::unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if sender.send(Peer::new(stream)).is_err() {
                    return;
                }
            }
        });
        let connections = tokio::sync::Mutex::new(connections);
        Self { address, connections, listening, heard: Arc::default(), opened: Arc::default() }
    }

    /// Nobody listens any more.
    pub(crate) async fn leave(&mut self) {
        self.listening.abort();
        let _aborted = (&mut self.listening).await;
    }

    /// The next connection that the node makes.
    pub(crate) async fn accept(&self) -> Peer {
        self.connections.lock().await.recv().await.unwrap()
    }

    /// What reached it since this was asked last.
    pub(crate) fn heard(&self) -> Vec<Said> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// The only request that reached it since this was asked last.
    #[track_caller]
    pub(crate) fn heard_one(&self) -> Said {
        let mut heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }

    /// How many connections were made.
    pub(crate) fn opened(&self) -> usize {
        *self.opened.lock().unwrap()
    }
}

/// One end of a connection in HTTP/1.
pub(crate) struct Peer {
    pub(crate) stream: BufReader<TcpStream>,
}

/// A message: the first line, headers by lower-case name, and the body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Whether the body ended as it should.
    pub(crate) whole: bool,
}

impl Said {
    /// The status of an answer.
    #[track_caller]
    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{self:?}"))
    }

    /// The target of a request.
    pub(crate) fn target(&self) -> &str {
        self.first.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        assert!(values.next().is_none(), "`{name}` is there twice: {self:?}");
        first
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// The code of a problem in Keyward's own words.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["code"], code, "{self:?}");
    }
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // Who is cut off in the middle has said enough.
        let _ = self.stream.get_mut().write_all(text.as_bytes()).await;
    }

    /// The next message, whole.
    pub(crate) async fn hear(&mut self) -> Said {
        self.try_hear().await.unwrap()
    }

    /// The next message, if the connection has one more.
    pub(crate) async fn try_hear(&mut self) -> Option<Said> {
        let mut said = self.hear_head().await?;
        self.hear_body(&mut said).await;
        Some(said)
    }

    /// The head of the next message.
    pub(crate) async fn hear_head(&mut self) -> Option<Said> {
        let mut said = Said { first: self.line().await?, ..Said::default() };
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            said.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if said.first.starts_with("HTTP/1.1 1") && !said.first.starts_with("HTTP/1.1 101") {
            return Box::pin(self.hear_head()).await;
        }
        Some(said)
    }

    /// The rest of a message.
    pub(crate) async fn hear_body(&mut self, said: &mut Said) {
        let no_body =
            ["HTTP/1.1 204", "HTTP/1.1 304", "HTTP/1.1 101"].iter().any(|first| said.first.starts_with(first));
        if no_body {
            said.whole = true;
        } else if said.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            said.whole = loop {
                match self.chunk().await {
                    Some(chunk) if chunk.is_empty() => break true,
                    Some(chunk) => said.body += &chunk,
                    None => break false,
                }
            };
        } else if let Some(length) = said.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            let mut filled = 0;
            while filled < body.len() {
                match self.stream.read(&mut body[filled..]).await {
                    Ok(read) if read > 0 => filled += read,
                    _ => break,
                }
            }
            said.whole = filled == body.len();
            body.truncate(filled);
            said.body = String::from_utf8(body).unwrap();
        } else if said.first.starts_with("HTTP/") {
            let mut body = Vec::new();
            said.whole = self.stream.read_to_end(&mut body).await.is_ok();
            said.body = String::from_utf8(body).unwrap();
        } else {
            said.whole = true;
        }
    }

    /// The next chunk of a body: empty at its end, none when the connection broke. Trailers are kept as a chunk.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
        let mut data = vec![0; size + 2];
        self.stream.read_exact(&mut data).await.ok()?;
        data.truncate(size);
        Some(String::from_utf8(data).unwrap())
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(read) if read > 0 => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
            _ => None,
        }
    }

    /// Waits until the other side has closed, or broken off.
    pub(crate) async fn ended(&mut self) {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }
}
