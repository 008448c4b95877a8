//! Options: what one webhook is configured with, judged at their places, every mistake at once.

use std::net::IpAddr;

use definitions::{Data, Destination, Diagnostic, Node};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::address::{Forbidden, Reach};
use super::signature::{HEADER, SEGMENT_HEADER};
use crate::Secrets;
use crate::options::{Reader, SecretPlace, invalid, minimum_size};

const BATCH: usize = 100;
const BATCH_MAX: i64 = 1_000;
const HEADERS_MAX: usize = 20;
const URL_HELP: &str = "write where calls go: `url: https://hooks.example.com/audiences`";
/// Headers that are ours to write.
const RESERVED: [&str; 8] =
    ["host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", HEADER, SEGMENT_HEADER];
/// Headers whose values let somebody in.
const SECRET_HEADERS: [&str; 6] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"];

/// What one receiver is configured with.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) url: Url,
    pub(super) secret: SecretPlace,
    pub(super) call: Call,
    /// Messages in one call; 1: the message itself instead of a batch.
    pub(super) batch: usize,
    pub(super) minimum_size: u64,
    /// Calls may go to loopback and private networks.
    pub(super) allow_private: bool,
    headers: Vec<(HeaderName, HeaderText)>,
}

/// Which of Segment's calls tells that somebody entered or exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Events `Audience Entered` and `Audience Exited`.
    Track,
    /// A trait with the audience's key, true or false.
    Identify,
}

/// What a header holds.
#[derive(Debug, Clone)]
enum HeaderText {
    Plain(HeaderValue),
    Secret(SecretPlace),
}

impl Options {
    /// Reads all options; nothing when one of them is wrong.
    pub(super) fn read(destination: &Destination) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::default();
        let mut fields = match destination.options.as_map() {
            Ok(fields) => fields,
            Err(problem) => return (None, vec![problem]),
        };
        let allow_private = reader.take(&mut fields, "allow_private", Node::as_flag).unwrap_or(false);
        let url = reader.require(&mut fields, "url", URL_HELP, |node| url(node, allow_private));
        let secret_help = "name the key that calls are signed with: `secret: {env: WEBHOOK_SECRET}`";
        let secret = reader.require(&mut fields, "secret", secret_help, SecretPlace::parse);
        let call = reader.choice(&mut fields, "call", &[("track", Call::Track), ("identify", Call::Identify)]);
        let batch = reader.take(&mut fields, "batch", batch).unwrap_or(BATCH);
        let minimum_size = reader.take(&mut fields, "minimum_size", minimum_size).unwrap_or(0);
        let headers = fields.take("headers").map(|node| headers(node, &mut reader)).unwrap_or_default();
        reader.problems.extend(fields.finish());
        let is_fine = reader.is_fine();
        let (Some(url), Some(secret), true) = (url, secret, is_fine) else { return (None, reader.problems) };
        if url.scheme() == "http" && !allow_private {
            let problem =
                Diagnostic::warning("in-the-clear", "calls to this `url` are not encrypted: whoever passes them on reads who is in");
            reader.problems.push(problem.at(destination_place(destination, "url")).help("write `https` if the receiver has it"));
        }
        (Some(Self { url, secret, call, batch, minimum_size, allow_private, headers }), reader.problems)
    }

    /// The headers, secrets among them read.
    pub(super) fn headers(&self, secrets: &dyn Secrets) -> Result<HeaderMap, Vec<Diagnostic>> {
        let (mut read, mut problems) = (HeaderMap::new(), Vec::new());
        for (name, text) in &self.headers {
            let value = match text {
                HeaderText::Plain(value) => Ok(value.clone()),
                HeaderText::Secret(place) => place.read(secrets).and_then(|secret| {
                    let mut value = HeaderValue::from_str(secret.expose())
                        .map_err(|_| place.unusable("the secret has letters that no header can hold".to_owned()))?;
                    value.set_sensitive(true);
                    Ok(value)
                }),
            };
            match value {
                Ok(value) => drop(read.insert(name.clone(), value)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }
}

/// Where an option stands.
fn destination_place<'a>(destination: &'a Destination, name: &str) -> &'a definitions::Place {
    let Data::Map(entries) = &destination.options.data else { return &destination.options.place };
    entries.iter().find(|(key, _)| key.text == name).map_or(&destination.options.place, |(_, value)| &value.place)
}

