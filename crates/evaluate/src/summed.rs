//! Aggregates over everybody's events, taken in one pass instead of being brought together by owner.
//!
//! What is served is a condition that is nothing but an event, its filter, its number, and what a property of one type comes
//! to: sums, averages, extremes, the number of different texts here, others in [`crate::outermost`] and
//! [`crate::frequent`]. Any other is judged owner by owner ([`crate::follow`]).

use std::collections::HashMap;

use definitions::{Reducer, Which};
use lake::{Buffer, Coded, Column, Times};
use model::{Segment, Value};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Told};
use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::frequent;
use crate::gathered::Side;
use crate::leaf::Tally;
use crate::matcher::{Judge, refers};
use crate::one_pass::{Gains, OnePass};
use crate::opened::{Opened, times_for};
use crate::operator::{Element, Finding};
use crate::outermost::Outermost;
use crate::reduce::Sum;
use crate::sequence::{SequenceLeaf, aggregated};
use crate::setting::Setting;
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
        Reducer::Sum | Reducer::Average | Reducer::UniqueCount | Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } => true,
        // The first of zero and minus zero is kept: which one it is does not matter where only a number's place is asked.
        Reducer::Min | Reducer::Max => judge.interval().is_some(),
        Reducer::Count | Reducer::Unique => false,
    };
    if !is_served || refers(&whole) || demand::part(&condition.filter, Told::Event) != condition.filter {
        return Ok(None);
    }
    let span = condition.window.resolve(setting.clock.as_of, setting.clock.zone);
    let timeline = Timeline::of(setting.snapshot);
    let segments: Vec<&Segment> = timeline.of_event(&condition.event, span).to_vec();
    let sieve = Sieve::prepare(&condition.filter, setting.clock);
    let ordered = reducer == Reducer::First || reducer == Reducer::Last;
    let times = |segment: &Segment| if ordered { Times::Wanted } else { times_for(segment, span) };
    let open = |segment: &&Segment| Opened::open_with(setting.reader, segment, sieve.iter(), &[property], times(segment));
    let opened: Vec<Opened> = segments.par_iter().map(open).collect::<Result<_, _>>()?;
    let columns: Vec<&Column> = opened.iter().map(|opened| opened.column(property)).collect();
    let sieves: Vec<Option<OpenSieve<'_>>> = opened.par_iter().map(|opened| sieve.as_ref().map(|sieve| opened.sieve(sieve))).collect();
    let pass = OnePass { leaf, setting, span, opened: &opened, sieves: &sieves };

    let found = match reducer {
        Reducer::Sum | Reducer::Average => numbers(&columns).map(|numbers| pass.run(&Summed { numbers, reducer, judge: &judge })),
        Reducer::Min => numbers(&columns).map(|numbers| pass.run(&Extreme { numbers, wins: |one, best| one < best, judge: &judge })),
        Reducer::Max => numbers(&columns).map(|numbers| pass.run(&Extreme { numbers, wins: |one, best| one > best, judge: &judge })),
        Reducer::UniqueCount => kinds(&columns).map(|kinds| pass.run(&Kinds { kinds, judge: &judge })),
        Reducer::First => Some(pass.run(&Outermost::new(Side::First, pass, &segments, columns, &judge))),
        Reducer::Last => Some(pass.run(&Outermost::new(Side::Last, pass, &segments, columns, &judge))),
        Reducer::MostFrequent { at_least } => frequent::answer(pass, &columns, at_least, &judge),
        Reducer::Count | Reducer::Unique => None,
    };
    found.transpose()
}

/// What is found in a value that rows came to, or in none.
fn finding(judge: &Judge, value: Option<&Value>) -> Finding {
    match value {
        None => judge.missing(),
        Some(Value::Number(number)) => judge.scalar(Element::Number(*number)),
        Some(Value::Integer(integer)) => judge.scalar(Element::Integer(*integer)),
        Some(value @ (Value::Flag(_) | Value::Text(_) | Value::List(_) | Value::Object(_))) => judge.value(value),
    }
}

/// The numbers of each segment, where there is nothing else.
fn numbers<'a>(columns: &[&'a Column]) -> Option<Vec<Option<&'a [f64]>>> {
    let of = |column: &&'a Column| match column {
        Column { flags: None, texts: None, json: None, gone: None, numbers } => Some(numbers.as_ref().map(|numbers| &*numbers.values)),
        Column { .. } => None,
    };
    columns.iter().map(of).collect()
}

/// The number in a row, if there is one.
fn number(numbers: &[Option<&[f64]>], segment: usize, row: usize) -> Option<f64> {
    numbers[segment].map(|numbers| numbers[row]).filter(|number| !number.is_nan())
}

/// Sums and averages.
struct Summed<'a> {
    numbers: Vec<Option<&'a [f64]>>,
    reducer: Reducer,
    judge: &'a Judge,
}

impl Gains for Summed<'_> {
    type Gain = Sum;

    fn take(&self, sum: &mut Sum, segment: usize, row: usize) -> Result<bool, EvaluateError> {
        Ok(number(&self.numbers, segment, row).is_none_or(|number| sum.add(number)))
    }

    fn take_all(&self, sum: &mut Sum, other: Sum) -> Result<(), EvaluateError> {
        sum.add_all(other);
        Ok(())
    }

    fn finding(&self, sum: Sum) -> Finding {
        finding(self.judge, sum.value(self.reducer).as_ref())
    }
}

/// The least or the largest number: the one that wins over every other.
struct Extreme<'a> {
    numbers: Vec<Option<&'a [f64]>>,
    wins: fn(f64, f64) -> bool,
    judge: &'a Judge,
}

impl Gains for Extreme<'_> {
    type Gain = Option<f64>;

    fn take(&self, best: &mut Option<f64>, segment: usize, row: usize) -> Result<bool, EvaluateError> {
        self.take_all(best, number(&self.numbers, segment, row)).map(|()| true)
    }

    fn take_all(&self, best: &mut Option<f64>, other: Option<f64>) -> Result<(), EvaluateError> {
        if let Some(other) = other
            && best.is_none_or(|best| (self.wins)(other, best))
        {
            *best = Some(other);
        }
        Ok(())
    }

    fn finding(&self, best: Option<f64>) -> Finding {
        finding(self.judge, best.map(Value::Number).as_ref())
    }
}

/// How many different texts.
struct Kinds<'a> {
    kinds: Vec<Option<CodedBits<'a>>>,
    judge: &'a Judge,
}

/// The codes of a segment, and the bit of each.
type CodedBits<'a> = (&'a Buffer<u32>, Vec<u128>);

/// The codes of each segment and the bit of each code, where there are texts alone and not too many different ones.
fn kinds<'a>(columns: &[&'a Column]) -> Option<Vec<Option<CodedBits<'a>>>> {
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

impl Gains for Kinds<'_> {
    type Gain = u128;

    fn take(&self, kinds: &mut u128, segment: usize, row: usize) -> Result<bool, EvaluateError> {
        if let Some((codes, bits)) = &self.kinds[segment] {
            *kinds |= bits.get(codes[row] as usize).copied().unwrap_or(0);
        }
        Ok(true)
    }

    fn take_all(&self, kinds: &mut u128, other: u128) -> Result<(), EvaluateError> {
        *kinds |= other;
        Ok(())
    }

    fn finding(&self, kinds: u128) -> Finding {
        finding(self.judge, Some(&Value::Number(f64::from(kinds.count_ones()))))
    }
}
