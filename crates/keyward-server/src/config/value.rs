//! The kinds of value a setting can have: how each is read, and the words that say what was wrong.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

/// A value as it was written, before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list.
    List(Vec<Raw>),
    /// Text that may stand for any of these: from a flag, the environment or the table of defaults.
    Bare(String),
    /// Something no setting takes, by its name in TOML.
    Other(&'static str),
}

impl Raw {
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Bare(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "a flag",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        }
    }
}

/// What was wrong with a value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Fault {
    /// A fault and its remedy.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

/// A type that a setting can have.
pub(super) trait Setting: Sized {
    /// What is to be written, for the reference and for remedies: `a duration such as "5s"`.
    const FORM: &'static str;
    /// How it looks in TOML.
    const SHAPE: Shape;

    /// Reads it.
    fn read(raw: &Raw) -> Result<Self, Fault>;

    /// What it is when nothing was written and there is no default; `None` when it must be written.
    fn absent() -> Option<Self> {
        None
    }
}

/// How a value looks in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In quotes.
    Quoted,
    /// As it is.
    Plain,
    /// A list of texts.
    List,
}

pub(super) fn wrong(raw: &Raw, form: &str) -> Fault {
    let problem = match raw {
        Raw::Text(text) | Raw::Bare(text) => format!("`{}` is not {form}", shown(text)),
        Raw::Integer(number) => format!("`{number}` is not {form}"),
        Raw::Flag(flag) => format!("`{flag}` is not {form}"),
        other => format!("{} is not {form}", other.name()),
    };
    Fault::new(problem, format!("write {form}"))
}

/// The start of a text, for messages.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn parsed<T: Setting>(raw: &Raw, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
    match raw {
        Raw::Text(text) | Raw::Bare(text) => parse(text).ok_or_else(|| wrong(raw, T::FORM)),
        _ => Err(wrong(raw, T::FORM)),
    }
}

impl<T: Setting> Setting for Option<T> {
    const FORM: &'static str = T::FORM;
    const SHAPE: Shape = T::SHAPE;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        T::read(raw).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Setting for String {
    const FORM: &'static str = "a text";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, |text| (!text.trim().is_empty()).then(|| text.to_owned()))
    }
}

impl Setting for PathBuf {
    const FORM: &'static str = "a path";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, |text| (!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

impl Setting for bool {
    const FORM: &'static str = "`true` or `false`";
    const SHAPE: Shape = Shape::Plain;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        match raw {
            Raw::Flag(flag) => Ok(*flag),
            Raw::Bare(text) => text.parse().map_err(|_| wrong(raw, Self::FORM)),
            _ => Err(wrong(raw, Self::FORM)),
        }
    }
}

impl Setting for u32 {
    const FORM: &'static str = "a whole number";
    const SHAPE: Shape = Shape::Plain;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let number = match raw {
            Raw::Integer(number) => u32::try_from(*number).ok(),
            Raw::Bare(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| wrong(raw, Self::FORM))
    }
}

impl Setting for Duration {
    const FORM: &'static str = "a duration: a whole number and a unit, such as `250ms`, `5s`, `30m`, `12h` or `90d`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, duration)
    }
}

fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => None,
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

impl Setting for Bytes {
    const FORM: &'static str = "a size: a whole number and a unit, such as `512B`, `64KiB` or `1MiB`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, |text| {
            let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
            let each = match unit.trim_start() {
                "B" => 1,
                "KiB" => 1024,
                "MiB" => 1024 * 1024,
                _ => return None,
            };
            digits.parse::<usize>().ok()?.checked_mul(each).map(Self)
        })
    }
}

impl Setting for SocketAddr {
    const FORM: &'static str = "an IP address and a port, such as `127.0.0.1:8080` or `[::]:8443`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, |text| text.parse().ok())
    }
}

