//! The in-memory read model of a deployment, and the decision made from it: may this credential do that, there, now?
//!
//! It can be embedded without the server: feed an [`Index`] with the changes of the database, ask [`Index::decide`].
//!
//! Absent by design: async, I/O, SQL, a clock; waiting, and allocation on the way of a decision. Start with [`Index`],
//! then `decide.rs`, which reads from top to bottom like the list of checks, then `apply.rs`.

mod apply;
mod catalogue;
mod cell;
mod decide;
mod explain;
mod index;
mod numbered;
mod permit;
mod rate;
mod record;
mod slab;
mod snapshot;
mod table;
mod text;
mod world;

pub use apply::ApplyError;
pub use decide::{Now, Subject};
pub use explain::{Explanation, Finding, Outcome};
pub use index::Index;
pub use permit::{Decision, Identity, Means, Owed, OwedNonce, Permit, Recorded, Unsettled};
pub use record::Standing;
pub use snapshot::{CredentialView, Snapshot};
pub use text::Text;
pub use world::World;
