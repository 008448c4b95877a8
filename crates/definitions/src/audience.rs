//! Audience files: who is in, and where members are sent.

use model::{AudienceKey, Collection, Fingerprint, IdentifierKind};

use crate::condition;
use crate::diagnostic::{Diagnostic, Place};
use crate::fields::{Fields, unknown_key};
use crate::meaning::{Audience, AudienceState, AudienceSync, Guards};
use crate::named::{file_key, title};
use crate::quote::quoted;
use crate::scope::{Reference, Scope, duplicate_item};
use crate::suggest::suggest;
use crate::sync;
use crate::tree::Node;
use crate::unsupported;

/// Shortest description that can be a sentence.
const DESCRIPTION_MIN: usize = 10;

/// One audience file as far as it was understood, before its references are followed.
#[derive(Debug)]
pub(crate) struct AudienceDraft {
    /// From the file's name; absent when that is no key.
    pub(crate) key: Option<AudienceKey>,
    /// Present when everything in the file was understood.
    pub(crate) audience: Option<Audience>,
    pub(crate) title: Option<String>,
    pub(crate) references: Vec<Reference>,
    pub(crate) syncs: Vec<SyncDraft>,
}

impl AudienceDraft {
    /// A file that is there but could not be read: others may still refer to it.
    pub(crate) fn unread(stem: &str) -> Self {
        Self { key: AudienceKey::parse(stem).ok(), audience: None, title: None, references: Vec::new(), syncs: Vec::new() }
    }
}

/// One sync with the place of its destination's name.
#[derive(Debug)]
pub(crate) struct SyncDraft {
    pub(crate) sync: AudienceSync,
    pub(crate) place: Place,
}

/// Reads one file's tree. `stem` is the file's name without its ending.
pub(crate) fn audience(stem: &str, root: &Node, scope: &mut Scope) -> AudienceDraft {
    let found_before = scope.findings.iter().filter(|finding| is_error(finding)).count();
    let mut draft = AudienceDraft::unread(stem);
    let Some(mut fields) = scope.keep(root.as_map()) else { return draft };
    file_key("audience", stem, AudienceKey::parse(stem).map(drop), &mut fields, scope);
    draft.title = fields.take("title").and_then(|node| title(node, scope));
    let description = fields.require("description").map_err(|finding| finding.help_or("write one sentence that a colleague understands"));
    let description = scope.keep(description).and_then(|node| description_text(node, scope));
    let owner = fields.take("owner").and_then(|node| scope.keep(node.as_text()).map(str::to_owned));
    only_default(&mut fields, scope);
    let identified_by = match fields.take("identified_by") {
        Some(node) => identified_by(node, scope),
        None => Some(IdentifierKind::UNIVERSE_DEFAULT.map(IdentifierKind::new).to_vec()),
    };
    let who = fields.require("who").map_err(|finding| finding.help_or("say who is in: `who: { did: Order Completed, within: 30 days }`"));
    scope.audience_key = Some(stem.to_owned());
    let who = scope.keep(who).and_then(|node| condition::condition(node, 1, scope));
    if let Some(node) = fields.take("sync") {
        draft.syncs = sync::syncs(node, scope);
    }
    refuse_rest(fields, scope);
    draft.references = std::mem::take(&mut scope.references);
    let clean = scope.findings.iter().filter(|finding| is_error(finding)).count() == found_before;
    if let (true, Some(key), Some(description), Some(identified_by), Some(who)) =
        (clean, draft.key.clone(), description, identified_by, who)
    {
        let syncs = draft.syncs.iter().map(|draft| draft.sync.clone()).collect();
        // Filled in when the audiences it refers to are known.
        let fingerprint = Fingerprint(String::new());
        draft.audience = Some(Audience {
            key,
            title: draft.title.clone(),
            description,
            owner,
            of: Collection::Users,
            state: AudienceState::Live,
            identified_by,
            who,
            syncs,
            guards: Guards::default(),
            tests: Vec::new(),
            fingerprint,
        });
    }
    draft
}

