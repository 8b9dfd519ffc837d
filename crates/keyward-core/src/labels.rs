//! The words of a kind's pages, so that one set of templates renders every vendor's.
//!
//! All of it is plain text: whoever renders it escapes it. In the texts of dialogs `{name}` stands for the name of the
//! credential and `{id}` for its public id; [`filled`] puts them in.

mod standard;

use crate::kind::Kind;

/// The words of a kind's pages. What a profile leaves out has a standard text ([`Labels::standard`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// What one credential is called, as it stands within a sentence.
    pub singular: String,
    /// What several are called.
    pub plural: String,
    /// What the kind is called where several kinds share a page and one is chosen.
    pub choice: String,
    /// The way to the page, from the outermost menu. Kinds of a profile with the same way and title share the page.
    pub menu: Vec<String>,
    /// The heading of the page.
    pub title: String,
    /// The heading of the list within the page; empty where the page's own says it.
    pub pane: String,
    /// What the page says about its credentials.
    pub notes: Vec<String>,
    /// What the page warns of.
    pub cautions: Vec<String>,
    /// What stands in place of an empty list.
    pub empty: String,
    /// Where to read more.
    pub help: Vec<Link>,
    /// The columns of the list, from the left.
    pub columns: Vec<Column>,
    /// How a row offers what can be done with it.
    pub actions: ActionStyle,
    /// Making one.
    pub create: Dialog,
    /// What is shown of a new secret, after creation and rotation.
    pub issued: Issued,
    /// Changing what may change, and looking at it again.
    pub edit: Dialog,
    /// Showing the secret again; only for kinds that may.
    pub reveal: Dialog,
    /// Replacing the secret; only for kinds that may.
    pub rotate: Dialog,
    /// Ending it for ever.
    pub revoke: Dialog,
    /// Stopping it for a while.
    pub disable: Dialog,
    /// Letting it be used again.
    pub enable: Dialog,
    /// Using another application's; only for kinds that are transferable.
    pub import: Dialog,
    /// Giving an imported one up again.
    pub unlink: Dialog,
}

impl Labels {
    /// The standard texts for a kind whose credentials are called so. Its own `labels` are not looked at.
    pub fn standard(kind: &Kind, singular: &str, plural: &str) -> Labels {
        standard::labels(kind, singular, plural)
    }

    /// Every dialog with its name in a profile.
    pub fn dialogs(&self) -> [(&'static str, &Dialog); 9] {
        [
            ("create", &self.create),
            ("edit", &self.edit),
            ("reveal", &self.reveal),
            ("rotate", &self.rotate),
            ("revoke", &self.revoke),
            ("disable", &self.disable),
            ("enable", &self.enable),
            ("import", &self.import),
            ("unlink", &self.unlink),
        ]
    }

    /// The way to the page as people write it: `Organization > API Keys`.
    pub fn menu_path(&self) -> String {
        self.menu.join(" > ")
    }

    /// Whether both kinds are listed on one page.
    pub fn shares_page_with(&self, other: &Labels) -> bool {
        self.menu == other.menu && self.title == other.title
    }
}

/// One thing that can be done: what opens it, what it says and asks, what it says afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialog {
    /// What opens it: on the page for `create` and `import`, on a row for the others.
    pub button: String,
    /// Whether the button stands in the dialog `edit` of the row instead.
    pub within_edit: bool,
    /// Its heading.
    pub title: String,
    /// What it says, or asks.
    pub notes: Vec<String>,
    /// What it warns of.
    pub cautions: Vec<String>,
    /// What it asks for, step by step. A dialog that asks for nothing has no steps.
    pub steps: Vec<Step>,
    /// Leads to the next step, where there are several.
    pub next: String,
    /// Does it.
    pub submit: String,
    /// Leaves everything as it is.
    pub cancel: String,
    /// What is said when it was done; empty for nothing.
    pub done: String,
}

impl Dialog {
    /// Everything that it asks for, over all steps.
    pub fn fields(&self) -> impl Iterator<Item = &DialogField> {
        self.steps.iter().flat_map(|step| &step.fields)
    }

    /// Whether it asks for `input`.
    pub fn asks_for(&self, input: Input) -> bool {
        self.fields().any(|field| field.input == input)
    }
}

/// What is asked for together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The fields, from the top.
    pub fields: Vec<DialogField>,
}

/// One field of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogField {
    /// What it is about.
    pub input: Input,
    /// What stands beside it.
    pub label: String,
    /// What is said about it; empty for nothing.
    pub hint: String,
    /// The text of an [`Input::Fixed`]; empty for the others.
    pub value: String,
    /// Where to read more.
    pub help: Option<Link>,
}

