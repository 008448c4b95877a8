//! Bodies: read within limits of time and size, unpacked within the same size.

use std::io::Read as _;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, header};
use flate2::bufread::MultiGzDecoder;

use crate::answer::Refusal;
use crate::limits::Limits;

/// A body that is too large is read on and thrown away up to so many times the limit, so that its sender hears why.
const HEARD_OUT: usize = 4;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    Plain,
    /// By gzip.
    Gzip,
}

impl Packing {
    /// What the headers say.
    ///
    /// # Errors
    /// When it is another one.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return Ok(Self::Plain) };
        match encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            _ => Err(Refusal::UnknownEncoding),
        }
    }
}

/// Bytes of memory that a request's body may take.
pub(crate) fn reserve(headers: &HeaderMap, packing: Packing, limits: &Limits) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    match (packing, length) {
        (Packing::Plain, Some(length)) => limits.body_bytes.min(length),
        _ => limits.body_bytes,
    }
}

/// Reads a body and unpacks it.
///
/// # Errors
/// When it is too large, too slow, or not what its headers say.
pub(crate) async fn read(body: Body, packing: Packing, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let sent = tokio::time::timeout(limits.patience, collect(body, limits.body_bytes)).await.map_err(|_| Refusal::TooSlow)??;
    match packing {
        Packing::Plain => Ok(sent),
        Packing::Gzip => unpack(&sent, limits.body_bytes),
    }
}

async fn collect(mut body: Body, max: usize) -> Result<Vec<u8>, Refusal> {
    let mut read = 0;
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(max);
    let mut bytes = Vec::with_capacity(expected.min(max));
    loop {
        let frame = std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| Refusal::Unreadable("broken-off", "the body broke off: send it again".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        if read <= max {
            bytes.extend_from_slice(&data);
        } else if read > max.saturating_mul(HEARD_OUT) {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if read > max { Err(too_large(max)) } else { Ok(bytes) }
}

fn unpack(sent: &[u8], max: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let unpacked = MultiGzDecoder::new(sent).take(max as u64 + 1).read_to_end(&mut bytes);
    if bytes.len() > max {
        return Err(too_large(max));
    }
    match unpacked {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Refusal::Unreadable("invalid-gzip", "the body is said to be gzip and is not".to_owned())),
    }
}

fn too_large(max: usize) -> Refusal {
    Refusal::TooLarge(format!("a body has at most {max} bytes, also decompressed: send smaller batches"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    async fn sent(bytes: Vec<u8>, packing: Packing) -> Result<Vec<u8>, Refusal> {
        read(Body::from(bytes), packing, &Limits { body_bytes: 1_000, ..Limits::default() }).await
    }

    #[tokio::test]
    async fn bodies_are_bounded_as_sent_and_unpacked() {
        assert_eq!(sent(vec![b'x'; 1_000], Packing::Plain).await, Ok(vec![b'x'; 1_000]));
        assert_eq!(sent(vec![b'x'; 1_001], Packing::Plain).await, Err(too_large(1_000)));
        assert_eq!(sent(vec![b'x'; 9_000], Packing::Plain).await, Err(too_large(1_000)));
        assert_eq!(sent(packed(&[b'x'; 1_000]), Packing::Gzip).await, Ok(vec![b'x'; 1_000]));
        let bomb = packed(&vec![0; 500_000]);
        assert!(bomb.len() < 1_000);
        assert_eq!(sent(bomb, Packing::Gzip).await, Err(too_large(1_000)));
    }

    #[tokio::test]
    async fn gzip_that_is_none_is_named() {
        let code = |sent: Result<Vec<u8>, Refusal>| match sent {
            Err(Refusal::Unreadable(code, _)) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(sent(b"{}".to_vec(), Packing::Gzip).await), "invalid-gzip");
        let whole = packed(b"{}");
        assert_eq!(code(sent(whole[..whole.len() - 3].to_vec(), Packing::Gzip).await), "invalid-gzip");
    }

    #[tokio::test]
    async fn whoever_is_too_slow_is_not_waited_for() {
        let never = Body::new(Never);
        let limits = Limits { patience: std::time::Duration::from_millis(10), ..Limits::default() };
        assert_eq!(read(never, Packing::Plain, &limits).await, Err(Refusal::TooSlow));
    }

    struct Never;

    impl axum::body::HttpBody for Never {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
}
