//! The audit log: one hash chain per scope, written in the same transaction as what it records.
//!
//! An entry's hash covers the entry, its position, its revision and the hash before it, so nothing inside the chain can
//! be edited, inserted, removed or moved unseen. Who can write the database can still cut the chain's end off, or write
//! the whole chain anew: a signed [`Checkpoint`], kept elsewhere, shows that too.

use std::collections::HashMap;

use keyward_core::audit::AuditEntry;
use keyward_core::change::Revision;
use keyward_core::id::RequestId;
use keyward_core::keyring::{SigningKey, signed_by};
use keyward_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entities::{each_of, one_of};
use crate::error::StoreError;
use crate::feed::chunk;
use crate::tx::{Query, Reader, Writer};
use crate::value::{FromRow, Row};
use crate::{Scope, Store};

/// A BLAKE3 hash.
pub type Hash = [u8; 32];

/// An entry as it stands in its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place, counted from 1.
    pub position: u64,
    /// The revision it was committed with; zero for acts that changed nothing.
    pub revision: Revision,
    /// The entry's JSON: the text that is hashed.
    pub text: String,
    /// What this entry and everything before it amount to.
    pub hash: Hash,
    listed: Listed,
}

/// What lists are filtered by: instant, operation, caller, target.
type Listed = (Timestamp, String, String, Option<String>);

impl Recorded {
    /// The entry.
    pub fn entry(&self) -> Result<AuditEntry, StoreError> {
        serde_json::from_str(&self.text).map_err(|e| StoreError::value("an audit entry", e))
    }
}

/// Which entries of a scope to list. Every condition that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Such as `credentials.revoke`; or all of a resource, such as `credentials`.
    pub operation: Option<String>,
    /// The text forms of those one of whom acted; with none of them, anybody.
    pub callers: Vec<String>,
    /// The text forms of what one was acted on; with none of them, anything.
    pub targets: Vec<String>,
    /// The request that asked for it.
    pub request: Option<RequestId>,
    /// Only what was refused, or only what was not.
    pub refused: Option<bool>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// A signed statement of how long a chain is and what it amounts to. Keep copies outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose chain.
    pub scope: Scope,
    /// How many entries it has.
    pub count: u64,
    /// The hash of the last of them.
    #[serde(with = "hex")]
    pub head: [u8; 32],
    /// When this was said.
    pub at: Timestamp,
    /// The Ed25519 key that says so.
    #[serde(with = "hex")]
    pub public_key: [u8; 32],
    /// Its signature (RFC 8032).
    #[serde(with = "hex")]
    pub signature: [u8; 64],
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A place is empty, or taken twice.
    #[error("entry {expected} is missing: the next one says it is entry {found}")]
    Position {
        /// The place that should have come.
        expected: u64,
        /// The place that came.
        found: u64,
    },
    /// The entry is not the one that was recorded there.
    #[error("entry {0} is not what was recorded: it, or one before it, was changed")]
    Hash(u64),
    /// The columns that lists are filtered by do not say what the entry says.
    #[error("entry {0} is listed as something else than it is")]
    Columns(u64),
    /// The chain is shorter than it once was.
    #[error("the chain has {found} entries where it had {expected}: its end was cut off")]
    Truncated {
        /// How many entries there were.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The chain is consistent, but is not the one that was signed.
    #[error("entry {0} is not the one that was signed: the chain was written anew")]
    Rewritten(u64),
    /// The recorded head is not the last entry's.
    #[error("the recorded head does not belong to the last entry")]
    Head,
    /// A checkpoint was not signed by the key it should be signed by.
    #[error("the checkpoint at entry {0} is not signed by the expected key")]
    Signature(u64),
    /// A checkpoint speaks of another chain.
    #[error("the checkpoint at entry {0} belongs to another scope")]
    Scope(u64),
}

/// Checks one chain, entry by entry, from the first.
pub struct Verifier {
    scope: Scope,
    checkpoints: Vec<Checkpoint>,
    count: u64,
    head: Hash,
}

/// The outcome of a complete check: how long the chain is and what it amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many entries.
    pub count: u64,
    /// The hash of the last.
    pub head: Hash,
}