fn url(node: &Node, allow_private: bool) -> Result<Url, Diagnostic> {
    let wrong = |message: &str| invalid(node, message).help(URL_HELP);
    let url = Url::parse(node.as_text()?).map_err(|_| wrong("`url` is not a URL"))?;
    let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Err(wrong("`url` is not an `https` or `http` URL"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        let problem = Diagnostic::error("secret-in-definition", "`url` has a user name or a password").at(&node.place);
        return Err(problem.help("put them into `headers`, from a secret: `authorization: {env: NAME}`"));
    }
    if url.fragment().is_some() {
        return Err(wrong("`url` has a part after `#`, which no receiver sees"));
    }
    match judge_host(host).allow(allow_private) {
        Ok(()) => Ok(url),
        Err(Forbidden::Private) => {
            Err(invalid(node, "`url` leads into a private network").help("if the receiver stands there, write `allow_private: true`"))
        }
        Err(Forbidden::Never) => Err(wrong("`url` leads to an address that no call may go to")),
    }
}

/// Addresses are judged here, and the one name everybody knows; other names when they resolve.
fn judge_host(host: &str) -> Reach {
    let name = host.trim_end_matches('.');
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => Reach::of(address),
        Err(_) if name == "localhost" || name.ends_with(".localhost") => Reach::Private,
        Err(_) => Reach::Public,
    }
}

fn batch(node: &Node) -> Result<usize, Diagnostic> {
    let messages = node.as_integer()?;
    let in_range = (1..=BATCH_MAX).contains(&messages);
    let messages = usize::try_from(messages).ok().filter(|_| in_range);
    messages.ok_or_else(|| invalid(node, format!("`batch` lies between 1 and {BATCH_MAX}")))
}

/// All headers that are right; what is wrong with the others goes to the reader.
fn headers(node: &Node, reader: &mut Reader) -> Vec<(HeaderName, HeaderText)> {
    let entries = match node.as_map() {
        Ok(fields) => fields.rest(),
        Err(problem) => {
            reader.problems.push(problem.help("write `name: value` in lines of their own"));
            return Vec::new();
        }
    };
    if entries.len() > HEADERS_MAX {
        reader.problems.push(invalid(node, format!("there are more than {HEADERS_MAX} headers")));
    }
    let mut read = Vec::new();
    for (key, value) in entries {
        let name = match HeaderName::try_from(key.text.as_str()) {
            Ok(name) if RESERVED.contains(&name.as_str()) => {
                let problem = Diagnostic::error("invalid-option", format!("the header `{name}` is written by muster"));
                reader.problems.push(problem.at(&key.place));
                continue;
            }
            Ok(name) => name,
            Err(_) => {
                let problem = Diagnostic::error("invalid-option", "this is no name of a header").at(&key.place);
                reader.problems.push(problem.help("letters, digits and `-`, as in `x-team`"));
                continue;
            }
        };
        match header_text(&name, value) {
            Ok(text) => read.push((name, text)),
            Err(problem) => reader.problems.push(problem),
        }
    }
    read
}

fn header_text(name: &HeaderName, node: &Node) -> Result<HeaderText, Diagnostic> {
    if matches!(node.data, Data::Map(_)) {
        return Ok(HeaderText::Secret(SecretPlace::parse(node)?));
    }
    if SECRET_HEADERS.contains(&name.as_str()) {
        return Err(SecretPlace::in_definition(node));
    }
    let value = HeaderValue::from_str(node.as_text()?);
    value.map(HeaderText::Plain).map_err(|_| invalid(node, "the value has letters that no header can hold"))
}
