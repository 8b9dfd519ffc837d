//! What was typed into the dialog, as it was typed: nothing of it is lost when something is wrong.

use ipnet::IpNet;
use keyward_api::values::Network;
use keyward_core::kind::Kind;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;
use std::time::Duration;

use crate::app::App;
use crate::console::gate::Fields;
use crate::console::ui::{self, Wrong};
use crate::ops::credentials::{Create, RoleChoice};

/// The fields beside which something may be wrong.
pub(super) const FIELDS: [&str; 7] = ["kind", "name", "namespace", "roles", "expires_at", "sources", "key_pair"];
/// The names of the fields that carry where each role is to count: followed by the role's id.
pub(super) const AT: &str = "at-";
/// The choice of an end by hand.
pub(super) const ON_A_DATE: &str = "at";
/// The choice of no end.
pub(super) const NEVER: &str = "never";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// The name of the kind within its profile; empty when nothing was chosen.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<NamespaceId>,
    /// Ids of roles.
    pub(super) roles: Vec<String>,
    /// Where roles are to count: only those of which something was said.
    pub(super) places: Vec<(String, NamespaceId)>,
    /// The chosen end: days such as `90d`, [`NEVER`] or [`ON_A_DATE`].
    pub(super) expires: String,
    /// The end by hand, as browsers write it: `2027-01-31T12:00`, in UTC.
    pub(super) expires_at: String,
    pub(super) sources: String,
    pub(super) key_pair: bool,
    /// Which step is open, from 0.
    pub(super) step: usize,
    /// Makes a repeated form make one thing.
    pub(super) once: String,
    /// When the dialog was opened: chosen days count from here, so that a repeated form asks for the same.
    pub(super) opened: Timestamp,
}

/// What the pressed button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    /// Makes it.
    Create,
    /// On to the next step.
    Next,
    /// To the step before.
    Back,
    /// Shows the dialog anew, because what can be chosen depends on what was chosen.
    Again,
}

impl Typed {
    /// Nothing yet.
    pub(super) fn nothing(app: &App, now: Timestamp) -> Self {
        Self { once: ui::once(app), ..Self::at(now) }
    }

    /// What a form carries.
    pub(super) fn of(app: &App, fields: &Fields, now: Timestamp) -> Self {
        let opened = fields.given("opened").and_then(|text| text.parse().ok()).map(Timestamp::from_micros);
        let place = |(name, value): (&str, &str)| Some((name.strip_prefix(AT)?.to_owned(), value.parse().ok()?));
        Self {
            kind: fields.text("kind").to_owned(),
            name: fields.text("name").to_owned(),
            namespace: fields.given("namespace").and_then(|text| text.parse().ok()),
            roles: fields.all("roles").map(str::to_owned).collect(),
            places: fields.iter().filter_map(place).collect(),
            expires: fields.text("expires").to_owned(),
            expires_at: fields.text("expires_at").trim().to_owned(),
            sources: fields.text("sources").to_owned(),
            key_pair: fields.ticked("key_pair"),
            step: fields.given("step").and_then(|text| text.parse().ok()).unwrap_or_default(),
            once: fields.given("once").map_or_else(|| ui::once(app), str::to_owned),
            opened: opened.filter(|opened| *opened <= now && now.since(*opened) < KEPT_OPEN).unwrap_or(now),
        }
    }

    /// What it asks for, or what cannot be read.
    pub(super) fn wanted(&self, kind: &Kind, namespace: Option<NamespaceId>) -> Result<Create, Wrong> {
        let mut wrong = Wrong::default();
        let name = Name::new(&self.name).map_err(|error| wrong.add("name", error)).ok();
        let expires_at = self.end().unwrap_or_else(|problem| {
            wrong.add("expires_at", problem);
            None
        });
        let sources = self.networks().unwrap_or_else(|problem| {
            wrong.add("sources", problem);
            Vec::new()
        });
        match name {
            Some(name) if wrong.is_empty() => Ok(Create {
                kind: kind.id.to_string(),
                name,
                namespace,
                roles: self.choices(),
                expires_at,
                sources,
                owner: None,
                key_pair: self.key_pair,
            }),
            _ => Err(wrong),
        }
    }

    /// The roles, each with where it is to count.
    pub(super) fn choices(&self) -> Vec<RoleChoice> {
        let at = |role: &String| self.places.iter().find(|(of, _)| of == role).map(|(_, at)| *at);
        self.roles.iter().map(|role| RoleChoice { role: role.clone(), namespace: at(role) }).collect()
    }

