//! Why a request is allowed or refused: every check of the decision, as it would be made now.

mod pasted;
mod view;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::operations::CREDENTIALS_VERIFY;
use keyward_core::administration::own_permissions;
use keyward_core::id::CredentialId;
use keyward_core::kind::Carrier;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::Permission;
use serde::Deserialize;

use self::view::Answer;
use super::gate::{Fields, Visit};
use super::page::{self, Refused};
use super::ui::Wrong;
use crate::app::App;
use crate::ops::error::OpError;
use crate::ops::verify::{self, Judged, Question};
use crate::ops::{CredentialFilter, CredentialSort, CredentialState, NamespaceFilter, Page};
use crate::ops::{authority, credentials, namespaces};

/// The most namespaces to choose from.
const NAMESPACES: u32 = 200;
/// The most credentials that a name may stand for.
const FOUND: u32 = 10;
/// The form's field of what was pasted: a sign-in on the way never carries it.
const PASTED: &str = "secret";

#[derive(Template)]
#[template(path = "console/explain/explain.html")]
struct ExplainPage<'a> {
    visit: &'a Visit,
    may: bool,
    asked: &'a Asked,
    choices: Choices,
    wrong: Wrong,
    /// Of several credentials with the name, one is to be chosen.
    found: Vec<Found>,
    answer: Option<Answer>,
}

/// The question as it was filled in: everything but what was pasted.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
struct Asked {
    credential: String,
    permission: String,
    #[serde(rename = "in")]
    namespace: String,
    #[serde(skip)]
    groups: Vec<String>,
    source: String,
    plain: bool,
}

impl Default for Asked {
    fn default() -> Self {
        let none = String::new;
        Self {
            credential: none(),
            permission: none(),
            namespace: none(),
            groups: Vec::new(),
            source: none(),
            plain: false,
        }
    }
}

/// What the form offers.
struct Choices {
    permissions: BTreeSet<String>,
    namespaces: Vec<(String, String)>,
    groups: BTreeSet<String>,
}

/// A credential that may be meant.
struct Found {
    id: String,
    name: String,
    public_id: String,
    kind: String,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/explain", get(show).post(explain))
}