impl Verifier {
    /// Checks against `checkpoints`, which must be signed by `public_key`.
    pub fn new(scope: Scope, mut checkpoints: Vec<Checkpoint>, public_key: &[u8; 32]) -> Result<Self, Broken> {
        for checkpoint in &checkpoints {
            if checkpoint.scope != scope {
                return Err(Broken::Scope(checkpoint.count));
            }
            checkpoint.verify(public_key)?;
        }
        checkpoints.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.count));
        let verifier = Self { scope, checkpoints, count: 0, head: GENESIS };
        verifier.reached()
    }

    /// Checks the next entry.
    pub fn push(mut self, recorded: &Recorded) -> Result<Self, Broken> {
        let expected = self.count + 1;
        if recorded.position != expected {
            return Err(Broken::Position { expected, found: recorded.position });
        }
        let hash = hash(&self.head, self.scope, recorded.position, recorded.revision, &recorded.text);
        if hash != recorded.hash {
            return Err(Broken::Hash(expected));
        }
        if recorded.entry().map(listed).ok().as_ref() != Some(&recorded.listed) {
            return Err(Broken::Columns(expected));
        }
        (self.count, self.head) = (expected, hash);
        self.reached()
    }

    /// The chain has no further entries: it must not have had any.
    pub fn finish(self) -> Result<Verified, Broken> {
        match self.checkpoints.first() {
            Some(last) => Err(Broken::Truncated { expected: last.count, found: self.count }),
            None => Ok(Verified { count: self.count, head: self.head }),
        }
    }

    /// Compares with the checkpoints of this place.
    fn reached(mut self) -> Result<Self, Broken> {
        while let Some(checkpoint) = self.checkpoints.pop_if(|checkpoint| checkpoint.count == self.count) {
            if checkpoint.head != self.head {
                return Err(Broken::Rewritten(self.count));
            }
        }
        Ok(self)
    }
}

impl Checkpoint {
    /// Signs the state of a chain.
    pub fn sign(scope: Scope, state: Verified, at: Timestamp, key: &SigningKey) -> Result<Self, StoreError> {
        let (Verified { count, head }, public_key) = (state, key.public_key());
        let unsigned = Self { scope, count, head, at, public_key, signature: [0; 64] };
        let signature = key.sign(&unsigned.statement()).map_err(|e| StoreError::value("a checkpoint", e))?;
        Ok(Self { signature, ..unsigned })
    }

    /// Whether `public_key` signed this.
    pub fn verify(&self, public_key: &[u8; 32]) -> Result<(), Broken> {
        let signed = signed_by(public_key, &self.statement(), &self.signature);
        if signed { Ok(()) } else { Err(Broken::Signature(self.count)) }
    }

    /// The bytes that are signed.
    fn statement(&self) -> Vec<u8> {
        let scope = self.scope.to_string();
        let mut bytes = b"keyward audit checkpoint v1\0".to_vec();
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.head);
        bytes.extend(self.at.micros().to_le_bytes());
        bytes.extend(scope.as_bytes());
        bytes
    }
}

impl Reader {
    /// The entries of `scope` that fit, newest first, at most `limit`; with `before`, those at earlier places only.
    pub async fn audit(
        &mut self,
        scope: Scope,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let (operation, resource) = match &filter.operation {
            Some(text) if text.contains('.') => (Some(text), None),
            Some(text) => (None, Some(text)),
            None => (None, None),
        };
        let outcome = filter.refused.map(|refused| if refused { REFUSED } else { DONE });
        let mut query = Query::new("SELECT a.position FROM audit a WHERE a.scope = ")
            .arg(scope)
            .when(" AND a.operation = ", operation)
            // Everything that begins with `resource.`: the slash is the character after the dot.
            .when(" AND a.operation >= ", resource.map(|resource| format!("{resource}.")))
            .when(" AND a.operation < ", resource.map(|resource| format!("{resource}/")))
            .when(" AND a.entry LIKE ", outcome)
            .when(" AND a.entry LIKE ", filter.request.map(|request| format!("%\"request\":\"{request}\"%")))
            .when(" AND a.at >= ", filter.from)
            .when(" AND a.at < ", filter.until)
            .when(" AND a.position < ", before);
        if !filter.callers.is_empty() {
            query = each_of(query.sql(" AND a.position IN (SELECT i.position FROM "), &filter.callers)
                .sql(" CROSS JOIN audit i WHERE i.caller = h.id AND i.scope = ")
                .arg(scope)
                .sql(")");
        }
        if !filter.targets.is_empty() {
            query = one_of(query.sql(" AND a.target"), &filter.targets);
        }
        // Places before rows: an index has the places of who or what is looked for, and SQLite would not use it for rows.
        let places: Vec<(u64,)> = self.list(query.sql(" ORDER BY a.position DESC LIMIT ").arg(limit)).await?;
        let places: Vec<u64> = places.into_iter().map(|(place,)| place).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let query = one_of(Query::new(RECORDED).arg(scope).sql(" AND position"), &places);
        self.list(query.sql(" ORDER BY position DESC")).await
    }

