//! The server over real sockets. One binary; each file is about one thing that users see.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod harness;

mod audit_coverage;
mod bad_input;
mod basics;
mod document;
mod idempotency;
mod leaks;
mod matrix;
#[cfg(feature = "postgres-tests")]
mod nodes;
mod oauth;
mod pages;
mod passwords;
mod proxy;
mod reach;
mod second_factor;
mod startup;
mod tls;
