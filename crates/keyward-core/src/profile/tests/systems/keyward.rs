//! The standard profile.

use super::*;

#[test]
fn four_kinds() {
    let api = kind("keyward", "api");
    assert_eq!((api.parts, api.usage), (Parts::Token, Usage::Direct));
    assert_eq!(api.expiry, Expiry::Optional { default: Some(seconds(90 * DAY)), max: None });
    assert_eq!(api.rotate, Rotate::Secret { confirm: true, grace: Duration::ZERO, max_grace: seconds(7 * DAY) });
    assert_eq!(api.edit, [Field::Name, Field::Roles, Field::Sources]);
    assert!(matches!(api.authority, Authority::Roles { .. }) && api.sources);
    assert_eq!((api.cap, api.rate), (Cap::AtCreation, None));
    assert_eq!(api.deny.groups, ["security"]);
    assert_eq!(api.lives_in.len(), 4);

    let management = kind("keyward", "management");
    assert!(management.is_live() && management.deny.is_empty());
    assert!(matches!(management.authority, Authority::Roles { .. }));
    assert!(matches!(management.expiry, Expiry::Required { max: Some(max), .. } if max == seconds(90 * DAY)));
    assert_eq!(management.manage_from, ManageFrom::Any);

    let oauth = kind("keyward", "oauth");
    assert_eq!((oauth.parts, oauth.usage), (Parts::OauthClient, Usage::Exchange { lifetime: seconds(HOUR) }));
    assert_eq!(oauth.cap, Cap::AtCreation);

    let service = kind("keyward", "service");
    assert_eq!((service.usage, service.cap), (Usage::Direct, Cap::AtCreation));
    for kind in [&api, &management, &oauth, &service] {
        assert!(matches!((&kind.id_format, &kind.secret_format), (Format::Native { .. }, Format::Native { .. })));
        assert_eq!(kind.reveal, Reveal::Once);
    }
}
