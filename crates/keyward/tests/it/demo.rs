//! The demo: its stories go as told, and every line that it prints does what it says.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::Running;
use crate::support::{Home, printed_until};

#[test]
fn the_stories_go_as_told() {
    let home = Home::new();
    let told = home.run(&["demo", "--once", "--listen", "127.0.0.1:0"]).ended(0);
    let steps = steps(&told.stdout);
    assert!(told.stdout.ends_with(&format!("All {} steps went as told.\n\n", steps.len())), "{}", told.stdout);
    let chapters: Vec<_> = told.stdout.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for (number, profile) in ["keyward", "gigantik", "gigya", "gainsight", "gateway_hub", "passport"].iter().enumerate()
    {
        assert!(chapters[number + 1].ends_with(&format!("on the profile `{profile}`")), "{chapters:?}");
    }
    for title in [
        "Rotate it",
        "Revoke it",
        "The next request with it is refused",
        "which is more than Admin",
        "A wrong secret",
        "Signed instead",
        "Add Existing Application",
        "Re-Generate Access Key",
        "not for the Event APIs",
        "Security settings are not edited with a key",
        "The token of the old client_secret is refused",
        "What it does not do is make access tokens",
        "Her key shrinks with her",
    ] {
        assert!(steps.iter().any(|step| step.title.contains(title)), "no step `{title}`");
    }
    let reached: Vec<_> = steps.iter().filter(|step| !step.body["received"].is_null()).collect();
    assert!(reached.len() > 6, "services behind the proxy were reached");
    for step in reached {
        let (secrets, received) = (secrets(&step.curl), step.body["received"].to_string());
        assert!(!secrets.is_empty(), "{}", step.curl);
        assert!(secrets.iter().all(|secret| !received.contains(secret)), "{}: {received}", step.title);
    }
    let full = home.path("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("keyward.db"), "").unwrap();
    home.run(&["demo", "--once", "--data-dir", "full"]).ended(2);
}

#[test]
fn every_printed_line_can_be_pasted() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(curl.is_ok_and(|output| output.status.success()), "this needs `curl`: `cargo xtask test` installs it");
    let home = Home::new();
    let mut demo = Running::start(home.command(&["demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()));
    let told = printed_until(&mut demo, "--organization Acme");
    let steps = steps(&told);
    assert!(steps.len() > 70 && steps.iter().filter(|step| step.moving.is_some()).count() > 25);

    // First what changes nothing, then the rest: lines that change something change what others answer. From the end, so that
    // what replaces an earlier key comes after what uses that.
    for step in &steps {
        let Some(moving) = &step.moving else { continue };
        let (status, mut body) = pasted(&step.curl);
        assert_eq!(status, step.status, "{}", step.title);
        let mut printed = step.body.clone();
        for key in moving {
            for answer in [&mut printed, &mut body] {
                assert!(answer.as_object_mut().unwrap().remove(key).is_some(), "{}: no `{key}`", step.title);
            }
        }
        assert_eq!(body, printed, "{}", step.title);
    }
    for step in steps.iter().rev().filter(|step| step.moving.is_none()) {
        let (status, body) = pasted(&step.curl);
        assert_eq!(
            (status, step.error.as_ref()),
            (step.later, step.error.as_ref().map(|_| &body["errorCode"])),
            "{}: {body}",
            step.title
        );
    }
    demo.signal("TERM");
    assert_eq!(demo.ended(), Some(0));
}

/// One step as it was printed.
struct Step {
    title: String,
    /// For a repeatable line, the keys whose values move on.
    moving: Option<Vec<String>>,
    /// The status of the answer when the line is pasted later.
    later: u16,
    /// The `errorCode` of that answer, for a vendor who says so whatever the status is.
    error: Option<Value>,
    curl: String,
    status: u16,
    body: Value,
}

fn steps(told: &str) -> Vec<Step> {
    let mut lines = told.lines().peekable();
    let mut steps = Vec::new();
    while let Some(line) = lines.next() {
        let Some(title) = line.strip_prefix("# ").filter(|title| title.starts_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        let marker = lines.next().unwrap().strip_prefix("# ").unwrap().to_owned();
        let mut curl = String::new();
        let status = loop {
            let line = lines.next().unwrap();
            if let Some(status) = line.strip_prefix("HTTP ") {
                break status.parse().unwrap();
            }
            curl.push_str(line);
            curl.push('\n');
        };
        let body: Vec<&str> = std::iter::from_fn(|| lines.next_if(|line| !line.is_empty())).collect();
        let body = serde_json::from_str(&body.join("\n")).unwrap_or_else(|error| panic!("{title}: {error}"));
        let error = marker.split_once("errorCode ").map(|(_, rest)| {
            let code = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            Value::from(code.parse::<u64>().unwrap())
        });
        let (moving, later) = if let Some(later) = marker.strip_prefix("pasted later: HTTP ") {
            (None, later.split(',').next().unwrap().parse().unwrap())
        } else {
            let keys = marker.strip_prefix("repeatable").unwrap();
            let keys = keys.strip_prefix(", but for ").unwrap_or_default();
            let keys = keys.split(", ").filter(|key| !key.is_empty()).map(str::to_owned).collect();
            (Some(keys), status)
        };
        steps.push(Step { title: title.to_owned(), moving, later, error, curl, status, body });
    }
    steps
}

/// What a vendor's client sends to prove itself: a password, a header, a field of a form.
fn secrets(curl: &str) -> Vec<&str> {
    let lines = curl.lines().map(|line| line.trim().trim_end_matches(" \\").trim_end_matches('\''));
    lines.filter_map(secret).collect()
}

fn secret(option: &str) -> Option<&str> {
    let named = ["Bearer ", "OAuth ", "Accesskey: ", "X-API-Key: ", " secret=", " sig="];
    let named = named.iter().find_map(|name| option.split_once(name));
    named.or_else(|| option.strip_prefix("-u ")?.split_once(':')).map(|(_, secret)| secret)
}

/// Gives a line to a shell, as somebody would.
fn pasted(curl: &str) -> (u16, Value) {
    let output = Command::new("sh").arg("-c").arg(curl).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{curl}: {}", String::from_utf8_lossy(&output.stderr));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{curl}: {error}: {body}")))
}
