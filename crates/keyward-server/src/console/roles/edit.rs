//! Making a role, and changing one: its name, and its patterns as boxes beside a field for those that have none.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use keyward_core::id::RoleId;
use keyward_core::name::Name;
use keyward_core::permission::{Pattern, PatternSet};
use keyward_core::role::Role;
use keyward_core::time::Timestamp;
use serde::Deserialize;

use super::matrix::{self, Section};
use super::{href, sections};
use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::context::Ctx;
use crate::ops::roles::{self, EditRequest, RoleUse};

/// The fields beside which something may be wrong.
const FIELDS: [&str; 2] = ["name", "patterns"];

#[derive(Deserialize)]
pub(super) struct Source {
    from: Option<RoleId>,
}

#[derive(Template)]
#[template(path = "console/roles/edit.html")]
struct Form<'a> {
    visit: &'a Visit,
    title: &'a str,
    /// The role that is changed; a new one has none yet.
    changed: Option<(&'a Role, RoleUse)>,
    name: &'a str,
    sections: Vec<Boxes>,
    others: String,
    all: String,
    back: String,
    action: String,
    wrong: Wrong,
}

struct Boxes {
    title: String,
    resources: Vec<Choices>,
}

struct Choices {
    name: String,
    everything: Choice,
    single: Vec<Choice>,
}

/// One pattern that can be ticked.
struct Choice {
    pattern: String,
    action: String,
    ticked: bool,
    /// Whether the visitor cannot give it. What the role has already can be left to it.
    beyond: bool,
}

/// What was filled in, as it was.
struct Draft {
    name: String,
    ticked: BTreeSet<String>,
    others: String,
}

pub(super) async fn open_new(
    State(app): State<Arc<App>>,
    visit: Visit,
    Query(Source { from }): Query<Source>,
) -> Result<Response, Refused> {
    let draft = match from {
        Some(id) => {
            let role = roles::get(&app, visit.ctx(), id).await?;
            Draft::of_role(&app, &visit, &format!("Copy of {}", role.name), &role.patterns)
        }
        None => Draft { name: String::new(), ticked: BTreeSet::new(), others: String::new() },
    };
    Ok(form(StatusCode::OK, &app, &visit, None, &draft, Wrong::default()))
}

