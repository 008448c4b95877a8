//! Looking into a destination: token, permission, ad account, terms, and a test row that is taken back.
//!
//! Each step says in plain words what was found and what to do. The token is asked about in a body, never in a URL.

use chrono::DateTime;
use model::Moment;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Request, integer};
use super::errors::{Advice, CallKind, Failure};
use super::key::Key;
use super::normalize::{self, CityStyle, Rules};
use super::options::Options;
use super::remote::id_text;
use super::session::Session;
use super::talk::Talk;
use crate::dispatch::Verdict;
use crate::{Context, Step, StepState, Trial};

const ACCOUNT_FIELDS: &str = "id,name,account_status,business,tos_accepted";
const EXPIRES_SOON_S: i64 = 14 * 86_400;
const PERMISSION: &str = "ads_management";
const TOKEN: &str = "token";
const PERMISSIONS: &str = "permission";
const ACCOUNT: &str = "ad account";
const TERMS: &str = "terms";
const TRIAL: &str = "test row";

/// One walk.
pub(super) struct Examining<'a> {
    options: &'a Options,
    talk: Talk<'a>,
    context: &'a Context<'a>,
    steps: Vec<Step>,
}

/// The walk cannot go on: what follows would only fail for the same reason.
struct Ended;

impl<'a> Examining<'a> {
    pub(super) fn new(options: &'a Options, talk: Talk<'a>, context: &'a Context<'a>) -> Self {
        Self { options, talk, context, steps: Vec::new() }
    }

    pub(super) async fn run(mut self, trial: Option<&Trial>) -> Vec<Step> {
        if self.walk(trial).await.is_err() {
            for name in [PERMISSIONS, ACCOUNT, TERMS, TRIAL] {
                if !self.steps.iter().any(|step| step.name == name) {
                    self.say(name, StepState::Skipped, "not looked at: mend the step above first");
                }
            }
        }
        self.steps
    }

    async fn walk(&mut self, trial: Option<&Trial>) -> Result<(), Ended> {
        self.token().await?;
        self.account().await?;
        let Some(trial) = trial else {
            self.say(TRIAL, StepState::Skipped, "nothing is written without being asked to");
            return Ok(());
        };
        self.trial(trial).await
    }

    fn say(&mut self, name: &'static str, state: StepState, message: impl Into<String>) {
        self.steps.push(Step::new(name, state, message));
    }

    fn fail(&mut self, name: &'static str, failure: &Failure) -> Ended {
        let help = match (failure.verdict, failure.advice) {
            (Verdict::Retry, _) => "check the network, proxies and `base_url` of this machine, then try again".to_owned(),
            (_, Advice::Missing) => {
                "check `ad_account` against the number in the ads manager's address, and that the token's user has a role on it".to_owned()
            }
            (_, advice) => advice.words(&self.options.account),
        };
        self.steps.push(Step::new(name, StepState::Failed, failure.what.clone()).help(help));
        Ended
    }

    /// Whether the token works, whose it is, how long it lasts and what it may do.
    async fn token(&mut self) -> Result<(), Ended> {
        let mut request = Request::post("debug_token", [("method", json!("GET")), ("input_token", json!(self.talk.client.token()))]);
        request.kind = CallKind::Other;
        let answer = match self.talk.patiently(&request).await {
            Ok(answer) => answer["data"].clone(),
            Err(failure) if matches!(failure.verdict, Verdict::Config) && failure.advice == Advice::Look => {
                self.say(TOKEN, StepState::Skipped, format!("facebook says nothing about the token ({})", failure.what));
                self.say(PERMISSIONS, StepState::Skipped, "facebook says nothing about it");
                return Ok(());
            }
            Err(failure) => return Err(self.fail(TOKEN, &failure)),
        };
        if answer["is_valid"] == json!(false) {
            let why = answer["error"]["message"]
                .as_str()
                .map_or_else(|| "the token is not valid".to_owned(), |text| self.talk.client.scrubbed(text));
            self.steps.push(Step::new(TOKEN, StepState::Failed, why).help(Advice::Token.words(&self.options.account)));
            return Err(Ended);
        }
        self.steps.push(lifetime(&answer, (self.context.clock)()));
        let scopes: Option<Vec<&str>> = answer["scopes"].as_array().map(|scopes| scopes.iter().filter_map(Value::as_str).collect());
        match scopes {
            None => self.say(PERMISSIONS, StepState::Skipped, "facebook says nothing about it"),
            Some(scopes) if scopes.contains(&PERMISSION) => self.say(PERMISSIONS, StepState::Passed, format!("`{PERMISSION}` is granted")),
            Some(_) => {
                let help = format!(
                    "make a new token and tick `{PERMISSION}`; the app needs standard access to the Marketing API for accounts of others"
                );
                self.steps.push(Step::new(PERMISSIONS, StepState::Failed, format!("the token lacks `{PERMISSION}`")).help(help));
                return Err(Ended);
            }
        }
        Ok(())
    }

