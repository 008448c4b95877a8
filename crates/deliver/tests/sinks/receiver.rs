//! The receiver: a real local HTTP server that takes webhooks as a careful receiver does: it verifies, drops repeats by
//! their id, and can be told to misbehave.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use async_trait::async_trait;
use axum::body::{Body, Bytes, to_bytes};
use deliver::Sink;
use deliver::conformance::Rehearsal;
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use model::{AudienceKey, PublicId};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::stage::configure;

/// What the receiver does with one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// Takes it, and answers so.
    Status(u16),
    /// Does not take it.
    Refuse(u16, Option<&'static str>),
    /// Takes it, and the connection breaks.
    Lose,
    /// Answers elsewhere.
    Redirect(String),
    /// Answers with a body without end.
    Flood,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// Every call, as it came.
    pub(crate) calls: Vec<(HeaderMap, Vec<u8>)>,
    /// Messages taken, each once, in order.
    pub(crate) messages: Vec<Value>,
    ids: BTreeSet<String>,
    answers: VecDeque<Answer>,
    down: bool,
    /// Refuses calls with more messages.
    pub(crate) messages_max: Option<usize>,
    /// Refuses messages that hold this.
    pub(crate) poison: Option<&'static str>,
}

/// A receiver that listens, and the sink that calls it.
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    sink: Arc<dyn Sink>,
}

impl Receiver {
    /// Listens, and configures a sink with further lines of YAML.
    pub(crate) async fn new(more: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        tokio::spawn(listen(listener, Arc::clone(&seen)));
        let (sink, problems) = configure(&yaml(&url, more));
        Self { url, seen, sink: sink.unwrap_or_else(|| panic!("{problems:?}")) }
    }

    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// What happens to the next calls.
    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.seen().answers = answers.iter().cloned().collect();
    }

    /// Who is in, by public id, as whoever reads the messages in order sees it.
    pub(crate) fn held(&self, audience: &str) -> BTreeSet<String> {
        let mut held = BTreeMap::new();
        for message in &self.seen().messages {
            let context = &message["context"];
            if context["personas"]["computation_key"] != audience {
                continue;
            }
            let is_in = message["properties"][audience].as_bool().or(message["traits"][audience].as_bool()).unwrap();
            held.insert(context["externalIds"][0]["id"].as_str().unwrap().to_owned(), is_in);
        }
        held.into_iter().filter_map(|(id, is_in)| is_in.then_some(id)).collect()
    }

    /// `who event`, message by message.
    pub(crate) fn told(&self) -> Vec<String> {
        let who = |message: &Value| message["userId"].as_str().or(message["anonymousId"].as_str()).unwrap().to_owned();
        let what = |message: &Value| message["event"].as_str().map_or_else(|| message["traits"].to_string(), str::to_owned);
        self.seen().messages.iter().map(|message| format!("{} {}", who(message), what(message))).collect()
    }
}

/// The text of a destination file for a URL.
pub(crate) fn yaml(url: &str, more: &str) -> String {
    format!("type: webhook\nurl: {url}\nsecret: {{env: SECRET}}\nallow_private: true\n{more}\n")
}

async fn listen(listener: TcpListener, seen: Arc<Mutex<Seen>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(request, Arc::clone(&seen)));
            // A connection that breaks is what some tests ask for.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve(request: Request<hyper::body::Incoming>, seen: Arc<Mutex<Seen>>) -> Result<Response<Body>, io::Error> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?.to_vec();
    let mut seen = seen.lock().unwrap();
    if seen.down {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    seen.calls.push((parts.headers, bytes));
    let messages = body["batch"].as_array().cloned().unwrap_or_else(|| vec![body]);
    let status = |status: u16| Response::builder().status(status);
    if seen.messages_max.is_some_and(|most| messages.len() > most) {
        return Ok(status(413).body(Body::empty()).unwrap());
    }
    if seen.poison.is_some_and(|poison| messages.iter().any(|message| message.to_string().contains(poison))) {
        return Ok(status(422).body(Body::from("no such person: mary@example.com")).unwrap());
    }
    match seen.answers.pop_front().unwrap_or(Answer::Status(200)) {
        Answer::Refuse(code, wait) => {
            let builder = wait.into_iter().fold(status(code), |builder, wait| builder.header("retry-after", wait));
            Ok(builder.body(Body::empty()).unwrap())
        }
        Answer::Redirect(to) => Ok(status(302).header("location", to).body(Body::empty()).unwrap()),
        taken => {
            for message in messages {
                if seen.ids.insert(message["messageId"].as_str().unwrap().to_owned()) {
                    seen.messages.push(message);
                }
            }
            match taken {
                Answer::Status(code) => Ok(status(code).body(Body::empty()).unwrap()),
                Answer::Flood => Ok(status(200).body(Body::new(Endless)).unwrap()),
                Answer::Lose | Answer::Refuse(..) | Answer::Redirect(_) => Err(io::ErrorKind::ConnectionReset.into()),
            }
        }
    }
}

/// A body that never ends.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))))
    }
}

#[async_trait]
impl Rehearsal for Receiver {
    fn sink(&self) -> Arc<dyn Sink> {
        Receiver::sink(self)
    }

    fn minimum(&self) -> u32 {
        3
    }

    async fn held(&self, audience: &AudienceKey) -> BTreeSet<PublicId> {
        Receiver::held(self, audience.as_str()).into_iter().map(PublicId).collect()
    }

    async fn writes(&self) -> u64 {
        self.seen().calls.len() as u64
    }

    async fn lose_next_answer(&self) {
        self.answer(&[Answer::Lose]);
    }

    async fn set_down(&self, down: bool) {
        self.seen().down = down;
    }
}
