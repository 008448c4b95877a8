//! What Facebook's errors mean: a table from numbers to verdicts, and words that say what to do.
//!
//! Decided by subcode first, then `is_transient`, then code, then HTTP status, because the status alone says nothing: the
//! same throttle has been seen as 400 and as 429.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::dispatch::Verdict;

/// What to do about an error, beyond its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Nothing: it passes.
    Wait,
    /// Blocked for a while for breaking a policy.
    Policy,
    /// The access token.
    Token,
    /// Roles and permissions.
    Permission,
    /// Terms that a person must accept.
    Terms,
    /// The audience is gone.
    Missing,
    /// The audience was flagged.
    Integrity,
    /// `app_secret`.
    AppSecret,
    /// `api_version`.
    Version,
    /// The account is full, or the audience cannot be created.
    Create,
    /// Facebook does not let the audience shrink that far.
    Shrink,
    /// Fewer rows in one request.
    Oversize,
    /// The same rows in another session.
    NewSession,
    /// More than can be replaced at once.
    TooLarge,
    /// Nothing known: show the error.
    Look,
}

impl Advice {
    /// In words, for the person who reads the status of a sync.
    pub(super) fn words(self, account: &str) -> String {
        match self {
            Self::Wait | Self::Oversize | Self::NewSession | Self::TooLarge => "it is tried again by itself".to_owned(),
            Self::Policy => "facebook blocked the account or the app for a while; look at the account quality page in the business settings".to_owned(),
            Self::Token => "make a new system-user token and put it where `access_token` points".to_owned(),
            Self::Permission => "give the token's user a role on the ad account and the permission `ads_management`, and check that the account belongs to a business portfolio".to_owned(),
            Self::Terms => format!("a person must accept the custom audience terms: https://business.facebook.com/ads/manage/customaudiences/tos/?act={account}"),
            Self::Missing => "the audience was deleted on facebook or is hidden from this token; set `recreate_missing: true` to make it again and send everybody".to_owned(),
            Self::Integrity => "facebook flagged the audience; look at it in the ads manager, and choose another title if its name hints at health or finances".to_owned(),
            Self::AppSecret => "check that `app_secret` belongs to the app that made the token".to_owned(),
            Self::Version => "set `api_version` to one that facebook still serves".to_owned(),
            Self::Create => "an ad account holds at most 500 customer-list audiences; delete some that are not used".to_owned(),
            Self::Shrink => "facebook refuses to shrink the audience further: pause it in ads, or delete it there".to_owned(),
            Self::Look => "look the error up in facebook's documents".to_owned(),
        }
    }
}

/// An error body, or what is known of an answer without one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GraphError {
    pub(super) status: u16,
    pub(super) code: Option<i64>,
    pub(super) subcode: Option<i64>,
    pub(super) transient: bool,
    pub(super) message: String,
}

/// Which calls a code is judged for: those that carry rows, or others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// `/users`.
    Rows,
    /// Everything else.
    Other,
}

/// A failed call, judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) verdict: Verdict,
    pub(super) advice: Advice,
    pub(super) code: Option<i64>,
    /// What happened, in words without personal data or secrets.
    pub(super) what: String,
    /// How long the destination asked to be left in peace.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// The answer never came, or was none.
    pub(super) fn outage(what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Retry, advice: Advice::Wait, code: None, what: what.into(), wait: None }
    }

    /// A setting or our own expectations are wrong.
    pub(super) fn config(advice: Advice, what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Config, advice, code: None, what: what.into(), wait: None }
    }
}

/// Long numbers: they come as code or as subcode.
#[rustfmt::skip]
const LONG_NUMBERS: [(i64, Verdict, Advice); 20] = [
    (1_870_047, Verdict::Defer,    Advice::Shrink),
    (1_870_034, Verdict::Auth,     Advice::Terms),
    (1_870_090, Verdict::Auth,     Advice::Terms),
    (1_870_092, Verdict::Auth,     Advice::Terms),
    (1_870_050, Verdict::Auth,     Advice::Permission),
    (1_713_092, Verdict::Auth,     Advice::Permission),
    (1_487_301, Verdict::Auth,     Advice::Permission),
    (1_487_366, Verdict::Config,   Advice::Missing),
    (1_713_230, Verdict::Config,   Advice::Integrity),
    (1_713_228, Verdict::Config,   Advice::Integrity),
    (1_713_231, Verdict::Config,   Advice::Integrity),
    (1_713_098, Verdict::Config,   Advice::Look),
    (1_870_145, Verdict::Defer,    Advice::Wait),
    (1_870_158, Verdict::Defer,    Advice::Wait),
    (1_870_159, Verdict::Defer,    Advice::Wait),
    (1_870_147, Verdict::Retry,    Advice::NewSession),
    (1_870_148, Verdict::Retry,    Advice::NewSession),
    (1_870_144, Verdict::Config,   Advice::TooLarge),
    (1_404_078, Verdict::Throttle, Advice::Policy),
    (2_859_015, Verdict::Throttle, Advice::Policy),
];

