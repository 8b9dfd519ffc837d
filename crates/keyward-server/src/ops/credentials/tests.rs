use keyward_core::audit::Outcome;
use keyward_core::decision::{Purpose, Request};
use keyward_core::namespace::NamespaceId;
use keyward_store::Scope;

use super::*;
use crate::ops::admission;
use crate::ops::context::Ctx;
use crate::ops::presented::{Carried, Travelled};
use crate::ops::testing::{START, TestApp, at, first, name};
use crate::ops::{grants, namespaces, roles, setup};

/// A node with an application key in one application of two, and who made them.
struct World {
    app: TestApp,
    ctx: Ctx,
    home: NamespaceId,
    other: NamespaceId,
    account: NamespaceId,
    key: CredentialId,
    public_id: String,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let first = setup::First { profiles: vec!["gigya".to_owned()], ..first("admin@example.com") };
        let done = setup::init(&app, &at(START, Caller::System), first).await.unwrap().value;
        let ctx = at(START, app.sign_in("admin@example.com").await);
        let place = |text| namespaces::create_application(&app, &ctx, name(text));
        let home = place("Home").await.unwrap().value.id;
        let other = place("Other").await.unwrap().value.id;
        let issued = create(&app, &ctx, request(home, vec![group("_read_only", home)])).await.unwrap().value;
        let Credential { id, public_id, .. } = issued.held.credential;
        Self { app, ctx, home, other, account: done.organization.unwrap().into(), key: id, public_id }
    }

    async fn edit(&self, roles: Vec<RoleChoice>) -> Result<Held, OpError> {
        let request = EditRequest { roles: Some(roles), ..EditRequest::default() };
        edit(&self.app, &self.ctx, self.key, request).await.map(|done| done.value)
    }

    async fn import(&self, roles: Vec<RoleChoice>) -> Result<Held, OpError> {
        import(&self.app, &self.ctx, self.public_id.clone(), self.other, roles).await.map(|done| done.value)
    }
}

fn request(home: NamespaceId, roles: Vec<RoleChoice>) -> Create {
    Create {
        kind: "application_key".to_owned(),
        name: name("Application"),
        namespace: Some(home),
        roles,
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    }
}

fn group(role: &str, place: NamespaceId) -> RoleChoice {
    RoleChoice { role: role.to_owned(), namespace: Some(place) }
}

/// What it holds, and where: the groups by name.
fn held_at(held: &Held, place: NamespaceId) -> Vec<&str> {
    held.grants.iter().filter(|(grant, _)| grant.namespace == place).map(|(_, name)| name.as_str()).collect()
}

#[tokio::test]
async fn a_kind_of_one_group_holds_one_role_at_each_place() {
    let world = World::start().await;
    let several = vec![group("_read_only", world.home), group("_customer_service", world.home)];
    for roles in [Vec::new(), several.clone()] {
        let refused = create(&world.app, &world.ctx, request(world.home, roles)).await.map(drop).unwrap_err();
        assert_eq!(refused.code, ErrorCode::WrongRoles);
    }
    assert_eq!(world.edit(several.clone()).await.unwrap_err().code, ErrorCode::WrongRoles);
    // An import is into one place, whatever its roles say.
    assert_eq!(world.import(several).await.unwrap_err().code, ErrorCode::WrongRoles);
    world.import(vec![group("_customer_service", world.home)]).await.unwrap();
    let (held, _) = get(&world.app, &world.ctx, world.key).await.unwrap();
    assert_eq!(held_at(&held, world.home), ["_read_only"]);
    assert_eq!(held_at(&held, world.other), ["_customer_service"]);

    let holder = Holder::Credential(world.key);
    let grant = |role: &str, place| grants::create(&world.app, &world.ctx, holder, role.to_owned(), Some(place));
    assert_eq!(grant("_adminGroup", world.home).await.unwrap_err().code, ErrorCode::WrongRoles);
    assert_eq!(grant("_read_only", world.home).await.unwrap_err().code, ErrorCode::AlreadyGranted);
    grant("_read_only", world.account).await.unwrap();
}

