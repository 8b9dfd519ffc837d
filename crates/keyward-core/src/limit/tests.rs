//! The limit of a kind: what one more credential does at, under and over it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::credential::tests::kind;
use crate::kind::{Limit, LimitScope};

fn limited(count: u32, on_create: OnCreate) -> Kind {
    Kind { limit: Some(Limit { count, per: LimitScope::Organization }), on_create, ..kind("test/limited") }
}

fn id(bits: u128) -> CredentialId {
    CredentialId::from_bits(bits)
}

fn reached(count: u32) -> Result<Admission, LimitReached> {
    Err(LimitReached { kind: "test/limited".to_owned(), count })
}

fn free(place: u32) -> Admission {
    Admission::Free { place: Some(place) }
}

#[test]
fn a_kind_without_a_limit_takes_no_place() {
    assert_eq!(admit(&kind("test/unlimited"), &[(1, id(1))]), Ok(Admission::Free { place: None }));
}

#[test]
fn the_lowest_free_place_is_taken_whatever_happens_over_the_limit() {
    for on_create in [OnCreate::Keep, OnCreate::Refuse, OnCreate::Supersede] {
        let kind = limited(3, on_create);
        assert_eq!(admit(&kind, &[]), Ok(free(1)), "{on_create:?}");
        assert_eq!(admit(&kind, &[(1, id(1))]), Ok(free(2)), "{on_create:?}");
        assert_eq!(
            admit(&kind, &[(3, id(3)), (1, id(1))]),
            Ok(free(2)),
            "{on_create:?}: a place given up is used again"
        );
    }
}

#[test]
fn over_the_limit_earlier_ones_stay_or_go_as_the_kind_says() {
    let full = [(2, id(20)), (1, id(10))];
    assert_eq!(admit(&limited(2, OnCreate::Keep), &full), reached(2));
    assert_eq!(admit(&limited(2, OnCreate::Refuse), &full), reached(2));
    let superseded = Admission::Supersede { place: 1, revoke: vec![id(20), id(10)] };
    assert_eq!(admit(&limited(2, OnCreate::Supersede), &full), Ok(superseded));
}

#[test]
fn a_limit_lowered_below_what_exists_admits_none_but_can_be_superseded() {
    let full = [(1, id(1)), (2, id(2)), (3, id(3))];
    assert_eq!(admit(&limited(1, OnCreate::Refuse), &full), reached(1));
    assert_eq!(admit(&limited(2, OnCreate::Refuse), &full[1..]), reached(2), "place 1 is free, and still two exist");
    let all = full.iter().map(|(_, id)| *id).collect();
    assert_eq!(admit(&limited(1, OnCreate::Supersede), &full), Ok(Admission::Supersede { place: 1, revoke: all }));
}

#[test]
fn a_limit_of_none_admits_none() {
    for on_create in [OnCreate::Keep, OnCreate::Refuse] {
        assert_eq!(admit(&limited(0, on_create), &[]), reached(0), "{on_create:?}");
    }
}

proptest! {
    /// Creating and revoking in any order: never more than the limit, never two in one place, never refused while a
    /// place is free.
    #[test]
    fn places_are_unique_and_bounded(
        count in 1_u32..5,
        on_create in prop::sample::select(vec![OnCreate::Keep, OnCreate::Refuse, OnCreate::Supersede]),
        steps in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 1..40),
    ) {
        let kind = limited(count, on_create);
        let mut living: Vec<(u32, CredentialId)> = vec![];
        for (step, revoked) in steps.into_iter().enumerate() {
            if let Some(which) = revoked {
                if !living.is_empty() {
                    living.swap_remove(which.index(living.len()));
                }
                continue;
            }
            match admit(&kind, &living) {
                Ok(Admission::Free { place }) => living.push((place.unwrap(), id(step as u128))),
                Ok(Admission::Supersede { place, revoke }) => {
                    prop_assert_eq!(on_create, OnCreate::Supersede);
                    living.retain(|(_, id)| !revoke.contains(id));
                    living.push((place, id(step as u128)));
                }
                Err(_) => {
                    prop_assert_ne!(on_create, OnCreate::Supersede);
                    prop_assert_eq!(living.len(), count as usize);
                }
            }
            let places: BTreeSet<u32> = living.iter().map(|(place, _)| *place).collect();
            prop_assert_eq!(places.len(), living.len());
            prop_assert!(places.iter().all(|place| (1..=count).contains(place)));
        }
    }
}
