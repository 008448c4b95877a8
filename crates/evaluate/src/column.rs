//! Columns: one judge over the cells of one property (or trait) in one segment.
//!
//! Each distinct text, list or object is judged once, before any row is looked at; where operators only ask in which
//! interval a number lies, numbers are compared without a look at anything else.

use std::ops::Range;

use lake::{Cell, Coded, Column, Flags, Numbers};
use model::Value;

use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::operator::{Element, Finding};

/// A column seen by a judge.
pub(crate) struct Screen<'a> {
    judge: &'a Judge,
    column: &'a Column,
    missing: Finding,
    texts: Findings,
    json: Findings,
    /// For `false` and for `true`.
    flags: [Finding; 2],
}

/// What is found in each distinct text of a column.
#[derive(Default)]
struct Findings {
    by_code: Vec<Finding>,
    /// Whether any of them is to be counted.
    remarkable: bool,
}

impl<'a> Screen<'a> {
    /// Judges everything distinct.
    pub(crate) fn open(judge: &'a Judge, column: &'a Column) -> Self {
        let flag = |flag| judge.scalar(Element::Flag(flag));
        Self {
            judge,
            column,
            missing: judge.missing(),
            texts: Findings::of(column.texts.as_ref(), |text| judge.scalar(Element::Text(text))),
            json: Findings::of(column.json.as_ref(), |json| judge.value(&lake::parse_json(json))),
            flags: [flag(false), flag(true)],
        }
    }

    /// What is found in one row.
    pub(crate) fn finding(&self, row: usize) -> Finding {
        let column = self.column;
        if let Some(number) = column.numbers.as_ref().and_then(|numbers| numbers.get(row)) {
            return self.judge.scalar(Element::Number(number));
        }
        if let Some(finding) = column.texts.as_ref().and_then(|texts| self.texts.get(texts.codes[row])) {
            return finding;
        }
        if let Some(flag) = column.flags.as_ref().and_then(|flags| flags.get(row)) {
            return self.flags[usize::from(flag)];
        }
        column.json.as_ref().and_then(|json| self.json.get(json.codes[row])).unwrap_or(self.missing)
    }

    /// Keeps, of these rows, those that match; `kept` is parallel to `rows`.
    pub(crate) fn sift(&self, rows: &Range<usize>, kept: &mut [bool], tally: &mut Tally) {
        let Column { numbers, flags, texts, json, gone: _ } = self.column;
        match (numbers, flags, texts, json, self.judge.interval()) {
            (Some(numbers), None, None, None, Some(interval)) if !self.missing.holds => {
                sift_numbers(numbers, interval, rows, kept);
            }
            (None, None, Some(texts), None, _) => self.sift_texts(texts, rows, kept, tally),
            (None, None, None, None, _) => kept.iter_mut().for_each(|kept| *kept &= self.missing.holds),
            _ => {
                for (row, kept) in rows.clone().zip(kept) {
                    let finding = self.finding(row);
                    *kept &= finding.holds;
                    tally.note(finding);
                }
            }
        }
    }

    fn sift_texts(&self, texts: &Coded, rows: &Range<usize>, kept: &mut [bool], tally: &mut Tally) {
        for (code, kept) in texts.codes[rows.clone()].iter().zip(kept) {
            *kept &= self.texts.get(*code).unwrap_or(self.missing).holds;
        }
        if self.texts.remarkable {
            for code in &texts.codes[rows.clone()] {
                tally.note(self.texts.get(*code).unwrap_or(self.missing));
            }
        }
    }
}

/// A row without a number is NaN, which lies in no interval.
#[expect(clippy::needless_bitwise_bool, reason = "without a branch the loop runs on several numbers at once")]
fn sift_numbers(numbers: &Numbers, (low, high): (f64, f64), rows: &Range<usize>, kept: &mut [bool]) {
    for (number, kept) in numbers.values[rows.clone()].iter().zip(kept) {
        *kept &= (low <= *number) & (*number <= high);
    }
}

impl Findings {
    fn of(coded: Option<&Coded>, judge: impl Fn(&str) -> Finding) -> Self {
        let by_code: Vec<Finding> = coded.into_iter().flat_map(|coded| &coded.values).map(|text| judge(text)).collect();
        let remarkable = by_code.iter().any(|finding| finding.unreadable || finding.zone_missing);
        Self { by_code, remarkable }
    }

    /// `None` for a row that has no text: its code lies beyond every other.
    fn get(&self, code: u32) -> Option<Finding> {
        self.by_code.get(code as usize).copied()
    }
}

/// The value a row gives, if it gives one.
pub(crate) fn value(column: &Column, row: usize) -> Option<Value> {
    match column.cell(row)? {
        Cell::Number(number) => Some(Value::Number(number)),
        Cell::Flag(flag) => Some(Value::Flag(flag)),
        Cell::Text(text) => Some(Value::Text(text.to_owned())),
        Cell::Json(json) => Some(lake::parse_json(json)),
        Cell::Gone => None,
    }
}

/// Whether a row says anything, even that the trait is gone.
pub(crate) fn speaks(column: &Column, row: usize) -> bool {
    let Column { numbers, flags, texts, json, gone } = column;
    let coded = |coded: &Option<Coded>| coded.as_ref().is_some_and(|coded| coded.codes[row] != Coded::NONE);
    coded(texts)
        || numbers.as_ref().is_some_and(|numbers| !numbers.values[row].is_nan())
        || flags.as_ref().is_some_and(|flags| flags.codes[row] != Flags::NONE)
        || coded(json)
        || gone.as_ref().is_some_and(|gone| gone.rows[row])
}
