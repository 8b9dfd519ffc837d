//! What the texts look like that name and prove a credential: formats as data, and the native token.
//!
//! Texts are compared and hashed as they stand; nothing is ever decoded.
//!
//! **Checksum.** CRC-32 (the one of IEEE 802.3, zlib and PNG) of every byte before it, written as six characters of
//! `0-9A-Za-z`: the number in base 62, digits in that order, most significant first, padded with `0`. It is not a
//! protection, only a filter: a typing error or junk is refused without a look-up, and scanners of source code can
//! tell a real token from a look-alike.

mod native;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

pub use native::{InvalidPrefix, Malformed, NativeToken, TokenPrefix};

/// The characters of a text's random part. A closed set: every one survives a header, a form, a URL and HTTP Basic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// `0-9A-Za-z`: a double click selects all of it.
    Base62,
    /// `A-Za-z0-9-_`, the alphabet of base64url.
    Base62Dash,
    /// `A-Z`.
    Upper,
    /// `0-9a-f`.
    Hex,
    /// `A-Z2-7` (RFC 4648 section 6).
    Base32,
    /// 24 random bytes in base64 whose text has no `+` and no `/`: 32 characters, valid base64 for clients that decode
    /// their secret. Each character stands for six bits of its own, so these are 32 characters of `0-9A-Za-z`.
    Base64_24,
}

impl Alphabet {
    /// Every alphabet.
    pub const ALL: [Alphabet; 6] =
        [Self::Base62, Self::Base62Dash, Self::Upper, Self::Hex, Self::Base32, Self::Base64_24];

    /// The characters, in the order in which random numbers are mapped to them.
    pub const fn characters(self) -> &'static str {
        match self {
            Self::Base62 | Self::Base64_24 => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Base62Dash => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Hex => "0123456789abcdef",
            Self::Base32 => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        }
    }

    const fn contains(self, byte: u8) -> bool {
        match self {
            Self::Base62 | Self::Base64_24 => byte.is_ascii_alphanumeric(),
            Self::Base62Dash => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Upper => byte.is_ascii_uppercase(),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
        }
    }

    /// Thousandths of a bit per character, rounded down.
    const fn millibits(self) -> u32 {
        match self {
            Self::Base62 | Self::Base64_24 => 5_954,
            Self::Base62Dash => 6_000,
            Self::Upper => 4_700,
            Self::Hex => 4_000,
            Self::Base32 => 5_000,
        }
    }

    /// Appends `count` characters, each drawn with the same probability.
    fn draw(self, count: usize, text: &mut String, entropy: &mut impl Entropy) {
        let characters = self.characters().as_bytes();
        // The largest multiple of the alphabet's size that a byte can hold. Bytes from there on are thrown away:
        // taking their remainder would make the first characters more likely than the last.
        let limit = 256 - 256 % characters.len();
        let wanted = text.len() + count;
        let mut random = Zeroizing::new([0_u8; 64]);
        while text.len() < wanted {
            entropy.fill(&mut *random);
            let usable = random.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < limit);
            text.extend(usable.take(wanted - text.len()).map(|byte| char::from(characters[byte % characters.len()])));
        }
    }
}

/// The format of an id or a secret of a kind: `prefix`, then `length` random characters, then perhaps a checksum.
///
/// In a profile: `{ prefix = "AK", alphabet = "base62", length = 10 }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct TextFormat {
    prefix: String,
    alphabet: Alphabet,
    length: u16,
    checksum: bool,
}

/// Why a format cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFormat {
    /// The prefix is too long, or has a character that some way of presenting it would change.
    #[error("the prefix has to be at most {} characters of `A-Za-z0-9_-`", TextFormat::MAX_PREFIX)]
    Prefix,
    /// There are no random characters, or absurdly many.
    #[error("the length has to be from 1 to {}, without prefix and checksum", TextFormat::MAX_LENGTH)]
    Length,
    /// A prefix or a checksum would make the text something else than base64 of 24 bytes.
    #[error("the alphabet `base64_24` takes no prefix and no checksum, and its length is 32")]
    Base64Shape,
}

