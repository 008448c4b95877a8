//! Cases: a history and what to ask about it; and a question as a story, for a person to read and to keep.

use std::collections::{BTreeMap, HashMap};

use evaluate::Recorded;
use model::{AsOf, AudienceKey, Fact, FactKind, Membership, MembershipDiff, ProfileId, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::catalogs::{Defined, defined};
use crate::format::{Change, Link, Names, Past, Said, Seen, Step, Story};
use crate::histories::{History, PROFILES, history};
use crate::pasts::{recorded, runs};
use crate::{oracle, spelling};

/// A history, and catalogs to ask about it, each with a recorded past: writing a history is what takes time.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) history: History,
    catalogs: Vec<(Defined, Recorded)>,
}

/// One catalog, asked once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    history: &'a History,
    pub(crate) defined: &'a Defined,
    pub(crate) recorded: &'a Recorded,
    pub(crate) as_of: AsOf,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let catalog = (defined(), runs()).prop_map(|(defined, runs)| {
        let recorded = recorded(&defined.audiences, &runs);
        (defined, recorded)
    });
    (history(), prop::collection::vec(catalog, 1..6)).prop_map(|(history, catalogs)| Case { history, catalogs })
}

impl Case {
    /// Every catalog with its recorded past.
    pub(crate) fn catalogs(&self) -> impl Iterator<Item = &(Defined, Recorded)> {
        self.catalogs.iter()
    }

    /// Every catalog at every moment.
    pub(crate) fn questions(&self) -> impl Iterator<Item = Asked<'_>> {
        self.catalogs.iter().flat_map(|(defined, recorded)| {
            self.history.as_ofs.iter().map(|as_of| Asked { history: &self.history, defined, recorded, as_of: *as_of })
        })
    }
}

impl Asked<'_> {
    /// What the oracle says of the audiences.
    pub(crate) fn memberships(&self) -> BTreeMap<AudienceKey, Membership> {
        let catalog = self.defined.catalog(self.history.zone);
        let found = oracle::evaluate(&catalog, &self.history.facts(), &self.history.people, self.recorded, self.as_of);
        found.into_iter().map(|(key, members)| (key, members.into_iter().map(ProfileId).collect())).collect()
    }

    /// What the oracle says of the computed traits.
    pub(crate) fn computed(&self) -> HashMap<ProfileId, BTreeMap<String, Value>> {
        let catalog = self.defined.catalog(self.history.zone);
        oracle::computed_traits(&catalog, &self.history.facts(), &self.history.people, self.as_of)
    }

    /// As a story in which the oracle is right.
    pub(crate) fn story(&self) -> String {
        let people = &self.history.people;
        let everybody = || (0..PROFILES).map(ProfileId);
        let mut steps: Vec<Step> = Vec::new();
        for batch in &self.history.batches {
            steps.push(Step { write: batch.iter().map(said).collect(), ..Step::default() });
        }
        let seen = people.sightings.iter().flat_map(|(kind, sightings)| {
            sightings.iter().map(|sighting| Seen {
                who: name(sighting.profile),
                with: kind.as_str().to_owned(),
                at: spelling::moment(sighting.first_seen_at),
            })
        });
        steps.push(Step { seen: seen.collect(), ..Step::default() });
        let link = people.links.iter().map(|link| Link {
            user: name(link.user),
            account: name(link.account),
            since: spelling::moment(link.since),
        });
        steps.push(Step { link: link.collect(), ..Step::default() });
        for profile in everybody().filter(|profile| people.survivor(*profile) != *profile) {
            let into = Some(name(people.survivor(profile)));
            steps.push(Step { merge: Some(name(profile)), into, ..Step::default() });
        }
        steps.push(self.tick());
        steps.retain(|step| serde_json::to_value(step).is_ok_and(|step| step != Json::Object(serde_json::Map::new())));
        let body = |body: Json| body.as_object().cloned().unwrap_or_default();
        let story = Story {
            folder: None,
            says: "the smallest random case that breaks a law".to_owned(),
            zone: Some(self.history.zone.name().to_owned()),
            profiles: everybody().map(name).collect(),
            accounts: people.accounts.iter().copied().map(name).collect(),
            anonymous: everybody().map(name).collect(),
            traits: self.defined.traits.iter().map(|it| (it.key.as_str().to_owned(), body(spelling::computed_trait(it)))).collect(),
            audiences: self.defined.audiences.iter().map(|it| (it.key.as_str().to_owned(), body(spelling::audience(it)))).collect(),
            recorded: self.recorded.audiences.iter().map(|(key, it)| (key.as_str().to_owned(), past(it))).collect(),
            steps,
        };
        layout(&serde_json::to_value(&story).expect("JSON"), 0)
    }

    fn tick(&self) -> Step {
        let mut step = Step { tick: Some(spelling::moment(self.as_of.moment())), ..Step::default() };
        for (key, after) in self.memberships() {
            let past = self.recorded.audiences.get(&key);
            let before: Membership =
                past.into_iter().flat_map(|past| past.members.iter()).map(|profile| self.history.people.survivor(profile)).collect();
            let change = diff::diff(&before, &after);
            for (half, into) in [(&change.entered, &mut step.entered), (&change.exited, &mut step.exited)] {
                if !half.is_empty() {
                    into.insert(key.as_str().to_owned(), names(half));
                }
            }
        }
        let computed: BTreeMap<ProfileId, BTreeMap<String, Value>> = self.computed().into_iter().collect();
        for key in self.defined.traits.iter().map(|computed| computed.key.as_str()) {
            let values = computed.iter().filter_map(|(profile, traits)| Some((name(*profile), traits.get(key)?.clone())));
            step.computed.insert(key.to_owned(), values.collect());
        }
        step
    }
}

