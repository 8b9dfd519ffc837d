//! Rows of a list as people see them: a cell for each column of the labels, a line for what those leave out, and what
//! can be done with the row.

use keyward_core::credential::{CallerId, Credential};
use keyward_core::kind::{Kind, Parts};
use keyward_core::labels::{ActionStyle, Dialog, Labels, Shown};
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::KeyPage;
use crate::console::ui::{When, state_of, state_words};
use crate::ops::credentials::{self, Listed, Offer};
use crate::ops::names::Names;
use crate::ops::{CredentialState, authority};

/// A row.
pub(super) struct Row {
    /// Names it in forms.
    pub(super) id: String,
    /// What it is called.
    pub(super) name: String,
    /// The page of the credential.
    pub(super) href: String,
    /// Whether it was imported into the place whose list this is.
    pub(super) imported: bool,
    /// Whether something can be done with it together with others.
    pub(super) tick: bool,
    /// One for each column.
    pub(super) cells: Vec<Cell>,
    /// What the columns leave out.
    pub(super) more: Vec<Content>,
    /// What can be done with it and is always in sight.
    pub(super) actions: Vec<Action>,
    /// What can be done with it and is in a menu.
    pub(super) menu: Vec<Action>,
}

/// What stands in one column of a row.
pub(super) struct Cell {
    /// The heading of the column.
    pub(super) heading: String,
    /// What it shows.
    pub(super) content: Content,
}

/// What a cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The name, with everything that goes with it.
    Name,
    /// What can be done with it.
    Actions,
    /// Nothing, and how that is said.
    Absent(&'static str),
    /// A word.
    Word(String),
    /// Something with a name that people chose, and what it is.
    Named {
        /// What stands before the name within a line, such as `Owner`.
        what: &'static str,
        /// The name.
        name: String,
        /// What kind of thing it is, where that is not clear.
        kind: &'static str,
    },
    /// A public id that can be copied.
    Id(String),
    /// The end of a public id: of a token, of which the whole id is a part.
    End(String),
    /// Texts side by side.
    Badges(Vec<String>),
    /// An instant, and what happens then.
    Time {
        /// What stands before it within a line, such as `Created`.
        what: &'static str,
        /// When.
        at: When,
    },
    /// Networks.
    Networks(Vec<String>),
    /// A state: its word, and the class of its dot.
    State(&'static str, &'static str),
}

/// Something that can be done with a row.
pub(super) struct Action {
    /// What it is called.
    pub(super) label: String,
    /// The dialog.
    pub(super) href: String,
    /// The name of its icon.
    pub(super) icon: &'static str,
    /// Whether it destroys something.
    pub(super) danger: bool,
}

/// What rows are made from.
pub(super) struct Rows<'a> {
    /// The node.
    pub(super) app: &'a App,
    /// Who looks.
    pub(super) visit: &'a Visit,
    /// At which page.
    pub(super) page: &'a KeyPage,
    /// The place whose list it is.
    pub(super) place: Option<NamespaceId>,
    /// What those are called who stand in the rows.
    pub(super) names: &'a Names,
}

