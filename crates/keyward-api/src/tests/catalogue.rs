//! The catalogue of errors: unique, well worded, with sensible statuses.

use std::collections::BTreeSet;

use keyward_core::decision::Reason;

use crate::error::{ErrorCode, Problem, UnknownCode};

#[test]
fn codes_are_unique_and_read_back() {
    let unique: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(unique.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        let text = code.as_str();
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{text}");
        assert_eq!(text.parse(), Ok(*code));
        assert_eq!(code.urn(), format!("urn:keyward:problem:{text}"));
    }
    assert_eq!("no_such_code".parse::<ErrorCode>(), Err(UnknownCode));
}

#[test]
fn texts_follow_the_rules() {
    for code in ErrorCode::ALL {
        let (title, sentence) = (code.title(), code.sentence());
        assert!(title.starts_with(|c: char| c.is_ascii_uppercase()) && !title.ends_with('.'), "{code}: {title}");
        assert!(title.len() <= 48, "{code}: {title}");
        assert!(
            !sentence.starts_with(|c: char| c.is_ascii_uppercase()) && !sentence.ends_with('.'),
            "{code}: {sentence}"
        );
        assert_eq!(sentence.matches('`').count() % 2, 0, "{code}: {sentence}");
        assert!(sentence.is_ascii() || sentence.contains('…'), "{code}: {sentence}");
    }
}

#[test]
fn statuses_are_those_of_http() {
    // RFC 9110 section 15, RFC 6585, and 507 of RFC 4918.
    const KNOWN: &[u16] =
        &[400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 421, 422, 428, 429, 431, 500, 502, 503, 504, 507];
    for code in ErrorCode::ALL {
        assert!(KNOWN.contains(&code.status()), "{code}");
    }
    // 401 tells a client to authenticate again; nothing else may use it.
    let authenticate: Vec<_> = ErrorCode::ALL.iter().filter(|code| code.status() == 401).collect();
    assert_eq!(
        authenticate,
        [
            &ErrorCode::Unauthenticated,
            &ErrorCode::InvalidCredential,
            &ErrorCode::SignInFailed,
            &ErrorCode::SecondFactorRequired,
            &ErrorCode::SessionEnded
        ]
    );
}

#[test]
fn limits_in_sentences_are_the_limits() {
    use crate::limits;
    let says = |code: ErrorCode, number: &str| assert!(code.sentence().contains(number), "{code}: {number}");
    says(ErrorCode::PageTooLarge, &format!("1 to {} (1 to {} for changes)", limits::MAX_PAGE, limits::MAX_CHANGES));
    says(ErrorCode::BatchTooLarge, &format!("1 to {}", limits::MAX_VERIFY_BATCH));
    says(ErrorCode::TargetTooLong, &format!("{} bytes", limits::MAX_TARGET_BYTES));
    says(ErrorCode::HeaderTooLarge, &format!("{} KiB", limits::MAX_HEADER_BYTES / 1024));
    says(ErrorCode::PasswordTooShort, &format!("{} characters", limits::MIN_PASSWORD_CHARS));
    says(ErrorCode::PasswordTooLong, &format!("{} bytes", limits::MAX_PASSWORD_BYTES));
    says(ErrorCode::InvitationInvalid, &format!("{} hours", limits::INVITATION_SECONDS / 3_600));
    says(ErrorCode::IdempotencyKeyReused, &format!("{} hours", limits::IDEMPOTENCY_SECONDS / 3_600));
    says(ErrorCode::RevisionNotReached, if limits::AT_LEAST_WAIT_MS == 1_000 { "within a second" } else { "?" });
}

#[test]
fn a_reason_is_told_only_where_the_secret_was_right() {
    for reason in Reason::ALL {
        let problem = Problem::from(*reason);
        assert!(matches!(problem.status, 401 | 403 | 429 | 503), "{reason:?}");
        let before_the_secret = matches!(reason, Reason::Malformed | Reason::Unknown | Reason::Stale);
        assert_eq!(problem.reason.is_none(), before_the_secret, "{reason:?}");
    }
    assert_eq!(Problem::from(Reason::Malformed), Problem::from(Reason::Unknown));
}

#[test]
fn a_problem_of_a_newer_server_is_read() {
    let newer =
        r#"{"type": "urn:keyward:problem:x", "title": "X", "status": 418, "detail": "d", "code": "x", "more": 1}"#;
    let problem: Problem = serde_json::from_str(newer).unwrap();
    assert_eq!(problem.code.known(), None);
    assert!(!problem.is(ErrorCode::Internal));
    assert_eq!(serde_json::to_value(&problem).unwrap()["code"], "x");
}
