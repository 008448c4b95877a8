//! `muster profile`: everything that is known of one person or account, as of now.

use std::collections::BTreeMap;

use engine::{FactQuery, Logs, SaidTrait, SortOrder, Stay};
use model::{AsOf, AudienceKey, Collection, DestinationKey, Fact, FactKind, LedgerRow, Moment, Span, Value};
use serde_json::json;
use store::{LinkedProfile, ProfileRecord};

use crate::cli::ProfileArgs;
use crate::commands::{Asked, whom};
use crate::exit::Ending;
use crate::person;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Column, draw};
use crate::{opening, output};

/// Linked profiles that are shown.
const LINKS_SHOWN: u32 = 20;
/// Characters of a value that are shown; `--json` has all of it.
const VALUE_CHARS: usize = 60;

/// What is known of one profile.
struct Known {
    record: ProfileRecord,
    said: BTreeMap<String, SaidTrait>,
    computed: BTreeMap<String, Value>,
    stays: Vec<Stay>,
    links: Vec<LinkedProfile>,
    events: Vec<Fact>,
    sent: Vec<(AudienceKey, DestinationKey, LedgerRow)>,
    is_suppressed: bool,
    waiting_bytes: u64,
    as_of: Moment,
}

pub(crate) async fn run(asked: &Asked, args: &ProfileArgs) -> anyhow::Result<Ending> {
    let name = whom::typed(&args.profile)?;
    let workspace = opening::workspace(&asked.folder).await?;
    let record = whom::find(&workspace, &name).await?;
    let (numbers, now) = (record.numbers(), workspace.clock.now());
    let start = args.since.unwrap_or(Moment::from_micros(i64::MIN));
    let query = FactQuery {
        log: Logs::events(),
        within: Span { start, end: now.plus_micros(1) },
        limit: args.events,
        order: SortOrder::NewestFirst,
        after: None,
    };
    let known = Known {
        said: workspace.traits_said(&numbers, AsOf(now)).await?,
        computed: workspace.traits_computed(record.profile, AsOf(now)).await?,
        stays: workspace.stays(&numbers).await?,
        links: workspace.store.linked(record.profile, record.collection, None, LINKS_SHOWN + 1).await?,
        events: workspace.facts(&numbers, &query).await?,
        sent: workspace.store.ledger_of_people(&numbers).await?,
        is_suppressed: workspace.is_suppressed(&record).await?,
        waiting_bytes: workspace.waiting_bytes()?,
        as_of: now,
        record,
    };
    if asked.json {
        output::json(&known.json())?;
    } else {
        output::text(&known.told())?;
    }
    Ok(Ending::Done)
}

impl Known {
    fn json(&self) -> serde_json::Value {
        let of = self.record.collection;
        let sent = person::counted(&self.sent).into_iter().map(|((audience, destination), rows)| {
            let updated_at = rows.updated_at.map(Moment::rfc3339);
            json!({ "audience": audience, "destination": destination, "rows": rows.there, "rejected": rows.rejected, "updated_at": updated_at })
        });
        json!({
            "profile": person::identity(&self.record),
            "as_of": self.as_of.rfc3339(),
            "suppressed": self.is_suppressed,
            "inbox_waiting_bytes": self.waiting_bytes,
            "identifiers": self.record.identifiers.iter().map(person::identifier).collect::<Vec<_>>(),
            "traits": self.said.iter().map(|(name, said)| person::said(name, said)).collect::<Vec<_>>(),
            "computed_traits": self.computed,
            "audiences": self.stays.iter().map(person::stay).collect::<Vec<_>>(),
            "links": self.links.iter().take(LINKS_SHOWN as usize).map(|linked| person::link(of, linked)).collect::<Vec<_>>(),
            "more_links": self.links.len() > LINKS_SHOWN as usize,
            "events": self.events.iter().filter_map(person::event).collect::<Vec<_>>(),
            "sent": sent.collect::<Vec<_>>(),
        })
    }

    fn told(&self) -> String {
        let record = &self.record;
        let what = match record.collection {
            Collection::Users => "user",
            Collection::Accounts => "account",
        };
        let mut text = format!("{what} {}, created {}\n", record.public_id.0, record.created_at.whole_seconds());
        for merged in &record.merged {
            text.push_str(&format!("stands for {}, merged {}\n", merged.public_id.0, merged.merged_at.whole_seconds()));
        }
        if self.is_suppressed {
            text.push_str("suppressed: sent to no destination\n");
        }
        if self.waiting_bytes > 0 {
            text.push_str("messages wait in the inbox, and are not known here before the next run\n");
        }
        for (title, section) in [
            ("identifiers", self.identifiers()),
            ("traits", self.traits()),
            ("computed traits", self.computed()),
            ("audiences", self.audiences()),
            (self.linked_title(), self.linked()),
            ("latest events", self.events()),
            ("sent", self.sent()),
        ] {
            if !section.is_empty() {
                text.push_str(&format!("\n{title}\n{section}"));
            }
        }
        text
    }