    /// The entries of `scope` after a place, oldest first, at most `limit`: for exports and for [`Verifier`].
    pub async fn audit_after(&mut self, scope: Scope, after: u64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let query = Query::new(RECORDED).arg(scope).sql(" AND position > ").arg(after);
        self.list(query.sql(" ORDER BY position LIMIT ").arg(limit)).await
    }

    /// The checkpoints of `scope` that the database keeps, oldest first.
    pub async fn checkpoints(&mut self, scope: Scope) -> Result<Vec<Checkpoint>, StoreError> {
        self.all(
            "SELECT scope, count, head, at, public_key, signature FROM audit_checkpoints
                WHERE scope = $1 ORDER BY count",
            (scope,),
        )
        .await
    }

    /// How long the chain of `scope` claims to be, and what it claims to amount to.
    async fn audit_head(&mut self, scope: Scope) -> Result<Verified, StoreError> {
        let head: Option<(u64, Hash)> =
            self.optional("SELECT count, hash FROM audit_heads WHERE scope = $1", (scope,)).await?;
        Ok(head.map_or(Verified { count: 0, head: GENESIS }, |(count, head)| Verified { count, head }))
    }
}

impl Store {
    /// Signs the chain of `scope` as it is now, and keeps the statement; keep it elsewhere too.
    pub async fn checkpoint(&self, scope: Scope, at: Timestamp, key: &SigningKey) -> Result<Checkpoint, StoreError> {
        let state = self.read().await?.audit_head(scope).await?;
        let checkpoint = Checkpoint::sign(scope, state, at, key)?;
        let kept = checkpoint.clone();
        self.side_write(async move |writer| {
            let Checkpoint { scope, count, head, at, public_key, signature } = &kept;
            writer
                .exec(
                    "INSERT INTO audit_checkpoints (scope, count, head, at, public_key, signature)
                        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                    (scope, count, head, at, public_key, signature),
                )
                .await
                .map(drop)
        })
        .await?;
        Ok(checkpoint)
    }

