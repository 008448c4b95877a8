//! What Facebook says of an audience, in codes: whether it can be written to, and what a person should be shown.
//!
//! Codes decide, never descriptions, which change without notice. It reads answers and asks for nothing.

use std::collections::BTreeMap;

use model::{Moment, SyncState};
use serde_json::Value;

use super::client::integer;

/// What has to be asked for so that all of this can be read.
pub(super) const FIELDS: &str = "id,name,account_id,subtype,operation_status,delivery_status,approximate_count_lower_bound,\
approximate_count_upper_bound,time_content_updated,delete_time,permission_for_actions,is_value_based,description";

/// Facebook may finish our own upload some time after its answer.
const DRIFT_TOLERANCE_MICROS: i64 = 15 * 60 * 1_000_000;
/// Sizes are rounded and lag behind; only another order of magnitude says something.
const SIZE_FACTOR: u64 = 10;
const SIZE_FLOOR: u64 = 1_000;

/// `operation_status`: nothing uploaded yet.
pub(super) const UNFILLED: i64 = 410;
/// `operation_status`: the last replace did not come to its end; what came in counts.
pub(super) const REPLACE_FAILED: i64 = 415;
/// `operation_status`: a replace is under way.
pub(super) const REPLACING: i64 = 414;
/// `operation_status`: all is well.
pub(super) const NORMAL: i64 = 200;

/// What an audience's `operation_status` means for a sync.
#[derive(Debug, PartialEq)]
pub(super) enum Standing {
    /// It can go on.
    Good,
    /// It can go on, and somebody should know.
    Note(String),
    /// It cannot.
    Stop(SyncState, &'static str),
}

/// The audience's `operation_status`.
pub(super) fn operation_status(node: &Value) -> Option<i64> {
    integer(&node["operation_status"]["code"])
}

/// What the status means.
pub(super) fn standing(node: &Value) -> Standing {
    use SyncState::{Failed, Held};
    let note = |words: &str| Standing::Note(words.to_owned());
    match operation_status(node).unwrap_or(0) {
        100 => {
            let on = moment(&node["delete_time"]).map_or_else(|| "soon".to_owned(), |at| format!("on {at}"));
            Standing::Note(format!("facebook will delete the audience {on}, since no ad has used it for two years"))
        }
        400 => note("facebook has a warning about the audience; look at it in the ads manager"),
        411 => note("facebook recognizes few of these people; map more identifiers"),
        412 => note("facebook found many invalid entries in the last upload; look at what was rejected and emptied"),
        REPLACING => Standing::Stop(Held, "facebook is replacing the audience; nothing can be written until that is done"),
        REPLACE_FAILED => note("a replace of the audience was cut off on facebook; everybody is sent again"),
        450 => note("no ad has used the audience for long"),
        470 => Standing::Stop(Failed, "the ad account that owns the audience is not active"),
        471 => Standing::Stop(
            Failed,
            "facebook flagged the audience; look at it in the ads manager, and choose another title if its name hints at health or finances",
        ),
        500 => note("facebook reports an error in the audience; look at it in the ads manager"),
        _ => Standing::Good,
    }
}

/// What a person may want to see of the audience there, by name.
pub(super) fn facts(node: &Value) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let mut put = |name: &str, value: String| facts.insert(name.to_owned(), value);
    if let Some(id) = super::remote::id_text(&node["id"]) {
        put("id", id);
    }
    if let Some(name) = node["name"].as_str() {
        put("name", name.to_owned());
    }
    if let Some(code) = operation_status(node) {
        put("operation", format!("{} ({code})", operation(code)));
    }
    if let Some(code) = integer(&node["delivery_status"]["code"]) {
        put("delivery", format!("{} ({code})", delivery(code)));
    }
    let bound = |name: &str| integer(&node[name]).and_then(|bound| u64::try_from(bound).ok());
    match (bound("approximate_count_lower_bound"), bound("approximate_count_upper_bound")) {
        (Some(lower), Some(upper)) => drop(put("matched people", format!("{lower} to {upper}"))),
        _ if node["approximate_count_lower_bound"].is_null() => {}
        _ => drop(put("matched people", "not said".to_owned())),
    }
    if let Some(at) = moment(&node["time_content_updated"]) {
        put("members changed", at.to_string());
    }
    facts
}

