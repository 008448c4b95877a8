//! Exports of a warehouse that Segment filled: rows become the messages that they were.
//!
//! The table's name says what its rows are: `identifies`, `pages`, `screens`, `groups`, `aliases`, `tracks`, `users`,
//! `accounts`, and else the event of that name. Columns stay as the warehouse wrote them (`product_id`, whatever the
//! property was called). `tracks` repeats the events of all other tables without their properties, so it comes last, and
//! what was there before under the same id is known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use model::Value;
use serde_json::{Map, Value as Json, json};

use crate::IngestError;
use crate::table::{self, Cells};

/// The source of every message of a warehouse: its tables share the ids of messages.
pub(crate) const SOURCE: &str = "warehouse";

/// Columns whose values stay text even if they look like numbers.
const TEXTS: [&str; 9] =
    ["id", "user_id", "anonymous_id", "group_id", "previous_id", "email", "context_traits_email", "context_device_id", "event_text"];

/// Columns that the warehouse adds, which are no properties.
const ADDED: [&str; 14] = [
    "id",
    "user_id",
    "anonymous_id",
    "event",
    "event_text",
    "timestamp",
    "original_timestamp",
    "sent_at",
    "received_at",
    "uuid",
    "uuid_ts",
    "loaded_at",
    "message_id",
    "channel",
];

/// Endings of files that may be exports of tables.
const ENDINGS: [&str; 6] = [".csv", ".tsv", ".ndjson", ".jsonl", ".json", ".parquet"];

/// Whether a file is an export of a table by its first row: it has what each of them has, and not what each message has.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn has_table(path: &Path) -> Result<bool, IngestError> {
    let mut table = table::Table::open(path, TEXTS.into_iter())?;
    let is_table = |has: &dyn Fn(&str) -> bool| has("id") && has("received_at") && !has("type") && !has("messageId");
    if let Some(columns) = table.columns() {
        return Ok(is_table(&|column| columns.iter().any(|there| there == column)));
    }
    Ok(match table.next() {
        Ok(Some((_, Ok(cells)))) => is_table(&|column| cells.contains_key(column)),
        // Whoever reads it as messages says what is wrong with it.
        Ok(Some((_, Err(_))) | None) | Err(_) => false,
    })
}

/// A table, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Table {
    Identifies,
    Pages,
    Screens,
    Groups,
    Aliases,
    /// The events of this name, in snake case.
    Event(String),
    Tracks,
    Users,
    Accounts,
}

