//! The labels of a kind, as they are written.

use super::keys;
use super::reader::{Node, Table};
use crate::kind::Kind;
use crate::labels::{
    ActionStyle, Column, Dialog, DialogField, ID_PLACEHOLDER, Input, Issued, Labels, Link, NAME_PLACEHOLDER, Shown,
    Step,
};

/// What is written under `labels`, and the standard texts of `kind` for the rest.
pub(super) fn labels(table: &Table<'_>, kind: &Kind) -> Labels {
    let written = table.find("labels").and_then(|node| Table::open(&node, keys::LABELS));
    let Some(table) = written else { return Labels::standard(kind, SINGULAR, &plural(SINGULAR)) };
    let singular = table.words_or("singular", SINGULAR.to_owned());
    let plural = table.words_or("plural", plural(&singular));
    let standard = Labels::standard(kind, &singular, &plural);
    let title = table.words_or("title", standard.title);
    Labels {
        choice: table.words_or("choice", standard.choice),
        menu: table.find("menu").map_or_else(|| vec![title.clone()], |node| menu(&node)),
        title,
        pane: table.words_or("pane", standard.pane),
        notes: texts_or(&table, "notes", standard.notes),
        cautions: texts_or(&table, "cautions", standard.cautions),
        empty: table.words_or("empty", standard.empty),
        help: list(&table, "help").iter().filter_map(link).collect(),
        columns: table.find("columns").map_or(standard.columns, |node| columns(&node)),
        actions: table.word_or("actions", ActionStyle::WORDS, standard.actions),
        create: dialog(&table, "create", standard.create),
        issued: issued(&table, standard.issued),
        edit: dialog(&table, "edit", standard.edit),
        reveal: dialog(&table, "reveal", standard.reveal),
        rotate: dialog(&table, "rotate", standard.rotate),
        revoke: dialog(&table, "revoke", standard.revoke),
        disable: dialog(&table, "disable", standard.disable),
        enable: dialog(&table, "enable", standard.enable),
        import: dialog(&table, "import", standard.import),
        unlink: dialog(&table, "unlink", standard.unlink),
        singular,
        plural,
    }
}

fn menu(node: &Node<'_>) -> Vec<String> {
    let menu: Vec<String> = node.words().unwrap_or_default().split('>').map(|part| part.trim().to_owned()).collect();
    if menu.iter().any(String::is_empty) || menu.len() > MAX_MENU_DEPTH {
        node.fault("this is no way to a page: write names with ` > ` between them, such as `Organization > API Keys`");
    }
    menu
}

fn columns(node: &Node<'_>) -> Vec<Column> {
    let mut columns = Vec::new();
    for (name, entry) in node.entries().unwrap_or_default() {
        let Some((_, shows)) = Shown::WORDS.iter().find(|(word, _)| *word == name) else {
            let known: Vec<&str> = Shown::WORDS.iter().map(|(word, _)| *word).collect();
            entry.fault(format!("`{name}` is not known here: {}", super::reader::remedy(name, &known)));
            continue;
        };
        if let Some(heading) = entry.words() {
            columns.push(Column { shows: *shows, heading: heading.to_owned() });
        }
    }
    if !columns.iter().any(|column| column.shows == Shown::Name) {
        node.fault("no column shows the name, so rows could not be told apart: add `name`");
    }
    columns
}

fn dialog(labels: &Table<'_>, key: &str, standard: Dialog) -> Dialog {
    let Some(table) = labels.find(key).and_then(|node| Table::open(&node, keys::DIALOG)) else { return standard };
    let text = |key: &str, standard: String| {
        if let Some(node) = table.find(key) {
            check_placeholders(&node);
        }
        table.words_or(key, standard)
    };
    Dialog {
        button: text("button", standard.button),
        within_edit: table.flag_or("within_edit", standard.within_edit),
        title: text("title", standard.title),
        notes: texts_or(&table, "notes", standard.notes),
        cautions: texts_or(&table, "cautions", standard.cautions),
        steps: table.find("fields").map_or(standard.steps, |node| steps(&node)),
        next: text("next", standard.next),
        submit: text("submit", standard.submit),
        cancel: text("cancel", standard.cancel),
        // The one text that may be empty: then nothing is said.
        done: match table.find("done") {
            Some(node) if node.is_text() == Some("") => String::new(),
            _ => text("done", standard.done),
        },
    }
}

