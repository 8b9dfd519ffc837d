//! G1 to G24, as far as they are knobs, words and lists.

use super::*;
use crate::law::Giver;
use crate::manage::{Act, may_manage};
use crate::rights::Member;
use crate::rights::tests::{APP, ORGANIZATION, TREE, USERS};
use crate::role::Holder;
use crate::rows::Rows;

fn application() -> Kind {
    kind("gigya", "application_key")
}

#[test]
fn application_keys() {
    let kind = application();
    assert_eq!(kind.parts, Parts::Pair, "G9");
    assert_eq!(text(&kind.id_format), ("A", Alphabet::Base62, 12), "G24");
    assert_eq!(text(&kind.secret_format), ("", Alphabet::Base64_24, 32), "G24");
    let oauth = Carrier::TokenScheme("OAuth".to_owned());
    assert_eq!(
        kind.present,
        [form("userKey", "secret"), Carrier::SignedForm, Carrier::SignedJwt, oauth],
        "G4, G10, G15; the partner secret alone travels as Basic (G16)"
    );
    assert_eq!(kind.usage, Usage::Both { lifetime: seconds(HOUR) }, "G1, and `socialize.getToken` in the body");
    assert_eq!(kind.key_pair, KeyPair::Rsa2048OnRequest);
    assert_eq!(kind.lives_in, [NamespaceKind::Application], "G7, G22");
    assert_eq!((kind.limit, kind.on_create, kind.unique_name), (None, OnCreate::Keep, None), "G7");
    assert_eq!(kind.reveal, Reveal::Always, "G12");
    assert_eq!((kind.expiry, kind.rotate), (Expiry::Never, Rotate::Never), "G9");
    assert_eq!(kind.edit, [Field::Name, Field::Roles], "G12");
    assert_eq!((kind.authority, kind.cap), (Authority::Group, Cap::AtCreation), "G8");
    assert!(!kind.is_live() && kind.deny.is_empty(), "G13: what the group allows, whoever uses it");
    assert!(kind.transferable, "G18 to G23");
    assert!(kind.log_use, "G3");
    assert!(kind.https_only, "G5");
    assert_eq!(kind.create_requires, permission("credentials:create"));
    assert_eq!((kind.manage_from, kind.sources, kind.rate), (ManageFrom::Any, false, None));
}

#[test]
fn words_of_application_keys() {
    let Labels { create, edit, reveal, revoke, import, unlink, issued, .. } = application().labels;
    let labels = application().labels;
    says(&[
        ("G11", labels.menu_path(), "Admin > Applications"),
        ("G11", labels.title.clone(), "Applications"),
        ("G11", create.button.clone(), "Create New Application"),
        ("G8, G11", asked(&create), "name Name, roles Permissions group"),
        ("G12", headings(&labels), "Name, userKey, Permissions group, Last used, State, Actions"),
        ("G12", format!("{}: {}", edit.button, edit.title), "Edit: Edit Application"),
        ("G12", asked(&edit), "name Name, roles Permissions group, public_id userKey, secret secret"),
        (
            "G12",
            issued.notes.join(" "),
            "You can view the application's userKey and secret again by clicking the Edit icon.",
        ),
        ("G12", format!("{}, {}", issued.id, issued.secret), "userKey, secret"),
        (
            "G13",
            edit.notes.join(" "),
            "You can disseminate this userKey and secret to users whom you want to attain the privileges associated with this app.",
        ),
        ("G14", revoke.button.clone(), "Delete"),
        ("G14", revoke.cautions.join(" "), "All future attempts to use this userKey and secret will fail."),
        ("G18", import.button.clone(), "Add Existing Application"),
        ("G19", asked(&import), "public_id userKey, roles Permissions group"),
        ("G19", import.submit.clone(), "Add"),
        ("G20", import.done.clone(), "{name} was added."),
        ("G14", unlink.button.clone(), "Delete"),
        ("G5", labels.cautions.join(" "), "All calls should be made over HTTPS."),
        ("private key", issued.cautions.join(" "), "An RSA private key is shown here only and never stored."),
    ]);
    assert!(reveal.within_edit, "G12: the page Edit Application shows the secret");
    assert_eq!(labels.actions, ActionStyle::Icons, "G12: the pencil");
    assert!(labels.notes[0].starts_with("You can create multiple applications, each with its own permissions"), "G7");
    assert!(labels.notes[2].contains("will show blank if attempting to Edit them"), "G22");
}

#[test]
fn user_keys() {
    let kind = kind("gigya", "user_key");
    assert_eq!(kind.authority, Authority::Owner, "G2");
    assert!(kind.is_live() && kind.deny.is_empty(), "G2");
    assert_eq!((kind.limit, kind.on_create), (Some(Limit { count: 1, per: LimitScope::User }), OnCreate::Refuse));
    assert!(kind.log_use && kind.https_only, "G3, G5");
    assert_eq!(kind.reveal, Reveal::Always, "G6");
    assert_eq!(kind.lives_in, [NamespaceKind::Organization]);
    assert_eq!(text(&kind.id_format), ("A", Alphabet::Base62, 12), "G24");
    assert_eq!((&kind.present, kind.usage), (&application().present, application().usage), "G2, G4");
    assert_eq!((kind.manage_from, kind.transferable), (ManageFrom::Session, false));
    assert_eq!((kind.expiry, kind.rotate, kind.edit.len()), (Expiry::Never, Rotate::Never, 0));
    says(&[
        ("G6", kind.labels.menu_path(), "Account"),
        ("G6", format!("{}, {}", kind.labels.issued.id, kind.labels.issued.secret), "userKey, secret"),
        ("G6", headings(&kind.labels), "Name, userKey, Last used, State, Actions"),
        ("G6", kind.labels.reveal.button.clone(), "Show secret"),
    ]);
    assert!(kind.labels.notes[0].contains("are logged for auditing purposes"), "G3");
}

