//! Changing the organization: its name and networks, and which profiles it uses.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use ipnet::IpNet;
use keyward_api::values::Network;
use keyward_core::name::Name;
use keyward_core::organization::Organization;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::console::gate::{Fields, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::context::Ctx;
use crate::ops::organizations::{self, EditRequest};
use crate::ops::profiles::{self, Available};

#[derive(Template)]
#[template(path = "console/settings/edit.html")]
struct General<'a> {
    visit: &'a Visit,
    back: String,
    name: &'a str,
    sources: &'a str,
    changed: i64,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/settings/profiles.html")]
struct ProfilesDialog<'a> {
    visit: &'a Visit,
    back: String,
    profiles: Vec<Choice>,
    changed: i64,
    wrong: Wrong,
}

/// A profile that can be chosen.
pub(in crate::console) struct Choice {
    pub(in crate::console) name: String,
    pub(in crate::console) title: String,
    pub(in crate::console) kinds: String,
    pub(in crate::console) ticked: bool,
}

impl Choice {
    /// Every profile, with those ticked that are named.
    pub(in crate::console) fn all(available: &[Available], ticked: &[String]) -> Vec<Self> {
        let choice = |found: &Available| {
            let mut kinds: Vec<&str> = found.profile.kinds.iter().map(|kind| kind.labels.singular.as_str()).collect();
            kinds.dedup();
            Self {
                name: found.text.name.clone(),
                title: found.profile.title.clone(),
                kinds: kinds.join(", "),
                ticked: ticked.contains(&found.text.name),
            }
        };
        available.iter().map(choice).collect()
    }
}

pub(super) async fn open(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let now = organizations::get(&app, visit.ctx(), visit.organization.id).await?;
    let sources = written(&now.sources);
    Ok(general(StatusCode::OK, &app, &visit, [now.name.as_str(), &sources], now.updated_at, Wrong::default()))
}

pub(super) async fn save(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let now = organizations::get(&app, visit.ctx(), visit.organization.id).await?;
    let seen = seen(&fields, &now);
    let again = |status, wrong| {
        let typed = [fields.text("name"), fields.text("sources")];
        Ok(general(status, &app, &visit, typed, seen, wrong))
    };
    let (name, sources) = match read(&fields) {
        Ok(read) => read,
        Err(wrong) => return again(StatusCode::UNPROCESSABLE_ENTITY, wrong),
    };
    // Who may only rename sends the networks as they were.
    let sources = Some(sources).filter(|sources| IpNet::aggregate(sources) != now.sources);
    let input = EditRequest { name: Some(name), profiles: None, sources };
    match organizations::edit(&app, &as_seen(&visit, seen), now.id, input).await {
        Ok(done) => {
            let notice = Notice::proven("The settings were saved.", &done.receipt);
            Ok(page::lead(&visit.visitor, &visit.href("/settings"), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => again(status, Wrong::of(&error, &["name", "sources"])),
            None => Err(error.into()),
        },
    }
}

pub(super) async fn open_profiles(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let now = organizations::get(&app, visit.ctx(), visit.organization.id).await?;
    let available = profiles::list(&app, visit.ctx()).await?;
    let choices = Choice::all(&available, &now.profiles);
    Ok(profiles_dialog(StatusCode::OK, &app, &visit, choices, now.updated_at, Wrong::default()))
}

pub(super) async fn save_profiles(
    State(app): State<Arc<App>>,
    visit: Visit,
    fields: Fields,
) -> Result<Response, Refused> {
    let now = organizations::get(&app, visit.ctx(), visit.organization.id).await?;
    let seen = seen(&fields, &now);
    let chosen = in_order(&now.profiles, fields.all("profiles"));
    let input = EditRequest { profiles: Some(chosen.clone()), ..EditRequest::default() };
    match organizations::edit(&app, &as_seen(&visit, seen), now.id, input).await {
        Ok(done) => {
            let notice = Notice::proven("The profiles were saved.", &done.receipt);
            Ok(page::lead(&visit.visitor, &visit.href("/settings"), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => {
                let choices = Choice::all(&profiles::list(&app, visit.ctx()).await?, &chosen);
                Ok(profiles_dialog(status, &app, &visit, choices, seen, Wrong::of(&error, &["profiles"])))
            }
            None => Err(error.into()),
        },
    }
}

fn general(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    [name, sources]: [&str; 2],
    seen: Timestamp,
    wrong: Wrong,
) -> Response {
    let current = visit.href("/settings");
    let dialog = General { visit, back: current.clone(), name, sources, changed: seen.micros(), wrong };
    page::dialog(status, app, visit, "Edit settings", &current, &dialog)
}

fn profiles_dialog(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    profiles: Vec<Choice>,
    seen: Timestamp,
    wrong: Wrong,
) -> Response {
    let current = visit.href("/settings");
    let dialog = ProfilesDialog { visit, back: current.clone(), profiles, changed: seen.micros(), wrong };
    page::dialog(status, app, visit, "Profiles", &current, &dialog)
}

/// The state of the organization that the form shows: an edit of any other is refused.
fn seen(fields: &Fields, now: &Organization) -> Timestamp {
    fields.text("changed").parse().map_or(now.updated_at, Timestamp::from_micros)
}

fn as_seen(visit: &Visit, seen: Timestamp) -> Ctx {
    Ctx { if_match: Some(seen), ..visit.ctx().clone() }
}

/// Networks as people edit them: one on each line.
fn written(sources: &[IpNet]) -> String {
    sources.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Name and networks, or what is wrong with them.
fn read(fields: &Fields) -> Result<(Name, Vec<IpNet>), Wrong> {
    let mut wrong = Wrong::default();
    let name = Name::new(fields.text("name")).map_err(|e| wrong.add("name", e)).ok();
    let sources = networks(fields.text("sources")).map_err(|e| wrong.add("sources", e)).ok();
    name.zip(sources).ok_or(wrong)
}

/// The networks of a text, however they are separated; the first that is none is named.
fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let each = text.split([' ', '\t', '\r', '\n', ',']).filter(|text| !text.is_empty());
    each.map(|text| text.parse::<Network>().map(IpNet::from).map_err(|e| e.to_string())).collect()
}

/// The chosen profiles: those that were there keep their order, new ones follow.
fn in_order<'c>(before: &[String], chosen: impl Iterator<Item = &'c str>) -> Vec<String> {
    let chosen: Vec<&str> = chosen.collect();
    let kept = before.iter().filter(|name| chosen.contains(&name.as_str())).cloned();
    let new = chosen.iter().filter(|name| !before.iter().any(|known| known == *name)).map(|name| (*name).to_owned());
    kept.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_people_write_them() {
        let read = networks("10.0.0.0/8\r\n 2001:db8::/32, 192.0.2.7\n").unwrap();
        assert_eq!(written(&read), "10.0.0.0/8\n2001:db8::/32\n192.0.2.7/32");
        assert!(networks("").unwrap().is_empty());
        let wrong = networks("10.0.0.0/8\n10.0.0.0/99").unwrap_err();
        assert!(wrong.contains("10.0.0.0/99"), "{wrong}");
    }

    #[test]
    fn profiles_keep_their_order() {
        let before = ["gigya".to_owned(), "keyward".to_owned()];
        assert_eq!(in_order(&before, ["keyward", "gigantik", "gigya"].into_iter()), ["gigya", "keyward", "gigantik"]);
        assert_eq!(in_order(&before, ["keyward"].into_iter()), ["keyward"]);
    }
}
