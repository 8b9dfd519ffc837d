//! Where one is signed in, and signing out elsewhere.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use keyward_core::id::SessionId;

use crate::app::App;
use crate::console::gate::{Cookie, Fields, Id, Visitor};
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::When;
use crate::ops::context::Caller;
use crate::ops::sessions::{self, SessionRecord};

const HERE: &str = "/me/sessions";

#[derive(Template)]
#[template(path = "console/account/sessions.html")]
struct Sessions<'a> {
    visitor: &'a Visitor,
    rows: Vec<Row>,
}

struct Row {
    id: SessionId,
    current: bool,
    browser: String,
    source: String,
    began: When,
    seen: When,
    ends: When,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(HERE, get(show))
        .route("/me/sessions/others", post(end_others))
        .route("/me/sessions/{session}", post(end))
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let mut found = sessions::list(&app, &visitor.ctx).await?;
    let own = asking(&visitor);
    // The one that asks first, then the one that was used last.
    found.sort_by_key(|session| (Some(session.id) != own, std::cmp::Reverse(session.last_seen_at)));
    let rows = found.iter().map(|session| row(session, own, &visitor)).collect();
    Ok(page::own_page(&visitor, "Sessions", HERE, &Sessions { visitor: &visitor, rows }))
}

async fn end(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Id(id): Id<SessionId>,
    _: Fields,
) -> Result<Response, Refused> {
    sessions::delete(&app, &visitor.ctx, Some(id)).await?;
    if asking(&visitor) == Some(id) {
        let mut response = page::lead_on("/sign-in");
        Cookie::Session.forget(response.headers_mut(), visitor.ctx.secure);
        return Ok(response);
    }
    Ok(page::lead(&visitor, HERE, Some(Notice::new("The session has ended."))))
}

async fn end_others(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let ended = sessions::delete_others(&app, &visitor.ctx).await?.value;
    let said = match ended {
        0 => "There was no other session.".to_owned(),
        1 => "1 other session has ended.".to_owned(),
        n => format!("{n} other sessions have ended."),
    };
    Ok(page::lead(&visitor, HERE, Some(Notice::new(said))))
}

fn asking(visitor: &Visitor) -> Option<SessionId> {
    match &visitor.ctx.caller {
        Caller::Session(signed_in) => Some(signed_in.session),
        Caller::Anonymous | Caller::Credential(_) | Caller::System => None,
    }
}

fn row(session: &SessionRecord, own: Option<SessionId>, visitor: &Visitor) -> Row {
    let now = visitor.ctx.at();
    Row {
        id: session.id,
        current: Some(session.id) == own,
        browser: session.user_agent.as_deref().map_or_else(|| "Unknown program".to_owned(), browser),
        source: session.source.map_or_else(|| "this machine".to_owned(), |address| address.to_string()),
        began: When::of(session.created_at, now),
        seen: When::of(session.last_seen_at, now),
        ends: When::of(session.expires_at, now),
    }
}

/// The program that a `User-Agent` names, as people call it; else its first word.
fn browser(user_agent: &str) -> String {
    // The order matters: most pretend to be the ones after them.
    let browsers =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => user_agent.split([' ', '/']).next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_called_what_people_call_them() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser(&format!("{chrome} Edg/156.0.0.0")), "Edge on Linux");
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
        assert_eq!(browser(safari), "Safari on macOS");
        assert_eq!(browser("curl/7.88.1"), "curl");
    }
}
