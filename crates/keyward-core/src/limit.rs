//! How many credentials of a kind there may be, and what creating one more does to the earlier ones.

#[cfg(test)]
mod tests;

use crate::id::CredentialId;
use crate::kind::{Kind, OnCreate};

/// What creating one more credential needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Nothing; `place` is the lowest free number of 1..=N for the database's unique index, where the kind has a limit.
    Free {
        /// The number to take.
        place: Option<u32>,
    },
    /// These are revoked in the same commit, and the new one takes the place of the first.
    Supersede {
        /// The number to take.
        place: u32,
        /// What is revoked.
        revoke: Vec<CredentialId>,
    },
}

/// The limit is reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {count} `{kind}` is reached: revoke one that is not needed any more")]
pub struct LimitReached {
    /// The kind.
    pub kind: String,
    /// How many there may be.
    pub count: u32,
}

/// Whether another credential of `kind` may exist beside those that take `places` (not revoked, same limit scope).
pub fn admit(kind: &Kind, places: &[(u32, CredentialId)]) -> Result<Admission, LimitReached> {
    let Some(limit) = kind.limit else { return Ok(Admission::Free { place: None }) };
    // Counted as well as searched: after a limit was lowered, low numbers can be free while too many exist.
    let free = (1..=limit.count)
        .find(|n| !places.iter().any(|(taken, _)| taken == n))
        .filter(|_| u32::try_from(places.len()).is_ok_and(|living| living < limit.count));
    match (kind.on_create, free) {
        (_, Some(place)) => Ok(Admission::Free { place: Some(place) }),
        (OnCreate::Supersede, None) => {
            Ok(Admission::Supersede { place: 1, revoke: places.iter().map(|(_, id)| *id).collect() })
        }
        (OnCreate::Keep | OnCreate::Refuse, None) => {
            Err(LimitReached { kind: kind.id.to_string(), count: limit.count })
        }
    }
}
