//! What needs no server.

use std::process::Command;

use crate::support::{Home, is_private};

#[test]
fn help_and_version() {
    let home = Home::new();
    let version = home.run(&["version"]).ended(0);
    assert_eq!(version.stdout, format!("keyward {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(home.run(&["version", "--output", "json"]).json()["version"], env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!("help", home.run(&["--help"]).ended(0).shown(&home));
    insta::assert_snapshot!("help_create", home.run(&["credentials", "create", "--help"]).ended(0).shown(&home));
}

#[test]
fn wrong_usage_is_2() {
    let home = Home::new();
    for arguments in [
        &["no-such-command"][..],
        &["credentials", "get", "usr_01kap30392e000000000000001"],
        &["credentials", "edit", "cred_01kap30392e000000000000001"],
        &["credentials", "create", "--name", "x"],
        &["credentials", "create", "--kind", "keyward/api", "--name", "\u{7}"],
        &["credentials", "rotate", "cred_01kap30392e000000000000001", "--grace", "soon"],
        &["audit", "list", "--outcome", "maybe"],
    ] {
        let ran = home.run(arguments).ended(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    insta::assert_snapshot!("usage", home.run(&["credentials", "list", "--state", "gone"]).ended(2).shown(&home));
}

#[test]
fn nobody_signed_in_is_3_and_no_server_is_6() {
    let home = Home::new();
    insta::assert_snapshot!("not_signed_in", home.run(&["whoami"]).ended(3).shown(&home));
    let token = home.file("token", "kwses_x");
    // Nobody listens on the port for discarding.
    let ran = home.run(&["whoami", "--server", "http://127.0.0.1:9", "--token-file", &token]).ended(6);
    assert!(ran.stderr.contains("`http://127.0.0.1:9` cannot be reached"), "{ran:?}");
    let ran =
        home.run(&["whoami", "--server", "http://127.0.0.1:9", "--token-file", &token, "--output", "json"]).ended(6);
    let problem: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(problem["title"], "Server not available");
}

#[test]
fn configuration_is_checked() {
    let home = Home::new();
    insta::assert_snapshot!("config_check", home.run(&["config", "check"]).ended(0).shown(&home));
    let wrong = home.file("wrong.toml", "[log]\nlevel = \"loud\"\n[limits]\nbody = \"1\"\nunknown = 1\n");
    insta::assert_snapshot!("config_wrong", home.run(&["config", "check", "--config", &wrong]).ended(2).shown(&home));
    for (name, surface, route) in [
        ("config_strange_dialect", "dialect:acme", ""),
        ("config_open_route", "proxy", ROUTE),
        ("config_strange_permission", "proxy", &format!("{ROUTE}permission = \"objects:raed\"")),
    ] {
        let file = home.file("routes.toml", &format!("{ELSEWHERE}name = \"{surface}\"\n{route}\n"));
        insta::assert_snapshot!(name, home.run(&["config", "check", "--config", &file]).ended(2).shown(&home));
    }
    let example = home.run(&["config", "example"]).ended(0);
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../keyward.example.toml");
    assert_eq!(example.stdout, std::fs::read_to_string(kept).unwrap());
}

#[test]
fn profiles_are_checked() {
    let home = Home::new();
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../../profiles/keyward.toml");
    insta::assert_snapshot!("profile_check", home.run(&["profiles", "check", good]).ended(0).shown(&home));
    let kinds = home.run(&["profiles", "check", good, "--output", "json"]).json();
    assert_eq!(kinds["kinds"][0]["id"], "keyward/api");
    home.file("bad.toml", "name = \"bad\"\nversion = 0\n[kinds.key]\nprefix = \"K\"\n");
    insta::assert_snapshot!("profile_bad", home.run(&["profiles", "check", "bad.toml"]).ended(2).shown(&home));
    home.run(&["profiles", "check", "missing.toml"]).ended(2);
}

#[test]
fn a_deployment_is_made_and_its_key_ring_kept_without_a_server() {
    let home = Home::new();
    let init =
        ["init", "--data-dir", "data", "--name", "Ada", "--email", "ada@example.com", "--with-organization", "Acme"];
    let made = home.run_with(&init, "correct horse battery staple\n").ended(0);
    insta::assert_snapshot!("init", made.shown(&home));
    insta::assert_snapshot!("init_again", home.run_with(&init, "correct horse battery staple").ended(5).shown(&home));
    let other = Home::new();
    let short = other.run_with(&["init", "--name", "Ada", "--email", "ada@example.com"], "short").ended(2);
    assert!(short.stderr.contains("15 characters"), "{short:?}");

    assert!(is_private(&home.path("data/keyring")));
    let node = ["--data-dir", "data"];
    let ring = |arguments: &[&str]| home.run(&[&["keyring"], arguments, &node].concat());
    insta::assert_snapshot!("keyring", ring(&["show"]).ended(0).shown(&home));
    insta::assert_snapshot!("keyring_add", ring(&["add"]).ended(0).shown(&home));
    insta::assert_snapshot!("keyring_promote", ring(&["promote", "2"]).ended(0).shown(&home));
    insta::assert_snapshot!("keyring_retire_current", ring(&["retire", "2"]).ended(1).shown(&home));
    insta::assert_snapshot!("keyring_retire", ring(&["retire", "1"]).ended(0).shown(&home));
    assert!(is_private(&home.path("data/keyring")));
    assert_eq!(ring(&["show", "--quiet"]).stdout, "1\n2\n");
    ring(&["promote", "7"]).ended(1);
    home.run(&["keyring", "show", "--data-dir", "elsewhere"]).ended(4);
    assert!(!home.path("elsewhere").exists());

    let checked = home.run(&["db", "check", "--data-dir", "data", "--output", "json"]).ended(0).json();
    assert_eq!((&checked["revision"], &checked["feed_complete"]), (&1.into(), &true.into()), "{checked}");
    assert!(home.run(&["db", "check", "--data-dir", "data"]).ended(0).stdout.starts_with("engine         SQLite 3"));
    let migrated = home.run(&["db", "migrate", "--data-dir", "data", "--output", "json"]).ended(0).json();
    assert_eq!(migrated["from"], migrated["to"]);
    assert_eq!(home.run(&["db", "migrate", "--data-dir", "fresh", "--output", "json"]).ended(0).json()["from"], 0);
}

#[test]
fn the_document_is_printed_whole_or_as_far_as_it_is_read() {
    let home = Home::new();
    let document = home.run(&["openapi"]).ended(0).json();
    assert_eq!(document["paths"]["/v1/verify"]["post"]["operationId"], "credentials.verify");
    let program = env!("CARGO_BIN_EXE_keyward");
    let line = format!("{{ '{program}' openapi; echo \"code $?\" >&2; }} | head -c 1 > /dev/null");
    let piped = Command::new("sh").arg("-c").arg(line).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stderr), "code 0\n");
}

/// A surface for every host, apart from management.
const ELSEWHERE: &str = "[[listener]]\nname = \"own\"\naddress = \"127.0.0.1:8080\"\n\
    [[listener]]\nname = \"api\"\naddress = \"127.0.0.1:8081\"\n\
    [[surface]]\nname = \"native\"\nlistener = \"own\"\n\
    [[surface]]\nlistener = \"api\"\nhost = \"*\"\n";
const ROUTE: &str = "[[route]]\npath = \"/v1/*\"\nupstream = \"http://127.0.0.1:9\"\ndialect = \"gainsight\"\n";
