//! H1 to H17, as far as they are knobs, words and lists.

use super::*;

fn key() -> Kind {
    kind("gateway_hub", "application_key")
}

#[test]
fn application_keys() {
    let kind = key();
    assert_eq!(kind.parts, Parts::OauthClient, "H1, H2");
    assert_eq!(kind.usage, Usage::Exchange { lifetime: seconds(300) }, "H3");
    assert_eq!(kind.present, [Carrier::Basic, form("client_id", "client_secret")], "H3");
    assert_eq!(kind.rotate, AT_ONCE, "H4, H14, H15");
    assert_eq!(kind.authority, Authority::Roles { min: 1, max: 20 }, "H5, H9");
    assert_eq!(kind.cap, Cap::None, "H5");
    assert_eq!(kind.deny.groups, ["security"], "H6");
    assert_eq!(kind.manage_from, ManageFrom::Session, "H6");
    assert_eq!(kind.unique_name, Some(NameScope::Organization), "H8");
    assert_eq!(kind.reveal, Reveal::Once, "H12");
    assert_eq!((kind.expiry, kind.limit), (Expiry::Never, None), "H17");
    assert!(kind.edit.is_empty() && !kind.sources && !kind.transferable && !kind.is_live());
    assert_eq!(text(&kind.id_format), ("", Alphabet::Hex, 32));
    assert_eq!(text(&kind.secret_format), ("", Alphabet::Base62, 43));
}

#[test]
fn words_of_application_keys() {
    let labels = key().labels;
    let Labels { create, issued, rotate, revoke, .. } = &labels;
    says(&[
        ("H1", labels.menu_path(), "Web Console > Application keys"),
        ("H1", labels.title.clone(), "Application keys"),
        (
            "H5",
            labels.notes[1].clone(),
            "API keys assign an external application a set of Gateway Hub roles that determine which resources it can view and edit.",
        ),
        (
            "H6",
            labels.cautions.join(" "),
            "You cannot edit security settings from an external application using an API key. You must use the Web Console interface.",
        ),
        ("H7", format!("{}: {}", create.button, create.title), "New API Key: New API Key"),
        ("H8, H9", asked(create), "name Name | roles Roles"),
        ("H9", create.next.clone(), "Next"),
        (
            "H9",
            hint(create, Input::Roles),
            "Specify one or more Gateway Hub roles. This determines which Gateway Hub resources an application using this API key can read or write.",
        ),
        ("H10", create.submit.clone(), "Generate API Key"),
        ("H11", format!("{}, {}", issued.id, issued.secret), "client_id, client_secret"),
        ("H11", issued.notes.join(" "), "Copy the client_id and client_secret keys and store them securely."),
        ("H12", issued.close.clone(), "Close"),
        (
            "H12, H14",
            issued.cautions.join(" "),
            "You cannot recover API keys once you have closed the New API Key window.",
        ),
        ("H13", format!("{}, {}", rotate.button, revoke.button), "Regenerate, Delete"),
        ("H14", rotate.title.clone(), "Regenerate API key"),
        ("H14", rotate.submit.clone(), "Regenerate API key"),
        (
            "H15",
            rotate.notes.join(" "),
            "The name, the roles and the client_id of {name} stay, the client_secret is replaced.",
        ),
        ("H16", revoke.cautions.join(" "), "Delete operations are permanent and cannot be undone."),
        ("H17", headings(&labels), "Name, client_id, Roles, Created, Last used, State, Actions"),
    ]);
    assert_eq!(labels.actions, ActionStyle::Hover, "H13");
    assert!(!rotate.within_edit && rotate.fields().next().is_none(), "H13, H15");
    let links: Vec<&str> = labels.help.iter().map(|link| link.text.as_str()).collect();
    assert_eq!(links, ["OAuth documentation"], "H1");
}

/// H5, H6: for each resource what can be viewed and what can be edited; security is viewed by role and never edited.
#[test]
fn viewing_follows_roles_and_security_is_never_edited() {
    let profile = parsed("gateway_hub");
    let resources =
        ["entities", "metrics", "events", "snapshots", "dataviews", "gateways", "includes", "binaries", "security"];
    for resource in resources {
        for action in ["read", "edit"] {
            let permission = format!("{resource}:{action}");
            assert!(profile.permissions.iter().any(|known| known.as_str() == permission), "{permission}");
        }
    }
    says(&[
        ("H5", holders(&profile, "ping:read"), "Administrator, Operator"),
        ("H5", holders(&profile, "entities:read"), "Administrator, Operator"),
        ("H5", holders(&profile, "entities:edit"), "Administrator"),
        ("H6", holders(&profile, "security:read"), "Administrator"),
    ]);
    let deny = key().deny;
    for edit in ["security:edit", "roles:edit", "credentials:create", "users:invite", "grants:create", "settings:edit"]
    {
        assert!(deny.refuse(Some(edit), &[]), "H6 {edit}");
    }
    for read in ["security:read", "roles:read", "credentials:read", "users:read", "entities:edit"] {
        assert!(!deny.refuse(Some(read), &[]), "H6 {read}");
    }
    for path in ["/v1/roles/7", "/roles", "/v1alpha/application-keys", "/security/sso"] {
        assert_eq!(profile.groups_of_request("PUT", path), ["security"], "H6 {path}");
        assert!(profile.groups_of_request("GET", path).is_empty(), "H6 {path}");
    }
    assert!(profile.groups_of_request("POST", "/v1/metrics/query").is_empty());
}
