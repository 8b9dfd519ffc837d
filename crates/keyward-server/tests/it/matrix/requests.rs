//! A valid request for every operation, about things that were made for it.

use keyward_api::operations::Operation;
use serde_json::{Value, json};

use super::world::{Who, World, credential};
use crate::harness::PASSWORD;

/// A request, by whomever.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Request {
    /// Whether the body names something that belongs to an organization.
    pub(crate) fn body_names_records(&self) -> bool {
        let prefixes = ["org_", "app_", "ws_", "ugrp_", "usr_", "cred_", "role_", "grant_"];
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        body.split('"').any(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
    }
}

/// A request that the super admin (or, where that is not enough, an operator) may make.
pub(crate) async fn request(operation: &Operation, world: &World) -> Request {
    let (parameters, body) = match operation.id.split_once('.').map(|(resource, _)| resource) {
        Some("setup" | "sessions" | "invitations") => entrance(operation.id, world).await,
        Some("organizations") => organizations(operation.id, world).await,
        Some("apps" | "workspaces" | "usergroups") => namespaces(operation.id, world).await,
        Some("users" | "roles" | "grants") => people(operation.id, world).await,
        Some("credentials" | "access") => credentials(operation.id, world).await,
        _ => reports(operation.id),
    };
    assert_eq!(parameters.len(), operation.parameters().count(), "`{}` takes other parameters", operation.id);
    let mut parameters = parameters.into_iter();
    let segment =
        |segment: &str| if segment.starts_with('{') { parameters.next().unwrap() } else { segment.to_owned() };
    let path = operation.path.split('/').map(segment).collect::<Vec<_>>().join("/");
    Request { method: operation.method.as_str(), path, body }
}

type Parts = (Vec<String>, Option<Value>);

async fn entrance(id: &str, world: &World) -> Parts {
    match id {
        "setup.create" => {
            let token = world.server.setup_token();
            (vec![], Some(json!({ "token": token, "email": world.email(), "name": "Eve", "password": PASSWORD })))
        }
        "sessions.create" => (vec![], Some(json!({ "email": "sam@example.com", "password": PASSWORD }))),
        "sessions.list" | "sessions.get" | "sessions.others.delete" | "invitations.list" => (vec![], None),
        "sessions.delete" => (vec![world.fresh_session().await], None),
        "invitations.withdraw" => (vec![world.open_invitation().await.id("/id")], None),
        "invitations.accept" => {
            let token = world.fresh_invitation().await;
            (vec![], Some(json!({ "token": token, "name": world.name(), "password": PASSWORD })))
        }
        _ => missing(id),
    }
}

async fn organizations(id: &str, world: &World) -> Parts {
    match id {
        "organizations.list" => (vec![], None),
        "organizations.get" => (vec![world.organization.clone()], None),
        "organizations.create" => {
            let body = json!({ "name": world.name(), "profiles": ["keyward"], "super_admin": world.email() });
            (vec![], Some(body))
        }
        "organizations.edit" => (vec![world.organization.clone()], Some(json!({ "name": world.name() }))),
        "organizations.suspend" => (vec![world.fresh_organization().await], None),
        "organizations.resume" => {
            let organization = world.fresh_organization().await;
            let path = format!("/v1/organizations/{organization}/suspend");
            world.done_as(Who::Operator, "POST", &path, json!({})).await;
            (vec![organization], None)
        }
        _ => missing(id),
    }
}

async fn namespaces(id: &str, world: &World) -> Parts {
    let renamed = || Some(json!({ "name": world.name() }));
    match id {
        "apps.list" | "workspaces.list" | "usergroups.list" => (vec![], None),
        "apps.create" => (vec![], renamed()),
        "workspaces.create" | "usergroups.create" => (vec![], Some(json!({ "name": world.name(), "app": world.app }))),
        "apps.get" => (vec![world.app.clone()], None),
        "apps.edit" => (vec![world.app.clone()], renamed()),
        "apps.delete" => (vec![world.fresh_app().await], None),
        "workspaces.get" => (vec![world.workspace.clone()], None),
        "workspaces.edit" => (vec![world.workspace.clone()], renamed()),
        "workspaces.delete" => (vec![world.fresh_workspace().await], None),
        "usergroups.get" | "usergroups.members.list" => (vec![world.group.clone()], None),
        "usergroups.edit" => (vec![world.group.clone()], renamed()),
        "usergroups.delete" => (vec![world.fresh_group().await], None),
        "usergroups.members.add" => (vec![world.fresh_group().await, world.member().to_owned()], None),
        "usergroups.members.remove" => {
            let (group, member) = (world.fresh_group().await, world.member().to_owned());
            world.done("PUT", &format!("/v1/usergroups/{group}/members/{member}"), json!({})).await;
            (vec![group, member], None)
        }
        _ => missing(id),
    }
}

