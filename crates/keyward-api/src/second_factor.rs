//! One's own second factor, and the recovery codes for who lost it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sample::{self, Sample};
use crate::values::{SecretText, Time};

/// Whether one has a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = SecondFactor::sample)]
pub struct SecondFactor {
    /// Since when sign-ins need its codes. Absent: they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Time>,
    /// How many recovery codes were not used.
    pub recovery_codes_left: u32,
}

/// A second factor to be taken over by an application, before it is confirmed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = BegunSecondFactor::sample)]
pub struct BegunSecondFactor {
    /// The secret in base32, to be typed.
    pub secret: SecretText,
    /// The same as an application reads it from a QR code: `otpauth://totp/…`.
    #[schema(value_type = String, format = "uri")]
    pub uri: SecretText,
}

/// Confirms a second factor.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = ConfirmSecondFactor::sample)]
pub struct ConfirmSecondFactor {
    /// The code that the application shows now.
    pub code: SecretText,
}

/// Recovery codes: each signs in once, in the place of a code.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = RecoveryCodes::sample)]
pub struct RecoveryCodes {
    /// All of them. They are not shown again.
    pub recovery_codes: Vec<SecretText>,
}

impl Sample for SecondFactor {
    fn sample() -> Self {
        Self { confirmed_at: Some(sample::time(0)), recovery_codes_left: 9 }
    }
}

impl Sample for BegunSecondFactor {
    fn sample() -> Self {
        let uri =
            "otpauth://totp/Keyward:ada%40example.com?secret=EXAMPLE&issuer=Keyward&algorithm=SHA1&digits=6&period=30";
        Self { secret: sample::secret("EXAMPLE"), uri: sample::secret(uri) }
    }
}

impl Sample for ConfirmSecondFactor {
    fn sample() -> Self {
        Self { code: sample::secret("123456") }
    }
}

impl Sample for RecoveryCodes {
    fn sample() -> Self {
        Self { recovery_codes: vec![sample::secret("exam1-exam2"), sample::secret("exam3-exam4")] }
    }
}
