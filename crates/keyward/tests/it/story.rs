//! A day at the command line, against a real server.

use crate::process::Node;
use crate::support::{Home, is_private, serving};

const PASSWORD: &str = "correct horse battery staple";

/// A server with one operator and one organization, who is signed in.
fn signed_in() -> (Home, Node) {
    let mut home = Home::new();
    let (node, url) = serving(&home);
    home.uses(&url);
    let link = node.line_with("/setup#");
    let token = home.file("setup-token", link.split_once('#').unwrap().1);
    let init = ["init", "--setup-token-file", &token, "--name", "Ada", "--email", "ada@example.com"];
    home.run_with(&[&init[..], &["--with-organization", "Acme"]].concat(), PASSWORD).ended(0);
    let login = home.run_with(&["login", "--email", "ada@example.com"], PASSWORD).ended(0);
    insta::assert_snapshot!("login", login.shown(&home));
    (home, node)
}

#[test]
fn a_credential_from_its_creation_to_its_end() {
    let (home, _node) = signed_in();
    let say = |name: &str, code: i32, arguments: &[&str]| {
        let ran = home.run(arguments).ended(code);
        insta::assert_snapshot!(name, ran.shown(&home));
        ran
    };
    say("apps_create", 0, &["apps", "create", "--name", "Shop"]);
    say("apps_create_taken", 5, &["apps", "create", "--name", "shop"]);
    say("workspaces_create", 0, &["workspaces", "create", "--name", "Checkout", "--app", "Shop"]);
    say("roles_create", 0, &["roles", "create", "--name", "Reader", "--allow", "items:read", "--allow", "items:list"]);
    let create = ["credentials", "create", "--kind", "keyward/api", "--role", "Reader@Checkout"];
    let created = say("credentials_create", 0, &[&create[..], &["--name", "One", "--namespace", "Shop"]].concat());
    let (before, secret) = created.stdout.trim_end().rsplit_once('\n').unwrap();
    assert!(secret.starts_with("kwa_") && !before.contains(secret), "{created:?}");

    let quiet = home.run(&[&create[..], &["--name", "Two", "--quiet"]].concat()).ended(0);
    assert!(quiet.line().starts_with("kwa_") && quiet.stderr.is_empty(), "{quiet:?}");
    let document = home.run(&[&create[..], &["--name", "Three", "--output", "json"]].concat()).ended(0).json();
    let id = document["credential"]["id"].as_str().unwrap();
    let token = document["secret"]["token"].as_str().unwrap();

    let judge = |command: &str, permission: &str, code: i32| {
        let asked = [command, "--permission", permission, "--namespace", "Checkout"];
        home.run_with(&asked, token).ended(code)
    };
    insta::assert_snapshot!("verify_allowed", judge("verify", "items:read", 0).shown(&home));
    insta::assert_snapshot!("verify_denied", judge("verify", "items:delete", 7).shown(&home));
    insta::assert_snapshot!("explain", judge("explain", "items:delete", 7).shown(&home));
    let by_id = ["explain", "--credential-id", id, "--permission", "items:read", "--namespace", "Checkout", "--quiet"];
    assert_eq!(home.run(&by_id).ended(0).line(), "allowed");

    let rotated = home.run(&["credentials", "rotate", id, "--confirm", "--grace", "1h", "--quiet"]).ended(0).line();
    assert!(rotated.starts_with("kwa_") && rotated != token);
    insta::assert_snapshot!("verify_in_grace", judge("verify", "items:read", 0).shown(&home));
    say("credentials_edit", 0, &["credentials", "edit", id, "--name", "Third", "--source", "127.0.0.0/8"]);
    say("credentials_disable", 0, &["credentials", "disable", id]);
    assert_eq!(home.run_with(&["verify", "--quiet"], &rotated).ended(7).line(), "disabled");
    home.run(&["credentials", "enable", id]).ended(0);
    say("credentials_revoke", 0, &["credentials", "revoke", id, "--compromised"]);
    assert_eq!(home.run_with(&["verify", "--quiet"], &rotated).ended(7).line(), "revoked");
    say("credentials_rotate_revoked", 5, &["credentials", "rotate", id, "--confirm"]);

    let page = home.run(&["credentials", "list", "--limit", "1"]).ended(0);
    assert!(page.stderr.contains("--cursor "), "{page:?}");
    let all = home.run(&["credentials", "list", "--all", "--output", "json"]).ended(0).json();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next"]), (2, &serde_json::Value::Null));
    assert_eq!(home.run(&["credentials", "list", "--all", "--quiet"]).stdout.lines().count(), 2);
    assert_eq!(home.run(&["credentials", "list", "--state", "revoked", "--quiet"]).line(), id);
    say("credentials_list", 0, &["credentials", "list", "--state", "active"]);
}

