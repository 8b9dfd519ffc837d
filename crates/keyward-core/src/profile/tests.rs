use super::*;

fn parsed(name: &str) -> Profile {
    Profile::parse(&format!("profiles/{name}.toml"), built_in(name).unwrap())
        .unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn every_built_in_profile_parses() {
    let all: Vec<Profile> =
        BUILT_IN.iter().map(|(file, text)| Profile::parse(file, text).unwrap_or_else(|f| panic!("{f}"))).collect();
    for ((file, _), profile) in BUILT_IN.iter().zip(&all) {
        assert_eq!(*file, format!("profiles/{}.toml", profile.name));
        println!("{}", profile.check());
    }
    check_together(&all).unwrap();
}

mod broken;
mod systems;

#[test]
fn kinds_are_found_by_id_and_by_name() {
    let profile = parsed("keyward");
    let id: KindId = "keyward/management".parse().unwrap();
    let kind = profile.kind(&id).unwrap();
    assert!(Arc::ptr_eq(kind, profile.kind_named("management").unwrap()));
    assert_eq!(profile.kind(&"gigya/management".parse().unwrap()), None);
    let prefixes: Vec<&str> = profile.native_prefixes().map(|(prefix, _)| prefix).collect();
    assert_eq!(prefixes, ["kwa", "kwm", "kwo", "kws"]);
    assert_eq!(profile.role("verifier").unwrap().title, "Verifier");
}

#[test]
fn built_in_profiles_are_found_by_name() {
    assert!(built_in("keyward").unwrap().contains("[kinds.api]"));
    assert_eq!(built_in("acme"), None);
    assert_eq!(built_in("../profiles/keyward"), None);
}

#[test]
fn paths_tell_api_groups() {
    let profile = parsed("gainsight");
    assert_eq!(profile.groups_of_request("POST", "/v1/eventManager/event"), ["events"]);
    assert_eq!(profile.groups_of_request("GET", "/v1/EVENTMANAGER/"), ["events"]);
    assert!(profile.groups_of_request("GET", "/v1/meta/services/objects/list").is_empty());
}

#[test]
fn a_group_of_changes_leaves_reading_alone() {
    let profile = parsed("gateway_hub");
    for change in ["PUT", "POST", "DELETE", "PATCH", "get", "PURGE"] {
        assert_eq!(profile.groups_of_request(change, "/v1/roles/7"), ["security"], "{change}");
    }
    for reading in ["GET", "HEAD", "OPTIONS"] {
        assert!(profile.groups_of_request(reading, "/v1/roles/7").is_empty(), "{reading}");
    }
}

#[test]
fn a_denied_group_denies_its_permissions_too() {
    let profile = parsed("gainsight");
    let m2m = profile.kind_named("m2m_oauth").unwrap();
    assert!(m2m.deny.refuse(Some("events:write"), &[]));
    assert!(m2m.deny.refuse(None, &["events"]));
    assert!(m2m.deny.refuse(Some("credentials:create"), &[]));
    assert!(!m2m.deny.refuse(Some("objects:write"), &[]));
    assert!(!profile.kind_named("access_key").unwrap().deny.refuse(Some("events:write"), &["events"]));
}

#[test]
fn a_profile_can_add_to_security() {
    let text = "name = \"a\"\nversion = 1\ntitle = \"A\"\npermissions = [\"keys:make\"]\n[kinds.k]\nprefix = \"aa\"\n\
                [api_groups.security]\npermissions = [\"keys:make\"]\npaths = [\"/admin/*\"]\n";
    let profile = Profile::parse("a.toml", text).unwrap();
    let kind = profile.kind_named("k").unwrap();
    assert!(kind.deny.refuse(Some("keys:make"), &[]));
    assert!(kind.deny.refuse(Some("credentials:create"), &[]));
    assert_eq!(profile.groups_of_request("GET", "/admin/x"), ["security"]);
    assert_eq!(profile.api_groups.len(), 1);
}

#[test]
fn profiles_that_cannot_stand_side_by_side_say_so() {
    let acme = "name = \"acme\"\nversion = 1\ntitle = \"Acme\"\n[kinds.key]\nprefix = \"kwm\"\n";
    let acme = Profile::parse("acme.toml", acme).unwrap();
    let faults =
        check_together(&[parsed("keyward"), acme.clone(), Profile { file: "b.toml".into(), ..acme }]).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "acme.toml:5: kinds.key.prefix: `kwm` is also the prefix of `keyward/management` in profiles/keyward.toml: choose another\n\
         b.toml:1: name: `acme` is also the name of acme.toml: rename one\n\
         b.toml:5: kinds.key.prefix: `kwm` is also the prefix of `keyward/management` in profiles/keyward.toml: choose another"
    );
}

#[test]
fn the_report_says_what_remains_of_security() {
    let report = parsed("keyward").check();
    let of = |id: &str| report.kinds.iter().find(|kind| kind.id == id).unwrap().security.clone();
    assert_eq!(of("keyward/api"), SecurityDenial::All);
    assert_eq!(of("keyward/management"), SecurityDenial::Nothing);
    assert_eq!(of("keyward/service"), SecurityDenial::All);
    let text = "name = \"a\"\nversion = 1\ntitle = \"A\"\n[kinds.k]\nprefix = \"aa\"\ndeny = [\"credentials:*\", \"users:*\", \"roles:*\", \"settings:*\"]\n";
    let report = Profile::parse("a.toml", text).unwrap().check();
    assert_eq!(report.kinds[0].security, SecurityDenial::AllBut(vec!["grants:create".into(), "grants:delete".into()]));
    assert!(
        report.to_string().contains("can change of security only what its roles allow of grants:create, grants:delete")
    );
}

