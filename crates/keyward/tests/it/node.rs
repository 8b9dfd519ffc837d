//! A server as a process: what it says, and how it ends.

use crate::support::{Home, is_private, serving};

#[test]
fn the_first_start_prints_the_link_once_and_the_server_obeys_signals() {
    let mut home = Home::new();
    let (node, url) = serving(&home);
    home.uses(&url);
    let page = node.line_with("/setup#kwset_");
    let token = page.split_once('#').unwrap().1.trim().to_owned();
    assert!(page.trim().starts_with(&format!("{url}/setup#")), "{page}");
    assert!(is_private(&home.path("data/keyring")));

    let file = home.file("setup-token", &token);
    let init = ["init", "--setup-token-file", &file, "--name", "Ada", "--email", "ada@example.com"];
    let password = "correct horse battery staple";
    insta::assert_snapshot!("init_over_http", home.run_with(&init, password).ended(0).shown(&home));
    home.run_with(&init, password).ended(5);

    // While the server runs, its SQLite file is its own.
    let held = home.run(&["db", "check", "--data-dir", "data"]).ended(1);
    insta::assert_snapshot!("db_check_held", held.shown(&home));

    node.signal("HUP");
    home.run_with(&["login", "--email", "ada@example.com"], password).ended(0);
    node.signal("TERM");
    node.line_with("stopping");
    assert_eq!(node.ended(), Some(0));

    home.run(&["db", "check", "--data-dir", "data"]).ended(0);
    let (node, _) = serving(&home);
    node.signal("INT");
    let said = node.line_with("stopping");
    assert!(!said.contains("setup"));
    assert_eq!(node.ended(), Some(0));
}

#[test]
fn two_servers_do_not_share_a_database() {
    let home = Home::new();
    let _first = serving(&home);
    let folder = home.path("data").display().to_string();
    let second = home.run(&["serve", "--data-dir", &folder, "--listen", "127.0.0.1:0"]).ended(1);
    assert!(second.stderr.contains("error: "), "{second:?}");
}
