//! Permissions groups: roles, with those who hold them and where.

use std::collections::{BTreeMap, BTreeSet};

use keyward_api::error::ErrorCode;
use keyward_api::operations;
use keyward_core::id::{CredentialId, UserId};
use keyward_core::kind::Authority;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::rights;
use keyward_core::role::{Grant, Holder, Role};
use keyward_verify::Standing;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::{group_at, unknown};
use super::sites::{self, PAGE};
use super::{Answer, Call, Failure, GROUP, NO_PERMISSIONS, fields};
use crate::ops::credentials::EditRequest;
use crate::ops::{
    CredentialFilter, CredentialSort, GrantFilter, Page, authority, credentials, grants, namespaces, roles, users,
};

/// Where a group is on, as the vendor writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Scope {
    /// Accounts: the own one is [`OWNER`]. That is the account itself, not all of its sites.
    #[serde(default)]
    pub(super) allow_partners: Vec<String>,
    /// Sites, by site key or id.
    #[serde(default)]
    pub(super) allow_sites: Vec<String>,
}

/// The account itself, in a scope.
pub(super) const OWNER: &str = "_owner";

const ACL: &str = "aclID";
const SCOPE: &str = "scope";

/// Every group, with its users.
pub(super) async fn all(call: &Call<'_>) -> Answer {
    authority::door(call.app, call.ctx, &operations::ROLES_LIST, call.organization.into())?;
    let groups = roles::list(call.app, call.ctx, None, &Page::first(PAGE)).await?;
    let held = granted(call, GrantFilter::default()).await?;
    let sites = sites::visible(call).await?;
    let mut keys = Keys::default();
    let mut shown = Map::new();
    for group in groups {
        let mut users = Vec::new();
        let mut holders = BTreeSet::new();
        let here: Vec<&Grant> = held.iter().filter(|grant| grant.role == group.id).collect();
        for holder in here.iter().map(|grant| grant.holder).filter(|holder| holders.insert(*holder)) {
            users.extend(keys.of(call, holder).await?);
        }
        let scope = scope_of(here.iter().map(|grant| grant.namespace), &sites);
        let group_shown = json!({ "aclID": group.name, "scope": scope, "users": users, "description": "" });
        shown.insert(String::from(group.name), group_shown);
    }
    Ok(fields([("groups", shown.into())]))
}

/// Who is in a group: each with their key, their name, and where.
pub(super) async fn users(call: &Call<'_>) -> Answer {
    let group = find(call, GROUP, call.get(GROUP)?).await?;
    let held = granted(call, GrantFilter { role: Some(group.id), ..GrantFilter::default() }).await?;
    let sites = sites::visible(call).await?;
    let mut keys = Keys::default();
    let mut shown = Vec::new();
    let holders: BTreeSet<Holder> = held.iter().map(|grant| grant.holder).collect();
    for holder in holders {
        let Some(key) = keys.of(call, holder).await? else { continue };
        let mut user = match holder {
            Holder::Credential(id) => {
                let (held, _) = credentials::get(call.app, call.ctx, id).await?;
                json!({ "name": held.credential.name })
            }
            Holder::User(id) => {
                let member = users::get(call.app, call.ctx, id).await?;
                json!({ "name": member.user.name, "email": member.user.email })
            }
            Holder::UserGroup(id) => {
                json!({ "name": namespaces::get(call.app, call.ctx, id.into()).await?.name })
            }
        };
        let at = held.iter().filter(|grant| grant.holder == holder).map(|grant| grant.namespace);
        if let Value::Object(user) = &mut user {
            user.insert("userKey".to_owned(), key.into());
            user.insert(SCOPE.to_owned(), scope_of(at, &sites));
        }
        shown.push(user);
    }
    Ok(fields([("users", shown.into())]))
}

/// Creates a group with an ACL of its own: what the named one allows now.
pub(super) async fn create(call: &Call<'_>) -> Answer {
    let name = new_name(call, GROUP)?;
    let acl = find(call, ACL, call.get(ACL)?).await?;
    let changes = Changes::read(call)?;
    if !changes.removed.is_empty() {
        return Err(Failure::Invalid("removeUsers", "nobody is in the new group yet".to_owned()));
    }
    let existing = roles::find(call.app, call.ctx, name.as_str()).await?;
    let group = match existing {
        // Its ACL was set before it: that has made the role, and nobody has it yet.
        Some(role) if role.id == acl.id && changes.is_unused(call, &role).await? => role,
        Some(_) => return Err(Failure::Taken(name)),
        None => roles::create(call.app, call.ctx, name, acl.patterns.clone()).await?.value,
    };
    if let Err(failure) = changes.carry_out(call, &group).await {
        if group.id != acl.id {
            // Who tries again wants to create it. Where somebody has it already, it stays.
            roles::delete(call.app, call.ctx, group.id).await.ok();
        }
        return Err(failure);
    }
    Ok(fields([]))
}