async fn people(id: &str, world: &World) -> Parts {
    match id {
        "users.list"
        | "roles.list"
        | "grants.list"
        | "users.factor.get"
        | "users.factor.begin"
        | "users.factor.renew"
        | "users.factor.remove" => (vec![], None),
        "users.invite" => (vec![], Some(json!({ "email": world.email() }))),
        // The same again, so that everybody can sign in to be asked more.
        "users.password" => (vec![], Some(json!({ "current": PASSWORD, "new": PASSWORD }))),
        "users.profile" => (vec![], Some(json!({ "name": world.name() }))),
        "users.factor.confirm" => (vec![], Some(json!({ "code": "not one" }))),
        "users.edit" => (vec![world.fresh_member().await], Some(json!({ "super_admin": true }))),
        "users.get" | "users.suspend" | "users.remove" => (vec![world.fresh_member().await], None),
        "users.enable" => {
            let member = world.fresh_member().await;
            world.done("POST", &format!("/v1/users/{member}/suspend"), json!({})).await;
            (vec![member], None)
        }
        "roles.get" => (vec![world.role.clone()], None),
        "roles.create" => (vec![], Some(json!({ "name": world.name(), "patterns": ["items:read"] }))),
        "roles.edit" => (vec![world.fresh_role().await], Some(json!({ "patterns": ["items:edit"] }))),
        "roles.delete" => (vec![world.fresh_role().await], None),
        "roles.preview" => (vec![world.role.clone()], Some(json!({ "patterns": ["items:edit"] }))),
        "grants.create" => {
            let (holder, role) = (world.member(), world.fresh_role().await);
            (vec![], Some(json!({ "holder": holder, "role": role, "namespace": world.organization })))
        }
        "grants.delete" => (vec![world.fresh_grant().await], None),
        _ => missing(id),
    }
}

async fn credentials(id: &str, world: &World) -> Parts {
    match id {
        "credentials.list" => (vec![], None),
        "credentials.create" => (vec![], Some(credential(&world.name(), &[&world.organization]))),
        "credentials.get" | "credentials.disable" => (vec![world.fresh_credential().await], None),
        "credentials.edit" => (vec![world.fresh_credential().await], Some(json!({ "name": world.name() }))),
        "credentials.rotate" => (vec![world.fresh_credential().await], Some(json!({ "confirm": true }))),
        "credentials.revoke" => (vec![world.fresh_credential().await], Some(json!({}))),
        "credentials.enable" => {
            let credential = world.fresh_credential().await;
            world.done("POST", &format!("/v1/credentials/{credential}/disable"), json!({})).await;
            (vec![credential], None)
        }
        "credentials.reveal" => (vec![world.fresh_lab("shown", &world.organization).await.0], None),
        "credentials.import" => {
            let (_, public_id) = world.fresh_lab("moving", &world.app).await;
            (vec![], Some(json!({ "public_id": public_id, "namespace": world.fresh_app().await })))
        }
        "credentials.unlink" => {
            let (credential, public_id) = world.fresh_lab("moving", &world.app).await;
            let app = world.fresh_app().await;
            let import = json!({ "public_id": public_id, "namespace": app });
            world.done("POST", "/v1/credentials/import", import).await;
            (vec![credential], Some(json!({ "namespace": app })))
        }
        "credentials.verify" => (vec![], Some(json!({ "credential": world.token, "permission": "items:read" }))),
        "access.evaluate" => {
            let subject = json!({ "type": "credential", "id": "any", "properties": { "credential": world.token } });
            let resource = json!({ "type": "organization", "id": world.organization });
            (vec![], Some(json!({ "subject": subject, "action": { "name": "items:read" }, "resource": resource })))
        }
        _ => missing(id),
    }
}

fn reports(id: &str) -> Parts {
    match id {
        "audit.list" | "audit.export" | "audit.verify" | "usage.get" | "changes.list" | "profiles.list"
        | "deployment.get" => (vec![], None),
        "profiles.get" => (vec!["lab".to_owned()], None),
        "profiles.apply" => (vec!["lab".to_owned()], Some(json!({ "text": include_str!("lab.toml") }))),
        _ => missing(id),
    }
}

fn missing(id: &str) -> ! {
    panic!("there is no request for `{id}`: add one to `matrix/requests.rs`")
}
