//! Receipts: where a change is in force.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sample::Sample;

/// Where a change is in force by the time its answer is sent.
///
/// A node that has not applied it has not heard from the database, and answers no longer once the freshness bound has
/// passed (unless its operator lets it serve stale). The answer waits for that, so the change holds in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Receipt::sample)]
pub struct Receipt {
    /// The revision that the change made.
    pub revision: u64,
    /// Whether every registered node has applied it. If not, the bound was waited for instead.
    pub confirmed: bool,
    /// How many nodes are registered.
    pub nodes: u32,
    /// How many of them have applied it.
    pub applied: u32,
    /// How long the answer waited after the commit, in milliseconds.
    pub waited_ms: u64,
}

impl fmt::Display for Receipt {
    /// `confirmed on 3 of 3 nodes in 12 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { confirmed, nodes, applied, waited_ms, .. } = self;
        let unit = if *nodes == 1 { "node" } else { "nodes" };
        if *confirmed {
            write!(f, "confirmed on {applied} of {nodes} {unit} in {waited_ms} ms")
        } else {
            write!(
                f,
                "applied on {applied} of {nodes} {unit}, and the freshness bound of the others passed, in {waited_ms} ms"
            )
        }
    }
}

impl Sample for Receipt {
    fn sample() -> Self {
        Self { revision: 1_842, confirmed: true, nodes: 3, applied: 3, waited_ms: 12 }
    }
}

/// Something was taken away, or changed without anything left to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Confirmed::sample)]
pub struct Confirmed {
    /// Where it is in force.
    pub receipt: Receipt,
}

impl Sample for Confirmed {
    fn sample() -> Self {
        Self { receipt: Receipt::sample() }
    }
}
