//! Replacing the secret.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_core::kind::Rotate;
use keyward_core::labels::Input;

use super::act::{Act, Grace, Graces};
use super::{LATELY, Subject, refused, seen};
use crate::app::App;
use crate::console::gate::Fields;
use crate::console::keys::issued::{self, Why};
use crate::console::page::Refused;
use crate::console::ui::Wrong;
use crate::ops::context::Ctx;
use crate::ops::credentials::{self, Confirmed};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}/rotate", get(open).post(submit))
}

async fn open(State(app): State<Arc<App>>, subject: Subject) -> Response {
    asking(&subject, None).answer(&app, StatusCode::OK)
}

async fn submit(State(app): State<Arc<App>>, subject: Subject, fields: Fields) -> Result<Response, Refused> {
    let grace = fields.given("grace").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let ctx = Ctx { if_match: seen(&fields), ..subject.visit.ctx().clone() };
    match credentials::rotate(&app, &ctx, subject.credential().id, grace, Confirmed::Yes).await {
        Ok(done) => Ok(issued::shown(&app, &subject.visit, &subject.page, &done, Why::Rotated, &subject.back())),
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            let mut wrong = Wrong::of(&error, &["grace"]);
            if error.code == ErrorCode::StaleIfMatch {
                wrong = Wrong::default();
                wrong.say(changed_since(&subject));
            }
            Ok(Act { wrong, ..asking(&subject, grace) }.answer(&app, status))
        }
    }
}

fn changed_since(subject: &Subject) -> String {
    let made = subject.credential().current().map(|slot| subject.when(slot.created_at).relative);
    let made = made.unwrap_or_default();
    format!("it was changed after you opened this, and nothing was replaced now: its present secret was made {made}")
}

fn asking(subject: &Subject, chosen: Option<Duration>) -> Act<'_> {
    let credential = subject.credential();
    let labels = subject.labels();
    let never = matches!(subject.kind.rotate, Rotate::Never)
        .then(|| format!("The secret of this {} cannot be replaced: create another one.", labels.singular));
    let expired = credential.expires_at.filter(|_| credential.is_expired(subject.now()));
    let expired = expired.map(|end| format!("It expired {}: create another one.", subject.when(end).relative));
    let in_grace = credential.slots.iter().any(|slot| slot.ends_at.is_some() && slot.is_alive(subject.now()));
    let earlier = "The secret that was replaced before is still in its grace. It stops as soon as this is done.";
    Act {
        obstacle: never.or_else(|| subject.revoked()).or(expired),
        warnings: in_grace.then(|| earlier.to_owned()).into_iter().collect(),
        uses: subject.uses_since(subject.now().minus(LATELY)),
        uses_say: "It is still in use:",
        grace: graces(subject, chosen),
        ..Act::new(subject, &labels.rotate, "/rotate")
    }
}

/// How long the present secret may stay, where the kind allows that it does.
fn graces(subject: &Subject, chosen: Option<Duration>) -> Option<Graces> {
    let Rotate::Secret { grace, max_grace, .. } = subject.kind.rotate else { return None };
    if max_grace.is_zero() {
        return None;
    }
    let field = subject.labels().rotate.fields().find(|field| field.input == Input::Grace);
    let label = field.map_or("Grace", |field| &field.label).to_owned();
    let hint = field.map(|field| field.hint.clone()).unwrap_or_default();
    Some(Graces { label, hint, choices: choices(grace, max_grace, chosen) })
}

/// Round times up to the longest, the kind's own among them.
fn choices(default: Duration, max: Duration, chosen: Option<Duration>) -> Vec<Grace> {
    let chosen = chosen.filter(|chosen| *chosen <= max).unwrap_or(default).as_secs();
    let round = [0, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY];
    let mut all: Vec<u64> = round
        .into_iter()
        .chain([default.as_secs(), chosen, max.min(Duration::from_secs(365 * DAY)).as_secs()])
        .collect();
    all.retain(|seconds| *seconds <= max.as_secs());
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|seconds| Grace { seconds, text: told(seconds), chosen: seconds == chosen }).collect()
}

fn told(seconds: u64) -> String {
    let count = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    match seconds {
        0 => "None: it stops at once".to_owned(),
        _ if seconds.is_multiple_of(DAY) => count(seconds / DAY, "day"),
        _ if seconds.is_multiple_of(HOUR) => count(seconds / HOUR, "hour"),
        _ if seconds.is_multiple_of(MINUTE) => count(seconds / MINUTE, "minute"),
        _ => count(seconds, "second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(default: u64, max: u64, chosen: Option<u64>) -> Vec<(String, bool)> {
        let seconds = Duration::from_secs;
        let all = choices(seconds(default), seconds(max), chosen.map(seconds));
        all.into_iter().map(|grace| (grace.text, grace.chosen)).collect()
    }

    #[test]
    fn graces_end_at_the_longest_and_have_the_default() {
        let texts = |all: Vec<(String, bool)>| all.into_iter().map(|(text, _)| text).collect::<Vec<_>>();
        let none = "None: it stops at once";
        assert_eq!(texts(offered(0, 2 * HOUR, None)), [none, "15 minutes", "1 hour", "2 hours"]);
        assert_eq!(texts(offered(90, 100, None)), [none, "90 seconds", "100 seconds"]);
        assert_eq!(offered(HOUR, HOUR, None).last(), Some(&("1 hour".to_owned(), true)));
        assert!(offered(0, DAY, Some(4 * HOUR)).contains(&("4 hours".to_owned(), true)));
        assert_eq!(
            offered(0, DAY, Some(2 * DAY)).first(),
            Some(&(none.to_owned(), true)),
            "what is too long is not kept"
        );
    }
}
