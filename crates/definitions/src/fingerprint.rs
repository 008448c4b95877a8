//! Fingerprints: hashes of what definitions mean. Layout, comments, titles and the order of keys do not count.

use std::collections::BTreeMap;

use model::{AudienceKey, Fingerprint, IdentifierKind, WorkspaceZone};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::meaning::{Audience, Condition};

/// Changes when the way of computing fingerprints does.
const VERSION: &str = "1";
/// How many hexadecimal digits are kept.
const DIGITS: usize = 32;

/// The fingerprint of one audience; `known` holds those of the audiences it refers to.
pub(crate) fn audience(audience: &Audience, known: &BTreeMap<AudienceKey, Fingerprint>) -> Fingerprint {
    let mut kinds: Vec<&str> = audience.identified_by.iter().map(IdentifierKind::as_str).collect();
    kinds.sort_unstable();
    let mut refers_to = BTreeMap::new();
    collect_references(&audience.who, known, &mut refers_to);
    hash(&serde_json::json!({ "version": VERSION, "who": audience.who, "identified_by": kinds, "refers_to": refers_to }))
}

/// The fingerprint of everything that evaluation depends on.
pub(crate) fn catalog(audiences: &BTreeMap<AudienceKey, Audience>, zone: WorkspaceZone) -> Fingerprint {
    let by_key: BTreeMap<&str, &str> = audiences.iter().map(|(key, audience)| (key.as_str(), audience.fingerprint.0.as_str())).collect();
    hash(&serde_json::json!({ "version": VERSION, "audiences": by_key, "zone": zone.name() }))
}

fn collect_references(condition: &Condition, known: &BTreeMap<AudienceKey, Fingerprint>, found: &mut BTreeMap<String, String>) {
    match condition {
        Condition::All(members) | Condition::Any(members) | Condition::None(members) => {
            for member in members {
                collect_references(member, known, found);
            }
        }
        Condition::InAudience(key) | Condition::NotInAudience(key) => {
            found.extend(known.get(key).map(|fingerprint| (key.as_str().to_owned(), fingerprint.0.clone())));
        }
        Condition::MemberFor { audience: key, .. }
        | Condition::EnteredAudience { audience: key, .. }
        | Condition::ExitedAudience { audience: key, .. } => {
            found.extend(known.get(key).map(|fingerprint| (key.as_str().to_owned(), fingerprint.0.clone())));
        }
        Condition::AnyUser(inner) | Condition::AllUsers(inner) | Condition::NoUser(inner) | Condition::Account(inner) => {
            collect_references(inner, known, found);
        }
        Condition::Event(_) | Condition::Traits(_) | Condition::ActiveWithin(_) | Condition::InactiveFor(_) | Condition::Sample { .. } => {}
    }
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
/// have an order.
fn canonical(value: &Value, ordered: bool) -> String {
    match value {
        Value::Object(members) => {
            let mut texts: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}:{}", Value::from(name.as_str()), canonical(member, name == "path")))
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
