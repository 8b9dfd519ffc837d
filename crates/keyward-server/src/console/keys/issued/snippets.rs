//! A new credential in the forms in which it is used: as HTTP header, as environment, as a curl line that works.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_core::credential::Credential;
use keyward_core::kind::{Carrier, Kind, Parts};
use keyward_core::labels::Issued as Words;
use keyward_core::secret::Secret;

use crate::app::App;
use crate::config::Config;
use crate::net::hosts::{HostPattern, Mount, Surface};

/// A credential in one form, to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    /// Its name in the page.
    pub(super) id: &'static str,
    /// What the form is called.
    pub(super) title: &'static str,
    /// What is copied. Holds the secret.
    pub(super) text: String,
    /// What to do with it; empty for nothing.
    pub(super) hint: String,
}

/// Where curl lines lead when no surface of this deployment takes the credential.
const ELSEWHERE: &str = "https://api.example.com";

/// Every form that the kind allows. `origin` is where the console was asked.
pub(super) fn of(
    app: &App,
    origin: &str,
    kind: &Kind,
    words: &Words,
    credential: &Credential,
    secret: &Secret,
) -> Vec<Snippet> {
    let held = Held { id: &credential.public_id, secret: secret.expose() };
    let deployment =
        Deployment { config: &app.config, origin, site_key: site_key(app, credential), dialect: dialect(app, kind) };
    let header = header(kind, &held).map(|text| {
        let token_endpoint = !kind.usage.allows_direct();
        let hint = if token_endpoint { "For the token endpoint." } else { "" };
        Snippet { id: "as-header", title: "HTTP header", text, hint: hint.to_owned() }
    });
    let environment = environment(kind, words, &held);
    let environment = Snippet { id: "as-env", title: ".env", text: environment, hint: String::new() };
    let curl = curl(kind, &held, &deployment);
    header.into_iter().chain([environment]).chain(curl).collect()
}

/// What a client holds.
struct Held<'a> {
    id: &'a str,
    secret: &'a str,
}

/// What is known of this deployment.
struct Deployment<'a> {
    config: &'a Config,
    origin: &'a str,
    site_key: Option<String>,
    dialect: String,
}

/// The header, or the two, that carry it; `None` for kinds that travel otherwise.
fn header(kind: &Kind, held: &Held<'_>) -> Option<String> {
    let (id, secret) = (held.id, held.secret);
    kind.present.iter().find_map(|carrier| match (carrier, kind.parts) {
        (Carrier::Bearer, Parts::Token) => Some(format!("Authorization: Bearer {secret}")),
        (Carrier::Header(name), Parts::Token) => Some(format!("{}: {secret}", canonical(name))),
        (Carrier::TokenScheme(name), Parts::Token) => Some(format!("Authorization: {name} {secret}")),
        (Carrier::Basic, Parts::Pair | Parts::OauthClient) => {
            Some(format!("Authorization: Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
        }
        (Carrier::Headers(of_id, of_secret), Parts::Pair | Parts::OauthClient) => {
            Some(format!("{}: {id}\n{}: {secret}", canonical(of_id), canonical(of_secret)))
        }
        _ => None,
    })
}

/// Variables for a program, named after the profile and what the parts are called.
fn environment(kind: &Kind, words: &Words, held: &Held<'_>) -> String {
    let profile = kind.id.profile();
    let line = |label: &str, otherwise: &str, value: &str| {
        let word = Some(variable(label)).filter(|word| !word.is_empty()).unwrap_or_else(|| otherwise.to_owned());
        format!("{}_{word}={value}\n", profile.to_ascii_uppercase())
    };
    match kind.parts {
        Parts::Token => line(&words.secret, "KEY", held.secret),
        Parts::Pair | Parts::OauthClient => {
            line(&words.id, "ID", held.id) + &line(&words.secret, "SECRET", held.secret)
        }
    }
}

/// `API Key ID` → `API_KEY_ID`, `userKey` → `USER_KEY`; nothing but capitals, digits and `_`.
fn variable(label: &str) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in label.chars() {
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (begins || !c.is_ascii_alphanumeric()) && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_uppercase());
        }
        before = c;
    }
    name.trim_end_matches('_').to_owned()
}

/// A line that can be pasted into a shell.
fn curl(kind: &Kind, held: &Held<'_>, at: &Deployment<'_>) -> Option<Snippet> {
    let (address, arguments, hint) = call(kind, held, at)?;
    let mut text = format!("curl {}", quoted(&address));
    for argument in arguments {
        text.push_str(" \\\n  ");
        text.push_str(&argument);
    }
    let hint = if address.starts_with(ELSEWHERE) {
        format!("Put the address of your API in place of {ELSEWHERE}.")
    } else {
        hint.to_owned()
    };
    Some(Snippet { id: "as-curl", title: "curl", text, hint })
}

