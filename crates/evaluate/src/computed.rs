//! Computed traits: one value for each profile, made of its events.
//!
//! They are computed before any condition is asked, at the same as-of, whichever is referred to first. A profile of the
//! other collection has none of them. What a profile without usable events has is the same for all: nothing, 0 for the
//! two kinds that count, or what `if_none` says. From one as-of to the next, only the values of those concerned
//! ([`crate::moved`]) are computed anew.

use std::collections::BTreeSet;

use definitions::ComputedTrait;
use model::Value;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Demand, Told};
use crate::error::EvaluateError;
use crate::gather::Wanted;
use crate::gathered::Gathered;
use crate::known::{About, TraitNames};
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::operator::{Element, Finding, NoReferences};
use crate::reduce::{self, Reduction};
use crate::setting::{Setting, Whom};

/// How many owners one task takes when only some are asked about.
const OWNERS_PER_TASK: usize = 64;

/// The values of one computed trait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Computed {
    /// For each profile number, the place of its value; [`Computed::NONE`] without one of its own.
    places: Vec<u32>,
    values: Vec<Value>,
    /// Places of values that nobody has any more.
    free: Vec<u32>,
    /// Everybody else's.
    none: Option<Value>,
}

/// Some owners' own values, in the order of their numbers.
type Values = Vec<(u32, Option<Value>)>;

impl Computed {
    const NONE: u32 = u32::MAX;

    /// Computes a trait; those it refers to are in the setting already.
    pub(crate) fn compute(
        definition: &ComputedTrait,
        names: &TraitNames,
        setting: Setting<'_>,
        whom: Whom<'_>,
    ) -> Result<(Self, Tally), EvaluateError> {
        let mut computed = Self { places: Vec::new(), values: Vec::new(), free: Vec::new(), none: None };
        let tally = computed.compute_anew(definition, names, setting, whom)?;
        Ok((computed, tally))
    }

    /// Computes the values of some owners anew, at the setting's as-of, and leaves all others as they are. The trait and
    /// the owners of each other profile's rows are as they were; there may be more profiles.
    pub(crate) fn compute_anew(
        &mut self,
        definition: &ComputedTrait,
        names: &TraitNames,
        setting: Setting<'_>,
        whom: Whom<'_>,
    ) -> Result<Tally, EvaluateError> {
        let clock = setting.clock;
        let by_owner = demand::part(&definition.filter, Told::Owner);
        let aggregate = &definition.aggregate;
        let properties: BTreeSet<&String> = demand::properties(&by_owner).chain(aggregate.path.first()).collect();
        let properties: Vec<String> = properties.into_iter().cloned().collect();
        let wanted = Wanted {
            event: &definition.event,
            span: definition.window.resolve(clock.as_of, clock.zone),
            filter: &demand::part(&definition.filter, Told::Event),
            properties: &properties,
            owners: setting.owners(definition.of),
            in_order: reduce::minds_order(aggregate.reducer),
        };
        let gathered = Gathered::gather(setting, wanted, whom)?;
        let of_each = Demand::prepare(&demand::both(gathered.unasked.clone(), by_owner), gathered.properties(), clock);
        let reading =
            Reading { definition, names, setting, of_each, reduction: Reduction::over(aggregate, &gathered), gathered: &gathered };
        let profiles = setting.snapshot.people.len();
        let parts: Vec<(Values, Tally)> = match whom {
            Whom::All => {
                gathered.shares(profiles).into_par_iter().map(|share| reading.task(share)).collect::<Result<_, EvaluateError>>()?
            }
            Whom::These(owners) => {
                let owners: Vec<u32> = owners.iter().take_while(|owner| (*owner as usize) < profiles).collect();
                let tasks = owners.par_chunks(OWNERS_PER_TASK);
                tasks.map(|owners| reading.task(owners.iter().copied())).collect::<Result<_, EvaluateError>>()?
            }
        };
        let mut tally = gathered.tally;
        self.none = reading.reduction.reduce(&[], &mut tally).or_else(|| definition.if_none.clone());
        self.places.resize(profiles, Self::NONE);
        for (values, part) in parts {
            tally += part;
            for (owner, value) in values {
                self.set(owner, value);
            }
        }
        Ok(tally)
    }

    fn set(&mut self, owner: u32, value: Option<Value>) {
        let place = &mut self.places[owner as usize];
        match (value, *place) {
            (None, Self::NONE) => {}
            (None, known) => {
                self.free.push(known);
                *place = Self::NONE;
            }
            (Some(value), Self::NONE) => {
                if let Some(free) = self.free.pop() {
                    self.values[free as usize] = value;
                    *place = free;
                } else {
                    *place = u32::try_from(self.values.len()).expect("profile numbers are 32 bits");
                    self.values.push(value);
                }
            }
            (Some(value), known) => self.values[known as usize] = value,
        }
    }

    /// The value of a surviving profile of the trait's collection.
    pub(crate) fn value(&self, profile: usize) -> Option<&Value> {
        match self.places.get(profile) {
            Some(&place) if place != Self::NONE => self.values.get(place as usize),
            _ => self.none.as_ref(),
        }
    }

    /// The profiles whose value matches.
    pub(crate) fn judge(&self, judge: &Judge, tally: &mut Tally) -> RoaringBitmap {
        let findings: Vec<Finding> = self.values.iter().map(|value| finding(judge, value)).collect();
        let none = judge.value_among(self.none.as_ref(), &NoReferences);
        let mut bits = vec![0_u8; self.places.len().div_ceil(8)];
        for (profile, place) in self.places.iter().enumerate() {
            let finding = findings.get(*place as usize).copied().unwrap_or(none);
            tally.note(finding);
            bits[profile / 8] |= u8::from(finding.holds) << (profile % 8);
        }
        RoaringBitmap::from_lsb0_bytes(0, &bits)
    }
}

fn finding(judge: &Judge, value: &Value) -> Finding {
    match value {
        Value::Flag(flag) => judge.scalar(Element::Flag(*flag)),
        Value::Number(number) => judge.scalar(Element::Number(*number)),
        Value::Integer(integer) => judge.scalar(Element::Integer(*integer)),
        Value::Text(text) => judge.scalar(Element::Text(text)),
        Value::List(_) | Value::Object(_) => judge.value(value),
    }
}

/// A trait with everything it is made of.
struct Reading<'a> {
    definition: &'a ComputedTrait,
    names: &'a TraitNames,
    setting: Setting<'a>,
    gathered: &'a Gathered<'a>,
    of_each: Demand,
    reduction: Reduction<'a>,
}

impl Reading<'_> {
    fn task(&self, owners: impl Iterator<Item = u32>) -> Result<(Values, Tally), EvaluateError> {
        let mut tally = Tally::default();
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for owner in owners {
            self.gathered.rows(owner, &mut rows)?;
            if rows.is_empty() {
                values.push((owner, None));
                continue;
            }
            if !self.of_each.is_empty() {
                let about = About { traits: self.setting.traits, names: self.names, profile: owner as usize, parent: None };
                rows.retain(|row| {
                    let (frame, number) = self.gathered.stands(*row);
                    self.of_each.is_met(frame, number, &about)
                });
            }
            values.push((owner, self.reduction.reduce(&rows, &mut tally).or_else(|| self.definition.if_none.clone())));
        }
        Ok((values, tally))
    }
}
