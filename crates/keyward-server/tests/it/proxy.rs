//! Proxied routes: who gets through to the server behind them, with what, and how everybody else is told no.

mod support;

mod admission;
mod cuts;
mod failures;
mod forms;
mod framing;
mod headers;
mod paths;
mod streams;
mod upstreams;
