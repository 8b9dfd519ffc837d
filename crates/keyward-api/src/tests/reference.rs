//! The reference that is generated from the tables. `KEYWARD_UPDATE_DOCS=1 cargo test -p keyward-api` rewrites it.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::ErrorCode;
use crate::operations::{ALL, Operation};

#[test]
fn generated_error_reference() {
    let mut text = String::from(
        "# Errors\n\n\
         <!-- Generated from the catalogue in `keyward-api`; `cargo xtask docs` rewrites it. -->\n\n\
         Every error of the native API is an `application/problem+json` (RFC 9457) from this closed catalogue. Branch on \
         `code`\nalone: a code keeps its meaning and its status, while `title` and `detail` are for people. `type` is \
         `urn:keyward:problem:`\nand the code, `instance` the id of the request. OAuth 2.0 and the vendors' dialects keep \
         their own error bodies.\n\n\
         ```json\n",
    );
    let sample = <crate::Problem as crate::sample::Sample>::sample();
    text.push_str(&serde_json::to_string_pretty(&sample).unwrap());
    text.push_str("\n```\n");
    let groups: [(&str, &[u16]); 6] = [
        ("The request cannot be read", &[400, 405, 406, 408, 413, 414, 415, 431]),
        ("Who asks", &[401, 403]),
        ("What it is about", &[404, 421]),
        ("What stands against it now", &[409, 412, 428]),
        ("What is asked for", &[422]),
        ("Not now", &[429, 500, 502, 503, 504, 507]),
    ];
    for (heading, statuses) in groups {
        write!(text, "\n## {heading}\n\n| code | status | title | what to do |\n|---|---|---|---|\n").unwrap();
        for code in ErrorCode::ALL.iter().filter(|code| statuses.contains(&code.status())) {
            writeln!(text, "| `{code}` | {} | {} | {} |", code.status(), code.title(), code.sentence()).unwrap();
        }
    }
    assert_eq!(text.matches("\n| `").count(), ErrorCode::ALL.len(), "a status is in no group, or in two");
    check_or_update("errors.md", &text);
}

#[test]
fn generated_operation_reference() {
    let mut text = String::from(
        "# Operations\n\n\
         <!-- Generated from the table in `keyward-api`; `cargo xtask docs` rewrites it. -->\n\n\
         An operation has one id: in OpenAPI, in the audit log, in metrics, and as `keyward credentials revoke` on the \
         command\nline. *permission* is what it takes at the namespace of what it is about (or at the organization, for \
         administrative\nresources); for lists it decides what is visible. *changes*: it writes one audit entry. \
         *confirms*: its answer waits until\nthe change is in force on every node, and carries a receipt.\n",
    );
    let mut resource = "";
    for operation in ALL {
        let Operation { id, method, path, permission, caller, changes, confirms, summary } = operation;
        let own = id.split('.').next().unwrap();
        if own != resource {
            resource = own;
            write!(
                text,
                "\n## {resource}\n\n| operation | request | caller | permission | effect | |\n|---|---|---|---|---|---|\n"
            )
            .unwrap();
        }
        let permission = permission.map(|p| format!("`{p}`")).unwrap_or_default();
        let effect = match (changes, confirms) {
            (_, true) => "confirms",
            (true, false) => "changes",
            (false, false) => "reads",
        };
        let (method, caller) = (method.as_str(), caller.as_str());
        writeln!(text, "| `{id}` | `{method} {path}` | {caller} | {permission} | {effect} | {summary} |").unwrap();
    }
    check_or_update("operations.md", &text);
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether files are rewritten")]
fn check_or_update(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("KEYWARD_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/reference/{name} is out of date: set KEYWARD_UPDATE_DOCS=1 and run the tests again");
}
