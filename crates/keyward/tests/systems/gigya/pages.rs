//! The rules of the console's pages: the words of the profile, from which they are made, and the operations behind them.

use keyward_core::labels::{ActionStyle, Dialog, Input, Labels, Shown};
use serde_json::json;

use super::{APPLICATION, Cloud, Envelope as _, USER, form};
use crate::support::{App, As, Person, Reply};

impl Cloud {
    /// The words of applications.
    fn labels(&self) -> Labels {
        self.server.get(&As::Anonymous, "/v1/profiles/gigya").problem(401, "unauthenticated");
        self.server.kind(&self.owner.caller, APPLICATION).labels
    }

    /// Another site, with somebody who administrates that one alone.
    fn elsewhere(&self) -> (App, Person) {
        let site = self.server.app(&self.owner.caller, "Elsewhere");
        let admin = self.server.member_with(&self.owner, "elsewhere@example.com", "_adminGroup", &site.id);
        (site, admin)
    }
}

/// What a dialog asks for, with the words that stand there.
fn asked(dialog: &Dialog) -> Vec<(Input, &str)> {
    dialog.fields().map(|field| (field.input, &*field.label)).collect()
}

#[test]
fn g06_people_look_up_their_own_user_key() {
    let account = Cloud::start();
    let labels = account.server.kind(&account.owner.caller, USER).labels;
    assert_eq!((&*labels.menu_path(), &*labels.reveal.button), ("Account", "Show secret"));
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    let key = account.user_key(&sam);
    let again = account.server.sign_in(&sam.email);
    assert_eq!(account.server.shown(&again, &key.id).id("/public_id"), key.public_id);
    let revealed = account.server.act(&again, &key.id, "reveal", json!({})).expect(200);
    assert_eq!(revealed.id("/secret/secret"), key.secret());

    // Twins: somebody else's, by the owner of the account, too; a second one; and without being signed in.
    let eva = account.server.member_with(&account.owner, "eva@example.com", "_adminGroup", &account.site.id);
    for other in [&eva.caller, &account.owner.caller] {
        let refused = account.server.act(other, &key.id, "reveal", json!({}));
        assert!([403, 404].contains(&refused.status), "{}", refused.text);
    }
    let second = json!({ "kind": USER, "name": "Another" });
    account.server.post(&sam.caller, "/v1/credentials", &second).problem(409, "limit_reached");
    account.server.act(&As::Anonymous, &key.id, "reveal", json!({})).problem(401, "unauthenticated");
}

#[test]
fn g11_create_new_application_is_the_way_to_a_new_one() {
    let account = Cloud::start();
    let labels = account.labels();
    assert_eq!((&*labels.menu_path(), &*labels.title), ("Admin > Applications", "Applications"));
    let dialog = &labels.create;
    assert_eq!((&*dialog.button, &*dialog.title), ("Create New Application", "Create New Application"));
    assert_eq!(asked(dialog), [(Input::Name, "Name"), (Input::Roles, "Permissions group")]);
    let key = account.application("Export", "_read_only");
    account.call(&key, "accounts.search", &[]).served();

    // Twins: by somebody who only reads, without a name, and outside of a site.
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    account
        .server
        .post(&sam.caller, "/v1/credentials", &account.asked("x", "_read_only"))
        .problem(403, "permission_denied");
    let by = &account.owner.caller;
    account.server.post(by, "/v1/credentials", &account.asked(" ", "_read_only")).problem(400, "invalid_value");
    let nowhere = json!({ "kind": APPLICATION, "name": "x", "roles": [{ "role": "_read_only" }] });
    account.server.post(by, "/v1/credentials", &nowhere).problem(422, "wrong_namespace");
}

