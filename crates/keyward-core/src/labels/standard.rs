//! The words that a profile need not write.

use super::{ActionStyle, Column, Dialog, DialogField, Input, Issued, Labels, Shown, Step};
use crate::kind::{Authority, Expiry, Field, KeyPair, Kind, Parts, Reveal, Rotate};

pub(super) fn labels(kind: &Kind, singular: &str, plural: &str) -> Labels {
    let title = capitalised(plural);
    Labels {
        singular: singular.to_owned(),
        plural: plural.to_owned(),
        choice: capitalised(&kind.id.kind().replace('_', " ")),
        menu: vec![title.clone()],
        title,
        pane: String::new(),
        notes: Vec::new(),
        cautions: Vec::new(),
        empty: format!("There are no {plural} yet."),
        help: Vec::new(),
        columns: columns(kind),
        actions: ActionStyle::default(),
        create: create(kind, singular),
        issued: issued(kind, singular),
        edit: edit(kind, singular),
        reveal: reveal(singular),
        rotate: rotate(kind, singular),
        revoke: Dialog {
            cautions: vec!["From now on every request that uses it is refused. This cannot be undone.".to_owned()],
            ..dialog("Revoke", "Revoke {name}?", &format!("Revoke {singular}"), "{name} was revoked.")
        },
        disable: Dialog {
            notes: vec!["Requests that use it are refused until it is enabled again.".to_owned()],
            ..dialog("Disable", "Disable {name}?", &format!("Disable {singular}"), "{name} was disabled.")
        },
        enable: Dialog {
            notes: vec!["Requests that use it are accepted again.".to_owned()],
            ..dialog("Enable", "Enable {name}?", &format!("Enable {singular}"), "{name} was enabled.")
        },
        import: import(kind, singular),
        unlink: Dialog {
            notes: vec!["It loses its rights here and stays as it is where it was created.".to_owned()],
            ..dialog("Remove", "Remove {name} from here?", "Remove", "{name} was removed from here.")
        },
    }
}

fn columns(kind: &Kind) -> Vec<Column> {
    let mut columns = vec![(Shown::Name, "Name"), (Shown::PublicId, "ID")];
    match kind.authority {
        Authority::Roles { .. } => columns.push((Shown::Roles, "Roles")),
        Authority::Group => columns.push((Shown::Roles, "Role")),
        Authority::Namespace | Authority::Owner | Authority::Organization => {}
    }
    if kind.lives_in.len() > 1 {
        columns.push((Shown::Namespace, "Namespace"));
    }
    if kind.is_live() {
        columns.push((Shown::Owner, "Owner"));
    }
    columns.push((Shown::CreatedAt, "Created"));
    if kind.expiry != Expiry::Never {
        columns.push((Shown::ExpiresAt, "Expires"));
    }
    columns.extend([(Shown::LastUsedAt, "Last used"), (Shown::State, "State"), (Shown::Actions, "Actions")]);
    columns.into_iter().map(|(shows, heading)| Column { shows, heading: heading.to_owned() }).collect()
}

fn create(kind: &Kind, singular: &str) -> Dialog {
    let mut fields = vec![field(Input::Name, "Name", "What it is for, so that others can tell.")];
    if kind.lives_in.len() > 1 {
        fields.push(field(Input::Namespace, "Namespace", "Where it may be used."));
    }
    fields.extend(roles(kind));
    match kind.expiry {
        Expiry::Never => {}
        Expiry::Optional { .. } => {
            fields.push(field(Input::ExpiresAt, "Expires", "From then on it is refused. Cannot be changed later."));
        }
        Expiry::Required { .. } => {
            fields.push(field(Input::ExpiresAt, "Expires", "Required. From then on it is refused."));
        }
    }
    fields.extend(sources(kind));
    let act = format!("Create {singular}");
    Dialog { steps: vec![Step { fields }], ..dialog(&act, &act, &act, "") }
}

