//! Identifiers as Passport writes them: the UUID inside Keyward's typed id, and names of namespaces such as
//! `xyz_airport_VcwyvHDp`.

use std::str::FromStr;

use keyward_core::id::{ApplicationId, OrganizationId, UserGroupId, UserId, WorkspaceId};
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_verify::World;

/// An identifier that is a UUID and a kind.
pub(super) trait Uuid: FromStr {
    fn of_bits(bits: u128) -> Self;
}

macro_rules! uuids {
    ($($id:ident)*) => {
        $(impl Uuid for $id {
            fn of_bits(bits: u128) -> Self { Self::from_bits(bits) }
        })*
    };
}

uuids!(OrganizationId ApplicationId WorkspaceId UserGroupId UserId);

/// A UUID with its hyphens, in any case, or Keyward's own text of the id.
pub(super) fn parse<T: Uuid>(text: &str) -> Option<T> {
    bits(text).map(T::of_bits).or_else(|| text.parse().ok())
}

/// The same for a namespace of a kind.
pub(super) fn parse_namespace(kind: NamespaceKind, text: &str) -> Option<NamespaceId> {
    match kind {
        NamespaceKind::Organization => parse::<OrganizationId>(text).map(Into::into),
        NamespaceKind::Application => parse::<ApplicationId>(text).map(Into::into),
        NamespaceKind::Workspace => parse::<WorkspaceId>(text).map(Into::into),
        NamespaceKind::UserGroup => parse::<UserGroupId>(text).map(Into::into),
    }
}

/// The UUID of a namespace.
pub(super) fn uuid_of(id: NamespaceId) -> String {
    uuid(bits_of(id))
}

/// 128 bits as a UUID (RFC 9562 section 4).
pub(super) fn uuid(bits: u128) -> String {
    uuid::Uuid::from_u128(bits).to_string()
}

/// A name for machines, made of a name for people: `XYZ Airport` is `xyz_airport`.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(slug.trim_end_matches('_').len());
    if slug.is_empty() { "unnamed".to_owned() } else { slug }
}

/// What names a namespace in permissions and filters: what people call it, for them, and eight characters of its id,
/// which alone count, so that a name from before a change of name goes on to be understood.
pub(super) fn namespace_name(name: &str, id: NamespaceId) -> String {
    format!("{}_{}", slug(name), mark(id))
}

/// The namespace of an organization that a text names: by [`namespace_name`], as a UUID or as Keyward writes it.
/// Nothing when there is none, or when it might be either of two.
pub(super) fn named(world: &World<'_>, text: &str) -> Option<NamespaceId> {
    let organization = NamespaceId::from(world.record().id);
    let known = || std::iter::once(organization).chain(world.namespaces().map(|(id, _)| id));
    let mut found: Box<dyn Iterator<Item = NamespaceId> + '_> = match (text.parse::<NamespaceId>(), bits(text)) {
        (Ok(id), _) => Box::new(known().filter(move |known| *known == id)),
        (_, Some(bits)) => Box::new(known().filter(move |known| bits_of(*known) == bits)),
        _ => {
            let wanted = text.rsplit('_').next().filter(|mark| mark.len() == MARK)?;
            Box::new(known().filter(move |known| mark(*known) == wanted))
        }
    };
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Eight letters and digits for the random end of an id.
fn mark(id: NamespaceId) -> String {
    let mut rest = bits_of(id);
    let digits = (0..MARK).map(|_| {
        let digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
        char::from(digit)
    });
    digits.collect()
}

fn bits_of(id: NamespaceId) -> u128 {
    match id {
        NamespaceId::Organization(id) => id.bits(),
        NamespaceId::Application(id) => id.bits(),
        NamespaceId::Workspace(id) => id.bits(),
        NamespaceId::UserGroup(id) => id.bits(),
    }
}

fn bits(text: &str) -> Option<u128> {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let well_formed = text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if is_hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() });
    if !well_formed {
        return None;
    }
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    u128::from_str_radix(&hex, 16).ok()
}

const MARK: usize = 8;
const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