#[test]
fn g12_edit_application_shows_key_and_secret_at_any_later_time() {
    let account = Cloud::start();
    let labels = account.labels();
    assert_eq!(
        (labels.actions, &*labels.edit.button, &*labels.edit.title),
        (ActionStyle::Icons, "Edit", "Edit Application")
    );
    let shown = [(Input::PublicId, "userKey"), (Input::Secret, "secret")];
    assert_eq!(asked(&labels.edit)[2..], shown);
    assert!(labels.reveal.within_edit);
    let key = account.application("Export", "_read_only");
    for _ in 0..2 {
        let signed_in = account.server.sign_in(&account.owner.email);
        assert_eq!(account.server.shown(&signed_in, &key.id).id("/public_id"), key.public_id);
        let revealed = account.server.act(&signed_in, &key.id, "reveal", json!({})).expect(200);
        assert_eq!(
            (revealed.id("/secret/id"), revealed.id("/secret/secret")),
            (key.public_id.clone(), key.secret().to_owned())
        );
        assert_eq!(revealed.header("cache-control"), Some("no-store"));
    }
    account.server.edit(&account.owner.caller, &key.id, json!({ "name": "Import" })).expect(200);
    account.call(&key, "accounts.search", &[]).served();

    // Twins: no list has it, no reader gets it, no key does, and a deleted application has none.
    let listed = account.server.get(&account.owner.caller, "/v1/credentials").expect(200);
    assert!(!listed.text.contains(key.secret()), "{}", listed.text);
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    let refused = account.server.act(&sam.caller, &key.id, "reveal", json!({}));
    assert!([403, 404].contains(&refused.status), "{}", refused.text);
    let admin = account.application("Admin", "_adminGroup");
    let found = account.call(&admin, "admin.getUserKey", &[("targetUserKey", &key.public_id)]).expect(200);
    assert!(!found.text.contains(key.secret()), "{}", found.text);
    account.server.revoke(&account.owner.caller, &key.id);
    account.server.act(&account.owner.caller, &key.id, "reveal", json!({})).problem(409, "wrong_state");
}

#[test]
fn g18_add_existing_application_stands_beside_create_new_application() {
    let account = Cloud::start();
    let labels = account.labels();
    assert_eq!(
        (&*labels.create.button, &*labels.import.button),
        ("Create New Application", "Add Existing Application")
    );
    assert_eq!(labels.import.title, "Add Existing Application");
    // The flow is like creating: who may do the one at a site, may do the other there. Twin: who only reads, neither.
    let key = account.application("Export", "_read_only");
    let (site, admin) = account.elsewhere();
    let group = json!([{ "role": "_read_only", "namespace": site.id }]);
    let reader = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &site.id);
    account.server.import(&reader.caller, &key.public_id, &site.id, group.clone()).problem(403, "permission_denied");
    account.server.import(&admin.caller, &key.public_id, &site.id, group).expect(200);
    // A user key cannot be added anywhere.
    let user_key = account.user_key(&reader);
    let third = account.server.app(&account.owner.caller, "Third");
    let group = json!([{ "role": "_read_only", "namespace": third.id }]);
    account
        .server
        .import(&account.owner.caller, &user_key.public_id, &third.id, group)
        .problem(409, "not_transferable");
}

#[test]
fn g19_an_application_is_added_by_its_key_and_a_group_without_a_secret() {
    let account = Cloud::start();
    let labels = account.labels();
    assert_eq!(asked(&labels.import), [(Input::PublicId, "userKey"), (Input::Roles, "Permissions group")]);
    assert_eq!(labels.import.submit, "Add");
    let key = account.application("Export", "_read_only");
    let (site, admin) = account.elsewhere();
    let group = json!([{ "role": "_customer_service", "namespace": site.id }]);
    let added = account.server.import(&admin.caller, &key.public_id, &site.id, group.clone()).expect(200);
    assert!(!added.text.contains(key.secret()) && added.body.get("secret").is_none(), "{}", added.text);
    // The one secret works at both.
    let mut fields = account.fields(&key, &[]);
    account.send(&form("accounts.search", &fields)).served();
    fields[0].1 = &site.site_key;
    account.send(&form("accounts.search", &fields)).served();

    // Twins: without a group, with a secret, and once more.
    account.server.import(&admin.caller, &key.public_id, &site.id, json!([])).problem(409, "already_imported");
    let other = account.application("Other", "_read_only");
    account.server.import(&admin.caller, &other.public_id, &site.id, json!([])).problem(422, "wrong_roles");
    let body = json!({ "public_id": other.public_id, "namespace": site.id, "roles": group, "secret": other.secret() });
    account.server.post(&admin.caller, "/v1/credentials/import", &body).problem(400, "unknown_field");
}

