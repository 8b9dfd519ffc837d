//! Whether who was admitted would still be: an answer that goes on, or a connection, ends with the right to it.

use std::sync::Arc;
use std::time::Duration;

use std::net::IpAddr;

use keyward_core::decision::{Denial, Purpose, Request};
use keyward_core::namespace::NamespaceId;
use keyward_verify::Identity;

use crate::app::App;
use crate::telemetry::metrics::PROXIED_REQUESTS_CUT;

/// What was asked of the decision.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) permission: Option<String>,
    pub(super) namespace: Option<NamespaceId>,
    pub(super) groups: Vec<String>,
    pub(super) source: Option<IpAddr>,
    pub(super) secure: bool,
}

impl Question {
    /// The names of the groups, as [`Question::request`] takes them.
    pub(super) fn groups(&self) -> Vec<&str> {
        self.groups.iter().map(String::as_str).collect()
    }

    /// As the decision takes it.
    pub(super) fn request<'q>(&'q self, groups: &'q [&'q str]) -> Request<'q> {
        Request {
            permission: self.permission.as_deref(),
            namespace: self.namespace,
            groups,
            source: self.source,
            secure: self.secure,
            purpose: Purpose::Direct,
        }
    }
}

/// Somebody who was admitted, and to what.
pub(super) struct Standing {
    pub(super) app: Arc<App>,
    pub(super) identity: Identity,
    pub(super) question: Question,
}

impl Standing {
    /// Waits until the same request would be refused, and says why. Judged anew at every change that this node applies,
    /// at the ends that are known in advance, and every so often for the others: the end of a replaced secret's grace,
    /// and clocks that jump.
    pub(super) async fn ended(self) -> Denial {
        let mut applied = self.app.store.applied();
        loop {
            // Before judging: what comes meanwhile is then seen as a change.
            applied.borrow_and_update();
            let wait = match self.judge() {
                Ok(wait) => wait,
                Err(denial) => {
                    let reason = denial.reason.code();
                    PROXIED_REQUESTS_CUT.counter(&[reason]).increment(1);
                    tracing::info!(credential.id = %self.identity.credential, reason, "a proxied request was cut");
                    return denial;
                }
            };
            tokio::select! {
                changed = applied.changed() => {
                    // The store is gone, and this node with it.
                    if changed.is_err() {
                        tokio::time::sleep(wait).await;
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// How long the answer is yes without anything being changed, at most.
    fn judge(&self) -> Result<Duration, Denial> {
        let now = self.app.now();
        let index = self.app.index.snapshot();
        let groups = self.question.groups();
        index.still_admits(&self.identity, &self.question.request(&groups), now)?;
        let expires_at = index.credential(self.identity.credential).and_then(|credential| credential.expires_at());
        let ends = [self.identity.token_ends_at, expires_at].into_iter().flatten();
        let left = ends.map(|end| end.since(now.wall));
        let fresh = index.fresh_until().map(|until| until.saturating_sub(now.boot));
        Ok(left.chain(fresh).fold(LOOK_EVERY, Duration::min))
    }
}

/// How often somebody is judged anew without any change.
const LOOK_EVERY: Duration = Duration::from_secs(1);
