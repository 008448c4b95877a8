//! References between files: unknown names, cycles, titles that collide, and the order of evaluation.

use std::collections::{BTreeMap, BTreeSet};

use model::{AudienceKey, DestinationKey};

use crate::audience::AudienceDraft;
use crate::destination;
use crate::diagnostic::{Diagnostic, Place};
use crate::scope::Reference;
use crate::suggest::suggest;

/// Notes references that lead nowhere. A file that is there but broken is known: its own findings are enough.
pub(crate) fn unknown(drafts: &[AudienceDraft], destinations: &[DestinationKey], findings: &mut Vec<Diagnostic>) {
    let keys: BTreeSet<&AudienceKey> = drafts.iter().filter_map(|draft| draft.key.as_ref()).collect();
    for draft in drafts {
        for reference in draft.references.iter().filter(|reference| !keys.contains(&reference.to)) {
            let finding = Diagnostic::error("unknown-audience", format!("no audience is called `{}`", reference.to)).at(&reference.place);
            findings.push(match suggest(reference.to.as_str(), keys.iter().map(|key| key.as_str())) {
                Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
                None => finding.help(format!("create `audiences/{}.yaml`", reference.to)),
            });
        }
        for draft in draft.syncs.iter().filter(|draft| !destinations.contains(&draft.sync.to)) {
            findings.push(destination::unknown(&draft.sync.to, &draft.place, destinations));
        }
    }
}

/// Notes audiences that would fight over one name at a destination.
pub(crate) fn colliding_titles(drafts: &[AudienceDraft], findings: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<(&DestinationKey, &str), (&AudienceKey, &Place)> = BTreeMap::new();
    for audience in drafts {
        let Some(key) = &audience.key else { continue };
        for draft in &audience.syncs {
            let title = draft.sync.title.as_deref().or(audience.title.as_deref()).unwrap_or(key.as_str());
            match taken.get(&(&draft.sync.to, title)) {
                Some((other, first)) => {
                    let message = format!("`{key}` and `{other}` are both called `{title}` at `{}`", draft.sync.to);
                    let finding = Diagnostic::error("colliding-titles", message).at(&draft.place).label(first, "the other sync");
                    findings.push(finding.help("they would share one remote audience; give one of them another `title`"));
                }
                None => {
                    taken.insert((&draft.sync.to, title), (key, &draft.place));
                }
            }
        }
    }
}

/// The audiences in order of evaluation, whoever is referred to first, then by key. Audiences on or behind a cycle
/// are left out, and each cycle is noted once.
pub(crate) fn order(drafts: &[AudienceDraft], findings: &mut Vec<Diagnostic>) -> Vec<AudienceKey> {
    let known: BTreeSet<&AudienceKey> = drafts.iter().filter_map(|draft| draft.key.as_ref()).collect();
    let mut waits: BTreeMap<&AudienceKey, Vec<&Reference>> = BTreeMap::new();
    let mut needed_by: BTreeMap<&AudienceKey, BTreeSet<&AudienceKey>> = BTreeMap::new();
    let mut open: BTreeMap<&AudienceKey, BTreeSet<&AudienceKey>> = BTreeMap::new();
    for draft in drafts {
        let Some(key) = &draft.key else { continue };
        let references: Vec<&Reference> = draft.references.iter().filter(|reference| known.contains(&reference.to)).collect();
        for reference in &references {
            needed_by.entry(&reference.to).or_default().insert(key);
        }
        open.insert(key, references.iter().map(|reference| &reference.to).collect());
        waits.insert(key, references);
    }
    let mut ready: BTreeSet<&AudienceKey> = open.iter().filter(|(_, needs)| needs.is_empty()).map(|(key, _)| *key).collect();
    let mut order = Vec::with_capacity(known.len());
    loop {
        while let Some(key) = ready.pop_first() {
            order.push(key.clone());
            release(key, &mut open, &needed_by, &mut ready);
        }
        let Some(cycle) = find_cycle(&open, &waits) else { break };
        findings.push(cycle_finding(&cycle));
        for reference in &cycle {
            release(&reference.to, &mut open, &needed_by, &mut ready);
        }
        // What waits only for the cycle is not at fault; it is walked on to find further cycles.
        ready.retain(|key| open.contains_key(key));
    }
    order
}

fn release<'a>(
    key: &AudienceKey,
    open: &mut BTreeMap<&'a AudienceKey, BTreeSet<&'a AudienceKey>>,
    needed_by: &BTreeMap<&'a AudienceKey, BTreeSet<&'a AudienceKey>>,
    ready: &mut BTreeSet<&'a AudienceKey>,
) {
    open.remove(key);
    for dependant in needed_by.get(key).into_iter().flatten() {
        if let Some(needs) = open.get_mut(*dependant) {
            needs.remove(key);
            if needs.is_empty() {
                ready.insert(dependant);
            }
        }
    }
}

/// The references that make up one cycle among the audiences still waiting, from its smallest key on.
fn find_cycle<'a>(
    open: &BTreeMap<&'a AudienceKey, BTreeSet<&'a AudienceKey>>,
    waits: &BTreeMap<&'a AudienceKey, Vec<&'a Reference>>,
) -> Option<Vec<&'a Reference>> {
    let mut at: &AudienceKey = open.keys().next()?;
    let mut path: Vec<&'a Reference> = Vec::new();
    let mut seen: BTreeMap<&AudienceKey, usize> = BTreeMap::new();
    while !seen.contains_key(at) {
        seen.insert(at, path.len());
        let next = waits.get(at)?.iter().find(|reference| open.contains_key(&reference.to))?;
        path.push(next);
        at = &next.to;
    }
    let mut cycle = path.split_off(seen[at]);
    let smallest = cycle.iter().enumerate().min_by_key(|(_, reference)| &reference.to).map_or(0, |(index, _)| index);
    let count = cycle.len();
    cycle.rotate_left((smallest + 1) % count);
    Some(cycle)
}

fn cycle_finding(cycle: &[&Reference]) -> Diagnostic {
    let Some(last) = cycle.last() else { return Diagnostic::error("cycle", "audiences refer to each other in a circle") };
    let mut way = vec![last.to.as_str()];
    way.extend(cycle.iter().map(|reference| reference.to.as_str()));
    let message = format!("audiences refer to each other in a circle: `{}`", way.join(" -> "));
    let mut finding = Diagnostic::error("cycle", message).help("break the circle: an audience cannot depend on itself");
    for (index, reference) in cycle.iter().enumerate() {
        finding = match index {
            0 => finding.at(&reference.place),
            _ => finding.label(&reference.place, format!("which refers to `{}`", reference.to)),
        };
    }
    finding
}
