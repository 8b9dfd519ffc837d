//! A service behind the proxy, which remembers what reached it.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::http::{Message, header};

/// The service. It listens until the tests end.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

/// A request that reached the service.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    /// The query, without the question mark; empty if there is none.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    answer: Mutex<(u16, Value)>,
}

impl Upstream {
    /// A service that answers 200 and `{"reached": true}`.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Mutex::new((200, json!({ "reached": true })));
        let shared = Arc::new(Shared { received: Mutex::default(), answer });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Self { address, shared }
    }

    /// Its URL, for `upstream` of a route.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers this.
    pub(crate) fn answers(&self, status: u16, body: Value) {
        *self.shared.answer.lock().unwrap() = (status, body);
    }

    /// What reached it since this was asked last.
    pub(crate) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }
}

impl Received {
    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Answers one request after the other, until the connection is closed.
fn serve(shared: &Shared, stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(Message { first, headers, body }) = Message::read(&mut reader, false) {
        let (method, target) = first.split_once(' ').unwrap();
        let target = target.rsplit_once(' ').unwrap().0;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        shared.received.lock().unwrap().push(Received { method, path, query, headers, body });
        let (status, body) = shared.answer.lock().unwrap().clone();
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}
