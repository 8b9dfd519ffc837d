//! How long the pages of the console take, and what they weigh, in an organization of a hundred thousand credentials.
//! Told, not judged: machines differ.

mod world;

use std::time::Duration;

use keyward_server::clock::Stopwatch;

use self::world::World;
use crate::harness::{As, Reply, TestServer};

/// How often each page is asked for, on one connection and with nobody else about.
const TIMES: usize = 30;

/// `cargo test --release -p keyward-server --test it a_hundred_thousand_credentials_on_pages -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run it in release"]
async fn a_hundred_thousand_credentials_on_pages() {
    let world = World::seeded().await;
    eprintln!("\n{:34} {:^35}   {:^35}", "page", "a super admin", "a member with five grants");
    let columns = format!("{:>8} {:>8} {:>8} {:>8}", "p50 ms", "max ms", "CPU ms", "kB");
    eprintln!("{:34} {columns}   {columns}", "");
    for (what, path) in world.pages() {
        let path = world.resolved(&world.admin.caller, path).await;
        let admin = measured(&world.server, &world.admin.caller, &path).await;
        let member = measured(&world.server, &world.member, &path).await;
        eprintln!("{what:34} {admin}   {member}");
    }
}

/// The middle and the longest of the times that a page took until it was there as a whole, and what it weighs.
async fn measured(server: &TestServer, visitor: &As, path: &str) -> String {
    let page = shown(server, visitor, path).await;
    if page.status != 200 {
        return format!("{:>35}", page.status);
    }
    let before = on_cpu();
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let watch = Stopwatch::start();
        shown(server, visitor, path).await.expect(200);
        times.push(watch.elapsed());
    }
    let on_cpu = on_cpu().saturating_sub(before) / u32::try_from(TIMES).unwrap();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a page is small")]
    let weight = page.text.len() as f64 / 1_000.0;
    let [middle, longest, on_cpu] = [times[TIMES / 2], times[TIMES - 1], on_cpu].map(millis);
    format!("{middle:8.1} {longest:8.1} {on_cpu:8.1} {weight:8.1}")
}

/// How long the threads of this process, server and client, have run so far: what else the machine does counts little.
fn on_cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of_thread = |thread: std::fs::DirEntry| {
        let told = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.map(of_thread).sum())
}

/// A page as a browser asks for it.
async fn shown(server: &TestServer, visitor: &As, path: &str) -> Reply {
    let As::Bearer(token) = visitor else { panic!("pages are for people") };
    let cookie = format!("keyward={token}");
    let request =
        server.http.get(format!("{}{path}", server.url)).header("cookie", cookie).header("accept", "text/html");
    Reply::read(request.send().await.unwrap()).await
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
