//! Credentials: create, edit, rotate, disable, enable, revoke, reveal; import and unlink; lists.

mod creating;
mod key_pair;
mod links;
mod list;
mod offers;
mod view;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::credential::{self, Credential, Edit, NewSlot, RevokeReason, Slot, State, checked_sources};
use keyward_core::id::{CredentialId, GrantId, OrganizationId, UserId};
use keyward_core::kind::{Authority as Source, Kind, LimitScope, NameScope, Reveal, Rotate};
use keyward_core::law;
use keyward_core::limit::{self, Admission};
use keyward_core::manage::{self, Act};
use keyward_core::mint::{self, Minted};
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::{PatternSet, Rights};
use keyward_core::rights::credential_rights;
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::seal::{Binding, Sealed};
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_store::{Placing, Reader, Tx};

use crate::app::App;
use crate::ops::authority::{self, Authority};
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change, recorded};
use crate::ops::{idempotency, namespaces};

pub use creating::{creatable, givable, room};
pub use links::{import, unlink};
pub use list::{Listed, list, names};
pub use offers::{Offer, may_create, offers};
pub use view::{RoleOffer, descendants, effective, may_read, role_offers};

/// How recent a sign-in must be for what is sensitive: see [`authority::fresh`].
pub const FRESH_SIGN_IN: Duration = Duration::from_mins(10);

/// What a creator asks for.
#[derive(Clone, Debug)]
pub struct Create {
    /// The kind, as `profile/kind`, or the kind alone where that is clear.
    pub kind: String,
    /// What it is called.
    pub name: Name,
    /// Where it lives; the organization when nothing is said.
    pub namespace: Option<NamespaceId>,
    /// The roles it holds, for kinds that hold roles.
    pub roles: Vec<RoleChoice>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// From where alone it may be used.
    pub sources: Vec<IpNet>,
    /// Whose it is; the creator for live kinds.
    pub owner: Option<UserId>,
    /// Whether a key pair is made with it.
    pub key_pair: bool,
}

/// A role at a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChoice {
    /// The role's id or name.
    pub role: String,
    /// Where; where the credential lives when nothing is said.
    pub namespace: Option<NamespaceId>,
}

/// A credential as it was left, with what it holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The record.
    pub credential: Credential,
    /// Its grants with the roles' names.
    pub grants: Vec<(Grant, Name)>,
    /// Other applications that have imported it.
    pub imported_by: Vec<NamespaceId>,
}

/// A new or replaced secret: alive for this one answer.
pub struct Issued {
    /// The record.
    pub held: Held,
    /// What the client holds; `None` when the creation had been answered before.
    pub secret: Option<Secret>,
    /// The private half of the key pair that was made with it, as PEM.
    pub private_key: Option<Secret>,
    /// What was revoked because the new one took its place.
    pub superseded: Vec<CredentialId>,
}

/// What an edit asks for; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EditRequest {
    /// The new name.
    pub name: Option<Name>,
    /// The new list of networks.
    pub sources: Option<Vec<IpNet>>,
    /// The new set of roles.
    pub roles: Option<Vec<RoleChoice>>,
}

/// Whether people were asked to confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// They said yes.
    Yes,
    /// They were not asked.
    No,
}

/// What a revocation did.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The record; its time of revocation is the first one, however often it is asked.
    pub held: Held,
    /// What was revoked with it because it had made it.
    pub descendants: Vec<CredentialId>,
}

