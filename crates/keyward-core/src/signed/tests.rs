use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use serde_json::{Value, json};

use super::*;

/// Secret, address, parameters, signature.
type Vector = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// Two requests whose signatures were computed by clients of the vendor.
const VECTORS: [Vector; 2] = [
    (
        "c2VjcmV0c2VjcmV0",
        "http://accounts.us1.gigya.com/accounts.search",
        &[
            ("userKey", "AKuser"),
            ("apiKey", "3_k"),
            ("format", "json"),
            ("httpStatusCodes", "false"),
            ("nonce", "1795313753707132"),
            ("query", "select UID from accounts limit 10"),
            ("sdk", "python_3.6.0"),
            ("timestamp", "1795313753"),
        ],
        "2P13s6GcWDe7KbLwTB2w/HtxzxI=",
    ),
    (
        "c2Vj",
        "https://accounts.us1.gigya.com/accounts.search",
        &[
            ("apiKey", "3_k"),
            ("userKey", "AKx"),
            ("query", "select * from accounts"),
            ("format", "json"),
            ("timestamp", "1795313752539"),
            ("nonce", "1714770629354"),
        ],
        "nCkEIsl4xJVoSG03ditN9fSx3Xo=",
    ),
];

#[test]
fn signatures_of_real_clients_are_confirmed_and_nothing_else_is() {
    for (secret, url, parameters, signature) in VECTORS {
        let canonical = canonical_parameters(parameters.iter().copied());
        let urls = ["https://elsewhere.example/accounts.search", url];
        let form = SignedForm {
            method: "POST",
            urls: &urls,
            parameters: &canonical,
            signature: signature_of(signature).unwrap(),
        };
        assert!(form.is_signed_with(secret), "{url}");
        assert!(!form.is_signed_with("c2VjcmV1"), "another secret");
        assert!(!form.is_signed_with("not base64!"), "no secret at all");
        assert!(!SignedForm { method: "GET", ..form }.is_signed_with(secret), "another method");
        assert!(!SignedForm { urls: &urls[..1], ..form }.is_signed_with(secret), "another address");
        assert!(!SignedForm { urls: &[], ..form }.is_signed_with(secret), "no address");
        let more = format!("{canonical}&z=1");
        assert!(!SignedForm { parameters: &more, ..form }.is_signed_with(secret), "one more parameter");
        let mut flipped = form.signature;
        flipped[19] ^= 1;
        assert!(!SignedForm { signature: flipped, ..form }.is_signed_with(secret), "another signature");
    }
}

/// Whatever the pieces are in which the text is hashed: long ones, short ones, and many of both.
#[test]
fn a_form_of_any_length_is_signed_alike() {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"secretsecret");
    for length in [0, 1, 2, 84, 85, 86, 127, 128, 254, 255, 256, 257, 300, 511, 512, 513, 2_000] {
        for text in ["a", "%", "a%", "aaaaaaaaaaaaaaa\u{20ac}"] {
            let parameters = text.repeat(length);
            let naive: String = parameters
                .bytes()
                .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
                .collect();
            let base = format!("POST&https%3A%2F%2Fa.example%2Fb.c&{naive}");
            let mut signature = [0; 20];
            signature.copy_from_slice(hmac::sign(&key, base.as_bytes()).as_ref());
            let urls = ["https://a.example/b.c"];
            let form = SignedForm { method: "POST", urls: &urls, parameters: &parameters, signature };
            assert!(form.is_signed_with("c2VjcmV0c2VjcmV0"), "{length} times {text}");
        }
    }
}

#[test]
fn a_signature_is_base64_of_twenty_bytes() {
    assert!(signature_of("2P13s6GcWDe7KbLwTB2w/HtxzxI=").is_some());
    for text in [
        "",
        "=",
        "2P13s6GcWDe7KbLwTB2w/HtxzxI",
        "2P13s6GcWDe7KbLwTB2w/HtxzxI=x",
        "2P13",
        "2P13s6GcWDe7KbLwTB2w_HtxzxI=",
    ] {
        assert_eq!(signature_of(text), None, "{text}");
    }
    assert_eq!(signature_of(&"A".repeat(10_000)), None);
}

