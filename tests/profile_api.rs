//! The profile API over real HTTP, from a real `muster serve`: every path, every error, every limit; and nothing of it in a log.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

const LOG: &str = "serve.log";
const PATIENCE: Duration = Duration::from_secs(30);

/// A shop that serves, and whoever asks.
struct Shop {
    folder: TempDir,
    address: SocketAddr,
    token: String,
    served: Child,
    client: Client,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.served.kill();
        let _ = self.served.wait();
    }
}

fn muster(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).current_dir(folder).env_remove("MUSTER_LOG").args(arguments).output().expect("muster starts")
}

#[track_caller]
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = muster(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("written");
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address")
}

fn serve(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join(LOG)).expect("a log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(folder).args(["--log", "trace", "serve"]).stdout(Stdio::null()).stderr(log).spawn().expect("muster starts")
}

/// Ada, with a browser that was a profile of its own, a computed trait, two audiences, an account; and Bo, who did nothing.
fn people(now: &dyn Fn(i64) -> String) -> String {
    let mut lines = vec![
        json!({"type": "identify", "userId": "ada", "timestamp": now(30), "traits": {"email": "ada@example.com", "plan": "free", "city": "Bern"}}),
        json!({"type": "identify", "anonymousId": "browser/1 a", "timestamp": now(29), "traits": {"plan": "pro", "tags": ["x", {"y": 1}]}}),
        json!({"type": "identify", "userId": "ada", "anonymousId": "browser/1 a", "timestamp": now(28), "traits": {"city": null}}),
        json!({"type": "group", "userId": "ada", "groupId": "acme", "timestamp": now(27), "traits": {"name": "Acme", "seats": 5}}),
        json!({"type": "identify", "userId": "bo", "timestamp": now(26), "traits": {"email": "bo@example.com"}}),
    ];
    for (days, event) in [(20, "Order Completed"), (10, "Order Completed"), (9, "Page Opened"), (3, "Order Completed"), (1, "Page Opened")]
    {
        lines.push(json!({"type": "track", "userId": "ada", "event": event, "timestamp": now(days), "properties": {"days": days, "deep": {"a": [1]}}}));
    }
    for n in 0..25 {
        lines.push(json!({"type": "group", "userId": format!("u-{n:02}"), "groupId": "acme", "timestamp": now(5)}));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

impl Shop {
    async fn open() -> Self {
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let temporary = tempfile::tempdir().expect("a folder");
        let (folder, address) = (temporary.path(), free_address());
        write(folder, "muster.yaml", &format!("api: {{ listen: \"{address}\", requests_per_second: 100 }}\n"));
        let audience = |key: &str, who: &str| format!("audience: {key}\ndescription: Somebody of the shop.\nwho:\n  {who}\n");
        write(folder, "audiences/buyers.yaml", &audience("buyers", "did: Order Completed"));
        write(folder, "audiences/sleepers.yaml", &audience("sleepers", "did_not: Order Completed"));
        let accounts = "audience: big_accounts\ndescription: Large accounts.\nof: accounts\nwho:\n  traits: { seats: { at_least: 3 } }\n";
        write(folder, "audiences/big_accounts.yaml", accounts);
        write(folder, "traits/orders.yaml", "trait: orders\ndescription: How many orders.\nevent: Order Completed\ncount: true\n");
        let utc = chrono::DateTime::from_timestamp_micros(engine::Clock::now(&engine::SystemClock).micros()).expect("a moment");
        let now = |days: i64| (utc - chrono::Duration::days(days)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        write(folder, "people.ndjson", &people(&now));
        done(folder, &["check"]);
        done(folder, &["ingest", "people.ndjson"]);
        done(folder, &["run"]);
        let token = done(folder, &["token", "add", "support_desk"]).trim().to_owned();
        let served = serve(folder);
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let shop = Self { address, token, served, client, folder: temporary };
        let begun = Instant::now();
        while shop.client.get(format!("http://{address}/health")).send().await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "{}", shop.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shop
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).expect("the log")
    }

    async fn send(&self, path: &str) -> Response {
        let url = format!("http://{}/v1/spaces/shop/collections/{path}", self.address);
        self.client.get(url).basic_auth(&self.token, None::<&str>).send().await.expect("an answer")
    }

    /// A good answer about somebody.
    #[track_caller]
    fn get(&self, path: &str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            loop {
                let answer = self.send(path).await;
                // The test asks faster than it may.
                if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
                assert_eq!(answer.status(), StatusCode::OK, "{place}: {path}");
                return answer.json().await.expect("JSON");
            }
        }
    }

    async fn refused(&self, path: &str, status: u16, code: &str) {
        let answer = self.send(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["code"], code, "{path}: {body}");
        assert!(!body["error"]["message"].as_str().expect("a message").contains(":ada"), "{body}");
    }
}

fn names(page: &Value) -> Vec<&str> {
    page["traits"].as_object().expect("traits").keys().map(String::as_str).collect()
}

fn listed<'v>(page: &'v Value, key: &str) -> Vec<&'v str> {
    page["data"].as_array().expect("a page").iter().map(|item| item[key].as_str().expect("text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_answered_for() {
    let shop = Shop::open().await;
    traits(&shop).await;
    external_ids_and_metadata(&shop).await;
    events(&shop).await;
    links(&shop).await;
    refusals(&shop).await;
    let log = shop.log();
    for secret in ["ada@example.com", "browser", "user_id", "profiles/", "u-0", shop.token.as_str()] {
        assert!(!log.contains(secret), "the log shows `{secret}`: {log}");
    }
    limits(&shop).await;
    tokens(&shop).await;
}

async fn traits(shop: &Shop) {
    let all = json!({
        "buyers": true, "email": "ada@example.com", "orders": 3, "plan": "pro", "sleepers": false, "tags": ["x", {"y": 1}],
    });
    let cursor =
        json!({ "url": "/v1/spaces/shop/collections/users/profiles/user_id:ada/traits", "has_more": false, "next": "", "limit": 10 });
    assert_eq!(shop.get("users/profiles/user_id:ada/traits").await, json!({ "traits": all, "cursor": cursor }));
    // By any of its names, escaped or not, as it was written or not.
    for id in ["email:ada@example.com", "email:ADA%40example.com", "email%3Aada%40example.com", "anonymous_id:browser%2F1%20a"] {
        assert_eq!(shop.get(&format!("users/profiles/{id}/traits")).await["traits"], all, "{id}");
    }
    let some = async |query: &str| shop.get(&format!("users/profiles/user_id:ada/traits?{query}")).await;
    assert_eq!(some("include=plan,orders,buyers,nothing").await["traits"], json!({ "buyers": true, "orders": 3, "plan": "pro" }));
    assert_eq!(names(&some("class=audience").await), ["buyers", "sleepers"]);
    assert_eq!(some("class=computed_trait").await["traits"], json!({ "orders": 3 }));
    let verbose = some("verbose=true&include=plan,buyers").await;
    for name in ["plan", "buyers"] {
        let told = &verbose["traits"][name];
        assert_eq!(told["source_id"], Value::Null);
        assert!(told["updated_at"].as_str().expect("a moment").ends_with('Z') && !told["value"].is_null(), "{verbose}");
    }
    // Page by page.
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = some(&format!("limit=4&next={next}")).await;
        found.extend(names(&page).into_iter().map(str::to_owned));
        assert_eq!(page["cursor"]["limit"], 4);
        if page["cursor"]["has_more"] == false {
            break;
        }
        page["cursor"]["next"].as_str().expect("text").clone_into(&mut next);
    }
    assert_eq!(found, ["buyers", "email", "orders", "plan", "sleepers", "tags"]);
    let account = shop.get("accounts/profiles/group_id:acme/traits").await;
    assert_eq!(account["traits"], json!({ "big_accounts": true, "name": "Acme", "seats": 5 }));
    let bo = shop.get("users/profiles/user_id:bo/traits?include=orders,buyers").await;
    assert_eq!(bo["traits"], json!({ "buyers": false, "orders": 0 }));
}

