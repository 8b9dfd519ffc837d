//! What the caller may do with a credential now: for what is offered, not for what is done.

use std::ops::ControlFlow;

use keyward_core::credential::{Credential, State};
use keyward_core::kind::{Kind, Requirement, Reveal, Rotate};
use keyward_core::law::{self, Giver};
use keyward_core::manage::{self, Act};
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::rights::Facts;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;
use keyward_store::Visible;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::visibility;

/// Something that can be done with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Changing what may change.
    Edit,
    /// Replacing the secret.
    Rotate,
    /// Showing the secret again.
    Reveal,
    /// Stopping it for a while.
    Disable,
    /// Letting it be used again.
    Enable,
    /// Ending it for ever.
    Revoke,
}

/// What the caller may do with a credential as it is, by its kind, its state and their own rights; in the order of
/// [`Offer`].
pub fn offers(app: &App, ctx: &Ctx, credential: &Credential) -> Result<Vec<Offer>, OpError> {
    let organization = authority::organization(app, ctx)?;
    let Some(kind) = app.index.snapshot().kind(&credential.kind).cloned() else { return Ok(Vec::new()) };
    authority::with_giver(app, ctx, organization, |facts, giver| {
        let may = |offer: &Offer| may(facts, giver, &kind, credential, *offer, ctx.at());
        Ok(ALL.into_iter().filter(may).collect())
    })
}

/// Whether the caller may create a credential of a kind: at `place`, or somewhere when nothing is said.
pub fn may_create(app: &App, ctx: &Ctx, kind: &Kind, place: Option<NamespaceId>) -> bool {
    let judged = authority::organization(app, ctx).and_then(|organization| {
        authority::with_giver(app, ctx, organization, |facts, giver| {
            let here = |at: NamespaceId| {
                kind.lives_in.contains(&at.kind()) && manage::may_manage(facts, giver, kind, at, Act::Create).is_ok()
            };
            Ok(match place {
                Some(at) => here(at),
                // What is asked of the organization holds in all that is below it, be there something yet or not.
                None if kind.create_requires != Requirement::Access => {
                    manage::may_manage(facts, giver, kind, facts.organization().into(), Act::Create).is_ok()
                        || within_sight(facts, giver).any(here)
                }
                None => {
                    let everywhere = visibility::of_namespaces(facts, giver).is_empty();
                    everywhere || within_sight(facts, giver).any(here)
                }
            })
        })
    });
    judged.unwrap_or(false)
}

/// The namespaces where the giver holds something, and those above them.
fn within_sight(facts: &impl Facts, giver: &Giver<'_>) -> impl Iterator<Item = NamespaceId> {
    visibility::of_namespaces(facts, giver).into_iter().flat_map(|visible| match visible {
        Visible::All => Vec::new(),
        Visible::Some { ids, .. } => ids,
    })
}

fn may(
    facts: &impl Facts,
    giver: &Giver<'_>,
    kind: &Kind,
    credential: &Credential,
    offer: Offer,
    now: Timestamp,
) -> bool {
    let alive = !credential.is_expired(now);
    let fits = match offer {
        Offer::Edit => !kind.edit.is_empty(),
        Offer::Rotate => kind.rotate != Rotate::Never && alive,
        Offer::Reveal => kind.reveal == Reveal::Always,
        Offer::Disable => credential.state == State::Active && alive,
        Offer::Enable => matches!(credential.state, State::Disabled { .. }) && alive,
        Offer::Revoke => true,
    };
    let permission = match offer {
        Offer::Edit => "credentials:edit",
        Offer::Rotate => "credentials:rotate",
        Offer::Reveal => "credentials:reveal",
        Offer::Disable => "credentials:disable",
        Offer::Enable => "credentials:enable",
        Offer::Revoke => "credentials:revoke",
    };
    let place = authority::place_of(facts, credential.namespace);
    let act = Act::Manage { owner: credential.owner, permission };
    // These give anew what it holds.
    let gives = matches!(offer, Offer::Rotate | Offer::Reveal | Offer::Enable);
    fits && !credential.is_revoked()
        && manage::may_manage(facts, giver, kind, place, act).is_ok()
        && (!gives || may_make(facts, giver, kind, credential))
}

fn may_make(facts: &impl Facts, giver: &Giver<'_>, kind: &Kind, credential: &Credential) -> bool {
    let mut grants: Vec<(NamespaceId, PatternSet)> = Vec::new();
    let _ = facts.grants(Holder::Credential(credential.id), &mut |at, patterns| {
        grants.push((at, patterns.clone()));
        ControlFlow::Continue(())
    });
    let borrowed: Vec<(NamespaceId, &PatternSet)> = grants.iter().map(|(at, patterns)| (*at, patterns)).collect();
    law::may_make(facts, giver, kind, credential, &borrowed).is_ok()
}

const ALL: [Offer; 6] = [Offer::Edit, Offer::Rotate, Offer::Reveal, Offer::Disable, Offer::Enable, Offer::Revoke];

#[cfg(test)]
mod tests;
