//! The timeline: the segments of each log in order of time, found by the time they cover.

use std::collections::BTreeMap;

use model::{EventName, LogName, Moment, Segment, Span};

use crate::segments::Snapshot;

/// The segments of a snapshot, by log.
pub(crate) struct Timeline<'s> {
    logs: BTreeMap<&'s LogName, Track<'s>>,
}

/// One log: its segments by when they begin.
struct Track<'s> {
    segments: Vec<&'s Segment>,
    /// For each segment, how far it or any before it reaches: never falls.
    reaches: Vec<Moment>,
}

impl<'s> Timeline<'s> {
    /// All segments of a snapshot.
    pub(crate) fn of(snapshot: &'s Snapshot) -> Self {
        Self::over(snapshot.segments.iter().map(|(_, segment)| segment))
    }

    /// Some segments.
    pub(crate) fn over(segments: impl Iterator<Item = &'s Segment>) -> Self {
        let mut by_log: BTreeMap<&LogName, Vec<&Segment>> = BTreeMap::new();
        for segment in segments {
            by_log.entry(&segment.log).or_default().push(segment);
        }
        Self { logs: by_log.into_iter().map(|(log, segments)| (log, Track::of(segments))).collect() }
    }

    /// The segments of an event that may have rows in a span, oldest first.
    pub(crate) fn of_event(&self, event: &EventName, span: Span) -> &[&'s Segment] {
        self.logs.get(&LogName::Events(event.clone())).map_or(&[], |track| track.within(span))
    }

    /// The segments of traits that may have rows in a span, oldest first.
    pub(crate) fn of_traits(&self, span: Span) -> &[&'s Segment] {
        self.logs.get(&LogName::Traits).map_or(&[], |track| track.within(span))
    }

    /// Every event there is.
    pub(crate) fn events(&self) -> impl Iterator<Item = &'s EventName> {
        self.logs.keys().filter_map(|log| log.event())
    }
}

impl<'s> Track<'s> {
    fn of(mut segments: Vec<&'s Segment>) -> Self {
        segments.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path)));
        let mut reach = Moment::from_micros(i64::MIN);
        let mut reaches = Vec::with_capacity(segments.len());
        for segment in &segments {
            reach = reach.max(segment.last_at);
            reaches.push(reach);
        }
        Self { segments, reaches }
    }

    /// Some that end earlier may be among them, where segments overlap.
    fn within(&self, span: Span) -> &[&'s Segment] {
        let end = self.segments.partition_point(|segment| segment.first_at < span.end);
        let start = self.reaches.partition_point(|reach| *reach < span.start);
        &self.segments[start.min(end)..end]
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn segment(path: &str, first: i64, last: i64) -> Segment {
        Segment {
            path: path.to_owned(),
            log: LogName::Events(EventName::parse("Order").expect("a name")),
            day: NaiveDate::default(),
            rows: 1,
            first_at: Moment::from_micros(first),
            last_at: Moment::from_micros(last),
            bytes: 1,
            columns: Vec::new(),
        }
    }

    #[test]
    fn segments_are_found_by_time_though_they_overlap() {
        let segments = [segment("c", 20, 29), segment("a", 0, 25), segment("b", 10, 19), segment("d", 30, 39)];
        let timeline = Timeline::over(segments.iter());
        let event = EventName::parse("Order").expect("a name");
        let found = |start, end| -> Vec<&str> {
            let span = Span { start: Moment::from_micros(start), end: Moment::from_micros(end) };
            timeline.of_event(&event, span).iter().map(|segment| segment.path.as_str()).collect()
        };
        assert_eq!(found(0, 100), ["a", "b", "c", "d"]);
        assert_eq!(found(24, 30), ["a", "b", "c"]);
        assert_eq!(found(30, 31), ["d"]);
        assert_eq!(found(40, 50), Vec::<&str>::new());
        assert_eq!(found(5, 5), ["a"]);
        let other = EventName::parse("Other").expect("a name");
        assert!(timeline.of_event(&other, Span { start: Moment::from_micros(0), end: Moment::from_micros(9) }).is_empty());
    }
}
