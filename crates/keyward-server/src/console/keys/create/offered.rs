//! What can be chosen in the dialog: kinds, places and roles, and why something cannot.

use std::sync::Arc;

use keyward_core::id::RoleId;
use keyward_core::kind::{Authority, Kind, Requirement};
use keyward_core::labels::Input;
use keyward_core::name::Name;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::role::{MAX_ROLES_PER_ORGANIZATION, Role};

use super::places::{self, Place};
use super::typed::Typed;
use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::KeyPage;
use crate::console::page::sentence;
use crate::ops::credentials;
use crate::ops::error::OpError;
use crate::ops::{Page, roles};
use crate::surfaces::hiding::without_secrets;

/// What can be chosen.
pub(super) struct Offered {
    /// The kinds of the page.
    pub(super) kinds: Vec<Choice>,
    /// Which of them is open.
    pub(super) kind: usize,
    /// Where it may be made.
    pub(super) places: Vec<Place>,
    /// Where it is made if nothing else is chosen.
    pub(super) home: Option<NamespaceId>,
    /// The roles that it may hold.
    pub(super) roles: Vec<RoleOffered>,
    /// Where roles may count, if that can be chosen.
    pub(super) role_places: Vec<Place>,
    /// Whether there may be more of them.
    pub(super) are_role_places_cut: bool,
}

/// A kind of the page.
pub(super) struct Choice {
    pub(super) kind: Arc<Kind>,
    /// Why the visitor may not make one.
    pub(super) refused: Option<String>,
    /// Why there may not be another one.
    pub(super) full: Option<String>,
}

/// A role.
pub(in crate::console::keys) struct RoleOffered {
    pub(in crate::console::keys) id: RoleId,
    pub(in crate::console::keys) name: Name,
    /// Where the visitor can give it.
    pub(in crate::console::keys) at: Vec<NamespaceId>,
}

impl Offered {
    /// What the visitor can choose, given what they have chosen; `within` is the namespace of the address.
    pub(super) async fn of(
        app: &App,
        visit: &Visit,
        page: &KeyPage,
        typed: &Typed,
        within: Option<NamespaceId>,
    ) -> Result<Self, OpError> {
        let wanted: Vec<NamespaceId> =
            typed.namespace.into_iter().chain(within).chain(typed.places.iter().map(|(_, at)| *at)).collect();
        let mut all = Vec::new();
        for kind in &page.kinds {
            all.push(Possible::of(app, visit, kind, typed.namespace, within).await?);
        }
        let named = all.iter().position(|one| one.choice.kind.id.kind() == typed.kind);
        let first = all.iter().position(|one| one.choice.refused.is_none() && one.choice.full.is_none());
        let chosen = named.or(first).or_else(|| all.iter().position(|one| one.choice.refused.is_none()));
        let kind = chosen.unwrap_or_default();
        let (places, home) =
            all.get_mut(kind).map(|one| (std::mem::take(&mut one.places), one.home)).unwrap_or_default();
        let kinds: Vec<Choice> = all.into_iter().map(|one| one.choice).collect();
        let (roles, role_places) = (Vec::new(), Vec::new());
        let mut offered = Self { kinds, kind, places, home, roles, role_places, are_role_places_cut: false };
        offered.add_roles(app, visit, &wanted).await?;
        Ok(offered)
    }

    /// The kind that is open.
    pub(super) fn kind(&self) -> &Arc<Kind> {
        &self.kinds[self.kind].kind
    }

    /// Whether the visitor may make none of the kinds.
    pub(super) fn is_refused(&self) -> bool {
        self.kinds.iter().all(|choice| choice.refused.is_some())
    }

    async fn add_roles(&mut self, app: &App, visit: &Visit, wanted: &[NamespaceId]) -> Result<(), OpError> {
        let kind = Arc::clone(self.kind());
        let several = matches!(kind.authority, Authority::Roles { .. }) && kind.lives_in.len() > 1;
        if several {
            self.role_places = places::reachable(app, visit, &EVERY_KIND, places::MOST_FOR_ROLES, wanted).await?;
            let listed = |group: &places::Group<'_>| group.places.len() >= places::MOST_FOR_ROLES as usize;
            self.are_role_places_cut = places::grouped(&self.role_places).iter().any(listed);
        }
        let mut at: Vec<NamespaceId> = self.role_places.iter().map(|place| place.id).collect();
        if let Some(home) = self.home.filter(|home| !at.contains(home)) {
            at.push(home);
        }
        self.roles = roles_for(app, visit, &kind, &at).await?;
        Ok(())
    }
}

