//! The table of operations: consistent in itself and with the permissions of the core.

use std::collections::{BTreeMap, BTreeSet};

use keyward_core::administration::own_permissions;
use keyward_core::permission::Permission;

use crate::operations::{ALL, Caller, Method, Operation};

#[test]
fn ids_and_requests_are_unique() {
    let ids: BTreeSet<_> = ALL.iter().map(|o| o.id).collect();
    assert_eq!(ids.len(), ALL.len());
    let requests: BTreeSet<_> = ALL.iter().map(|o| (o.method.as_str(), o.path)).collect();
    assert_eq!(requests.len(), ALL.len());
    assert!(ALL.iter().all(|o| Operation::find(o.id) == Some(o)));
    assert_eq!(Operation::find("credentials.delete"), None);
}

#[test]
fn ids_are_resource_and_verb() {
    for Operation { id, path, .. } in ALL {
        let words: Vec<_> = id.split('.').collect();
        assert!((2..=3).contains(&words.len()), "{id}");
        assert!(words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase())), "{id}");
        let resource = path.split('/').nth(2).unwrap();
        let elsewhere = ["credentials.verify", "access.evaluate"];
        assert!(words[0] == resource || elsewhere.contains(id), "{id} is at {path}");
    }
}

#[test]
fn parameters_name_what_their_collection_holds() {
    let of_collection = BTreeMap::from([("members", "user")]);
    for operation in ALL {
        let segments: Vec<_> = operation.path.split('/').collect();
        for pair in segments.windows(2) {
            let Some(name) = pair[1].strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
                assert!(pair[1].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{}", operation.path);
                continue;
            };
            let expected = of_collection.get(pair[0]).copied().or_else(|| pair[0].strip_suffix('s')).unwrap();
            assert_eq!(name, expected, "{}", operation.path);
        }
        assert_eq!(operation.parameters().count(), operation.path.matches('{').count());
    }
}

#[test]
fn methods_tell_what_they_do() {
    for operation in ALL {
        let Operation { id, method, changes, confirms, .. } = operation;
        assert!(*changes || !confirms, "{id}");
        match method {
            Method::Get => assert!(!changes, "{id}"),
            Method::Put | Method::Patch | Method::Delete => assert!(changes, "{id}"),
            // Whatever is judged or compared travels in a body, also without changing anything.
            Method::Post => {}
        }
    }
    let reading_posts: Vec<_> = ALL.iter().filter(|o| o.method == Method::Post && !o.changes).map(|o| o.id).collect();
    assert_eq!(reading_posts, ["roles.preview", "credentials.verify", "access.evaluate"]);
}

#[test]
fn permissions_are_those_of_the_core() {
    let own: BTreeSet<String> = own_permissions().collect();
    for Operation { id, permission, .. } in ALL {
        if let Some(permission) = permission {
            assert!(Permission::is_valid(permission) && own.contains(*permission), "{id}: {permission}");
        }
    }
    let asked: BTreeSet<String> = ALL.iter().filter_map(|o| o.permission).map(str::to_owned).collect();
    let unused: Vec<_> = own.difference(&asked).collect();
    // Asked for by fields of `organizations.edit`, and by pages of the console.
    assert_eq!(unused, ["settings:edit", "settings:read"]);
}

#[test]
fn permissions_are_named_after_the_operation() {
    // Another resource's permission, and why.
    let exceptions = BTreeMap::from([
        ("usergroups.members.add", "grants:create"), // a member holds all that the group was granted
        ("usergroups.members.remove", "grants:delete"),
        ("usergroups.members.list", "usergroups:read"), // they are what the group is
        ("access.evaluate", "credentials:verify"),      // the same question in other words
        ("changes.list", "audit:read"),                 // both tell everything that ever happened
        ("roles.preview", "roles:read"),                // tells what reading grants would tell
        ("invitations.list", "users:invite"),           // whoever may invite sees whom, and takes it back
        ("invitations.withdraw", "users:invite"),
        ("audit.export", "audit:read"),
        ("audit.verify", "audit:read"),
    ]);
    let mut stale: BTreeSet<_> = exceptions.keys().copied().collect();
    for Operation { id, permission, .. } in ALL {
        let Some(permission) = permission else { continue };
        let (resource, verb) = id.rsplit_once('.').unwrap();
        let action = if matches!(verb, "list" | "get") { "read" } else { verb };
        if *permission != format!("{resource}:{action}") {
            assert_eq!(exceptions.get(id), Some(permission), "{id}");
            stale.remove(id);
        }
    }
    assert_eq!(stale, BTreeSet::new(), "an exception is not one any more");
}

#[test]
fn who_needs_no_permission_is_checked_otherwise() {
    let free: Vec<_> = ALL.iter().filter(|o| o.permission.is_none() && o.caller == Caller::Any).map(|o| o.id).collect();
    assert_eq!(free, ["sessions.get", "profiles.list", "profiles.get"]);
    for operation in ALL {
        if matches!(operation.caller, Caller::Anyone | Caller::Operator) {
            assert_eq!(operation.permission, None, "{}", operation.id);
        }
    }
}

#[test]
fn what_takes_rights_away_is_confirmed() {
    for operation in ALL {
        let verb = operation.id.rsplit('.').next().unwrap();
        let takes_away = matches!(verb, "revoke" | "disable" | "rotate" | "suspend" | "remove" | "delete" | "unlink");
        // Sessions and second factors are looked up where they are kept, so that is in force at once.
        let exempt = ["sessions.delete", "sessions.others.delete", "users.factor.remove"];
        assert!(!takes_away || operation.confirms || exempt.contains(&operation.id), "{}", operation.id);
    }
}

#[test]
fn summaries_are_sentences() {
    for Operation { id, summary, .. } in ALL {
        assert!(summary.starts_with(|c: char| c.is_ascii_uppercase()) && summary.ends_with('.'), "{id}: {summary}");
    }
}

#[test]
fn a_route_tells_its_operation() {
    for operation in ALL {
        assert_eq!(Operation::answering(operation.method.as_str(), operation.path), Some(operation));
    }
    let of = |method, route| Operation::answering(method, route).map(|operation| operation.id);
    assert_eq!(of("HEAD", "/v1/apps/{app}"), Some("apps.get"));
    assert_eq!(of("DELETE", "/v1/sessions/current"), Some("sessions.delete"));
    assert_eq!(of("GET", "/v1/sessions/current"), Some("sessions.get"));
    for (method, route) in
        [("PATCH", "/v1/apps"), ("GET", "/livez"), ("GET", "/v1/apps/{app}/more"), ("S3CRET", "/v1/apps")]
    {
        assert_eq!(of(method, route), None, "{method} {route}");
    }
}