#[test]
fn g20_adding_one_answers_with_the_name_that_it_has_where_it_was_made() {
    let account = Cloud::start();
    assert_eq!(account.labels().import.done, "{name} was added.");
    let key = account.application("Nightly export", "_read_only");
    let (site, admin) = account.elsewhere();
    let group = json!([{ "role": "_read_only", "namespace": site.id }]);
    let added = account.server.import(&admin.caller, &key.public_id, &site.id, group.clone()).expect(200);
    assert_eq!(added.id("/credential/name"), "Nightly export");

    // Twin: no name can be chosen for it.
    let body = json!({ "public_id": key.public_id, "namespace": site.id, "roles": group, "name": "Mine" });
    account.server.post(&admin.caller, "/v1/credentials/import", &body).problem(400, "unknown_field");
}

#[test]
fn g21_a_key_that_does_not_exist_cannot_be_added() {
    let account = Cloud::start();
    let (site, admin) = account.elsewhere();
    let group = || json!([{ "role": "_read_only", "namespace": site.id }]);
    let key = account.application("Export", "_read_only");
    account.server.import(&admin.caller, &key.public_id, &site.id, group()).expect(200);

    // Twins: one that nobody has, one of another account, one that was deleted. One answer, and nothing was added.
    let foreign = account.server.organization(&account.owner, "Other", &["gigya"], "foreign@example.com");
    let theirs = account.server.app(&foreign.caller, "Theirs");
    let roles = json!([{ "role": "_read_only", "namespace": theirs.id }]);
    let asked = json!({ "kind": APPLICATION, "name": "x", "namespace": theirs.id, "roles": roles });
    let foreign = account.server.create(&foreign.caller, &asked);
    let gone = account.application("Gone", "_read_only");
    account.server.revoke(&account.owner.caller, &gone.id);
    for unknown in ["AJxXXxXxxX2X", &*foreign.public_id, &*gone.public_id, ""] {
        account.server.import(&admin.caller, unknown, &site.id, group()).problem(404, "not_found");
    }
    let caller = account.user_key(&account.owner);
    let fields = [("targetUserKey", "AJxXXxXxxX2X"), ("groupID", "_read_only")];
    account.call(&caller, "admin.addExistingApplication", &fields).failed(400_006);
    assert_eq!(account.server.listed(&admin.caller, ""), [key.id]);
}

#[test]
fn g22_seen_from_another_site_an_application_is_blank() {
    let account = Cloud::start();
    assert!(account.labels().notes.iter().any(|note| note.contains("will show blank if attempting to Edit them")));
    let key = account.application("Export", "_read_only");
    let own = account.server.member_with(&account.owner, "own@example.com", "_adminGroup", &account.site.id);
    assert_eq!(account.server.shown(&own.caller, &key.id).id("/public_id"), key.public_id);
    let (site, admin) = account.elsewhere();

    // Twin: from there nothing of it is to be seen, nor changed.
    assert_eq!(account.server.listed(&admin.caller, ""), [""; 0]);
    let nothing = |reply: Reply| {
        assert!([403, 404].contains(&reply.status), "{}", reply.text);
        assert!(!reply.text.contains(&key.public_id) && !reply.text.contains("Export"), "{}", reply.text);
    };
    nothing(account.server.get(&admin.caller, &format!("/v1/credentials/{}", key.id)));
    nothing(account.server.edit(&admin.caller, &key.id, json!({ "name": "x" })));
    nothing(account.server.act(&admin.caller, &key.id, "reveal", json!({})));
    // Also when it was added there, its secret and its group at the other site stay with that one.
    let group = json!([{ "role": "_customer_service", "namespace": site.id }]);
    let imported = account.server.import(&admin.caller, &key.public_id, &site.id, group).expect(200);
    assert!(!imported.text.contains("_read_only"), "{}", imported.text);
    nothing(account.server.act(&admin.caller, &key.id, "reveal", json!({})));
    nothing(account.server.edit(&admin.caller, &key.id, json!({ "name": "x" })));
    let added = account.server.get(&admin.caller, "/v1/credentials").expect(200);
    assert_eq!(added.body["items"][0]["id"], *key.id, "{}", added.text);
    let roles = &added.body["items"][0]["roles"];
    assert_eq!(
        (roles.as_array().unwrap().len(), &roles[0]["role_name"]),
        (1, &json!("_customer_service")),
        "{}",
        added.text
    );
}

