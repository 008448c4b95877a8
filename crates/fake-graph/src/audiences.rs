//! Custom audiences as nodes: their state, and what create, list, read, update and delete do to it.

use serde_json::{Map, Value, json};

use crate::errors::{GraphError, GraphResult, terms_not_accepted};
use crate::filtering::Filter;
use crate::paging;
use crate::params::Params;
use crate::replace::Replacing;
use crate::route::Context;
use crate::rows::RowSet;
use crate::state::State;
use crate::{fields, limits};

/// One custom audience.
pub(crate) struct Audience {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) subtype: String,
    pub(crate) value_based: bool,
    pub(crate) rows: RowSet,
    pub(crate) content: Content,
    pub(crate) replacing: Option<Replacing>,
    /// The fields that violate the integrity policy; empty unless flagged.
    pub(crate) flagged: Vec<String>,
    /// A status that somebody set by a control call.
    pub(crate) forced_status: Option<u32>,
    pub(crate) delete_time: Option<i64>,
    pub(crate) can_edit: bool,
    pub(crate) time_created: i64,
    pub(crate) time_updated: i64,
    pub(crate) time_content_updated: i64,
    /// What create took and only read gives back.
    extras: Map<String, Value>,
}

/// How the rows of an audience came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing was ever uploaded.
    Empty,
    /// By uploads, or by a replace that came to its end.
    Uploaded,
    /// By a replace that was cut off; only a whole replace mends that.
    CutOff,
}

impl Audience {
    /// Notes that people were added.
    pub(crate) fn fill(&mut self) {
        if self.content == Content::Empty {
            self.content = Content::Uploaded;
        }
    }

    pub(crate) fn new(account: &str, name: &str, description: &str, subtype: &str, now: i64) -> Self {
        Self {
            account: account.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            subtype: subtype.to_owned(),
            value_based: false,
            rows: RowSet::default(),
            content: Content::Empty,
            replacing: None,
            flagged: Vec::new(),
            forced_status: None,
            delete_time: None,
            can_edit: true,
            time_created: now,
            time_updated: now,
            time_content_updated: now,
            extras: Map::new(),
        }
    }

    pub(crate) fn operation_status(&self) -> u32 {
        if !self.flagged.is_empty() {
            return 471;
        }
        if self.replacing.is_some() {
            return 414;
        }
        if let Some(forced) = self.forced_status {
            return forced;
        }
        match self.content {
            Content::Empty => 410,
            Content::Uploaded => 200,
            Content::CutOff => 415,
        }
    }

    pub(crate) fn delivery_status(&self) -> u32 {
        if self.rows.matched() < limits::DELIVERY_MINIMUM { 300 } else { 200 }
    }

    fn node(&self, id: u64, hide_sizes: bool) -> Map<String, Value> {
        let (lower, upper) = bounds(self.rows.matched(), hide_sizes);
        let status = |code: u32| json!({ "code": code, "description": limits::status_text(code) });
        let mut node = self.extras.clone();
        let mut put = |name: &str, value: Value| node.insert(name.to_owned(), value);
        put("id", json!(id.to_string()));
        put("account_id", json!(self.account));
        put("name", json!(self.name));
        put("subtype", json!(self.subtype));
        put("is_value_based", json!(self.value_based));
        put("operation_status", status(self.operation_status()));
        put("delivery_status", status(self.delivery_status()));
        put("approximate_count_lower_bound", json!(lower));
        put("approximate_count_upper_bound", json!(upper));
        put("time_created", json!(self.time_created));
        put("time_updated", json!(self.time_updated));
        put("data_source", json!({ "type": "FILE_IMPORTED", "sub_type": "MULTI_HASHES" }));
        put("permission_for_actions", json!({ "can_edit": self.can_edit, "can_see_insight": true, "can_share": true }));
        if self.subtype == "CUSTOM" {
            put("time_content_updated", json!(self.time_content_updated));
        }
        if !self.description.is_empty() {
            put("description", json!(self.description));
        }
        if let Some(at) = self.delete_time {
            put("delete_time", json!(at));
        }
        if !self.flagged.is_empty() {
            put("fields_violating_integrity_policy", json!(self.flagged));
        }
        node
    }
}