    /// Whether the account can be seen, is active, belongs to a business, and has the terms accepted.
    async fn account(&mut self) -> Result<(), Ended> {
        let path = format!("act_{}", self.options.account);
        let node = match self.talk.patiently(&Request::get(path, ACCOUNT_FIELDS)).await {
            Ok(node) => node,
            Err(failure) => return Err(self.fail(ACCOUNT, &failure)),
        };
        let name = self.talk.client.scrubbed(node["name"].as_str().unwrap_or("without a name"));
        let status = integer(&node["account_status"]);
        let named = format!("act_{}, {name}", self.options.account);
        if let Some(words) = status.and_then(closed) {
            let help = "look at it under Billing and Account Quality in the business settings";
            self.steps.push(Step::new(ACCOUNT, StepState::Failed, format!("{named}: {words}")).help(help));
            return Err(Ended);
        }
        if node["business"].is_null() {
            let help = "customer lists need an account that a business portfolio owns: move it there in the business settings";
            self.steps.push(Step::new(ACCOUNT, StepState::Warned, format!("{named}: no business portfolio is named as owner")).help(help));
        } else {
            self.say(ACCOUNT, StepState::Passed, named);
        }
        // Only an answer that speaks of terms can say that they are missing.
        if node["tos_accepted"].is_object() && integer(&node["tos_accepted"]["custom_audience_tos"]) != Some(1) {
            let message = "the custom audience terms are not accepted";
            self.steps.push(Step::new(TERMS, StepState::Failed, message).help(Advice::Terms.words(&self.options.account)));
            return Err(Ended);
        }
        self.say(TERMS, StepState::Passed, "the custom audience terms are accepted");
        Ok(())
    }

    /// Makes an audience, adds a row, removes it, and deletes the audience.
    async fn trial(&mut self, trial: &Trial) -> Result<(), Ended> {
        let rules = Rules { country: None, city_style: CityStyle::Fold, year_max: 9_999, formatting: true };
        let Ok(Some(cell)) = normalize::cell(Key::Email, &trial.email, &rules) else {
            self.steps.push(
                Step::new(TRIAL, StepState::Failed, "the address for the test row is none")
                    .help("write an address such as you@example.com"),
            );
            return Err(Ended);
        };
        let now = (self.context.clock)();
        let name = format!("muster check {now}");
        let create = Request::post(
            format!("act_{}/customaudiences", self.options.account),
            [
                ("name", json!(name)),
                ("subtype", json!("CUSTOM")),
                ("customer_file_source", json!(self.options.customer_file_source)),
                ("description", json!(format!("A test; it can be deleted. [aud:{}/check]", self.context.workspace))),
            ],
        );
        // Once only: a create whose answer was lost may have made one.
        let id = match self.talk.once(&create).await.map(|answer| id_text(&answer["id"])) {
            Ok(Some(id)) => id,
            Ok(None) => return Err(self.fail(TRIAL, &Failure::outage("the answer to the create has no id"))),
            Err(failure) => return Err(self.fail(TRIAL, &failure)),
        };
        let sent = self.send_and_take_back(&id, &cell, trial.keep).await;
        if trial.keep && sent.is_ok() {
            let help = format!("look at it in the ads manager under Audiences, {name}, History; then delete it there");
            self.steps.push(Step::new(TRIAL, StepState::Passed, format!("one row was added to audience {id}")).help(help));
            return Ok(());
        }
        let delete = Request { method: Method::DELETE, ..Request::post(id.clone(), []) };
        let deleted = self.talk.patiently(&delete).await;
        match (sent, deleted) {
            (Ok(note), Ok(_)) => {
                let note = note.map(|note| format!("; {note}")).unwrap_or_default();
                self.say(TRIAL, StepState::Passed, format!("a row was added and removed in an audience made for it, now deleted{note}"));
                Ok(())
            }
            (Ok(_), Err(failure)) => {
                let message = format!("a row was added and removed; audience {id} could not be deleted: {}", failure.what);
                self.steps.push(Step::new(TRIAL, StepState::Warned, message).help(format!("delete `{name}` in the ads manager")));
                Ok(())
            }
            (Err(failure), _) => Err(self.fail(TRIAL, &failure)),
        }
    }

