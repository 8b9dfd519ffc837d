//! A user's second factor: codes that change with time (TOTP, RFC 6238), and the recovery codes for who lost theirs.
//!
//! HMAC-SHA-1, 6 digits, steps of 30 seconds: what every application for such codes understands. A code counts for its
//! own step and for those right before and after it, because clocks differ; whoever calls keeps the last step that was
//! used, so that each code counts once.

#[cfg(test)]
mod tests;

use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

use crate::digest::{Digest, DigestPurpose, Pepper};
use crate::entropy::Entropy;
use crate::id::UserId;
use crate::keyring::KeyRing;
use crate::secret::Secret;
use crate::time::Timestamp;

/// How many recovery codes there are at first.
pub const RECOVERY_CODES: usize = 10;
/// How long a code is shown, in seconds (RFC 6238, section 5.2).
pub const STEP_SECONDS: u64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;

/// A new secret for somebody's application: 20 random bytes (as long as the hash: RFC 4226, section 4) in base32.
pub fn new_secret(entropy: &mut impl Entropy) -> Secret {
    let mut random = Zeroizing::new([0; SECRET_BYTES]);
    entropy.fill(&mut *random);
    Secret::from_string(base32(&random))
}

/// The secret as applications take it over from a QR code: `otpauth://totp/…`. `issuer` is where the account is, and
/// `account` which one it is.
pub fn uri(secret: &Secret, issuer: &str, account: &str) -> Secret {
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
    // Joined at once: a text that grows leaves copies of the secret behind.
    let end = "&algorithm=SHA1&digits=6&period=30";
    let parts = ["otpauth://totp/", &issuer, ":", &account, "?secret=", secret.expose(), "&issuer=", &issuer, end];
    Secret::from_string(parts.concat())
}

/// The code that an application shows at `now`. `None`: this is no secret.
pub fn code(secret: &Secret, now: Timestamp) -> Option<Secret> {
    Some(Secret::from_string(digits(&key(secret)?, step(now)?)))
}

/// The step of time whose code this is: the one at `now`, or one next to it, later than `last_used`. `None`: it is
/// another code, or counts no more. Every step is compared, in constant time, whichever it is.
pub fn step_of(secret: &Secret, code: &str, now: Timestamp, last_used: u64) -> Option<u64> {
    let (key, current) = (key(secret)?, step(now)?);
    let code = Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    let mut found = None;
    for step in current.saturating_sub(WINDOW)..=current + WINDOW {
        let expected = Zeroizing::new(digits(&key, step));
        let same = constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok();
        if same && step > last_used {
            found = found.or(Some(step));
        }
    }
    found
}

/// New recovery codes, written `xxxxx-xxxxx`: 50 random bits each.
pub fn new_recovery_codes(entropy: &mut impl Entropy) -> Vec<Secret> {
    (0..RECOVERY_CODES).map(|_| new_recovery_code(entropy)).collect()
}

/// What is kept of a recovery code as it was typed: without regard to case, dashes and white space. `None`: it cannot be
/// one.
pub fn recovery_digest(pepper: &Pepper, user: UserId, typed: &str) -> Option<Digest> {
    let mut text = Zeroizing::new(String::with_capacity(RECOVERY_CHARS + typed.len() + 64));
    text.extend(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase()));
    let is_one = text.len() == RECOVERY_CHARS && text.bytes().all(|byte| UNAMBIGUOUS.contains(&byte));
    // Bound to its user: a digest that is copied to another confirms nothing there.
    text.push('@');
    text.push_str(&user.to_string());
    let bytes = pepper.digest_for(DigestPurpose::RecoveryCode, &text);
    is_one.then(|| Digest { pepper: pepper.version(), bytes })
}

/// Which of the `stored` digests of a user's recovery codes the typed one has.
pub fn matching_code(ring: &KeyRing, stored: &[Digest], user: UserId, typed: &str) -> Option<Digest> {
    stored.iter().copied().find(|digest| {
        let typed = ring.pepper(digest.pepper).and_then(|pepper| recovery_digest(pepper, user, typed));
        typed.is_some_and(|typed| digest.confirms(&typed.bytes))
    })
}

fn new_recovery_code(entropy: &mut impl Entropy) -> Secret {
    let mut random = Zeroizing::new([0; RECOVERY_CHARS]);
    entropy.fill(&mut *random);
    let mut text = String::with_capacity(RECOVERY_CHARS + 1);
    for (place, byte) in random.iter().enumerate() {
        if place == RECOVERY_CHARS / 2 {
            text.push('-');
        }
        // 32 characters divide 256: each is as likely as any other.
        text.push(char::from(UNAMBIGUOUS[usize::from(byte % 32)]));
    }
    Secret::from_string(text)
}

fn key(secret: &Secret) -> Option<hmac::Key> {
    Some(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*bytes_of(secret)?))
}

fn step(now: Timestamp) -> Option<u64> {
    Some(u64::try_from(now.seconds()).ok()? / STEP_SECONDS)
}

fn digits(key: &hmac::Key, step: u64) -> String {
    format!("{:0DIGITS$}", truncated(key, step) % 1_000_000)
}

/// The value of RFC 4226, section 5.3, of which the last digits are the code.
fn truncated(key: &hmac::Key, step: u64) -> u32 {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0F);
    let mut word = [0; 4];
    word.copy_from_slice(&tag[offset..offset + 4]);
    u32::from_be_bytes(word) & 0x7FFF_FFFF
}

/// RFC 4648, section 6, without padding: 20 bytes are 32 characters exactly.
fn base32(bytes: &[u8; SECRET_BYTES]) -> String {
    let mut text = String::with_capacity(SECRET_BYTES * 8 / 5);
    for five in bytes.chunks(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        text.extend((0..8).rev().map(|place| char::from(BASE32[(bits >> (place * 5) & 31) as usize])));
    }
    text
}

fn bytes_of(secret: &Secret) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    let text = secret.expose().as_bytes();
    if text.len() != SECRET_BYTES * 8 / 5 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    for (eight, five) in text.chunks(8).zip(bytes.chunks_mut(5)) {
        let bits = eight.iter().try_fold(0_u64, |bits, digit| {
            let value = BASE32.iter().position(|character| character == digit)?;
            Some((bits << 5) | value as u64)
        })?;
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// RFC 3986: everything but unreserved characters as `%XX`.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len() * 3), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

const SECRET_BYTES: usize = 20;
/// How many steps before and after the present one count (RFC 6238, section 5.2, recommends one).
const WINDOW: u64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const RECOVERY_CHARS: usize = 10;
/// Lower-case letters and digits without those that look like others: i, l, o, u.
const UNAMBIGUOUS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