/// What a field of a dialog is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// The name.
    Name,
    /// Which kind, where several share the page.
    Kind,
    /// A text that cannot be changed.
    Fixed,
    /// The roles, or the one role of a kind that takes exactly one.
    Roles,
    /// Where it lives.
    Namespace,
    /// When it ends.
    ExpiresAt,
    /// From which networks it may be used.
    Sources,
    /// How long the earlier secret stays valid.
    Grace,
    /// The public id: shown; in `import`, asked for.
    PublicId,
    /// The secret: shown.
    Secret,
}

impl Input {
    /// Every input with its name in a profile.
    pub const WORDS: &[(&str, Input)] = &[
        ("name", Input::Name),
        ("kind", Input::Kind),
        ("fixed", Input::Fixed),
        ("roles", Input::Roles),
        ("namespace", Input::Namespace),
        ("expires_at", Input::ExpiresAt),
        ("sources", Input::Sources),
        ("grace", Input::Grace),
        ("public_id", Input::PublicId),
        ("secret", Input::Secret),
    ];
}

/// What is shown of a new secret. Where the kind has `reveal = "once"`, this is the only time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// Its heading.
    pub title: String,
    /// That it worked.
    pub message: String,
    /// What stands beside the public id; not shown for a token, which is one text.
    pub id: String,
    /// What stands beside the secret, or the token.
    pub secret: String,
    /// What stands beside the private key, for kinds that can have one.
    pub private_key: String,
    /// What it advises.
    pub notes: Vec<String>,
    /// What it warns of.
    pub cautions: Vec<String>,
    /// Copies one value.
    pub copy: String,
    /// What is said when it was copied.
    pub copied: String,
    /// Saves all of it as a file; without it, there is no such button.
    pub download: Option<String>,
    /// What is said when it was saved.
    pub downloaded: String,
    /// Ends it.
    pub close: String,
}

/// A column of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it shows.
    pub shows: Shown,
    /// Its heading.
    pub heading: String,
}

/// What a column can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shown {
    /// The name.
    Name,
    /// The public id.
    PublicId,
    /// What its kind is called.
    Kind,
    /// The roles that it holds.
    Roles,
    /// Where it lives.
    Namespace,
    /// Whose it is.
    Owner,
    /// Who made it.
    CreatedBy,
    /// When it was made.
    CreatedAt,
    /// When it ends.
    ExpiresAt,
    /// When it was last used.
    LastUsedAt,
    /// Active, disabled, expired or revoked.
    State,
    /// From which networks it may be used.
    Sources,
    /// What can be done with it.
    Actions,
}

impl Shown {
    /// Everything that a column can show, with its name in a profile.
    pub const WORDS: &[(&str, Shown)] = &[
        ("name", Shown::Name),
        ("public_id", Shown::PublicId),
        ("kind", Shown::Kind),
        ("roles", Shown::Roles),
        ("namespace", Shown::Namespace),
        ("owner", Shown::Owner),
        ("created_by", Shown::CreatedBy),
        ("created_at", Shown::CreatedAt),
        ("expires_at", Shown::ExpiresAt),
        ("last_used_at", Shown::LastUsedAt),
        ("state", Shown::State),
        ("sources", Shown::Sources),
        ("actions", Shown::Actions),
    ];
}

/// How a row offers what can be done with it. People who use a keyboard or a screen reader reach all of them alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActionStyle {
    /// Buttons with words.
    #[default]
    Buttons,
    /// A pencil and a trash can.
    Icons,
    /// Three dots that open a menu.
    Menu,
    /// Buttons that come forward when the row has the pointer or the focus.
    Hover,
}

impl ActionStyle {
    /// Every style with its name in a profile.
    pub const WORDS: &[(&str, ActionStyle)] = &[
        ("buttons", ActionStyle::Buttons),
        ("icons", ActionStyle::Icons),
        ("menu", ActionStyle::Menu),
        ("hover", ActionStyle::Hover),
    ];
}

/// A link to further reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads: `https://…`, or a path on this server.
    pub url: String,
}

/// What stands in a text for the name of a credential.
pub const NAME_PLACEHOLDER: &str = "{name}";
/// What stands in a text for the public id of a credential.
pub const ID_PLACEHOLDER: &str = "{id}";

/// `text` with the placeholders replaced. What is put in is not looked at again, whatever people call their keys.
pub fn filled(text: &str, name: &str, public_id: &str) -> String {
    let mut filled = String::with_capacity(text.len() + name.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        rest = &rest[start..];
        let (put, skip) = if rest.starts_with(NAME_PLACEHOLDER) {
            (name, NAME_PLACEHOLDER.len())
        } else if rest.starts_with(ID_PLACEHOLDER) {
            (public_id, ID_PLACEHOLDER.len())
        } else {
            ("{", 1)
        };
        filled.push_str(put);
        rest = &rest[skip..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(filled("Revoke {name} ({id})?", "{id} {name}", "kwa_1"), "Revoke {id} {name} (kwa_1)?");
        assert_eq!(filled("{nam} {{id} {", "x", "y"), "{nam} {y {");
        assert_eq!(filled("", "x", "y"), "");
    }
}
