//! Every key that a profile may have: what the parser knows and the reference page says.

use std::fmt::Write as _;

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    values: &'static str,
    /// What holds when it is not written; empty when it must be.
    standard: &'static str,
    meaning: &'static str,
}

const fn key(name: &'static str, values: &'static str, standard: &'static str, meaning: &'static str) -> Key {
    Key { name, values, standard, meaning }
}

pub(super) const PROFILE: &[Key] = &[
    key("name", "`[a-z][a-z0-9_]*`, at most 32", "", "Names the profile; its kinds are `name/kind`."),
    key(
        "version",
        "a whole number from 1",
        "",
        "Goes up with every change of a file that is in use; `keyward profiles apply` records the new one.",
    ),
    key("title", "text", "", "What people call the system."),
    key(
        "permissions",
        "list of `resource:action`",
        "`[]`",
        "The permissions of the API that the keys open. Keyward's own (`credentials:create`, …) are always there.",
    ),
    key("surface", "table", "", "How requests arrive, see *Surface*. Without it: Keyward's own surfaces."),
    key("roles", "tables `[roles.NAME]`", "none", "Role templates, see *Roles*."),
    key(
        "api_groups",
        "tables `[api_groups.NAME]`",
        "`security`",
        "Named sets of permissions and paths that kinds can deny, see *API groups*.",
    ),
    key("kinds", "tables `[kinds.NAME]`", "", "The kinds of credentials, see *Kinds*; at least one."),
];

pub(super) const SURFACE: &[Key] = &[
    key("dialect", "`[a-z][a-z0-9_]*`", "`\"native\"`", "The wire format that requests and answers have."),
    key(
        "settings",
        "table of texts, whole numbers, `true`/`false` and lists of texts",
        "none",
        "What the dialect lets choose; each dialect checks its own.",
    ),
];

pub(super) const ROLE: &[Key] = &[
    key("title", "text", "", "The name that people see."),
    key("allow", "list of `resource:action`, `resource:*`, `*`", "", "What the role lets its holders do."),
];

pub(super) const API_GROUP: &[Key] = &[
    key("permissions", "list of `resource:action`, `resource:*`", "`[]`", "The permissions that belong to the group."),
    key(
        "paths",
        "list of paths",
        "`[]`",
        "The paths that belong to it. `*` as a whole segment stands for any one segment, at the end of the last one for everything that follows. Compared without regard to case.",
    ),
    key(
        "changes_only",
        "`true` · `false`",
        "`false`",
        "Whether requests for these paths belong to it only when they may change something: `GET`, `HEAD` and `OPTIONS` do not.",
    ),
];

