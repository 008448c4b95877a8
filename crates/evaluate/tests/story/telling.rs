//! Telling a story: what is written, merged and defined step by step, and what every tick finds.
//!
//! Before two memberships are compared, those who were in are mapped to their survivors, as a run does; what a tick
//! finds is recorded for the ticks after it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use definitions::Catalog;
use evaluate::{Recorded, RecordedAudience};
use model::{
    AccountLink, AsOf, AudienceKey, EventName, Fact, FactKind, IdentifierKind, Membership, MembershipDiff, MessageKey, Moment, People,
    ProfileId, SegmentId, Sighting, SourceOrder, Value,
};

use crate::format::{Definitions, Names, Past, Said, Step, Story};
use crate::world::World;

/// A story so far.
pub(crate) struct Telling<'a> {
    story: &'a Story,
    world: World,
    definitions: Definitions,
    catalog: Catalog,
    /// A name's place is its profile number.
    names: Vec<String>,
    messages: u64,
    recorded: Recorded,
    last: Option<AsOf>,
    seen: Option<SegmentId>,
}

/// Plays a story from its beginning; panics where it does not come true.
pub(crate) fn tell(story: &Story) {
    let definitions = Definitions::of(story);
    let catalog = catalog(&definitions, story);
    let mut names = story.profiles.clone();
    let mut mention = |name: &String| {
        if !names.contains(name) {
            names.push(name.clone());
        }
    };
    for step in &story.steps {
        step.write.iter().for_each(|said| mention(&said.who));
        step.seen.iter().for_each(|seen| mention(&seen.who));
        step.link.iter().for_each(|link| {
            mention(&link.user);
            mention(&link.account);
        });
    }
    let people = People { canonical: (0..names.len()).map(profile).collect(), ..People::default() };
    let mut telling = Telling {
        story,
        world: World::new(people),
        definitions,
        catalog,
        names,
        messages: 0,
        recorded: Recorded::default(),
        last: None,
        seen: None,
    };
    telling.world.people.accounts =
        (0..telling.names.len()).filter(|number| story.accounts.contains(&telling.names[*number])).map(profile).collect();
    telling.recorded.audiences = story.recorded.iter().map(|(key, past)| (audience(key), telling.past(past))).collect();
    for (number, step) in (1..).zip(&story.steps) {
        telling.play(step, number);
    }
}

#[track_caller]
fn catalog(definitions: &Definitions, story: &Story) -> Catalog {
    let stories = Path::new("../../fixtures/stories");
    let loaded = match &story.folder {
        Some(folder) => definitions::load(&stories.join(folder)),
        None => definitions.load(story.zone.as_deref()),
    };
    loaded.catalog.unwrap_or_else(|| panic!("{}: {:#?}", story.says, loaded.diagnostics))
}

