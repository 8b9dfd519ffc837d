//! The one envelope of every answer, and the closed list of its codes.
//!
//! The number of a code begins with the status that the answer has (`403007` is a 403). That status is the HTTP status
//! too where the request asks for it with `httpStatusCodes=true`; otherwise HTTP says 200, whatever happened.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use keyward_core::id::RequestId;
use keyward_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ops::context::Ctx;
use crate::surfaces::dialect::Arrived;
use crate::surfaces::gigya::Settings;
use crate::surfaces::gigya::parameters::{self, CONTEXT, HTTP_STATUS_CODES};
use crate::surfaces::hiding::without_secrets;

/// The name of a JavaScript function that an answer is passed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback(String);

/// What an answer takes over from its request: made before anything can go wrong, so that every answer has it.
#[derive(Clone, Debug)]
pub struct Echo {
    call: RequestId,
    at: Timestamp,
    /// Given back unchanged.
    context: Option<String>,
    /// Whether the HTTP status tells what happened.
    status_codes: bool,
    /// `format=jsonp`, where the surface has it.
    callback: Option<Callback>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal;)*) => {
        /// What went wrong, as clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code that is ever sent.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The number, in digits.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// What is published as its meaning.
            pub const fn message(self) -> &'static str {
                match self { $(Code::$name => $message),* }
            }
        }
    };
}

codes! {
    /// Malformed, or sent in a way in which it must not be.
    InvalidFormat = "400001", "Invalid request format";
    /// A parameter that must be there: the details name it.
    MissingParameter = "400002", "Missing required parameter";
    /// There is one already.
    Duplicate = "400003", "Unique identifier exists";
    /// A parameter with a value that it cannot have: the details name it.
    InvalidParameter = "400006", "Invalid parameter value";
    /// No such grant.
    UnsupportedGrant = "400013", "Unsupported grant type";
    /// The credential is not exchanged so.
    InvalidGrant = "400014", "Invalid grant";
    /// No such site.
    InvalidApiKey = "400093", "Invalid ApiKey parameter";
    /// There is no such method, or nobody may invoke it so.
    Forbidden = "403000", "Forbidden";
    /// Signed too long ago or in the future.
    Expired = "403002", "Request has expired";
    /// The signature does not fit the request and the key that it names.
    InvalidSignature = "403003", "Invalid request signature";
    /// Answered before.
    DuplicateNonce = "403004", "Duplicate nonce";
    /// The key is not one of this site, or not any more.
    Unauthorized = "403005", "Unauthorized user";
    /// A secret on its way in the clear.
    SecretOverHttp = "403006", "Secret sent over http";
    /// The key is known, and may not do this.
    PermissionDenied = "403007", "Permission denied";
    /// The access token is none, or none any more.
    InvalidToken = "403025", "Invalid token";
    /// Too often.
    RateLimited = "403048", "Api rate limit exceeded";
    /// Not now: this side's fault, and trying again helps.
    ServerError = "500001", "General server error";
}

impl Code {
    /// The number.
    pub const fn number(self) -> u32 {
        match u32::from_str_radix(self.as_str(), 10) {
            Ok(number) => number,
            // Not one of the list: a test reads them all.
            Err(_) => 0,
        }
    }