pub(super) const KIND: &[Key] = &[
    key(
        "parts",
        "`token` · `pair` · `oauth_client`",
        "`\"token\"`",
        "What a client holds: one string, an id and a secret, or `client_id` and `client_secret`.",
    ),
    key(
        "key_pair",
        "`none` · `rsa2048_on_request`",
        "`\"none\"`",
        "Whether an RSA key pair can be made with it. The private key is shown once and never stored.",
    ),
    key(
        "prefix",
        "`[a-z][a-z0-9]{1,11}`",
        "",
        "Keyward's own format, `<prefix>_<id>_<secret><checksum>`, with this prefix. Unique over all profiles. Takes the place of `id_format` and `secret_format`.",
    ),
    key(
        "id_format",
        "table, see *Formats*",
        "16 characters of `base62` for a `token`",
        "What the public id looks like.",
    ),
    key("secret_format", "table, see *Formats*", "", "What the secret looks like; for a `token`, the whole string."),
    key(
        "present",
        "list of `bearer` · `basic` · `header:NAME` · `headers:ID,SECRET` · `form:ID,SECRET` · `signed_form` · `signed_jwt` · `token_scheme:NAME`",
        "`bearer` for a `token`, `basic` for a `pair`, `basic` and `form:client_id,client_secret` for an `oauth_client`",
        "How it may travel; sent otherwise, it is refused. Names of headers in any case. For an id with a secret, `token_scheme` is how its access tokens may travel besides `bearer`.",
    ),
    key(
        "use",
        "`direct` · `exchange` · `both`, or table, see *Use*",
        "`\"direct\"`; `\"exchange\"` for an `oauth_client`",
        "Whether it opens the API itself, is only exchanged for access tokens, or both.",
    ),
    key(
        "lives_in",
        "list of `organization` · `application` · `workspace` · `user_group`",
        "`[\"organization\"]`",
        "The kinds of namespace in which it may be created.",
    ),
    key(
        "limit",
        "`N per SCOPE` with `organization` · `application` · `user`",
        "none",
        "At most so many that are not revoked.",
    ),
    key(
        "on_create",
        "`keep` · `refuse` · `supersede`",
        "`\"keep\"`; `\"refuse\"` with a limit",
        "Over the limit, refuse the new one or revoke the earlier ones. `keep` is for kinds without a limit.",
    ),
    key(
        "unique_name",
        "`none` · `organization` · `application`",
        "`\"none\"`",
        "Within what names must differ, after normalisation and case folding.",
    ),
    key(
        "reveal",
        "`once` · `always`",
        "`\"once\"`",
        "Whether only a keyed digest is kept, or also the sealed secret, for people with a fresh sign-in.",
    ),
    key(
        "expiry",
        "`never` · `optional` · `required`, or table, see *Expiry*",
        "`\"optional\"`",
        "Whether it ends by itself. Never changes on a credential.",
    ),
    key(
        "rotate",
        "`never` · `secret`, or table, see *Rotation*",
        "`\"secret\"`",
        "Whether the secret can be replaced; the public id stays.",
    ),
    key("edit", "list of `name` · `roles` · `sources`", "all that the kind has", "What may change after creation."),
    key(
        "authority",
        "`roles` · `group` · `namespace` · `owner` · `organization`, or table, see *Authority*",
        "`\"roles\"`",
        "Where its rights come from: roles at namespaces, exactly one role, the owner's rights in the one namespace where it lives, the owner's rights anywhere, or everything in the organization.",
    ),
    key(
        "cap",
        "`none` · `at_creation` · `live`",
        "`\"at_creation\"`; `\"live\"` for `namespace` and `owner`; `\"none\"` for `organization`",
        "What bounds its rights: only the law of no amplification, the creator's rights when roles are chosen, or the owner's rights at every decision.",
    ),
    key(
        "deny",
        "list of API groups, `resource:action`, `resource:*`",
        "`[\"security\"]`",
        "What it can never do, whatever it was given. `[]` lets it manage credentials, roles, users and settings.",
    ),
    key(
        "create_requires",
        "a permission · `super_admin` · `access`",
        "`\"credentials:create\"`",
        "What it takes to create one. `access` is any right at all at the namespace.",
    ),
    key(
        "manage_requires",
        "a permission · `super_admin` · `access`",
        "`\"credentials:edit\"`",
        "What it takes to change one. A permission on `credentials` stands for that of the operation itself.",
    ),
    key(
        "manage_from",
        "`session` · `any`",
        "`\"any\"`",
        "Whether only signed-in people manage it, or also credentials that may.",
    ),
    key(
        "transferable",
        "`true` · `false`",
        "`false`",
        "Whether another application of the organization may import it by its public id, with grants of its own.",
    ),
    key("rate", "`N per DURATION`, such as `100 per 1m`", "none", "At most so many uses per credential and node."),
    key("sources", "`true` · `false`", "`true`", "Whether networks may be listed from which alone it may be used."),
    key(
        "log_use",
        "`true` · `false`",
        "`false`",
        "Each use that passed the check of the secret is recorded before it is answered: no record, no answer.",
    ),
    key(
        "https_only",
        "`true` · `false`",
        "`false`",
        "A secret sent over plain http is refused before look-up, valid or not.",
    ),
    key("revoked_shown", "`true` · `false`", "`false`", "Whether lists show expired and revoked ones."),
    key("labels", "table, see *Labels*", "standard texts", "The words of its pages."),
];

pub(super) const FORMAT: &[Key] = &[
    key("prefix", "at most 12 of `A-Za-z0-9_-`", "`\"\"`", "What every text begins with."),
    key(
        "alphabet",
        "`base62` · `base62_dash` · `upper` · `hex` · `base32` · `base64_24`",
        "`\"base62\"`",
        "The characters of the random part. `base64_24` is 24 random bytes in base64 without `+` and `/`.",
    ),
    key(
        "length",
        "a whole number from 1 to 256",
        "",
        "How many random characters, without prefix and checksum. May be left out for `base64_24` (32).",
    ),
    key(
        "checksum",
        "`true` · `false`",
        "`false`",
        "Six characters of CRC-32 at the end: junk is refused without a look-up.",
    ),
];

pub(super) const USE: &[Key] = &[
    key("mode", "`direct` · `exchange` · `both`", "`\"exchange\"`", "The word that would stand in place of the table."),
    key("lifetime", "duration", "`\"1h\"`", "How long an access token lives."),
];