    /// Checks the whole chain of `scope` against `checkpoints`, which must be signed by `public_key`. The outer error
    /// is a failure to look; the inner one is what was found.
    pub async fn verify_audit(
        &self,
        scope: Scope,
        checkpoints: Vec<Checkpoint>,
        public_key: &[u8; 32],
    ) -> Result<Result<Verified, Broken>, StoreError> {
        let mut reader = self.read().await?;
        let head = reader.audit_head(scope).await?;
        let mut verifier = match Verifier::new(scope, checkpoints, public_key) {
            Ok(verifier) => verifier,
            Err(broken) => return Ok(Err(broken)),
        };
        loop {
            let page = reader.audit_after(scope, verifier.count, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for recorded in &page {
                verifier = match verifier.push(recorded) {
                    Ok(verifier) => verifier,
                    Err(broken) => return Ok(Err(broken)),
                };
            }
        }
        Ok(match verifier.finish() {
            Ok(verified) if verified.count < head.count => {
                Err(Broken::Truncated { expected: head.count, found: verified.count })
            }
            Ok(verified) if verified != head => Err(Broken::Head),
            other => other,
        })
    }
}

/// An entry on its way into the log.
pub(crate) struct Pending {
    pub(crate) scope: Scope,
    pub(crate) revision: Revision,
    pub(crate) entry: AuditEntry,
}

/// Appends entries to their chains, in order. The caller holds the revision's lock.
pub(crate) async fn append(tx: &mut Writer, pending: &[Pending]) -> Result<(), StoreError> {
    let mut heads: HashMap<Scope, Verified> = HashMap::new();
    let mut rows = Vec::with_capacity(pending.len());
    for Pending { scope, revision, entry } in pending {
        let mut head = match heads.get(scope) {
            Some(head) => *head,
            None => tx.audit_head(*scope).await?,
        };
        let text = serde_json::to_string(entry).map_err(|e| StoreError::value("an audit entry", e))?;
        head.count += 1;
        head.head = hash(&head.head, *scope, head.count, *revision, &text);
        heads.insert(*scope, head);
        rows.push((*scope, head.count, *revision, text, listed(entry.clone()), head.head));
    }
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (rows, later) = rest.split_at(chunk(rest.len()));
        rest = later;
        let mut query = Query::new(
            "INSERT INTO audit (scope, position, revision, entry, at, operation, caller, target, hash) VALUES ",
        );
        for (index, (scope, position, revision, text, (at, operation, caller, target), hash)) in rows.iter().enumerate()
        {
            let comma = if index == 0 { "" } else { ", " };
            query = query.sql(comma).tuple((scope, position, revision, text, at, operation, caller, target, hash));
        }
        tx.exec_query(query).await?;
    }
    for (scope, Verified { count, head }) in heads {
        tx.exec(
            "INSERT INTO audit_heads (scope, count, hash) VALUES ($1, $2, $3)
                ON CONFLICT (scope) DO UPDATE SET count = excluded.count, hash = excluded.hash",
            (scope, count, head),
        )
        .await?;
    }
    Ok(())
}

fn hash(before: &Hash, scope: Scope, position: u64, revision: Revision, text: &str) -> Hash {
    let scope = scope.to_string();
    let mut hasher = blake3::Hasher::new_derive_key("keyward audit entry v1");
    hasher.update(before).update(&position.to_le_bytes()).update(&revision.0.to_le_bytes());
    // The only part of unknown length that others follow; a scope is far shorter than 2^32 bytes.
    hasher.update(&scope.len().to_le_bytes()).update(scope.as_bytes()).update(text.as_bytes());
    hasher.finalize().into()
}

fn listed(entry: AuditEntry) -> Listed {
    (entry.at, entry.operation, entry.caller.to_string(), entry.target)
}

impl FromRow for Recorded {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: row.get(0)?,
            revision: row.get(1)?,
            text: row.get(2)?,
            hash: row.get(3)?,
            listed: (row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?),
        })
    }
}

impl FromRow for Checkpoint {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            scope: row.get(0)?,
            count: row.get(1)?,
            head: row.get(2)?,
            at: row.get(3)?,
            public_key: row.get(4)?,
            signature: row.get(5)?,
        })
    }
}

/// Bytes as hex digits, in exported checkpoints.
mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        serializer.collect_str(&digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let digits: Option<Vec<u8>> = text.bytes().map(value).collect();
        let digits = digits.filter(|digits| digits.len() == 2 * N);
        let digits = digits.ok_or_else(|| D::Error::custom(format!("expected {} digits of `0-9a-f`", 2 * N)))?;
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
        }
        Ok(bytes)
    }

    fn value(digit: u8) -> Option<u8> {
        DIGITS.iter().position(|known| *known == digit).and_then(|value| u8::try_from(value).ok())
    }

    const DIGITS: &[u8; 16] = b"0123456789abcdef";
}

const RECORDED: &str =
    "SELECT position, revision, entry, hash, at, operation, caller, target FROM audit WHERE scope = ";
/// How an entry says that it was refused, or done. Inside a text of the entry, the quotes would be escaped.
const REFUSED: &str = "%\"outcome\":{\"outcome\":\"refused\"%";
const DONE: &str = "%\"outcome\":{\"outcome\":\"done\"%";
/// What stands before the first entry of every chain.
const GENESIS: Hash = [0; 32];
/// Entries read at a time.
const PAGE: u32 = 512;
