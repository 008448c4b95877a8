//! Titles at destinations: two audiences of one name would share one remote audience.
//!
//! A retired audience keeps its title until its file goes: what was sent under it may still be there.

use std::collections::BTreeMap;

use model::{AudienceKey, DestinationKey};

use crate::audience::AudienceDraft;
use crate::diagnostic::{Diagnostic, Place};
use crate::sync::SyncDraft;

/// Notes audiences that would fight over one name at a destination.
pub(crate) fn colliding(drafts: &[AudienceDraft], findings: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<(&DestinationKey, &str), (&AudienceKey, &Place)> = BTreeMap::new();
    for audience in drafts {
        let Some(key) = &audience.key else { continue };
        for SyncDraft { sync, place } in &audience.syncs {
            let title = sync.title.as_deref().or(audience.title.as_deref()).unwrap_or(key.as_str());
            match taken.get(&(&sync.to, title)) {
                Some((other, first)) => {
                    let message = format!("`{key}` and `{other}` are both called `{title}` at `{}`", sync.to);
                    let finding = Diagnostic::error("colliding-titles", message).at(place).label(first, "the other sync");
                    findings.push(finding.help("they would share one remote audience; give one of them another `title`"));
                }
                None => {
                    taken.insert((&sync.to, title), (key, place));
                }
            }
        }
    }
}