pub(super) const EXPIRY: &[Key] = &[
    key(
        "mode",
        "`never` · `optional` · `required`",
        "`\"optional\"`",
        "The word that would stand in place of the table.",
    ),
    key("default", "duration", "none", "The life of one whose creator says nothing."),
    key("max", "duration", "none", "The longest life that may be asked for."),
];

pub(super) const ROTATE: &[Key] = &[
    key("mode", "`never` · `secret`", "`\"secret\"`", "The word that would stand in place of the table."),
    key("confirm", "`true` · `false`", "`true`", "Whether people are asked to confirm."),
    key("grace", "duration", "`\"0s\"`", "How long the earlier secret stays valid when nothing is said."),
    key("max_grace", "duration", "`\"7d\"`", "The longest grace that may be asked for."),
];

pub(super) const AUTHORITY: &[Key] = &[
    key(
        "mode",
        "`roles` · `group` · `namespace` · `owner` · `organization`",
        "`\"roles\"`",
        "The word that would stand in place of the table.",
    ),
    key("min", "a whole number from 0", "`1`", "The fewest roles (`roles` only)."),
    key("max", "a whole number from 1 to 500", "`20`", "The most roles (`roles` only)."),
];

pub(super) const LABELS: &[Key] = &[
    key("singular", "text", "`\"API key\"`", "What one is called, as within a sentence."),
    key("plural", "text", "the singular and `s`", "What several are called."),
    key("choice", "text", "the singular", "What the kind is called where several share a page and one is chosen."),
    key("menu", "`MENU > PAGE`", "the plural", "The way to the page. Kinds with the same way and title share it."),
    key("title", "text", "the plural", "The heading of the page."),
    key("pane", "text", "none", "The heading of the list within the page, where the page's own does not say it."),
    key("notes", "list of texts", "`[]`", "What the page says."),
    key("cautions", "list of texts", "`[]`", "What the page warns of."),
    key("empty", "text", "standard text", "What stands in place of an empty list."),
    key("help", "list of tables, see *Links*", "`[]`", "Where to read more."),
    key(
        "columns",
        "table of headings: `name` · `public_id` · `kind` · `roles` · `namespace` · `owner` · `created_by` · `created_at` · `expires_at` · `last_used_at` · `state` · `sources` · `actions`",
        "what the kind has",
        "The columns of the list, in this order.",
    ),
    key(
        "actions",
        "`buttons` · `icons` · `menu` · `hover`",
        "`\"buttons\"`",
        "How a row offers what can be done: words, pencil and trash can, three dots, or buttons under the pointer.",
    ),
    key("create", "table, see *Dialogs*", "standard texts", "Making one."),
    key("issued", "table, see *New secrets*", "standard texts", "What is shown of a new secret."),
    key("edit", "table, see *Dialogs*", "standard texts", "Changing what may change."),
    key("reveal", "table, see *Dialogs*", "standard texts", "Showing the secret again."),
    key("rotate", "table, see *Dialogs*", "standard texts", "Replacing the secret."),
    key("revoke", "table, see *Dialogs*", "standard texts", "Ending it for ever."),
    key("disable", "table, see *Dialogs*", "standard texts", "Stopping it for a while."),
    key("enable", "table, see *Dialogs*", "standard texts", "Letting it be used again."),
    key("import", "table, see *Dialogs*", "standard texts", "Using another application's."),
    key("unlink", "table, see *Dialogs*", "standard texts", "Giving an imported one up again."),
];

pub(super) const DIALOG: &[Key] = &[
    key("button", "text", "standard text", "What opens it."),
    key(
        "within_edit",
        "`true` · `false`",
        "`false`",
        "Whether the button stands in the dialog `edit`, not on the row; not for `create`, `edit` and `import`.",
    ),
    key("title", "text", "standard text", "Its heading."),
    key("notes", "list of texts", "standard texts", "What it says, or asks."),
    key("cautions", "list of texts", "standard texts", "What it warns of."),
    key("fields", "list of tables, see *Fields*", "what the kind has", "What it asks for, from the top."),
    key("next", "text", "`\"Next\"`", "Leads to the next step, where fields have several."),
    key("submit", "text", "standard text", "Does it."),
    key("cancel", "text", "`\"Cancel\"`", "Leaves everything as it is."),
    key("done", "text", "standard text", "What is said when it was done."),
];

pub(super) const DIALOG_FIELD: &[Key] = &[
    key(
        "input",
        "`name` · `kind` · `fixed` · `roles` · `namespace` · `expires_at` · `sources` · `grace` · `public_id` · `secret`",
        "",
        "What it is about; `fixed` is a text that cannot be changed.",
    ),
    key("label", "text", "", "What stands beside it."),
    key("hint", "text", "`\"\"`", "What is said about it."),
    key("value", "text", "", "The text of a `fixed` one."),
    key("help", "table, see *Links*", "none", "Where to read more."),
    key("step", "a whole number from 1 to 5", "`1`", "On which step of the dialog it stands."),
];

