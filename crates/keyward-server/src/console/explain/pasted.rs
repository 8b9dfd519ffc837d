//! What somebody pasted to have it explained: a key, `id:secret`, a header, or a whole `curl` line.
//!
//! It is a secret: it is read, judged, and wiped. Nothing of it is in any message.

use http::HeaderValue;
use keyward_core::kind::Carrier;
use keyward_core::secret::Secret;
use zeroize::Zeroizing;

use crate::ops::presented::{Carried, Travelled};
use crate::surfaces::presented;

/// Why what was pasted cannot be read. Says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// There is no credential in it.
    #[error("there is no credential in it: paste a key, `id:secret`, an `Authorization` header, or a `curl` line")]
    Nothing,
    /// `Authorization` is not readable.
    #[error("the header `Authorization` is not readable: it should be `Bearer TOKEN` or `Basic base64(ID:SECRET)`")]
    Authorization,
    /// A request that is signed holds no secret that could be explained.
    #[error("a signed request is good for one moment only: choose its credential above instead")]
    Signed,
    /// A quote of a `curl` line does not end.
    #[error("a quote in the `curl` line does not end: paste the whole line")]
    Quote,
}

/// What a request with this in it would carry. `carriers` are those of the organization's kinds.
pub(super) fn read(text: &str, carriers: &[Carrier]) -> Result<Carried, Unclear> {
    let text = text.trim();
    let is_curl = text.split_whitespace().next().is_some_and(|first| first == "curl" || first.ends_with("/curl"));
    if is_curl {
        return Sent::by_curl(&words(text)?).carried(carriers);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let headers: Vec<(&str, &str)> = lines.iter().filter_map(|line| header(line, carriers)).collect();
    if headers.len() == lines.len() && !headers.is_empty() {
        return Sent { headers, ..Sent::default() }.carried(carriers);
    }
    let [line] = lines.as_slice() else { return Err(Unclear::Nothing) };
    match line.split_once(' ') {
        Some((scheme, rest)) if is_scheme(scheme, carriers) => authorization(line, scheme, rest, carriers),
        Some(_) => Err(Unclear::Nothing),
        None => Ok(match line.split_once(':') {
            Some((id, secret)) => Carried::Pair(id.to_owned(), secret_of(secret), Travelled::Vouched),
            None => Carried::Token(secret_of(line), Travelled::Vouched),
        }),
    }
}

/// The parts of a request in which a credential may be.
#[derive(Default)]
struct Sent<'a> {
    headers: Vec<(&'a str, &'a str)>,
    /// Of the body and of the query.
    parameters: Vec<(String, Zeroizing<String>)>,
    /// `-u`.
    user: Option<&'a str>,
}

