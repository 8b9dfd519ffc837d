//! The rules between the knobs of a kind, and between the kinds of a profile.

use super::Surface;
use super::carriers::{clash, show_carrier};
use super::kinds::ReadKind;
use super::reader::{Table, show_duration};
use super::sections::World;
use crate::administration::SECURITY;
use crate::format::{Alphabet, TextFormat};
use crate::kind::{
    Authority, Cap, Carrier, Expiry, Field, Format, KeyPair, Kind, LimitScope, NameScope, OnCreate, Parts, Requirement,
    Reveal, Rotate, Usage,
};
use crate::labels::{Dialog, Input};
use crate::namespace::NamespaceKind;

/// The rules of one kind, whose values were all understood.
pub(super) fn within_kind(kind: &Kind, table: &Table<'_>, world: &World) {
    carriers(kind, table);
    signing(kind, table);
    usage(kind, table);
    places(kind, table);
    counting(kind, table);
    times(kind, table);
    authority(kind, table);
    denials(kind, table, world);
    editing(kind, table);
    transfer(kind, table);
    dialogs(kind, table);
}

fn carriers(kind: &Kind, table: &Table<'_>) {
    if kind.present.is_empty() {
        table.blame("present", "it could never be presented: list at least one way");
    }
    for carrier in &kind.present {
        let (fits, remedy) = match kind.parts {
            Parts::Token => (
                matches!(carrier, Carrier::Bearer | Carrier::Header(_) | Carrier::TokenScheme(_)),
                "`bearer`, `header:NAME` or `token_scheme:NAME`",
            ),
            // Not the pair itself: the access tokens that are given for it.
            Parts::Pair | Parts::OauthClient if matches!(carrier, Carrier::TokenScheme(_)) => (
                kind.usage.token_lifetime().is_some(),
                "`use = \"both\"` or `\"exchange\"`, whose access tokens can travel so",
            ),
            Parts::Pair => (
                !matches!(carrier, Carrier::Bearer | Carrier::Header(_)),
                "`basic`, `headers:ID,SECRET`, `form:ID,SECRET`, `signed_form` or `signed_jwt`",
            ),
            Parts::OauthClient => {
                (matches!(carrier, Carrier::Basic | Carrier::Form(..)), "`basic` or `form:client_id,client_secret`")
            }
        };
        if !fits {
            let (carrier, parts) = (show_carrier(carrier), show_parts(kind.parts));
            table.blame("present", format!("`{carrier}` does not carry {parts}: write {remedy}"));
        }
    }
    let only_signed = kind.present.iter().all(|c| matches!(c, Carrier::SignedForm | Carrier::SignedJwt));
    if kind.https_only && only_signed && !kind.present.is_empty() {
        table.blame(
            "https_only",
            "no way in `present` sends the secret itself, so there is nothing to refuse: remove it",
        );
    }
}

/// A signature is checked with what signed it, so that has to be there.
fn signing(kind: &Kind, table: &Table<'_>) {
    let signed_form = kind.present.contains(&Carrier::SignedForm);
    if signed_form && kind.reveal == Reveal::Once {
        table.blame(
            "reveal",
            "a digest cannot check the signature of a `signed_form`: write `reveal = \"always\"`, or take `signed_form` \
             out of `present`",
        );
    }
    if signed_form && !matches!(&kind.secret_format, Format::Text(text) if text.alphabet() == Alphabet::Base64_24) {
        table.blame(
            "secret_format.alphabet",
            "clients decode the secret to sign a form: write `alphabet = \"base64_24\"`",
        );
    }
    let signed_jwt = kind.present.contains(&Carrier::SignedJwt);
    if signed_jwt && kind.key_pair == KeyPair::None {
        table.blame("key_pair", "a `signed_jwt` needs a key pair: write `key_pair = \"rsa2048_on_request\"`");
    }
    if !signed_jwt && kind.key_pair != KeyPair::None {
        table.blame(
            "key_pair",
            "nothing uses the key pair: add `signed_jwt` to `present`, or write `key_pair = \"none\"`",
        );
    }
}

