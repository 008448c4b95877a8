//! `sources` and `collect` in the settings: whose messages come in over HTTP, and how. Never their keys: those are secrets.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use model::AudienceKey;

use crate::diagnostic::Diagnostic;
use crate::meaning::CollectSettings;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::Node;

/// The largest that `event_kib_max` may be: what an import takes as one line.
const EVENT_KIB_MAX: u32 = 1_000;
const NAME_BYTES_MAX: usize = 100;

impl Default for CollectSettings {
    /// What holds when `collect` says nothing.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            origins: Vec::new(),
            requests_per_second: NonZeroU32::new(2_000).expect("not zero"),
            event_kib_max: 256,
        }
    }
}

/// Reads the sources: what each is, by name.
pub(crate) fn sources(node: &Node, scope: &mut Scope) -> BTreeMap<String, String> {
    let help = "write for example `website: The shop's pages`";
    let Some(fields) = scope.keep(node.as_map().map_err(|finding| finding.help_or(help))) else { return BTreeMap::new() };
    let mut sources = BTreeMap::new();
    for (key, value) in fields.rest() {
        // A source's name is part of its messages' identity for ever, so it is as plain as an audience's.
        if AudienceKey::parse(&key.text).is_err() || key.text.len() > NAME_BYTES_MAX {
            let finding = Diagnostic::error("unknown-value", format!("{} cannot be the name of a source", quoted(&key.text)));
            scope.report(finding.at(&key.place).help("use lower-case letters, digits and `_`, such as `website`"));
        } else if let Some(description) = scope.keep(value.as_text()) {
            sources.insert(key.text.clone(), description.to_owned());
        }
    }
    sources
}

/// Reads how messages are taken.
pub(crate) fn collect(node: &Node, scope: &mut Scope) -> Option<CollectSettings> {
    let mut settings = CollectSettings::default();
    let help = "write for example `{ listen: \"127.0.0.1:8080\" }`";
    let mut fields = scope.keep(node.as_map().map_err(|finding| finding.help_or(help)))?;
    if let Some(listen) = fields.take("listen").and_then(|node| listen(node, scope)) {
        settings.listen = listen;
    }
    if let Some(origins) = fields.take("origins") {
        settings.origins = origins_of(origins, scope);
    }
    let per_second = fields.take("requests_per_second").and_then(|node| count(node, 1_000_000, scope));
    settings.requests_per_second = per_second.unwrap_or(settings.requests_per_second);
    let event_kib = fields.take("event_kib_max").and_then(|node| count(node, EVENT_KIB_MAX, scope));
    settings.event_kib_max = event_kib.map_or(settings.event_kib_max, NonZeroU32::get);
    scope.findings.extend(fields.finish());
    Some(settings)
}

pub(crate) fn listen(node: &Node, scope: &mut Scope) -> Option<SocketAddr> {
    let text = scope.keep(node.as_text())?;
    let address = text.parse().ok();
    if address.is_none() {
        let finding = Diagnostic::error("unknown-value", format!("{} is no address to listen on", quoted(text)));
        scope.report(finding.at(&node.place).help("write an IP address and a port, such as `127.0.0.1:8080`"));
    }
    address
}

fn origins_of(node: &Node, scope: &mut Scope) -> Vec<String> {
    let mut origins = Vec::new();
    for item in scope.keep(node.as_list()).unwrap_or_default() {
        let Some(text) = scope.keep(item.as_text()) else { continue };
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host =
            |host: &str| !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
        if host.is_some_and(is_host) {
            origins.push(text.to_owned());
        } else {
            let finding = Diagnostic::error("unknown-value", format!("{} is no origin of pages", quoted(text)));
            scope.report(finding.at(&item.place).help("write scheme and host, such as `https://www.example.com`, and nothing behind"));
        }
    }
    origins
}

pub(crate) fn count(node: &Node, most: u32, scope: &mut Scope) -> Option<NonZeroU32> {
    let number = scope.keep(node.as_integer())?;
    let count = u32::try_from(number).ok().filter(|count| *count <= most).and_then(NonZeroU32::new);
    if count.is_none() {
        let finding = Diagnostic::error("wrong-type", format!("expected a number from 1 to {most}, found `{number}`"));
        scope.report(finding.at(&node.place).help("write a whole number such as `100`"));
    }
    count
}
