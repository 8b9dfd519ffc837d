//! A new secret, shown once. The answer to the form itself, so that no address leads to it again.

mod snippets;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use keyward_core::kind::{Kind, Parts, Reveal, Rotate};
use keyward_core::labels::{Issued as Words, filled};
use keyward_core::secret::Secret;

use self::snippets::Snippet;
use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::KeyPage;
use crate::console::page;
use crate::console::ui::When;
use crate::ops::credentials::Issued;
use crate::ops::receipts::Done;

/// Why the secret is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Why {
    /// The credential was made.
    Created,
    /// Its secret was replaced.
    Rotated,
    /// It is shown again.
    Revealed,
}

/// A credential that was revoked because the new one took its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Superseded {
    /// What it was called.
    pub(super) name: String,
    /// What clients called it.
    pub(super) public_id: String,
}

/// The dialog that shows a secret, in the words of the credential's kind; without a secret (a repeated creation) it says
/// that it cannot be shown again. Closing it leads to `after`.
pub(in crate::console) fn shown(
    app: &App,
    visit: &Visit,
    page: &KeyPage,
    issued: &Done<Issued>,
    why: Why,
    after: &str,
) -> Response {
    in_place_of(app, visit, page, issued, why, after, &[])
}

/// The same for a credential that took the place of others.
pub(super) fn in_place_of(
    app: &App,
    visit: &Visit,
    page: &KeyPage,
    issued: &Done<Issued>,
    why: Why,
    after: &str,
    superseded: &[Superseded],
) -> Response {
    let credential = &issued.value.held.credential;
    let kind = page.kinds.iter().find(|kind| kind.id == credential.kind).unwrap_or(&page.kinds[0]);
    let current = visit.href(&format!("/keys/{}", page.slug));
    let words = &kind.labels.issued;
    let name = credential.name.as_str();
    let ends = credential.expires_at.map(|end| When::of(end, visit.ctx().at()));
    let Some(secret) = &issued.value.secret else {
        let href = visit.href(&format!("/credentials/{}", credential.id));
        let remedy = remedy(kind);
        let dialog = ShownBefore { singular: &kind.labels.singular, name, href, remedy, after };
        return page::dialog(StatusCode::OK, app, visit, "Created already", &current, &dialog);
    };
    let title = match why {
        Why::Created | Why::Rotated => filled(&words.title, name, &credential.public_id),
        Why::Revealed => filled(&kind.labels.reveal.title, name, &credential.public_id),
    };
    let parts = parts(kind, words, &credential.public_id, secret, issued.value.private_key.as_ref(), why);
    let dialog = Shown {
        title: &title,
        message: if why == Why::Revealed { "" } else { &words.message },
        notes: if why == Why::Revealed { &[] } else { &words.notes },
        cautions: cautions(kind, words, issued.value.private_key.is_some(), why),
        receipt: (why == Why::Rotated).then(|| page::receipt_text(&issued.receipt)),
        snippets: snippets::of(app, &visit.visitor.origin, kind, words, credential, secret),
        file: file_name(name, kind),
        words,
        name,
        ends,
        parts,
        superseded,
        after,
        part: visit.visitor.part,
    };
    page::dialog(StatusCode::OK, app, visit, &title, &current, &dialog)
}

#[derive(Template)]
#[template(path = "console/keys/issued.html")]
struct Shown<'a> {
    title: &'a str,
    message: &'a str,
    notes: &'a [String],
    cautions: &'a [String],
    receipt: Option<String>,
    words: &'a Words,
    name: &'a str,
    ends: Option<When>,
    parts: Vec<Part<'a>>,
    snippets: Vec<Snippet>,
    superseded: &'a [Superseded],
    file: String,
    after: &'a str,
    /// Whether it is laid over the page that is open.
    part: bool,
}

/// One thing that the client holds.
struct Part<'a> {
    id: &'static str,
    label: &'a str,
    text: &'a str,
    /// Whether it is several lines.
    lines: bool,
    /// What has to be copied before the dialog may close unasked, where it cannot be seen again.
    once: Option<&'static str>,
    /// Whether it is the one that is copied first.
    first: bool,
}

#[derive(Template)]
#[template(path = "console/keys/shown_before.html")]
struct ShownBefore<'a> {
    singular: &'a str,
    name: &'a str,
    href: String,
    remedy: &'static str,
    after: &'a str,
}

