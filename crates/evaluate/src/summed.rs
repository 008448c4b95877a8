//! Aggregates over everybody's events, taken in one pass instead of being brought together by owner.
//!
//! Where the order of events does not matter, rows are taken block by block of profiles as they lie ([`lake::Blocks`]). This
//! serves a condition that is nothing but an event, its filter, its number, and a sum, an average, an extreme or the number
//! of different texts of a property that has one type; any other is judged owner by owner ([`crate::follow`]).

use std::collections::HashMap;

use definitions::{Reducer, Which};
use lake::{BLOCK_PROFILES, Buffer, Coded, Column};
use model::{Collection, Segment, Span, Value};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Told};
use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::Tally;
use crate::matcher::{Judge, refers};
use crate::opened::Opened;
use crate::operator::{Element, Finding, NoReferences};
use crate::packed;
use crate::reduce::Sum;
use crate::sequence::{SequenceLeaf, aggregated};
use crate::setting::Setting;
use crate::shares::Shares;
use crate::timeline::Timeline;

/// So many different texts are told apart by one bit each.
const TEXTS_MAX: usize = 128;

/// For whom a leaf holds; nothing where it takes more than one pass.
pub(crate) fn answer(leaf: &SequenceLeaf, setting: Setting<'_>) -> Result<Option<(RoaringBitmap, Tally)>, EvaluateError> {
    let condition = &leaf.condition;
    let Some(aggregate) = condition.aggregate.as_ref().filter(|_| condition.then.is_none() && condition.which == Which::Any) else {
        return Ok(None);
    };
    let ([property], whole) = (aggregate.aggregate.path.as_slice(), aggregated(aggregate)) else { return Ok(None) };
    let judge = Judge::prepare(&whole, setting.clock);
    let reducer = aggregate.aggregate.reducer;
    let is_served = match reducer {
        Reducer::Sum | Reducer::Average | Reducer::UniqueCount => true,
        // The first of zero and minus zero is kept: which one it is does not matter where only a number's place is asked.
        Reducer::Min | Reducer::Max => judge.interval().is_some(),
        Reducer::Count | Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } | Reducer::Unique => false,
    };
    if !is_served || refers(&whole) || demand::part(&condition.filter, Told::Event) != condition.filter {
        return Ok(None);
    }
    let span = condition.window.resolve(setting.clock.as_of, setting.clock.zone);
    let timeline = Timeline::of(setting.snapshot);
    let segments: Vec<&Segment> = timeline.of_event(&condition.event, span).to_vec();
    let sieve = Sieve::prepare(&condition.filter, setting.clock);
    let open = |segment: &&Segment| Opened::open_with(setting.reader, segment, sieve.iter(), &[property]);
    let opened: Vec<Opened> = segments.par_iter().map(open).collect::<Result<_, _>>()?;
    let columns: Vec<&Column> = opened.iter().map(|opened| opened.column(property)).collect();
    let sieves: Vec<Option<OpenSieve<'_>>> = opened.par_iter().map(|opened| sieve.as_ref().map(|sieve| opened.sieve(sieve))).collect();
    let pass = Pass { opened: &opened, sieves: &sieves, span, leaf, setting, judge: &judge };

    if reducer == Reducer::UniqueCount {
        let Some(texts) = texts(&columns) else { return Ok(None) };
        let add = |kinds: &mut u128, segment: usize, row: usize| {
            if let Some((codes, bits)) = &texts[segment] {
                *kinds |= bits.get(codes[row] as usize).copied().unwrap_or(0);
            }
            true
        };
        let value = |kinds: u128| Some(Value::Number(f64::from(kinds.count_ones())));
        return Ok(Some(pass.run(add, |all, more| *all |= more, value)));
    }
    let Some(numbers) = numbers(&columns) else { return Ok(None) };
    let number = |segment: usize, row: usize| numbers[segment].map_or(f64::NAN, |numbers| numbers[row]);
    Ok(Some(if reducer == Reducer::Sum || reducer == Reducer::Average {
        let add = |sum: &mut Sum, segment: usize, row: usize| {
            let number = number(segment, row);
            number.is_nan() || sum.add(number)
        };
        pass.run(add, Sum::add_all, |sum| sum.value(reducer))
    } else {
        let further = |best: &mut Option<f64>, other: Option<f64>| {
            let wins = |best: f64, other: f64| if reducer == Reducer::Min { other < best } else { other > best };
            if let Some(other) = other
                && best.is_none_or(|best| wins(best, other))
            {
                *best = Some(other);
            }
        };
        let add = |best: &mut Option<f64>, segment: usize, row: usize| {
            further(best, Some(number(segment, row)).filter(|number| !number.is_nan()));
            true
        };
        pass.run(add, further, |best| best.map(Value::Number))
    }))
}

/// The numbers of each segment, where there is nothing else.
fn numbers<'a>(columns: &[&'a Column]) -> Option<Vec<Option<&'a [f64]>>> {
    let of = |column: &&'a Column| match column {
        Column { flags: None, texts: None, json: None, gone: None, numbers } => Some(numbers.as_ref().map(|numbers| &*numbers.values)),
        Column { .. } => None,
    };
    columns.iter().map(of).collect()
}

/// The codes of a segment, and the bit of each.
type CodedBits<'a> = (&'a Buffer<u32>, Vec<u128>);

