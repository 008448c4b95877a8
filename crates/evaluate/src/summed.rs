//! Sums and averages over everybody's events, added up in one pass instead of being brought together by owner.
//!
//! Addition does not mind the order, so rows are taken block by block of profiles as they lie ([`lake::Blocks`]). It serves
//! a condition that is nothing but an event, its filter, its number and a sum or an average over a property that is a
//! number wherever it is there; any other is judged owner by owner ([`crate::follow`]).

use definitions::{Reducer, Which};
use lake::{BLOCK_PROFILES, Column};
use model::{Segment, Span, Value};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Told};
use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::Tally;
use crate::matcher::{Judge, refers};
use crate::opened::Opened;
use crate::operator::{Element, NoReferences};
use crate::packed;
use crate::reduce::Sum;
use crate::sequence::{SequenceLeaf, aggregated};
use crate::setting::Setting;
use crate::shares::Shares;
use crate::timeline::Timeline;

/// What one profile's rows come to.
#[derive(Debug, Clone, Copy, Default)]
struct Owned {
    /// How many count.
    rows: u32,
    sum: Sum,
}

/// What one block's rows come to, by place.
struct Block {
    owned: Vec<Owned>,
    tally: Tally,
}

/// For whom a leaf holds; nothing where it takes more than adding up.
pub(crate) fn answer(leaf: &SequenceLeaf, setting: Setting<'_>) -> Result<Option<(RoaringBitmap, Tally)>, EvaluateError> {
    let condition = &leaf.condition;
    let Some(aggregate) = condition.aggregate.as_ref().filter(|_| condition.then.is_none() && condition.which == Which::Any) else {
        return Ok(None);
    };
    let (Reducer::Sum | Reducer::Average, [property]) = (aggregate.aggregate.reducer, aggregate.aggregate.path.as_slice()) else {
        return Ok(None);
    };
    let whole = aggregated(aggregate);
    if refers(&whole) || demand::part(&condition.filter, Told::Event) != condition.filter {
        return Ok(None);
    }
    let clock = setting.clock;
    let span = condition.window.resolve(clock.as_of, clock.zone);
    let timeline = Timeline::of(setting.snapshot);
    let segments: Vec<&Segment> = timeline.of_event(&condition.event, span).to_vec();
    let sieve = Sieve::prepare(&condition.filter, clock);
    let open = |segment: &&Segment| Opened::open_with(setting.reader, segment, sieve.iter(), &[property]);
    let opened: Vec<Opened> = segments.par_iter().map(open).collect::<Result<_, _>>()?;
    let numbers_alone = |column: &Column| matches!(column, Column { flags: None, texts: None, json: None, gone: None, .. });
    if !opened.iter().all(|opened| numbers_alone(opened.column(property))) {
        return Ok(None);
    }
    let sifted: Vec<(&Opened, Option<OpenSieve<'_>>)> =
        opened.par_iter().map(|opened| (opened, sieve.as_ref().map(|sieve| opened.sieve(sieve)))).collect();

    let profiles = setting.snapshot.people.len();
    let mut blocks: Vec<Block> =
        (0..profiles.div_ceil(BLOCK_PROFILES)).into_par_iter().map(|number| add_up(number, &sifted, property, span)).collect();
    hand_on(&mut blocks, &Shares::of(setting.owners(leaf.of)));

    let judge = Judge::prepare(&whole, clock);
    let nothing = judge.value_among(None, &NoReferences);
    let judged = blocks.par_iter().map(|block| {
        let mut tally = block.tally;
        let holds = block.owned.iter().map(|owned| {
            if !condition.count.contains(owned.rows) {
                return 0;
            }
            let finding = owned.sum.value(aggregate.aggregate.reducer).map_or(nothing, |value| match value {
                Value::Number(number) => judge.scalar(Element::Number(number)),
                Value::Integer(integer) => judge.scalar(Element::Integer(integer)),
                Value::Flag(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => judge.value(&value),
            });
            tally.note(finding);
            u8::from(finding.holds)
        });
        (packed::pack_block(&holds.collect::<Vec<_>>()), tally)
    });
    let judged: Vec<(Vec<u64>, Tally)> = judged.collect();
    let tally = judged.iter().fold(Tally::default(), |all, (_, part)| all + *part);
    Ok(Some((packed::bitmap(judged.iter().map(|(words, _)| words.as_slice()), profiles), tally)))
}

fn add_up(number: usize, sifted: &[(&Opened, Option<OpenSieve<'_>>)], property: &str, span: Span) -> Block {
    let mut block = Block { owned: vec![Owned::default(); BLOCK_PROFILES], tally: Tally::default() };
    for (opened, sieve) in sifted {
        let rows = opened.rows(number, span);
        if rows.is_empty() {
            continue;
        }
        block.tally.rows += rows.len() as u64;
        let kept = sieve.as_ref().map(|sieve| sieve.sift(&rows, &mut block.tally));
        let places = &opened.frame.blocks.places[rows.clone()];
        let numbers = opened.column(property).numbers.as_ref().map(|numbers| &numbers.values[rows]);
        for (offset, place) in places.iter().enumerate() {
            if kept.as_ref().is_none_or(|kept| kept[offset]) {
                let owned = &mut block.owned[usize::from(*place)];
                owned.rows += 1;
                let number = numbers.map_or(f64::NAN, |numbers| numbers[offset]);
                block.tally.mismatches += u64::from(!number.is_nan() && !owned.sum.add(number));
            }
        }
    }
    block
}

/// Gives what belongs to somebody else to them: a survivor's and an account's total is made of others'.
fn hand_on(blocks: &mut [Block], shares: &Shares) {
    let mut owned = vec![Owned::default(); shares.owners.len()];
    for (number, block) in blocks.iter().enumerate() {
        for (place, owner) in shares.block(number) {
            let (from, to) = (&block.owned[usize::from(*place)], &mut owned[*owner as usize]);
            to.rows += from.rows;
            to.sum.add_all(from.sum);
        }
    }
    for (owner, owned) in shares.owners.iter().zip(owned) {
        if let Some(block) = blocks.get_mut(*owner as usize / BLOCK_PROFILES) {
            block.owned[*owner as usize % BLOCK_PROFILES] = owned;
        }
    }
    for merged in &shares.merged {
        if let Some(block) = blocks.get_mut(*merged as usize / BLOCK_PROFILES) {
            block.owned[*merged as usize % BLOCK_PROFILES] = Owned::default();
        }
    }
}
