//! Roles beside permissions: what each role holds, and which roles hold each other. Pure; everything is decided on
//! patterns, also for permissions that nobody has declared yet.

use std::collections::BTreeSet;

use keyward_core::administration::{is_administrative, own_permissions};
use keyward_core::permission::{Pattern, PatternSet};
use keyward_core::profile::Profile;
use keyward_core::role::Role;

/// Permissions that belong together: a profile's, or Keyward's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Whose they are.
    pub(super) title: String,
    /// What they are about, in the order in which they are declared.
    pub(super) resources: Vec<Resource>,
}

/// What can be done with one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// Its name: the half before the colon.
    pub(super) name: String,
    /// Its permissions.
    pub(super) permissions: Vec<String>,
}

impl Resource {
    /// The pattern of everything that can be done with it.
    pub(super) fn everything(&self) -> String {
        format!("{}:*", self.name)
    }
}

/// The half of a permission after the colon.
pub(super) fn action(permission: &str) -> &str {
    permission.split_once(':').map_or(permission, |(_, action)| action)
}

/// Every permission that is known to an organization with these profiles: theirs, then Keyward's own.
pub(super) fn known<'p>(profiles: impl Iterator<Item = &'p Profile>) -> Vec<Section> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for profile in profiles {
        let permissions = profile.permissions.iter().map(|permission| permission.as_str().to_owned());
        add(&mut all, &mut seen, &profile.title, permissions);
    }
    add(&mut all, &mut seen, "Namespaces", own_permissions().filter(|permission| !is_administrative(permission)));
    add(&mut all, &mut seen, "Administration", own_permissions().filter(|permission| is_administrative(permission)));
    all
}

/// The same with what only these patterns name.
pub(super) fn with_named_by<'p>(mut known: Vec<Section>, patterns: impl Iterator<Item = &'p Pattern>) -> Vec<Section> {
    let mut seen: BTreeSet<String> = permissions(&known).map(ToOwned::to_owned).collect();
    let resources: BTreeSet<String> =
        known.iter().flat_map(|section| &section.resources).map(|resource| resource.name.clone()).collect();
    let named: BTreeSet<String> = patterns.filter(|pattern| is_new(pattern, &resources)).map(named).collect();
    add(&mut known, &mut seen, "Named by roles alone", named.into_iter());
    known
}

/// Whether nothing known shows what the pattern covers.
fn is_new(pattern: &Pattern, resources: &BTreeSet<String>) -> bool {
    match pattern {
        Pattern::All => false,
        Pattern::Below(_) => !resources.iter().any(|resource| pattern.covers(&format!("{resource}:any"))),
        Pattern::Exact(_) => true,
    }
}

fn named(pattern: &Pattern) -> String {
    match pattern {
        // A resource of which no permission is known has its line, and no permissions below it.
        Pattern::Below(resource) => resource.to_string(),
        Pattern::All | Pattern::Exact(_) => pattern.to_string(),
    }
}

fn add(all: &mut Vec<Section>, seen: &mut BTreeSet<String>, title: &str, permissions: impl Iterator<Item = String>) {
    let mut resources: Vec<Resource> = Vec::new();
    for permission in permissions {
        let (name, is_permission) = match permission.split_once(':') {
            Some((resource, _)) => (resource.to_owned(), true),
            None => (permission.clone(), false),
        };
        if is_permission && !seen.insert(permission.clone()) {
            continue;
        }
        let place = resources.iter().position(|resource| resource.name == name).unwrap_or_else(|| {
            resources.push(Resource { name, permissions: Vec::new() });
            resources.len() - 1
        });
        if is_permission && let Some(resource) = resources.get_mut(place) {
            resource.permissions.push(permission);
        }
    }
    if !resources.is_empty() {
        all.push(Section { title: title.to_owned(), resources });
    }
}

/// Every permission of the sections.
pub(super) fn permissions(sections: &[Section]) -> impl Iterator<Item = &str> {
    sections
        .iter()
        .flat_map(|section| &section.resources)
        .flat_map(|resource| &resource.permissions)
        .map(String::as_str)
}

/// How a role stands to one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// It names it.
    Held,
    /// It holds it through a wider pattern.
    Through(String),
    /// It does not hold it.
    Not,
}

impl Cell {
    /// How the patterns stand to the permission.
    pub(super) fn of(patterns: &PatternSet, permission: &str) -> Self {
        let covering = patterns.iter().find(|pattern| pattern.covers(permission));
        match covering {
            Some(Pattern::Exact(_)) => Self::Held,
            Some(wider) => Self::Through(wider.to_string()),
            None => Self::Not,
        }
    }
}

/// The pattern through which everything that can be done with a resource is held, if there is one.
pub(super) fn whole(patterns: &PatternSet, resource: &Resource) -> Option<String> {
    let everything: Pattern = resource.everything().parse().ok()?;
    patterns.iter().find(|pattern| everything.within(pattern)).map(ToString::to_string)
}

/// How much of what is known a role holds: `Everything`, or `12 of 61 permissions`.
pub(super) fn extent(patterns: &PatternSet, sections: &[Section]) -> String {
    if patterns.contains(&Pattern::All) {
        return "Everything".into();
    }
    let (held, all) = permissions(sections)
        .fold((0_usize, 0_usize), |(held, all), permission| (held + usize::from(patterns.covers(permission)), all + 1));
    match held {
        0 => "Nothing".into(),
        _ => format!("{held} of {all}"),
    }
}

/// A role among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranked {
    /// The role.
    pub(super) role: Role,
    /// The places of those that it wholly includes and that do not include it, less those that hold nothing.
    pub(super) includes: Vec<usize>,
    /// The places of those that hold exactly the same.
    pub(super) equals: Vec<usize>,
}

