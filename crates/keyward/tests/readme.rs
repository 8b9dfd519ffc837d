//! The tutorial of the README, pasted into a shell.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// What the tutorial must have printed, in this order.
const TOLD: &[&str] = &[
    "organization  org_",
    "ready",
    "email     ada@example.com",
    "name          Shop",
    "Nightly report  keyward/api  active",
    "allowed     yes",
    "allowed     no",
    "grants        failed",
    "allowed     yes",
    "confirmed on 1 of 1 node",
    "allowed     no",
    "reason      revoked",
    "credentials.revoke",
    "intact       yes",
];

#[test]
fn the_tutorial_does_what_it_says() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Whoever pastes has the port to themselves; tests have not.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let script = tutorial(&readme)
        .replace("127.0.0.1:8080", &address)
        .replace("keyward serve ", &format!("keyward serve --listen {address} "))
        .replace("keyward login ", &format!("keyward login http://{address} "));
    let program = Path::new(env!("CARGO_BIN_EXE_keyward")).parent().unwrap();
    let path = format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", program.display());
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", path)
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .output()
        .unwrap();
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut rest = &*printed;
    for told in TOLD {
        let Some(at) = rest.find(told) else {
            panic!("no `{told}` in what is left of the output:\n{rest}\n\n{errors}")
        };
        rest = &rest[at + told.len()..];
    }
    assert!(!errors.contains("panicked") && !errors.contains("error:"), "{errors}");
}

/// The commands of the tutorial, without its first block, which builds the program.
fn tutorial(readme: &str) -> String {
    let (_, section) = readme.split_once("<!-- ten minutes: begin -->").unwrap();
    let (section, _) = section.split_once("<!-- ten minutes: end -->").unwrap();
    let blocks: Vec<&str> = section.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect();
    assert!(blocks[0].contains("cargo build --release"), "the first block builds the program");
    blocks[1..].concat()
}
