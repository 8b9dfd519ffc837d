//! Changing what the kind lets change, and looking at it again.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use ipnet::IpNet;
use keyward_api::error::ErrorCode;
use keyward_core::kind::{Authority, Field, Reveal};
use keyward_core::labels::{Dialog, DialogField, Input};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::Grant;

use super::{Subject, refused, seen};
use crate::app::App;
use crate::console::gate::Fields;
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::context::Ctx;
use crate::ops::credentials::{self, EditRequest, Offer, RoleChoice};
use crate::ops::names::{self, Wanted};

/// The fields beside which something wrong is told.
const FIELDS: [&str; 3] = ["name", "roles", "sources"];

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}/edit", get(open).post(submit))
}

async fn open(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    let typed = Typed::of(&subject);
    answer(&app, StatusCode::OK, &subject, &typed, Wrong::default()).await
}

async fn submit(State(app): State<Arc<App>>, subject: Subject, fields: Fields) -> Result<Response, Refused> {
    let typed = Typed::from_fields(&fields);
    let mut wrong = Wrong::default();
    let request = typed.request(&subject, &mut wrong);
    if !wrong.is_empty() {
        return answer(&app, StatusCode::UNPROCESSABLE_ENTITY, &subject, &typed, wrong).await;
    }
    let ctx = Ctx { if_match: seen(&fields), ..subject.visit.ctx().clone() };
    match credentials::edit(&app, &ctx, subject.credential().id, request).await {
        Ok(done) => {
            let credential = &done.value.credential;
            let text = &subject.labels().edit.done;
            let text = keyward_core::labels::filled(text, credential.name.as_str(), &credential.public_id);
            let notice = Notice::proven(text, &done.receipt);
            Ok(page::lead(&subject.visit.visitor, &subject.back(), Some(notice)))
        }
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            let mut wrong = Wrong::of(&error, &FIELDS);
            if error.code == ErrorCode::StaleIfMatch {
                wrong = Wrong::default();
                wrong.say(changed_since(&subject));
            }
            answer(&app, status, &subject, &typed, wrong).await
        }
    }
}

/// What somebody else did meanwhile. What was typed stays in the form.
fn changed_since(subject: &Subject) -> String {
    let credential = subject.credential();
    let when = subject.when(credential.updated_at).relative;
    if credential.is_revoked() {
        format!("it was revoked {when}, after you opened this: nothing was saved, and nothing can be changed any more")
    } else {
        let name = &credential.name;
        format!(
            "it was changed {when}, after you opened this, and nothing of yours was saved: its name is now {name}; save again to keep what is below"
        )
    }
}

async fn answer(
    app: &Arc<App>,
    status: StatusCode,
    subject: &Subject,
    typed: &Typed,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let words = &subject.labels().edit;
    let title = subject.words(&words.title);
    if subject.is_foreign() {
        // What belongs to one site is not shown at another, not even its name.
        let title = keyward_core::labels::filled(&words.title, "", "");
        let rows = words.fields().map(Row::blank).collect();
        let dialog = Blank { title: title.trim(), back: subject.back_to_list(), words, rows };
        return Ok(subject.dialog(app, status, title.trim(), &dialog));
    }
    let offers = subject.offers(app)?;
    let obstacle = subject.revoked().filter(|_| wrong.is_empty()).or_else(|| subject.nothing_to_edit());
    let status = if obstacle.is_some() && status.is_success() { StatusCode::CONFLICT } else { status };
    let dialog = Edit {
        title: &title,
        may_save: offers.contains(&Offer::Edit) && words.fields().any(|field| subject.may_change(field.input)),
        rows: rows(app, subject, typed, &offers).await?,
        reveal: words.asks_for(Input::Secret) && offers.contains(&Offer::Reveal),
        acts: within(subject, &offers),
        subject,
        words,
        wrong,
        obstacle,
    };
    Ok(subject.dialog(app, status, &title, &dialog))
}

#[derive(Template)]
#[template(path = "console/credential/edit.html")]
struct Edit<'a> {
    subject: &'a Subject,
    words: &'a Dialog,
    title: &'a str,
    rows: Vec<Row<'a>>,
    wrong: Wrong,
    obstacle: Option<String>,
    may_save: bool,
    /// Whether the secret can be shown from here.
    reveal: bool,
    /// Other things that are done from here.
    acts: Vec<Within<'a>>,
}