    fn at(opened: Timestamp) -> Self {
        Self {
            kind: String::new(),
            name: String::new(),
            namespace: None,
            roles: Vec::new(),
            places: Vec::new(),
            expires: String::new(),
            expires_at: String::new(),
            sources: String::new(),
            key_pair: false,
            step: 0,
            once: String::new(),
            opened,
        }
    }

    /// The same dialog, to make another one.
    pub(super) fn another(&mut self, app: &App) {
        self.once = ui::once(app);
    }

    fn end(&self) -> Result<Option<Timestamp>, String> {
        match self.expires.as_str() {
            NEVER => Ok(None),
            ON_A_DATE if self.expires_at.is_empty() => Err("choose a date and a time".to_owned()),
            ON_A_DATE => utc(&self.expires_at).map(Some),
            "" if self.expires_at.is_empty() => Ok(None),
            "" => utc(&self.expires_at).map(Some),
            days => match days.strip_suffix('d').and_then(|days| days.parse().ok()) {
                Some(days @ 1..=3_650) => Ok(Some(self.opened.plus(Duration::from_hours(24 * days)))),
                _ => Err("choose when it ends".to_owned()),
            },
        }
    }

    fn networks(&self) -> Result<Vec<IpNet>, String> {
        let written = self.sources.split(['\n', ',']).map(str::trim).filter(|text| !text.is_empty());
        written.map(|text| text.parse().map(|Network(network)| network).map_err(|e| format!("{e}"))).collect()
    }
}

/// A date and a time as browsers write them, in UTC.
fn utc(text: &str) -> Result<Timestamp, String> {
    let seconds = if text.len() == "2027-01-31T12:00".len() { ":00" } else { "" };
    let unreadable = |_| format!("`{text}` is not a date and a time in UTC: write `2027-01-31T12:00`");
    format!("{text}{seconds}Z").parse().map_err(unreadable)
}

/// A dialog that was open for longer counts from now: what was chosen must not be over at once.
const KEPT_OPEN: Duration = Duration::from_hours(12);

#[cfg(test)]
mod tests {
    use keyward_core::profile::{Profile, built_in};

    use super::*;

    fn kind() -> Kind {
        let profile = Profile::parse("keyward", built_in("keyward").unwrap()).unwrap();
        Kind::clone(profile.kind_named("api").unwrap())
    }

    fn typed() -> Typed {
        Typed { name: "Nightly".into(), ..Typed::at(Timestamp::from_seconds(1_000_000_000)) }
    }

    #[test]
    fn an_end_is_days_or_a_date_or_none() {
        let day = Duration::from_hours(24);
        let end = |expires: &str, at: &str| Typed { expires: expires.into(), expires_at: at.into(), ..typed() }.end();
        assert_eq!(end("90d", "ignored"), Ok(Some(typed().opened.plus(day * 90))));
        assert_eq!(end("at", "2027-01-31T12:00").unwrap().unwrap().to_string(), "2027-01-31T12:00:00Z");
        assert_eq!(end("", "2027-01-31T12:00:30").unwrap().unwrap().to_string(), "2027-01-31T12:00:30Z");
        assert_eq!((end("", ""), end("never", "x")), (Ok(None), Ok(None)));
        for (expires, at) in
            [("at", ""), ("at", "31.01.2027"), ("", "tomorrow"), ("0d", ""), ("9999999d", ""), ("x", "")]
        {
            assert!(end(expires, at).is_err(), "{expires} {at}");
        }
    }

    #[test]
    fn networks_stand_one_a_line() {
        let networks = |text: &str| Typed { sources: text.into(), ..typed() }.networks();
        let read: Vec<String> =
            networks(" 192.0.2.0/24\r\n\n2001:db8::1, 10.0.0.1 ").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(read, ["192.0.2.0/24", "2001:db8::1/128", "10.0.0.1/32"]);
        assert!(networks("192.0.2.0/24\nhere").unwrap_err().contains("`here`"));
    }

    #[test]
    fn everything_that_cannot_be_read_is_said_at_once() {
        let wrong = Typed { name: " ".into(), expires: "at".into(), sources: "x".into(), ..typed() };
        let wrong = wrong.wanted(&kind(), None).unwrap_err();
        assert!(["name", "expires_at", "sources"].iter().all(|field| wrong.with(field).is_some()), "{wrong:?}");
    }

    #[test]
    fn roles_count_where_they_were_chosen_to() {
        let at: NamespaceId = "app_01m82qw7ztfxpv328jjg6vjmqm".parse().unwrap();
        let typed = Typed { roles: vec!["a".into(), "b".into()], places: vec![("b".into(), at)], ..typed() };
        let chosen = typed.choices();
        assert_eq!((chosen[0].namespace, chosen[1].namespace), (None, Some(at)));
    }
}
