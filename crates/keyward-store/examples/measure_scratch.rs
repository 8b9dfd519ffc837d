#[cfg(not(feature = "testing"))]
fn main() {}

#[cfg(feature = "testing")]
#[tokio::main]
async fn main() {
    use keyward_core::audit::{AuditEntry, Outcome};
    use keyward_core::credential::*;
    use keyward_core::digest::{Digest, PepperVersion};
    use keyward_core::id::*;
    use keyward_core::name::Name;
    use keyward_core::organization::Organization;
    use keyward_core::time::Timestamp;
    use keyward_store::testing::TestStore;
    use keyward_store::*;
    let org = OrganizationId::from_bits(1);
    let t = Timestamp::from_seconds(1);
    let entry = move || AuditEntry { id: AuditId::from_bits(1), at: t, operation: "x".into(), caller: CallerId::System, target: None, outcome: Outcome::Done, details: Default::default(), request: None, source: None };
    let pg = std::env::args().nth(1).as_deref() == Some("pg");
    let store = if pg { TestStore::postgres().await } else { TestStore::sqlite().await };
    let r: Result<_, StoreError> = store.write(Scope::Organization(org), async move |tx| {
        tx.put_organization(&Organization { id: org, name: Name::new("o").unwrap(), profiles: vec![], sources: vec![], suspended_at: None, created_at: t, updated_at: t }).await?;
        Ok(((), entry()))
    }).await;
    r.unwrap();
    let begin = std::time::Instant::now();
    for from in (0..100_000_u128).step_by(500) {
        let r: Result<_, StoreError> = store.write(Scope::Organization(org), async move |tx| {
            for n in from..(from + 500) {
                let id = CredentialId::from_bits(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
                tx.put_credential(&Credential { id, organization: org, kind: "keyward/api".parse().unwrap(), name: Name::new(&format!("Name {n}")).unwrap(), public_id: format!("kw_{n:016}"), namespace: org.into(), owner: Some(UserId::from_bits(n)), created_by: CallerId::User(UserId::from_bits(n)), created_at: t, updated_at: t, state: State::Active, generation: 1, expires_at: Some(t), sources: vec![], denied: Default::default(), slots: vec![Slot { number: 1, digest: Digest { pepper: PepperVersion::new(1), bytes: [1; 32] }, sealed: None, created_at: t, ends_at: None }] }, None).await?;
            }
            Ok(((), entry()))
        }).await;
        r.unwrap();
    }
    eprintln!("insert 100k: {:?}", begin.elapsed());
    for _ in 0..5 {
        let begin = std::time::Instant::now();
        let cpu = || { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.split(' ').collect(); f[13].parse::<u64>().unwrap() + f[14].parse::<u64>().unwrap() };
        let before = cpu();
        let (_, changes) = store.snapshot().await.unwrap();
        eprintln!("snapshot {}: {:?} cpu {}0ms", changes.len(), begin.elapsed(), cpu() - before);
    }
    for by in [SortBy::Name, SortBy::CreatedAt, SortBy::LastUsedAt, SortBy::ExpiresAt] {
        let sort = CredentialSort { by, order: Order::Descending };
        let begin = std::time::Instant::now();
        let mut reader = store.read().await.unwrap();
        let page = reader.credentials(org, &CredentialFilter::default(), sort, &Page::first(50), t).await.unwrap();
        let first = begin.elapsed();
        let begin = std::time::Instant::now();
        let next = Page { after: Some(page[49].cursor(sort)), limit: 50 };
        reader.credentials(org, &CredentialFilter::default(), sort, &next, t).await.unwrap();
        eprintln!("{by:?}: {first:?} then {:?}", begin.elapsed());
    }
}
