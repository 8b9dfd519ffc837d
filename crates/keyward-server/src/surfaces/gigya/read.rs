//! Which credential a request carries, and for which site.

use http::{HeaderMap, Method, header};
use keyward_core::access_token::AccessToken;
use keyward_core::decision::Reason;
use keyward_core::id::ApplicationId;
use keyward_core::namespace::NamespaceId;
use keyward_core::secret::Secret;
use keyward_core::signed::{self, Jwt};
use keyward_core::time::Timestamp;
use keyward_verify::Means;

use crate::app::App;
use crate::net::Arrival;
use crate::net::limits::BodyFault;
use crate::ops::context::Ctx;
use crate::ops::presented::{self, Carried, Travelled};
use crate::surfaces::dialect::Arrived;
use crate::surfaces::form::Form;
use crate::surfaces::gigya::parameters::{API_KEY, NONCE, OAUTH_TOKEN, SECRET, SIGNATURE, TIMESTAMP, USER_KEY, get};
use crate::surfaces::gigya::{Settings, refusal};
use crate::surfaces::presented::Unreadable;
use crate::surfaces::trouble::Trouble;

/// What a request carries, and the application whose site key it names.
pub(super) fn credential(
    settings: &Settings,
    app: &App,
    ctx: &Ctx,
    arrived: Arrived<'_>,
) -> Result<(Option<Carried>, ApplicationId), Trouble> {
    let way = Way::of(arrived)?;
    if matches!(way, Way::Secret(_)) && !ctx.secure {
        // Right or wrong, it has been read by others: nothing is looked up for it.
        return Err(Reason::InsecureTransport.into());
    }
    let site = site(app, arrived, &way)?;
    let carried = match way {
        Way::Nothing => match get(arrived, USER_KEY) {
            Some(_) => return Err(Trouble::Missing(SECRET)),
            None => None,
        },
        Way::Secret(secret) => Some(pair(arrived, secret)?),
        Way::Signature(signature) => Some(signed_form(settings, arrived, signature)?),
        Way::Jwt(text) => Some(jwt(settings, arrived, text)?),
        Way::Token(text, travelled) => Some(Carried::Token(Secret::from_string(text.to_owned()), travelled)),
    };
    Ok((carried, site))
}

/// What stands for the credential, as far as can be told: refusals depend on it.
pub(super) fn means(arrived: Arrived<'_>) -> Means {
    match Way::of(arrived) {
        Ok(Way::Nothing | Way::Secret(_)) | Err(_) => refusal::USUAL,
        Ok(Way::Signature(_)) => Means::SignedForm,
        Ok(Way::Jwt(_)) => Means::SignedJwt,
        Ok(Way::Token(..)) => Means::Token,
    }
}

/// An id and its secret, as they are.
pub(super) fn pair(arrived: Arrived<'_>, secret: &str) -> Result<Carried, Trouble> {
    let id = get(arrived, USER_KEY).ok_or(Trouble::Missing(USER_KEY))?;
    let travelled = Travelled::Form(USER_KEY.to_owned(), SECRET.to_owned());
    Ok(Carried::Pair(id.to_owned(), Secret::from_string(secret.to_owned()), travelled))
}

