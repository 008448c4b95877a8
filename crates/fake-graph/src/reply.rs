//! An answer before it becomes bytes on a socket, and the ways in which it may fail to arrive.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::Frame;
use serde_json::Value;
use tokio::time::Sleep;

pub(crate) const JSON: &str = "application/json; charset=UTF-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// How long the first half of a cut body may take to leave before the connection breaks.
const CUT_AFTER: Duration = Duration::from_millis(30);

/// One answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) delivery: Delivery,
}

/// What becomes of an answer on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// It waits first.
    Late(Duration),
    /// It waits, and then never comes.
    LateNever(Duration),
    /// Half of the body, then the connection breaks.
    Cut,
    /// The connection closes without an answer.
    Never,
}

/// Marks a response that must not be sent: the connection closes instead.
#[derive(Clone, Copy)]
pub(crate) struct HangUp;

impl Reply {
    pub(crate) fn json(status: u16, headers: Vec<(String, String)>, value: &Value) -> Self {
        Self { status, headers, content_type: JSON, body: value.to_string(), delivery: Delivery::Whole }
    }

    pub(crate) fn deliver(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Waits if it must, and becomes a response.
    pub(crate) async fn send(self) -> Response<Body> {
        if let Delivery::Late(wait) | Delivery::LateNever(wait) = self.delivery {
            tokio::time::sleep(wait).await;
        }
        let length = self.body.len();
        let body = match self.delivery {
            Delivery::Cut => Body::new(CutBody::new(&self.body)),
            _ => Body::from(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.delivery == Delivery::Cut {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        if matches!(self.delivery, Delivery::Never | Delivery::LateNever(_)) {
            response.extensions_mut().insert(HangUp);
        }
        response
    }
}

/// Half of a body, a moment for it to leave, and then an error, on which hyper drops the connection.
struct CutBody {
    half: Option<Bytes>,
    pause: Pin<Box<Sleep>>,
}

impl CutBody {
    fn new(text: &str) -> Self {
        let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
        Self { half: Some(half), pause: Box::pin(tokio::time::sleep(CUT_AFTER)) }
    }
}

impl hyper::body::Body for CutBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        match self.pause.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}
