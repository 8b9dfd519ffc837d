//! What the index answers, asked from outside.

#[path = "../support/mod.rs"]
mod support;

mod admitted;
mod apply;
mod checks;
mod explain;
mod properties;
mod secrets;
mod signed;
mod tokens;
