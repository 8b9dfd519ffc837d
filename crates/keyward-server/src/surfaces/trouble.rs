//! What can go wrong with a request before anything vendor-specific: the closed list that every dialect has an answer to.

use keyward_core::decision::{Denial, Reason};

use crate::net::limits::BodyFault;
use crate::ops::admission::Refused;
use crate::ops::error::OpError;
use crate::surfaces::form::InvalidForm;
use crate::surfaces::presented::Unreadable;

/// Why a request is not served. Every dialect renders each in one exhaustive `match`.
#[derive(Debug)]
pub enum Trouble {
    /// The decision is no.
    Denied(Denial),
    /// Nothing was presented.
    NoCredential,
    /// What was presented cannot be read.
    Unreadable(Unreadable),
    /// A parameter that must be there is not: its name.
    Missing(&'static str),
    /// A parameter has a value that it cannot have: its name.
    Invalid(&'static str),
    /// The query or the body is no form.
    Form(InvalidForm),
    /// The body cannot be had.
    Body(BodyFault),
    /// Servers would disagree about which path is meant.
    AmbiguousPath,
    /// There is no such path.
    NotFound,
    /// The path does not have this method; the ones it has, as `Allow` lists them.
    Method(String),
    /// The server behind the route could not be reached, or broke off.
    UpstreamDown,
    /// The server behind the route took too long.
    UpstreamTimeout,
    /// The operation refused or failed.
    Failed(OpError),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(denial) => Trouble::Denied(denial),
            Refused::Failed(error) => Trouble::Failed(error),
        }
    }
}

impl From<Reason> for Trouble {
    fn from(reason: Reason) -> Self {
        Trouble::Denied(reason.into())
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        Trouble::Unreadable(unreadable)
    }
}

impl From<InvalidForm> for Trouble {
    fn from(form: InvalidForm) -> Self {
        Trouble::Form(form)
    }
}

impl From<BodyFault> for Trouble {
    fn from(fault: BodyFault) -> Self {
        Trouble::Body(fault)
    }
}

impl From<OpError> for Trouble {
    fn from(error: OpError) -> Self {
        Trouble::Failed(error)
    }
}
