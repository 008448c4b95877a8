//! The generated year: fifty million events of a million profiles, the same on every machine.
//!
//! Activity is Zipf: a few profiles do much, most do little. Every number comes from a hash of its place, so no state
//! and no library decides what is generated. The words are those of `tests/bench/audiences.json`.

use std::ops::Range;

use lake::Lake;
use model::{Collection, EventName, Fact, FactKind, Identifier, IdentifierKind, MessageKey, Moment, ProfileId, SourceOrder, Value};
use store::{AttachedIdentifier, Flush, NewProfile, Store};

/// How much is generated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Events in all, spread evenly over the days.
    pub(crate) events: u64,
    /// Profiles.
    pub(crate) profiles: u32,
}

/// Days of history.
const DAYS: u64 = 365;
/// Where history begins: 2025-01-01 00:00 UTC. It ends 365 days later.
const BEGINS: Moment = Moment::from_micros(1_735_689_600_000_000);
const DAY_MICROS: u64 = 86_400_000_000;
const FLUSH_PROFILES: u32 = 50_000;

/// The moment the benchmark asks about: the end of the history.
pub(crate) const AS_OF: Moment = Moment::from_micros(1_735_689_600_000_000 + 365 * 86_400_000_000);

/// Event names and their share of all events, in per cent.
const EVENTS: [(&str, u64); 6] = [
    ("Page Viewed", 45),
    ("Product Viewed", 25),
    ("Product Added", 10),
    ("Email Opened", 10),
    ("Checkout Started", 6),
    ("Order Completed", 4),
];
const CATEGORIES: [&str; 12] =
    ["Accessories", "Bags", "Beauty", "Books", "Electronics", "Garden", "Home", "Kids", "Outdoor", "Shoes", "Sports", "Toys"];
const PAGES: [&str; 20] = [
    "About",
    "Account",
    "Blog",
    "Careers",
    "Cart",
    "Compare plans",
    "Contact",
    "Delivery",
    "FAQ",
    "Gift cards",
    "Help",
    "Home",
    "New in",
    "Offers",
    "Press",
    "Pricing",
    "Returns",
    "Search",
    "Stores",
    "Wish list",
];
const COUNTRIES: [&str; 15] = ["AT", "AU", "BR", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "NL", "SE", "US"];
const PLANS: [&str; 4] = ["free", "trial", "pro", "team"];

/// Fills an empty lake and store.
pub(crate) async fn generate(size: Size, lake: &Lake, store: &dyn Store, mut on_day: impl FnMut(u64)) -> anyhow::Result<()> {
    let mut first = 0;
    while first < size.profiles {
        let last = (first + FLUSH_PROFILES).min(size.profiles);
        store.flush(&profiles(first, last, lake)?).await?;
        first = last;
    }
    for day in 0..DAYS {
        let facts = day_of_events(size, day);
        store.flush(&Flush { segments: lake.write(&facts)?, ..Flush::default() }).await?;
        on_day(day);
    }
    Ok(())
}

/// Profiles and what is said about them on the first day, written into the lake.
pub(crate) fn profiles(first: u32, last: u32, lake: &Lake) -> anyhow::Result<Flush> {
    let mut flush = Flush::default();
    let mut facts = Vec::new();
    for number in first..last {
        let profile = ProfileId(number);
        let identifier = Identifier::parse(&IdentifierKind::new(IdentifierKind::USER_ID), &format!("u-{number}"))?;
        flush.profiles.push(NewProfile { profile, collection: Collection::Users, created_at: BEGINS });
        flush.identifiers.push(AttachedIdentifier { identifier, profile, first_seen_at: BEGINS, attached_at: BEGINS });
        let place = hash(u64::from(number), 1);
        let mut traits = vec![("country".to_owned(), Some(Value::from(skewed(&COUNTRIES, place))))];
        traits.push(("plan".to_owned(), Some(Value::from(skewed(&PLANS, hash(place, 2))))));
        facts.push(fact(profile, BEGINS, u128::from(number), FactKind::Traits(traits)));
    }
    flush.segments = lake.write(&facts)?;
    Ok(flush)
}

fn day_of_events(size: Size, day: u64) -> Vec<Fact> {
    let begin = size.events * day / DAYS;
    let end = size.events * (day + 1) / DAYS;
    let from = BEGINS.plus_micros(i64::try_from(day * DAY_MICROS).expect("a year fits"));
    events(size.profiles, begin..end, from, DAY_MICROS)
}

/// Events of these numbers, each somewhere in a span of time that begins at a moment.
pub(crate) fn events(profiles: u32, numbers: Range<u64>, from: Moment, span_micros: u64) -> Vec<Fact> {
    let names = EVENTS.map(|(name, _)| EventName::parse(name).expect("the names here are sound"));
    let mut facts = Vec::with_capacity(usize::try_from(numbers.end - numbers.start).expect("a day fits"));
    for number in numbers {
        let place = hash(number, 3);
        let within = i64::try_from(hash(place, 4) % span_micros).expect("a day fits");
        let mut left = place % 100;
        let kind = EVENTS
            .iter()
            .position(|(_, share)| {
                if left < *share {
                    true
                } else {
                    left -= share;
                    false
                }
            })
            .expect("shares add up to 100");
        let properties = properties(EVENTS[kind].0, hash(place, 5));
        let event = FactKind::Event { name: names[kind].clone(), properties };
        facts.push(fact(who(profiles, hash(place, 6)), from.plus_micros(within), (1 << 64) + u128::from(number), event));
    }
    facts
}

fn properties(event: &str, place: u64) -> Vec<(String, Value)> {
    let cents = |most: u64| {
        let cents = 100 + hash(place, 7) % (most * 100);
        Value::Number(cents as f64 / 100.0)
    };
    let category = || ("category".to_owned(), Value::from(skewed(&CATEGORIES, hash(place, 8))));
    match event {
        "Page Viewed" => vec![("page_name".to_owned(), Value::from(skewed(&PAGES, hash(place, 9))))],
        "Product Viewed" | "Product Added" => vec![category(), ("price".to_owned(), cents(300))],
        "Checkout Started" => vec![("revenue".to_owned(), cents(500))],
        "Order Completed" => vec![category(), ("revenue".to_owned(), cents(500))],
        _ => Vec::new(),
    }
}

fn fact(profile: ProfileId, occurred_at: Moment, key: u128, kind: FactKind) -> Fact {
    Fact { profile, occurred_at, received_at: occurred_at, message_key: MessageKey(key), source_order: SourceOrder::default(), kind }
}

/// Zipf with exponent 1 by inversion: the chance of rank r falls as 1/r. Ranks are scattered over the numbers.
fn who(profiles: u32, place: u64) -> ProfileId {
    let share = (place >> 11) as f64 / (1_u64 << 53) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank lies between 1 and the number of profiles")]
    let rank = (share * f64::from(profiles).ln()).exp() as u64 - 1;
    let scattered = rank.wrapping_mul(2_654_435_761) % u64::from(profiles);
    ProfileId(u32::try_from(scattered).expect("below the number of profiles"))
}

/// The first entries more often than the last.
fn skewed(words: &[&'static str], place: u64) -> &'static str {
    let count = words.len() as u64;
    let one = place % count;
    let other = (place >> 32) % count;
    words[usize::try_from(one.min(other)).expect("few words")]
}

/// Splitmix64 over a place and a salt (<https://prng.di.unimi.it/splitmix64.c>, public domain constants).
pub(crate) fn hash(place: u64, salt: u64) -> u64 {
    let mut mixed = place.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
