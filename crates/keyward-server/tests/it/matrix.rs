//! Every operation of the table, asked by everybody: who may, who may not, and in which words they are told.
//!
//! What is expected follows from the table itself (`rules`); what does not follow is listed there by name, with its
//! reason. A new operation fails here until `requests` has a request for it.

pub(crate) mod requests;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod world;

use std::collections::BTreeMap;

use keyward_api::headers;
use keyward_api::operations::{self, Operation};
use serde_json::json;

use rules::{Answer, EXCEPTIONS, rule};
use run::{Asked, run};
use world::Who;

#[test]
fn everybody_is_answered_as_documented() {
    let successes = successes();
    let differences: Vec<String> = run().asked.iter().filter_map(|asked| difference(asked, &successes)).collect();
    assert!(differences.is_empty(), "{} answers are not as documented:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn nobody_learns_of_what_belongs_to_others() {
    let run = run();
    let outside = [Who::Anonymous, Who::Foreign, Who::Elsewhere];
    // Whoever has the token of an invitation is told where it led.
    let told_by_right = |asked: &Asked| asked.operation.id == "invitations.accept";
    // What they named themselves, they may find again in their own audit log.
    let mut sent = Vec::new();
    for asked in run.asked.iter().filter(|asked| outside.contains(&asked.who) && !told_by_right(asked)) {
        sent.push(format!("{} {:?}", asked.request.path, asked.request.body));
        for record in run.records.iter().filter(|record| !sent.iter().any(|said| said.contains(*record))) {
            let told = asked.reply.text.contains(record);
            assert!(!told, "`{}` tells {:?} of `{record}`: {}", asked.operation.id, asked.who, asked.reply.text);
        }
    }
}

#[test]
fn answers_name_their_revision_and_confirmed_ones_carry_a_receipt() {
    for asked in run().asked.iter().filter(|asked| matches!(asked.wanted, Answer::Done | Answer::Empty)) {
        let Asked { operation, who, reply, .. } = asked;
        let revision = reply.headers.get(headers::REVISION).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        assert!(revision.is_some(), "the answer to `{}` for {who:?} names no revision", operation.id);
        let receipt = &reply.body["receipt"];
        if operation.confirms {
            assert_eq!(receipt["confirmed"], true, "`{}` for {who:?}: {}", operation.id, reply.text);
            assert_eq!(receipt["revision"].as_u64(), revision, "`{}` for {who:?}: {}", operation.id, reply.text);
        }
    }
}

#[test]
fn every_exception_is_one() {
    for exception in EXCEPTIONS {
        let id = exception.operation;
        assert!(Operation::find(id).is_some(), "there is no operation `{id}` any more");
        assert!(!exception.why.is_empty() && !exception.who.is_empty(), "`{id}` is excepted without reason");
        for who in exception.who {
            let asked = run().asked.iter().find(|asked| asked.operation.id == id && asked.who == *who).unwrap();
            let follows = rule(asked.operation, *who, &asked.request);
            assert_ne!(follows, exception.answer, "`{id}` for {who:?} is no exception any more: remove it");
            let same = EXCEPTIONS.iter().filter(|e| e.operation == id && e.who.contains(who)).count();
            assert_eq!(same, 1, "`{id}` for {who:?} is excepted twice");
        }
    }
}

/// How an answer differs from what is documented.
fn difference(asked: &Asked, successes: &BTreeMap<String, u16>) -> Option<String> {
    let Asked { operation, who, wanted, reply, .. } = asked;
    let status = match wanted {
        Answer::Done | Answer::Empty => successes[operation.id],
        Answer::Refused(code) => code.status(),
    };
    let fits = reply.status == status
        && match wanted {
            Answer::Done => true,
            Answer::Empty => reply.body["items"] == json!([]),
            Answer::Refused(code) => {
                reply.body["code"] == code.as_str() && reply.headers["content-type"] == headers::PROBLEM_JSON
            }
        };
    (!fits)
        .then(|| format!("{} for {who:?}: {wanted:?} was expected, not {} {}", operation.id, reply.status, reply.text))
}

/// The status of each operation's success, as the document has it.
fn successes() -> BTreeMap<String, u16> {
    let document = serde_json::to_value(keyward_server::surfaces::native::document()).unwrap();
    let mut successes = BTreeMap::new();
    for operation in operations::ALL {
        let described = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let statuses = described["responses"].as_object().unwrap().keys();
        // A repeated creation is answered 200; the matrix repeats none.
        let first = statuses.filter_map(|status| status.parse::<u16>().ok()).max().unwrap();
        successes.insert(operation.id.to_owned(), first);
    }
    successes
}
