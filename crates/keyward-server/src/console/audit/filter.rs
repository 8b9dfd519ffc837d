//! What is looked for in the log: as it stands in an address, and as the log is asked.

use keyward_api::operations;
use keyward_core::time::Timestamp;
use serde::Deserialize;

use super::entries::{USE, words};
use crate::app::App;
use crate::console::ui::Wrong;
use crate::ops::AuditFilter;
use crate::ops::audit;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The filter as it was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// An operation, or a resource.
    pub(super) what: String,
    /// Who acted: a name, an address or an id.
    pub(super) who: String,
    /// What was acted on: a name or an id.
    pub(super) target: String,
    /// `done` or `refused`.
    pub(super) outcome: String,
    /// The first day.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
    /// The request.
    pub(super) request: String,
    /// Only entries at earlier places.
    #[serde(deserialize_with = "place")]
    pub(super) before: Option<u64>,
}

/// What can be chosen.
pub(super) struct Choices {
    /// Operations by resource.
    pub(super) groups: Vec<Group>,
}

/// The operations of a resource.
pub(super) struct Group {
    pub(super) resource: &'static str,
    pub(super) chosen: bool,
    /// Id, words, and whether it is chosen.
    pub(super) operations: Vec<(&'static str, String, bool)>,
}

impl Asked {
    /// Whether anything is looked for.
    pub(super) fn is_filtered(&self) -> bool {
        let texts = [&self.what, &self.who, &self.target, &self.outcome, &self.from, &self.to, &self.request];
        texts.into_iter().any(|text| !text.trim().is_empty())
    }

    /// As it stands in an address, with the question mark; empty when nothing is looked for.
    pub(super) fn query(&self, before: Option<u64>) -> String {
        let before = before.map(|before| before.to_string()).unwrap_or_default();
        let pairs = [
            ("what", &self.what),
            ("who", &self.who),
            ("target", &self.target),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
            ("request", &self.request),
            ("before", &before),
        ];
        let given = pairs.into_iter().filter(|(_, text)| !text.trim().is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// What needs no look at the database.
    fn plain(&self) -> Result<AuditFilter, Wrong> {
        let mut wrong = Wrong::default();
        let mut filter = AuditFilter { operation: given(&self.what).map(str::to_owned), ..AuditFilter::default() };
        filter.refused = match self.outcome.as_str() {
            "done" => Some(false),
            "refused" => Some(true),
            _ => None,
        };
        let mut day = |name: &str, text: &str| {
            let day = given(text).map(|text| format!("{text}T00:00:00Z").parse::<Timestamp>()).transpose();
            day.unwrap_or_else(|_| {
                wrong.add(name, format!("`{}` is no day: write `2026-11-12`", text.trim()));
                None
            })
        };
        filter.from = day("from", &self.from);
        filter.until = day("to", &self.to).map(|last| last.plus(DAY));
        if let (Some(from), Some(until)) = (filter.from, filter.until)
            && from >= until
        {
            wrong.add("to", "the last day is before the first: exchange them");
        }
        match given(&self.request).map(str::parse).transpose() {
            Ok(request) => filter.request = request,
            Err(error) => wrong.add("request", error),
        }
        if wrong.is_empty() { Ok(filter) } else { Err(wrong) }
    }
}

/// What the log is asked; or what is wrong with what was filled in.
pub(super) async fn of(app: &App, ctx: &Ctx, asked: &Asked) -> Result<Result<AuditFilter, Wrong>, OpError> {
    let mut filter = match asked.plain() {
        Ok(filter) => filter,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if let Some(who) = given(&asked.who) {
        filter.callers = audit::matching(app, ctx, who).await?;
    }
    if let Some(target) = given(&asked.target) {
        filter.targets = audit::matching(app, ctx, target).await?;
    }
    Ok(Ok(filter))
}

/// Everything that the log may have, by resource.
pub(super) fn choices(asked: &Asked) -> Choices {
    let mut groups: Vec<Group> = Vec::new();
    let ids = operations::ALL.iter().filter(|operation| operation.changes).map(|operation| operation.id);
    for id in ids.chain([USE]) {
        let resource = id.split('.').next().unwrap_or(id);
        let operation = (id, words(id), id == asked.what);
        match groups.iter_mut().find(|group| group.resource == resource) {
            Some(group) => group.operations.push(operation),
            None => groups.push(Group { resource, chosen: resource == asked.what, operations: vec![operation] }),
        }
    }
    Choices { groups }
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// A place in the log; whatever is none is left out.
fn place<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    String::deserialize(from).map(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(set: impl FnOnce(&mut Asked)) -> Asked {
        let mut asked = Asked::default();
        set(&mut asked);
        asked
    }

    #[test]
    fn days_are_whole_and_both_are_meant() {
        let filter = asked(|a| (a.from, a.to) = ("2026-11-12".into(), "2026-11-12".into())).plain().unwrap();
        let text = |at: Option<Timestamp>| at.unwrap().to_string()[..13].to_owned();
        assert_eq!((text(filter.from), text(filter.until)), ("2026-11-12T00".into(), "2026-11-13T00".into()));
    }

    #[test]
    fn what_cannot_be_looked_for_is_told_beside_its_field() {
        let wrong = asked(|a| (a.from, a.request) = ("yesterday".into(), "req_1".into())).plain().unwrap_err();
        assert!(wrong.with("from").unwrap().contains("yesterday") && wrong.with("request").is_some());
        let wrong = asked(|a| (a.from, a.to) = ("2026-11-13".into(), "2026-11-12".into())).plain().unwrap_err();
        assert!(wrong.with("to").is_some());
    }

    #[test]
    fn an_address_holds_what_was_filled_in() {
        let filled = asked(|a| (a.who, a.outcome) = ("Zoë & Co".into(), "refused".into()));
        assert_eq!(filled.query(Some(7)), "?who=Zo%C3%AB+%26+Co&outcome=refused&before=7");
        assert!(filled.is_filtered() && !Asked::default().is_filtered());
        assert_eq!(Asked::default().query(None), "");
        assert_eq!(filled.plain().unwrap().refused, Some(true));
    }

    #[test]
    fn everything_that_changes_something_can_be_chosen() {
        let Choices { groups } = choices(&asked(|a| a.what = "credentials.use".into()));
        let chosen: Vec<_> = groups.iter().flat_map(|g| &g.operations).filter(|(.., chosen)| *chosen).collect();
        assert_eq!(chosen, [&(USE, "Use a key".to_owned(), true)]);
        assert!(groups.iter().any(|group| group.resource == "grants"));
    }
}
