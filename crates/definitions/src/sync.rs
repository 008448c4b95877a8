//! `sync`: where an audience's members are sent.

use model::DestinationKey;

use crate::audience::SyncDraft;
use crate::diagnostic::Diagnostic;
use crate::fields::unknown_key;
use crate::meaning::{AudienceSync, OnExit, StartWith};
use crate::named::title;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};
use crate::unsupported;

/// Reads the list of syncs.
pub(crate) fn syncs(node: &Node, scope: &mut Scope) -> Vec<SyncDraft> {
    let list_help = "write a list: `- to: facebook_main`";
    if let Data::Map(_) | Data::Text(_) = &node.data {
        scope.report(node.wrong_type("a list of syncs").help(list_help));
        return Vec::new();
    }
    let Some(items) = scope.items(node) else { return Vec::new() };
    let mut drafts: Vec<SyncDraft> = Vec::with_capacity(items.len());
    for item in items {
        if let Data::Text(_) = &item.data {
            scope.report(item.wrong_type("a map").help(list_help));
            continue;
        }
        let Some(draft) = sync(item, scope) else { continue };
        if let Some(first) = drafts.iter().find(|known| known.sync.to == draft.sync.to) {
            let message = format!("this audience is sent to `{}` twice", draft.sync.to);
            let finding = Diagnostic::error("duplicate-sync", message).at(&draft.place).label(&first.place, "first here");
            scope.report(finding.help("keep one of them"));
            continue;
        }
        drafts.push(draft);
    }
    drafts
}

fn sync(node: &Node, scope: &mut Scope) -> Option<SyncDraft> {
    let mut fields = scope.keep(node.as_map())?;
    let to = fields.require("to").map_err(|finding| finding.help_or("name a file in `destinations/`: `to: facebook_main`"));
    let to = scope.keep(to).and_then(|node| {
        let text = scope.keep(node.as_text())?;
        let key = DestinationKey::parse(text).map_err(|error| {
            let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
            Diagnostic::error("invalid-key", message).at(&node.place)
        });
        Some((scope.keep(key)?, node.place.clone()))
    });
    let title = fields.take("title").and_then(|node| title(node, scope));
    let match_on = fields.take("match_on").and_then(|node| scope.texts(node)).unwrap_or_default();
    for (key, _) in fields.rest() {
        scope.report(match unsupported::does(unsupported::SYNC, &key.text) {
            Some(does) => unsupported::refused(key, does),
            None => {
                unknown_key(key, &["to", "title", "match_on"], &[("destination", "to"), ("name", "title"), ("identifiers", "match_on")])
            }
        });
    }
    let (to, place) = to?;
    let sync = AudienceSync { to, title, match_on, value: None, on_exit: OnExit::Remove, start_with: StartWith::Everyone };
    Some(SyncDraft { sync, place })
}
