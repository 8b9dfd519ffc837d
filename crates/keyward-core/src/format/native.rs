//! Keyward's own token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Alphabet, CHECKSUM_LENGTH, checksum};
use crate::entropy::Entropy;
use crate::secret::Secret;

/// A well-formed native token, borrowed from the text that was presented: `<prefix>_<id>_<secret><crc>`.
///
/// | part | characters |
/// |---|---|
/// | `prefix` | 2 to 12: `[a-z][a-z0-9]{1,11}`; says whose token it is, to people and to scanners |
/// | `id` | 16 of `[0-9A-Za-z]`; with the prefix it names the credential |
/// | `secret` | 43 of `[0-9A-Za-z]`, 256 bits |
/// | `crc` | 6: the [checksum](super) of everything before it, both underscores included |
///
/// As a regular expression `[a-z][a-z0-9]{1,11}_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}`: 69 to 79 characters.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct NativeToken<'a> {
    /// What stands before the first underscore.
    pub prefix: &'a str,
    /// What stands between the underscores.
    pub id: &'a str,
    /// The secret without its checksum; it is hashed as it stands.
    pub secret: &'a str,
    /// `<prefix>_<id>`, by which the credential is found.
    pub public_id: &'a str,
}

/// Why a text is not a native token, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is too short or too long.
    #[error("the token is not 69 to 79 characters long; check that all of it was copied")]
    Length,
    /// It does not begin like one.
    #[error("the token does not begin with a prefix of 2 to 12 characters of `a-z0-9` and `_`")]
    Prefix,
    /// It has another character than `0-9A-Za-z` behind the prefix, or an underscore is not in its place.
    #[error("the token has a character that does not belong there; check that nothing else was copied")]
    Charset,
    /// A character was changed.
    #[error("the token's checksum does not match; check that it was copied without a change")]
    Checksum,
}

impl<'a> NativeToken<'a> {
    /// Reads at most 79 bytes, allocates nothing and looks nothing up.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        if !(TokenPrefix::MIN + AFTER_PREFIX..=TokenPrefix::MAX + AFTER_PREFIX).contains(&bytes.len()) {
            return Err(Malformed::Length);
        }
        let prefix_end = bytes.len() - AFTER_PREFIX;
        let id_end = prefix_end + 1 + ID_LENGTH;
        let secret_end = bytes.len() - CHECKSUM_LENGTH;
        if !is_prefix(&bytes[..prefix_end]) {
            return Err(Malformed::Prefix);
        }
        let in_place = |range: &[u8]| range.iter().all(u8::is_ascii_alphanumeric);
        if bytes[prefix_end] != b'_'
            || !in_place(&bytes[prefix_end + 1..id_end])
            || bytes[id_end] != b'_'
            || !in_place(&bytes[id_end + 1..])
        {
            return Err(Malformed::Charset);
        }
        if checksum(&bytes[..secret_end]) != bytes[secret_end..] {
            return Err(Malformed::Checksum);
        }
        // All of it is ASCII by now: every index is the boundary of a character.
        Ok(Self {
            prefix: &text[..prefix_end],
            id: &text[prefix_end + 1..id_end],
            secret: &text[id_end + 1..secret_end],
            public_id: &text[..id_end],
        })
    }

    /// A new token: its public id, and the whole text for its holder.
    pub fn generate(prefix: &TokenPrefix, entropy: &mut impl Entropy) -> (String, Secret) {
        let mut public_id = String::with_capacity(prefix.0.len() + 1 + ID_LENGTH);
        public_id.push_str(&prefix.0);
        public_id.push('_');
        Alphabet::Base62.draw(ID_LENGTH, &mut public_id, entropy);
        let token = Self::renew(&public_id, entropy);
        (public_id, token)
    }

    /// Another token of the same public id (`<prefix>_<id>`), with a new secret.
    pub fn renew(public_id: &str, entropy: &mut impl Entropy) -> Secret {
        // All of it at once: growing would leave copies of the secret in freed memory.
        let mut text = String::with_capacity(public_id.len() + 1 + SECRET_LENGTH + CHECKSUM_LENGTH);
        text.push_str(public_id);
        text.push('_');
        Alphabet::Base62.draw(SECRET_LENGTH, &mut text, entropy);
        let sum = checksum(text.as_bytes());
        text.extend(sum.map(char::from));
        Secret::from_string(text)
    }
}

impl fmt::Debug for NativeToken<'_> {
    /// Shows the public id alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeToken").field("public_id", &self.public_id).finish_non_exhaustive()
    }
}

/// The prefix of native tokens: `[a-z][a-z0-9]{1,11}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenPrefix(String);

/// Why a text is not the prefix of a native token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a prefix: use 2 to 12 characters of `a-z0-9`, beginning with a letter")]
pub struct InvalidPrefix(String);

impl TokenPrefix {
    /// What tokens that are no credentials begin with: access tokens, sessions, invitations, the first set-up, sign-ins
    /// that wait for a code. No kind may have one of them.
    pub const RESERVED: [&str; 5] = ["kwat", "kwses", "kwinv", "kwset", "kwsgn"];

    const MIN: usize = 2;
    const MAX: usize = 12;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        if is_prefix(text.as_bytes()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPrefix(text.chars().take(24).collect()))
        }
    }
}

impl TryFrom<String> for TokenPrefix {
    type Error = InvalidPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        text.parse()
    }
}

impl From<TokenPrefix> for String {
    fn from(prefix: TokenPrefix) -> Self {
        prefix.0
    }
}

impl fmt::Display for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_prefix(bytes: &[u8]) -> bool {
    (TokenPrefix::MIN..=TokenPrefix::MAX).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

const ID_LENGTH: usize = 16;
const SECRET_LENGTH: usize = 43;
/// `_`, id, `_`, secret, checksum.
const AFTER_PREFIX: usize = 1 + ID_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;
