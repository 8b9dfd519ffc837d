//! What a request carried as its credential, kept while it is judged and then wiped: the owned counterpart of core's
//! [`Presented`], which surfaces make out of their wire formats.

use keyward_core::decision::{By, Presented};
use keyward_core::secret::Secret;
use keyward_core::signed::{Jwt, Proof, Signed, SignedForm};
use keyward_core::time::Timestamp;
use std::time::Duration;

/// What a request carried.
pub enum Carried {
    /// One string.
    Token(Secret, Travelled),
    /// A public id and a secret.
    Pair(String, Secret, Travelled),
    /// A form signed with the secret.
    Form(Box<Form>),
    /// A JWT signed with the key pair, and how far clocks may be off.
    Jwt(Box<Jwt>, Duration),
}

/// How it travelled; owned, because names may come out of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travelled {
    /// The service that asks vouches for the carrier.
    Vouched,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// One header; lower-case name.
    Header(String),
    /// Two headers; lower-case names.
    Headers(String, String),
    /// Two parameters.
    Form(String, String),
    /// `Authorization:` with another scheme.
    TokenScheme(String),
}

/// A signed form, taken apart: the fields of [`Signed`] and [`SignedForm`].
pub struct Form {
    /// The public id.
    pub id: String,
    /// Counts once.
    pub nonce: String,
    /// From then on it holds.
    pub from: Timestamp,
    /// From then on it holds no more.
    pub until: Timestamp,
    /// The method, in capitals.
    pub method: String,
    /// The addresses one of which was signed.
    pub urls: Vec<String>,
    /// The parameters, canonical.
    pub parameters: String,
    /// The signature.
    pub signature: [u8; 20],
}

impl Carried {
    /// Calls `judge` with what is to be decided about.
    pub fn present<T>(&self, judge: impl FnOnce(&Presented<'_>) -> T) -> T {
        match self {
            Carried::Token(token, by) => judge(&Presented::Token { token: token.expose(), by: by.borrowed() }),
            Carried::Pair(id, secret, by) => judge(&Presented::Pair { id, secret: secret.expose(), by: by.borrowed() }),
            Carried::Form(form) => {
                let urls: Vec<&str> = form.urls.iter().map(String::as_str).collect();
                let proof = Proof::Form(SignedForm {
                    method: &form.method,
                    urls: &urls,
                    parameters: &form.parameters,
                    signature: form.signature,
                });
                let Form { id, nonce, from, until, .. } = &**form;
                judge(&Presented::Signed(&Signed { id, nonce, from: *from, until: *until, proof }))
            }
            Carried::Jwt(jwt, window) => judge(&Presented::Signed(&jwt.signed(*window))),
        }
    }

    /// The string, where it is one that came as a bearer token: it may also be a session's.
    pub fn bearer(&self) -> Option<&str> {
        match self {
            Carried::Token(token, Travelled::Bearer) => Some(token.expose()),
            _ => None,
        }
    }
}

impl Travelled {
    fn borrowed(&self) -> By<'_> {
        match self {
            Travelled::Vouched => By::Vouched,
            Travelled::Bearer => By::Bearer,
            Travelled::Basic => By::Basic,
            Travelled::Header(name) => By::Header(name),
            Travelled::Headers(id, secret) => By::Headers(id, secret),
            Travelled::Form(id, secret) => By::Form(id, secret),
            Travelled::TokenScheme(name) => By::TokenScheme(name),
        }
    }
}
