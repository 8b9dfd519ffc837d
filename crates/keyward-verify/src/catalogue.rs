//! The recorded profiles, their kinds by number, and which kinds a presented text can belong to.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyward_core::access_token::{AccessToken, InvalidToken};
use keyward_core::decision::{By, Presented};
use keyward_core::format::NativeToken;
use keyward_core::keyring::KeyRing;
use keyward_core::kind::{Carrier, Format, Kind, KindId, Parts};
use keyward_core::profile::Profile;
use keyward_core::signed::Signed;

use crate::slab::Full;
use crate::text::Text;

/// Changes with profiles, which is seldom: copied as a whole then.
#[derive(Clone, Default)]
pub(crate) struct Catalogue {
    profiles: BTreeMap<String, Arc<Profile>>,
    kinds: Vec<Entry>,
}

/// A kind by number. Credentials may name one that no recorded profile has; they are not known then.
#[derive(Clone)]
struct Entry {
    id: KindId,
    /// The id once more, to be copied without allocating.
    name: Text,
    kind: Option<Arc<Kind>>,
}

/// What a well-formed text is.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// Both are there: found by its id, confirmed by its secret.
    Pair { id: &'a str, secret: &'a str },
    /// One string without an id: found by its digest.
    Bare { token: &'a str },
    /// An access token; `None`: it looks like one, and was not sealed with this key ring.
    Issued(Option<&'a AccessToken>),
    /// Found by its id, confirmed by a signature.
    Signed(&'a Signed<'a>),
}

/// What a presented text opens as.
#[expect(clippy::large_enum_variant, reason = "it stays where it was made, and a box would be an allocation")]
pub(crate) enum Issued {
    /// It does not claim to be an access token.
    Nothing,
    Token(AccessToken),
    Invalid(InvalidToken),
}

impl Issued {
    pub(crate) fn open(ring: &KeyRing, presented: &Presented<'_>) -> Self {
        match *presented {
            Presented::Token { token, .. } if AccessToken::is_claimed_by(token) => {
                AccessToken::open(ring, token).map_or_else(Issued::Invalid, Issued::Token)
            }
            _ => Issued::Nothing,
        }
    }
}

/// A well-formed text, and what is known of it without a look-up.
#[derive(Clone, Copy)]
pub(crate) struct Formed<'a> {
    pub(crate) form: Form<'a>,
    /// Every kind that it could belong to may only be sent over https.
    pub(crate) https_only: bool,
}

impl Catalogue {
    /// Records a profile in place of an earlier one of the name.
    pub(crate) fn put(&mut self, profile: Profile) -> Result<(), Full> {
        for entry in self.kinds.iter_mut().filter(|entry| entry.id.profile() == profile.name) {
            entry.kind = None;
        }
        for kind in &profile.kinds {
            let number = usize::from(self.number_of(&kind.id)?);
            if let Some(entry) = self.kinds.get_mut(number) {
                entry.kind = Some(Arc::clone(kind));
            }
        }
        self.profiles.insert(profile.name.clone(), Arc::new(profile));
        Ok(())
    }

    /// The number of a kind, known or not. The numbers do not change as long as the index lives.
    pub(crate) fn number_of(&mut self, id: &KindId) -> Result<u16, Full> {
        let number = self.position(id).unwrap_or(self.kinds.len());
        let small = u16::try_from(number).ok().filter(|n| *n < u16::MAX).ok_or(Full)?;
        if number == self.kinds.len() {
            self.kinds.push(Entry { id: id.clone(), name: Text::new(id.as_str()), kind: None });
        }
        Ok(small)
    }

    /// The number of a kind that was named before.
    pub(crate) fn number(&self, id: &KindId) -> Option<u16> {
        u16::try_from(self.position(id)?).ok()
    }

    fn position(&self, id: &KindId) -> Option<usize> {
        self.kinds.iter().position(|entry| entry.id == *id)
    }

