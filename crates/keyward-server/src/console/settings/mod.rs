//! How the organization is set up, and what holds on this server for everybody.

mod edit;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use keyward_core::organization::Organization;

pub(super) use self::edit::Choice;
use super::gate::Visit;
use super::page::{self, Refused};
use super::ui::When;
use crate::app::App;
use crate::ops::attempts::{LADDER, LONGEST_DELAY};
use crate::ops::credentials::FRESH_SIGN_IN;
use crate::ops::deployment::{self, Freshness};
use crate::ops::profiles::Available;
use crate::ops::{authority, organizations, profiles};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/settings", get(show))
        .route("/o/{organization}/settings/edit", get(edit::open).post(edit::save))
        .route("/o/{organization}/settings/profiles", get(edit::open_profiles).post(edit::save_profiles))
}

#[derive(Template)]
#[template(path = "console/settings/settings.html")]
struct Settings<'a> {
    organization: &'a Organization,
    created: When,
    changed: When,
    suspended: Option<When>,
    profiles: Vec<Profile>,
    idle: String,
    absolute: String,
    fresh: String,
    ladder: Vec<(u32, String)>,
    longest_delay: String,
    freshness: Current,
    version: &'static str,
    edits: bool,
    edits_profiles: bool,
    here: String,
}

/// A profile that the organization uses.
struct Profile {
    name: String,
    title: String,
    version: u32,
    digest: String,
    kinds: usize,
}

/// How current this server is, in words.
pub(super) struct Current {
    pub(super) bound: String,
    pub(super) serve_stale: Option<String>,
    pub(super) poll: String,
    pub(super) age: Option<String>,
    pub(super) stale: bool,
}

async fn show(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Refused> {
    let organization = organizations::get(&app, visit.ctx(), visit.organization.id).await?;
    let available = profiles::list(&app, visit.ctx()).await?;
    let freshness = Current::of(&deployment::freshness(&app, visit.ctx())?);
    let settings = Settings::of(&app, &visit, &organization, &available, freshness);
    Ok(page::page(&app, &visit, "Settings", &visit.href("/settings"), &settings))
}

impl<'a> Settings<'a> {
    fn of(
        app: &App,
        visit: &Visit,
        organization: &'a Organization,
        available: &[Available],
        freshness: Current,
    ) -> Self {
        let now = visit.ctx().at();
        let may = |permission| authority::may(app, visit.ctx(), permission, organization.id.into());
        let edits = may("organizations:edit");
        Settings {
            created: When::of(organization.created_at, now),
            changed: When::of(organization.updated_at, now),
            suspended: organization.suspended_at.map(|at| When::of(at, now)),
            profiles: organization.profiles.iter().filter_map(|name| Profile::of(name, available)).collect(),
            idle: lasting(app.config.sessions.idle),
            absolute: lasting(app.config.sessions.absolute),
            fresh: lasting(FRESH_SIGN_IN),
            ladder: LADDER.iter().map(|(failures, barred)| (*failures, lasting(*barred))).collect(),
            longest_delay: lasting(LONGEST_DELAY),
            freshness,
            version: env!("CARGO_PKG_VERSION"),
            edits,
            edits_profiles: edits && may("settings:edit"),
            here: visit.href("/settings"),
            organization,
        }
    }
}

impl Profile {
    fn of(name: &str, available: &[Available]) -> Option<Self> {
        let found = available.iter().find(|available| available.text.name == name)?;
        Some(Self {
            name: name.to_owned(),
            title: found.profile.title.clone(),
            version: found.text.version,
            digest: found.text.digest.clone(),
            kinds: found.profile.kinds.len(),
        })
    }
}

impl Current {
    pub(super) fn of(freshness: &Freshness) -> Self {
        Self {
            bound: lasting(freshness.bound),
            serve_stale: Some(freshness.serve_stale).filter(|more| !more.is_zero()).map(lasting),
            poll: lasting(freshness.poll),
            age: freshness.age.map(lasting),
            stale: freshness.is_stale(),
        }
    }
}

/// The beginning of a digest: enough to compare by eye.
pub(super) fn shortened(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// How long something lasts, in its largest whole unit: `90 minutes`, `12 hours`, `500 milliseconds`.
pub(super) fn lasting(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let whole = units.into_iter().find(|(size, _)| millis >= *size && millis.is_multiple_of(*size));
    let (count, unit) = match whole {
        Some((size, unit)) => (millis / size, unit),
        // Of what was measured, nobody wants to know the thousandths.
        None if millis >= 10_000 => (millis / 1_000, "second"),
        None => (millis, "millisecond"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_whole_units() {
        let told = |millis: u64| lasting(Duration::from_millis(millis));
        assert_eq!(told(0), "0 milliseconds");
        assert_eq!(told(500), "500 milliseconds");
        assert_eq!(told(1_000), "1 second");
        assert_eq!(told(12_345), "12 seconds");
        assert_eq!(told(60_000), "1 minute");
        assert_eq!(told(90 * 60_000), "90 minutes");
        assert_eq!(told(12 * 3_600_000), "12 hours");
        assert_eq!(told(86_400_000), "1 day");
    }

    #[test]
    fn a_node_that_heard_nothing_for_too_long_is_told_to_be_stale() {
        let freshness = Freshness {
            bound: Duration::from_secs(5),
            serve_stale: Duration::ZERO,
            poll: Duration::from_millis(500),
            age: Some(Duration::from_secs(6)),
        };
        let current = Current::of(&freshness);
        assert!(current.stale && current.serve_stale.is_none());
        assert_eq!((current.bound.as_str(), current.age.as_deref()), ("5 seconds", Some("6 seconds")));
    }
}
