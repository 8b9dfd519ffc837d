//! What is not repeated in an answer: people paste keys and passwords into the wrong field, and answers end up in the
//! logs of clients.

/// The text without anything that looks like a secret. It is a second lock: texts name what was sent because that helps,
/// and cannot know what it was.
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_of_a_secret) {
        let length = rest[begin..].find(|c| !is_of_a_secret(c)).unwrap_or(rest.len() - begin);
        let (before, word) = (&rest[..begin], &rest[begin..begin + length]);
        shown.push_str(before);
        shown.push_str(if looks_secret(word) { HIDDEN } else { word });
        rest = &rest[begin + length..];
    }
    shown.push_str(rest);
    shown
}

/// Long and mixed, and not one of our own identifiers.
fn looks_secret(word: &str) -> bool {
    let has = |class: fn(&char) -> bool| word.chars().any(|c| class(&c));
    let with_digits = word.len() >= SHORTEST && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let without = word.len() >= SHORTEST_OF_LETTERS && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    (with_digits || without) && !is_id(word)
}

/// `prefix_` and 26 characters, as `keyward_core::id` writes them.
fn is_id(word: &str) -> bool {
    let is_random = |text: &str| text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_prefix = |text: &str| text.len() <= 8 && text.bytes().all(|b| b.is_ascii_lowercase());
    word.split_once('_').is_some_and(|(prefix, random)| is_prefix(prefix) && is_random(random))
}

/// The characters of keys, of escapes in URLs, and of passwords that are put together from words. Without those that part
/// JSON Pointers and permissions.
fn is_of_a_secret(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-+=%".contains(c)
}

/// Shorter than any secret that Keyward makes, and longer than nearly every name with a digit.
const SHORTEST: usize = 20;
/// The same for what happens to have no digit; `Keyward-Organization` is no secret.
const SHORTEST_OF_LETTERS: usize = 28;
const HIDDEN: &str = "(hidden)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        for secret in [
            "kwa_8QkJ2mVxw0TzR4pL_4fGh7Jk2mNp5qRs8tVw1xYz3aBc6dEf9gHj2kLm4nPq7rStUvWx0yZ",
            "QWxhZGRpbjpvcGVuIHNlc2FtZTEyMw==",
            "abcdefghijABCDEFGHIJabcdefghij",
            "green-Ladder-58-orchards",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(without_secrets(&format!("there is no role `{secret}`: …")), "there is no role `(hidden)`: …");
            assert_eq!(without_secrets(secret), "(hidden)");
        }
        let pointer = "`/roles/0/kwa_8QkJ2mVxw0TzR4pL_4fGh7Jk2mNp`: there is no such field";
        assert_eq!(without_secrets(pointer), "`/roles/0/(hidden)`: there is no such field");
    }

    #[test]
    fn what_helps_stays() {
        for text in [
            "",
            "`/roles/100/namespace`: there is no namespace `ws_01m8231gmfffwrzxwq2j4m5cx8`",
            "the name `Nightly export 2026` is taken: choose another",
            "`tomorrow` is not an RFC 3339 date and time with an offset, such as `2026-11-22T15:04:05Z`",
            "`?since`: write `203.0.113.0/24`, `2001:db8::/32` or `203.0.113.7`",
            "name one in the header `Keyward-Organization`, as `accounts.webhooks.subscriptions:get` — naïve, ünïcödé",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }
}
