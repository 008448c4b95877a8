//! Ad accounts as nodes.

use serde_json::{Map, Value, json};

use crate::errors::GraphResult;
use crate::fields;
use crate::route::Context;
use crate::state::State;

/// The business that owns every account here.
pub(crate) const BUSINESS_ID: &str = "990000000000001";
/// The system user behind every token.
const USER_ID: &str = "100000000000001";

pub(crate) fn read(state: &State, context: &Context, account: &str) -> GraphResult<Value> {
    let asked = fields::asked(&context.call.params, fields::ACCOUNT, "AdAccount")?;
    Ok(fields::project(&node(state, account), &asked, "id"))
}

/// The accounts that the token sees.
pub(crate) fn list(state: &State, context: &Context) -> GraphResult<Value> {
    let asked = fields::asked(&context.call.params, fields::ACCOUNT, "AdAccount")?;
    let visible = state.accounts.keys().filter(|account| context.access.sees(account));
    let data: Vec<Value> = visible.map(|account| fields::project(&node(state, account), &asked, "id")).collect();
    Ok(json!({ "data": data }))
}

pub(crate) fn me(context: &Context) -> GraphResult<Value> {
    let asked = fields::asked(&context.call.params, &["id", "name"], "User")?;
    let node = Map::from_iter([("id".to_owned(), json!(USER_ID)), ("name".to_owned(), json!("Fake System User"))]);
    Ok(fields::project(&node, &asked, "id"))
}

fn node(state: &State, account: &str) -> Map<String, Value> {
    let terms_accepted = state.accounts.get(account).is_some_and(|known| known.terms_accepted);
    let terms = if terms_accepted { json!({ "custom_audience_tos": 1 }) } else { json!({}) };
    let node = json!({
        "id": format!("act_{account}"),
        "account_id": account,
        "name": format!("Fake ad account {account}"),
        "account_status": state.options.account_status,
        "currency": "EUR",
        "timezone_name": "UTC",
        "timezone_offset_hours_utc": 0,
        "business": { "id": BUSINESS_ID, "name": "Fake business" },
        "owner": BUSINESS_ID,
        "tos_accepted": terms,
    });
    match node {
        Value::Object(node) => node,
        _ => Map::new(),
    }
}
