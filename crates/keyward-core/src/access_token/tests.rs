use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;
use crate::permission::Permission;
use crate::profile::{Profile, built_in};

fn ring(seed: u64) -> KeyRing {
    KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(seed)).unwrap()
}

fn token(scope: &str, namespace: Option<NamespaceId>) -> AccessToken {
    AccessToken {
        credential: CredentialId::from_bits(7),
        generation: 3,
        issued_at: Timestamp::from_seconds(100),
        expires_at: Timestamp::from_seconds(400),
        namespace,
        scope: scope.parse().unwrap(),
    }
}

#[test]
fn a_token_says_again_what_was_sealed() {
    let ring = ring(1);
    let namespaces = [
        None,
        Some(OrganizationId::from_bits(1).into()),
        Some(ApplicationId::from_bits(2).into()),
        Some(WorkspaceId::from_bits(3).into()),
        Some(UserGroupId::from_bits(u128::MAX).into()),
    ];
    for (number, namespace) in namespaces.into_iter().enumerate() {
        for scope in ["", "files:read", "files:* scripts:run", &"a:b ".repeat(80)] {
            let sealed = token(scope, namespace);
            let text = sealed.seal(&ring, &mut Seeded::new(number as u64)).unwrap();
            assert!(AccessToken::is_claimed_by(text.expose()));
            assert_eq!(AccessToken::open(&ring, text.expose()), Ok(sealed));
        }
    }
}

#[test]
fn a_changed_or_foreign_token_opens_nowhere() {
    let ring = ring(1);
    let text = token("files:read", None).seal(&ring, &mut Seeded::new(1)).unwrap();
    let text = text.expose();
    assert_eq!(AccessToken::open(&self::ring(2), text), Err(InvalidToken::Unknown));
    for at in AccessToken::PREFIX.len()..text.len() {
        let mut changed = text.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(AccessToken::open(&ring, std::str::from_utf8(&changed).unwrap()).is_err(), "character {at}");
    }
    for cut in 0..text.len() {
        assert!(AccessToken::open(&ring, &text[..cut]).is_err(), "cut at {cut}");
    }
    for junk in ["", "kwat_", "kwat_!", "kwat", &format!("kwat_{}", "A".repeat(100_000)), &format!("{text}A")] {
        assert!(AccessToken::open(&ring, junk).is_err());
    }
}

#[test]
fn what_another_purpose_sealed_is_no_token() {
    let ring = ring(1);
    let binding = Binding::CredentialSecret {
        organization: OrganizationId::from_bits(1),
        credential: CredentialId::from_bits(1),
    };
    let sealed = ring.seal_bytes(binding, &[1; FIXED_LENGTH], &mut Seeded::new(1)).unwrap();
    let text = format!("kwat_{}", URL_SAFE_NO_PAD.encode(sealed.as_bytes()));
    assert_eq!(AccessToken::open(&ring, &text), Err(InvalidToken::Unknown));
}

#[test]
fn a_scope_is_a_list_of_patterns() {
    assert_eq!("  files:read   files:edit ".parse::<Scope>().unwrap().as_str(), "files:read files:edit");
    assert!("".parse::<Scope>().unwrap().is_everything());
    for wrong in ["read", "files:", "files:read\tx", "files:read\"", "ä:b", &"a:b ".repeat(81)] {
        assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_scope_includes_what_its_patterns_cover(
        patterns in prop::collection::vec("([ab](\\.[ab])?:([xy]|\\*))|\\*", 1..4),
        permission in "[ab](\\.[ab]){0,2}:[xy]",
    ) {
        prop_assume!(Permission::is_valid(&permission));
        let scope: Scope = patterns.join(" ").parse().unwrap();
        prop_assert_eq!(scope.includes(&permission), scope.patterns().unwrap().covers(&permission));
    }
}

fn asked(scope: Option<&str>, lifetime: Option<u64>) -> Asked<'_> {
    Asked { scope, lifetime: lifetime.map(Duration::from_secs), namespace: None }
}

#[test]
fn a_grant_is_never_more_than_the_credential() {
    let profile = Profile::parse("keyward", built_in("keyward").unwrap()).unwrap();
    let kind = profile.kind_named("oauth").unwrap();
    let (id, now) = (CredentialId::from_bits(1), Timestamp::from_seconds(1_000));
    let exchanged = Exchanged { credential: id, kind, generation: 2, expires_at: None };
    let held: PatternSet = ["files:*".parse().unwrap()].into_iter().collect();
    let holds = |asked: &PatternSet| asked.within(&held);
    let lifetime = kind.usage.token_lifetime().unwrap();

    let all = grant(exchanged, Asked::default(), holds, now).unwrap();
    assert_eq!((all.expires_at, all.generation), (now.plus(lifetime), 2));
    assert!(all.scope.is_everything());
    let some = grant(exchanged, asked(Some("files:read"), Some(10)), holds, now).unwrap();
    assert_eq!((some.expires_in(now), some.scope.as_str()), (10, "files:read"));
    assert_eq!(grant(exchanged, asked(None, Some(u64::MAX / 2)), holds, now).unwrap().expires_at, now.plus(lifetime));

    for scope in ["files:read orders:read", "*", "nonsense", "orders:*"] {
        assert_eq!(grant(exchanged, asked(Some(scope), None), holds, now), Err(GrantError::Scope), "{scope}");
    }
    assert_eq!(grant(exchanged, asked(None, Some(0)), holds, now), Err(GrantError::Lifetime));

    let soon = Exchanged { expires_at: Some(now.plus(Duration::from_secs(5))), ..exchanged };
    assert_eq!(grant(soon, Asked::default(), holds, now).unwrap().expires_in(now), 5, "never beyond the credential");
    let direct = Exchanged { kind: profile.kind_named("api").unwrap(), ..exchanged };
    assert_eq!(grant(direct, Asked::default(), holds, now), Err(GrantError::NotExchanged));
}
