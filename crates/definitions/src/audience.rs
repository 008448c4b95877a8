//! Audience files: who is in, where members are sent, and what must hold for that.
//!
//! `of` is read before everything that depends on what is asked about. A retired audience keeps its `who`: whoever
//! reads the file later sees what it was.

use model::{AudienceKey, Collection, Fingerprint};

use crate::choice::choice;
use crate::condition;
use crate::diagnostic::Place;
use crate::examples::{self, Examples};
use crate::fields::{Fields, unknown_key};
use crate::guards;
use crate::identified;
use crate::meaning::{Audience, AudienceState, Guards};
use crate::named::{description, file_key, title};
use crate::scope::{Reference, Scope};
use crate::sync::{self, SyncDraft};
use crate::tree::Node;

/// One audience file as far as it was understood, before its references are followed.
#[derive(Debug)]
pub(crate) struct AudienceDraft {
    /// From the file's name; absent when that is no key.
    pub(crate) key: Option<AudienceKey>,
    /// Present when everything in the file was understood.
    pub(crate) audience: Option<Audience>,
    pub(crate) title: Option<String>,
    /// Absent when the file could not be read.
    pub(crate) of: Option<Collection>,
    /// What was written, with its place.
    pub(crate) state: Option<(AudienceState, Place)>,
    pub(crate) references: Vec<Reference>,
    /// The audiences that example people are said to be in. They need not be evaluated first.
    pub(crate) example_references: Vec<Reference>,
    pub(crate) syncs: Vec<SyncDraft>,
}

impl AudienceDraft {
    /// A file that is there but could not be read: others may still refer to it.
    pub(crate) fn unread(stem: &str) -> Self {
        Self {
            key: AudienceKey::parse(stem).ok(),
            audience: None,
            title: None,
            of: None,
            state: None,
            references: Vec::new(),
            example_references: Vec::new(),
            syncs: Vec::new(),
        }
    }

    /// Where in its life it is.
    pub(crate) fn state(&self) -> AudienceState {
        self.state.as_ref().map_or_else(AudienceState::default, |(state, _)| *state)
    }
}

/// Reads one file's tree. `stem` is the file's name without its ending.
pub(crate) fn audience(stem: &str, root: &Node, scope: &mut Scope) -> AudienceDraft {
    let errors = scope.errors();
    let mut draft = AudienceDraft::unread(stem);
    let Some(mut fields) = scope.keep(root.as_map()) else { return draft };
    file_key("audience", stem, AudienceKey::parse(stem).map(drop), &mut fields, scope);
    draft.title = fields.take("title").and_then(|node| title(node, scope));
    let description = description(&mut fields, scope);
    let owner = fields.take("owner").and_then(|node| scope.keep(node.as_text()).map(str::to_owned));
    let of = of(&mut fields, scope);
    (scope.collection, scope.audience_key) = (of, Some(stem.to_owned()));
    draft.of = Some(of);
    draft.state = fields.take("state").and_then(|node| Some((state(node, scope)?, node.place.clone())));
    let identified_by = identified::identified_by(fields.take("identified_by"), scope);
    let who = fields.require("who").map_err(|finding| {
        finding.help_or(match draft.state() {
            AudienceState::Live | AudienceState::Paused => "say who is in: `who: { did: Order Completed, within: 30 days }`",
            AudienceState::Retired => "a retired audience keeps its `who`: leave it as it was, so that the file still says who was in",
        })
    });
    let who = scope.keep(who).and_then(|node| condition::condition(node, 1, scope));
    draft.references = std::mem::take(&mut scope.references);
    if let Some(node) = fields.take("sync") {
        draft.syncs = sync::syncs(node, scope);
    }
    let guards = fields.take("guards").map(|node| guards::guards(node, scope));
    let Examples { tests, references } = fields.take("tests").map(|node| examples::examples(node, scope)).unwrap_or_default();
    draft.example_references = references;
    refuse_rest(fields, scope);
    if let (true, Some(key), Some(description), Some(identified_by), Some(who), Some(guards)) =
        (scope.errors() == errors, draft.key.clone(), description, identified_by, who, guards.unwrap_or_else(|| Some(Guards::default())))
    {
        draft.audience = Some(Audience {
            key,
            title: draft.title.clone(),
            description,
            owner,
            of,
            state: draft.state(),
            identified_by,
            who,
            syncs: draft.syncs.iter().map(|draft| draft.sync.clone()).collect(),
            guards,
            tests,
            // Filled in when the audiences and traits it refers to are known.
            fingerprint: Fingerprint(String::new()),
        });
    }
    draft
}

/// What is defined: users or accounts. Users, too, when that was not understood.
pub(crate) fn of(fields: &mut Fields<'_>, scope: &mut Scope) -> Collection {
    const WORDS: [(&str, Collection); 2] = [("users", Collection::Users), ("accounts", Collection::Accounts)];
    fields.take("of").and_then(|node| choice(node, "of", &WORDS, scope)).unwrap_or(Collection::Users)
}

fn state(node: &Node, scope: &mut Scope) -> Option<AudienceState> {
    const WORDS: [(&str, AudienceState); 3] =
        [("live", AudienceState::Live), ("paused", AudienceState::Paused), ("retired", AudienceState::Retired)];
    choice(node, "state", &WORDS, scope)
}

fn refuse_rest(fields: Fields<'_>, scope: &mut Scope) {
    const KNOWN: [&str; 11] =
        ["audience", "title", "description", "owner", "of", "state", "identified_by", "who", "sync", "guards", "tests"];
    const FOREIGN: &[(&str, &str)] = &[
        ("name", "title"),
        ("key", "audience"),
        ("id", "audience"),
        ("status", "state"),
        ("where", "who"),
        ("destinations", "sync"),
        ("limits", "guards"),
        ("examples", "tests"),
        ("all", "who"),
        ("any", "who"),
        ("did", "who"),
    ];
    for (key, _) in fields.rest() {
        scope.report(unknown_key(key, &KNOWN, FOREIGN));
    }
}
