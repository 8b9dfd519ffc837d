//! Wire types, error codes and conversions: the only compatibility promise.
//!
//! Everything that the native REST API says is a type of this crate, and server and client are both built on it. One
//! file per noun, as in every layer: requests first, then what is answered. [`operations`] is the list of everything
//! that can be done; [`error`] is the list of everything that can be said against it.
//!
//! Rules that hold for all of it:
//!
//! - A request refuses fields that it does not know; an answer may grow fields, so readers ignore those they do not
//!   know. Values that may grow in answers (codes, reasons, checks) are read as [`Open`].
//! - Identifiers are their text (`cred_…`), instants are RFC 3339 ([`Time`]), durations are whole seconds and say so
//!   in their name (`grace_seconds`).
//! - In an edit (`PATCH`), a field that is absent stays as it is; `null` is refused, because it could mean two things.
//! - Whatever holds plaintext is a [`SecretText`], which is never printed and overwritten when dropped.
//!
//! Absent by design: logic, HTTP, I/O.

pub mod access;
pub mod audit;
pub mod changes;
pub mod credentials;
pub mod deployment;
pub mod error;
pub mod grants;
pub mod headers;
pub mod invitations;
pub mod json;
pub mod limits;
pub mod namespaces;
pub mod operations;
pub mod organizations;
pub mod page;
pub mod profiles;
pub mod receipt;
pub mod roles;
pub mod sample;
pub mod schema;
pub mod second_factor;
pub mod sessions;
pub mod setup;
pub mod usage;
pub mod users;
pub mod values;
pub mod verify;

// What the wire types are made of, so that those who build them need no other crate.
pub use keyward_core::credential::CallerId;
pub use keyward_core::decision::{Check, Reason};
pub use keyward_core::id;
pub use keyward_core::kind::KindId;
pub use keyward_core::name::Name;
pub use keyward_core::namespace::NamespaceId;
pub use keyward_core::permission::{Pattern, PatternSet, Permission};
pub use keyward_core::role::Holder;

pub use error::{ErrorCode, Problem};
pub use operations::Operation;
pub use page::Page;
pub use receipt::Receipt;
pub use values::{Network, Open, SecretText, Time};

#[cfg(test)]
mod tests;
