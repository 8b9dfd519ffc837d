//! `keyward credentials`.

use std::time::Duration;

use clap::{Args, Subcommand};
use keyward_api::credentials::{
    CreateCredential, CreatedCredential, Credential, CredentialChanged, CredentialState, EditCredential,
    ImportCredential, IssuedSecret, ListCredentials, RevealedCredential, RevokeCredential, RevokeFor,
    RevokedCredential, RotateCredential, RotatedCredential, UnlinkCredential,
};
use keyward_api::id::CredentialId;
use keyward_api::roles::RoleHeld;
use keyward_api::{CallerId, KindId, Name, Network, Time};
use keyward_client::Client;

use super::show::{Listed, joined, maybe, word};
use super::{done, list, parse};
use crate::arguments::Paging;
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::{Output, Picture, View};

/// What can be done with credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum Credentials {
    /// List credentials
    List(ListArgs),
    /// Create a credential; the answer carries its secret
    Create(CreateArgs),
    /// Get a credential
    Get {
        /// Its id, `cred_…`
        credential: CredentialId,
    },
    /// Edit a credential
    Edit(EditArgs),
    /// Replace the secret of a credential; the answer carries the new one
    Rotate {
        /// Its id, `cred_…`
        credential: CredentialId,
        /// How long the present secret stays valid, such as `1h`; as its kind says if absent
        #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
        grace: Option<Duration>,
        /// Needed for kinds whose clients stop working until they have the new secret
        #[arg(long)]
        confirm: bool,
    },
    /// Stop a credential until it is enabled again
    Disable {
        /// Its id, `cred_…`
        credential: CredentialId,
    },
    /// Let a disabled credential be used again
    Enable {
        /// Its id, `cred_…`
        credential: CredentialId,
    },
    /// End a credential for ever
    Revoke {
        /// Its id, `cred_…`
        credential: CredentialId,
        /// It is known or feared to be in wrong hands
        #[arg(long)]
        compromised: bool,
        /// A newer one took its place
        #[arg(long, conflicts_with = "compromised")]
        superseded: bool,
        /// End also all credentials that it made, and those that they made
        #[arg(long)]
        descendants: bool,
    },
    /// Show the secret of a credential again, where its kind keeps it; needs a fresh sign-in
    Reveal {
        /// Its id, `cred_…`
        credential: CredentialId,
    },
    /// Give another application of the organization a credential, by its public id
    Import {
        /// Its public id
        public_id: String,
        /// The application that imports it, by id or name
        #[arg(long, value_name = "APPLICATION")]
        namespace: String,
        /// What it is to hold there, as `ROLE` or `ROLE@NAMESPACE`; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Take an imported credential away from an application
    Unlink {
        /// Its id, `cred_…`
        credential: CredentialId,
        /// The application that had imported it, by id or name
        #[arg(long, value_name = "APPLICATION")]
        namespace: String,
    },
}

/// Which credentials to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of this kind, `profile/kind`
    #[arg(long)]
    kind: Option<KindId>,
    /// Only those that are `active`, `disabled`, `expired` or `revoked`
    #[arg(long, value_parser = parse::word::<CredentialState>)]
    state: Option<CredentialState>,
    /// Only those that live in this namespace, by id or name
    #[arg(long)]
    namespace: Option<String>,
    /// Only those of this owner, by id or e-mail address
    #[arg(long)]
    owner: Option<String>,
    /// Only those that this credential or user made, by id
    #[arg(long, value_name = "CALLER", value_parser = parse::word::<CallerId>)]
    created_by: Option<CallerId>,
    /// Only those whose name contains this
    #[arg(long)]
    name: Option<String>,
    /// Only the one with exactly this public id
    #[arg(long)]
    public_id: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// The credential to create.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its rules, `profile/kind`: `keyward profiles list` shows those there are
    #[arg(long)]
    kind: KindId,
    /// Its name for people
    #[arg(long, value_parser = Name::new)]
    name: Name,
    /// Where it is to live, by id or name; the organization if absent
    #[arg(long)]
    namespace: Option<String>,
    /// What it is to hold, as `ROLE` or `ROLE@NAMESPACE`; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Whose it is to be, by id or e-mail address; the caller's if absent
    #[arg(long)]
    owner: Option<String>,
    /// When it is to expire, such as `2027-01-31T00:00:00Z`; as its kind says if absent
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Time>,
    /// After how long it is to expire, such as `30d`
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, conflicts_with = "expires_at")]
    expires_in: Option<Duration>,
    /// A network from which alone it may be used, such as `203.0.113.0/24`; may be repeated
    #[arg(long = "source", value_name = "NETWORK")]
    sources: Vec<Network>,
    /// Make a key pair with it, where its kind has one
    #[arg(long)]
    key_pair: bool,
    /// Within a day the same key creates nothing twice
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// What to change of a credential.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct EditArgs {
    /// Its id, `cred_…`
    credential: CredentialId,
    /// The new name
    #[arg(long, value_parser = Name::new, group = "change")]
    name: Option<Name>,
    /// All that it is to hold, as `ROLE` or `ROLE@NAMESPACE`; may be repeated
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "no_roles", group = "change")]
    roles: Vec<String>,
    /// It is to hold nothing
    #[arg(long, group = "change")]
    no_roles: bool,
    /// All networks from which alone it may be used; may be repeated
    #[arg(long = "source", value_name = "NETWORK", conflicts_with = "no_sources", group = "change")]
    sources: Vec<Network>,
    /// It may be used from anywhere
    #[arg(long, group = "change")]
    no_sources: bool,
}

