//! The namespaces among which one can choose, with their names and what they stand in.

use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};

use crate::app::App;
use crate::console::gate::Visit;
use crate::ops::error::OpError;
use crate::ops::{NamespaceFilter, Page, namespaces};

/// A namespace that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console::keys) struct Place {
    pub(in crate::console::keys) id: NamespaceId,
    /// Its name, after that of the application in which it stands.
    pub(in crate::console::keys) path: String,
}

/// Namespaces of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console::keys) struct Group<'a> {
    pub(in crate::console::keys) title: &'static str,
    pub(in crate::console::keys) places: Vec<&'a Place>,
    /// How many of them are listed, where there may be more.
    pub(in crate::console::keys) cut: Option<u32>,
}

/// Everything of these kinds that the visitor can reach, the organization first: of each kind the first `most`, and those
/// that are `wanted`: named in the address, or chosen before.
pub(in crate::console::keys) async fn reachable(
    app: &App,
    visit: &Visit,
    kinds: &[NamespaceKind],
    most: u32,
    wanted: &[NamespaceId],
) -> Result<Vec<Place>, OpError> {
    let mut places = Vec::new();
    if kinds.contains(&NamespaceKind::Organization) {
        places.push(Place { id: visit.organization.id.into(), path: visit.organization.name.to_string() });
    }
    let below = [NamespaceKind::Workspace, NamespaceKind::UserGroup];
    let needs_applications =
        kinds.contains(&NamespaceKind::Application) || below.iter().any(|kind| kinds.contains(kind));
    let applications =
        if needs_applications { of(app, visit, NamespaceKind::Application, most).await? } else { Vec::new() };
    if kinds.contains(&NamespaceKind::Application) {
        places.extend(applications.iter().map(|one| Place { id: one.id, path: one.name.to_string() }));
    }
    for kind in below.into_iter().filter(|kind| kinds.contains(kind)) {
        for one in of(app, visit, kind, most).await? {
            let parent = applications.iter().find(|application| application.id == one.parent);
            let path = parent.map_or_else(|| one.name.to_string(), |parent| format!("{} › {}", parent.name, one.name));
            places.push(Place { id: one.id, path });
        }
    }
    for id in wanted.iter().filter(|id| kinds.contains(&id.kind())) {
        if places.iter().any(|place| place.id == *id) {
            continue;
        }
        match namespaces::get(app, visit.ctx(), *id).await {
            Ok(one) => places.push(Place { id: one.id, path: one.name.to_string() }),
            // Out of their reach, or gone: then it is no choice.
            Err(error) if error.is_refusal() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(places)
}

/// The places by their kinds.
pub(in crate::console::keys) fn grouped(places: &[Place]) -> Vec<Group<'_>> {
    let titles = [
        (NamespaceKind::Organization, "Organization"),
        (NamespaceKind::Application, "Applications"),
        (NamespaceKind::Workspace, "Workspaces"),
        (NamespaceKind::UserGroup, "User groups"),
    ];
    let group = |(kind, title)| {
        let places: Vec<&Place> = places.iter().filter(|place| place.id.kind() == kind).collect();
        let cut = (places.len() >= MOST as usize).then_some(MOST);
        (!places.is_empty()).then_some(Group { title, places, cut })
    };
    titles.into_iter().filter_map(group).collect()
}

async fn of(app: &App, visit: &Visit, kind: NamespaceKind, most: u32) -> Result<Vec<Namespace>, OpError> {
    let filter = NamespaceFilter { kind: Some(kind), ..NamespaceFilter::default() };
    namespaces::list(app, visit.ctx(), filter, &Page::first(most)).await
}

/// More than anybody looks through in a list of choices; the address names others (`?in=`).
pub(in crate::console::keys) const MOST: u32 = 500;
/// Where each role may count: a list for each of up to hundreds of roles.
pub(super) const MOST_FOR_ROLES: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_core::id::ApplicationId;

    #[test]
    fn a_group_says_that_there_may_be_more() {
        let apps = |count: u32| -> Vec<Place> {
            let app = |n| Place { id: ApplicationId::from_bits(u128::from(n)).into(), path: format!("App {n}") };
            (0..count).map(app).collect()
        };
        assert_eq!(grouped(&apps(MOST - 1))[0].cut, None);
        assert_eq!(grouped(&apps(MOST))[0].cut, Some(500));
    }
}
