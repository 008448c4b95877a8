//! Reducers: one value made of a property over several events.
//!
//! Each element a path leads to is a value of its own. Numbers are what number operators read as one (a text that is
//! entirely a decimal is); what cannot be used is skipped and counted. Sums are exact, so that they depend on no order:
//! each number becomes the nearest whole number of millionths, ties away from zero, and these are added as integers. An
//! average is that sum divided by how many numbers there are, rounded in the same way. Numbers beyond 10^20 are nobody's
//! money and are skipped by both.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use definitions::{Aggregate, Reducer, UNIQUE_MAX};
use lake::Cell;
use model::Value;

use crate::gathered::{Gathered, Row};
use crate::leaf::Tally;
use crate::matcher::{reach, spread};
use crate::operator::{Element, Exact};

/// Millionths in one.
const MILLION: i128 = 1_000_000;
/// The largest number that is added up.
const SUMMAND_MAX: f64 = 1e20;
/// The same as a whole number.
const INTEGER_MAX: u128 = 100_000_000_000_000_000_000;
/// Up to here (2^53) whole numbers are exact as floats.
const EXACT_MAX: u128 = 1 << 53;

/// Whether what rows come to depends on their order. Which zero is the smallest does: 0 and -0 compare as equal.
pub(crate) fn minds_order(reducer: Reducer) -> bool {
    match reducer {
        Reducer::Count | Reducer::Sum | Reducer::Average | Reducer::MostFrequent { .. } | Reducer::UniqueCount => false,
        Reducer::Min | Reducer::Max | Reducer::First | Reducer::Last | Reducer::Unique => true,
    }
}

/// An aggregate over the rows of one event.
pub(crate) struct Reduction<'a> {
    reducer: Reducer,
    gathered: &'a Gathered<'a>,
    /// The property's place among the columns, and the steps after it; none for a count.
    property: Option<(usize, &'a [String])>,
}

impl<'a> Reduction<'a> {
    pub(crate) fn over(aggregate: &'a Aggregate, gathered: &'a Gathered<'a>) -> Self {
        let property = aggregate.path.split_first().map(|(name, steps)| (gathered.column(name), steps));
        Self { reducer: aggregate.reducer, gathered, property }
    }

    /// The value these rows come to, given in order; `None` when they come to none.
    pub(crate) fn reduce(&self, rows: &[Row], tally: &mut Tally) -> Option<Value> {
        match self.reducer {
            Reducer::Count => Some(Value::Number(rows.len() as f64)),
            Reducer::Sum | Reducer::Average => self.sum(rows, tally),
            Reducer::Min => self.extreme(rows, tally, std::cmp::Ordering::Less),
            Reducer::Max => self.extreme(rows, tally, std::cmp::Ordering::Greater),
            Reducer::First => rows.iter().find_map(|row| self.whole(*row)),
            Reducer::Last => rows.iter().rev().find_map(|row| self.whole(*row)),
            Reducer::MostFrequent { at_least } => self.most_frequent(rows, at_least, tally),
            Reducer::Unique => self.unique(rows, tally),
            Reducer::UniqueCount => {
                let mut texts = BTreeSet::new();
                self.texts(rows, tally, |text| add(&mut texts, text));
                Some(Value::Number(texts.len() as f64))
            }
        }
    }

    fn sum(&self, rows: &[Row], tally: &mut Tally) -> Option<Value> {
        let mut sum = Sum::default();
        self.numbers(rows, tally, |number| sum.add_exact(number));
        sum.value(self.reducer)
    }

    fn extreme(&self, rows: &[Row], tally: &mut Tally, wins: std::cmp::Ordering) -> Option<Value> {
        let mut best: Option<Exact> = None;
        self.numbers(rows, tally, |number| {
            if best.is_none_or(|best| number.compare(best) == wins) {
                best = Some(number);
            }
            true
        });
        best.map(|best| match best {
            Exact::Float(number) => Value::Number(number),
            Exact::Integer(integer) => Value::from_integer(integer),
        })
    }

