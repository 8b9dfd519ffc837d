//! Signed calls: forms signed with the secret, and JWTs signed with the private key.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Cloud, Envelope as _, form};
use crate::support::{Key, Reply, Request, now};

/// The base URL that most clients sign, although they speak https.
const VENDOR: &str = "http://accounts.us1.gigya.com/accounts.search";

/// The signature of a form, made as the vendor's own clients make it.
fn signature(secret: &str, method: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let parameters: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let base = format!("{method}&{}&{}", encoded(url), encoded(&parameters.join("&")));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &STANDARD.decode(secret).unwrap());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain {
            done.push(char::from(byte));
        } else {
            write!(done, "%{byte:02X}").unwrap();
        }
        done
    })
}

/// A signed call that can be sent slightly wrong.
struct Signing<'a> {
    account: &'a Cloud,
    key: &'a Key,
    method: &'a str,
    url: String,
    time: String,
    nonce: &'a str,
}

impl<'a> Signing<'a> {
    fn new(account: &'a Cloud, key: &'a Key, nonce: &'a str) -> Self {
        let time = now().seconds().to_string();
        Self { account, key, method: "POST", url: VENDOR.to_owned(), time, nonce }
    }

    /// Every field, with the signature last.
    fn fields(&self) -> Vec<(String, String)> {
        let fields = [
            ("apiKey", &*self.account.site.site_key),
            ("format", "json"),
            ("httpStatusCodes", "false"),
            ("nonce", self.nonce),
            ("query", "select UID from accounts where a = 'ä & b' limit 10"),
            ("sdk", "python_3.6.0"),
            ("timestamp", &self.time),
            ("userKey", &self.key.public_id),
        ];
        let made = signature(self.key.secret(), self.method, &self.url, &fields);
        let all = fields.into_iter().chain([("sig", &*made)]);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn request(&self) -> Request {
        request(&self.fields())
    }
}

/// A signed call of `accounts.search` at a time, with a nonce and more fields.
pub(super) fn call(account: &Cloud, key: &Key, time: &str, nonce: &str, more: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("apiKey", &*account.site.site_key), ("userKey", &*key.public_id)];
    fields.extend([("timestamp", time), ("nonce", nonce)]);
    fields.extend(more);
    let made = signature(key.secret(), "POST", VENDOR, &fields);
    fields.push(("sig", &made));
    account.send(&Request::post("/accounts.search").form(&fields))
}

/// The fields as a form for the method, over plain http: nothing in it is secret.
fn request(fields: &[(String, String)]) -> Request {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    Request::post("/accounts.search").form(&fields)
}

#[test]
fn the_vendors_published_signatures_come_out() {
    let python = [
        ("apiKey", "3_k"),
        ("format", "json"),
        ("httpStatusCodes", "false"),
        ("nonce", "1795313753707132"),
        ("query", "select UID from accounts limit 10"),
        ("sdk", "python_3.6.0"),
        ("timestamp", "1795313753"),
        ("userKey", "AKuser"),
    ];
    assert_eq!(signature("c2VjcmV0c2VjcmV0", "POST", VENDOR, &python), "2P13s6GcWDe7KbLwTB2w/HtxzxI=");
    let node = [
        ("apiKey", "3_k"),
        ("userKey", "AKx"),
        ("query", "select * from accounts"),
        ("format", "json"),
        ("timestamp", "1795313752539"),
        ("nonce", "1714770629354"),
    ];
    let https = VENDOR.replace("http:", "https:");
    assert_eq!(signature("c2Vj", "POST", &https, &node), "nCkEIsl4xJVoSG03ditN9fSx3Xo=");
}

