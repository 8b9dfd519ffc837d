//! From the errors of JSON and query parsers to problems: which of them it was, where, and what is allowed there.
//!
//! Parsers tell these things in prose only, so this is the one place that reads it; tests hold the wording. A value of
//! the wrong type is not repeated: people do put secrets into the wrong field.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::error::{ErrorCode, FieldError, Problem};

/// Reads a request body.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Problem>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Box::new(from_json_error(error.inner(), &pointer(error.path()))))?;
    reader.end().map_err(|error| Box::new(from_json_error(&error, "")))?;
    Ok(value)
}

/// Reads a request body that may be left out when every field has its default.
pub fn from_optional_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Problem>> {
    from_json(if body.is_empty() { b"{}" } else { body })
}

/// What is wrong with a body, given the JSON Pointer to where the parser stood (empty if that is not known).
pub fn from_json_error(error: &serde_json::Error, pointer: &str) -> Problem {
    match error.classify() {
        Category::Data => from_message(&without_place(error), pointer, "/"),
        Category::Syntax | Category::Eof | Category::Io => Problem::new(ErrorCode::MalformedJson).with_detail(format!(
            "the body is not JSON at line {}, column {}: {}",
            error.line(),
            error.column(),
            without_place(error)
        )),
    }
}

/// What is wrong with a query, given the message of the parser and the parameter where it stood, if that is known.
pub fn from_query_error(message: &str, parameter: Option<&str>) -> Problem {
    from_message(message, &parameter.map(|name| format!("?{name}")).unwrap_or_default(), "?")
}

/// The JSON Pointer (RFC 6901) to where a parser stood.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", escaped(key)),
            // Tagged enumerations add a name that the body does not have.
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
        pointer
    })
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) if error.line() != 0 => text[..place].to_owned(),
        _ => text,
    }
}

fn from_message(message: &str, pointer: &str, separator: &str) -> Problem {
    let named = |prefix: &str| message.strip_prefix(prefix)?.split_once('`');
    let expected = message.split_once(", expected ").map(|(_, expected)| expected);
    // The parser stands at the parent for a missing field, and at parent or field for the other two.
    let at = |name: &str| {
        let place = format!("{separator}{}", escaped(name));
        if pointer.ends_with(&place) { pointer.to_owned() } else { format!("{pointer}{place}") }
    };
    let (code, pointer, text) = if let Some((name, _)) = named("unknown field `") {
        let known = match expected {
            Some(fields) => format!("there is no `{}` here: there is {fields}", shortened(name)),
            None => format!("there is no `{}` here: leave it out", shortened(name)),
        };
        (ErrorCode::UnknownField, at(shortened(name)), known)
    } else if let Some((name, _)) = named("duplicate field `") {
        (ErrorCode::DuplicateField, at(name), format!("`{name}` is given twice: give it once"))
    } else if let Some((name, _)) = named("missing field `") {
        (
            ErrorCode::MissingField,
            format!("{pointer}{separator}{}", escaped(name)),
            format!("`{name}` is missing: add it"),
        )
    } else if is_about_a_value(message) {
        let allowed = expected.unwrap_or("another value");
        (ErrorCode::InvalidValue, pointer.to_owned(), format!("the value is not allowed here: expected {allowed}"))
    } else {
        (ErrorCode::InvalidValue, pointer.to_owned(), message.to_owned())
    };
    let detail = if pointer.is_empty() { text.clone() } else { format!("`{pointer}`: {text}") };
    let mut problem = Problem::new(code).with_detail(detail);
    problem.errors.push(FieldError { pointer, code: None, message: text });
    problem
}

fn is_about_a_value(message: &str) -> bool {
    ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"].iter().any(|p| message.starts_with(p))
}