impl Rows<'_> {
    /// A row of the list.
    pub(super) fn row(&self, listed: &Listed) -> Row {
        let credential = &listed.row.credential;
        let imported =
            self.place.is_some_and(|place| place != credential.namespace && place.kind() == NamespaceKind::Application);
        let kind = self.page.kinds.iter().find(|kind| kind.id == credential.kind).unwrap_or(&self.page.kinds[0]);
        let offers = credentials::offers(self.app, self.visit.ctx(), credential).unwrap_or_default();
        let columns = &self.page.labels().columns;
        let cells = columns
            .iter()
            .map(|column| Cell { heading: column.heading.clone(), content: self.content(listed, kind, column.shows) });
        let missing = LEFT_OUT.into_iter().filter(|shown| columns.iter().all(|column| column.shows != *shown));
        let (actions, menu) = self.actions(kind, credential, &offers, imported);
        Row {
            id: credential.id.to_string(),
            name: credential.name.to_string(),
            href: self.visit.href(&format!("/credentials/{}", credential.id)),
            imported,
            tick: !imported && offers.iter().any(|offer| matches!(offer, Offer::Disable | Offer::Revoke)),
            cells: cells.collect(),
            more: missing.filter_map(|shown| self.in_line(listed, kind, shown)).collect(),
            actions,
            menu,
        }
    }

    /// What a column shows of a row.
    pub(super) fn content(&self, listed: &Listed, kind: &Kind, shown: Shown) -> Content {
        let credential = &listed.row.credential;
        let time = |what: &'static str, at: Option<Timestamp>| {
            at.map_or(Content::Absent("Never"), |at| Content::Time { what, at: When::of(at, self.visit.ctx().at()) })
        };
        match shown {
            Shown::Name => Content::Name,
            Shown::PublicId if kind.parts == Parts::Token => Content::End(end_of(&credential.public_id)),
            Shown::PublicId => Content::Id(credential.public_id.clone()),
            Shown::Kind => Content::Word(kind.labels.choice.clone()),
            Shown::Roles => Content::Badges(self.roles(listed)),
            Shown::Namespace => self.namespace(credential.namespace),
            Shown::Owner => match credential.owner.and_then(|owner| self.names.get(owner)) {
                Some(name) => Content::Named { what: "Owner", name: name.to_string(), kind: "" },
                None => Content::Absent("None"),
            },
            Shown::CreatedBy => self.maker(credential),
            Shown::CreatedAt => time("Created", Some(credential.created_at)),
            Shown::ExpiresAt => time("Expires", credential.expires_at),
            Shown::LastUsedAt => time("Last used", listed.row.last_used_at),
            Shown::State => {
                let (word, class) = state_words(state_of(credential, self.visit.ctx().at()));
                Content::State(word, class)
            }
            Shown::Sources => Content::Networks(credential.sources.iter().map(ToString::to_string).collect()),
            Shown::Actions => Content::Actions,
        }
    }

    /// What is said in the line below the name of something that has no column; nothing of what goes without saying.
    fn in_line(&self, listed: &Listed, kind: &Kind, shown: Shown) -> Option<Content> {
        let credential = &listed.row.credential;
        let is_said = match shown {
            Shown::State => state_of(credential, self.visit.ctx().at()) != CredentialState::Active,
            // Where it can only be in one place, that goes without saying.
            Shown::Namespace => kind.lives_in.len() > 1 && self.place.is_none(),
            // Who answers for it: the owner, or else who made it.
            Shown::CreatedBy => credential.owner.is_none(),
            Shown::Roles => !listed.grants.is_empty(),
            _ => true,
        };
        is_said.then(|| self.content(listed, kind, shown)).filter(|content| !matches!(content, Content::Absent(_)))
    }

    fn roles(&self, listed: &Listed) -> Vec<String> {
        let home = self.place.unwrap_or(listed.row.credential.namespace);
        // In the list of a place, what is held there counts.
        let here = listed.grants.iter().filter(|(grant, _)| self.place.is_none_or(|place| grant.namespace == place));
        here.map(|(grant, role)| {
            if grant.namespace == home {
                role.to_string()
            } else {
                format!("{role} at {}", self.names.or_id(grant.namespace))
            }
        })
        .collect()
    }

    fn namespace(&self, at: NamespaceId) -> Content {
        let kind = match at.kind() {
            NamespaceKind::Organization => "organization",
            NamespaceKind::Application => "application",
            NamespaceKind::Workspace => "workspace",
            NamespaceKind::UserGroup => "user group",
        };
        Content::Named { what: "", name: self.names.or_id(at), kind }
    }

    fn maker(&self, credential: &Credential) -> Content {
        let (name, kind) = match credential.created_by {
            by @ CallerId::User(_) => (self.names.get(by).map(ToString::to_string), ""),
            by @ CallerId::Credential(_) => (self.names.get(by).map(ToString::to_string), "key"),
            CallerId::Anonymous => (None, ""),
            CallerId::System => (Some("Keyward".to_owned()), ""),
        };
        name.map_or(Content::Absent("Unknown"), |name| Content::Named { what: "Created by", name, kind })
    }

    /// What can be done with a row: in sight, and in a menu.
    fn actions(
        &self,
        kind: &Kind,
        credential: &Credential,
        offers: &[Offer],
        imported: bool,
    ) -> (Vec<Action>, Vec<Action>) {
        let labels = &kind.labels;
        let at = self.visit.href(&format!("/credentials/{}", credential.id));
        let inside = self.place.map_or_else(String::new, |place| format!("?in={place}"));
        let action = |dialog: &Dialog, path: &str, icon, danger| Action {
            label: dialog.button.clone(),
            href: format!("{at}/{path}{inside}"),
            icon,
            danger,
        };
        let mut actions: Vec<Action> = offers
            .iter()
            .filter(|offer| shown(labels, **offer, imported))
            .map(|offer| match offer {
                Offer::Edit => action(&labels.edit, "edit", "pencil", false),
                Offer::Rotate => action(&labels.rotate, "rotate", "refresh-cw", false),
                Offer::Reveal => action(&labels.reveal, "reveal", "eye", false),
                Offer::Disable => action(&labels.disable, "disable", "pause", false),
                Offer::Enable => action(&labels.enable, "enable", "play", false),
                Offer::Revoke => action(&labels.revoke, "revoke", "trash-2", true),
            })
            .collect();
        if let (true, Some(place)) = (imported, self.place)
            && authority::may(self.app, self.visit.ctx(), "credentials:unlink", place)
        {
            actions.push(action(&labels.unlink, "unlink", "trash-2", true));
        }
        match labels.actions {
            ActionStyle::Menu => (Vec::new(), actions),
            ActionStyle::Buttons if actions.len() > MOST_BUTTONS => {
                let menu = actions.split_off(1);
                (actions, menu)
            }
            ActionStyle::Buttons | ActionStyle::Icons | ActionStyle::Hover => (actions, Vec::new()),
        }
    }
}

