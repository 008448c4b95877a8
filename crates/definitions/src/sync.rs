//! `sync`: where an audience's members are sent.

use model::DestinationKey;

use crate::choice::choice;
use crate::diagnostic::{Diagnostic, Place};
use crate::fields::unknown_key;
use crate::meaning::{AudienceSync, OnExit, StartWith, Word};
use crate::named::title;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// One sync with the place of its destination's name.
#[derive(Debug)]
pub(crate) struct SyncDraft {
    pub(crate) sync: AudienceSync,
    pub(crate) place: Place,
}

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
    const KNOWN: [&str; 9] = ["to", "title", "description", "audience_id", "match_on", "fields", "value", "on_exit", "start_with"];
    const FOREIGN: [(&str, &str); 4] = [("destination", "to"), ("name", "title"), ("identifiers", "match_on"), ("ltv", "value")];
    const ON_EXIT: [(&str, OnExit); 2] = [("remove", OnExit::Remove), ("keep", OnExit::Keep)];
    const START_WITH: [(&str, StartWith); 2] = [("everyone", StartWith::Everyone), ("new_only", StartWith::NewOnly)];
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
    let description = fields.take("description").and_then(|node| line(node, scope));
    let audience_id = fields.take("audience_id").and_then(|node| line(node, scope));
    let mapped = fields.take("fields").and_then(|node| mapped(node, scope)).unwrap_or_default();
    let match_on = fields.take("match_on").and_then(|node| scope.texts(node)).unwrap_or_default();
    let value = fields.take("value").and_then(|node| value(node, scope));
    let on_exit = fields.take("on_exit").and_then(|node| choice(node, "on_exit", &ON_EXIT, scope)).unwrap_or_default();
    let start_with = fields.take("start_with").and_then(|node| choice(node, "start_with", &START_WITH, scope)).unwrap_or_default();
    for (key, _) in fields.rest() {
        scope.report(unknown_key(key, &KNOWN, &FOREIGN));
    }
    let (to, place) = to?;
    let sync = AudienceSync { to, title, description, audience_id, match_on, fields: mapped, value, on_exit, start_with };
    Some(SyncDraft { sync, place })
}

/// One line that holds something. Ids are text: as numbers they would lose digits.
fn line(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = node.as_text().map_err(|finding| match node.data {
        Data::Number(_) => finding.help("put it in quotes: `\"23850000000000042\"`"),
        Data::Null | Data::Flag(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => finding,
    });
    let text = scope.keep(text)?.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        let finding = Diagnostic::error("empty-text", "expected one line of text").at(&node.place);
        scope.report(finding.help("write it, or leave the key out"));
        return None;
    }
    Some(text.to_owned())
}

/// `{ email: work_email }`: keys of the destination, each with the trait or kind of identifier that holds its values.
fn mapped(node: &Node, scope: &mut Scope) -> Option<Vec<(Word, String)>> {
    let help = "write for example `fields: { email: work_email }`";
    let entries = scope.keep(node.as_map().map_err(|finding| finding.help(help)))?.rest();
    let mut mapped = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        let name = line(node, scope)?;
        mapped.push((Word { text: key.text.clone(), place: key.place.clone() }, name));
    }
    Some(mapped)
}

/// The name of a trait.
fn value(node: &Node, scope: &mut Scope) -> Option<(String, Place)> {
    let text = node.as_text().map_err(|finding| match node.data {
        Data::Number(_) => finding.help("name the trait that holds each member's value: `value: lifetime_revenue`"),
        Data::Null | Data::Flag(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => finding,
    });
    let text = scope.keep(text)?;
    if text.trim().is_empty() {
        let finding = Diagnostic::error("empty-text", "no trait has an empty name").at(&node.place);
        scope.report(finding.help("name the trait that holds each member's value: `value: lifetime_revenue`"));
        return None;
    }
    scope.mention_value(text, &node.place);
    Some((text.to_owned(), node.place.clone()))
}
