//! `fields`: an answer holds `id` and what was asked for. Asking for a field that does not exist is an error.

use serde_json::{Map, Value};

use crate::errors::{GraphError, GraphResult};
use crate::params::Params;

/// The fields of a custom audience, whether or not this fake has a value for them.
pub(crate) const AUDIENCE: &[&str] = &[
    "account_id",
    "approximate_count_lower_bound",
    "approximate_count_upper_bound",
    "audience_labels",
    "customer_file_source",
    "data_source",
    "data_source_types",
    "datafile_custom_audience_uploading_status",
    "delete_time",
    "delivery_status",
    "description",
    "excluded_custom_audiences",
    "external_event_source",
    "fields_violating_integrity_policy",
    "household_audience",
    "id",
    "included_custom_audiences",
    "is_eligible_for_sac_campaigns",
    "is_household",
    "is_snapshot",
    "is_value_based",
    "lookalike_audience_ids",
    "lookalike_spec",
    "name",
    "operation_status",
    "opt_out_link",
    "owner_business",
    "page_deletion_marked_delete_time",
    "permission_for_actions",
    "pixel_id",
    "regulated_audience_spec",
    "retention_days",
    "rev_share_policy_id",
    "rule",
    "rule_aggregation",
    "seed_audience",
    "sharing_status",
    "subtype",
    "time_content_updated",
    "time_created",
    "time_updated",
];

/// The fields of an ad account that a sync or its setup may ask for.
pub(crate) const ACCOUNT: &[&str] = &[
    "account_id",
    "account_status",
    "age",
    "amount_spent",
    "balance",
    "business",
    "business_name",
    "capabilities",
    "created_time",
    "currency",
    "custom_audience_info",
    "disable_reason",
    "id",
    "is_personal",
    "name",
    "owner",
    "owner_business",
    "spend_cap",
    "timezone_id",
    "timezone_name",
    "timezone_offset_hours_utc",
    "tos_accepted",
    "user_tasks",
    "user_tos_accepted",
];

/// The fields of an upload session.
pub(crate) const SESSION: &[&str] =
    &["session_id", "stage", "progress", "num_received", "num_matched", "num_invalid_entries", "start_time", "end_time"];

/// The asked part of a node. `key` is the field that is always answered.
pub(crate) fn project(node: &Map<String, Value>, asked: &[String], key: &str) -> Value {
    let chosen = node.iter().filter(|(name, _)| *name == key || asked.iter().any(|field| field == *name));
    Value::Object(chosen.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The names under `fields`, each of which must be known.
pub(crate) fn asked(params: &Params, known: &[&str], node_type: &str) -> GraphResult<Vec<String>> {
    let names = match params.get("fields") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => split(text),
        _ => Vec::new(),
    };
    for name in &names {
        if !known.contains(&name.as_str()) {
            let message = format!("Tried accessing nonexisting field ({name}) on node type ({node_type})");
            return Err(GraphError::invalid(&message));
        }
    }
    Ok(names)
}

/// Splits at the commas outside braces, and leaves out what is asked of inner nodes.
fn split(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut depth = 0_u32;
    for letter in text.chars().chain([',']) {
        match letter {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let plain = name.split('.').next().unwrap_or_default().trim();
                if !plain.is_empty() {
                    names.push(plain.to_owned());
                }
                name.clear();
            }
            other if depth == 0 => name.push(other),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_fields_are_left_to_their_node() {
        assert_eq!(split("id, name,owner_business{id,name},paging.limit(2)"), ["id", "name", "owner_business", "paging"]);
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        assert!(asked(&Params::from_query("fields=id,approximate_count"), AUDIENCE, "CustomAudience").is_err());
        assert_eq!(asked(&Params::from_query("fields=id,name"), AUDIENCE, "CustomAudience").unwrap(), ["id", "name"]);
    }
}
