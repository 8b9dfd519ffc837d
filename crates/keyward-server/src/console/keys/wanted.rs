//! What of a list is wanted: search, filters, order, position. All of it stands in the address of the page.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use keyward_core::id::{RoleId, UserId};
use keyward_core::kind::KindId;
use keyward_core::labels::Shown;
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use crate::console::key_pages::KeyPage;
use crate::ops::{CredentialCursor, CredentialFilter, CredentialSort, CredentialState, Order, SortBy, SortKey};
use crate::surfaces::form::Form;

/// The part of a list that an address names. What it names wrongly counts as not named: old links stay links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Part of a name, a public id or an id; empty for everything.
    pub(super) search: String,
    /// One kind of the page's.
    pub(super) kind: Option<KindId>,
    /// One state.
    pub(super) state: Option<CredentialState>,
    /// Holding a role.
    pub(super) role: Option<RoleId>,
    /// Living in a namespace, or imported there.
    pub(super) place: Option<NamespaceId>,
    /// Whose.
    pub(super) owner: Option<Whose>,
    /// Ending within so many days.
    pub(super) expires: Option<u32>,
    /// Not used for so many days.
    pub(super) unused: Option<u32>,
    /// In which order.
    pub(super) sort: CredentialSort,
    /// After which row.
    pub(super) after: Option<CredentialCursor>,
    /// Whether every row is ticked from the beginning.
    pub(super) ticked: bool,
}

/// Whose credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The visitor's own.
    Mine,
    /// Somebody's.
    User(UserId),
}

/// How many days an address may name.
const MAX_DAYS: u32 = 3_650;

/// The states with their names in addresses.
pub(super) const STATES: [(&str, CredentialState); 4] = [
    ("active", CredentialState::Active),
    ("disabled", CredentialState::Disabled),
    ("expired", CredentialState::Expired),
    ("revoked", CredentialState::Revoked),
];

/// The orders with their names in addresses.
const SORTS: [(&str, SortBy); 5] = [
    ("name", SortBy::Name),
    ("created", SortBy::CreatedAt),
    ("changed", SortBy::UpdatedAt),
    ("used", SortBy::LastUsedAt),
    ("expires", SortBy::ExpiresAt),
];

impl Wanted {
    /// Reads the query of an address.
    pub(super) fn read(query: Option<&str>, page: &KeyPage) -> Self {
        let form = query.and_then(|text| Form::parse(text.as_bytes()).ok()).unwrap_or_default();
        let text = |name: &'static str| form.get(name).map(str::trim).filter(|text| !text.is_empty());
        let sort = text("sort").and_then(sort_named).unwrap_or(CredentialSort::NEWEST);
        Self {
            search: text("q").unwrap_or_default().to_owned(),
            kind: text("kind")
                .and_then(|slug| page.kinds.iter().find(|kind| kind.id.kind() == slug))
                .map(|k| k.id.clone()),
            state: text("state")
                .and_then(|word| STATES.iter().find(|(name, _)| *name == word))
                .map(|(_, state)| *state),
            role: text("role").and_then(parsed),
            place: text("in").and_then(parsed),
            owner: match text("owner") {
                Some("me") => Some(Whose::Mine),
                other => other.and_then(parsed).map(Whose::User),
            },
            expires: text("expires").and_then(days),
            unused: text("unused").and_then(days),
            sort,
            after: text("after").and_then(|text| cursor_named(text, sort)),
            ticked: text("ticked") == Some("all"),
        }
    }

    /// The query of the address that says the same, with the question mark; empty where nothing is wanted.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        };
        say("in", self.place.map(text));
        say("q", Some(self.search.clone()).filter(|text| !text.is_empty()));
        say("kind", self.kind.as_ref().map(|kind| kind.kind().to_owned()));
        say("state", self.state.map(|state| state_name(state).to_owned()));
        say("role", self.role.map(text));
        say("owner", self.owner.map(Whose::name));
        say("expires", self.expires.map(text));
        say("unused", self.unused.map(text));
        say("sort", Some(self.sort).filter(|sort| *sort != CredentialSort::NEWEST).map(sort_name));
        say("after", self.after.as_ref().map(cursor_name));
        say("ticked", self.ticked.then(|| "all".to_owned()));
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// The same list from its beginning.
    pub(super) fn at_start(&self) -> Self {
        Self { after: None, ticked: false, ..self.clone() }
    }

