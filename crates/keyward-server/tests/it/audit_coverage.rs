//! What the audit log keeps of every operation: one entry for what was done, one for what was refused, none for reading.
//!
//! Whoever is asked who they are and does not say is nobody whose deed could be kept: such requests are logged and
//! counted, not recorded. Failed sign-ins and wrong one-time tokens are, because they claim to be somebody.

use std::collections::BTreeSet;

use keyward_api::error::ErrorCode;
use serde_json::{Value, json};

use crate::harness::{As, PASSWORD, Reply, TestServer};
use crate::matrix::rules::Answer;
use crate::matrix::run::{Asked, Log, Run, request_id, run};
use crate::matrix::world::Who;

/// Refusals that leave no entry, or one elsewhere than where the rule says. The list only shrinks: an entry that is not
/// needed any more fails.
const EXEMPT: &[(&str, Who, &str)] = &[];

#[test]
fn what_is_done_is_recorded_once() {
    let run = run();
    for asked in run.asked.iter().filter(|asked| asked.operation.changes && asked.wanted == Answer::Done) {
        let entry = the_entry(run, asked, log_of_done(asked));
        assert_eq!(entry["outcome"], "done", "{entry}");
        assert!(entry["target"].as_str().is_some_and(|target| !target.is_empty()), "no target: {entry}");
    }
}

#[test]
fn what_is_refused_is_recorded_once_with_its_code() {
    let run = run();
    let mut exempted = BTreeSet::new();
    for asked in run.asked.iter().filter(|asked| asked.operation.changes) {
        let Answer::Refused(code) = asked.wanted else { continue };
        if code == ErrorCode::Unauthenticated {
            assert_eq!(entries(run, asked), [], "nobody did this: {} ", asked.operation.id);
        } else if let Some((id, who, _)) = exemption(asked) {
            assert_eq!(entries(run, asked), [], "`{id}` is recorded for {who:?}: remove its exemption");
            exempted.insert((*id, *who));
        } else {
            let entry = the_entry(run, asked, log_of(asked.who));
            assert_eq!((&entry["outcome"], &entry["code"]), (&json!("refused"), &json!(code.as_str())), "{entry}");
        }
    }
    let listed: BTreeSet<_> = EXEMPT.iter().map(|(id, who, _)| (*id, *who)).collect();
    assert_eq!(listed, exempted, "an exemption is not one any more: remove it");
    assert!(EXEMPT.iter().all(|(.., why)| !why.is_empty()));
}

#[test]
fn reading_is_not_recorded() {
    let run = run();
    for asked in run.asked.iter().filter(|asked| !asked.operation.changes) {
        assert_eq!(entries(run, asked), [], "`{}` for {:?}", asked.operation.id, asked.who);
    }
}

#[test]
fn the_logs_are_intact_after_all_of_it() {
    for (log, verification, exported) in &run().verified {
        assert_eq!(verification["intact"], true, "{log:?}: {verification}");
        assert_eq!(verification["entries"].as_u64(), u64::try_from(*exported).ok(), "{log:?}: {verification}");
        assert!(*exported > 0, "{log:?}");
    }
}

#[tokio::test]
async fn failed_sign_ins_and_wrong_tokens_are_recorded() {
    let server = TestServer::start().await;
    let set_up =
        |token: &str| json!({ "token": token, "email": "olga@example.com", "name": "Olga", "password": PASSWORD });
    let setup =
        server.post(&As::Anonymous, "/v1/setup", set_up("kwset_wrong")).await.problem(403, "setup_token_invalid");
    let made = server.post(&As::Anonymous, "/v1/setup", set_up(&server.setup_token())).await.expect(201);
    let operator = server.sign_in("olga@example.com").await;

    let sign_in = |email: &str| json!({ "email": email, "password": "not-Her-password-47" });
    let known = server.post(&As::Anonymous, "/v1/sessions", sign_in("olga@example.com")).await;
    let unknown = server.post(&As::Anonymous, "/v1/sessions", sign_in("nobody@example.com")).await;
    let accept = json!({ "token": "kwinv_wrong", "name": "Eve", "password": PASSWORD });
    let invitation = server.post(&As::Anonymous, "/v1/invitations/accept", accept).await;
    let malformed =
        server.post(&As::Anonymous, "/v1/sessions", json!({ "email": 1 })).await.problem(400, "invalid_value");

    let log = server.get(&operator, "/v1/audit/export").await.expect(200).text;
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |reply: &Reply| log.iter().filter(|entry| entry["request"] == request_id(reply)).collect::<Vec<_>>();
    let expected = [
        (&setup, "setup.create", Value::Null, "setup_token_invalid"),
        (&known, "sessions.create", json!(made.id("/user")), "sign_in_failed"),
        (&unknown, "sessions.create", Value::Null, "sign_in_failed"),
        (&invitation, "invitations.accept", Value::Null, "invitation_invalid"),
    ];
    for (reply, operation, target, code) in expected {
        let [entry] = of(reply)[..] else { panic!("{operation}: {:?}", of(reply)) };
        assert_eq!((&entry["operation"], &entry["code"]), (&json!(operation), &json!(code)), "{entry}");
        assert_eq!((&entry["caller"], &entry["target"]), (&json!("anonymous"), &target), "{entry}");
        assert_eq!(entry["source"], "127.0.0.1", "{entry}");
    }
    assert!(of(&malformed).is_empty(), "what cannot be read asks for nothing");
}

/// The one entry about a request, which must stand in this log.
fn the_entry<'a>(run: &'a Run, asked: &Asked, log: Log) -> &'a Value {
    let entries = entries(run, asked);
    let [(found, entry)] = entries else {
        panic!("`{}` for {:?} has {} entries: {entries:?}", asked.operation.id, asked.who, entries.len())
    };
    assert_eq!(*found, log, "`{}` for {:?}: {entry}", asked.operation.id, asked.who);
    assert_eq!(entry["operation"], asked.operation.id, "{entry}");
    assert_eq!(entry["caller"], run.names[&asked.who], "{entry}");
    entry
}

fn entries<'a>(run: &'a Run, asked: &Asked) -> &'a [(Log, Value)] {
    run.audit.get(request_id(&asked.reply)).map_or(&[], Vec::as_slice)
}

fn exemption(asked: &Asked) -> Option<&'static (&'static str, Who, &'static str)> {
    EXEMPT.iter().find(|(id, who, _)| *id == asked.operation.id && *who == asked.who)
}

/// Where what is done is recorded: in the organization that it is done to, or else in the deployment's log.
fn log_of_done(asked: &Asked) -> Log {
    match (asked.operation.id, asked.operation.permission, asked.who) {
        // Whoever accepts, and whoever they were before, joins the organization.
        ("invitations.accept", ..) => Log::Organization,
        (_, None, _) => Log::Deployment,
        (_, Some(_), Who::Elsewhere) => Log::Other,
        (_, Some(_), _) => Log::Organization,
    }
}

/// Where the refusals of somebody are recorded: in their organization's log, if they may name it.
fn log_of(who: Who) -> Log {
    match who {
        Who::Roleless | Who::Denied | Who::Management | Who::Admin => Log::Organization,
        Who::Elsewhere => Log::Other,
        Who::Anonymous | Who::Foreign | Who::Operator => Log::Deployment,
    }
}