/// Gives a group what another ACL allows now, and changes who is in it.
pub(super) async fn update(call: &Call<'_>) -> Answer {
    let group = find(call, GROUP, call.get(GROUP)?).await?;
    let changes = Changes::read(call)?;
    if let Some(text) = call.find(ACL)? {
        let acl = find(call, ACL, text).await?;
        if acl.patterns != group.patterns {
            let request = roles::EditRequest { name: None, patterns: Some(acl.patterns) };
            roles::edit(call.app, call.ctx, group.id, request).await?;
        }
    }
    changes.carry_out(call, &group).await?;
    Ok(fields([]))
}

/// Deletes a group in which nobody is.
pub(super) async fn delete(call: &Call<'_>) -> Answer {
    let group = find(call, GROUP, call.get(GROUP)?).await?;
    roles::delete(call.app, call.ctx, group.id).await?;
    Ok(fields([]))
}

/// The group, or the group of an ACL, that a parameter names.
pub(super) async fn find(call: &Call<'_>, parameter: &'static str, text: &str) -> Result<Role, Failure> {
    let found = roles::find(call.app, call.ctx, text).await?;
    found.ok_or_else(|| Failure::Invalid(parameter, format!("there is no `{text}`: `admin.getGroups` lists all")))
}

/// The name of a new group or ACL.
pub(super) fn new_name(call: &Call<'_>, parameter: &'static str) -> Result<Name, Failure> {
    let name = call.name(parameter)?;
    if name.as_str().starts_with('_') {
        return Err(Failure::Invalid(parameter, "names that begin with `_` are those of built-in groups".to_owned()));
    }
    Ok(name)
}

/// Who is meant by a key of a group's users: the user of a user key, and otherwise the application. Users without a key
/// and user groups stand under their ids.
pub(super) fn holder(call: &Call<'_>, parameter: &'static str, text: &str) -> Result<Holder, Failure> {
    let wrong = || unknown(parameter, text);
    let index = call.app.index.snapshot();
    match text.parse() {
        Ok(holder @ Holder::User(user)) => {
            let mut members = index.organization(call.organization).into_iter().flat_map(|world| world.members());
            return members.any(|(id, _)| id == user).then_some(holder).ok_or_else(wrong);
        }
        Ok(holder @ Holder::UserGroup(group)) => {
            let world = index.organization(call.organization);
            let exists = world.is_some_and(|world| rights::exists(&world, group.into()));
            return exists.then_some(holder).ok_or_else(wrong);
        }
        Ok(Holder::Credential(_)) | Err(_) => {}
    }
    let id = credential(call, parameter, text)?;
    let view = index.credential(id).ok_or_else(wrong)?;
    match (view.kind().authority, view.owner()) {
        (Authority::Owner, Some(owner)) => Ok(Holder::User(owner)),
        (Authority::Group | Authority::Roles { .. }, _) => Ok(Holder::Credential(id)),
        _ => Err(Failure::Invalid(parameter, format!("`{text}` is in no group: what it may do is not up to groups"))),
    }
}

/// The credential of this account with this `userKey`.
pub(super) fn credential(call: &Call<'_>, parameter: &'static str, text: &str) -> Result<CredentialId, Failure> {
    let index = call.app.index.snapshot();
    let found = index.credential_by_public_id(text);
    found
        .filter(|view| view.organization() == call.organization && view.standing() != Standing::Revoked)
        .map(|view| view.id())
        .ok_or_else(|| unknown(parameter, text))
}

/// What somebody holds, as far as the caller may see it.
pub(super) async fn held_by(call: &Call<'_>, holder: Holder) -> Result<Vec<Grant>, Failure> {
    granted(call, GrantFilter { holder: Some(holder), ..GrantFilter::default() }).await
}

/// What a call changes about who is in a group.
struct Changes {
    /// Where; with none, the group is left everywhere.
    places: Vec<NamespaceId>,
    /// Whether the call named the places.
    scoped: bool,
    added: Vec<Holder>,
    removed: Vec<Holder>,
    /// Whether `added` are to be the only ones at the places.
    alone: bool,
}

