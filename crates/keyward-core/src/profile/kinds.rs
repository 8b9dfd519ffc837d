//! The knobs of a kind, as they are written.

use std::time::Duration;

use super::carriers::carrier;
use super::closed_sets::{
    ALPHABETS, AUTHORITIES, AuthorityMode, CAPS, EXPIRIES, ExpiryMode, FIELDS, KEY_PAIRS, LIMIT_SCOPES, MANAGE_FROM,
    NAME_SCOPES, NAMESPACES, ON_CREATE, PARTS, REVEALS, ROTATIONS, RotateMode, USAGES, UsageMode,
};
use super::faults::Place;
use super::reader::{Node, Table, parse_duration};
use super::sections::{World, unknown_group};
use super::{keys, rules, words};
use crate::format::{Alphabet, InvalidFormat, TextFormat, TokenPrefix};
use crate::kind::{
    Authority, Cap, Carrier, Denials, Expiry, Field, Format, KeyPair, Kind, Limit, ManageFrom, OnCreate, Parts, Rate,
    Requirement, Reveal, Rotate, Usage,
};
use crate::labels::Labels;
use crate::namespace::NamespaceKind;
use crate::permission::{Pattern, PatternSet};

/// A kind, and the table that it was read from: rules between kinds report there.
pub(super) struct ReadKind<'t> {
    pub(super) kind: Kind,
    pub(super) table: Table<'t>,
}

impl ReadKind<'_> {
    /// Where it says what its credentials look like.
    pub(super) fn place(&self) -> Place {
        self.table.place_of("prefix")
    }
}

/// One kind. `None` when a value was not understood; then there is a fault.
pub(super) fn read<'t>(node: &Node<'t>, profile: &str, name: &str, world: &World) -> Option<ReadKind<'t>> {
    let before = node.source.count();
    let table = Table::open(node, keys::KIND)?;
    let parts = table.word_or("parts", PARTS, Parts::Token);
    let formats = formats(&table, parts);
    let usage = usage(&table, parts);
    let present = present(&table, parts);
    let limit = table.find("limit").and_then(|n| limit(&n));
    let authority = authority(&table);
    let sources = table.flag_or("sources", true);
    let deny = deny(&table, world);
    // Where the formats were not understood, any will do to read the rest: the kind is not used.
    let (id_format, secret_format) = formats.or_else(stand_in)?;
    let mut kind = Kind {
        id: format!("{profile}/{name}").parse().ok()?,
        parts,
        key_pair: table.word_or("key_pair", KEY_PAIRS, KeyPair::None),
        id_format,
        secret_format,
        present,
        usage,
        lives_in: lives_in(&table),
        limit,
        on_create: table.word_or(
            "on_create",
            ON_CREATE,
            if limit.is_some() { OnCreate::Refuse } else { OnCreate::Keep },
        ),
        unique_name: table.word_or("unique_name", NAME_SCOPES, None),
        reveal: table.word_or("reveal", REVEALS, Reveal::Once),
        expiry: expiry(&table),
        rotate: rotate(&table),
        edit: edit(&table, authority, sources),
        authority,
        cap: table.word_or("cap", CAPS, standard_cap(authority)),
        deny,
        create_requires: requirement(&table, "create_requires", "credentials:create", world),
        manage_requires: requirement(&table, "manage_requires", "credentials:edit", world),
        manage_from: table.word_or("manage_from", MANAGE_FROM, ManageFrom::Any),
        transferable: table.flag_or("transferable", false),
        rate: table.find("rate").and_then(|n| rate(&n)),
        sources,
        log_use: table.flag_or("log_use", false),
        https_only: table.flag_or("https_only", false),
        revoked_shown: table.flag_or("revoked_shown", false),
        labels: Labels::default(),
    };
    kind.labels = words::labels(&table, &kind);
    if node.source.count() == before {
        rules::within_kind(&kind, &table, world);
    }
    (node.source.count() == before).then_some(ReadKind { kind, table })
}

fn stand_in() -> Option<(Format, Format)> {
    let prefix: TokenPrefix = "standin".parse().ok()?;
    Some((Format::Native { prefix: prefix.clone() }, Format::Native { prefix }))
}