pub(crate) fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == crate::diagnostic::Severity::Error
}

fn description_text(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?.trim();
    if text.chars().count() < DESCRIPTION_MIN {
        let finding = Diagnostic::error("short-description", format!("a description has at least {DESCRIPTION_MIN} characters"));
        scope.report(finding.at(&node.place).help("write one sentence that a colleague understands"));
        return None;
    }
    Some(text.to_owned())
}

/// `of` and `state` may say what is so anyway; their other values are not evaluated yet.
fn only_default(fields: &mut Fields<'_>, scope: &mut Scope) {
    let choices: [(&'static str, &str, &[&str], &str); 2] = [
        ("of", "users", &["accounts"], "makes the members accounts rather than users"),
        ("state", "live", &["paused", "retired"], "stops evaluating or sending an audience"),
    ];
    for (name, default, others, does) in choices {
        let Some(node) = fields.take(name) else { continue };
        let Some(text) = scope.keep(node.as_text()) else { continue };
        if others.contains(&text) {
            scope.report(unsupported::not_supported(&format!("`{name}: {text}`"), does).at(&node.place));
        } else if text != default {
            let finding = Diagnostic::error("unknown-value", format!("{} is no value of `{name}`", quoted(text))).at(&node.place);
            let known = std::iter::once(default).chain(others.iter().copied());
            let meant = suggest(text, known).unwrap_or_else(|| default.to_owned());
            scope.report(finding.help(format!("did you mean `{meant}`?")));
        }
    }
}

fn identified_by(node: &Node, scope: &mut Scope) -> Option<Vec<IdentifierKind>> {
    let mut kinds = Vec::new();
    let mut complete = true;
    for item in scope.items(node)? {
        let kind = identifier_kind(item, scope);
        complete &= kind.is_some();
        if kind.as_ref().is_some_and(|kind| kinds.contains(kind)) {
            scope.report(duplicate_item(item));
            complete = false;
        }
        kinds.extend(kind);
    }
    complete.then_some(kinds)
}

fn identifier_kind(node: &Node, scope: &mut Scope) -> Option<IdentifierKind> {
    let name = scope.keep(node.as_text())?;
    if name == IdentifierKind::GROUP_ID {
        scope.report(unsupported::not_supported("`group_id` in `identified_by`", "finds accounts rather than users").at(&node.place));
        return None;
    }
    if IdentifierKind::KNOWN.contains(&name) {
        return Some(IdentifierKind::new(name));
    }
    let finding = Diagnostic::error("unknown-identifier", format!("no identifier is called {}", quoted(name))).at(&node.place);
    scope.report(if name == "phone" {
        finding.help("a phone number is a trait: ask for it with `traits: { phone: { exists: true } }`")
    } else if let Some(nearest) = suggest(name, IdentifierKind::KNOWN) {
        finding.help(format!("did you mean `{nearest}`?"))
    } else {
        let known = IdentifierKind::KNOWN.into_iter().filter(|kind| *kind != IdentifierKind::GROUP_ID);
        finding.help(format!("known: {}", crate::quote::alternatives(known)))
    });
    None
}

fn refuse_rest(fields: Fields<'_>, scope: &mut Scope) {
    const KNOWN: [&str; 11] =
        ["audience", "title", "description", "owner", "of", "state", "identified_by", "who", "sync", "guards", "tests"];
    const FOREIGN: &[(&str, &str)] = &[
        ("name", "title"),
        ("key", "audience"),
        ("id", "audience"),
        ("where", "who"),
        ("destinations", "sync"),
        ("all", "who"),
        ("any", "who"),
        ("did", "who"),
    ];
    for (key, _) in fields.rest() {
        scope.report(match unsupported::does(unsupported::AUDIENCE, &key.text) {
            Some(does) => unsupported::refused(key, does),
            None => unknown_key(key, &KNOWN, FOREIGN),
        });
    }
}
