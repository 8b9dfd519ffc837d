//! Rust source, as far as the checks need to read it: lines, without tests and without comments.
//!
//! It leans on what rustfmt guarantees (an item closes at the indentation it opened at) and is no parser.

use std::path::Path;

/// True for a file that holds tests alone.
pub(crate) fn is_test_file(path: &str) -> bool {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.split('/').any(|part| matches!(part, "tests" | "benches"))
        || stem == "tests"
        || stem.ends_with("_tests")
        || stem.starts_with("tests_")
}

/// The lines of a file that are compiled into the product, numbered from 1; items under `#[cfg(test)]` are left out.
pub(crate) fn product_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut kept = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") || line.trim_start().starts_with("#[cfg(all(test") {
            skip_item(indentation(line), &mut lines);
        } else {
            kept.push((number, line));
        }
    }
    kept
}

/// A line without its comment and without what stands between quotation marks.
pub(crate) fn code(line: &str) -> String {
    let mut kept = String::new();
    let mut quoted = false;
    let mut before = ' ';
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if quoted => drop(characters.next()),
            // `'"'` is a character.
            '"' if quoted || before != '\'' => quoted = !quoted,
            '/' if !quoted && characters.peek() == Some(&'/') => break,
            c if !quoted => kept.push(c),
            _ => {}
        }
        before = c;
    }
    kept
}

/// Whether a line holds `word` where no longer identifier begins or ends.
pub(crate) fn holds_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (first, last) = (word.starts_with(inside), word.ends_with(inside));
    line.match_indices(word).any(|(at, _)| {
        let begins = !first || !line[..at].ends_with(inside);
        let ends = !last || !line[at + word.len()..].starts_with(inside);
        begins && ends
    })
}

fn skip_item<'a>(indent: usize, lines: &mut impl Iterator<Item = (usize, &'a str)>) {
    let mut opened = false;
    for (_, line) in lines {
        let text = line.trim();
        if !opened && (text.is_empty() || text.starts_with('#') || text.starts_with("//")) {
            continue;
        }
        if !opened && (text.ends_with(';') || text.ends_with('}')) {
            return;
        }
        if opened && indentation(line) == indent && text.starts_with(['}', ')', ']']) && !text.ends_with('{') {
            return;
        }
        opened = true;
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[test]
fn test_files_are_known_by_their_place_or_name() {
    for path in ["crates/a/tests/it/main.rs", "crates/a/src/b/tests.rs", "crates/a/src/b_tests.rs", "a/benches/x.rs"] {
        assert!(is_test_file(path), "{path}");
    }
    assert!(!is_test_file("crates/a/src/attestation.rs"));
}

#[test]
fn items_under_cfg_test_are_left_out() {
    let text = "\
fn a() {}
#[cfg(test)]
mod tests;
fn b() {}
#[cfg(test)]
#[path = \"x.rs\"]
mod other {
    fn c() {
        d();
    }
}
impl E {
    #[cfg(test)]
    fn f(
        &self,
    ) -> bool {
        true
    }

    #[cfg(test)]
    fn short() {}
    fn g() {}
}";
    let kept: Vec<&str> = product_lines(text).into_iter().map(|(_, line)| line.trim()).collect();
    assert_eq!(kept, ["fn a() {}", "fn b() {}", "impl E {", "", "fn g() {}", "}"]);
    assert_eq!(product_lines(text)[1].0, 4, "lines keep their numbers");
}

#[test]
fn comments_and_strings_are_cut() {
    assert_eq!(code("let a = 1; // why"), "let a = 1; ");
    assert_eq!(code("/// doc"), "");
    assert_eq!(code(r#"f("https://example.com", "sqlx \" sqlx") // g"#), "f(, ) ");
    assert_eq!(code(r#"split('"', sqlx)"#), r#"split('"', sqlx)"#);
    assert_eq!(code(r#"f("quote's'", sqlx)"#), "f(, sqlx)");
}

#[test]
fn words_end_where_identifiers_end() {
    assert!(holds_word("use sqlx::Row;", "sqlx"));
    assert!(holds_word("a.await?", ".await"));
    assert!(!holds_word("my_sqlx_like", "sqlx"));
    assert!(!holds_word("use keyward_http::x", "http::"));
}
