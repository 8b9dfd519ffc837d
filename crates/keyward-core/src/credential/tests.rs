//! Every transition in every state, the arithmetic of rotation and expiry, and what each kind lets change.

use proptest::prelude::*;

use super::*;
use crate::format::{Alphabet, TextFormat};
use crate::keyring::{KeyRing, KeyVersion};
use crate::kind::{Authority, Cap, Format, KeyPair, ManageFrom, OnCreate, Parts, Requirement, Reveal, Usage};
use crate::labels::Labels;
use crate::namespace::NamespaceKind;
use crate::seal::Binding;

/// A kind with every knob at its plainest; tests change the ones that they are about.
pub(crate) fn kind(id: &str) -> Kind {
    let text = || Format::Text(TextFormat::new("", Alphabet::Base62, 32).unwrap());
    Kind {
        id: id.parse().unwrap(),
        parts: Parts::Pair,
        key_pair: KeyPair::None,
        id_format: text(),
        secret_format: text(),
        present: vec![],
        usage: Usage::Direct,
        lives_in: vec![NamespaceKind::Organization],
        limit: None,
        on_create: OnCreate::Keep,
        unique_name: None,
        reveal: Reveal::Once,
        expiry: Expiry::Optional { default: None, max: None },
        rotate: Rotate::Secret { confirm: false, grace: Duration::ZERO, max_grace: Duration::MAX },
        edit: vec![Field::Name, Field::Roles, Field::Sources],
        authority: Authority::Roles { min: 0, max: 16 },
        cap: Cap::None,
        deny: Denials::default(),
        create_requires: Requirement::Access,
        manage_requires: Requirement::Access,
        manage_from: ManageFrom::Any,
        transferable: false,
        rate: None,
        sources: true,
        log_use: false,
        https_only: false,
        revoked_shown: true,
        labels: Labels::default(),
    }
}

/// An active credential of `kind` with one secret, made at the epoch, living at the organization.
pub(crate) fn credential(kind: &Kind, bits: u128) -> Credential {
    let organization = OrganizationId::from_bits(1);
    Credential {
        id: CredentialId::from_bits(bits),
        organization,
        kind: kind.id.clone(),
        name: Name::new("nightly export").unwrap(),
        public_id: format!("id-{bits}"),
        namespace: organization.into(),
        owner: None,
        created_by: CallerId::System,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        state: State::Active,
        generation: 1,
        expires_at: None,
        sources: vec![],
        denied: Denials::default(),
        public_key: None,
        slots: vec![Slot { number: 1, digest: digest(1), sealed: None, created_at: Timestamp::EPOCH, ends_at: None }],
    }
}

fn digest(byte: u8) -> Digest {
    Digest { pepper: KeyVersion::new(1), bytes: [byte; 32] }
}