impl Changes {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let scope = call.find(SCOPE)?.map(serde_json::from_str::<Scope>).transpose();
        let scope = scope.map_err(|error| {
            let problem = format!(r#"{error}: write `{{"allowSites":["API_KEY"],"allowPartners":["{OWNER}"]}}`"#);
            Failure::Invalid(SCOPE, problem)
        })?;
        let holders = |name: &'static str| -> Result<Option<Vec<Holder>>, Failure> {
            let Some(texts) = call.texts(name)? else { return Ok(None) };
            if texts.len() > MAX_USERS {
                return Err(Failure::Invalid(name, format!("at most {MAX_USERS} at once")));
            }
            texts.iter().map(|text| holder(call, name, text)).collect::<Result<_, _>>().map(Some)
        };
        let (set, added, removed) = (holders("setUsers")?, holders("addUsers")?, holders("removeUsers")?);
        if set.is_some() && (added.is_some() || removed.is_some()) {
            let problem = "they are all that the group is to have: leave `addUsers` and `removeUsers` out".to_owned();
            return Err(Failure::Invalid("setUsers", problem));
        }
        if scope.is_some() && set.is_none() && added.is_none() && removed.is_none() {
            let problem = "a group is where its users are: name them in `setUsers` or `addUsers` too".to_owned();
            return Err(Failure::Invalid(SCOPE, problem));
        }
        Ok(Self {
            places: sites::places(call, scope.as_ref())?,
            scoped: scope.is_some(),
            alone: set.is_some(),
            added: set.or(added).unwrap_or_default(),
            removed: removed.unwrap_or_default(),
        })
    }

    /// Whether nobody has the role.
    async fn is_unused(&self, call: &Call<'_>, role: &Role) -> Result<bool, Failure> {
        let (_, used) = roles::preview(call.app, call.ctx, role.id).await?;
        Ok(used.is_none())
    }

    /// Takes away first: what is given then is given on top of nothing.
    async fn carry_out(&self, call: &Call<'_>, group: &Role) -> Result<(), Failure> {
        if self.added.is_empty() && self.removed.is_empty() && !self.alone {
            return Ok(());
        }
        let held = granted(call, GrantFilter { role: Some(group.id), ..GrantFilter::default() }).await?;
        for grant in &held {
            let here = self.places.contains(&grant.namespace);
            let leaves = self.removed.contains(&grant.holder) && (here || !self.scoped);
            let displaced = self.alone && here && !self.added.contains(&grant.holder);
            if leaves || displaced {
                take(call, group, grant).await?;
            }
        }
        for holder in &self.added {
            give(call, group, *holder, &self.places).await?;
        }
        Ok(())
    }
}

/// Puts somebody into a group. An application is in one group a place: the new one takes the place of the former. On a
/// site that does not have it, that imports it.
async fn give(call: &Call<'_>, group: &Role, holder: Holder, places: &[NamespaceId]) -> Result<(), Failure> {
    let (missing, mut edited) = (without(call, group, holder, places), Vec::new());
    for (place, is_here) in missing {
        match (holder, is_here) {
            (Holder::Credential(_), true) => edited.push(group_at(place, &group.id.to_string())),
            (Holder::Credential(id), false) => {
                let Some(public_id) = public_id(call, id) else { continue };
                let roles = vec![group_at(place, &group.id.to_string())];
                credentials::import(call.app, call.ctx, public_id, place, roles).await?;
            }
            (Holder::User(_) | Holder::UserGroup(_), _) => {
                let role = group.id.to_string();
                let given = grants::create(call.app, call.ctx, holder, role, Some(place)).await;
                if let Err(error) = given
                    && error.code != ErrorCode::AlreadyGranted
                {
                    return Err(error.into());
                }
            }
        }
    }
    if let (Holder::Credential(id), false) = (holder, edited.is_empty()) {
        let request = EditRequest { name: None, sources: None, roles: Some(edited) };
        credentials::edit(call.app, call.ctx, id, request).await?;
    }
    Ok(())
}

/// The places where somebody is not in the group yet, each with whether the place knows them at all.
fn without(call: &Call<'_>, group: &Role, holder: Holder, places: &[NamespaceId]) -> Vec<(NamespaceId, bool)> {
    let index = call.app.index.snapshot();
    let world = index.organization(call.organization);
    let held: Vec<_> = world.iter().flat_map(|world| world.held(holder)).collect();
    let home = match holder {
        Holder::Credential(id) => index.credential(id).map(|view| view.namespace()),
        Holder::User(_) | Holder::UserGroup(_) => None,
    };
    let missing = places.iter().filter_map(|place| {
        let mut here = held.iter().filter(|(_, at)| at == place).map(|(role, _)| *role);
        let is_here = home == Some(*place) || place.kind() == NamespaceKind::Organization || here.clone().count() > 0;
        let has_it = here.any(|role| role == group.id);
        (!has_it).then_some((*place, is_here))
    });
    missing.collect()
}