    /// The same list after a row.
    pub(super) fn after(&self, cursor: CredentialCursor) -> Self {
        Self { after: Some(cursor), ticked: false, ..self.clone() }
    }

    /// The same list in another order: the other way round where it is in this order already.
    pub(super) fn sorted(&self, by: SortBy) -> Self {
        let first = match by {
            SortBy::Name | SortBy::ExpiresAt => Order::Ascending,
            SortBy::CreatedAt | SortBy::UpdatedAt | SortBy::LastUsedAt => Order::Descending,
        };
        let order = match self.sort {
            CredentialSort { by: now, order: Order::Ascending } if now == by => Order::Descending,
            CredentialSort { by: now, order: Order::Descending } if now == by => Order::Ascending,
            _ => first,
        };
        Self { sort: CredentialSort { by, order }, ..self.at_start() }
    }

    /// Everything in the same place and order.
    pub(super) fn unfiltered(&self) -> Self {
        Self { place: self.place, sort: self.sort, ..Self::default() }
    }

    /// Whether it leaves anything out beyond the place.
    pub(super) fn is_filtered(&self) -> bool {
        self.at_start() != self.unfiltered()
    }

    /// How many of the filters that are folded away are set.
    pub(super) fn folded(&self) -> usize {
        [self.role.is_some(), self.expires.is_some(), self.unused.is_some()].into_iter().filter(|set| *set).count()
            + usize::from(matches!(self.owner, Some(Whose::User(_))))
    }

    /// The filter for a visitor of the page at some time.
    pub(super) fn filter(&self, page: &KeyPage, visitor: UserId, now: Timestamp) -> CredentialFilter {
        let within = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
        let mut states: Vec<CredentialState> = self.state.into_iter().collect();
        if self.expires.is_some() && states.is_empty() {
            // What has ended does not end.
            states = vec![CredentialState::Active, CredentialState::Disabled];
        }
        CredentialFilter {
            kinds: self
                .kind
                .clone()
                .map_or_else(|| page.kinds.iter().map(|kind| kind.id.clone()).collect(), |k| vec![k]),
            states,
            namespace: self.place,
            owner: self.owner.map(|whose| match whose {
                Whose::Mine => visitor,
                Whose::User(user) => user,
            }),
            role: self.role,
            search: Some(self.search.clone()).filter(|text| !text.is_empty()),
            expires_before: self.expires.map(|days| now.plus(within(days))),
            unused_since: self.unused.map(|days| now.minus(within(days))),
            ..CredentialFilter::default()
        }
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            search: String::new(),
            kind: None,
            state: None,
            role: None,
            place: None,
            owner: None,
            expires: None,
            unused: None,
            sort: CredentialSort::NEWEST,
            after: None,
            ticked: false,
        }
    }
}

impl Whose {
    fn name(self) -> String {
        match self {
            Whose::Mine => "me".to_owned(),
            Whose::User(user) => user.to_string(),
        }
    }
}

/// By what a column is sorted, if it can be.
pub(super) const fn sorted_by(shown: Shown) -> Option<SortBy> {
    match shown {
        Shown::Name => Some(SortBy::Name),
        Shown::CreatedAt => Some(SortBy::CreatedAt),
        Shown::LastUsedAt => Some(SortBy::LastUsedAt),
        Shown::ExpiresAt => Some(SortBy::ExpiresAt),
        Shown::PublicId
        | Shown::Kind
        | Shown::Roles
        | Shown::Namespace
        | Shown::Owner
        | Shown::CreatedBy
        | Shown::State
        | Shown::Sources
        | Shown::Actions => None,
    }
}

fn state_name(state: CredentialState) -> &'static str {
    STATES.iter().find(|(_, own)| *own == state).map_or("", |(name, _)| name)
}

/// An order as addresses name it: `name`, or `-name` for the other way round.
pub(super) fn sort_name(sort: CredentialSort) -> String {
    let name = SORTS.iter().find(|(_, by)| *by == sort.by).map_or("", |(name, _)| name);
    match sort.order {
        Order::Ascending => name.to_owned(),
        Order::Descending => format!("-{name}"),
    }
}

fn sort_named(text: &str) -> Option<CredentialSort> {
    let (name, order) = text.strip_prefix('-').map_or((text, Order::Ascending), |name| (name, Order::Descending));
    let (_, by) = SORTS.iter().find(|(own, _)| *own == name)?;
    Some(CredentialSort { by: *by, order })
}

