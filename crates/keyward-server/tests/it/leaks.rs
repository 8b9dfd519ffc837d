//! No secret of a whole story is found anywhere but in the one answer that hands it out: not in the database, not in
//! logs, the audit log or metrics, and not in what is answered to whoever sends a secret to the wrong place.

mod misplaced;
mod needles;
mod story;

use std::path::{Path, PathBuf};

use crate::harness::{As, Reply, log_lines};
use story::{Story, told};

#[tokio::test]
async fn no_secret_is_kept_logged_counted_or_repeated() {
    let log = log_lines();
    let mut story = told().await;
    let places = places(&mut story).await;
    let replies = std::mem::take(&mut story.replies);
    let Story { server, needles, public_ids, .. } = story;

    let mut leaks = Vec::new();
    for (question, reply) in &replies {
        let headers = format!("{:?}", reply.headers);
        for what in needles.found_in(format!("{headers}\n{}", reply.text).as_bytes()) {
            leaks.push(format!("the answer to `{question}` has {what}: {} {}", reply.status, reply.text));
        }
    }
    let before = files(&server.folder.path().join("data"));
    let folder = server.stop().await;
    let after = files(&folder.path().join("data"));
    let log = log.lock().unwrap().clone();
    let named = places.iter().map(|(place, text)| (place.clone(), text.as_bytes()));
    let stored = before.iter().chain(&after).map(|(path, bytes)| (path.display().to_string(), &bytes[..]));
    for (place, bytes) in named.chain(stored).chain([("the log".to_owned(), &log[..])]) {
        leaks.extend(needles.found_in(bytes).into_iter().map(|what| format!("{place} has {what}")));
    }
    leaks.sort_unstable();
    leaks.dedup();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));

    // That nothing was found says something only of places where something can be found.
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for public_id in &public_ids {
        assert!(after.iter().any(|(_, bytes)| holds(bytes, public_id)), "`{public_id}` is in no file");
    }
    assert!(holds(&log, "/v1/credentials/{credential}/rotate"), "the log was not captured");
    for (place, word) in [("organization", "credentials.use"), ("deployment", "sign_in_failed"), ("metrics", "_total")]
    {
        assert!(places.iter().any(|(name, text)| name.contains(place) && text.contains(word)), "{place}: no {word}");
    }
    assert!(replies.len() > 500, "{}", replies.len());
}

/// What the node tells about itself at the end of the story.
async fn places(story: &mut Story) -> Vec<(String, String)> {
    let admin = story.admin();
    let operator = story.operator.clone();
    let mut places = Vec::new();
    for (place, by, path) in [
        ("the audit log of the organization", &admin, "/v1/audit/export"),
        ("the audit log of the deployment", &operator, "/v1/audit/export"),
        ("the change feed", &admin, "/v1/changes?limit=1000"),
        ("the metrics", &As::Anonymous, "/metrics"),
        ("the usage", &admin, "/v1/usage"),
    ] {
        let Reply { text, .. } = story.server.get(by, path).await.expect(200);
        places.push((place.to_owned(), text));
    }
    places
}

/// Every file below a folder but the key ring, whose secrets are its own.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.file_name().is_some_and(|name| name != "keyring") {
            let bytes = std::fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    assert!(files.iter().any(|(path, _)| path.ends_with("keyward.db")), "{}", folder.display());
    files
}
