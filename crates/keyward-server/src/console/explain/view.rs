//! The answer as people read it, and the same question as a call of the API.

use keyward_core::decision::{Check, Reason};
use keyward_core::id::CredentialId;
use keyward_verify::{Explanation, Finding, Outcome};
use serde_json::{Map, Value};

use crate::app::App;
use crate::config::PublicUrl;
use crate::console::gate::Visit;
use crate::console::page::sentence;
use crate::ops::credentials;
use crate::ops::error::OpError;
use crate::ops::names::{self, Wanted};
use crate::ops::presented::Carried;
use crate::ops::verify::{Answered, Judged, Question};

/// What was decided, and why.
pub(super) struct Answer {
    /// Why it is refused; `None` when it is allowed.
    pub(super) refused: Option<Refusal>,
    /// The credential, if it is known.
    pub(super) credential: Option<Subject>,
    /// Whether a secret was judged, too.
    pub(super) presented: bool,
    /// Every check in its order.
    pub(super) checks: Vec<Checked>,
    /// How to ask the same of the API. Without any secret.
    pub(super) curl: String,
}

pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) sentence: String,
}

/// The credential that was judged.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) public_id: String,
    pub(super) kind: String,
    pub(super) href: String,
}

/// One check.
pub(super) struct Checked {
    pub(super) what: &'static str,
    /// The word and the class of its dot.
    pub(super) outcome: (&'static str, &'static str),
    pub(super) failed: bool,
    /// Whether it says nothing of this request.
    pub(super) quiet: bool,
    /// What it looked at.
    pub(super) fact: Vec<Piece>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Words or code.
    pub(super) text: String,
    /// Whether it is code.
    pub(super) code: bool,
    /// What people call that which the code is the id of.
    pub(super) name: Option<String>,
}

impl Answer {
    /// The answer to a question.
    pub(super) async fn of(
        app: &App,
        visit: &Visit,
        question: &Question,
        answered: &Answered,
    ) -> Result<Self, OpError> {
        let refused = answered.denial.map(|denial| refusal(denial.reason));
        let credential = match &answered.identity {
            Some(known) => subject(app, visit, known.credential).await,
            None => None,
        };
        let checks = match &answered.explanation {
            Some(explanation) => checks(app, visit, explanation).await?,
            None => Vec::new(),
        };
        let presented = matches!(question.judged, Judged::Presented(_));
        Ok(Self { refused, credential, presented, checks, curl: curl(app, visit, question) })
    }
}

fn refusal(reason: Reason) -> Refusal {
    Refusal { code: reason.code(), sentence: sentence(reason.sentence()) }
}

/// Its name only for who may read it; that it is there, the answer says anyway.
async fn subject(app: &App, visit: &Visit, id: CredentialId) -> Option<Subject> {
    let (public_id, kind) = {
        let index = app.index.snapshot();
        let view = index.credential(id)?;
        (view.public_id().to_owned(), view.kind().labels.singular.clone())
    };
    let read = credentials::get(app, visit.ctx(), id).await;
    let name = read.map_or_else(|_| id.to_string(), |(held, _)| held.credential.name.to_string());
    Some(Subject { name, public_id, kind, href: visit.href(&format!("/credentials/{id}")) })
}

/// The checks; ids in them with the names that the visitor may know.
async fn checks(app: &App, visit: &Visit, explanation: &Explanation) -> Result<Vec<Checked>, OpError> {
    let mut checks: Vec<Checked> = explanation.findings.iter().map(checked).collect();
    let mut wanted = Wanted::default();
    for piece in checks.iter().flat_map(|check| &check.fact).filter(|piece| piece.code) {
        wanted.id(&piece.text);
    }
    let names = names::readable(app, visit.ctx(), wanted).await?;
    for piece in checks.iter_mut().flat_map(|check| &mut check.fact).filter(|piece| piece.code) {
        piece.name = names.get(&piece.text).map(ToString::to_string);
    }
    Ok(checks)
}

