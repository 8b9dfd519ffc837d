//! Whether the caller may: the same rules at the door, on the index, and in the job, on the rows of its transaction.

use std::sync::Arc;

use keyward_api::error::ErrorCode;
use keyward_api::operations::{Caller as Who, Operation};
use keyward_core::credential::Credential;
use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::kind::{Kind, KindId};
use keyward_core::law::{Bounds, Giver};
use keyward_core::manage::{self, Act};
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::rights::{self, Facts, Holding};
use keyward_core::rows::Rows;
use keyward_core::time::Timestamp;
use keyward_store::{Reader, StoreError};
use keyward_verify::Snapshot;

use crate::app::App;
use crate::ops::context::{Caller, Ctx, SignedIn};
use crate::ops::credentials::FRESH_SIGN_IN;
use crate::ops::error::OpError;

/// The organization that a request is about, if it may be about it: the credential's own, the one that was named, or
/// the only one of which the user is a member.
pub fn organization(app: &App, ctx: &Ctx) -> Result<OrganizationId, OpError> {
    let index = app.index.snapshot();
    match &ctx.caller {
        Caller::Credential(identity) => match ctx.organization {
            Some(named) if named != identity.organization => Err(OpError::not_found("organization")),
            _ => Ok(identity.organization),
        },
        Caller::Session(signed_in) => {
            let mut member_of = index.organizations_of(signed_in.user);
            let found = match ctx.organization {
                Some(named) => member_of.any(|organization| organization == named).then_some(named),
                None => match (member_of.next(), member_of.next()) {
                    (Some(only), None) => Some(only),
                    (Some(_), Some(_)) => {
                        return Err(OpError::new(
                            ErrorCode::OrganizationRequired,
                            "you are a member of several organizations: name one in the header `Keyward-Organization`",
                        ));
                    }
                    (None, _) => None,
                },
            };
            found.ok_or_else(|| OpError::not_found("organization"))
        }
        Caller::System => ctx.organization.ok_or_else(|| OpError::not_found("organization")),
        Caller::Anonymous => Err(unauthenticated()),
    }
}

/// Whether this kind of caller may call the operation at all.
pub fn admit(ctx: &Ctx, operation: &Operation) -> Result<(), OpError> {
    match (operation.caller, &ctx.caller) {
        (Who::Anyone, _)
        | (_, Caller::System)
        | (Who::Any | Who::SignedIn, Caller::Session(_))
        | (Who::Any, Caller::Credential(_))
        | (Who::Operator, Caller::Session(SignedIn { operator: true, .. })) => Ok(()),
        (_, Caller::Anonymous) => Err(unauthenticated()),
        (Who::Operator, Caller::Session(_)) => {
            Err(OpError::new(ErrorCode::OperatorRequired, "only an operator of this deployment may do this"))
        }
        (Who::SignedIn | Who::Operator, Caller::Credential(_)) => Err(OpError::new(
            ErrorCode::SessionRequired,
            "this is for signed-in users, never for a credential: sign in and send the session's token",
        )),
    }
}

/// Whether a signed-in user proved lately who they are, as sensitive acts want. Credentials prove it with each request.
pub fn fresh(ctx: &Ctx) -> Result<(), OpError> {
    is_fresh(&ctx.caller, ctx.at())
}

/// Judges at the door, on the index: cheap, and before anything is read or queued.
pub fn door(app: &App, ctx: &Ctx, operation: &Operation, at: NamespaceId) -> Result<(), OpError> {
    admit(ctx, operation)?;
    let Some(permission) = operation.permission else { return Ok(()) };
    let organization = organization(app, ctx)?;
    with_giver(app, ctx, organization, |facts, giver| Ok(manage::holds(facts, giver, at, permission)?))
}

/// Whether the caller holds `permission` at a namespace of the request's organization now: for what is offered, not for
/// what is done.
pub fn may(app: &App, ctx: &Ctx, permission: &str, at: NamespaceId) -> bool {
    organization(app, ctx)
        .and_then(|organization| {
            with_giver(app, ctx, organization, |facts, giver| Ok(manage::holds(facts, giver, at, permission)?))
        })
        .is_ok()
}

