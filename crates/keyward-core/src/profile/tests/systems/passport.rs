//! P1 to P24, as far as they are knobs, words and lists, and the user access keys of P4 and P6.

use super::*;
use crate::law::Giver;
use crate::manage::{Act, Lacks, may_manage};
use crate::rights::Member;
use crate::rights::tests::{APP, ORGANIZATION, TREE, USERS, WORKSPACE, set};
use crate::role::Holder;
use crate::rows::Rows;

fn api_key() -> Kind {
    kind("passport", "api_key")
}

fn access_key() -> Kind {
    kind("passport", "user_access_key")
}

#[test]
fn api_keys() {
    let kind = api_key();
    assert_eq!(kind.usage, Usage::Direct, "P1, P2");
    let headers = Carrier::Headers("x-api-key-id".into(), "x-api-key-secret".into());
    assert_eq!(kind.present, [Carrier::Basic, headers], "P3");
    assert_eq!(kind.parts, Parts::Pair, "P4");
    assert_ne!((&kind.id_format, &kind.secret_format), (&access_key().id_format, &access_key().secret_format), "P4");
    assert_eq!((kind.limit, kind.on_create, kind.unique_name), (None, OnCreate::Keep, None), "P5, P10");
    assert_eq!((kind.authority, kind.cap), (Authority::Namespace, Cap::Live), "P7, P9, P22, P24");
    let all =
        [NamespaceKind::Organization, NamespaceKind::Application, NamespaceKind::Workspace, NamespaceKind::UserGroup];
    assert_eq!(kind.lives_in, all, "P8");
    assert_eq!(kind.expiry, Expiry::Optional { default: None, max: None }, "P12");
    assert!(kind.edit.is_empty(), "P14");
    assert_eq!(kind.rotate, Rotate::Never, "P15");
    assert_eq!(kind.create_requires, Requirement::Access, "P17");
    assert_eq!((kind.reveal, kind.revoked_shown), (Reveal::Once, true), "P21");
    assert!(kind.deny.is_empty(), "P22: the same level of access as its creator");
    assert_eq!(kind.manage_from, ManageFrom::Session);
}

#[test]
fn words_of_api_keys() {
    let labels = api_key().labels;
    let Labels { create, issued, revoke, .. } = &labels;
    says(&[
        ("P18", labels.menu_path(), "User profile > Authenticator & Access > API keys"),
        ("P18", labels.title.clone(), "Account setting"),
        ("P18", labels.pane.clone(), "API Keys"),
        ("P19", create.button.clone(), "Generate New API Key"),
        ("P19", labels.notes[1].clone(), "Note that previously created API keys will not be revoked."),
        ("P20", create.title.clone(), "API keys"),
        ("P20", asked(create), "name Name, namespace Namespace, expires_at Expiry Date"),
        ("P20", create.submit.clone(), "Generate"),
        (
            "P12, P14",
            hint(create, Input::ExpiresAt),
            "Optional. The expiry date-time cannot be modified once the API key is created.",
        ),
        (
            "P9",
            hint(create, Input::Namespace),
            "Users of the API key have access only to resources within the particular namespace.",
        ),
        ("P21", format!("{}, {}", issued.id, issued.secret), "API Key ID, Secret"),
        ("P21", issued.notes.join(" "), "Copy this information and store in a safe place."),
        (
            "P11, P15",
            revoke.cautions.join(" "),
            "This prevents any further use of the API key. No other API keys are affected.",
        ),
        ("P12", headings(&labels), "Name, API Key ID, Namespace, Created, Expiry Date, Last used, State, Actions"),
    ]);
}