/// The dialog of something that belongs elsewhere.
#[derive(Template)]
#[template(path = "console/credential/blank.html")]
struct Blank<'a> {
    title: &'a str,
    back: String,
    words: &'a Dialog,
    rows: Vec<Row<'a>>,
}

/// One field.
struct Row<'a> {
    field: &'a DialogField,
    shape: Shape,
    /// What is in it.
    value: String,
    roles: Roles,
}

/// How a field looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The name, to be changed.
    Name,
    /// Networks, to be changed.
    Networks,
    /// Exactly one role, to be chosen.
    OneRole,
    /// Several roles, to be chosen.
    SeveralRoles,
    /// The public id, to be copied.
    PublicId,
    /// The secret, to be shown on demand.
    Secret,
    /// A text.
    Text,
}

/// The roles that can be chosen.
#[derive(Default)]
struct Roles {
    /// What can be chosen where one looks.
    options: Vec<RoleOption>,
    /// What it holds elsewhere.
    elsewhere: Vec<RoleOption>,
}

/// One role.
struct RoleOption {
    /// What the form sends.
    value: String,
    name: String,
    /// What it allows, or where it is held.
    detail: String,
    chosen: bool,
    /// Whether the visitor may give it.
    grantable: bool,
}

/// A button that opens another dialog.
struct Within<'a> {
    button: &'a str,
    href: String,
    icon: &'static str,
    danger: bool,
}

impl<'a> Row<'a> {
    const fn blank(field: &'a DialogField) -> Self {
        Self { field, shape: Shape::Text, value: String::new(), roles: Roles { options: vec![], elsewhere: vec![] } }
    }
}

impl Subject {
    /// Whether it is looked at from an application to which it does not belong.
    fn is_foreign(&self) -> bool {
        let belongs = |at: &NamespaceId| *at == self.credential().namespace || self.held.imported_by.contains(at);
        self.kind.transferable && self.seen_in.is_some_and(|at| !belongs(&at))
    }

    /// Where its roles are looked at: where it was imported, or where it lives.
    fn here(&self) -> NamespaceId {
        self.seen_in.filter(|at| self.held.imported_by.contains(at)).unwrap_or(self.credential().namespace)
    }

    fn may_change(&self, input: Input) -> bool {
        match input {
            Input::Name => self.kind.may_edit(Field::Name),
            Input::Roles => self.kind.may_edit(Field::Roles),
            Input::Sources => self.kind.may_edit(Field::Sources),
            _ => false,
        }
    }

    fn nothing_to_edit(&self) -> Option<String> {
        let labels = self.labels();
        (labels.edit.steps.is_empty())
            .then(|| format!("Nothing of this {} can be changed after it was made.", labels.singular))
    }

    /// The roles that it holds here, as forms send them.
    fn roles_here(&self) -> Vec<String> {
        let here = self.here();
        self.held
            .grants
            .iter()
            .filter(|(grant, _)| grant.namespace == here)
            .map(|(grant, _)| grant.role.to_string())
            .collect()
    }

    /// The roles that it holds elsewhere and that are changed from here: what importers chose for themselves is theirs.
    fn elsewhere(&self) -> impl Iterator<Item = &(Grant, Name)> {
        let here = self.here();
        let changes = self.kind.authority != Authority::Group;
        self.held.grants.iter().filter(move |(grant, _)| changes && grant.namespace != here)
    }

    /// The same as forms send them.
    fn roles_elsewhere(&self) -> Vec<String> {
        self.elsewhere().map(|(grant, _)| format!("{}@{}", grant.role, grant.namespace)).collect()
    }

    fn holds_one_role(&self) -> bool {
        matches!(self.kind.authority, Authority::Group | Authority::Roles { max: 1, .. })
    }
}

/// What is in the form: as the record is, or as somebody left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    name: String,
    /// Roles chosen here; `None` where none could be.
    roles: Option<Vec<String>>,
    /// Those held elsewhere that stay.
    elsewhere: Vec<String>,
    sources: String,
}