/// Creates a credential and returns its secret, once.
pub async fn create(app: &App, ctx: &Ctx, input: Create) -> Result<Done<Issued>, OpError> {
    let operation = &operations::CREDENTIALS_CREATE;
    recorded(app, ctx, operation, None, async {
        authority::admit(ctx, operation)?;
        let organization = authority::organization(app, ctx)?;
        let kind = kind_named(app, organization, &input.kind)?;
        let namespace = input.namespace.unwrap_or_else(|| organization.into());
        if !kind.lives_in.contains(&namespace.kind()) {
            return Err(OpError::field(ErrorCode::WrongNamespace, "/namespace", lives_elsewhere(&kind)));
        }
        namespaces::must_be_known(app, organization, namespace, "/namespace")?;
        authority::with_giver(app, ctx, organization, |facts, giver| {
            Ok(manage::may_manage(facts, giver, &kind, namespace, Act::Create)?)
        })?;
        let pair = if input.key_pair { Some(key_pair::generate(&kind).await?) } else { None };
        let (public_key, private_key) = pair.map(|pair| (pair.public, pair.private)).unzip();
        let id = CredentialId::new(ctx.at(), &mut app.entropy());
        let minted = mint::mint(&kind, app.ring().current_pepper(), &mut app.entropy());
        let sealed = sealed(app, &kind, organization, id, &minted)?;
        let draft = draft(ctx, &kind, organization, namespace, id, &minted, sealed, &input)?;
        let draft = Credential { public_key, ..draft };
        let replay = idempotency::of(app, ctx, &format!("{input:?}"));
        let ids = grant_ids(app, ctx, &input.roles);
        let now = ctx.at();
        let done = change(app, ctx, operation, organization, async move |tx, authority| {
            authority.require_kind(tx, &kind, draft.namespace, Act::Create).await?;
            if let Some(earlier) = idempotency::replayed(tx, replay.as_ref(), now).await? {
                let held = held(tx, organization, earlier).await?;
                return Ok(Outcomes::new((held, Vec::new(), false), earlier).detail("replayed", true));
            }
            let (made, superseded) = create_in(tx, authority, &kind, draft.clone(), &input, &ids, now).await?;
            idempotency::keep(tx, replay.as_ref(), id, now).await?;
            let outcome = Outcomes::new((made, superseded, true), id)
                .detail("kind", kind.id.as_str())
                .detail("name", draft.name.as_str())
                .detail("public_id", draft.public_id.as_str())
                .detail("namespace", draft.namespace.to_string());
            Ok(outcome)
        })
        .await?;
        let secret = done.value.2.then_some(minted.secret);
        let private_key = private_key.filter(|_| done.value.2);
        Ok(done.map(|(held, superseded, _)| Issued { held, secret, private_key, superseded }))
    })
    .await
}

/// Changes what the kind lets change.
pub async fn edit(app: &App, ctx: &Ctx, id: CredentialId, input: EditRequest) -> Result<Done<Held>, OpError> {
    let operation = &operations::CREDENTIALS_EDIT;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        let ids = grant_ids(app, ctx, input.roles.as_deref().unwrap_or_default());
        let (now, if_match) = (ctx.at(), ctx.if_match);
        change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, kind) = authority.credential(tx, id, "credentials:edit").await?;
            unchanged_since(&record, if_match)?;
            let changed =
                record.clone().edit(&kind, Edit { name: input.name.clone(), sources: input.sources.clone() }, now)?;
            let widened = changed.sources != record.sources;
            if let Some(roles) = &input.roles {
                if !kind.may_edit(keyward_core::kind::Field::Roles) {
                    return Err(OpError::new(
                        ErrorCode::ImmutableField,
                        format!("the roles of a `{}` cannot be changed after creation", kind.id),
                    ));
                }
                replace_grants(tx, authority, &kind, &changed, roles, &ids, now).await?;
            } else if widened {
                let grants = authority.grants_of(tx, id).await?;
                give(tx, authority, &kind, &changed, &grants).await?;
            }
            tx.put_credential(&changed, None).await.map_err(|e| OpError::name_taken(e, &changed.name))?;
            Ok(Outcomes::new(held(tx, organization, id).await?, id).detail("name", changed.name.as_str()))
        })
        .await
    })
    .await
}