async fn external_ids_and_metadata(shop: &Shop) {
    let page = shop.get("users/profiles/user_id:ada/external_ids").await;
    let mut kinds = listed(&page, "type");
    kinds.sort_unstable();
    assert_eq!(kinds, ["anonymous_id", "email", "user_id"]);
    let only = shop.get("users/profiles/user_id:ada/external_ids?include=anonymous_id").await;
    assert_eq!(only["data"][0]["id"], "browser/1 a");
    assert_eq!((&only["data"][0]["collection"], &only["data"][0]["encoding"]), (&json!("users"), &json!("none")));
    let first = shop.get("users/profiles/user_id:ada/external_ids?limit=2").await;
    let rest = shop
        .get(&format!("users/profiles/user_id:ada/external_ids?limit=2&next={}", first["cursor"]["next"].as_str().expect("text")))
        .await;
    assert_eq!([listed(&first, "type"), listed(&rest, "type")].concat(), listed(&page, "type"));

    let metadata = shop.get("users/profiles/user_id:ada/metadata").await["metadata"].clone();
    assert_eq!(metadata["collection"], "users");
    let (own, merged) = (metadata["id"].as_str().expect("an id"), metadata["merged"][0]["id"].as_str().expect("one"));
    // Public ids resolve for ever, that of the profile merged away too.
    for id in [format!("segment_id:{own}"), format!("id:{merged}"), format!("public_id:{merged}")] {
        assert_eq!(shop.get(&format!("users/profiles/{id}/metadata")).await["metadata"], metadata);
    }
}

