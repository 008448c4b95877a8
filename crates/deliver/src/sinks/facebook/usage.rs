//! Usage headers: how near the limits are, and how long Facebook asks to wait. What does not parse is ignored.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// From here on, calls are spaced out.
const HIGH_PERCENT: f64 = 80.0;
/// From here on, the next write waits for the next run.
const FULL_PERCENT: f64 = 95.0;
/// Waits that are asked for are believed up to a day.
const WAIT_MAX_S: f64 = 86_400.0;

/// How near the limits are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// The highest percentage of any limit.
    percent: f64,
    /// The highest percentage of a limit that blocks when it is full. That of the ad account does not: it has been seen at
    /// 100 on calls that succeeded.
    blocking_percent: f64,
    wait_s: f64,
}

impl Usage {
    /// Reads every header that says something.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut usage = Self::default();
        if let Some(Value::Object(accounts)) = json(headers, "x-business-use-case-usage") {
            for entry in accounts.values().filter_map(Value::as_array).flatten() {
                usage.note_blocking(entry);
                usage.note_wait(number(entry, "estimated_time_to_regain_access") * 60.0);
            }
        }
        if let Some(app) = json(headers, "x-app-usage") {
            usage.note_blocking(&app);
        }
        if let Some(account) = json(headers, "x-ad-account-usage") {
            usage.percent = usage.percent.max(number(&account, "acc_id_util_pct"));
            usage.note_wait(number(&account, "reset_time_duration"));
        }
        if let Some(seconds) = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok()) {
            usage.note_wait(seconds);
        }
        usage
    }

    /// Whether to space calls out.
    pub(super) fn is_high(self) -> bool {
        self.percent.max(self.blocking_percent) >= HIGH_PERCENT
    }

    /// Whether the next call would soon be refused.
    pub(super) fn is_full(self) -> bool {
        self.blocking_percent >= FULL_PERCENT
    }

    /// How long Facebook asks to wait.
    pub(super) fn wait(self) -> Option<Duration> {
        (self.wait_s > 0.0).then(|| Duration::from_secs_f64(self.wait_s))
    }

    fn note_blocking(&mut self, entry: &Value) {
        for name in ["call_count", "total_cputime", "total_time"] {
            self.blocking_percent = self.blocking_percent.max(number(entry, name));
        }
    }

    fn note_wait(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.wait_s = self.wait_s.max(seconds.clamp(0.0, WAIT_MAX_S));
        }
    }
}

fn json(headers: &HeaderMap, name: &str) -> Option<Value> {
    serde_json::from_str(headers.get(name)?.to_str().ok()?).ok()
}

fn number(entry: &Value, name: &str) -> f64 {
    entry[name].as_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Usage {
        let entry = |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        Usage::read(&headers.iter().map(entry).collect())
    }

    #[test]
    fn the_business_header_counts_minutes() {
        let usage = read(&[(
            "x-business-use-case-usage",
            r#"{"12":[{"type":"custom_audience","call_count":97,"total_cputime":3,"total_time":7,"estimated_time_to_regain_access":2}]}"#,
        )]);
        assert!(usage.is_high() && usage.is_full());
        assert_eq!(usage.wait(), Some(Duration::from_mins(2)));
    }

    #[test]
    fn the_account_header_counts_seconds_and_only_slows_down() {
        let usage = read(&[("x-ad-account-usage", r#"{"acc_id_util_pct":100,"reset_time_duration":100}"#)]);
        assert!(usage.is_high() && !usage.is_full());
        assert_eq!(usage.wait(), Some(Duration::from_secs(100)));
    }

    #[test]
    fn the_largest_wait_wins_and_nonsense_is_ignored() {
        let usage = read(&[("x-ad-account-usage", r#"{"reset_time_duration":100}"#), ("retry-after", "200"), ("x-app-usage", "soon")]);
        assert_eq!(usage.wait(), Some(Duration::from_secs(200)));
        assert!(!usage.is_high());
        assert_eq!(read(&[("retry-after", "tomorrow")]).wait(), None);
    }
}
