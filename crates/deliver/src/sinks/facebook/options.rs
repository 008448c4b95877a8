//! Options: what one Facebook destination is configured with, judged at their places, every mistake at once.

use std::collections::BTreeSet;

use definitions::{Data, Destination, Diagnostic, Node};
use model::Lookback;
use reqwest::Url;
use serde_json::{Value, json};

use super::key::Key;
use super::limited::Limited;
use super::normalize::{self, CityStyle};
use super::strategy::{Preference, Strategy};
use crate::options::{Reader, SECRET_HELP, SecretPlace, invalid, minimum_size};
use crate::{Secret, Secrets};

const API_VERSION: &str = "v26.0";
const BASE_URL: &str = "https://graph.facebook.com";
const NAME: &str = "{name}";
const ROWS_MAX: i64 = 10_000;
const MINIMUM_SIZE: u64 = 100;
/// Facebook documents no limit for names; longer ones than this are slips.
const NAME_LENGTH_MAX: usize = 255;

/// What one destination is configured with.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// The ad account, digits only.
    pub(super) account: String,
    pub(super) access_token: SecretPlace,
    pub(super) app_secret: Option<SecretPlace>,
    pub(super) api_version: String,
    pub(super) base_url: Url,
    /// Fewer sendable people than this cannot be used in ads.
    pub(super) minimum_size: u64,
    pub(super) below_minimum: BelowMinimum,
    /// What may be done with audiences that are not plainly ours.
    pub(super) claims: Claims,
    /// Carry a new title over.
    pub(super) rename: bool,
    /// The name there, with `{name}` for the audience's title.
    pub(super) name: String,
    /// The description there, with `{description}` for the audience's own; our marker follows it.
    pub(super) description: String,
    /// How changes travel.
    pub(super) preference: Preference,
    /// The least time between two replaces, in microseconds.
    pub(super) replace_every_micros: Option<i64>,
    /// What is done when somebody else changed the audience.
    pub(super) on_drift: OnDrift,
    /// More invalid rows than this share of an upload are worth a warning.
    pub(super) invalid_share: f64,
    /// Whose data Facebook may not use in full.
    pub(super) limited_data_use: Option<Limited>,
    /// The apps whose user ids are sent.
    pub(super) app_ids: Vec<String>,
    /// The page whose user ids are sent.
    pub(super) page_id: Option<String>,
    /// Whether values are normalized before they are hashed.
    pub(super) formatting: bool,
    pub(super) customer_file_source: String,
    pub(super) default_country: Option<String>,
    pub(super) city_style: CityStyle,
    pub(super) rows_max: usize,
    pub(super) remove_transport: RemoveTransport,
}

/// What may be done with audiences that are not plainly ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims {
    /// Take over an audience of the same name that somebody else made.
    pub(super) adopt_by_name: bool,
    /// Make the audience again when it was deleted there.
    pub(super) recreate_missing: bool,
    /// People whom somebody else put into an audience stay there.
    pub(super) keep_others: bool,
}

/// What becomes of an audience that is not there yet and too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BelowMinimum {
    Hold,
    Send,
}

/// What is done when somebody else changed the audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnDrift {
    /// It is said.
    Warn,
    /// It is put right by sending everybody.
    Replace,
}

/// How removals travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemoveTransport {
    /// `DELETE` with a JSON body.
    DeleteBody,
    /// `POST` with `method=DELETE`, for proxies that drop bodies.
    PostMethodDelete,
}