/// The ways in which a credential comes.
enum Way<'r> {
    Nothing,
    Secret(&'r str),
    Signature(&'r str),
    Jwt(&'r str),
    Token(&'r str, Travelled),
}

impl<'r> Way<'r> {
    /// The one way of a request.
    fn of(arrived: Arrived<'r>) -> Result<Self, Unreadable> {
        let by_parameter = [
            get(arrived, SECRET).map(Way::Secret),
            get(arrived, SIGNATURE).map(Way::Signature),
            get(arrived, OAUTH_TOKEN).map(|token| Way::Token(token, Travelled::TokenScheme(OAUTH.to_owned()))),
        ];
        let mut ways = by_parameter.into_iter().flatten().chain(authorization(&arrived.head.headers)?);
        match (ways.next(), ways.next()) {
            (None, _) => Ok(Way::Nothing),
            (Some(way), None) => Ok(way),
            (Some(_), Some(_)) => Err(Unreadable::Several),
        }
    }
}

/// What the header `Authorization` carries.
fn authorization(headers: &HeaderMap) -> Result<Option<Way<'_>>, Unreadable> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unreadable::Several);
    }
    let text = value.to_str().map_err(|_| Unreadable::Malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or(Unreadable::Malformed)?;
    let rest = rest.trim_start_matches(' ');
    if rest.is_empty() {
        return Err(Unreadable::Malformed);
    }
    if scheme.eq_ignore_ascii_case(OAUTH) {
        return Ok(Some(Way::Token(rest, Travelled::TokenScheme(OAUTH.to_owned()))));
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        let is_token = AccessToken::is_claimed_by(rest);
        return Ok(Some(if is_token { Way::Token(rest, Travelled::Bearer) } else { Way::Jwt(rest) }));
    }
    Err(Unreadable::Malformed)
}

/// The application whose site key a request names; without one, that for which its access token was issued.
fn site(app: &App, arrived: Arrived<'_>, way: &Way<'_>) -> Result<ApplicationId, Trouble> {
    if let Some(key) = get(arrived, API_KEY) {
        let (_, application) = app.index.snapshot().site(key).ok_or(Trouble::Invalid(API_KEY))?;
        return Ok(application);
    }
    let Way::Token(text, _) = way else { return Err(Trouble::Missing(API_KEY)) };
    let token = AccessToken::open(&app.ring(), text).map_err(|_| Reason::Unknown)?;
    match token.namespace {
        Some(NamespaceId::Application(application)) => Ok(application),
        _ => Err(Trouble::Missing(API_KEY)),
    }
}

/// A form that was signed: everything in query and body but the signature.
fn signed_form(settings: &Settings, arrived: Arrived<'_>, signature: &str) -> Result<Carried, Trouble> {
    if has_more_than_parameters(arrived) {
        return Err(BodyFault::Broken.into());
    }
    let wanted = |name| get(arrived, name).ok_or(Trouble::Missing(name));
    let (id, nonce) = (wanted(USER_KEY)?, wanted(NONCE)?);
    let at = instant(wanted(TIMESTAMP)?).ok_or(Trouble::Invalid(TIMESTAMP))?;
    if nonce.len() > signed::MAX_NONCE_BYTES {
        return Err(Trouble::Invalid(NONCE));
    }
    let signature = signed::signature_of(signature).ok_or(Reason::Malformed)?;
    let all = arrived.query.iter().chain(arrived.body.into_iter().flat_map(Form::iter));
    let parameters = signed::canonical_parameters(all.filter(|(name, _)| !name.eq_ignore_ascii_case(SIGNATURE)));
    // It is hashed once for every address and secret that may have signed it, for callers whom nobody knows yet.
    if parameters.len() > MAX_SIGNED_BYTES {
        return Err(BodyFault::TooLarge.into());
    }
    Ok(Carried::Form(Box::new(presented::Form {
        id: id.to_owned(),
        nonce: nonce.to_owned(),
        from: at.minus(settings.window()),
        until: at.plus(settings.window()),
        method: arrived.head.method.as_str().to_owned(),
        urls: addresses(settings, arrived),
        parameters,
        signature,
    })))
}

/// Bytes of the parameters of a signed call. What is longer can be sent with the secret, or with a token.
const MAX_SIGNED_BYTES: usize = 128 * 1024;

/// Whether the request has a body that is no form: no signature is over that.
fn has_more_than_parameters(arrived: Arrived<'_>) -> bool {
    let headers = &arrived.head.headers;
    let is_read_only = matches!(arrived.head.method, Method::GET | Method::HEAD);
    let is_empty = match headers.get(header::CONTENT_LENGTH) {
        Some(length) => length.as_bytes() == b"0",
        None => is_read_only && !headers.contains_key(header::TRANSFER_ENCODING),
    };
    arrived.body.is_none() && !is_empty
}

/// The addresses that the client may have signed: those of the vendor, and that under which it found this node. A client
/// behind a proxy signs with the scheme that it sees.
fn addresses(settings: &Settings, arrived: Arrived<'_>) -> Vec<String> {
    let head = arrived.head;
    let path = head.uri.path();
    let prefix = head.extensions.get::<Arrival>().map(|arrival| arrival.prefix.as_ref()).unwrap_or_default();
    let own = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
    let first = path.trim_start_matches('/').split('.').next().unwrap_or_default().to_ascii_lowercase();
    let mut addresses = Vec::new();
    for (scheme, default_port) in [("http", ":80"), ("https", ":443")] {
        if let Some(own) = &own {
            let host = own.strip_suffix(default_port).unwrap_or(own);
            addresses.push(format!("{scheme}://{host}{prefix}{path}"));
        }
        let vendors =
            settings.hosts.iter().map(|host| format!("{scheme}://{first}.{}{path}", host.to_ascii_lowercase()));
        addresses.extend(vendors);
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// A JWT of the credential's own making. `userKey` may say once more whose it is.
fn jwt(settings: &Settings, arrived: Arrived<'_>, text: &str) -> Result<Carried, Trouble> {
    let jwt = Jwt::parse(text).map_err(|_| Reason::Malformed)?;
    let window = settings.window();
    if get(arrived, USER_KEY).is_some_and(|id| id != jwt.signed(window).id) {
        return Err(Unreadable::Several.into());
    }
    Ok(Carried::Jwt(Box::new(jwt), window))
}

/// A time in seconds or milliseconds since 1970: what would be after the year 5000 in seconds is in milliseconds.
fn instant(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    let micros = if number < FIRST_MILLISECONDS { 1_000_000 } else { 1_000 };
    number.checked_mul(micros).map(Timestamp::from_micros)
}

/// March 1973 in milliseconds, the year 5138 in seconds.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;
/// The vendor's own scheme.
const OAUTH: &str = "OAuth";

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(request: http::request::Builder) -> http::request::Parts {
        request.body(()).unwrap().into_parts().0
    }

    fn settings() -> Settings {
        let hosts = vec!["us1.example.com".to_owned(), "EU1.example.com".to_owned()];
        Settings { profile: "gigya".to_owned(), jsonp: false, signature_window_seconds: 120, hosts }
    }

    #[test]
    fn times_are_in_seconds_or_milliseconds() {
        let at = Timestamp::from_seconds(1_795_313_753);
        assert_eq!(instant("1795313753"), Some(at));
        assert_eq!(instant("1795313753707"), Some(at.plus(std::time::Duration::from_millis(707))));
        for none in ["", "-1", "+1", "1.5", " 1", "1e9", "now", "99999999999999999999", "9223372036854775807"] {
            assert_eq!(instant(none), None, "{none}");
        }
    }

    #[test]
    fn an_address_is_the_vendors_or_ones_own() {
        let head = parts(http::Request::post("/accounts.webhooks.get").header("host", "Keys.example.org:443"));
        let (query, settings) = (Form::default(), settings());
        let arrived = Arrived { head: &head, query: &query, body: None };
        assert_eq!(
            addresses(&settings, arrived),
            [
                "http://accounts.eu1.example.com/accounts.webhooks.get",
                "http://accounts.us1.example.com/accounts.webhooks.get",
                "http://keys.example.org:443/accounts.webhooks.get",
                "https://accounts.eu1.example.com/accounts.webhooks.get",
                "https://accounts.us1.example.com/accounts.webhooks.get",
                "https://keys.example.org/accounts.webhooks.get",
            ]
        );
    }

    #[test]
    fn a_credential_comes_in_one_way() {
        let read = |query: &str, headers: &[(&str, &str)]| {
            let request =
                headers.iter().fold(http::Request::get("/a.b"), |request, (name, value)| request.header(*name, *value));
            let (head, query) = (parts(request), Form::parse(query.as_bytes()).unwrap());
            let arrived = Arrived { head: &head, query: &query, body: None };
            Way::of(arrived).map(|way| match way {
                Way::Nothing => "nothing".to_owned(),
                Way::Secret(secret) => format!("secret {secret}"),
                Way::Signature(signature) => format!("signature {signature}"),
                Way::Jwt(jwt) => format!("jwt {jwt}"),
                Way::Token(token, travelled) => format!("token {token} {travelled:?}"),
            })
        };
        let oauth = "token t TokenScheme(\"OAuth\")";
        for (query, headers, expected) in [
            ("", &[][..], "nothing"),
            ("secret=&sig=&oauth_token=", &[], "nothing"),
            ("SECRET=s", &[], "secret s"),
            ("Sig=s", &[], "signature s"),
            ("oauth_token=t", &[], oauth),
            ("", &[("authorization", "oauth  t")], oauth),
            ("", &[("authorization", "Bearer a.b.c")], "jwt a.b.c"),
            ("", &[("authorization", "bearer kwat_t")], "token kwat_t Bearer"),
        ] {
            assert_eq!(read(query, headers).unwrap(), expected);
        }
        let once = ("authorization", "OAuth t");
        for (query, headers) in [
            ("secret=s&sig=s", &[][..]),
            ("secret=s&oauth_token=t", &[]),
            ("sig=s", &[once]),
            ("oauth_token=t", &[once]),
            ("", &[once, once]),
        ] {
            assert_eq!(read(query, headers), Err(Unreadable::Several), "{query}");
        }
        for value in ["", "OAuth", "OAuth ", "Bearer", "Basic YTpi", "t"] {
            assert_eq!(read("", &[("authorization", value)]), Err(Unreadable::Malformed), "{value}");
        }
    }
}