#[test]
fn parameters_are_sorted_and_encoded_as_the_standard_says() {
    let text = canonical_parameters([("b", "1 2+3"), ("a", "ä~._-"), ("B", ""), ("a", "*'()!")]);
    assert_eq!(text, "B=&a=%2A%27%28%29%21&a=%C3%A4~._-&b=1%202%2B3");
}

fn jwt(header: &Value, claims: &Value, key: &KeyPair) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn message<'a>(signed: &Signed<'a>) -> SignedMessage<'a> {
    match signed.proof {
        Proof::Jwt(message) => message,
        Proof::Form(_) => panic!("a JWT is no form"),
    }
}

#[test]
fn a_jwt_is_confirmed_by_its_key_alone() {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let public = PublicKey::from_der(der.as_ref()).unwrap();
    let stored: PublicKey = String::from(public.clone()).try_into().unwrap();
    assert_eq!(stored, public);

    let text = jwt(&json!({"alg": "RS256", "kid": "AKx"}), &json!({"iat": 1_000, "jti": "n1"}), &key);
    let parsed = Jwt::parse(&text).unwrap();
    let signed = parsed.signed(Duration::from_mins(2));
    assert_eq!((signed.id, signed.nonce), ("AKx", "n1"));
    assert_eq!((signed.from, signed.until), (Timestamp::from_seconds(880), Timestamp::from_seconds(1_120)));
    assert!(stored.confirms(&message(&signed)));

    let other = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: PublicKeyX509Der<'_> = other.public_key().as_der().unwrap();
    assert!(!PublicKey::from_der(der.as_ref()).unwrap().confirms(&message(&signed)));
    let changed = text.replacen("eyJ", "eyK", 1);
    assert!(
        Jwt::parse(&changed).is_err()
            || !stored.confirms(&message(&Jwt::parse(&changed).unwrap().signed(Duration::ZERO)))
    );
}

#[test]
fn the_life_of_a_jwt_is_bounded() {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let header = json!({"alg": "RS256", "kid": "A"});
    let until = |claims: Value| Jwt::parse(&jwt(&header, &claims, &key)).unwrap().signed(Duration::from_mins(1)).until;
    assert_eq!(until(json!({"iat": 0, "jti": "n", "exp": 300})), Timestamp::from_seconds(300));
    assert_eq!(until(json!({"iat": 0, "jti": "n", "exp": 1_000_000})), Timestamp::from_seconds(3_600));
}

#[test]
fn what_is_no_such_jwt_is_told() {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let claims = json!({"iat": 1, "jti": "n"});
    let told = |header: Value, claims: &Value| Jwt::parse(&jwt(&header, claims, &key)).map(drop).unwrap_err();
    assert_eq!(told(json!({"alg": "none", "kid": "A"}), &claims), InvalidJwt::Algorithm);
    assert_eq!(told(json!({"alg": "HS256", "kid": "A"}), &claims), InvalidJwt::Algorithm);
    assert_eq!(told(json!({"kid": "A"}), &claims), InvalidJwt::Algorithm);
    assert_eq!(told(json!({"alg": "RS256", "kid": "A", "crit": ["b64"]}), &claims), InvalidJwt::Algorithm);
    assert_eq!(told(json!({"alg": "RS256"}), &claims), InvalidJwt::Missing("kid"));
    assert_eq!(told(json!({"alg": "RS256", "kid": "A"}), &json!({"jti": "n"})), InvalidJwt::Missing("iat"));
    assert_eq!(told(json!({"alg": "RS256", "kid": "A"}), &json!({"iat": 1})), InvalidJwt::Missing("jti"));
    assert_eq!(told(json!({"alg": "RS256", "kid": "A"}), &json!({"iat": 1, "jti": ""})), InvalidJwt::Missing("jti"));
    assert_eq!(told(json!({"alg": "RS256", "kid": "A"}), &json!({"iat": "1", "jti": "n"})), InvalidJwt::Malformed);
    for text in ["", ".", "..", "a.b", "a.b.c", "eyJ9.e30.", "....", &"x".repeat(10_000)] {
        assert_eq!(Jwt::parse(text).map(drop).unwrap_err(), InvalidJwt::Malformed, "{text}");
    }
}
