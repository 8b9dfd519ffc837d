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

impl Actions {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.reading.iter().chain(self.changing).copied()
    }
}

/// Whether `permission` is one of Keyward's own on an administrative resource, so that it may also be held at the
/// organization. What a profile declares on these resources or below them (`audit.log:search`) is the profile's, and
/// held only where it is granted. The same permissions as those of [`administrative_patterns`].
pub fn is_administrative(permission: &str) -> bool {
    let Some((resource, action)) = permission.split_once(':') else { return false };
    ADMINISTRATIVE.iter().any(|(name, actions)| *name == resource && actions.all().any(|known| known == action))
}

/// Every administrative permission by itself: `users:*` would cover a profile's `users.list:read` too.
pub fn administrative_patterns() -> PatternSet {
    administrative().filter_map(|p| p.parse::<Pattern>().ok()).collect()
}

/// The built-in part of the API group [`SECURITY`].
pub fn security_group() -> ApiGroup {
    let patterns = ADMINISTRATIVE
        .iter()
        .flat_map(|(resource, actions)| actions.changing.iter().map(move |action| format!("{resource}:{action}")))
        .filter_map(|p| p.parse().ok())
        .collect();
    ApiGroup { name: SECURITY.to_owned(), patterns, paths: Vec::new(), changes_only: false }
}

/// Every permission of Keyward's own, in order of declaration.
pub fn own_permissions() -> impl Iterator<Item = String> {
    let structural = STRUCTURAL
        .iter()
        .flat_map(|(resource, actions)| actions.iter().map(move |action| format!("{resource}:{action}")));
    administrative().chain(structural)
}

fn administrative() -> impl Iterator<Item = String> {
    ADMINISTRATIVE
        .iter()
        .flat_map(|(resource, actions)| actions.all().map(move |action| format!("{resource}:{action}")))
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
    fn what_a_vendor_declares_below_is_not_administrative() {
        let patterns = administrative_patterns();
        for own in ["users:read", "users:invite", "audit:read", "credentials:verify", "settings:edit"] {
            assert!(is_administrative(own) && patterns.covers(own), "{own}");
        }
        let not_ours =
            ["users.list:read", "audit.log:search", "credentials.policies:edit", "users:search", "user:read"];
        for other in not_ours.into_iter().chain(["workspaces:create", "items:read"]) {
            assert!(!is_administrative(other) && !patterns.covers(other), "{other}");
        }
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