#[test]
fn who_may_not_is_told_so() {
    let (home, _node) = signed_in();
    let create = ["credentials", "create", "--kind", "keyward/api", "--name", "Key", "--role", "Viewer", "--quiet"];
    let key = home.file("key", &home.run(&create).ended(0).stdout);
    let with_key = |arguments: &[&str]| home.run(&[arguments, &["--token-file", &key]].concat());
    insta::assert_snapshot!("whoami_credential", with_key(&["whoami"]).ended(0).shown(&home));
    insta::assert_snapshot!(
        "refused",
        with_key(&["roles", "create", "--name", "X", "--allow", "*"]).ended(3).shown(&home)
    );
    let refused = with_key(&["roles", "create", "--name", "X", "--allow", "*", "--output", "json"]).ended(3);
    let problem: serde_json::Value = serde_json::from_str(&refused.stderr).unwrap();
    assert_eq!((problem["status"].as_u64(), refused.stdout.as_str()), (Some(403), ""));

    let missing = ["credentials", "get", "cred_01kap30392e000000000000001"];
    insta::assert_snapshot!("not_found", home.run(&missing).ended(4).shown(&home));
    insta::assert_snapshot!("no_such_name", home.run(&["apps", "get", "Nowhere"]).ended(4).shown(&home));
    let unknown = ["credentials", "create", "--kind", "keyward/nothing", "--name", "x"];
    insta::assert_snapshot!("unknown_kind", home.run(&unknown).ended(2).shown(&home));
    home.run(&["profiles", "apply", concat!(env!("CARGO_MANIFEST_DIR"), "/../../profiles/gigantik.toml"), "--dry-run"])
        .ended(0);
    insta::assert_snapshot!("empty_input", home.run(&["verify"]).ended(2).shown(&home));
}

#[test]
fn a_session_belongs_to_one_server_and_ends() {
    let (home, _node) = signed_in();
    let session = home.path("config/keyward/session.json");
    assert!(is_private(&session));
    let kept = std::fs::read_to_string(&session).unwrap();
    assert!(kept.contains("kwses_") && !kept.contains(PASSWORD));
    let elsewhere = home.run(&["whoami", "--server", "http://127.0.0.1:9"]).ended(3);
    assert!(elsewhere.stderr.contains("not to `http://127.0.0.1:9`"), "{elsewhere:?}");
    home.run_with(&["login", "--email", "ada@example.com"], "a wrong password, and long").ended(3);
    home.run(&["whoami", "--organization", "acme", "--quiet"]).ended(0);
    home.run(&["whoami", "--organization", "Nobody"]).ended(4);

    let mode = |bits: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&session, std::fs::Permissions::from_mode(bits)).unwrap();
    };
    mode(0o644);
    let open = home.run(&["whoami"]).ended(1);
    assert!(open.stderr.contains("chmod 600"), "{open:?}");
    mode(0o600);
    insta::assert_snapshot!("logout", home.run(&["logout"]).ended(0).shown(&home));
    assert!(!session.exists());
    home.run(&["whoami"]).ended(3);
    std::fs::write(&session, kept).unwrap();
    mode(0o600);
    home.run(&["whoami"]).ended(3);
}

#[test]
fn people_roles_and_the_log() {
    let (home, _node) = signed_in();
    let invited =
        home.run(&["users", "invite", "grace@example.com", "--role", "Viewer", "--output", "json"]).ended(0).json();
    let token = home.file("invitation", invited["token"].as_str().unwrap());
    insta::assert_snapshot!("invitations_list", home.run(&["invitations", "list"]).ended(0).shown(&home));
    let other = home.run(&["users", "invite", "eve@example.com", "--output", "json"]).ended(0).json();
    home.run(&["invitations", "withdraw", other["id"].as_str().unwrap()]).ended(0);
    home.run(&["invitations", "withdraw", other["id"].as_str().unwrap()]).ended(4);
    let accept = ["invitations", "accept", "--invitation-file", &token, "--name", "Grace"];
    let accepted = home.run_with(&accept, "another long password here").ended(0);
    insta::assert_snapshot!("invitations_accept", accepted.shown(&home));
    home.run(&["usergroups", "create", "--name", "Team"]).ended(0);
    home.run(&["usergroups", "members", "add", "Team", "grace@example.com"]).ended(0);
    let members = home.run(&["usergroups", "members", "list", "Team"]).ended(0);
    insta::assert_snapshot!("usergroups_members_list", members.shown(&home));
    let group = home.run(&["usergroups", "list", "--quiet"]).ended(0).line();
    let grant = home.run(&["grants", "create", "--holder", &group, "--role", "Editor"]).ended(0);
    insta::assert_snapshot!("grants_create", grant.shown(&home));
    home.run(&["users", "suspend", "grace@example.com"]).ended(0);
    insta::assert_snapshot!("users_list", home.run(&["users", "list", "--state", "suspended"]).ended(0).shown(&home));
    let previewed = home.run(&["roles", "preview", "Editor", "--allow", "items:read"]).ended(0);
    insta::assert_snapshot!("roles_preview", previewed.shown(&home));

    home.run(&["audit", "verify"]).ended(0);
    let exported = home.run(&["audit", "export", "--operation", "users"]).ended(0);
    let entries: Vec<serde_json::Value> =
        exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.iter().any(|entry| entry["operation"] == "users.suspend"), "{exported:?}");
    home.run(&["changes", "list", "--limit", "1"]).ended(0);
    home.run(&["usage"]).ended(0);
    home.run(&["sessions", "list"]).ended(0);
    let deployment = home.run(&["deployment", "--output", "json"]).ended(0).json();
    assert_eq!((&deployment["database"]["engine"], &deployment["nodes"]), (&"SQLite".into(), &serde_json::json!([])));
    assert!(home.run(&["deployment"]).ended(0).stdout.contains("current: this node is alone"));
    home.run(&["orgs", "list"]).ended(0);
    let profiles = home.run(&["profiles", "list"]).ended(0);
    assert!(profiles.stdout.contains("keyward/api, keyward/management"), "{profiles:?}");
    let text = home.run(&["profiles", "show", "keyward", "--text"]).ended(0);
    assert!(text.stdout.contains("[kinds.api]"));
}