/// Calls `judge` with the facts of the index and the caller as they are in it now.
pub fn with_giver<T>(
    app: &App,
    ctx: &Ctx,
    organization: OrganizationId,
    judge: impl FnOnce(&keyward_verify::World<'_>, &Giver<'_>) -> Result<T, OpError>,
) -> Result<T, OpError> {
    let index = app.index.snapshot();
    let world = index.organization(organization).ok_or_else(|| OpError::not_found("organization"))?;
    if !world.record().is_active() {
        return Err(suspended());
    }
    match &ctx.caller {
        Caller::Anonymous => Err(unauthenticated()),
        Caller::System => judge(&world, &Giver::System),
        Caller::Session(signed_in) => {
            if !world.member(signed_in.user).is_some_and(|m| m.active) {
                return Err(OpError::not_found("organization"));
            }
            judge(&world, &Giver::User(signed_in.user))
        }
        Caller::Credential(identity) => {
            let view = index.credential(identity.credential).ok_or_else(invalid_credential)?;
            judge(&world, &Giver::Credential { holding: view.holding(), bounds: view.bounds() })
        }
    }
}

/// The caller as the rows of a transaction show them: nobody who was stopped earlier in the same batch can act.
pub struct Authority {
    /// The facts read so far.
    pub rows: Rows,
    caller: Caller,
    credential: Option<(Credential, Arc<Kind>)>,
    index: Arc<Snapshot>,
    now: Timestamp,
}

impl Authority {
    /// Reads what concerns the caller, and refuses one who may not act in `organization` any more.
    pub async fn load(
        tx: &mut Reader,
        index: Arc<Snapshot>,
        caller: Caller,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Self, OpError> {
        let mut rows = Rows::new(organization);
        let found = tx.organization(organization).await?.ok_or_else(|| OpError::not_found("organization"))?;
        if !found.is_active() {
            return Err(suspended());
        }
        let mut credential = None;
        match &caller {
            Caller::Anonymous => return Err(unauthenticated()),
            Caller::System => {}
            Caller::Session(signed_in) => {
                tx.load_user(&mut rows, signed_in.user).await?;
                if !rows.member(signed_in.user).is_some_and(|m| m.active) {
                    return Err(OpError::not_found("organization"));
                }
            }
            Caller::Credential(identity) => {
                let record = tx.credential(organization, identity.credential).await?.ok_or_else(invalid_credential)?;
                let kind = index.kind(&record.kind).cloned().ok_or_else(invalid_credential)?;
                if record.state != keyward_core::credential::State::Active
                    || record.is_expired(now)
                    || record.generation != identity.generation && !grace_covers(&record, identity.slot, now)
                {
                    return Err(invalid_credential());
                }
                tx.load_credential(&mut rows, record.id).await?;
                tx.load_namespace(&mut rows, record.namespace).await?;
                if let Some(owner) = record.owner {
                    tx.load_user(&mut rows, owner).await?;
                    if kind.is_live() && !rows.member(owner).is_some_and(|m| m.active) {
                        return Err(invalid_credential());
                    }
                }
                credential = Some((record, kind));
            }
        }
        Ok(Self { rows, caller, credential, index, now })
    }

    /// The same as [`fresh`], for acts of which only the job knows that they are sensitive.
    pub fn fresh(&self) -> Result<(), OpError> {
        is_fresh(&self.caller, self.now)
    }

    /// The caller as a giver of rights.
    pub fn giver(&self) -> Giver<'_> {
        match (&self.caller, &self.credential) {
            (Caller::Session(signed_in), _) => Giver::User(signed_in.user),
            (_, Some((record, kind))) => {
                Giver::Credential { holding: holding(record, kind), bounds: Bounds::of(record) }
            }
            _ => Giver::System,
        }
    }

    /// Whether the caller holds `permission` at `namespace`; reads what is above the namespace.
    pub async fn require(&mut self, tx: &mut Reader, permission: &str, namespace: NamespaceId) -> Result<(), OpError> {
        tx.load_namespace(&mut self.rows, namespace).await?;
        Ok(manage::holds(&self.rows, &self.giver(), namespace, permission)?)
    }

