//! What people call the things that ids name: for pages that show who holds what, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use keyward_core::credential::CallerId;
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::role::Holder;
use keyward_core::user::User;
use keyward_store::{Reader, StoreError};

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::Ctx;
use crate::ops::credentials;
use crate::ops::error::OpError;

/// Names by ids. What is gone, or is not for the reader to know, has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, Name>);

impl Names {
    /// What this is called.
    pub fn get(&self, id: impl Display) -> Option<&Name> {
        self.0.get(&id.to_string())
    }

    /// What this is called; its id where it has no name.
    pub fn or_id(&self, id: impl Display) -> String {
        let id = id.to_string();
        self.0.get(&id).map_or(id, ToString::to_string)
    }
}

impl<I: Display> FromIterator<(I, Name)> for Names {
    fn from_iter<T: IntoIterator<Item = (I, Name)>>(named: T) -> Self {
        Self(named.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
    }
}

/// Ids whose names are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// People.
    pub users: BTreeSet<UserId>,
    /// Credentials.
    pub credentials: BTreeSet<CredentialId>,
    /// Namespaces, the organization among them.
    pub namespaces: BTreeSet<NamespaceId>,
    /// Roles.
    pub roles: BTreeSet<RoleId>,
}

impl Wanted {
    /// Also whoever this is.
    pub fn caller(&mut self, caller: CallerId) {
        match caller {
            CallerId::User(id) => drop(self.users.insert(id)),
            CallerId::Credential(id) => drop(self.credentials.insert(id)),
            CallerId::Anonymous | CallerId::System => {}
        }
    }

    /// Also whatever this is the id of, if it is one.
    pub fn id(&mut self, text: &str) {
        self.users.extend(text.parse::<UserId>());
        self.credentials.extend(text.parse::<CredentialId>());
        self.namespaces.extend(text.parse::<NamespaceId>());
        self.roles.extend(text.parse::<RoleId>());
    }
}

/// The names of what stands on a page that the caller was shown.
pub async fn shown(app: &App, ctx: &Ctx, wanted: Wanted) -> Result<Names, OpError> {
    let organization = authority::organization(app, ctx)?;
    Ok(named(&mut app.store.read().await?, organization, wanted).await?)
}

/// The names of what the caller may read by itself: of all else they see the id alone.
pub async fn readable(app: &App, ctx: &Ctx, mut wanted: Wanted) -> Result<Names, OpError> {
    let organization = authority::organization(app, ctx)?;
    let may = |permission: &str, at: NamespaceId| authority::may(app, ctx, permission, at);
    let everybody = may("users:read", organization.into());
    let mut reader = app.store.read().await?;
    wanted.users.retain(|user| everybody || ctx.caller_id() == CallerId::User(*user));
    wanted.users = members(&mut reader, organization, wanted.users).await?;
    wanted.credentials.retain(|credential| credentials::may_read(app, ctx, *credential));
    wanted.namespaces.retain(|at| *at == organization.into() || may(at.kind().read(), *at));
    if !may("roles:read", organization.into()) {
        wanted.roles.clear();
    }
    Ok(named(&mut reader, organization, wanted).await?)
}

/// Those of the users who are members, or were: a membership that ended is still there to be read.
pub(super) async fn members(
    reader: &mut Reader,
    organization: OrganizationId,
    users: BTreeSet<UserId>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut known = BTreeSet::new();
    for user in users {
        if reader.membership(organization, user).await?.is_some() {
            known.insert(user);
        }
    }
    Ok(known)
}

