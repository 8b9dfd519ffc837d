//! From the global options to a client: which server, who asks, in which organization.

use keyward_api::id::OrganizationId;
use keyward_api::sessions::WhoAmI;
use keyward_client::Client;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::secrets;
use crate::session::Session;

/// The server that is asked when nobody says which.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// A client for whoever is signed in, or whose token is in `--token-file`.
///
/// The token of a session goes to the server of that session and to no other.
pub(crate) async fn connect(global: &Global, output: &Output) -> Result<Client, Failure> {
    let session = match &global.token_file {
        Some(_) => None,
        None => Session::find()?,
    };
    let server = global.server.clone().or_else(|| session.as_ref().map(|s| s.server.clone()));
    let server = server.unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    let client = anonymous(global, &server)?;
    if let Some(file) = &global.token_file {
        return chosen(client.with_token(secrets::read(output, Some(file), "token")?), global, None).await;
    }
    match session {
        Some(session) if same(&session.server, &server) => {
            chosen(client.with_token(session.token), global, session.organization).await
        }
        Some(session) => Err(Failure::NotSignedIn(format!(
            "you are signed in to `{}`, not to `{server}`: `keyward login {server}`, or give `--token-file`",
            session.server
        ))),
        None => Err(Failure::NotSignedIn(format!(
            "you are not signed in: `keyward login {server}`, or give `--token-file`"
        ))),
    }
}

/// A client for nobody in particular.
pub(crate) fn anonymous(global: &Global, server: &str) -> Result<Client, Failure> {
    let mut builder = Client::builder(server).user_agent(concat!("keyward/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = &global.ca_file {
        builder = builder.trust(secrets::text_file(file)?.as_bytes());
    }
    Ok(builder.build()?)
}

/// The same client in the organization that was chosen, by id or by name.
async fn chosen(client: Client, global: &Global, usual: Option<OrganizationId>) -> Result<Client, Failure> {
    let Some(text) = &global.organization else {
        return Ok(match usual {
            Some(organization) => client.with_organization(organization),
            None => client,
        });
    };
    if let Ok(id) = text.parse() {
        return Ok(client.with_organization(id));
    }
    let mut found = Vec::new();
    if let WhoAmI::Session(caller) = client.sessions().get().await?.into_inner() {
        let same = |name: &str| name.to_lowercase() == text.to_lowercase();
        found.extend(caller.organizations.into_iter().filter(|o| same(o.name.as_str())));
    }
    match found.as_slice() {
        [one] => Ok(client.with_organization(one.id)),
        [] => Err(Failure::NotFound(format!(
            "you are a member of no organization `{text}`: `keyward whoami` lists those you belong to"
        ))),
        several => {
            let ids: Vec<String> = several.iter().map(|o| o.id.to_string()).collect();
            Err(Failure::Usage(format!("several organizations are called `{text}`: give one of {}", ids.join(", "))))
        }
    }
}

/// Whether two addresses name the same server.
fn same(a: &str, b: &str) -> bool {
    let normal = |text: &str| Client::builder(text).build().map(|client| client.base_url().to_owned());
    matches!((normal(a), normal(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_one_server() {
        assert!(same("http://127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(same("https://Keys.example.com:443", "https://keys.example.com"));
        assert!(!same("http://127.0.0.1:8080", "http://127.0.0.1:8081"));
        assert!(!same("https://keys.example.com", "http://keys.example.com"));
    }
}
