//! Slices: the windows of one group of leaves, cut into pieces that do not overlap.
//!
//! Every window begins and ends where some slice does, so that a row lies in exactly one slice, adds to exactly one
//! counter, and each window is a sum of neighbouring slices. A slice outside every window is never looked at.

use std::ops::Range;

use model::Span;

/// The pieces time is cut into, and which of them each window is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slices {
    /// The starts of the slices and the end of the last one, ascending, in microseconds.
    bounds: Vec<i64>,
    /// For each slice, whether any window covers it.
    live: Vec<bool>,
    /// For each span given, the slices it is made of.
    pub(crate) windows: Vec<Range<usize>>,
}

impl Slices {
    pub(crate) fn cut(spans: &[Span]) -> Self {
        let mut bounds: Vec<i64> =
            spans.iter().filter(|span| span.start < span.end).flat_map(|span| [span.start.micros(), span.end.micros()]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let place = |micros: i64| bounds.partition_point(|bound| *bound < micros);
        let window = |span: &Span| if span.start < span.end { place(span.start.micros())..place(span.end.micros()) } else { 0..0 };
        let windows: Vec<Range<usize>> = spans.iter().map(window).collect();
        let mut live = vec![false; bounds.len().saturating_sub(1)];
        for window in &windows {
            live[window.clone()].fill(true);
        }
        Self { bounds, live, windows }
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    /// When each slice starts.
    pub(crate) fn starts(&self) -> &[i64] {
        &self.bounds[..self.live.len()]
    }

    /// Whether any window reaches into the time from `first` to `last`, both included.
    pub(crate) fn touch(&self, first: i64, last: i64) -> bool {
        self.between(first, last).next().is_some()
    }

    /// The slices some window covers that reach into the time from `first` to `last`, both included: number, start and end.
    pub(crate) fn between(&self, first: i64, last: i64) -> impl Iterator<Item = (usize, i64, i64)> + '_ {
        self.live_spans().filter(move |(_, start, end)| *start <= last && first < *end)
    }

    /// The slice that a moment lies in, where some window covers it.
    pub(crate) fn at(&self, micros: i64) -> Option<usize> {
        let slice = self.bounds.partition_point(|bound| *bound <= micros).checked_sub(1)?;
        (*self.live.get(slice)?).then_some(slice)
    }

    fn live_spans(&self) -> impl Iterator<Item = (usize, i64, i64)> + '_ {
        let slices = self.bounds.windows(2).enumerate();
        slices.filter(|(slice, _)| self.live[*slice]).map(|(slice, bounds)| (slice, bounds[0], bounds[1]))
    }
}

#[cfg(test)]
mod tests {
    use model::Moment;

    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span { start: Moment::from_micros(start), end: Moment::from_micros(end) }
    }

    #[test]
    fn windows_share_slices_and_gaps_are_skipped() {
        let slices = Slices::cut(&[span(10, 30), span(20, 30), span(0, 5), span(7, 7)]);
        assert_eq!(slices.windows, [2..4, 3..4, 0..1, 0..0]);
        assert_eq!(slices.between(4, 20).collect::<Vec<_>>(), [(0, 0, 5), (2, 10, 20), (3, 20, 30)]);
        assert_eq!([-1, 0, 5, 10, 29, 30].map(|micros| slices.at(micros)), [None, Some(0), None, Some(2), Some(3), None]);
        assert!(slices.touch(5, 10));
        assert!(!slices.touch(5, 9));
        assert!(!slices.touch(30, 40));
    }

    #[test]
    fn no_window_no_slice() {
        let slices = Slices::cut(&[span(7, 7)]);
        assert_eq!(slices.len(), 0);
        assert!(!slices.touch(i64::MIN, i64::MAX));
        assert_eq!(slices.at(7), None);
    }
}