    /// Whether the caller may create, or manage, a credential of `kind` in `namespace`.
    pub async fn require_kind(
        &mut self,
        tx: &mut Reader,
        kind: &Kind,
        namespace: NamespaceId,
        act: Act<'_>,
    ) -> Result<(), OpError> {
        tx.load_namespace(&mut self.rows, namespace).await?;
        Ok(manage::may_manage(&self.rows, &self.giver(), kind, namespace, act)?)
    }

    /// A credential of the organization with its rules, if the caller may do `permission` with it.
    pub async fn credential(
        &mut self,
        tx: &mut Reader,
        id: CredentialId,
        permission: &str,
    ) -> Result<(Credential, Arc<Kind>), OpError> {
        let organization = self.rows.organization();
        let record = tx.credential(organization, id).await?.ok_or_else(|| OpError::not_found("credential"))?;
        let kind = self.kind(&record.kind)?;
        tx.load_namespace(&mut self.rows, record.namespace).await?;
        let place = place_of(&self.rows, record.namespace);
        self.require_kind(tx, &kind, place, Act::Manage { owner: record.owner, permission }).await?;
        Ok((record, kind))
    }

    /// The kinds of a profile.
    pub fn kinds_of(&self, profile: &str) -> Vec<KindId> {
        self.index.profile(profile).map_or_else(Vec::new, |p| p.kinds.iter().map(|kind| kind.id.clone()).collect())
    }

    /// The rules of a kind.
    pub fn kind(&self, id: &KindId) -> Result<Arc<Kind>, OpError> {
        self.index.kind(id).cloned().ok_or_else(|| {
            OpError::new(ErrorCode::UnknownKind, format!("there is no kind `{id}`: `keyward profiles list` shows all"))
        })
    }

    /// The grants that a credential itself holds, read into the rows.
    pub async fn grants_of(
        &mut self,
        tx: &mut Reader,
        id: CredentialId,
    ) -> Result<Vec<(NamespaceId, PatternSet)>, StoreError> {
        let mut of = Rows::new(self.rows.organization());
        tx.load_credential(&mut of, id).await?;
        Ok(of.grants_of(keyward_core::role::Holder::Credential(id)).to_vec())
    }
}

/// Where what is done with a credential is judged: where it lives, or at the organization once that place is deleted
/// (then it is revoked, and still there to be looked at).
pub fn place_of(facts: &impl Facts, namespace: NamespaceId) -> NamespaceId {
    if rights::exists(facts, namespace) { namespace } else { facts.organization().into() }
}

/// What counts of a credential for rights.
pub const fn holding<'a>(record: &'a Credential, kind: &'a Kind) -> Holding<'a> {
    Holding { id: record.id, kind, namespace: record.namespace, owner: record.owner, denied: &record.denied }
}

/// The answer to a caller who did not say who they are.
pub fn unauthenticated() -> OpError {
    OpError::new(ErrorCode::Unauthenticated, "send a credential or the token of a session: `Authorization: Bearer …`")
}

fn is_fresh(caller: &Caller, now: Timestamp) -> Result<(), OpError> {
    match caller {
        Caller::Session(signed_in) if now.since(signed_in.signed_in_at) > FRESH_SIGN_IN => Err(OpError::new(
            ErrorCode::FreshSignInRequired,
            "this needs a sign-in of the last 10 minutes: sign in again and repeat it",
        )),
        Caller::Session(_) | Caller::Anonymous | Caller::Credential(_) | Caller::System => Ok(()),
    }
}

fn invalid_credential() -> OpError {
    OpError::new(ErrorCode::InvalidCredential, "the credential is not in force")
}

fn suspended() -> OpError {
    OpError::new(ErrorCode::OrganizationSuspended, "the organization is suspended: ask the operator of this deployment")
}

fn grace_covers(record: &Credential, slot: u32, now: Timestamp) -> bool {
    record.slots.iter().any(|s| s.number == slot && s.is_alive(now))
}
