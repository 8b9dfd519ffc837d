//! A connection's bytes: plain or TLS, with what was read ahead put back, and with the watch told of what moves.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::watch::Watch;

/// Bytes to and from a client.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What every HTTP/2 connection begins with (RFC 9113 section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads as much as it takes to tell HTTP/2 with prior knowledge from HTTP/1. What was read comes back with the answer.
pub(super) async fn detect(stream: &mut Stream) -> io::Result<(Protocol, ReadAhead)> {
    let mut ahead = ReadAhead { bytes: [0; PREFACE.len()], taken: 0, filled: 0 };
    loop {
        let read = stream.read(&mut ahead.bytes[ahead.filled..]).await?;
        ahead.filled += read;
        let so_far = &ahead.bytes[..ahead.filled];
        if !PREFACE.starts_with(so_far) || read == 0 {
            return Ok((Protocol::Http1, ahead));
        }
        if so_far.len() == PREFACE.len() {
            return Ok((Protocol::Http2, ahead));
        }
    }
}

/// Bytes that were read to tell the protocol.
#[derive(Default)]
pub(super) struct ReadAhead {
    bytes: [u8; PREFACE.len()],
    taken: usize,
    filled: usize,
}

/// A connection's bytes as hyper sees them; [`Wire`] is the other end.
pub(super) struct Watched(Arc<Wire>);

/// A stream that tells the watch what moves, and that sends what was written during one turn of its task together, at
/// the end of the turn. Answers to pipelined requests then leave in one system call instead of one each.
///
/// hyper has a switch for this, `pipeline_flush`, which holds answers back for as long as its read buffer is not empty:
/// an answer waits there behind half a request, or for ever, when it refuses what is in the buffer.
pub(super) struct Wire {
    watch: Arc<Watch>,
    /// HTTP/2 has heads and bodies of many requests and frames without any in one stream of bytes: there, only idleness
    /// counts.
    heads: bool,
    /// Never contended: hyper and the task that leads it take turns.
    moving: Mutex<Moving>,
}

struct Moving {
    stream: Stream,
    ahead: ReadAhead,
    /// Written, but not sent; what lies before `sent` has left.
    out: Vec<u8>,
    sent: usize,
    /// The client has nothing more to say.
    ended: bool,
    /// We have nothing more to say; bytes that may still be thrown away.
    lingering: Option<usize>,
    /// Nobody gathers any more: what is flushed is sent.
    direct: bool,
}

/// Bytes that are gathered in one turn. A larger write goes out as it is.
const GATHER: usize = 16 * 1024;

/// Room for gathering that a connection keeps between turns.
const KEEP: usize = 2 * 1024;

/// Bytes that are read and thrown away after our last answer. Closing a socket with unread bytes resets it, and a reset
/// takes the answer from a client that has not read it yet: one whose head or body was refused as too large.
const LINGER: usize = 1024 * 1024;

impl Wire {
    pub(super) fn new(stream: Stream, ahead: ReadAhead, watch: Arc<Watch>, protocol: Protocol) -> Arc<Self> {
        let heads = protocol == Protocol::Http1;
        if heads && ahead.filled > 0 {
            watch.read();
        }
        let moving = Moving { stream, ahead, out: Vec::new(), sent: 0, ended: false, lingering: None, direct: false };
        Arc::new(Self { watch, heads, moving: Mutex::new(moving) })
    }

    pub(super) fn hyper_end(self: &Arc<Self>) -> Watched {
        Watched(Arc::clone(self))
    }

    /// Sends what was gathered; to be called at the end of each turn.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut moving = self.lock();
        if moving.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let outcome = moving.poll_send(cx);
        self.watch.wrote(outcome.is_ready());
        outcome
    }

    /// Whether the client's side has ended. Looks by reading ahead of hyper, which does not read while it answers.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> bool {
        let Moving { stream, ahead, ended, .. } = &mut *self.lock();
        if ahead.taken < ahead.filled || *ended {
            return *ended;
        }
        let mut buf = ReadBuf::new(&mut ahead.bytes);
        match Pin::new(stream).poll_read(cx, &mut buf) {
            Poll::Pending => false,
            Poll::Ready(Err(_)) => true,
            Poll::Ready(Ok(())) => {
                (ahead.taken, ahead.filled) = (0, buf.filled().len());
                *ended = ahead.filled == 0;
                // Perhaps hyper waits for just these bytes: of the request's body.
                cx.waker().wake_by_ref();
                *ended
            }
        }
    }

    /// From now on what is flushed is sent: the connection goes on without who sent at the end of each turn.
    pub(super) fn send_directly(&self) {
        self.lock().direct = true;
    }

    fn lock(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moving {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.out.len() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.sent = 0;
        self.out.clear();
        self.out.shrink_to(KEEP);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.out.len() + length > GATHER {
            ready!(self.poll_send(cx))?;
        }
        if length > GATHER {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        }
        for slice in slices {
            self.out.extend_from_slice(slice);
        }
        Poll::Ready(Ok(length))
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>, mut left: usize) -> Poll<io::Result<()>> {
        let mut thrown_away = [0; 4096];
        while left > 0 && !self.ended {
            self.lingering = Some(left);
            let mut buf = ReadBuf::new(&mut thrown_away);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            self.ended = buf.filled().is_empty();
            left = left.saturating_sub(buf.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let moving = &mut *self.0.lock();
        let rest = &moving.ahead.bytes[moving.ahead.taken..moving.ahead.filled];
        if !rest.is_empty() {
            let taken = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..taken]);
            moving.ahead.taken += taken;
            if self.0.heads {
                self.0.watch.read();
            }
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let outcome = Pin::new(&mut moving.stream).poll_read(cx, buf);
        if buf.filled().len() == before {
            moving.ended |= matches!(outcome, Poll::Ready(Ok(()))) && buf.remaining() > 0;
        } else if self.0.heads {
            self.0.watch.read();
        }
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gathered = slices.iter().map(|slice| slice.len()).sum::<usize>() <= GATHER;
        let outcome = self.0.lock().poll_write(cx, slices);
        // What was only gathered says nothing about the client.
        if !gathered || outcome.is_pending() {
            self.0.watch.wrote(outcome.is_ready());
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Done at the end of the turn, if there are turns.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let direct = self.0.lock().direct;
        if direct { self.0.poll_send(cx) } else { Poll::Ready(Ok(())) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Wire { watch, .. } = &*self.0;
        ready!(self.0.poll_send(cx))?;
        let moving = &mut *self.0.lock();
        if moving.lingering.is_none() {
            let outcome = Pin::new(&mut moving.stream).poll_shutdown(cx);
            watch.wrote(outcome.is_ready());
            ready!(outcome)?;
            watch.linger();
        }
        let left = *moving.lingering.get_or_insert(LINGER);
        // A connection that was told to leave is not waited for: it was idle, or was told that it would be closed.
        if watch.is_leaving() { Poll::Ready(Ok(())) } else { moving.poll_linger(cx, left) }
    }
}

macro_rules! either {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($stream) => $call,
            Stream::Tls(boxed) => {
                let $stream = &mut **boxed;
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