impl<'a> Sent<'a> {
    fn by_curl(words: &'a [Zeroizing<String>]) -> Self {
        let mut sent = Self::default();
        let mut rest = words.iter().skip(1).map(|word| word.as_str());
        while let Some(word) = rest.next() {
            let Some((option, attached)) = option(word) else {
                if let Some((_, query)) = word.split_once('?') {
                    sent.add_parameters(query);
                }
                continue;
            };
            if !takes_value(option) {
                continue;
            }
            let Some(value) = attached.or_else(|| rest.next()) else { break };
            match option {
                "-H" | "--header" => sent.headers.extend(value.split_once(':').map(|(n, v)| (n.trim(), v.trim()))),
                "-u" | "--user" => sent.user = Some(value),
                "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => sent.add_parameters(value),
                "--data-urlencode" => sent.parameters.extend(
                    value.split_once('=').map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))),
                ),
                _ => {}
            }
        }
        sent
    }

    fn add_parameters(&mut self, text: &str) {
        let pairs = form_urlencoded::parse(text.as_bytes());
        self.parameters.extend(pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))));
    }

    fn carried(&self, carriers: &[Carrier]) -> Result<Carried, Unclear> {
        for carrier in carriers {
            match carrier {
                Carrier::Headers(id, secret) => {
                    if let (Some(id_value), Some(secret_value)) = (self.header(id), self.header(secret)) {
                        let by = Travelled::Headers(id.clone(), secret.clone());
                        return Ok(Carried::Pair(id_value.to_owned(), secret_of(secret_value), by));
                    }
                }
                Carrier::Form(id, secret) => {
                    if let (Some(id_value), Some(secret_value)) = (self.parameter(id), self.parameter(secret)) {
                        let by = Travelled::Form(id.clone(), secret.clone());
                        return Ok(Carried::Pair(id_value.to_owned(), secret_of(secret_value), by));
                    }
                }
                Carrier::Header(name) => {
                    if let Some(value) = self.header(name).filter(|_| !name.eq_ignore_ascii_case("authorization")) {
                        return Ok(Carried::Token(secret_of(value), Travelled::Header(name.clone())));
                    }
                }
                Carrier::Bearer
                | Carrier::Basic
                | Carrier::SignedForm
                | Carrier::SignedJwt
                | Carrier::TokenScheme(_) => {}
            }
        }
        if let Some(value) = self.header("authorization") {
            let (scheme, rest) = value.split_once(' ').ok_or(Unclear::Authorization)?;
            return authorization(value, scheme, rest, carriers);
        }
        if let Some(value) = self.header(presented::X_API_KEY) {
            return Ok(Carried::Token(secret_of(value), Travelled::Header(presented::X_API_KEY.to_owned())));
        }
        if let Some((id, secret)) = self.user.and_then(|user| user.split_once(':')) {
            return Ok(Carried::Pair(id.to_owned(), secret_of(secret), Travelled::Basic));
        }
        if let (Some(id), Some(secret)) = (self.parameter("client_id"), self.parameter("client_secret")) {
            return Ok(Carried::Pair(id.to_owned(), secret_of(secret), Travelled::Vouched));
        }
        if self.parameter("sig").is_some() {
            return Err(Unclear::Signed);
        }
        Err(Unclear::Nothing)
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

fn authorization(value: &str, scheme: &str, rest: &str, carriers: &[Carrier]) -> Result<Carried, Unclear> {
    let own = carriers.iter().find_map(|carrier| match carrier {
        Carrier::TokenScheme(name) if name.eq_ignore_ascii_case(scheme) => Some(name),
        _ => None,
    });
    if let Some(name) = own {
        return Ok(Carried::Token(secret_of(rest.trim()), Travelled::TokenScheme(name.clone())));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| Unclear::Authorization)?;
    value.set_sensitive(true);
    presented::authorized(&value).map_err(|_| Unclear::Authorization)
}

/// A line that is a header in which a credential may be.
fn header<'a>(line: &'a str, carriers: &[Carrier]) -> Option<(&'a str, &'a str)> {
    let (name, value) = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()))?;
    let is_carrier = carriers.iter().any(|carrier| match carrier {
        Carrier::Header(own) => own.eq_ignore_ascii_case(name),
        Carrier::Headers(id, secret) => id.eq_ignore_ascii_case(name) || secret.eq_ignore_ascii_case(name),
        _ => false,
    });
    let usual = ["authorization", presented::X_API_KEY].iter().any(|usual| usual.eq_ignore_ascii_case(name));
    (usual || is_carrier).then_some((name, value))
}

fn is_scheme(word: &str, carriers: &[Carrier]) -> bool {
    let own = |carrier: &Carrier| matches!(carrier, Carrier::TokenScheme(name) if name.eq_ignore_ascii_case(word));
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic") || carriers.iter().any(own)
}

/// An option and what is attached to it: `-uid:secret`, `--user=id:secret`.
fn option(word: &str) -> Option<(&str, Option<&str>)> {
    if word.starts_with("--") {
        return Some(word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value))));
    }
    let short = word.strip_prefix('-').and_then(|rest| rest.chars().next())?;
    let (option, rest) = word.split_at(1 + short.len_utf8());
    Some((option, Some(rest).filter(|rest| !rest.is_empty() && takes_value(option))))
}

/// Whether an option of `curl` has a value: of those that are used with requests.
fn takes_value(option: &str) -> bool {
    const WITH: [&str; 24] = [
        "-H",
        "--header",
        "-u",
        "--user",
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-ascii",
        "--data-urlencode",
        "-X",
        "--request",
        "-o",
        "--output",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-b",
        "--cookie",
        "-m",
        "--max-time",
        "--url",
        "--cacert",
    ];
    WITH.contains(&option)
}