fn shortened(name: &str) -> &str {
    let end = name.char_indices().nth(64).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CreateCredential;
    use crate::verify::VerifyBody;

    #[track_caller]
    fn check<T: DeserializeOwned>(body: &str, code: ErrorCode, pointer: &str, message: &str) {
        let Err(problem) = from_json::<T>(body.as_bytes()) else { panic!("{body} was read") };
        assert!(problem.is(code), "{body}: {problem:?}");
        let error = problem.errors.first().expect("an error with its place");
        assert_eq!((error.pointer.as_str(), error.message.as_str()), (pointer, message), "{body}");
    }

    #[test]
    fn what_is_not_json_says_where() {
        for (body, place) in
            [("", "line 1, column 0"), ("{\n  \"kind\": }", "line 2, column 11"), ("{} x", "line 1, column 4")]
        {
            let problem = from_json::<serde_json::Value>(body.as_bytes()).expect_err(body);
            assert!(problem.is(ErrorCode::MalformedJson), "{body}: {problem:?}");
            assert!(problem.detail.contains(place), "{}", problem.detail);
        }
    }

    #[test]
    fn fields_are_named_with_their_place() {
        use ErrorCode::{DuplicateField, InvalidValue, MissingField, UnknownField};
        check::<CreateCredential>(r#"{"kind": "keyward/api"}"#, MissingField, "/name", "`name` is missing: add it");
        check::<CreateCredential>(
            r#"{"kind": "keyward/api", "kind": "keyward/api"}"#,
            DuplicateField,
            "/kind",
            "`kind` is given twice: give it once",
        );
        check::<CreateCredential>(
            r#"{"roles": [{"role": "a", "a/b": 1}]}"#,
            UnknownField,
            "/roles/0/a~1b",
            "there is no `a/b` here: there is `role` or `namespace`",
        );
        check::<CreateCredential>(r#"{"roles": [{}]}"#, MissingField, "/roles/0/role", "`role` is missing: add it");
        check::<CreateCredential>(
            r#"{"expires_at": "tomorrow"}"#,
            InvalidValue,
            "/expires_at",
            "`tomorrow` is not an RFC 3339 date and time with an offset, such as `2026-11-22T15:04:05Z`",
        );
    }

    #[test]
    fn a_batch_names_the_request() {
        check::<VerifyBody>(
            r#"[{"credential": "a"}, {"credential": "b", "permision": "x:y"}]"#,
            ErrorCode::UnknownField,
            "/1/permision",
            "there is no `permision` here: there is one of `credential`, `id`, `secret`, `credential_id`, `permission`, \
             `namespace`, `groups`, `source`, `secure`, `method`, `carrier`, `explain`, `at_least`",
        );
    }

    #[test]
    fn what_was_found_is_not_repeated() {
        check::<CreateCredential>(
            r#"{"sources": "kw_secret"}"#,
            ErrorCode::InvalidValue,
            "/sources",
            "the value is not allowed here: expected a sequence",
        );
        check::<VerifyBody>(
            r#"{"credential": 12345678}"#,
            ErrorCode::InvalidValue,
            "/credential",
            "the value is not allowed here: expected a string",
        );
        check::<VerifyBody>(
            r#"{"explain": "kw_secret"}"#,
            ErrorCode::InvalidValue,
            "/explain",
            "the value is not allowed here: expected a boolean",
        );
    }

    #[test]
    fn an_absent_body_is_an_empty_one() {
        assert!(from_optional_json::<crate::credentials::RevokeCredential>(b"").is_ok());
        assert!(from_json::<crate::credentials::RevokeCredential>(b"").is_err());
    }

    #[test]
    fn queries_are_read_the_same_way() {
        let problem = from_query_error("unknown field `limt`, expected `limit` or `cursor`", None);
        assert!(problem.is(ErrorCode::UnknownField));
        assert_eq!(problem.errors[0].pointer, "?limt");
        let problem = from_query_error("invalid digit found in string", Some("limit"));
        assert!(problem.is(ErrorCode::InvalidValue));
        assert_eq!(problem.errors[0].pointer, "?limit");
    }
}