/// Whoever asks makes sure that the users may be known in the organization.
pub(super) async fn named(
    reader: &mut Reader,
    organization: OrganizationId,
    wanted: Wanted,
) -> Result<Names, StoreError> {
    let mut names = BTreeMap::new();
    for user in reader.several_users(&Vec::from_iter(wanted.users)).await? {
        names.insert(user.id.to_string(), user.name);
    }
    for (id, name) in reader.several_credential_names(organization, &Vec::from_iter(wanted.credentials)).await? {
        names.insert(id.to_string(), name);
    }
    let whole = wanted.namespaces.contains(&organization.into());
    for namespace in reader.several_namespaces(organization, &Vec::from_iter(wanted.namespaces)).await? {
        names.insert(namespace.id.to_string(), namespace.name);
    }
    for id in wanted.roles {
        names.extend(reader.role(organization, id).await?.map(|role| (id.to_string(), role.name)));
    }
    if whole {
        names.extend(reader.organization(organization).await?.map(|own| (organization.to_string(), own.name)));
    }
    Ok(Names(names))
}

/// A namespace by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which one.
    pub id: NamespaceId,
    /// What it is called.
    pub name: Name,
    /// The application that it belongs to, of a workspace or a user group. What belongs to the organization itself has
    /// none: so are the two sorts of user groups told apart.
    pub application: Option<(NamespaceId, Name)>,
}

/// Who holds something, by their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// A person.
    User(User),
    /// A user group.
    UserGroup(Place),
    /// A credential.
    Credential(CredentialId, Name),
    /// Somebody who is gone meanwhile.
    Gone(Holder),
}

/// The names of namespaces, those of the applications that they belong to with them. What is gone is left out.
pub async fn places(
    reader: &mut Reader,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = NamespaceId>,
) -> Result<BTreeMap<NamespaceId, Place>, StoreError> {
    let wanted: BTreeSet<NamespaceId> = wanted.into_iter().collect();
    let ids: Vec<NamespaceId> = wanted.iter().copied().filter(|id| *id != organization.into()).collect();
    let found = reader.several_namespaces(organization, &ids).await?;
    let mut places = placed(reader, organization, found).await?;
    if wanted.contains(&organization.into())
        && let Some(record) = reader.organization(organization).await?
    {
        places.push(Place { id: organization.into(), name: record.name, application: None });
    }
    Ok(places.into_iter().map(|place| (place.id, place)).collect())
}

/// These namespaces by their names, in the order in which they are given.
pub async fn placed(
    reader: &mut Reader,
    organization: OrganizationId,
    namespaces: Vec<Namespace>,
) -> Result<Vec<Place>, StoreError> {
    let above: BTreeSet<NamespaceId> =
        namespaces.iter().map(|found| found.parent).filter(|parent| *parent != organization.into()).collect();
    let above = reader.several_namespaces(organization, &above.into_iter().collect::<Vec<_>>()).await?;
    let application = |parent| above.iter().find(|a| a.id == parent).map(|a| (a.id, a.name.clone()));
    let placed = namespaces.into_iter().map(|found| Place {
        application: application(found.parent),
        id: found.id,
        name: found.name,
    });
    Ok(placed.collect())
}

/// The names of those who hold something.
pub async fn holders(
    reader: &mut Reader,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = Holder>,
) -> Result<BTreeMap<Holder, Called>, StoreError> {
    let wanted: BTreeSet<Holder> = wanted.into_iter().collect();
    let (mut users, mut groups, mut credentials) = (Vec::<UserId>::new(), Vec::new(), Vec::new());
    for holder in &wanted {
        match *holder {
            Holder::User(id) => users.push(id),
            Holder::UserGroup(id) => groups.push(NamespaceId::from(id)),
            Holder::Credential(id) => credentials.push(id),
        }
    }
    let mut called: BTreeMap<Holder, Called> =
        wanted.into_iter().map(|holder| (holder, Called::Gone(holder))).collect();
    for user in reader.several_users(&users).await? {
        called.insert(Holder::User(user.id), Called::User(user));
    }
    for (id, place) in places(reader, organization, groups).await? {
        if let NamespaceId::UserGroup(group) = id {
            called.insert(Holder::UserGroup(group), Called::UserGroup(place));
        }
    }
    for (id, name) in reader.several_credential_names(organization, &credentials).await? {
        called.insert(Holder::Credential(id), Called::Credential(id, name));
    }
    Ok(called)
}

#[cfg(test)]
mod tests;
