//! Which key pages an organization has: one for each menu path and title in the labels of its profiles' kinds.

use std::sync::Arc;

use keyward_core::kind::Kind;
use keyward_core::labels::Labels;
use keyward_core::organization::Organization;

use crate::app::App;
use crate::ops::error::OpError;

/// A page on which credentials of one or several kinds are listed and made.
#[derive(Clone, Debug)]
pub(super) struct KeyPage {
    /// Its name in addresses: `profile-kind` of its first kind.
    pub(super) slug: String,
    /// Its kinds, in the order of the profile; at least one.
    pub(super) kinds: Vec<Arc<Kind>>,
}

impl KeyPage {
    /// The words of the page: those of its first kind.
    pub(super) fn labels(&self) -> &Labels {
        &self.kinds[0].labels
    }

    /// Whether credentials of this kind are on the page.
    pub(super) fn has(&self, kind: &Kind) -> bool {
        self.kinds.iter().any(|own| own.id == kind.id)
    }
}

/// The key pages of an organization, in the order of its profiles.
pub(super) fn of(app: &App, organization: &Organization) -> Vec<KeyPage> {
    let index = app.index.snapshot();
    let mut pages: Vec<KeyPage> = Vec::new();
    for profile in organization.profiles.iter().filter_map(|name| index.profile(name)) {
        for kind in &profile.kinds {
            let shared = |page: &&mut KeyPage| {
                page.kinds[0].id.profile() == kind.id.profile() && page.labels().shares_page_with(&kind.labels)
            };
            match pages.iter_mut().find(shared) {
                Some(page) => page.kinds.push(Arc::clone(kind)),
                None => pages.push(KeyPage {
                    slug: format!("{}-{}", kind.id.profile(), kind.id.kind()),
                    kinds: vec![Arc::clone(kind)],
                }),
            }
        }
    }
    pages
}

/// The key page with this name in its address.
pub(super) fn named(app: &App, organization: &Organization, slug: &str) -> Result<KeyPage, OpError> {
    let mut pages = of(app, organization).into_iter();
    pages.find(|page| page.slug == slug).ok_or_else(|| OpError::not_found("page"))
}

/// The page on which credentials of this kind are.
pub(super) fn holding(app: &App, organization: &Organization, kind: &Kind) -> Option<KeyPage> {
    of(app, organization).into_iter().find(|page| page.has(kind))
}
