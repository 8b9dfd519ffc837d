//! The five systems and the standard profile, as published: knob by knob and word by word, with the number of the rule.

mod gainsight;
mod gateway_hub;
mod gigantik;
mod gigya;
mod keyward;
mod passport;

use std::time::Duration;

use super::*;
use crate::format::Alphabet;
use crate::kind::*;
use crate::labels::{ActionStyle, Dialog, Input, Labels, Shown};
use crate::namespace::NamespaceKind;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A rotation that is asked about and leaves the earlier secret no time.
const AT_ONCE: Rotate = Rotate::Secret { confirm: true, grace: Duration::ZERO, max_grace: Duration::ZERO };

fn kind(profile: &str, name: &str) -> Kind {
    Kind::clone(parsed(profile).kind_named(name).unwrap())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn text(format: &Format) -> (&str, Alphabet, usize) {
    match format {
        Format::Text(text) => (text.prefix(), text.alphabet(), text.text_length()),
        Format::Native { prefix } => panic!("native `{prefix}`"),
    }
}

fn permission(text: &str) -> Requirement {
    Requirement::Permission(text.parse().unwrap())
}

fn form(id: &str, secret: &str) -> Carrier {
    Carrier::Form(id.to_owned(), secret.to_owned())
}

/// What the rules of the page say the page says.
fn says<T: AsRef<str>>(rules: &[(&str, T, &str)]) {
    for (rule, said, wanted) in rules {
        assert_eq!(said.as_ref(), *wanted, "{rule}");
    }
}

/// What a dialog asks for, step by step: `name Name | roles Roles`.
fn asked(dialog: &Dialog) -> String {
    let word = |input: Input| Input::WORDS.iter().find(|(_, known)| *known == input).unwrap().0;
    let steps = dialog.steps.iter().map(|step| {
        let fields = step.fields.iter().map(|field| format!("{} {}", word(field.input), field.label));
        fields.collect::<Vec<_>>().join(", ")
    });
    steps.collect::<Vec<_>>().join(" | ")
}

fn hint(dialog: &Dialog, input: Input) -> String {
    dialog.fields().find(|field| field.input == input).unwrap().hint.clone()
}

/// The headings of the list, from the left.
fn headings(labels: &Labels) -> String {
    labels.columns.iter().map(|column| column.heading.as_str()).collect::<Vec<_>>().join(", ")
}

/// Which role templates cover a permission.
fn holders(profile: &Profile, permission: &str) -> String {
    let covering = profile.roles.iter().filter(|role| role.patterns.covers(permission));
    covering.map(|role| role.title.as_str()).collect::<Vec<_>>().join(", ")
}

/// Somebody can begin, and nobody has to be given everything.
#[test]
fn every_profile_has_a_role_of_everything_and_one_of_less() {
    for (file, text) in BUILT_IN {
        let profile = Profile::parse(file, text).unwrap();
        let everything = |role: &RoleTemplate| role.patterns == PatternSet::all();
        assert!(profile.roles.iter().any(everything), "{file}");
        assert!(!profile.roles.iter().all(everything), "{file}");
    }
}

/// The words of a dialog are whole: what opens it, what it is called, what does it and what leaves it.
#[test]
fn every_dialog_says_everything() {
    for (file, text) in BUILT_IN {
        for kind in &Profile::parse(file, text).unwrap().kinds {
            for (name, dialog) in kind.labels.dialogs() {
                let words = [&dialog.button, &dialog.title, &dialog.submit, &dialog.cancel];
                assert!(words.iter().all(|word| !word.is_empty()), "{} {name}", kind.id);
            }
            assert!(!kind.labels.issued.secret.is_empty() && !kind.labels.menu.is_empty(), "{}", kind.id);
        }
    }
}