impl Options {
    /// Reads all options; nothing when one of them is wrong.
    pub(super) fn read(destination: &Destination) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::default();
        let mut fields = match destination.options.as_map() {
            Ok(fields) => fields,
            Err(problem) => return (None, vec![problem]),
        };
        let account = reader.require(
            &mut fields,
            "ad_account",
            "the number in the address of the ads manager: `ad_account: act_1234567890`",
            account,
        );
        let access_token = reader.require(&mut fields, "access_token", SECRET_HELP, SecretPlace::parse);
        let options = Self {
            account: account.unwrap_or_default(),
            access_token: access_token.unwrap_or_else(|| SecretPlace::nowhere(&destination.kind.place)),
            app_secret: reader.take(&mut fields, "app_secret", SecretPlace::parse),
            api_version: reader.take(&mut fields, "api_version", api_version).unwrap_or_else(|| API_VERSION.to_owned()),
            base_url: reader.take(&mut fields, "base_url", base_url).unwrap_or_else(default_base_url),
            minimum_size: reader.take(&mut fields, "minimum_size", minimum_size).unwrap_or(MINIMUM_SIZE),
            below_minimum: reader.choice(&mut fields, "below_minimum", &[("hold", BelowMinimum::Hold), ("send", BelowMinimum::Send)]),
            claims: Claims {
                adopt_by_name: reader.take(&mut fields, "adopt_by_name", Node::as_flag).unwrap_or(false),
                recreate_missing: reader.take(&mut fields, "recreate_missing", Node::as_flag).unwrap_or(false),
                keep_others: reader.take(&mut fields, "keep_others", Node::as_flag).unwrap_or(false),
            },
            rename: reader.take(&mut fields, "rename", Node::as_flag).unwrap_or(true),
            name: reader.take(&mut fields, "name", name_template).unwrap_or_else(|| NAME.to_owned()),
            description: reader.take(&mut fields, "description", description_template).unwrap_or_else(|| "{description}".to_owned()),
            preference: Preference {
                strategy: reader.choice(&mut fields, "strategy", &STRATEGIES),
                replace_above: reader.take(&mut fields, "replace_above", share).unwrap_or(REPLACE_ABOVE),
            },
            replace_every_micros: reader.take(&mut fields, "replace_every", interval),
            on_drift: reader.choice(&mut fields, "on_drift", &[("warn", OnDrift::Warn), ("replace", OnDrift::Replace)]),
            invalid_share: reader.take(&mut fields, "warn_above_invalid", share).unwrap_or(INVALID_SHARE),
            limited_data_use: reader.take(&mut fields, "limited_data_use", Limited::read),
            app_ids: reader.take(&mut fields, "app_ids", numbers).unwrap_or_default(),
            page_id: reader.take(&mut fields, "page_id", number),
            formatting: reader.take(&mut fields, "formatting", Node::as_flag).unwrap_or(true),
            customer_file_source: reader.choice(&mut fields, "customer_file_source", &SOURCES).to_owned(),
            default_country: reader.take(&mut fields, "default_country", country),
            city_style: reader.choice(&mut fields, "city_style", &CITY_STYLES),
            rows_max: reader.take(&mut fields, "max_rows_per_request", rows_max).unwrap_or(10_000),
            remove_transport: reader.choice(&mut fields, "remove_transport", &REMOVE_TRANSPORTS),
        };
        if options.replace_every_micros.is_some()
            && options.preference.strategy != Strategy::Replace
            && let Some(place) = fields.key_place("replace_every")
        {
            let message = "`replace_every` is for destinations that always replace";
            reader.problems.push(Diagnostic::error("invalid-option", message).at(place).help("add `strategy: replace`, or leave it out"));
        }
        if options.claims.keep_others
            && (options.preference.strategy == Strategy::Replace || options.on_drift == OnDrift::Replace)
            && let Some(place) = fields.key_place("keep_others")
        {
            let message = "a replace takes everybody else out of the audience, so others cannot be kept";
            let help = "take `keep_others` out, or `strategy: replace` and `on_drift: replace`";
            reader.problems.push(Diagnostic::error("invalid-option", message).at(place).help(help));
        }
        reader.problems.extend(fields.finish());
        let understood = reader.problems.is_empty().then_some(options);
        (understood, reader.problems)
    }

    /// The payload of a request of rows, and whose ids they hold.
    pub(super) fn payload(&self, schema: &[Key], rows: Vec<Value>) -> Value {
        let names: Vec<&str> = schema.iter().map(|key| key.name()).collect();
        let mut payload = json!({ "schema": names, "is_raw": true });
        payload["data"] = Value::Array(rows);
        if schema.contains(&Key::AppUser) {
            payload["app_ids"] = json!(self.app_ids);
        }
        if schema.contains(&Key::PageUser) {
            payload["page_ids"] = json!([self.page_id]);
        }
        payload
    }

    /// What the limits of calls are about: destinations with the same ad account share them.
    pub(super) fn limits(&self) -> String {
        format!("facebook act_{}", self.account)
    }

    /// The keys that people are matched by here: ids of apps and pages only where it is known which app or page.
    pub(super) fn match_keys<'w>(&self, words: &'w [String]) -> Result<BTreeSet<Key>, &'w str> {
        let mut keys = match_keys(words)?;
        keys.retain(|key| match key {
            Key::AppUser => !self.app_ids.is_empty(),
            Key::PageUser => self.page_id.is_some(),
            _ => true,
        });
        Ok(keys)
    }

    /// The audience's name there, or why it cannot be one.
    pub(super) fn audience_name(&self, title: &str) -> Result<String, String> {
        let name = self.name.replace("{name}", title).trim().to_owned();
        if name.is_empty() {
            return Err("the name on facebook would be empty; give the audience a title".to_owned());
        }
        if name.chars().any(char::is_control) {
            return Err("the name on facebook would hold control characters; change the audience's title".to_owned());
        }
        if name.chars().count() > NAME_LENGTH_MAX {
            return Err(format!("the name on facebook would be longer than {NAME_LENGTH_MAX} characters; shorten the audience's title"));
        }
        Ok(name)
    }
}

