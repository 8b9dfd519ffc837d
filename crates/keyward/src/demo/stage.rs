//! Who acts in the stories, and what is set up for them without being told.

use keyward_api::id::{ApplicationId, OrganizationId, UserId, WorkspaceId};
use keyward_api::invitations::AcceptInvitation;
use keyward_api::namespaces::{App, CreateApp, CreateWorkspace};
use keyward_api::organizations::CreateOrganization;
use keyward_api::roles::RoleAt;
use keyward_api::sessions::CreateSession;
use keyward_api::users::InviteUser;
use keyward_api::{Name, SecretText};
use keyward_client::Client;
use keyward_core::entropy::Entropy as _;
use keyward_server::entropy::OsEntropy;

use super::wire::Wire;
use crate::failure::Failure;

/// Who acts in the stories, and where.
pub(super) struct Stage {
    /// Nobody, at the server.
    pub(super) nobody: Client,
    /// The first operator, super admin of every organization.
    pub(super) operator: Client,
    pub(super) email: String,
    pub(super) password: SecretText,
    pub(super) organization: OrganizationId,
    /// The way of the vendors' clients.
    pub(super) wire: Wire,
}

/// Somebody who was invited, and is signed in.
pub(super) struct Member {
    pub(super) id: UserId,
    pub(super) client: Client,
}

impl Stage {
    /// An organization on a profile, and the operator as its super admin.
    pub(super) async fn organization(&self, called: &str, profile: &str) -> Result<(OrganizationId, Client), Failure> {
        let wanted = CreateOrganization {
            name: name(called)?,
            profiles: vec![profile.to_owned()],
            super_admin: self.email.clone(),
        };
        let id = self.operator.organizations().create(&wanted).await?.into_inner().organization.id;
        Ok((id, self.operator.with_organization(id)))
    }

    /// Somebody whom the admin of an organization invites.
    pub(super) async fn member(&self, admin: &Client, called: &str, roles: Vec<RoleAt>) -> Result<Member, Failure> {
        let email = format!("{}@example.com", called.to_lowercase());
        let invited = InviteUser { email: email.clone(), super_admin: false, roles };
        let token = admin.users().invite(&invited).await?.into_inner().token;
        let secret = password();
        let accepted = AcceptInvitation { token, name: Some(name(called)?), password: again(&secret), code: None };
        let id = self.nobody.invitations().accept(&accepted).await?.into_inner().user;
        let session = CreateSession { email, password: secret, code: None };
        let session = self.nobody.sessions().create(&session).await?.into_inner();
        Ok(Member { id, client: self.nobody.with_token(session.token) })
    }
}

/// An application.
pub(super) async fn app(admin: &Client, called: &str) -> Result<App, Failure> {
    Ok(admin.apps().create(&CreateApp { name: name(called)? }).await?.into_inner())
}

/// A workspace in an application.
pub(super) async fn workspace(admin: &Client, called: &str, app: ApplicationId) -> Result<WorkspaceId, Failure> {
    Ok(admin.workspaces().create(&CreateWorkspace { name: name(called)?, app }).await?.into_inner().id)
}

/// 144 random bits that can be typed.
pub(super) fn password() -> SecretText {
    let mut bytes = [0; 24];
    OsEntropy.fill(&mut bytes);
    // 64 characters, so that six bits of each byte choose one without a bias.
    let characters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)).copied().map(char::from));
    SecretText::new(characters.collect())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";

/// A second copy: the demo prints its secrets anyway.
pub(super) fn again(secret: &SecretText) -> SecretText {
    SecretText::new(secret.expose().to_owned())
}

pub(super) fn name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|error| Failure::local(error.to_string()))
}
