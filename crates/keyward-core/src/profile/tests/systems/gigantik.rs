//! K1 to K21, as far as they are knobs and words.

use super::*;

#[test]
fn api_keys() {
    let kind = kind("gigantik", "api_key");
    assert_eq!((kind.parts, kind.usage), (Parts::Token, Usage::Direct), "K1, K5");
    assert!(matches!(&kind.secret_format, Format::Native { prefix } if prefix.as_str() == "gig"), "K1");
    assert_eq!(kind.present, [Carrier::Bearer, Carrier::Header("x-api-key".into())], "K5");
    assert_eq!((kind.authority, kind.cap), (Authority::Group, Cap::AtCreation), "K2, K10, K12");
    assert!(!kind.is_live() && kind.deny.is_empty(), "K2, K12: a rule of creation alone");
    assert_eq!(kind.create_requires, permission("credentials:create"), "K3");
    assert_eq!(kind.manage_from, ManageFrom::Session, "K3");
    assert_eq!(kind.expiry, Expiry::Never, "K4");
    assert_eq!(kind.lives_in, [NamespaceKind::Organization], "K7");
    assert_eq!(kind.reveal, Reveal::Once, "K15, K16");
    assert_eq!(kind.edit, [Field::Name], "K18");
    assert_eq!(kind.rotate, Rotate::Never, "K21");
    assert_eq!((kind.limit, kind.unique_name), (None, None), "K21: several side by side");
    assert!(!kind.sources && !kind.revoked_shown && !kind.transferable && !kind.log_use);
}

#[test]
fn words_of_api_keys() {
    let labels = kind("gigantik", "api_key").labels;
    let Labels { create, issued, edit, revoke, .. } = &labels;
    says(&[
        ("K6", labels.cautions[0].clone(), "These keys should be stored securely and not be provided to the public."),
        ("K7", labels.menu_path(), "Organization > API Keys"),
        ("K8", create.button.clone(), "Create API Key"),
        ("K8", create.title.clone(), "Create API Key"),
        ("K9, K10", asked(create), "name Name, roles Role"),
        ("K9", hint(create, Input::Name), "Enter a useful name for the API Key so the intended use is clear."),
        ("K12", hint(create, Input::Roles), "An API Key role can only be equal to or lesser than your current role."),
        ("K13", create.submit.clone(), "Create & View"),
        ("K14", issued.message.clone(), "The API Key was successfully created."),
        ("K15", issued.notes.join(" "), "Copy the key off somewhere safe and secure as it can only be seen once."),
        (
            "K16",
            issued.cautions.join(" "),
            "Please note: The Gigantik team can not retrieve any API keys on your behalf.",
        ),
        ("K17", headings(&labels), "Name, Role, Created, Last used, Actions"),
        ("K18", asked(edit), "name Name"),
        ("K19", revoke.button.clone(), "Delete"),
        (
            "K20",
            labels.cautions[1].clone(),
            "It is strongly recommended to delete any API keys lost, misplaced or accidentally released publicly.",
        ),
    ]);
    let help = create.fields().find(|field| field.input == Input::Roles).unwrap().help.clone().unwrap();
    assert_eq!(
        (help.text.as_str(), help.url.as_str()),
        ("Learn More", "https://docs.gigantik.io/docs/api-keys"),
        "K11"
    );
    assert_eq!(labels.actions, ActionStyle::Icons, "K17: a pencil and a trash can");
    assert_eq!(labels.columns.last().unwrap().shows, Shown::Actions, "K17");
}

/// K3: a CMS Admin makes keys, an editor does not.
#[test]
fn roles_hold_each_other() {
    let profile = parsed("gigantik");
    let titles: Vec<&str> = profile.roles.iter().map(|role| role.title.as_str()).collect();
    assert_eq!(titles, ["Owner", "Admin", "Editor", "Viewer"]);
    for (above, below) in profile.roles.iter().zip(&profile.roles[1..]) {
        assert!(below.patterns.within(&above.patterns), "{} ≤ {}", below.title, above.title);
        assert!(!above.patterns.within(&below.patterns), "{} < {}", below.title, above.title);
    }
    assert_eq!(holders(&profile, "credentials:create"), "Owner, Admin", "K3");
}
