//! `keyward verify` and `keyward explain`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use keyward_api::Permission;
use keyward_api::id::CredentialId;
use keyward_api::verify::{VerifyAnswer, VerifyRequest};
use keyward_client::Client;

use super::show::{maybe, word};
use crate::failure::{Exit, Failure};
use crate::names;
use crate::output::{Output, Picture, View};
use crate::secrets;

/// The presented credential, and the request that it came with.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A file with the credential as it was presented; standard input if absent
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// The public id that was presented, for credentials of two parts: then the file has the secret
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    request: RequestArgs,
}

/// The same, or a credential that was not presented.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The id of a credential that was not presented, `cred_…`
    #[arg(long, value_name = "CREDENTIAL", conflicts_with_all = ["credential_file", "id"])]
    credential_id: Option<CredentialId>,
    #[command(flatten)]
    presented: VerifyArgs,
}

/// What is to be judged.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The permission that the request needs, `resource:action`; authentication alone if absent
    #[arg(long)]
    permission: Option<Permission>,
    /// Where it needs it, by id or name; the organization if absent
    #[arg(long)]
    namespace: Option<String>,
    /// An API group to which the request belongs; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The address of the client
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// The request did not come over https
    #[arg(long)]
    insecure: bool,
    /// The method of the request
    #[arg(long)]
    method: Option<String>,
    /// How the credential travelled, such as `bearer` or `header:X-API-Key`; as its kind allows if absent
    #[arg(long)]
    carrier: Option<String>,
    /// Answer only from this revision on
    #[arg(long, value_name = "REVISION")]
    at_least: Option<u64>,
}

pub(crate) async fn verify(args: VerifyArgs, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let asked = presented(args, client, output).await?;
    judge(&asked, client, output).await
}

pub(crate) async fn explain(args: ExplainArgs, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let asked = match args.credential_id {
        None => presented(args.presented, client, output).await?,
        Some(id) => VerifyRequest { credential_id: Some(id), ..request(args.presented.request, client).await? },
    };
    judge(&VerifyRequest { explain: true, ..asked }, client, output).await
}

async fn judge(asked: &VerifyRequest, client: &Client, output: &Output) -> Result<Exit, Failure> {
    let answer = output.answer(client.credentials().verify(asked)).await?;
    Ok(if answer.allowed { Exit::Done } else { Exit::NotAllowed })
}

async fn presented(args: VerifyArgs, client: &Client, output: &Output) -> Result<VerifyRequest, Failure> {
    let VerifyArgs { credential_file, id, request: rest } = args;
    let rest = request(rest, client).await?;
    let what = if id.is_some() { "secret" } else { "credential" };
    let text = Some(secrets::read(output, credential_file.as_deref(), what)?);
    Ok(match id {
        Some(id) => VerifyRequest { id: Some(id), secret: text, ..rest },
        None => VerifyRequest { credential: text, ..rest },
    })
}

async fn request(args: RequestArgs, client: &Client) -> Result<VerifyRequest, Failure> {
    let RequestArgs { permission, namespace, groups, source, insecure, method, carrier, at_least } = args;
    let namespace = match namespace {
        Some(text) => Some(names::namespace(client, &text).await?),
        None => None,
    };
    let secure = insecure.then_some(false);
    Ok(VerifyRequest {
        permission,
        namespace,
        groups,
        source,
        secure,
        method,
        carrier,
        at_least,
        ..VerifyRequest::default()
    })
}

impl View for VerifyAnswer {
    fn view(&self) -> Picture {
        let credential = self.credential.as_ref();
        let answer = Picture::fields([
            ("allowed", if self.allowed { "yes" } else { "no" }.to_owned()),
            ("reason", self.reason.as_ref().map(word).unwrap_or_default()),
            ("", self.message.clone().unwrap_or_default()),
            ("retry after", self.retry_after.map(|seconds| format!("{seconds} s")).unwrap_or_default()),
            ("credential", maybe(credential.map(|c| &c.id))),
            ("kind", maybe(credential.map(|c| &c.kind))),
            ("namespace", maybe(credential.map(|c| &c.namespace))),
            ("owner", maybe(credential.and_then(|c| c.owner.as_ref()))),
            ("revision", self.revision.to_string()),
        ]);
        let Some(explanation) = &self.explanation else { return answer };
        let rows =
            explanation.checks.iter().map(|made| vec![word(&made.check), word(&made.outcome), made.fact.clone()]);
        answer.below(Picture::rows(&["check", "outcome", "fact"], rows))
    }

    fn essence(&self) -> Vec<String> {
        vec![self.reason.as_ref().map_or_else(|| "allowed".to_owned(), word)]
    }
}
