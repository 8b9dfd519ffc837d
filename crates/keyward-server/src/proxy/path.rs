//! The path of a request, read once and in one way. What another server might read in another way is refused: the
//! server behind a route would else be asked for something that was never decided about.

/// A path that has one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Decoded, without the empty one behind a slash at the end.
    segments: Vec<String>,
}

/// A path that servers read in several ways, or cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path can be read in several ways")]
pub struct Ambiguous;

impl Path {
    /// Reads a path as it stands in a request, percent-encoding and all.
    ///
    /// Refused, as they are and encoded: `/` and `\` within a segment, empty segments, segments of dots alone or with a
    /// dot or a space at their end, `;`, `?` and `#`, control characters, what is not UTF-8, and what would decode once
    /// more.
    pub fn read(path: &str) -> Result<Self, Ambiguous> {
        let rest = path.strip_prefix('/').ok_or(Ambiguous)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // `//` has a slash left over when the first and the last are gone.
        if rest.is_empty() {
            return if path.len() <= 1 { Ok(Self { segments: Vec::new() }) } else { Err(Ambiguous) };
        }
        rest.split('/').map(decoded).collect::<Result<_, _>>().map(|segments| Self { segments })
    }

    /// Its segments, decoded.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Decoded. No segment has a slash in it, so nothing is lost.
    pub fn decoded(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }

    /// The one spelling of all paths that mean the same: nothing is encoded that need not be.
    pub fn canonical(&self) -> String {
        let mut spelling = String::new();
        for segment in &self.segments {
            spelling.push('/');
            encode(segment, &mut spelling);
        }
        if spelling.is_empty() { "/".to_owned() } else { spelling }
    }
}

fn decoded(segment: &str) -> Result<String, Ambiguous> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let byte = high.zip(low).map(|(high, low)| high << 4 | low).ok_or(Ambiguous)?;
                if byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b';' | b'?' | b'#') {
                    return Err(Ambiguous);
                }
                bytes.push(byte);
            }
            plain if is_plain(plain) => bytes.push(plain),
            _ => return Err(Ambiguous),
        }
    }
    if decodes_again(&bytes) || bytes.is_empty() || matches!(bytes.last(), Some(b'.' | b' ')) {
        return Err(Ambiguous);
    }
    String::from_utf8(bytes).map_err(|_| Ambiguous)
}

/// What a segment may have as it is (RFC 3986 section 3.3), but for `;`, behind which some servers read parameters.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte)
}

fn digit(byte: Option<u8>) -> Option<u8> {
    char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn decodes_again(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit())
}

