//! The watch over open connections: who is idle, slow or unread for too long, and who must go when the node stops.
//!
//! One sweep per listener looks at all its connections a few times per time-out. A connection only notes what it
//! does, in the sweep's own count of ticks, so that neither a timer nor a clock is touched on a request's way.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::limits::ConnectionLimits;

/// All connections of one listener.
pub(super) struct Watchmen {
    ticks: Arc<AtomicU32>,
    tick: Duration,
    patience: Patience,
    open: Mutex<Open>,
    changed: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Watch>>,
    order: Order,
}

/// What a connection must do. Orders only become harsher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Go on.
    #[default]
    Serve,
    /// Finish what is in flight, take no more, close.
    Finish,
    /// Close now.
    Cut,
}

/// Why a connection got an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Idle,
    SlowHead,
    SlowReader,
    /// All was said; only the client has not closed its side.
    Left,
}

impl Why {
    /// The label of the metric, when it is worth counting.
    pub(super) fn label(self) -> Option<&'static str> {
        match self {
            Self::Idle => Some("idle"),
            Self::SlowHead => Some("slow_head"),
            Self::SlowReader => Some("slow_reader"),
            Self::Left => None,
        }
    }
}

impl Watchmen {
    pub(super) fn new(limits: &ConnectionLimits) -> Arc<Self> {
        let shortest = limits.header_timeout.min(limits.idle_timeout);
        let tick = (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(250));
        Arc::new(Self {
            ticks: Arc::default(),
            tick,
            patience: Patience { head: ticks(limits.header_timeout, tick), idle: ticks(limits.idle_timeout, tick) },
            open: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Takes one more connection under watch, unless there are `cap` already.
    pub(super) fn admit(self: &Arc<Self>, cap: usize) -> Option<Guarded> {
        let mut open = self.lock();
        if open.connections.len() >= cap {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let watch = Arc::new(Watch::new(Arc::clone(&self.ticks), open.order));
        open.connections.insert(number, Arc::clone(&watch));
        Some(Guarded { watchmen: Arc::clone(self), number, watch })
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.lock().connections.len()
    }

    /// Gives an order to all, and to those still to come.
    pub(super) fn order_all(&self, order: Order) {
        let mut open = self.lock();
        open.order = open.order.max(order);
        open.connections.values().for_each(|watch| watch.order(order));
    }

    /// Waits until none is open.
    pub(super) async fn all_gone(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Sweeps for ever. `open` hears how many connections there are, `cut` of each that is sent away.
    pub(super) async fn sweep(&self, open: impl Fn(usize), cut: impl Fn(Why)) {
        let mut interval = tokio::time::interval(self.tick);
        // A node that was stopped for a while must not take its own absence for its clients' idleness.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let now = self.ticks.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let connections = self.lock();
            open(connections.connections.len());
            for watch in connections.connections.values() {
                if let Some(why) = watch.judge(now, self.patience) {
                    cut(why);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the count; given back when dropped, however the connection ends.
pub(super) struct Guarded {
    watchmen: Arc<Watchmen>,
    number: u64,
    pub(super) watch: Arc<Watch>,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.watchmen.lock().connections.remove(&self.number);
        self.watchmen.changed.notify_waiters();
    }
}

/// What one connection does, and what it is told.
///
/// A tick is stored before the flag that gives it a meaning (release), and read after it (acquire): a sweep may see an
/// older state, never a new state with an old tick.
pub(super) struct Watch {
    ticks: Arc<AtomicU32>,
    /// The tick of the last change of what follows.
    since: AtomicU32,
    in_flight: AtomicU32,
    /// HTTP/1 only: bytes of the next request have come while none is in flight.
    reading_head: AtomicBool,
    /// The client does not take what we write; since when.
    stalled: AtomicBool,
    stalled_since: AtomicU32,
    /// Our side is closed, and the client's is waited for.
    lingering: AtomicBool,
    /// Requests in flight whose client is looked after.
    attended: AtomicU32,
    order: AtomicU8,
    task: AtomicWaker,
}

impl Watch {
    fn new(ticks: Arc<AtomicU32>, order: Order) -> Self {
        let now = ticks.load(Ordering::Relaxed);
        Self {
            ticks,
            since: AtomicU32::new(now),
            in_flight: AtomicU32::new(0),
            reading_head: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            stalled_since: AtomicU32::new(0),
            lingering: AtomicBool::new(false),
            attended: AtomicU32::new(0),
            order: AtomicU8::new(order as u8),
            task: AtomicWaker::new(),
        }
    }

    /// Bytes came in.
    pub(super) fn read(&self) {
        if self.in_flight.load(Ordering::Relaxed) == 0 && !self.reading_head.load(Ordering::Relaxed) {
            self.since.store(self.now(), Ordering::Relaxed);
            self.reading_head.store(true, Ordering::Release);
        }
    }

    /// The client took what we wrote, or did not.
    pub(super) fn wrote(&self, taken: bool) {
        if taken {
            if self.stalled.load(Ordering::Relaxed) {
                self.stalled.store(false, Ordering::Relaxed);
            }
        } else if !self.stalled.load(Ordering::Relaxed) {
            self.stalled_since.store(self.now(), Ordering::Relaxed);
            self.stalled.store(true, Ordering::Release);
        }
    }

    /// A request has arrived.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.reading_head.store(false, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Our side is closed.
    pub(super) fn linger(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.lingering.store(true, Ordering::Release);
    }

    /// Looks after the client as long as the result lives. To be called from the connection's own task.
    pub(super) fn attend(self: &Arc<Self>) -> Attended {
        self.attended.fetch_add(1, Ordering::Relaxed);
        Attended(Arc::clone(self))
    }

    /// Whether somebody needs to know when the client goes.
    pub(super) fn is_attended(&self) -> bool {
        self.attended.load(Ordering::Relaxed) > 0
    }

    /// Whether an order to leave was given.
    pub(super) fn is_leaving(&self) -> bool {
        self.current() > Order::Serve
    }

    /// The order in force, remembering `cx` to be woken by the next one.
    pub(super) fn poll_order(&self, cx: &Context<'_>) -> Order {
        self.task.register(cx.waker());
        self.current()
    }

    /// Waits for any order to leave.
    pub(super) async fn told_to_leave(&self) {
        poll_fn(|cx| if self.poll_order(cx) > Order::Serve { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Waits for the order to end at once.
    pub(super) async fn told_to_end(&self) {
        poll_fn(|cx| if self.poll_order(cx) == Order::Cut { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn order(&self, order: Order) {
        if self.order.fetch_max(order as u8, Ordering::AcqRel) < order as u8 {
            self.task.wake();
        }
    }

    fn current(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Serve,
            1 => Order::Finish,
            _ => Order::Cut,
        }
    }

    fn now(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Sends the connection away when its time is up. Says why the first time only.
    fn judge(&self, now: u32, patience: Patience) -> Option<Why> {
        let age = |since: &AtomicU32| now.wrapping_sub(since.load(Ordering::Relaxed));
        let (order, why) = verdict(
            Doing {
                in_flight: self.in_flight.load(Ordering::Acquire) > 0,
                reading_head: self.reading_head.load(Ordering::Acquire),
                lingering: self.lingering.load(Ordering::Acquire),
                age: age(&self.since),
                stalled: self.stalled.load(Ordering::Acquire).then(|| age(&self.stalled_since)),
            },
            patience,
        )?;
        let before = self.current();
        self.order(order);
        (before == Order::Serve).then_some(why)
    }
}

/// A request in flight; it has ended when this is dropped.
pub(super) struct InFlight(Arc<Watch>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.since.store(self.0.now(), Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Release);
    }
}

/// Somebody who needs to know when the client goes; not any more when this is dropped.
pub struct Attended(Arc<Watch>);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.attended.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Time-outs in ticks.
#[derive(Clone, Copy)]
struct Patience {
    head: u32,
    idle: u32,
}

/// What a connection does at a tick; ages are in ticks.
struct Doing {
    in_flight: bool,
    reading_head: bool,
    lingering: bool,
    age: u32,
    stalled: Option<u32>,
}

/// An idle connection is closed politely first (HTTP/2 says GOAWAY, so that no request is lost), and cut when it does
/// not go in the time of a head.
fn verdict(doing: Doing, patience: Patience) -> Option<(Order, Why)> {
    if doing.stalled.is_some_and(|age| age > patience.idle) {
        return Some((Order::Cut, Why::SlowReader));
    }
    if doing.in_flight {
        return None;
    }
    if doing.lingering {
        return (doing.age > patience.head).then_some((Order::Cut, Why::Left));
    }
    if doing.reading_head {
        return (doing.age > patience.head).then_some((Order::Cut, Why::SlowHead));
    }
    if doing.age > patience.idle.saturating_add(patience.head) {
        return Some((Order::Cut, Why::Idle));
    }
    (doing.age > patience.idle).then_some((Order::Finish, Why::Idle))
}

/// Rounded up, so that a time-out is never shorter than it says.
fn ticks(timeout: Duration, tick: Duration) -> u32 {
    u32::try_from(timeout.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(u32::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let patience = Patience { head: 4, idle: 40 };
        let doing =
            |in_flight, reading_head, age, stalled| Doing { in_flight, reading_head, lingering: false, age, stalled };
        let table = [
            // Between requests.
            (doing(false, false, 40, None), None),
            (doing(false, false, 41, None), Some((Order::Finish, Why::Idle))),
            (doing(false, false, 45, None), Some((Order::Cut, Why::Idle))),
            // In a head: from its first byte on.
            (doing(false, true, 4, None), None),
            (doing(false, true, 5, None), Some((Order::Cut, Why::SlowHead))),
            // All was said.
            (Doing { lingering: true, ..doing(false, true, 4, None) }, None),
            (Doing { lingering: true, ..doing(false, true, 5, None) }, Some((Order::Cut, Why::Left))),
            // In flight: the request's own time-out rules.
            (doing(true, false, 1_000_000, None), None),
            // Answered, but unread.
            (doing(true, false, 1_000_000, Some(40)), None),
            (doing(true, false, 41, Some(41)), Some((Order::Cut, Why::SlowReader))),
        ];
        for (i, (doing, expected)) in table.into_iter().enumerate() {
            assert_eq!(verdict(doing, patience), expected, "row {i}");
        }
    }

    #[test]
    fn the_cap_counts_open_connections_only() {
        let watchmen = Watchmen::new(&ConnectionLimits::default());
        let (first, second) = (watchmen.admit(2), watchmen.admit(2));
        assert!(first.is_some() && second.is_some() && watchmen.admit(2).is_none());
        drop(first);
        assert!(watchmen.admit(2).is_some());
    }

    #[test]
    fn an_order_reaches_those_still_to_come_and_is_never_softened() {
        let watchmen = Watchmen::new(&ConnectionLimits::default());
        let early = watchmen.admit(9).unwrap();
        watchmen.order_all(Order::Cut);
        watchmen.order_all(Order::Finish);
        assert_eq!(early.watch.current(), Order::Cut);
        assert_eq!(watchmen.admit(9).unwrap().watch.current(), Order::Cut);
    }

    #[test]
    fn a_request_in_flight_stops_the_clock_and_its_end_starts_it_anew() {
        let watchmen = Watchmen::new(&ConnectionLimits::default());
        let guarded = watchmen.admit(1).unwrap();
        let watch = &guarded.watch;
        let patience = Patience { head: 2, idle: 10 };
        watch.read();
        let request = watch.begin();
        assert_eq!(watch.judge(100, patience), None);
        watchmen.ticks.store(100, Ordering::Relaxed);
        drop(request);
        assert_eq!(watch.judge(110, patience), None);
        assert_eq!(watch.judge(111, patience), Some(Why::Idle));
        assert_eq!(watch.judge(112, patience), None, "it is said once");
    }
}
