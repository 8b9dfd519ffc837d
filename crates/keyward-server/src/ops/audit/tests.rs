use super::*;
use keyward_core::entropy::Seeded;
use keyward_store::{Verified, Writer};

use crate::ops::testing::{START, TestApp, at, name};
use crate::ops::{namespaces, users};

fn signed(ring: &KeyRing, count: u64) -> Checkpoint {
    let (_, key) = ring.current_signing_key(SignPurpose::AuditCheckpoint);
    let state = Verified { count, head: [1; 32] };
    Checkpoint::sign(Scope::Deployment, state, Timestamp::EPOCH, key).unwrap()
}

fn ring(seed: u64) -> KeyRing {
    KeyRing::generate(Timestamp::EPOCH, &mut Seeded::new(seed)).unwrap()
}

#[test]
fn a_log_without_checkpoints_is_checked_all_the_same() {
    let groups = by_key(&ring(1), Vec::new(), Vec::new()).unwrap();
    assert_eq!(groups.into_values().collect::<Vec<_>>(), [Vec::new()]);
}

#[test]
fn checkpoints_of_every_version_of_the_ring_count_once() {
    let mut ring = ring(1);
    let old = signed(&ring, 3);
    let version = ring.add(Timestamp::EPOCH, &mut Seeded::new(2)).unwrap();
    ring.promote(version).unwrap();
    let new = signed(&ring, 5);
    let groups = by_key(&ring, vec![old.clone()], vec![old.clone(), new.clone()]).unwrap();
    assert_eq!(groups.get(&old.public_key), Some(&vec![old]));
    assert_eq!(groups.get(&new.public_key), Some(&vec![new]));
    assert_eq!(groups.len(), 2);
}

#[test]
fn what_a_stranger_signed_proves_nothing() {
    let stranger = signed(&ring(9), 4);
    assert_eq!(by_key(&ring(1), vec![stranger.clone()], Vec::new()), Err(4));
    let groups = by_key(&ring(1), Vec::new(), vec![stranger]).unwrap();
    assert_eq!(groups.into_values().flatten().count(), 0);
}

#[test]
fn checkpoints_are_appended_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(CHECKPOINT_FILE);
    append(path.clone(), "one\n").unwrap();
    append(path.clone(), "two\nthree\n").unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\nthree\n");
}

async fn with_entries() -> (TestApp, Ctx) {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    for number in 1..=3 {
        namespaces::create_application(&app, &ctx, name(&format!("Shop {number}"))).await.unwrap();
    }
    // And one that is refused.
    let taken = namespaces::create_application(&app, &ctx, name("shop 1")).await.unwrap_err();
    assert_eq!(taken.code, ErrorCode::NameTaken);
    (app, ctx)
}

fn operations(recorded: &[Recorded]) -> Vec<(String, bool)> {
    let of = |recorded: &Recorded| {
        let entry = recorded.entry().unwrap();
        (entry.operation, entry.outcome == keyward_core::audit::Outcome::Done)
    };
    recorded.iter().map(of).collect()
}

#[tokio::test]
async fn a_log_is_listed_newest_first_and_exported_whole() {
    let (app, ctx) = with_entries().await;
    let everything = AuditFilter::default();
    let first = list(&app, &ctx, Log::Organization, &everything, None, 2).await.unwrap();
    let created = |done| ("apps.create".to_owned(), done);
    assert_eq!(operations(&first), [created(false), created(true)]);
    let rest = list(&app, &ctx, Log::Organization, &everything, Some(first[1].position), 10).await.unwrap();
    assert_eq!(operations(&rest), [created(true), created(true)]);
    let mut export = export(&app, &ctx, Log::Organization, everything).unwrap();
    let exported = export.next().await.unwrap().unwrap();
    assert_eq!(exported, [first, rest].concat());
    assert_eq!(export.next().await.unwrap(), None);
}

#[tokio::test]
async fn the_deployments_log_is_for_operators() {
    let (app, admin) = TestApp::set_up().await;
    let (_, grace) = app.member(&admin, "grace@example.com", true).await;
    let of = async |caller| {
        let found = list(&app, &at(START, caller), Log::Deployment, &AuditFilter::default(), None, 10).await;
        found.map(|found| found.len()).map_err(|error| error.code)
    };
    assert!(of(admin.caller.clone()).await.unwrap() > 0);
    assert_eq!(of(grace).await, Err(ErrorCode::OperatorRequired));
}