fn encode(segment: &str, into: &mut String) {
    use std::fmt::Write as _;
    for byte in segment.bytes() {
        if is_plain(byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_read_once() {
        let table: &[(&str, &[&str], &str)] = &[
            ("/", &[], "/"),
            ("/a", &["a"], "/a"),
            ("/a/", &["a"], "/a"),
            ("/a/B.c/~d", &["a", "B.c", "~d"], "/a/B.c/~d"),
            ("/%61%2E%62", &["a.b"], "/a.b"),
            ("/a%20b", &["a b"], "/a%20b"),
            ("/%c3%A4", &["ä"], "/%C3%A4"),
            ("/100%25", &["100%"], "/100%25"),
            ("/a+b,c:d@e=f&g!$'()*", &["a+b,c:d@e=f&g!$'()*"], "/a+b,c:d@e=f&g!$'()*"),
        ];
        for (path, segments, canonical) in table {
            let read = Path::read(path).unwrap();
            assert_eq!(read.segments(), *segments, "{path}");
            assert_eq!(read.canonical(), *canonical, "{path}");
            assert_eq!(Path::read(&read.canonical()), Ok(read), "{path}");
        }
    }

    #[test]
    fn what_can_be_read_in_several_ways_is_refused() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "///",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/a/../b",
            "/a/.",
            "/a/..",
            "/./a",
            "/%2e/a",
            "/%2E%2e/a",
            "/.%2e/a",
            "/%2e.",
            "/...",
            "/a/%2e%2e%2fb",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a\\..\\b",
            "/%00",
            "/a%0d%0ab",
            "/a%7f",
            "/a\0",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1",
            "/%ff",
            "/%c0%af",
            "/%c3%28",
            "/%252e%252e",
            "/a%252fb",
            "/a%25%32%66b",
            "/%2561",
            "/..;/a",
            "/a;x=1",
            "/a%3bx",
            "/;/a",
            "/a%3fb",
            "/a%23b",
            "/a%20/b",
            "/admin.",
            "/admin%2e",
            "/a b",
            "/a\"b",
            "/a<b",
            "/a{b}",
            "/a|b",
            "/a^b",
            "/a`b",
            "/ä",
        ] {
            assert_eq!(Path::read(path), Err(Ambiguous), "{path:?}");
        }
    }

    type Reader = fn(&str) -> Option<Vec<String>>;

    /// How servers read paths: a choice of decoding, separators, and what is tidied away, in several orders.
    const READERS: [Reader; 8] = [
        |path| split(path).map(decode_once).collect(),
        |path| Some(owned(split(&decode_once(path)?))),
        |path| Some(owned(split(&decode_once(&decode_once(path)?)?))),
        |path| Some(owned(split(&decode_once(path)?.replace('\\', "/")))),
        |path| Some(resolved(owned(split(&decode_once(path)?)))),
        |path| resolved(owned(split(path))).iter().map(|segment| decode_once(segment)).collect(),
        |path| split(path).map(|segment| decode_once(segment.split(';').next()?)).collect(),
        |path| {
            let decoded = decode_once(path)?;
            let path = decoded.split(['?', '#', '\0']).next()?;
            Some(split(path).map(|segment| segment.trim_end_matches([' ', '.']).to_owned()).collect())
        },
    ];

    fn split(path: &str) -> impl Iterator<Item = &str> {
        path.split('/').filter(|segment| !segment.is_empty())
    }

    fn owned<'a>(segments: impl Iterator<Item = &'a str>) -> Vec<String> {
        segments.map(str::to_owned).collect()
    }

    fn resolved(segments: Vec<String>) -> Vec<String> {
        segments.into_iter().fold(Vec::new(), |mut kept, segment| {
            match segment.as_str() {
                "." => {}
                ".." => drop(kept.pop()),
                _ => kept.push(segment),
            }
            kept
        })
    }

    /// Lenient, as many servers are: what is no escape stays as it is.
    fn decode_once(text: &str) -> Option<String> {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let [byte, after @ ..] = rest {
            let escape = match rest {
                [b'%', high, low, ..] => digit(Some(*high)).zip(digit(Some(*low))),
                _ => None,
            };
            match escape {
                Some((high, low)) => (bytes.push(high << 4 | low), rest = &rest[3..]).1,
                None => (bytes.push(*byte), rest = after).1,
            }
        }
        String::from_utf8(bytes).ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

        #[test]
        fn every_reader_reads_what_is_not_refused_in_the_same_way(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "/", "/", "/", "a", "B", ".", "..", "%2e", "%2E", "%2f", "%5C", "\\", "%", "%25", "2e", "2f", ";",
                    "%3b", "?", "%3F", "%23", "%00", "%20", "%61", "%c3%a4", "%ff", "~", "x=1",
                ]),
                0..10,
            ),
        ) {
            let path = format!("/{}", parts.concat());
            if let Ok(read) = Path::read(&path) {
                for (number, reader) in READERS.iter().enumerate() {
                    prop_assert_eq!(Some(read.segments().to_vec()), reader(&path), "{} by reader {}", path, number);
                }
                prop_assert_eq!(Path::read(&read.canonical()), Ok(read));
            }
        }
    }
}