/// Where curl asks, with which arguments, and what is answered.
fn call(kind: &Kind, held: &Held<'_>, at: &Deployment<'_>) -> Option<(String, Vec<String>, &'static str)> {
    let direct = kind.usage.allows_direct();
    let by_pair = format!("-u {}", quoted(&format!("{}:{}", held.id, held.secret)));
    let own = |wanted: &Surface| at.own(wanted);
    if !direct {
        let base = own(&Surface::OAuth);
        let address = format!("{}/oauth2/token", base.as_deref().unwrap_or(ELSEWHERE));
        let arguments = vec![by_pair, "-d grant_type=client_credentials".to_owned()];
        return kind.present.contains(&Carrier::Basic).then_some((address, arguments, "Answers with an access token."));
    }
    let form = kind.present.iter().find_map(|carrier| match carrier {
        Carrier::Form(id, secret) => Some((id, secret)),
        _ => None,
    });
    let standard = kind.present.iter().any(is_standard);
    if let (true, Some(base)) = (standard, own(&Surface::Native)) {
        let argument = match kind.parts {
            Parts::Token => header_argument(kind, held)?,
            Parts::Pair | Parts::OauthClient => by_pair,
        };
        return Some((
            format!("{base}/v1/sessions/current"),
            vec![argument],
            "Answers with what this server knows of the key.",
        ));
    }
    let address = at.route().unwrap_or_else(|| format!("{ELSEWHERE}/"));
    if let Some(argument) = header_argument(kind, held) {
        return Some((address, vec![argument], ""));
    }
    let (of_id, of_secret) = form?;
    let parameter = |name: &str, value: &str| format!("--data-urlencode {}", quoted(&format!("{name}={value}")));
    let site = at.site_key.as_deref().map(|key| parameter("apiKey", key));
    let pair = [parameter(of_id, held.id), parameter(of_secret, held.secret)];
    Some((address, site.into_iter().chain(pair).collect(), ""))
}

/// `-H '…'` for the header that carries it, of those that the management API takes first.
fn header_argument(kind: &Kind, held: &Held<'_>) -> Option<String> {
    let lines = header(kind, held)?;
    Some(lines.lines().map(|line| format!("-H {}", quoted(line))).collect::<Vec<_>>().join(" "))
}

/// Whether Keyward's own surfaces take it so.
fn is_standard(carrier: &Carrier) -> bool {
    match carrier {
        Carrier::Bearer | Carrier::Basic => true,
        Carrier::Header(name) => name == crate::surfaces::presented::X_API_KEY,
        _ => false,
    }
}

impl Deployment<'_> {
    /// Where a surface answers that stands beside the console.
    fn own(&self, wanted: &Surface) -> Option<String> {
        let mounts = &self.config.mounts;
        let beside = |mount: &&Mount| {
            let same = |console: &Mount| console.listener == mount.listener && console.host == mount.host;
            mounts.iter().any(|other| other.surface == Surface::Console && same(other))
        };
        let mount = mounts.iter().filter(|mount| mount.surface == *wanted).find(beside)?;
        Some(format!("{}{}", self.origin, mount.prefix.as_str()))
    }

    /// The first proxied route whose requests carry credentials of this dialect.
    fn route(&self) -> Option<String> {
        let (route, _) = self.config.routes.iter().find(|(route, _)| route.dialect.0 == self.dialect)?;
        let mount = self.config.mounts.iter().find(|mount| mount.surface == Surface::Proxy)?;
        let path = route.path.to_string();
        let path = &path[..path.find(['*', '{']).unwrap_or(path.len())];
        Some(format!("{}{}{path}", self.address_of(mount)?, mount.prefix.as_str()))
    }

    /// The origin of another listener or host; `None` where only the operator knows it.
    fn address_of(&self, mount: &Mount) -> Option<String> {
        let listener = self.config.listeners.iter().find(|listener| *listener.name.0 == *mount.listener)?;
        let tls = listener.certificate.is_some() || listener.development_self_signed;
        let scheme = if tls { "https" } else { "http" };
        let port = listener.address.port();
        match &mount.host {
            // Whoever stands in front of this node has a certificate and a port of their own.
            HostPattern::Named(name) if !tls && !self.config.server.trusted_proxies.is_empty() => {
                Some(format!("https://{name}"))
            }
            _ if port == 0 => None,
            HostPattern::Named(name) => Some(format!("{scheme}://{name}:{port}")),
            HostPattern::Own | HostPattern::Any => {
                let (_, host) = self.origin.split_once("://")?;
                let host = crate::net::hosts::split_authority(host).map_or(host, |(host, _)| host);
                Some(format!("{scheme}://{host}:{port}"))
            }
        }
    }
}

fn site_key(app: &App, credential: &Credential) -> Option<String> {
    let index = app.index.snapshot();
    index.organization(credential.organization)?.site_key(credential.namespace).map(str::to_owned)
}

fn dialect(app: &App, kind: &Kind) -> String {
    let index = app.index.snapshot();
    index.profile(kind.id.profile()).map_or_else(String::new, |profile| profile.surface.dialect.clone())
}