pub(super) async fn create(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let draft = Draft::of(&fields);
    let (name, patterns) = match draft.read() {
        Ok(read) => read,
        Err(wrong) => return Ok(form(StatusCode::UNPROCESSABLE_ENTITY, &app, &visit, None, &draft, wrong)),
    };
    match roles::create(&app, visit.ctx(), name, patterns).await {
        Ok(done) => {
            let notice = Notice::new(format!("The role {} was created.", done.value.name));
            Ok(page::lead(&visit.visitor, &href(&visit, &done.value), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => Ok(form(status, &app, &visit, None, &draft, Wrong::of(&error, &FIELDS))),
            None => Err(error.into()),
        },
    }
}

pub(super) async fn open(State(app): State<Arc<App>>, visit: Visit, Id(id): Id<RoleId>) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    let draft = Draft::of_role(&app, &visit, role.name.as_str(), &role.patterns);
    Ok(form(StatusCode::OK, &app, &visit, Some((&role, used)), &draft, Wrong::default()))
}

pub(super) async fn save(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<RoleId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let (role, used) = roles::preview(&app, visit.ctx(), id).await?;
    // The role as it was when the form was made: its place in the form does not move with what others save.
    let seen = fields.text("changed").parse().map_or(role.updated_at, Timestamp::from_micros);
    let shown = Role { updated_at: seen, ..role };
    let draft = Draft::of(&fields);
    let again = |status, wrong| Ok(form(status, &app, &visit, Some((&shown, used)), &draft, wrong));
    let (name, patterns) = match draft.read() {
        Ok(read) => read,
        Err(wrong) => return again(StatusCode::UNPROCESSABLE_ENTITY, wrong),
    };
    let ctx = Ctx { if_match: Some(seen), ..visit.ctx().clone() };
    match roles::edit(&app, &ctx, id, EditRequest { name: Some(name), patterns: Some(patterns) }).await {
        Ok(done) => {
            let notice = Notice::proven(format!("The role {} was saved.", done.value.name), &done.receipt);
            Ok(page::lead(&visit.visitor, &href(&visit, &done.value), Some(notice)))
        }
        Err(error) => match page::again(&error) {
            Some(status) => again(status, Wrong::of(&error, &FIELDS)),
            None => Err(error.into()),
        },
    }
}

fn form(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    changed: Option<(&Role, RoleUse)>,
    draft: &Draft,
    wrong: Wrong,
) -> Response {
    let role = changed.map(|(role, _)| role);
    let title = if role.is_some() { "Edit role" } else { "New role" };
    let held = role.map_or(PatternSet::none(), |role| role.patterns.clone());
    let gives = |pattern: &Pattern| {
        held.contains(pattern) || roles::may_grant(app, visit.ctx(), visit.organization.id.into(), &only(pattern))
    };
    let all = visit.href("/roles");
    let form = Form {
        visit,
        title,
        changed,
        name: &draft.name,
        sections: boxes(&offered(app, visit), &draft.ticked, gives),
        others: draft.others.clone(),
        back: role.map_or_else(|| all.clone(), |role| href(visit, role)),
        action: role.map_or_else(|| visit.href("/roles/new"), |role| format!("{}/edit", href(visit, role))),
        all: all.clone(),
        wrong,
    };
    page::page_with(status, app, visit, title, &all, &form)
}

fn only(pattern: &Pattern) -> PatternSet {
    std::iter::once(pattern.clone()).collect()
}

/// The permissions that have a box.
fn offered(app: &App, visit: &Visit) -> Vec<Section> {
    sections(app, &visit.organization, &[])
}

fn boxes(sections: &[Section], ticked: &BTreeSet<String>, gives: impl Fn(&Pattern) -> bool) -> Vec<Boxes> {
    let choice = |pattern: &str, action: &str| {
        let is_ticked = ticked.contains(pattern);
        let can_give = pattern.parse().is_ok_and(|pattern| gives(&pattern));
        Choice { pattern: pattern.to_owned(), action: action.to_owned(), ticked: is_ticked, beyond: !can_give }
    };
    let choices = |resource: &matrix::Resource| Choices {
        name: resource.name.clone(),
        everything: choice(&resource.everything(), "everything"),
        single: resource.permissions.iter().map(|p| choice(p, matrix::action(p))).collect(),
    };
    sections
        .iter()
        .map(|section| Boxes {
            title: section.title.clone(),
            resources: section.resources.iter().map(choices).collect(),
        })
        .collect()
}

impl Draft {
    /// What a form carried.
    fn of(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            ticked: fields.all("ticked").map(ToOwned::to_owned).collect(),
            others: fields.text("patterns").to_owned(),
        }
    }

    /// What a role has: each pattern in its box, or in the field where there is none.
    fn of_role(app: &App, visit: &Visit, name: &str, patterns: &PatternSet) -> Self {
        let offered = offered(app, visit);
        let resources = offered.iter().flat_map(|section| &section.resources);
        let has_box: BTreeSet<String> = resources
            .flat_map(|resource| resource.permissions.iter().cloned().chain([resource.everything()]))
            .collect();
        let (ticked, others): (BTreeSet<String>, BTreeSet<String>) =
            roles::texts(patterns).into_iter().partition(|pattern| has_box.contains(pattern));
        Self { name: name.to_owned(), ticked, others: others.into_iter().collect::<Vec<_>>().join("\n") }
    }

    /// The name and the patterns, or what is wrong with them.
    fn read(&self) -> Result<(Name, PatternSet), Wrong> {
        let mut wrong = Wrong::default();
        let name = Name::new(&self.name).map_err(|e| wrong.add("name", e)).ok();
        let written = self.others.split([' ', '\t', '\r', '\n', ',']).filter(|text| !text.is_empty());
        let read: Vec<Option<Pattern>> = written
            .chain(self.ticked.iter().map(String::as_str))
            .map(|text| text.parse().map_err(|e| wrong.add("patterns", e)).ok())
            .collect();
        let patterns: Option<Vec<Pattern>> = read.into_iter().collect();
        match (name, patterns) {
            (Some(name), Some(patterns)) => Ok((name, patterns.into())),
            _ => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, ticked: &[&str], others: &str) -> Draft {
        let ticked = ticked.iter().map(|text| (*text).to_owned()).collect();
        Draft { name: name.to_owned(), ticked, others: others.to_owned() }
    }

    #[test]
    fn boxes_and_the_field_make_one_set() {
        let (name, patterns) =
            draft(" Clerk ", &["items:read", "users:*"], "users:read\r\n accounts:*, ").read().unwrap();
        assert_eq!(name.as_str(), "Clerk");
        assert_eq!(roles::texts(&patterns), ["accounts:*", "users:*", "items:read"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_beside_its_field() {
        let wrong = draft("", &["items:read"], "items").read().unwrap_err();
        assert!(wrong.with("name").is_some_and(|text| text.contains("missing")));
        assert!(wrong.with("patterns").is_some_and(|text| text.starts_with("`items` is not a permission pattern")));
    }

    #[test]
    fn what_cannot_be_given_is_marked() {
        let sections = matrix::known(std::iter::empty());
        let ticked = BTreeSet::from(["users:read".to_owned()]);
        let boxes = boxes(&sections, &ticked, |pattern| pattern.to_string().ends_with(":read"));
        let users =
            boxes.iter().flat_map(|section| &section.resources).find(|choices| choices.name == "users").unwrap();
        assert!(users.everything.beyond && !users.everything.ticked);
        let seen: Vec<_> = users.single.iter().take(2).map(|c| (c.action.as_str(), c.ticked, c.beyond)).collect();
        assert_eq!(seen, [("read", true, false), ("invite", false, true)]);
    }
}
