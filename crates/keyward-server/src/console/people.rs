//! What the pages of namespaces, members and grants share: how places and people are shown, and where lists go on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::role::{Grant, Holder};

use super::gate::Visit;
use super::ui::When;
use crate::app::App;
use crate::ops::authority;
use crate::ops::grants::Described;
use crate::ops::names::{Called, Place};

/// How many rows a page of a list has.
pub(super) const ROWS: u32 = 25;
/// How many there are to choose from in a dialog, before one has to search.
pub(super) const CHOICES: u32 = 20;

/// A namespace as pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Its icon.
    pub(super) icon: &'static str,
    /// What it is; user groups of an application and of the organization are told apart.
    pub(super) kind: &'static str,
    /// The application that it belongs to.
    pub(super) within: Option<String>,
    /// Its page, if the visitor may open it.
    pub(super) href: Option<String>,
}

impl Spot {
    /// The place as this visitor sees it.
    pub(super) fn of(app: &App, visit: &Visit, place: &Place) -> Self {
        let open = authority::may(app, visit.ctx(), place.id.kind().read(), place.id)
            || place.id == visit.organization.id.into();
        Self {
            id: place.id.to_string(),
            name: place.name.to_string(),
            icon: icon_of(place.id.kind()),
            kind: words_of(place.id.kind(), place.application.is_some()),
            within: place.application.as_ref().map(|(_, name)| name.to_string()),
            href: open.then(|| href_of(visit, place.id)),
        }
    }

    /// In one line: `Till in Shop`.
    pub(super) fn line(&self) -> String {
        match &self.within {
            Some(within) => format!("{} in {within}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The page of a namespace.
pub(super) fn href_of(visit: &Visit, id: NamespaceId) -> String {
    visit.href(&format!("/namespaces/{id}"))
}

/// The icon of a kind of namespace.
pub(super) const fn icon_of(kind: NamespaceKind) -> &'static str {
    match kind {
        NamespaceKind::Organization => "building-2",
        NamespaceKind::Application => "app-window",
        NamespaceKind::Workspace => "folder-kanban",
        NamespaceKind::UserGroup => "users-round",
    }
}

/// What a kind of namespace is called; of user groups, also whose they are.
pub(super) const fn words_of(kind: NamespaceKind, in_application: bool) -> &'static str {
    match kind {
        NamespaceKind::Organization => "Organization",
        NamespaceKind::Application => "Application",
        NamespaceKind::Workspace => "Workspace",
        NamespaceKind::UserGroup if in_application => "Application user group",
        NamespaceKind::UserGroup => "Organization user group",
    }
}

/// Somebody, or a credential, as pages show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Somebody {
    /// Their id.
    pub(super) id: String,
    /// Their name.
    pub(super) name: String,
    /// What else tells them apart: an address, or what they are.
    pub(super) detail: String,
    /// Their icon.
    pub(super) icon: &'static str,
    /// Their page.
    pub(super) href: Option<String>,
}

impl Somebody {
    /// The holder of a grant.
    pub(super) fn of(app: &App, visit: &Visit, called: &Called) -> Self {
        let sees_members = authority::may(app, visit.ctx(), "users:read", visit.organization.id.into());
        match called {
            Called::User(user) => Self {
                id: user.id.to_string(),
                name: user.name.to_string(),
                detail: user.email.clone(),
                icon: "user-round",
                href: (sees_members || user.id == visit.visitor.user.id)
                    .then(|| visit.href(&format!("/members/{}", user.id))),
            },
            Called::UserGroup(place) => {
                let spot = Spot::of(app, visit, place);
                let detail = match &spot.within {
                    Some(within) => format!("{} of {within}", spot.kind),
                    None => spot.kind.to_owned(),
                };
                Self { id: spot.id, name: spot.name, detail, icon: spot.icon, href: spot.href }
            }
            Called::Credential(id, name) => Self {
                id: id.to_string(),
                name: name.to_string(),
                detail: "Credential".to_owned(),
                icon: "key-round",
                href: Some(visit.href(&format!("/credentials/{id}"))),
            },
            Called::Gone(holder) => Self {
                id: holder.to_string(),
                name: holder.to_string(),
                detail: "no longer here".to_owned(),
                icon: "circle-help",
                href: None,
            },
        }
    }
}

/// A grant as a row of a table.
pub(super) struct GrantRow {
    /// Who holds it.
    pub(super) holder: Somebody,
    /// What the role is called.
    pub(super) role: String,
    /// The page of the role.
    pub(super) role_href: String,
    /// Where.
    pub(super) place: Spot,
    /// The user group through which somebody holds it.
    pub(super) through: Option<Spot>,
    /// Since when.
    pub(super) since: When,
    /// The dialog that takes it away, if the visitor may.
    pub(super) remove: Option<String>,
}

impl GrantRow {
    /// The grant as this visitor sees it; `back` is the page to which its dialog leads back.
    pub(super) fn of(app: &App, visit: &Visit, described: &Described, through: Option<&Place>, back: &str) -> Self {
        let Grant { id, role, namespace, created_at, holder, .. } = &described.grant;
        // What a credential holds is managed with the credential.
        let may = authority::may(app, visit.ctx(), "grants:delete", *namespace)
            && through.is_none()
            && !matches!(holder, Holder::Credential(_));
        Self {
            holder: Somebody::of(app, visit, &described.holder),
            role: described.role.to_string(),
            role_href: visit.href(&format!("/roles/{role}")),
            place: Spot::of(app, visit, &described.place),
            through: through.map(|group| Spot::of(app, visit, group)),
            since: When::of(*created_at, visit.ctx().at()),
            remove: may.then(|| visit.href(&format!("/grants/{id}/remove?back={back}"))),
        }
    }
}

/// Where a list sorted by names goes on: after this name and id.
pub(super) fn cursor(name: &keyward_core::name::Name, id: impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}\n{id}", name.folded()))
}

