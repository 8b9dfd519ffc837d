//! ACLs: the patterns of a role, as the vendor writes what may be called.
//!
//! `accounts:search` is `{"_api":{"accounts":{"search":{"_ace":{"perms":"x"}}}}}`. An `_ace` in the place of a method
//! allows all methods of the namespace and of those below it (`accounts:*`), one in the place of a namespace allows
//! everything (`*`). Conditions on parameters or values have no pattern and are refused: to leave them out would allow
//! more than was written.

use std::collections::BTreeMap;

use keyward_core::administration::own_permissions;
use keyward_core::permission::{InvalidPermission, Pattern, PatternSet, Permission, Rights};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::groups;
use super::{Answer, Call, Failure, TARGET, fields};
use crate::ops::context::Caller;
use crate::ops::{credentials, roles};

const ACL: &str = "aclID";

/// What the ACL allows.
pub(super) async fn get(call: &Call<'_>) -> Answer {
    let role = groups::find(call, ACL, call.get(ACL)?).await?;
    Ok(fields([("acl", json!(MethodTree::of(role.patterns.iter())))]))
}

/// Gives an ACL, and so everybody in its group, other permissions. One that does not exist is created, with a group of
/// its name in which nobody is.
pub(super) async fn set(call: &Call<'_>) -> Answer {
    let text = call.get(ACL)?;
    let patterns = MethodTree::read(call.get("acl")?).map_err(|problem| Failure::Invalid("acl", problem))?;
    match roles::find(call.app, call.ctx, text).await? {
        Some(role) => {
            let request = roles::EditRequest { name: None, patterns: Some(patterns) };
            roles::edit(call.app, call.ctx, role.id, request).await?;
        }
        None => {
            roles::create(call.app, call.ctx, groups::new_name(call, ACL)?, patterns).await?;
        }
    }
    Ok(fields([]))
}

/// What a key may call on the site, or what groups allow together; the caller's own rights when nothing is said.
pub(super) async fn effective(call: &Call<'_>) -> Answer {
    let rights = match (call.find(TARGET)?, call.find(GROUPS)?) {
        (Some(_), Some(_)) => {
            return Err(Failure::Invalid(GROUPS, "give a `targetUserKey` or groups, not both".to_owned()));
        }
        (None, Some(text)) => {
            let names: Vec<String> = serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()]);
            let mut granted = PatternSet::none();
            for name in names {
                let role = groups::find(call, GROUPS, &name).await?;
                granted = granted.join(&role.patterns);
            }
            Rights::of(granted)
        }
        (target, None) => {
            let id = match (target, &call.ctx.caller) {
                (Some(text), _) => groups::credential(call, TARGET, text)?,
                (None, Caller::Credential(own)) => own.credential,
                (None, _) => return Err(Failure::Missing(TARGET)),
            };
            credentials::rights(call.app, call.ctx, id, call.site.into())?
        }
    };
    let known = known(call);
    let allowed = known.iter().chain(rights.granted.iter()).filter(|pattern| match pattern {
        Pattern::Exact(permission) => rights.covers(permission.as_str()),
        Pattern::All | Pattern::Below(_) => false,
    });
    Ok(fields([("eACL", json!(MethodTree::of(allowed)))]))
}

/// Every permission that there is a name for.
fn known(call: &Call<'_>) -> Vec<Pattern> {
    let index = call.app.index.snapshot();
    let profiles = index.organization(call.organization).map_or(&[][..], |world| &world.record().profiles);
    let declared = profiles.iter().filter_map(|name| index.profile(name)).flat_map(|profile| &profile.permissions);
    let own = own_permissions().filter_map(|text| text.parse::<Permission>().ok());
    declared.cloned().chain(own).map(Pattern::Exact).collect()
}

/// An ACL as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodTree {
    #[serde(rename = "_api")]
    api: Node,
}

/// All methods, those of a namespace, or one of them.
#[derive(Default, Serialize, Deserialize)]
struct Node {
    #[serde(rename = "_ace", default, skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
    #[serde(flatten)]
    below: BTreeMap<String, Node>,
}

/// That something may be called, under no condition.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    perms: Perms,
}