fn checked(finding: &Finding) -> Checked {
    let outcome = match finding.outcome {
        Outcome::Passed => ("Passed", "good"),
        Outcome::Failed => ("Failed", "bad"),
        Outcome::NotReached => ("Not reached", "off"),
        Outcome::NotApplicable => ("Does not apply", "off"),
    };
    Checked {
        what: what(finding.check),
        outcome,
        failed: finding.outcome == Outcome::Failed,
        quiet: matches!(finding.outcome, Outcome::NotReached | Outcome::NotApplicable),
        fact: pieces(&finding.fact),
    }
}

/// A text with code in backticks, taken apart; the first letter a capital.
fn pieces(fact: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = fact
        .split('`')
        .enumerate()
        .map(|(place, piece)| Piece { text: piece.to_owned(), code: place % 2 == 1, name: None })
        .filter(|piece| !piece.text.is_empty())
        .collect();
    // A permission at the beginning stays as it is written.
    let is_word = |text: &str| text.split(' ').next().is_some_and(|first| first.chars().all(char::is_alphabetic));
    if let Some(first) = pieces.first_mut().filter(|piece| !piece.code && is_word(&piece.text)) {
        let mut chars = first.text.chars();
        first.text = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    }
    pieces
}

/// What a check asks.
const fn what(check: Check) -> &'static str {
    match check {
        Check::WellFormed => "It looks like a credential",
        Check::Fresh => "This node knows of all revocations",
        Check::Known => "It is known",
        Check::Secret => "The secret is right",
        Check::Window => "It was signed at a time that counts",
        Check::Carrier => "It was sent as its kind allows",
        Check::Use => "It is used as its kind allows",
        Check::Organization => "The organization is active",
        Check::State => "It is neither disabled nor revoked",
        Check::Slot => "The secret was not replaced",
        Check::Expiry => "It has not expired",
        Check::Owner => "Its owner is an active member",
        Check::Transport => "It came over https where it must",
        Check::Source => "It came from a listed network",
        Check::Denials => "Nothing denies it",
        Check::Scope => "The access token was issued for it",
        Check::Reach => "The namespace is within reach",
        Check::Grants => "A role allows it",
        Check::OwnerRights => "Its owner may do it now",
        Check::Rate => "It is not used too often",
    }
}

/// The same question as a call of the API. What was presented is named by a word that stands for it.
fn curl(app: &App, visit: &Visit, question: &Question) -> String {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    match &question.judged {
        Judged::Unpresented(id) => put("credential_id", id.to_string().into()),
        Judged::Presented(Carried::Pair(..)) => {
            put("id", "THE_ID".into());
            put("secret", "THE_SECRET".into());
        }
        Judged::Presented(_) => put("credential", "THE_KEY".into()),
    }
    if let Some(permission) = &question.permission {
        put("permission", permission.as_str().into());
    }
    if let Some(namespace) = question.namespace {
        put("namespace", namespace.to_string().into());
    }
    if !question.groups.is_empty() {
        put("groups", question.groups.clone().into());
    }
    if let Some(source) = question.source {
        put("source", source.to_string().into());
    }
    if !question.secure {
        put("secure", false.into());
    }
    put("explain", true.into());
    let body = Value::from(body).to_string().replace('\'', "'\\''");
    let public_url = app.config.server.public_url.as_ref();
    let origin = public_url.map_or_else(|| "\"$KEYWARD_URL\"".to_owned(), PublicUrl::origin);
    format!(
        "curl {origin}/v1/verify \\\n  -H \"Authorization: Bearer $KEYWARD_TOKEN\" \\\n  \
         -H 'Keyward-Organization: {}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'",
        visit.organization.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_apart_from_words() {
        let piece = |text: &str, code| Piece { text: text.to_owned(), code, name: None };
        let (plain, code) = (|text| piece(text, false), |text| piece(text, true));
        assert_eq!(pieces("it is `a` of `b`"), [plain("It is "), code("a"), plain(" of "), code("b")]);
        assert_eq!(pieces("`a` is not"), [code("a"), plain(" is not")]);
        assert_eq!(pieces("items:read, and more"), [plain("items:read, and more")]);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn every_check_says_what_it_asks() {
        for check in Check::ALL {
            assert!(what(*check).starts_with(char::is_uppercase), "{check:?}");
        }
    }
}
