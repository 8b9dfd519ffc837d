//! The sections of a profile other than its kinds.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::reader::{Node, Source, Table, nearest, remedy};
use super::{MAX_KINDS, Profile, RoleTemplate, Surface, keys, kinds, paths, rules};
use crate::administration::{SECURITY, own_permissions, security_group};
use crate::kind::{ApiGroup, is_identifier};
use crate::name::Name;
use crate::permission::{Pattern, PatternSet, Permission};
use crate::role::{MAX_PATTERNS_PER_ROLE, MAX_PERMISSIONS_PER_ORGANIZATION, MAX_ROLES_PER_ORGANIZATION};

/// The whole file. `None` when a part without which nothing can be said is missing; then there is a fault.
pub(super) fn read<'t>(source: &'t Source<'t>, document: &'t DeTable<'t>, file: &str) -> Option<Profile> {
    let table = Table::root(source, document, keys::PROFILE);
    let name = name(&table);
    let version = table.need("version", "write a whole number, starting with 1").and_then(|n| n.number(1..=u32::MAX));
    let title = table.need("title", "write what people call the system").and_then(|n| n.words());
    let surface = table.find("surface").map_or_else(Surface::native, |node| surface(&node));
    let permissions = permissions(&table);
    let known = Known { declared: own_permissions().chain(permissions.iter().map(ToString::to_string)).collect() };
    let roles = roles(&table, &known);
    let api_groups = api_groups(&table, &known);
    let world = World { known, api_groups, surface };

    let mut read = Vec::new();
    if let Some(entries) = table.need("kinds", "write at least one `[kinds.NAME]`").and_then(|n| n.entries()) {
        if entries.is_empty() || entries.len() > MAX_KINDS {
            let text = format!("{} kinds are too few or too many: write 1 to {MAX_KINDS}", entries.len());
            table.blame("kinds", text);
        }
        for (kind_name, node) in entries.into_iter().take(MAX_KINDS) {
            if let (true, Some(name)) = (identifies(kind_name, &node, "kind"), name) {
                read.extend(kinds::read(&node, name, kind_name, &world));
            }
        }
    }
    rules::between_kinds(&read);

    let places = read.iter().map(kinds::ReadKind::place).collect();
    Some(Profile {
        name: name?.to_owned(),
        version: version?,
        title: title?.to_owned(),
        kinds: read.into_iter().map(|read| read.kind.into()).collect(),
        roles,
        permissions,
        api_groups: world.api_groups,
        surface: world.surface,
        file: file.to_owned(),
        places,
    })
}

/// What the kinds of a profile can refer to.
pub(super) struct World {
    pub(super) known: Known,
    pub(super) api_groups: Vec<ApiGroup>,
    pub(super) surface: Surface,
}

impl World {
    pub(super) fn api_group(&self, name: &str) -> Option<&ApiGroup> {
        self.api_groups.iter().find(|group| group.name == name)
    }
}

/// The permissions that exist.
pub(super) struct Known {
    declared: BTreeSet<String>,
}

impl Known {
    /// Reads a pattern that covers something that exists. A slip in a denial would otherwise deny nothing.
    pub(super) fn pattern(&self, node: &Node<'_>) -> Option<Pattern> {
        let pattern: Pattern = node.parsed()?;
        let text = pattern.to_string();
        if self.declared.iter().any(|permission| pattern.covers(permission)) {
            return Some(pattern);
        }
        let near = match &pattern {
            // Whoever has made that many faults needs no guesses, and guessing is the only slow part.
            _ if node.source.count() >= MAX_GUESSES => None,
            Pattern::Exact(_) => nearest(&text, self.declared.iter().map(String::as_str)).map(str::to_owned),
            Pattern::Below(resource) => {
                let resources = self.declared.iter().filter_map(|permission| permission.split(':').next());
                nearest(resource, resources).map(|resource| format!("{resource}:*"))
            }
            Pattern::All => None,
        };
        node.fault(match near {
            Some(near) => format!("`{text}` is not declared: did you mean `{near}`?"),
            None => format!("`{text}` is not declared: add it to `permissions`"),
        });
        None
    }

    /// Reads one permission that exists.
    pub(super) fn permission(&self, node: &Node<'_>) -> Option<Permission> {
        if let Pattern::Exact(permission) = self.pattern(node)? {
            return Some(permission);
        }
        node.fault("one permission is needed here: write `resource:action` without `*`");
        None
    }
}

fn name<'t>(table: &Table<'t>) -> Option<&'t str> {
    let node = table.need("name", "write a short name, such as `acme`")?;
    let name = node.text()?;
    identifies(name, &node, "profile").then_some(name)
}

/// Whether a name can be part of a [`KindId`](crate::kind::KindId), or stand where one does.
fn identifies(name: &str, node: &Node<'_>, what: &str) -> bool {
    let good = is_identifier(name);
    if !good {
        node.fault(format!(
            "`{name}` cannot name a {what}: write at most 32 of `a-z`, `0-9` and `_`, beginning with a letter"
        ));
    }
    good
}

impl Surface {
    fn native() -> Self {
        Self { dialect: Self::NATIVE.to_owned(), settings: BTreeMap::new() }
    }
}

