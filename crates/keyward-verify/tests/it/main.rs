//! What the index answers, asked from outside.

#[path = "../support/mod.rs"]
mod support;

mod apply;
mod checks;
mod explain;
mod properties;
mod secrets;