fn formats(table: &Table<'_>, parts: Parts) -> Option<(Format, Format)> {
    if let Some(node) = table.find("prefix") {
        for other in ["id_format", "secret_format"] {
            if table.has(other) {
                table.blame(other, "`prefix` already says what it looks like: remove one of them");
            }
        }
        let prefix: TokenPrefix = node.parsed()?;
        if TokenPrefix::RESERVED.contains(&prefix.as_str()) {
            node.fault(format!("`{prefix}` begins tokens of Keyward's own: choose another"));
        }
        return Some((Format::Native { prefix: prefix.clone() }, Format::Native { prefix }));
    }
    let id = match (table.find("id_format"), parts) {
        (Some(node), _) => text_format(&node, MIN_ID_BITS),
        (None, Parts::Token) => TextFormat::new("", Alphabet::Base62, 16).ok(),
        (None, _) => {
            if table.has("secret_format") {
                table.blame("id_format", "this is missing: write what the public id looks like");
            }
            None
        }
    };
    let secret = table.find("secret_format").and_then(|node| text_format(&node, MIN_SECRET_BITS));
    if !table.has("secret_format") {
        let remedy = "write a short one, such as `prefix = \"acme\"`, or `id_format` and `secret_format`";
        table.blame("prefix", format!("this is missing: {remedy}"));
    }
    Some((Format::Text(id?), Format::Text(secret?)))
}

fn text_format(node: &Node<'_>, bits: u32) -> Option<TextFormat> {
    let table = Table::open(node, keys::FORMAT)?;
    let before = node.source.count();
    let prefix = table.find("prefix").and_then(|n| n.text()).unwrap_or_default();
    let alphabet = table.word_or("alphabet", ALPHABETS, Alphabet::Base62);
    let length = match table.find("length") {
        Some(node) => node.number(1..=u32::from(TextFormat::MAX_LENGTH)),
        None if alphabet == Alphabet::Base64_24 => Some(32),
        None => table.need("length", "write how many random characters there are").and(None),
    };
    let checksum = table.flag_or("checksum", false);
    let length = u16::try_from(length?).ok()?;
    if node.source.count() > before {
        return None;
    }
    let format = TextFormat::new(prefix, alphabet, length);
    let format = if checksum { format.and_then(TextFormat::with_checksum) } else { format };
    let format = format.map_err(|error| {
        let key = match error {
            InvalidFormat::Prefix => "prefix",
            InvalidFormat::Length => "length",
            InvalidFormat::Base64Shape => "alphabet",
        };
        table.blame(key, error.to_string());
    });
    let format = format.ok()?;
    if format.bits() < bits {
        let least = u32::from(length) * bits / format.bits().max(1) + 1;
        let text = format!("{} bits of chance are too few, {bits} are needed: write at least `{least}`", format.bits());
        table.blame("length", text);
        return None;
    }
    Some(format)
}

fn present(table: &Table<'_>, parts: Parts) -> Vec<Carrier> {
    let Some(node) = table.find("present") else {
        let form = || Carrier::Form("client_id".to_owned(), "client_secret".to_owned());
        return match parts {
            Parts::Token => vec![Carrier::Bearer],
            Parts::Pair => vec![Carrier::Basic],
            Parts::OauthClient => vec![Carrier::Basic, form()],
        };
    };
    let mut carriers = Vec::new();
    for node in node.list().unwrap_or_default() {
        match carrier(&node) {
            Some(carrier) if carriers.contains(&carrier) => node.fault("this stands here twice: remove one"),
            Some(carrier) => carriers.push(carrier),
            None => {}
        }
    }
    carriers
}

fn usage(table: &Table<'_>, parts: Parts) -> Usage {
    let standard = if parts == Parts::OauthClient { UsageMode::Exchange } else { UsageMode::Direct };
    let (mode, inner) = mode_of(table, "use", USAGES, standard, UsageMode::Exchange, keys::USE);
    let written = inner.as_ref().and_then(|t| t.find("lifetime"));
    let lifetime = written.as_ref().and_then(|n| n.duration(SECOND..=MAX_LIFETIME)).unwrap_or(HOUR);
    match mode {
        UsageMode::Direct => {
            if let Some(node) = written {
                node.fault("used directly there are no access tokens: remove it, or write `mode = \"exchange\"`");
            }
            Usage::Direct
        }
        UsageMode::Exchange => Usage::Exchange { lifetime },
        UsageMode::Both => Usage::Both { lifetime },
    }
}

