//! Access tokens: `socialize.getToken`, and calls with what it gave.

use serde_json::json;

use super::{ACCOUNT, Cloud, Envelope as _, enveloped, error_of, form, query};
use crate::support::{As, Key, Reply, Request};

impl Cloud {
    /// Exchanges a key of an application or a user.
    fn exchange(&self, key: &Key, more: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("grant_type", "client_credentials"), ("client_id", &*self.site.site_key)];
        fields.extend([("userKey", &*key.public_id), ("secret", key.secret())]);
        fields.extend(more);
        self.send(&form("socialize.getToken", &fields))
    }

    /// Exchanges something beside the key of the site, as HTTP Basic.
    fn exchange_basic(&self, id: &str, secret: &str, fields: &[(&str, &str)]) -> Reply {
        let basic = As::Basic(id.to_owned(), secret.to_owned());
        self.send(&form("socialize.getToken", fields).by(&basic))
    }

    /// The account's own secret.
    fn partner(&self) -> Key {
        self.server.create(&self.owner.caller, &json!({ "kind": ACCOUNT, "name": "Account" }))
    }
}

const NONE: (&str, &str) = ("grant_type", "none");

#[track_caller]
fn token_of(reply: &Reply) -> String {
    enveloped(reply);
    assert_eq!((reply.status, &reply.body["errorCode"]), (200, &json!(0)), "{}", reply.text);
    assert_eq!(reply.body["expires_in"], 3_600, "{}", reply.text);
    reply.id("/access_token")
}

#[test]
fn a_key_is_exchanged_for_a_token_that_works_in_its_place() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let token = token_of(&account.exchange(&key, &[]));
    let site = ("apiKey", &*account.site.site_key);
    let by_header =
        |fields: &[(&str, &str)]| form("accounts.search", fields).header("authorization", &format!("OAuth {token}"));
    // The site may be left out: the token has it.
    account.send(&by_header(&[site])).served();
    account.send(&by_header(&[])).served();
    account.send(&form("accounts.search", &[site, ("oauth_token", &token)])).served();
    account.send(&query("accounts.search", &[("oauth_token", &token)])).served();
    for received in account.upstream.received() {
        assert_eq!(received.header("authorization"), None);
        let text = format!("{}&{}", received.query, String::from_utf8(received.body).unwrap());
        assert!(!text.contains("oauth_token") && !text.contains(&token), "{text}");
    }

    // What the key may not do, the token may not; it cannot be sent in two places, nor with a key.
    let more = form("accounts.setSchema", &[("oauth_token", &token)]);
    account.send(&more).failed(403_007);
    account.send(&by_header(&[("oauth_token", &token)])).failed(400_001);
    account.send(&by_header(&[("secret", key.secret()), ("userKey", &key.public_id)])).failed(400_001);
    // Changed, invented, exchanged once more, and over http.
    for other in [format!("{token}x"), "kwat_AAAA".to_owned(), "nothing".to_owned()] {
        account.send(&form("accounts.search", &[site, ("oauth_token", &other)])).failed(403_025);
        account.send(&form("accounts.search", &[("oauth_token", &other)])).failed(403_025);
    }
    account.exchange(&key, &[("oauth_token", &token)]).failed(400_001);
    account.send(&Request::post("/accounts.search").form(&[("oauth_token", &token)])).failed(403_006);
}

#[test]
fn the_accounts_secret_is_exchanged_beside_the_key_of_a_site() {
    let account = Cloud::start();
    let (partner, site) = (account.partner(), account.site.site_key.clone());
    let token = token_of(&account.exchange_basic(&site, partner.secret(), &[NONE]));
    token_of(&account.exchange_basic(
        &site,
        partner.secret(),
        &[("grant_type", "client_credentials"), ("apiKey", &site)],
    ));
    account.send(&form("accounts.setSchema", &[("oauth_token", &token)])).served();
    // All sites, and nothing that hands out rights.
    account.send(&form("admin.createGroup", &[("oauth_token", &token), ("groupID", "x")])).failed(403_007);

    // A wrong secret, a site that nobody has, keys of applications: one answer.
    let key = account.application("Export", "_adminGroup");
    let unknown = format!("3_{}", "x".repeat(64));
    let wrong = account.exchange_basic(&site, &"x".repeat(32), &[NONE]).failed(403_005);
    for (id, secret) in [
        (&*unknown, partner.secret()),
        (&*site, key.secret()),
        (&*key.public_id, key.secret()),
        (&*partner.public_id, partner.secret()),
        (&*site, ""),
    ] {
        let refused = account.exchange_basic(id, secret, &[NONE]).failed(403_005);
        assert_eq!(refused.body["errorMessage"], wrong.body["errorMessage"], "{id}");
    }
    let unknown = account.exchange_basic(&unknown, partner.secret(), &[NONE]);
    assert_eq!(error_of(&unknown), error_of(&wrong));
    // Twice, and of two sorts.
    for (name, value) in [("userKey", &*key.public_id), ("client_id", &*site), ("client_secret", "x"), ("secret", "x")]
    {
        account.exchange_basic(&site, partner.secret(), &[NONE, (name, value)]).failed(400_001);
    }
    let bearer = As::Bearer(token);
    account.send(&form("socialize.getToken", &[NONE]).by(&bearer)).failed(400_001);
    let basic = As::Basic(site.clone(), partner.secret().to_owned());
    account.send(&form("socialize.getToken", &[NONE]).by(&basic).by(&basic)).failed(400_001);
    // Nowhere else, and not after it was revoked.
    account.send(&form("accounts.search", &[("apiKey", &*site)]).by(&basic)).failed(400_001);
    account.server.revoke(&account.owner.caller, &partner.id);
    account.exchange_basic(&site, partner.secret(), &[NONE]).failed(403_005);
}

