//! Applications of the console: application keys, by their `userKey`.

use keyward_core::credential::RevokeReason;
use keyward_core::id::CredentialId;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::Holder;
use keyward_verify::Standing;
use serde_json::{Value, json};

use super::{Answer, Call, Failure, GROUP, NO_PERMISSIONS, TARGET, fields};
use crate::ops::credentials::{self, Create, EditRequest, Held, RoleChoice};
use crate::ops::sessions::{self, Who};

/// The kind that is created, in whatever profile of the organization has it.
const APPLICATION_KEY: &str = "application_key";

/// A credential that the site has.
struct Found {
    id: CredentialId,
    /// Where it lives.
    home: NamespaceId,
}

/// Creates an application of the site. This answer alone has its secret, to be shown again in the console only.
pub(super) async fn create(call: &Call<'_>) -> Answer {
    let site = NamespaceId::from(call.site);
    let request = Create {
        kind: APPLICATION_KEY.to_owned(),
        name: call.name("name")?,
        namespace: Some(site),
        roles: vec![group_at(site, call.find(GROUP)?.unwrap_or(NO_PERMISSIONS))],
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    let issued = credentials::create(call.app, call.ctx, request).await?.value;
    let mut user = shown(&issued.held, site);
    user["secret"] = issued.secret.as_ref().map_or(Value::Null, |secret| secret.expose().into());
    Ok(fields([("user", user)]))
}

/// One that the site has, or the caller itself.
pub(super) async fn get(call: &Call<'_>) -> Answer {
    let asks_for_itself = call.find("getSelf")?.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let target = call.find(TARGET)?;
    let Some(target) = target.filter(|_| !asks_for_itself) else {
        let user = match sessions::get(call.app, call.ctx).await? {
            Who::Credential(own) => json!({ "userKey": own.public_id, "name": own.name }),
            Who::User { user, .. } => json!({ "name": user.name }),
        };
        return Ok(fields([("user", user)]));
    };
    let found = found(call, target)?;
    let (held, _) = credentials::get(call.app, call.ctx, found.id).await?;
    Ok(fields([("user", shown(&held, call.site.into()))]))
}

/// Renames one of the site, puts it into another group there, or both.
pub(super) async fn update(call: &Call<'_>) -> Answer {
    let found = found(call, call.get(TARGET)?)?;
    let site = NamespaceId::from(call.site);
    let name = call.find("name")?.map(|_| call.name("name")).transpose()?;
    let group = call.find(GROUP)?.map(|group| vec![group_at(site, group)]);
    if name.is_some() && found.home != site && found.home != call.organization.into() {
        let problem = "the application was imported: its name is that of the site where it was made".to_owned();
        return Err(Failure::Invalid("name", problem));
    }
    let request = EditRequest { name, sources: None, roles: group };
    let held = credentials::edit(call.app, call.ctx, found.id, request).await?.value;
    Ok(fields([("user", shown(&held, site))]))
}

/// Revokes one where it was made, with all imports of it; takes an imported one away from the site alone.
pub(super) async fn delete(call: &Call<'_>) -> Answer {
    let found = found(call, call.get(TARGET)?)?;
    let site = NamespaceId::from(call.site);
    if found.home == site || found.home == call.organization.into() {
        credentials::revoke(call.app, call.ctx, found.id, RevokeReason::Requested, false).await?;
    } else {
        credentials::unlink(call.app, call.ctx, found.id, site).await?;
    }
    Ok(fields([]))
}

/// Add Existing Application: gives the site an application that was made on another site of the account. Answers its
/// name as it is there.
pub(super) async fn import(call: &Call<'_>) -> Answer {
    let site = NamespaceId::from(call.site);
    let (target, group) = (call.get(TARGET)?, call.get(GROUP)?);
    let roles = vec![group_at(site, group)];
    let held = credentials::import(call.app, call.ctx, target.to_owned(), site, roles).await?.value;
    Ok(fields([("user", shown(&held, site))]))
}

/// A group on one site.
pub(super) fn group_at(site: NamespaceId, group: &str) -> RoleChoice {
    RoleChoice { role: group.to_owned(), namespace: Some(site) }
}

/// The credential with this `userKey`, if this site has it: others are as unknown as those that do not exist.
fn found(call: &Call<'_>, text: &str) -> Result<Found, Failure> {
    let index = call.app.index.snapshot();
    let (site, account) = (NamespaceId::from(call.site), NamespaceId::from(call.organization));
    let is_here = |id: CredentialId, home: NamespaceId| {
        let mut held = index.organization(call.organization).into_iter().flat_map(|w| w.held(Holder::Credential(id)));
        home == site || home == account || held.any(|(_, at)| at == site)
    };
    index
        .credential_by_public_id(text)
        .filter(|view| view.organization() == call.organization && view.standing() != Standing::Revoked)
        .map(|view| Found { id: view.id(), home: view.namespace() })
        .filter(|found| is_here(found.id, found.home))
        .ok_or_else(|| unknown(TARGET, text))
}

/// The answer to a key that is not one of this site, or of this account.
pub(super) fn unknown(parameter: &'static str, text: &str) -> Failure {
    Failure::Invalid(parameter, format!("there is no `{text}` here: take a `userKey` of this account"))
}

/// One, as this site sees it. Never with its secret.
fn shown(held: &Held, site: NamespaceId) -> Value {
    let groups: Vec<_> =
        held.grants.iter().filter(|(grant, _)| grant.namespace == site).map(|(_, name)| name).collect();
    json!({ "userKey": held.credential.public_id, "name": held.credential.name, "groups": groups })
}
