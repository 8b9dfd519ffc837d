//! Keyward's own permissions: on the records that it keeps.

use crate::kind::ApiGroup;
use crate::permission::{Pattern, PatternSet};

/// The API group of the changing actions on credentials, roles, grants, users and settings. Built in; a profile may
/// add its own permissions and paths to it.
pub const SECURITY: &str = "security";

/// Administrative resources with their actions; those that change something belong to [`SECURITY`].
/// They are judged at the object's namespace *or* at the organization.
const ADMINISTRATIVE: &[(&str, Actions)] = &[
    (
        "credentials",
        Actions {
            reading: &["read", "verify"],
            changing: &["create", "edit", "rotate", "reveal", "disable", "enable", "revoke", "import", "unlink"],
        },
    ),
    ("grants", Actions { reading: &["read"], changing: &["create", "delete"] }),
    ("roles", Actions { reading: &["read"], changing: &["create", "edit", "delete"] }),
    ("users", Actions { reading: &["read"], changing: &["invite", "edit", "suspend", "enable", "remove"] }),
    ("audit", Actions { reading: &["read"], changing: &[] }),
    ("usage", Actions { reading: &["read"], changing: &[] }),
    ("settings", Actions { reading: &["read"], changing: &["edit"] }),
];

/// Resources of the namespaces themselves; reach decides about them (`rights.rs`).
const STRUCTURAL: &[(&str, &[&str])] = &[
    ("organizations", &["read", "edit"]),
    ("apps", &["read", "create", "edit", "delete"]),
    ("workspaces", &["read", "create", "edit", "delete"]),
    ("usergroups", &["read", "create", "edit", "delete"]),
];

struct Actions {
    reading: &'static [&'static str],
    changing: &'static [&'static str],
}

/// Whether `permission` is on an administrative resource or on one below it, so that it may also be held at the
/// organization. The same permissions as those of [`administrative_patterns`].
pub fn is_administrative(permission: &str) -> bool {
    let resource = permission.split(['.', ':']).next().unwrap_or("");
    ADMINISTRATIVE.iter().any(|(name, _)| *name == resource)
}

/// `resource:*` of every administrative resource.
pub fn administrative_patterns() -> PatternSet {
    ADMINISTRATIVE.iter().map(|(resource, _)| Pattern::Below((*resource).into())).collect()
}

/// The built-in part of the API group [`SECURITY`].
pub fn security_group() -> ApiGroup {
    let patterns = ADMINISTRATIVE
        .iter()
        .flat_map(|(resource, actions)| actions.changing.iter().map(move |action| format!("{resource}:{action}")))
        .filter_map(|p| p.parse().ok())
        .collect();
    ApiGroup { name: SECURITY.to_owned(), patterns, paths: Vec::new() }
}

/// Every permission of Keyward's own, in order of declaration.
pub fn own_permissions() -> impl Iterator<Item = String> {
    let administrative = ADMINISTRATIVE.iter().flat_map(|(resource, actions)| {
        actions.reading.iter().chain(actions.changing).map(move |action| format!("{resource}:{action}"))
    });
    let structural = STRUCTURAL
        .iter()
        .flat_map(|(resource, actions)| actions.iter().map(move |action| format!("{resource}:{action}")));
    administrative.chain(structural)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Permission;

    #[test]
    fn every_own_permission_is_well_formed() {
        assert!(own_permissions().all(|p| Permission::is_valid(&p)));
    }

    #[test]
    fn security_holds_what_changes_and_nothing_that_reads() {
        let security = security_group().patterns;
        assert!(security.covers("credentials:create"));
        assert!(security.covers("settings:edit"));
        for harmless in ["credentials:verify", "credentials:read", "audit:read", "workspaces:create"] {
            assert!(!security.covers(harmless), "{harmless}");
        }
    }
}
