//! Profiles: which can be used, and how a newer text of one takes effect.
//!
//! A deployment decides from the text that it recorded when a profile was first used, not from the file: a node with
//! another file does not start. [`apply`] is the one way to a newer text.

mod effect;
mod shelf;

use std::sync::Arc;

use keyward_api::error::{ErrorCode, FieldError};
use keyward_api::operations;
use keyward_core::change::RecordedProfile;
use keyward_core::entropy::{Entropy as _, Seeded};
use keyward_core::id::RoleId;
use keyward_core::name::Name;
use keyward_core::organization::Organization;
use keyward_core::profile::{self as core, Faults, Profile};
use keyward_core::role::Role;
use keyward_core::time::Timestamp;
use keyward_store::{Page, Reader, StoreError, Tx};

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::receipts::{Done, Outcomes, change_deployment, recorded};
use crate::start::StartError;

pub use effect::{Effect, KindChange, KindEffect};
pub use shelf::Shelf;

/// A profile that can be used.
#[derive(Clone, Debug)]
pub struct Available {
    /// Its text: the recorded one, if there is one.
    pub text: RecordedProfile,
    /// What the text says.
    pub profile: Arc<Profile>,
    /// Whether some organization has used it, so that its text is recorded.
    pub recorded: bool,
}

/// Rows read at a time.
const ROWS: u32 = 200;

/// Every profile that can be used, by name.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Available>, OpError> {
    authority::admit(ctx, &operations::PROFILES_LIST)?;
    let mut all = Vec::new();
    for text in app.store.read().await?.recorded_profiles().await? {
        all.push(Available { profile: Arc::new(parsed(&text.name, &text.text)?), text, recorded: true });
    }
    for (text, profile) in app.profiles.iter() {
        if !all.iter().any(|known| known.text.name == text.name) {
            all.push(Available { text: text.clone(), profile: Arc::clone(profile), recorded: false });
        }
    }
    all.sort_by(|a, b| a.text.name.cmp(&b.text.name));
    Ok(all)
}

/// One of them.
pub async fn get(app: &App, ctx: &Ctx, name: &str) -> Result<Available, OpError> {
    authority::admit(ctx, &operations::PROFILES_GET)?;
    if let Some(text) = app.store.read().await?.recorded_profile(name).await? {
        return Ok(Available { profile: Arc::new(parsed(name, &text.text)?), text, recorded: true });
    }
    let (text, profile) = app.profiles.get(name).ok_or_else(|| OpError::not_found("profile"))?;
    Ok(Available { text: text.clone(), profile: Arc::clone(profile), recorded: false })
}

/// What applying this text would change, kind by kind. Nothing is done.
pub async fn preview(app: &App, ctx: &Ctx, name: &str, text: &str) -> Result<Effect, OpError> {
    authority::admit(ctx, &operations::PROFILES_APPLY)?;
    let newer = newer(name, text)?;
    effect::of(&mut app.store.read().await?, &newer.0, &newer.1).await
}

/// Makes this text the one that the deployment decides from, and brings the read-only roles of every organization up to
/// it. Refused while credentials of a kind that it removes are in use.
pub async fn apply(app: &App, ctx: &Ctx, name: &str, text: &str) -> Result<Done<Effect>, OpError> {
    let operation = &operations::PROFILES_APPLY;
    // Only the name of a profile is one: a path may hold anything.
    let target = available(app, name).map(|_| name.to_owned());
    recorded(app, ctx, operation, target, async {
        authority::admit(ctx, operation)?;
        let (recorded, profile) = newer(name, text)?;
        let now = ctx.at();
        let mut seed = [0; 8];
        app.entropy().fill(&mut seed);
        let seed = u64::from_le_bytes(seed);
        change_deployment(app, ctx, operation, async move |tx| {
            let effect = effect::of(tx, &recorded, &profile).await?;
            effect.must_be_possible()?;
            fits_the_others(tx, &profile).await?;
            if !effect.is_nothing() {
                tx.put_profile(&recorded).await?;
                // Ids are no secrets, and a job that runs again must make the same ones.
                let mut ids = Seeded::new(seed);
                update_roles(tx, &profile, now, &mut || RoleId::new(now, &mut ids)).await?;
            }
            let target = recorded.name.clone();
            let changed: Vec<String> = effect.kinds.iter().map(|kind| kind.kind.to_string()).collect();
            Ok(Outcomes::new(effect, target)
                .detail("version", recorded.version)
                .detail("digest", recorded.digest.as_str())
                .detail("kinds", changed))
        })
        .await
    })
    .await
}

/// At the start: every file agrees with the recorded text of its profile. A built-in profile may be older than the
/// recorded text: that is another version of Keyward than the one that applied it, and decides from the recorded text.
pub async fn check_files(app: &App) -> Result<(), StartError> {
    let recorded = app.store.read().await?.recorded_profiles().await?;
    for known in &recorded {
        if let Some(problem) = app.profiles.disagreement(known) {
            return Err(StartError::Profile(problem));
        }
    }
    Ok(())
}

/// A profile for a new organization: what the deployment decides from, or a file that is not recorded yet, with its text.
pub fn available(app: &App, name: &str) -> Option<(Option<RecordedProfile>, Arc<Profile>)> {
    let index = app.index.snapshot();
    if let Some(profile) = index.profile(name) {
        return Some((None, Arc::clone(profile)));
    }
    app.profiles.get(name).map(|(text, profile)| (Some(text.clone()), Arc::clone(profile)))
}