pub(crate) async fn run(command: Credentials, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let credentials = client.credentials();
    match command {
        Credentials::List(args) => {
            let paging = args.paging.clone();
            let query = wanted(args, client).await?;
            list(output, &paging, credentials.list(&query)).await
        }
        Credentials::Create(args) => create(args, client, output).await,
        Credentials::Get { credential } => done(output, credentials.get(credential)).await,
        Credentials::Edit(args) => edit(args, client, output).await,
        Credentials::Rotate { credential, grace, confirm } => {
            let how = RotateCredential { grace_seconds: grace.map(|grace| grace.as_secs()), confirm };
            done(output, credentials.rotate(credential, &how)).await
        }
        Credentials::Disable { credential } => done(output, credentials.disable(credential)).await,
        Credentials::Enable { credential } => done(output, credentials.enable(credential)).await,
        Credentials::Revoke { credential, compromised, superseded, descendants } => {
            let reason = match (compromised, superseded) {
                (true, _) => RevokeFor::Compromised,
                (_, true) => RevokeFor::Superseded,
                _ => RevokeFor::Requested,
            };
            done(output, credentials.revoke(credential, &RevokeCredential { reason, descendants })).await
        }
        Credentials::Reveal { credential } => done(output, credentials.reveal(credential)).await,
        Credentials::Import { public_id, namespace, roles } => {
            let namespace = names::app(client, &namespace).await?.into();
            let roles = names::roles_at(client, &roles).await?;
            done(output, credentials.import(&ImportCredential { public_id, namespace, roles })).await
        }
        Credentials::Unlink { credential, namespace } => {
            let namespace = names::app(client, &namespace).await?.into();
            done(output, credentials.unlink(credential, &UnlinkCredential { namespace })).await
        }
    }
}

async fn wanted(args: ListArgs, client: &Client) -> Result<ListCredentials, Failure> {
    let namespace = match &args.namespace {
        Some(text) => Some(names::namespace(client, text).await?),
        None => None,
    };
    let owner = match &args.owner {
        Some(text) => Some(names::user(client, text).await?),
        None => None,
    };
    let ListArgs { kind, state, created_by, name, public_id, paging, .. } = args;
    let Paging { limit, cursor, .. } = paging;
    Ok(ListCredentials { kind, state, namespace, owner, created_by, name, public_id, limit, cursor })
}

async fn create(args: CreateArgs, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let namespace = match &args.namespace {
        Some(text) => Some(names::namespace(client, text).await?),
        None => None,
    };
    let owner = match &args.owner {
        Some(text) => Some(names::user(client, text).await?),
        None => None,
    };
    let wanted = CreateCredential {
        kind: args.kind,
        name: args.name,
        namespace,
        roles: names::roles_at(client, &args.roles).await?,
        owner,
        expires_at: args.expires_at.or_else(|| args.expires_in.map(parse::from_now)),
        sources: args.sources,
        key_pair: args.key_pair,
    };
    let call = client.credentials().create(&wanted);
    let call = match args.idempotency_key {
        Some(key) => call.idempotency_key(key),
        None => call,
    };
    done(output, call).await
}

async fn edit(args: EditArgs, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let roles = names::roles_at(client, &args.roles).await?;
    let change = EditCredential {
        name: args.name,
        roles: (args.no_roles || !roles.is_empty()).then_some(roles),
        sources: (args.no_sources || !args.sources.is_empty()).then_some(args.sources),
    };
    done(output, client.credentials().edit(args.credential, &change)).await
}

