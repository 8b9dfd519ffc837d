use http::request::Parts;
use keyward_core::id::{ApplicationId, UserGroupId, UserId, WorkspaceId};
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::{Pattern, PatternSet};

use super::*;
use crate::surfaces::form::Form;

fn head(headers: &[(&'static str, &str)]) -> Parts {
    let mut request = http::Request::builder();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// What is read of a request: the id and the secret, or why nothing is.
fn pair_of(api_key_headers: bool, headers: &[(&'static str, &str)]) -> Result<Option<(String, String)>, Unreadable> {
    let (head, query) = (head(headers), Form::default());
    match read(&Settings { api_key_headers }, Arrived { head: &head, query: &query, body: None }) {
        Ok(asked) => Ok(asked.carried.map(|carried| match carried {
            Carried::Pair(id, secret, _) => (id, secret.expose().to_owned()),
            Carried::Token(token, _) => (String::new(), token.expose().to_owned()),
            Carried::Form(_) | Carried::Jwt(..) => panic!("not from these headers"),
        })),
        Err(Trouble::Unreadable(why)) => Err(why),
        Err(other) => panic!("{other:?}"),
    }
}

fn both(id: &str, secret: &str) -> (String, String) {
    (id.to_owned(), secret.to_owned())
}

#[test]
fn a_key_is_read_from_its_carriers() {
    for headers in [false, true] {
        assert_eq!(pair_of(headers, &[]), Ok(None));
        assert_eq!(pair_of(headers, &[("authorization", "Basic YTpi")]), Ok(Some(both("a", "b"))));
        assert_eq!(pair_of(headers, &[("authorization", "Bearer t")]), Ok(Some(both("", "t"))));
        assert_eq!(pair_of(headers, &[("authorization", "Digest t")]), Err(Unreadable::Malformed));
        let twice = [("authorization", "Basic YTpi"), ("authorization", "Basic YTpi")];
        assert_eq!(pair_of(headers, &twice), Err(Unreadable::Several));
        // Another vendor's.
        assert_eq!(pair_of(headers, &[("x-api-key", "t")]), Ok(None));
    }
}

#[test]
fn the_pair_of_headers_is_read_where_the_profile_says_so() {
    let pair = [("x-api-key-id", "a"), ("x-api-key-secret", "b")];
    assert_eq!(pair_of(false, &pair), Ok(None));
    assert_eq!(pair_of(true, &pair), Ok(Some(both("a", "b"))));
    assert_eq!(pair_of(true, &pair[..1]), Err(Unreadable::Malformed));
    assert_eq!(pair_of(true, &pair[1..]), Err(Unreadable::Malformed));
    assert_eq!(pair_of(true, &[pair[0], pair[0], pair[1]]), Err(Unreadable::Several));
    let basic = ("authorization", "Basic YTpi");
    assert_eq!(pair_of(true, &[basic, pair[0], pair[1]]), Err(Unreadable::Several));
    assert_eq!(pair_of(false, &[basic, pair[0], pair[1]]), Ok(Some(both("a", "b"))));
}

#[test]
fn nothing_of_a_credential_goes_on() {
    let all = [("authorization", "Basic YTpi"), ("x-api-key-id", "a"), ("x-api-key-secret", "b"), ("accept", "*/*")];
    let mut head = head(&all);
    strip(&mut head);
    assert_eq!(head.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
}

#[test]
fn ids_are_uuids_and_keywards_own_are_understood() {
    let bits = 0x0f02_c817_8655_423e_9d22_5439_1870_78f9;
    let (text, id) = ("0f02c817-8655-423e-9d22-5439187078f9", ApplicationId::from_bits(bits));
    assert_eq!(ids::uuid(bits), text);
    assert_eq!(ids::uuid(1), "00000000-0000-0000-0000-000000000001");
    for same in [text.to_owned(), text.to_uppercase(), id.to_string()] {
        assert_eq!(ids::parse::<ApplicationId>(&same), Some(id), "{same}");
    }
    for none in [
        "",
        "x",
        "0f02c8178655423e9d225439187078f9",
        "{0f02c817-8655-423e-9d22-5439187078f9}",
        "0f02c817-8655-423e-9d22-5439187078f",
        "0f02c817-8655-423e-9d22-5439187078fg",
        "+f02c817-8655-423e-9d22-5439187078f9",
        "0f02c817-8655-423e-9d22-543918707\u{00e4}",
        &WorkspaceId::from_bits(bits).to_string(),
    ] {
        assert_eq!(ids::parse::<ApplicationId>(none), None, "{none}");
    }
}

#[test]
fn names_for_machines_come_from_names_for_people() {
    for (name, slug) in [
        ("XYZ Airport", "xyz_airport"),
        ("  a -- b  ", "a_b"),
        ("Müller & Söhne", "m_ller_s_hne"),
        ("2026/27", "2026_27"),
        ("日本", "unnamed"),
    ] {
        assert_eq!(ids::slug(name), slug);
    }
    let id = NamespaceId::from(WorkspaceId::from_bits(61));
    assert_eq!(ids::namespace_name("XYZ Airport", id), "xyz_airport_Z0000000");
    let random = NamespaceId::from(WorkspaceId::from_bits(u128::MAX - 7));
    let named = ids::namespace_name("x", random);
    let mark = named.strip_prefix("x_").unwrap();
    assert!(mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_alphanumeric()), "{named}");
    // The same for ever, and another for another.
    assert_eq!(ids::namespace_name("x", random), named);
    assert_ne!(ids::namespace_name("x", NamespaceId::from(WorkspaceId::from_bits(u128::MAX - 8))), named);
}

#[test]
fn permissions_are_told_in_the_words_of_passport() {
    let told = |patterns: &[&str]| {
        let patterns: PatternSet = patterns.iter().map(|text| text.parse::<Pattern>().unwrap()).collect();
        let user = keyward_core::role::Holder::User(UserId::from_bits(2));
        let objects = permissions::permissions(&patterns).into_iter().map(|one| one.object("xyz_VcwyvHDp", user));
        Value::from(objects.collect::<Vec<_>>())
    };
    assert_eq!(told(&[]), serde_json::json!([]));
    assert_eq!(
        told(&["files:read", "files:edit", "credentials:read"]),
        serde_json::json!([{
            "_namespace": "xyz_VcwyvHDp", "_resourceDesc": { "irn": "filesvc:file:*" },
            "_user": { "_id": "00000000-0000-0000-0000-000000000002", "_type": "user" }, "_actions": ["READ", "EDIT"],
        }])
    );
    let everything = told(&["*"]);
    assert_eq!(everything[0]["_resourceDesc"]["irn"], "*:*:*");
    assert_eq!(everything[0]["_actions"].as_array().unwrap().len(), 7);
    let two = told(&["scripts:run", "workspaces:*"]);
    let irns: Vec<_> =
        two.as_array().unwrap().iter().map(|one| one["_resourceDesc"]["irn"].as_str().unwrap()).collect();
    assert_eq!(irns, ["passportsvc:workspace:*", "scriptsvc:script:*"]);
    assert_eq!(two[1]["_actions"], serde_json::json!(["RUN"]));
}

#[test]
fn a_written_permission_is_the_role_that_its_name_says() {
    let permissions: Vec<_> = permissions::permissions(&"files:*".parse::<Pattern>().into_iter().collect());
    assert_eq!(permissions[0].role().unwrap().as_str(), "filesvc:file:* READ CREATE EDIT DELETE SHARE RUN ASSIGN");
    assert!(permissions[0].patterns().covers("files:share") && !permissions[0].patterns().covers("files:publish"));
    // What it is written from is what it is listed as.
    assert_eq!(permissions::permissions(&permissions[0].patterns()), permissions);
    let all = permissions::permissions(&PatternSet::all());
    assert!(all[0].patterns().covers("orchestrators:run") && !all[0].patterns().covers("credentials:read"));
}

#[test]
fn user_groups_hold_permissions_too() {
    let files = permissions::permissions(&"files:read".parse::<Pattern>().into_iter().collect());
    let group = keyward_core::role::Holder::UserGroup(UserGroupId::from_bits(3));
    assert_eq!(files[0].object("x_VcwyvHDp", group)["_user"]["_type"], "usergroup");
}

mod refusals {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use keyward_api::error::ErrorCode;
    use keyward_core::decision::{Denial, Reason};

    use super::*;
    use crate::net::limits::BodyFault;
    use crate::ops::error::OpError;
    use crate::surfaces::form::InvalidForm;

    fn status(trouble: &Trouble) -> u16 {
        refuse(trouble).status().as_u16()
    }

    #[test]
    fn every_trouble_has_a_status_of_the_dialect() {
        let mut seen = BTreeSet::new();
        let troubles = [
            Trouble::NoCredential,
            Trouble::Unreadable(Unreadable::Several),
            Trouble::Unreadable(Unreadable::Malformed),
            Trouble::Missing("_name"),
            Trouble::Invalid("_name"),
            Trouble::Form(InvalidForm::Encoding),
            Trouble::Body(BodyFault::TooLarge),
            Trouble::Body(BodyFault::TooSlow),
            Trouble::Body(BodyFault::Broken),
            Trouble::AmbiguousPath,
            Trouble::NotFound,
            Trouble::Method("GET".to_owned()),
            Trouble::UpstreamDown,
            Trouble::UpstreamTimeout,
        ];
        let denied = Reason::ALL.iter().map(|reason| Trouble::from(*reason));
        let failed = ErrorCode::ALL.iter().map(|code| Trouble::Failed(OpError::new(*code, "x")));
        for trouble in troubles.into_iter().chain(denied).chain(failed) {
            let response = refuse(&trouble);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{trouble:?}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{trouble:?}");
            seen.insert(response.status().as_u16());
        }
        assert_eq!(seen, BTreeSet::from([400, 401, 403, 404, 405, 408, 413, 429, 502, 503]));
    }

    #[test]
    fn what_the_key_is_comes_before_what_it_may() {
        for reason in [Reason::Unknown, Reason::Malformed, Reason::Revoked, Reason::Expired, Reason::OwnerInactive] {
            assert_eq!(status(&reason.into()), 401, "{reason:?}");
        }
        for reason in [Reason::OutOfReach, Reason::OwnerLacks, Reason::NotGranted, Reason::OrganizationSuspended] {
            assert_eq!(status(&reason.into()), 403, "{reason:?}");
        }
        // Whoever is not let in is told how it is done.
        let challenges = refuse(&Trouble::NoCredential);
        let challenges: Vec<_> = challenges.headers().get_all(header::WWW_AUTHENTICATE).iter().collect();
        assert_eq!(challenges, ["Basic realm=\"passport\"", "Bearer"]);
        assert!(!refuse(&Reason::OutOfReach.into()).headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn waiting_and_methods_are_told() {
        let limited = Denial { reason: Reason::RateLimited, retry_after: Some(Duration::from_millis(1_200)) };
        assert_eq!(refuse(&Trouble::Denied(limited)).headers()[header::RETRY_AFTER], "2");
        assert_eq!(refuse(&Trouble::Method("GET, HEAD".to_owned())).headers()[header::ALLOW], "GET, HEAD");
    }

    #[tokio::test]
    async fn no_text_repeats_a_secret() {
        let secret = "8QkJ2mVxw0TzR4pL4fGh7Jk2mNp5qRs8tVw1xYz3aBc6";
        let detail = format!("there is no field `{secret}`: leave it out");
        let response = refuse(&Trouble::Failed(OpError::new(ErrorCode::UnknownField, detail)));
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["_error"]["code"], "unknown_field");
        assert_eq!(body["_error"]["message"], "there is no field `(hidden)`: leave it out");
    }
}