/// A header's name as people write it: `x-api-key` → `X-API-Key`.
fn canonical(name: &str) -> String {
    let word = |word: &str| match word {
        "api" => "API".to_owned(),
        word => {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// A word for a POSIX shell that stands for exactly this text.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use keyward_core::profile::{Profile, built_in};

    use super::*;

    const HELD: Held<'_> = Held { id: "the-id", secret: "the-secret" };

    fn kind(id: &str) -> Kind {
        let (profile, name) = id.split_once('/').unwrap();
        let profile = Profile::parse(profile, built_in(profile).unwrap()).unwrap();
        Kind::clone(profile.kind_named(name).unwrap())
    }

    #[test]
    fn every_kind_is_carried_as_its_profile_says() {
        for (id, expected) in [
            ("keyward/api", Some("Authorization: Bearer the-secret")),
            ("keyward/oauth", Some("Authorization: Basic dGhlLWlkOnRoZS1zZWNyZXQ=")),
            ("gigantik/api_key", Some("Authorization: Bearer the-secret")),
            ("gainsight/access_key", Some("Accesskey: the-secret")),
            ("gateway_hub/application_key", Some("Authorization: Basic dGhlLWlkOnRoZS1zZWNyZXQ=")),
            ("passport/api_key", Some("Authorization: Basic dGhlLWlkOnRoZS1zZWNyZXQ=")),
            ("gigya/application_key", None),
        ] {
            assert_eq!(header(&kind(id), &HELD).as_deref(), expected, "{id}");
        }
    }

    #[test]
    fn variables_are_named_after_the_labels() {
        for (id, expected) in [
            ("keyward/api", "KEYWARD_API_KEY=the-secret\n"),
            ("gainsight/m2m_oauth", "GAINSIGHT_OAUTH_API_KEY=the-id\nGAINSIGHT_OAUTH_API_SECRET=the-secret\n"),
            ("gateway_hub/application_key", "GATEWAY_HUB_CLIENT_ID=the-id\nGATEWAY_HUB_CLIENT_SECRET=the-secret\n"),
            ("gigya/application_key", "GIGYA_USER_KEY=the-id\nGIGYA_SECRET=the-secret\n"),
            ("passport/api_key", "PASSPORT_API_KEY_ID=the-id\nPASSPORT_SECRET=the-secret\n"),
        ] {
            let kind = kind(id);
            assert_eq!(environment(&kind, &kind.labels.issued, &HELD), expected, "{id}");
        }
        assert_eq!((variable("Schlüssel"), variable("鍵")), ("SCHL_SSEL".to_owned(), String::new()));
    }

    #[test]
    fn every_kind_has_a_line_for_a_shell() {
        let config = crate::config::resolve(
            crate::config::Written::default(),
            &crate::config::Flags::default(),
            &crate::config::Environment::default(),
        );
        let config = config.unwrap().config;
        let line = |id: &str| {
            let kind = kind(id);
            let dialect =
                Profile::parse(kind.id.profile(), built_in(kind.id.profile()).unwrap()).unwrap().surface.dialect;
            let site_key = Some("3_x".to_owned());
            let at = Deployment { config: &config, origin: "https://keys.example.com", site_key, dialect };
            curl(&kind, &HELD, &at).unwrap().text
        };
        let own = "curl 'https://keys.example.com/";
        for (id, address, argument) in [
            ("keyward/api", "v1/sessions/current'", "-H 'Authorization: Bearer the-secret'"),
            ("gigantik/api_key", "v1/sessions/current'", "-H 'Authorization: Bearer the-secret'"),
            ("passport/api_key", "v1/sessions/current'", "-u 'the-id:the-secret'"),
            ("keyward/oauth", "oauth2/token'", "-d grant_type=client_credentials"),
            ("gateway_hub/application_key", "oauth2/token'", "-u 'the-id:the-secret'"),
            ("gainsight/m2m_oauth", "oauth2/token'", "-u 'the-id:the-secret'"),
            ("passport/user_access_key", "oauth2/token'", "-u 'the-id:the-secret'"),
        ] {
            let line = line(id);
            assert!(line.starts_with(&format!("{own}{address}")) && line.contains(argument), "{id}: {line}");
        }
        for (id, argument) in [
            ("gainsight/access_key", "-H 'Accesskey: the-secret'"),
            ("gigya/application_key", "--data-urlencode 'apiKey=3_x'"),
            ("gigya/application_key", "--data-urlencode 'secret=the-secret'"),
        ] {
            let line = line(id);
            assert!(line.starts_with(&format!("curl '{ELSEWHERE}/'")) && line.contains(argument), "{id}: {line}");
        }
    }

    #[test]
    fn a_shell_takes_a_quoted_word_for_what_it_is() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(canonical("x-api-key-id"), "X-API-Key-Id");
    }
}