#[test]
fn the_service_kind_may_verify_and_change_nothing() {
    let profile = parsed("keyward");
    let deny = &profile.kind_named("service").unwrap().deny;
    assert!(!deny.refuse(Some("credentials:verify"), &[]));
    assert!(deny.refuse(Some("credentials:create"), &[]));
}

#[test]
fn no_kind_begins_like_tokens_of_keywards_own() {
    for prefix in crate::format::TokenPrefix::RESERVED {
        let text = format!("name = \"a\"\nversion = 1\ntitle = \"A\"\n[kinds.k]\nprefix = \"{prefix}\"\n");
        let told = Profile::parse("a.toml", &text).unwrap_err().to_string();
        let expected = format!("a.toml:5: kinds.k.prefix: `{prefix}` begins tokens of Keyward's own: choose another");
        assert!(told.contains(&expected), "{told}");
    }
    assert_eq!(crate::access_token::AccessToken::PREFIX.trim_end_matches('_'), crate::format::TokenPrefix::RESERVED[0]);
}

#[test]
fn generated_profile_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/profiles.md");
    let page = reference();
    #[expect(
        clippy::disallowed_methods,
        reason = "whether to write or to compare is said by the environment, for all generated files"
    )]
    if std::env::var("KEYWARD_UPDATE_DOCS").is_ok_and(|update| update == "1") {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/reference/profiles.md is out of date: run `cargo xtask docs`");
}

#[test]
fn the_reference_names_every_word() {
    fn all<T>(keys: &[keys::Key], name: &str, words: &[(&str, T)]) {
        for (word, _) in words {
            assert!(keys::says(keys, name, word), "`{name}` can be `{word}`, which the reference does not say");
        }
    }
    all(keys::KIND, "parts", closed_sets::PARTS);
    all(keys::KIND, "key_pair", closed_sets::KEY_PAIRS);
    all(keys::KIND, "use", closed_sets::USAGES);
    all(keys::USE, "mode", closed_sets::USAGES);
    all(keys::KIND, "lives_in", closed_sets::NAMESPACES);
    all(keys::KIND, "limit", closed_sets::LIMIT_SCOPES);
    all(keys::KIND, "on_create", closed_sets::ON_CREATE);
    all(keys::KIND, "unique_name", closed_sets::NAME_SCOPES);
    all(keys::KIND, "reveal", closed_sets::REVEALS);
    all(keys::KIND, "expiry", closed_sets::EXPIRIES);
    all(keys::EXPIRY, "mode", closed_sets::EXPIRIES);
    all(keys::KIND, "rotate", closed_sets::ROTATIONS);
    all(keys::ROTATE, "mode", closed_sets::ROTATIONS);
    all(keys::KIND, "edit", closed_sets::FIELDS);
    all(keys::KIND, "authority", closed_sets::AUTHORITIES);
    all(keys::AUTHORITY, "mode", closed_sets::AUTHORITIES);
    all(keys::KIND, "cap", closed_sets::CAPS);
    all(keys::KIND, "manage_from", closed_sets::MANAGE_FROM);
    all(keys::FORMAT, "alphabet", closed_sets::ALPHABETS);
    all(keys::LABELS, "columns", crate::labels::Shown::WORDS);
    all(keys::LABELS, "actions", crate::labels::ActionStyle::WORDS);
    all(keys::DIALOG_FIELD, "input", crate::labels::Input::WORDS);
}

mod never_panics {
    use super::*;
    use proptest::prelude::*;

    /// A text of one of the profiles with some of its pieces cut out, doubled or replaced.
    fn mutated() -> impl Strategy<Value = String> {
        let texts: Vec<&str> = BUILT_IN.iter().map(|(_, text)| *text).collect();
        let junk = prop::sample::select(vec![
            "",
            "\"",
            "[",
            "]",
            "{",
            "}",
            "=",
            "\n",
            "-1",
            "99999999999999999999",
            "\"9999999999999999999d\"",
            "true",
            "\"*\"",
            "\"\u{202E}é\"",
            "1979-05-27",
            "nan",
            "[[kinds]]",
            "kinds.api.rotate.grace = \"1d\"",
            "\\",
            "#",
            "'''",
            "\"form:\"",
            "\"headers:,\"",
            "\"0 per 0s\"",
            "{name",
            "\u{0}",
        ]);
        let edit = (0.0..1.0_f64, 0_usize..40, junk);
        (prop::sample::select(texts), prop::collection::vec(edit, 1..4)).prop_map(|(text, edits)| {
            let mut characters: Vec<char> = text.chars().collect();
            for (at, length, junk) in edits {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a place in a short text"
                )]
                let start = (at * characters.len() as f64) as usize;
                let end = (start + length).min(characters.len());
                characters.splice(start..end, junk.chars());
            }
            characters.into_iter().collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn arbitrary_text(text in "\\PC{0,200}") {
            let _ = Profile::parse("a.toml", &text);
        }

        #[test]
        fn mutated_profiles(text in mutated()) {
            match Profile::parse("a.toml", &text) {
                Ok(profile) => prop_assert!(!profile.check().to_string().is_empty()),
                Err(faults) => {
                    let lines = text.matches('\n').count() + 1;
                    for fault in &faults {
                        prop_assert!((1..=lines).contains(&(fault.place.line as usize)), "{fault}");
                        prop_assert!(fault.place.column >= 1 && !fault.text.is_empty());
                    }
                }
            }
        }
    }
}
