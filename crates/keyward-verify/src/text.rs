//! Short texts that are copied without allocating.

use std::fmt;
use std::sync::Arc;

/// A text that is copied into every permit: kept in place up to 38 bytes (every native public id, every UUID), shared
/// above. Copying never allocates.
#[derive(Clone)]
pub struct Text(Form);

#[derive(Clone)]
enum Form {
    InPlace { length: u8, bytes: [u8; Text::IN_PLACE] },
    Shared(Arc<str>),
}

impl Text {
    const IN_PLACE: usize = 38;

    pub(crate) fn new(text: &str) -> Self {
        match (u8::try_from(text.len()), text.len() <= Self::IN_PLACE) {
            (Ok(length), true) => {
                let mut bytes = [0; Self::IN_PLACE];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Self(Form::InPlace { length, bytes })
            }
            _ => Self(Form::Shared(text.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // The bytes came from a `str`, so they are one; without `unsafe`, that has to be found out again.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::InPlace { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Form::Shared(text) => text.as_bytes(),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

const _: () = assert!(size_of::<Text>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_texts_come_back_as_they_were() {
        for text in ["", "kw_0123456789abcdef", &"é".repeat(19), &"é".repeat(20), &"x".repeat(300)] {
            assert_eq!(Text::new(text).as_str(), text);
        }
    }
}
