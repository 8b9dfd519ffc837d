//! Opaque tokens of Keyward's own: sessions and sign-ins, invitations, the link of the first start. All have the format of native
//! tokens, so that scanners know them and junk is refused before any look-up; what is kept is a keyed digest.

use keyward_api::error::ErrorCode;
use keyward_core::digest::{Digest, DigestPurpose};
use keyward_core::format::{NativeToken, TokenPrefix};
use keyward_core::keyring::KeyRing;
use keyward_core::secret::Secret;

use crate::app::App;
use crate::ops::error::OpError;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A signed-in user's session.
    Session,
    /// An invitation to an organization.
    Invitation,
    /// The first start.
    Setup,
    /// A sign-in that waits for its code.
    SignIn,
}

/// A new token: what is kept, and the text for its holder.
pub struct Token {
    /// By what it is found; not a secret.
    pub public_id: String,
    /// Proves knowledge of it.
    pub digest: Digest,
    /// The whole token.
    pub text: Secret,
}

impl Sort {
    /// What its tokens begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Sort::Session => "kwses",
            Sort::Invitation => "kwinv",
            Sort::Setup => "kwset",
            Sort::SignIn => "kwsgn",
        }
    }

    const fn purpose(self) -> DigestPurpose {
        match self {
            Sort::Session => DigestPurpose::Session,
            Sort::Invitation => DigestPurpose::Invitation,
            Sort::Setup => DigestPurpose::SetupLink,
            Sort::SignIn => DigestPurpose::SignIn,
        }
    }

    /// A new token.
    pub fn mint(self, app: &App) -> Result<Token, OpError> {
        let prefix: TokenPrefix = self
            .prefix()
            .parse()
            .map_err(|e| OpError::new(ErrorCode::Internal, format!("a token cannot be made: {e}")))?;
        let (public_id, text) = NativeToken::generate(&prefix, &mut app.entropy());
        let ring = app.ring();
        let pepper = ring.current_pepper();
        let bytes = pepper.digest_for(self.purpose(), text.expose());
        Ok(Token { public_id, digest: Digest { pepper: pepper.version(), bytes }, text })
    }

    /// By what a presented token would be found, if it can be one of this sort.
    pub fn public_id(self, text: &str) -> Option<&str> {
        NativeToken::parse(text).ok().filter(|token| token.prefix == self.prefix()).map(|token| token.public_id)
    }

    /// Whether the presented token is the one of this digest.
    pub fn confirms(self, ring: &KeyRing, digest: &Digest, text: &str) -> bool {
        ring.pepper(digest.pepper).is_some_and(|pepper| digest.confirms(&pepper.digest_for(self.purpose(), text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_core::entropy::Seeded;
    use keyward_core::time::Timestamp;

    #[test]
    fn a_token_is_of_one_sort_only() {
        let ring = KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(1)).unwrap();
        let sorts = [Sort::Session, Sort::Invitation, Sort::Setup, Sort::SignIn];
        for sort in sorts {
            assert!(TokenPrefix::RESERVED.contains(&sort.prefix()));
            let prefix = sort.prefix().parse().unwrap();
            let (id, text) = NativeToken::generate(&prefix, &mut Seeded::new(2));
            let pepper = ring.current_pepper();
            let digest = Digest { pepper: pepper.version(), bytes: pepper.digest_for(sort.purpose(), text.expose()) };
            for other in sorts {
                assert_eq!(other.public_id(text.expose()), (other == sort).then_some(id.as_str()));
                assert_eq!(other.confirms(&ring, &digest, text.expose()), other == sort);
            }
            let (_, another) = NativeToken::generate(&prefix, &mut Seeded::new(3));
            assert!(!sort.confirms(&ring, &digest, another.expose()));
        }
        assert_eq!(Sort::Session.public_id("kwses_junk"), None);
    }
}