impl Setting for Vec<IpNet> {
    const FORM: &'static str = "a list of networks, such as `[\"10.0.0.0/8\", \"2001:db8::1\"]`";
    const SHAPE: Shape = Shape::List;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let network = |text: &str| {
            let text = text.trim();
            let address = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address));
            text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
                Fault::new(
                    format!("`{}` is not a network", shown(text)),
                    "write an address or a range, such as `192.0.2.7` or `10.0.0.0/8`",
                )
            })
        };
        match raw {
            Raw::Bare(text) => text.split(',').filter(|part| !part.trim().is_empty()).map(network).collect(),
            Raw::List(list) => list
                .iter()
                .map(|element| match element {
                    Raw::Text(text) => network(text),
                    other => Err(wrong(other, "a network in quotes")),
                })
                .collect(),
            _ => Err(wrong(raw, Self::FORM)),
        }
    }
}

/// Makes a closed set of words a type.
macro_rules! choice {
    ($(#[$doc:meta])* pub enum $name:ident = $form:literal { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$word_doc])* $variant,)+ }

        impl $name {
            /// The word that is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl Setting for $name {
            const FORM: &'static str = $form;
            const SHAPE: Shape = Shape::Quoted;

            fn read(raw: &Raw) -> Result<Self, Fault> {
                parsed(raw, |text| match text { $($word => Some(Self::$variant),)+ _ => None })
            }
        }
    };
}

choice! {
    /// What log lines look like.
    pub enum LogFormat = "`text` or `json`" {
        /// For people.
        Text = "text",
        /// One JSON object a line, for machines.
        Json = "json",
    }
}

choice! {
    /// From which level on lines are logged.
    pub enum LogLevel = "one of `error`, `warn`, `info`, `debug` and `trace`" {
        /// Failures of ours.
        Error = "error",
        /// What an operator should look at.
        Warn = "warn",
        /// One line for each request.
        Info = "info",
        /// More about each request.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

/// Where the truth is kept: a file of SQLite, or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Whether the truth is on a PostgreSQL server; otherwise it is a file of SQLite.
    pub fn is_postgres(&self) -> bool {
        !self.0.starts_with(SQLITE)
    }

    /// The file of a `sqlite://` URL, as written.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        self.0.strip_prefix(SQLITE).map(PathBuf::from)
    }

    /// The whole URL. It may hold a password: not for logs, use `Display` there.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a password is written in it.
    pub fn has_password(&self) -> bool {
        self.password().is_some()
    }

    /// The URL with `password`, which replaces one that it has.
    pub fn with_password(&self, password: &str) -> Self {
        let Some((scheme, rest)) = self.0.split_once("://") else { return self.clone() };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = user.split_once(':').map_or(user, |(user, _)| user);
        Self(format!("{scheme}://{user}:{}@{host}{tail}", percent_encoded(password)))
    }

    fn password(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://").filter(|_| self.is_postgres())?;
        let authority = rest.split(['/', '?']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
    }
}

const SQLITE: &str = "sqlite://";

fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.password() {
            Some(password) => f.write_str(&self.0.replacen(&format!(":{password}@"), ":***@", 1)),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Setting for DatabaseUrl {
    const FORM: &'static str = "`sqlite://FILE` or `postgres://USER@HOST/DATABASE`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let (Raw::Text(text) | Raw::Bare(text)) = raw else { return Err(wrong(raw, Self::FORM)) };
        let sound = |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
        if text.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("password="))) {
            let problem = "the URL of the database has a password among its parameters";
            return Err(Fault::new(problem, "put the password into a file and name that in `database.password_file`"));
        }
        if sound(SQLITE) || sound("postgres://") || sound("postgresql://") {
            return Ok(Self(text.clone()));
        }
        // The text may hold a password: only its scheme is repeated.
        let scheme = text
            .split_once("://")
            .map_or("a text without a scheme".to_owned(), |(scheme, _)| format!("`{}://…`", shown(scheme)));
        Err(Fault::new(format!("{scheme} is not the URL of a database"), format!("write {}", Self::FORM)))
    }
}

