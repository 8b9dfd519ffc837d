//! Parameters that every method has, in the query or in the body; their names have no case.

use crate::surfaces::dialect::Arrived;
use crate::surfaces::form::Form;
use crate::surfaces::gigya::envelope::Callback;
use crate::surfaces::presented::Unreadable;
use crate::surfaces::trouble::Trouble;

/// The site key of an application.
pub(super) const API_KEY: &str = "apiKey";
/// The public id of a credential.
pub(super) const USER_KEY: &str = "userKey";
/// Its secret.
pub(super) const SECRET: &str = "secret";
/// A signature made with the secret.
pub(super) const SIGNATURE: &str = "sig";
/// When that was made.
pub(super) const TIMESTAMP: &str = "timestamp";
/// What makes it count once.
pub(super) const NONCE: &str = "nonce";
/// An access token.
pub(super) const OAUTH_TOKEN: &str = "oauth_token";

/// Everything from which a credential is read.
pub(super) const OF_CREDENTIALS: [&str; 6] = [USER_KEY, SECRET, SIGNATURE, TIMESTAMP, NONCE, OAUTH_TOKEN];

/// Given back unchanged.
pub(super) const CONTEXT: &str = "context";
/// Whether the status of HTTP tells what happened.
pub(super) const HTTP_STATUS_CODES: &str = "httpStatusCodes";

/// What says how the answer is to be.
const OF_ANSWERS: [&str; 4] = [FORMAT, CALLBACK, CONTEXT, HTTP_STATUS_CODES];
const FORMAT: &str = "format";
const CALLBACK: &str = "callback";

/// The value of a parameter, unless that is empty.
pub(super) fn get<'r>(arrived: Arrived<'r>, name: &'r str) -> Option<&'r str> {
    forms(arrived).find_map(|form| form.get(name)).filter(|value| !value.is_empty())
}

/// Refuses what readers would read differently, and formats that no answer has. Gives the callback of a script, which
/// `jsonp` says whether answers may be.
pub(super) fn check(jsonp: bool, arrived: Arrived<'_>) -> Result<Option<Callback>, Trouble> {
    let count = |name: &'static str| forms(arrived).map(|form| form.values(name).count()).sum::<usize>();
    let in_query = OF_CREDENTIALS.iter().any(|name| arrived.query.get(name).is_some());
    let in_body = OF_CREDENTIALS.iter().any(|name| arrived.body.is_some_and(|body| body.get(name).is_some()));
    let several = [API_KEY].iter().chain(&OF_CREDENTIALS).any(|name| count(name) > 1);
    if several || in_query && in_body {
        return Err(Unreadable::Several.into());
    }
    if let Some(twice) = OF_ANSWERS.into_iter().find(|name| count(name) > 1) {
        return Err(Trouble::Invalid(twice));
    }
    match get(arrived, FORMAT) {
        None => Ok(None),
        Some(format) if format.eq_ignore_ascii_case("json") => Ok(None),
        // In a page a secret is none for long: scripts are asked for with a signature or a token.
        Some(format) if jsonp && format.eq_ignore_ascii_case("jsonp") && get(arrived, SECRET).is_none() => {
            let callback = get(arrived, CALLBACK).ok_or(Trouble::Missing(CALLBACK))?;
            Callback::parse(callback).map(Some).ok_or(Trouble::Invalid(CALLBACK))
        }
        Some(_) => Err(Trouble::Invalid(FORMAT)),
    }
}

/// Everything but the secrets, for the method.
pub(super) fn of_method(query: Form, body: Option<Form>) -> Form {
    let mut all = query.and(body.unwrap_or_default());
    all.take_out(|name| [SECRET, SIGNATURE, OAUTH_TOKEN].iter().any(|taken| taken.eq_ignore_ascii_case(name)));
    all
}

fn forms(arrived: Arrived<'_>) -> impl Iterator<Item = &Form> {
    [Some(arrived.query), arrived.body].into_iter().flatten()
}