#[test]
fn user_access_keys() {
    let kind = access_key();
    assert_eq!(text(&kind.id_format), ("", Alphabet::Upper, 32), "P4");
    assert_eq!(text(&kind.secret_format), ("", Alphabet::Base62, 64), "P4");
    assert_eq!(kind.usage, Usage::Exchange { lifetime: seconds(HOUR) });
    assert_eq!(kind.present, [Carrier::Basic]);
    assert_eq!(kind.limit, Some(Limit { count: 1, per: LimitScope::User }), "P6");
    assert_eq!(kind.on_create, OnCreate::Supersede, "P6");
    assert_eq!(kind.lives_in, [NamespaceKind::Application], "P17");
    assert_eq!((kind.authority, kind.cap), (Authority::Namespace, Cap::Live));
    assert_eq!((kind.expiry, kind.rotate, kind.reveal), (Expiry::Never, Rotate::Never, Reveal::Once));
    assert!(kind.edit.is_empty() && !kind.revoked_shown);
    let Labels { create, issued, revoke, cautions, .. } = kind.labels;
    says(&[
        ("P6", cautions.join(" "), "Generating a new access key revokes the earlier one."),
        ("P6", create.button, "Generate New Access Key"),
        ("P4", format!("{}, {}", issued.id, issued.secret), "Access Key, Secret Key"),
        ("pop-up", issued.copied, "Copied"),
        ("pop-up", issued.download.unwrap_or_default(), "Download"),
        ("pop-up", issued.downloaded, "Your Access keys file has been downloaded successfully."),
        ("pop-up", issued.close, "Close"),
        ("revoking", revoke.button, "Revoke Access Key"),
        ("revoking", revoke.submit, "Delete Access Key"),
        ("revoking", revoke.cancel, "Cancel"),
    ]);
}

/// P17: without access to the namespace no key of it. P15: its owner revokes it; so does who may, at the organization.
#[test]
fn keys_are_for_namespaces_that_their_maker_has_access_to() {
    let mut rows = Rows::new(ORGANIZATION);
    for (namespace, parent) in TREE {
        rows.add_namespace(namespace, parent);
    }
    let [owner, admin, stranger] = USERS;
    for user in USERS {
        rows.add_member(user, Member { active: true, super_admin: false });
    }
    rows.add_grant(Holder::User(owner), WORKSPACE, parsed("passport").role("viewer").unwrap().patterns.clone());
    rows.add_grant(Holder::User(admin), ORGANIZATION.into(), set(&["credentials:revoke"]));
    let kind = api_key();
    let may = |user, namespace, act| may_manage(&rows, &Giver::User(user), &kind, namespace, act);
    assert_eq!(may(owner, WORKSPACE, Act::Create), Ok(()));
    assert_eq!(may(owner, APP, Act::Create), Err(Lacks::Access(APP)), "P23");
    assert_eq!(may(stranger, WORKSPACE, Act::Create), Err(Lacks::Access(WORKSPACE)));
    let revoke = Act::Manage { owner: Some(owner), permission: "credentials:revoke" };
    assert_eq!(may(owner, WORKSPACE, revoke), Ok(()));
    assert_eq!(may(admin, WORKSPACE, revoke), Ok(()));
    assert!(may(stranger, WORKSPACE, revoke).is_err());
}

#[test]
fn roles_and_settings() {
    let profile = parsed("passport");
    says(&[
        (
            "P24",
            holders(&profile, "workspaces:read"),
            "Organization owner, Application Owner, Application Developer, Viewer",
        ),
        ("P24", holders(&profile, "workspaces:edit"), "Organization owner, Application Owner, Application Developer"),
        ("P34", holders(&profile, "workspaces:delete"), "Organization owner, Application Owner"),
        ("P22", holders(&profile, "files:create"), "Organization owner, Application Owner, Application Developer"),
        ("P22", holders(&profile, "credentials:revoke"), "Organization owner, Application Owner"),
    ]);
    for action in ["read", "create", "edit", "delete", "share", "run", "assign"] {
        assert!(profile.permissions.iter().any(|permission| permission.action() == action), "{action}");
    }
    assert_eq!(profile.surface.dialect, "passport");
    assert_eq!(profile.surface.settings["api_key_headers"], Setting::Flag(false), "P3");
}
