//! The one place that reads the process's environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use zeroize::Zeroizing;

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "KEYWARD_";

/// The text of a key ring, instead of a file.
pub const KEYRING: &str = "KEYWARD_KEYRING";

/// The address of the only listener.
pub(super) const LISTEN: &str = "KEYWARD_LISTEN";

/// Variables that are not settings of a node, and what reads them.
pub(super) const OTHERS: &[(&str, &str)] = &[
    ("KEYWARD_CONFIG", "The configuration file, as `--config`."),
    (LISTEN, "The address of the only listener, as `--listen`."),
    (KEYRING, "The text of the key ring, instead of `keyring.file`."),
    ("KEYWARD_SERVER", "The node that the command line talks to, as `--server`."),
    ("KEYWARD_TOKEN_FILE", "The file with the token that the command line presents, as `--token-file`."),
    ("KEYWARD_ORGANIZATION", "The organization that the command line works in, as `--organization`."),
    ("KEYWARD_UPDATE_DOCS", "Makes the tests rewrite generated files instead of comparing them."),
];

/// The variables that begin with [`PREFIX`], as they were when the process started.
#[derive(Default)]
pub struct Environment(BTreeMap<String, Zeroizing<String>>);

impl Environment {
    /// The environment of this process. Values that are not UTF-8 are none of ours and are left out.
    pub fn of_process() -> Self {
        let text = |os: OsString| os.into_string().ok();
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))))
    }

    /// An environment made of `pairs`, for tests.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let ours = pairs.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value.into())));
        Self(ours.filter(|(name, _)| name.starts_with(PREFIX)).collect())
    }

    /// The value of a variable; an empty one is as good as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The names of all variables that begin with [`PREFIX`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The text of a key ring. It shows itself to nobody who does not ask for it by name.
#[derive(Clone, PartialEq)]
pub struct KeyringText(Zeroizing<String>);

impl KeyringText {
    /// From what the environment holds.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyringText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyringText(..)")
    }
}

impl fmt::Debug for Environment {
    /// The names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_variables_are_kept_and_their_values_are_not_shown() {
        let environment = Environment::from_pairs([("KEYWARD_KEYRING", "s3cret"), ("PATH", "/bin"), ("KEYWARD_X", "")]);
        assert_eq!(environment.names().collect::<Vec<_>>(), ["KEYWARD_KEYRING", "KEYWARD_X"]);
        assert_eq!(environment.get("KEYWARD_KEYRING"), Some("s3cret"));
        assert_eq!(environment.get("KEYWARD_X"), None);
        assert_eq!(format!("{environment:?}"), r#"{"KEYWARD_KEYRING", "KEYWARD_X"}"#);
    }
}
