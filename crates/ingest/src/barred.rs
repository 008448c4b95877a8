//! Who is kept out: whatever carries an identifier of somebody suppressed, or of somebody erased after it happened, is refused.
//!
//! Identifiers are known by keyed hashes only, so an identifier has to be hashed to be looked up: once for each that an
//! import meets, and not at all while nobody is kept out.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{Identifier, Moment};
use sha2::Sha256;
use store::{KeptOut, Store, StoreError};

use crate::identifiers::Carried;
use crate::kinds::Kinds;
use crate::rejection::{Rejection, RejectionReason};

type Digest = [u8; 32];

/// Everybody who is kept out, ready to be asked about.
#[derive(Clone, Default)]
pub struct Barred {
    /// The key that hashes are made with; none while nothing was loaded.
    keyed: Option<Hmac<Sha256>>,
    by_digest: HashMap<Digest, Bar>,
    version: Option<u64>,
}

/// What is refused of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// Everything: its person is suppressed.
    Suppressed,
    /// Everything: its person is being erased.
    BeingErased,
    /// What happened until its person was erased.
    ErasedAt(Moment),
}

impl Barred {
    /// Loads the list.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self::default().renewed(store).await?.unwrap_or_default())
    }

    /// The list as it is now; nothing when it is this one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn renewed(&self, store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let Some(kept_out) = store.kept_out(self.version).await? else { return Ok(None) };
        let keyed = match &self.keyed {
            Some(keyed) => keyed.clone(),
            None => keyed(store.hash_key().await?.as_bytes()),
        };
        let KeptOut { suppressed, erased, version } = kept_out;
        let erased = erased.into_iter().map(|(digest, at)| (digest, at.map_or(Bar::BeingErased, Bar::ErasedAt)));
        // A suppressed identifier of somebody erased is suppressed above all.
        let all = erased.chain(suppressed.into_iter().map(|digest| (digest, Bar::Suppressed)));
        let by_digest = all.map(|(digest, bar)| Some((bytes(&digest)?, bar))).collect::<Option<_>>();
        let by_digest = by_digest.ok_or(StoreError::Corrupt { what: "a keyed hash", source: None })?;
        Ok(Some(Self { keyed: Some(keyed), by_digest, version: Some(version) }))
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }

    /// What is refused of an identifier.
    pub(crate) fn bar(&self, kind: &str, value: &str) -> Option<Bar> {
        let keyed = self.keyed.as_ref().filter(|_| !self.by_digest.is_empty())?;
        self.by_digest.get(&hashed(keyed, kind, value)).copied()
    }

    /// Why a message with these identifiers is refused, if it is.
    pub(crate) fn refuses(&self, carried: &Carried<'_>, kinds: &Kinds, occurred_at: Moment) -> Option<Rejection> {
        if self.is_empty() {
            return None;
        }
        carried.all().find_map(|id| self.bar(kinds.name(id.kind), &id.value)?.refuses(occurred_at))
    }
}

impl std::fmt::Debug for Barred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Barred({})", self.by_digest.len())
    }
}

impl Bar {
    /// Why something that happened then is refused, if it is.
    pub(crate) fn refuses(self, occurred_at: Moment) -> Option<Rejection> {
        match self {
            Self::Suppressed => Some(RejectionReason::Suppressed.because("somebody it is about is suppressed")),
            Self::BeingErased => Some(RejectionReason::Erased.because("somebody it is about is being erased")),
            Self::ErasedAt(erased_at) => {
                (occurred_at <= erased_at).then(|| RejectionReason::Erased.because("somebody it is about was erased after it happened"))
            }
        }
    }
}

/// The keyed hash by which the store knows an identifier: HMAC-SHA256 in lower-case hexadecimal digits.
pub fn digest(key: &str, identifier: &Identifier) -> String {
    let hashed = hashed(&keyed(key.as_bytes()), identifier.kind.as_str(), &identifier.value);
    hashed.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn hashed(keyed: &Hmac<Sha256>, kind: &str, value: &str) -> Digest {
    let mut mac = keyed.clone();
    mac.update(kind.as_bytes());
    mac.update(b"\0");
    mac.update(value.as_bytes());
    mac.finalize().into_bytes().into()
}

fn bytes(hex: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if hex.len() != 2 * digest.len() {
        return None;
    }
    for (byte, place) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use model::IdentifierKind;
    use store::{ErasureRequest, StoreUrl};

    use super::*;

    #[tokio::test]
    async fn what_is_refused_depends_on_who_and_when() {
        let store = store::open(&StoreUrl::SqliteMemory).await.expect("opens");
        let moment = |text: &str| Moment::parse(text).expect("a moment");
        let empty = Barred::load(store.as_ref()).await.expect("loaded");
        assert!(empty.is_empty() && empty.bar("user_id", "a").is_none());
        let key = store.hash_key().await.expect("a key");
        let of = |value: &str| digest(&key, &Identifier { kind: IdentifierKind::new("user_id"), value: value.to_owned() });
        store.suppress(&[of("a")], None, moment("2025-03-01")).await.expect("suppressed");
        for (id, value) in [("e1", "b"), ("e2", "c")] {
            let request = ErasureRequest {
                erasure_id: id.to_owned(),
                requested_at: moment("2025-03-01"),
                requested_by: "a test".to_owned(),
                suppress: false,
                profiles: Vec::new(),
                digests: vec![of(value)],
            };
            store.request_erasure(&request).await.expect("asked for");
        }
        store.erase_person("e2", &[], moment("2025-03-02")).await.expect("erased");
        let barred = empty.renewed(store.as_ref()).await.expect("loaded").expect("another list");
        assert!(barred.renewed(store.as_ref()).await.expect("asked").is_none());
        let refused =
            |value: &str, at: &str| barred.bar("user_id", value).and_then(|bar| bar.refuses(moment(at))).map(|rejection| rejection.reason);
        assert_eq!(refused("a", "2030-01-01"), Some(RejectionReason::Suppressed));
        assert_eq!(refused("b", "2030-01-01"), Some(RejectionReason::Erased));
        assert_eq!(refused("c", "2025-03-02"), Some(RejectionReason::Erased));
        assert_eq!(refused("c", "2025-03-02T00:00:00.000001Z"), None);
        assert_eq!(refused("d", "2025-03-01"), None);
        assert!(barred.bar("anonymous_id", "a").is_none(), "the kind counts");
    }
}
