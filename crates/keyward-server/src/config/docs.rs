//! The example file and the reference page, rendered from the table of settings.

use std::fmt::Write as _;

use super::env::OTHERS;
use super::routes::Route;
use super::sections::{
    Database, Freshness, Keyring, Limits, Listener, Log, Metrics, Mounted, Passwords, Root, Server, Sessions,
};
use super::table::{Key, Section};
use super::value::Shape;

/// One section, as the reference shows it.
pub(super) struct SectionDoc {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) keys: &'static [Key],
    /// Whether it is `[[name]]`.
    pub(super) repeated: bool,
}

const fn once<S: Section>() -> SectionDoc {
    SectionDoc { name: S::NAME, help: S::HELP, keys: S::KEYS, repeated: false }
}

const fn repeated<S: Section>() -> SectionDoc {
    SectionDoc { name: S::NAME, help: S::HELP, keys: S::KEYS, repeated: true }
}

/// All sections, in the order in which they are shown.
pub(super) static SECTIONS: [SectionDoc; 13] = [
    once::<Root>(),
    once::<Database>(),
    once::<Keyring>(),
    once::<Server>(),
    repeated::<Listener>(),
    repeated::<Mounted>(),
    repeated::<Route>(),
    once::<Limits>(),
    once::<Freshness>(),
    once::<Sessions>(),
    once::<Passwords>(),
    once::<Log>(),
    once::<Metrics>(),
];

/// Every setting that is there once, with its section.
pub(super) fn single_keys() -> impl Iterator<Item = (&'static str, &'static Key)> {
    let sections = SECTIONS.iter().filter(|section| !section.repeated);
    sections.flat_map(|section| section.keys.iter().map(|key| (section.name, key)))
}

/// The environment variable of a setting.
pub(super) fn variable(section: &str, key: &str) -> String {
    let name = if section.is_empty() { key.to_owned() } else { format!("{section}_{key}") };
    format!("{}{}", super::env::PREFIX, name.replace('.', "_").to_ascii_uppercase())
}

/// `keyward.example.toml`: every setting with its default, commented out.
///
/// Settings begin with `#` and no space, prose with `# `: taking the bare `#` away yields a file that is read.
pub fn example() -> String {
    let mut page = String::from(
        "# Keyward: every setting, with its default.\n\
         # Generated from crates/keyward-server/src/config/sections.rs. Do not edit; copy it to keyward.toml.\n\
         #\n\
         # A relative path starts from the folder of the configuration file, if its comment says nothing else.\n\
         # Settings outside [[listener]], [[surface]] and [[route]] can also be given in the environment: KEYWARD_LOG_LEVEL=debug.\n",
    );
    for section in &SECTIONS {
        page.push('\n');
        comment(&mut page, section.help);
        match (section.name, section.repeated) {
            ("", _) => {}
            (name, false) => line(&mut page, format_args!("[{name}]")),
            (name, true) => line(&mut page, format_args!("#[[{name}]]")),
        }
        for key in section.keys {
            page.push('\n');
            comment(&mut page, key.help);
            line(&mut page, format_args!("#{} = {}", key.name, literal(section.name, key)));
        }
    }
    page
}

/// `docs/reference/config.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Generated from crates/keyward-server/src/config/sections.rs. Do not edit. -->\n\n\
         A node reads one TOML file (`--config`, `KEYWARD_CONFIG`, or `keyward.toml` in the working directory), then the \
         environment, then its flags; what is read later wins. Unknown settings are errors. `keyward config check` reports \
         all problems at once. A relative path in the file starts from the file's folder, if its description says \
         nothing else; on the command line and in the environment, from the working directory.\n",
    );
    for section in &SECTIONS {
        let title = match (section.name, section.repeated) {
            ("", _) => "Before the first section".to_owned(),
            (name, false) => format!("`[{name}]`"),
            (name, true) => format!("`[[{name}]]`"),
        };
        line(&mut page, format_args!("\n## {title}\n\n{}\n", section.help.trim()));
        let (variables, rule) = if section.repeated { ("", "") } else { (" variable |", "---|") };
        line(&mut page, format_args!("| setting | value | default |{variables} meaning |\n|---|---|---|{rule}---|"));
        for key in section.keys {
            let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
            let bounds = key.bounds.map(|(min, max)| format!("; from `{min}` to `{max}`")).unwrap_or_default();
            let variable =
                if section.repeated { String::new() } else { format!(" `{}` |", variable(section.name, key.name)) };
            line(
                &mut page,
                format_args!("| `{}` | {}{bounds} | {default} |{variable} {} |", key.name, key.form, key.help.trim()),
            );
        }
    }
    page.push_str("\n## Other variables\n\n| variable | meaning |\n|---|---|\n");
    for (name, meaning) in OTHERS {
        line(&mut page, format_args!("| `{name}` | {meaning} |"));
    }
    page
}

/// An optional setting has no default; the example shows a value that could stand there.
fn literal(section: &str, key: &Key) -> String {
    let text = match key.default {
        "" => sample(section, key.name),
        default => default,
    };
    match key.shape {
        Shape::Quoted => format!("\"{text}\""),
        Shape::Plain => text.to_owned(),
        Shape::List if text.is_empty() => "[]".to_owned(),
        Shape::List => format!("[\"{text}\"]"),
    }
}

fn sample(section: &str, key: &str) -> &'static str {
    match key {
        "name" if section == Listener::NAME => "main",
        "listener" => "main",
        "profiles" => "profiles",
        "password_file" => "database.password",
        "public_url" => "https://keys.example.com",
        "name" => "native",
        "address" => "127.0.0.1:8080",
        "tls.certificate" => "certificate.pem",
        "tls.key" => "key.pem",
        "host" => "keys.example.com",
        "prefix" => "/keyward",
        "path" => "/v1/apps/{app}/*",
        "methods" => "GET",
        "upstream" => "https://items.internal:8443",
        "upstream_ca" => "authorities.pem",
        "permission" => "items:read",
        "groups" => "security",
        "namespace" => "path:app",
        "serve_stale" => "30s",
        _ => "",
    }
}

const WIDTH: usize = 118;

fn comment(page: &mut String, text: &str) {
    let mut row = String::new();
    for word in text.split_whitespace() {
        if row.len() + word.len() > WIDTH {
            line(page, format_args!("#{row}"));
            row.clear();
        }
        row.push(' ');
        row.push_str(word);
    }
    line(page, format_args!("#{row}"));
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(page, "{text}");
}

/// Compares a generated file with the one that is kept, or writes it when `KEYWARD_UPDATE_DOCS=1`.
#[cfg(test)]
pub(crate) fn assert_fresh(path: &str, generated: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of a node")]
    let update = std::env::var("KEYWARD_UPDATE_DOCS").is_ok_and(|value| value == "1");
    if update {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == generated, "`{path}` is out of date: run the tests once with KEYWARD_UPDATE_DOCS=1");
}
