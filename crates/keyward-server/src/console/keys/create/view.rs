//! The dialog as it is shown: the words of the kind around what was typed and what can be chosen.

use std::time::Duration;

use keyward_core::kind::{Authority, Expiry, KeyPair, Kind};
use keyward_core::labels::{Dialog, DialogField, Input, Link};
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use super::offered::{Offered, RoleOffered, asks_for_place};
use super::places::{Group, Place, grouped};
use super::typed::{AT, NEVER, ON_A_DATE, Typed};
use crate::console::ui::When;

/// A field of the dialog.
pub(in crate::console::keys) struct Field<'a> {
    /// Its name in the form.
    pub(in crate::console::keys) name: &'static str,
    pub(in crate::console::keys) label: &'a str,
    pub(in crate::console::keys) hint: &'a str,
    pub(in crate::console::keys) help: Option<&'a Link>,
    pub(in crate::console::keys) control: Control<'a>,
    /// Whether one begins here.
    pub(in crate::console::keys) first: bool,
}

/// How a field is filled in.
pub(in crate::console::keys) enum Control<'a> {
    /// A line.
    Line { value: &'a str },
    /// What cannot be changed.
    Fixed { value: &'a str },
    /// One of the kinds.
    Kinds { choices: Vec<KindView<'a>>, again: bool },
    /// Exactly one role.
    OneRole { choices: Vec<RoleView<'a>>, beyond: usize },
    /// Several roles, each with where it counts.
    Roles { choices: Vec<RoleView<'a>> },
    /// A namespace.
    Place { groups: Vec<Group<'a>>, chosen: Option<NamespaceId>, again: bool },
    /// When it ends.
    Ends { presets: Vec<Term>, at: &'a str, shown: bool },
    /// Several lines.
    Lines { value: &'a str },
    /// Whether a key pair is made.
    KeyPair { ticked: bool },
}

/// A kind that can be chosen.
pub(in crate::console::keys) struct KindView<'a> {
    pub(in crate::console::keys) value: &'a str,
    pub(in crate::console::keys) word: &'a str,
    pub(in crate::console::keys) checked: bool,
    pub(in crate::console::keys) refused: Option<&'a str>,
    pub(in crate::console::keys) full: Option<&'a str>,
}

/// A role that can be chosen, or not.
pub(in crate::console::keys) struct RoleView<'a> {
    pub(in crate::console::keys) id: String,
    pub(in crate::console::keys) name: &'a str,
    pub(in crate::console::keys) checked: bool,
    /// Whether the visitor can give it anywhere.
    pub(in crate::console::keys) possible: bool,
    /// Whether it can be given where the credential lives.
    pub(in crate::console::keys) at_home: bool,
    /// Where else.
    pub(in crate::console::keys) places: Vec<&'a Place>,
    /// Whether there may be more places.
    pub(in crate::console::keys) cut: bool,
    /// Where it was chosen to count.
    pub(in crate::console::keys) chosen: Option<NamespaceId>,
}

impl<'a> RoleView<'a> {
    /// A role that counts in one place, if it can be given there.
    pub(in crate::console::keys) fn here(role: &'a RoleOffered, checked: bool) -> Self {
        let possible = !role.at.is_empty();
        let (name, places) = (role.name.as_str(), Vec::new());
        Self { id: role.id.to_string(), name, checked, possible, at_home: possible, places, cut: false, chosen: None }
    }
}

/// An end that can be chosen.
pub(in crate::console::keys) struct Term {
    pub(in crate::console::keys) value: String,
    pub(in crate::console::keys) label: String,
    pub(in crate::console::keys) end: Option<When>,
    pub(in crate::console::keys) checked: bool,
}

/// A step, for the list of them.
pub(super) struct StepView<'a> {
    pub(super) number: usize,
    pub(super) label: &'a str,
    pub(super) current: bool,
}

/// Every field of every step: those of the labels, and those that the kind needs besides.
pub(super) fn steps<'a>(
    offered: &'a Offered,
    typed: &'a Typed,
    within: Option<NamespaceId>,
    native: bool,
    now: Timestamp,
) -> Vec<Vec<Field<'a>>> {
    let kind = offered.kind();
    let view = View { offered, typed, kind, native, now };
    let dialog = &kind.labels.create;
    let mut steps: Vec<Vec<Field<'a>>> =
        dialog.steps.iter().map(|step| step.fields.iter().filter_map(|field| view.field(field)).collect()).collect();
    if steps.is_empty() {
        steps.push(Vec::new());
    }
    if asks_for_place(kind, within) && !dialog.asks_for(Input::Namespace) {
        steps[0].push(view.place("Namespace", "", None));
    }
    if offered.kinds.len() > 1 && !dialog.asks_for(Input::Kind) {
        steps[0].insert(0, view.kinds("Type", "", None));
    }
    if kind.key_pair == KeyPair::Rsa2048OnRequest
        && let Some(last) = steps.last_mut()
    {
        let control = Control::KeyPair { ticked: typed.key_pair };
        last.push(Field {
            name: "key_pair",
            label: &kind.labels.issued.private_key,
            hint: "",
            help: None,
            control,
            first: false,
        });
    }
    steps
}

/// The list of the steps; empty where there is one.
pub(super) fn step_list<'a>(steps: &[Vec<Field<'a>>], current: usize) -> Vec<StepView<'a>> {
    if steps.len() < 2 {
        return Vec::new();
    }
    let view = |(number, fields): (usize, &Vec<Field<'a>>)| StepView {
        number: number + 1,
        label: fields.first().map_or("", |field| field.label),
        current: number == current,
    };
    steps.iter().enumerate().map(view).collect()
}

