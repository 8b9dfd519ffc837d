//! Processes that die: what they acknowledged is there, what they refused is not.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use keyward_core::change::Revision;

use super::support::*;
use super::uses::a_nonce;
use crate::testing::{TestStore, options};
use crate::{Faults, Injected, Point, Store, StoreOptions, UseRecorded};

pub(super) async fn nothing_acknowledged_is_lost_and_nothing_refused_is_kept(store: TestStore) {
    scratch(&store).await;
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    // Killed from outside after so many answers, or by itself around a COMMIT.
    let deaths = ["1", "7", "40", "93", "before-commit", "after-commit", "150"];
    for (round, death) in deaths.into_iter().enumerate() {
        let (said, status) = die(&store.database.url, "write", round, death);
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

pub(super) async fn every_use_that_was_answered_is_recorded(store: TestStore) {
    let mut answered: BTreeSet<u64> = BTreeSet::new();
    for (round, death) in ["1", "30", "before-commit", "after-commit", "200"].into_iter().enumerate() {
        let (said, status) = die(&store.database.url, "use", round, death);
        assert!(status.signal().is_some(), "{death}: {status}");
        answered.extend(said.iter().map(|line| line.strip_prefix("done ").unwrap().parse::<u64>().unwrap()));

        let mut reader = store.read().await.unwrap();
        let logged = reader.audit_after(ORGANIZATION, 0, 10_000).await.unwrap();
        let logged: Vec<u64> = logged.iter().map(|r| r.entry().unwrap().target.unwrap().parse().unwrap()).collect();
        let signed = reader.all::<([u8; 16],)>("SELECT nonce FROM nonces", ()).await.unwrap();
        let signed: BTreeSet<u64> =
            signed.iter().map(|(nonce,)| u64::from_le_bytes(*nonce.first_chunk().unwrap())).collect();
        let verified = store.verify_audit(ORGANIZATION, Vec::new(), &[0; 32]).await.unwrap().unwrap();
        assert_eq!(verified.count, logged.len() as u64);
        let logged_once: BTreeSet<u64> = logged.iter().copied().collect();
        assert_eq!(logged_once.len(), logged.len(), "recorded twice after {death}");

        for n in &answered {
            assert!(!is_logged(*n) || logged_once.contains(n), "the entry of use {n} was lost after {death}");
            assert!(!is_signed(*n) || signed.contains(n), "the nonce of use {n} was lost after {death}");
        }
        let both = |n: &&u64| is_logged(**n) && is_signed(**n);
        assert!(logged_once.iter().filter(both).eq(signed.iter().filter(both)), "half recorded after {death}");
    }
    assert!(answered.len() > 230, "{}", answered.len());
}

fn is_logged(n: u64) -> bool {
    !n.is_multiple_of(3)
}

fn is_signed(n: u64) -> bool {
    n % 3 != 1
}

/// Runs a child that does `what` until it dies; what it said.
fn die(url: &str, what: &str, round: usize, death: &str) -> (Vec<String>, ExitStatus) {
    let mut child = child(&[what, url, &round.to_string(), death]).stdout(Stdio::piped()).spawn().unwrap();
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
            ["write", url, round, death] => write(open_to_die(url, death).await, round).await,
            ["use", url, round, death] => record_uses(open_to_die(url, death).await, round.parse().unwrap()).await,
            ["open", url] => match Store::open(url, StoreOptions { shared_file: false, ..options() }).await {
                Ok(_) => println!("\nopened"),
                Err(error) => println!("\nerror: {error}"),
            },
            ["panic in the index", url] => panic_in_the_index(url).await,
            other => panic!("{other:?}"),
        }
    });
}

/// A store that ends the process at its 20th commit, if that is the death it shall die.
async fn open_to_die(url: &str, death: &str) -> Store {
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
    Store::open(url, StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await.unwrap()
}

/// Records uses: logged ones, signed ones, and such that are both.
async fn record_uses(store: Store, round: u64) {
    let tasks = (0..4).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in (round * 4 + task) * 1_000_000.. {
                let logged = is_logged(n).then(|| entry("credentials.use", &n.to_string()));
                let signed = is_signed(n).then(|| a_nonce(1, n));
                assert_eq!(store.record_use(ORGANIZATION, logged, signed).await.unwrap(), UseRecorded::First);
                println!("done {n}");
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

async fn write(store: Store, round: &str) {
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