/// Replaces the secret; the public id stays. The earlier one lives on for the grace. Sent twice with what the caller saw
/// (`if_match`), it is done once.
pub async fn rotate(
    app: &App,
    ctx: &Ctx,
    id: CredentialId,
    grace: Option<Duration>,
    confirmed: Confirmed,
) -> Result<Done<Issued>, OpError> {
    let operation = &operations::CREDENTIALS_ROTATE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        let (kind, public_id) = {
            let index = app.index.snapshot();
            let view = index.credential(id).ok_or_else(|| OpError::not_found("credential"))?;
            (Arc::clone(view.kind()), view.public_id().to_owned())
        };
        if matches!(kind.rotate, Rotate::Secret { confirm: true, .. }) && confirmed == Confirmed::No {
            return Err(OpError::new(
                ErrorCode::ConfirmRequired,
                "the present secret stops working everywhere: repeat with `confirm` to replace it",
            ));
        }
        let minted = mint::renew(&kind, &public_id, app.ring().current_pepper(), &mut app.entropy());
        let slot = NewSlot { digest: minted.digest, sealed: sealed(app, &kind, organization, id, &minted)? };
        let (now, if_match) = (ctx.at(), ctx.if_match);
        let done = change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, kind) = authority.credential(tx, id, "credentials:rotate").await?;
            unchanged_since(&record, if_match)?;
            let rotated = record.rotate(&kind, slot.clone(), grace, now)?;
            let grants = authority.grants_of(tx, id).await?;
            give(tx, authority, &kind, &rotated, &grants).await?;
            tx.put_credential(&rotated, None).await?;
            let slot = rotated.current().map_or(0, |s| s.number);
            Ok(Outcomes::new(held(tx, organization, id).await?, id).detail("slot", slot))
        })
        .await?;
        Ok(done.map(|held| Issued { held, secret: Some(minted.secret), private_key: None, superseded: Vec::new() }))
    })
    .await
}

/// Stops it until it is enabled again.
pub async fn disable(app: &App, ctx: &Ctx, id: CredentialId) -> Result<Done<Held>, OpError> {
    let operation = &operations::CREDENTIALS_DISABLE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, _) = authority.credential(tx, id, "credentials:disable").await?;
            tx.put_credential(&record.disable(now)?, None).await?;
            Ok(Outcomes::new(held(tx, organization, id).await?, id))
        })
        .await
    })
    .await
}

/// Lets it be used again: gives again what it holds, so the law of no amplification asks again.
pub async fn enable(app: &App, ctx: &Ctx, id: CredentialId) -> Result<Done<Held>, OpError> {
    let operation = &operations::CREDENTIALS_ENABLE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, kind) = authority.credential(tx, id, "credentials:enable").await?;
            let enabled = record.enable(now)?;
            let grants = authority.grants_of(tx, id).await?;
            give(tx, authority, &kind, &enabled, &grants).await?;
            tx.put_credential(&enabled, None).await?;
            Ok(Outcomes::new(held(tx, organization, id).await?, id))
        })
        .await
    })
    .await
}

/// Ends it for ever; with `descendants`, also everything that it has made. Asking again is no error.
pub async fn revoke(
    app: &App,
    ctx: &Ctx,
    id: CredentialId,
    reason: RevokeReason,
    descendants: bool,
) -> Result<Done<Revoked>, OpError> {
    let operation = &operations::CREDENTIALS_REVOKE;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        let now = ctx.at();
        change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, _) = authority.credential(tx, id, "credentials:revoke").await?;
            let repeated = record.is_revoked();
            if !repeated {
                tx.put_credential(&record.revoke(now, reason)?, None).await?;
            }
            let mut also = Vec::new();
            if descendants {
                for child in tx.descendants(organization, id).await? {
                    if revoke_in(tx, organization, child, RevokeReason::AncestorRevoked, now).await? {
                        also.push(child);
                    }
                }
            }
            let held = held(tx, organization, id).await?;
            let listed: Vec<String> = also.iter().map(ToString::to_string).collect();
            let why = if let State::Revoked { reason, .. } = held.credential.state { reason } else { reason };
            Ok(Outcomes::new(Revoked { held, descendants: also }, id)
                .detail("reason", why.as_str())
                .detail("repeated", repeated)
                .detail("descendants", listed))
        })
        .await
    })
    .await
}