impl Typed {
    fn of(subject: &Subject) -> Self {
        let sources: Vec<String> = subject.credential().sources.iter().map(ToString::to_string).collect();
        Self {
            name: subject.credential().name.to_string(),
            roles: Some(subject.roles_here()),
            elsewhere: subject.roles_elsewhere(),
            sources: sources.join("\n"),
        }
    }

    fn from_fields(fields: &Fields) -> Self {
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        Self {
            name: fields.text("name").to_owned(),
            roles: fields.ticked("roles_offered").then(|| all("roles")),
            elsewhere: all("elsewhere"),
            sources: fields.text("sources").to_owned(),
        }
    }

    /// What is asked of the operation: what was not in the form stays as it is.
    fn request(&self, subject: &Subject, wrong: &mut Wrong) -> EditRequest {
        let asked = |input| subject.labels().edit.asks_for(input) && subject.may_change(input);
        let name = asked(Input::Name).then(|| Name::new(&self.name)).and_then(|name| match name {
            Ok(name) => Some(name),
            Err(error) => {
                wrong.add("name", error);
                None
            }
        });
        let sources = asked(Input::Sources).then(|| networks(&self.sources)).and_then(|networks| match networks {
            Ok(networks) => Some(networks),
            Err(error) => {
                wrong.add("sources", error);
                None
            }
        });
        let roles =
            self.roles.as_ref().filter(|_| asked(Input::Roles)).and_then(|chosen| self.choices(subject, chosen));
        EditRequest { name, sources, roles }
    }

    /// The roles as they shall be, if that is another set than the present one.
    fn choices(&self, subject: &Subject, chosen: &[String]) -> Option<Vec<RoleChoice>> {
        let set = |of: &[String]| of.iter().cloned().collect::<BTreeSet<_>>();
        if set(chosen) == set(&subject.roles_here()) && set(&self.elsewhere) == set(&subject.roles_elsewhere()) {
            return None;
        }
        let here = chosen.iter().map(|role| RoleChoice { role: role.clone(), namespace: Some(subject.here()) });
        let elsewhere = self.elsewhere.iter().filter_map(|held| {
            let (role, namespace) = held.split_once('@')?;
            Some(RoleChoice { role: role.to_owned(), namespace: Some(namespace.parse().ok()?) })
        });
        Some(here.chain(elsewhere).collect())
    }
}

async fn rows<'a>(app: &App, subject: &'a Subject, typed: &Typed, offers: &[Offer]) -> Result<Vec<Row<'a>>, Refused> {
    let mut rows = Vec::new();
    for field in subject.labels().edit.fields() {
        let changes = offers.contains(&Offer::Edit) && subject.may_change(field.input);
        let mut row = Row { value: value(subject, typed, field), ..Row::blank(field) };
        if field.input == Input::Roles && changes {
            row.roles = roles(app, subject, typed).await?;
        }
        row.shape = match field.input {
            Input::Name if changes => Shape::Name,
            Input::Sources if changes => Shape::Networks,
            Input::Roles if row.roles.options.is_empty() => Shape::Text,
            Input::Roles if subject.holds_one_role() => Shape::OneRole,
            Input::Roles => Shape::SeveralRoles,
            Input::PublicId => Shape::PublicId,
            Input::Secret if offers.contains(&Offer::Reveal) => Shape::Secret,
            _ => Shape::Text,
        };
        rows.push(row);
    }
    Ok(rows)
}

fn value(subject: &Subject, typed: &Typed, field: &DialogField) -> String {
    let credential = subject.credential();
    match field.input {
        Input::Name => typed.name.clone(),
        Input::Sources => typed.sources.clone(),
        Input::Fixed => field.value.clone(),
        Input::Kind => subject.labels().choice.clone(),
        Input::PublicId => credential.public_id.clone(),
        Input::Namespace => credential.namespace.to_string(),
        Input::ExpiresAt => credential.expires_at.map_or_else(|| "Never".to_owned(), |end| subject.when(end).full),
        Input::Secret if subject.kind.reveal == Reveal::Once => "Shown once, when it was made".to_owned(),
        Input::Secret => "Not for you to see".to_owned(),
        Input::Roles => {
            let here = subject.here();
            let held = subject.held.grants.iter().filter(|(grant, _)| grant.namespace == here);
            held.map(|(_, role)| role.as_str()).collect::<Vec<_>>().join(", ")
        }
        Input::Grace => String::new(),
    }
}