async fn show(State(app): State<Arc<App>>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Refused> {
    shown(&app, &visit, StatusCode::OK, &asked, Outcome::default()).await
}

async fn explain(State(app): State<Arc<App>>, visit: Visit, fields: Fields) -> Result<Response, Refused> {
    let organization = verify::admit(&app, visit.ctx(), &CREDENTIALS_VERIFY)?;
    let asked = Asked::of(&fields);
    let question = match question(&app, &visit, &asked, &fields).await? {
        Ok(question) => question,
        Err(outcome) => return shown(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, &asked, outcome).await,
    };
    let answered = verify::answer(&app, visit.ctx(), organization, &question).await?;
    let answer = Answer::of(&app, &visit, &question, &answered).await?;
    let outcome = Outcome { answer: Some(answer), ..Outcome::default() };
    shown(&app, &visit, StatusCode::OK, &asked, outcome).await
}

/// What is shown beside the form.
#[derive(Default)]
struct Outcome {
    wrong: Wrong,
    found: Vec<Found>,
    answer: Option<Answer>,
}

async fn shown(
    app: &App,
    visit: &Visit,
    status: StatusCode,
    asked: &Asked,
    outcome: Outcome,
) -> Result<Response, Refused> {
    let may = authority::may(app, visit.ctx(), "credentials:verify", visit.organization.id.into());
    let choices = if may { choices(app, visit).await? } else { Choices::none() };
    let Outcome { wrong, found, answer } = outcome;
    let body = ExplainPage { visit, may, asked, choices, wrong, found, answer };
    Ok(page::page_with(status, app, visit, "Explain", &visit.href("/explain"), &body))
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        Self {
            // A button beside a name that several have says which one is meant.
            credential: fields.given("chosen").map_or_else(|| text("credential"), str::to_owned),
            permission: text("permission"),
            namespace: text("in"),
            groups: fields.all("groups").map(str::to_owned).collect(),
            source: text("source"),
            plain: fields.text("transport") == "plain",
        }
    }

    fn has_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

impl Choices {
    fn none() -> Self {
        Self { permissions: BTreeSet::new(), namespaces: Vec::new(), groups: BTreeSet::new() }
    }
}

async fn choices(app: &App, visit: &Visit) -> Result<Choices, OpError> {
    let filter = NamespaceFilter::default();
    let found = namespaces::list(app, visit.ctx(), filter, &Page::first(NAMESPACES)).await?;
    let index = app.index.snapshot();
    let mut choices = Choices::none();
    choices.namespaces.extend(found.iter().map(|found| {
        let kind = found.id.kind().as_str().replace('_', " ");
        (found.id.to_string(), format!("{} ({kind})", found.name))
    }));
    choices.permissions.extend(own_permissions());
    for profile in visit.organization.profiles.iter().filter_map(|name| index.profile(name)) {
        choices.permissions.extend(profile.permissions.iter().map(ToString::to_string));
        choices.groups.extend(profile.api_groups.iter().map(|group| group.name.clone()));
    }
    Ok(choices)
}

/// What is asked of the decision; or what is wrong with how it was filled in.
async fn question(
    app: &App,
    visit: &Visit,
    asked: &Asked,
    fields: &Fields,
) -> Result<Result<Question, Outcome>, OpError> {
    let mut outcome = Outcome::default();
    let wrong = &mut outcome.wrong;
    let permission = parsed::<Permission>(&asked.permission, "permission", wrong);
    let namespace = parsed::<NamespaceId>(&asked.namespace, "in", wrong);
    let source = parsed_or(&asked.source, "source", "this is no IP address: write `203.0.113.7`", wrong);
    let judged = match (asked.credential.as_str(), fields.given(PASTED)) {
        ("", None) => {
            wrong.add("credential", "choose a credential, or paste what was sent");
            None
        }
        ("", Some(text)) => match pasted::read(text, &carriers(app, visit)) {
            Ok(carried) => Some(Judged::Presented(carried)),
            Err(unclear) => {
                wrong.add(PASTED, unclear);
                None
            }
        },
        (_, Some(_)) => {
            wrong.add(PASTED, "give one of both: empty the field above to have this explained");
            None
        }
        (text, None) => credential(app, visit, text, &mut outcome).await?.map(Judged::Unpresented),
    };
    let Some(judged) = judged.filter(|_| outcome.wrong.is_empty()) else { return Ok(Err(outcome)) };
    Ok(Ok(Question {
        judged,
        permission: permission.map(|permission| permission.to_string()),
        namespace,
        groups: asked.groups.clone(),
        source,
        secure: !asked.plain,
        explain: true,
    }))
}

/// The credential that is meant by an id, a public id or a name.
async fn credential(
    app: &App,
    visit: &Visit,
    text: &str,
    outcome: &mut Outcome,
) -> Result<Option<CredentialId>, OpError> {
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let states =
        vec![CredentialState::Active, CredentialState::Disabled, CredentialState::Expired, CredentialState::Revoked];
    let filter = CredentialFilter { search: Some(text.to_owned()), states, ..CredentialFilter::default() };
    let some = Page::first(FOUND);
    let listed = credentials::list(app, visit.ctx(), filter, CredentialSort::NEWEST, &some).await?;
    match listed.as_slice() {
        [] => outcome.wrong.add("credential", "no credential that you may see is called so: use its id or public id"),
        [only] => return Ok(Some(only.row.credential.id)),
        several => {
            outcome.wrong.add("credential", "several credentials are called so: choose one below");
            outcome.found = several.iter().map(|listed| found(app, &listed.row.credential)).collect();
        }
    }
    Ok(None)
}

fn found(app: &App, credential: &keyward_core::credential::Credential) -> Found {
    let index = app.index.snapshot();
    Found {
        id: credential.id.to_string(),
        name: credential.name.to_string(),
        public_id: credential.public_id.clone(),
        kind: index.kind(&credential.kind).map_or_else(String::new, |kind| kind.labels.singular.clone()),
    }
}

/// How credentials of the organization's kinds travel.
fn carriers(app: &App, visit: &Visit) -> Vec<Carrier> {
    let index = app.index.snapshot();
    let profiles = visit.organization.profiles.iter().filter_map(|name| index.profile(name));
    profiles.flat_map(|profile| &profile.kinds).flat_map(|kind| kind.present.clone()).collect()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, field: &str, wrong: &mut Wrong) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    text.parse().map_err(|error| wrong.add(field, error)).ok()
}

fn parsed_or(text: &str, field: &str, message: &str, wrong: &mut Wrong) -> Option<IpAddr> {
    if text.is_empty() {
        return None;
    }
    text.parse().map_err(|_| wrong.add(field, message)).ok()
}
