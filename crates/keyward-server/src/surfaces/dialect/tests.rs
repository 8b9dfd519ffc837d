//! The table Reason × dialect, as the reference shows it.

use std::fmt::Write as _;

use keyward_core::profile::{Profile, built_in};

use super::*;

fn dialects() -> Vec<Dialect> {
    let of = |name: &str| {
        // Keyward's own dialect is that of the profile `keyward`.
        let file = if name == Surface::NATIVE { "keyward" } else { name };
        let profile = Profile::parse(file, built_in(file).unwrap()).unwrap();
        Dialect::of(&profile.name, &profile.surface).unwrap()
    };
    Dialect::NAMES.into_iter().map(of).collect()
}

#[test]
fn every_dialect_is_that_of_a_built_in_profile() {
    let names: Vec<&str> = dialects().iter().map(Dialect::name).collect();
    assert_eq!(names, Dialect::NAMES);
    let unknown = Surface { dialect: "acme".to_owned(), settings: BTreeMap::new() };
    assert_eq!(Dialect::of("acme", &unknown), Err(InvalidSurface::Unknown("acme".to_owned())));
    let stray = Surface {
        dialect: "gainsight".to_owned(),
        settings: BTreeMap::from([("jsonp".to_owned(), Setting::Flag(true))]),
    };
    let told = Dialect::of("acme", &stray).unwrap_err().to_string();
    assert_eq!(told, "`surface.settings.jsonp` of the profile `acme` is no setting of this dialect: remove it");
    let wrong =
        Surface { dialect: "gigya".to_owned(), settings: BTreeMap::from([("jsonp".to_owned(), Setting::Number(1))]) };
    assert!(Dialect::of("acme", &wrong).unwrap_err().to_string().ends_with("must be `true` or `false`"));
}

#[test]
fn every_reason_is_a_refusal_in_every_dialect() {
    for dialect in dialects() {
        for reason in Reason::ALL {
            let row = dialect.row(*reason);
            assert!((400..600).contains(&row.status), "{} {reason:?}: {row:?}", dialect.name());
            assert!(!row.code.is_empty() && !row.text.is_empty(), "{} {reason:?}: {row:?}", dialect.name());
        }
    }
}

#[test]
fn generated_dialect_reference() {
    let mut page = String::from(
        "# How each dialect says no\n\n\
         <!-- Generated from the dialects in `keyward-server`; `cargo xtask docs` rewrites it. -->\n\n\
         One decision, and the words of each vendor for it. The first column is the `reason` of `POST /v1/verify` and of \
         the metrics.\nGigya answers with HTTP 200 unless the request says `httpStatusCodes=true`; its status is in the \
         body,\nand for a signed request `unknown` is `403003`, whether the key or the signature is wrong.\n",
    );
    for dialect in dialects() {
        write!(page, "\n## `{}`\n\n| reason | status | code | text |\n|---|---|---|---|\n", dialect.name()).unwrap();
        for reason in Reason::ALL {
            let Row { status, code, text } = dialect.row(*reason);
            writeln!(page, "| `{}` | {status} | `{code}` | {text} |", reason.code()).unwrap();
        }
    }
    crate::config::docs::assert_fresh("docs/reference/dialects.md", &page);
}