/// Short subcodes that change what their code means.
const PAIRS: [(i64, i64, Verdict, Advice); 1] = [(100, 33, Verdict::Config, Advice::Missing)];

/// Codes by themselves. The first that fits decides.
#[rustfmt::skip]
const CODES: [(RangeInclusive<i64>, Verdict, Advice); 24] = [
    (4..=4,                 Verdict::Throttle, Advice::Wait),
    (17..=17,               Verdict::Throttle, Advice::Wait),
    (32..=32,               Verdict::Throttle, Advice::Wait),
    (341..=341,             Verdict::Throttle, Advice::Wait),
    (613..=613,             Verdict::Throttle, Advice::Wait),
    (80_000..=80_014,       Verdict::Throttle, Advice::Wait),
    (368..=368,             Verdict::Throttle, Advice::Policy),
    (1..=2,                 Verdict::Retry,    Advice::Wait),
    (5_000..=5_000,         Verdict::Retry,    Advice::Wait),
    (3_910_001..=3_910_001, Verdict::Retry,    Advice::Wait),
    (21_009..=21_009,       Verdict::Retry,    Advice::Wait),
    (i64::MIN..=-1,         Verdict::Retry,    Advice::Wait),
    (2_650..=2_650,         Verdict::Retry,    Advice::Wait),
    (102..=102,             Verdict::Auth,     Advice::Token),
    (190..=190,             Verdict::Auth,     Advice::Token),
    (194..=194,             Verdict::Config,   Advice::Look),
    (3..=3,                 Verdict::Auth,     Advice::Permission),
    (10..=10,               Verdict::Auth,     Advice::Permission),
    (200..=299,             Verdict::Auth,     Advice::Permission),
    (2_655..=2_655,         Verdict::Auth,     Advice::Terms),
    (2_663..=2_663,         Verdict::Auth,     Advice::Terms),
    (104..=104,             Verdict::Config,   Advice::AppSecret),
    (2_635..=2_635,         Verdict::Config,   Advice::Version),
    (2_654..=2_654,         Verdict::Config,   Advice::Create),
];

/// Further codes that say that our code or a setting is wrong.
const WRONG: [i64; 2] = [2_500, 2_656];

/// What an error means.
pub(super) fn judge(error: &GraphError, kind: CallKind) -> (Verdict, Advice) {
    if let Some((_, verdict, advice)) = LONG_NUMBERS.iter().find(|(number, ..)| [error.code, error.subcode].contains(&Some(*number))) {
        return (*verdict, *advice);
    }
    let pair = |(code, subcode, ..): &&(i64, i64, Verdict, Advice)| error.code == Some(*code) && error.subcode == Some(*subcode);
    if let Some((_, _, verdict, advice)) = PAIRS.iter().find(pair) {
        return (*verdict, *advice);
    }
    let by_code = error.code.and_then(|code| judge_code(code, &error.message, kind));
    match by_code {
        Some((Verdict::Throttle, advice)) => (Verdict::Throttle, advice),
        _ if error.transient => (Verdict::Retry, Advice::Wait),
        Some(judged) => judged,
        None => judge_status(error.status, kind),
    }
}

fn judge_code(code: i64, message: &str, kind: CallKind) -> Option<(Verdict, Advice)> {
    if let Some((_, verdict, advice)) = CODES.iter().find(|(codes, ..)| codes.contains(&code)) {
        return Some((*verdict, *advice));
    }
    if WRONG.contains(&code) {
        return Some((Verdict::Config, Advice::Look));
    }
    match (code, kind) {
        (100, _) if message.to_lowercase().contains("appsecret_proof") => Some((Verdict::Config, Advice::AppSecret)),
        (100, CallKind::Rows) => Some((Verdict::Data, Advice::Look)),
        (100, CallKind::Other) => Some((Verdict::Config, Advice::Look)),
        (105, CallKind::Rows) => Some((Verdict::Data, Advice::Oversize)),
        _ => None,
    }
}

