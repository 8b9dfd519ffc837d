//! Every check of a decision with its outcome, for people. The checks themselves are those of [`crate::decide`].

use keyward_core::change::Revision;
use keyward_core::decision::{Check, Denial};
use keyward_core::id::{CredentialId, OrganizationId};

/// Why a request is allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The revision of the facts.
    pub revision: Revision,
    /// The credential that was found, and its organization: also when the secret was wrong. Whoever shows the explanation
    /// first makes sure that its reader may know of that organization's credentials.
    pub found: Option<(OrganizationId, CredentialId)>,
    /// The refusal; `None` when it is allowed.
    pub denial: Option<Denial>,
    /// One for each of [`Check::ALL`], in that order.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// What it looked at, for people; empty when it was not reached.
    pub fact: String,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It is the reason of the refusal.
    Failed,
    /// An earlier one failed.
    NotReached,
    /// It has nothing to look at for this kind or this request.
    NotApplicable,
}

impl Outcome {
    /// As written in answers.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::NotReached => "not_reached",
            Outcome::NotApplicable => "not_applicable",
        }
    }
}

/// Listens to a decision while it is made.
pub(crate) trait Recorder {
    /// Whether this is a use, which counts for the rate limit.
    const IS_USE: bool;

    fn found(&mut self, organization: OrganizationId, credential: CredentialId);

    fn note(&mut self, check: Check, outcome: Outcome, fact: impl FnOnce() -> String);
}

/// Hears nothing and costs nothing.
pub(crate) struct Unheard;

impl Recorder for Unheard {
    const IS_USE: bool = true;

    #[inline]
    fn found(&mut self, _: OrganizationId, _: CredentialId) {}

    #[inline]
    fn note(&mut self, _: Check, _: Outcome, _: impl FnOnce() -> String) {}
}

/// Writes everything down.
#[derive(Default)]
pub(crate) struct Notes {
    found: Option<(OrganizationId, CredentialId)>,
    findings: Vec<Finding>,
}

impl Recorder for Notes {
    const IS_USE: bool = false;

    fn found(&mut self, organization: OrganizationId, credential: CredentialId) {
        self.found = Some((organization, credential));
    }

    fn note(&mut self, check: Check, outcome: Outcome, fact: impl FnOnce() -> String) {
        self.findings.push(Finding { check, outcome, fact: fact() });
    }
}

impl Notes {
    pub(crate) fn into_explanation(self, revision: Revision, denial: Option<Denial>) -> Explanation {
        let Self { found, mut findings } = self;
        let order = |check: Check| Check::ALL.iter().position(|c| *c == check);
        for check in Check::ALL {
            if !findings.iter().any(|finding| finding.check == *check) {
                findings.push(Finding { check: *check, outcome: Outcome::NotReached, fact: String::new() });
            }
        }
        findings.sort_by_key(|finding| order(finding.check));
        Explanation { revision, found, denial, findings }
    }
}
