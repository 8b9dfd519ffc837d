//! The ground under the tests of all systems: a node that runs, what is sent to it, and what stands behind it.

mod http;
mod management;
mod server;
mod time;
mod upstream;

pub(crate) use http::{As, Reply, Request, exchange};
pub(crate) use management::{App, Key, PASSWORD, Person};
pub(crate) use server::Server;
pub(crate) use time::{now, until};
pub(crate) use upstream::{Received, Upstream};