fn usage(kind: &Kind, table: &Table<'_>) {
    match (kind.parts, kind.usage) {
        (Parts::OauthClient, Usage::Direct) => table
            .blame("use", "an `oauth_client` is exchanged for access tokens: write `exchange`, or `parts = \"pair\"`"),
        (Parts::Token, Usage::Exchange { .. } | Usage::Both { .. }) => {
            table.blame("use", "a `token` has no id to exchange: write `direct`, or `parts = \"oauth_client\"`");
        }
        (Parts::Pair, usage) if usage.token_lifetime().is_some() => {
            let exchanged = |carrier: &Carrier| matches!(carrier, Carrier::Basic | Carrier::Form(..));
            if !kind.present.iter().any(exchanged) {
                table.blame(
                    "present",
                    "tokens are given for `basic` or `form:ID,SECRET`: list one, or write `use = \"direct\"`",
                );
            }
        }
        _ => {}
    }
}

fn places(kind: &Kind, table: &Table<'_>) {
    if kind.lives_in.is_empty() {
        table.blame("lives_in", "it could be created nowhere: list at least one of `organization`, `application`, `workspace`, `user_group`");
    }
    let inside_application = kind.lives_in.iter().any(|place| *place != NamespaceKind::Organization);
    if kind.unique_name == Some(NameScope::Application) && !inside_application {
        table.blame("unique_name", "it never lives in an application: write `organization`, or extend `lives_in`");
    }
    if kind.limit.is_some_and(|limit| limit.per == LimitScope::Application) && !inside_application {
        table.blame("limit", "it never lives in an application: count per `organization`, or extend `lives_in`");
    }
}

fn counting(kind: &Kind, table: &Table<'_>) {
    match (kind.limit, kind.on_create) {
        (None, OnCreate::Supersede) => {
            table.blame("on_create", "`supersede` needs a limit: write `limit = \"1 per user\"` or another");
        }
        (None, OnCreate::Refuse) => {
            table.blame(
                "on_create",
                "`refuse` needs a limit: write `limit = \"1 per organization\"` or another, or `keep`",
            );
        }
        (Some(_), OnCreate::Keep) => {
            table.blame("on_create", "`keep` knows no limit: write `refuse` or `supersede`, or remove `limit`");
        }
        _ => {}
    }
    if kind.limit.is_some_and(|limit| limit.per == LimitScope::User) && !kind.is_live() {
        table.blame("limit", "only a kind bound to its owner can be counted per `user`: write `cap = \"live\"`, or count per `organization`");
    }
}

fn times(kind: &Kind, table: &Table<'_>) {
    if let Rotate::Secret { grace, max_grace, .. } = kind.rotate
        && grace > max_grace
    {
        let text = format!(
            "`{}` is longer than `max_grace`, which is `{}`: shorten one or lengthen the other",
            show_duration(grace),
            show_duration(max_grace)
        );
        table.blame("rotate.grace", text);
    }
    if let Expiry::Optional { default: Some(default), max: Some(max) }
    | Expiry::Required { default: Some(default), max: Some(max) } = kind.expiry
        && default > max
    {
        let (default, max) = (show_duration(default), show_duration(max));
        table.blame(
            "expiry.default",
            format!("`{default}` is longer than `max`, which is `{max}`: shorten one or lengthen the other"),
        );
    }
}

fn authority(kind: &Kind, table: &Table<'_>) {
    match kind.authority {
        Authority::Roles { min, max } if min > max => {
            table.blame(
                "authority.min",
                format!("`{min}` is more than `max`, which is `{max}`: lower one or raise the other"),
            );
        }
        Authority::Namespace | Authority::Owner if kind.cap != Cap::Live => {
            table.blame(
                "cap",
                "its rights are its owner's, so they are always bounded by them: write `live`, or remove it",
            );
        }
        Authority::Organization => organization_authority(kind, table),
        _ => {}
    }
}