fn new_slot(byte: u8) -> NewSlot {
    NewSlot { digest: digest(byte), sealed: None }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn sample() -> (Kind, Credential) {
    let kind = kind("test/plain");
    let credential = credential(&kind, 7);
    (kind, credential)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

const NOW: i64 = 100;

/// Every way in which a credential may change, as an outcome that can be compared.
fn attempt(verb: &str, credential: Credential, kind: &Kind) -> Result<Credential, Transition> {
    match verb {
        "disable" => credential.disable(at(NOW)),
        "enable" => credential.enable(at(NOW)),
        "revoke" => credential.revoke(at(NOW), RevokeReason::Requested),
        "rotate" => credential.rotate(kind, new_slot(2), None, at(NOW)),
        "edit" => credential.edit(kind, Edit { name: Some(name("renamed")), sources: None }, at(NOW)),
        other => panic!("no such verb: {other}"),
    }
}

#[test]
fn every_transition_in_every_state() {
    let active = State::Active;
    let disabled = State::Disabled { at: at(50) };
    let revoked = State::Revoked { at: at(60), reason: RevokeReason::Compromised };
    let ends_now = State::Revoked { at: at(NOW), reason: RevokeReason::Requested };
    let final_end = || Err(Transition::Revoked { at: at(60) });
    // state, verb, the state after it and by how much the generation grows; or the refusal.
    let table = [
        (active, "disable", Ok((State::Disabled { at: at(NOW) }, 0))),
        (active, "enable", Err(Transition::Already("enabled"))),
        (active, "revoke", Ok((ends_now, 1))),
        (active, "rotate", Ok((active, 1))),
        (active, "edit", Ok((active, 0))),
        (disabled, "disable", Err(Transition::Already("disabled"))),
        (disabled, "enable", Ok((active, 0))),
        (disabled, "revoke", Ok((ends_now, 1))),
        (disabled, "rotate", Ok((disabled, 1))),
        (disabled, "edit", Ok((disabled, 0))),
        (revoked, "disable", final_end()),
        (revoked, "enable", final_end()),
        (revoked, "revoke", final_end()),
        (revoked, "rotate", final_end()),
        (revoked, "edit", final_end()),
    ];
    for (state, verb, expected) in table {
        let (kind, credential) = sample();
        let before = Credential { state, ..credential };
        let after = attempt(verb, before.clone(), &kind);
        let outcome = after.as_ref().map(|c| (c.state, c.generation - before.generation)).map_err(Clone::clone);
        assert_eq!(outcome, expected, "{verb} while {state:?}");
        if let Ok(after) = after {
            assert_eq!(after.updated_at, at(NOW), "{verb} while {state:?}");
            assert_eq!(
                (after.id, &after.public_id, after.created_at),
                (before.id, &before.public_id, before.created_at)
            );
        }
    }
}

#[test]
fn an_expired_credential_can_be_put_away_but_not_renewed() {
    let (kind, credential) = sample();
    for end in [at(NOW - 1), at(NOW)] {
        let expired = Credential { expires_at: Some(end), ..credential.clone() };
        for verb in ["disable", "revoke", "edit"] {
            let after = attempt(verb, expired.clone(), &kind).unwrap();
            assert_eq!(after.expires_at, Some(end), "{verb} keeps the end");
        }
        assert_eq!(attempt("rotate", expired, &kind), Err(Transition::Expired(end)));
    }
    let alive = Credential { expires_at: Some(at(NOW + 1)), ..credential };
    assert!(attempt("rotate", alive, &kind).is_ok());
}

#[test]
fn expiry_begins_at_the_very_instant() {
    let (_, credential) = sample();
    let credential = Credential { expires_at: Some(at(NOW)), ..credential };
    assert!(!credential.is_expired(Timestamp::from_micros(at(NOW).micros() - 1)));
    assert!(credential.is_expired(at(NOW)));
    assert!(!Credential { expires_at: None, ..credential }.is_expired(Timestamp::from_micros(i64::MAX)));
}

#[test]
fn revoking_forgets_what_could_reveal_the_secret() {
    let (_, mut credential) = sample();
    let mut entropy = crate::entropy::Seeded::new(1);
    let ring = KeyRing::generate(Timestamp::EPOCH, &mut entropy).unwrap();
    let binding = Binding::CredentialSecret { organization: credential.organization, credential: credential.id };
    let secret = crate::secret::Secret::from_string("shown again".to_owned());
    credential.slots[0].sealed = Some(ring.seal(binding, &secret, &mut entropy).unwrap());
    let revoked = credential.revoke(at(NOW), RevokeReason::Requested).unwrap();
    assert!(revoked.is_revoked());
    assert!(revoked.slots.iter().all(|slot| slot.sealed.is_none()));
}

#[test]
fn rotation_without_grace_ends_the_earlier_secret_at_once() {
    let (kind, credential) = sample();
    let rotated = credential.rotate(&kind, new_slot(2), None, at(NOW)).unwrap();
    assert_eq!(rotated.slots.len(), 1);
    let slot = rotated.current().unwrap();
    assert_eq!((slot.number, slot.digest, slot.created_at, slot.ends_at), (2, digest(2), at(NOW), None));
}

#[test]
fn rotation_with_grace_keeps_the_earlier_secret_until_then_and_no_longer() {
    let (kind, credential) = sample();
    let rotated = credential.rotate(&kind, new_slot(2), Some(Duration::from_secs(30)), at(NOW)).unwrap();
    let [earlier, current] = rotated.slots.as_slice() else { panic!("two secrets, not {:?}", rotated.slots) };
    assert_eq!((earlier.number, earlier.ends_at), (1, Some(at(NOW + 30))));
    assert_eq!((current.number, current.ends_at), (2, None));
    assert!(earlier.is_alive(Timestamp::from_micros(at(NOW + 30).micros() - 1)));
    assert!(!earlier.is_alive(at(NOW + 30)), "the grace ends at its end, not after it");
    assert!(current.is_alive(Timestamp::from_micros(i64::MAX)));
}

#[test]
fn a_second_rotation_ends_the_grace_of_the_first() {
    let (kind, credential) = sample();
    let grace = Some(Duration::from_secs(1_000));
    let twice = credential
        .rotate(&kind, new_slot(2), grace, at(NOW))
        .and_then(|c| c.rotate(&kind, new_slot(3), grace, at(NOW + 1)))
        .unwrap();
    let numbers: Vec<u32> = twice.slots.iter().map(|slot| slot.number).collect();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn grace_never_outlives_the_credential() {
    let (kind, credential) = sample();
    let ending = Credential { expires_at: Some(at(NOW + 10)), ..credential };
    let rotated = ending.rotate(&kind, new_slot(2), Some(Duration::from_secs(30)), at(NOW)).unwrap();
    assert_eq!(rotated.slots[0].ends_at, Some(at(NOW + 10)));
    assert_eq!(rotated.expires_at, Some(at(NOW + 10)), "rotation never lengthens life");
}

#[test]
fn grace_is_the_kinds_unless_asked_and_never_longer_than_it_allows() {
    let (mut kind, credential) = sample();
    let (default, max) = (Duration::from_secs(5), Duration::from_mins(1));
    kind.rotate = Rotate::Secret { confirm: true, grace: default, max_grace: max };
    let end = |grace| {
        let rotated = credential.clone().rotate(&kind, new_slot(2), grace, at(NOW))?;
        Ok((rotated.slots.len() > 1).then(|| rotated.slots[0].ends_at))
    };
    assert_eq!(end(None), Ok(Some(Some(at(NOW + 5)))));
    assert_eq!(end(Some(Duration::ZERO)), Ok(None));
    assert_eq!(end(Some(max)), Ok(Some(Some(at(NOW + 60)))));
    let asked = Duration::from_secs(61);
    assert_eq!(end(Some(asked)), Err(Transition::Grace { kind: kind.id.clone(), asked, max }));
}

#[test]
fn a_kind_without_rotation_has_none() {
    let (mut kind, credential) = sample();
    kind.rotate = Rotate::Never;
    assert_eq!(attempt("rotate", credential, &kind), Err(Transition::NeverRotates(kind.id.clone())));
}

proptest! {
    /// Whatever the sequence: the current secret never ends, at most one other is in its grace, numbers only grow,
    /// and no secret outlives the credential.
    #[test]
    fn slots_stay_in_order_over_any_sequence_of_rotations(
        rotations in prop::collection::vec((0_u64..50, 0_u64..100), 0..12),
        expires_at in prop::option::of(1_i64..400),
    ) {
        let (kind, credential) = sample();
        let mut credential = Credential { expires_at: expires_at.map(at), ..credential };
        let mut now = Timestamp::EPOCH;
        for (pause, grace) in rotations {
            now = now.plus(Duration::from_secs(pause));
            let before = credential.clone();
            match credential.clone().rotate(&kind, new_slot(9), Some(Duration::from_secs(grace)), now) {
                Ok(after) => credential = after,
                Err(refusal) => {
                    prop_assert!(before.is_expired(now), "{}", refusal);
                    continue;
                }
            }
            prop_assert_eq!(credential.generation, before.generation + 1);
            prop_assert!(credential.slots.len() <= MAX_SLOTS);
            let (current, earlier) = credential.slots.split_last().unwrap();
            prop_assert_eq!(current.ends_at, None);
            for slot in earlier {
                prop_assert_eq!(slot.number + 1, current.number);
                prop_assert!(slot.ends_at.is_some_and(|end| end > now && end <= now.plus(Duration::from_secs(grace))));
                prop_assert!(credential.expires_at.is_none_or(|end| slot.ends_at <= Some(end)));
            }
        }
    }

    #[test]
    fn a_caller_is_read_back_as_it_was_written(choice in 0..4, bits: u128) {
        let caller = match choice {
            0 => CallerId::Anonymous,
            1 => CallerId::User(UserId::from_bits(bits)),
            2 => CallerId::Credential(CredentialId::from_bits(bits)),
            _ => CallerId::System,
        };
        prop_assert_eq!(caller.to_string().parse::<CallerId>(), Ok(caller));
    }
}

#[test]
fn an_edit_changes_what_the_kind_lets_change_and_nothing_else() {
    let network: IpNet = "10.0.0.0/8".parse().unwrap();
    let renamed = Edit { name: Some(name("renamed")), sources: None };
    let moved = Edit { name: None, sources: Some(vec![network]) };
    for fields in [vec![], vec![Field::Name], vec![Field::Sources], vec![Field::Name, Field::Sources]] {
        let (mut kind, credential) = sample();
        kind.edit.clone_from(&fields);
        let fixed = |field| Err(Transition::Fixed { kind: kind.id.clone(), field });
        let edit = |edit: &Edit| credential.clone().edit(&kind, edit.clone(), at(NOW));

        let touched = Credential { updated_at: at(NOW), ..credential.clone() };
        assert_eq!(edit(&Edit::default()), Ok(touched.clone()), "asking for nothing changes nothing");
        let expected = if kind.may_edit(Field::Name) {
            Ok(Credential { name: name("renamed"), ..touched.clone() })
        } else {
            fixed("name")
        };
        assert_eq!(edit(&renamed), expected, "{fields:?}");
        let expected = if kind.may_edit(Field::Sources) {
            Ok(Credential { sources: vec![network], ..touched })
        } else {
            fixed("sources")
        };
        assert_eq!(edit(&moved), expected, "{fields:?}");
    }
}

#[test]
fn networks_are_bounded_joined_and_only_for_kinds_that_have_them() {
    let (mut kind, _) = sample();
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    let halves = vec![net("10.0.0.0/9"), net("10.128.0.0/9"), net("10.1.0.0/16")];
    assert_eq!(checked_sources(&kind, halves), Ok(vec![net("10.0.0.0/8")]));
    let many = |count: u8| (0..count).map(|n| net(&format!("10.0.{n}.1/32"))).collect::<Vec<_>>();
    assert!(checked_sources(&kind, many(64)).is_ok());
    assert_eq!(checked_sources(&kind, many(65)), Err(Transition::Sources(65)));
    kind.sources = false;
    assert_eq!(checked_sources(&kind, many(1)), Err(Transition::NoSources(kind.id.clone())));
    assert_eq!(checked_sources(&kind, vec![]), Ok(vec![]));
}

#[test]
fn the_end_of_a_new_credential_follows_its_kind() {
    let now = at(NOW);
    let hour = Duration::from_hours(1);
    let ends = |expiry_of_kind: Expiry, asked: Option<Timestamp>| {
        let mut kind = kind("test/ending");
        kind.expiry = expiry_of_kind;
        expiry(&kind, asked, now)
    };
    let id: KindId = "test/ending".parse().unwrap();
    let latest = now.plus(hour);
    let just_after = Timestamp::from_micros(latest.micros() + 1);
    let soon = now.plus(Duration::from_secs(1));

    assert_eq!(ends(Expiry::Never, None), Ok(None));
    assert_eq!(ends(Expiry::Never, Some(soon)), Err(InvalidExpiry::Never(id.clone())));

    let free = Expiry::Optional { default: None, max: None };
    assert_eq!(ends(free, None), Ok(None));
    assert_eq!(ends(free, Some(just_after)), Ok(Some(just_after)));
    assert_eq!(ends(free, Some(now)), Err(InvalidExpiry::Past(now)), "an end at this instant is over already");

    let bounded = Expiry::Optional { default: Some(hour), max: Some(hour) };
    assert_eq!(ends(bounded, None), Ok(Some(latest)));
    assert_eq!(ends(bounded, Some(latest)), Ok(Some(latest)));
    assert_eq!(ends(bounded, Some(just_after)), Err(InvalidExpiry::TooLate { kind: id.clone(), latest }));

    let capped = Expiry::Optional { default: None, max: Some(hour) };
    assert_eq!(ends(capped, None), Err(InvalidExpiry::Required(id.clone())), "no end at all is later than the latest");

    let demanded = Expiry::Required { default: None, max: Some(hour) };
    assert_eq!(ends(demanded, None), Err(InvalidExpiry::Required(id)));
    assert_eq!(ends(demanded, Some(soon)), Ok(Some(soon)));
    assert_eq!(ends(Expiry::Required { default: Some(hour), max: None }, None), Ok(Some(latest)));
}

#[test]
fn a_record_is_read_back_as_it_was_written() {
    let (_, credential) = sample();
    let credential = Credential {
        owner: Some(UserId::from_bits(3)),
        created_by: CallerId::Credential(CredentialId::from_bits(4)),
        state: State::Revoked { at: at(5), reason: RevokeReason::AncestorRevoked },
        expires_at: Some(at(9)),
        sources: vec!["2001:db8::/32".parse().unwrap()],
        denied: Denials {
            patterns: ["orders:*".parse().unwrap()].into_iter().collect(),
            groups: vec!["events".into()],
        },
        ..credential
    };
    let text = serde_json::to_string(&credential).unwrap();
    assert_eq!(serde_json::from_str::<Credential>(&text).unwrap(), credential, "{text}");
}
