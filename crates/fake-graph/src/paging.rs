//! Pages of a list: newest first, opaque cursors, and an end that only the absence of `next` tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::errors::{GraphError, GraphResult};
use crate::params::{Params, scalar_text};

const LIMIT_DEFAULT: usize = 25;
const LIMIT_MAX: usize = 5_000;
const VERSION_DEFAULT: &str = "v26.0";

/// The ids of one page, and what goes under `paging`; an empty list has no `paging` at all.
pub(crate) struct Page {
    pub(crate) ids: Vec<u64>,
    pub(crate) paging: Option<Value>,
}

/// Cuts one page out of ids that are sorted newest first. `forced` is a fault: a page size of its own, even zero.
pub(crate) fn page(ids: &[u64], call: &Call, base_url: &str, forced: Option<usize>) -> GraphResult<Page> {
    if ids.is_empty() {
        return Ok(Page { ids: Vec::new(), paging: None });
    }
    let limit = limit(&call.params)?;
    let size = forced.unwrap_or(limit);
    let (start, end) = bounds(ids, &call.params, size)?;
    let chosen = ids[start..end].to_vec();
    let here = |id: Option<&u64>| cursor(id.copied().unwrap_or_else(|| before_index(ids, start)));
    let (before, after) = (here(chosen.first()), here(chosen.last()));
    let mut paging = json!({ "cursors": { "before": before, "after": after } });
    if end < ids.len() {
        paging["next"] = json!(link(call, base_url, limit, "after", &after));
    }
    if start > 0 {
        paging["previous"] = json!(link(call, base_url, limit, "before", &before));
    }
    Ok(Page { ids: chosen, paging: Some(paging) })
}

fn limit(params: &Params) -> GraphResult<usize> {
    let Some(text) = params.text("limit") else { return Ok(LIMIT_DEFAULT) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(LIMIT_MAX)),
        _ => Err(GraphError::invalid("Param limit must be an integer greater than zero").blame("limit")),
    }
}

fn bounds(ids: &[u64], params: &Params, size: usize) -> GraphResult<(usize, usize)> {
    if let Some(text) = params.text("before") {
        let before = read_cursor(&text)?;
        let end = ids.partition_point(|id| *id > before);
        return Ok((end.saturating_sub(size), end));
    }
    let start = match params.text("after") {
        Some(text) => {
            let after = read_cursor(&text)?;
            ids.partition_point(|id| *id >= after)
        }
        None => 0,
    };
    Ok((start, ids.len().min(start + size)))
}

/// Where an empty page stands: just after the item before it, so that going on from there skips nothing.
fn before_index(ids: &[u64], start: usize) -> u64 {
    if start == 0 { u64::MAX } else { ids[start - 1] }
}

fn cursor(id: u64) -> String {
    STANDARD.encode(format!("c:{id:x}"))
}

fn read_cursor(text: &str) -> GraphResult<u64> {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let plain = String::from_utf8(bytes).unwrap_or_default();
    let id = plain.strip_prefix("c:").and_then(|hex| u64::from_str_radix(hex, 16).ok());
    id.ok_or_else(|| GraphError::invalid("Invalid cursor").blame("after"))
}

/// An absolute URL on the fake's own address. As on Facebook, it carries the access token.
fn link(call: &Call, base_url: &str, limit: usize, direction: &str, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(token) = &call.token {
        query.append_pair("access_token", &token.value);
    }
    for (name, value) in call.params.iter().filter(|(name, _)| !["limit", "after", "before", "method"].contains(&name.as_str())) {
        query.append_pair(name, &scalar_text(value).unwrap_or_else(|| value.to_string()));
    }
    query.append_pair("limit", &limit.to_string());
    query.append_pair(direction, cursor);
    let version = call.version.as_deref().unwrap_or(VERSION_DEFAULT);
    format!("{base_url}/{version}{}?{}", call.path, query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &str) -> Call {
        Call::build("GET", "/v26.0/act_1/customaudiences", Params::from_query(query), "query")
    }

    fn walk(ids: &[u64], limit: usize, forced: Option<usize>) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut query = format!("limit={limit}");
        for _ in 0..20 {
            let page = page(ids, &call(&query), "http://fake", forced).unwrap();
            pages.push(page.ids);
            let Some(next) = page.paging.as_ref().and_then(|paging| paging["next"].as_str()) else { break };
            next.split_once('?').unwrap().1.clone_into(&mut query);
        }
        pages
    }

    #[test]
    fn following_next_sees_everything_once() {
        assert_eq!(walk(&[9, 8, 7, 6, 5], 2, None), [vec![9, 8], vec![7, 6], vec![5]]);
        assert_eq!(walk(&[9, 8], 2, None), [vec![9, 8]]);
        assert_eq!(walk(&[9, 8, 7], 25, Some(1)), [vec![9], vec![8], vec![7]]);
        assert_eq!(walk(&[], 2, None), [Vec::<u64>::new()]);
    }

    #[test]
    fn the_last_page_still_has_cursors() {
        let page = page(&[9, 8], &call("limit=5"), "http://fake", None).unwrap();
        let paging = page.paging.unwrap();
        assert!(paging["cursors"]["after"].is_string() && paging.get("next").is_none());
    }

    #[test]
    fn an_empty_page_may_have_a_next() {
        let first = page(&[9, 8], &call("limit=5"), "http://fake", Some(0)).unwrap();
        assert!(first.ids.is_empty());
        let next = first.paging.unwrap()["next"].as_str().unwrap().to_owned();
        let second = page(&[9, 8], &call(next.split_once('?').unwrap().1), "http://fake", None).unwrap();
        assert_eq!(second.ids, [9, 8]);
    }

    #[test]
    fn previous_leads_back() {
        let second = page(&[9, 8, 7], &call(&format!("limit=2&after={}", cursor(8))), "http://fake", None).unwrap();
        let previous = second.paging.unwrap()["previous"].as_str().unwrap().to_owned();
        let first = page(&[9, 8, 7], &call(previous.split_once('?').unwrap().1), "http://fake", None).unwrap();
        assert_eq!(first.ids, [9, 8]);
    }
}