    pub(crate) fn kind(&self, number: u16) -> Option<&Arc<Kind>> {
        self.kinds.get(usize::from(number))?.kind.as_ref()
    }

    pub(crate) fn name(&self, number: u16) -> Option<&Text> {
        self.kinds.get(usize::from(number)).map(|entry| &entry.name)
    }

    pub(crate) fn kind_by_id(&self, id: &KindId) -> Option<&Arc<Kind>> {
        self.kinds.get(self.position(id)?)?.kind.as_ref()
    }

    pub(crate) fn profile(&self, name: &str) -> Option<&Arc<Profile>> {
        self.profiles.get(name)
    }

    pub(crate) fn profiles(&self) -> impl Iterator<Item = (&str, &Arc<Profile>)> {
        self.profiles.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// What the presented text is; `None` when no kind looks like that. Reads a text of a wrong length not at all.
    /// `issued` is what the text opens as, if it claims to be an access token.
    pub(crate) fn read<'a>(&self, presented: &Presented<'a>, issued: &'a Issued) -> Option<Formed<'a>> {
        match issued {
            Issued::Nothing => self.read_secret(presented),
            Issued::Token(token) => Some(self.formed_token(Some(token), presented.by())),
            Issued::Invalid(InvalidToken::Unknown) => Some(self.formed_token(None, presented.by())),
            Issued::Invalid(InvalidToken::Malformed) => None,
        }
    }

    /// An access token says nothing of its kind without a look-up: it can be of every kind that is exchanged for them.
    fn formed_token<'a>(&self, token: Option<&'a AccessToken>, by: By<'_>) -> Formed<'a> {
        let looks = |kind: &Kind| kind.usage.token_lifetime().is_some();
        let https_only = self.https_only_sent(|kind| may_carry_token(kind, by), looks).unwrap_or(false);
        Formed { form: Form::Issued(token), https_only }
    }

    fn read_secret<'a>(&self, presented: &Presented<'a>) -> Option<Formed<'a>> {
        match *presented {
            Presented::Token { token, by } => {
                let native = NativeToken::parse(token).ok();
                let prefix = native.map(|native| native.prefix);
                let of_prefix = self.https_only(|kind| prefix.is_some_and(|prefix| is_native(kind, prefix)));
                let bare = || self.https_only_sent(|kind| may_carry(kind, by), |kind| is_bare(kind, token));
                match (native, of_prefix) {
                    (Some(native), Some(https_only)) => Some(Formed { form: pair_of(&native), https_only }),
                    (native, _) => match (bare(), native) {
                        (Some(https_only), _) => Some(Formed { form: Form::Bare { token }, https_only }),
                        // Well-formed, but of no kind that is known here: unknown, like an id that is not.
                        (None, Some(native)) => Some(Formed { form: pair_of(&native), https_only: false }),
                        (None, None) => None,
                    },
                }
            }
            Presented::Pair { id, secret, by } => {
                let https_only = self.https_only_sent(|kind| may_carry(kind, by), |kind| is_pair(kind, id, secret))?;
                Some(Formed { form: Form::Pair { id, secret }, https_only })
            }
            Presented::Signed(signed) => {
                let mut kinds = self.kinds.iter().filter_map(|entry| entry.kind.as_deref());
                let looks = |kind: &Kind| signs(kind, presented.by(), signed.id);
                kinds.any(looks).then_some(Formed { form: Form::Signed(signed), https_only: false })
            }
        }
    }

    /// Whether all kinds that look so and may be sent so are for https alone; `None` when none looks so.
    fn https_only_sent(&self, sent: impl Fn(&Kind) -> bool, looks: impl Fn(&Kind) -> bool) -> Option<bool> {
        let all = self.https_only(&looks)?;
        Some(self.https_only(|kind| looks(kind) && sent(kind)).unwrap_or(all))
    }

    fn https_only(&self, is_candidate: impl Fn(&Kind) -> bool) -> Option<bool> {
        let mut candidates = self.kinds.iter().filter_map(|entry| entry.kind.as_deref()).filter(|k| is_candidate(k));
        let first = candidates.next()?;
        Some(first.https_only && candidates.all(|kind| kind.https_only))
    }
}

