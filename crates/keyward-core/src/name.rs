//! Names that people give to things.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The longest name, in characters after normalisation: it fits a table cell and a confirmation field.
pub const MAX_NAME_CHARS: usize = 120;

/// A name: trimmed, in NFC, 1 to 120 characters, without control characters and without characters that
/// reorder or hide text. Compared for uniqueness by [`Name::folded`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Normalises and checks `text`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        // Refused before the work of normalising: no valid name needs more bytes than this.
        if text.len() > MAX_NAME_CHARS * 16 {
            return Err(InvalidName::TooLong);
        }
        let name: String = text.trim().nfc().collect();
        if let Some(bad) = name.chars().find(|c| is_refused(*c)) {
            return Err(InvalidName::Character(bad as u32));
        }
        match name.chars().count() {
            0 => Err(InvalidName::Empty),
            n if n > MAX_NAME_CHARS => Err(InvalidName::TooLong),
            _ => Ok(Self(name)),
        }
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: equal for names that people would call the same (NFC, trimmed, default case folding).
    pub fn folded(&self) -> String {
        caseless::default_case_fold_str(&self.0).nfc().collect()
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("a name is missing: write 1 to {MAX_NAME_CHARS} characters")]
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    #[error("the name is too long: write at most {MAX_NAME_CHARS} characters")]
    TooLong,
    /// A control, bidirectional-override or invisible formatting character, by its code point.
    #[error("the name contains the character U+{0:04X}, which cannot be seen or reorders text: remove it")]
    Character(u32),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Controls (Cc), line and paragraph separators, bidirectional controls (Unicode TR 9) and invisible characters that
/// join or hide text. U+200D stays: emoji and several scripts are written with it.
fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(c, '\u{E0000}'..='\u{E001F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(Name::new("  Cafe\u{301} ").unwrap().as_str(), "Café");
        assert_eq!(Name::new("STRASSE").unwrap().folded(), Name::new("straße").unwrap().folded());
    }

    #[test]
    fn what_is_not_a_name_says_so() {
        assert_eq!(Name::new(" \t "), Err(InvalidName::Empty));
        assert_eq!(Name::new(&"x".repeat(121)), Err(InvalidName::TooLong));
        assert_eq!(Name::new(&"é".repeat(120)).map(|n| n.as_str().chars().count()), Ok(120));
        for bad in ['\0', '\n', '\u{202E}', '\u{2066}', '\u{200B}', '\u{7F}', '\u{FEFF}'] {
            assert_eq!(Name::new(&format!("a{bad}b")), Err(InvalidName::Character(bad as u32)));
        }
        assert!(Name::new("👩‍🚀 rocket <script>").is_ok());
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,140}") {
            if let Ok(name) = Name::new(&text) {
                prop_assert_eq!(Name::new(name.as_str()), Ok(name.clone()));
                if let Ok(folded) = Name::new(&name.folded()) { prop_assert_eq!(folded.folded(), name.folded()); }
            }
        }
    }
}
