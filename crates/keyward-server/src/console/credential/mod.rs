//! One credential: its page, and everything that is done with it. Dialogs stand at `/o/{organization}/credentials/{id}/…`.
//!
//! Every handler begins with the same [`Subject`]: the credential with its kind and its key page, as the visitor may see
//! it. What a dialog says comes from the labels of the kind.

mod act;
mod edit;
mod history;
mod pause;
mod reveal;
mod revoke;
mod rights;
mod rotate;
mod show;
mod unlink;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Query};
use axum::response::Response;
use http::request::Parts;
use http::{StatusCode, Uri, header};
use keyward_core::credential::{Credential, State};
use keyward_core::id::CredentialId;
use keyward_core::kind::Kind;
use keyward_core::labels::{Labels, filled};
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;
use serde::Deserialize;

use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::{self, Refused};
use crate::console::ui::When;
use crate::ops::credentials::{self, Held, Offer};
use crate::ops::error::OpError;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(show::routes())
        .merge(edit::routes())
        .merge(pause::routes())
        .merge(reveal::routes())
        .merge(revoke::routes())
        .merge(rotate::routes())
        .merge(unlink::routes())
}

/// A use so lately says that somebody still needs it.
const LATELY: Duration = Duration::from_hours(24);
/// The field that carries where a dialog was opened.
const AFTER: &str = "after";
/// The field that carries which state of the record the visitor has seen.
const CHANGED: &str = "changed";

/// The credential of the path, as the visitor may see it.
struct Subject {
    visit: Visit,
    held: Held,
    /// When each of its slots was last used.
    last_used: Vec<(u32, Timestamp)>,
    kind: Arc<Kind>,
    page: KeyPage,
    /// The namespace whose keys the visitor looks at (`?in=`).
    seen_in: Option<NamespaceId>,
    /// The list from which they came, when they did.
    from: Option<String>,
}

#[derive(Default, Deserialize)]
struct In {
    #[serde(rename = "in")]
    namespace: Option<NamespaceId>,
}

impl Subject {
    async fn load(app: &App, visit: Visit, id: CredentialId) -> Result<Self, OpError> {
        let (held, last_used) = credentials::get(app, visit.ctx(), id).await?;
        let kind = app.index.snapshot().kind(&held.credential.kind).cloned();
        let kind = kind.ok_or_else(|| OpError::not_found("kind"))?;
        let page = key_pages::holding(app, &visit.organization, &kind).ok_or_else(|| OpError::not_found("page"))?;
        Ok(Self { visit, held, last_used, kind, page, seen_in: None, from: None })
    }

    /// The same as it is now.
    async fn again(&self, app: &App) -> Result<Self, OpError> {
        let now = Self::load(app, self.visit.clone(), self.credential().id).await?;
        Ok(Self { seen_in: self.seen_in, from: self.from.clone(), ..now })
    }

    const fn credential(&self) -> &Credential {
        &self.held.credential
    }

    fn labels(&self) -> &Labels {
        &self.kind.labels
    }

    const fn now(&self) -> Timestamp {
        self.visit.ctx().at()
    }

    fn when(&self, at: Timestamp) -> When {
        When::of(at, self.now())
    }

    /// A text of the labels with the credential's name and public id in it.
    fn words(&self, text: &str) -> String {
        filled(text, self.credential().name.as_str(), &self.credential().public_id)
    }

    /// What the visitor may do with it, by its kind, its state and their rights.
    fn offers(&self, app: &App) -> Result<Vec<Offer>, OpError> {
        credentials::offers(app, self.visit.ctx(), self.credential())
    }

    /// The address of its page, or of a dialog: `rest` is empty or begins with a slash.
    fn href(&self, rest: &str) -> String {
        let path = self.visit.href(&format!("/credentials/{}{rest}", self.credential().id));
        match self.seen_in {
            Some(namespace) if !rest.is_empty() => format!("{path}?in={namespace}"),
            _ => path,
        }
    }

    /// The entry of the navigation that it belongs to.
    fn current(&self) -> String {
        self.visit.href(&format!("/keys/{}", self.page.slug))
    }

    /// Its key page: for credentials that belong to one application, that of the application.
    fn list(&self) -> String {
        let own = self.kind.transferable.then_some(self.credential().namespace);
        match self.seen_in.or(own) {
            Some(namespace) => format!("{}?in={namespace}", self.current()),
            None => self.current(),
        }
    }