#[test]
fn a_token_counts_at_the_site_for_which_it_was_asked() {
    let account = Cloud::start();
    let other = account.server.app(&account.owner.caller, "Other");
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    account.server.grant(&account.owner.caller, &sam.user, "_read_only", &other.id);
    let key = account.user_key(&sam);
    let token = token_of(&account.exchange(&key, &[]));
    let at = |site: &str| form("accounts.search", &[("apiKey", site), ("oauth_token", &token)]);
    account.send(&at(&account.site.site_key)).served();
    account.send(&at(&other.site_key)).failed(403_005);
    // The key itself has both sites.
    let mut fields = account.fields(&key, &[]);
    fields[0].1 = &other.site_key;
    account.send(&form("accounts.search", &fields)).served();
}

#[test]
fn a_token_is_asked_for_as_the_vendor_says() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let pair = [("userKey", &*key.public_id), ("secret", key.secret())];
    let client = ("client_id", &*account.site.site_key);
    let ask = |fields: &[(&str, &str)]| account.send(&form("socialize.getToken", fields));
    token_of(&ask(&[NONE, client, pair[0], pair[1]]));
    token_of(&ask(&[NONE, ("apiKey", client.1), pair[0], pair[1], ("FORMAT", "json")]));
    // Its name has no case.
    token_of(&account.send(&form("Socialize.GETTOKEN", &[NONE, client, pair[0], pair[1]])));

    for (fields, code, named) in [
        (vec![client, pair[0], pair[1]], 400_002, "grant_type"),
        (vec![NONE, pair[0], pair[1]], 400_002, "client_id"),
        (vec![NONE, client, pair[1]], 400_002, "userKey"),
        (vec![NONE, client, pair[0]], 400_002, "secret"),
        (vec![("grant_type", "password"), client, pair[0], pair[1]], 400_013, "grant_type"),
        (vec![NONE, ("client_id", "3_x"), pair[0], pair[1]], 400_093, "apiKey"),
        (vec![NONE, client, ("apiKey", "3_x"), pair[0], pair[1]], 400_093, "apiKey"),
        (vec![NONE, client, pair[0], ("secret", "x")], 403_005, ""),
        (vec![NONE, client, pair[0], pair[1], ("sig", "x")], 400_001, ""),
        (vec![NONE, client, pair[0], pair[1], ("format", "jsonp"), ("callback", "f")], 400_006, "format"),
    ] {
        let refused = ask(&fields).failed(code);
        assert!(refused.id("/errorDetails").contains(named), "{}", refused.text);
    }
    // Tokens are not handed out by GET, nor for secrets that stood in the address.
    account.send(&query("socialize.getToken", &[NONE, client, pair[0], pair[1]])).failed(400_001);
    let address = form(&format!("socialize.getToken?secret={}", key.secret()), &[NONE, client]);
    account.send(&address).failed(400_006);
    let empty = Request::post("/socialize.getToken").over_https();
    account.send(&empty).failed(400_002);
    // The account's secret is exchanged as HTTP Basic, and in no other way.
    let partner = account.partner();
    let own = [("userKey", &*partner.public_id), ("secret", partner.secret())];
    ask(&[NONE, client, own[0], own[1]]).failed(400_014);
}

#[test]
fn a_token_of_another_account_is_none_here() {
    let account = Cloud::start();
    let foreign = account.server.organization(&account.owner, "Other", &["gigya"], "foreign@example.com");
    let site = account.server.app(&foreign.caller, "Theirs");
    let key = account.application("Export", "_adminGroup");
    // For the site of another account, whatever group the key has here.
    let mut fields = vec![NONE, ("client_id", &*site.site_key), ("userKey", &*key.public_id), ("secret", key.secret())];
    account.send(&form("socialize.getToken", &fields)).failed(403_005);
    fields[1].1 = &account.site.site_key;
    let token = token_of(&account.send(&form("socialize.getToken", &fields)));
    let there = [("apiKey", &*site.site_key), ("oauth_token", &*token)];
    account.send(&form("accounts.search", &there)).failed(403_005);
    let mut fields = account.fields(&key, &[]);
    fields[0].1 = &site.site_key;
    account.send(&form("accounts.search", &fields)).failed(403_005);
    account.send(&form("admin.getUserSites", &fields)).failed(403_005);
}