#[test]
fn a_signed_form_needs_no_secret_and_no_https() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    account.send(&Signing::new(&account, &key, "1").request()).served();
    // The scheme that a client sees, milliseconds, and every host that the surface has.
    let mut signing = Signing::new(&account, &key, "2");
    signing.url = VENDOR.replace("http:", "https:");
    signing.time = now().millis().to_string();
    account.send(&signing.request()).served();
    let own = format!("http://{}/accounts.search", account.server.address("api"));
    for (nonce, url) in [("3", "https://accounts.eu1.gigya.com/accounts.search"), ("4", &own)] {
        let signing = Signing { url: url.to_owned(), ..Signing::new(&account, &key, nonce) };
        account.send(&signing.request()).served();
    }
    // An absolute target, as clients of a forward proxy send it, and a host with its default port.
    let absolute =
        Signing { url: "http://keys.example.org/accounts.search".to_owned(), ..Signing::new(&account, &key, "5") };
    let fields = absolute.fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    account.send(&Request::post("http://Keys.example.org:80/accounts.search").form(&fields)).served();
    // In the query of a GET.
    let signing = Signing { method: "GET", ..Signing::new(&account, &key, "6") };
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(signing.fields()).finish();
    account.send(&Request::get(&format!("/accounts.search?{text}"))).served();
    let received = account.upstream.received();
    assert_eq!(received.len(), 6);
    for one in received {
        let text = format!("{}&{}", one.query, String::from_utf8(one.body).unwrap());
        assert!(text.contains("apiKey=") && text.contains("query="), "{text}");
        for taken in ["userKey=", "sig=", "nonce=", "timestamp="] {
            assert!(!text.contains(taken), "{text}");
        }
    }
    let uses = account.uses(&key);
    assert_eq!(uses.len(), 6, "{uses:?}");
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused() {
    let account = Cloud::start();
    let (key, other) = (account.application("Export", "_read_only"), account.application("Other", "_read_only"));
    let signing = Signing::new(&account, &key, "1");
    let fields = signing.fields();
    let with = |name: &str, value: &str| {
        let mut fields = fields.clone();
        fields.iter_mut().find(|field| field.0 == name).unwrap().1 = value.to_owned();
        request(&fields)
    };
    for (name, value) in [
        ("query", "select * from accounts"),
        ("nonce", "2"),
        ("userKey", &*other.public_id),
        ("userKey", "AJxXXxXxxX2X"),
        ("userKey", "nobody"),
        ("timestamp", &*(now().seconds() + 1).to_string()),
        ("sig", "2P13s6GcWDe7KbLwTB2w/HtxzxI="),
        ("sig", "no base64"),
        ("sig", "c2hvcnQ="),
    ] {
        account.send(&with(name, value)).failed(403_003);
    }
    let mut more = fields.clone();
    more.push(("limit".to_owned(), "1".to_owned()));
    account.send(&request(&more)).failed(403_003);
    // Another method of HTTP, another path, another host, a secret that only looks right.
    let get = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    account.send(&Request::get(&format!("/accounts.search?{get}"))).failed(403_003);
    account
        .send(&form("accounts.getSchema", &fields.iter().map(|(a, b)| (&**a, &**b)).collect::<Vec<_>>()))
        .failed(403_003);
    for url in ["http://accounts.us1.gigya.com.evil.org/accounts.search", "http://ds.us1.gigya.com/accounts.search"] {
        account.send(&Signing { url: url.to_owned(), ..Signing::new(&account, &key, "3") }.request()).failed(403_003);
    }
    // Nobody was let in by any of it.
    assert_eq!((account.upstream.received().len(), account.uses(&key).len()), (0, 0));
    account.send(&signing.request()).served();
}

#[test]
fn a_signature_holds_for_a_while_and_once() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let once = Signing::new(&account, &key, "1");
    account.send(&once.request()).served();
    account.send(&once.request()).failed(403_004);
    // The nonce is used up, whatever is signed with it; another key may have the same.
    account
        .send(&Signing { time: now().millis().to_string(), ..Signing::new(&account, &key, "1") }.request())
        .failed(403_004);
    let other = account.application("Other", "_read_only");
    account.send(&Signing::new(&account, &other, "1").request()).served();
    // Two minutes either way.
    for (nonce, offset, code) in [("2", -110, 0), ("3", 110, 0), ("4", -125, 403_002), ("5", 130, 403_002)] {
        let time = (now().seconds() + offset).to_string();
        let reply = account.send(&Signing { time, ..Signing::new(&account, &key, nonce) }.request());
        if code == 0 {
            reply.served()
        } else {
            reply.failed(code)
        };
    }
    // An expired one has not used its nonce up.
    account.send(&Signing::new(&account, &key, "4").request()).served();
}

#[test]
fn what_a_signature_needs_is_named() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let fields = Signing::new(&account, &key, "1").fields();
    for name in ["userKey", "timestamp", "nonce", "apiKey"] {
        let without: Vec<_> = fields.iter().filter(|field| field.0 != name).cloned().collect();
        let refused = account.send(&request(&without)).failed(400_002);
        assert!(refused.id("/errorDetails").contains(name), "{}", refused.text);
    }
    let long = "n".repeat(129);
    for (name, value) in [("nonce", &*long), ("timestamp", "yesterday"), ("timestamp", "-1"), ("timestamp", "1e9")] {
        let mut fields = fields.clone();
        fields.iter_mut().find(|field| field.0 == name).unwrap().1 = value.to_owned();
        let refused = account.send(&request(&fields)).failed(400_006);
        assert!(refused.id("/errorDetails").contains(name), "{}", refused.text);
    }
    let longest = "n".repeat(128);
    account.send(&Signing::new(&account, &key, &longest).request()).served();
    // No signature is over a body that is no form.
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let json = Request::post(&format!("/accounts.search?{text}")).json(&json!({ "query": "select * from accounts" }));
    account.send(&json).failed(400_001);
    assert_eq!(account.upstream.received().len(), 1);
}