/// The words of a line as a shell reads them, as far as people quote in `curl` lines.
fn words(line: &str) -> Result<Vec<Zeroizing<String>>, Unclear> {
    let mut words = Vec::new();
    // With room for everything, so that no copy is left behind when it grows.
    let mut word: Option<Zeroizing<String>> = None;
    let mut chars = line.chars();
    let fresh = || Zeroizing::new(String::with_capacity(line.len()));
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_with(fresh);
                quoted(&mut chars, c, word)?;
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some('\r') => drop(chars.next()),
                Some(c) => word.get_or_insert_with(fresh).push(c),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_with(fresh).push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Result<(), Unclear> {
    loop {
        match chars.next().ok_or(Unclear::Quote)? {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next().ok_or(Unclear::Quote)? {
                '\n' => {}
                c @ ('"' | '\\' | '$' | '`') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

fn secret_of(text: &str) -> Secret {
    Secret::from_string(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let carriers = [
            Carrier::Bearer,
            Carrier::Header("accesskey".into()),
            Carrier::Headers("x-key-id".into(), "x-key-secret".into()),
            Carrier::Form("userKey".into(), "secret".into()),
            Carrier::SignedForm,
            Carrier::TokenScheme("PassportKey".into()),
        ];
        match read(text, &carriers) {
            Ok(Carried::Token(token, by)) => format!("{} by {by:?}", token.expose()),
            Ok(Carried::Pair(id, secret, by)) => format!("{id}+{} by {by:?}", secret.expose()),
            Ok(Carried::Form(_) | Carried::Jwt(..)) => panic!("{text}"),
            Err(unclear) => format!("{unclear:?}"),
        }
    }

    #[test]
    fn whatever_people_copy_is_read() {
        let cases = [
            ("  kwa_abc \n", "kwa_abc by Vouched"),
            ("id:se:cret", "id+se:cret by Vouched"),
            ("Bearer kwa_abc", "kwa_abc by Bearer"),
            ("authorization:  Bearer kwa_abc", "kwa_abc by Bearer"),
            ("Authorization: Basic YTpi", "a+b by Basic"),
            ("Authorization: PassportKey abc", "abc by TokenScheme(\"PassportKey\")"),
            ("PassportKey abc", "abc by TokenScheme(\"PassportKey\")"),
            ("X-API-Key: abc", "abc by Header(\"x-api-key\")"),
            ("Accesskey: abc", "abc by Header(\"accesskey\")"),
            ("X-Key-Id: a\nX-Key-Secret: b", "a+b by Headers(\"x-key-id\", \"x-key-secret\")"),
            ("curl https://a/b -H 'Authorization: Bearer kwa_abc'", "kwa_abc by Bearer"),
            ("curl -sS -X POST \\\n -H \"Authorization: Bearer kwa_abc\" https://a/b", "kwa_abc by Bearer"),
            ("curl -u id:secret https://a/b", "id+secret by Basic"),
            ("/usr/bin/curl -uid:'se cret' https://a/b", "id+se cret by Basic"),
            ("curl --user=id:secret https://a/b", "id+secret by Basic"),
            ("curl https://a/b -d 'apiKey=3_x&userKey=id&secret=a%2Bb'", "id+a+b by Form(\"userKey\", \"secret\")"),
            (
                "curl https://a/b --data-urlencode userKey=id --data-urlencode secret=a+b",
                "id+a+b by Form(\"userKey\", \"secret\")",
            ),
            ("curl 'https://a/b?userKey=id&secret=b'", "id+b by Form(\"userKey\", \"secret\")"),
            ("curl https://a/token -d client_id=a -d client_secret=b", "a+b by Vouched"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn what_holds_no_credential_says_so_and_nothing_of_itself() {
        for (text, expected) in [
            ("", "Nothing"),
            ("some words of mine", "Nothing"),
            ("two\nlines", "Nothing"),
            ("curl https://a/b", "Nothing"),
            ("curl https://a/b -H", "Nothing"),
            ("curl -H 'Authorization: Bearer", "Quote"),
            ("Authorization: Digest abc", "Authorization"),
            ("Authorization: Basic !!!", "Authorization"),
            ("curl https://a/b -d 'userKey=a&sig=b'", "Signed"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