async fn events(shop: &Shop) {
    let page = async |query: &str| shop.get(&format!("users/profiles/email:ada@example.com/events?{query}")).await;
    let days = |page: &Value| {
        page["data"]
            .as_array()
            .expect("a page")
            .iter()
            .map(|event| event["properties"]["days"].as_i64().expect("a number"))
            .collect::<Vec<_>>()
    };
    let latest = page("").await;
    assert_eq!(days(&latest), [1, 3, 9, 10], "14 days back");
    assert_eq!(latest["data"][0]["event"], "Page Opened");
    assert_eq!(latest["data"][1]["properties"], json!({ "days": 3, "deep": { "a": [1] } }));
    assert_eq!(days(&page("sort=asc").await), [10, 9, 3, 1]);
    assert_eq!(days(&page("include=Page%20Opened").await), [1, 9]);
    assert_eq!(days(&page("exclude=Page+Opened").await), [3, 10]);
    assert_eq!(days(&page("start=2020-01-01").await), [1, 3, 9, 10, 20]);
    let ninth = latest["data"][2]["timestamp"].as_str().expect("a moment");
    assert_eq!(days(&page(&format!("start={ninth}")).await), [1, 3, 9], "from its start on");
    assert_eq!(days(&page(&format!("end={ninth}&start=2020-01-01")).await), [10, 20], "before its end");
    for (sort, expected) in [("asc", [20, 10, 9, 3, 1]), ("desc", [1, 3, 9, 10, 20])] {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = page(&format!("sort={sort}&start=2020-01-01&limit=2&next={next}")).await;
            found.extend(days(&page));
            if page["cursor"]["has_more"] == false {
                break;
            }
            page["cursor"]["next"].as_str().expect("text").clone_into(&mut next);
        }
        assert_eq!(found, expected);
    }
}

async fn links(shop: &Shop) {
    let accounts = shop.get("users/profiles/user_id:ada/links").await;
    assert_eq!(accounts["data"][0]["to_collection"], "accounts");
    assert_eq!(accounts["data"][0]["external_ids"][0]["id"], "acme");
    let first = shop.get("accounts/profiles/group_id:acme/links").await;
    let next = first["cursor"]["next"].as_str().expect("text");
    let rest = shop.get(&format!("accounts/profiles/group_id:acme/links?next={next}")).await;
    assert_eq!((listed(&first, "id").len(), listed(&rest, "id").len()), (20, 6));
    assert_eq!((&first["cursor"]["has_more"], &rest["cursor"]["has_more"]), (&json!(true), &json!(false)));
}

