//! What is the same for every sink: verdicts, waits between tries, and finding the rows that spoil a request.
//!
//! Sinks classify their failures into six verdicts; this module says what follows from them. It talks to nobody.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use model::SyncState;

use crate::LedgerError;

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An outage: the same again, after a while.
    Retry,
    /// Nothing at all to this destination until a moment.
    Throttle,
    /// Access is missing: stop the destination until somebody mends it.
    Auth,
    /// Something in this request's rows: find it, go on without it.
    Data,
    /// A setting, the audience or our code is wrong: stop this audience until somebody mends it.
    Config,
    /// Right, but not now: stays pending, the rest goes on.
    Defer,
}

/// Why a sync or an erasure ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The ledger does not work: nothing may be sent.
    Ledger(LedgerError),
    /// The destination, or what is known about it, does not allow to go on; the words are for people.
    Halt(SyncState, String),
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// How patient a sync is. The defaults suit production; tests are quicker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// How often a call is made in all, when it fails for reasons that pass.
    pub tries: u32,
    /// The wait after the first failure; doubles each time.
    pub wait_first_ms: u64,
    /// The longest wait between two tries.
    pub wait_max_ms: u64,
    /// The pause between calls when the destination's limits come near.
    pub slow_down_ms: u64,
    /// The pause between two looks at something the destination is working on.
    pub poll_ms: u64,
    /// How long one call may take.
    pub call_timeout_ms: u64,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { tries: 5, wait_first_ms: 2_000, wait_max_ms: 60_000, slow_down_ms: 3_000, poll_ms: 5_000, call_timeout_ms: 120_000 }
    }
}

impl Pacing {
    /// The wait before the next try, or `None` when there were enough. Half of it is chance, so that two processes
    /// that failed together do not come back together.
    pub(crate) fn wait_after(&self, tries_made: u32) -> Option<Duration> {
        if tries_made >= self.tries {
            return None;
        }
        let doubled = self.wait_first_ms.saturating_mul(1 << tries_made.saturating_sub(1).min(20)).min(self.wait_max_ms);
        Some(Duration::from_millis(with_jitter(doubled)))
    }
}

/// Between half of it and all of it.
fn with_jitter(wait_ms: u64) -> u64 {
    rand::random_range(wait_ms / 2..=wait_ms)
}

/// Finds the rows that spoil a request, by halves, with a limit on the calls that may cost.
#[derive(Debug)]
pub(crate) struct Halving {
    queue: VecDeque<Range<usize>>,
    calls_left: u32,
}

/// What is known about a part after it was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It was cut in two; both halves come next.
    Halved,
    /// It is this one row.
    Found(usize),
    /// Too many calls went into the search already: these rows stay as they are.
    GivenUp(Range<usize>),
}

impl Halving {
    /// Starts from a whole request that was refused. A limit of calls keeps a request of bad rows from costing thousands.
    pub(crate) fn new(refused: Range<usize>, calls_max: u32) -> (Self, Part) {
        let mut halving = Self { queue: VecDeque::new(), calls_left: calls_max };
        let part = halving.refused(refused);
        (halving, part)
    }

    /// The next part to try.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        let part = self.queue.pop_front()?;
        self.calls_left = self.calls_left.saturating_sub(1);
        Some(part)
    }

    /// Takes note that a part was refused too.
    pub(crate) fn refused(&mut self, part: Range<usize>) -> Part {
        if part.len() <= 1 {
            return Part::Found(part.start);
        }
        let planned = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        if planned.saturating_add(2) > self.calls_left {
            return Part::GivenUp(part);
        }
        let middle = part.start + part.len() / 2;
        self.queue.push_front(middle..part.end);
        self.queue.push_front(part.start..middle);
        Part::Halved
    }

    /// Calls that may still be made.
    pub(crate) fn calls_left(&self) -> u32 {
        self.calls_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let pacing = Pacing { tries: 4, wait_first_ms: 100, wait_max_ms: 300, ..Pacing::default() };
        let longest = [100, 200, 300];
        for (tries_made, longest_ms) in (1..).zip(longest) {
            let wait = pacing.wait_after(tries_made).expect("tries are left").as_millis();
            assert!(u128::from(longest_ms / 2_u64) <= wait && wait <= u128::from(longest_ms), "{tries_made}: {wait}");
        }
        assert_eq!(pacing.wait_after(4), None);
    }

    /// Halves a request of `rows` rows among which `bad` spoil any request they are in.
    fn search(rows: usize, bad: &[usize], calls_max: u32) -> (Vec<usize>, Vec<Range<usize>>, u32) {
        let (mut found, mut given_up, mut calls) = (Vec::new(), Vec::new(), 0);
        let (mut halving, first) = Halving::new(0..rows, calls_max);
        let mut note = |part| match part {
            Part::Halved => {}
            Part::Found(row) => found.push(row),
            Part::GivenUp(part) => given_up.push(part),
        };
        note(first);
        while let Some(part) = halving.next() {
            calls += 1;
            if bad.iter().any(|row| part.contains(row)) {
                note(halving.refused(part));
            }
        }
        (found, given_up, calls)
    }

    #[test]
    fn one_bad_row_among_ten_thousand_is_found() {
        let (found, given_up, calls) = search(10_000, &[7_777], 30);
        assert_eq!((found, given_up), (vec![7_777], vec![]));
        assert!(calls <= 30, "{calls}");
    }

    #[test]
    fn a_request_of_bad_rows_does_not_cost_thousands_of_calls() {
        let all: Vec<usize> = (0..1_000).collect();
        let (found, given_up, calls) = search(1_000, &all, 30);
        assert!(calls <= 30, "{calls}");
        assert_eq!(found.len() + given_up.iter().map(ExactSizeIterator::len).sum::<usize>(), 1_000);
    }

    #[test]
    fn a_single_row_needs_no_search() {
        assert_eq!(search(1, &[0], 30), (vec![0], vec![], 0));
    }
}
