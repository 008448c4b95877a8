//! The first or the last value of a property, of everybody in one pass.
//!
//! Of each profile the outermost row so far is kept that gives a value. Rows are compared as [`crate::gathered`] orders them:
//! by `occurred_at`, then by what decides between rows of one moment, which is read only where rows of different segments or
//! profiles tie.

use std::sync::OnceLock;

use lake::{Cell, Column, Ties};
use model::Segment;

use crate::error::EvaluateError;
use crate::gathered::Side;
use crate::matcher::Judge;
use crate::one_pass::{Gains, OnePass};
use crate::opened::Opened;
use crate::operator::{Element, Finding};
use crate::setting::Setting;

/// The first or last value.
pub(crate) struct Outermost<'a> {
    side: Side,
    setting: Setting<'a>,
    times: Vec<&'a [i64]>,
    segments: &'a [&'a Segment],
    columns: Vec<&'a Column>,
    ties: Vec<OnceLock<Ties>>,
    judge: &'a Judge,
}

/// A row that gives a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    at: i64,
    segment: u32,
    row: u32,
}

impl<'a> Outermost<'a> {
    /// `columns` are those of the property, by segment.
    pub(crate) fn new(side: Side, pass: OnePass<'a>, segments: &'a [&'a Segment], columns: Vec<&'a Column>, judge: &'a Judge) -> Self {
        let ties = segments.iter().map(|_| OnceLock::new()).collect();
        let times = pass.opened.iter().map(Opened::times).collect();
        Self { side, setting: pass.setting, times, segments, columns, ties, judge }
    }

    /// Whether one row counts instead of another of the same moment.
    #[cold]
    fn wins_tie(&self, one: Stand, other: Stand) -> Result<bool, EvaluateError> {
        let key = |stand: Stand| Ok(self.ties(stand.segment as usize)?.of(stand.row as usize));
        let (one, other) = (key(one)?, key(other)?);
        Ok(match self.side {
            Side::First => one < other,
            Side::Last => one >= other,
        })
    }

    fn ties(&self, segment: usize) -> Result<&Ties, EvaluateError> {
        if let Some(ties) = self.ties[segment].get() {
            return Ok(ties);
        }
        let path = &self.segments[segment].path;
        let read = self.setting.reader.block_ties(self.segments[segment]);
        let read = read.map_err(|source| EvaluateError::Read { path: path.clone(), source })?;
        Ok(self.ties[segment].get_or_init(|| read))
    }
}

impl Gains for Outermost<'_> {
    type Gain = Option<Stand>;

    fn take(&self, best: &mut Option<Stand>, segment: usize, row: usize) -> Result<bool, EvaluateError> {
        let at = self.times[segment][row];
        let nearer = match (self.side, *best) {
            (_, None) => true,
            (Side::First, Some(best)) => at <= best.at && (at < best.at || best.segment as usize != segment),
            (Side::Last, Some(best)) => at >= best.at,
        };
        if !nearer || matches!(self.columns[segment].cell(row), None | Some(Cell::Gone)) {
            return Ok(true);
        }
        #[expect(clippy::cast_possible_truncation, reason = "segments and their rows are numbered with 32 bits")]
        let found = Stand { at, segment: segment as u32, row: row as u32 };
        // Rows of one segment and profile come in their order already.
        let wins = match *best {
            Some(best) if best.at == at && best.segment != found.segment => self.wins_tie(found, best)?,
            Some(_) | None => true,
        };
        if wins {
            *best = Some(found);
        }
        Ok(true)
    }

    fn take_all(&self, best: &mut Option<Stand>, other: Option<Stand>) -> Result<(), EvaluateError> {
        let Some(other) = other else { return Ok(()) };
        let wins = match (self.side, *best) {
            (_, None) => true,
            (_, Some(best)) if best.at == other.at => self.wins_tie(other, best)?,
            (Side::First, Some(best)) => other.at < best.at,
            (Side::Last, Some(best)) => other.at > best.at,
        };
        if wins {
            *best = Some(other);
        }
        Ok(())
    }

    fn finding(&self, best: Option<Stand>) -> Finding {
        let cell = best.and_then(|best| self.columns[best.segment as usize].cell(best.row as usize));
        match cell {
            None | Some(Cell::Gone) => self.judge.missing(),
            Some(Cell::Number(number)) => self.judge.scalar(Element::Number(number)),
            Some(Cell::Flag(flag)) => self.judge.scalar(Element::Flag(flag)),
            Some(Cell::Text(text)) => self.judge.scalar(Element::Text(text)),
            Some(Cell::Json(json)) => self.judge.value(&lake::parse_json(json)),
        }
    }
}