/// The declared exception to the law of no amplification, hedged in on all sides.
fn organization_authority(kind: &Kind, table: &Table<'_>) {
    if !kind.deny.groups.iter().any(|group| group == SECURITY) {
        table.blame("deny", "a kind with `authority = \"organization\"` must deny `security`: add it");
    }
    if kind.cap == Cap::AtCreation {
        table.blame("cap", "no roles are chosen that could be compared with the creator's: write `none` or `live`");
    }
    if kind.create_requires == Requirement::Access {
        table.blame(
            "create_requires",
            "`access` is too little for a key to the whole organization: write a permission or `super_admin`",
        );
    }
    if kind.lives_in != [NamespaceKind::Organization] {
        table.blame("lives_in", "a key to the whole organization lives there: write `[\"organization\"]`");
    }
}

/// A denied group must be recognised in every request. Keyward's own surfaces, and the routes of its proxy, name what
/// they ask for; a vendor's wire format has only paths.
fn denials(kind: &Kind, table: &Table<'_>, world: &World) {
    for name in kind.deny.groups.iter().filter(|name| *name != SECURITY) {
        let Some(group) = world.api_group(name) else { continue };
        let dialect = &world.surface.dialect;
        if dialect != Surface::NATIVE && group.paths.is_empty() {
            let text = format!(
                "requests of the dialect `{dialect}` belong to a group by their path: list `paths` under `[api_groups.{name}]`"
            );
            table.blame("deny", text);
        }
    }
}

fn editing(kind: &Kind, table: &Table<'_>) {
    if kind.may_edit(Field::Roles) && !has_roles(kind) {
        table.blame("edit", "it has no roles that could change: remove `roles`");
    }
    if kind.may_edit(Field::Sources) && !kind.sources {
        table.blame("edit", "it has no networks that could change: remove `sources`, or write `sources = true`");
    }
}

fn transfer(kind: &Kind, table: &Table<'_>) {
    if !kind.transferable {
        return;
    }
    if !kind.lives_in.contains(&NamespaceKind::Application) {
        table.blame(
            "transferable",
            "only what lives in an application can be imported by another: add `application` to `lives_in`",
        );
    }
    if !has_roles(kind) {
        table.blame("transferable", "an import has grants of its own: write `authority = \"roles\"` or `\"group\"`");
    }
}

/// What a dialog asks for, the kind must have; what the kind needs, its dialog must ask for.
fn dialogs(kind: &Kind, table: &Table<'_>) {
    let labels = &kind.labels;
    for (name, dialog) in labels.dialogs() {
        if dialog.within_edit && matches!(name, "create" | "edit" | "import") {
            table.blame(&format!("labels.{name}.within_edit"), "this dialog is not opened from a row: remove it");
        }
        for field in dialog.fields() {
            if let Some(text) = misplaced(kind, name, field.input) {
                table.blame(&format!("labels.{name}.fields"), text);
            }
        }
    }
    let required = |dialog: &Dialog, key: &str, input: Input, why: &str| {
        if !dialog.asks_for(input) {
            let word = Input::WORDS.iter().find(|(_, known)| *known == input).map_or("", |(word, _)| word);
            table.blame(key, format!("nothing asks for {why}: add a field with `input = \"{word}\"`"));
        }
    };
    let create = "labels.create.fields";
    required(&labels.create, create, Input::Name, "the name");
    if has_roles(kind) && !matches!(kind.authority, Authority::Roles { min: 0, .. }) {
        required(&labels.create, create, Input::Roles, "its roles");
    }
    if kind.lives_in.len() > 1 {
        required(&labels.create, create, Input::Namespace, "the namespace");
    }
    if matches!(kind.expiry, Expiry::Required { default: None, .. }) {
        required(&labels.create, create, Input::ExpiresAt, "the expiry, which is required and has no default");
    }
    if kind.transferable {
        required(&labels.import, "labels.import.fields", Input::PublicId, "the public id");
        if has_roles(kind) {
            required(&labels.import, "labels.import.fields", Input::Roles, "its roles");
        }
    }
}

