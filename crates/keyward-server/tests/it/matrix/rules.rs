//! What every caller is answered to every operation: derived from the table of operations, with the exceptions by name.

use keyward_api::error::ErrorCode;
use keyward_api::operations::{Caller, Method, Operation};
use keyward_core::administration::{is_administrative, security_group};

use super::requests::Request;
use super::world::Who;

/// How somebody is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done, or told.
    Done,
    /// It is a list, and there is nothing on it.
    Empty,
    /// It is refused.
    Refused(ErrorCode),
}

/// An answer that does not follow from the table.
pub(crate) struct Exception {
    pub(crate) operation: &'static str,
    pub(crate) who: &'static [Who],
    pub(crate) answer: Answer,
    /// Why.
    pub(crate) why: &'static str,
}

/// What `who` is answered to `request`.
pub(crate) fn wanted(operation: &Operation, who: Who, request: &Request) -> Answer {
    let exception = EXCEPTIONS.iter().find(|e| e.operation == operation.id && e.who.contains(&who));
    exception.map_or_else(|| rule(operation, who, request), |exception| exception.answer)
}

/// What follows from the table.
pub(crate) fn rule(operation: &Operation, who: Who, request: &Request) -> Answer {
    use Answer::{Done, Empty, Refused};
    match (operation.caller, who) {
        (Caller::Anyone, _) | (Caller::Operator, Who::Operator) => return Done,
        (_, Who::Anonymous) => return Refused(ErrorCode::Unauthenticated),
        (Caller::SignedIn | Caller::Operator, who) if who.is_credential() => {
            return Refused(ErrorCode::SessionRequired);
        }
        (Caller::Operator, _) => return Refused(ErrorCode::OperatorRequired),
        (Caller::SignedIn | Caller::Any, _) => {}
    }
    let Some(permission) = operation.permission else { return Done };
    match who {
        Who::Foreign | Who::Operator => Refused(ErrorCode::NotFound),
        Who::Elsewhere if operation.parameters().next().is_some() => Refused(ErrorCode::NotFound),
        Who::Elsewhere if request.body_names_records() => Refused(ErrorCode::UnknownNamespace),
        Who::Roleless if is_list(operation) => Empty,
        // Who may not read the record of a namespace is not told that it is there, whatever they ask.
        Who::Roleless
            if names_a_record(operation)
                && (!is_administrative(permission) || operation.id.starts_with("usergroups.members")) =>
        {
            Refused(ErrorCode::NotFound)
        }
        Who::Roleless => Refused(ErrorCode::PermissionDenied),
        Who::Denied if security_group().patterns.covers(permission) => Refused(ErrorCode::DeniedKind),
        Who::Elsewhere | Who::Denied | Who::Management | Who::Admin | Who::Anonymous => Done,
    }
}

/// Whether it is about a record that is there already. A member knows their organization.
fn names_a_record(operation: &Operation) -> bool {
    operation.parameters().next().is_some_and(|parameter| !(operation.changes && parameter == "organization"))
}

/// Whether its answer is a page of what the caller may see.
pub(crate) fn is_list(operation: &Operation) -> bool {
    let (_, verb) = operation.id.rsplit_once('.').unwrap_or_default();
    let is_page = verb == "list" || operation.id == "usage.get";
    is_page && operation.method == Method::Get && operation.parameters().next().is_none()
}

/// Every exception, with its reason. A new one needs a good one.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        operation: "setup.create",
        who: &Who::ALL,
        answer: Answer::Refused(ErrorCode::SetupDone),
        why: "a deployment is set up once, before anything else can be asked",
    },
    Exception {
        operation: "sessions.delete",
        who: &[Who::Foreign, Who::Roleless, Who::Elsewhere, Who::Operator],
        answer: Answer::Refused(ErrorCode::NotFound),
        why: "it is the super admin's session, and everybody ends their own alone",
    },
    Exception {
        operation: "organizations.list",
        who: &[Who::Foreign, Who::Roleless, Who::Operator],
        answer: Answer::Done,
        why: "people see the organizations of which they are members without any role, and operators see all",
    },
    Exception {
        operation: "organizations.get",
        who: &[Who::Roleless, Who::Operator],
        answer: Answer::Done,
        why: "people see the organizations of which they are members without any role, and operators see all",
    },
    Exception {
        operation: "users.factor.confirm",
        who: PEOPLE,
        answer: Answer::Refused(ErrorCode::WrongCode),
        why: "they have just begun with a second factor, and their request has no code of it",
    },
    Exception {
        operation: "users.factor.renew",
        who: PEOPLE,
        answer: Answer::Refused(ErrorCode::WrongState),
        why: "nobody has a second factor, so that everybody can sign in to be asked more",
    },
    Exception {
        operation: "users.factor.remove",
        who: PEOPLE,
        answer: Answer::Refused(ErrorCode::WrongState),
        why: "nobody has a second factor, so that everybody can sign in to be asked more",
    },
    Exception {
        operation: "users.edit",
        who: &[Who::Management],
        answer: Answer::Refused(ErrorCode::SessionRequired),
        why: "super admins are made and unmade by signed-in super admins",
    },
    Exception {
        operation: "credentials.create",
        who: &[Who::Management],
        answer: Answer::Refused(ErrorCode::ExceedsOwnRights),
        why: LIVE_MAKES_LIVE,
    },
    Exception {
        operation: "credentials.import",
        who: &[Who::Management],
        answer: Answer::Refused(ErrorCode::ExceedsOwnRights),
        why: LIVE_MAKES_LIVE,
    },
    Exception {
        operation: "credentials.rotate",
        who: &[Who::Management],
        answer: Answer::Refused(ErrorCode::ExceedsOwnRights),
        why: LIVE_MAKES_LIVE,
    },
    Exception {
        operation: "credentials.enable",
        who: &[Who::Management],
        answer: Answer::Refused(ErrorCode::ExceedsOwnRights),
        why: LIVE_MAKES_LIVE,
    },
    Exception {
        operation: "access.evaluate",
        who: &[Who::Elsewhere],
        answer: Answer::Done,
        why: "that a credential of another organization is unknown here is an answer, not a refusal",
    },
    Exception {
        operation: "audit.list",
        who: &[Who::Roleless],
        answer: Answer::Refused(ErrorCode::PermissionDenied),
        why: "an empty log would say that nothing has happened",
    },
    Exception {
        operation: "changes.list",
        who: &[Who::Roleless],
        answer: Answer::Refused(ErrorCode::PermissionDenied),
        why: "who keeps a copy would take an empty answer for a complete one",
    },
];

/// Everybody who is signed in.
const PEOPLE: &[Who] = &[Who::Foreign, Who::Roleless, Who::Elsewhere, Who::Operator, Who::Admin];
const LIVE_MAKES_LIVE: &str =
    "what is bound to its owner's rights makes, renews and enables only what is bound to them too";
