//! Typed identifiers: a prefix that says what is named, and 128 time-ordered bits (UUID version 7, RFC 9562).

use std::fmt;
use std::str::FromStr;

use crate::entropy::Entropy;
use crate::time::Timestamp;

/// Why a text is not an identifier of the wanted type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {}", self.wanted())]
pub struct InvalidId {
    /// The start of what was given.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
    /// What was expected, with its article.
    pub article: &'static str,
}

impl InvalidId {
    /// What was expected: the end of the sentence, for those who must not repeat what was given.
    pub fn wanted(&self) -> String {
        let Self { article, prefix, .. } = self;
        format!("{article} id: expected `{prefix}_` and 26 characters of `0-9a-z` without `i`, `l`, `o` and `u`")
    }
}

/// The registry. Append only: a prefix, once published, names the same thing for ever.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $article:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(u128);

            impl $name {
                /// What the text form begins with, before the underscore.
                pub const PREFIX: &'static str = $prefix;

                /// A new identifier, ordered after all made in earlier milliseconds.
                pub fn new(now: Timestamp, entropy: &mut impl Entropy) -> Self {
                    Self(time_ordered(now, entropy))
                }

                /// The 128 bits.
                pub const fn bits(self) -> u128 { self.0 }

                /// From 128 bits that an earlier identifier had.
                pub const fn from_bits(bits: u128) -> Self { Self(bits) }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write_id(f, Self::PREFIX, self.0) }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write_id(f, Self::PREFIX, self.0) }
            }

            impl FromStr for $name {
                type Err = InvalidId;
                fn from_str(text: &str) -> Result<Self, InvalidId> {
                    parse_id(text, Self::PREFIX).map(Self).ok_or_else(|| InvalidId {
                        text: text.chars().take(48).collect(), prefix: $prefix, article: $article,
                    })
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }
        )*

        /// Every prefix of the registry, in order of registration.
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

ids! {
    /// Names an organization.
    OrganizationId = "org", "an organization";
    /// Names an application.
    ApplicationId = "app", "an application";
    /// Names a workspace.
    WorkspaceId = "ws", "a workspace";
    /// Names a user group.
    UserGroupId = "ugrp", "a user group";
    /// Names a user.
    UserId = "usr", "a user";
    /// Names a credential.
    CredentialId = "cred", "a credential";
    /// Names a role.
    RoleId = "role", "a role";
    /// Names a grant.
    GrantId = "grant", "a grant";
    /// Names a session of a signed-in user.
    SessionId = "ses", "a session";
    /// Names an invitation to join an organization.
    InvitationId = "inv", "an invitation";
    /// Names a running server.
    NodeId = "node", "a node";
    /// Names one request, in answers, logs and the audit log.
    RequestId = "req", "a request";
    /// Names an entry of the audit log.
    AuditId = "aud", "an audit entry";
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn time_ordered(now: Timestamp, entropy: &mut impl Entropy) -> u128 {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128()
}

fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, bits: u128) -> fmt::Result {
    let mut text = [0_u8; 26];
    let mut rest = bits;
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    write!(f, "{prefix}_{}", std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn parse_id(text: &str, prefix: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
    // 26 characters hold 130 bits: the first may use three of its five.
    if digits.len() != 26 || digits[0] > b'7' {
        return None;
    }
    digits.iter().try_fold(0_u128, |bits, digit| {
        let value = ALPHABET.iter().position(|a| a == digit)?;
        Some((bits << 5) | value as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(bits: u128) {
            let id = CredentialId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<CredentialId>(), Ok(id));
        }

        #[test]
        fn text_order_is_id_order(a: u128, b: u128) {
            let (a, b) = (CredentialId::from_bits(a), CredentialId::from_bits(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,40}") {
            let _ = text.parse::<CredentialId>();
        }
    }

    #[test]
    fn a_foreign_prefix_is_refused() {
        let id = UserId::new(Timestamp::EPOCH, &mut Seeded::new(1)).to_string();
        assert!(id.parse::<UserId>().is_ok());
        let error = id.parse::<CredentialId>().unwrap_err().to_string();
        assert!(error.contains("expected `cred_`"), "{error}");
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let mut entropy = Seeded::new(2);
        let early = RoleId::new(Timestamp::from_seconds(10), &mut entropy);
        let late = RoleId::new(Timestamp::from_seconds(11), &mut entropy);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn prefixes_are_unique() {
        let mut sorted = PREFIXES.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), PREFIXES.len());
    }
}
