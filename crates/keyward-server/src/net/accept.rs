//! Listening sockets and the loops that accept from them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connection::{self, End};
use super::forwarded::Trust;
use super::hosts::Sites;
use super::limits::ConnectionLimits;
use super::request::Peer;
use super::serve::{Answered, Listening, Site};
use super::tls::Certificates;
use super::watch::{Order, Watchmen};
use crate::telemetry::metrics::{CONNECTIONS, CONNECTIONS_ACCEPTED, CONNECTIONS_CUT};

/// What all listeners have in common.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What connections may take.
    pub limits: ConnectionLimits,
    /// Whose word about a client is taken.
    pub trust: Trust,
}

/// One listener.
pub struct Listen {
    /// Its name, as `[[listener]]` has it.
    pub name: Arc<str>,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Its certificate, if it does TLS.
    pub tls: Option<Arc<Certificates>>,
    /// What answers there.
    pub sites: Sites<Site>,
}

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("listener `{listener}` cannot listen on `{address}`: choose another address, or end what uses this one")]
pub struct BindError {
    listener: Arc<str>,
    address: SocketAddr,
    source: io::Error,
}

/// Listeners that are open and do not yet accept: what connects waits in the kernel's queue.
pub struct Server {
    settings: Settings,
    bound: Vec<(TcpListener, SocketAddr, Listen)>,
}

/// Connections that may wait in the kernel until they are accepted.
const BACKLOG: u32 = 1024;

impl Server {
    /// Opens all listeners, or none.
    pub fn bind(settings: Settings, listeners: Vec<Listen>) -> Result<Self, BindError> {
        let bind = |listen: Listen| {
            let (socket, address) = open(listen.address).map_err(|source| BindError {
                listener: Arc::clone(&listen.name),
                address: listen.address,
                source,
            })?;
            Ok((socket, address, listen))
        };
        Ok(Self { settings, bound: listeners.into_iter().map(bind).collect::<Result<_, _>>()? })
    }

    /// Where each listener listens, by name.
    pub fn addresses(&self) -> Vec<(Arc<str>, SocketAddr)> {
        self.bound.iter().map(|(_, address, listen)| (Arc::clone(&listen.name), *address)).collect()
    }

    /// Begins to accept, on the current runtime.
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let mut loops = JoinSet::new();
        let mut watchmen = Vec::new();
        for (socket, _, listen) in self.bound {
            let listener = Listener::new(&self.settings, listen);
            watchmen.push((Arc::clone(&listener.listening.name), Arc::clone(&listener.watchmen)));
            loops.spawn(Arc::new(listener).accept(socket, stopped.clone()));
        }
        Running { stop, loops, watchmen, drain: self.settings.limits.drain }
    }
}

/// A server that accepts. Dropping it closes everything at once.
pub struct Running {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
    pub(super) watchmen: Vec<(Arc<str>, Arc<Watchmen>)>,
    drain: Duration,
}

/// How a drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy at the deadline, and were cut.
    pub cut: usize,
}

impl Running {
    /// Stops: listens no more, lets what is in flight finish until the deadline, cuts the rest.
    pub async fn drain(mut self) -> Drained {
        let _nobody_left = self.stop.send(true);
        for (_, watchmen) in &self.watchmen {
            watchmen.order_all(Order::Finish);
        }
        let all_gone = async {
            for (_, watchmen) in &self.watchmen {
                watchmen.all_gone().await;
            }
        };
        let mut cut = 0;
        if timeout(self.drain, all_gone).await.is_err() {
            for (listener, watchmen) in &self.watchmen {
                let busy = watchmen.open();
                CONNECTIONS_CUT.counter(&[listener, "drain"]).increment(busy as u64);
                cut += busy;
                watchmen.order_all(Order::Cut);
            }
        }
        self.loops.shutdown().await;
        Drained { cut }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for (_, watchmen) in &self.watchmen {
            watchmen.order_all(Order::Cut);
        }
    }
}

