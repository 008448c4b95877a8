//! Signatures: by these a receiver knows that a body comes from here, unchanged, and just now.
//!
//! Two of them, in two headers: one over the moment and the body, and the one that Segment's webhooks carry.

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::Moment;
use sha1::Sha1;
use sha2::Sha256;

use crate::Secret;
use crate::hex::hex;

/// Carries [`signed`].
pub(super) const HEADER: &str = "x-muster-signature";
/// Carries [`signed_as_segment`].
pub(super) const SEGMENT_HEADER: &str = "x-signature";

/// `t=SECONDS,v1=HEX`: seconds since 1970, and HMAC-SHA256 over `SECONDS.BODY`.
pub(super) fn signed(secret: &Secret, at: Moment, body: &[u8]) -> String {
    let seconds = at.micros().div_euclid(1_000_000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex(&mac.finalize().into_bytes()))
}

/// Lower-case hex HMAC-SHA1 over the body, as receivers of Segment's webhooks verify it.
pub(super) fn signed_as_segment(secret: &Secret, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"The quick brown fox jumps over the lazy dog";

    /// Computed with `openssl dgst`, as docs/destinations/webhook.md shows.
    #[test]
    fn known_answers() {
        let secret = Secret::new("key");
        let at = Moment::from_micros(1_772_366_400_999_999);
        let expected = "t=1772366400,v1=826fdc9db66f2e0114e5c5b76608e656d99dfa2831437455b6a751c401f274bf";
        assert_eq!(signed(&secret, at, BODY), expected);
        assert_eq!(signed_as_segment(&secret, BODY), "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
    }
}
