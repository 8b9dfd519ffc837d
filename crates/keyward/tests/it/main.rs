//! The program as people and scripts use it: arguments in, output and exit code out.

mod demo;
mod node;
mod offline;
mod story;
mod support;
