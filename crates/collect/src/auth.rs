//! Whose request it is: the key of the header, else the one of the body.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::Refusal;
use crate::keys::{KeyUse, WriteKeys};

/// The key that basic authentication carries as its user name; none for bearer tokens, whose key stands in the body.
pub fn header_key(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let key = decoded.split_once(':').map_or(decoded.as_str(), |(key, _)| key);
    (!key.is_empty()).then(|| key.to_owned())
}

/// Finds the key among the good ones; the header's wins.
///
/// # Errors
/// When there is none, or it is not known.
pub(crate) fn find(keys: &WriteKeys, header: Option<&str>, body: Option<&str>) -> Result<Arc<KeyUse>, Refusal> {
    let key = header.or(body).filter(|key| !key.is_empty()).ok_or(Refusal::NoKey)?;
    let found = keys.find(key).ok_or(Refusal::UnknownKey)?;
    if body.is_some_and(|body| body != key) && found.first_difference() {
        tracing::warn!(source = found.source, "a request's `writeKey` differs from the key of its header; the header's counts");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::KeyHash;

    #[track_caller]
    fn carries(authorization: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().expect("a header"));
        assert_eq!(header_key(&headers).as_deref(), expected);
    }

    #[test]
    fn basic_authentication_carries_the_key_as_user_name() {
        carries(&format!("Basic {}", STANDARD.encode("key:")), Some("key"));
        carries(&format!("basic {}", STANDARD.encode("key")), Some("key"));
        carries(&format!("Basic {}", STANDARD.encode("key:password")), Some("key"));
        carries(&format!("Basic {}", STANDARD.encode(":")), None);
        carries("Basic ???", None);
        carries("Bearer token", None);
        assert_eq!(header_key(&HeaderMap::new()), None);
    }

    #[test]
    fn the_headers_key_wins() {
        let good = ["web", "app"].map(|source| (KeyHash::of(&format!("{source}-key")), source.to_owned()));
        let keys = WriteKeys::default().renewed(good, NonZeroU32::MIN);
        let found = |header, body| find(&keys, header, body).map(|key| key.source.clone());
        assert_eq!(found(Some("web-key"), Some("app-key")), Ok("web".to_owned()));
        assert_eq!(found(None, Some("app-key")), Ok("app".to_owned()));
        assert_eq!(found(Some("other"), Some("app-key")), Err(Refusal::UnknownKey));
        assert_eq!(found(None, None), Err(Refusal::NoKey));
        assert_eq!(found(None, Some("")), Err(Refusal::NoKey));
    }
}