fn parts<'a>(
    kind: &Kind,
    words: &'a Words,
    public_id: &'a str,
    secret: &'a Secret,
    private_key: Option<&'a Secret>,
    why: Why,
) -> Vec<Part<'a>> {
    let once = (kind.reveal == Reveal::Once && why != Why::Revealed).then_some("secret");
    let id = (kind.parts != Parts::Token).then_some(Part {
        id: "issued-id",
        label: &words.id,
        text: public_id,
        lines: false,
        once: None,
        first: false,
    });
    let secret =
        Part { id: "issued-secret", label: &words.secret, text: secret.expose(), lines: false, once, first: true };
    let private_key = private_key.map(|key| Part {
        id: "issued-private-key",
        label: &words.private_key,
        text: key.expose(),
        lines: true,
        once: Some("private-key"),
        first: false,
    });
    id.into_iter().chain([secret]).chain(private_key).collect()
}

/// What is warned of: nothing about what is shown again, and nothing about a key pair that was not made.
fn cautions<'a>(kind: &Kind, words: &'a Words, has_private_key: bool, why: Why) -> &'a [String] {
    let of_key_pair = kind.reveal == Reveal::Always && !words.private_key.is_empty();
    if why == Why::Revealed || (of_key_pair && !has_private_key) { &[] } else { &words.cautions }
}

/// What to do for a secret that was shown before.
fn remedy(kind: &Kind) -> &'static str {
    match (kind.reveal, kind.rotate) {
        (Reveal::Always, _) => "Open it to show its secret again.",
        (Reveal::Once, Rotate::Secret { .. }) => "If it was not stored, open it and replace the secret.",
        (Reveal::Once, Rotate::Never) => "If it was not stored, create another one and revoke this one.",
    }
}

/// What a saved file is called: letters that every file system takes.
fn file_name(name: &str, kind: &Kind) -> String {
    let mut file = String::new();
    for c in name.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            file.push(c.to_ascii_lowercase());
        } else if !file.is_empty() && !file.ends_with('-') {
            file.push('-');
        }
    }
    let file = file.trim_end_matches('-');
    let file = if file.is_empty() { kind.id.kind() } else { file };
    format!("{file}.env")
}

#[cfg(test)]
mod tests {
    use keyward_core::profile::{Profile, built_in};

    use super::*;

    fn kind(id: &str) -> Kind {
        let (profile, name) = id.split_once('/').unwrap();
        let profile = Profile::parse(profile, built_in(profile).unwrap()).unwrap();
        Kind::clone(profile.kind_named(name).unwrap())
    }

    #[test]
    fn files_have_plain_names() {
        let kind = kind("keyward/api");
        assert_eq!(file_name("Nightly  import / EU", &kind), "nightly-import-eu.env");
        assert_eq!(file_name("../../etc/passwd", &kind), "etc-passwd.env");
        assert_eq!(file_name("鍵", &kind), "api.env");
    }

    #[test]
    fn what_cannot_be_seen_again_has_to_be_copied() {
        let secret = Secret::from_string("s".to_owned());
        let asked = |id: &str, why, private: bool| {
            let kind = kind(id);
            let words = kind.labels.issued.clone();
            let parts = parts(&kind, &words, "id", &secret, private.then_some(&secret), why);
            parts.iter().filter_map(|part| part.once).collect::<Vec<_>>()
        };
        assert_eq!(asked("keyward/api", Why::Created, false), ["secret"]);
        assert_eq!(asked("gainsight/access_key", Why::Rotated, false), ["secret"]);
        assert_eq!(asked("gigya/application_key", Why::Created, false), [""; 0]);
        assert_eq!(asked("gigya/application_key", Why::Created, true), ["private-key"]);
        assert_eq!(asked("gigya/application_key", Why::Revealed, false), [""; 0]);
    }

    #[test]
    fn a_warning_of_a_key_pair_stands_where_there_is_one() {
        let kind = kind("gigya/application_key");
        let words = &kind.labels.issued;
        assert_eq!(cautions(&kind, words, true, Why::Created), words.cautions);
        assert!(!words.cautions.is_empty() && cautions(&kind, words, false, Why::Created).is_empty());
    }
}