    fn most_frequent(&self, rows: &[Row], at_least: u32, tally: &mut Tally) -> Option<Value> {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        self.texts(rows, tally, |text| match counts.get_mut(text.as_ref()) {
            Some(count) => *count += 1,
            None => {
                counts.insert(text.into_owned(), 1);
            }
        });
        // In alphabetical order, and only more beats: the first of equals stays.
        let mut best: Option<(String, u32)> = None;
        for (text, count) in counts {
            if count >= at_least && best.as_ref().is_none_or(|(_, most)| count > *most) {
                best = Some((text, count));
            }
        }
        best.map(|(text, _)| Value::Text(text))
    }

    fn unique(&self, rows: &[Row], tally: &mut Tally) -> Option<Value> {
        let mut texts = BTreeSet::new();
        self.texts(rows, tally, |text| {
            if texts.len() < UNIQUE_MAX {
                add(&mut texts, text);
            }
        });
        (!texts.is_empty()).then(|| Value::List(texts.into_iter().map(Value::Text).collect()))
    }

    /// The value of one row as a whole; several values reached through an array are a list.
    fn whole(&self, row: Row) -> Option<Value> {
        let (column, steps) = self.property?;
        let value = self.gathered.value(row, column)?;
        let mut reached = Vec::new();
        reach(&value, steps, &mut reached);
        match reached.as_slice() {
            [] => None,
            [one] => Some((*one).clone()),
            several => Some(Value::List(several.iter().map(|value| (*value).clone()).collect())),
        }
    }

    /// Calls back with every number; what is none, or is not taken, is counted.
    fn numbers(&self, rows: &[Row], tally: &mut Tally, mut take: impl FnMut(Exact) -> bool) {
        self.elements(rows, |element| {
            let taken = Exact::read(element).is_some_and(&mut take);
            tally.mismatches += u64::from(!taken);
        });
    }

    /// Calls back with every element as text; objects have none.
    fn texts(&self, rows: &[Row], tally: &mut Tally, mut take: impl FnMut(Cow<'_, str>)) {
        self.elements(rows, |element| match element {
            Element::Flag(flag) => take(Cow::Borrowed(if flag { "true" } else { "false" })),
            Element::Number(number) => take(Cow::Owned(number.to_string())),
            Element::Integer(integer) => take(Cow::Owned(integer.to_string())),
            Element::Text(text) => take(Cow::Borrowed(text)),
            Element::Object => tally.mismatches += 1,
        });
    }

    /// Calls back with every element the path leads to. From a plain value a longer path leads nowhere.
    fn elements(&self, rows: &[Row], mut take: impl FnMut(Element<'_>)) {
        let Some((column, steps)) = self.property else { return };
        let plain = steps.is_empty();
        for row in rows {
            match self.gathered.cell(*row, column) {
                Some(Cell::Number(number)) if plain => take(Element::Number(number)),
                Some(Cell::Text(text)) if plain => take(Element::Text(text)),
                Some(Cell::Flag(flag)) if plain => take(Element::Flag(flag)),
                Some(Cell::Json(json)) => {
                    let value = lake::parse_json(json);
                    let (mut reached, mut elements) = (Vec::new(), Vec::new());
                    reach(&value, steps, &mut reached);
                    for value in reached {
                        spread(value, &mut elements);
                    }
                    elements.into_iter().for_each(&mut take);
                }
                Some(Cell::Number(_) | Cell::Text(_) | Cell::Flag(_) | Cell::Gone) | None => {}
            }
        }
    }
}

fn add(texts: &mut BTreeSet<String>, text: Cow<'_, str>) {
    if !texts.contains(text.as_ref()) {
        texts.insert(text.into_owned());
    }
}

/// A sum on its way: it does not depend on the order in which numbers are added.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sum {
    /// In millionths.
    sum: i128,
    /// Of how many numbers.
    numbers: u32,
}

impl Sum {
    /// Adds a number; `false` when it is too large to be added up.
    pub(crate) fn add(&mut self, number: f64) -> bool {
        self.add_exact(Exact::Float(number))
    }

    fn add_exact(&mut self, number: Exact) -> bool {
        let Some(millionths) = millionths(number) else { return false };
        self.sum += millionths;
        self.numbers += 1;
        true
    }