/// G6: also somebody who holds `_no_permissions` on one site.
#[test]
fn everybody_of_the_account_may_have_a_user_key() {
    let profile = parsed("gigya");
    let mut rows = Rows::new(ORGANIZATION);
    for (namespace, parent) in TREE {
        rows.add_namespace(namespace, parent);
    }
    for user in USERS {
        rows.add_member(user, Member { active: true, super_admin: false });
    }
    rows.add_grant(Holder::User(USERS[0]), APP, profile.role("no_permissions").unwrap().patterns.clone());
    let create = |user| {
        let kind = profile.kind_named("user_key").unwrap();
        may_manage(&rows, &Giver::User(user), kind, ORGANIZATION.into(), Act::Create)
    };
    assert_eq!(create(USERS[0]), Ok(()));
    assert!(create(USERS[1]).is_err(), "who is in no group has no business here");
}

#[test]
fn the_account_secret() {
    let kind = kind("gigya", "account_secret");
    assert_eq!(kind.limit, Some(Limit { count: 1, per: LimitScope::Organization }));
    assert_eq!(kind.present, [Carrier::Basic, Carrier::TokenScheme("OAuth".to_owned())], "G16: never with a userKey");
    assert_eq!(kind.usage, Usage::Exchange { lifetime: seconds(HOUR) });
    assert_eq!((kind.authority, kind.reveal), (Authority::Organization, Reveal::Always));
    assert_eq!((&kind.create_requires, &kind.manage_requires), (&Requirement::SuperAdmin, &Requirement::SuperAdmin));
    assert!(!kind.log_use && kind.https_only);
    assert_eq!(kind.deny.groups, ["security"]);
    for managing in ["admin:createUserKey", "admin:setACL", "admin:updateGroup", "credentials:create"] {
        assert!(kind.deny.refuse(Some(managing), &[]), "{managing}");
    }
    assert!(!kind.deny.refuse(Some("admin:getGroups"), &[]) && !kind.deny.refuse(Some("accounts:search"), &[]));
}

#[test]
fn methods_groups_and_hosts() {
    let profile = parsed("gigya");
    let declared: Vec<&str> = profile.permissions.iter().map(Permission::as_str).collect();
    let managing = [
        "createUserKey",
        "getUserKey",
        "updateUserKey",
        "deleteUserKey",
        "addExistingApplication",
        "getGroups",
        "createGroup",
        "updateGroup",
        "deleteGroup",
        "getGroupUsers",
        "getACL",
        "setACL",
        "getEffectiveACL",
        "getSiteConfig",
        "getUserSites",
        "createSite",
    ];
    for method in managing.map(|method| format!("admin:{method}")) {
        assert!(declared.contains(&method.as_str()), "{method}");
    }
    for method in ["accounts:search", "accounts.webhooks:getStatus", "audit:search", "socialize:getToken", "ds:search"]
    {
        assert!(declared.contains(&method), "{method}");
    }
    let titles: Vec<&str> = profile.roles.iter().map(|role| role.title.as_str()).collect();
    assert_eq!(titles, ["_adminGroup", "_customer_service", "_read_only", "_no_permissions"]);
    says(&[
        ("G17", holders(&profile, "accounts:search"), "_adminGroup, _customer_service, _read_only"),
        ("G8", holders(&profile, "accounts:setAccountInfo"), "_adminGroup, _customer_service"),
        ("G8", holders(&profile, "admin:createUserKey"), "_adminGroup"),
    ]);
    assert!(profile.role("no_permissions").unwrap().patterns.is_empty());
    assert_eq!(profile.groups_of_request("POST", "/admin.createUserKey"), ["security"]);
    for method in managing {
        let groups = profile.groups_of_request("POST", &format!("/admin.{method}"));
        let denied = profile.api_groups.iter().any(|group| group.patterns.covers(&format!("admin:{method}")));
        assert_eq!((!groups.is_empty(), denied), (!method.starts_with("get"), !method.starts_with("get")), "{method}");
    }
    assert_eq!(profile.surface.dialect, "gigya");
    let setting = |name: &str| profile.surface.settings[name].clone();
    assert_eq!(setting("jsonp"), Setting::Flag(false));
    assert_eq!(setting("signature_window_seconds"), Setting::Number(120));
    let hosts = ["us1", "eu1", "au1", "ru1", "il1"].map(|center| format!("{center}.gigya.com"));
    let hosts = hosts.into_iter().chain(["cn1.gigya-api.cn".to_owned()]);
    assert_eq!(setting("hosts"), Setting::Texts(hosts.collect()));
}
