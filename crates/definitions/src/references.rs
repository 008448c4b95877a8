//! References between files: names that lead nowhere, or to something else than what is asked for.
//!
//! A reference to a retired audience is an error, unless whoever refers is retired too: two that belong together can
//! then be retired in one change. A reference to a paused one is a warning.

use std::collections::BTreeMap;

use model::{AudienceKey, Collection, DestinationKey, TraitKey};

use crate::audience::AudienceDraft;
use crate::computed::TraitDraft;
use crate::destination;
use crate::diagnostic::{Diagnostic, Place};
use crate::meaning::{AudienceState, AudienceSync, ComputedTrait};
use crate::order::{Need, Needs};
use crate::quote::quoted;
use crate::scope::{Reference, TraitReference};
use crate::suggest::suggest;
use crate::sync::SyncDraft;

type ByKey<'a> = BTreeMap<&'a AudienceKey, &'a AudienceDraft>;

/// Notes what is wrong with the references of audiences. A file that is there but broken is known: its own findings
/// are enough.
pub(crate) fn check(drafts: &[AudienceDraft], traits: &[TraitDraft], destinations: &[DestinationKey], findings: &mut Vec<Diagnostic>) {
    let by_key: ByKey<'_> = drafts.iter().filter_map(|draft| Some((draft.key.as_ref()?, draft))).collect();
    for draft in drafts {
        for reference in &draft.references {
            match by_key.get(&reference.to) {
                Some(meant) => {
                    findings.extend(other_collection(reference, meant));
                    findings.extend(ended(draft, reference, meant));
                }
                None => findings.push(unknown(reference, &by_key)),
            }
        }
        for reference in &draft.example_references {
            findings.extend(match by_key.get(&reference.to) {
                Some(meant) => other_collection(reference, meant)
                    .map(|finding| finding.help(format!("name an audience of {} here", plural(reference.of)))),
                None => Some(unknown(reference, &by_key)),
            });
        }
        for SyncDraft { sync, place } in &draft.syncs {
            if !destinations.contains(&sync.to) {
                findings.push(destination::unknown(&sync.to, place, destinations));
            }
            findings.extend(value(sync, draft.of.unwrap_or(Collection::Users), traits));
        }
    }
}

/// What each audience waits for.
pub(crate) fn audience_needs(drafts: &[AudienceDraft]) -> Needs<'_, AudienceKey> {
    let mut needs = Needs::new();
    for draft in drafts {
        let Some(key) = &draft.key else { continue };
        needs.insert(key, draft.references.iter().map(|reference| Need { to: &reference.to, place: &reference.place }).collect());
    }
    needs
}

/// What each computed trait waits for. Traits that are not computed are sent: nobody waits for them.
pub(crate) fn trait_needs(drafts: &[TraitDraft]) -> Needs<'_, TraitKey> {
    let computed: BTreeMap<(&str, Collection), &TraitKey> =
        drafts.iter().filter_map(|draft| Some(((draft.key.as_ref()?.as_str(), draft.of?), draft.key.as_ref()?))).collect();
    let mut needs = Needs::new();
    for draft in drafts {
        let Some(key) = &draft.key else { continue };
        let meant = |named: &TraitReference| computed.get(&(named.name.as_str(), named.of)).copied();
        let references = draft.references.iter();
        needs.insert(key, references.filter_map(|named| Some(Need { to: meant(named)?, place: &named.place })).collect());
    }
    needs
}

fn unknown(reference: &Reference, by_key: &ByKey<'_>) -> Diagnostic {
    let finding = Diagnostic::error("unknown-audience", format!("no audience is called `{}`", reference.to)).at(&reference.place);
    match suggest(reference.to.as_str(), by_key.keys().map(|key| key.as_str())) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding.help(format!("create `audiences/{}.yaml`", reference.to)),
    }
}

fn other_collection(reference: &Reference, meant: &AudienceDraft) -> Option<Diagnostic> {
    let of = meant.of.filter(|of| *of != reference.of)?;
    let key = &reference.to;
    let message = format!("`{key}` is an audience of {}; a membership of {} is asked for here", plural(of), plural(reference.of));
    let help = match reference.of {
        Collection::Users => format!("to ask about the account a user belongs to, write `account: {{ in_audience: {key} }}`"),
        Collection::Accounts => format!("to ask about an account's users, write `any_user: {{ in_audience: {key} }}`"),
    };
    Some(Diagnostic::error("other-collection", message).at(&reference.place).help(help))
}

fn ended(from: &AudienceDraft, reference: &Reference, meant: &AudienceDraft) -> Option<Diagnostic> {
    let (state, place) = meant.state.as_ref()?;
    let key = &reference.to;
    match (from.state(), *state) {
        (AudienceState::Live | AudienceState::Paused, AudienceState::Retired) => {
            let message = format!("`{key}` is retired: nobody is in it any more");
            let finding = Diagnostic::error("retired-audience", message).at(&reference.place).label(place, "retired here");
            Some(finding.help("take the condition out, or name another audience"))
        }
        (AudienceState::Live, AudienceState::Paused) => {
            let message = format!("`{key}` is paused: its membership stays as it was recorded last");
            let finding = Diagnostic::warning("paused-audience", message).at(&reference.place).label(place, "paused here");
            Some(finding.help("expect no change from this condition until it is live again"))
        }
        (AudienceState::Retired, _) | (AudienceState::Paused, AudienceState::Paused) | (_, AudienceState::Live) => None,
    }
}

/// Whether the trait that a sync sends as each member's value is a number.
fn value(sync: &AudienceSync, of: Collection, traits: &[TraitDraft]) -> Option<Diagnostic> {
    let (name, place) = sync.value.as_ref()?;
    let computed = || traits.iter().filter_map(|draft| draft.computed.as_ref());
    if let Some(named) = computed().find(|computed| computed.key.as_str() == name) {
        return value_of(named, of, place);
    }
    // A trait that is not computed may well be sent; one that is nearly called like a computed one is probably meant.
    let near = suggest(name, computed().filter(|computed| computed.of == of).map(|computed| computed.key.as_str()))?;
    let message = format!("no computed trait is called {}", quoted(name));
    let finding = Diagnostic::warning("uncertain-value", message).at(place);
    Some(finding.help(format!("did you mean `{near}`? otherwise the value is the trait that messages carry")))
}

fn value_of(named: &ComputedTrait, of: Collection, place: &Place) -> Option<Diagnostic> {
    let key = &named.key;
    if named.of != of {
        let message = format!("the computed trait `{key}` is one of {}; the members here are {}", plural(named.of), plural(of));
        let finding = Diagnostic::warning("uncertain-value", message).at(place);
        return Some(finding.help("name a trait of the members; otherwise the value is the trait that messages carry"));
    }
    if named.aggregate.reducer.may_be_number() {
        return None;
    }
    let finding = Diagnostic::error("value-not-number", format!("the computed trait `{key}` is no number, and cannot be a value"));
    Some(finding.at(place).help("name a trait made with `count`, `sum`, `average`, `min`, `max` or `unique_count`"))
}

fn plural(of: Collection) -> &'static str {
    match of {
        Collection::Users => "users",
        Collection::Accounts => "accounts",
    }
}