/// The codes of each segment and the bit of each code, where there are texts alone and not too many different ones.
fn texts<'a>(columns: &[&'a Column]) -> Option<Vec<Option<CodedBits<'a>>>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut bits = |texts: &'a Coded| {
        let bit = |text: &'a str| {
            let next = places.len();
            let place = *places.entry(text).or_insert(next);
            (place < TEXTS_MAX).then(|| 1_u128 << place)
        };
        texts.values.iter().map(bit).collect::<Option<Vec<u128>>>()
    };
    let mut found = Vec::with_capacity(columns.len());
    for column in columns {
        let Column { numbers: None, flags: None, json: None, gone: None, texts } = column else { return None };
        found.push(match texts {
            Some(texts) => Some((&texts.codes, bits(texts)?)),
            None => None,
        });
    }
    Some(found)
}

/// Everything one pass looks at.
#[derive(Clone, Copy)]
struct Pass<'a> {
    opened: &'a [Opened],
    sieves: &'a [Option<OpenSieve<'a>>],
    span: Span,
    leaf: &'a SequenceLeaf,
    setting: Setting<'a>,
    judge: &'a Judge,
}

/// What one block's rows come to, by place: how many count, and their aggregate.
struct Block<G> {
    owned: Vec<(u32, G)>,
    tally: Tally,
}

impl Pass<'_> {
    /// `add` takes a row, by segment and place, into an aggregate, and says whether it could be used; `merge` takes a whole
    /// one; `value` is what it comes to.
    fn run<G: Copy + Default + Send + Sync>(
        self,
        add: impl Fn(&mut G, usize, usize) -> bool + Sync,
        merge: impl Fn(&mut G, G),
        value: impl Fn(G) -> Option<Value> + Sync,
    ) -> (RoaringBitmap, Tally) {
        let profiles = self.setting.snapshot.people.len();
        let numbers = (0..profiles.div_ceil(BLOCK_PROFILES)).into_par_iter();
        let mut blocks: Vec<Block<G>> = numbers.map(|number| self.take(number, &add)).collect();
        hand_on(&mut blocks, &Shares::of(self.setting.owners(self.leaf.of)), self.leaf.of, merge);
        let nothing = self.judge.value_among(None, &NoReferences);
        let judged: Vec<(Vec<u64>, Tally)> = blocks
            .par_iter()
            .map(|block| {
                let mut tally = block.tally;
                let holds = block.owned.iter().map(|(rows, gained)| {
                    if !self.leaf.condition.count.contains(*rows) {
                        return 0;
                    }
                    let finding = value(*gained).map_or(nothing, |value| self.finding(&value));
                    tally.note(finding);
                    u8::from(finding.holds)
                });
                (packed::pack_block(&holds.collect::<Vec<_>>()), tally)
            })
            .collect();
        let tally = judged.iter().fold(Tally::default(), |all, (_, part)| all + *part);
        (packed::bitmap(judged.iter().map(|(words, _)| words.as_slice()), profiles), tally)
    }

    fn take<G: Copy + Default>(self, number: usize, add: impl Fn(&mut G, usize, usize) -> bool) -> Block<G> {
        let mut block = Block { owned: vec![(0, G::default()); BLOCK_PROFILES], tally: Tally::default() };
        for (segment, (opened, sieve)) in self.opened.iter().zip(self.sieves).enumerate() {
            let rows = opened.rows(number, self.span);
            if rows.is_empty() {
                continue;
            }
            block.tally.rows += rows.len() as u64;
            let kept = sieve.as_ref().map(|sieve| sieve.sift(&rows, &mut block.tally));
            for (offset, row) in rows.enumerate() {
                if kept.as_ref().is_none_or(|kept| kept[offset]) {
                    let (count, gained) = &mut block.owned[usize::from(opened.frame.blocks.places[row])];
                    *count += 1;
                    block.tally.mismatches += u64::from(!add(gained, segment, row));
                }
            }
        }
        block
    }

    fn finding(self, value: &Value) -> Finding {
        match value {
            Value::Number(number) => self.judge.scalar(Element::Number(*number)),
            Value::Integer(integer) => self.judge.scalar(Element::Integer(*integer)),
            Value::Flag(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => self.judge.value(value),
        }
    }
}

/// Gives what belongs to somebody else to them: a survivor's and an account's total is made of others'.
fn hand_on<G: Copy + Default>(blocks: &mut [Block<G>], shares: &Shares, of: Collection, merge: impl Fn(&mut G, G)) {
    let mut owned = vec![(0_u32, G::default()); shares.owners.len()];
    for (number, block) in blocks.iter().enumerate() {
        for (place, owner) in shares.block(number) {
            let ((rows, gained), (all, whole)) = (block.owned[usize::from(*place)], &mut owned[*owner as usize]);
            *all += rows;
            merge(whole, gained);
        }
    }
    if of == Collection::Accounts {
        // Whoever is no account has nothing where accounts are asked about.
        for block in &mut *blocks {
            block.owned.fill((0, G::default()));
        }
    }
    let gone = shares.merged.iter().map(|merged| (*merged, (0, G::default())));
    for (profile, owned) in gone.chain(shares.owners.iter().copied().zip(owned)) {
        if let Some(block) = blocks.get_mut(profile as usize / BLOCK_PROFILES) {
            block.owned[profile as usize % BLOCK_PROFILES] = owned;
        }
    }
}
