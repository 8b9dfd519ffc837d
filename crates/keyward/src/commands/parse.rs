//! Values of options that are written otherwise than they are sent.

use std::time::Duration;

use keyward_api::Time;
use keyward_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A word of a closed set, as the API writes it.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|error| error.to_string())
}

/// A number with its unit: `90d`, `12h`, `30m`, `45s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: write a number with `s`, `m`, `h` or `d`, such as `90d`");
    let unit = text.char_indices().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit.1 {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..unit.0].parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// So long from now.
pub(crate) fn from_now(duration: Duration) -> Time {
    Time(Timestamp::from_seconds(keyward_server::clock::now().micros() / 1_000_000).plus(duration))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_api::credentials::CredentialState;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90d"), Ok(Duration::from_hours(90 * 24)));
        assert_eq!(duration("45s"), Ok(Duration::from_secs(45)));
        for wrong in ["", "90", "d", "-1d", "1.5h", "9999999999999999999d", "1 d", "1é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_those_of_the_api() {
        assert_eq!(word::<CredentialState>("revoked"), Ok(CredentialState::Revoked));
        let error = word::<CredentialState>("gone").unwrap_err();
        assert!(error.contains("`active`"), "{error}");
    }
}
