use std::time::Instant;
use model::*;
use store::*;

async fn run(url: &StoreUrl) {
    let at = Moment::parse("2025-03-01").unwrap();
    let store = store::open(url).await.unwrap();
    let t = Instant::now();
    for batch in 0..10u32 {
        let range = batch * 100_000..(batch + 1) * 100_000;
        let t = Instant::now();
        let flush = Flush {
            profiles: range.clone().map(|n| NewProfile { profile: ProfileId(n), collection: Collection::Users, created_at: at }).collect(),
            identifiers: range.clone().map(|n| AttachedIdentifier {
                identifier: Identifier { kind: IdentifierKind::new(if n % 3 == 0 { "email" } else { "anonymous_id" }), value: format!("{:016x}@example.com", u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15)) },
                profile: ProfileId(n), first_seen_at: at }).collect(),
            merges: range.clone().skip(1).step_by(10).map(|n| Merge { winner: ProfileId(n - 1), loser: ProfileId(n), merged_at: at }).collect(),
            ..Flush::default()
        };
        store.flush(&flush).await.unwrap();
        eprintln!("  flush {batch}: {:?}", t.elapsed());
    }
    eprintln!("flush 1M: {:?}", t.elapsed());
    let t = Instant::now();
    let people = store.people().await.unwrap();
    eprintln!("people: {:?} {}", t.elapsed(), people.sightings.values().map(Vec::len).sum::<usize>());
    let ids: Vec<_> = (0..100_000u32).map(|n| n * 7).map(|n| Identifier { kind: IdentifierKind::new(if n % 3 == 0 { "email" } else { "anonymous_id" }), value: format!("{:016x}@example.com", u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15)) }).collect();
    let t = Instant::now();
    let found = store.find_profiles(&ids).await.unwrap();
    eprintln!("find 100k: {:?} {}", t.elapsed(), found.len());
    let profiles: Vec<_> = (0..100_000u32).map(|n| people.survivor(ProfileId(n * 3))).collect();
    let t = Instant::now();
    store.identities(&profiles).await.unwrap();
    eprintln!("identities 100k: {:?}", t.elapsed());
    let (a, d) = (AudienceKey::parse("a").unwrap(), DestinationKey::parse("d").unwrap());
    let rows: Vec<_> = (0..1_000_000u32).map(|n| LedgerRow { profile: ProfileId(n), schema: "EXTERN_ID,EMAIL".into(), cells: format!("[\"{n:064x}\",\"{n:064x}\"]"), state: LedgerState::PendingAdd, session_id: Some(7), reason: None, updated_at: at }).collect();
    let t = Instant::now();
    for chunk in rows.chunks(100_000) { store.change_ledger(&a, &d, &LedgerChange { upsert: chunk.to_vec(), delete: vec![] }).await.unwrap(); }
    eprintln!("ledger insert 1M: {:?}", t.elapsed());
    let t = Instant::now();
    for chunk in rows[..100_000].chunks(10_000) { store.change_ledger(&a, &d, &LedgerChange { upsert: chunk.to_vec(), delete: vec![] }).await.unwrap(); }
    eprintln!("ledger update 100k: {:?}", t.elapsed());
    let t = Instant::now();
    assert_eq!(store.ledger(&a, &d).await.unwrap().len(), 1_000_000);
    eprintln!("ledger read 1M: {:?}", t.elapsed());
    let t = Instant::now();
    store.change_ledger(&a, &d, &LedgerChange { upsert: vec![], delete: rows[..100_000].to_vec() }).await.unwrap();
    eprintln!("ledger delete 100k: {:?}", t.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn speed() {
    let folder = tempfile::tempdir().unwrap();
    eprintln!("sqlite"); run(&StoreUrl::SqliteFile(folder.path().join("x.db"))).await;
    eprintln!("size {}", std::fs::metadata(folder.path().join("x.db")).unwrap().len());
    if let Ok(url) = std::env::var("MUSTER_TEST_POSTGRES_URL") { eprintln!("postgres"); run(&StoreUrl::Postgres(url)).await; }
}
