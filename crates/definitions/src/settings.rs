//! `muster.yaml`: how this workspace runs. Everything in it may be left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::{TZ_VARIANTS, Tz};
use model::{EventName, ListKey};

use crate::diagnostic::Diagnostic;
use crate::meaning::{Settings, StoreSetting};
use crate::quote::quoted;
use crate::schedule;
use crate::scope::Scope;
use crate::suggest::suggest;
use crate::tree::{Data, Node};
use crate::{api, collect, csv, identity};

impl Default for Settings {
    /// What holds when `muster.yaml` says nothing.
    fn default() -> Self {
        Self {
            data: "data".to_owned(),
            store: StoreSetting::Sqlite,
            zone: Tz::UTC,
            schedule: "0 * * * *".to_owned(),
            csv: BTreeMap::new(),
            list_events: BTreeMap::new(),
            sources: BTreeMap::new(),
            collect: None,
            identity: Arc::default(),
            api: None,
        }
    }
}

/// Reads the file's tree; what cannot be understood keeps its default, so that the other files can be checked too.
pub(crate) fn settings(root: &Node, scope: &mut Scope) -> Settings {
    let mut settings = Settings::default();
    if root.is_null() {
        return settings;
    }
    let Some(mut fields) = scope.keep(root.as_map()) else { return settings };
    if let Some(data) = fields.take("data").and_then(|node| data(node, scope)) {
        settings.data = data;
    }
    if let Some(store) = fields.take("store").and_then(|node| store(node, scope)) {
        settings.store = store;
    }
    if let Some(zone) = fields.take("timezone").and_then(|node| zone(node, scope)) {
        settings.zone = zone;
    }
    if let Some(schedule) = fields.take("schedule").and_then(|node| schedule_text(node, scope)) {
        settings.schedule = schedule;
    }
    if let Some(node) = fields.take("csv") {
        settings.csv = csv::mappings(node, scope);
    }
    if let Some(node) = fields.take("list_events") {
        settings.list_events = list_events(node, scope);
    }
    if let Some(node) = fields.take("sources") {
        settings.sources = collect::sources(node, scope);
    }
    if let Some(node) = fields.take("identity") {
        settings.identity = identity::identity(node, scope);
    }
    settings.collect = fields.take("collect").and_then(|node| collect::collect(node, scope));
    settings.api = fields.take("api").and_then(|node| api::api(node, scope));
    scope.findings.extend(fields.finish());
    settings
}

/// Names of events, and the lists they keep.
fn list_events(node: &Node, scope: &mut Scope) -> BTreeMap<EventName, ListKey> {
    let mut lists = BTreeMap::new();
    let Some(fields) = scope.keep(node.as_map()) else { return lists };
    for (key, value) in fields.rest() {
        let event = EventName::parse(&key.text).map_err(|error| {
            let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
            Diagnostic::error("invalid-event-name", message).at(&key.place)
        });
        let event = scope.keep(event);
        let Some(text) = scope.keep(value.as_text()) else { continue };
        let list = ListKey::parse(text).map_err(|error| {
            let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
            Diagnostic::error("invalid-key", message).at(&value.place).help("write a name such as `vip_list`")
        });
        if let (Some(event), Some(list)) = (event, scope.keep(list)) {
            lists.insert(event, list);
        }
    }
    lists
}

fn data(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?;
    if text.trim().is_empty() {
        let finding = Diagnostic::error("unknown-value", "the data folder has no name").at(&node.place);
        scope.report(finding.help("name a folder: `data: data`"));
        return None;
    }
    Some(text.to_owned())
}

fn store(node: &Node, scope: &mut Scope) -> Option<StoreSetting> {
    const HELP: &str = "write `sqlite`, or `{ url_env: MUSTER_STORE_URL }` to name the variable that holds a PostgreSQL URL";
    match &node.data {
        Data::Text(text) if text == "sqlite" => Some(StoreSetting::Sqlite),
        Data::Text(text) if text.contains("://") => {
            let finding = Diagnostic::error("secret-in-file", "a store's URL does not belong in a file: it holds a password");
            scope.report(finding.at(&node.place).help(HELP));
            None
        }
        Data::Text(text) => {
            scope.report(Diagnostic::error("unknown-value", format!("no store is called {}", quoted(text))).at(&node.place).help(HELP));
            None
        }
        Data::Map(_) => {
            let mut fields = scope.keep(node.as_map())?;
            let variable = fields.require("url_env").map_err(|finding| finding.help_or(HELP));
            let variable = scope.keep(variable).and_then(|node| variable_name(node, scope));
            scope.findings.extend(fields.finish());
            variable.map(StoreSetting::UrlFromEnv)
        }
        _ => {
            scope.report(node.wrong_type("a store").help(HELP));
            None
        }
    }
}

/// The name of the environment variable that holds a URL.
pub(crate) fn variable_name(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?;
    if text.contains("://") {
        let finding = Diagnostic::error("secret-in-file", "a database's URL does not belong in a file: it holds a password");
        scope.report(finding.at(&node.place).help("put the URL in an environment variable, and its name here"));
        return None;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(allowed) {
        let finding = Diagnostic::error("unknown-value", format!("{} is no name of an environment variable", quoted(text)));
        scope.report(finding.at(&node.place).help("use letters, digits and `_`, such as `MUSTER_STORE_URL`"));
        return None;
    }
    Some(text.to_owned())
}

fn zone(node: &Node, scope: &mut Scope) -> Option<Tz> {
    let text = scope.keep(node.as_text())?;
    if let Ok(zone) = text.parse::<Tz>() {
        return Some(zone);
    }
    let finding = Diagnostic::error("unknown-timezone", format!("no time zone is called {}", quoted(text))).at(&node.place);
    let city = |zone: &&Tz| zone.name().rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&text.replace(' ', "_")));
    let nearest = TZ_VARIANTS
        .iter()
        .find(city)
        .map(|zone| zone.name().to_owned())
        .or_else(|| suggest(text, TZ_VARIANTS.iter().map(|zone| zone.name())));
    scope.report(match nearest {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding.help("use a name of the IANA database, such as `UTC` or `Europe/Berlin`"),
    });
    None
}

fn schedule_text(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?;
    if let Err(error) = schedule::to_cron(text) {
        let finding = Diagnostic::error("invalid-schedule", error.to_string()).at(&node.place);
        scope.report(match error.help {
            Some(help) => finding.help(help),
            None => finding,
        });
        return None;
    }
    Some(text.to_owned())
}
