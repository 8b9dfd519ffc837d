//! The program as people and scripts use it: arguments in, output and exit code out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod demo;
mod node;
mod offline;
#[path = "../support/process.rs"]
mod process;
mod story;
mod support;