/// Fields say on which step they stand; steps without a field are left out.
fn steps(node: &Node<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut seen: Vec<Input> = Vec::new();
    for node in node.list().unwrap_or_default() {
        let Some((step, field)) = field(&node) else { continue };
        if field.input != Input::Fixed {
            if seen.contains(&field.input) {
                node.fault("this is asked for twice: remove one of the fields");
            }
            seen.push(field.input);
        }
        if steps.len() < step {
            steps.resize_with(step, Step::default);
        }
        steps[step - 1].fields.push(field);
    }
    steps.retain(|step| !step.fields.is_empty());
    steps
}

fn field(node: &Node<'_>) -> Option<(usize, DialogField)> {
    let table = Table::open(node, keys::DIALOG_FIELD)?;
    let input = table.need("input", "write what the field is about").and_then(|n| n.word(Input::WORDS));
    let label = table.need("label", "write what stands beside the field").and_then(|n| n.words());
    let step = table.find("step").map_or(Some(1), |n| n.number(1..=MAX_STEPS));
    let value = table.words_or("value", String::new());
    let hint = table.words_or("hint", String::new());
    let help = table.find("help").and_then(|node| link(&node));
    match input? {
        Input::Fixed if value.is_empty() => table.blame("value", "this is missing: write the text that is shown"),
        Input::Fixed => {}
        _ if table.has("value") => table.blame("value", "only a `fixed` field has a text of its own: remove it"),
        _ => {}
    }
    Some((usize::try_from(step?).ok()?, DialogField { input: input?, label: label?.to_owned(), hint, value, help }))
}

fn issued(labels: &Table<'_>, standard: Issued) -> Issued {
    let Some(table) = labels.find("issued").and_then(|node| Table::open(&node, keys::ISSUED)) else { return standard };
    if table.has("downloaded") && !table.has("download") {
        table.blame("downloaded", "nothing is saved as a file: add `download`, or remove it");
    }
    Issued {
        title: table.words_or("title", standard.title),
        message: table.words_or("message", standard.message),
        id: table.words_or("id", standard.id),
        secret: table.words_or("secret", standard.secret),
        private_key: table.words_or("private_key", standard.private_key),
        notes: texts_or(&table, "notes", standard.notes),
        cautions: texts_or(&table, "cautions", standard.cautions),
        copy: table.words_or("copy", standard.copy),
        copied: table.words_or("copied", standard.copied),
        download: table.find("download").and_then(|n| n.words()).map(str::to_owned).or(standard.download),
        downloaded: table.words_or("downloaded", standard.downloaded),
        close: table.words_or("close", standard.close),
    }
}

fn link(node: &Node<'_>) -> Option<Link> {
    let table = Table::open(node, keys::LINK)?;
    let text = table.need("text", "write what the link says").and_then(|n| n.words());
    let url = table.need("url", "write where the link leads").and_then(|node| {
        let url = node.words()?;
        // Nothing but these two: a `javascript:` link would run on the console's own page.
        let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains('\\');
        if url.contains(char::is_whitespace) || !(url.starts_with("https://") || is_path) {
            node.fault(format!(
                "`{url}` is no link: write `https://…`, or a path on this server that begins with one `/`"
            ));
            return None;
        }
        Some(url)
    });
    Some(Link { text: text?.to_owned(), url: url?.to_owned() })
}

fn texts_or(table: &Table<'_>, name: &str, standard: Vec<String>) -> Vec<String> {
    let Some(node) = table.find(name) else { return standard };
    let nodes = node.list().unwrap_or_default();
    nodes
        .iter()
        .filter_map(|node| {
            check_placeholders(node);
            node.words().map(str::to_owned)
        })
        .collect()
}

fn list<'t>(table: &Table<'t>, name: &str) -> Vec<Node<'t>> {
    table.find(name).and_then(|node| node.list()).unwrap_or_default()
}

fn check_placeholders(node: &Node<'_>) {
    let Some(text) = node.is_text() else { return };
    let rest = text.replace(NAME_PLACEHOLDER, "").replace(ID_PLACEHOLDER, "");
    if rest.contains(['{', '}']) {
        node.fault("a `{` or `}` has no meaning here: write `{name}` or `{id}`");
    }
}

fn plural(singular: &str) -> String {
    format!("{singular}s")
}

const SINGULAR: &str = "API key";
const MAX_MENU_DEPTH: usize = 5;
const MAX_STEPS: u32 = 5;
