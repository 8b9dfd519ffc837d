//! The page of one credential: what it is, what it may do and why, how it is used, what was done with it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use keyward_core::credential::CallerId;
use keyward_core::labels::{Dialog, Labels, Shown};

use super::Subject;
use super::history::{self, Entry};
use super::rights::{Rights, kind_word};
use crate::app::App;
use crate::console::chart::{self, Chart};
use crate::console::page::{self, Refused};
use crate::console::ui::{self, When};
use crate::ops::credentials::Offer;
use crate::ops::names::{self, Names, Wanted};
use crate::ops::usage::{self, KEPT_DAYS};
use crate::ops::{Page, UsageFilter, Visible, authority, day_of};

/// An end that is so near is worth saying.
const SOON: std::time::Duration = std::time::Duration::from_hours(14 * 24);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}", get(show))
}

async fn show(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    let view = View::of(&app, &subject).await?;
    let title = subject.credential().name.as_str();
    Ok(page::page(&app, &subject.visit, title, &subject.current(), &view))
}

#[derive(Template)]
#[template(path = "console/credential/show.html")]
struct View<'a> {
    subject: &'a Subject,
    labels: &'a Labels,
    /// The words of the way to its page, less the last.
    way: &'a [String],
    state: (&'static str, &'static str),
    /// What is done with it, in the order of the buttons.
    acts: Vec<Act<'a>>,
    facts: Facts,
    secrets: Vec<Secret>,
    importers: Vec<Importer>,
    rights: Rights,
    /// Its uses by day; `None` when they are not for the visitor to see.
    uses: Option<Chart>,
    history: Option<Vec<Entry>>,
}

/// Something that is done with it.
struct Act<'a> {
    words: &'a Dialog,
    href: String,
    icon: &'static str,
    danger: bool,
}

struct Facts {
    namespace: String,
    namespace_kind: &'static str,
    owner: Option<String>,
    created: When,
    created_by: String,
    expires: Option<When>,
    expires_soon: bool,
    used: Option<When>,
    sources: Vec<String>,
}

/// One of its secrets.
struct Secret {
    number: u32,
    current: bool,
    alive: bool,
    created: When,
    used: Option<When>,
    ends: Option<When>,
}

/// An application that has imported it.
struct Importer {
    name: String,
    roles: String,
    /// Where it is taken out again, for those who may.
    unlink: Option<String>,
}

impl<'a> View<'a> {
    async fn of(app: &App, subject: &'a Subject) -> Result<Self, Refused> {
        let (labels, credential, now) = (subject.labels(), subject.credential(), subject.now());
        let names = names(app, subject).await?;
        let slots = credential.slots.iter().rev().map(|slot| Secret {
            number: slot.number,
            current: slot.ends_at.is_none(),
            alive: slot.is_alive(now) && !credential.is_revoked(),
            created: subject.when(slot.created_at),
            used: subject.last_used.iter().find(|(number, _)| *number == slot.number).map(|(_, at)| subject.when(*at)),
            ends: slot.ends_at.map(|end| subject.when(end)),
        });
        Ok(Self {
            way: labels.menu.split_last().map_or(&[], |(_, before)| before),
            state: ui::state_words(ui::state_of(credential, now)),
            acts: acts(subject, &subject.offers(app)?),
            facts: Facts::of(subject, &names),
            secrets: slots.collect(),
            importers: importers(app, subject, &names),
            rights: Rights::of(app, subject).await?,
            uses: uses(app, subject).await?,
            history: history::of(app, subject).await?,
            subject,
            labels,
        })
    }

    /// What the kind calls something.
    fn heading(&self, shown: Shown, otherwise: &'static str) -> &str {
        let column = self.labels.columns.iter().find(|column| column.shows == shown);
        column.map_or(otherwise, |column| &column.heading)
    }

    fn last_word(&self) -> &str {
        self.labels.menu.last().unwrap_or(&self.labels.title)
    }

    /// What its kind is called at the beginning of a sentence.
    fn kind_name(&self) -> String {
        let mut chars = self.labels.singular.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
    }

    fn audit_href(&self) -> String {
        self.subject.visit.href(&format!("/audit?target={}", self.subject.credential().id))
    }
}