fn lives_in(table: &Table<'_>) -> Vec<NamespaceKind> {
    table
        .find("lives_in")
        .map_or_else(|| vec![NamespaceKind::Organization], |n| n.words_of(NAMESPACES).unwrap_or_default())
}

fn limit(node: &Node<'_>) -> Option<Limit> {
    let text = node.text()?;
    let limit = text.split_once(" per ").and_then(|(count, per)| {
        let per = LIMIT_SCOPES.iter().find(|(word, _)| *word == per.trim())?.1;
        Some(Limit { count: whole_number(count)?, per })
    });
    match limit {
        None => node.fault(format!(
            "`{text}` is not a limit: write a number, `per` and one of `organization`, `application`, `user`, such as \
             `15 per organization`"
        )),
        Some(Limit { count, .. }) if !(1..=MAX_LIMIT).contains(&count) => {
            node.fault(format!("`{count}` is out of range: write a number from 1 to {MAX_LIMIT}"));
        }
        Some(_) => {}
    }
    limit
}

fn rate(node: &Node<'_>) -> Option<Rate> {
    let text = node.text()?;
    let rate = text
        .split_once(" per ")
        .and_then(|(count, window)| Some(Rate { count: whole_number(count)?, window: parse_duration(window.trim())? }));
    match rate {
        None => {
            node.fault(format!("`{text}` is not a rate: write a number, `per` and a duration, such as `100 per 1m`"));
        }
        Some(Rate { count: 0, .. }) => node.fault("no use at all would be allowed: write a number from 1"),
        Some(Rate { window, .. }) if !(SECOND..=DAY).contains(&window) => {
            node.fault("the window is out of range: write one from `1s` to `1d`");
        }
        Some(_) => {}
    }
    rate
}

fn expiry(table: &Table<'_>) -> Expiry {
    let (mode, inner) = mode_of(table, "expiry", EXPIRIES, ExpiryMode::Optional, ExpiryMode::Optional, keys::EXPIRY);
    let duration = |key: &str| {
        let node = inner.as_ref().and_then(|t| t.find(key))?;
        if mode == ExpiryMode::Never {
            node.fault("it never ends: remove it, or write `mode = \"optional\"`");
        }
        node.duration(SECOND..=MAX_DURATION)
    };
    let (default, max) = (duration("default"), duration("max"));
    match mode {
        ExpiryMode::Never => Expiry::Never,
        ExpiryMode::Optional => Expiry::Optional { default, max },
        ExpiryMode::Required => Expiry::Required { default, max },
    }
}

fn rotate(table: &Table<'_>) -> Rotate {
    let (mode, inner) = mode_of(table, "rotate", ROTATIONS, RotateMode::Secret, RotateMode::Secret, keys::ROTATE);
    let duration = |key: &str| inner.as_ref()?.find(key)?.duration(Duration::ZERO..=MAX_DURATION);
    let (confirm, grace, max_grace) =
        (inner.as_ref().is_none_or(|t| t.flag_or("confirm", true)), duration("grace"), duration("max_grace"));
    match mode {
        RotateMode::Never => {
            for key in ["confirm", "grace", "max_grace"] {
                if inner.as_ref().is_some_and(|t| t.has(key)) {
                    table.blame(
                        &format!("rotate.{key}"),
                        "it is never replaced: remove it, or write `mode = \"secret\"`",
                    );
                }
            }
            Rotate::Never
        }
        RotateMode::Secret => {
            Rotate::Secret { confirm, grace: grace.unwrap_or(Duration::ZERO), max_grace: max_grace.unwrap_or(DAY * 7) }
        }
    }
}

fn edit(table: &Table<'_>, authority: Authority, sources: bool) -> Vec<Field> {
    let Some(node) = table.find("edit") else {
        let roles = matches!(authority, Authority::Roles { .. } | Authority::Group).then_some(Field::Roles);
        return [Some(Field::Name), roles, sources.then_some(Field::Sources)].into_iter().flatten().collect();
    };
    node.words_of(FIELDS).unwrap_or_default()
}

