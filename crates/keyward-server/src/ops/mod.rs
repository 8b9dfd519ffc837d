//! What the product does. Every surface, the console and the command line call these functions and nothing else.
//!
//! The shape of a change: judge at the door (on the index, no database) → job on the write lane { judge again on the
//! rows of its transaction → load → core's rule → persist } → receipt. A refusal is recorded too.

pub mod access_tokens;
pub mod admission;
pub mod attempts;
pub mod audit;
pub mod authority;
pub mod changes;
pub mod context;
pub mod credentials;
pub mod deployment;
pub mod error;
pub mod grants;
pub mod idempotency;
pub mod local;
pub mod names;
pub mod namespaces;
pub mod organizations;
pub mod passwords;
pub mod presented;
pub mod profiles;
pub mod receipts;
pub mod roles;
pub mod second_factor;
pub mod sessions;
pub mod setup;
#[cfg(test)]
pub(crate) mod testing;
pub mod tokens;
pub mod usage;
pub mod users;
pub mod verify;
pub mod visibility;

/// What lists are filtered and paged by: of the store, surfaces know these plain values and nothing else.
pub use keyward_store::{
    AuditFilter, CredentialCursor, CredentialFilter, CredentialSort, CredentialState, DailyUse, GrantFilter,
    NamespaceFilter, Order, Page, Recorded, SortBy, SortKey, UsageFilter, Visible, day_of,
};