async fn names(app: &App, subject: &Subject) -> Result<Names, Refused> {
    let credential = subject.credential();
    let mut wanted = Wanted {
        users: credential.owner.into_iter().collect(),
        namespaces: subject.held.imported_by.iter().copied().chain([credential.namespace]).collect(),
        ..Wanted::default()
    };
    wanted.caller(credential.created_by);
    Ok(names::shown(app, subject.visit.ctx(), wanted).await?)
}

impl Facts {
    fn of(subject: &Subject, names: &Names) -> Self {
        let (credential, now) = (subject.credential(), subject.now());
        let used = subject.last_used.iter().map(|(_, at)| *at).max();
        let owner = |user| maker(subject, names, CallerId::User(user));
        Self {
            namespace: names.or_id(credential.namespace),
            namespace_kind: kind_word(credential.namespace.kind()),
            owner: credential.owner.map(owner),
            created: subject.when(credential.created_at),
            created_by: maker(subject, names, credential.created_by),
            expires: credential.expires_at.map(|end| subject.when(end)),
            expires_soon: credential.expires_at.is_some_and(|end| end > now && end.since(now) < SOON),
            used: used.map(|at| subject.when(at)),
            sources: credential.sources.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Who made or owns it.
fn maker(subject: &Subject, names: &Names, caller: CallerId) -> String {
    match caller {
        CallerId::Anonymous => "nobody who is known".to_owned(),
        CallerId::System => "Keyward itself".to_owned(),
        CallerId::User(user) if user == subject.visit.visitor.user.id => "you".to_owned(),
        CallerId::User(_) | CallerId::Credential(_) => names.or_id(caller),
    }
}

fn acts<'a>(subject: &'a Subject, offers: &[Offer]) -> Vec<Act<'a>> {
    let labels = subject.labels();
    let all = [
        (Offer::Edit, &labels.edit, "/edit", "pencil", false),
        (Offer::Reveal, &labels.reveal, "/reveal", "eye", false),
        (Offer::Rotate, &labels.rotate, "/rotate", "refresh-cw", false),
        (Offer::Enable, &labels.enable, "/enable", "play", false),
        (Offer::Disable, &labels.disable, "/disable", "pause", false),
        (Offer::Revoke, &labels.revoke, "/revoke", "trash-2", true),
    ];
    let offered = all.into_iter().filter(|(offer, words, ..)| offers.contains(offer) && !words.within_edit);
    offered.map(|(_, words, rest, icon, danger)| Act { words, href: subject.href(rest), icon, danger }).collect()
}

fn importers(app: &App, subject: &Subject, names: &Names) -> Vec<Importer> {
    let ctx = subject.visit.ctx();
    let importer = |at: &keyward_core::namespace::NamespaceId| {
        let roles = subject.held.grants.iter().filter(|(grant, _)| grant.namespace == *at);
        let may = authority::may(app, ctx, "credentials:unlink", *at) && !subject.credential().is_revoked();
        Importer {
            name: names.or_id(at),
            roles: roles.map(|(_, role)| role.as_str()).collect::<Vec<_>>().join(", "),
            unlink: may.then(|| format!("{}/unlink?in={at}", subject.href(""))),
        }
    };
    subject.held.imported_by.iter().map(importer).collect()
}

/// Its uses on each day that is kept, if the visitor may see them: of one's own keys everybody may.
async fn uses(app: &App, subject: &Subject) -> Result<Option<Chart>, Refused> {
    let (ctx, credential) = (subject.visit.ctx(), subject.credential());
    let own = credential.owner == Some(subject.visit.visitor.user.id);
    if !own && !authority::may(app, ctx, "usage:read", credential.namespace) {
        return Ok(None);
    }
    let until = day_of(subject.now()) + 1;
    let from = until - i64::from(KEPT_DAYS);
    let filter = UsageFilter {
        credential: Some(credential.id),
        kinds: Vec::new(),
        namespace: None,
        visible: Visible::All,
        owned_by_caller_too: None,
        from_day: from,
        until_day: None,
    };
    let used = usage::get(app, ctx, filter, &Page::first(KEPT_DAYS + 1)).await?;
    let days: Vec<_> = used.into_iter().map(|(_, day)| day).collect();
    Ok(Some(Chart::of_days(&chart::every_day(&days, from, until), "Uses by day, last 90 days")))
}