fn name(profile: ProfileId) -> String {
    format!("p{profile}")
}

fn names(profiles: &Membership) -> Names {
    profiles.iter().map(name).collect()
}

fn past(past: &evaluate::RecordedAudience) -> Past {
    let change = |(at, MembershipDiff { entered, exited }): &(AsOf, MembershipDiff)| Change {
        at: spelling::moment(at.moment()),
        entered: names(entered),
        exited: names(exited),
    };
    let since = past.since.map(|since| spelling::moment(since.moment())).unwrap_or_default();
    Past { since, members: names(&past.members), changes: past.changes.iter().map(change).collect() }
}

fn said(fact: &Fact) -> Said {
    let (event, properties, traits) = match &fact.kind {
        FactKind::Event { name, properties } => (Some(name.as_str().to_owned()), properties.iter().cloned().collect(), BTreeMap::new()),
        FactKind::Traits(traits) => (None, BTreeMap::new(), traits.iter().cloned().collect()),
    };
    Said {
        who: name(fact.profile),
        at: spelling::moment(fact.occurred_at),
        received: Some(spelling::moment(fact.received_at)),
        key: u64::try_from(fact.message_key.0).ok(),
        place: Some((fact.source_order.batch, fact.source_order.place)),
        event,
        properties,
        traits,
    }
}

const WIDTH: usize = 140;

/// Short things on one line, long ones one part a line.
fn layout(value: &Json, indent: usize) -> String {
    let line = on_one_line(value);
    if line.len() + indent <= WIDTH {
        return line;
    }
    let inner = " ".repeat(indent + 2);
    let (open, parts, close): (char, Vec<String>, char) = match value {
        Json::Object(members) => {
            let part = |(name, member): (&String, &Json)| format!("{inner}{}: {}", Json::from(name.as_str()), layout(member, indent + 2));
            ('{', members.iter().map(part).collect(), '}')
        }
        Json::Array(items) => ('[', items.iter().map(|item| format!("{inner}{}", layout(item, indent + 2))).collect(), ']'),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return line,
    };
    format!("{open}\n{}\n{}{close}", parts.join(",\n"), " ".repeat(indent))
}

fn on_one_line(value: &Json) -> String {
    match value {
        Json::Object(members) if members.is_empty() => "{}".to_owned(),
        Json::Object(members) => {
            let part = |(name, member): (&String, &Json)| format!("{}: {}", Json::from(name.as_str()), on_one_line(member));
            format!("{{ {} }}", members.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", ")),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.to_string(),
    }
}
