//! How one fake behaves from its first call on. Faults come later, by a control call; these are settings.

use std::collections::BTreeMap;

use crate::clock::Now;

/// The settings of one fake. The defaults are quiet: no fault, terms accepted, everything allowed.
#[derive(Clone)]
pub struct Options {
    /// Whose clock it goes by; the system's where there is none. A client whose clock stands elsewhere needs it to be the same.
    pub now: Option<Now>,
    /// The access token that may do everything in every account.
    pub token: String,
    /// The secret of the app; when it is known, a proof that is sent must be right.
    pub app_secret: Option<String>,
    /// Whether calls without `appsecret_proof` are refused.
    pub proof: Proof,
    /// When every token expires, in Unix seconds; 0 for never, as a system user's does.
    pub token_expires_at: i64,
    /// Further tokens with fewer rights.
    pub more_tokens: Vec<Token>,
    /// Ad account numbers, without `act_`.
    pub accounts: Vec<String>,
    /// The `account_status` of every account; 1 is active.
    pub account_status: u32,
    /// The share of people that Facebook knows, from 0.0 to 1.0. Who matches depends on the hash alone.
    pub match_share: f64,
    /// From an identifier's cell to a name for the person behind it, so that two hashes may be one person.
    pub people: BTreeMap<String, String>,
    /// The removal guard: refuse a removal that would leave fewer matched people than this.
    pub removal_minimum: Option<u64>,
    /// How long a finished replace stays at status 414.
    pub replace_delay_s: i64,
    /// Whether an audience that was never filled may be replaced.
    pub replace_unfilled: bool,
    /// Whether sizes read `-1`, as they do when Facebook does not say.
    pub hide_sizes: bool,
    /// The form of `invalid_entry_samples`.
    pub samples: Samples,
    /// Versions that are switched off, such as `v18.0`.
    pub refused_versions: Vec<String>,
    /// Whether the custom audience terms are accepted in every account.
    pub terms_accepted: bool,
    /// What happens to a request that carries raw personal data.
    pub raw_pii: RawPii,
    /// The largest request body; a larger one answers 413.
    pub body_bytes_max: usize,
    /// How many requests are kept to be read; older ones are forgotten first.
    pub requests_kept_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            now: None,
            token: "fake-token".to_owned(),
            app_secret: None,
            proof: Proof::Optional,
            token_expires_at: 0,
            more_tokens: Vec::new(),
            accounts: vec!["1234567890".to_owned()],
            account_status: 1,
            match_share: 0.6,
            people: BTreeMap::new(),
            removal_minimum: None,
            replace_delay_s: 0,
            replace_unfilled: false,
            hide_sizes: false,
            samples: Samples::Map,
            refused_versions: Vec::new(),
            terms_accepted: true,
            raw_pii: RawPii::Refuse,
            body_bytes_max: 64 * 1024 * 1024,
            requests_kept_max: 10_000,
        }
    }
}

/// Whether every call must carry `appsecret_proof`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A proof is checked when it is sent.
    Optional,
    /// A call without one is refused.
    Required,
}

/// The form in which samples of invalid rows are answered; both have been seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Samples {
    /// From the row as compact JSON text to the reason.
    Map,
    /// The rows as compact JSON text, without reasons.
    List,
}

/// What to do about a cell that should be a hash and is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RawPii {
    /// Record it and refuse the whole request, loudly.
    Refuse,
    /// Record it and count the row as invalid, as Facebook does.
    CountInvalid,
}

/// One more access token.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// What it may do.
    pub rights: Rights,
    /// The accounts it sees, or all of them.
    pub accounts: Option<Vec<String>>,
}

/// What a token may do in the accounts it sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Nothing: the `ads_management` permission was never given.
    None,
    /// Read, but not change.
    Read,
    /// Everything.
    Full,
}