/// The id of a row, and what it is sorted by.
fn cursor_name((key, id): &CredentialCursor) -> String {
    match key {
        SortKey::Name(name) => format!("{id}.{name}"),
        SortKey::Time(micros) => format!("{id}.{micros}"),
    }
}

fn cursor_named(text: &str, sort: CredentialSort) -> Option<CredentialCursor> {
    let (id, key) = text.split_once('.')?;
    let key = match sort.by {
        SortBy::Name => SortKey::Name(key.to_owned()),
        SortBy::CreatedAt | SortBy::UpdatedAt | SortBy::LastUsedAt | SortBy::ExpiresAt => SortKey::Time(parsed(key)?),
    };
    Some((key, parsed(id)?))
}

fn days(text: &str) -> Option<u32> {
    parsed(text).filter(|days| (1..=MAX_DAYS).contains(days))
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn text(value: impl Display) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str =
        "in=app_00000000000000000000000001&q=night&state=revoked&owner=me&expires=7&unused=30&sort=-name";

    fn read(query: &str) -> Wanted {
        Wanted::read(Some(query), &KeyPage { slug: "keyward-api".into(), kinds: Vec::new() })
    }

    #[test]
    fn an_address_says_again_what_it_was_read_from() {
        let wanted = read(NAMED);
        assert_eq!(wanted.query(), format!("?{NAMED}"));
        let after = wanted.after((SortKey::Name("b.c &".into()), "cred_00000000000000000000000001".parse().unwrap()));
        assert_eq!(read(after.query().trim_start_matches('?')), after);
        let newest = Wanted::default().after((SortKey::Time(-5), "cred_00000000000000000000000001".parse().unwrap()));
        assert_eq!(read(newest.query().trim_start_matches('?')), newest);
        assert_eq!(Wanted::default().query(), "");
    }

    #[test]
    fn what_is_named_wrongly_is_not_named() {
        let junk =
            "in=x&state=gone&role=role&owner=you&expires=0&unused=99999&sort=colour&after=x.y&kind=z&q=++&ticked=1";
        assert_eq!(read(junk), Wanted::default());
        assert_eq!(read("%zz"), Wanted::default());
    }

    #[test]
    fn a_heading_sorts_and_then_turns_round_and_begins_anew() {
        let wanted = read(NAMED).after((SortKey::Name("b".into()), "cred_00000000000000000000000001".parse().unwrap()));
        let sort = |by, order| CredentialSort { by, order };
        assert_eq!(wanted.sorted(SortBy::Name).sort, sort(SortBy::Name, Order::Ascending));
        assert_eq!(wanted.sorted(SortBy::Name).after, None);
        assert_eq!(wanted.sorted(SortBy::LastUsedAt).sort, sort(SortBy::LastUsedAt, Order::Descending));
        assert_eq!(Wanted::default().sorted(SortBy::CreatedAt).sort, sort(SortBy::CreatedAt, Order::Ascending));
    }

    #[test]
    fn the_place_and_the_order_are_no_filters() {
        assert!(read(NAMED).is_filtered() && !read("in=app_00000000000000000000000001&sort=name").is_filtered());
        assert_eq!(read(NAMED).unfiltered().query(), "?in=app_00000000000000000000000001&sort=-name");
        assert_eq!(read(NAMED).folded(), 2);
    }

    #[test]
    fn what_ends_soon_has_not_ended() {
        let page = KeyPage { slug: "keyward-api".into(), kinds: Vec::new() };
        let now = Timestamp::from_seconds(1_000_000);
        let me: UserId = "usr_00000000000000000000000001".parse().unwrap();
        let filter = read(NAMED).filter(&page, me, now);
        assert_eq!((filter.owner, filter.states.as_slice()), (Some(me), [CredentialState::Revoked].as_slice()));
        assert_eq!(filter.expires_before, Some(Timestamp::from_seconds(1_000_000 + 7 * 86_400)));
        assert_eq!(filter.unused_since, Some(Timestamp::from_seconds(1_000_000 - 30 * 86_400)));
        let soon = read("expires=7").filter(&page, me, now);
        assert_eq!(soon.states, [CredentialState::Active, CredentialState::Disabled]);
    }
}