    /// Adds one row, and removes it unless it is to stay. What Facebook said about it that is no failure.
    async fn send_and_take_back(&mut self, id: &str, cell: &str, keep: bool) -> Result<Option<String>, Failure> {
        let add = self.row_request(id, cell);
        let answer = self.talk.patiently(&add).await?;
        if integer(&answer["num_invalid_entries"]).is_some_and(|invalid| invalid > 0) {
            return Err(Failure::config(Advice::Look, "facebook calls the test row invalid"));
        }
        if keep {
            return Ok(None);
        }
        let remove = Request { method: Method::DELETE, ..self.row_request(id, cell) };
        match self.talk.patiently(&remove).await {
            Ok(_) => Ok(None),
            // A list of one cannot shrink; the audience goes anyway.
            Err(failure) if failure.advice == Advice::Shrink => {
                Ok(Some("facebook did not let so small a list shrink, which is usual".to_owned()))
            }
            Err(failure) => Err(failure),
        }
    }

    fn row_request(&self, id: &str, cell: &str) -> Request {
        let session = Session::open((self.context.clock)()).describe(true, 1);
        let payload = json!({ "schema": [Key::Email.name()], "is_raw": true, "data": [[cell]] });
        let mut request = Request::post(format!("{id}/users"), [("session", session), ("payload", payload)]);
        request.kind = CallKind::Rows;
        request
    }
}

/// How long the token lasts.
fn lifetime(answer: &Value, now: Moment) -> Step {
    let kind = answer["type"].as_str().unwrap_or("unknown");
    let of = match kind {
        "SYSTEM_USER" => "a system user's token".to_owned(),
        "USER" => "a person's token".to_owned(),
        kind => format!("a token of type {}", kind.chars().filter(char::is_ascii_graphic).take(20).collect::<String>()),
    };
    let help = "use a system user's token, which does not expire: business settings, Users, System users, Generate token";
    let expires = ["expires_at", "data_access_expires_at"].iter().filter_map(|name| integer(&answer[*name])).filter(|at| *at > 0).min();
    match expires {
        None => Step::new(TOKEN, StepState::Passed, format!("{of} that does not expire")),
        Some(at) => {
            let on =
                DateTime::from_timestamp(at, 0).map_or_else(|| "a day out of reach".to_owned(), |at| at.format("%Y-%m-%d").to_string());
            let soon = at - now.micros().div_euclid(1_000_000) < EXPIRES_SOON_S;
            let words = if soon { "expires soon, on" } else { "expires on" };
            Step::new(TOKEN, StepState::Warned, format!("{of} that {words} {on}")).help(help)
        }
    }
}

/// Why an account cannot be used, by Facebook's number of its status.
fn closed(status: i64) -> Option<&'static str> {
    match status {
        2 => Some("the account is disabled"),
        3 => Some("the account has bills to pay"),
        7 => Some("the account is under review"),
        8 => Some("a payment is pending"),
        100 => Some("the account is about to be closed"),
        101 => Some("the account is closed"),
        _ => None,
    }
}
