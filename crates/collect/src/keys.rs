//! Write keys: whose messages these are. Only hashes are kept, here and in the store.
//!
//! A key is 122 random bits, so its plain SHA-256 tells nothing, and looking a hash up tells nothing by its timing.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

/// What is kept of a key: its SHA-256 in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(String);

impl KeyHash {
    /// Of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As the store kept it.
    pub fn kept(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new key, which nobody can guess.
pub fn new_key() -> String {
    format!("wk_{}", uuid::Uuid::new_v4().simple())
}

/// A new token that profiles are asked for under, which nobody can guess.
pub fn new_token() -> String {
    format!("rk_{}", uuid::Uuid::new_v4().simple())
}

/// The keys of one purpose that are good, by hash.
#[derive(Default)]
pub struct WriteKeys(HashMap<KeyHash, Arc<KeyUse>>);

impl WriteKeys {
    /// Makes the list anew: each good key's hash and source. How much a key that stays was used lately is not forgotten.
    #[must_use]
    pub fn renewed(&self, good: impl IntoIterator<Item = (KeyHash, String)>, requests_per_second: NonZeroU32) -> Self {
        let renew = |(hash, source): (KeyHash, String)| {
            let known = self.0.get(&hash).filter(|known| known.source == source);
            let known = known.cloned().unwrap_or_else(|| Arc::new(KeyUse::new(source, requests_per_second)));
            (hash, known)
        };
        Self(good.into_iter().map(renew).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key at work, if it is good.
    pub fn find(&self, key: &str) -> Option<Arc<KeyUse>> {
        self.0.get(&KeyHash::of(key)).cloned()
    }
}

impl fmt::Debug for WriteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteKeys({})", self.0.len())
    }
}

/// A good key at work.
pub struct KeyUse {
    pub(crate) source: String,
    bucket: DefaultDirectRateLimiter,
    differed: AtomicBool,
}

impl KeyUse {
    fn new(source: String, requests_per_second: NonZeroU32) -> Self {
        let burst = requests_per_second.saturating_mul(NonZeroU32::new(2).expect("not zero"));
        let quota = Quota::per_second(requests_per_second).allow_burst(burst);
        Self { source, bucket: RateLimiter::direct(quota), differed: AtomicBool::new(false) }
    }

    /// Takes one request out of the bucket, or says how long until there is one.
    ///
    /// # Errors
    /// When it is empty.
    pub fn take(&self) -> Result<(), Duration> {
        self.bucket.check().map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }

    /// Whether this is the first time that a body's key differed from the header's: told once, however often it is sent.
    pub(crate) fn first_difference(&self) -> bool {
        !self.differed.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_a_second() -> NonZeroU32 {
        NonZeroU32::new(1).expect("not zero")
    }

    #[test]
    fn keys_are_found_by_their_hash_only() {
        let (web, app) = (new_key(), new_key());
        assert_ne!(web, app);
        let keys = WriteKeys::default().renewed([(KeyHash::of(&web), "web".to_owned())], one_a_second());
        assert_eq!(keys.find(&web).map(|found| found.source.clone()).as_deref(), Some("web"));
        assert!(keys.find(&app).is_none());
        assert!(keys.find(KeyHash::of(&web).as_str()).is_none());
    }

    #[test]
    fn a_bucket_empties_and_survives_a_renewal() {
        let good = || [(KeyHash::of("k"), "web".to_owned())];
        let keys = WriteKeys::default().renewed(good(), one_a_second());
        let used = keys.find("k").expect("known");
        assert_eq!([used.take().is_ok(), used.take().is_ok(), used.take().is_ok()], [true, true, false]);
        let renewed = keys.renewed(good(), one_a_second());
        let wait = renewed.find("k").expect("known").take().expect_err("still empty");
        assert!(wait <= Duration::from_secs(1));
        assert!(keys.renewed([], one_a_second()).is_empty());
    }
}
