//! Bodies on their way through: a request's to the upstream, and an answer's to the client. Both as they come, in the pace
//! of who reads.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use keyward_core::decision::Denial;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use crate::net::Attended;

/// The body of a request on its way to the upstream. Trailers stay behind: nobody announced them.
pub(super) struct Outgoing {
    kind: Kind,
    progress: Arc<Progress>,
}

enum Kind {
    Whole(Full<Bytes>),
    Stream(axum::body::Body),
}

/// How far the body of a request has come.
#[derive(Default)]
pub(super) struct Progress {
    frames: AtomicU32,
    waits_for_client: AtomicBool,
    broken: AtomicBool,
}

impl Outgoing {
    /// No body.
    pub(super) fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    /// A body that was read.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { kind: Kind::Whole(Full::new(bytes)), progress: Arc::default() }
    }

    /// A body as it comes.
    pub(super) fn stream(body: axum::body::Body) -> Self {
        Self { kind: Kind::Stream(body), progress: Arc::default() }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }
}

impl Progress {
    /// Another number whenever something came through.
    pub(super) fn moved(&self) -> u32 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Whether the client is the one who is waited for.
    pub(super) fn waits_for_client(&self) -> bool {
        self.waits_for_client.load(Ordering::Relaxed)
    }

    /// Whether the client broke off.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let frame = match &mut this.kind {
            Kind::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(axum::Error::new),
            Kind::Stream(stream) => Pin::new(stream).poll_frame(cx),
        };
        this.progress.waits_for_client.store(frame.is_pending(), Ordering::Relaxed);
        let frame = ready!(frame);
        this.progress.frames.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(match frame {
            Some(Ok(frame)) if frame.is_trailers() => None,
            Some(Err(error)) => {
                this.progress.broken.store(true, Ordering::Relaxed);
                Some(Err(error))
            }
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(whole) => whole.is_end_stream(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(whole) => whole.size_hint(),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

/// The body of an answer on its way to the client. It breaks off, so that the client sees it, when the upstream breaks
/// off or falls silent, or when the credential may no longer do what the answer is to.
pub(super) struct Answer {
    upstream: Incoming,
    ended: Pin<Box<dyn Future<Output = Denial> + Send>>,
    silence: Pin<Box<Sleep>>,
    idle: Duration,
    _held: Held,
}

/// What a request holds as long as its answer is on its way.
pub(super) struct Held {
    /// Its place among those with the upstream.
    pub(super) _place: OwnedSemaphorePermit,
    /// Its client is looked after.
    pub(super) _client: Option<Attended>,
}

impl Answer {
    /// The upstream's answer, until `ended`, and with no silence longer than `idle`.
    pub(super) fn new(
        upstream: Incoming,
        ended: impl Future<Output = Denial> + Send + 'static,
        idle: Duration,
        held: Held,
    ) -> Self {
        Self { upstream, ended: Box::pin(ended), silence: Box::pin(sleep(idle)), idle, _held: held }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // First: not one more byte for who may no longer have it.
        if let Poll::Ready(denial) = self.ended.as_mut().poll(cx) {
            let code = denial.reason.code();
            return Poll::Ready(Some(Err(io::Error::other(format!("the credential ended: {code}")))));
        }
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Ready(frame) => {
                let (idle, now) = (self.idle, Instant::now());
                self.silence.as_mut().reset(now + idle);
                Poll::Ready(match frame {
                    Some(Ok(frame)) if frame.is_trailers() => None,
                    Some(frame) => Some(frame.map_err(io::Error::other)),
                    None => None,
                })
            }
            Poll::Pending => {
                ready!(self.silence.as_mut().poll(cx));
                Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the upstream fell silent"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.upstream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.upstream.size_hint()
    }
}
