//! The connection under an HTTP/1 request, for answers that take long and for what goes on when HTTP has ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::watch::{Attended, Watch};

/// The connection that an HTTP/1 request came on: an extension of every such request. Requests of HTTP/2 have none, as
/// their client says itself when it gives one up, and as they cannot be upgraded.
#[derive(Clone)]
pub struct Line {
    watch: Arc<Watch>,
    next: Arc<Mutex<Option<Next>>>,
}

type Next = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Line {
    pub(super) fn new(watch: &Arc<Watch>) -> Self {
        Self { watch: Arc::clone(watch), next: Arc::default() }
    }

    /// Looks after the client as long as the result lives: when its side of the connection ends, it is taken for gone,
    /// and the connection ends with the request on it. Elsewhere a client may close its side and wait for its answer.
    pub fn attend(&self) -> Attended {
        self.watch.attend()
    }

    /// What the connection does when the request was answered with `101`. It has its place among the connections of the
    /// listener until then, and is cut as any other.
    pub fn then(&self, next: impl Future<Output = ()> + Send + 'static) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(next));
    }

    /// Does what comes after HTTP, if anything.
    pub(super) async fn go_on(self) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(next) = next else { return };
        let _busy = self.watch.begin();
        tokio::select! {
            () = next => {}
            () = self.watch.told_to_end() => {}
        }
    }
}
