//! Making the public id and the secret of a credential, and the digest that is kept of it.

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
    let bytes = match (NativeToken::parse(secret.expose()), kind.parts) {
        (Ok(token), Parts::Token) => pepper.digest_native(&token),
        (Err(_), Parts::Token) => pepper.digest_token(secret.expose()),
        (_, Parts::Pair | Parts::OauthClient) => pepper.digest(public_id, secret.expose()),
    };
    Minted { public_id: public_id.to_owned(), secret, digest: Digest { pepper: pepper.version(), bytes } }
}

fn native_id(prefix: &TokenPrefix, entropy: &mut impl Entropy) -> String {
    NativeToken::generate(prefix, entropy).0
}

fn text_secret(format: &TextFormat, entropy: &mut impl Entropy) -> Secret {
    Secret::from_string(format.generate(entropy))
}
