//! The five systems: every rule of their vendors' pages over real sockets, against the running program.
//!
//! One file per vendor, one test per rule, named after its number (`g05_…` is rule G5); each does the same act once more
//! slightly wrong, and is refused. `rules.rs` lists the rules and holds that none is forgotten; `ground.rs` tests what
//! the tests stand on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

#[path = "../support/process.rs"]
mod process;
mod support;

mod gainsight;
mod gateway_hub;
mod gigantik;
mod gigya;
mod gigya_admin;
mod ground;
mod passport;
mod rules;
mod uses;
