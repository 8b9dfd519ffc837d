//! What people call the things that ids name: for pages that show who holds what, and where.

use std::collections::{BTreeMap, BTreeSet};

use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::role::Holder;
use keyward_core::user::User;
use keyward_store::{Reader, StoreError};

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
