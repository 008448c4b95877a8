//! Stories in time: `fixtures/stories/*.json`, who entered and who exited at each tick.

mod world;
#[path = "world/written.rs"]
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use evaluate::Recorded;
use model::{
    AsOf, AudienceKey, EventName, Fact, FactKind, IdentifierKind, Membership, MessageKey, Moment, People, ProfileId, SegmentId, Sighting,
    SourceOrder, Value,
};

use world::World;
use written::catalog;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    says: String,
    zone: Option<String>,
    audiences: BTreeMap<String, serde_json::Value>,
    steps: Vec<Step>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    write: Vec<Said>,
    merge: Option<String>,
    into: Option<String>,
    tick: Option<String>,
    #[serde(default)]
    entered: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    exited: BTreeMap<String, BTreeSet<String>>,
    touched: Option<BTreeSet<String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    who: String,
    at: String,
    event: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
    #[serde(default)]
    traits: BTreeMap<String, Option<Value>>,
}

#[test]
fn every_story_comes_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stories");
    let mut told = 0;
    for entry in fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).expect("a readable file");
            let story: Story = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Telling::new(&story).play(&story);
            told += 1;
        }
    }
    assert!(told >= 3, "{told} stories told");
}

/// A story so far.
struct Telling {
    world: World,
    /// A name's place is its profile number.
    names: Vec<String>,
    messages: u128,
    last: Option<(AsOf, BTreeMap<AudienceKey, Membership>)>,
    seen: Option<SegmentId>,
}

impl Telling {
    fn new(story: &Story) -> Self {
        let mut names: Vec<String> = Vec::new();
        for said in story.steps.iter().flat_map(|step| &step.write) {
            if !names.contains(&said.who) {
                names.push(said.who.clone());
            }
        }
        let people = People { canonical: (0..names.len()).map(profile).collect(), ..People::default() };
        Self { world: World::new(people), names, messages: 0, last: None, seen: None }
    }

    fn play(mut self, story: &Story) {
        let conditions: Vec<(String, String)> = story.audiences.iter().map(|(key, who)| (key.clone(), who.to_string())).collect();
        let audiences: Vec<(&str, &str)> = conditions.iter().map(|(key, who)| (key.as_str(), who.as_str())).collect();
        let catalog = catalog(&audiences, story.zone.as_deref().unwrap_or("UTC"));
        for step in &story.steps {
            let facts: Vec<Fact> = step.write.iter().map(|said| self.fact(said)).collect();
            self.world.write(&facts);
            if let (Some(from), Some(into)) = (&step.merge, &step.into) {
                self.merge(from, into);
            }
            if let Some(tick) = &step.tick {
                self.tick(story, &catalog, AsOf(Moment::parse(tick).expect("a moment")), step);
            }
        }
    }

    fn fact(&mut self, said: &Said) -> Fact {
        let at = Moment::parse(&said.at).expect("a moment");
        let profile = self.number(&said.who);
        let sightings = self.world.people.sightings.entry(IdentifierKind::new(IdentifierKind::USER_ID)).or_default();
        sightings.push(Sighting { profile, first_seen_at: at });
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
            received_at: at,
            message_key: MessageKey(self.messages),
            source_order: SourceOrder::default(),
            kind,
        }
    }

    fn merge(&mut self, from: &str, into: &str) {
        let (from, into) = (self.number(from), self.number(into));
        for survivor in &mut self.world.people.canonical {
            if *survivor == from {
                *survivor = into;
            }
        }
    }

    fn tick(&mut self, story: &Story, catalog: &definitions::Catalog, as_of: AsOf, step: &Step) {
        let (evaluator, snapshot) = (self.world.evaluator(), self.world.snapshot());
        let place = format!("{}, tick {as_of}", story.says);
        let memberships = evaluator.evaluate(catalog, &snapshot, &Recorded::default(), as_of).expect("own lake").memberships;
        for (key, after) in &memberships {
            let before = self.last.as_ref().map(|(_, memberships)| memberships[key].clone()).unwrap_or_default();
            let change = diff::diff(&before, after);
            let expected = |half: &BTreeMap<String, BTreeSet<String>>| half.get(key.as_str()).cloned().unwrap_or_default();
            assert_eq!(self.named(&change.entered), expected(&step.entered), "{place}: entered {key}");
            assert_eq!(self.named(&change.exited), expected(&step.exited), "{place}: exited {key}");
        }
        if let Some(expected) = &step.touched {
            let since = self.last.as_ref().map_or(AsOf(Moment::from_micros(i64::MIN)), |(since, _)| *since);
            let touched = evaluator.touched(&snapshot, since, self.seen, as_of).expect("own lake");
            assert_eq!(self.named(&touched), *expected, "{place}: touched");
        }
        self.last = Some((as_of, memberships));
        self.seen = snapshot.segments.last().map(|(number, _)| *number);
    }

    fn number(&self, name: &str) -> ProfileId {
        profile(self.names.iter().position(|known| known == name).expect("a name that somebody wrote with"))
    }

    fn named(&self, profiles: &Membership) -> BTreeSet<String> {
        profiles.iter().map(|profile| self.names[profile.index()].clone()).collect()
    }
}

fn profile(number: usize) -> ProfileId {
    ProfileId(u32::try_from(number).expect("few"))
}