    /// The first three digits.
    pub const fn status(self) -> StatusCode {
        match self.number() / 1_000 {
            400 => StatusCode::BAD_REQUEST,
            403 => StatusCode::FORBIDDEN,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The HTTP status where it tells what happened: that of the code, but for what a repetition may heal.
    pub const fn http_status(self) -> StatusCode {
        match self {
            Code::ServerError => StatusCode::SERVICE_UNAVAILABLE,
            _ => self.status(),
        }
    }
}

impl Echo {
    /// What a request asks its answer to take over.
    pub(super) fn of(settings: &Settings, ctx: &Ctx, arrived: Option<Arrived<'_>>) -> Self {
        let get = |name| arrived.and_then(|arrived| parameters::get(arrived, name));
        Self {
            call: ctx.request,
            at: ctx.at(),
            context: get(CONTEXT).map(str::to_owned),
            status_codes: get(HTTP_STATUS_CODES).is_some_and(|value| value.eq_ignore_ascii_case("true")),
            // A request for a script that must not be had is told so in JSON.
            callback: arrived.and_then(|arrived| parameters::check(settings.jsonp, arrived).ok().flatten()),
        }
    }

    /// The same for answers that are never JSONP.
    pub(super) fn without_callback(self) -> Self {
        Self { callback: None, ..self }
    }

    /// The answer to a request that was served.
    pub fn success(&self, fields: Map<String, Value>) -> Response {
        self.envelope(StatusCode::OK, 0, None, fields, StatusCode::OK)
    }

    /// The answer to a request that was not. `details` is for people, says the remedy, and is shown without what looks
    /// like a secret.
    pub fn failure(&self, code: Code, details: &str) -> Response {
        let failure = Failure { error_message: code.message(), error_details: without_secrets(details) };
        self.envelope(code.status(), code.number(), Some(failure), Map::new(), code.http_status())
    }

    /// The same, with the seconds after which it may be tried again.
    pub fn wait(&self, code: Code, details: &str, retry_after: Option<Duration>) -> Response {
        let mut response = self.failure(code, details);
        if let Some(wait) = retry_after {
            let seconds = keyward_api::headers::retry_after(wait);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn envelope(
        &self,
        status: StatusCode,
        code: u32,
        failure: Option<Failure>,
        fields: Map<String, Value>,
        http_status: StatusCode,
    ) -> Response {
        let envelope = Envelope {
            call_id: format!("{:032x}", self.call.bits()),
            error_code: code,
            failure,
            api_version: 2,
            status_code: status.as_u16(),
            status_reason: status.canonical_reason().unwrap_or_default(),
            time: written(self.at),
            context: self.context.as_deref(),
            fields,
        };
        let text = serde_json::to_string(&envelope).unwrap_or_else(|error| {
            // Texts and numbers under names: there is nothing in it that JSON could not say.
            tracing::error!(%error, "an answer could not be written");
            String::new()
        });
        let (kind, text) = match &self.callback {
            None => (JSON, text),
            Some(callback) => (JAVASCRIPT, callback.called_with(&text)),
        };
        let status = if self.status_codes { http_status } else { StatusCode::OK };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        ];
        (status, headers, text).into_response()
    }
}

impl Callback {
    /// Reads a name. Nothing but letters, digits, `_`, `$` and dots: what a page is made to run has no other shape.
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.');
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(is_of_a_name);
        fits.then(|| Self(text.to_owned()))
    }

    /// The longest name, in bytes.
    pub const MAX: usize = 64;

    /// The answer as a script. The comment in front keeps the name from being the first bytes of the file, which
    /// would let a clever name pass as a file of another type.
    fn called_with(&self, json: &str) -> String {
        // Two characters that JSON allows in texts, and older JavaScript does not.
        let json = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        format!("/**/{}({json});", self.0)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    call_id: String,
    error_code: u32,
    #[serde(flatten)]
    failure: Option<Failure>,
    api_version: u8,
    status_code: u16,
    status_reason: &'a str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    error_message: &'static str,
    error_details: String,
}

/// With three digits behind the second, always.
fn written(at: Timestamp) -> String {
    let whole = Timestamp::from_seconds(at.seconds()).to_string();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), at.millis().rem_euclid(1_000))
}

const JSON: &str = "application/json; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_begins_with_its_status() {
        for code in Code::ALL {
            assert_eq!(u32::from(code.status().as_u16()), code.number() / 1_000, "{code:?}");
            assert_eq!(code.as_str(), code.number().to_string());
            assert_eq!(code.as_str().len(), 6, "{code:?}");
            assert!(![403_010, 301_001, 403_036].contains(&code.number()), "{code:?} is never sent");
        }
    }

    #[test]
    fn a_time_has_milliseconds() {
        for (micros, text) in [
            (1_427_024_545_943_999, "2015-03-22T11:42:25.943Z"),
            (1_427_024_545_000_000, "2015-03-22T11:42:25.000Z"),
            (1_427_024_545_007_000, "2015-03-22T11:42:25.007Z"),
        ] {
            assert_eq!(written(Timestamp::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_callback_is_a_name() {
        for good in ["f", "jQuery.cb_1$", &"a".repeat(64)] {
            assert!(Callback::parse(good).is_some(), "{good}");
        }
        for bad in ["", "f(", "f;g", "f g", "f\u{e4}", "<script>", "f\n", &"a".repeat(65)] {
            assert_eq!(Callback::parse(bad), None, "{bad}");
        }
        let called = Callback::parse("f").unwrap().called_with("{\"a\":\"\u{2028}\"}");
        assert_eq!(called, "/**/f({\"a\":\"\\u2028\"});");
    }
}