impl Table {
    /// The table that a file is an export of.
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        match stem.as_str() {
            "identifies" => Self::Identifies,
            "pages" => Self::Pages,
            "screens" => Self::Screens,
            "groups" => Self::Groups,
            "aliases" => Self::Aliases,
            "tracks" => Self::Tracks,
            "users" => Self::Users,
            "accounts" => Self::Accounts,
            _ => Self::Event(stem),
        }
    }

    /// Who somebody is comes before what they did, and what repeats comes last.
    fn rank(&self) -> u8 {
        match self {
            Self::Identifies => 0,
            Self::Aliases => 1,
            Self::Groups => 2,
            Self::Event(_) | Self::Pages | Self::Screens => 3,
            Self::Tracks => 4,
            Self::Users => 5,
            Self::Accounts => 6,
        }
    }

    /// The message that a row was.
    pub(crate) fn message(&self, cells: &Cells) -> Json {
        let cell = |column: &str| cells.get(column).map(plain);
        let mut message = Map::new();
        let mut set = |field: &str, value: Option<Json>| {
            if let Some(value) = value {
                message.insert(field.to_owned(), value);
            }
        };
        // The warehouse's timestamp is corrected already: with `sentAt` it would be a second time.
        set("timestamp", stamp(cells, "timestamp").or_else(|| stamp(cells, "received_at")));
        set("receivedAt", stamp(cells, "received_at"));
        set("context", Some(context(cells)));
        let (kind, members) = match self {
            Self::Identifies | Self::Users => ("identify", "traits"),
            Self::Pages => ("page", "properties"),
            Self::Screens => ("screen", "properties"),
            Self::Groups | Self::Accounts => ("group", "traits"),
            Self::Aliases => ("alias", "traits"),
            Self::Event(_) | Self::Tracks => ("track", "properties"),
        };
        set("type", Some(json!(kind)));
        set("anonymousId", cell("anonymous_id"));
        // A row of these is a person or an account, not a message: its id is theirs.
        match self {
            Self::Users => set("userId", cell("id")),
            Self::Accounts => set("groupId", cell("id")),
            _ => {
                set("messageId", cell("id"));
                set("userId", cell("user_id"));
                set("groupId", cell("group_id").filter(|_| *self == Self::Groups));
                set("previousId", cell("previous_id").filter(|_| *self == Self::Aliases));
            }
        }
        if let Self::Event(name) = self {
            set("event", cell("event_text").or_else(|| cell("event")).or_else(|| Some(json!(name))));
        } else if *self == Self::Tracks {
            set("event", cell("event_text").or_else(|| cell("event")));
        }
        if matches!(self, Self::Pages | Self::Screens) {
            set("name", cell("name"));
            set("category", cell("category"));
        }
        let named: &[&str] = match self {
            Self::Groups => &["group_id"],
            Self::Aliases => &["previous_id"],
            Self::Pages | Self::Screens => &["name", "category"],
            _ => &[],
        };
        let is_member = |column: &str| !ADDED.contains(&column) && !named.contains(&column) && !column.starts_with("context_");
        let said = cells.iter().filter(|(column, _)| is_member(column)).map(|(column, value)| (column.clone(), plain(value)));
        set(members, Some(Json::Object(said.collect())));
        Json::Object(message)
    }
}

/// The columns whose values stay text.
pub(crate) fn texts() -> BTreeSet<String> {
    TEXTS.iter().map(|column| (*column).to_owned()).collect()
}

/// The files to import for what was named: those of folders, and in which order.
///
/// # Errors
/// When a folder cannot be read.
pub fn warehouse_files(named: &[PathBuf]) -> Result<Vec<PathBuf>, IngestError> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unread = |source| IngestError::Read { path: path.clone(), source };
        for entry in std::fs::read_dir(path).map_err(unread)? {
            let file = entry.map_err(unread)?.path();
            if file.is_file() && is_export(&file) {
                files.push(file);
            }
        }
    }
    files.sort_by_cached_key(|path| (Table::of(path).rank(), path.clone()));
    Ok(files)
}

fn is_export(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn plain(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

/// A moment as warehouses write it: a space for the `T`, `UTC` or `+00` for the offset.
fn stamp(cells: &Cells, column: &str) -> Option<Json> {
    let Value::Text(text) = cells.get(column)? else { return cells.get(column).map(plain) };
    let text = text.trim();
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let mut text = text.replacen(' ', "T", 1).replace(' ', "");
    let bare_hours = text.len() > 3 && matches!(text.as_bytes()[text.len() - 3], b'+' | b'-') && text.contains(':');
    if bare_hours {
        text.push_str(":00");
    } else if text.contains('T') && !text.ends_with('Z') && !text[text.find('T').unwrap_or_default()..].contains(['+', '-']) {
        text.push('Z');
    }
    Some(Json::String(text))
}

/// The part of the context that identifies.
fn context(cells: &Cells) -> Json {
    let cell = |column: &str| cells.get(column).map(plain);
    json!({
        "groupId": cell("context_group_id"),
        "traits": { "email": cell("context_traits_email") },
        "device": {
            "id": cell("context_device_id"),
            "type": cell("context_device_type"),
            "advertisingId": cell("context_device_advertising_id"),
            "adTrackingEnabled": cell("context_device_ad_tracking_enabled"),
        },
    })
}