/// Takes somebody out of a group at one place. An application that is on a site stays in a group there: the one that
/// allows nothing.
async fn take(call: &Call<'_>, group: &Role, grant: &Grant) -> Result<(), Failure> {
    match grant.holder {
        Holder::Credential(id) if grant.namespace.kind() != NamespaceKind::Organization => {
            if group.name.as_str() == NO_PERMISSIONS {
                let problem = "an application is always in a group: put it into another one".to_owned();
                return Err(Failure::Invalid(GROUP, problem));
            }
            let roles = Some(vec![group_at(grant.namespace, NO_PERMISSIONS)]);
            credentials::edit(call.app, call.ctx, id, EditRequest { name: None, sources: None, roles }).await?;
        }
        _ => {
            grants::delete(call.app, call.ctx, grant.id).await?;
        }
    }
    Ok(())
}

/// Every grant that the caller may see, of those that count: what a revoked credential held does not.
async fn granted(call: &Call<'_>, filter: GrantFilter) -> Result<Vec<Grant>, Failure> {
    let mut page = Page::first(PAGE);
    let mut all = Vec::new();
    loop {
        let some = grants::list(call.app, call.ctx, filter.clone(), &page).await?;
        page.after = some.last().map(|(grant, _)| grant.id);
        let more = some.len() >= PAGE as usize;
        let index = call.app.index.snapshot();
        all.extend(some.into_iter().map(|(grant, _)| grant).filter(|grant| match grant.holder {
            Holder::Credential(id) => index.credential(id).is_some_and(|view| view.standing() != Standing::Revoked),
            Holder::User(_) | Holder::UserGroup(_) => true,
        }));
        if !more {
            return Ok(all);
        }
    }
}

/// The keys of those who hold something.
#[derive(Default)]
struct Keys {
    of_users: BTreeMap<UserId, String>,
}

impl Keys {
    /// How somebody stands among the users of a group.
    async fn of(&mut self, call: &Call<'_>, holder: Holder) -> Result<Option<String>, Failure> {
        let user = match holder {
            Holder::Credential(id) => return Ok(public_id(call, id)),
            Holder::UserGroup(group) => return Ok(Some(group.to_string())),
            Holder::User(user) => user,
        };
        if let Some(key) = self.of_users.get(&user) {
            return Ok(Some(key.clone()));
        }
        let filter = CredentialFilter { owner: Some(user), ..CredentialFilter::default() };
        let owned = credentials::list(call.app, call.ctx, filter, CredentialSort::NEWEST, &Page::first(PAGE)).await?;
        let index = call.app.index.snapshot();
        let is_user_key = |id: CredentialId| {
            let view = index.credential(id).filter(|view| view.standing() != Standing::Revoked);
            view.is_some_and(|view| view.kind().authority == Authority::Owner)
        };
        let key = owned.into_iter().map(|listed| listed.row.credential).find(|credential| is_user_key(credential.id));
        let key = key.map_or_else(|| user.to_string(), |key| key.public_id);
        self.of_users.insert(user, key.clone());
        Ok(Some(key))
    }
}

fn public_id(call: &Call<'_>, id: CredentialId) -> Option<String> {
    call.app.index.snapshot().credential(id).map(|view| view.public_id().to_owned())
}

/// Places as a scope. Sites that the caller cannot see stand under their ids.
fn scope_of(places: impl Iterator<Item = NamespaceId>, sites: &BTreeMap<NamespaceId, Namespace>) -> Value {
    let places: BTreeSet<NamespaceId> = places.collect();
    let (accounts, below): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|place| place.kind() == NamespaceKind::Organization);
    let key = |place: &NamespaceId| sites.get(place).and_then(|site| site.site_key.clone());
    let sites: Vec<String> = below.iter().map(|place| key(place).unwrap_or_else(|| place.to_string())).collect();
    let accounts: Vec<&str> = accounts.iter().map(|_| OWNER).collect();
    json!({ "allowPartners": accounts, "allowSites": sites })
}

/// How many users one call may name: more than a form of the usual length has room for.
const MAX_USERS: usize = 1_000;
