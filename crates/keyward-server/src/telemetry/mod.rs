//! What a node says about itself: one log, one wide event per request, one table of metrics.
//!
//! Never in any of them: a path with ids in it, a query, a body, a header, a secret. What is logged is named in
//! [`requests`]; what is counted is declared in [`metrics`].

pub mod log;
pub mod metrics;
pub mod requests;
