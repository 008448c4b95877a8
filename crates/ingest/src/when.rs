//! When it happened: the sender's clock corrected by ours.
//!
//! `received_at - (sent_at - original)`: what the sender's clock is wrong by falls out. That needs a receipt written down
//! at the time, so a line without `receivedAt` keeps its `timestamp` as it is: the import's own time says nothing about
//! a clock of long ago.

use model::Moment;

use crate::message::{TimeSource, When};
use crate::rejection::{Rejection, RejectionReason};

const DAY_MICROS: i64 = 86_400_000_000;

/// A moment as read, and whether it lacked an offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) moment: Moment,
    pub(crate) zone_missing: bool,
}

/// What a message says about time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stamps {
    pub(crate) timestamp: Option<Stamp>,
    pub(crate) original: Option<Stamp>,
    pub(crate) sent: Option<Stamp>,
    pub(crate) received: Option<Stamp>,
}

impl Stamp {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Moment::parse_noting_zone(text).ok().map(|(moment, zone_missing)| Self { moment, zone_missing })
    }
}

impl Stamps {
    /// Settles when it happened and when it arrived, for a message read `now`.
    ///
    /// # Errors
    /// When it happened before 1970, or more than a day after it arrived.
    pub(crate) fn settle(&self, now: Moment) -> Result<When, Rejection> {
        let received_at = self.received.map_or(now, |stamp| stamp.moment);
        let (occurred_at, source) = match self.said() {
            Some(moment) => (moment, TimeSource::Message),
            None => (received_at, if self.received.is_some() { TimeSource::Message } else { TimeSource::Import }),
        };
        check_range(occurred_at, received_at, now)?;
        let stamps = [self.timestamp, self.original, self.sent, self.received];
        let zone_missing = stamps.iter().flatten().any(|stamp| stamp.zone_missing);
        Ok(When { occurred_at, received_at, zone_missing, source })
    }

    fn said(&self) -> Option<Moment> {
        let (client, corrected) = match (self.timestamp, self.original) {
            // A server kept the client's time apart: `timestamp` is corrected already.
            (Some(timestamp), Some(_)) => return Some(timestamp.moment),
            (Some(client), None) | (None, Some(client)) => (client.moment, self.corrected(client.moment)),
            (None, None) => return None,
        };
        Some(corrected.unwrap_or(client))
    }

    /// `None` where the client's own word is as good as it gets.
    fn corrected(&self, client: Moment) -> Option<Moment> {
        let (received, sent) = (self.received?.moment, self.sent?.moment);
        let skew = received.micros().saturating_sub(sent.micros());
        let plausible = client.micros().abs_diff(received.micros()) <= DAY_MICROS.unsigned_abs();
        if skew.unsigned_abs() > DAY_MICROS.unsigned_abs() && plausible {
            return None;
        }
        Some(client.plus_micros(skew))
    }
}

fn check_range(occurred_at: Moment, received_at: Moment, now: Moment) -> Result<(), Rejection> {
    if occurred_at.micros() < 0 || received_at.micros() < 0 {
        return Err(RejectionReason::Before1970.because("it happened before 1970: is the year right?"));
    }
    if occurred_at > received_at.plus_micros(DAY_MICROS) {
        return Err(RejectionReason::InFuture.because("it happened more than 24 hours after it was received: is the year right?"));
    }
    if received_at > now.plus_micros(DAY_MICROS) {
        return Err(RejectionReason::InFuture.because("it was received more than 24 hours from now: is the year right?"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2025-03-08T12:00:00Z";

    /// `timestamp`, `originalTimestamp`, `sentAt`, `receivedAt`; empty where absent.
    #[track_caller]
    fn check(stamps: [&str; 4], expected: Result<&str, RejectionReason>) {
        let [timestamp, original, sent, received] = stamps.map(Stamp::parse);
        let when = Stamps { timestamp, original, sent, received }.settle(Moment::parse(NOW).unwrap());
        let occurred_at = when.map(|when| when.occurred_at).map_err(|rejection| rejection.reason);
        assert_eq!(occurred_at, expected.map(|text| Moment::parse(text).unwrap()));
    }

    #[test]
    fn the_senders_clock_is_corrected_where_the_receipt_is_known() {
        let (ahead, sent, received) = ("2025-03-01T11:00:00Z", "2025-03-01T11:00:10Z", "2025-03-01T10:00:10Z");
        check([ahead, "", sent, received], Ok("2025-03-01T10:00:00Z"));
        check(["", ahead, sent, received], Ok("2025-03-01T10:00:00Z"));
        check(["2025-03-01T10:00:00Z", ahead, sent, received], Ok("2025-03-01T10:00:00Z"));
        check([ahead, "", "", received], Ok(ahead));
        check([ahead, "", sent, ""], Ok(ahead));
        check(["", "", sent, received], Ok(received));
        check(["", "", "", ""], Ok(NOW));
    }

    #[test]
    fn a_wild_skew_loses_against_a_plausible_timestamp() {
        check(["2025-03-01T10:00:00Z", "", "1999-01-01T00:00:00Z", "2025-03-01T12:00:00Z"], Ok("2025-03-01T10:00:00Z"));
        check(["2020-03-01T10:00:00Z", "", "2020-03-01T10:00:05Z", "2025-03-01T12:00:05Z"], Ok("2025-03-01T12:00:00Z"));
    }

    #[test]
    fn nothing_happens_a_century_away() {
        check(["1925-03-01T10:00:00Z", "", "", ""], Err(RejectionReason::Before1970));
        check(["1970-01-01T00:00:00Z", "", "", ""], Ok("1970-01-01T00:00:00Z"));
        check(["2125-03-01T10:00:00Z", "", "", ""], Err(RejectionReason::InFuture));
        check(["2025-03-09T12:00:00Z", "", "", ""], Ok("2025-03-09T12:00:00Z"));
        check(["2025-03-09T12:00:00.000001Z", "", "", ""], Err(RejectionReason::InFuture));
        check(["2025-03-01T12:00:00Z", "", "", "2025-02-01T12:00:00Z"], Err(RejectionReason::InFuture));
        check(["2125-03-01T12:00:00Z", "", "", "2125-03-01T12:00:00Z"], Err(RejectionReason::InFuture));
    }

    #[test]
    fn a_missing_zone_is_noted() {
        let noted = |text| Stamps { timestamp: Stamp::parse(text), ..Stamps::default() }.settle(Moment::parse(NOW).unwrap());
        assert!(noted("2025-03-01T10:00:00").unwrap().zone_missing);
        assert!(!noted("2025-03-01T10:00:00+02:00").unwrap().zone_missing);
    }
}
