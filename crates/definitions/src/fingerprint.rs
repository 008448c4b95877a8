//! Fingerprints: hashes of what definitions mean. Layout, comments, titles and the order of keys do not count.
//!
//! The fingerprint of an audience tells whether a recorded membership is still an answer to the same question. So what
//! is asked counts, with everything that the question refers to, and that nobody is asked any more once it is retired.
//! Whether it is paused does not: its membership stays the answer. What is sent and when (syncs, guards) does not
//! either, nor do tests. The fingerprint of the catalog tells whether a run would find something else; there a pause
//! counts, because what is paused is not evaluated.

use std::collections::BTreeMap;

use model::{AudienceKey, Collection, Fingerprint, IdentifierKind, TraitKey, WorkspaceZone};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::meaning::{Audience, AudienceState, ComputedTrait};
use crate::uses::Uses;

/// Changes when the way of computing fingerprints does.
const VERSION: &str = "2";
/// How many hexadecimal digits are kept.
const DIGITS: usize = 32;
/// Members that are ways to a value, whose steps have an order.
const ORDERED: [&str; 2] = ["path", "parent_path"];

/// The fingerprint of one computed trait; `traits` has those that it refers to, each with its fingerprint.
pub(crate) fn computed_trait(computed: &ComputedTrait, traits: &BTreeMap<TraitKey, ComputedTrait>) -> Fingerprint {
    let uses = Uses::of_filter(&computed.filter, computed.of);
    hash(&serde_json::json!({
        "version": VERSION,
        "of": computed.of,
        "event": computed.event,
        "filter": computed.filter,
        "window": computed.window,
        "aggregate": computed.aggregate,
        "if_none": computed.if_none,
        "traits": traits_used(&uses, traits),
    }))
}

/// The fingerprint of one audience; `audiences` and `traits` have what it refers to.
pub(crate) fn audience(
    audience: &Audience,
    audiences: &BTreeMap<AudienceKey, Fingerprint>,
    traits: &BTreeMap<TraitKey, ComputedTrait>,
) -> Fingerprint {
    if audience.state == AudienceState::Retired {
        // Nobody is in, whatever is asked.
        return hash(&serde_json::json!({ "version": VERSION, "retired": true, "of": audience.of }));
    }
    let mut kinds: Vec<&str> = audience.identified_by.iter().map(IdentifierKind::as_str).collect();
    kinds.sort_unstable();
    let uses = Uses::of_condition(&audience.who, audience.of);
    let refers_to: BTreeMap<&str, &str> =
        uses.audiences.iter().filter_map(|key| Some((key.as_str(), audiences.get(key)?.0.as_str()))).collect();
    hash(&serde_json::json!({
        "version": VERSION,
        "of": audience.of,
        "who": audience.who,
        "identified_by": kinds,
        "refers_to": refers_to,
        "traits": traits_used(&uses, traits),
    }))
}

/// The fingerprint of everything that evaluation depends on.
pub(crate) fn catalog(
    audiences: &BTreeMap<AudienceKey, Audience>,
    traits: &BTreeMap<TraitKey, ComputedTrait>,
    zone: WorkspaceZone,
) -> Fingerprint {
    let by_key: BTreeMap<&str, &str> = audiences.iter().map(|(key, audience)| (key.as_str(), audience.fingerprint.0.as_str())).collect();
    let traits: BTreeMap<&str, &str> = traits.iter().map(|(key, computed)| (key.as_str(), computed.fingerprint.0.as_str())).collect();
    let paused: Vec<&str> =
        audiences.values().filter(|audience| audience.state == AudienceState::Paused).map(|audience| audience.key.as_str()).collect();
    hash(&serde_json::json!({ "version": VERSION, "audiences": by_key, "traits": traits, "paused": paused, "zone": zone.name() }))
}

/// The fingerprints of the computed ones among the traits that are named. The others are what messages say.
fn traits_used<'a>(uses: &Uses, traits: &'a BTreeMap<TraitKey, ComputedTrait>) -> BTreeMap<&'a str, &'a str> {
    let named = |name: &str, of: Collection| {
        let computed = traits.get(&TraitKey::parse(name).ok()?).filter(|computed| computed.of == of)?;
        Some((computed.key.as_str(), computed.fingerprint.0.as_str()))
    };
    uses.traits.iter().filter_map(|(name, of)| named(name, *of)).collect()
}

fn hash(value: &Value) -> Fingerprint {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(DIGITS);
    for byte in Sha256::digest(canonical(value, false).as_bytes()).iter().take(DIGITS / 2) {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Fingerprint(hex)
}

/// One text per meaning: keys sorted, and lists too, because every list of the meaning is a set. Only a path's steps
/// have an order; the steps of a sequence have theirs by lying inside each other.
fn canonical(value: &Value, ordered: bool) -> String {
    match value {
        Value::Object(members) => {
            let mut texts: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}:{}", Value::from(name.as_str()), canonical(member, ORDERED.contains(&name.as_str()))))
                .collect();
            texts.sort_unstable();
            format!("{{{}}}", texts.join(","))
        }
        Value::Array(items) => {
            let mut texts: Vec<String> = items.iter().map(|item| canonical(item, false)).collect();
            if !ordered {
                texts.sort_unstable();
                texts.dedup();
            }
            format!("[{}]", texts.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
