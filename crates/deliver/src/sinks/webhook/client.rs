//! One call to the receiver: signed, to a judged address, without proxies and redirects, its answer bounded.

use std::fmt;
use std::time::Duration;

use model::Moment;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::address::{Forbidden, JudgedNames};
use super::signature::{HEADER, SEGMENT_HEADER, signed, signed_as_segment};
use super::verdict::{Failure, wait_asked};
use crate::Secret;
use crate::dispatch::Verdict;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of an answer, so that the connection can be used again; nothing in it is looked at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const USER_AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

/// A client could not be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client")]
pub(super) struct ClientError(#[source] reqwest::Error);

/// Speaks to one receiver.
pub(super) struct Client {
    http: reqwest::Client,
    url: Url,
    secret: Secret,
    headers: HeaderMap,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client for a URL. An address in the URL itself was judged with the options; names are judged when they resolve.
    pub(super) fn new(url: &Url, allow_private: bool, secret: Secret, headers: HeaderMap) -> Result<Self, ClientError> {
        // Somebody else in this process may have chosen a provider already; either will do.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let names = JudgedNames { allow_private };
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().connect_timeout(CONNECT_TIMEOUT);
        let builder = builder.dns_resolver(std::sync::Arc::new(names)).user_agent(USER_AGENT);
        let in_the_clear = url.scheme() == "http";
        let builder = if in_the_clear { builder.tls_certs_only([]) } else { builder.https_only(true) };
        Ok(Self { http: builder.build().map_err(ClientError)?, url: url.clone(), secret, headers })
    }

    /// Makes one call, once.
    pub(super) async fn send(&self, body: &[u8], now: Moment, timeout: Duration) -> Result<(), Failure> {
        let header = |text: String| HeaderValue::try_from(text).expect("hex and punctuation");
        let call = self.http.post(self.url.clone()).timeout(timeout).headers(self.headers.clone());
        let call = call.header(CONTENT_TYPE, "application/json").header(HEADER, header(signed(&self.secret, now, body)));
        let call = call.header(SEGMENT_HEADER, header(signed_as_segment(&self.secret, body)));
        let answer = match call.body(body.to_vec()).send().await {
            Ok(answer) => answer,
            Err(error) => return Err(no_answer(error)),
        };
        let status = answer.status().as_u16();
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| wait_asked(value.to_str().ok()?, now));
        drain(answer).await;
        if (200..300).contains(&status) { Ok(()) } else { Err(Failure::of_status(status, asked)) }
    }
}

/// The status was the answer: whatever comes after it changes nothing.
async fn drain(mut answer: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            return;
        }
    }
}

/// Why there was no answer. The innermost cause says it best; the URL is left out.
fn no_answer(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if error.is_timeout() {
        return Failure::new(Verdict::Retry, "no answer in time");
    }
    let mut cause: &dyn std::error::Error = &error;
    loop {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return Failure::new(Verdict::Config, forbidden.to_string());
        }
        let Some(source) = cause.source() else { break };
        cause = source;
    }
    let what = if error.is_connect() { "could not connect" } else { "the connection broke" };
    Failure::new(Verdict::Retry, format!("{what}: {cause}"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Whether anybody connected, and how the call failed.
    async fn called_by_name(allow_private: bool) -> (bool, Failure) {
        let listener = TcpListener::bind(("localhost", 0)).await.expect("a port");
        let url = format!("http://localhost:{}/", listener.local_addr().expect("bound").port());
        let url = Url::parse(&url).expect("a URL");
        let client = Client::new(&url, allow_private, Secret::new("key"), HeaderMap::new()).expect("a client");
        let call = client.send(b"{}", Moment::from_micros(0), Duration::from_secs(5));
        tokio::select! {
            biased;
            failure = call => (false, failure.expect_err("nobody answers")),
            _connected = listener.accept() => (true, Failure::new(Verdict::Retry, "hung up")),
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_called() {
        let (connected, failure) = called_by_name(false).await;
        assert!(!connected);
        assert_eq!(failure, Failure::new(Verdict::Config, "the address is not on the public internet"));
        assert!(called_by_name(true).await.0, "the destination may allow it");
    }

    #[test]
    fn neither_url_nor_secret_show_themselves() {
        let url = Url::parse("https://hooks.example.com/?token=abc").expect("a URL");
        let client = Client::new(&url, false, Secret::new("signing-key"), HeaderMap::new()).expect("a client");
        let shown = format!("{client:?}");
        assert!(!shown.contains("abc") && !shown.contains("signing-key"), "{shown}");
    }
}
