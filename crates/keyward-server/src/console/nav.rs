//! What stands beside every page: where one can go. Key pages stand where their profile's menu path puts them.

use super::gate::{Visit, Visitor};
use super::key_pages;
use crate::app::App;
use crate::ops::authority;

/// The navigation.
pub(super) struct Nav {
    /// Its groups, from the top.
    pub(super) groups: Vec<Group>,
}

/// Pages that stand together.
pub(super) struct Group {
    /// The first word of their menu path; empty for pages that stand by themselves.
    pub(super) title: String,
    /// The pages.
    pub(super) items: Vec<Item>,
}

/// One page.
pub(super) struct Item {
    /// What it is called.
    pub(super) label: String,
    /// Its address.
    pub(super) href: String,
    /// The name of its icon.
    pub(super) icon: &'static str,
    /// Whether it is the one that is open.
    pub(super) current: bool,
}

/// The navigation of an organization, with the page `current` open: what the visitor may not see is not offered.
pub(super) fn of(app: &App, visit: &Visit, current: &str) -> Nav {
    let item = |label: &str, icon, path: &str| {
        let href = visit.href(path);
        Item { label: label.to_owned(), icon, current: href == current, href }
    };
    let may = |permission| authority::may(app, visit.ctx(), permission, visit.organization.id.into());
    let mut groups = vec![Group { title: String::new(), items: vec![item("Overview", "layout-dashboard", "")] }];
    for page in key_pages::of(app, &visit.organization) {
        let menu = &page.labels().menu;
        let (title, label) = match menu.as_slice() {
            [] => (String::new(), page.labels().title.clone()),
            [only] => (String::new(), only.clone()),
            [first, rest @ ..] => (first.clone(), rest.join(" › ")),
        };
        let item = item(&label, "key-round", &format!("/keys/{}", page.slug));
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.items.push(item),
            None => groups.push(Group { title, items: vec![item] }),
        }
    }
    let mut access = vec![item("Namespaces", "boxes", "/namespaces")];
    if may("users:read") {
        access.push(item("Members", "users", "/members"));
    }
    access.push(item("Roles", "shield-check", "/roles"));
    groups.push(Group { title: "Access".into(), items: access });
    let mut insight = vec![item("Usage", "activity", "/usage")];
    if may("audit:read") {
        insight.push(item("Audit log", "scroll-text", "/audit"));
    }
    insight.push(item("Explain", "circle-help", "/explain"));
    groups.push(Group { title: "Insight".into(), items: insight });
    groups.push(Group { title: String::new(), items: vec![item("Settings", "settings", "/settings")] });
    Nav { groups }
}

/// The navigation of a person, outside any organization.
pub(super) fn outside(visitor: &Visitor, current: &str) -> Nav {
    let item = |label: String, icon, href: String| Item { label, icon, current: href == current, href };
    let mut own = vec![item("Your profile".into(), "user-round", "/me".into())];
    own.push(item("Authenticator & Access".into(), "shield-check", "/me/access".into()));
    own.push(item("Sessions".into(), "monitor-smartphone", "/me/sessions".into()));
    let mut groups = vec![Group { title: "You".into(), items: own }];
    let organizations: Vec<_> = visitor
        .organizations
        .iter()
        .map(|(of, _)| item(of.name.to_string(), "building-2", format!("/o/{}", of.id)))
        .collect();
    if !organizations.is_empty() {
        groups.push(Group { title: "Organizations".into(), items: organizations });
    }
    if visitor.user.operator {
        let deployment = item("Organizations".into(), "server-cog", "/deployment".into());
        groups.push(Group { title: "Deployment".into(), items: vec![deployment] });
    }
    Nav { groups }
}