fn operation(code: i64) -> &'static str {
    match code {
        0 => "not available",
        100 => "expiring",
        NORMAL => "normal",
        400 => "warning",
        UNFILLED => "nothing uploaded yet",
        411 => "low match rate",
        412 => "many invalid entries",
        REPLACING => "replace in progress",
        REPLACE_FAILED => "replace failed",
        441 => "being populated",
        450 => "unused",
        470 => "account inactive",
        471 => "flagged",
        500 => "error",
        _ => "another",
    }
}

fn delivery(code: i64) -> &'static str {
    match code {
        200 => "ready",
        300 => "too small for ads",
        400.. => "not usable in ads",
        _ => "another",
    }
}

/// Whether somebody else changed who is in the audience since we last wrote to it, which was then.
pub(super) fn has_drifted(node: &Value, written_at: Option<Moment>) -> bool {
    let (Some(there), Some(ours)) = (moment(&node["time_content_updated"]), written_at) else { return false };
    there.micros() > ours.micros().saturating_add(DRIFT_TOLERANCE_MICROS)
}

/// The least number of people Facebook counts, where that is far more than were sent.
pub(super) fn strangers(node: &Value, people_sent: u64) -> Option<u64> {
    let lower = integer(&node["approximate_count_lower_bound"]).and_then(|bound| u64::try_from(bound).ok())?;
    (lower > SIZE_FLOOR && lower > people_sent.saturating_mul(SIZE_FACTOR)).then_some(lower)
}

fn moment(value: &Value) -> Option<Moment> {
    let seconds = integer(value).filter(|seconds| *seconds > 0)?;
    Some(Moment::from_micros(seconds.saturating_mul(1_000_000)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_decide_whether_a_sync_goes_on() {
        for (code, goes_on) in [(0, true), (100, true), (200, true), (410, true), (411, true), (414, false), (415, true), (470, false)] {
            let standing = standing(&json!({ "operation_status": { "code": code, "description": "words" } }));
            assert_eq!(!matches!(standing, Standing::Stop(..)), goes_on, "{code}");
        }
        assert_eq!(standing(&json!({})), Standing::Good);
        let Standing::Note(words) = standing(&json!({ "operation_status": { "code": 100 }, "delete_time": 1_772_366_400 })) else {
            panic!("a note")
        };
        assert!(words.contains("on 2026-03-01"), "{words}");
    }

    #[test]
    fn people_see_words_and_codes() {
        let node = json!({
            "id": "23850000000000042", "name": "Big", "operation_status": { "code": 200, "description": "Normal" },
            "delivery_status": { "code": "300" }, "approximate_count_lower_bound": 1000, "approximate_count_upper_bound": 1100,
        });
        let facts: Vec<String> = facts(&node).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let expected = [
            "delivery: too small for ads (300)",
            "id: 23850000000000042",
            "matched people: 1000 to 1100",
            "name: Big",
            "operation: normal (200)",
        ];
        assert_eq!(facts, expected);
        let hidden = json!({ "approximate_count_lower_bound": -1, "approximate_count_upper_bound": -1 });
        assert_eq!(super::facts(&hidden)["matched people"], "not said");
        assert!(super::facts(&json!({})).is_empty());
    }

    #[test]
    fn only_what_is_clearly_later_is_somebody_elses() {
        let written_at = Some(Moment::from_micros(1_000_000_000));
        for (seconds, drifted) in [(900, false), (1_000, false), (1_900, false), (1_901, true)] {
            assert_eq!(has_drifted(&json!({ "time_content_updated": seconds }), written_at), drifted, "{seconds}");
        }
        assert!(!has_drifted(&json!({ "time_content_updated": 9_999 }), None));
        assert!(!has_drifted(&json!({}), written_at));
    }

    #[test]
    fn only_another_order_of_magnitude_means_strangers() {
        let node = |lower: i64| json!({ "approximate_count_lower_bound": lower });
        assert_eq!(strangers(&node(5_000), 400), Some(5_000));
        assert_eq!(strangers(&node(5_000), 500), None);
        assert_eq!(strangers(&node(900), 1), None);
        assert_eq!(strangers(&node(-1), 1), None);
    }
}
