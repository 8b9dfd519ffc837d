//! A connection that was upgraded: bytes both ways, as long as whoever opened it may.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use keyward_core::decision::Denial;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

/// Carries bytes until one side ends, both fall silent, or `ended` says why no more may go through.
pub(super) async fn run(client: OnUpgrade, upstream: OnUpgrade, ended: impl Future<Output = Denial>, idle: Duration) {
    let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) else { return };
    let moved = Arc::new(AtomicBool::new(false));
    let (mut client, mut upstream) = (Noted::new(client, &moved), Noted::new(upstream, &moved));
    let silence = async {
        loop {
            tokio::time::sleep(idle).await;
            if !moved.swap(false, Ordering::Relaxed) {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        _denial = ended => {}
        _copied = copy_bidirectional(&mut client, &mut upstream) => {}
        () = silence => {}
    }
}

/// Notes that something was read.
struct Noted {
    io: TokioIo<Upgraded>,
    moved: Arc<AtomicBool>,
}

impl Noted {
    fn new(upgraded: Upgraded, moved: &Arc<AtomicBool>) -> Self {
        Self { io: TokioIo::new(upgraded), moved: Arc::clone(moved) }
    }
}

impl AsyncRead for Noted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.moved.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
