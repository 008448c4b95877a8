//! What a receiver's answer means.

use std::time::Duration;

use model::Moment;

use crate::dispatch::Verdict;

/// The longest wait a receiver is believed to ask for.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) verdict: Verdict,
    /// For people: never a URL, a body or a secret.
    pub(super) what: String,
    /// How long the receiver asks to be left alone.
    pub(super) wait: Option<Duration>,
    /// Fewer messages in one call may do.
    pub(super) is_too_large: bool,
}

impl Failure {
    pub(super) fn new(verdict: Verdict, what: impl Into<String>) -> Self {
        Self { verdict, what: what.into(), wait: None, is_too_large: false }
    }

    /// From a status other than 2xx.
    pub(super) fn of_status(status: u16, wait: Option<Duration>) -> Self {
        let verdict = match status {
            429 => Verdict::Throttle,
            500.. if wait.is_some() => Verdict::Throttle,
            408 | 425 | 500.. => Verdict::Retry,
            401 | 403 | 407 => Verdict::Auth,
            404 | 405 | 410 | ..400 => Verdict::Config,
            400..500 => Verdict::Data,
        };
        Self { verdict, what: format!("HTTP {status}"), wait, is_too_large: status == 413 }
    }

    /// In words, for the person who reads the status of a sync.
    pub(super) fn words(&self) -> &'static str {
        match self.verdict {
            Verdict::Auth => "the receiver does not let us in: check `headers` and `secret`",
            Verdict::Config => "no webhook can be delivered to this `url`: check where it leads",
            Verdict::Data => "the receiver refuses every message: check what it expects",
            Verdict::Throttle => "the receiver limits the calls",
            Verdict::Retry | Verdict::Defer => "the receiver could not be reached properly; what is left stays pending",
        }
    }
}

/// `Retry-After`: seconds, or a date.
pub(super) fn wait_asked(text: &str, now: Moment) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds).min(WAIT_MAX));
    }
    let until = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc();
    Some((until - now.to_utc()).to_std().unwrap_or_default().min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_judged() {
        let table = [
            (301, Verdict::Config),
            (400, Verdict::Data),
            (401, Verdict::Auth),
            (403, Verdict::Auth),
            (404, Verdict::Config),
            (408, Verdict::Retry),
            (410, Verdict::Config),
            (413, Verdict::Data),
            (422, Verdict::Data),
            (429, Verdict::Throttle),
            (500, Verdict::Retry),
            (503, Verdict::Retry),
        ];
        for (status, expected) in table {
            assert_eq!(Failure::of_status(status, None).verdict, expected, "{status}");
        }
        assert_eq!(Failure::of_status(503, Some(Duration::from_secs(1))).verdict, Verdict::Throttle);
        assert!(Failure::of_status(413, None).is_too_large);
    }

    #[test]
    fn waits_are_read_in_both_forms_and_bounded() {
        let now = Moment::parse("2026-03-01T12:00:00Z").expect("a moment");
        assert_eq!(wait_asked("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait_asked("Sun, 01 Mar 2026 12:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait_asked("Sun, 01 Mar 2026 11:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait_asked("99999999999", now), Some(WAIT_MAX));
        assert_eq!(wait_asked("soon", now), None);
    }
}