    /// Adds everything that another sum is made of.
    pub(crate) fn add_all(&mut self, other: Self) {
        self.sum += other.sum;
        self.numbers += other.numbers;
    }

    /// The sum or the average; nothing of no numbers.
    pub(crate) fn value(self, reducer: Reducer) -> Option<Value> {
        let numbers = i128::from(self.numbers);
        (numbers > 0).then(|| if reducer == Reducer::Average { number(divide(self.sum, numbers)) } else { number(self.sum) })
    }
}

/// Up to here a number's millionths are a 64-bit whole number.
const NEAR_MAX: f64 = 9e12;

/// The nearest whole number of millionths.
fn millionths(number: Exact) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "checked: at most 10^26")]
    match number {
        // The usual case at the speed of the usual registers; it comes to the same as those below.
        Exact::Float(float) if float.abs() < NEAR_MAX => {
            // Multiplied as an integer, a whole number keeps its last digit.
            Some(i128::from(if float.fract() == 0.0 { float as i64 * 1_000_000 } else { (float * 1e6).round() as i64 }))
        }
        Exact::Float(float) if float.abs() > SUMMAND_MAX => None,
        // Multiplied as an integer, a whole number keeps its last digit.
        Exact::Float(float) if float.fract() == 0.0 => Some(float as i128 * MILLION),
        Exact::Float(float) => Some((float * 1e6).round() as i128),
        Exact::Integer(integer) => (integer.unsigned_abs() <= INTEGER_MAX).then(|| integer * MILLION),
    }
}

/// Divides, rounding ties away from zero.
fn divide(sum: i128, count: i128) -> i128 {
    let rounded = (2 * sum.abs() + count) / (2 * count);
    if sum < 0 { -rounded } else { rounded }
}

/// So many millionths as a number: whole numbers exactly, others as the nearest float.
fn number(millionths: i128) -> Value {
    if millionths % MILLION == 0 {
        return Value::from_integer(millionths / MILLION);
    }
    let size = millionths.unsigned_abs();
    #[expect(clippy::cast_precision_loss, reason = "checked: at most 2^53")]
    if size <= EXACT_MAX {
        // Both sides are exact, so the quotient is rounded once.
        return Value::Number(millionths as f64 / 1e6);
    }
    let sign = if millionths < 0 { "-" } else { "" };
    let million = MILLION.unsigned_abs();
    let text = format!("{sign}{}.{:06}", size / million, size % million);
    Value::Number(text.parse().expect("a decimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(numbers: &[f64]) -> Value {
        number(numbers.iter().map(|number| millionths(Exact::Float(*number)).expect("small")).sum())
    }

    #[test]
    fn sums_are_exact_decimals() {
        assert_eq!(sum_of(&[0.1, 0.2]), Value::Number(0.3));
        assert_eq!(sum_of(&[0.1; 10]), Value::Number(1.0));
        assert_eq!(sum_of(&[1_000_000_000_001.0]), Value::Number(1_000_000_000_001.0));
        assert_eq!(sum_of(&[1e15, 0.1, -1e15]), Value::Number(0.1));
        assert_eq!(sum_of(&[19.99, -20.0]), Value::Number(-0.01));
        assert_eq!(sum_of(&[9_007_199_254_740_992.0, 1.0]), Value::Integer(9_007_199_254_740_993));
        assert_eq!(number(12_345_678_901_234_567_890_500_000), Value::Number(12_345_678_901_234_567_890.5));
    }

    #[test]
    fn averages_round_away_from_zero() {
        assert_eq!(divide(5, 2), 3);
        assert_eq!(divide(-5, 2), -3);
        assert_eq!(divide(4, 3), 1);
        assert_eq!(divide(0, 7), 0);
    }

    #[test]
    fn what_is_too_large_is_not_added() {
        assert_eq!(millionths(Exact::Float(1.1e20)), None);
        assert_eq!(millionths(Exact::Integer(-200_000_000_000_000_000_000)), None);
        assert!(millionths(Exact::Float(-1e20)).is_some());
    }
}