impl TextFormat {
    /// The most characters of a prefix.
    pub const MAX_PREFIX: usize = 12;
    /// The most random characters: four times what any published format uses, and still one read of a small buffer.
    pub const MAX_LENGTH: u16 = 256;

    /// A format without a checksum; `length` counts the random characters alone.
    pub fn new(prefix: &str, alphabet: Alphabet, length: u16) -> Result<Self, InvalidFormat> {
        Self { prefix: prefix.to_owned(), alphabet, length, checksum: false }.checked()
    }

    /// The same with a checksum behind it.
    pub fn with_checksum(self) -> Result<Self, InvalidFormat> {
        Self { checksum: true, ..self }.checked()
    }

    /// A new text. The caller wraps it in a [`Secret`](crate::secret::Secret) when it is one.
    pub fn generate(&self, entropy: &mut impl Entropy) -> String {
        // All of it at once: growing would leave copies of a secret's beginning in freed memory.
        let mut text = String::with_capacity(self.text_length());
        text.push_str(&self.prefix);
        self.alphabet.draw(usize::from(self.length), &mut text, entropy);
        if self.checksum {
            let sum = checksum(text.as_bytes());
            text.extend(sum.map(char::from));
        }
        text
    }

    /// Whether a presented text can be one of this format. Refuses a text of another length without reading it.
    pub fn accepts(&self, text: &str) -> bool {
        if text.len() != self.text_length() {
            return false;
        }
        let Some(rest) = text.as_bytes().strip_prefix(self.prefix.as_bytes()) else { return false };
        let (random, sum) = rest.split_at(usize::from(self.length));
        random.iter().all(|&byte| self.alphabet.contains(byte))
            && (!self.checksum || checksum(&text.as_bytes()[..text.len() - CHECKSUM_LENGTH]) == sum)
    }

    /// How many characters a text of this format has, prefix and checksum included.
    pub fn text_length(&self) -> usize {
        self.prefix.len() + usize::from(self.length) + if self.checksum { CHECKSUM_LENGTH } else { 0 }
    }

    /// How hard a text is to guess, in whole bits. A secret should have 128, an id that names one 64.
    pub fn bits(&self) -> u32 {
        u32::from(self.length) * self.alphabet.millibits() / 1_000
    }

    /// What every text of this format begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The characters of the random part.
    pub fn alphabet(&self) -> Alphabet {
        self.alphabet
    }

    fn checked(self) -> Result<Self, InvalidFormat> {
        if self.prefix.len() > Self::MAX_PREFIX || !self.prefix.bytes().all(|byte| Alphabet::Base62Dash.contains(byte))
        {
            return Err(InvalidFormat::Prefix);
        }
        if self.length == 0 || self.length > Self::MAX_LENGTH {
            return Err(InvalidFormat::Length);
        }
        if self.alphabet == Alphabet::Base64_24 && (!self.prefix.is_empty() || self.checksum || self.length != 32) {
            return Err(InvalidFormat::Base64Shape);
        }
        Ok(self)
    }
}

/// A format as a profile writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    prefix: String,
    alphabet: Alphabet,
    length: u16,
    #[serde(default)]
    checksum: bool,
}

impl TryFrom<Written> for TextFormat {
    type Error = InvalidFormat;

    fn try_from(Written { prefix, alphabet, length, checksum }: Written) -> Result<Self, InvalidFormat> {
        Self { prefix, alphabet, length, checksum }.checked()
    }
}

const CHECKSUM_LENGTH: usize = 6;

/// The checksum of the module's description. 62⁶ is more than 2³², so six characters always suffice.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let digits = Alphabet::Base62.characters().as_bytes();
    let mut rest = crc32fast::hash(bytes);
    let mut text = [b'0'; CHECKSUM_LENGTH];
    for place in text.iter_mut().rev() {
        *place = digits[(rest % 62) as usize];
        rest /= 62;
    }
    text
}