async fn roles(app: &App, subject: &Subject, typed: &Typed) -> Result<Roles, Refused> {
    let (ctx, here) = (subject.visit.ctx(), subject.here());
    let chosen = typed.roles.clone().unwrap_or_else(|| subject.roles_here());
    let offered = credentials::role_offers(app, ctx, subject.credential(), here).await?;
    let options = offered.into_iter().map(|offer| {
        let value = offer.role.id.to_string();
        RoleOption {
            name: offer.role.name.to_string(),
            detail: summary(offer.role.patterns.iter().map(ToString::to_string).collect()),
            chosen: chosen.contains(&value),
            grantable: offer.grantable,
            value,
        }
    });
    let namespaces = subject.held.grants.iter().map(|(grant, _)| grant.namespace).filter(|at| *at != here).collect();
    let names = names::shown(app, ctx, Wanted { namespaces, ..Wanted::default() }).await?;
    let elsewhere = subject.elsewhere().map(|(grant, role)| {
        let value = format!("{}@{}", grant.role, grant.namespace);
        RoleOption {
            name: role.to_string(),
            detail: format!("at {}", names.or_id(grant.namespace)),
            chosen: typed.elsewhere.contains(&value),
            grantable: true,
            value,
        }
    });
    Ok(Roles { options: options.collect(), elsewhere: elsewhere.collect() })
}

/// The first patterns of a role, and how many more there are.
fn summary(patterns: Vec<String>) -> String {
    const SHOWN: usize = 4;
    match patterns.as_slice() {
        [] => "nothing".to_owned(),
        [only] if only == "*" => "everything".to_owned(),
        all if all.len() <= SHOWN => all.join(", "),
        all => format!("{} and {} more", all[..SHOWN].join(", "), all.len() - SHOWN),
    }
}

/// Buttons that stand in this dialog instead of on the row.
fn within<'a>(subject: &'a Subject, offers: &[Offer]) -> Vec<Within<'a>> {
    let labels = subject.labels();
    let all = [
        (Offer::Rotate, &labels.rotate, "/rotate", "refresh-cw", false),
        (Offer::Disable, &labels.disable, "/disable", "pause", false),
        (Offer::Enable, &labels.enable, "/enable", "play", false),
        (Offer::Revoke, &labels.revoke, "/revoke", "trash-2", true),
    ];
    let standing = all.into_iter().filter(|(offer, words, ..)| words.within_edit && offers.contains(offer));
    standing
        .map(|(_, words, rest, icon, danger)| Within { button: &words.button, href: subject.href(rest), icon, danger })
        .collect()
}

/// Networks as people write them: one a line or between commas, an address alone for itself.
fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
    let parse = |part: &str| {
        let one = || part.parse().map(|address: std::net::IpAddr| IpNet::from(address)).ok();
        part.parse().ok().or_else(one).ok_or_else(|| {
            let part: String = part.chars().take(64).collect();
            format!("`{part}` is no network: write one such as `192.0.2.0/24`, or an address")
        })
    };
    parts.map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_people_write_them() {
        let read = |text| networks(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(" 192.0.2.0/24,\n 2001:db8::1\r\n"), Ok(vec!["192.0.2.0/24".into(), "2001:db8::1/128".into()]));
        assert!(read("192.0.2.0/24 home").unwrap_err().contains("`home`"));
    }

    #[test]
    fn long_roles_are_told_in_short() {
        let texts = |texts: &[&str]| summary(texts.iter().map(ToString::to_string).collect());
        assert_eq!(texts(&[]), "nothing");
        assert_eq!(texts(&["*"]), "everything");
        assert_eq!(texts(&["a:b", "c:*"]), "a:b, c:*");
        assert_eq!(texts(&["a:b", "c:d", "e:f", "g:h", "i:j", "k:l"]), "a:b, c:d, e:f, g:h and 2 more");
    }
}
