//! From a presented text to a credential, or not.

use std::sync::Arc;

use keyward_core::change::Change;
use keyward_core::decision::{By, Presented, Reason};
use keyward_core::entropy::Seeded;
use keyward_core::keyring::KeyRing;
use keyward_verify::Index;

use crate::support::*;

fn token<'a>(token: &'a str, by: By<'a>) -> Presented<'a> {
    Presented::Token { token, by }
}

fn reason(index: &Index, presented: Presented<'_>) -> Option<Reason> {
    answer(index.decide(&presented, &hello(), now())).err().map(|denial| denial.reason)
}

#[test]
fn each_form_is_found_and_confirmed() {
    let mut fixture = Fixture::new();
    for kind in ["plain", "pair", "bare"] {
        let (key, unknown) = (fixture.issue(kind), fixture.make(kind));
        assert_eq!(fixture.reason(&key, &hello()), None, "{kind}");
        assert_eq!(fixture.reason(&unknown, &hello()), Some(Reason::Unknown), "{kind}");
    }
}

#[test]
fn an_unknown_id_and_a_wrong_secret_answer_the_same() {
    let mut fixture = Fixture::new();
    let (mut one, mut other, unknown) = (fixture.issue("pair"), fixture.issue("pair"), fixture.make("pair"));
    std::mem::swap(&mut one.secret, &mut other.secret);
    let denials = [&one, &other, &unknown].map(|key| fixture.ask(key, &hello()).unwrap_err());
    assert!(denials.iter().all(|denial| *denial == Reason::Unknown.into()), "{denials:?}");
}

#[test]
fn junk_is_malformed_in_every_carrier() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("plain");
    let (cut, more) = (&key.secret[..key.secret.len() - 1], format!("{}a", key.secret));
    let flipped = key.secret.replacen('_', "-", 1);
    let typo = {
        let at = key.secret.len() - 20;
        let other = if key.secret.as_bytes()[at] == b'x' { "y" } else { "x" };
        format!("{}{other}{}", &key.secret[..at], &key.secret[at + 1..])
    };
    let huge = "A".repeat(1 << 20);
    let junk = ["", " ", "\0", "é", cut, &more, &flipped, &typo, &huge, "Bearer x", &"\u{1F511}".repeat(8)];
    for text in junk {
        for by in [By::Bearer, By::Header("x-api-key"), By::Vouched] {
            assert_eq!(reason(&fixture.index, token(text, by)), Some(Reason::Malformed), "{text:.20}");
        }
        for (id, secret) in [(text, "secret"), ("id", text), (text, text), (key.record.public_id.as_str(), text)] {
            let pair = Presented::Pair { id, secret, by: By::Basic };
            assert_eq!(reason(&fixture.index, pair), Some(Reason::Malformed), "{id:.20} {secret:.20}");
        }
    }
    let with_nul = format!("{}\0{}", &key.secret[..30], &key.secret[31..]);
    assert_eq!(reason(&fixture.index, token(&with_nul, By::Bearer)), Some(Reason::Malformed));
}

#[test]
fn the_halves_of_a_client_belong_together() {
    let mut fixture = Fixture::new();
    let (one, other) = (fixture.issue("client"), fixture.issue("client"));
    let pair = Presented::Pair { id: &one.record.public_id, secret: &other.secret, by: By::Basic };
    assert_eq!(reason(&fixture.index, pair), Some(Reason::Malformed), "the checksum is over both halves");
}

#[test]
fn what_was_issued_in_one_piece_does_not_open_in_two() {
    let mut fixture = Fixture::new();
    let (key, client) = (fixture.issue("plain"), fixture.issue("client"));
    let (id, rest) = key.secret.split_at(key.record.public_id.len());
    let in_two = Presented::Pair { id, secret: &rest[1..], by: By::Vouched };
    assert_eq!(reason(&fixture.index, in_two), Some(Reason::Malformed));
    let in_one = format!("{}_{}", client.record.public_id, client.secret);
    assert_eq!(reason(&fixture.index, token(&in_one, By::Vouched)), Some(Reason::Unknown));
}

#[test]
fn a_well_formed_token_of_a_foreign_prefix_is_unknown() {
    let fixture = Fixture::new();
    let prefix = "foreign".parse().unwrap();
    let (_, text) = keyward_core::format::NativeToken::generate(&prefix, &mut Seeded::new(9));
    assert_eq!(reason(&fixture.index, token(text.expose(), By::Bearer)), Some(Reason::Unknown));
}

#[test]
fn digests_under_an_accepted_pepper_count_and_under_a_retired_one_do_not() {
    let mut fixture = Fixture::new();
    let keys = ["plain", "pair", "bare"].map(|kind| fixture.issue(kind));
    let text = fixture.ring.to_text();
    let mut ring = KeyRing::parse(text.expose()).unwrap();
    let version = ring.add(START, &mut Seeded::new(3)).unwrap();
    ring.promote(version).unwrap();
    let before = fixture.ring.current_version();
    let promoted = ring.to_text();
    fixture.index.set_key_ring(Arc::new(ring));
    for key in &keys {
        assert_eq!(fixture.ask(key, &hello()).unwrap().settle().unwrap().pepper, before);
    }
    let mut ring = KeyRing::parse(promoted.expose()).unwrap();
    ring.retire(before, 0).unwrap();
    fixture.index.set_key_ring(Arc::new(ring));
    for key in &keys {
        assert_eq!(fixture.reason(key, &hello()), Some(Reason::Unknown));
    }
}

#[test]
fn a_kind_that_no_profile_has_any_more_is_unknown() {
    let mut fixture = Fixture::new();
    let (key, bare) = (fixture.issue("plain"), fixture.issue("bare"));
    let pruned = |prefix: &str, text: &str| {
        let start = text.find(prefix).unwrap();
        let end = text[start..].find("\n\n").unwrap() + start;
        format!("{}{}", &text[..start], &text[end..])
    };
    let text = pruned("[kinds.bare]", &pruned("[kinds.plain]", KINDS));
    let change = |text: &str| Change::Profile(keyward_core::change::RecordedProfile::new("test", 2, text));
    fixture.commit([change(&text)]);
    assert_eq!(fixture.reason(&key, &hello()), Some(Reason::Unknown));
    assert_eq!(fixture.reason(&bare, &hello()), Some(Reason::Malformed));
    fixture.commit([change(KINDS)]);
    assert_eq!((fixture.reason(&key, &hello()), fixture.reason(&bare, &hello())), (None, None));
}