/// Whether credentials of the kind may travel so. Who vouches for the carrier is believed.
pub(crate) fn may_carry(kind: &Kind, by: By<'_>) -> bool {
    by == By::Vouched
        || kind.present.iter().any(|carrier| match (carrier, by) {
            (Carrier::Bearer, By::Bearer)
            | (Carrier::Basic, By::Basic)
            | (Carrier::SignedForm, By::SignedForm)
            | (Carrier::SignedJwt, By::SignedJwt) => true,
            (Carrier::Header(allowed), By::Header(name)) | (Carrier::TokenScheme(allowed), By::TokenScheme(name)) => {
                allowed == name
            }
            (Carrier::Headers(id, secret), By::Headers(first, second))
            | (Carrier::Form(id, secret), By::Form(first, second)) => id == first && secret == second,
            _ => false,
        })
}

/// Whether access tokens of the kind may travel so: as bearer tokens (RFC 6750), or by a scheme of its vendor's own.
pub(crate) fn may_carry_token(kind: &Kind, by: By<'_>) -> bool {
    matches!(by, By::Bearer) || matches!(by, By::Vouched | By::TokenScheme(_)) && may_carry(kind, by)
}

/// Whether a credential of the kind may sign so under this id.
fn signs(kind: &Kind, by: By<'_>, id: &str) -> bool {
    may_carry(kind, by)
        && match &kind.id_format {
            Format::Text(format) => format.accepts(id),
            Format::Native { prefix } => is_native_id(prefix.as_str(), id),
        }
}

fn pair_of<'a>(native: &NativeToken<'a>) -> Form<'a> {
    Form::Pair { id: native.public_id, secret: native.secret }
}

fn is_native(kind: &Kind, prefix: &str) -> bool {
    kind.parts == Parts::Token
        && matches!(&kind.secret_format, Format::Native { prefix: own } if own.as_str() == prefix)
}

fn is_bare(kind: &Kind, token: &str) -> bool {
    kind.parts == Parts::Token && matches!(&kind.secret_format, Format::Text(format) if format.accepts(token))
}

fn is_pair(kind: &Kind, id: &str, secret: &str) -> bool {
    kind.parts != Parts::Token
        && match (&kind.id_format, &kind.secret_format) {
            (Format::Text(id_format), Format::Text(secret_format)) => {
                id_format.accepts(id) && secret_format.accepts(secret)
            }
            (Format::Native { prefix }, Format::Native { .. }) => is_native_pair(prefix.as_str(), id, secret),
            (Format::Native { .. }, Format::Text(_)) | (Format::Text(_), Format::Native { .. }) => false,
        }
}

/// Whether the text is the public id of a native token with this prefix.
fn is_native_id(prefix: &str, id: &str) -> bool {
    let random = id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    random.is_some_and(|random| random.len() == NATIVE_ID_LENGTH && random.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Whether id and secret are the two halves of a native token: the checksum at the end of the secret is over both.
fn is_native_pair(prefix: &str, id: &str, secret: &str) -> bool {
    let mut buffer = [0; NATIVE_LENGTH];
    let Some(text) = buffer.get_mut(..id.len().saturating_add(secret.len()).saturating_add(1)) else { return false };
    let (first, rest) = text.split_at_mut(id.len());
    first.copy_from_slice(id.as_bytes());
    rest[0] = b'_';
    rest[1..].copy_from_slice(secret.as_bytes());
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| NativeToken::parse(text).ok())
        .is_some_and(|token| token.prefix == prefix && token.public_id == id)
}

/// The random part of the public id of a native token.
const NATIVE_ID_LENGTH: usize = 16;
/// The longest native token.
const NATIVE_LENGTH: usize = 79;