    /// Where the visitor goes on after a dialog: to the list that they came from, else to the credential.
    fn back(&self) -> String {
        self.from.clone().unwrap_or_else(|| self.href(""))
    }

    /// Where they go on after it is gone from where they looked at it.
    fn back_to_list(&self) -> String {
        self.from.clone().unwrap_or_else(|| self.list())
    }

    fn dialog(&self, app: &App, status: StatusCode, title: &str, dialog: &impl askama::Template) -> Response {
        page::dialog(status, app, &self.visit, title, &self.current(), dialog)
    }

    /// How it ended, if it was revoked: nothing can be done with it any more.
    fn revoked(&self) -> Option<String> {
        match self.credential().state {
            State::Revoked { at, .. } => {
                let Self { held, .. } = self;
                Some(format!(
                    "{} was revoked {}: nothing can be changed any more.",
                    held.credential.name,
                    self.when(at).relative
                ))
            }
            State::Active | State::Disabled { .. } => None,
        }
    }

    /// Which state of the record this is, as forms carry it.
    const fn changed(&self) -> i64 {
        self.credential().updated_at.micros()
    }

    /// The slots that were used since `since`, the latest use first: when, and which.
    fn uses_since(&self, since: Timestamp) -> Vec<Use> {
        let current = self.credential().current().map(|slot| slot.number);
        let mut uses: Vec<_> = self.last_used.iter().filter(|(_, at)| *at >= since).collect();
        uses.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        uses.iter()
            .map(|(number, at)| Use { at: self.when(*at), slot: *number, current: current == Some(*number) })
            .collect()
    }
}

/// The last use of one of its secrets.
struct Use {
    at: When,
    slot: u32,
    current: bool,
}

impl FromRequestParts<Arc<App>> for Subject {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let Id(id) = Id::<CredentialId>::from_request_parts(parts, app).await?;
        let Query(In { namespace }) = Query::try_from_uri(&parts.uri).unwrap_or_default();
        let fields = Fields::from_request_parts(parts, app).await?;
        let lists = visit.href("/keys/");
        let from = fields.given(AFTER).map(str::to_owned).or_else(|| came_from(parts));
        let from = from.filter(|path| is_list(path, &lists));
        let subject = Self::load(app, visit, id).await?;
        Ok(Self { seen_in: namespace, from, ..subject })
    }
}

/// The page on which the visitor was, if it was one of ours.
fn came_from(parts: &Parts) -> Option<String> {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let referer: Uri = text(header::REFERER)?.parse().ok()?;
    let ours = referer.authority().map(http::uri::Authority::as_str) == text(header::HOST);
    ours.then(|| referer.path_and_query().map(|path| path.as_str().to_owned()))?
}

/// Whether a path leads to a list of keys of the organization, and not to something that is done there.
fn is_list(path: &str, lists: &str) -> bool {
    let slug = path.strip_prefix(lists).map(|rest| rest.split('?').next().unwrap_or_default());
    slug.is_some_and(|slug| !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))
        && !path.contains(|c: char| c.is_control() || c == '\\')
}

/// The status with which a dialog answers what an operation refused, if it is a matter of what was asked: everything
/// else is a page of its own.
fn refused(error: OpError) -> Result<(StatusCode, OpError), Refused> {
    use keyward_api::error::ErrorCode::{FreshSignInRequired, NotFound, Unauthenticated};
    match error.code {
        FreshSignInRequired | NotFound | Unauthenticated => Err(error.into()),
        _ if error.is_refusal() => {
            Ok((StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::CONFLICT), error))
        }
        _ => Err(error.into()),
    }
}

/// The state that the form was made from.
fn seen(fields: &Fields) -> Option<Timestamp> {
    fields.given(CHANGED).and_then(|micros| micros.parse().ok()).map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_to_lists_of_the_organization_alone() {
        let lists = "/o/org_1/keys/";
        for good in ["/o/org_1/keys/keyward-api", "/o/org_1/keys/gigya-application_key?in=app_1&state=active"] {
            assert!(is_list(good, lists), "{good}");
        }
        for bad in [
            "/o/org_2/keys/keyward-api",
            "/o/org_1/keys/",
            "/o/org_1/keys/keyward-api/new",
            "/o/org_1/keys/../../../sign-out",
            "/o/org_1/keys/a?x=\r\ny",
            "//evil.example/o/org_1/keys/a",
            "/o/org_1/keys/a\\b",
        ] {
            assert!(!is_list(bad, lists), "{bad}");
        }
    }
}
