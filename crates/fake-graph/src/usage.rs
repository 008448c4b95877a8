//! The headers that come with every answer: version, trace ids and how much of the limits is used up.

use serde_json::{Map, json};

use crate::call::Call;
use crate::limits;
use crate::route;
use crate::state::State;

/// The headers of an answer. `waiting_min` is what a throttled answer adds.
pub(crate) fn headers(state: &mut State, call: &Call, trace: &str, waiting_min: i64) -> Vec<(String, String)> {
    let account = route::account_of(state, call).or_else(|| state.accounts.keys().next().cloned()).unwrap_or_default();
    let used = if waiting_min > 0 { 100 } else { count(state, &account) };
    let mut headers = vec![
        ("facebook-api-version".to_owned(), call.version.clone().unwrap_or_else(|| "v26.0".to_owned())),
        ("x-fb-trace-id".to_owned(), trace.to_owned()),
        ("x-fb-request-id".to_owned(), format!("r{trace}")),
        ("x-fb-rev".to_owned(), "1000000001".to_owned()),
    ];
    let is_upload = call.method == "POST" && (call.path.ends_with("/users") || call.path.ends_with("/usersreplace"));
    if is_upload {
        let account = json!({ "acc_id_util_pct": used, "reset_time_duration": waiting_min * 60, "ads_api_access_tier": "standard_access" });
        let app = json!({ "call_count": used, "total_time": used, "total_cputime": used });
        headers.push(("x-ad-account-usage".to_owned(), account.to_string()));
        headers.push(("x-app-usage".to_owned(), app.to_string()));
    }
    if !is_upload || waiting_min > 0 {
        let entry = json!([{
            "type": "custom_audience",
            "call_count": used,
            "total_cputime": used,
            "total_time": used,
            "estimated_time_to_regain_access": waiting_min,
        }]);
        let usage = Map::from_iter([(account, entry)]);
        headers.push(("x-business-use-case-usage".to_owned(), json!(usage).to_string()));
    }
    headers
}

/// Counts this call, and says what share of an hour's calls is used, in percent.
fn count(state: &mut State, account: &str) -> u64 {
    let hour = state.clock.now() / 3600;
    let Some(known) = state.accounts.get_mut(account) else { return 0 };
    if known.calls_hour != hour {
        known.calls_hour = hour;
        known.calls = 0;
    }
    known.calls += 1;
    (known.calls * 100 / limits::CALLS_PER_HOUR).min(100)
}