/// What was typed in other steps, to be carried along.
pub(super) fn carried(typed: &Typed, steps: &[Vec<Field<'_>>], current: usize) -> Vec<(String, String)> {
    let mut carried = Vec::new();
    let mut keep = |name: &str, value: String| carried.push((name.to_owned(), value));
    for field in steps.iter().enumerate().filter(|(number, _)| *number != current).flat_map(|(_, fields)| fields) {
        match &field.control {
            Control::Line { value } | Control::Lines { value } => keep(field.name, (*value).to_owned()),
            Control::Kinds { choices, .. } => {
                choices.iter().filter(|one| one.checked).for_each(|one| keep(field.name, one.value.to_owned()));
            }
            Control::OneRole { .. } | Control::Roles { .. } => {
                typed.roles.iter().for_each(|role| keep("roles", role.clone()));
                typed.places.iter().for_each(|(role, at)| keep(&format!("{AT}{role}"), at.to_string()));
            }
            Control::Place { chosen, .. } => {
                if let Some(at) = chosen {
                    keep(field.name, at.to_string());
                }
            }
            Control::Ends { .. } => {
                keep("expires", typed.expires.clone());
                keep("expires_at", typed.expires_at.clone());
            }
            Control::KeyPair { ticked: true } => keep("key_pair", "on".to_owned()),
            Control::Fixed { .. } | Control::KeyPair { ticked: false } => {}
        }
    }
    carried
}

/// Where to go when these fields are wrong: the first step that has one of them.
pub(super) fn step_of(steps: &[Vec<Field<'_>>], is_wrong: impl Fn(&str) -> bool) -> Option<usize> {
    steps.iter().position(|fields| fields.iter().any(|field| is_wrong(field.name)))
}

/// Marks where one begins.
pub(super) fn begin(fields: &mut [Field<'_>], at: &str) {
    let named = fields.iter().position(|field| field.name == at);
    let first = named.or_else(|| fields.iter().position(|field| !matches!(field.control, Control::Fixed { .. })));
    if let Some(field) = first.and_then(|place| fields.get_mut(place)) {
        field.first = true;
    }
}

struct View<'a> {
    offered: &'a Offered,
    typed: &'a Typed,
    kind: &'a Kind,
    native: bool,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn field(&self, field: &'a DialogField) -> Option<Field<'a>> {
        let DialogField { input, label, hint, value, help } = field;
        let (name, control) = match input {
            Input::Name => ("name", Control::Line { value: &self.typed.name }),
            Input::Fixed => ("fixed", Control::Fixed { value }),
            Input::Kind => return (self.offered.kinds.len() > 1).then(|| self.kinds(label, hint, help.as_ref())),
            Input::Namespace => return Some(self.place(label, hint, help.as_ref())),
            Input::Roles => ("roles", self.roles()?),
            Input::ExpiresAt => ("expires_at", self.ends()),
            Input::Sources => ("sources", Control::Lines { value: &self.typed.sources }),
            // Nothing of this is known before it is made.
            Input::Grace | Input::PublicId | Input::Secret => return None,
        };
        Some(Field { name, label, hint, help: help.as_ref(), control, first: false })
    }

    fn kinds(&self, label: &'a str, hint: &'a str, help: Option<&'a Link>) -> Field<'a> {
        let asks = |dialog: &Dialog| dialog.fields().map(|field| field.input).collect::<Vec<_>>();
        let own = asks(&self.kind.labels.create);
        let again = self.offered.kinds.iter().any(|choice| asks(&choice.kind.labels.create) != own);
        let view = |(place, choice): (usize, &'a super::offered::Choice)| KindView {
            value: choice.kind.id.kind(),
            word: &choice.kind.labels.choice,
            checked: place == self.offered.kind,
            refused: choice.refused.as_deref(),
            full: choice.full.as_deref(),
        };
        let choices = self.offered.kinds.iter().enumerate().map(view).collect();
        Field { name: "kind", label, hint, help, control: Control::Kinds { choices, again }, first: false }
    }

    fn place(&self, label: &'a str, hint: &'a str, help: Option<&'a Link>) -> Field<'a> {
        let control = Control::Place {
            groups: grouped(&self.offered.places),
            chosen: self.offered.home,
            // Which roles can be given depends on where.
            again: matches!(self.kind.authority, Authority::Group | Authority::Roles { .. }),
        };
        Field { name: "namespace", label, hint, help, control, first: false }
    }

    fn roles(&self) -> Option<Control<'a>> {
        let view = |role: &'a RoleOffered| role_view(role, self.typed, self.offered);
        let mut choices: Vec<RoleView<'a>> = self.offered.roles.iter().map(view).collect();
        match self.kind.authority {
            Authority::Group => {
                let all = choices.len();
                // A choice of one offers nothing that cannot be chosen.
                choices.retain(|role| role.at_home);
                Some(Control::OneRole { beyond: all - choices.len(), choices })
            }
            Authority::Roles { .. } => Some(Control::Roles { choices }),
            Authority::Namespace | Authority::Owner | Authority::Organization => None,
        }
    }

    fn ends(&self) -> Control<'a> {
        let mut presets = if self.native { self.presets() } else { Vec::new() };
        let wanted = self.typed.expires.as_str();
        if !presets.is_empty() {
            let known = presets.iter().any(|preset| preset.value == wanted);
            let default = default_of(self.kind).map_or_else(|| "90d".to_owned(), in_days);
            let wanted = if known { wanted.to_owned() } else { default };
            for preset in &mut presets {
                preset.checked = preset.value == wanted;
            }
        }
        Control::Ends { presets, at: &self.typed.expires_at, shown: !self.native }
    }

    fn presets(&self) -> Vec<Term> {
        let (default, max, optional) = match self.kind.expiry {
            Expiry::Never => return Vec::new(),
            Expiry::Optional { default, max } => (default, max, default.is_none() && max.is_none()),
            Expiry::Required { default, max } => (default, max, false),
        };
        let mut lives = vec![DAY * 30, DAY * 90, DAY * 365];
        lives.extend(default);
        lives.retain(|life| max.is_none_or(|max| *life <= max));
        lives.sort_unstable();
        lives.dedup();
        let preset = |value: String, label: String, end| Term { value, label, end, checked: false };
        let mut presets: Vec<Term> = lives
            .into_iter()
            .filter(|life| life.as_secs().is_multiple_of(DAY.as_secs()))
            .map(|life| {
                let end = When::of(self.typed.opened.plus(life), self.now);
                preset(in_days(life), format!("{} days", life.as_secs() / DAY.as_secs()), Some(end))
            })
            .collect();
        presets.push(preset(ON_A_DATE.to_owned(), "On a date".to_owned(), None));
        if optional {
            presets.push(preset(NEVER.to_owned(), "Never".to_owned(), None));
        }
        presets
    }
}

fn role_view<'a>(role: &'a RoleOffered, typed: &Typed, offered: &'a Offered) -> RoleView<'a> {
    let id = role.id.to_string();
    let places: Vec<&Place> = offered.role_places.iter().filter(|place| role.at.contains(&place.id)).collect();
    RoleView {
        cut: offered.are_role_places_cut,
        checked: typed.roles.contains(&id),
        possible: !role.at.is_empty(),
        at_home: offered.home.is_some_and(|home| role.at.contains(&home)),
        chosen: typed.places.iter().find(|(of, _)| *of == id).map(|(_, at)| *at),
        name: role.name.as_str(),
        places,
        id,
    }
}

const fn default_of(kind: &Kind) -> Option<Duration> {
    match kind.expiry {
        Expiry::Optional { default, .. } | Expiry::Required { default, .. } => default,
        Expiry::Never => None,
    }
}

fn in_days(life: Duration) -> String {
    format!("{}d", life.as_secs() / DAY.as_secs())
}

const DAY: Duration = Duration::from_hours(24);