/// What a [`cursor`] names; what is none begins the list anew.
pub(super) fn after<I: std::str::FromStr>(text: Option<&str>) -> Option<(String, I)> {
    let bytes = URL_SAFE_NO_PAD.decode(text?).ok()?;
    let (name, id) = std::str::from_utf8(&bytes).ok()?.rsplit_once('\n')?;
    Some((name.to_owned(), id.parse().ok()?))
}

/// Takes one row more than a page has off its end. Whether there was one.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: u32) -> bool {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    more
}

/// An address with a query of these parameters; those without a value are left out.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// `1 credential`, `2 credentials`.
pub(super) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use keyward_core::id::UserId;
    use keyward_core::name::Name;

    use super::*;

    #[test]
    fn a_list_goes_on_where_it_ended() {
        let (name, id) = (Name::new("Zoë & Söhne").unwrap(), UserId::from_bits(7));
        let text = cursor(&name, id);
        assert_eq!(after::<UserId>(Some(&text)), Some((name.folded(), id)));
        for junk in ["", "!", "AAAA", &URL_SAFE_NO_PAD.encode("a\nb")] {
            assert_eq!(after::<UserId>(Some(junk)), None, "{junk}");
        }
    }

    #[test]
    fn a_page_says_whether_there_is_another() {
        let mut rows = vec![1, 2, 3];
        assert!(cut(&mut rows, 2));
        assert_eq!(rows, [1, 2]);
        assert!(!cut(&mut rows, 2));
    }

    #[test]
    fn user_groups_say_whose_they_are() {
        assert_eq!(words_of(NamespaceKind::UserGroup, true), "Application user group");
        assert_eq!(words_of(NamespaceKind::UserGroup, false), "Organization user group");
    }

    #[test]
    fn queries_hold_what_was_given() {
        assert_eq!(with_query("/a", &[("q", ""), ("after", "")]), "/a");
        assert_eq!(with_query("/a", &[("q", "ö & b"), ("kind", "x")]), "/a?q=%C3%B6+%26+b&kind=x");
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            (counted(1, "key"), counted(0, "key"), counted(2, "key")),
            ("1 key".into(), "0 keys".into(), "2 keys".into())
        );
    }
}