fn issued(kind: &Kind, singular: &str) -> Issued {
    let (id, secret) = match kind.parts {
        Parts::Token => ("ID", capitalised(singular)),
        Parts::Pair => ("ID", "Secret".to_owned()),
        Parts::OauthClient => ("client_id", "client_secret".to_owned()),
    };
    let (notes, cautions) = match kind.reveal {
        Reveal::Once => (
            vec!["Copy it now and keep it in a safe place, such as a secret manager.".to_owned()],
            vec!["This is the only time that it is shown. Nobody can show it again.".to_owned()],
        ),
        Reveal::Always => {
            (vec!["Keep it in a safe place. It can be shown again after signing in afresh.".to_owned()], Vec::new())
        }
    };
    Issued {
        title: capitalised(singular),
        message: format!("The {singular} is ready."),
        id: id.to_owned(),
        secret,
        private_key: match kind.key_pair {
            KeyPair::None => String::new(),
            KeyPair::Rsa2048OnRequest => "Private key".to_owned(),
        },
        notes,
        cautions,
        copy: "Copy".to_owned(),
        copied: "Copied".to_owned(),
        download: None,
        downloaded: "Saved as a file.".to_owned(),
        close: "Close".to_owned(),
    }
}

fn edit(kind: &Kind, singular: &str) -> Dialog {
    let mut fields = Vec::new();
    if kind.may_edit(Field::Name) {
        fields.push(field(Input::Name, "Name", ""));
    }
    if kind.may_edit(Field::Roles) {
        fields.extend(roles(kind));
    }
    if kind.may_edit(Field::Sources) {
        fields.extend(sources(kind));
    }
    let steps = if fields.is_empty() { Vec::new() } else { vec![Step { fields }] };
    Dialog { steps, ..dialog("Edit", &format!("Edit {singular}"), "Save", "{name} was saved.") }
}

fn reveal(singular: &str) -> Dialog {
    Dialog {
        cautions: vec!["Whoever sees the secret can use it. Showing it is recorded.".to_owned()],
        ..dialog("Show secret", &format!("Show the secret of this {singular}"), "Show", "")
    }
}

fn rotate(kind: &Kind, singular: &str) -> Dialog {
    let graceful = matches!(kind.rotate, Rotate::Secret { max_grace, .. } if !max_grace.is_zero());
    let (steps, caution) = if graceful {
        let hint = "The present secret stays valid for so long. Without it, it stops at once.";
        let fields = vec![field(Input::Grace, "Grace", hint)];
        (vec![Step { fields }], "After the grace, every request with the present secret is refused.")
    } else {
        (Vec::new(), "The present secret stops at once: every request that still uses it is refused.")
    };
    Dialog {
        cautions: vec![caution.to_owned()],
        steps,
        ..dialog("Rotate", "Rotate {name}?", &format!("Rotate {singular}"), "")
    }
}

fn import(kind: &Kind, singular: &str) -> Dialog {
    let mut fields = vec![field(Input::PublicId, "ID", "The public ID, as it is shown where it was created.")];
    fields.extend(roles(kind));
    let act = format!("Add existing {singular}");
    Dialog { steps: vec![Step { fields }], ..dialog(&act, &act, "Add", "{name} was added.") }
}

fn roles(kind: &Kind) -> Option<DialogField> {
    match kind.authority {
        Authority::Roles { .. } => Some(field(Input::Roles, "Roles", "What it may do. Choose as little as it needs.")),
        Authority::Group => Some(field(Input::Roles, "Role", "What it may do. Choose as little as it needs.")),
        Authority::Namespace | Authority::Owner | Authority::Organization => None,
    }
}

fn sources(kind: &Kind) -> Option<DialogField> {
    let hint = "Networks such as `192.0.2.0/24`, one a line. Empty: from anywhere.";
    kind.sources.then(|| field(Input::Sources, "Allowed networks", hint))
}

fn dialog(button: &str, title: &str, submit: &str, done: &str) -> Dialog {
    Dialog {
        button: button.to_owned(),
        title: title.to_owned(),
        next: "Next".to_owned(),
        submit: submit.to_owned(),
        cancel: "Cancel".to_owned(),
        done: done.to_owned(),
        ..Dialog::default()
    }
}

fn field(input: Input, label: &str, hint: &str) -> DialogField {
    DialogField { input, label: label.to_owned(), hint: hint.to_owned(), value: String::new(), help: None }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