pub(super) const ISSUED: &[Key] = &[
    key("title", "text", "standard text", "Its heading."),
    key("message", "text", "standard text", "That it worked."),
    key("id", "text", "standard text", "What stands beside the public id."),
    key("secret", "text", "standard text", "What stands beside the secret, or the token."),
    key("private_key", "text", "standard text", "What stands beside the private key."),
    key("notes", "list of texts", "standard texts", "What it advises."),
    key("cautions", "list of texts", "standard texts", "What it warns of."),
    key("copy", "text", "`\"Copy\"`", "Copies one value."),
    key("copied", "text", "`\"Copied\"`", "What is said when it was copied."),
    key("download", "text", "none", "Saves all of it as a file; without it, there is no such button."),
    key("downloaded", "text", "`\"Saved as a file.\"`", "What is said when it was saved; goes with `download`."),
    key("close", "text", "`\"Close\"`", "Ends it."),
];

pub(super) const LINK: &[Key] = &[
    key("text", "text", "", "What it says."),
    key("url", "`https://…`, or a path on this server", "", "Where it leads."),
];

/// Each table of the reference: its heading, where it is written, what there is to say about it, and its keys.
const SECTIONS: &[(&str, &str, &str, &[Key])] = &[
    ("The file", "", "", PROFILE),
    ("Surface", "[surface]", "", SURFACE),
    (
        "Roles",
        "[roles.NAME]",
        "Templates: every organization of the profile has them, read-only. At most 500, in the order of the file.",
        ROLE,
    ),
    (
        "API groups",
        "[api_groups.NAME]",
        "`security` is built in: the changing actions on credentials, grants, roles, users and settings. A profile may add permissions and paths to it. Where the dialect is not `native`, a group that is denied needs paths.",
        API_GROUP,
    ),
    ("Kinds", "[kinds.NAME]", "", KIND),
    ("Formats", "id_format = { … }", "An id needs 64 bits of chance, a secret 128.", FORMAT),
    ("Use", "use = { … }", "", USE),
    ("Expiry", "expiry = { … }", "", EXPIRY),
    ("Rotation", "rotate = { … }", "", ROTATE),
    ("Authority", "authority = { … }", "", AUTHORITY),
    (
        "Labels",
        "[kinds.NAME.labels]",
        "Plain text, at most 600 characters each, on one line. `{name}` and `{id}` stand for the name and the public id of the credential.",
        LABELS,
    ),
    ("Dialogs", "[kinds.NAME.labels.create]", "", DIALOG),
    ("Fields", "fields = [{ … }]", "", DIALOG_FIELD),
    ("New secrets", "[kinds.NAME.labels.issued]", "", ISSUED),
    ("Links", "help = { … }", "", LINK),
];

/// The reference page, `docs/reference/profiles.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Profiles\n\n\
         <!-- Generated from crates/keyward-core/src/profile/keys.rs. Do not edit. -->\n\n\
         A profile is one TOML file: the rules of one system of API keys. `keyward profiles check FILE` names everything \
         that is wrong with one, each with its line, its key and the remedy, or says what the file amounts to. \
         `profiles/keyward.toml` is the one to start from.\n\n\
         A duration is a number and one of `s`, `m`, `h`, `d`, such as `72h`; at most `36500d`.\n",
    );
    for (heading, written, said, keys) in SECTIONS {
        // Writing to a `String` cannot fail.
        let _ = write!(page, "\n## {heading}\n\n");
        if !written.is_empty() {
            let _ = write!(page, "Written `{written}`. ");
        }
        if !said.is_empty() {
            page.push_str(said);
        }
        if !(written.is_empty() && said.is_empty()) {
            page.truncate(page.trim_end().len());
            page.push_str("\n\n");
        }
        page.push_str("| key | values | default | meaning |\n|---|---|---|---|\n");
        for key in *keys {
            let standard = if key.standard.is_empty() { "–" } else { key.standard };
            let _ = writeln!(page, "| `{}` | {} | {standard} | {} |", key.name, key.values, key.meaning);
        }
    }
    page
}

#[cfg(test)]
pub(super) fn says(keys: &[Key], name: &str, word: &str) -> bool {
    keys.iter().any(|key| key.name == name && key.values.contains(&format!("`{word}`")))
}
