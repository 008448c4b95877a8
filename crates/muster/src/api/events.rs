//! `events`: what the profile did, 14 days back unless asked otherwise, page by page.

use engine::{FactPlace, FactQuery, Logs, SortOrder};
use model::{Fact, FactKind, MessageKey, Moment, SourceOrder, Span};
use serde_json::{Map, Value as Json, json};

use super::answer::{ApiError, Cursor};
use super::routes::Asked;

const LIMIT: (usize, usize) = (10, 200);
const WINDOW_MICROS: i64 = 14 * 86_400_000_000;

pub(crate) async fn page(asked: &Asked) -> Result<Json, ApiError> {
    let (parameters, now) = (&asked.parameters, asked.workspace.clock.now());
    let limit = parameters.limit(LIMIT.0, LIMIT.1)?;
    let (only, except) = (parameters.names("include"), parameters.names("exclude"));
    let end = parameters.moment("end")?.unwrap_or(now.plus_micros(1)).min(now.plus_micros(1));
    let start = parameters.moment("start")?.unwrap_or(end.plus_micros(-WINDOW_MICROS));
    if start > end {
        return Err(ApiError::Validation("`start` is not after `end`, and not in the future".to_owned()));
    }
    let order = match parameters.text("sort") {
        None | Some("desc") => SortOrder::NewestFirst,
        Some("asc") => SortOrder::OldestFirst,
        Some(_) => return Err(ApiError::Validation("`sort` is `asc` or `desc`".to_owned())),
    };
    let after = parameters.text("next").map(read_place).transpose()?;
    // One more than asked tells whether there is more.
    let query = FactQuery { log: Logs::Events { only, except }, within: Span { start, end }, limit: limit + 1, order, after };
    let facts = asked.workspace.facts(&asked.record.numbers(), &query).await?;
    let shown = &facts[..facts.len().min(limit)];
    let next = shown.last().filter(|_| facts.len() > limit).map(|last| place_text(FactPlace::of(last)));
    let data: Vec<Json> = shown.iter().filter_map(event).collect();
    Ok(json!({ "data": data, "cursor": Cursor::new(&asked.url, next, limit) }))
}

/// An event as `track` sent it. Page and screen views are the events they are kept as.
fn event(fact: &Fact) -> Option<Json> {
    let FactKind::Event { name, properties } = &fact.kind else { return None };
    let properties: Map<String, Json> = properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    Some(json!({
        "type": "track",
        "event": name.as_str(),
        "timestamp": fact.occurred_at.rfc3339(),
        "received_at": fact.received_at.rfc3339(),
        "source_id": null,
        "properties": properties,
    }))
}

fn place_text(place: FactPlace) -> String {
    let FactPlace { occurred_at, received_at, source_order, message_key } = place;
    format!("{}_{}_{}_{:x}", occurred_at.micros(), received_at.micros(), source_order.packed(), message_key.0)
}

fn read_place(text: &str) -> Result<FactPlace, ApiError> {
    let read = || {
        let mut parts = text.split('_');
        let place = FactPlace {
            occurred_at: Moment::from_micros(parts.next()?.parse().ok()?),
            received_at: Moment::from_micros(parts.next()?.parse().ok()?),
            source_order: SourceOrder::unpacked(parts.next()?.parse().ok()?),
            message_key: MessageKey(u128::from_str_radix(parts.next()?, 16).ok()?),
        };
        parts.next().is_none().then_some(place)
    };
    read().ok_or_else(|| ApiError::Validation("`next` is what a cursor said".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let place = FactPlace {
            occurred_at: Moment::from_micros(-5),
            received_at: Moment::from_micros(7),
            source_order: SourceOrder { batch: u32::MAX, place: 3 },
            message_key: MessageKey(u128::MAX - 1),
        };
        assert_eq!(read_place(&place_text(place)).expect("a place"), place);
        for text in ["", "1", "1_2_3_g", "1_2_3_4_5", "x_2_3_4"] {
            assert!(read_place(text).is_err(), "{text}");
        }
    }
}
