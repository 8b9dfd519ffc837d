use super::*;
use proptest::prelude::*;

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn permission() -> impl Strategy<Value = String> {
    (prop::collection::vec(word(), 1..4), word())
        .prop_map(|(resource, action)| format!("{}:{action}", resource.join(".")))
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        1 => Just(Pattern::All),
        4 => prop::collection::vec(word(), 1..4).prop_map(|r| Pattern::Below(r.join(".").into())),
        4 => permission().prop_map(|p| p.parse().unwrap()),
    ]
}

fn set() -> impl Strategy<Value = PatternSet> {
    prop::collection::vec(pattern(), 0..5).prop_map(|v| v.into_iter().collect())
}

fn rights() -> impl Strategy<Value = Rights> {
    (set(), set()).prop_map(|(granted, denied)| Rights { granted, denied })
}

/// Every permission over the words of the strategies, and words no pattern mentions: a finite stand-in for "all".
fn universe() -> Vec<String> {
    let words = ["a", "b", "c", "new"];
    let mut resources: Vec<String> = words.iter().map(ToString::to_string).collect();
    for _ in 0..3 {
        let longer: Vec<String> =
            resources.iter().flat_map(|r| words.iter().map(move |w| format!("{r}.{w}"))).collect();
        resources.extend(longer);
        resources.sort();
        resources.dedup();
    }
    resources.iter().flat_map(|r| words.iter().map(move |w| format!("{r}:{w}"))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn subset_is_exact(a in set(), b in set()) {
        let really = universe().iter().all(|p| !a.covers(p) || b.covers(p));
        prop_assert_eq!(a.within(&b), really, "{:?} {:?}", a, b);
    }

    #[test]
    fn subset_of_rights_is_exact(a in rights(), b in rights()) {
        let really = universe().iter().all(|p| !a.covers(p) || b.covers(p));
        // Sound always: `within` never says yes wrongly. Complete too, but for a pattern whose excess is denied piecemeal.
        if a.within(&b) { prop_assert!(really, "{:?} {:?}", a, b); }
        if really && a.denied.is_empty() { prop_assert!(a.within(&b), "{:?} {:?}", a, b); }
    }

    #[test]
    fn meet_and_join_are_pointwise(a in rights(), b in rights()) {
        let (both, either) = (a.meet(&b), a.granted.join(&b.granted));
        for p in universe() {
            prop_assert_eq!(both.covers(&p), a.covers(&p) && b.covers(&p));
            prop_assert_eq!(either.covers(&p), a.granted.covers(&p) || b.granted.covers(&p));
        }
    }

    #[test]
    fn equal_sets_are_equal_values(a in set(), b in set()) {
        prop_assert_eq!(a == b, a.within(&b) && b.within(&a));
    }

    #[test]
    fn patterns_round_trip(p in pattern()) {
        prop_assert_eq!(p.to_string().parse::<Pattern>(), Ok(p));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,40}") {
        let _ = text.parse::<Pattern>();
        let _ = text.parse::<Permission>();
    }
}

#[test]
fn a_resource_pattern_covers_the_resources_below_it() {
    let accounts: Pattern = "accounts:*".parse().unwrap();
    assert!(accounts.covers("accounts:get"));
    assert!(accounts.covers("accounts.webhooks:get"));
    assert!(!accounts.covers("accountsx:get"));
    assert!("accounts.webhooks:*".parse::<Pattern>().unwrap().within(&accounts));
    assert!(!accounts.within(&"accounts.webhooks:*".parse().unwrap()));
}

#[test]
fn what_is_not_a_permission_says_so() {
    for wrong in [
        "",
        "*",
        "a",
        ":b",
        "a:",
        "a:*",
        "a..b:c",
        ".a:b",
        "a:b:c",
        "a b:c",
        "a:b.c",
        "ä:b",
        "1:b",
        &format!("{}:b", "a".repeat(200)),
    ] {
        let error = wrong.parse::<Permission>().unwrap_err().to_string();
        assert!(error.contains("resource:action"), "{error}");
    }
    assert!("a:*:b".parse::<Pattern>().is_err());
    assert!("**".parse::<Pattern>().is_err());
}
