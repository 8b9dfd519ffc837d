//! One connection, from the accepted socket to its end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::io::{Protocol, ReadAhead, Stream, Watched, Wire, detect};
use super::limits::{HEAD_BYTES, HEADERS, STREAMS};
use super::line::Line;
use super::request::Peer;
use super::serve::{Listening, Serving};
use super::tls::Certificates;
use super::watch::{Guarded, Order, Watch};

/// How a connection ended, where a metric cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Served, or told to leave by the watch (which counts that itself).
    Closed,
    /// TLS failed, or took too long.
    Tls,
    /// Nothing was asked before the time for it was over.
    Silent,
}

/// Serves `socket` until it ends or is told to leave.
pub(super) async fn run(
    socket: TcpStream,
    peer: Peer,
    certificates: Option<Arc<Certificates>>,
    head_timeout: Duration,
    listening: Arc<Listening>,
    guarded: Guarded,
) -> End {
    let watch = Arc::clone(&guarded.watch);
    // Before the protocol is known nothing can be finished politely: any order to leave ends it here.
    let begun = tokio::select! {
        begun = timeout(head_timeout, begin(socket, certificates.as_deref())) => begun,
        () = watch.told_to_leave() => return End::Closed,
    };
    let (stream, protocol, ahead) = match begun {
        Ok(Ok(begun)) => begun,
        Ok(Err(end)) => return end,
        Err(_too_slow) => return if certificates.is_some() { End::Tls } else { End::Silent },
    };
    let wire = Wire::new(stream, ahead, Arc::clone(&watch), protocol);
    let io = TokioIo::new(wire.hyper_end());
    let line = (protocol == Protocol::Http1).then(|| Line::new(&watch));
    let service = Serving { listening, peer: Arc::new(peer), watch: Arc::clone(&watch), line: line.clone() };
    // An error here is the client's: it went away or spoke nonsense, and hyper has answered what can be answered.
    let _clients_fault = match protocol {
        Protocol::Http1 => {
            Led::new(http1().serve_connection(io, service).with_upgrades(), Arc::clone(&wire), watch).await
        }
        Protocol::Http2 => Led::new(http2().serve_connection(io, service), Arc::clone(&wire), watch).await,
    };
    if let Some(line) = line {
        wire.send_directly();
        line.go_on().await;
    }
    End::Closed
}

/// The handshake, and which protocol is spoken.
async fn begin(socket: TcpStream, certificates: Option<&Certificates>) -> Result<(Stream, Protocol, ReadAhead), End> {
    let Some(certificates) = certificates else {
        let mut stream = Stream::Plain(socket);
        let (protocol, ahead) = detect(&mut stream).await.map_err(|_| End::Closed)?;
        return Ok((stream, protocol, ahead));
    };
    let tls = certificates.acceptor().accept(socket).await.map_err(|_| End::Tls)?;
    let protocol = if tls.get_ref().1.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
    Ok((Stream::Tls(Box::new(tls)), protocol, ReadAhead::default()))
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // A client may say that it has no more requests and still read its answer.
        .half_close(true)
        // The watch times heads and idleness. hyper's own timer runs while a connection idles, so that the time for a
        // head would end every quiet keep-alive connection, and costs an allocation for each request.
        .header_read_timeout(None)
        .timer(TokioTimer::new())
        .max_header_size(HEAD_BYTES as usize)
        .max_headers(HEADERS);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES)
        // Bodies are small: a stream may send one limit's worth unasked, a connection a few.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// What hyper makes of a connection. (hyper-util has a trait for it, which connections that may be upgraded lack.)
trait Served: Future<Output = hyper::Result<()>> {
    /// Finishes what is in flight and takes no more.
    fn finish(self: Pin<&mut Self>);
}

type Http1 = http1::UpgradeableConnection<TokioIo<Watched>, Serving>;
type Http2 = http2::Connection<TokioIo<Watched>, Serving, TokioExecutor>;

impl Served for Http1 {
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Served for Http2 {
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// A connection that does what the watch says, and sends what it has written at the end of each turn.
struct Led<C> {
    connection: Pin<Box<C>>,
    wire: Arc<Wire>,
    watch: Arc<Watch>,
    finishing: bool,
    ended: Option<hyper::Result<()>>,
}

impl<C: Served> Led<C> {
    fn new(connection: C, wire: Arc<Wire>, watch: Arc<Watch>) -> Self {
        Self { connection: Box::pin(connection), wire, watch, finishing: false, ended: None }
    }
}

impl<C: Served> Future for Led<C> {
    type Output = hyper::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.watch.poll_order(cx) {
            Order::Serve => {}
            Order::Finish if this.finishing => {}
            Order::Finish => {
                this.finishing = true;
                this.connection.as_mut().finish();
            }
            Order::Cut => return Poll::Ready(Ok(())),
        }
        if this.ended.is_none()
            && let Poll::Ready(ended) = this.connection.as_mut().poll(cx)
        {
            this.ended = Some(ended);
        }
        if this.ended.is_none() && this.watch.is_attended() && this.wire.poll_gone(cx) {
            return Poll::Ready(Ok(()));
        }
        // When sending fails, hyper learns of it by reading, or has nothing more to do.
        let sent = this.wire.poll_send(cx);
        match (&sent, this.ended.take()) {
            (Poll::Pending, ended) => {
                this.ended = ended;
                Poll::Pending
            }
            (Poll::Ready(Err(_)), None) => Poll::Ready(Ok(())),
            (Poll::Ready(_), Some(ended)) => Poll::Ready(ended),
            (Poll::Ready(Ok(())), None) => Poll::Pending,
        }
    }
}