#[test]
fn g23_an_added_application_holds_at_each_site_the_group_that_was_chosen_there() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let (site, admin) = account.elsewhere();
    let group = json!([{ "role": "_customer_service", "namespace": site.id }]);
    account.server.import(&admin.caller, &key.public_id, &site.id, group).expect(200);
    let call = |site: &App, method: &str| {
        let mut fields = account.fields(&key, &[]);
        fields[0].1 = &site.site_key;
        account.send(&form(method, &fields))
    };
    call(&account.site, "accounts.getPolicies").served();
    call(&site, "accounts.setAccountInfo").served();

    // Twins: what it may at the one is nothing at the other; nobody chooses more than they have themselves.
    call(&account.site, "accounts.setAccountInfo").failed(403_007);
    call(&site, "accounts.getPolicies").failed(403_007);
    let third = account.server.app(&account.owner.caller, "Third");
    call(&third, "accounts.search").failed(403_007);
    let narrow = account.group("importers", &["credentials:*", "accounts:search"]);
    let eva = account.server.member_with(&account.owner, "eva@example.com", &narrow, &third.id);
    let more = json!([{ "role": "_customer_service", "namespace": third.id }]);
    account.server.import(&eva.caller, &key.public_id, &third.id, more).problem(403, "exceeds_own_rights");
    // Taken out, it ends there; deleted where it was made, everywhere.
    account.server.act(&admin.caller, &key.id, "unlink", json!({ "namespace": site.id })).expect(200);
    call(&site, "accounts.setAccountInfo").failed(403_007);
    call(&account.site, "accounts.getPolicies").served();
    let group = json!([{ "role": "_read_only", "namespace": site.id }]);
    account.server.import(&admin.caller, &key.public_id, &site.id, group).expect(200);
    call(&site, "accounts.getPolicies").served();
    account.server.revoke(&account.owner.caller, &key.id);
    call(&site, "accounts.getPolicies").failed(403_005);
}

#[test]
fn g24_site_key_key_and_secret_are_shaped_as_the_vendors() {
    let account = Cloud::start();
    let other = account.server.app(&account.owner.caller, "Other");
    for site in [&account.site, &other] {
        assert!(site.site_key.len() == 66 && site.site_key.starts_with("3_"), "{}", site.site_key);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(site.site_key.bytes().all(is_plain), "{}", site.site_key);
    }
    for key in [account.application("Export", "_read_only"), account.user_key(&account.owner)] {
        assert!(key.public_id.len() == 12 && key.public_id.starts_with('A'), "{}", key.public_id);
        assert!(key.secret().len() == 32 && key.secret().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    // Twins: what has another shape is not even looked for, and is no other answer than a wrong one.
    let key = account.application("Another", "_read_only");
    let long = format!("{}A", key.secret());
    for (at, wrong) in
        [(1, &key.public_id[1..]), (1, "BJxXXxXxxX2X"), (2, &key.secret()[1..]), (2, &*long), (2, "a+/=")]
    {
        let mut fields = account.fields(&key, &[]);
        fields[at].1 = wrong;
        account.send(&form("accounts.search", &fields)).failed(403_005);
    }
    let mut fields = account.fields(&key, &[]);
    fields[0].1 = &account.site.site_key[..65];
    account.send(&form("accounts.search", &fields)).failed(400_093);
    let columns: Vec<Shown> = account.labels().columns.iter().map(|column| column.shows).collect();
    assert!(columns.contains(&Shown::PublicId) && columns.contains(&Shown::Roles), "{columns:?}");
}
