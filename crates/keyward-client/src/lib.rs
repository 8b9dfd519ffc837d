//! Rust SDK for a Keyward server: typed calls over HTTP.
//!
//! A [`Client`] knows where the server is and who asks. It has one method for each operation of the API, grouped by what
//! it is about; each makes a [`Call`], which does something once it is awaited:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keyward_client::api::credentials::CreateCredential;
//! use keyward_client::api::{Name, SecretText};
//! use keyward_client::Client;
//!
//! let token = SecretText::new(std::fs::read_to_string("token")?.trim().to_owned());
//! let client = Client::builder("https://keys.example.com").token(token).build()?;
//! let wanted = CreateCredential {
//!     kind: "keyward/api".parse()?,
//!     name: Name::new("Nightly export")?,
//!     namespace: None,
//!     roles: Vec::new(),
//!     owner: None,
//!     expires_at: None,
//!     sources: Vec::new(),
//!     key_pair: false,
//! };
//! let created = client.credentials().create(&wanted).idempotency_key("export-2026-11").await?;
//! assert_eq!(created.credential.name, wanted.name);
//! # Ok(()) }
//! ```
//!
//! An [`Answer`] is what was asked for, together with the [revision](Answer::revision) at which it was true. What the
//! server refuses is an [`Error::Problem`], whose code says what went wrong; branch on nothing else.
//!
//! Plaintext is always a [`SecretText`](api::SecretText), which is never printed. Time-outs are set; a request that
//! could not even be sent is tried again, up to [twice](MAX_RETRIES), if doing it twice would do no harm.
//!
//! Absent by design: types of the server, and rules. What the server says is the truth.

mod call;
mod client;
mod error;
mod operations;

#[cfg(test)]
mod tests;

pub use keyward_api as api;

pub use call::{Answer, Call, Export, MAX_RETRIES};
pub use client::{Builder, Client};
pub use error::{Error, Transport};
pub use operations::{
    Access, Apps, Audit, Changes, Credentials, Grants, Invitations, Organizations, Profiles, Roles, Sessions, Setup,
    Usage, UserGroups, Users, Workspaces,
};
