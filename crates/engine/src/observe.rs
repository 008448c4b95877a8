//! What traffic has shown so far, as the store counted it: no file of the lake is opened, no manifest added up.
//!
//! **Invariant:** looking makes nothing: no data folder, no store, no tables.

use std::collections::BTreeMap;
use std::path::Path;

use definitions::Settings;
use definitions::observed::{Observed, ObservedEvent, ObservedValues};
use deliver::Secrets;
use model::{LogName, ValueType};
use store::ObservedRow;

use crate::OpenError;
use crate::workspace::store_url;

/// What was observed in this workspace; nothing when it has no store yet. `folder` is the definitions' folder.
///
/// # Errors
/// When there is a store that cannot be read, or its URL is not known.
pub async fn observed(folder: &Path, settings: &Settings, secrets: &dyn Secrets) -> Result<Option<Observed>, OpenError> {
    let url = store_url(&settings.store, &folder.join(&settings.data), secrets)?;
    let Some(store) = store::open_existing(&url).await? else { return Ok(None) };
    let mut observed = Observed::default();
    for row in store.observed().await? {
        add(&mut observed, row);
    }
    Ok((!observed.is_empty()).then_some(observed))
}

fn add(observed: &mut Observed, row: ObservedRow) {
    match (&row.log, &row.value) {
        // Messages that say traits are counted trait by trait.
        (LogName::Traits, None) => {}
        (LogName::Traits, Some((name, value_type))) => add_values(observed.traits.entry(name.clone()).or_default(), *value_type, &row),
        (LogName::Events(name), value) => {
            let unseen = ObservedEvent {
                count: 0,
                first_at: row.first_at,
                last_at: row.last_at,
                properties: BTreeMap::new(),
                sources: BTreeMap::new(),
            };
            let event = observed.events.entry(name.clone()).or_insert(unseen);
            event.first_at = event.first_at.min(row.first_at);
            event.last_at = event.last_at.max(row.last_at);
            if let Some((name, value_type)) = value {
                add_values(event.properties.entry(name.clone()).or_default(), *value_type, &row);
            } else {
                event.count += row.rows;
                *event.sources.entry(row.source).or_default() += row.rows;
            }
        }
    }
}

fn add_values(values: &mut ObservedValues, value_type: ValueType, row: &ObservedRow) {
    *values.types.entry(value_type).or_default() += row.rows;
    let (first, last) = (row.first_at.day(), row.last_at.day());
    values.days = Some(values.days.map_or((first, last), |(earliest, latest)| (earliest.min(first), latest.max(last))));
}