/// Shows the secret again, for kinds that allow it, to a session with a fresh sign-in. Recorded like a change.
pub async fn reveal(app: &App, ctx: &Ctx, id: CredentialId) -> Result<Done<Issued>, OpError> {
    let operation = &operations::CREDENTIALS_REVEAL;
    recorded(app, ctx, operation, Some(id.to_string()), async {
        let organization = door_of(app, ctx, operation, id)?;
        authority::fresh(ctx)?;
        let done = change(app, ctx, operation, organization, async move |tx, authority| {
            let (record, kind) = authority.credential(tx, id, "credentials:reveal").await?;
            if kind.reveal != Reveal::Always {
                return Err(OpError::new(
                    ErrorCode::NotRevealable,
                    format!("the secret of a `{}` is shown once, when it is made: rotate it to get a new one", kind.id),
                ));
            }
            if let State::Revoked { at, .. } = record.state {
                return Err(credential::Transition::Revoked { at }.into());
            }
            let grants = authority.grants_of(tx, id).await?;
            give(tx, authority, &kind, &record, &grants).await?;
            Ok(Outcomes::new(held(tx, organization, id).await?, id))
        })
        .await?;
        let slot = done.value.credential.current().and_then(|s| s.sealed.as_ref());
        let sealed = slot.ok_or_else(|| OpError::new(ErrorCode::NotRevealable, "no readable secret is stored"))?;
        let binding = Binding::CredentialSecret { organization, credential: id };
        let secret = app.ring().open(binding, sealed).map_err(|e| OpError::new(ErrorCode::Internal, e.to_string()))?;
        Ok(done.map(|held| Issued { held, secret: Some(secret), private_key: None, superseded: Vec::new() }))
    })
    .await
}

/// One credential, if the caller may read it, and when each of its secrets was last used. Who may read it only where it
/// was imported sees of its grants those of that place.
pub async fn get(app: &App, ctx: &Ctx, id: CredentialId) -> Result<(Held, Vec<(u32, Timestamp)>), OpError> {
    let (organization, elsewhere) = match door_of(app, ctx, &operations::CREDENTIALS_GET, id) {
        Err(refused) if refused.code == ErrorCode::PermissionDenied => {
            (authority::organization(app, ctx)?, Some(refused))
        }
        judged => (judged?, None),
    };
    let mut reader = app.store.read().await?;
    let held = held(&mut reader, organization, id).await?;
    let held = match elsewhere {
        Some(refused) => view::where_imported(app, ctx, held).ok_or(refused)?,
        None => held,
    };
    let (_, last_used) = reader.last_uses(id).await?;
    Ok((held, last_used))
}

/// What a credential may do at a namespace now, if the caller may read it; of itself, every credential may know.
pub fn rights(app: &App, ctx: &Ctx, id: CredentialId, namespace: NamespaceId) -> Result<Rights, OpError> {
    let organization = match &ctx.caller {
        Caller::Credential(identity) if identity.credential == id => authority::organization(app, ctx)?,
        _ => door_of(app, ctx, &operations::CREDENTIALS_GET, id)?,
    };
    let index = app.index.snapshot();
    let view = index.credential(id).ok_or_else(|| OpError::not_found("credential"))?;
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    Ok(credential_rights(&world, &view.holding(), namespace))
}

