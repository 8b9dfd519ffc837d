//! Signed requests: a secret, or a private key, that is proved and not sent.

use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::RevokeReason;
use keyward_core::decision::{Check, Purpose, Reason, Request};
use keyward_core::signed::{Proof, Signed, SignedForm};
use keyward_verify::{Means, Outcome, Recorded, Subject};

use crate::support::sign::RSA;
use crate::support::*;

fn outcomes(fixture: &Fixture, signed: &Signed<'_>) -> Vec<(Check, Outcome)> {
    let presented = keyward_core::decision::Presented::Signed(signed);
    let explained = fixture.index.explain(Subject::Presented(presented), &hello(), now());
    explained.findings.iter().map(|finding| (finding.check, finding.outcome)).collect()
}

#[test]
fn a_form_is_confirmed_by_the_secret_and_owes_its_nonce() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("signing");
    let signed = form(&key.record.public_id, &key.secret);
    let unsettled = fixture.ask_signed(&signed, &may("items:edit", APP)).unwrap().settle().unwrap_err();
    let owed = unsettled.owed();
    assert!(!owed.log_use);
    let nonce = owed.nonce.unwrap();
    assert_eq!((nonce.digest, nonce.until), (signed.nonce_digest(), signed.until));
    let identity = unsettled.recorded(Recorded::after_commit());
    assert_eq!((identity.credential, identity.means, identity.slot), (key.record.id, Means::SignedForm, 1));
    assert_eq!((identity.token_ends_at, identity.narrowed), (None, false));
}

#[test]
fn a_jwt_is_confirmed_by_the_key_pair_and_owes_its_nonce() {
    let mut fixture = Fixture::new();
    for kind in ["signing", "robot"] {
        let key = fixture.issue(kind);
        let signature = RSA[0].sign(MESSAGE);
        let signed = jwt(&key.record.public_id, &signature);
        let unsettled = fixture.ask_signed(&signed, &may("items:edit", APP)).unwrap().settle().unwrap_err();
        assert_eq!(unsettled.owed().nonce.map(|nonce| nonce.until), Some(signed.until), "{kind}");
        assert_eq!(unsettled.to_record().means, Means::SignedJwt);
    }
}

#[test]
fn another_nonce_is_owed_as_another() {
    let one = form("SG", "AAAA");
    let other = Signed { nonce: "n-2", ..one };
    assert_eq!(one.nonce_digest(), form("SG", "AAAA").nonce_digest());
    assert_ne!(one.nonce_digest(), other.nonce_digest());
}

