//! Making the public id and the secret of a credential, and the digest that is kept of it.

use crate::access_token::AccessToken;
use crate::decision::Presented;
use crate::digest::{Digest, Pepper};
use crate::entropy::Entropy;
use crate::format::{NativeToken, TextFormat, TokenPrefix};
use crate::kind::{Format, Kind, Parts};
use crate::secret::Secret;

/// What a client gets, and what is kept of it.
pub struct Minted {
    /// Says which credential it is; not a secret.
    pub public_id: String,
    /// The secret as the client holds it: the whole token for kinds of one string.
    pub secret: Secret,
    /// What is kept of it.
    pub digest: Digest,
}

/// A public id and a secret for a new credential of `kind`.
pub fn mint(kind: &Kind, pepper: &Pepper, entropy: &mut impl Entropy) -> Minted {
    let public_id = match &kind.id_format {
        Format::Native { prefix } => native_id(prefix, entropy),
        Format::Text(format) => format.generate(entropy),
    };
    renew(kind, &public_id, pepper, entropy)
}

/// A new secret for the credential of `kind` that is known as `public_id`.
pub fn renew(kind: &Kind, public_id: &str, pepper: &Pepper, entropy: &mut impl Entropy) -> Minted {
    let secret = match (&kind.secret_format, kind.parts) {
        (Format::Native { .. }, Parts::Token) => NativeToken::renew(public_id, entropy),
        (Format::Native { .. }, Parts::Pair | Parts::OauthClient) => {
            let token = NativeToken::renew(public_id, entropy);
            Secret::from_string(token.expose()[public_id.len() + 1..].to_owned())
        }
        (Format::Text(format), _) => text_secret(format, entropy),
    };
    let digest = match kind.parts {
        Parts::Token => digest_of_token(secret.expose(), pepper),
        Parts::Pair | Parts::OauthClient => digest_of_pair(public_id, secret.expose(), pepper),
    };
    Minted { public_id: public_id.to_owned(), secret, digest }
}

/// What is kept of a secret that is presented so; `None` where the secret itself is not presented.
pub fn digest_of(presented: &Presented<'_>, pepper: &Pepper) -> Option<Digest> {
    match presented {
        Presented::Token { token, .. } if AccessToken::is_claimed_by(token) => None,
        Presented::Token { token, .. } => Some(digest_of_token(token, pepper)),
        Presented::Pair { id, secret, .. } => Some(digest_of_pair(id, secret, pepper)),
        Presented::Signed(_) => None,
    }
}

fn digest_of_token(token: &str, pepper: &Pepper) -> Digest {
    let bytes = match NativeToken::parse(token) {
        Ok(native) => pepper.digest_native(&native),
        Err(_) => pepper.digest_token(token),
    };
    Digest { pepper: pepper.version(), bytes }
}

fn digest_of_pair(id: &str, secret: &str, pepper: &Pepper) -> Digest {
    Digest { pepper: pepper.version(), bytes: pepper.digest(id, secret) }
}

fn native_id(prefix: &TokenPrefix, entropy: &mut impl Entropy) -> String {
    NativeToken::generate(prefix, entropy).0
}

fn text_secret(format: &TextFormat, entropy: &mut impl Entropy) -> Secret {
    Secret::from_string(format.generate(entropy))
}
