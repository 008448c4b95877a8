//! Computed traits: one value for each profile, made of its events.
//!
//! They are computed before any condition is asked, at the same as-of, whichever is referred to first. A profile of the
//! other collection has none of them. What a profile without usable events has is the same for all: nothing, 0 for the
//! two kinds that count, or what `if_none` says.

use definitions::ComputedTrait;
use model::Value;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Demand};
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::gather::{Gathered, Wanted};
use crate::known::{About, TraitNames};
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::operator::NoReferences;
use crate::reduce::Reduction;
use crate::sequence::Setting;

/// The values of one computed trait.
pub(crate) struct Computed {
    /// For each profile number, the place of its value; [`Computed::NONE`] without one of its own.
    places: Vec<u32>,
    values: Vec<Value>,
    /// Everybody else's.
    none: Option<Value>,
}

impl Computed {
    const NONE: u32 = u32::MAX;

    /// Computes a trait; those it refers to are in the setting already.
    pub(crate) fn compute(definition: &ComputedTrait, names: &TraitNames, setting: Setting<'_>) -> Result<(Self, Tally), EvaluateError> {
        let clock = setting.clock;
        let varying = demand::varying(&definition.filter);
        let own = demand::conditions(&varying).filter_map(|condition| condition.path.first());
        let mut columns: Vec<String> = own.chain(definition.aggregate.path.first()).cloned().collect();
        columns.sort_unstable();
        columns.dedup();
        let sieve = Sieve::prepare(&demand::fixed(&definition.filter), clock);
        let wanted = Wanted {
            event: &definition.event,
            span: definition.window.resolve(clock.as_of, clock.zone),
            sieve: sieve.as_ref(),
            columns: &columns,
            owners: setting.owners(definition.of),
        };
        let gathered = Gathered::gather(setting.reader, setting.snapshot, wanted)?;
        let demand = Demand::prepare(&varying, &gathered, clock);
        let reduction = Reduction::over(&definition.aggregate, &gathered);
        let none = || definition.if_none.clone();

        let own: Vec<(Option<Value>, Tally)> = (0..setting.snapshot.people.len())
            .into_par_iter()
            .map(|profile| {
                let mut tally = Tally::default();
                let about = About { traits: setting.traits, names, profile, parent: None };
                let rows = gathered.of(profile);
                if rows.is_empty() {
                    return (None, tally);
                }
                let rows: Vec<_> = rows.iter().copied().filter(|row| demand.is_met(&gathered, *row, &about)).collect();
                (reduction.reduce(&rows, &mut tally).or_else(none), tally)
            })
            .collect();

        let mut tally = gathered.tally;
        let none = reduction.reduce(&[], &mut tally).or_else(none);
        let mut computed = Self { places: vec![Self::NONE; own.len()], values: Vec::new(), none };
        for (place, (value, part)) in computed.places.iter_mut().zip(own) {
            tally += part;
            if let Some(value) = value {
                *place = u32::try_from(computed.values.len()).expect("profile numbers are 32 bits");
                computed.values.push(value);
            }
        }
        Ok((computed, tally))
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
        let findings: Vec<_> = self.values.iter().map(|value| judge.value(value)).collect();
        let none = judge.value_among(self.none.as_ref(), &NoReferences);
        let mut found = RoaringBitmap::new();
        for (profile, place) in (0_u32..).zip(&self.places) {
            let finding = findings.get(*place as usize).copied().unwrap_or(none);
            tally.note(finding);
            if finding.holds {
                found.insert(profile);
            }
        }
        found
    }
}