fn surface(node: &Node<'_>) -> Surface {
    let mut surface = Surface::native();
    let Some(table) = Table::open(node, keys::SURFACE) else { return surface };
    if let Some(node) = table.find("dialect")
        && let Some(dialect) = node.text()
        && identifies(dialect, &node, "dialect")
    {
        dialect.clone_into(&mut surface.dialect);
    }
    for (name, node) in table.find("settings").and_then(|n| n.entries()).unwrap_or_default() {
        if identifies(name, &node, "setting")
            && let Some(setting) = node.setting()
        {
            surface.settings.insert(name.to_owned(), setting);
        }
    }
    surface
}

fn permissions(table: &Table<'_>) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = Vec::new();
    let own: BTreeSet<String> = own_permissions().collect();
    let mut seen = BTreeSet::new();
    let nodes = table.find("permissions").and_then(|n| n.list()).unwrap_or_default();
    if nodes.len() > MAX_PERMISSIONS_PER_ORGANIZATION {
        let text =
            format!("{} permissions are too many: declare at most {MAX_PERMISSIONS_PER_ORGANIZATION}", nodes.len());
        table.blame("permissions", text);
        return permissions;
    }
    for node in nodes {
        let Some(permission) = node.parsed::<Permission>() else { continue };
        if own.contains(permission.as_str()) {
            node.fault(format!("`{permission}` is Keyward's own and always there: remove it"));
        } else if seen.insert(permission.to_string()) {
            permissions.push(permission);
        } else {
            node.fault(format!("`{permission}` stands here twice: remove one"));
        }
    }
    permissions
}

fn roles(table: &Table<'_>, known: &Known) -> Vec<RoleTemplate> {
    let mut roles: Vec<RoleTemplate> = Vec::new();
    let mut titles: BTreeSet<String> = BTreeSet::new();
    let entries = table.find("roles").and_then(|n| n.entries()).unwrap_or_default();
    if entries.len() > MAX_ROLES_PER_ORGANIZATION {
        let text = format!("{} roles are too many: write at most {MAX_ROLES_PER_ORGANIZATION}", entries.len());
        table.blame("roles", text);
        return roles;
    }
    for (name, node) in entries {
        let Some(table) = Table::open(&node, keys::ROLE) else { continue };
        let title = table.need("title", "write the name that people see");
        let taken = |title: &Name| titles.contains(&title.folded());
        let title = title.and_then(|node| {
            let title = Name::new(node.text()?).map_err(|error| node.fault(error.to_string())).ok()?;
            if taken(&title) {
                node.fault(format!("`{title}` is the title of another role too: write another"));
            }
            Some(title.to_string())
        });
        let patterns = table.need("allow", "list what the role lets its holders do").and_then(|n| n.list());
        let patterns = patterns.map(|nodes| nodes.iter().filter_map(|n| known.pattern(n)).collect::<PatternSet>());
        if let Some(set) = patterns.as_ref().filter(|set| set.len() > MAX_PATTERNS_PER_ROLE) {
            let text = format!("{} patterns are too many: write at most {MAX_PATTERNS_PER_ROLE}", set.len());
            table.blame("allow", text);
        }
        if let (true, Some(title), Some(patterns)) = (identifies(name, &node, "role"), title, patterns) {
            titles.extend(Name::new(&title).map(|title| title.folded()));
            roles.push(RoleTemplate { name: name.to_owned(), title, patterns });
        }
    }
    roles
}

fn api_groups(table: &Table<'_>, known: &Known) -> Vec<ApiGroup> {
    let mut groups = vec![security_group()];
    for (name, node) in table.find("api_groups").and_then(|n| n.entries()).unwrap_or_default() {
        let Some(table) = Table::open(&node, keys::API_GROUP) else { continue };
        identifies(name, &node, "API group");
        let (permissions, paths) = (list(&table, "permissions"), list(&table, "paths"));
        if permissions.is_empty() && paths.is_empty() {
            node.fault("the group is empty, so denying it would deny nothing: list `permissions` or `paths`");
        }
        let patterns = permissions.iter().filter_map(|n| known.pattern(n)).collect::<PatternSet>();
        let paths: Vec<String> = paths.iter().filter_map(path).collect();
        let changes_only = table.flag_or("changes_only", false);
        if changes_only && paths.is_empty() {
            table.blame("changes_only", "there are no paths that it could be about: list `paths`, or remove it");
        }
        if name == SECURITY {
            groups[0].patterns = groups[0].patterns.join(&patterns);
            groups[0].paths = paths;
            groups[0].changes_only = changes_only;
        } else {
            groups.push(ApiGroup { name: name.to_owned(), patterns, paths, changes_only });
        }
    }
    groups
}

fn list<'t>(table: &Table<'t>, name: &str) -> Vec<Node<'t>> {
    table.find(name).and_then(|node| node.list()).unwrap_or_default()
}

fn path(node: &Node<'_>) -> Option<String> {
    let path = node.text()?;
    match paths::fault_of(path) {
        None => Some(path.to_owned()),
        Some(fault) => {
            node.fault(fault);
            None
        }
    }
}

/// The text of a denied group that does not exist.
pub(super) fn unknown_group(name: &str, world: &World) -> String {
    let names: Vec<&str> = world.api_groups.iter().map(|group| group.name.as_str()).collect();
    format!("`{name}` is neither an API group nor a permission: {}", remedy(name, &names))
}

const MAX_GUESSES: usize = 100;
