//! How many refusals of one source are recorded: enough to see an attack, not so many that it fills the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::ops::context::Ctx;

/// Refusals recorded per source and minute.
const PER_MINUTE: u32 = 600;
/// Sources counted at a time; when there are more, the rest share one count.
const SOURCES: usize = 4_096;

/// Counts the recorded refusals of each source.
#[derive(Debug, Default)]
pub struct Refusals {
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    counts: HashMap<Option<IpAddr>, u32>,
}

impl Refusals {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether another refusal of this request's source is recorded.
    pub fn admits(&self, ctx: &Ctx) -> bool {
        let number = ctx.at().seconds() / 60;
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != number {
            *minute = Minute { number, counts: HashMap::new() };
        }
        let known = minute.counts.len() < SOURCES || minute.counts.contains_key(&ctx.source);
        let count = minute.counts.entry(if known { ctx.source } else { None }).or_default();
        *count += 1;
        *count <= PER_MINUTE
    }
}