const REPLACE_ABOVE: f64 = 0.5;
const INVALID_SHARE: f64 = 0.05;
const STRATEGIES: [(&str, Strategy); 3] = [("adaptive", Strategy::Adaptive), ("diff", Strategy::Diff), ("replace", Strategy::Replace)];
const SOURCES: [(&str, &str); 3] = [
    ("USER_PROVIDED_ONLY", "USER_PROVIDED_ONLY"),
    ("PARTNER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY"),
    ("BOTH_USER_AND_PARTNER_PROVIDED", "BOTH_USER_AND_PARTNER_PROVIDED"),
];
const CITY_STYLES: [(&str, CityStyle); 3] = [("fold", CityStyle::Fold), ("strip", CityStyle::Strip), ("utf8", CityStyle::Utf8)];
const REMOVE_TRANSPORTS: [(&str, RemoveTransport); 2] =
    [("delete_body", RemoveTransport::DeleteBody), ("post_method_delete", RemoveTransport::PostMethodDelete)];

/// A token or a secret of an app, as it can stand in a header.
pub(super) fn secret(place: &SecretPlace, secrets: &dyn Secrets) -> Result<Secret, Diagnostic> {
    let secret = place.read(secrets)?;
    if secret.expose().chars().any(|c| c.is_control() || c.is_whitespace() || !c.is_ascii()) {
        return Err(place.unusable("the secret has spaces, line ends or letters that no secret of facebook has".to_owned()));
    }
    Ok(secret)
}

fn account(node: &Node) -> Result<String, Diagnostic> {
    let text = match &node.data {
        Data::Text(text) | Data::Number(text) => text.trim(),
        _ => return Err(node.wrong_type("an ad account such as `act_1234567890`")),
    };
    let digits = text.strip_prefix("act_").unwrap_or(text);
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(node, format!("`{}` is not an ad account", text.chars().take(40).collect::<String>()))
            .help("write its number, with `act_` in front or without: `act_1234567890`"));
    }
    Ok(digits.to_owned())
}

fn api_version(node: &Node) -> Result<String, Diagnostic> {
    let help = "write it as facebook does: `v26.0`";
    let text = node.as_text().map_err(|problem| problem.help(help))?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed =
        text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| digits(major) && digits(minor));
    if well_formed { Ok(text.to_owned()) } else { Err(invalid(node, format!("`{text}` is not a version of the API")).help(help)) }
}

fn default_base_url() -> Url {
    Url::parse(BASE_URL).expect("a URL written here")
}