impl Listed for Credential {
    const HEAD: &'static [&'static str] = &["id", "name", "kind", "state", "namespace", "expires at", "last used at"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.to_string(),
            self.kind.to_string(),
            word(&self.state),
            self.namespace.to_string(),
            maybe(self.expires_at.as_ref()),
            maybe(self.last_used_at.as_ref()),
        ]
    }

    fn name(&self) -> String {
        self.id.to_string()
    }
}

impl View for Credential {
    fn view(&self) -> Picture {
        let denied = self.denied.as_ref();
        let denied =
            denied.map(|denied| joined(denied.patterns.iter().map(ToString::to_string).chain(denied.groups.clone())));
        Picture::fields([
            ("id", self.id.to_string()),
            ("name", self.name.to_string()),
            ("kind", self.kind.to_string()),
            ("public id", self.public_id.clone()),
            ("state", word(&self.state)),
            ("namespace", self.namespace.to_string()),
            ("imported by", joined(&self.imported_by)),
            ("roles", joined(self.roles.iter().map(held))),
            ("never", denied.unwrap_or_default()),
            ("sources", joined(&self.sources)),
            ("owner", maybe(self.owner.as_ref())),
            ("created by", self.created_by.to_string()),
            ("created at", self.created_at.to_string()),
            ("expires at", maybe(self.expires_at.as_ref())),
            ("disabled at", maybe(self.disabled_at.as_ref())),
            ("revoked at", maybe(self.revoked_at.as_ref())),
            ("revoke reason", self.revoke_reason.as_ref().map(word).unwrap_or_default()),
            ("generation", self.generation.to_string()),
            ("secrets", joined(self.slots.iter().map(slot))),
            ("last used at", maybe(self.last_used_at.as_ref())),
        ])
    }

    fn essence(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

pub(super) fn held(role: &RoleHeld) -> String {
    let name = role.role_name.as_ref().map_or_else(|| role.role.to_string(), ToString::to_string);
    format!("{name} at {}", role.namespace)
}

fn slot(slot: &keyward_api::credentials::Slot) -> String {
    match &slot.ends_at {
        Some(end) => format!("{} (until {end})", slot.number),
        None => slot.number.to_string(),
    }
}

/// A secret stands alone on its line, so that it can be copied and cut.
fn secret(secret: &IssuedSecret) -> Picture {
    let once = "the secret, shown this once:";
    match secret {
        IssuedSecret::Token { token } => Picture::text(once).line(token.expose()),
        IssuedSecret::Pair { secret, .. } => Picture::text(once).line(secret.expose()),
        IssuedSecret::OauthClient { client_secret, .. } => Picture::text(once).line(client_secret.expose()),
    }
}

fn plaintext(secret: &IssuedSecret) -> String {
    match secret {
        IssuedSecret::Token { token } => token.expose(),
        IssuedSecret::Pair { secret, .. } => secret.expose(),
        IssuedSecret::OauthClient { client_secret, .. } => client_secret.expose(),
    }
    .to_owned()
}

impl View for CreatedCredential {
    fn view(&self) -> Picture {
        let mut picture = self.credential.view();
        if !self.superseded.is_empty() {
            picture = picture.line(format!("revoked, because this took their place: {}", joined(&self.superseded)));
        }
        if let Some(key) = &self.private_key {
            picture = picture.line("the private key, shown this once:").line(key.expose().trim_end());
        }
        match &self.secret {
            Some(issued) => picture.below(secret(issued)),
            None => picture.line("this was created before: its secret was in the first answer, and is shown only once"),
        }
    }

    fn essence(&self) -> Vec<String> {
        self.secret.iter().map(plaintext).collect()
    }
}

impl View for RotatedCredential {
    fn view(&self) -> Picture {
        self.credential.view().line(self.receipt.to_string()).below(secret(&self.secret))
    }

    fn essence(&self) -> Vec<String> {
        vec![plaintext(&self.secret)]
    }
}

impl View for RevealedCredential {
    fn view(&self) -> Picture {
        Picture::text(plaintext(&self.secret))
    }

    fn essence(&self) -> Vec<String> {
        vec![plaintext(&self.secret)]
    }
}

impl View for RevokedCredential {
    fn view(&self) -> Picture {
        let picture = self.credential.view();
        let picture = match self.descendants.as_slice() {
            [] => picture,
            descendants => picture.line(format!("revoked with it: {}", joined(descendants))),
        };
        picture.line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        self.credential.essence()
    }
}

impl View for CredentialChanged {
    fn view(&self) -> Picture {
        self.credential.view().line(self.receipt.to_string())
    }

    fn essence(&self) -> Vec<String> {
        self.credential.essence()
    }
}
