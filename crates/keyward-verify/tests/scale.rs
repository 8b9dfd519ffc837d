//! How long it takes and how much memory, with many credentials. Run by name, in release:
//! `cargo test -p keyward-verify --release --test scale -- --ignored --nocapture`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says so, and this one is for its figures"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keyward_core::change::{Change, Committed, Revision};
use keyward_core::digest::Digest;
use keyward_core::id::CredentialId;
use keyward_core::role::Holder;

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use support::*;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

struct Measuring;

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only adds up and passes on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size().cast_signed(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static MEASURING: Measuring = Measuring;

#[test]
#[ignore = "takes a while and a gigabyte"]
fn a_hundred_thousand_credentials() {
    measure(100_000);
}

#[test]
#[ignore = "takes a while and a gigabyte"]
fn a_million_credentials() {
    measure(1_000_000);
}

/// Loads `count` native keys with one grant each, decides on all of them in a mixed order, and publishes changes.
fn measure(count: u32) {
    let mut fixture = Fixture::new();
    let template = fixture.make("plain");
    let sample: Vec<Issued> = (0..1000).map(|_| fixture.make("plain")).collect();
    // Most are only there; a thousand, spread evenly, are asked for.
    let every = count / 1000;
    let changes = beginning().into_iter().chain((0..count).flat_map(|number| {
        let mut record = match number % every {
            0 => sample[(number / every) as usize].record.clone(),
            _ => template.record.clone(),
        };
        if number % every != 0 {
            let noise = spread(number);
            record.id = CredentialId::from_bits(u128::from(noise) << 64 | u128::from(number));
            record.public_id = format!("tpl_{noise:016x}");
            record.slots[0].digest = Digest { bytes: [noise.to_le_bytes()[0]; 32], ..record.slots[0].digest };
        }
        let held = grant(record.id.bits(), Holder::Credential(record.id), EDITOR, APP);
        [Change::Credential(Box::new(record)), held]
    }));
    let before = IN_USE.load(Relaxed);
    let time = stopwatch(|| fixture.index.load(Revision(1), changes).unwrap());
    let bytes = (IN_USE.load(Relaxed) - before) / isize::try_from(count).unwrap();
    println!("{count} credentials with a grant each: loaded in {time:.2?}, {bytes} bytes per credential");

    let request = may("items:edit", APP);
    let rounds = 100;
    let time = stopwatch(|| {
        for round in 0..rounds {
            for key in &sample {
                let decision = black_box(&fixture.index).decide(&key.presented(), &request, now());
                assert!(answer(decision).is_ok(), "round {round}");
            }
        }
    });
    println!("  {:?} per decision, one thousand keys in turn", time / (rounds * 1000));

    let mut revision = fixture.index.revision();
    let time = stopwatch(|| {
        for key in &sample {
            revision = revision.next();
            fixture.index.apply(&[Committed { revision, changes: vec![key.change()] }]).unwrap();
        }
    });
    println!("  {:?} per published change", time / 1000);
}

/// Different for every number, and in no order.
fn spread(number: u32) -> u64 {
    (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[expect(clippy::disallowed_methods, reason = "a measurement, not a decision")]
fn stopwatch<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}