#[tokio::test]
async fn a_log_is_for_those_who_may_read_it() {
    let (app, admin) = TestApp::set_up().await;
    let (_, grace) = app.member(&admin, "grace@example.com", false).await;
    let found = list(&app, &at(START, grace), Log::Organization, &AuditFilter::default(), None, 10).await;
    assert_eq!(found.unwrap_err().code, ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn an_intact_log_is_proved_against_its_checkpoints() {
    let (app, ctx) = with_entries().await;
    let mut signed = BTreeMap::new();
    let made = checkpoint(&app, START, &mut signed).await.unwrap();
    assert_eq!(made.len(), 2, "the deployment's and the organization's");
    assert_eq!(checkpoint(&app, START, &mut signed).await.unwrap(), [], "nothing has grown");
    users::suspend(&app, &ctx, keyward_core::id::UserId::from_bits(1)).await.unwrap_err();
    assert_eq!(checkpoint(&app, START, &mut signed).await.unwrap().len(), 1);
    let verification = verify(&app, &ctx, Log::Organization, Vec::new()).await.unwrap();
    assert_eq!((verification.entries, verification.checkpoints, verification.fault), (5, 2, None));
    assert!(verification.head.is_some());
}

#[tokio::test]
async fn a_log_that_was_cut_is_found_by_a_checkpoint_kept_elsewhere() {
    let (app, ctx) = with_entries().await;
    let made = checkpoint(&app, START, &mut BTreeMap::new()).await.unwrap();
    let kept: Vec<_> = made.into_iter().filter(|kept| kept.scope != Scope::Deployment).collect();
    // Everything that the database knows of the last entry, and of the checkpoint, goes.
    app.store
        .side_write(async |writer: &mut Writer| {
            writer.exec("DELETE FROM audit_checkpoints", ()).await?;
            writer.exec("DELETE FROM audit WHERE scope <> 'deployment' AND position = 4", ()).await?;
            let sql = "UPDATE audit_heads SET count = 3, hash = (SELECT hash FROM audit WHERE scope <> 'deployment'
                AND position = 3) WHERE scope <> 'deployment'";
            writer.exec(sql, ()).await
        })
        .await
        .map_err(|e: StoreError| e)
        .unwrap();
    assert_eq!(verify(&app, &ctx, Log::Organization, Vec::new()).await.unwrap().fault, None);
    let fault = verify(&app, &ctx, Log::Organization, kept).await.unwrap().fault.unwrap();
    assert_eq!((fault.position, fault.entry), (4, None));
    assert!(fault.message.contains("cut off"), "{}", fault.message);
}

#[tokio::test]
async fn those_of_whom_a_log_tells_are_named_unless_they_are_strangers() {
    let (app, ctx) = with_entries().await;
    let Caller::Session(SignedIn { user: ada, .. }) = ctx.caller else { panic!("{ctx:?}") };
    let stranger = keyward_core::id::UserId::from_bits(77);
    let put = async move |tx: &mut keyward_store::Tx| {
        let user = keyward_core::user::User {
            id: stranger,
            email: "mallory@example.com".to_owned(),
            name: name("Mallory"),
            operator: false,
            created_at: START,
            updated_at: START,
        };
        tx.put_user(&user).await?;
        Ok::<_, StoreError>(((), entry_of("users.invite")))
    };
    app.store.write(Scope::Deployment, put).await.unwrap();
    users::suspend(&app, &ctx, stranger).await.unwrap_err();

    let recorded = list(&app, &ctx, Log::Organization, &AuditFilter::default(), None, 10).await.unwrap();
    let entries: Vec<_> = recorded.iter().map(|recorded| recorded.entry().unwrap()).collect();
    assert_eq!(entries[0].target, Some(stranger.to_string()));
    let names = names(&app, &ctx, &entries).await.unwrap();
    assert_eq!(names.get(stranger), None);
    assert_eq!(names.or_id(ada), "Ada");
    let shop = entries[2].target.clone().unwrap();
    assert_eq!(names.or_id(&shop), "Shop 3");

    let found = async |text: &str| matching(&app, &ctx, text).await.unwrap();
    assert_eq!(found("shop 3").await, ["shop 3".to_owned(), shop.clone()]);
    assert_eq!(found("ADMIN@").await, ["ADMIN@".to_owned(), ada.to_string()]);
    assert_eq!(found("mallory").await, ["mallory"]);
    assert_eq!(found(&shop).await, [shop]);
    assert_eq!(found("system").await, ["system"]);
}

fn entry_of(operation: &str) -> keyward_core::audit::AuditEntry {
    keyward_core::audit::AuditEntry {
        id: AuditId::from_bits(5),
        at: START,
        operation: operation.to_owned(),
        caller: keyward_core::credential::CallerId::System,
        target: None,
        outcome: keyward_core::audit::Outcome::Done,
        details: serde_json::Map::new(),
        request: None,
        source: None,
    }
}