fn judge_status(status: u16, kind: CallKind) -> (Verdict, Advice) {
    match (status, kind) {
        (429, _) => (Verdict::Throttle, Advice::Wait),
        (413 | 414, CallKind::Rows) => (Verdict::Data, Advice::Oversize),
        (200..=299 | 500..=599, _) => (Verdict::Retry, Advice::Wait),
        (_, CallKind::Rows) => (Verdict::Data, Advice::Look),
        (_, CallKind::Other) => (Verdict::Config, Advice::Look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `190/463` as code and subcode, for a call that carries rows.
    fn error(numbers: &str) -> GraphError {
        let (code, subcode) = numbers.split_once('/').map_or((numbers, None), |(code, subcode)| (code, Some(subcode)));
        let number = |text: &str| text.parse().expect("a number");
        GraphError { status: 400, code: Some(number(code)), subcode: subcode.map(number), ..GraphError::default() }
    }

    #[track_caller]
    fn check(numbers: &[&str], verdict: Verdict, advice: Advice) {
        for text in numbers {
            assert_eq!(judge(&error(text), CallKind::Rows), (verdict, advice), "{text}");
        }
    }

    #[test]
    fn every_row_of_the_documents() {
        check(&["1", "1/99", "2", "5000", "3910001", "21009", "-3", "2650"], Verdict::Retry, Advice::Wait);
        check(&["2650/1870147", "2650/1870148"], Verdict::Retry, Advice::NewSession);
        check(&["4", "17", "17/2446079", "32", "341", "613", "613/1996", "80000", "80014"], Verdict::Throttle, Advice::Wait);
        check(&["80003", "80003/2446079", "80004", "80004/2446079"], Verdict::Throttle, Advice::Wait);
        check(&["368", "1404078", "2859015", "368/1404078"], Verdict::Throttle, Advice::Policy);
        check(&["102", "190"], Verdict::Auth, Advice::Token);
        check(&["190/458", "190/459", "190/460", "190/463", "190/464", "190/467", "190/492", "102/463"], Verdict::Auth, Advice::Token);
        check(&["3", "10", "200", "270", "272", "294", "299"], Verdict::Auth, Advice::Permission);
        check(&["200/1870050", "2654/1713092", "1487301", "100/1487301"], Verdict::Auth, Advice::Permission);
        check(&["200/1870034", "200/1870090", "1870090", "200/1870092", "2655", "2663"], Verdict::Auth, Advice::Terms);
        check(&["200/1870047", "1870047"], Verdict::Defer, Advice::Shrink);
        check(&["100/33", "1487366", "100/1487366"], Verdict::Config, Advice::Missing);
        check(&["100/1713230", "100/1713228", "100/1713231"], Verdict::Config, Advice::Integrity);
        check(&["104"], Verdict::Config, Advice::AppSecret);
        check(&["2635"], Verdict::Config, Advice::Version);
        check(&["2500", "194", "100/1713098", "2656"], Verdict::Config, Advice::Look);
        check(&["2650/1870144"], Verdict::Config, Advice::TooLarge);
        check(&["2654"], Verdict::Config, Advice::Create);
        check(&["2650/1870145", "2650/1870158", "2650/1870159"], Verdict::Defer, Advice::Wait);
        check(&["100", "99999"], Verdict::Data, Advice::Look);
        check(&["105"], Verdict::Data, Advice::Oversize);
    }

    #[test]
    fn a_wrong_proof_is_not_a_wrong_row() {
        let wrong = GraphError { message: "Invalid appsecret_proof provided in the API argument".to_owned(), ..error("100") };
        assert_eq!(judge(&wrong, CallKind::Rows), (Verdict::Config, Advice::AppSecret));
    }

    #[test]
    fn rows_are_to_blame_only_where_there_are_rows() {
        assert_eq!(judge(&error("100"), CallKind::Other), (Verdict::Config, Advice::Look));
        assert_eq!(judge(&error("99999"), CallKind::Other), (Verdict::Config, Advice::Look));
    }

    #[test]
    fn what_passes_is_tried_again_but_a_throttle_stays_one() {
        let transient = |numbers| GraphError { transient: true, ..error(numbers) };
        assert_eq!(judge(&transient("99999"), CallKind::Other), (Verdict::Retry, Advice::Wait));
        assert_eq!(judge(&transient("100"), CallKind::Rows), (Verdict::Retry, Advice::Wait));
        assert_eq!(judge(&transient("80003"), CallKind::Rows), (Verdict::Throttle, Advice::Wait));
        assert_eq!(judge(&transient("200/1870047"), CallKind::Rows), (Verdict::Defer, Advice::Shrink));
    }

    #[test]
    fn the_status_decides_last() {
        let status = |status| GraphError { status, ..GraphError::default() };
        assert_eq!(judge(&status(429), CallKind::Rows).0, Verdict::Throttle);
        assert_eq!(judge(&status(503), CallKind::Rows).0, Verdict::Retry);
        assert_eq!(judge(&status(200), CallKind::Rows).0, Verdict::Retry);
        assert_eq!(judge(&status(413), CallKind::Rows), (Verdict::Data, Advice::Oversize));
        assert_eq!(judge(&status(400), CallKind::Rows).0, Verdict::Data);
        assert_eq!(judge(&status(400), CallKind::Other).0, Verdict::Config);
        assert_eq!(judge(&GraphError { status: 429, ..error("190") }, CallKind::Rows).0, Verdict::Auth);
    }
}
