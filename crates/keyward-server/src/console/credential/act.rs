//! The dialog of an act that asks for little: what it says, what it warns of, and a button that does it.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use keyward_core::labels::Dialog;

use super::{Subject, Use};
use crate::app::App;
use crate::console::ui::Wrong;
use crate::console::why::Why;

/// What an act asks, besides whether it should be done.
#[derive(Template)]
#[template(path = "console/credential/act.html")]
pub(super) struct Act<'a> {
    pub(super) subject: &'a Subject,
    pub(super) words: &'a Dialog,
    /// Where its form goes.
    pub(super) action: String,
    /// Where it leads when nothing is done.
    pub(super) back: String,
    pub(super) wrong: Wrong,
    /// Whether it destroys something.
    pub(super) danger: bool,
    /// Why there is nothing to do: then it cannot be sent.
    pub(super) obstacle: Option<String>,
    /// What else it warns of.
    pub(super) warnings: Vec<String>,
    /// The uses of late that it would end.
    pub(super) uses: Vec<Use>,
    /// Words before them.
    pub(super) uses_say: &'static str,
    /// How long the earlier secret may stay.
    pub(super) grace: Option<Graces>,
    /// The reasons that may be given; none where that is not asked.
    pub(super) whys: Vec<Why>,
    /// How many credentials this one has made that are in force.
    pub(super) descendants: usize,
    /// Whether they are to go with it.
    pub(super) with_descendants: bool,
    /// What was typed to confirm; `None` where that is not asked.
    pub(super) typed: Option<String>,
}

/// How long the earlier secret may stay.
pub(super) struct Graces {
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) choices: Vec<Grace>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grace {
    pub(super) seconds: u64,
    pub(super) text: String,
    pub(super) chosen: bool,
}

impl<'a> Act<'a> {
    /// The dialog in these words, whose form goes to `rest` of the credential.
    pub(super) fn new(subject: &'a Subject, words: &'a Dialog, rest: &str) -> Self {
        Self {
            subject,
            words,
            action: subject.href(rest),
            back: subject.back(),
            wrong: Wrong::default(),
            danger: false,
            obstacle: None,
            warnings: Vec::new(),
            uses: Vec::new(),
            uses_say: "",
            grace: None,
            whys: Vec::new(),
            descendants: 0,
            with_descendants: false,
            typed: None,
        }
    }

    pub(super) fn answer(&self, app: &Arc<App>, status: StatusCode) -> Response {
        let status = if self.obstacle.is_some() && status.is_success() { StatusCode::CONFLICT } else { status };
        self.subject.dialog(app, status, &self.title(), self)
    }

    fn title(&self) -> String {
        self.subject.words(&self.words.title)
    }
}
