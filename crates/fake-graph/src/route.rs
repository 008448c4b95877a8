//! From a path to the handler that answers it: version, token, node, edge, in this order.

use serde_json::Value;

use crate::auth::{self, Access, Intent};
use crate::call::Call;
use crate::errors::{GraphError, GraphResult, unsupported};
use crate::faults::Twist;
use crate::sessions::{self, Operation};
use crate::state::State;
use crate::{accounts, audiences, replace, users};

const EDGES: [&str; 6] = ["customaudiences", "users", "usersreplace", "usersofanyaudience", "sessions", "adaccounts"];

/// What a handler may know about the call it answers.
pub(crate) struct Context<'a> {
    pub(crate) call: &'a Call,
    pub(crate) access: Access,
    pub(crate) twist: &'a Twist,
}

/// Answers one call, as if nothing were wrong with the network.
pub(crate) fn dispatch(state: &mut State, call: &Call, twist: &Twist) -> GraphResult<Value> {
    if let Some(version) = call.version.as_ref().filter(|version| state.options.refused_versions.contains(version)) {
        let message =
            format!("(#2635) You are calling a deprecated version of the Ads API ({version}). Please update to the latest version.");
        return Err(GraphError::new(2635, message));
    }
    let context = Context { call, access: auth::admit(state, call)?, twist };
    let segments = call.segments();
    let (node, edge) = match segments.as_slice() {
        [node] => (*node, ""),
        [node, edge] if EDGES.contains(edge) => (*node, *edge),
        [] => return Err(unsupported(&call.method.to_lowercase(), "")),
        [_, rest @ ..] => {
            let message = format!("Unknown path components: /{}", rest.join("/"));
            return Err(GraphError::new(2500, message));
        }
    };
    if node == "debug_token" && context.call.method == "GET" {
        return auth::describe(state, context.call);
    }
    if node == "me" || node == accounts::BUSINESS_ID {
        return business(state, &context, node, edge);
    }
    match node.strip_prefix("act_") {
        Some(account) => on_account(state, &context, account, edge),
        None => on_audience(state, &context, node, edge),
    }
}

/// The ad account that a call is about, for its usage headers.
pub(crate) fn account_of(state: &State, call: &Call) -> Option<String> {
    let segments = call.segments();
    let node = segments.first()?;
    if let Some(account) = node.strip_prefix("act_") {
        return Some(account.to_owned());
    }
    let id = node.parse::<u64>().ok()?;
    state.audiences.get(&id).map(|audience| audience.account.clone())
}

fn business(state: &State, context: &Context, node: &str, edge: &str) -> GraphResult<Value> {
    match (context.call.method.as_str(), edge) {
        ("GET", "") => accounts::me(context),
        ("GET", "adaccounts") => accounts::list(state, context),
        (method, _) => Err(unsupported(&method.to_lowercase(), node)),
    }
}

fn on_account(state: &mut State, context: &Context, account: &str, edge: &str) -> GraphResult<Value> {
    let method = context.call.method.as_str();
    let refused = || unsupported(&method.to_lowercase(), &format!("act_{account}"));
    if !state.accounts.contains_key(account) {
        return Err(refused());
    }
    context.access.reach(account, intent(method))?;
    match (method, edge) {
        ("GET", "") => accounts::read(state, context, account),
        ("GET", "customaudiences") => audiences::list(state, context, account),
        ("POST", "customaudiences") => audiences::create(state, context, account),
        ("DELETE", "usersofanyaudience") => users::remove_everywhere(state, context, account),
        _ => Err(refused()),
    }
}

fn on_audience(state: &mut State, context: &Context, node: &str, edge: &str) -> GraphResult<Value> {
    let method = context.call.method.as_str();
    let refused = || unsupported(&method.to_lowercase(), node);
    let Ok(id) = node.parse::<u64>() else { return Err(refused()) };
    let Some(audience) = state.audiences.get(&id) else { return Err(refused()) };
    let account = audience.account.clone();
    context.access.reach(&account, intent(method))?;
    match (method, edge) {
        ("GET", "") => audiences::read(state, context, id),
        ("POST", "") => audiences::update(state, context, id),
        ("DELETE", "") => Ok(audiences::delete(state, id)),
        ("POST", "users") => users::change(state, context, id, Operation::Add),
        ("DELETE", "users") => users::change(state, context, id, Operation::Remove),
        ("POST", "usersreplace") => replace::replace(state, context, id),
        ("GET", "sessions") => sessions::list(state, context, &account, id),
        ("GET", "adaccounts") => Ok(serde_json::json!({ "data": [] })),
        _ => Err(refused()),
    }
}

fn intent(method: &str) -> Intent {
    if method == "GET" { Intent::Read } else { Intent::Write }
}
