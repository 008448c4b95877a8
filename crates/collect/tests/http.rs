//! The tracking API over a real socket: answers, limits, and what lies in the inbox afterwards.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use collect::{Collector, KeyHash, Limits, Rejections, Setup, WriteKeys};
use ingest::Judge;
use ingest::inbox::{self, Inbox, InboxLimits};
use model::Moment;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

const KEY: &str = "web-key";
const ORIGIN: &str = "https://www.example.com";

/// A collector that knows one key, and a client.
struct Rig {
    place: TempDir,
    collector: Collector,
    keys: watch::Sender<Arc<WriteKeys>>,
    rejections: Arc<Rejections>,
    http: Client,
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    json: Value,
}

impl Rig {
    async fn start(limits: Limits) -> Self {
        Self::with_inbox(limits, InboxLimits::default()).await
    }

    async fn with_inbox(limits: Limits, inbox_limits: InboxLimits) -> Self {
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let place = tempfile::tempdir().expect("a folder");
        let good = [(KEY, "web"), ("app-key", "app")].map(|(key, source)| (KeyHash::of(key), source.to_owned()));
        let (keys, known) = watch::channel(Arc::new(WriteKeys::default().renewed(good, limits.requests_per_second)));
        let rejections = Arc::<Rejections>::default();
        let setup = Setup {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            origins: vec![ORIGIN.to_owned()],
            limits,
            keys: known,
            judge: Judge::new(Arc::default()),
            rejections: Arc::clone(&rejections),
            barred: watch::channel(Arc::default()).1,
            inbox: Arc::new(Inbox::open(place.path(), inbox_limits).expect("an inbox")),
            now: Arc::new(|| Moment::parse("2025-03-08T12:00:00Z").expect("a moment")),
        };
        let collector = Collector::start(setup).await.expect("it listens");
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { place, collector, keys, rejections, http }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.collector.address()))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).basic_auth(KEY, Some("")).header(header::CONTENT_TYPE, "application/json").body(body.to_string())
    }

    /// Stops it and hands out what it stored: source and messages.
    async fn stored(self) -> Vec<(String, Value)> {
        self.collector.stop().await;
        let mut stored = Vec::new();
        for file in inbox::sealed(self.place.path()).expect("sealed files") {
            let (parts, damage) = inbox::expand(&file, &self.place.path().join("out")).expect("expanded");
            assert_eq!(damage, None);
            for part in parts {
                let text = std::fs::read_to_string(part.path).expect("text");
                stored.extend(text.lines().map(|line| (part.source.clone(), serde_json::from_str(line).expect("JSON"))));
            }
        }
        stored
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("text");
    Answer { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

fn event(id: &str) -> Value {
    json!({ "type": "track", "userId": "u", "event": "E", "messageId": id })
}

#[tokio::test]
async fn every_path_takes_its_call() {
    let rig = Rig::start(Limits::default()).await;
    let calls = [
        ("identify", "i", json!({ "userId": "u", "traits": { "plan": "free" } })),
        ("track", "t", json!({ "userId": "u", "event": "E" })),
        ("page", "p", json!({ "anonymousId": "a", "name": "Home" })),
        ("screen", "s", json!({ "anonymousId": "a", "name": "Home" })),
        ("group", "g", json!({ "groupId": "acme" })),
        ("alias", "a", json!({ "previousId": "a", "userId": "u" })),
        ("batch", "b", json!({ "batch": [event("m")] })),
        ("import", "import", json!({ "batch": [event("m")] })),
    ];
    for (name, letter, body) in &calls {
        for path in [format!("/v1/{name}"), format!("/v1/{letter}")] {
            let answer = answer(rig.post(&path, body)).await;
            assert_eq!(
                (answer.status, &answer.json),
                (StatusCode::OK, &json!({ "success": true, "accepted": 1, "rejected": [] })),
                "{path}"
            );
        }
    }
    assert_eq!(answer(rig.post("/v1/m", &json!({ "series": [] }))).await.json, json!({ "success": true }));
    assert_eq!(answer(rig.request(Method::GET, "/health")).await.json, json!({ "success": true }));
    let stored = rig.stored().await;
    let kinds: Vec<_> = stored.iter().map(|(_, message)| message["type"].as_str().expect("a type")).collect();
    let expected: Vec<_> = calls
        .iter()
        .flat_map(|(name, ..)| [*name; 2])
        .map(|name| if name == "batch" || name == "import" { "track" } else { name })
        .collect();
    assert_eq!(kinds, expected);
    assert!(
        stored.iter().all(|(source, message)| source == "web" && message["messageId"].is_string() && message["receivedAt"].is_string())
    );
}

#[tokio::test]
async fn keys_come_in_the_header_or_the_body() {
    let rig = Rig::start(Limits::default()).await;
    let plain = |body: Value| {
        rig.request(Method::POST, "/v1/track").header(header::CONTENT_TYPE, "text/plain;charset=UTF-8").body(body.to_string())
    };
    let with_key = |key: &str| json!({ "userId": "u", "event": "E", "writeKey": key });
    assert_eq!(answer(plain(with_key("app-key"))).await.status, StatusCode::OK);
    assert_eq!(answer(plain(with_key("app-key")).bearer_auth("token")).await.status, StatusCode::OK);
    assert_eq!(answer(plain(with_key("app-key")).basic_auth(KEY, Some(""))).await.status, StatusCode::OK);
    for (request, code) in [
        (plain(with_key("guessed")), "unknown-write-key"),
        (plain(with_key(KEY)).basic_auth("guessed", Some("")), "unknown-write-key"),
        (plain(json!({ "userId": "u", "event": "E" })), "no-write-key"),
        (plain(json!({ "userId": "u", "event": "E", "writeKey": 7 })), "no-write-key"),
    ] {
        let answer = answer(request).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (StatusCode::UNAUTHORIZED, Some(code)));
        assert_eq!(answer.json["success"], json!(false));
    }
    // A key that is revoked is unknown from then on.
    rig.keys.send_replace(Arc::new(WriteKeys::default()));
    assert_eq!(answer(plain(with_key("app-key"))).await.status, StatusCode::UNAUTHORIZED);
    let stored = rig.stored().await;
    let sources: Vec<_> = stored.iter().map(|(source, _)| source.as_str()).collect();
    assert_eq!(sources, ["app", "app", "web"]);
    assert!(stored.iter().all(|(_, message)| message.get("writeKey").is_none()));
}

#[tokio::test]
async fn gzip_is_unpacked_within_the_limit() {
    let rig = Rig::start(Limits { body_bytes: 10_000, ..Limits::default() }).await;
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let post = |body: Vec<u8>, encoding: &str| {
        rig.request(Method::POST, "/v1/batch").basic_auth(KEY, Some("")).header(header::CONTENT_ENCODING, encoding).body(body)
    };
    let batch = json!({ "batch": [event("m")] }).to_string();
    assert_eq!(answer(post(packed(&batch), "gzip")).await.json["accepted"], json!(1));
    let bomb = answer(post(packed(&" ".repeat(1_000_000)), "gzip")).await;
    assert_eq!((bomb.status, bomb.json["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too-large")));
    assert_eq!(answer(post(batch.clone().into_bytes(), "gzip")).await.json["code"], json!("invalid-gzip"));
    assert_eq!(answer(post(batch.into_bytes(), "br")).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = answer(post(vec![b' '; 20_000], "identity")).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(rig.stored().await.len(), 1);
}

#[tokio::test]
async fn bad_messages_cost_no_others_and_bad_bodies_are_named() {
    let rig = Rig::start(Limits::default()).await;
    let body = json!({ "batch": [event("1"), { "type": "track", "event": "E" }, event("2")] });
    let mixed = answer(rig.post("/v1/batch", &body)).await;
    let expected = json!({ "index": 1, "code": "no-user", "message": "neither `userId` nor `anonymousId`" });
    assert_eq!((mixed.status, mixed.json), (StatusCode::OK, json!({ "success": true, "accepted": 2, "rejected": [expected] })));
    let none = answer(rig.post("/v1/track", &json!({ "event": "E" }))).await;
    assert_eq!((none.status, &none.json["accepted"]), (StatusCode::OK, &json!(0)));
    let counted = rig.rejections.take();
    let counted: Vec<_> = counted.iter().map(|((source, code), rejected)| (source.as_str(), *code, rejected.count)).collect();
    assert_eq!(counted, [("web", "no-user", 2)]);
    assert!(rig.rejections.take().is_empty(), "told once");
    let text = |body: &'static str| rig.request(Method::POST, "/v1/batch").basic_auth(KEY, Some("")).body(body);
    for (body, code) in [("{", "invalid-json"), ("{}{}", "invalid-json"), ("[]", "not-an-object"), ("{}", "no-batch")] {
        let answer = answer(text(body)).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{body}");
    }
    assert_eq!(rig.stored().await.len(), 2);
}

#[tokio::test]
async fn nothing_is_redirected_and_only_posts_are_taken() {
    let rig = Rig::start(Limits::default()).await;
    for (method, path, status) in [
        (Method::GET, "/v1/track", StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, "/v1/batch", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/v1/batch/", StatusCode::NOT_FOUND),
        (Method::POST, "/v1/nothing", StatusCode::NOT_FOUND),
        (Method::POST, "//v1/batch", StatusCode::NOT_FOUND),
        (Method::GET, "/", StatusCode::NOT_FOUND),
    ] {
        let answer = answer(rig.request(method, path)).await;
        assert_eq!((answer.status, &answer.json["success"]), (status, &json!(false)), "{path}");
    }
}

#[tokio::test]
async fn pages_of_known_origins_may_send() {
    let rig = Rig::start(Limits::default()).await;
    let preflight = |origin: &'static str| {
        rig.request(Method::OPTIONS, "/v1/t")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,x-retry-count")
    };
    let known = answer(preflight(ORIGIN)).await;
    let header = |name: &str| known.headers.get(name).map(|value| value.to_str().expect("text").to_ascii_lowercase());
    assert!(known.status.is_success());
    assert_eq!(header("access-control-allow-origin").as_deref(), Some(ORIGIN));
    assert_eq!(header("access-control-allow-headers").as_deref(), Some("authorization,content-type,x-retry-count"));
    assert_eq!(header("access-control-allow-methods").as_deref(), Some("post,options"));
    assert!(!answer(preflight("https://elsewhere.example.com")).await.headers.contains_key("access-control-allow-origin"));
    let sent = answer(rig.post("/v1/t", &json!({ "userId": "u", "event": "E" })).header(header::ORIGIN, ORIGIN)).await;
    assert_eq!(sent.headers["access-control-allow-origin"], ORIGIN);

    let settings = answer(rig.request(Method::GET, &format!("/v1/projects/{KEY}/settings")).header(header::ORIGIN, ORIGIN)).await;
    let host = format!("{}/v1", rig.collector.address());
    assert_eq!(settings.json, json!({ "integrations": { "Segment.io": { "apiKey": KEY, "apiHost": host } } }));
    assert_eq!(settings.headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(answer(rig.request(Method::GET, "/v1/projects/guessed/settings")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let rig = Rig::start(Limits { requests_per_second: NonZeroU32::MIN, ..Limits::default() }).await;
    let mut statuses = Vec::new();
    let mut last = None;
    for _ in 0..3 {
        let answer = answer(rig.post("/v1/track", &event("m"))).await;
        statuses.push(answer.status.as_u16());
        last = Some(answer);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let last = last.expect("an answer");
    assert_eq!((last.headers["retry-after"].to_str().expect("text"), &last.json["code"]), ("1", &json!("too-often")));
    // Another key has a bucket of its own.
    let other = rig.request(Method::POST, "/v1/track").basic_auth("app-key", Some("")).body(event("m").to_string());
    assert_eq!(answer(other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_full_inbox_and_a_broken_disk_lose_nothing_in_silence() {
    let rig = Rig::with_inbox(Limits::default(), InboxLimits { file_bytes: 1 << 20, bytes_max: 100 }).await;
    assert_eq!(answer(rig.post("/v1/track", &event("1"))).await.status, StatusCode::OK);
    let full = answer(rig.post("/v1/track", &event("2"))).await;
    assert_eq!((full.status, full.headers["retry-after"].to_str().expect("text")), (StatusCode::TOO_MANY_REQUESTS, "60"));

    let rig = Rig::with_inbox(Limits::default(), InboxLimits { file_bytes: 1, ..InboxLimits::default() }).await;
    let elsewhere = rig.place.path().with_extension("moved");
    std::fs::rename(rig.place.path(), &elsewhere).expect("moved");
    let broken = answer(rig.post("/v1/track", &event("1"))).await;
    assert_eq!((broken.status, &broken.json["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("broken")));
    assert_eq!(answer(rig.request(Method::GET, "/health")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    std::fs::rename(&elsewhere, rig.place.path()).expect("moved back");
    assert_eq!(answer(rig.post("/v1/track", &event("1"))).await.status, StatusCode::OK);
    assert_eq!(answer(rig.request(Method::GET, "/health")).await.status, StatusCode::OK);
}

/// What comes back on a raw connection until it is closed.
async fn raw(rig: &Rig, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(rig.collector.address()).await.expect("connected");
    stream.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection is closed in the end");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_in_a_row_slow_ones_and_garbage() {
    let rig = Rig::start(Limits { patience: Duration::from_millis(300), ..Limits::default() }).await;
    let body = json!({ "writeKey": KEY, "batch": [event("m")] }).to_string();
    let request = |connection: &str| {
        format!("POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: {connection}\r\n\r\n{body}", body.len())
    };
    let pipelined = format!("{}{}", request("keep-alive"), request("close"));
    assert_eq!(raw(&rig, pipelined.as_bytes()).await.matches("\"accepted\":1").count(), 2);
    let slow = raw(&rig, b"POST /v1/batch HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{").await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    raw(&rig, b"POST /v1/batch HTT").await;
    assert!(raw(&rig, b"\x16\x03\x01garbage\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert_eq!(rig.stored().await.len(), 2);
}

#[tokio::test]
async fn whoever_keeps_a_connection_keeps_nobody_out() {
    let rig = Rig::start(Limits { connections: 2, ..Limits::default() }).await;
    // A client of its own each, which keeps its connection for later.
    let clients: Vec<_> =
        (0..6).map(|_| Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client")).collect();
    let url = format!("http://{}/health", rig.collector.address());
    for client in &clients {
        assert_eq!(client.get(&url).send().await.expect("an answer").status(), StatusCode::OK);
    }
    for client in &clients {
        assert_eq!(client.get(&url).send().await.expect("an answer").status(), StatusCode::OK);
    }
}