fn open(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Without it a restart would wait for the last connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

struct Listener {
    listening: Arc<Listening>,
    limits: ConnectionLimits,
    tls: Option<Arc<Certificates>>,
    watchmen: Arc<Watchmen>,
    /// Places for connections that are being told that there is no place.
    refusals: Arc<Semaphore>,
}

/// Refusals that are spoken at once; beyond, a connection over the cap is closed without a word.
const REFUSALS: usize = 64;

impl Listener {
    fn new(settings: &Settings, listen: Listen) -> Self {
        let answered = Answered::new(&listen.name);
        let Listen { name, tls, sites, address: _ } = listen;
        Self {
            listening: Arc::new(Listening { name, trust: settings.trust.clone(), sites, answered }),
            watchmen: Watchmen::new(&settings.limits),
            limits: settings.limits.clone(),
            tls,
            refusals: Arc::new(Semaphore::new(REFUSALS)),
        }
    }

    /// Accepts until told to stop. No error of one connection and no lack of a resource ends this loop.
    async fn accept(self: Arc<Self>, socket: TcpListener, mut stopped: watch::Receiver<bool>) {
        let listener = Arc::clone(&self);
        // Ends with this future; connections do not: they finish while the node drains.
        let mut sweep = JoinSet::new();
        sweep.spawn(async move {
            let name = &*listener.listening.name;
            let gauge = CONNECTIONS.gauge(&[name]);
            let cut = |reason| CONNECTIONS_CUT.counter(&[name, reason]).increment(1);
            #[expect(clippy::cast_precision_loss, reason = "a node has far fewer than 2^52 connections")]
            let open = |connections: usize| gauge.set(connections as f64);
            listener.watchmen.sweep(open, |why| why.label().into_iter().for_each(cut)).await;
        });
        let accepted = CONNECTIONS_ACCEPTED.counter(&[&self.listening.name]);
        let mut lacking = Lacking::default();
        loop {
            let outcome = tokio::select! {
                outcome = socket.accept() => outcome,
                _ = stopped.wait_for(|stop| *stop) => break,
            };
            match outcome {
                Ok((stream, address)) => {
                    lacking = Lacking::default();
                    accepted.increment(1);
                    self.serve(stream, address);
                }
                Err(error) => {
                    if let Some(pause) = lacking.pause(&error) {
                        let listener = &*self.listening.name;
                        tracing::error!(listener, %error, "no connection can be accepted: raise the limit of open files");
                        CONNECTIONS_CUT.counter(&[listener, "accept"]).increment(1);
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
        drop(socket);
        self.watchmen.all_gone().await;
    }

    fn serve(self: &Arc<Self>, socket: TcpStream, address: SocketAddr) {
        // A delayed answer of a few bytes is the worst that can happen to a gateway. Failing is harmless.
        let _best_effort = socket.set_nodelay(true);
        let Some(guarded) = self.watchmen.admit(self.limits.connections) else {
            CONNECTIONS_CUT.counter(&[&self.listening.name, "limit"]).increment(1);
            return self.refuse(socket);
        };
        let peer = Peer { address, tls: self.tls.is_some(), listener: Arc::clone(&self.listening.name) };
        let (listening, tls, head) = (Arc::clone(&self.listening), self.tls.clone(), self.limits.header_timeout);
        tokio::spawn(async move {
            let name = Arc::clone(&listening.name);
            let end = connection::run(socket, peer, tls, head, listening, guarded).await;
            match end {
                End::Closed => {}
                End::Tls => CONNECTIONS_CUT.counter(&[&name, "tls"]).increment(1),
                End::Silent => CONNECTIONS_CUT.counter(&[&name, "slow_head"]).increment(1),
            }
        });
    }

    /// Says 503 to a connection over the cap. Over TLS it would cost a handshake to say anything, so it is just closed.
    fn refuse(&self, mut socket: TcpStream) {
        if self.tls.is_some() {
            return;
        }
        let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _place = place;
            // Closing while the request lies unread would reset the connection and lose the answer.
            let spoken = async {
                socket.write_all(FULL).await?;
                socket.shutdown().await?;
                let mut unread = [0; 1024];
                for _ in 0..64 {
                    if socket.read(&mut unread).await? == 0 {
                        break;
                    }
                }
                io::Result::Ok(())
            };
            let _gone_either_way = timeout(Duration::from_secs(1), spoken).await;
        });
    }
}

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\nRetry-After: 1\r\nConnection: close\r\n\r\n\
    too many connections\n";

/// How long accepting has failed for want of a resource.
#[derive(Default)]
struct Lacking {
    times: u32,
}

impl Lacking {
    /// How long to wait before the next try, or `None` when the error was of one connection only.
    ///
    /// For want of file descriptors or memory `accept` fails at once and again: without a pause the loop would spin.
    fn pause(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
            return None;
        }
        let pause = Duration::from_millis(10 << self.times.min(6));
        self.times = self.times.saturating_add(1);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_a_resource_is_waited_for_longer_and_longer_and_an_aborted_connection_is_not() {
        // EMFILE, ENFILE, ENOBUFS, ENOMEM on Linux.
        for code in [24, 23, 105, 12] {
            let error = io::Error::from_raw_os_error(code);
            let mut lacking = Lacking::default();
            let pauses: Vec<_> = (0..100).filter_map(|_| lacking.pause(&error)).collect();
            assert_eq!(pauses.len(), 100, "{error}");
            assert!(pauses.iter().all(|p| *p >= Duration::from_millis(10) && *p <= Duration::from_secs(1)), "{error}");
            assert!(pauses.is_sorted(), "{error}");
        }
        let aborted = io::Error::from(io::ErrorKind::ConnectionAborted);
        assert_eq!(Lacking::default().pause(&aborted), None);
    }

    #[test]
    fn the_refusal_says_its_own_length() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{text}");
    }
}
