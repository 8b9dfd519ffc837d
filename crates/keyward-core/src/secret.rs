//! Plaintext that proves something: alive for as short as possible, and never printed.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A plaintext secret: a whole token, the secret of a pair, the text of a key ring.
///
/// It is overwritten when dropped, and it cannot be printed, copied, compared or serialised, so that none of these
/// happens by accident: no `Debug`, `Display`, `Clone`, `PartialEq`, `Serialize`. Whoever needs the text says so with
/// [`Secret::expose`]. What is stored is another type: [`Digest`](crate::digest::Digest) or
/// [`Sealed`](crate::seal::Sealed).
///
/// ```
/// use keyward_core::secret::Secret;
/// let secret = Secret::from_string("kw_live".to_owned());
/// assert_eq!(secret.expose(), "kw_live");
/// ```
///
/// ```compile_fail,E0277
/// # use keyward_core::secret::Secret;
/// println!("{:?}", Secret::from_string(String::new()));
/// ```
///
/// ```compile_fail,E0277
/// # use keyward_core::secret::Secret;
/// println!("{}", Secret::from_string(String::new()));
/// ```
///
/// ```compile_fail,E0599
/// # use keyward_core::secret::Secret;
/// let _copy = Secret::from_string(String::new()).clone();
/// ```
///
/// ```compile_fail,E0369
/// # use keyward_core::secret::Secret;
/// let _same = Secret::from_string(String::new()) == Secret::from_string(String::new());
/// ```
///
/// ```compile_fail,E0277
/// # use keyward_core::secret::Secret;
/// let _text = serde_json::to_string(&Secret::from_string(String::new()));
/// ```
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over; this very buffer is overwritten on drop.
    ///
    /// A `String` that grew has left copies of its beginning behind: make it with enough capacity at once.
    pub fn from_string(text: String) -> Self {
        Self(text)
    }

    /// The plaintext.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