fn base_url(node: &Node) -> Result<Url, Diagnostic> {
    let text = node.as_text()?;
    let wrong = |message: &str| invalid(node, message).help(format!("write `{BASE_URL}`, or leave it out"));
    let url = Url::parse(text).map_err(|_| wrong("`base_url` is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("`base_url` has more than a host, a port and a path"));
    }
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_loopback(host) => Ok(url),
        ("http", Some(_)) => Err(wrong("`base_url` is not encrypted: the token would travel in the clear")),
        _ => Err(wrong("`base_url` is not an `https` URL")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn rows_max(node: &Node) -> Result<usize, Diagnostic> {
    let rows = node.as_integer()?;
    let in_range = (1..=ROWS_MAX).contains(&rows);
    usize::try_from(rows)
        .ok()
        .filter(|_| in_range)
        .ok_or_else(|| invalid(node, format!("`max_rows_per_request` lies between 1 and {ROWS_MAX}")))
}

fn name_template(node: &Node) -> Result<String, Diagnostic> {
    let template = node.as_text()?;
    if !template.contains("{name}") {
        return Err(invalid(node, "without `{name}` every audience would have the same name").help("write for example `CA_{name}`"));
    }
    let literal = template.replace("{name}", "");
    if literal.contains(['{', '}']) {
        return Err(invalid(node, "`{name}` is the only placeholder").help("write for example `CA_{name}`"));
    }
    if literal.chars().any(char::is_control) || literal.chars().count() >= NAME_LENGTH_MAX {
        return Err(invalid(node, format!("a name has no control characters and at most {NAME_LENGTH_MAX} characters")));
    }
    Ok(template.to_owned())
}

fn description_template(node: &Node) -> Result<String, Diagnostic> {
    let template = node.as_text()?;
    if template.chars().any(char::is_control) || template.replace("{description}", "").contains(['{', '}']) {
        return Err(
            invalid(node, "a description is one line, and `{description}` its only placeholder").help("write for example `{description}`")
        );
    }
    Ok(template.to_owned())
}

/// `50%`.
fn share(node: &Node) -> Result<f64, Diagnostic> {
    let help = "write for example `50%`";
    let (Data::Text(text) | Data::Number(text)) = &node.data else { return Err(node.wrong_type("a share such as `50%`").help(help)) };
    let percent = text.strip_suffix('%').and_then(|number| number.parse::<u32>().ok()).filter(|percent| *percent <= 100);
    percent.map(|percent| f64::from(percent) / 100.0).ok_or_else(|| invalid(node, format!("`{text}` is not a share")).help(help))
}

/// `1 day`, in microseconds.
fn interval(node: &Node) -> Result<i64, Diagnostic> {
    let help = "write for example `1 day` or `6 hours`";
    let lookback = Lookback::parse(node.as_text()?).map_err(|problem| invalid(node, problem.to_string()).help(help))?;
    lookback.micros().ok_or_else(|| invalid(node, "months have no exact length").help(help))
}

fn numbers(node: &Node) -> Result<Vec<String>, Diagnostic> {
    node.as_list()?.iter().map(number).collect()
}

/// An id of Facebook's. It is text: ids exceed what a number holds exactly.
fn number(node: &Node) -> Result<String, Diagnostic> {
    let (Data::Text(text) | Data::Number(text)) = &node.data else { return Err(node.wrong_type("an id such as `\"1234567890\"`")) };
    let is_id = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(text.clone()) } else { Err(invalid(node, format!("`{}` is not an id", text.chars().take(40).collect::<String>()))) }
}

fn country(node: &Node) -> Result<String, Diagnostic> {
    let text = node.as_text()?;
    normalize::country_code(text)
        .ok_or_else(|| invalid(node, format!("`{text}` is not a country")).help("write its ISO 3166-1 code, such as `us`"))
}

/// The keys that words of `match_on` ask for, or the first word that is none. No words: all keys.
pub(super) fn match_keys(words: &[String]) -> Result<BTreeSet<Key>, &str> {
    if words.is_empty() {
        return Ok(Key::all().collect());
    }
    words.iter().map(|word| Key::from_word(word).ok_or(word.as_str())).collect()
}
