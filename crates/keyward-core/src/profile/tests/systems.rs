//! The knobs of the five systems and of the standard profile, as published.

use std::time::Duration;

use super::*;
use crate::format::Alphabet;
use crate::kind::*;
use crate::labels::{ActionStyle, Input, Shown};
use crate::namespace::NamespaceKind;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

fn kind(profile: &str, name: &str) -> Kind {
    Kind::clone(parsed(profile).kind_named(name).unwrap())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn text(format: &Format) -> (&str, Alphabet, usize) {
    match format {
        Format::Text(text) => (text.prefix(), text.alphabet(), text.text_length()),
        Format::Native { prefix } => panic!("native `{prefix}`"),
    }
}

fn permission(text: &str) -> Requirement {
    Requirement::Permission(text.parse().unwrap())
}

#[test]
fn gigya_application_key() {
    let kind = kind("gigya", "application_key");
    assert_eq!(kind.parts, Parts::Pair);
    assert_eq!(kind.key_pair, KeyPair::Rsa2048OnRequest);
    assert_eq!(text(&kind.id_format), ("A", Alphabet::Base62, 12));
    assert_eq!(text(&kind.secret_format), ("", Alphabet::Base64_24, 32));
    let form = Carrier::Form("userKey".into(), "secret".into());
    assert_eq!(kind.present, [form, Carrier::SignedForm, Carrier::SignedJwt]);
    assert!(kind.usage.allows_direct() && kind.usage.token_lifetime().is_some());
    assert_eq!((kind.limit, kind.on_create, kind.unique_name), (None, OnCreate::Keep, None));
    assert_eq!((kind.reveal, kind.expiry, kind.rotate), (Reveal::Always, Expiry::Never, Rotate::Never));
    assert_eq!((kind.authority, kind.cap), (Authority::Group, Cap::AtCreation));
    assert_eq!(kind.lives_in, [NamespaceKind::Application]);
    assert!(kind.transferable && kind.log_use && kind.https_only);
    assert!(kind.may_edit(Field::Name) && kind.may_edit(Field::Roles));
    assert_eq!(kind.labels.menu_path(), "Admin > Applications");
    assert_eq!(kind.labels.create.button, "Create New Application");
    assert_eq!(kind.labels.import.button, "Add Existing Application");
    assert_eq!(kind.labels.import.submit, "Add");
    assert!(kind.labels.edit.asks_for(Input::Secret) && kind.labels.edit.asks_for(Input::PublicId));
}

#[test]
fn gigya_user_key_and_account_secret() {
    let user = kind("gigya", "user_key");
    assert_eq!(user.authority, Authority::Owner);
    assert_eq!(user.limit, Some(Limit { count: 1, per: LimitScope::User }));
    assert!(user.is_live() && user.log_use && user.https_only);
    assert_eq!(user.reveal, Reveal::Always);
    let account = kind("gigya", "account_secret");
    assert_eq!(account.limit, Some(Limit { count: 1, per: LimitScope::Organization }));
    assert_eq!(account.present, [Carrier::Basic]);
    assert!(!account.usage.allows_direct());
    assert!(!account.log_use && account.deny.groups == ["security"]);
}

#[test]
fn gigantik_api_key() {
    let kind = kind("gigantik", "api_key");
    assert_eq!(kind.parts, Parts::Token);
    assert_eq!(kind.present, [Carrier::Bearer, Carrier::Header("x-api-key".into())]);
    assert_eq!(kind.usage, Usage::Direct);
    assert_eq!((kind.limit, kind.unique_name), (None, None));
    assert_eq!((kind.reveal, kind.expiry, kind.rotate), (Reveal::Once, Expiry::Never, Rotate::Never));
    assert_eq!(kind.edit, [Field::Name]);
    assert_eq!((kind.authority, kind.cap), (Authority::Group, Cap::AtCreation));
    assert_eq!(kind.manage_from, ManageFrom::Session);
    assert_eq!(kind.lives_in, [NamespaceKind::Organization]);
    assert!(!kind.is_live());
    let labels = &kind.labels;
    assert_eq!(labels.menu_path(), "Organization > API Keys");
    assert_eq!((labels.create.button.as_str(), labels.create.title.as_str()), ("Create API Key", "Create API Key"));
    assert_eq!(labels.create.submit, "Create & View");
    let fields: Vec<(Input, &str)> = labels.create.fields().map(|field| (field.input, field.label.as_str())).collect();
    assert_eq!(fields, [(Input::Name, "Name"), (Input::Roles, "Role")]);
    let role = labels.create.fields().find(|field| field.input == Input::Roles).unwrap();
    assert_eq!(role.hint, "An API Key role can only be equal to or lesser than your current role.");
    assert_eq!(role.help.as_ref().unwrap().text, "Learn More");
    assert!(labels.issued.notes[0].ends_with("it can only be seen once."));
    assert!(labels.issued.cautions[0].contains("can not retrieve any API keys on your behalf"));
    assert!(labels.cautions[0].contains("stored securely and not be provided to the public"));
    assert!(labels.cautions[1].starts_with("It is strongly recommended to delete any API keys lost"));
    assert_eq!(labels.actions, ActionStyle::Icons);
    assert_eq!(labels.columns.last().unwrap().shows, Shown::Actions);
    let edited: Vec<Input> = labels.edit.fields().map(|field| field.input).collect();
    assert_eq!(edited, [Input::Name]);
}

#[test]
fn gainsight_access_key() {
    let kind = kind("gainsight", "access_key");
    assert_eq!((kind.parts, kind.usage), (Parts::Token, Usage::Direct));
    assert_eq!(kind.present, [Carrier::Header("accesskey".into())]);
    assert_eq!(
        (kind.limit, kind.on_create),
        (Some(Limit { count: 1, per: LimitScope::Organization }), OnCreate::Refuse)
    );
    assert_eq!((kind.reveal, kind.expiry), (Reveal::Once, Expiry::Never));
    let at_once = Rotate::Secret { confirm: true, grace: Duration::ZERO, max_grace: Duration::ZERO };
    assert_eq!(kind.rotate, at_once);
    assert_eq!((kind.authority, kind.cap), (Authority::Organization, Cap::None));
    assert_eq!(kind.deny.groups, ["security"]);
    assert_eq!(kind.create_requires, permission("credentials:create"));
    assert_eq!(kind.labels.create.submit, "Generate Access Key");
    assert_eq!(kind.labels.rotate.button, "Re-Generate Access Key");
    assert_eq!(kind.labels.rotate.submit, "Re-Generate");
    assert!(kind.labels.rotate.fields().next().is_none(), "no grace is asked for");
}

#[test]
fn gainsight_m2m_oauth() {
    let m2m = kind("gainsight", "m2m_oauth");
    assert_eq!((m2m.parts, m2m.usage), (Parts::OauthClient, Usage::Exchange { lifetime: seconds(DAY) }));
    assert_eq!(m2m.present, [Carrier::Basic]);
    assert_eq!(
        (m2m.limit, m2m.on_create),
        (Some(Limit { count: 15, per: LimitScope::Organization }), OnCreate::Refuse)
    );
    assert_eq!(m2m.unique_name, Some(NameScope::Organization));
    assert_eq!(m2m.reveal, Reveal::Once);
    assert_eq!(m2m.authority, Authority::Organization);
    assert_eq!(m2m.deny.groups, ["events", "security"]);
    assert_eq!((&m2m.create_requires, &m2m.manage_requires), (&Requirement::SuperAdmin, &Requirement::SuperAdmin));
    assert_eq!(m2m.rate, Some(Rate { count: 100, window: seconds(60) }));
    assert!(m2m.labels.shares_page_with(&kind("gainsight", "access_key").labels));
    assert_eq!((m2m.labels.choice.as_str(), m2m.labels.issued.id.as_str()), ("OAuth", "OAuth API Key"));
    let connector = m2m.labels.create.fields().next().unwrap();
    assert_eq!((connector.input, connector.value.as_str()), (Input::Fixed, "Gainsight API"));
}

#[test]
fn gateway_hub_application_key() {
    let kind = kind("gateway_hub", "application_key");
    assert_eq!((kind.parts, kind.usage), (Parts::OauthClient, Usage::Exchange { lifetime: seconds(300) }));
    assert_eq!(kind.present, [Carrier::Basic, Carrier::Form("client_id".into(), "client_secret".into())]);
    assert_eq!((kind.limit, kind.unique_name), (None, Some(NameScope::Organization)));
    assert_eq!((kind.reveal, kind.expiry), (Reveal::Once, Expiry::Never));
    assert!(matches!(kind.rotate, Rotate::Secret { confirm: true, max_grace: Duration::ZERO, .. }));
    assert!(matches!(kind.authority, Authority::Roles { min: 1, .. }));
    assert_eq!((kind.cap, kind.manage_from), (Cap::None, ManageFrom::Session));
    assert_eq!(kind.deny.groups, ["security"]);
    let steps: Vec<usize> = kind.labels.create.steps.iter().map(|step| step.fields.len()).collect();
    assert_eq!((steps.as_slice(), kind.labels.create.next.as_str()), ([1, 1].as_slice(), "Next"));
    assert_eq!(kind.labels.create.submit, "Generate API Key");
    assert_eq!(kind.labels.actions, ActionStyle::Hover);
    assert_eq!(kind.labels.issued.id, "client_id");
}

#[test]
fn passport_api_key() {
    let kind = kind("passport", "api_key");
    assert_eq!((kind.parts, kind.usage), (Parts::Pair, Usage::Direct));
    let headers = Carrier::Headers("x-api-key-id".into(), "x-api-key-secret".into());
    assert_eq!(kind.present, [Carrier::Basic, headers]);
    assert_eq!(kind.lives_in.len(), 4);
    assert_eq!((kind.limit, kind.on_create), (None, OnCreate::Keep));
    assert_eq!(kind.expiry, Expiry::Optional { default: None, max: None });
    assert_eq!((kind.rotate, kind.edit.as_slice()), (Rotate::Never, [].as_slice()));
    assert_eq!((kind.authority, kind.cap), (Authority::Namespace, Cap::Live));
    assert_eq!(kind.create_requires, Requirement::Access);
    assert!(kind.is_live() && kind.revoked_shown);
    assert_eq!(kind.labels.create.button, "Generate New API Key");
    assert_eq!((kind.labels.issued.id.as_str(), kind.labels.issued.secret.as_str()), ("API Key ID", "Secret"));
}

#[test]
fn passport_user_access_key() {
    let kind = kind("passport", "user_access_key");
    assert_eq!(text(&kind.id_format), ("", Alphabet::Upper, 32));
    assert_eq!(text(&kind.secret_format), ("", Alphabet::Base62, 64));
    assert!(!kind.usage.allows_direct());
    assert_eq!((kind.limit, kind.on_create), (Some(Limit { count: 1, per: LimitScope::User }), OnCreate::Supersede));
    assert_eq!(kind.lives_in, [NamespaceKind::Application]);
    assert_eq!(kind.labels.issued.download.as_deref(), Some("Download"));
    assert_eq!(kind.labels.revoke.submit, "Delete Access Key");
}

#[test]
fn keyward_kinds() {
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