#[test]
fn a_key_signs_nothing_any_more_when_it_was_disabled_or_revoked() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    account.send(&Signing::new(&account, &key, "1").request()).served();
    account.server.act(&account.owner.caller, &key.id, "disable", json!({})).expect(200);
    account.send(&Signing::new(&account, &key, "2").request()).failed(403_005);
    account.server.act(&account.owner.caller, &key.id, "enable", json!({})).expect(200);
    account.send(&Signing::new(&account, &key, "3").request()).served();
    // Of a revoked one nothing is left to check signatures with.
    account.server.revoke(&account.owner.caller, &key.id);
    account.send(&Signing::new(&account, &key, "4").request()).failed(403_003);
}

/// An application with a key pair, whose private key was shown once.
fn with_key_pair(account: &Cloud) -> (String, RsaKeyPair) {
    let mut asked = account.asked("Signer", "_read_only");
    asked["key_pair"] = json!(true);
    let made = account.server.post(&account.owner.caller, "/v1/credentials", &asked).expect(201);
    let pem = made.id("/private_key");
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    (made.id("/credential/public_id"), RsaKeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap())
}

fn jwt(pair: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_key_pair_signs_jwts() {
    let account = Cloud::start();
    let (id, pair) = with_key_pair(&account);
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": id });
    let send = |token: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("apiKey", &*account.site.site_key)];
        fields.extend(more);
        account.send(&form("accounts.search", &fields).header("authorization", &format!("Bearer {token}")))
    };
    let at = |offset: i64, jti: &str| jwt(&pair, &header, &json!({ "iat": now().seconds() + offset, "jti": jti }));
    let first = at(0, "1");
    send(&first, &[]).served();
    assert_eq!(account.upstream.received().remove(0).header("authorization"), None);
    send(&at(0, "2"), &[("userKey", &id)]).served();
    let until = json!({ "iat": now().seconds() - 600, "exp": now().seconds() + 600, "jti": "3" });
    send(&jwt(&pair, &header, &until), &[]).served();

    // Once, in time, of this key, with this algorithm.
    send(&first, &[]).failed(403_004);
    send(&at(-130, "4"), &[]).failed(403_002);
    send(&at(130, "5"), &[]).failed(403_002);
    let (_, other) = with_key_pair(&account);
    let claims = json!({ "iat": now().seconds(), "jti": "6" });
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let plain = account.application("Plain", "_read_only");
    for (pair, header, claims) in [
        (&other, header.clone(), claims.clone()),
        (&pair, json!({ "alg": "RS256", "kid": "AJxXXxXxxX2X" }), claims.clone()),
        (&pair, json!({ "alg": "RS256", "kid": plain.public_id }), claims.clone()),
        (&pair, json!({ "alg": "RS256" }), claims.clone()),
        (&pair, json!({ "alg": "none", "kid": id }), claims.clone()),
        (&pair, json!({ "alg": "HS256", "kid": id }), claims.clone()),
        (&pair, header.clone(), without("jti")),
        (&pair, header.clone(), without("iat")),
    ] {
        send(&jwt(pair, &header, &claims), &[]).failed(403_003);
    }
    for text in ["a.b.c", "a", "..", &first[..first.len() - 2]] {
        send(text, &[]).failed(403_003);
    }
    // For one key only, and for a site.
    send(&at(0, "7"), &[("userKey", &plain.public_id)]).failed(400_001);
    send(&at(0, "8"), &[("userKey", &plain.public_id), ("secret", plain.secret())]).failed(400_001);
    let bearer = format!("Bearer {}", at(0, "9"));
    account.send(&form("accounts.search", &[]).header("authorization", &bearer)).failed(400_002);
    assert_eq!(account.upstream.received().len(), 2);
}

#[test]
fn what_is_signed_is_of_bearable_length() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let time = now().seconds().to_string();
    let long = |bytes: usize| "x".repeat(bytes);
    call(&account, &key, &time, "1", &[("query", &long(100 * 1024))]).served();
    call(&account, &key, &time, "2", &[("query", &long(200 * 1024))]).failed(400_001);
    // It is the signing that is bounded, not the call.
    account.call(&key, "accounts.search", &[("query", &long(200 * 1024))]).served();
}