/// What a role template is called in an organization: by its title, with the profile's name where that is `taken`.
pub fn role_name(title: &str, profile: &str, taken: impl Fn(&Name) -> bool) -> Result<Name, OpError> {
    let internal = |e| OpError::new(ErrorCode::Internal, format!("a role of the profile `{profile}`: {e}"));
    let name = Name::new(title).map_err(internal)?;
    if taken(&name) { Name::new(&format!("{title} ({profile})")).map_err(internal) } else { Ok(name) }
}

/// The text to apply, read.
fn newer(name: &str, text: &str) -> Result<(RecordedProfile, Profile), OpError> {
    let profile = parsed(name, text)?;
    if profile.name != name {
        return Err(OpError::new(
            ErrorCode::ProfileInvalid,
            format!("the text is of the profile `{}`, not of `{name}`: apply it under its own name", profile.name),
        ));
    }
    Ok((RecordedProfile::new(name, profile.version, text), profile))
}

fn parsed(name: &str, text: &str) -> Result<Profile, OpError> {
    Profile::parse(name, text).map_err(|faults| invalid(&faults))
}

/// Every fault with its place, as the request's fields are named.
fn invalid(faults: &Faults) -> OpError {
    let fields = faults
        .iter()
        .map(|fault| FieldError { pointer: "/text".to_owned(), code: None, message: fault.to_string() })
        .collect();
    OpError { fields, ..OpError::new(ErrorCode::ProfileInvalid, ErrorCode::ProfileInvalid.sentence()) }
}

/// Whether the profile can be used beside the other recorded ones.
async fn fits_the_others(tx: &mut Reader, profile: &Profile) -> Result<(), OpError> {
    let mut all = Vec::new();
    for other in tx.recorded_profiles().await? {
        if other.name != profile.name {
            all.push(parsed(&other.name, &other.text)?);
        }
    }
    all.push(profile.clone());
    core::check_together(&all).map_err(|faults| OpError { code: ErrorCode::ProfileConflict, ..invalid(&faults) })
}

/// Brings the roles that organizations have from the profile's templates up to the new text.
async fn update_roles(
    tx: &mut Tx,
    profile: &Profile,
    now: Timestamp,
    new_id: &mut impl FnMut() -> RoleId,
) -> Result<(), OpError> {
    let mut after = None;
    loop {
        let page = tx.organizations(None, None, &Page { after, limit: ROWS }).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for organization in page.iter().filter(|o| o.profiles.contains(&profile.name)) {
            update_roles_of(tx, organization, profile, now, new_id).await?;
        }
    }
}

async fn update_roles_of(
    tx: &mut Tx,
    organization: &Organization,
    profile: &Profile,
    now: Timestamp,
    new_id: &mut impl FnMut() -> RoleId,
) -> Result<(), OpError> {
    let roles = all_roles(tx, organization).await?;
    let of_template = |name: &str| {
        let template = format!("{}/{name}", profile.name);
        (roles.iter().find(|role| role.template.as_ref() == Some(&template)).cloned(), template)
    };
    for template in &profile.roles {
        let (existing, id) = of_template(&template.name);
        let others =
            |name: &Name| roles.iter().any(|r| r.template.as_ref() != Some(&id) && r.name.folded() == name.folded());
        let name = role_name(template.title.as_ref(), &profile.name, others)?;
        let role = match existing {
            Some(role) if role.patterns == template.patterns && role.name == name => continue,
            Some(role) => Role { name, patterns: template.patterns.clone(), updated_at: now, ..role },
            None => Role {
                id: new_id(),
                organization: organization.id,
                name,
                patterns: template.patterns.clone(),
                template: Some(id.clone()),
                created_at: now,
                updated_at: now,
            },
        };
        tx.put_role(&role).await.map_err(|e| name_taken(e, organization, &role.name))?;
    }
    let gone = roles.iter().filter(|role| {
        let template = role.template.as_deref().and_then(|t| t.strip_prefix(&format!("{}/", profile.name)));
        template.is_some_and(|name| profile.role(name).is_none())
    });
    for role in gone {
        if !tx.role_use(organization.id, role.id).await?.is_none() {
            return Err(OpError::new(
                ErrorCode::ProfileConflict,
                format!(
                    "the new text has no role `{}`, which is held in the organization `{}`: take it back there first",
                    role.name, organization.name
                ),
            ));
        }
        tx.remove_role(organization.id, role.id).await?;
    }
    Ok(())
}

async fn all_roles(tx: &mut Reader, organization: &Organization) -> Result<Vec<Role>, StoreError> {
    let mut all: Vec<Role> = Vec::new();
    loop {
        let after = all.last().map(|role| (role.name.folded(), role.id));
        let page = tx.roles(organization.id, None, &Page { after, limit: ROWS }).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn name_taken(error: StoreError, organization: &Organization, name: &Name) -> OpError {
    match error {
        StoreError::Conflict { .. } => OpError::new(
            ErrorCode::ProfileConflict,
            format!("the organization `{}` has a role `{name}` of its own: rename that one first", organization.name),
        ),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
