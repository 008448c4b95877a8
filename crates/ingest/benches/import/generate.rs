//! A file of messages as a web shop would send them, the same on every machine.
//!
//! People, events and words are W50's (`crates/engine/benches/w50`, `tests/bench/audiences.json`): a few people do much,
//! most do little. Around them stands what real messages bring along: browsers not yet known to belong to anybody and
//! found out later, browsers shared by two, messages sent twice, messages that come late, and a context that nobody asks
//! for. Every line comes from a hash of its number, so no state and no library decides what is generated.

use std::io::{self, Write};

use model::Moment;

/// How much is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Lines in all, spread evenly over the days.
    pub(crate) lines: u64,
    /// People; each has two browsers.
    pub(crate) profiles: u64,
    /// Days of history.
    pub(crate) days: u64,
}

/// Where history begins: 2025-01-01 00:00 UTC.
const BEGINS_MICROS: u64 = 1_735_689_600_000_000;
const DAY_MICROS: u64 = 86_400_000_000;
/// Of so many lines one says who somebody is.
const IDENTIFY_EVERY: u64 = 16;
/// Of so many lines one is sent again.
const REPEAT_EVERY: u64 = 200;
/// Of so many lines one comes up to two days late.
const LATE_EVERY: u64 = 128;
/// Of so many messages one comes from somebody else's browser.
const SHARED_EVERY: u64 = 256;

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
const AGENTS: [&str; 3] =
    ["Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "Mozilla/5.0 (Macintosh) Safari/605.1.15", "Mozilla/5.0 (iPhone)"];

impl Size {
    /// A moment after everything in the file.
    pub(crate) fn ends(self) -> Moment {
        Moment::from_micros(i64::try_from(BEGINS_MICROS + self.days * DAY_MICROS).expect("some years fit"))
    }
}

/// Writes the file.
pub(crate) fn generate(size: Size, out: &mut impl Write) -> io::Result<()> {
    for number in 0..size.lines {
        let place = hash(number, 1);
        let repeated = place.is_multiple_of(REPEAT_EVERY);
        let said = if repeated { number.saturating_sub(1 + hash(place, 2) % 1_000) } else { number };
        line(size, said, out)?;
    }
    Ok(())
}

fn line(size: Size, number: u64, out: &mut impl Write) -> io::Result<()> {
    let place = hash(number, 3);
    if number.is_multiple_of(IDENTIFY_EVERY) { identify(size, number, place, out) } else { track(size, number, place, out) }
}

/// Everybody is introduced once before anybody is again.
fn identify(size: Size, number: u64, place: u64, out: &mut impl Write) -> io::Result<()> {
    let turn = number / IDENTIFY_EVERY;
    let person = if turn < size.profiles { scattered(size, turn) } else { who(size, hash(place, 4)) };
    begin("identify", size, number, place, out)?;
    write!(out, r#","userId":"u-{person}","anonymousId":"{}""#, browser(person, hash(place, 5)))?;
    let country = skewed(&COUNTRIES, hash(person, 6));
    let plan = skewed(&PLANS, hash(place, 7));
    write!(out, r#","traits":{{"email":"person.{person}@mail.example","country":"{country}","plan":"{plan}"}}"#)?;
    end(place, "/account", out)
}

fn track(size: Size, number: u64, place: u64, out: &mut impl Write) -> io::Result<()> {
    let person = who(size, hash(place, 8));
    let mut left = hash(place, 9) % 100;
    let mut event = EVENTS[0].0;
    for (name, share) in EVENTS {
        if left < share {
            event = name;
            break;
        }
        left -= share;
    }
    begin("track", size, number, place, out)?;
    // A mail is opened by whom it was sent to; one in four others has not signed in.
    let mail = event == "Email Opened";
    if mail || !hash(place, 10).is_multiple_of(4) {
        write!(out, r#","userId":"u-{person}""#)?;
    }
    if !mail {
        write!(out, r#","anonymousId":"{}""#, browser(person, hash(place, 5)))?;
    }
    write!(out, r#","event":"{event}","properties":{{"#)?;
    let category = skewed(&CATEGORIES, hash(place, 11));
    let cents = |most: u64| (100 + hash(place, 12) % (most * 100)) as f64 / 100.0;
    match event {
        "Page Viewed" => write!(out, r#""page_name":"{}""#, skewed(&PAGES, hash(place, 13)))?,
        "Product Viewed" | "Product Added" => write!(out, r#""category":"{category}","price":{}"#, cents(300))?,
        "Checkout Started" => write!(out, r#""revenue":{}"#, cents(500))?,
        "Order Completed" => write!(out, r#""category":"{category}","revenue":{}"#, cents(500))?,
        _ => {}
    }
    out.write_all(b"}")?;
    end(place, "/shop", out)
}

fn begin(kind: &str, size: Size, number: u64, place: u64, out: &mut impl Write) -> io::Result<()> {
    let mut micros = number * (size.days * DAY_MICROS / size.lines) + hash(place, 14) % 60_000_000;
    if hash(place, 15).is_multiple_of(LATE_EVERY) {
        micros = micros.saturating_sub(hash(place, 16) % (2 * DAY_MICROS));
    }
    let micros = BEGINS_MICROS + micros.min(size.days * DAY_MICROS - 1);
    let at = Moment::from_micros(i64::try_from(micros).expect("some years fit")).to_utc().format("%Y-%m-%dT%H:%M:%S%.3fZ");
    write!(out, r#"{{"type":"{kind}","messageId":"ajs-{:016x}{place:016x}","timestamp":"{at}""#, hash(place, 17))
}

fn end(place: u64, path: &str, out: &mut impl Write) -> io::Result<()> {
    let (item, agent) = (hash(place, 18) % 5_000, skewed(&AGENTS, hash(place, 19)));
    write!(out, r#","context":{{"library":{{"name":"analytics.js","version":"2.11.1"}},"locale":"en-GB""#)?;
    writeln!(out, r#","page":{{"path":"{path}/{item}"}},"userAgent":"{agent}"}}}}"#)
}

/// The anonymous id of one of a person's two browsers, the first used more; now and then of another person's.
fn browser(person: u64, place: u64) -> String {
    let owner = if place.is_multiple_of(SHARED_EVERY) { person ^ 1 } else { person };
    let id = hash(owner, 20 + u64::from(place.is_multiple_of(5)));
    let other = hash(id, 22);
    format!("{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}", id >> 32, id & 0xffff, other & 0xfff, (other >> 12) & 0xfff, other >> 16)
}

/// Zipf with exponent 1 by inversion: the chance of rank r falls as 1/r.
fn who(size: Size, place: u64) -> u64 {
    let share = (place >> 11) as f64 / (1_u64 << 53) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank lies between 1 and the number of profiles")]
    let rank = (share * (size.profiles as f64).ln()).exp() as u64 - 1;
    scattered(size, rank)
}

/// Ranks scattered over the numbers.
fn scattered(size: Size, rank: u64) -> u64 {
    rank.wrapping_mul(2_654_435_761) % size.profiles
}

/// The first entries more often than the last.
fn skewed(words: &[&'static str], place: u64) -> &'static str {
    let count = words.len() as u64;
    let one = place % count;
    let other = (place >> 32) % count;
    words[usize::try_from(one.min(other)).expect("few words")]
}

/// Splitmix64 over a place and a salt (<https://prng.di.unimi.it/splitmix64.c>, public domain constants).
fn hash(place: u64, salt: u64) -> u64 {
    let mut mixed = place.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