/// Whether a row itself offers something: what stands in the dialog `edit` instead does not, and a credential that was
/// imported is ended where it was made.
fn shown(labels: &Labels, offer: Offer, imported: bool) -> bool {
    match offer {
        Offer::Edit => true,
        Offer::Rotate => !labels.rotate.within_edit && !imported,
        Offer::Reveal => !labels.reveal.within_edit && !imported,
        // A pencil and a trash can are two icons, and what comes forward is what matters most: a row that is stopped
        // can be let go on, and stopping it is on the credential's own page.
        Offer::Disable => !imported && !matches!(labels.actions, ActionStyle::Icons | ActionStyle::Hover),
        Offer::Enable | Offer::Revoke => !imported,
    }
}

/// The last characters of a public id, as far as they are told of a token.
pub(super) fn end_of(public_id: &str) -> String {
    let from = public_id.char_indices().rev().nth(LAST - 1).map_or(0, |(at, _)| at);
    public_id[from..].to_owned()
}

/// How many characters of a token are told.
const LAST: usize = 4;
/// More buttons than these do not fit beside one another: then all but the first are in a menu.
const MOST_BUTTONS: usize = 2;

/// What every list tells of a row: in a column, or else in the line below the name.
const LEFT_OUT: [Shown; 9] = [
    Shown::State,
    Shown::PublicId,
    Shown::Roles,
    Shown::Namespace,
    Shown::Owner,
    Shown::CreatedBy,
    Shown::CreatedAt,
    Shown::ExpiresAt,
    Shown::LastUsedAt,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_token_only_the_last_characters_are_told() {
        assert_eq!(end_of("kwa_0123456789abcdef"), "cdef");
        assert_eq!(end_of("ab"), "ab");
        assert_eq!(end_of("schlüß"), "hlüß");
        assert_eq!(end_of(""), "");
    }
}