fn misplaced(kind: &Kind, dialog: &str, input: Input) -> Option<String> {
    let word = Input::WORDS.iter().find(|(_, known)| *known == input).map_or("", |(word, _)| word);
    let fits = match dialog {
        "create" => !matches!(input, Input::PublicId | Input::Secret | Input::Grace),
        "edit" => !matches!(input, Input::Kind | Input::Namespace | Input::ExpiresAt | Input::Grace),
        "rotate" => matches!(input, Input::Grace | Input::Fixed),
        "import" => matches!(input, Input::PublicId | Input::Roles | Input::Fixed),
        "reveal" => matches!(input, Input::PublicId | Input::Secret | Input::Fixed),
        _ => input == Input::Fixed,
    };
    if !fits {
        return Some(format!("`{word}` is nothing to ask for here: remove the field"));
    }
    let why = match input {
        Input::Roles if !has_roles(kind) => "the kind has no roles",
        Input::Sources if !kind.sources => "the kind has no list of networks",
        Input::ExpiresAt if kind.expiry == Expiry::Never => "the kind never expires",
        Input::Secret if kind.reveal == Reveal::Once => "the secret is shown once only",
        Input::Grace if !matches!(kind.rotate, Rotate::Secret { max_grace, .. } if !max_grace.is_zero()) => {
            "the kind has no grace"
        }
        Input::Name if dialog == "edit" && !kind.may_edit(Field::Name) => "the name cannot change",
        Input::Roles if dialog == "edit" && !kind.may_edit(Field::Roles) => "the roles cannot change",
        Input::Sources if dialog == "edit" && !kind.may_edit(Field::Sources) => "the networks cannot change",
        _ => return None,
    };
    Some(format!("{why}, so `{word}` cannot be asked for: remove the field"))
}

const fn has_roles(kind: &Kind) -> bool {
    matches!(kind.authority, Authority::Roles { .. } | Authority::Group)
}

/// Every request must say which kind it presents: by the prefix of a native token, by a public id, or by a token's text.
pub(super) fn between_kinds(kinds: &[ReadKind<'_>]) {
    for (i, this) in kinds.iter().enumerate() {
        for earlier in &kinds[..i] {
            let other = earlier.kind.id.kind();
            same_token(this, earlier);
            same_choice(this, earlier);
            for carrier in &this.kind.present {
                if let Some(clash) = earlier.kind.present.iter().find_map(|taken| clash(carrier, taken)) {
                    this.table.blame("present", format!("{clash} in the kind `{other}`: choose another name"));
                }
            }
        }
    }
}

fn same_token(this: &ReadKind<'_>, earlier: &ReadKind<'_>) {
    let other = earlier.kind.id.kind();
    match (&this.kind.secret_format, &earlier.kind.secret_format) {
        (Format::Native { prefix }, Format::Native { prefix: taken }) if prefix == taken => {
            this.table.blame("prefix", format!("`{prefix}` is also the prefix of the kind `{other}`: choose another"));
        }
        (Format::Text(text), Format::Text(taken))
            if this.kind.parts == Parts::Token
                && earlier.kind.parts == Parts::Token
                && this.kind.present.iter().any(|carrier| earlier.kind.present.contains(carrier))
                && looks_alike(text, taken) =>
        {
            let text = format!(
                "the token looks like that of the kind `{other}` and travels the same way: give it another prefix or length"
            );
            this.table.blame("secret_format", text);
        }
        _ => {}
    }
}

/// On a page that two kinds share, people choose between them by a word.
fn same_choice(this: &ReadKind<'_>, earlier: &ReadKind<'_>) {
    let (labels, taken) = (&this.kind.labels, &earlier.kind.labels);
    if labels.shares_page_with(taken) && labels.choice == taken.choice {
        let (choice, other) = (&labels.choice, earlier.kind.id.kind());
        let text = format!(
            "`{choice}` is also the choice of the kind `{other}` on the same page: write another, or another `title`"
        );
        this.table.blame("labels.choice", text);
    }
}

fn looks_alike(a: &TextFormat, b: &TextFormat) -> bool {
    a.text_length() == b.text_length() && (a.prefix().starts_with(b.prefix()) || b.prefix().starts_with(a.prefix()))
}

fn show_parts(parts: Parts) -> &'static str {
    match parts {
        Parts::Token => "a `token`",
        Parts::Pair => "a `pair`",
        Parts::OauthClient => "an `oauth_client`",
    }
}
