//! Things that people name instead of copying their ids.

use keyward_api::id::{ApplicationId, RoleId, UserGroupId, UserId, WorkspaceId};
use keyward_api::namespaces::ListNamespaces;
use keyward_api::roles::{ListRoles, RoleAt};
use keyward_api::users::ListUsers;
use keyward_api::{NamespaceId, Page};
use keyward_client::{Answer, Client};

use crate::failure::Failure;

/// A namespace by its id, or by the name of an application, workspace or user group.
pub(crate) async fn namespace(client: &Client, text: &str) -> Result<NamespaceId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListNamespaces { name: Some(text.to_owned()), ..ListNamespaces::default() };
    let mut found: Vec<NamespaceId> = Vec::new();
    found.extend(apps(client, text, &named).await?.into_iter().map(NamespaceId::from));
    found.extend(workspaces(client, text, &named).await?.into_iter().map(NamespaceId::from));
    found.extend(usergroups(client, text, &named).await?.into_iter().map(NamespaceId::from));
    only("application, workspace or user group", text, &found)
}

/// An application by its id or its name.
pub(crate) async fn app(client: &Client, text: &str) -> Result<ApplicationId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListNamespaces { name: Some(text.to_owned()), ..ListNamespaces::default() };
    only("application", text, &apps(client, text, &named).await?)
}

/// A workspace by its id or its name.
pub(crate) async fn workspace(client: &Client, text: &str) -> Result<WorkspaceId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListNamespaces { name: Some(text.to_owned()), ..ListNamespaces::default() };
    only("workspace", text, &workspaces(client, text, &named).await?)
}

/// A user group by its id or its name.
pub(crate) async fn usergroup(client: &Client, text: &str) -> Result<UserGroupId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListNamespaces { name: Some(text.to_owned()), ..ListNamespaces::default() };
    only("user group", text, &usergroups(client, text, &named).await?)
}

/// A member by their id or e-mail address.
pub(crate) async fn user(client: &Client, text: &str) -> Result<UserId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListUsers { name: Some(text.to_owned()), ..ListUsers::default() };
    let found = client.users().list(&named).await?;
    only("member", text, &matching(found, text, |user| (user.id, user.email.clone())))
}

/// A role by its id or its name.
pub(crate) async fn role(client: &Client, text: &str) -> Result<RoleId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let named = ListRoles { name: Some(text.to_owned()), ..ListRoles::default() };
    let found = client.roles().list(&named).await?;
    only("role", text, &matching(found, text, |role| (role.id, role.name.to_string())))
}

/// Roles that are to be held, each as `ROLE` or `ROLE@NAMESPACE`.
pub(crate) async fn roles_at(client: &Client, texts: &[String]) -> Result<Vec<RoleAt>, Failure> {
    let mut roles = Vec::with_capacity(texts.len());
    for text in texts {
        let (role, place) = match text.rsplit_once('@') {
            Some((role, place)) => (role, Some(namespace(client, place).await?)),
            None => (text.as_str(), None),
        };
        let Ok(role) = role.parse();
        roles.push(RoleAt { role, namespace: place });
    }
    Ok(roles)
}

async fn apps(client: &Client, text: &str, named: &ListNamespaces) -> Result<Vec<ApplicationId>, Failure> {
    Ok(matching(client.apps().list(named).await?, text, |app| (app.id, app.name.to_string())))
}

async fn workspaces(client: &Client, text: &str, named: &ListNamespaces) -> Result<Vec<WorkspaceId>, Failure> {
    Ok(matching(client.workspaces().list(named).await?, text, |space| (space.id, space.name.to_string())))
}

async fn usergroups(client: &Client, text: &str, named: &ListNamespaces) -> Result<Vec<UserGroupId>, Failure> {
    Ok(matching(client.usergroups().list(named).await?, text, |group| (group.id, group.name.to_string())))
}

/// Those that are called exactly so, without regard to case; the server finds all that contain it.
fn matching<T, I>(page: Answer<Page<T>>, text: &str, key: impl Fn(&T) -> (I, String)) -> Vec<I> {
    let wanted = text.to_lowercase();
    let keys = page.into_inner().items.into_iter().map(|item| key(&item));
    keys.filter(|(_, name)| name.to_lowercase() == wanted).map(|(id, _)| id).collect()
}

fn only<I: Copy + std::fmt::Display>(what: &str, text: &str, found: &[I]) -> Result<I, Failure> {
    match found {
        [one] => Ok(*one),
        [] => Err(Failure::NotFound(format!("you can see no {what} called `{text}`: list them, or give an id"))),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Failure::Usage(format!("`{text}` names more than one {what}: give one of {}", ids.join(", "))))
        }
    }
}
