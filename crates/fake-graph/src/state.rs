//! Everything the fake remembers, behind one lock.

use std::collections::{BTreeMap, BTreeSet};

use crate::audiences::Audience;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::log::RequestLog;
use crate::options::Options;
use crate::pii::PiiFinding;
use crate::replace;
use crate::rows::People;
use crate::sessions::Session;
use crate::throttle::{Throttle, ThrottleViolation};

/// The first id: 17 digits, and above what a double can hold.
const FIRST_ID: u64 = 23_850_000_000_000_042;
const ID_STEP: u64 = 10;

/// The whole state of one fake.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) base_url: String,
    pub(crate) clock: Clock,
    pub(crate) people: People,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) audiences: BTreeMap<u64, Audience>,
    /// By account and session id: an id belongs to one session of the account for ever.
    pub(crate) sessions: BTreeMap<(String, u64), Session>,
    pub(crate) faults: Faults,
    pub(crate) expired_tokens: BTreeSet<String>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) log: RequestLog,
    pub(crate) raw_pii: Vec<PiiFinding>,
    pub(crate) violations: Vec<ThrottleViolation>,
    next_id: u64,
    next_trace: u64,
}

/// One ad account.
pub(crate) struct Account {
    pub(crate) terms_accepted: bool,
    /// Calls in the current clock hour, for the usage headers.
    pub(crate) calls: u64,
    pub(crate) calls_hour: i64,
}

impl State {
    pub(crate) fn new(options: Options, base_url: String) -> Self {
        let account = || Account { terms_accepted: options.terms_accepted, calls: 0, calls_hour: 0 };
        let accounts = options.accounts.iter().map(|number| (number.trim_start_matches("act_").to_owned(), account())).collect();
        let people = People { match_share: options.match_share, by_cell: options.people.clone() };
        let log = RequestLog::new(options.requests_kept_max);
        let clock = Clock::of(options.now.clone());
        Self {
            options,
            base_url,
            clock,
            people,
            accounts,
            audiences: BTreeMap::new(),
            sessions: BTreeMap::new(),
            faults: Faults::default(),
            expired_tokens: BTreeSet::new(),
            throttle: None,
            log,
            raw_pii: Vec::new(),
            violations: Vec::new(),
            next_id: FIRST_ID,
            next_trace: 1,
        }
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += ID_STEP;
        id
    }

    /// A fresh `fbtrace_id`.
    pub(crate) fn next_trace(&mut self) -> String {
        let trace = format!("AfAkE{:06X}", self.next_trace);
        self.next_trace += 1;
        trace
    }

    /// Lets happen what time has brought about.
    pub(crate) fn settle(&mut self) {
        let now = self.clock.now();
        for audience in self.audiences.values_mut() {
            replace::settle(audience, now);
        }
    }

    /// Ends everything that faults have started and that a call would otherwise have to live with.
    pub(crate) fn recover(&mut self) {
        self.faults.clear();
        self.expired_tokens.clear();
        self.throttle = None;
        for account in self.accounts.values_mut() {
            account.terms_accepted = self.options.terms_accepted;
        }
    }
}
