//! Names in the lake: folders of logs and days, columns of properties.
//!
//! **Invariant:** a folder name never leaves its folder and never means two logs, whatever an event is called.

use chrono::NaiveDate;
use model::{EventName, ValueType};
use polars::prelude::{DataType, TimeUnit};
use xxhash_rust::xxh3::xxh3_128;

/// Folder of all events.
pub(crate) const EVENTS: &str = "events";
/// Folder of all trait changes.
pub(crate) const TRAITS: &str = "traits";

/// The profile's number.
pub(crate) const PROFILE_ID: &str = "profile_id";
/// When it happened.
pub(crate) const OCCURRED_AT: &str = "occurred_at";
/// When it arrived.
pub(crate) const RECEIVED_AT: &str = "received_at";
/// Tells messages apart: 16 bytes, the highest first.
pub(crate) const MESSAGE_KEY: &str = "message_key";

/// Where the message stood in its batch: the batch in the upper half, its place in the lower.
pub(crate) const SOURCE_ORDER: &str = "source_order";

/// File systems take 255 bytes; `event=` and a margin are kept.
const FOLDER_BYTES_MAX: usize = 240;

/// The folder of a segment with rows from the day `first` to the day `last`, below the lake's folder. `None` is the log of
/// traits. Of several days, the name says both: it stays under the one key `day`, since readers of hive-style folders want
/// the same keys on every path, and it claims no day that is not so.
pub(crate) fn folder(event: Option<&EventName>, first: NaiveDate, last: NaiveDate) -> String {
    let days = if first == last { first.to_string() } else { format!("{first}_{last}") };
    match event {
        Some(event) => format!("{EVENTS}/event={}/day={days}", safe(event.as_str())),
        None => format!("{TRAITS}/day={days}"),
    }
}

/// Percent-encodes all but unreserved characters, as hive-style readers expect. What gets too long for a folder is cut
/// and made unique by a hash behind `~`, which never stands unencoded elsewhere.
fn safe(name: &str) -> String {
    let hex = |digit: u8| char::from(b"0123456789ABCDEF"[usize::from(digit)]);
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            _ => encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    if encoded.len() <= FOLDER_BYTES_MAX {
        return encoded;
    }
    let hash = format!("~{:032x}", xxh3_128(name.as_bytes()));
    let mut end = FOLDER_BYTES_MAX - hash.len();
    while encoded[end - 2..end].contains('%') {
        end -= 1; // never cut an escape in two
    }
    encoded.truncate(end);
    encoded + &hash
}

/// The types a property's values come in, each with a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    Number,
    Text,
    Flag,
    Json,
    Gone,
}

impl Variant {
    pub(crate) const ALL: [Self; 5] = [Self::Number, Self::Text, Self::Flag, Self::Json, Self::Gone];

    fn suffix(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "text",
            Self::Flag => "flag",
            Self::Json => "json",
            Self::Gone => "gone",
        }
    }

    /// The type as the manifest says it.
    pub(crate) fn value_type(self) -> ValueType {
        match self {
            Self::Number => ValueType::Number,
            Self::Text => ValueType::Text,
            Self::Flag => ValueType::Flag,
            Self::Json => ValueType::Json,
            Self::Gone => ValueType::Gone,
        }
    }

    /// The reverse of [`Variant::value_type`].
    pub(crate) fn of_value_type(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Number => Self::Number,
            ValueType::Text => Self::Text,
            ValueType::Flag => Self::Flag,
            ValueType::Json => Self::Json,
            ValueType::Gone => Self::Gone,
        }
    }

    /// The type of its column.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Number => DataType::Float64,
            Self::Text | Self::Json => DataType::String,
            Self::Flag | Self::Gone => DataType::Boolean,
        }
    }

    /// The Parquet column of this type of the property `name`.
    pub(crate) fn column(self, name: &str) -> String {
        format!("{name}:{}", self.suffix())
    }

    /// The property and type a column holds, unless it is one that every row has. Names may contain `:`.
    pub(crate) fn of_column(column: &str) -> Option<(&str, Self)> {
        let (name, suffix) = column.rsplit_once(':')?;
        Self::ALL.into_iter().find(|variant| variant.suffix() == suffix).map(|variant| (name, variant))
    }
}

/// The type of moments: UTC, without a zone, so that every reader takes it as it is.
pub(crate) fn moment_type() -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, None)
}

/// Whether a column is one that every row has.
pub(crate) fn is_fixed(column: &str) -> bool {
    [PROFILE_ID, OCCURRED_AT, RECEIVED_AT, MESSAGE_KEY, SOURCE_ORDER].contains(&column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: &str, expected: &str) {
        let day = NaiveDate::from_ymd_opt(2025, 3, 1).expect("a day");
        let event = EventName::parse(event).expect("an event name");
        assert_eq!(folder(Some(&event), day, day), expected);
    }

    #[test]
    fn event_names_make_safe_folders() {
        check("Order Completed", "events/event=Order%20Completed/day=2025-03-01");
        check("../../etc", "events/event=..%2F..%2Fetc/day=2025-03-01");
        check("..", "events/event=../day=2025-03-01");
        check("50% ~off=größe", "events/event=50%25%20%7Eoff%3Dgr%C3%B6%C3%9Fe/day=2025-03-01");
        let day = NaiveDate::from_ymd_opt(2025, 3, 1).expect("a day");
        assert_eq!(folder(None, day, day), "traits/day=2025-03-01");
        let later = NaiveDate::from_ymd_opt(2025, 3, 16).expect("a day");
        assert_eq!(folder(None, day, later), "traits/day=2025-03-01_2025-03-16");
    }

    #[test]
    fn long_event_names_stay_apart_in_short_folders() {
        let name = |tail: &str| safe(&format!("x{}{tail}", "ü".repeat(98)));
        let (one, other) = (name("a"), name("b"));
        assert_ne!(one, other);
        for folder in [one, other] {
            assert!(folder.len() <= FOLDER_BYTES_MAX, "{folder}");
            let (cut, hash) = folder.split_once('~').expect("a hash");
            assert_eq!(hash.len(), 32);
            assert!(cut.ends_with("%BC") || cut.ends_with("%C3"), "{cut}");
        }
    }

    #[test]
    fn columns_are_split_at_the_last_colon() {
        assert_eq!(Variant::of_column("total:number"), Some(("total", Variant::Number)));
        assert_eq!(Variant::of_column("a:text:json"), Some(("a:text", Variant::Json)));
        assert_eq!(Variant::of_column(":flag"), Some(("", Variant::Flag)));
        assert_eq!(Variant::of_column("profile_id"), None);
        assert_eq!(Variant::of_column("a:b"), None);
    }
}