/// Under which URL people and clients reach the console and the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    /// With the port, if it has one.
    authority: String,
    /// Without a slash at the end.
    path: String,
}

impl PublicUrl {
    /// Whether it is an `https` URL.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Its host, without the port.
    pub fn host(&self) -> &str {
        crate::net::hosts::split_authority(&self.authority).map_or(&self.authority, |(host, _)| host)
    }

    /// The origin, as browsers send it: `https://keys.example.com`.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }

    /// The path under which everything lies, without a slash at the end; usually empty.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl Setting for PublicUrl {
    const FORM: &'static str = "an address for browsers, such as `https://keys.example.com`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        parsed(raw, |text| {
            let (https, rest) = match text.split_once("://")? {
                ("https", rest) => (true, rest),
                ("http", rest) => (false, rest),
                _ => return None,
            };
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let path: crate::net::hosts::Prefix = path.parse().ok()?;
            let (_, port) = crate::net::hosts::split_authority(authority)?;
            // Browsers leave the port of the scheme out of an origin, so comparing origins needs it left out here.
            let default = if https { 443 } else { 80 };
            let authority = match port {
                Some(port) if port == default => authority.rsplit_once(':')?.0,
                _ => authority,
            };
            Some(Self { https, authority: authority.to_ascii_lowercase(), path: path.as_str().to_owned() })
        })
    }
}

/// A word that names something within this configuration, such as a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl Setting for Name {
    const FORM: &'static str = "a name of up to 32 characters of `a-z`, `0-9`, `-` and `_`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        parsed(raw, |text| (matches!(text.len(), 1..=32) && text.bytes().all(plain)).then(|| Self(text.to_owned())))
    }
}

/// The settings that are read by `FromStr`, whose errors say what was wrong.
macro_rules! from_text {
    ($($type:ty = $form:literal;)+) => {
        $(impl $crate::config::value::Setting for $type {
            const FORM: &'static str = $form;
            const SHAPE: $crate::config::value::Shape = $crate::config::value::Shape::Quoted;

            fn read(raw: &$crate::config::value::Raw) -> Result<Self, $crate::config::Fault> {
                use $crate::config::value::{Raw, wrong};

                let (Raw::Text(text) | Raw::Bare(text)) = raw else { return Err(wrong(raw, Self::FORM)) };
                text.parse::<$type>().map_err(|error| $crate::config::Fault::new(error.to_string(), concat!("write ", $form)))
            }
        })+
    };
}
pub(super) use from_text;

