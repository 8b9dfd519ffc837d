//! The deployment as a whole, for its operators: nodes, freshness, key ring, profiles. Facts to look at; nothing of them
//! is a secret.

use keyward_core::id::NodeId;
use keyward_core::keyring::VersionState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sample::{self, Sample};
use crate::schema;
use crate::values::Time;

/// What there is to know of a deployment, as one of its nodes sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Deployment::sample)]
pub struct Deployment {
    /// The version of the program on the node that answers.
    pub version: String,
    /// The last change that this node has applied.
    pub revision: u64,
    /// What everything is kept in.
    pub database: Database,
    /// How current this node is, and must be.
    pub freshness: Freshness,
    /// Every registered node. Empty on SQLite, where there is one, and it is always current.
    pub nodes: Vec<Node>,
    /// The key ring of this node.
    pub key_ring: KeyRing,
    /// Profiles that organizations use or have used, by name.
    pub profiles: Vec<DeployedProfile>,
}

/// What everything is kept in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Database::sample)]
pub struct Database {
    /// `SQLite` or `PostgreSQL`.
    pub engine: String,
    /// The number of its last migration.
    pub schema: u32,
}

/// How current a node is, and must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Freshness::sample)]
pub struct Freshness {
    /// Whether it denies everything, because it has not heard from the database for too long.
    pub stale: bool,
    /// How long after a change no node decides from what was before it, in milliseconds.
    pub bound_ms: u64,
    /// For how long beyond the bound nodes answer from old knowledge, in milliseconds.
    pub serve_stale_ms: u64,
    /// How often it asks the database, in milliseconds.
    pub poll_ms: u64,
    /// How long ago it last heard from the database, in milliseconds. Absent on SQLite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

/// A registered node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = Node::sample)]
pub struct Node {
    /// Its name. A node gets a new one at each start.
    #[schema(value_type = schema::NodeId)]
    pub id: NodeId,
    /// Whether it is the one that answers.
    pub this: bool,
    /// The last change that it has applied; 0 until it has told.
    pub revision: u64,
    /// When the database last heard of it.
    pub seen_at: Time,
    /// Whether the database has heard of it within the freshness bound.
    pub fresh: bool,
}

/// A key ring, without any key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = KeyRing::sample)]
pub struct KeyRing {
    /// Recognises it: the same on every node.
    pub fingerprint: String,
    /// Its versions, by number.
    pub versions: Vec<KeyRingVersion>,
}

/// A version of a key ring, without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = KeyRingVersion::sample)]
pub struct KeyRingVersion {
    /// Its number.
    pub version: u32,
    /// Where it stands.
    #[schema(value_type = schema::KeyVersionState)]
    pub state: VersionState,
    /// When it was added.
    pub created_at: Time,
    /// How many stored secrets need it.
    pub in_use: u64,
    /// Recognises its key.
    pub check: String,
}

/// A recorded profile, and this node's file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = DeployedProfile::sample)]
pub struct DeployedProfile {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The version that is recorded, and decided from.
    pub version: u32,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
    /// The version of this node's file, where its text is another one: see what it would change, and apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_file: Option<u32>,
}

impl Sample for Deployment {
    fn sample() -> Self {
        Self {
            version: "0.1.0".to_owned(),
            revision: 1_842,
            database: Database::sample(),
            freshness: Freshness::sample(),
            nodes: vec![Node::sample()],
            key_ring: KeyRing::sample(),
            profiles: vec![DeployedProfile::sample()],
        }
    }
}

impl Sample for Database {
    fn sample() -> Self {
        Self { engine: "PostgreSQL".to_owned(), schema: 7 }
    }
}

impl Sample for Freshness {
    fn sample() -> Self {
        Self { stale: false, bound_ms: 5_000, serve_stale_ms: 0, poll_ms: 500, age_ms: Some(212) }
    }
}

impl Sample for Node {
    fn sample() -> Self {
        Self { id: sample::NODE, this: true, revision: 1_842, seen_at: sample::time(0), fresh: true }
    }
}

impl Sample for KeyRing {
    fn sample() -> Self {
        Self { fingerprint: FINGERPRINT.to_owned(), versions: vec![KeyRingVersion::sample()] }
    }
}

impl Sample for KeyRingVersion {
    fn sample() -> Self {
        Self {
            version: 1,
            state: VersionState::Current,
            created_at: sample::time(-86_400),
            in_use: 312,
            check: FINGERPRINT.to_owned(),
        }
    }
}

impl Sample for DeployedProfile {
    fn sample() -> Self {
        Self {
            name: "keyward".to_owned(),
            title: "Keyward".to_owned(),
            version: 1,
            digest: "d74981efa70a0c880b8d8c1985d075dbcbf679b99a5f9914e5aaf96b831a9e24".to_owned(),
            other_file: Some(2),
        }
    }
}

const FINGERPRINT: &str = "9f86d081884c7d659a2feaa0c55ad015";
