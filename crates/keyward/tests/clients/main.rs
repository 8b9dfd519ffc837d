//! Clients as people have them, unmodified, against the running program over TLS: curl, and OAuth libraries of Rust,
//! JavaScript and Python.
//!
//! `world.rs` has the node and the service behind it; `libraries.rs` the libraries of other languages, which
//! `cargo xtask test` installs (README.md lists them).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

#[path = "../support/process.rs"]
mod process;
#[path = "../systems/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "what tests of whole systems need besides")]
mod support;

mod curl;
mod libraries;
mod pinned;
mod rust_oauth2;
mod world;
