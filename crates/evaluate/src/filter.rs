//! Filters: which rows of an event count.

use std::ops::Range;

use definitions::{Filter, PathMatch};
use lake::Column;

use crate::column::Screen;
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::operator::Clock;

/// A filter ready for a run.
#[derive(Debug, Clone)]
pub(crate) struct Sieve {
    all: Vec<Look>,
    any: Vec<Vec<Look>>,
}

/// One column looked at by one judge.
#[derive(Debug, Clone)]
struct Look {
    column: String,
    judge: Judge,
}

/// A sieve opened over the columns of one segment.
pub(crate) struct OpenSieve<'a> {
    all: Vec<Screen<'a>>,
    any: Vec<Vec<Screen<'a>>>,
}

impl Sieve {
    /// `None` when every row counts.
    pub(crate) fn prepare(filter: &Filter, clock: Clock) -> Option<Self> {
        if filter.all.is_empty() && filter.any.is_empty() {
            return None;
        }
        let looks = |set: &Vec<PathMatch>| set.iter().map(|condition| look(condition, clock)).collect::<Vec<_>>();
        Some(Self { all: looks(&filter.all), any: filter.any.iter().map(looks).collect() })
    }

    /// The columns it looks at, some perhaps twice.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.all.iter().chain(self.any.iter().flatten()).map(|look| look.column.as_str())
    }

    /// Opens it over one segment's columns, given by name.
    pub(crate) fn open<'a>(&'a self, column: impl Fn(&str) -> &'a Column) -> OpenSieve<'a> {
        let screens = |set: &'a Vec<Look>| set.iter().map(|look| Screen::open(&look.judge, column(&look.column))).collect::<Vec<_>>();
        OpenSieve { all: screens(&self.all), any: self.any.iter().map(screens).collect() }
    }
}

fn look(condition: &PathMatch, clock: Clock) -> Look {
    Look { column: condition.path.first().cloned().unwrap_or_default(), judge: Judge::prepare(condition, clock) }
}

impl<'a> OpenSieve<'a> {
    /// Everything that is looked at.
    pub(crate) fn screens(&self) -> impl Iterator<Item = &Screen<'a>> {
        self.all.iter().chain(self.any.iter().flatten())
    }

    /// Whether a row counts of which is told, in the order of [`OpenSieve::screens`], whether each screen matches.
    pub(crate) fn holds(&self, matches: &[bool]) -> bool {
        let (all, mut rest) = matches.split_at(self.all.len());
        let mut of_set = |set: &Vec<Screen<'_>>| {
            let (set, after) = rest.split_at(set.len());
            rest = after;
            set.iter().all(|matches| *matches)
        };
        all.iter().all(|matches| *matches) && (self.any.is_empty() || self.any.iter().fold(false, |any, set| any | of_set(set)))
    }

    /// Which of these rows count. Every part looks at every row, so that what is counted on the way does not depend
    /// on the order of the parts.
    pub(crate) fn sift(&self, rows: &Range<usize>, tally: &mut Tally) -> Vec<bool> {
        let mut kept = every(&self.all, rows, tally);
        if !self.any.is_empty() {
            let mut either = vec![false; rows.len()];
            for set in &self.any {
                for (kept, more) in either.iter_mut().zip(every(set, rows, tally)) {
                    *kept |= more;
                }
            }
            for (kept, either) in kept.iter_mut().zip(either) {
                *kept &= either;
            }
        }
        kept
    }
}

fn every(screens: &[Screen<'_>], rows: &Range<usize>, tally: &mut Tally) -> Vec<bool> {
    let mut kept = vec![true; rows.len()];
    for screen in screens {
        screen.sift(rows, &mut kept, tally);
    }
    kept
}