/// Roles from widest to narrowest: none stands before one that includes it.
pub(super) fn ranked(mut roles: Vec<Role>) -> Vec<Ranked> {
    let width = |role: &Role| roles.iter().filter(|other| other.patterns.within(&role.patterns)).count();
    let mut widths: Vec<(usize, Role)> = roles.iter().map(|role| (width(role), role.clone())).collect();
    // Whatever includes another includes all that the other does, and itself, and so counts more.
    widths.sort_by_key(|(width, _)| std::cmp::Reverse(*width));
    roles = widths.into_iter().map(|(_, role)| role).collect();
    let places = |role: &Role, equal: bool| {
        let among = roles.iter().enumerate().filter(|(_, other)| other.id != role.id);
        let within = among.filter(|(_, other)| other.patterns.within(&role.patterns));
        let wanted = within.filter(|(_, other)| role.patterns.within(&other.patterns) == equal);
        // What holds nothing is included by every role, and so need not be said of any.
        wanted.filter(|(_, other)| equal || !other.patterns.is_empty()).map(|(place, _)| place).collect()
    };
    roles
        .iter()
        .map(|role| Ranked { role: role.clone(), includes: places(role, false), equals: places(role, true) })
        .collect()
}

#[cfg(test)]
mod tests {
    use keyward_core::id::{OrganizationId, RoleId};
    use keyward_core::name::Name;
    use keyward_core::profile::built_in;
    use keyward_core::time::Timestamp;

    use super::*;

    fn set(patterns: &[&str]) -> PatternSet {
        patterns.iter().map(|pattern| pattern.parse().unwrap()).collect()
    }

    fn role(number: u8, patterns: &[&str]) -> Role {
        Role {
            id: RoleId::from_bits(u128::from(number)),
            organization: OrganizationId::from_bits(1),
            name: Name::new(&format!("Role {number}")).unwrap(),
            patterns: set(patterns),
            template: None,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    fn profile(name: &str) -> Profile {
        Profile::parse(name, built_in(name).unwrap()).unwrap()
    }

    #[test]
    fn every_known_permission_has_one_line() {
        let profiles = ["keyward", "gateway_hub", "passport", "gigya"].map(profile);
        let sections = known(profiles.iter());
        let titles: Vec<&str> = sections.iter().map(|section| section.title.as_str()).collect();
        assert_eq!(titles[1], "Gateway Hub");
        assert_eq!(titles[4..], ["Namespaces", "Administration"]);
        let all: Vec<&str> = permissions(&sections).collect();
        let declared =
            profiles.iter().flat_map(|profile| &profile.permissions).map(keyward_core::permission::Permission::as_str);
        let own: Vec<String> = own_permissions().collect();
        let expected: BTreeSet<&str> = declared.chain(own.iter().map(String::as_str)).collect();
        assert_eq!(all.len(), expected.len());
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn what_roles_alone_name_has_its_line_too() {
        let patterns = set(&["*"]);
        let nothing_new = with_named_by(known(std::iter::empty()), patterns.iter());
        assert_eq!(nothing_new, known(std::iter::empty()));
        let (one, other) = (set(&["users:*", "events:read"]), set(&["users:fly", "ships.crew:*"]));
        let sections = with_named_by(known(std::iter::empty()), one.iter().chain(other.iter()));
        let new: Vec<_> =
            sections.last().unwrap().resources.iter().map(|r| (r.name.as_str(), r.permissions.len())).collect();
        assert_eq!(new, [("events", 1), ("ships.crew", 0), ("users", 1)]);
    }

    #[test]
    fn a_cell_says_how_a_permission_is_held() {
        let patterns = set(&["items:read", "accounts:*"]);
        assert_eq!(Cell::of(&patterns, "items:read"), Cell::Held);
        assert_eq!(Cell::of(&patterns, "accounts.webhooks:get"), Cell::Through("accounts:*".into()));
        assert_eq!(Cell::of(&patterns, "items:edit"), Cell::Not);
        let resource = |name: &str| Resource { name: name.into(), permissions: Vec::new() };
        assert_eq!(whole(&patterns, &resource("accounts.webhooks")), Some("accounts:*".into()));
        assert_eq!(whole(&patterns, &resource("items")), None);
        assert_eq!(whole(&PatternSet::all(), &resource("items")), Some("*".into()));
    }

    #[test]
    fn what_a_role_holds_is_counted() {
        let profile = profile("gateway_hub");
        let sections = known(std::iter::once(&profile));
        let operator = profile.role("operator").unwrap();
        let all = permissions(&sections).count();
        assert_eq!(extent(&operator.patterns, &sections), format!("10 of {all}"));
        assert_eq!(extent(&PatternSet::all(), &sections), "Everything");
        assert_eq!(extent(&PatternSet::none(), &sections), "Nothing");
    }

    #[test]
    fn the_widest_role_stands_first_whatever_its_name() {
        let viewer = role(1, &["content:read"]);
        let editor = role(2, &["content:*"]);
        let owner = role(3, &["*"]);
        let other = role(4, &["content:read"]);
        let apart = role(5, &["media:read"]);
        let empty = role(6, &[]);
        let ranked = ranked(vec![empty, viewer, editor, owner, other, apart]);
        let seen: Vec<_> =
            ranked.iter().map(|r| (r.role.name.as_str(), r.includes.clone(), r.equals.clone())).collect();
        assert_eq!(
            seen,
            [
                ("Role 3", vec![1, 2, 3, 4], vec![]),
                ("Role 2", vec![2, 3], vec![]),
                ("Role 1", vec![], vec![3]),
                ("Role 4", vec![], vec![2]),
                ("Role 5", vec![], vec![]),
                ("Role 6", vec![], vec![]),
            ]
        );
    }
}
