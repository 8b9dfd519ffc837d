//! Secrets in addresses. What is typed into a search stands in the address of the page that it finds, and addresses are
//! kept: by the browser, by those with whom they are shared, by proxies on the way. Pages do not send such a text; where
//! one arrives all the same, it is led away from before anything else happens.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use keyward_core::access_token::AccessToken;
use keyward_core::format::NativeToken;

use super::gate;
use super::page::{self, Notice};
use crate::app::App;
use crate::surfaces::visit::visit;

/// Shorter than any access token.
const SHORTEST_ACCESS_TOKEN: usize = 60;

/// Leads from an address with a secret in its query to the same without it, and says what to do instead.
pub(super) async fn without_secrets(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(rest) = request.uri().query().and_then(without) else { return next.run(request).await };
    let path = request.uri().path();
    let to = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
    let (parts, _) = request.into_parts();
    let mut response = if gate::is_part(&parts.headers) { page::lead_part(&to) } else { page::lead_on(&to) };
    Notice::new(TOLD).keep(response.headers_mut(), visit(&app, &parts).secure);
    response
}

const TOLD: &str = "What you looked for is a secret, and was not looked up: an address is no place for it. Look for the \
                    public id instead, the part before the last underscore. If somebody else may have seen the secret, \
                    replace it.";

/// The query without the fields in which a secret is; `None` where there is none.
fn without(query: &str) -> Option<String> {
    let fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(query.as_bytes()).collect();
    let (bad, good): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|(name, value)| has_secret(name) || has_secret(value));
    (!bad.is_empty()).then(|| form_urlencoded::Serializer::new(String::new()).extend_pairs(good).finish())
}

/// Whether a text has a token of ours in it: a key, a session, an invitation, an access token. What others make has no
/// form by which it could be told from a name.
fn has_secret(text: &str) -> bool {
    let words = |apart: fn(char) -> bool| text.split(apart);
    words(|c| !c.is_ascii_alphanumeric() && c != '_').any(|word| NativeToken::parse(word).is_ok())
        || words(|c| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .any(|word| word.len() >= SHORTEST_ACCESS_TOKEN && AccessToken::is_claimed_by(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_core::entropy::Seeded;
    use keyward_core::format::TokenPrefix;

    fn token() -> (String, String) {
        let prefix: TokenPrefix = "kwa".parse().unwrap();
        let (public_id, token) = NativeToken::generate(&prefix, &mut Seeded::new(1));
        (public_id, token.expose().to_owned())
    }

    #[test]
    fn a_field_with_a_secret_goes_and_the_others_stay() {
        let (public_id, token) = token();
        for bad in [token.clone(), format!("+{token}+"), format!("Bearer%20{token}"), format!("%22{token}%22,")] {
            assert_eq!(without(&format!("in=app_1&q={bad}&sort=name")).as_deref(), Some("in=app_1&sort=name"), "{bad}");
        }
        assert_eq!(without(&token).as_deref(), Some(""));
        assert_eq!(without(&format!("q=kwat_{}", "x".repeat(80))).as_deref(), Some(""));
        for good in ["", "q=nightly", "q=kwat_", &format!("q={public_id}"), &format!("q={}", &token[..token.len() - 1])]
        {
            assert_eq!(without(good), None, "{good}");
        }
    }
}