#[derive(Serialize, Deserialize)]
enum Perms {
    #[serde(rename = "x")]
    Execute,
}

impl MethodTree {
    fn of<'p>(patterns: impl Iterator<Item = &'p Pattern>) -> Self {
        let mut api = Node::default();
        for pattern in patterns {
            let node = match pattern {
                Pattern::All => &mut api,
                Pattern::Below(resource) => api.at(resource),
                Pattern::Exact(permission) => api.at(permission.resource()).at(permission.action()),
            };
            node.entry = Some(Entry { perms: Perms::Execute });
        }
        Self { api }
    }

    /// Reads one; what is wrong with it otherwise.
    fn read(text: &str) -> Result<PatternSet, String> {
        let acl: MethodTree = serde_json::from_str(text).map_err(|error| format!("{error}: {SHAPE}"))?;
        let mut patterns = Vec::new();
        if acl.api.entry.is_some() {
            patterns.push(Pattern::All);
        }
        for (namespace, methods) in &acl.api.below {
            if methods.entry.is_some() {
                patterns.push(named_by(&format!("{namespace}:*"))?);
            }
            for (method, node) in &methods.below {
                if node.entry.is_none() || !node.below.is_empty() || method == "*" {
                    return Err(format!("`{namespace}.{method}` is not simply allowed: {SHAPE}"));
                }
                patterns.push(named_by(&format!("{namespace}:{method}"))?);
            }
        }
        Ok(patterns.into_iter().collect())
    }
}

impl Node {
    fn at(&mut self, name: &str) -> &mut Node {
        self.below.entry(name.to_owned()).or_default()
    }
}

fn named_by(text: &str) -> Result<Pattern, String> {
    text.parse().map_err(|invalid: InvalidPermission| invalid.to_string())
}

const SHAPE: &str =
    r#"write `{"_api":{"accounts":{"search":{"_ace":{"perms":"x"}}}}}`, without conditions: those cannot be kept"#;
const GROUPS: &str = "groupIDs";

#[cfg(test)]
mod tests {
    use super::*;

    fn set(patterns: &[&str]) -> PatternSet {
        patterns.iter().map(|text| text.parse::<Pattern>().unwrap()).collect()
    }

    #[test]
    fn an_acl_is_its_patterns() {
        let x = json!({ "perms": "x" });
        for (patterns, api) in [
            (set(&[]), json!({})),
            (set(&["*"]), json!({ "_ace": x })),
            (set(&["accounts:*"]), json!({ "accounts": { "_ace": x } })),
            (
                set(&["accounts:search", "accounts.webhooks:get", "ds:*"]),
                json!({
                    "accounts": { "search": { "_ace": x } },
                    "accounts.webhooks": { "get": { "_ace": x } },
                    "ds": { "_ace": x },
                }),
            ),
        ] {
            let acl = json!({ "_api": api });
            assert_eq!(json!(MethodTree::of(patterns.iter())), acl);
            assert_eq!(MethodTree::read(&acl.to_string()).unwrap(), patterns);
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for acl in [
            "",
            "[]",
            "{",
            "{}",
            r#"{"_api":[]}"#,
            r#"{"_api":{},"_data":{}}"#,
            r#"{"_api":{"accounts":"x"}}"#,
            r#"{"_api":{"accounts":{"search":{}}}}"#,
            r#"{"_api":{"accounts":{"search":{"_ace":{"perms":"r"}}}}}"#,
            r#"{"_api":{"accounts":{"search":{"_ace":{"perms":"x","params":{}}}}}}"#,
            r#"{"_api":{"accounts":{"search":{"_ace":{"perms":"x"},"query":{"_ace":{"perms":"x"}}}}}}"#,
            r#"{"_api":{"accounts":{"_ace":{"perms":""}}}}"#,
            r#"{"_api":{"accounts":{"se arch":{"_ace":{"perms":"x"}}}}}"#,
            r#"{"_api":{"accounts":{"*":{"_ace":{"perms":"x"}}}}}"#,
            r#"{"_api":{"a b":{"_ace":{"perms":"x"}}}}"#,
        ] {
            assert!(MethodTree::read(acl).is_err(), "{acl}");
        }
    }
}