    fn identifiers(&self) -> String {
        let row = |seen: &store::SeenIdentifier| {
            let identifier = &seen.identifier;
            vec![identifier.kind.to_string(), day(seen.first_seen_at), identifier.value.clone()]
        };
        let rows: Vec<_> = self.record.identifiers.iter().map(row).collect();
        section(&[Column::Text("kind"), Column::Text("first seen"), Column::Text("value")], &rows)
    }

    fn traits(&self) -> String {
        let row = |(name, said): (&String, &SaidTrait)| vec![short(name), day(said.said_at), shown(&said.value)];
        let rows: Vec<_> = self.said.iter().map(row).collect();
        section(&[Column::Text("trait"), Column::Text("said"), Column::Text("value")], &rows)
    }

    fn computed(&self) -> String {
        let rows: Vec<_> = self.computed.iter().map(|(name, value)| vec![short(name), shown(value)]).collect();
        section(&[Column::Text("trait"), Column::Text("value")], &rows)
    }

    fn audiences(&self) -> String {
        let row = |stay: &Stay| {
            let reason = stay.entered.reason.map_or("not recorded", model::Reason::as_str);
            vec![stay.audience.to_string(), stay.entered.at.moment().whole_seconds().to_string(), reason.to_owned()]
        };
        let rows: Vec<_> = self.stays.iter().map(row).collect();
        section(&[Column::Text("audience"), Column::Text("since"), Column::Text("reason")], &rows)
    }

    fn linked_title(&self) -> &'static str {
        match person::other(self.record.collection) {
            Collection::Users => "users",
            Collection::Accounts => "accounts",
        }
    }

    fn linked(&self) -> String {
        let row = |linked: &LinkedProfile| vec![linked.public_id.0.clone(), day(linked.since)];
        let rows: Vec<_> = self.links.iter().take(LINKS_SHOWN as usize).map(row).collect();
        let mut text = section(&[Column::Text("id"), Column::Text("since")], &rows);
        if self.links.len() > rows.len() {
            text.push_str("and more; `muster export` has all of them\n");
        }
        text
    }

    fn events(&self) -> String {
        let rows: Vec<_> = self.events.iter().filter_map(event_row).collect();
        section(&[Column::Text("at"), Column::Text("event"), Column::Text("properties")], &rows)
    }

    fn sent(&self) -> String {
        let row = |((audience, destination), rows): ((&AudienceKey, &DestinationKey), person::SentRows)| {
            let rejected = if rows.rejected > 0 { format!(", {} rejected", grouped(rows.rejected)) } else { String::new() };
            vec![destination.to_string(), audience.to_string(), format!("{}{rejected}", counted(rows.there, "row"))]
        };
        let rows: Vec<_> = person::counted(&self.sent).into_iter().map(row).collect();
        section(&[Column::Text("destination"), Column::Text("audience"), Column::Text("what is there")], &rows)
    }
}

fn section(columns: &[Column], rows: &[Vec<String>]) -> String {
    if rows.is_empty() { String::new() } else { draw(columns, rows) }
}

fn event_row(fact: &Fact) -> Option<Vec<String>> {
    let FactKind::Event { name, properties } = &fact.kind else { return None };
    let properties: Vec<String> = properties.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    Some(vec![fact.occurred_at.whole_seconds().to_string(), short(name.as_str()), cut(&properties.join(", "), 3 * VALUE_CHARS)])
}

fn day(moment: Moment) -> String {
    moment.day().to_string()
}

/// A value as JSON, texts without quotes.
fn shown(value: &Value) -> String {
    let text = value.to_text().unwrap_or_else(|| serde_json::to_string(value).unwrap_or_default());
    cut(&text, VALUE_CHARS)
}

/// A name, so long that a line holds it.
fn short(name: &str) -> String {
    cut(name, VALUE_CHARS / 2)
}

fn cut(text: &str, chars: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= chars { text } else { text.chars().take(chars - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_on_a_line() {
        assert_eq!(shown(&Value::from("two\nlines")), "two lines");
        assert_eq!(shown(&Value::List(vec![Value::from("a"), Value::from(1.0)])), r#"["a",1]"#);
        assert_eq!(cut("grüße", 4), "grü…");
        assert_eq!(cut("grüße", 5), "grüße");
    }
}
