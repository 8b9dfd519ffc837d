//! The change feed of one organization, for those who keep a copy.

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::change::{Change, Revision};
use keyward_core::id::OrganizationId;
use keyward_store::StoreError;

use crate::app::App;
use crate::ops::authority::{self, door};
use crate::ops::context::Ctx;
use crate::ops::error::OpError;

/// Rows of the feed that one answer looks through: where others change much and this organization little, an answer
/// can be empty and still lead further.
const MOST_ROWS: usize = 10_000;
/// Rows read at a time.
const PAGE: u32 = 500;

/// What was committed after a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The facts, in order, each with its commit.
    pub items: Vec<(Revision, Change)>,
    /// Up to where they are complete.
    pub up_to: Revision,
    /// Whether there may be more already.
    pub more: bool,
}

/// The facts of the caller's organization after a revision, and those about profiles, which belong to nobody: about
/// `limit`, because those of one commit are never parted.
pub async fn list(app: &App, ctx: &Ctx, after: Revision, limit: usize) -> Result<Changes, OpError> {
    authority::admit(ctx, &operations::CHANGES_LIST)?;
    let organization = authority::organization(app, ctx)?;
    door(app, ctx, &operations::CHANGES_LIST, organization.into())?;
    let mut found = Changes { items: Vec::new(), up_to: after, more: false };
    let mut looked_through = 0;
    let mut reader = app.store.read().await?;
    loop {
        let rows = reader.feed(found.up_to, PAGE).await.map_err(not_there)?;
        if rows.is_empty() {
            return Ok(found);
        }
        for row in rows {
            let revision = row.revision;
            let facts: Vec<_> = row.changes.into_iter().filter(|fact| concerns(fact, organization)).collect();
            let full = !found.items.is_empty() && !facts.is_empty() && found.items.len() + facts.len() > limit;
            if full || looked_through == MOST_ROWS {
                found.more = true;
                return Ok(found);
            }
            found.items.extend(facts.into_iter().map(|fact| (revision, fact)));
            found.up_to = revision;
            looked_through += 1;
        }
    }
}

fn concerns(fact: &Change, organization: OrganizationId) -> bool {
    let of = match fact {
        Change::Profile(_) => return true,
        Change::Organization(record) => record.id,
        Change::Namespace(record) => record.organization,
        Change::Membership(membership) => membership.organization,
        Change::GroupMember(member) | Change::GroupMemberRemoved(member) => member.organization,
        Change::Role(role) => role.organization,
        Change::Grant(grant) => grant.organization,
        Change::Credential(record) => record.organization,
        Change::NamespaceRemoved { organization, .. }
        | Change::MembershipRemoved { organization, .. }
        | Change::RoleRemoved { organization, .. }
        | Change::GrantRemoved { organization, .. } => *organization,
    };
    of == organization
}

/// The caller's copy is of another history, or older than the feed goes back.
fn not_there(error: StoreError) -> OpError {
    match error {
        StoreError::Gap { .. } | StoreError::Rewound => OpError::field(
            ErrorCode::InvalidValue,
            "?after",
            "the feed does not go on from this revision: read everything again, then follow from the revision of that",
        ),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_core::change::RecordedProfile;
    use keyward_core::id::UserId;

    #[test]
    fn facts_of_others_are_none_of_the_callers() {
        let (own, other) = (OrganizationId::from_bits(1), OrganizationId::from_bits(2));
        let left = |organization| Change::MembershipRemoved { organization, user: UserId::from_bits(1) };
        assert!(concerns(&left(own), own));
        assert!(!concerns(&left(other), own));
        assert!(concerns(&Change::Profile(RecordedProfile::new("keyward", 1, "")), own));
    }

    #[test]
    fn who_is_too_far_behind_or_ahead_is_told_to_begin_again() {
        for lost in [StoreError::Rewound, StoreError::Gap { wanted: Revision(2), found: None }] {
            let error = not_there(lost);
            assert_eq!(error.code, ErrorCode::InvalidValue);
            assert_eq!(error.fields[0].pointer, "?after");
        }
        assert_eq!(not_there(StoreError::Full).code, ErrorCode::StorageFull);
    }
}