from_text! {
    crate::net::hosts::Surface = "`native`, `oauth`, `console`, `gateways`, `verify`, `proxy` or `dialect:NAME`";
    crate::net::hosts::HostPattern = "a host such as `keys.example.com`, or `*` for every host";
    crate::net::hosts::Prefix = "a path such as `/keyward`";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Setting>(text: &str) -> Result<T, String> {
        T::read(&Raw::Text(text.to_owned())).map_err(|fault| fault.problem)
    }

    #[test]
    fn durations() {
        for (written, millis) in
            [("0s", 0), ("250ms", 250), ("5s", 5_000), ("30m", 1_800_000), ("12h", 43_200_000), ("90d", 7_776_000_000)]
        {
            assert_eq!(text::<Duration>(written).unwrap().as_millis(), millis, "{written}");
        }
        for written in [
            "",
            "5",
            "s",
            "5 s",
            "-5s",
            "+5s",
            "1.5s",
            "5S",
            "5w",
            "1h30m",
            "99999999999999999999s",
            "9999999999999999d",
        ] {
            let problem = text::<Duration>(written).unwrap_err();
            assert!(problem.starts_with(&format!("`{written}` is not a duration")), "{problem}");
        }
        assert!(Duration::read(&Raw::Integer(5)).unwrap_err().problem.starts_with("`5` is not a duration"));
    }

    #[test]
    fn sizes() {
        for (written, bytes) in [("512B", 512), ("64KiB", 65_536), ("1MiB", 1_048_576), ("1 MiB", 1_048_576)] {
            assert_eq!(text::<Bytes>(written), Ok(Bytes(bytes)), "{written}");
        }
        for written in ["", "64", "64KB", "64k", "-1B", "99999999999999999999MiB"] {
            assert!(text::<Bytes>(written).is_err(), "{written}");
        }
    }

    #[test]
    fn numbers_and_flags_are_not_texts_in_a_file_but_are_in_the_environment() {
        assert!(u32::read(&Raw::Text("16".into())).is_err() && bool::read(&Raw::Text("true".into())).is_err());
        assert_eq!(u32::read(&Raw::Bare("16".into())), Ok(16));
        assert_eq!(bool::read(&Raw::Bare("true".into())), Ok(true));
        assert!(u32::read(&Raw::Integer(-1)).is_err());
    }

    #[test]
    fn networks() {
        let list = Raw::List(vec![Raw::Text("10.0.0.0/8".into()), Raw::Text("192.0.2.7".into())]);
        let networks = <Vec<IpNet>>::read(&list).unwrap();
        assert_eq!(networks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "192.0.2.7/32"]);
        assert_eq!(<Vec<IpNet>>::read(&Raw::Bare("10.0.0.0/8, 192.0.2.7".into())), Ok(networks));
        assert_eq!(<Vec<IpNet>>::read(&Raw::Bare(String::new())), Ok(vec![]));
        let fault = <Vec<IpNet>>::read(&Raw::List(vec![Raw::Text("10.0.0.0/33".into())])).unwrap_err();
        assert_eq!(fault.problem, "`10.0.0.0/33` is not a network");
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = text("postgres://kw:s3:cr@t@db.example/keyward?sslmode=require").unwrap();
        assert!(url.is_postgres() && url.has_password());
        assert_eq!(url.to_string(), "postgres://kw:***@db.example/keyward?sslmode=require");
        assert_eq!(format!("{url:?}"), url.to_string());
        let problem = text::<DatabaseUrl>("mysql://kw:s3cret@db/k").unwrap_err();
        assert!(problem.contains("mysql") && !problem.contains("s3cret"), "{problem}");
        let problem = text::<DatabaseUrl>("postgres://db/k?a=b&password=s3cret").unwrap_err();
        assert!(!problem.contains("s3cret"), "{problem}");
        for none in
            ["sqlite://a:b@c.db", "postgres://kw@db.example/k", "postgres://db.example/k@b:c", "postgres://kw:@db/k"]
        {
            assert!(!text::<DatabaseUrl>(none).unwrap().has_password(), "{none}");
        }
    }

    #[test]
    fn a_password_is_put_in() {
        for (url, with) in [
            ("postgres://kw@db/k", "postgres://kw:p%40ss%2F@db/k"),
            ("postgres://kw:old@db:5432/k?a=b", "postgres://kw:p%40ss%2F@db:5432/k?a=b"),
        ] {
            assert_eq!(text::<DatabaseUrl>(url).unwrap().with_password("p@ss/").expose(), with);
        }
    }

    #[test]
    fn public_urls() {
        for (written, shown) in [
            ("https://keys.example.com", "https://keys.example.com"),
            ("https://Keys.example.com:443/", "https://keys.example.com"),
            ("http://localhost:8080/k/", "http://localhost:8080/k"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(text::<PublicUrl>(written).unwrap().to_string(), shown, "{written}");
        }
        for written in
            ["keys.example.com", "ftp://x", "https://", "https://u@x", "https://x?q", "https://x/#f", "https://x:99999"]
        {
            assert!(text::<PublicUrl>(written).is_err(), "{written}");
        }
        assert_eq!(text::<PublicUrl>("https://[::1]:8443").unwrap().host(), "[::1]");
    }
}
