//! How requests arrive: sockets, TLS, HTTP/1.1 and HTTP/2, time-outs and caps, and which surface a request is for.
//!
//! A [`Server`] binds its listeners, and each of them serves [`Sites`]: what answers for which host and path. What
//! reaches a site has passed the same gate everywhere: exactly one valid host, a request target in origin form, and
//! an [`Arrival`] among its extensions that says who asks and whether the way here was encrypted.
//!
//! The loop is our own because the limits are: see [`limits::ConnectionLimits`]. Absent by design: Unix sockets,
//! and any use of a request's target as an address to connect to.

mod accept;
mod body;
mod connection;
pub mod forwarded;
pub mod hosts;
mod io;
pub mod limits;
mod line;
mod request;
mod serve;
pub mod tls;
mod watch;

#[cfg(test)]
mod tests;

pub use accept::{BindError, Drained, Listen, Running, Server, Settings};
pub use body::Body;
pub use hosts::{Sites, Surface};
pub use line::Line;
pub use request::{Arrival, Peer};
pub use serve::{Answer, Hot, Site};
pub use tls::TlsError;
pub use watch::Attended;