async fn refusals(shop: &Shop) {
    let ada = "users/profiles/user_id:ada";
    for (path, status, code) in [
        ("users/profiles/user_id:nobody/traits", 404, "not_found"),
        ("users/profiles/id:nobody/traits", 404, "not_found"),
        ("accounts/profiles/user_id:ada/traits", 404, "not_found"),
        ("teams/profiles/user_id:ada/traits", 404, "not_found"),
        ("users/profiles/user_id:ada/everything", 404, "not_found"),
        ("users/profiles/user_id:ada", 404, "not_found"),
        ("users/profiles/ada/traits", 400, "invalid_request_error"),
        ("users/profiles/user_id:null/traits", 400, "invalid_request_error"),
        ("users/profiles/user_id:%FF/traits", 400, "invalid_request_error"),
    ] {
        shop.refused(path, status, code).await;
    }
    for query in
        ["traits?limit=0", "traits?limit=201", "traits?limit=x", "traits?class=x", "traits?verbose=1", "events?sort=up", "events?start=x"]
    {
        shop.refused(&format!("{ada}/{query}"), 400, "validation_error").await;
    }
    for query in ["events?next=x", "events?start=2025-01-02&end=2025-01-01", "links?limit=21", "links?next=x", "external_ids?next=x"] {
        shop.refused(&format!("{ada}/{query}"), 400, "validation_error").await;
    }
    let url = format!("http://{}/v1/spaces/shop/collections/{ada}/traits", shop.address);
    for request in [
        shop.client.get(&url),
        shop.client.get(&url).basic_auth("rk_unknown", None::<&str>),
        shop.client.get(&url).bearer_auth(&shop.token),
        shop.client.get(format!("http://{}/", shop.address)),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().get("access-control-allow-origin").is_none());
        assert_eq!(answer.json::<Value>().await.expect("JSON")["error"]["code"], "authentication_error");
    }
    let posted = shop.client.post(&url).basic_auth(&shop.token, None::<&str>).send().await.expect("an answer");
    assert_eq!(posted.status(), StatusCode::BAD_REQUEST);
    let health = shop.client.get(format!("http://{}/health", shop.address)).send().await.expect("an answer");
    assert_eq!(health.status(), StatusCode::OK);
}

async fn limits(shop: &Shop) {
    let ask = async || {
        let answer = shop.send("users/profiles/user_id:ada/metadata").await;
        let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().expect("text").to_owned());
        (answer.status(), wait, answer.json::<Value>().await.expect("JSON"))
    };
    let mut refused = 0;
    for (status, wait, body) in futures_of((0..400).map(|_| ask())).await {
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
            assert!((1..=2).contains(&wait.expect("a header").parse::<u64>().expect("seconds")));
            assert_eq!(body["error"]["code"], "rate_limit_error");
        }
    }
    assert!(refused > 0, "400 at once were answered");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.send("users/profiles/user_id:ada/metadata").await.status(), StatusCode::OK);
}

/// All of them side by side.
async fn futures_of<T>(asked: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = asked.map(Box::pin).collect();
    let mut answers = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|asked| match asked.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

async fn tokens(shop: &Shop) {
    let folder = shop.folder.path();
    assert_eq!(muster(folder, &["token", "add", "support_desk"]).status.code(), Some(2), "it has one");
    assert_eq!(muster(folder, &["token", "add", "Support Desk"]).status.code(), Some(2), "no name");
    let other = done(folder, &["token", "add", "crm"]).trim().to_owned();
    let list = done(folder, &["token", "list"]);
    assert!(list.contains("support_desk") && list.contains("crm") && !list.contains(&other), "{list}");
    let suggested = String::from_utf8(muster(folder, &["token", "revoke", "crmm"]).stderr).expect("UTF-8");
    assert!(suggested.contains("did you mean `crm`?"), "{suggested}");
    done(folder, &["token", "revoke", "support_desk"]);
    let url = format!("http://{}/v1/spaces/shop/collections/users/profiles/user_id:ada/metadata", shop.address);
    let status = async |token: &str| shop.client.get(&url).basic_auth(token, None::<&str>).send().await.expect("an answer").status();
    let begun = Instant::now();
    while (status(&shop.token).await, status(&other).await) != (StatusCode::UNAUTHORIZED, StatusCode::OK) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let database = std::fs::read(folder.join("data/muster.db")).expect("the store");
    assert!(!database.windows(other.len()).any(|bytes| bytes == other.as_bytes()), "only its hash is kept");
}

#[test]
fn others_are_not_answered_without_a_token() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path();
    write(folder, "muster.yaml", "api: { listen: \"0.0.0.0:0\" }\n");
    let refused = muster(folder, &["serve"]);
    assert_eq!(refused.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert!(complaint.contains("there is no token") && complaint.contains("muster token add"), "{complaint}");
}
