use super::*;
use keyward_core::profile::built_in;

use crate::ops::context::Caller;
use crate::ops::testing::{START, TestApp, at};

/// The built-in profile as version 2, changed.
fn newer(change: impl Fn(String) -> String) -> String {
    let text = built_in("keyward").unwrap().replacen("version = 1", "version = 2", 1);
    assert!(text.contains("version = 2"));
    change(text)
}

/// The text without the kind `[kinds.NAME]` and all that belongs to it.
fn without_kind(text: &str, name: &str) -> String {
    let (own, below) = (format!("[kinds.{name}]"), format!("[kinds.{name}."));
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.starts_with(&own) || line.starts_with(&below);
        }
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    assert_ne!(kept, text);
    kept
}

#[tokio::test]
async fn what_is_recorded_and_what_could_be_is_listed() {
    let (app, admin) = TestApp::set_up().await;
    let all = list(&app, &at(START, admin.caller.clone())).await.unwrap();
    assert!(all.is_sorted_by(|a, b| a.text.name < b.text.name));
    let recorded: Vec<_> = all.iter().filter(|p| p.recorded).map(|p| p.text.name.as_str()).collect();
    assert_eq!(recorded, ["keyward"]);
    assert!(all.len() > 1);
    assert!(get(&app, &at(START, admin.caller.clone()), "keyward").await.unwrap().recorded);
    let missing = get(&app, &at(START, admin.caller), "nonsense").await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_newer_text_is_shown_then_applied() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let text = newer(|text| without_kind(&text, "oauth"));
    let shown = preview(&app, &ctx, "keyward", &text).await.unwrap();
    assert_eq!((shown.from_version, shown.text.version), (Some(1), 2));
    let [kind] = &shown.kinds[..] else { panic!("{shown:?}") };
    assert_eq!((kind.kind.as_str(), kind.change, kind.credentials), ("keyward/oauth", KindChange::Removed, 0));
    assert!(app.index.snapshot().kind(&kind.kind).is_some(), "nothing was done");

    let done = apply(&app, &ctx, "keyward", &text).await.unwrap();
    assert_eq!(done.value, shown);
    assert!(app.index.snapshot().kind(&kind.kind).is_none());
    assert_eq!(get(&app, &ctx, "keyward").await.unwrap().text.version, 2);
    // The same text again changes nothing; another one of the same version is refused.
    assert!(apply(&app, &ctx, "keyward", &text).await.unwrap().value.is_nothing());
    let other = apply(&app, &ctx, "keyward", &newer(|text| text)).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::ProfileConflict);
}

#[tokio::test]
async fn roles_of_the_profile_follow_its_text() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let text = newer(|text| {
        let added = "verifier = { title = \"Checker\", allow = [\"credentials:verify\", \"usage:read\"] }\n\
                     newcomer = { title = \"Newcomer\", allow = [\"audit:read\"] }\n";
        let kept = text.lines().filter(|line| !line.starts_with("verifier = ") && !line.starts_with("viewer = "));
        let text: String = kept.flat_map(|line| [line, "\n"]).collect();
        text.replacen("[roles]\n", &format!("[roles]\n{added}"), 1)
    });
    apply(&app, &ctx, "keyward", &text).await.unwrap();
    let mut reader = app.store.read().await.unwrap();
    let organization = admin.organization;
    let mut found = async |called: &str| reader.role_by_name(organization, &Name::new(called).unwrap()).await.unwrap();
    let added = found("Newcomer").await.unwrap();
    assert_eq!(added.template.as_deref(), Some("keyward/newcomer"));
    assert!(added.patterns.covers("audit:read"));
    let changed = found("Checker").await.unwrap();
    assert_eq!(changed.template.as_deref(), Some("keyward/verifier"));
    assert!(changed.patterns.covers("usage:read"));
    assert_eq!(found("Verifier").await, None);
    assert_eq!(found("Viewer").await, None, "the new text has it no more");
}

#[tokio::test]
async fn a_role_that_is_held_cannot_go() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let holder = keyward_core::role::Holder::User(admin.user);
    crate::ops::grants::create(&app, &ctx, holder, "Viewer".to_owned(), None).await.unwrap();
    let text = newer(|text| text.lines().filter(|l| !l.starts_with("viewer = ")).flat_map(|l| [l, "\n"]).collect());
    let refused = apply(&app, &ctx, "keyward", &text).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ProfileConflict);
    assert!(refused.detail.contains("Viewer") && refused.detail.contains("Acme"), "{}", refused.detail);
    assert_eq!(get(&app, &ctx, "keyward").await.unwrap().text.version, 1, "all or nothing");
}

#[tokio::test]
async fn only_an_operator_applies_a_profile_that_can_be_read() {
    let (app, admin) = TestApp::set_up().await;
    let (_, grace) = app.member(&admin, "grace@example.com", true).await;
    let text = newer(|text| text);
    let refused = apply(&app, &at(START, grace), "keyward", &text).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::OperatorRequired);
    let ctx = at(START, Caller::System);
    let broken = apply(&app, &ctx, "keyward", "name = ").await.unwrap_err();
    assert_eq!(broken.code, ErrorCode::ProfileInvalid);
    assert!(!broken.fields.is_empty());
    let foreign = apply(&app, &ctx, "gigantik", &text).await.unwrap_err();
    assert_eq!(foreign.code, ErrorCode::ProfileInvalid);
}