/// Revokes a credential inside a job, if it is not revoked yet; whether it was not.
pub async fn revoke_in(
    tx: &mut Tx,
    organization: OrganizationId,
    id: CredentialId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<bool, OpError> {
    let Some(record) = tx.credential(organization, id).await? else { return Ok(false) };
    if record.is_revoked() {
        return Ok(false);
    }
    tx.put_credential(&record.revoke(now, reason)?, None).await?;
    Ok(true)
}

/// The record and what it holds.
pub async fn held(reader: &mut Reader, organization: OrganizationId, id: CredentialId) -> Result<Held, OpError> {
    let credential = reader.credential(organization, id).await?.ok_or_else(|| OpError::not_found("credential"))?;
    let mut grants = Vec::new();
    for grant in reader.grants_of(organization, Holder::Credential(id)).await? {
        let role = reader.role(organization, grant.role).await?;
        if let Some(role) = role {
            grants.push((grant, role.name));
        }
    }
    let imported_by = reader.links_of(organization, id).await?.into_iter().map(|link| link.namespace).collect();
    Ok(Held { credential, grants, imported_by })
}

async fn create_in(
    tx: &mut Tx,
    authority: &mut Authority,
    kind: &Arc<Kind>,
    draft: Credential,
    input: &Create,
    ids: &[GrantId],
    now: Timestamp,
) -> Result<(Held, Vec<CredentialId>), OpError> {
    let organization = draft.organization;
    owner_is_member(tx, &draft).await?;
    let carried = authority.giver().denials();
    let draft = Credential { denied: denied_beyond(kind, carried), ..draft };
    let roles = chosen_roles(tx, kind, &draft, &input.roles).await?;
    let grants: Vec<(NamespaceId, PatternSet)> =
        roles.iter().map(|(role, namespace)| (*namespace, role.patterns.clone())).collect();
    give(tx, authority, kind, &draft, &grants).await?;
    fresh_if_unlimited(authority, kind, &grants)?;
    let (placing, superseded) = place(tx, kind, &draft, now).await?;
    tx.put_credential(&draft, Some(&placing)).await.map_err(|e| OpError::name_taken(e, &draft.name))?;
    for ((role, namespace), id) in roles.iter().zip(ids) {
        let grant = Grant {
            id: *id,
            organization,
            holder: Holder::Credential(draft.id),
            role: role.id,
            namespace: *namespace,
            created_at: now,
        };
        tx.put_grant(&grant).await?;
    }
    Ok((held(tx, organization, draft.id).await?, superseded))
}

/// Asks the law of no amplification, with everything above the namespaces in question read.
async fn give(
    tx: &mut Reader,
    authority: &mut Authority,
    kind: &Kind,
    credential: &Credential,
    grants: &[(NamespaceId, PatternSet)],
) -> Result<(), OpError> {
    for (namespace, _) in grants {
        tx.load_namespace(&mut authority.rows, *namespace).await?;
    }
    let borrowed: Vec<(NamespaceId, &PatternSet)> = grants.iter().map(|(n, p)| (*n, p)).collect();
    Ok(law::may_make(&authority.rows, &authority.giver(), kind, credential, &borrowed)?)
}

/// Whoever makes a credential that can do everything has to have proved lately who they are.
fn fresh_if_unlimited(authority: &Authority, kind: &Kind, grants: &[(NamespaceId, PatternSet)]) -> Result<(), OpError> {
    if is_unlimited(authority, kind, grants) { authority.fresh() } else { Ok(()) }
}

fn is_unlimited(authority: &Authority, kind: &Kind, grants: &[(NamespaceId, PatternSet)]) -> bool {
    use keyward_core::rights::Facts as _;
    let borrowed: Vec<(NamespaceId, &PatternSet)> = grants.iter().map(|(n, p)| (*n, p)).collect();
    law::is_unlimited(kind, authority.rows.organization(), &borrowed)
}

async fn replace_grants(
    tx: &mut Tx,
    authority: &mut Authority,
    kind: &Arc<Kind>,
    credential: &Credential,
    choices: &[RoleChoice],
    ids: &[GrantId],
    now: Timestamp,
) -> Result<(), OpError> {
    let roles = chosen_roles(tx, kind, credential, choices).await?;
    let grants: Vec<(NamespaceId, PatternSet)> =
        roles.iter().map(|(role, namespace)| (*namespace, role.patterns.clone())).collect();
    give(tx, authority, kind, credential, &grants).await?;
    let before = authority.grants_of(tx, credential.id).await?;
    if !is_unlimited(authority, kind, &before) {
        fresh_if_unlimited(authority, kind, &grants)?;
    }
    let holder = Holder::Credential(credential.id);
    let earlier = tx.grants_of(credential.organization, holder).await?;
    let keeps = |g: &Grant| match kind.authority {
        // One role a place: places that nothing is said about keep theirs.
        Source::Group => roles.iter().all(|(role, namespace)| role.id == g.role || *namespace != g.namespace),
        _ => roles.iter().any(|(role, namespace)| role.id == g.role && *namespace == g.namespace),
    };
    for grant in earlier.iter().filter(|g| !keeps(g)) {
        tx.remove_grant(grant).await?;
    }
    for ((role, namespace), id) in roles.iter().zip(ids) {
        if earlier.iter().any(|g| g.role == role.id && g.namespace == *namespace) {
            continue;
        }
        let grant = Grant {
            id: *id,
            organization: credential.organization,
            holder,
            role: role.id,
            namespace: *namespace,
            created_at: now,
        };
        tx.put_grant(&grant).await?;
    }
    Ok(())
}

/// The roles that were chosen, checked against what the kind may hold and where.
async fn chosen_roles(
    tx: &mut Reader,
    kind: &Kind,
    credential: &Credential,
    choices: &[RoleChoice],
) -> Result<Vec<(Role, NamespaceId)>, OpError> {
    let (min, max) = match kind.authority {
        Source::Roles { min, max } => (min, max),
        Source::Group => (1, u32::MAX),
        Source::Namespace | Source::Owner | Source::Organization => (0, 0),
    };
    let mut chosen: Vec<(Role, NamespaceId)> = Vec::new();
    for (place, choice) in choices.iter().enumerate() {
        let role = crate::ops::roles::named(tx, credential.organization, &choice.role).await?.ok_or_else(|| {
            let message = format!("there is no role `{}`", choice.role);
            OpError::field(ErrorCode::UnknownRole, &format!("/roles/{place}/role"), message)
        })?;
        let namespace = choice.namespace.unwrap_or(credential.namespace);
        namespaces::must_exist(tx, credential.organization, namespace).await.map_err(|_| {
            let message = format!("there is no namespace `{namespace}`");
            OpError::field(ErrorCode::UnknownNamespace, &format!("/roles/{place}/namespace"), message)
        })?;
        if !chosen.iter().any(|(r, n)| r.id == role.id && *n == namespace) {
            chosen.push((role, namespace));
        }
    }
    if kind.authority == Source::Group {
        one_a_place(kind, &chosen)?;
    }
    let count = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
    if count < min || count > max {
        let wanted = match (min, max) {
            (0, 0) => "no roles".to_owned(),
            (min, max) if min == max => format!("exactly {min}"),
            (1, u32::MAX) => "exactly 1 at each place".to_owned(),
            (min, max) => format!("{min} to {max}"),
        };
        let message = format!("a `{}` holds {wanted}, not {count}", kind.id);
        return Err(OpError::field(ErrorCode::WrongRoles, "/roles", message));
    }
    Ok(chosen)
}

/// Refuses two roles at one place for a kind that holds one.
fn one_a_place(kind: &Kind, chosen: &[(Role, NamespaceId)]) -> Result<(), OpError> {
    let again = |at: usize, namespace: NamespaceId| chosen[..at].iter().any(|(_, earlier)| *earlier == namespace);
    match chosen.iter().enumerate().find(|(at, (_, namespace))| again(*at, *namespace)) {
        None => Ok(()),
        Some((_, (_, namespace))) => Err(OpError::field(
            ErrorCode::WrongRoles,
            "/roles",
            format!("a `{}` holds exactly 1 role at each place, and there are several for `{namespace}`", kind.id),
        )),
    }
}

/// The place that the new credential takes under its kind's limit; earlier ones are revoked where it supersedes them.
async fn place(
    tx: &mut Tx,
    kind: &Kind,
    draft: &Credential,
    now: Timestamp,
) -> Result<(Placing, Vec<CredentialId>), OpError> {
    let scope_key = match kind.limit.map(|l| l.per) {
        Some(LimitScope::Application) => application_of(tx, draft).await?.to_string(),
        Some(LimitScope::User) => draft.owner.map_or_else(String::new, |u| u.to_string()),
        Some(LimitScope::Organization) | None => draft.organization.to_string(),
    };
    let places = if kind.limit.is_some() { tx.places(&scope_key, &kind.id).await? } else { Vec::new() };
    let (place, superseded) = match limit::admit(kind, &places)? {
        Admission::Free { place } => (place, Vec::new()),
        Admission::Supersede { place, revoke } => (Some(place), revoke),
    };
    for id in &superseded {
        revoke_in(tx, draft.organization, *id, RevokeReason::Superseded, now).await?;
    }
    let name_scope = match kind.unique_name {
        None => None,
        Some(NameScope::Organization) => Some(draft.organization.to_string()),
        Some(NameScope::Application) => Some(application_of(tx, draft).await?.to_string()),
    };
    Ok((Placing { scope_key, place, name_scope }, superseded))
}

/// The application in which a credential lives, or of whose workspace or group; else its organization.
async fn application_of(tx: &mut Reader, draft: &Credential) -> Result<NamespaceId, OpError> {
    Ok(match draft.namespace {
        at @ (NamespaceId::Organization(_) | NamespaceId::Application(_)) => at,
        below => tx.namespace(draft.organization, below).await?.map_or(below, |n| n.parent),
    })
}

async fn owner_is_member(tx: &mut Reader, draft: &Credential) -> Result<(), OpError> {
    let Some(owner) = draft.owner else { return Ok(()) };
    match tx.membership(draft.organization, owner).await? {
        Some(member) if member.is_active() => Ok(()),
        _ => Err(OpError::field(
            ErrorCode::WrongOwner,
            "/owner",
            format!("`{owner}` is not an active member of the organization"),
        )),
    }
}

#[expect(clippy::too_many_arguments, reason = "the record has these parts, and each comes from another place")]
fn draft(
    ctx: &Ctx,
    kind: &Kind,
    organization: OrganizationId,
    namespace: NamespaceId,
    id: CredentialId,
    minted: &Minted,
    sealed: Option<Sealed>,
    input: &Create,
) -> Result<Credential, OpError> {
    let now = ctx.at();
    let own = match &ctx.caller {
        Caller::Session(signed_in) => Some(signed_in.user),
        Caller::Credential(identity) => identity.owner,
        Caller::Anonymous | Caller::System => None,
    };
    let bound = kind.is_live() || matches!(ctx.caller, Caller::Credential(_));
    let owner = if bound { input.owner.or(own) } else { input.owner };
    Ok(Credential {
        id,
        organization,
        kind: kind.id.clone(),
        name: input.name.clone(),
        public_id: minted.public_id.clone(),
        namespace,
        owner,
        created_by: ctx.caller_id(),
        created_at: now,
        updated_at: now,
        state: State::Active,
        generation: 1,
        expires_at: credential::expiry(kind, input.expires_at, now)?,
        sources: checked_sources(kind, input.sources.clone())?,
        denied: keyward_core::kind::Denials::default(),
        public_key: None,
        slots: vec![Slot { number: 1, digest: minted.digest, sealed, created_at: now, ends_at: None }],
    })
}

/// What a credential must be denied beyond its kind because its maker is.
fn denied_beyond(kind: &Kind, carried: keyward_core::kind::Denials) -> keyward_core::kind::Denials {
    if kind.deny.includes(&carried) { keyward_core::kind::Denials::default() } else { carried }
}

fn sealed(
    app: &App,
    kind: &Kind,
    organization: OrganizationId,
    credential: CredentialId,
    minted: &Minted,
) -> Result<Option<Sealed>, OpError> {
    if kind.reveal != Reveal::Always {
        return Ok(None);
    }
    let binding = Binding::CredentialSecret { organization, credential };
    let sealed = app.ring().seal(binding, &minted.secret, &mut app.entropy());
    sealed.map(Some).map_err(|e| OpError::new(ErrorCode::Internal, e.to_string()))
}

fn grant_ids(app: &App, ctx: &Ctx, roles: &[RoleChoice]) -> Vec<GrantId> {
    roles.iter().map(|_| GrantId::new(ctx.at(), &mut app.entropy())).collect()
}

/// The kind that is meant: `profile/kind`, or the kind alone where only one of the organization's profiles has it.
fn kind_named(app: &App, organization: OrganizationId, text: &str) -> Result<Arc<Kind>, OpError> {
    let index = app.index.snapshot();
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    let mut candidates = world.record().profiles.iter().filter_map(|profile| {
        let id = if text.contains('/') { text.to_owned() } else { format!("{profile}/{text}") };
        let id = id.parse().ok()?;
        index.kind(&id).filter(|kind| kind.id.profile() == profile)
    });
    match (candidates.next(), candidates.next()) {
        (Some(kind), None) => Ok(Arc::clone(kind)),
        (None, _) => Err(OpError::field(
            ErrorCode::UnknownKind,
            "/kind",
            format!("there is no kind `{text}` in the profiles of this organization"),
        )),
        (Some(a), Some(b)) => Err(OpError::field(
            ErrorCode::UnknownKind,
            "/kind",
            format!("`{text}` may mean `{}` or `{}`: write one of them", a.id, b.id),
        )),
    }
}

/// Judges at the door whether the caller may do the operation with this credential.
fn door_of(
    app: &App,
    ctx: &Ctx,
    operation: &'static operations::Operation,
    id: CredentialId,
) -> Result<OrganizationId, OpError> {
    authority::admit(ctx, operation)?;
    let organization = authority::organization(app, ctx)?;
    let index = app.index.snapshot();
    let view = index
        .credential(id)
        .filter(|view| view.organization() == organization)
        .ok_or_else(|| OpError::not_found("credential"))?;
    let Some(permission) = operation.permission else { return Ok(organization) };
    let holding = view.holding();
    authority::with_giver(app, ctx, organization, |facts, giver| {
        let place = authority::place_of(facts, holding.namespace);
        let own = holding.owner.is_some() && giver.user() == holding.owner;
        if !operation.changes {
            // Reading is not managing: people read their own, everybody what their roles let them read.
            return if own { Ok(()) } else { Ok(manage::holds(facts, giver, place, permission)?) };
        }
        let act = Act::Manage { owner: holding.owner, permission };
        Ok(manage::may_manage(facts, giver, holding.kind, place, act)?)
    })?;
    Ok(organization)
}

/// Refuses when the record is not the one that the caller has seen (`If-Match`).
fn unchanged_since(record: &Credential, if_match: Option<Timestamp>) -> Result<(), OpError> {
    match if_match {
        Some(seen) if seen != record.updated_at => Err(OpError::new(
            ErrorCode::StaleIfMatch,
            "the credential was changed since you read it: read it again and repeat the change",
        )),
        _ => Ok(()),
    }
}

fn lives_elsewhere(kind: &Kind) -> String {
    let places: Vec<&str> = kind.lives_in.iter().map(|k| k.as_str()).collect();
    format!("a `{}` lives in: {}; name one in `namespace`", kind.id, places.join(", "))
}

#[cfg(test)]
mod tests;