fn authority(table: &Table<'_>) -> Authority {
    let (mode, inner) =
        mode_of(table, "authority", AUTHORITIES, AuthorityMode::Roles, AuthorityMode::Roles, keys::AUTHORITY);
    let number = |key: &str, least: u32| inner.as_ref()?.find(key)?.number(least..=MAX_ROLES);
    let (min, max) = (number("min", 0), number("max", 1));
    if mode != AuthorityMode::Roles {
        for key in ["min", "max"] {
            if inner.as_ref().is_some_and(|t| t.has(key)) {
                table.blame(&format!("authority.{key}"), "only `roles` has it: remove it, or write `mode = \"roles\"`");
            }
        }
    }
    match mode {
        AuthorityMode::Roles => {
            let max = max.unwrap_or(20);
            Authority::Roles { min: min.unwrap_or(1), max }
        }
        AuthorityMode::Group => Authority::Group,
        AuthorityMode::Namespace => Authority::Namespace,
        AuthorityMode::Owner => Authority::Owner,
        AuthorityMode::Organization => Authority::Organization,
    }
}

const fn standard_cap(authority: Authority) -> Cap {
    match authority {
        Authority::Roles { .. } | Authority::Group => Cap::AtCreation,
        Authority::Namespace | Authority::Owner => Cap::Live,
        Authority::Organization => Cap::None,
    }
}

fn deny(table: &Table<'_>, world: &World) -> Denials {
    let mut denials = Denials::default();
    let standard = || Denials { groups: vec![crate::administration::SECURITY.to_owned()], ..Denials::default() };
    match table.find("deny") {
        None => denials = standard(),
        Some(node) => {
            let mut patterns: Vec<Pattern> = Vec::new();
            for node in node.list().unwrap_or_default() {
                match node.text() {
                    Some(text) if text.contains(':') || text == "*" => patterns.extend(world.known.pattern(&node)),
                    Some(text) if world.api_group(text).is_none() => node.fault(unknown_group(text, world)),
                    Some(text) => denials.groups.push(text.to_owned()),
                    None => {}
                }
            }
            denials.patterns = patterns.into_iter().collect();
        }
    }
    denials.groups.sort();
    denials.groups.dedup();
    // A request that names only a permission of a denied group is refused too.
    let of_groups = denials.groups.iter().filter_map(|name| world.api_group(name)).map(|group| &group.patterns);
    denials.patterns = of_groups.fold(denials.patterns.clone(), |all: PatternSet, group| all.join(group));
    denials
}

fn requirement(table: &Table<'_>, key: &str, standard: &str, world: &World) -> Requirement {
    let of_permission = |node: &Node<'_>| world.known.permission(node).map(Requirement::Permission);
    let written = table.find(key).and_then(|node| match node.text()? {
        "super_admin" => Some(Requirement::SuperAdmin),
        "access" => Some(Requirement::Access),
        text if text.contains(':') => of_permission(&node),
        text => {
            node.fault(format!("`{text}` is no requirement: write a permission, `super_admin` or `access`"));
            None
        }
    });
    // The standards are Keyward's own permissions; nobody is let in should one be misspelt.
    written.unwrap_or_else(|| standard.parse().map_or(Requirement::SuperAdmin, Requirement::Permission))
}

/// A knob that is a word, or a table with the word as its `mode` and what belongs to it. `plain` holds when nothing is
/// written, `tabled` when a table leaves the mode out.
fn mode_of<'t, T: Copy>(
    table: &Table<'t>,
    name: &str,
    words: &[(&str, T)],
    plain: T,
    tabled: T,
    keys: &'static [keys::Key],
) -> (T, Option<Table<'t>>) {
    match table.find(name) {
        None => (plain, None),
        Some(node) if node.is_table() => {
            let inner = Table::open(&node, keys);
            (inner.as_ref().map_or(tabled, |t| t.word_or("mode", words, tabled)), inner)
        }
        Some(node) => (node.word(words).unwrap_or(plain), None),
    }
}

fn whole_number(text: &str) -> Option<u32> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// A century: further ahead, "never" is meant.
const MAX_DURATION: Duration = Duration::from_hours(36_500 * 24);
/// An access token is only a credential's short stand-in.
const MAX_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Free places are searched one by one.
const MAX_LIMIT: u32 = 10_000;
/// As many roles as an organization can have.
const MAX_ROLES: u32 = 500;
/// Public ids meet by chance only among billions.
const MIN_ID_BITS: u32 = 64;
/// What nobody guesses.
const MIN_SECRET_BITS: u32 = 128;
