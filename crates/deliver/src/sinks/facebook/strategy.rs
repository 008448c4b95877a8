//! Which way a sync goes: the difference, or everybody at once. A table of facts to a decision; it sends nothing.
//!
//! A difference is small and fails in small pieces. A replace also takes away those whom the ledger knows nothing of, and
//! does not reset the learning phase of ads that use the audience (Meta's documents on `usersreplace`).

use model::Moment;

use super::standing;

/// A replace has 90 minutes for all its batches; this many at a handful of seconds each fit well.
const REPLACE_BATCHES_MAX: usize = 600;

/// What a destination is configured to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Differences; everybody when much has changed, or when the ledger may not be right.
    Adaptive,
    /// Always differences.
    Diff,
    /// Always everybody.
    Replace,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlook {
    /// The audience's `operation_status`, as far as it was said.
    pub(super) status: Option<i64>,
    /// Whether somebody may be there of whom the ledger knows nothing.
    pub(super) is_doubted: bool,
    /// Whether rows wait for an answer that never came.
    pub(super) has_pending: bool,
    /// Rows that should be there.
    pub(super) wanted: usize,
    /// Rows to add and to remove.
    pub(super) changed: usize,
    /// Whether all wanted rows fit one schema: those with an external id and those without do not.
    pub(super) one_schema: bool,
    /// Rows in one request.
    pub(super) rows_max: usize,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Diff,
    Replace,
}

/// How a destination decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preference {
    pub(super) strategy: Strategy,
    /// With [`Strategy::Adaptive`]: more changed rows than this share of the wanted ones are a reason to replace.
    pub(super) replace_above: f64,
}

impl Preference {
    /// The way for these facts.
    pub(super) fn way(self, outlook: Outlook) -> Way {
        if !can_replace(outlook) {
            return Way::Diff;
        }
        // A replace that was cut off took everybody else away already, and the ledger knows which rows it was about.
        let is_healing = outlook.status == Some(standing::REPLACE_FAILED) && outlook.has_pending && !outlook.is_doubted;
        let share = outlook.changed as f64 / outlook.wanted.max(1) as f64;
        let replaces = match self.strategy {
            Strategy::Diff => false,
            Strategy::Replace => outlook.is_doubted || (outlook.changed > 0 && !is_healing),
            Strategy::Adaptive => outlook.is_doubted || (share > self.replace_above && !is_healing),
        };
        if replaces { Way::Replace } else { Way::Diff }
    }
}

/// Whether Facebook takes a replace: not of nobody, not of an audience that was never filled, nor of more than fits its time.
fn can_replace(outlook: Outlook) -> bool {
    matches!(outlook.status, Some(standing::NORMAL | standing::REPLACE_FAILED))
        && outlook.wanted > 0
        && outlook.one_schema
        && outlook.wanted <= outlook.rows_max.saturating_mul(REPLACE_BATCHES_MAX)
}

/// When a destination that replaces at most so often may write again; nothing when it may now.
pub(super) fn waits_until(every_micros: Option<i64>, written_at: Option<Moment>, now: Moment) -> Option<Moment> {
    let until = written_at?.plus_micros(every_micros?);
    (now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Outlook =
        Outlook { status: Some(200), is_doubted: false, has_pending: false, wanted: 1_000, changed: 0, one_schema: true, rows_max: 100 };

    #[track_caller]
    fn check(strategy: Strategy, outlook: Outlook, expected: Way) {
        assert_eq!(Preference { strategy, replace_above: 0.5 }.way(outlook), expected, "{strategy:?} {outlook:?}");
    }

    #[test]
    fn much_change_or_doubt_replaces() {
        check(Strategy::Adaptive, QUIET, Way::Diff);
        check(Strategy::Adaptive, Outlook { changed: 500, ..QUIET }, Way::Diff);
        check(Strategy::Adaptive, Outlook { changed: 501, ..QUIET }, Way::Replace);
        check(Strategy::Adaptive, Outlook { is_doubted: true, ..QUIET }, Way::Replace);
        check(Strategy::Diff, Outlook { is_doubted: true, changed: 1_000, ..QUIET }, Way::Diff);
        check(Strategy::Replace, QUIET, Way::Diff);
        check(Strategy::Replace, Outlook { changed: 1, ..QUIET }, Way::Replace);
    }

    #[test]
    fn what_facebook_refuses_is_not_tried() {
        let much = Outlook { changed: 1_000, ..QUIET };
        for status in [None, Some(410), Some(441), Some(100)] {
            check(Strategy::Replace, Outlook { status, ..much }, Way::Diff);
        }
        check(Strategy::Replace, Outlook { wanted: 0, ..much }, Way::Diff);
        check(Strategy::Replace, Outlook { one_schema: false, ..much }, Way::Diff);
        check(Strategy::Replace, Outlook { wanted: 60_001, ..much }, Way::Diff);
        check(Strategy::Replace, Outlook { wanted: 60_000, ..much }, Way::Replace);
    }

    #[test]
    fn a_cut_off_replace_is_not_begun_over_and_over() {
        let cut_off = Outlook { status: Some(415), has_pending: true, changed: 1_000, ..QUIET };
        check(Strategy::Adaptive, cut_off, Way::Diff);
        check(Strategy::Replace, cut_off, Way::Diff);
        check(Strategy::Adaptive, Outlook { is_doubted: true, ..cut_off }, Way::Replace);
        check(Strategy::Adaptive, Outlook { has_pending: false, ..cut_off }, Way::Replace);
    }

    #[test]
    fn a_slow_replace_waits_for_its_time() {
        let at = Moment::from_micros;
        assert_eq!(waits_until(None, Some(at(5)), at(6)), None);
        assert_eq!(waits_until(Some(10), None, at(6)), None);
        assert_eq!(waits_until(Some(10), Some(at(5)), at(6)), Some(at(15)));
        assert_eq!(waits_until(Some(10), Some(at(5)), at(15)), None);
    }
}
