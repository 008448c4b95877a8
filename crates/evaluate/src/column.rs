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

/// By what the rows of a column match.
pub(crate) enum Decision<'a> {
    /// By the code of a text, list or object: whether each matches; the last is for rows without one.
    Code(&'a Coded, Vec<bool>),
    /// By where a number lies, both ends included; a row without one is NaN.
    Number { numbers: &'a [f64], low: f64, high: f64, missing: bool },
    /// No row says anything: all match, or none.
    Alike(bool),
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

    /// The texts that the column is made of, and for each code whether it matches (the last is for rows without a text),
    /// where there is nothing else in it and nothing to note.
    pub(crate) fn texts_alone(&self) -> Option<(&'a Coded, Vec<bool>)> {
        match self.column {
            Column { numbers: None, flags: None, texts: Some(texts), json: None, gone: None } if !self.texts.remarkable => {
                Some((texts, self.texts.by_code.iter().chain([&self.missing]).map(|finding| finding.holds).collect()))
            }
            Column { .. } => None,
        }
    }

    /// The column, to tell it from others.
    pub(crate) fn column(&self) -> &'a Column {
        self.column
    }

    /// By what rows match, where that is one thing and there is nothing to note on the way.
    pub(crate) fn decision(&self) -> Option<Decision<'a>> {
        let missing = self.missing.holds;
        let by_code = |coded: &'a Coded, findings: &Findings| {
            let holds = findings.by_code.iter().chain([&self.missing]).map(|finding| finding.holds).collect();
            (!findings.remarkable).then_some(Decision::Code(coded, holds))
        };
        let Column { numbers, flags: None, texts, json, gone: _ } = self.column else { return None };
        match (numbers, texts, json) {
            (None, None, None) => Some(Decision::Alike(missing)),
            (Some(numbers), None, None) => {
                self.judge.interval().map(|(low, high)| Decision::Number { numbers: &numbers.values, low, high, missing })
            }
            (None, Some(texts), None) => by_code(texts, &self.texts),
            (None, None, Some(json)) => by_code(json, &self.json),
            _ => None,
        }
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
        let by_code: Vec<Finding> = coded.into_iter().flat_map(|coded| coded.values.iter()).map(judge).collect();
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
        || gone.as_ref().is_some_and(|gone| gone.is_gone(row))
}

#[cfg(test)]
mod tests {
    use definitions::{Matcher, Operator, PathMatch, Scalar};
    use lake::Gone;
    use model::{AsOf, Moment};

    use super::*;
    use crate::operator::Clock;

    const ROWS: usize = 12;

    /// Columns of every mix of types; rows take the types in turn, every fifth row says nothing.
    fn columns() -> impl Iterator<Item = Column> {
        (0..32_usize).map(|mix| {
            let types: Vec<usize> = (0..5).filter(|kind| mix & (1 << kind) != 0).collect();
            let says = |row: usize, kind: usize| !types.is_empty() && row % 5 != 4 && types[row % types.len()] == kind;
            let some = |kind: usize| types.contains(&kind);
            let coded = |kind: usize, values: &[&str]| Coded {
                codes: (0..ROWS).map(|row| if says(row, kind) { u32::from(row % 2 == 0) } else { Coded::NONE }).collect(),
                values: values.iter().map(|text| (*text).to_owned()).collect(),
            };
            let number = |row: usize| if says(row, 0) { row as f64 } else { f64::NAN };
            Column {
                numbers: some(0).then(|| Numbers { values: (0..ROWS).map(number).collect() }),
                flags: some(1).then(|| Flags { codes: (0..ROWS).map(|row| if says(row, 1) { 1 } else { Flags::NONE }).collect() }),
                texts: some(2).then(|| coded(2, &["2", "2025-01-01T00:00:00"])),
                json: some(3).then(|| coded(3, &["[1,2]", "{}"])),
                gone: some(4).then(|| Gone { rows: (0..ROWS).map(|row| u8::from(says(row, 4))).collect() }),
            }
        })
    }

    fn judges() -> Vec<Judge> {
        let clock = Clock { as_of: AsOf(Moment::from_micros(0)), zone: chrono_tz::UTC };
        let operators = [
            Operator::Above(2.0),
            Operator::Equals(Scalar::Number(2.0)),
            Operator::NotEquals(Scalar::Text("2".to_owned())),
            Operator::Equals(Scalar::Flag(true)),
            Operator::Exists(false),
            Operator::After(model::MomentSpec::Now),
        ];
        let with = |operator: &Operator, or_missing| PathMatch {
            path: vec!["p".to_owned()],
            matcher: Matcher { operators: vec![operator.clone()], ignore_case: false, or_missing },
        };
        let matches = operators.iter().flat_map(|operator| [with(operator, false), with(operator, true)]);
        matches.map(|condition| Judge::prepare(&condition, clock)).collect()
    }

    /// However a column is looked at, it says of each row what its judge says of the row's value.
    #[test]
    fn short_cuts_change_nothing() {
        for column in columns() {
            for judge in judges() {
                let screen = Screen::open(&judge, &column);
                let expected: Vec<Finding> =
                    (0..ROWS).map(|row| value(&column, row).map_or_else(|| judge.missing(), |value| judge.value(&value))).collect();
                let found: Vec<Finding> = (0..ROWS).map(|row| screen.finding(row)).collect();
                assert_eq!(found, expected, "{judge:?} on {column:?}");

                let mut kept = vec![true; ROWS - 1];
                let (mut tally, mut counted) = (Tally::default(), Tally::default());
                screen.sift(&(1..ROWS), &mut kept, &mut tally);
                expected[1..].iter().for_each(|finding| counted.note(*finding));
                assert_eq!(kept, expected[1..].iter().map(|finding| finding.holds).collect::<Vec<_>>(), "{judge:?} on {column:?}");
                assert_eq!(tally, counted, "{judge:?} on {column:?}");
            }
        }
    }
}
