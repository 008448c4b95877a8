//! What traffic has shown so far, from the manifest of the lake's segments: no file of the lake is opened.
//!
//! **Invariant:** looking makes nothing: no data folder, no store, no tables.

use std::path::Path;

use definitions::Settings;
use definitions::observed::{Observed, ObservedEvent, ObservedValues};
use deliver::Secrets;
use model::{LogName, Segment, SegmentColumn};
use std::collections::BTreeMap;

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
    for (_, segment) in store.segments().await? {
        add(&mut observed, &segment);
    }
    Ok((!observed.is_empty()).then_some(observed))
}

fn add(observed: &mut Observed, segment: &Segment) {
    let values = match &segment.log {
        LogName::Traits => &mut observed.traits,
        LogName::Events(name) => {
            let unseen = ObservedEvent { count: 0, first_at: segment.first_at, last_at: segment.last_at, properties: BTreeMap::new() };
            let event = observed.events.entry(name.clone()).or_insert(unseen);
            event.count += segment.rows;
            event.first_at = event.first_at.min(segment.first_at);
            event.last_at = event.last_at.max(segment.last_at);
            &mut event.properties
        }
    };
    for SegmentColumn { name, value_type, rows } in &segment.columns {
        let values: &mut ObservedValues = values.entry(name.clone()).or_default();
        *values.types.entry(*value_type).or_default() += rows;
    }
}