/// The roles that a credential of `kind` may hold, each with where of `places` the visitor can give it.
pub(in crate::console::keys) async fn roles_for(
    app: &App,
    visit: &Visit,
    kind: &Kind,
    places: &[NamespaceId],
) -> Result<Vec<RoleOffered>, OpError> {
    if !matches!(kind.authority, Authority::Roles { .. } | Authority::Group) {
        return Ok(Vec::new());
    }
    let every = Page::first(u32::try_from(MAX_ROLES_PER_ORGANIZATION).unwrap_or(u32::MAX));
    let mut found = roles::list(app, visit.ctx(), None, &every).await?;
    // Other profiles' templates speak of other services.
    let fits = |role: &Role| {
        role.template.as_deref().is_none_or(|template| template.split('/').next() == Some(kind.id.profile()))
    };
    found.retain(fits);
    let at = credentials::givable(app, visit.ctx(), kind, &found, places)?;
    Ok(found.into_iter().zip(at).map(|(role, at)| RoleOffered { id: role.id, name: role.name, at }).collect())
}

/// Whether the dialog of the kind lets choose where it lives: because its labels say so, or because nothing else does.
pub(super) fn asks_for_place(kind: &Kind, within: Option<NamespaceId>) -> bool {
    kind.labels.create.asks_for(Input::Namespace)
        || (kind.lives_in != [NamespaceKind::Organization]
            && !within.is_some_and(|at| kind.lives_in.contains(&at.kind())))
}

/// A kind with where it may be made.
struct Possible {
    choice: Choice,
    places: Vec<Place>,
    home: Option<NamespaceId>,
}

impl Possible {
    async fn of(
        app: &App,
        visit: &Visit,
        kind: &Arc<Kind>,
        typed: Option<NamespaceId>,
        within: Option<NamespaceId>,
    ) -> Result<Self, OpError> {
        let wanted: Vec<NamespaceId> = typed.into_iter().chain(within).collect();
        let reachable = places::reachable(app, visit, &kind.lives_in, places::MOST, &wanted).await?;
        let mut why = None;
        let mut places = Vec::new();
        for place in reachable {
            match credentials::creatable(app, visit.ctx(), kind, place.id) {
                Ok(()) => places.push(place),
                Err(error) => why = why.or_else(|| Some(told(&error).replace(&place.id.to_string(), &place.path))),
            }
        }
        let possible = |at: &NamespaceId| places.iter().any(|place| place.id == *at);
        let only = places.first().map(|place| place.id);
        let home = typed.filter(possible).or(within.filter(possible)).or(only);
        let full = match home {
            Some(home) => credentials::room(app, visit.ctx(), kind, home).await.err().map(|error| told(&error)),
            None => None,
        };
        // Whoever needs any right at all is not helped by the name of one place of many.
        let why = why.filter(|_| kind.create_requires != Requirement::Access);
        let refused = places.is_empty().then(|| why.unwrap_or_else(|| nowhere(kind)));
        Ok(Self { choice: Choice { kind: Arc::clone(kind), refused, full }, places, home })
    }
}

/// Why something cannot be made where there is no place for it.
fn nowhere(kind: &Kind) -> String {
    let place = match kind.lives_in.as_slice() {
        [NamespaceKind::Organization] => "organization",
        [NamespaceKind::Application] => "application",
        [NamespaceKind::Workspace] => "workspace",
        [NamespaceKind::UserGroup] => "user group",
        _ => "namespace",
    };
    format!("Access to at least one {place} is required: ask for a role there.")
}

fn told(error: &OpError) -> String {
    sentence(&without_secrets(&error.detail))
}

const EVERY_KIND: [NamespaceKind; 4] =
    [NamespaceKind::Organization, NamespaceKind::Application, NamespaceKind::Workspace, NamespaceKind::UserGroup];