impl Telling<'_> {
    fn play(&mut self, step: &Step, number: u32) {
        let facts: Vec<Fact> = (0..).zip(&step.write).map(|(place, said)| self.fact(said, SourceOrder { batch: number, place })).collect();
        self.world.write(&facts);
        for seen in &step.seen {
            self.sight(&seen.with, self.number(&seen.who), moment(&seen.at));
        }
        for link in &step.link {
            let link = AccountLink { user: self.number(&link.user), account: self.number(&link.account), since: moment(&link.since) };
            self.world.people.links.push(link);
        }
        if let (Some(from), Some(into)) = (&step.merge, &step.into) {
            self.merge(from, into);
        }
        if let Some(anew) = &step.define {
            self.definitions.replace(anew);
            self.catalog = catalog(&self.definitions, self.story);
        }
        if let Some(tick) = &step.tick {
            self.tick(AsOf(moment(tick)), step);
        }
    }

    /// Whoever is not anonymous is known from the first message on.
    fn fact(&mut self, said: &Said, order: SourceOrder) -> Fact {
        let at = moment(&said.at);
        let profile = self.number(&said.who);
        if !self.story.anonymous.contains(&said.who) {
            let is_account = self.story.accounts.contains(&said.who);
            self.sight(if is_account { IdentifierKind::GROUP_ID } else { IdentifierKind::USER_ID }, profile, at);
        }
        self.messages += 1;
        let kind = match &said.event {
            Some(event) => FactKind::Event {
                name: EventName::parse(event).expect("an event name"),
                properties: said.properties.clone().into_iter().collect(),
            },
            None => FactKind::Traits(said.traits.clone().into_iter().collect()),
        };
        Fact {
            profile,
            occurred_at: at,
            received_at: said.received.as_deref().map_or(at, moment),
            message_key: MessageKey(u128::from(said.key.unwrap_or(self.messages))),
            source_order: said.place.map_or(order, |(batch, place)| SourceOrder { batch, place }),
            kind,
        }
    }

    fn sight(&mut self, kind: &str, profile: ProfileId, first_seen_at: Moment) {
        let sightings = self.world.people.sightings.entry(IdentifierKind::new(kind)).or_default();
        sightings.push(Sighting { profile, first_seen_at });
    }

    fn merge(&mut self, from: &str, into: &str) {
        let (from, into) = (self.number(from), self.number(into));
        for survivor in &mut self.world.people.canonical {
            if *survivor == from {
                *survivor = into;
            }
        }
    }

    fn tick(&mut self, as_of: AsOf, step: &Step) {
        let (evaluator, snapshot) = (self.world.evaluator(), self.world.snapshot());
        let place = format!("{}, tick {as_of}", self.story.says);
        let memberships = evaluator.evaluate(&self.catalog, &snapshot, &self.recorded, as_of).expect("own lake").memberships;
        for (key, after) in memberships {
            let past = self.recorded.audiences.get(&key);
            let recorded = past.map(|past| past.members.clone()).unwrap_or_default();
            let before: Membership = recorded.iter().map(|profile| self.world.people.survivor(profile)).collect();
            let change = diff::diff(&before, &after);
            let expected = |half: &BTreeMap<String, Names>| half.get(key.as_str()).cloned().unwrap_or_default();
            assert_eq!(self.named(&change.entered), expected(&step.entered), "{place}: entered {key}");
            assert_eq!(self.named(&change.exited), expected(&step.exited), "{place}: exited {key}");
            self.record(key, &recorded, after, as_of);
        }
        if let Some(expected) = &step.touched {
            let since = self.last.unwrap_or(AsOf(Moment::from_micros(i64::MIN)));
            let touched = evaluator.touched(&snapshot, since, self.seen, as_of).expect("own lake");
            assert_eq!(self.named(&touched), *expected, "{place}: touched");
        }
        if !step.computed.is_empty() {
            let everybody: Membership = (0..self.names.len()).map(profile).filter(|id| self.world.people.survivor(*id) == *id).collect();
            let found = evaluator.computed_traits(&self.catalog, &snapshot, &everybody, as_of).expect("own lake");
            for (key, expected) in &step.computed {
                let values = everybody.iter().filter_map(|id| Some((self.names[id.index()].clone(), found.get(&id)?.get(key)?.clone())));
                assert_eq!(values.collect::<BTreeMap<String, Value>>(), *expected, "{place}: computed `{key}`");
            }
        }
        self.last = Some(as_of);
        self.seen = snapshot.segments.last().map(|(number, _)| *number);
    }

    /// What a run records is by number: who goes by another one since a merge has moved.
    fn record(&mut self, key: AudienceKey, before: &Membership, after: Membership, as_of: AsOf) {
        let change = diff::diff(before, &after);
        let past = self.recorded.audiences.entry(key).or_default();
        past.since.get_or_insert(as_of);
        past.members = after;
        if !change.is_empty() {
            past.changes.push((as_of, change));
        }
    }

    fn past(&self, past: &Past) -> RecordedAudience {
        let changes = past.changes.iter().map(|change| {
            let halves = MembershipDiff { entered: self.numbers(&change.entered), exited: self.numbers(&change.exited) };
            (AsOf(moment(&change.at)), halves)
        });
        RecordedAudience { members: self.numbers(&past.members), since: Some(AsOf(moment(&past.since))), changes: changes.collect() }
    }

    fn number(&self, name: &str) -> ProfileId {
        profile(self.names.iter().position(|known| known == name).expect("a name that the story mentions"))
    }

    fn numbers(&self, names: &Names) -> Membership {
        names.iter().map(|name| self.number(name)).collect()
    }

    fn named(&self, profiles: &Membership) -> BTreeSet<String> {
        profiles.iter().map(|profile| self.names[profile.index()].clone()).collect()
    }
}

fn profile(number: usize) -> ProfileId {
    ProfileId(u32::try_from(number).expect("few"))
}

fn moment(text: &str) -> Moment {
    Moment::parse(text).expect("a moment")
}

fn audience(key: &str) -> AudienceKey {
    AudienceKey::parse(key).expect("a key")
}
