//! S1 to S19, as far as they are knobs, words and lists.

use super::*;

fn access() -> Kind {
    kind("gainsight", "access_key")
}

fn m2m() -> Kind {
    kind("gainsight", "m2m_oauth")
}

#[test]
fn access_keys() {
    let kind = access();
    assert_eq!((kind.parts, kind.usage), (Parts::Token, Usage::Direct), "S1");
    assert_eq!(kind.present, [Carrier::Header("accesskey".into())], "S2");
    assert_eq!(kind.limit, Some(Limit { count: 1, per: LimitScope::Organization }), "S3");
    assert_eq!(kind.on_create, OnCreate::Refuse, "S3");
    assert_eq!((kind.authority, kind.cap), (Authority::Organization, Cap::None), "S5");
    assert_eq!(kind.deny.groups, ["security"], "S5");
    assert_eq!(kind.rotate, AT_ONCE, "S6, S7");
    assert_eq!((kind.reveal, kind.expiry), (Reveal::Once, Expiry::Never), "S12");
    assert_eq!(kind.edit, [Field::Name], "S13");
    assert_eq!(kind.create_requires, permission("credentials:create"), "S16: an admin can");
    assert_eq!(kind.manage_requires, permission("credentials:edit"), "S16: an admin can");
    assert_eq!(kind.rate, Some(Rate { count: 100, window: seconds(60) }));
    assert_eq!(kind.lives_in, [NamespaceKind::Organization]);
    assert!(!kind.deny.refuse(Some("events:write"), &["events"]), "S17 is not about it");
}

#[test]
fn m2m_oauth() {
    let kind = m2m();
    assert_eq!(kind.parts, Parts::OauthClient, "S1");
    assert_eq!(kind.usage, Usage::Exchange { lifetime: seconds(DAY) });
    assert_eq!(kind.present, [Carrier::Basic]);
    assert_eq!(kind.limit, Some(Limit { count: 15, per: LimitScope::Organization }), "S4");
    assert_eq!(kind.on_create, OnCreate::Refuse, "S4: the 16th");
    assert_eq!((kind.reveal, kind.expiry, kind.rotate), (Reveal::Once, Expiry::Never, AT_ONCE), "S15");
    assert_eq!((kind.authority, kind.cap), (Authority::Organization, Cap::None), "S5");
    assert_eq!(
        (&kind.create_requires, &kind.manage_requires),
        (&Requirement::SuperAdmin, &Requirement::SuperAdmin),
        "S16"
    );
    assert_eq!(kind.deny.groups, ["events", "security"], "S17");
    assert_eq!(kind.unique_name, Some(NameScope::Organization), "S18");
    assert_eq!(kind.edit, [Field::Name], "S18, S19");
    assert_eq!(kind.rate, access().rate, "100 calls a minute, whatever the credential");
}

/// S4: a limit alone means that one more is refused.
#[test]
fn a_limit_without_a_word_about_creation_refuses() {
    let text = built_in("gainsight").unwrap();
    assert!(!text.contains("on_create"));
    let keeping = text.replacen("limit = \"15 per organization\"", "on_create = \"keep\"", 1);
    let keeping = Profile::parse("gainsight.toml", &keeping).unwrap();
    assert_eq!(keeping.kind_named("m2m_oauth").unwrap().on_create, OnCreate::Keep);
}

#[test]
fn words_of_the_page_that_both_share() {
    assert!(access().labels.shares_page_with(&m2m().labels), "S1");
    for labels in [access().labels, m2m().labels] {
        says(&[
            ("S8", labels.menu_path(), "Administration > Connectors 2.0"),
            (
                "S8",
                format!("{}: {}", labels.create.button, labels.create.title),
                "Create Connection: Create Connection",
            ),
            (
                "S9, S10, S11",
                asked(&labels.create),
                "fixed Connector, name Name of the connection, kind Authentication Type",
            ),
            ("S9", labels.create.fields().next().unwrap().value.clone(), "Gainsight API"),
            ("S13", format!("{}: {}", labels.edit.button, labels.edit.title), "Edit Connection: Edit Connection"),
            ("S13", asked(&labels.edit), "fixed Connector, name Name of the connection"),
            (
                "S19",
                headings(&labels),
                "Name of the connection, Authentication Type, Created, Last used, State, Actions",
            ),
        ]);
        assert_eq!(labels.actions, ActionStyle::Menu, "S13: three vertical dots");
        assert!(labels.rotate.within_edit, "S14: within Edit Connection");
        assert!(labels.rotate.fields().next().is_none(), "S7: no grace is asked for");
    }
}

#[test]
fn words_of_each() {
    let (access, m2m) = (access().labels, m2m().labels);
    says(&[
        ("S3", access.notes[1].clone(), "Only one Access key can be created per organization."),
        ("S4", m2m.notes[0].clone(), "A maximum of 15 M2M OAuth keys can be created per organization."),
        ("S11", format!("{}, {}", access.choice, m2m.choice), "Access_Key, OAuth"),
        ("S12", access.create.submit.clone(), "Generate Access Key"),
        ("S12", access.issued.message.clone(), "A new access key is generated."),
        ("S12", access.issued.copy.clone(), "Copy"),
        ("S14", access.rotate.button.clone(), "Re-Generate Access Key"),
        ("S14", access.rotate.submit.clone(), "Re-Generate"),
        ("S14", access.rotate.cancel.clone(), "Cancel"),
        (
            "S7",
            access.rotate.cautions.join(" "),
            "The new access key should be replaced in the headers of all future API requests. If it is not replaced, all future API requests to the specific Gainsight org will fail.",
        ),
        ("S15", m2m.create.submit.clone(), "Generate OAuth Credentials"),
        ("S15", format!("{}, {}", m2m.issued.id, m2m.issued.secret), "OAuth API Key, OAuth API Secret"),
        ("S15", m2m.issued.message.clone(), "New OAuth API Key and OAuth API Secret keys are generated."),
        ("S16", m2m.notes[1].clone(), "M2M OAuth can be created and managed only by super admins."),
        ("S17", m2m.notes[2].clone(), "M2M OAuth cannot be used for Event APIs."),
        (
            "S18",
            m2m.notes[3].clone(),
            "Two different M2M connections cannot have the same name for a single connection.",
        ),
    ]);
}

#[test]
fn event_apis_and_roles() {
    let profile = parsed("gainsight");
    for event in ["/v1/eventManager/event", "/v1.0/EventManager/event/x", "//v2/eventmanager/", "/eventManager/event"] {
        assert_eq!(profile.groups_of_request("POST", event), ["events"], "S17 {event}");
    }
    for other in ["/v1/meta/services/objects/list", "/v1/data/objects/query/Company", "/v1/users/services/list"] {
        assert!(profile.groups_of_request("POST", other).is_empty(), "S17 {other}");
    }
    says(&[
        ("S16", holders(&profile, "credentials:create"), "Admin"),
        ("S5", holders(&profile, "objects:read"), "Admin, Viewer"),
        ("S5", holders(&profile, "users.list:read"), "Admin, Viewer"),
        ("S17", holders(&profile, "events:write"), "Admin"),
    ]);
}
