//! Processes that die: what they acknowledged is there, what they refused is not.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use keyward_core::change::Revision;

use super::support::*;
use crate::testing::{TestStore, options};
use crate::{Faults, Injected, Point, Store, StoreOptions};

pub(super) async fn nothing_acknowledged_is_lost_and_nothing_refused_is_kept(store: TestStore) {
    scratch(&store).await;
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    // Killed from outside after so many answers, or by itself around a COMMIT.
    let deaths = ["1", "7", "40", "93", "before-commit", "after-commit", "150"];
    for (round, death) in deaths.into_iter().enumerate() {
        let (said, status) = die(&store.database.url, round, death);
        assert!(status.signal().is_some(), "{death}: {status}");
        for line in said {
            match line.split_once(' ') {
                Some(("done", name)) => acknowledged.push(name.to_owned()),
                Some(("refused", name)) => refused.push(name.to_owned()),
                _ => {}
            }
        }
        let kept = rows(&store).await;
        assert_eq!(acknowledged.iter().find(|name| !kept.contains(name)), None, "lost after {death}");
        assert_eq!(refused.iter().find(|name| kept.contains(name)), None, "kept after {death}");
        assert_eq!(kept.iter().find(|name| name.starts_with("half")), None, "half done after {death}");

        // Rows, feed and audit log tell the same story.
        let mut reader = store.read().await.unwrap();
        let feed = reader.feed(Revision(0), 10_000).await.unwrap();
        assert_eq!(feed.len() as u64, reader.revision().0);
        let mut in_feed: Vec<String> = feed.iter().map(|row| names(&row.changes).concat()).collect();
        in_feed.sort();
        assert_eq!(in_feed, kept);
        let verified = store.verify_audit(ORGANIZATION, Vec::new(), &[0; 32]).await.unwrap().unwrap();
        assert_eq!(verified.count, feed.len() as u64);
    }
    assert!(acknowledged.len() > 250 && refused.len() > 50, "{} {}", acknowledged.len(), refused.len());
}

/// Runs a child that writes until it dies; what it said.
fn die(url: &str, round: usize, death: &str) -> (Vec<String>, ExitStatus) {
    let mut child = child(&["write", url, &round.to_string(), death]).stdout(Stdio::piped()).spawn().unwrap();
    let answers = death.parse::<usize>().unwrap_or(usize::MAX);
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The test runner does not end its own line before the test's first.
        let line = ["done ", "refused "].iter().find_map(|word| line.find(word).map(|at| line[at..].to_owned()));
        said.extend(line);
        if said.len() == answers {
            child.kill().unwrap();
        }
    }
    (said, child.wait().unwrap())
}

/// This very program, as another process.
pub(super) fn child(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::crash::another_process", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(ARGUMENTS, arguments.join("\n"));
    command
}

const ARGUMENTS: &str = "KEYWARD_TEST_ARGUMENTS";

#[test]
#[ignore = "is run by other tests, as a process of its own"]
fn another_process() {
    #[expect(clippy::disallowed_methods, reason = "how the test that started this process speaks to it")]
    let arguments = std::env::var(ARGUMENTS).unwrap();
    let arguments: Vec<&str> = arguments.split('\n').collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match arguments.as_slice() {
            ["write", url, round, death] => write(url, round, death).await,
            ["open", url] => match Store::open(url, StoreOptions { shared_file: false, ..options() }).await {
                Ok(_) => println!("\nopened"),
                Err(error) => println!("\nerror: {error}"),
            },
            ["panic in the index", url] => panic_in_the_index(url).await,
            other => panic!("{other:?}"),
        }
    });
}

async fn write(url: &str, round: &str, death: &str) {
    let point = match death {
        "before-commit" => Some(Point::BeforeCommit),
        "after-commit" => Some(Point::AfterCommit),
        _ => None,
    };
    let commits = AtomicU32::new(0);
    let hook = move |at| {
        if Some(at) == point && commits.fetch_add(1, Ordering::Relaxed) == 20 {
            std::process::abort();
        }
        async { Injected::Nothing }.boxed()
    };
    let store = Store::open(url, StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await.unwrap();
    let mut tasks = Vec::new();
    for task in 0..4 {
        let (store, round) = (store.clone(), round.to_owned());
        tasks.push(tokio::spawn(async move {
            for n in 0_u64.. {
                let name = format!("{round}-{task}-{n}");
                if n % 4 == 0 {
                    let half = format!("half-{name}");
                    let refuse = name.clone();
                    let job = async move |tx: &mut crate::Tx| {
                        insert(tx, &refuse).await?;
                        insert(tx, &half).await?;
                        Err::<((), _), _>(Refused::ByRule)
                    };
                    store.write(ORGANIZATION, job).await.unwrap_err();
                    println!("refused {name}");
                } else {
                    put(&store, &name).await.unwrap();
                    println!("done {name}");
                }
            }
        }));
    }
    futures_util::future::join_all(tasks).await;
}

async fn panic_in_the_index(url: &str) {
    let store = Store::open(url, options()).await.unwrap();
    let start = store.read().await.unwrap().start().await.unwrap();
    store.follow(start, Arc::new(|_| panic!("a test's index panics on purpose"))).await.unwrap();
    let written = put(&store, "one").await;
    println!("\nalive: {written:?}");
}