pub(crate) fn create(state: &mut State, context: &Context, account: &str) -> GraphResult<Value> {
    let params = &context.call.params;
    if state.accounts.get(account).is_some_and(|known| !known.terms_accepted) {
        return Err(terms_not_accepted());
    }
    let name = params.text("name").filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| GraphError::invalid("The parameter name is required").blame("name"))?;
    let subtype = params.text("subtype").ok_or_else(|| GraphError::invalid("The parameter subtype is required").blame("subtype"))?;
    if !limits::SUBTYPES.contains(&subtype.as_str()) {
        return Err(GraphError::invalid("Param subtype must be one of the known subtypes").blame("subtype"));
    }
    let now = state.clock.now();
    let mut audience = Audience::new(account, &name, &params.text("description").unwrap_or_default(), &subtype, now);
    audience.value_based = params.flag("is_value_based");
    audience.extras = extras(params)?;
    let held = state.audiences.values().filter(|held| held.account == account && held.subtype == "CUSTOM").count();
    if subtype == "CUSTOM" && held >= limits::AUDIENCES_MAX {
        let refused = GraphError::new(2654, "Failed to create custom audience");
        return Err(refused.shown("Too Many Audiences", "This ad account has as many custom audiences as it may have."));
    }
    let id = state.next_id();
    state.audiences.insert(id, audience);
    Ok(json!({ "id": id.to_string() }))
}

pub(crate) fn list(state: &State, context: &Context, account: &str) -> GraphResult<Value> {
    let call = context.call;
    let asked = fields::asked(&call.params, fields::AUDIENCE, "CustomAudience")?;
    let filters = Filter::parse_all(&call.params)?;
    let mut ids = Vec::new();
    for (id, audience) in state.audiences.iter().rev().filter(|(_, audience)| audience.account == account) {
        if filters.iter().all(|filter| filter.keeps(&audience.name, &audience.subtype)) {
            ids.push(*id);
        }
    }
    let page = paging::page(&ids, call, &state.base_url, context.twist.page_size)?;
    let mut data = Vec::new();
    for id in &page.ids {
        if let Some(audience) = state.audiences.get(id) {
            data.push(fields::project(&audience.node(*id, state.options.hide_sizes), &asked, "id"));
        }
    }
    let mut answer = json!({ "data": data });
    if let Some(paging) = page.paging {
        answer["paging"] = paging;
    }
    if call.params.has("summary") {
        answer["summary"] = json!({ "total_count": ids.len() });
    }
    Ok(answer)
}

pub(crate) fn read(state: &State, context: &Context, id: u64) -> GraphResult<Value> {
    let asked = fields::asked(&context.call.params, fields::AUDIENCE, "CustomAudience")?;
    let node = state.audiences.get(&id).map(|audience| audience.node(id, state.options.hide_sizes)).unwrap_or_default();
    Ok(fields::project(&node, &asked, "id"))
}

pub(crate) fn update(state: &mut State, context: &Context, id: u64) -> GraphResult<Value> {
    let params = &context.call.params;
    let now = state.clock.now();
    let name = params.text("name");
    if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(GraphError::invalid("Param name must not be empty").blame("name"));
    }
    let extras = extras(params)?;
    if let Some(audience) = state.audiences.get_mut(&id) {
        if !audience.can_edit {
            return Err(crate::errors::no_permission("Permissions error: this audience cannot be edited"));
        }
        audience.name = name.unwrap_or_else(|| audience.name.clone());
        audience.description = params.text("description").unwrap_or_else(|| audience.description.clone());
        audience.extras.extend(extras);
        audience.time_updated = now;
    }
    Ok(json!({ "success": true }))
}

pub(crate) fn delete(state: &mut State, id: u64) -> Value {
    state.audiences.remove(&id);
    json!({ "success": true })
}

/// The parameters that are only kept and given back, checked.
fn extras(params: &Params) -> GraphResult<Map<String, Value>> {
    let mut extras = Map::new();
    if let Some(source) = params.text("customer_file_source") {
        if !limits::CUSTOMER_FILE_SOURCES.contains(&source.as_str()) {
            return Err(GraphError::invalid("Param customer_file_source must be one of the known sources").blame("customer_file_source"));
        }
        extras.insert("customer_file_source".to_owned(), json!(source));
    }
    if let Some(days) = params.text("retention_days") {
        let known = days.parse::<u32>().ok().filter(|days| (1..=180).contains(days));
        let days = known.ok_or_else(|| GraphError::invalid("Param retention_days must be between 1 and 180").blame("retention_days"))?;
        extras.insert("retention_days".to_owned(), json!(days));
    }
    for name in ["audience_labels", "opt_out_link"] {
        if let Some(value) = params.get(name) {
            extras.insert(name.to_owned(), value.clone());
        }
    }
    Ok(extras)
}

/// The matched size, rounded outwards to hundreds.
fn bounds(matched: u64, hidden: bool) -> (i64, i64) {
    if hidden {
        return (-1, -1);
    }
    let matched = i64::try_from(matched).unwrap_or(i64::MAX - 100);
    (matched / 100 * 100, (matched + 99) / 100 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_outwards() {
        assert_eq!(bounds(0, false), (0, 0));
        assert_eq!(bounds(60, false), (0, 100));
        assert_eq!(bounds(100, false), (100, 100));
        assert_eq!(bounds(101, false), (100, 200));
        assert_eq!(bounds(101, true), (-1, -1));
    }
}