#[tokio::test]
async fn another_group_at_one_place_leaves_the_others() {
    let world = World::start().await;
    world.import(vec![group("_customer_service", world.other)]).await.unwrap();
    let edited = world.edit(vec![group("_no_permissions", world.home)]).await.unwrap();
    assert_eq!(held_at(&edited, world.home), ["_no_permissions"]);
    assert_eq!(held_at(&edited, world.other), ["_customer_service"], "what an importer chose stays");
    let edited = world.edit(vec![group("_read_only", world.other), group("_read_only", world.account)]).await.unwrap();
    assert_eq!(held_at(&edited, world.home), ["_no_permissions"]);
    assert_eq!(held_at(&edited, world.other), ["_read_only"]);
    assert_eq!(held_at(&edited, world.account), ["_read_only"]);
}

#[tokio::test]
async fn rights_at_a_place_are_those_of_the_group_there() {
    let world = World::start().await;
    let rights = |ctx: &Ctx, place| rights(&world.app, ctx, world.key, place).map(|rights| rights.granted);
    let here = rights(&world.ctx, world.home).unwrap();
    assert!(here.covers("accounts:search") && !here.covers("accounts:setAccountInfo"));
    assert!(!rights(&world.ctx, world.other).unwrap().covers("accounts:search"));
    let anonymous = at(START, Caller::Anonymous);
    assert_eq!(rights(&anonymous, world.home).unwrap_err().code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_role_is_found_by_name_or_id() {
    let world = World::start().await;
    let find = async |text: &str| roles::find(&world.app, &world.ctx, text).await.unwrap().map(|role| role.id);
    let id = find("_READ_only").await.unwrap();
    assert_eq!(find(&id.to_string()).await, Some(id));
    assert_eq!(find("nothing").await, None);
    let anonymous = at(START, Caller::Anonymous);
    assert_eq!(roles::find(&world.app, &anonymous, "x").await.unwrap_err().code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_secret_is_shown_again_to_people_who_have_just_signed_in_and_that_is_recorded() {
    let world = World::start().await;
    let at_time = |seconds: u64| at(START.plus(Duration::from_secs(seconds)), world.ctx.caller.clone());
    let fresh = FRESH_SIGN_IN.as_secs();
    let shown = reveal(&world.app, &at_time(fresh), world.key).await.unwrap().value;
    let secret = shown.secret.unwrap();

    let refused = |result: Result<Done<Issued>, OpError>| result.map(drop).unwrap_err().code;
    let late = reveal(&world.app, &at_time(fresh + 1), world.key).await;
    assert_eq!(refused(late), ErrorCode::FreshSignInRequired);
    assert_eq!(refused(reveal(&world.app, &at(START, Caller::Anonymous), world.key).await), ErrorCode::Unauthenticated);
    // Not even a key that may do everything: what it was given, it has; what others were given is not for it.
    let mighty = request(world.home, vec![group("_adminGroup", world.home)]);
    let mighty = create(&world.app, &world.ctx, Create { name: name("Mighty"), ..mighty }).await.unwrap().value;
    let by = Travelled::Form("userKey".to_owned(), "secret".to_owned());
    let carried = Carried::Pair(mighty.held.credential.public_id, mighty.secret.unwrap(), by);
    let question = Request {
        permission: None,
        namespace: None,
        groups: &[],
        source: None,
        secure: true,
        purpose: Purpose::Direct,
    };
    let identity = admission::admit(&world.app, &world.ctx, &carried, &question).await.unwrap();
    let by_key = at(START, Caller::Credential(identity));
    assert_eq!(refused(reveal(&world.app, &by_key, world.key).await), ErrorCode::SessionRequired);

    let NamespaceId::Organization(organization) = world.account else { panic!("an account is an organization") };
    let mut reader = world.app.store.read().await.unwrap();
    let log = reader.audit_after(Scope::Organization(organization), 0, 100).await.unwrap();
    let entries: Vec<_> = log.iter().map(|recorded| recorded.entry().unwrap()).collect();
    let outcomes: Vec<_> = entries.iter().filter(|e| e.operation == "credentials.reveal").map(|e| &e.outcome).collect();
    let no = |code: ErrorCode| Outcome::Refused(code.as_str().to_owned());
    assert_eq!(
        outcomes,
        [&Outcome::Done, &no(ErrorCode::FreshSignInRequired), &no(ErrorCode::SessionRequired)],
        "nobody's act is nobody's"
    );
    assert!(!serde_json::to_string(&entries).unwrap().contains(secret.expose()));
}