/// Whatever is wrong with a signature, and whether or not there is such a credential: one answer, and the window, the
/// carrier and the rest are not looked at.
#[test]
fn an_unknown_id_and_a_wrong_signature_answer_the_same() {
    let mut fixture = Fixture::new();
    let (key, other, unknown) = (fixture.issue("signing"), fixture.issue("signing"), fixture.make("signing"));
    let mut pairless = fixture.make("signing");
    pairless.record.public_key = None;
    let mut unsealed = fixture.make("signing");
    unsealed.record.slots[0].sealed = None;
    fixture.commit([pairless.change(), unsealed.change()]);
    let (own, foreign) = (RSA[0].sign(MESSAGE), RSA[1].sign(MESSAGE));
    let (id, another) = (key.record.public_id.as_str(), unknown.record.public_id.as_str());
    let elsewhere = |secret: &str| {
        let signature = sign::sign_form(secret, "POST", "https://elsewhere.example/items", PARAMETERS).unwrap();
        let url = [URL];
        let proof = SignedForm { method: "POST", urls: &url, parameters: PARAMETERS, signature };
        fixture.reason_signed(&Signed { proof: Proof::Form(proof), ..form(id, secret) }, &hello())
    };
    assert_eq!(elsewhere(&key.secret), Some(Reason::Unknown), "signed for another address");
    let wrong = [
        form(id, &other.secret),
        form(another, &unknown.secret),
        // What the decoy would sign with.
        form(another, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        form(id, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        form(another, ""),
        form(&unsealed.record.public_id, &unsealed.secret),
        form(&unsealed.record.public_id, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        jwt(id, &foreign),
        jwt(id, &own[1..]),
        jwt(id, &[]),
        jwt(another, &own),
        jwt(&pairless.record.public_id, &own),
    ];
    for (number, signed) in wrong.iter().enumerate() {
        for window in [signed.until, START.minus(Duration::from_secs(1))] {
            let signed = Signed { until: window, ..*signed };
            assert_eq!(fixture.reason_signed(&signed, &hello()), Some(Reason::Unknown), "{number}");
            let exchange = Request { purpose: Purpose::Exchange, secure: false, ..hello() };
            assert_eq!(fixture.reason_signed(&signed, &exchange), Some(Reason::Unknown), "{number}");
            let (failed, later) = {
                let all = outcomes(&fixture, &signed);
                let at = all.iter().position(|(_, outcome)| *outcome == Outcome::Failed).unwrap();
                (all[at].0, all[at + 1..].to_vec())
            };
            assert!(matches!(failed, Check::Known | Check::Secret), "{number}: {failed:?}");
            assert!(later.iter().all(|(_, outcome)| *outcome == Outcome::NotReached), "{number}");
        }
    }
}

#[test]
fn a_signature_holds_from_an_instant_until_another() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("signing");
    let (micro, own) = (Duration::from_micros(1), RSA[0].sign(MESSAGE));
    for signed in [form(&key.record.public_id, &key.secret), jwt(&key.record.public_id, &own)] {
        for (from, until, reason) in [
            (START, START.plus(micro), None),
            (START.plus(micro), START.plus(micro * 2), Some(Reason::OutOfWindow)),
            (START.minus(micro), START, Some(Reason::OutOfWindow)),
            (START, START, Some(Reason::OutOfWindow)),
        ] {
            let signed = Signed { from, until, ..signed };
            assert_eq!(fixture.reason_signed(&signed, &hello()), reason, "{from} {until}");
        }
    }
}

#[test]
fn an_id_that_no_signing_kind_has_is_malformed() {
    let mut fixture = Fixture::new();
    let (pair, robot, client) = (fixture.issue("pair"), fixture.issue("robot"), fixture.issue("client"));
    let signature = RSA[0].sign(MESSAGE);
    for id in ["", "SG", "é", &pair.record.public_id, &client.record.public_id, &robot.record.public_id[1..]] {
        assert_eq!(fixture.reason_signed(&jwt(id, &signature), &hello()), Some(Reason::Malformed), "{id}");
        assert_eq!(fixture.reason_signed(&form(id, "AAAA"), &hello()), Some(Reason::Malformed), "{id}");
    }
    assert_eq!(fixture.reason_signed(&form(&robot.record.public_id, "AAAA"), &hello()), Some(Reason::Malformed));
    let nobody = format!("tro_{}", "A".repeat(16));
    assert_eq!(fixture.reason_signed(&jwt(&nobody, &signature), &hello()), Some(Reason::Unknown));
}

/// Two kinds have ids of one form, and one of them signs: what the other is signed with is right, and not allowed.
#[test]
fn only_who_may_sign_is_told_that_its_kind_does_not() {
    let mut fixture = Fixture::new();
    let text = format!(
        "{KINDS}\n[kinds.silent]\nparts = \"pair\"\nreveal = \"always\"\nid_format = {{ prefix = \"SG\", length = 14 }}\n\
         secret_format = {{ alphabet = \"base64_24\" }}\n"
    );
    fixture.commit([Change::Profile(keyward_core::change::RecordedProfile::new("test", 2, &text))]);
    let mut key = fixture.make("signing");
    key.record.kind = "test/silent".parse().unwrap();
    fixture.commit([key.change()]);
    let other = fixture.make("signing");
    assert_eq!(fixture.reason_signed(&form(&key.record.public_id, &key.secret), &hello()), Some(Reason::WrongCarrier));
    assert_eq!(fixture.reason_signed(&form(&key.record.public_id, &other.secret), &hello()), Some(Reason::Unknown));
}

#[test]
fn a_replaced_secret_signs_until_its_grace_is_over() {
    let mut fixture = Fixture::new();
    let old = fixture.issue("signing");
    let new = fixture.rotate(&old, Duration::from_mins(1));
    let id = &old.record.public_id;
    let slot_at = |fixture: &Fixture, key: &Issued, time| {
        let signed = Signed { until: START.plus(Duration::from_hours(2)), ..form(id, &key.secret) };
        let presented = keyward_core::decision::Presented::Signed(&signed);
        let permit = answer(fixture.index.decide(&presented, &hello(), at(time))).map_err(|denial| denial.reason)?;
        Ok(permit.settle().unwrap_err().to_record().slot)
    };
    let end = START.plus(Duration::from_mins(1));
    assert_eq!(slot_at(&fixture, &old, end.minus(Duration::from_micros(1))), Ok(1));
    assert_eq!(slot_at(&fixture, &old, end), Err(Reason::Replaced));
    assert_eq!(slot_at(&fixture, &new, end), Ok(2));
    let newest = fixture.rotate(&new, Duration::ZERO);
    assert_eq!(slot_at(&fixture, &new, START), Err(Reason::Unknown), "it was replaced without a grace");
    assert_eq!(slot_at(&fixture, &newest, START), Ok(3));
}

#[test]
fn the_key_pair_outlives_the_secret_and_not_the_credential() {
    let mut fixture = Fixture::new();
    let key = fixture.issue("signing");
    let (id, signature) = (key.record.public_id.clone(), RSA[0].sign(MESSAGE));
    let mut rotated = fixture.rotate(&key, Duration::ZERO);
    assert_eq!(fixture.reason_signed(&jwt(&id, &signature), &hello()), None);
    rotated.record = rotated.record.revoke(START, RevokeReason::Requested).unwrap();
    fixture.commit([rotated.change()]);
    assert_eq!(fixture.reason_signed(&jwt(&id, &signature), &hello()), Some(Reason::Revoked));
    let form = form(&id, &rotated.secret);
    assert_eq!(fixture.reason_signed(&form, &hello()), Some(Reason::Unknown), "nothing is left to check it with");
}

/// Nothing that could be used again is sent, so plain http is as good; all else is judged as for the secret itself.
#[test]
fn signatures_travel_over_plain_http_and_the_rest_holds_for_them() {
    let mut fixture = Fixture::new();
    let mut key = fixture.issue("signing");
    let (id, signature) = (key.record.public_id.clone(), RSA[0].sign(MESSAGE));
    let secret = key.secret.clone();
    let both = |fixture: &Fixture, request: &Request<'_>| {
        let [one, other] = [form(&id, &secret), jwt(&id, &signature)].map(|s| fixture.reason_signed(&s, request));
        assert_eq!(one, other);
        one
    };
    let plainly = Request { secure: false, ..hello() };
    assert_eq!(both(&fixture, &plainly), None);
    assert_eq!(fixture.reason(&key, &plainly), Some(Reason::InsecureTransport));
    assert_eq!(both(&fixture, &Request { purpose: Purpose::Exchange, ..hello() }), Some(Reason::WrongUse));
    assert_eq!(both(&fixture, &may("orders:edit", APP)), Some(Reason::NotGranted));
    key.record.sources = vec!["10.0.0.0/8".parse().unwrap()];
    fixture.commit([key.change()]);
    assert_eq!(both(&fixture, &hello()), Some(Reason::SourceNotAllowed));
    key.record = key.record.disable(START).unwrap();
    fixture.commit([key.change()]);
    assert_eq!(both(&fixture, &hello()), Some(Reason::Disabled));
}
