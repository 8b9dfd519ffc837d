//! Parameters of requests: of the query, and of bodies of type `application/x-www-form-urlencoded`.

use http::{HeaderMap, header};
use zeroize::Zeroize;

/// Names and values in the order in which they came, decoded. Wiped when dropped: values may be secrets.
#[derive(Default)]
pub struct Form(Vec<(String, String)>);

/// More parameters than any client sends.
pub const MAX_PARAMETERS: usize = 500;

/// Why a text is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidForm {
    /// A percent sign without two digits, or bytes that are not UTF-8.
    #[error("the parameters are not percent-encoded UTF-8")]
    Encoding,
    /// Too many.
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
}

impl Form {
    /// Reads a query or a body. Strict: what different readers would read differently is refused.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidForm> {
        let mut form = Self::default();
        for part in text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            if form.0.len() == MAX_PARAMETERS {
                return Err(InvalidForm::TooMany);
            }
            let cut = part.iter().position(|byte| *byte == b'=');
            let (name, value) = match cut {
                Some(at) => (&part[..at], &part[at + 1..]),
                None => (part, &b""[..]),
            };
            form.0.push((decoded(name)?, decoded(value)?));
        }
        Ok(form)
    }

    /// Every parameter.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of a parameter, whatever the case of its name.
    pub fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of a parameter, whatever the case of its name; the first one when it was given several times.
    pub fn get<'f>(&'f self, name: &'f str) -> Option<&'f str> {
        self.values(name).next()
    }

    /// The first name that is there more than once, whatever its case.
    pub fn repeated(&self) -> Option<&str> {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let repeats = |at: usize, name: &str| self.0[..at].iter().any(|(earlier, _)| same(earlier, name));
        self.0.iter().enumerate().find(|(at, (name, _))| repeats(*at, name)).map(|(_, (name, _))| name.as_str())
    }

    /// Everything of both, in this order.
    pub fn and(mut self, mut other: Form) -> Form {
        self.0.append(&mut other.0);
        self
    }

    /// Takes out every parameter whose name `is_taken`; how many there were.
    pub fn take_out(&mut self, is_taken: impl Fn(&str) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain_mut(|(name, value)| {
            let taken = is_taken(name);
            if taken {
                value.zeroize();
            }
            !taken
        });
        before - self.0.len()
    }

    /// As it travels.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// Whether the body is announced as a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn decoded(text: &[u8]) -> Result<String, InvalidForm> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let byte = high.zip(low).map(|(high, low)| high * 16 + low);
                byte.and_then(|byte| u8::try_from(byte).ok()).ok_or(InvalidForm::Encoding)?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        error.into_bytes().zeroize();
        InvalidForm::Encoding
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let form = Form::parse(text.as_bytes()).unwrap();
        form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_form_is_read_as_it_was_written() {
        assert_eq!(pairs(""), []);
        assert_eq!(pairs("&&"), []);
        assert_eq!(pairs("a=1&b=&c&=d"), [pair("a", "1"), pair("b", ""), pair("c", ""), pair("", "d")]);
        assert_eq!(pairs("q=a+b%20c%2B%C3%A4&x=y=z"), [pair("q", "a b c+ä"), pair("x", "y=z")]);
        let text = "q=a+b%2B%C3%A4&x=y%3Dz&x=2";
        assert_eq!(Form::parse(text.as_bytes()).unwrap().encoded(), text);
    }

    #[test]
    fn what_readers_would_read_differently_is_refused() {
        for text in ["a=%", "a=%2", "a=%zz", "a=%+1", "%f=1", "a=%ff", "a=%c3%28"] {
            assert_eq!(Form::parse(text.as_bytes()).map(drop), Err(InvalidForm::Encoding), "{text}");
        }
        assert_eq!(Form::parse(&[b'a', b'=', 0xff]).map(drop), Err(InvalidForm::Encoding));
        let many = "a&".repeat(MAX_PARAMETERS);
        assert!(Form::parse(many.as_bytes()).is_ok());
        assert_eq!(Form::parse(format!("{many}a").as_bytes()).map(drop), Err(InvalidForm::TooMany));
    }

    #[test]
    fn names_have_no_case() {
        let mut form = Form::parse(b"apiKey=1&APIKEY=2&secret=s").unwrap();
        assert_eq!((form.get("ApiKey"), form.get("none")), (Some("1"), None));
        assert_eq!(form.repeated(), Some("APIKEY"));
        assert_eq!(form.take_out(|name| name.eq_ignore_ascii_case("SECRET")), 1);
        assert_eq!(form.encoded(), "apiKey=1&APIKEY=2");
    }

    #[test]
    fn a_body_is_a_form_by_its_type() {
        let mut headers = HeaderMap::new();
        assert!(!is_form(&headers));
        for (value, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/json", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_form(&headers), expected, "{value}");
        }
    }
}
